//! `ovsm lint`: what scripts say that they probably do not mean, or could say better.

use crate::command::lint_levels::GivenLevels;
use crate::host::{CommandHost, Permissions};
use crate::project::Project;
use crate::script::{self, RunOptions};
use ovsm_base::render::{FileMap, RenderOptions, SourceMap, render};
use ovsm_base::{Code, Diagnostic, FileId, FormId, Severity, Span};
use ovsm_edge::{Exit, Source, Terminal, source};
use ovsm_eval::core::Unit;
use ovsm_lint::{Finding, LINTS, Level, Levels};
use ovsm_query::{Database, SourceFile, source_map};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Fixes are applied again until nothing changes, but not more often.
const MAX_ROUNDS: usize = 10;

/// Find what scripts probably do not mean, or could say better
#[derive(clap::Args)]
#[command(
    after_help = "Findings go to standard output. Levels come from the table `[lints]` of `spirit.toml` and from -A, -W, -D and \
                        -F, which take the name of a lint, a category or `all`; `;; lint: allow NAME` silences the next form.\n\nExit \
                        codes: 0 nothing, or only warnings; 1 a finding whose level is deny, or a file with errors; 2 wrong command \
                        line or unreadable input.\n\nExamples:\n  ovsm lint\n  ovsm lint src --fix\n  ovsm lint -D suspicious \
                        --error-format github\n  ovsm lint --error-format sarif > lints.sarif\n  ovsm lint --explain equals-null"
)]
pub struct Lint {
    /// Source files, or folders that are searched for `.ovsm` files
    #[arg(default_value = ".")]
    paths: Vec<PathBuf>,
    /// Apply the fixes after which the program means the same
    #[arg(long)]
    fix: bool,
    /// With --fix, apply also the fixes that somebody should look at
    #[arg(long, requires = "fix")]
    unsafe_fixes: bool,
    #[command(flatten)]
    levels: GivenLevels,
    /// List all lints
    #[arg(long, conflicts_with_all = ["fix", "explain"])]
    list: bool,
    /// Show the page of a lint
    #[arg(long, value_name = "LINT")]
    explain: Option<String>,
}

/// Keeps the code of a session for the lints.
struct Collector(Rc<RefCell<Vec<Rc<Unit>>>>);

impl ovsm_eval::Checker for Collector {
    fn check(&mut self, units: &[Rc<Unit>], _: &[Rc<Unit>]) -> Vec<Diagnostic> {
        self.0.borrow_mut().extend(units.iter().cloned());
        Vec::new()
    }
}

impl Lint {
    pub fn run(&self, terminal: &Terminal) -> Exit {
        if self.list {
            let mut text = String::new();
            for lint in LINTS {
                text.push_str(&format!(
                    "{:<28}{:<13}{:<7}{}\n",
                    lint.id,
                    lint.category.name(),
                    lint.level.name(),
                    lint.summary
                ));
            }
            return terminal.print(&text);
        }
        if let Some(name) = &self.explain {
            return explain(name, terminal);
        }
        let mut files = Vec::new();
        for path in &self.paths {
            match source::ovsm_files(path) {
                Ok(found) => files.extend(found),
                Err(diagnostic) => {
                    terminal.show_placeless(&[*diagnostic]);
                    return Exit::Usage;
                }
            }
        }
        let mut map = FileMap::new();
        let mut diagnostics = Vec::new();
        let mut fixed = 0;
        let mut programs = 0;
        for path in &files {
            let levels = match self.levels(path) {
                Ok(levels) => levels,
                Err(diagnostic) => {
                    terminal.show_placeless(&[*diagnostic]);
                    return Exit::Usage;
                }
            };
            match self.file(path, &levels, terminal) {
                Ok(looked) => {
                    fixed += looked.fixed;
                    programs += usize::from(looked.is_program);
                    diagnostics.extend(looked.diagnostics(&mut map));
                }
                Err(exit) => return exit,
            }
        }
        let options = RenderOptions { format: terminal.format(), color: terminal.has_color() };
        let exit = terminal.print(&render(&diagnostics, &map, &options));
        let has_errors =
            diagnostics.iter().any(|diagnostic| diagnostic.is_error() && diagnostic.lint.is_none());
        if programs > 0 {
            let skipped: Vec<String> = LINTS
                .iter()
                .filter(|lint| ovsm_lint::needs_code(lint))
                .map(|lint| format!("`{}`", lint.id))
                .collect();
            terminal.note(&format!(
                "{programs} file{} of programs for Solana: {} left out, and no fixes are offered{}",
                if programs == 1 { "" } else { "s" },
                skipped.join(", "),
                if has_errors { "; the security lints look at a program when it compiles" } else { "" }
            ));
        }
        if fixed > 0 {
            terminal.note(&format!("{fixed} finding{} fixed", if fixed == 1 { "" } else { "s" }));
        }
        match exit {
            Exit::Success if diagnostics.iter().any(Diagnostic::is_error) => Exit::Program,
            exit => exit,
        }
    }

