//! The tests of one file.

use super::coverage::Coverage;
use super::document;
use super::fault::{Fault, faults_of};
use super::flame::Flame;
use super::inline;
use super::property::{Choices, shrink};
use super::report::{Outcome, TestResult};
use super::since::{self, Side};
use super::snapshot::{self, Snapshots};
use super::state::{SharedState, TestState};
use crate::chain::{Chain, ChainOptions};
use crate::host::CommandHost;
use crate::script::{self, RunOptions};
use ovsm_base::line_index::line_column;
use ovsm_base::render::{Format, RenderOptions, SourceMap, render};
use ovsm_base::{Code, Diagnostic, FormId, Span, TextRange};
use ovsm_edge::{Source, Terminal};
use ovsm_eval::{Ended, Failure, Session, Test};
use ovsm_value::Value;
use std::cell::RefCell;
use std::collections::BTreeMap;
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
    pub svm: Option<PathBuf>,
    pub flame: bool,
}

/// What became of a file.
#[derive(Default)]
pub struct FileOutcome {
    pub results: Vec<TestResult>,
    pub skipped: usize,
    pub stale: Vec<String>,
    pub coverage: Coverage,
    pub flame: Flame,
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
    let whole = |message: String, faults: Vec<Fault>| {
        let result = TestResult {
            name: "the file".to_string(),
            place: shown.clone(),
            outcome: Outcome::Failed(message),
            faults,
            output: String::new(),
            seconds: 0.0,
        };
        Ok(FileOutcome { results: vec![result], ..FileOutcome::default() })
    };
    let mut source = match Source::read(path) {
        Ok(source) => source,
        Err(diagnostic) if diagnostic.code == Code::CannotRead => return Err(diagnostic.message.clone()),
        Err(diagnostic) => return whole(diagnostic.message.clone(), placeless(&diagnostic)),
    };
    // The rest of a program is no script: neither are its examples.
    let inline = inline::tests_of_program(&source.text);
    let has_examples = selection.documents && inline.is_none();
    let examples = if has_examples { document::examples(&source.text) } else { Vec::new() };
    // A file that defines no tests need not run at all.
    let defines = ["(deftest", "(defproperty"].iter().any(|form| source.text.contains(form));
    if !defines && examples.is_empty() {
        return Ok(FileOutcome::default());
    }
    let unchanged = match selection.since {
        Some(revision) => unchanged_tests(path, &source.text, revision)?,
        None => Vec::new(),
    };
    source.text = inline.unwrap_or(source.text);
    let kept: Rc<RefCell<String>> = Rc::default();
    let state: Rc<RefCell<TestState>> = Rc::default();
    let snapshot_path = PathBuf::from(format!("{shown}.snap"));
    {
        let mut state = state.borrow_mut();
        state.update = selection.update;
        state.chain = Chain::new(ChainOptions {
            svm: selection.svm.clone(),
            root: crate::project::root_of(path),
            trace: selection.coverage || selection.flame,
        });
        match std::fs::read_to_string(&snapshot_path) {
            Ok(text) => state.snapshots = Snapshots::parse(&text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(format!("`{}` can not be read: {error}", snapshot_path.display())),
        }
    }
    let host = CommandHost::new(*terminal, options.permissions.clone(), Vec::new())
        .keeping(Rc::clone(&kept))
        .testing(Box::new(SharedState(Rc::clone(&state))));
    let mut session = match script::session(path, options, host) {
        Ok(session) => session,
        Err(diagnostic) => return Err(diagnostic.message.clone()),
    };
    session.front.coverage = selection.coverage.then(Vec::new);
    match session.run(&source.path, &source.text) {
        Ok(_) => {}
        Err(Ended::Rejected(diagnostics)) => {
            let sources = &session.front.sources;
            return whole(text_of(&diagnostics, sources), faults_of(&diagnostics, sources, None));
        }
        Err(Ended::Failed(mut failure)) => {
            failure.span = written_place(&failure, &session.front.sources, None);
            let diagnostic = script::uncaught(&failure, &session.front.sources);
            let sources = &session.front.sources;
            let faults = faults_of(std::slice::from_ref(&diagnostic), sources, None);
            return whole(text_of(&[diagnostic], sources), faults);
        }
    }
    state.borrow_mut().chain.keep();
    let mut outcome = FileOutcome::default();
    let mut failed_tests: Vec<String> = Vec::new();
    let mut runner = Runner {
        session,
        state,
        kept,
        selection,
        options,
        shown,
        text: source.text.clone(),
        place: None,
        faults: Vec::new(),
    };
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
        if failed {
            failed_tests.push(test.name.clone());
        }
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
        for (program, counts) in runner.state.borrow_mut().chain.traces() {
            let (spans, positions) = program.places();
            // Slots without a place are those that nobody wrote.
            let (places, counts): (Vec<Span>, Vec<u64>) = spans
                .iter()
                .enumerate()
                .filter_map(|(n, span)| Some(((*span)?, counts.get(n).copied().unwrap_or(0))))
                .unzip();
            outcome.coverage.add(&places, &counts, positions);
        }
    }
    let mut state = runner.state.borrow_mut();
    if selection.flame {
        for (frames, units) in state.chain.profile()? {
            outcome.flame.add(&frames, units);
        }
    }
    let is_whole = selection.filter.is_none()
        && !selection.list
        && unchanged.is_empty()
        && !stop.load(Ordering::Relaxed);
    if is_whole {
        let mut stale = state.snapshots.stale();
        if selection.update {
            // A test that failed may not have come to where it asks for them.
            stale.retain(|name| !failed_tests.iter().any(|test| snapshot::is_of(name, test)));
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
    if since::project_changed(path, revision)? {
        return Ok(Vec::new());
    }
    let (mut modules, mut old_modules) = (BTreeMap::new(), BTreeMap::new());
    let (mut programs, mut old_programs) = (String::new(), String::new());
    let folder = crate::project::modules_of(path);
    let (script, old_script) = (inline::tests_of_program(text), inline::tests_of_program(&old));
    let is_about_programs = [text, &old].iter().any(|text| text.contains("solana/test"));
    let also_own = (script.is_some() || old_script.is_some()).then(|| path.to_path_buf());
    for module in since::imported(path, text).into_iter().chain(since::imported(path, &old)).chain(also_own) {
        let now = std::fs::read_to_string(&module).unwrap_or_default();
        let then = since::at_revision(&module, revision)?;
        if is_about_programs {
            programs.push_str(&since::words(&now));
            old_programs.push_str(&since::words(then.as_deref().unwrap_or_default()));
        }
        let Some(name) = since::module_name(&folder, &module) else { return Ok(Vec::new()) };
        let shown = module.display().to_string();
        modules.insert(name.clone(), (shown.clone(), now));
        if let Some(then) = then {
            old_modules.insert(name, (shown, then));
        }
    }
    // A test also sees the snapshots that are stored for it.
    let stored = PathBuf::from(format!("{}.snap", path.display()));
    let new_stored = Snapshots::parse(&std::fs::read_to_string(&stored).unwrap_or_default()).stored;
    let old_stored = Snapshots::parse(&since::at_revision(&stored, revision)?.unwrap_or_default()).stored;
    let has_same_snapshots = |test: &str| {
        let of_test = |stored: &BTreeMap<String, String>| -> Vec<(String, String)> {
            let entries = stored.iter().filter(|(name, _)| snapshot::is_of(name, test));
            entries.map(|(name, text)| (name.clone(), text.clone())).collect()
        };
        of_test(&new_stored) == of_test(&old_stored)
    };
    let new = Side { script: script.as_deref().unwrap_or(text), modules, programs: &programs };
    let old =
        Side { script: old_script.as_deref().unwrap_or(&old), modules: old_modules, programs: &old_programs };
    let (Some(new), Some(old)) = (since::fingerprints(&new), since::fingerprints(&old)) else {
        return Ok(Vec::new());
    };
    let unchanged = new.into_iter().filter(|(name, print)| old.get(name) == Some(print));
    Ok(unchanged.map(|(name, _)| name).filter(|name| has_same_snapshots(name)).collect())
}

struct Runner<'s> {
    session: Session,
    state: Rc<RefCell<TestState>>,
    kept: Rc<RefCell<String>>,
    selection: &'s Selection<'s>,
    options: &'s RunOptions,
    shown: String,
    /// The text of the file.
    text: String,
    /// Where the test stands that runs.
    place: Option<Span>,
    /// What was wrong with the call that ended last.
    faults: Vec<Fault>,
}

/// How a call of a test ended that did not pass.
struct Failed {
    /// Why, for people.
    why: String,
    /// True if it was stopped: its time, its fuel or its memory was used up.
    is_stopped: bool,
}

impl Runner<'_> {
    fn test(&mut self, test: &Test) -> TestResult {
        let place =
            test.span.and_then(|span| self.session.front.sources.resolve(span)).map(|(file, range)| {
                let sources = &self.session.front.sources;
                format!("{}:{}", sources.path(file), line_column(sources.text(file), range.start).line)
            });
        let place = place.unwrap_or_else(|| self.shown.clone());
        self.place = test.span;
        let function = self.session.machine.global(test.function).cloned().unwrap_or_default();
        self.timed(test.name.clone(), place, |runner| match test.is_property {
            true => runner.property(&test.name, &function),
            false => {
                let choices = Choices::random(seed_of(&test.name, runner.selection.seed));
                runner.call(&function, choices).map(|failed| failed.why)
            }
        })
    }

