//! The tests of one file.

use super::coverage::Coverage;
use super::document;
use super::property::{Choices, shrink};
use super::report::{Outcome, TestResult};
use super::since;
use super::snapshot::Snapshots;
use super::state::{SharedState, TestState};
use crate::host::CommandHost;
use crate::script::{self, RunOptions};
use ovsm_base::line_index::line_column;
use ovsm_base::render::{Format, RenderOptions, SourceMap, render};
use ovsm_base::{Diagnostic, FormId};
use ovsm_edge::{Source, Terminal};
use ovsm_eval::{Ended, Session, Test};
use ovsm_value::Value;
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// How many smaller runs of a property that fails are tried.
const MAX_SHRINKS: u32 = 2_000;

/// Which tests run, and how.
pub struct Selection<'s> {
    pub filter: Option<&'s str>,
    pub list: bool,
    pub fail_fast: bool,
    pub runs: u32,
    pub seed: Option<u64>,
    pub update: bool,
    pub coverage: bool,
    pub since: Option<&'s str>,
    pub documents: bool,
}

/// What became of a file.
#[derive(Default)]
pub struct FileOutcome {
    pub results: Vec<TestResult>,
    pub skipped: usize,
    pub stale: Vec<String>,
    pub coverage: Coverage,
}

/// Runs the tests of a file.
///
/// # Errors
/// If the command line can not be followed: there is no such revision.
pub fn run(
    path: &Path,
    selection: &Selection<'_>,
    options: &RunOptions,
    terminal: &Terminal,
    stop: &AtomicBool,
) -> Result<FileOutcome, String> {
    let shown = path.display().to_string();
    let whole = |message: String| {
        let result = TestResult {
            name: "the file".to_string(),
            place: shown.clone(),
            outcome: Outcome::Failed(message),
            output: String::new(),
            seconds: 0.0,
        };
        Ok(FileOutcome { results: vec![result], ..FileOutcome::default() })
    };
    let source = match Source::read(path) {
        Ok(source) => source,
        Err(diagnostic) => return whole(diagnostic.message.clone()),
    };
    let examples = if selection.documents { document::examples(&source.text) } else { Vec::new() };
    // A file that defines no tests need not run at all.
    let defines = ["(deftest", "(defproperty"].iter().any(|form| source.text.contains(form));
    if !defines && examples.is_empty() {
        return Ok(FileOutcome::default());
    }
    let unchanged = match selection.since {
        Some(revision) => unchanged_tests(path, &source.text, revision)?,
        None => Vec::new(),
    };
    let kept: Rc<RefCell<String>> = Rc::default();
    let state: Rc<RefCell<TestState>> = Rc::default();
    let snapshot_path = PathBuf::from(format!("{shown}.snap"));
    {
        let mut state = state.borrow_mut();
        state.update = selection.update;
        match std::fs::read_to_string(&snapshot_path) {
            Ok(text) => state.snapshots = Snapshots::parse(&text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return whole(format!("{}: {error}", snapshot_path.display())),
        }
    }
    let host = CommandHost::new(*terminal, options.permissions.clone(), Vec::new())
        .keeping(Rc::clone(&kept))
        .testing(Box::new(SharedState(Rc::clone(&state))));
    let mut session = match script::session(path, options, host) {
        Ok(session) => session,
        Err(diagnostic) => return whole(diagnostic.message.clone()),
    };
    session.front.coverage = selection.coverage.then(Vec::new);
    match session.run(&source.path, &source.text) {
        Ok(_) => {}
        Err(Ended::Rejected(diagnostics)) => return whole(text_of(&diagnostics, &session.front.sources)),
        Err(Ended::Failed(failure)) => {
            let diagnostic = script::uncaught(&failure, &session.front.sources);
            return whole(text_of(&[diagnostic], &session.front.sources));
        }
    }
    let mut outcome = FileOutcome::default();
    let mut runner = Runner { session, state, kept, selection, shown };
    for test in runner.session.front.tests.clone() {
        if stop.load(Ordering::Relaxed) || selection.filter.is_some_and(|filter| !test.name.contains(filter))
        {
            continue;
        }
        let written = test.name.split('[').next().unwrap_or(&test.name);
        if unchanged.iter().any(|name| name == &test.name || name == written) {
            outcome.skipped += 1;
            continue;
        }
        let result = runner.test(&test);
        let failed = matches!(result.outcome, Outcome::Failed(_));
        outcome.results.push(result);
        if failed && selection.fail_fast {
            stop.store(true, Ordering::Relaxed);
        }
    }
    for example in examples {
        let name = format!("example {}", example.call);
        if stop.load(Ordering::Relaxed) || selection.filter.is_some_and(|filter| !name.contains(filter)) {
            continue;
        }
        let result = runner.example(&name, &example);
        if matches!(result.outcome, Outcome::Failed(_)) && selection.fail_fast {
            stop.store(true, Ordering::Relaxed);
        }
        outcome.results.push(result);
    }
    if let Some(places) = &runner.session.front.coverage {
        outcome.coverage.add(places, &runner.state.borrow().counts, &runner.session.front.sources);
    }
    let mut state = runner.state.borrow_mut();
    let is_whole = selection.filter.is_none()
        && !selection.list
        && unchanged.is_empty()
        && !stop.load(Ordering::Relaxed);
    if is_whole {
        let stale = state.snapshots.stale();
        if selection.update {
            for name in &stale {
                state.snapshots.stored.remove(name);
                state.snapshots.is_changed = true;
            }
        } else {
            outcome.stale = stale.iter().map(|name| format!("`{name}` of {}", runner.shown)).collect();
        }
    }
    if selection.update && state.snapshots.is_changed {
        let text = state.snapshots.text();
        if let Err(diagnostic) = ovsm_edge::output::write(&[(snapshot_path, text.into_bytes())]) {
            return Err(diagnostic.message.clone());
        }
    }
    drop(state);
    Ok(outcome)
}

/// The tests of a file that see nothing that has changed since a revision.
fn unchanged_tests(path: &Path, text: &str, revision: &str) -> Result<Vec<String>, String> {
    let Some(old) = since::at_revision(path, revision)? else { return Ok(Vec::new()) };
    let (mut modules, mut old_modules) = (String::new(), String::new());
    for module in since::imported(path, text) {
        modules.push_str(&std::fs::read_to_string(&module).unwrap_or_default());
        old_modules.push_str(&since::at_revision(&module, revision)?.unwrap_or_default());
    }
    let (new, old) = (since::fingerprints(text, &modules), since::fingerprints(&old, &old_modules));
    Ok(new.into_iter().filter(|(name, print)| old.get(name) == Some(print)).map(|(name, _)| name).collect())
}

struct Runner<'s> {
    session: Session,
    state: Rc<RefCell<TestState>>,
    kept: Rc<RefCell<String>>,
    selection: &'s Selection<'s>,
    shown: String,
}

