//! `ovsm test`: runs the tests of scripts.
//!
//! Each file is a session of its own; files run in parallel. A test is a function that `deftest` defined: it passes if
//! it returns.

mod coverage;
mod document;
mod fault;
mod file;
mod flame;
mod inline;
mod property;
mod reach;
mod report;
mod since;
mod snapshot;
mod state;

use crate::script::RunOptions;
use coverage::Coverage;
use file::{FileOutcome, Selection};
use flame::Flame;
use ovsm_base::render::Format;
use ovsm_base::{Code, Diagnostic};
use ovsm_edge::{Exit, Terminal, source};
use report::Report;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

pub use since::imported;

/// Run the tests of scripts and of Solana programs
#[derive(clap::Args)]
#[command(
    after_help = "A test is written `(deftest name body …)` and passes if its body ends without an error: see `assert=`, \
                        `assert-error`, `assert-near`.\n\nExit codes: 0 all passed; 1 a test failed or a file has errors; 2 wrong \
                        command line or unreadable input.\n\nExamples:\n  ovsm test\n  ovsm test tests/money.ovsm --filter rounding\n  \
                        ovsm test --junit results.xml\n  \
                        ovsm test --flamegraph units.svg"
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
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// How often each property is tried
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Where the choices of properties begin: a number, or `random`; a property has a seed of its own otherwise
    #[arg(long, value_name = "SEED")]
    seed: Option<String>,
    /// Let snapshots take the values of this run, and remove those that no test asks for
    #[arg(long, visible_alias = "bless")]
    update_snapshots: bool,
    /// Write which lines the tests reached
    #[arg(long, value_enum, value_name = "FORMAT")]
    coverage: Option<CoverageFormat>,
    /// Where to write it; `coverage.lcov` or `coverage.html` otherwise
    #[arg(long, value_name = "FILE", requires = "coverage")]
    coverage_output: Option<PathBuf>,
    /// Write where the compute units of Solana programs went: a picture if the name ends in `.svg`, text if in `.folded`
    #[arg(long, value_name = "FILE", value_parser = flame_file, conflicts_with = "list")]
    flamegraph: Option<PathBuf>,
    /// Run only tests whose code, or what it uses, has changed since a revision that git knows
    #[arg(long, value_name = "REV")]
    since: Option<String>,
    /// Do not run the examples of documentation comments
    #[arg(long)]
    no_doc: bool,
    /// Run again whenever a file changes, until Ctrl-C
    #[arg(long, conflicts_with_all = ["list", "json"])]
    watch: bool,
    /// The `ovsm-svm` that runs Solana programs; otherwise the variable `OVSM_SVM`, the folder of `ovsm`, or the `PATH` says
    #[arg(long, value_name = "FILE")]
    svm: Option<PathBuf>,
    #[command(flatten)]
    options: RunOptions,
}

/// How coverage is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
enum CoverageFormat {
    /// The tracefile of lcov
    Lcov,
    /// A page
    Html,
}

impl Test {
    pub fn run(&self, terminal: &Terminal) -> Exit {
        if !self.watch {
            return self.once(terminal, None);
        }
        // Everything first, then what changes; Ctrl-C ends it. What changes while tests run is a change, too.
        let mut changed: Option<Vec<PathBuf>> = None;
        loop {
            let known = self.modified();
            match self.once(terminal, changed.as_deref()) {
                Exit::Success | Exit::Program => terminal.note("waiting for a change; Ctrl-C ends it"),
                other => return other,
            }
            changed = loop {
                let now = self.modified().into_iter();
                let different: Vec<PathBuf> =
                    now.filter(|(path, time)| known.get(path) != Some(time)).map(|(path, _)| path).collect();
                if !different.is_empty() {
                    break Some(different);
                }
                std::thread::sleep(std::time::Duration::from_millis(200));
            };
        }
    }

    /// When each file was last changed: those with tests, and the modules that they import.
    fn modified(&self) -> BTreeMap<PathBuf, std::time::SystemTime> {
        let files = self.paths.iter().filter_map(|path| source::ovsm_files(path).ok()).flatten();
        let mut times = BTreeMap::new();
        for file in files {
            let text = std::fs::read_to_string(&file).unwrap_or_default();
            let file = file.strip_prefix(".").map(PathBuf::from).unwrap_or(file);
            for path in since::imported(&file, &text).into_iter().chain([file]) {
                if let Ok(time) = std::fs::metadata(&path).and_then(|found| found.modified()) {
                    times.insert(path, time);
                }
            }
        }
        times
    }