    fn example(&mut self, name: &str, example: &document::Example) -> TestResult {
        let place = format!("{}:{}", self.shown, example.line);
        let text = format!("(assert= (quote {}) {})", example.result, example.call);
        self.place = None;
        self.timed(name.to_string(), place, |runner| {
            let read = runner.session.front.sources.add("example", "<example>", &text);
            let form = match (read.forms.as_slice(), read.diagnostics.first()) {
                ([form], None) => form.clone(),
                (_, Some(fault)) => return Some(fault.message.clone()),
                _ => return Some("the example is no single call".to_string()),
            };
            match runner.session.run_form(form) {
                Ok(_) => None,
                Err(ended) => {
                    let why = runner.text_of_end(ended);
                    runner.place_example(example.line);
                    Some(why)
                }
            }
        })
    }

    /// Lets what is wrong with an example stand at its line: what was run is made of it, and is in no file.
    fn place_example(&mut self, line: u32) {
        let lines = self.text.split_inclusive('\n').take(line as usize);
        let (before, last) = lines.fold((0, ""), |(before, last), line| (before + last.len(), line));
        let start = before + (last.len() - last.trim_start().len());
        let range = TextRange::new(start as u32, (before + last.trim_end().len()).max(start) as u32);
        for fault in &mut self.faults {
            if fault.place.is_none() {
                fault.place = Some((self.shown.clone(), self.text.clone(), range));
            }
        }
    }