impl Runner<'_> {
    fn test(&mut self, test: &Test) -> TestResult {
        let place =
            test.span.and_then(|span| self.session.front.sources.resolve(span)).map(|(file, range)| {
                let sources = &self.session.front.sources;
                format!("{}:{}", sources.path(file), line_column(sources.text(file), range.start).line)
            });
        let place = place.unwrap_or_else(|| self.shown.clone());
        let function = self.session.machine.global(test.function).cloned().unwrap_or_default();
        self.timed(test.name.clone(), place, |runner| match test.is_property {
            true => runner.property(&test.name, &function),
            false => runner.call(&function, Choices::random(seed_of(&test.name, runner.selection.seed))),
        })
    }

    fn example(&mut self, name: &str, example: &document::Example) -> TestResult {
        let place = format!("{}:{}", self.shown, example.line);
        let text = format!("(assert= (quote {}) {})", example.result, example.call);
        self.timed(name.to_string(), place, |runner| {
            let read = runner.session.front.sources.add("example", "<example>", &text);
            let form = match (read.forms.as_slice(), read.diagnostics.first()) {
                ([form], None) => form.clone(),
                (_, Some(fault)) => return Some(fault.message.clone()),
                _ => return Some("the example is no single call".to_string()),
            };
            match runner.session.run_form(form) {
                Ok(_) => None,
                Err(ended) => Some(runner.text_of_end(ended)),
            }
        })
    }

    /// Runs something as a test; what it gives is why it failed.
    fn timed(
        &mut self,
        name: String,
        place: String,
        run: impl FnOnce(&mut Self) -> Option<String>,
    ) -> TestResult {
        let mut result =
            TestResult { name, place, outcome: Outcome::Passed, output: String::new(), seconds: 0.0 };
        if self.selection.list {
            return result;
        }
        self.kept.borrow_mut().clear();
        {
            let mut state = self.state.borrow_mut();
            state.test.clone_from(&result.name);
            state.unnamed = 0;
        }
        let start = Instant::now();
        if let Some(why) = run(self) {
            result.outcome = Outcome::Failed(why);
        }
        result.seconds = start.elapsed().as_secs_f64();
        result.output = self.kept.borrow().clone();
        result
    }

    /// Calls a test with choices; what it gives is why it failed.
    fn call(&mut self, function: &Value, choices: Choices) -> Option<String> {
        {
            let mut state = self.state.borrow_mut();
            state.choices = choices;
            state.unnamed = 0;
        }
        match self.session.call(function, &[]) {
            Ok(_) => None,
            Err(ended) => Some(self.text_of_end(ended)),
        }
    }

    fn text_of_end(&self, ended: Ended) -> String {
        let sources = &self.session.front.sources;
        match ended {
            Ended::Rejected(diagnostics) => text_of(&diagnostics, sources),
            Ended::Failed(failure) => text_of(&[script::uncaught(&failure, sources)], sources),
        }
    }

    /// Tries a property with many choices; of those that fail, the smallest that is found is reported.
    fn property(&mut self, name: &str, function: &Value) -> Option<String> {
        let seed = seed_of(name, self.selection.seed);
        for run in 0..self.selection.runs {
            // Runs of one seed are different, and the same each time.
            let choices =
                Choices::random(seed.wrapping_add(u64::from(run).wrapping_mul(0x9e37_79b9_7f4a_7c15)));
            if self.call(function, choices).is_none() {
                continue;
            }
            let first: Vec<u64> = self.made();
            let (smallest, steps) = shrink(first, MAX_SHRINKS, |candidate| {
                self.kept.borrow_mut().clear();
                self.call(function, Choices::planned(candidate.to_vec())).map(|_| self.made())
            });
            self.kept.borrow_mut().clear();
            let why = self.call(function, Choices::planned(smallest));
            let mut text = format!(
                "run {} of {} failed; after {steps} steps to smaller values:\n",
                run + 1,
                self.selection.runs
            );
            for (name, value) in &self.state.borrow().choices.drawn {
                text.push_str(&format!("  {name} = {value}\n"));
            }
            text.push_str(&why.unwrap_or_else(|| {
                "it passes when it is run again: it depends on something else".to_string()
            }));
            text.push_str(&format!("`--seed {seed}` repeats this run\n"));
            return Some(text);
        }
        None
    }

    fn made(&self) -> Vec<u64> {
        self.state.borrow().choices.made.iter().map(|(chosen, _)| *chosen).collect()
    }
}

/// The seed of a test: the one that was given, or one that its name decides.
fn seed_of(name: &str, given: Option<u64>) -> u64 {
    given.unwrap_or_else(|| FormId::new("test", "seed", name, 0).0 >> 16)
}

fn text_of(diagnostics: &[Diagnostic], sources: &dyn SourceMap) -> String {
    render(diagnostics, sources, &RenderOptions { format: Format::Human, color: false })
}