    /// The levels for a file: those of its project, then those of the command line.
    fn levels(&self, path: &Path) -> Result<Levels, Box<Diagnostic>> {
        let mut levels = Levels::default();
        if let Some(project) = Project::find(path)? {
            let mut named = Vec::new();
            for (name, level) in &project.lints {
                let wrong = |help: String| {
                    let message =
                        format!("`{name} = \"{level}\"` in `[lints]` of `spirit.toml` sets nothing");
                    Box::new(Diagnostic::new(Code::CannotRead, message).help(help))
                };
                let level = Level::from_name(level)
                    .ok_or_else(|| wrong("a level is `allow`, `warn`, `deny` or `forbid`".to_string()))?;
                named.push((name.as_str(), level));
            }
            levels.set_unordered(&named).map_err(|(name, near)| {
                let message = format!("there is no lint `{name}`, but `[lints]` of `spirit.toml` sets it");
                Box::new(Diagnostic::new(Code::CannotRead, message).help(unknown_help(near)))
            })?;
        }
        for (name, level) in &self.levels.given {
            levels.set(name, *level).map_err(|near| {
                let message = format!("there is no lint `{name}`");
                Box::new(Diagnostic::new(Code::CannotRead, message).help(unknown_help(near)))
            })?;
        }
        Ok(levels)
    }

    fn file(&self, path: &Path, levels: &Levels, terminal: &Terminal) -> Result<Looked, Exit> {
        let source = Source::read(path).map_err(|diagnostic| {
            terminal.show_placeless(&[*diagnostic]);
            Exit::Usage
        })?;
        let mut text = source.text.clone();
        let mut fixed = 0;
        let mut looked = look(path, &source.path, &text, levels, terminal)?;
        let mut refused = 0;
        if self.fix && looked.errors.is_empty() {
            for _ in 0..MAX_ROUNDS {
                let Some((new, applied)) = ovsm_lint::apply(&text, &looked.findings, self.unsafe_fixes)
                else {
                    break;
                };
                let again = look(path, &source.path, &new, levels, terminal)?;
                if again.errors.is_empty() {
                    (text, looked) = (new, again);
                    fixed += applied;
                    continue;
                }
                // One of the fixes breaks the program. Those that do not are found one by one, from the end, so that
                // the places of the others stay.
                let mut wanted = vec![false; looked.findings.len()];
                refused = 0;
                for n in (0..looked.findings.len()).rev() {
                    let mut tried = wanted.clone();
                    if let Some(slot) = tried.get_mut(n) {
                        *slot = true;
                    }
                    let before = ovsm_lint::apply_some(&text, &looked.findings, self.unsafe_fixes, &wanted);
                    let Some((new, count)) =
                        ovsm_lint::apply_some(&text, &looked.findings, self.unsafe_fixes, &tried)
                    else {
                        continue;
                    };
                    if before.is_some_and(|(_, before)| count <= before) {
                        continue;
                    }
                    match look(path, &source.path, &new, levels, terminal)?.errors.is_empty() {
                        true => wanted = tried,
                        false => refused += 1,
                    }
                }
                if let Some((new, applied)) =
                    ovsm_lint::apply_some(&text, &looked.findings, self.unsafe_fixes, &wanted)
                {
                    looked = look(path, &source.path, &new, levels, terminal)?;
                    text = new;
                    fixed += applied;
                }
                break;
            }
            if refused > 0 {
                terminal.note(&format!(
                    "{refused} fix{} of `{}` not applied: the program would not compile after it",
                    if refused == 1 { "" } else { "es" },
                    source.path
                ));
            }
            if fixed > 0
                && let Err(diagnostic) =
                    ovsm_edge::output::write(&[(path.to_path_buf(), text.clone().into_bytes())])
            {
                terminal.show_placeless(&[*diagnostic]);
                return Err(Exit::Usage);
            }
        }
        Ok(Looked { fixed, ..looked })
    }
}

fn unknown_help(near: Option<String>) -> String {
    match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`ovsm lint --list` shows all lints".to_string(),
    }
}

/// What was found in a file.
struct Looked {
    path: String,
    text: String,
    findings: Vec<Finding>,
    /// What keeps the file from running, with its place in it.
    errors: Vec<(Diagnostic, Option<ovsm_base::TextRange>)>,
    fixed: usize,
    /// True if it belongs to a program for Solana, and was only read.
    is_program: bool,
}

