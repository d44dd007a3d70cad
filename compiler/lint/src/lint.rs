//! What a lint is, and what one finds.

use crate::context::Context;
use ovsm_base::TextRange;
use ovsm_cst::Node;

/// How serious a finding is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Level {
    /// Not looked for.
    Allow,
    /// A warning.
    Warn,
    /// An error.
    Deny,
    /// An error that no comment can silence.
    Forbid,
}

impl Level {
    /// The level of a name, as `spirit.toml` and the command line write it.
    pub fn from_name(name: &str) -> Option<Level> {
        Some(match name {
            "allow" => Level::Allow,
            "warn" => Level::Warn,
            "deny" => Level::Deny,
            "forbid" => Level::Forbid,
            _ => return None,
        })
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Level::Allow => "allow",
            Level::Warn => "warn",
            Level::Deny => "deny",
            Level::Forbid => "forbid",
        }
    }
}

/// What a lint is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Category {
    /// The code does not do what it seems to.
    Correctness,
    /// The code is probably not what was meant.
    Suspicious,
    /// The same can be said better.
    Style,
    /// The same can be done with less work.
    Performance,
    /// A macro that surprises its users.
    Macro,
    /// A program for Solana uses an account that nothing has checked.
    Security,
}

impl Category {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Category::Correctness => "correctness",
            Category::Suspicious => "suspicious",
            Category::Style => "style",
            Category::Performance => "performance",
            Category::Macro => "macro",
            Category::Security => "security",
        }
    }
}

/// How a lint looks at a file.
pub enum Check {
    /// At each list, outside of quoted data.
    List(fn(&mut Context<'_>, Node<'_>)),
    /// At the file as a whole.
    File(fn(&mut Context<'_>)),
}

/// A lint.
pub struct Lint {
    /// Its stable name.
    pub id: &'static str,
    /// What it is about.
    pub category: Category,
    /// Its level if nobody says otherwise.
    pub level: Level,
    /// What it finds, in one line.
    pub summary: &'static str,
    /// How it finds it.
    pub check: Check,
}

/// A change that cures a finding.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fix {
    /// What it does, as an imperative.
    pub title: String,
    /// True if the program means the same afterwards.
    pub is_safe: bool,
    /// Ranges of the file and their new texts; they do not overlap.
    pub edits: Vec<(TextRange, String)>,
}

/// What a lint found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// The name of the lint.
    pub lint: &'static str,
    /// Where, in the file.
    pub range: TextRange,
    /// One sentence.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// A mechanical cure.
    pub fix: Option<Fix>,
    /// How serious it is.
    pub level: Level,
}
