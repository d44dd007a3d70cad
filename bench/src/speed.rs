//! Times, as medians of several runs, beside programs that are not ours in the same run.

use crate::program;
use ovsm_base::FormId;
use ovsm_query::{Database, diagnostics};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Runs of each measurement; the median counts.
const RUNS: usize = 11;

fn median(mut measure: impl FnMut() -> Duration) -> Duration {
    let mut times: Vec<Duration> = (0..RUNS).map(|_| measure()).collect();
    times.sort();
    times.get(RUNS / 2).copied().unwrap_or_default()
}

fn time(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// How long a command takes from start to end; `None` if it can not be run or fails.
fn command(program: &Path, arguments: &[&str]) -> Option<Duration> {
    let run = || Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !run().is_ok_and(|status| status.success()) {
        return None;
    }
    Some(median(|| {
        time(|| {
            let _ = run();
        })
    }))
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// What the tools for scripts take, from the start of the process to its end, beside an `ovsm eval 1` that does nothing.
fn tools(binaries: &Path, scratch: &Path) -> std::io::Result<String> {
    let ovsm = binaries.join("ovsm");
    let file = |name: &str, text: String| -> std::io::Result<String> {
        let path = scratch.join(name);
        std::fs::write(&path, text)?;
        Ok(path.display().to_string())
    };
    let tests = (0..1_000).map(|n| format!("(deftest test-{n} (assert= {n} (+ 0 {n})))\n")).collect();
    let functions = |count: usize| -> String {
        (0..count)
            .map(|n| format!("(defn f{n} (a b)\n  (let ((c (+ a b)))\n    (if (> c {n})\n      (* c 2)\n      (- c 1))))\n"))
            .collect()
    };
    let body: String = (0..17).map(|n| format!("     (set! total (+ total (* {n} ,x)))\n")).collect();
    let expansions = format!(
        "(defmacro large (x)\n  `(let ((total 0))\n{body}     total))\n(dotimes (i 10000) (macroexpand-1 '(large i)))\n"
    );
    let (tests, check, format, expansions) = (
        file("tests.ovsm", tests)?,
        file("check.ovsm", functions(5_000))?,
        file("format.ovsm", ovsm_cst::format_source(&functions(200), &ovsm_cst::FormatOptions::default()))?,
        file("expansions.ovsm", expansions)?,
    );
    let mut text = String::from(
        "\n## Tools for scripts\n\nWhole processes; the first row is what starting one takes.\n\n| command | ms |\n|---|---|\n",
    );
    let mut row = |name: &str, arguments: &[&str]| {
        let shown = match command(&ovsm, arguments) {
            Some(time) => format!("{:.1}", milliseconds(time)),
            None => "failed".to_string(),
        };
        text.push_str(&format!("| {name} | {shown} |\n"));
    };
    row("`ovsm eval 1`", &["eval", "1"]);
    row("`ovsm test`, 1,000 tests", &["test", &tests]);
    row("`ovsm check`, 25,000 lines", &["check", &check]);
    row("`ovsm fmt --check`, 1,000 lines", &["fmt", "--check", &format]);
    row("`ovsm run`, 10,000 expansions of a macro of 20 lines", &["run", &expansions]);
    Ok(text)
}

/// The figures as Markdown. `binaries` is the folder with the release binaries, `scratch` one to write files to.
///
/// # Errors
/// If a file can not be written.
pub fn markdown(binaries: &Path, scratch: &Path) -> std::io::Result<String> {
    let mut text = String::from(
        "## Speed of the front end\n\n| stage | lines | ms | million lines/s |\n|---|---|---|---|\n",
    );
    for lines in [1_000, 100_000] {
        let source = program::ovsm(lines);
        let count = source.lines().count();
        let mut row = |stage: &str, duration: Duration| {
            let rate = count as f64 / duration.as_secs_f64() / 1e6;
            text.push_str(&format!("| {stage} | {count} | {:.2} | {rate:.2} |\n", milliseconds(duration)));
        };
        row("lex", median(|| time(|| drop(ovsm_cst::tokenize(&source)))));
        row(
            "lex and read, form by form",
            median(|| {
                time(|| {
                    let split = ovsm_cst::split(&source);
                    for form in &split.forms {
                        drop(ovsm_cst::parse(FormId(0), form.text(&source)));
                    }
                })
            }),
        );
        row(
            "check",
            median(|| {
                let mut db = Database::default();
                let file = db.add_file("program.ovsm", source.as_str());
                time(|| {
                    diagnostics(&db, file);
                })
            }),
        );
    }
    text.push_str(&tools(binaries, scratch)?);
    let (ovsm, c) = (scratch.join("program.ovsm"), scratch.join("program.c"));
    std::fs::write(&ovsm, program::ovsm(1000))?;
    std::fs::write(&c, program::c(1000))?;
    let output = scratch.join("program.out");
    let shown = [ovsm.display().to_string(), c.display().to_string(), output.display().to_string()];
    let [ovsm, c, output] = &shown;
    let ours = command(&binaries.join("ovsmc"), &["build", ovsm, "-o", output]);
    text.push_str(
        "\n## Building a program of 1,000 lines\n\nFrom the start of the process to the finished file.\n\n\
         | command | ms | ovsmc is |\n|---|---|---|\n",
    );
    let mut row = |name: &str, theirs: Option<Duration>| {
        let cells = match (theirs, ours) {
            (Some(theirs), Some(ours)) => {
                let ratio = theirs.as_secs_f64() / ours.as_secs_f64();
                format!("{:.1} | {ratio:.1}× as fast", milliseconds(theirs))
            }
            (Some(theirs), None) => format!("{:.1} | not built", milliseconds(theirs)),
            _ => "not installed | ".to_string(),
        };
        text.push_str(&format!("| {name} | {cells} |\n"));
    };
    row("`ovsmc build` (-O2)", ours);
    row("`gcc -fsyntax-only`", command(Path::new("gcc"), &["-fsyntax-only", c]));
    row("`gcc -O0 -c`", command(Path::new("gcc"), &["-O0", "-c", c, "-o", output]));
    row("`gcc -O2 -c`", command(Path::new("gcc"), &["-O2", "-c", c, "-o", output]));
    row("`tcc -c`", command(Path::new("tcc"), &["-c", c, "-o", output]));
    let baseline = command(Path::new("gcc"), &["-O2", "-c", c, "-o", output]);
    text.push_str(&programs(&binaries.join("ovsmc"), output, baseline)?);
    Ok(text)
}

/// What building each of the programs for Solana takes, lints included, beside a C compiler with a program of 1,000 lines.
fn programs(ovsmc: &Path, output: &str, baseline: Option<Duration>) -> std::io::Result<String> {
    let mut text = String::from(
        "\n## Building programs for Solana\n\nFrom the start of the process to the finished file; the last column is the part of the time \
         that `gcc -O2 -c` takes for 1,000 lines of C.\n\n| program | lines | ms | of gcc |\n|---|---|---|---|\n",
    );
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spirits/programs");
    let mut programs: Vec<_> = std::fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    programs.sort_by_key(std::fs::DirEntry::file_name);
    for program in programs {
        let path = program.path();
        let Ok(source) = std::fs::read_to_string(path.join("src/main.ovsm")) else { continue };
        let time = command(ovsmc, &["build", &path.display().to_string(), "-o", output]);
        let shown = match (time, baseline) {
            (Some(time), Some(baseline)) => {
                let ratio = time.as_secs_f64() / baseline.as_secs_f64();
                format!("{:.1} | {ratio:.2}", milliseconds(time))
            }
            (Some(time), None) => format!("{:.1} | not installed", milliseconds(time)),
            (None, _) => "not built | ".to_string(),
        };
        let (name, lines) = (program.file_name().display().to_string(), source.lines().count());
        text.push_str(&format!("| {name} | {lines} | {shown} |\n"));
    }
    Ok(text)
}