    /// Runs the tests; with `changed`, only those of files that changed or import what changed.
    fn once(&self, terminal: &Terminal, changed: Option<&[PathBuf]>) -> Exit {
        let start = Instant::now();
        let seed = match self.seed.as_deref() {
            None => None,
            Some("random") => Some(random_seed()),
            Some(text) => match text.parse::<u64>() {
                Ok(seed) => Some(seed),
                Err(_) => {
                    return usage(terminal, &format!("`{text}` is no seed: it is a number, or `random`"));
                }
            },
        };
        if self.update_snapshots && self.filter.is_some() {
            return usage(
                terminal,
                "`--update-snapshots` removes what no test asks for, so it can not be used with `--filter`",
            );
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
        // The folder that one stands in need not be named.
        for file in &mut files {
            if let Ok(short) = file.strip_prefix(".") {
                *file = short.to_path_buf();
            }
        }
        if let Some(changed) = changed {
            files.retain(|file| {
                let text = std::fs::read_to_string(file).unwrap_or_default();
                changed.contains(file)
                    || since::imported(file, &text).iter().any(|module| changed.contains(module))
            });
        }
        for written in [&self.coverage_output, &self.junit, &self.flamegraph].into_iter().flatten() {
            let place = written.canonicalize().ok();
            if place.is_some() && files.iter().any(|file| file.canonicalize().ok() == place) {
                let message = format!("`{}` is a source file, and would be overwritten", written.display());
                return usage(terminal, &message);
            }
        }
        let selection = Selection {
            filter: self.filter.as_deref(),
            list: self.list,
            fail_fast: self.fail_fast,
            runs: self.runs,
            seed,
            update: self.update_snapshots,
            coverage: self.coverage.is_some(),
            flame: self.flamegraph.is_some(),
            since: self.since.as_deref(),
            documents: !self.no_doc,
            svm: self.svm.clone().or_else(|| std::env::var_os("OVSM_SVM").map(PathBuf::from)),
        };
        let outcomes = match self.run_files(&files, &selection, terminal) {
            Ok(outcomes) => outcomes,
            Err(message) => return usage(terminal, &message),
        };
        let mut coverage = Coverage::default();
        let mut flame = Flame::default();
        let mut report = Report { results: Vec::new(), skipped: 0, stale: Vec::new(), seconds: 0.0 };
        for outcome in outcomes {
            coverage.merge(outcome.coverage);
            flame.merge(outcome.flame);
            report.results.extend(outcome.results);
            report.skipped += outcome.skipped;
            report.stale.extend(outcome.stale);
        }
        report.seconds = start.elapsed().as_secs_f64();
        if let Some(format) = self.coverage {
            let (name, text) = match format {
                CoverageFormat::Lcov => ("coverage.lcov", coverage.lcov()),
                CoverageFormat::Html => ("coverage.html", coverage.html()),
            };
            let path = self.coverage_output.clone().unwrap_or_else(|| PathBuf::from(name));
            if let Err(diagnostic) = ovsm_edge::output::write(&[(path.clone(), text.into_bytes())]) {
                terminal.show_placeless(&[*diagnostic]);
                return Exit::Usage;
            }
            let (hit, all) = coverage.totals();
            terminal.note(&format!("{hit} of {all} lines reached, see {}", path.display()));
        }
        if let Some(path) = &self.flamegraph {
            let is_picture = path.extension().is_some_and(|extension| extension == "svg");
            let text = if is_picture { flame.svg() } else { flame.folded() };
            if let Err(diagnostic) = ovsm_edge::output::write(&[(path.clone(), text.into_bytes())]) {
                terminal.show_placeless(&[*diagnostic]);
                return Exit::Usage;
            }
            terminal.note(&match flame.total() {
                0 => format!("no test ran a Solana program, so there is nothing in {}", path.display()),
                units => format!("{units} compute units, see {}", path.display()),
            });
        }
        if let Some(path) = &self.junit
            && let Err(diagnostic) = ovsm_edge::output::write(&[(path.clone(), report.junit().into_bytes())])
        {
            terminal.show_placeless(&[*diagnostic]);
            return Exit::Usage;
        }
        let text = match (self.list, self.json) {
            (true, _) => report.list(),
            (_, true) => report.json(),
            _ if terminal.format() != Format::Human => report.in_format(terminal.format()),
            _ => report.human(),
        };
        if report.results.is_empty() && report.skipped == 0 && changed.is_none() {
            terminal.note(&match &self.filter {
                Some(filter) => format!("no test has a name that contains `{filter}`"),
                None => "there are no tests here: `(deftest name body …)` defines one".to_string(),
            });
        }
        match terminal.print(&text) {
            Exit::Success if report.failed() => Exit::Program,
            exit => exit,
        }
    }

    /// Runs files on several threads; the outcomes are in the order of the files.
    fn run_files(
        &self,
        files: &[PathBuf],
        selection: &Selection<'_>,
        terminal: &Terminal,
    ) -> Result<Vec<FileOutcome>, String> {
        let next = AtomicUsize::new(0);
        let stop = AtomicBool::new(false);
        let all: Mutex<Vec<(usize, Result<FileOutcome, String>)>> = Mutex::default();
        let threads = self
            .jobs
            .map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from);
        std::thread::scope(|scope| {
            for _ in 0..threads.clamp(1, 64).min(files.len().max(1)) {
                // Deep programs need stack, as on the main thread.
                let thread = std::thread::Builder::new().stack_size(64 << 20);
                let _ = thread.spawn_scoped(scope, || {
                    while !stop.load(Ordering::Relaxed) {
                        let n = next.fetch_add(1, Ordering::Relaxed);
                        let Some(file) = files.get(n) else { break };
                        let outcome = file::run(file, selection, &self.options, terminal, &stop);
                        if let Ok(mut all) = all.lock() {
                            all.push((n, outcome));
                        }
                    }
                });
            }
        });
        let mut all = all.into_inner().unwrap_or_default();
        all.sort_by_key(|(n, _)| *n);
        all.into_iter().map(|(_, outcome)| outcome).collect()
    }
}

/// Where units went is written in the format that the name says.
fn flame_file(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("svg" | "folded") => Ok(path),
        _ => Err("the name has to end in `.svg`, for a picture, or in `.folded`, for text".to_string()),
    }
}

/// A seed that nobody chose.
fn random_seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(1, |now| now.as_nanos() as u64) ^ u64::from(std::process::id()) << 32
}

fn usage(terminal: &Terminal, message: &str) -> Exit {
    terminal.show_placeless(&[Diagnostic::new(Code::CannotRead, message)]);
    Exit::Usage
}
