//! Running all lints over a file.

use crate::context::{Context, File};
use crate::lint::{Check, Finding, Level, Lint};
use crate::registry::LINTS;
use crate::suppression;
use ovsm_cst::{Node, NodeKind};
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
        let wanted: Vec<&Lint> = LINTS
            .iter()
            .filter(|lint| lint.id == name || lint.category.name() == name || name == "all")
            .collect();
        if wanted.is_empty() {
            let names = LINTS.iter().map(|lint| lint.id);
            return Err(ovsm_base::suggest::nearest(name, names).map(str::to_string));
        }
        for lint in wanted {
            let known = self.by_lint.entry(lint.id.to_string()).or_insert(level);
            if *known != Level::Forbid {
                *known = level;
            }
        }
        Ok(())
    }

    /// The level of a lint.
    pub fn of(&self, lint: &Lint) -> Level {
        self.by_lint.get(lint.id).copied().unwrap_or(lint.level)
    }
}

/// What the lints find in a file, in its order.
pub fn lint(file: &File<'_>, levels: &Levels) -> Vec<Finding> {
    let mut findings = Vec::new();
    for lint in LINTS {
        let level = levels.of(lint);
        if level == Level::Allow {
            continue;
        }
        let mut context = Context { file, findings: Vec::new(), lint, level };
        match lint.check {
            Check::File(check) => check(&mut context),
            Check::List(check) => {
                for root in file.roots() {
                    visit(&mut context, root, check);
                }
            }
        }
        findings.extend(context.findings);
    }
    let mut findings = suppress(file, findings, levels);
    findings.sort_by(|a, b| (a.range, a.lint, &a.message).cmp(&(b.range, b.lint, &b.message)));
    findings.dedup();
    findings.truncate(MAX_FINDINGS);
    findings
}

/// Looks at each list of a form that is code.
fn visit(context: &mut Context<'_>, node: Node<'_>, check: fn(&mut Context<'_>, Node<'_>)) {
    ovsm_base::stack::with_room(|| match node.kind() {
        NodeKind::Quote | NodeKind::Quasiquote | NodeKind::DatumComment | NodeKind::Error => {}
        kind => {
            if kind == NodeKind::List {
                check(context, node);
            }
            for child in node.children() {
                visit(context, child, check);
            }
        }
    });
}

/// Takes away what comments silence, and reports comments that silence nothing.
fn suppress(file: &File<'_>, findings: Vec<Finding>, levels: &Levels) -> Vec<Finding> {
    let mut suppressions = suppression::find(file);
    let mut kept = Vec::new();
    for finding in findings {
        let mut is_silenced = false;
        for suppression in &mut suppressions {
            let covers =
                suppression.scope.start <= finding.range.start && finding.range.end <= suppression.scope.end;
            for (name, used) in suppression.lints.iter().zip(&mut suppression.used) {
                if covers && name == finding.lint {
                    *used = true;
                    is_silenced |= finding.level != Level::Forbid;
                }
            }
        }
        if !is_silenced {
            kept.push(finding);
        }
    }
    let lint = &crate::registry::UNUSED_SUPPRESSION;
    let level = levels.of(lint);
    if level != Level::Allow {
        for suppression in &suppressions {
            for (name, used) in suppression.lints.iter().zip(&suppression.used) {
                if !used {
                    kept.push(Finding {
                        lint: lint.id,
                        range: suppression.comment,
                        message: format!("`{name}` finds nothing here that this comment could silence"),
                        help: Some("remove it from the comment".to_string()),
                        fix: None,
                        level,
                    });
                }
            }
        }
    }
    kept
}