impl Looked {
    /// The findings as diagnostics, with the file added to a map.
    fn diagnostics(self, map: &mut FileMap) -> Vec<Diagnostic> {
        let form = FormId::new("lint", &self.path, "", 0);
        let file = map.add_file(self.path, self.text);
        map.add_form(file, form, 0);
        let mut diagnostics: Vec<Diagnostic> = Vec::new();
        for (mut diagnostic, range) in self.errors {
            diagnostic.labels.clear();
            diagnostic.fixes.clear();
            diagnostics.push(match range {
                Some(range) => diagnostic.label(Span::new(form, range), ""),
                None => diagnostic,
            });
        }
        for finding in self.findings {
            let lint = LINTS.iter().find(|lint| lint.id == finding.lint);
            let mut diagnostic = Diagnostic::at(Code::Lint, Span::new(form, finding.range), finding.message);
            diagnostic.lint = lint.map(|lint| Box::new((lint.id, lint.summary)));
            diagnostic.severity =
                if finding.level >= Level::Deny { Severity::Error } else { Severity::Warning };
            if let Some(help) = finding.help {
                diagnostic = diagnostic.help(help);
            }
            if let Some(fix) = finding.fix {
                let edits =
                    fix.edits.into_iter().map(|(range, text)| (Span::new(form, range), text)).collect();
                diagnostic.fixes.push(ovsm_base::Fix { title: fix.title, edits });
            }
            diagnostics.push(diagnostic);
        }
        diagnostics
    }
}

/// Compiles a file and lets the lints look at it.
fn look(path: &Path, shown: &str, text: &str, levels: &Levels, terminal: &Terminal) -> Result<Looked, Exit> {
    if Project::is_program_source(path) || names_a_program(text) {
        return look_at_program(path, shown, text, levels, terminal);
    }
    let host = CommandHost::new(*terminal, Permissions::default(), Vec::new());
    let mut session = script::session(path, &RunOptions::default(), host).map_err(|diagnostic| {
        terminal.show_placeless(&[*diagnostic]);
        Exit::Usage
    })?;
    let units: Rc<RefCell<Vec<Rc<Unit>>>> = Rc::default();
    session.front.checker = Some(Box::new(Collector(Rc::clone(&units))));
    session.front.expansion_sizes = Some(Vec::new());
    session.load(shown, text);
    let sources = &session.front.sources;
    // The file itself is the last text that was read under its path.
    let resolve = |span: Span| {
        let (file, range): (FileId, _) = sources.resolve(span)?;
        (sources.path(file) == shown).then_some(range)
    };
    let errors =
        session.front.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).map(|diagnostic| {
            (diagnostic.clone(), diagnostic.labels.iter().find_map(|label| resolve(label.span)))
        });
    let errors: Vec<_> = errors.collect();
    let mut file = ovsm_lint::File::new(text, units.borrow().clone(), &resolve);
    file.add_names(&session.front.names_given());
    file.add_expansions(session.front.expansion_sizes.as_deref().unwrap_or(&[]));
    let findings = ovsm_lint::lint(&file, levels);
    Ok(Looked {
        path: shown.to_string(),
        text: text.to_string(),
        findings,
        errors,
        fixed: 0,
        is_program: false,
    })
}

/// True for the text of a program for Solana that is in no project: it says what it is called.
fn names_a_program(text: &str) -> bool {
    let forms = ovsm_cst::split(text).forms;
    let is_own =
        forms.iter().any(|form| form.head_text(text) != "program" && form.name_text(text) == "program");
    !is_own && forms.iter().any(|form| form.head_text(text) == "program" && !form.name_text(text).is_empty())
}

/// Lets the lints look at the text of a program for Solana, and at its code: the engine of scripts can not compile it.
fn look_at_program(
    path: &Path,
    shown: &str,
    text: &str,
    levels: &Levels,
    terminal: &Terminal,
) -> Result<Looked, Exit> {
    let resolve = |_: Span| None;
    let mut file = ovsm_lint::File::new(text, Vec::new(), &resolve);
    file.is_text_only = true;
    let mut db = Database::default();
    let (program, number) = match load_program(&mut db, path, shown, text) {
        Ok(loaded) => loaded,
        Err(diagnostic) => {
            terminal.show_placeless(&[*diagnostic]);
            return Err(Exit::Usage);
        }
    };
    let audited = |(found, _, range): (ovsm_query::audit::Finding, _, _)| ovsm_lint::Audited {
        lint: found.family.name(),
        range,
        message: found.message,
        help: found.help,
    };
    file.audited = ovsm_query::audit(&db, program).map(|found| {
        found.into_iter().filter(|(_, file, _)| file.0 as usize == number).map(audited).collect()
    });
    let findings = ovsm_lint::lint(&file, levels);
    let mut errors = Vec::new();
    for (tree, _) in &file.trees {
        let start = file.starts.get(&tree.form()).copied().unwrap_or(0);
        errors.extend(tree.errors().iter().map(|diagnostic| {
            let range = diagnostic.labels.first().map(|label| label.span.range.shifted(start));
            (diagnostic.clone(), range)
        }));
    }
    if errors.is_empty() {
        errors = program_errors(&db, program, number);
    }
    Ok(Looked {
        path: shown.to_string(),
        text: text.to_string(),
        findings,
        errors,
        fixed: 0,
        is_program: true,
    })
}