    /// Runs something as a test; what it gives is why it failed.
    fn timed(
        &mut self,
        name: String,
        place: String,
        run: impl FnOnce(&mut Self) -> Option<String>,
    ) -> TestResult {
        let mut result = TestResult {
            name,
            place,
            outcome: Outcome::Passed,
            faults: Vec::new(),
            output: String::new(),
            seconds: 0.0,
        };
        if self.selection.list {
            return result;
        }
        self.kept.borrow_mut().clear();
        {
            let mut state = self.state.borrow_mut();
            state.test.clone_from(&result.name);
            state.unnamed = 0;
        }
        self.faults.clear();
        self.start_time();
        let start = Instant::now();
        if let Some(why) = run(self) {
            result.outcome = Outcome::Failed(why);
            result.faults = std::mem::take(&mut self.faults);
        }
        result.seconds = start.elapsed().as_secs_f64();
        result.output = self.kept.borrow().clone();
        result
    }

    /// Calls a test with choices; what it gives is why it failed.
    fn call(&mut self, function: &Value, choices: Choices) -> Option<Failed> {
        {
            let mut state = self.state.borrow_mut();
            state.choices = choices;
            state.unnamed = 0;
            if let Err(why) = state.chain.begin_test() {
                return Some(Failed { why, is_stopped: true });
            }
        }
        let ended = self.session.call(function, &[]).err()?;
        let is_stopped =
            matches!(&ended, Ended::Failed(failure) if matches!(failure.unwind, ovsm_value::Unwind::Stop(_)));
        Some(Failed { why: self.text_of_end(ended), is_stopped })
    }

