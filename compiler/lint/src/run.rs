//! Running all lints over a file.

use crate::context::{Context, File};
use crate::lint::{Category, Check, Finding, Level, Lint};
use crate::registry::LINTS;
use crate::suppression::{self, Suppression};
use crate::walk;
use std::collections::BTreeMap;

/// A file reports at most so many findings.
const MAX_FINDINGS: usize = 2_000;

/// The levels that a project or a command line sets.
#[derive(Clone, Default, Debug)]
pub struct Levels {
    by_lint: BTreeMap<String, Level>,
}

impl Levels {
    /// Sets the level of a lint, or of a whole category. What is forbidden stays so.
    ///
    /// # Errors
    /// The name that comes nearest, if there is no such lint.
    pub fn set(&mut self, name: &str, level: Level) -> Result<(), Option<String>> {
        let name = lint_name(name);
        let wanted: Vec<&Lint> = LINTS.iter().filter(|lint| is_meant(name, lint)).collect();
        if wanted.is_empty() {
            return Err(nearest(name));
        }
        for lint in wanted {
            let known = self.by_lint.entry(lint.id.to_string()).or_insert(level);
            if *known != Level::Forbid {
                *known = level;
            }
        }
        Ok(())
    }

    /// Sets levels that have no order: what is said of all lints counts less than what is said of a category, and that
    /// less than what is said of one lint.
    ///
    /// # Errors
    /// The first name that is none, and the one that comes nearest.
    pub fn set_unordered(&mut self, levels: &[(&str, Level)]) -> Result<(), (String, Option<String>)> {
        let is_lint = |name: &str| LINTS.iter().any(|lint| lint.id == lint_name(name));
        let rank = |name: &str| if is_lint(name) { 2 } else { usize::from(lint_name(name) != "all") };
        let mut levels = levels.to_vec();
        levels.sort_by_key(|(name, _)| (rank(name), *name));
        for (name, level) in levels {
            self.set(name, level).map_err(|near| (name.to_string(), near))?;
        }
        Ok(())
    }

    /// The level of a lint.
    pub fn of(&self, lint: &Lint) -> Level {
        self.by_lint.get(lint.id).copied().unwrap_or(lint.level)
    }
}

/// The name of a lint without the prefix that reports for machines have: `ovsm::some-lint`.
pub(crate) fn lint_name(name: &str) -> &str {
    name.strip_prefix("ovsm::").unwrap_or(name)
}

/// True for a lint that looks at the code which a file became.
pub fn needs_code(lint: &Lint) -> bool {
    matches!(lint.id, "large-expansion" | "unused-binding" | "unused-parameter" | "used-underscored-binding")
}

/// True if a name is that of a lint, of its category, or `all`.
fn is_meant(name: &str, lint: &Lint) -> bool {
    lint.id == name || lint.category.name() == name || name == "all"
}

fn nearest(name: &str) -> Option<String> {
    ovsm_base::suggest::nearest(name, LINTS.iter().map(|lint| lint.id)).map(str::to_string)
}

/// What the lints find in a file, in its order.
pub fn lint(file: &File<'_>, levels: &Levels) -> Vec<Finding> {
    let findings = run(file, levels, |_| true);
    let mut suppressions = suppression::find(file);
    let mut findings = suppress(findings, &mut suppressions);
    report_unused(file, levels, &suppressions, &mut findings);
    in_order(findings)
}

/// What the security lints find in a file, in its order; nothing about the comments that silence them.
pub fn lint_security(file: &File<'_>, levels: &Levels) -> Vec<Finding> {
    let findings = run(file, levels, |lint| lint.category == Category::Security);
    in_order(suppress(findings, &mut suppression::find(file)))
}

fn in_order(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by(|a, b| (a.range, a.lint, &a.message).cmp(&(b.range, b.lint, &b.message)));
    findings.dedup();
    findings.truncate(MAX_FINDINGS);
    findings
}

/// What those of the lints find that are wanted.
fn run(file: &File<'_>, levels: &Levels, is_wanted: impl Fn(&Lint) -> bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for lint in LINTS.iter().filter(|lint| is_wanted(lint)) {
        let level = levels.of(lint);
        if level == Level::Allow || file.is_text_only && needs_code(lint) {
            continue;
        }
        let mut context = Context { file, findings: Vec::new(), lint, level, is_given_to_macro: false };
        match lint.check {
            Check::File(check) => check(&mut context),
            Check::List(check) => {
                for root in file.roots() {
                    walk::visit(&mut context, root, check);
                }
            }
        }
        findings.extend(context.findings);
    }
    findings
}

/// Takes away what comments silence.
fn suppress(findings: Vec<Finding>, suppressions: &mut [Suppression]) -> Vec<Finding> {
    let mut kept = Vec::new();
    for finding in findings {
        let mut is_silenced = false;
        for suppression in suppressions.iter_mut() {
            let covers =
                suppression.scope.start <= finding.range.start && finding.range.end <= suppression.scope.end;
            for (name, used) in suppression.lints.iter().zip(&mut suppression.used) {
                let is_meant = LINTS.iter().any(|lint| lint.id == finding.lint && is_meant(name, lint));
                if covers && is_meant {
                    *used = true;
                    is_silenced |= finding.level != Level::Forbid;
                }
            }
        }
        if !is_silenced {
            kept.push(finding);
        }
    }
    kept
}

/// Reports comments that silence nothing.
fn report_unused(
    file: &File<'_>,
    levels: &Levels,
    suppressions: &[Suppression],
    findings: &mut Vec<Finding>,
) {
    let lint = &crate::registry::UNUSED_SUPPRESSION;
    let level = levels.of(lint);
    if level == Level::Allow {
        return;
    }
    for suppression in suppressions {
        let unused = suppression.lints.iter().zip(&suppression.used).filter(|(_, used)| !**used);
        for (name, _) in unused {
            let is_known = LINTS.iter().any(|lint| is_meant(name, lint));
            // Nobody looked for what it silences.
            let mut meant = LINTS.iter().filter(|lint| is_meant(name, lint));
            if is_known && file.audited.is_none() && meant.all(|lint| lint.category == Category::Security) {
                continue;
            }
            let (message, help) = match is_known {
                true => (
                    format!("`{name}` finds nothing here that this comment could silence"),
                    "remove it from the comment".to_string(),
                ),
                false => (
                    format!("there is no lint `{name}`"),
                    match nearest(name) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => "`ovsm lint --list` shows all lints".to_string(),
                    },
                ),
            };
            let range = suppression.comment;
            findings.push(Finding { lint: lint.id, range, message, help: Some(help), fix: None, level });
        }
    }
}
