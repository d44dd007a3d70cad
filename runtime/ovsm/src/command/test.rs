//! `ovsm test`: runs the tests of scripts.
//!
//! Each file is a session of its own; files run in parallel. A test is a function that `deftest` defined: it passes if
//! it returns.

mod report;

use crate::host::CommandHost;
use crate::script::{self, RunOptions};
use ovsm_base::Diagnostic;
use ovsm_base::line_index::line_column;
use ovsm_base::render::{Format, RenderOptions, SourceMap, render};
use ovsm_edge::{Exit, Source, Terminal, source};
use ovsm_eval::Ended;
use report::{Outcome, Report, TestResult};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

/// Run the tests of scripts
#[derive(clap::Args)]
#[command(
    after_help = "A test is written `(deftest name body …)` and passes if its body ends without an error: see `assert=`, \
                        `assert-error`, `assert-near`.\n\nExit codes: 0 all passed; 1 a test failed or a file has errors; 2 wrong \
                        command line.\n\nExamples:\n  ovsm test\n  ovsm test tests/money.ovsm --filter rounding\n  \
                        ovsm test --junit results.xml"
)]
pub struct Test {
    /// Source files, or folders that are searched for `.ovsm` files
    #[arg(default_value = ".")]
    paths: Vec<PathBuf>,
    /// Run only tests whose names contain this text
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// List the tests instead of running them
    #[arg(long)]
    list: bool,
    /// Stop after the first failure
    #[arg(long)]
    fail_fast: bool,
    /// One JSON object for each test, and one for the whole
    #[arg(long, conflicts_with = "list")]
    json: bool,
    /// Write the results in the JUnit format
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// How many files run at once
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    #[command(flatten)]
    options: RunOptions,
}

impl Test {
    pub fn run(&self, terminal: &Terminal) -> Exit {
        let start = Instant::now();
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
        let results = self.run_files(&files, terminal);
        let report = Report { results, seconds: start.elapsed().as_secs_f64() };
        if let Some(path) = &self.junit
            && let Err(diagnostic) = ovsm_edge::output::write(&[(path.clone(), report.junit().into_bytes())])
        {
            terminal.show_placeless(&[*diagnostic]);
            return Exit::Usage;
        }
        let text = match (self.list, self.json) {
            (true, _) => report.list(),
            (_, true) => report.json(),
            _ => report.human(),
        };
        match terminal.print(&text) {
            Exit::Success if report.failed() => Exit::Program,
            exit => exit,
        }
    }

    /// Runs files on several threads; the results are in the order of the files.
    fn run_files(&self, files: &[PathBuf], terminal: &Terminal) -> Vec<TestResult> {
        let next = AtomicUsize::new(0);
        let stop = AtomicBool::new(false);
        let all: Mutex<Vec<(usize, Vec<TestResult>)>> = Mutex::default();
        let threads =
            self.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
        std::thread::scope(|scope| {
            for _ in 0..threads.clamp(1, 64).min(files.len().max(1)) {
                // Deep programs need stack, as on the main thread.
                let thread = std::thread::Builder::new().stack_size(64 << 20);
                let _ = thread.spawn_scoped(scope, || {
                    while !stop.load(Ordering::Relaxed) {
                        let n = next.fetch_add(1, Ordering::Relaxed);
                        let Some(file) = files.get(n) else { break };
                        let results = self.run_file(file, terminal, &stop);
                        if let Ok(mut all) = all.lock() {
                            all.push((n, results));
                        }
                    }
                });
            }
        });
        let mut all = all.into_inner().unwrap_or_default();
        all.sort_by_key(|(n, _)| *n);
        all.into_iter().flat_map(|(_, results)| results).collect()
    }

    fn run_file(&self, path: &Path, terminal: &Terminal, stop: &AtomicBool) -> Vec<TestResult> {
        let shown = path.display().to_string();
        let whole = |message: String| TestResult {
            name: "the file".to_string(),
            place: shown.clone(),
            outcome: Outcome::Failed(message),
            output: String::new(),
            seconds: 0.0,
        };
        let source = match Source::read(path) {
            Ok(source) => source,
            Err(diagnostic) => return vec![whole(diagnostic.message.clone())],
        };
        // A file that defines no tests need not run at all.
        if !source.text.contains("(deftest") {
            return Vec::new();
        }
        let kept: Rc<RefCell<String>> = Rc::default();
        let host = CommandHost::new(*terminal, self.options.permissions.clone(), Vec::new())
            .keeping(Rc::clone(&kept));
        let mut session = match script::session(path, &self.options, host) {
            Ok(session) => session,
            Err(diagnostic) => return vec![whole(diagnostic.message.clone())],
        };
        match session.run(&source.path, &source.text) {
            Ok(_) => {}
            Err(Ended::Rejected(diagnostics)) => {
                return vec![whole(text_of(&diagnostics, &session.front.sources))];
            }
            Err(Ended::Failed(failure)) => {
                let diagnostic = script::uncaught(&failure, &session.front.sources);
                return vec![whole(text_of(&[diagnostic], &session.front.sources))];
            }
        }
        let mut results = Vec::new();
        for test in session.front.tests.clone() {
            if self.filter.as_ref().is_some_and(|filter| !test.name.contains(filter.as_str())) {
                continue;
            }
            let place =
                test.span.and_then(|span| session.front.sources.resolve(span)).map(|(file, range)| {
                    let sources = &session.front.sources;
                    format!("{}:{}", sources.path(file), line_column(sources.text(file), range.start).line)
                });
            let mut result = TestResult {
                name: test.name.clone(),
                place: place.unwrap_or_else(|| shown.clone()),
                outcome: Outcome::Passed,
                output: String::new(),
                seconds: 0.0,
            };
            if !self.list {
                kept.borrow_mut().clear();
                let start = Instant::now();
                let function = session.machine.global(test.function).cloned().unwrap_or_default();
                if let Err(Ended::Failed(failure)) = session.call(&function, &[]) {
                    let diagnostic = script::uncaught(&failure, &session.front.sources);
                    result.outcome = Outcome::Failed(text_of(&[diagnostic], &session.front.sources));
                }
                result.seconds = start.elapsed().as_secs_f64();
                result.output = kept.borrow().clone();
            }
            let failed = matches!(result.outcome, Outcome::Failed(_));
            results.push(result);
            if failed && self.fail_fast {
                stop.store(true, Ordering::Relaxed);
                break;
            }
        }
        results
    }
}

fn text_of(diagnostics: &[Diagnostic], sources: &dyn SourceMap) -> String {
    render(diagnostics, sources, &RenderOptions { format: Format::Human, color: false })
}