    fn text_of_end(&mut self, ended: Ended) -> String {
        let sources = &self.session.front.sources;
        let diagnostics = match ended {
            Ended::Rejected(diagnostics) => diagnostics,
            Ended::Failed(mut failure) => {
                failure.span = written_place(&failure, sources, self.place);
                vec![script::uncaught(&failure, sources)]
            }
        };
        self.faults = faults_of(&diagnostics, sources, self.place);
        text_of(&diagnostics, sources)
    }

    /// The time that `--timeout` gives is each test's own: a slow one takes none from those after it.
    fn start_time(&mut self) {
        self.session.machine.set_interrupt(Some(Box::new(script::Watch::new(self.options))));
    }

    /// Tries a property with many choices; of those that fail, the smallest that is found is reported.
    fn property(&mut self, name: &str, function: &Value) -> Option<String> {
        let seed = seed_of(name, self.selection.seed);
        for run in 0..self.selection.runs {
            // Runs of one seed are different, and the same each time.
            let choices =
                Choices::random(seed.wrapping_add(u64::from(run).wrapping_mul(0x9e37_79b9_7f4a_7c15)));
            let Some(failed) = self.call(function, choices) else { continue };
            let first: Vec<u64> = self.made();
            // The search has the time of a test for itself. A smaller value for which the body does not end is another
            // fault than the one that was found, and ends the search.
            self.start_time();
            let mut is_over = failed.is_stopped;
            let (smallest, steps) = shrink(first, MAX_SHRINKS, |candidate| {
                if is_over {
                    return None;
                }
                self.kept.borrow_mut().clear();
                let smaller = self.call(function, Choices::planned(candidate.to_vec()))?;
                is_over = smaller.is_stopped;
                (!is_over).then(|| self.made())
            });
            self.kept.borrow_mut().clear();
            self.start_time();
            let why = self.call(function, Choices::planned(smallest)).map(|failed| failed.why);
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

/// Where a failure happened in what somebody wrote: what a function of the library finds wrong, it finds wrong with how it
/// was called. A call in the last place leaves no trace; then it is the test that is wrong.
fn written_place(failure: &Failure, sources: &dyn SourceMap, test: Option<Span>) -> Option<Span> {
    let is_written = |span: &Span| {
        let place = sources.resolve(*span);
        place.is_some_and(|(file, _)| !sources.path(file).starts_with('<'))
    };
    let calls = failure.trace.iter().filter_map(|frame| frame.span);
    failure.span.into_iter().chain(calls).find(is_written).or(test).or(failure.span)
}

/// What is wrong with a file as a whole.
fn placeless(diagnostic: &Diagnostic) -> Vec<Fault> {
    vec![Fault { diagnostic: diagnostic.clone(), place: None }]
}

/// The seed of a test: the one that was given, or one that its name decides.
fn seed_of(name: &str, given: Option<u64>) -> u64 {
    given.unwrap_or_else(|| FormId::new("test", "seed", name, 0).0 >> 16)
}

fn text_of(diagnostics: &[Diagnostic], sources: &dyn SourceMap) -> String {
    render(diagnostics, sources, &RenderOptions { format: Format::Human, color: false })
}
