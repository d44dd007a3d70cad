//! `ovsmc diff`: what changed between two versions of a program for those who call it.

use super::idl::{Contents, of_source};
use super::origin::Origin;
use ovsm_base::{Code, Diagnostic};
use ovsm_edge::{Exit, Terminal, source};
use ovsm_interface::Interface;
use ovsm_interface::cost::compared_costs;
use ovsm_interface::diff::{Level, compare, level};
use std::path::{Path, PathBuf};

/// No program and no interface is as large as this.
const MAX_BYTES: u64 = 64 << 20;

/// Compare the interfaces of two versions of a program
#[derive(clap::Args)]
#[command(
    after_help = "A version is a source file, a folder, an ELF file built with `--embed-interface`, or the output of `ovsmc idl \
                  --format ovsm`. A change is major if a caller that was built for the old version, or data that it wrote, may fail; \
                  minor if there is something new or another name; a patch if nobody notices. What instructions cost is compared as well: a patch, unless the \
                  old version declares a `cu-max` that the new one goes over, which is major.\n\nExit codes: 0 no change is above \
                  `--allow`; 1 one is, or a source has errors; 2 a file can not be read.\n\nExamples:\n  ovsmc diff old.ovsm \
                  new.ovsm\n  ovsmc diff deployed.so spirits/counter --allow patch\n  ovsmc diff counter.interface.json . --json"
)]
pub struct Diff {
    /// The old version
    old: PathBuf,
    /// The new version
    new: PathBuf,
    /// The largest change that is no failure
    #[arg(long, value_enum, default_value = "minor", value_name = "LEVEL")]
    allow: Allowed,
    /// The changes as a JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Allowed {
    Patch,
    Minor,
    Major,
}

impl Diff {
    pub fn run(&self, terminal: &Terminal) -> Exit {
        let old = match read(&self.old, terminal) {
            Ok(interface) => interface,
            Err(exit) => return exit,
        };
        let new = match read(&self.new, terminal) {
            Ok(interface) => interface,
            Err(exit) => return exit,
        };
        let changes = compare(&old, &new);
        let level = level(&changes);
        let text = match self.json {
            true => {
                let level = level.map(Level::name);
                let costs = compared_costs(&old, &new);
                format!("{}\n", serde_json::json!({ "level": level, "changes": changes, "costs": costs }))
            }
            false => {
                let mut text = String::new();
                for change in &changes {
                    let (level, part, what, why) =
                        (change.level.name(), &change.part, &change.what, &change.why);
                    text.push_str(&format!("{level:<5}  {part}: {what}\n       {why}\n"));
                }
                text.push_str(&match level {
                    Some(level) => format!("{}\n", level.name()),
                    None => "the interfaces are the same\n".to_string(),
                });
                text
            }
        };
        let shown = terminal.print(&text);
        let allowed = match self.allow {
            Allowed::Patch => Level::Patch,
            Allowed::Minor => Level::Minor,
            Allowed::Major => Level::Major,
        };
        match level.is_some_and(|level| level > allowed) && shown == Exit::Success {
            true => Exit::Program,
            false => shown,
        }
    }
}

/// The interface that a path names; what is wrong is shown.
fn read(path: &Path, terminal: &Terminal) -> Result<Interface, Exit> {
    if path.is_dir() || path.extension().is_some_and(|extension| extension == "ovsm") {
        return of_source(path, None, Contents::WithCosts, terminal);
    }
    let bytes = source::read_bytes(path, MAX_BYTES).map_err(|diagnostic| {
        terminal.show_placeless(&[*diagnostic]);
        Exit::Usage
    })?;
    let interface = if bytes.starts_with(b"\x7fELF") {
        Origin::of(&bytes).interface.unwrap_or_else(|| Err("it was built without it".to_string()))
    } else if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{') {
        match std::str::from_utf8(&bytes) {
            Ok(text) => Interface::from_text(text),
            Err(_) => Err("it is no text".to_string()),
        }
    } else if path == Path::new("-") {
        Err("it is neither an ELF file nor JSON; sources are read from files".to_string())
    } else {
        return of_source(path, None, Contents::WithCosts, terminal);
    };
    interface.map_err(|reason| {
        let what = if bytes.starts_with(b"\x7fELF") { "has no interface" } else { "is no interface" };
        let fault = Diagnostic::new(Code::NoInterface, format!("`{}` {what}: {reason}", path.display()))
            .help("give a source, the output of `ovsmc idl --format ovsm`, or a program built with `--embed-interface`");
        terminal.show_placeless(&[fault]);
        Exit::Usage
    })
}