/// What keeps a program from compiling, of one of its files. Nothing is said in the others of what has no place.
fn program_errors(
    db: &Database,
    program: SourceFile,
    number: usize,
) -> Vec<(Diagnostic, Option<ovsm_base::TextRange>)> {
    let places = source_map(db, program);
    let mut errors = Vec::new();
    for diagnostic in ovsm_query::diagnostics(db, program) {
        let place = diagnostic.labels.iter().find_map(|label| places.resolve(label.span));
        let is_here = place.map_or(number == 0, |(file, _)| file.0 as usize == number);
        if diagnostic.is_error() && is_here {
            errors.push((diagnostic.clone(), place.map(|(_, range)| range)));
        }
    }
    errors
}

/// Reads the program that a file belongs to, and tells which of its files that is: what a module does with accounts shows
/// where it is used.
fn load_program(
    db: &mut Database,
    path: &Path,
    shown: &str,
    text: &str,
) -> Result<(SourceFile, usize), Box<Diagnostic>> {
    let main = ovsm_edge::program::modules_folder(path).join("main.ovsm");
    let own = path.canonicalize().ok();
    if main.is_file() && main.canonicalize().ok() != own {
        let mut whole = Database::default();
        let program = ovsm_edge::program::load(&mut whole, &main)?;
        let places = source_map(&whole, program);
        let is_own = |(path, _): &(String, String)| Path::new(path).canonicalize().ok() == own;
        if let Some(number) = places.files().iter().position(is_own) {
            *db = whole;
            return Ok((program, number));
        }
    }
    let source = Source { path: shown.to_string(), text: text.to_string() };
    Ok((ovsm_edge::program::load_with(db, path, source)?.0, 0))
}

macro_rules! pages {
    ($($name:literal)*) => {
        /// The pages of the lints.
        const PAGES: &[(&str, &str)] = &[
            $(($name, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../book/src/lints/", $name, ".md")))),*
        ];
    };
}

pages! {
    "account-data-matching" "append-in-loop" "arbitrary-cpi" "argument-evaluated-twice"
    "argument-never-used" "bump-not-canonical" "compat-name" "cond-else" "constant-condition"
    "define-lambda" "deprecated" "duplicate-clause" "duplicate-condition" "duplicate-map-key"
    "duplicate-mutable-accounts" "duplicate-test" "empty-body" "equals-bool" "equals-null"
    "evaluation-order-swap" "float-equality" "identical-operands" "if-not" "if-null" "if-same-branches"
    "large-expansion" "line-length" "loop-without-exit" "macro-capture" "manual-increment"
    "misplaced-docstring" "missing-docstring" "missing-else" "missing-owner-check" "missing-signer-check"
    "needless-inject" "negated-comparison" "nested-if" "nested-let" "pda-sharing" "reduce-without-initial"
    "redundant-call" "redundant-do" "redundant-lambda" "redundant-let" "redundant-str" "reinitialisation"
    "self-assignment" "self-comparison" "shadowed-binding" "shadowed-built-in" "single-operand-comparison"
    "sysvar-spoofing" "try-without-clause" "type-confusion" "unreachable-code" "unsafe-close"
    "unused-binding" "unused-definition" "unused-parameter" "unused-suppression" "unused-value"
    "used-underscored-binding" "when-not"
}

fn explain(name: &str, terminal: &Terminal) -> Exit {
    match PAGES.iter().find(|(lint, _)| *lint == name) {
        Some((_, page)) => terminal.print(page),
        None => {
            let near =
                ovsm_base::suggest::nearest(name, PAGES.iter().map(|(lint, _)| *lint)).map(str::to_string);
            let diagnostic = Diagnostic::new(Code::UnknownCode, format!("there is no lint `{name}`"));
            terminal.show_placeless(&[diagnostic.help(unknown_help(near))]);
            Exit::Usage
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lint_has_its_page() {
        let pages: Vec<&str> = PAGES.iter().map(|(name, _)| *name).collect();
        let lints: Vec<&str> = LINTS.iter().map(|lint| lint.id).collect();
        assert_eq!(pages, lints);
    }
}
