//! What scripts cost beside the same programs in other languages, in the same run.
//!
//! A cost is the processor time of the whole process and its children, in the program and in the system; of several
//! runs the cheapest counts. Nothing here is asserted. The programs are in `bench/scripts`. Start with [`markdown`].

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Runs of each measurement; the cheapest counts.
const RUNS: usize = 7;

/// The programs, and what they do.
const SCRIPTS: &[(&str, &str)] = &[
    ("fib", "fib(32), 7 million calls"),
    ("loop", "30 million rounds"),
    ("string", "a text of a million numbers"),
    ("map", "a million keys put into a table"),
    ("sort", "a million numbers"),
    ("closure", "10 million calls of a closure"),
    ("object", "3 million rounds of reading and changing an object"),
];

/// How a program of another language is run.
struct Peer {
    name: &'static str,
    /// The ending of its sources.
    ending: &'static str,
    /// The command, and what stands before the source.
    command: (PathBuf, &'static [&'static str]),
}

/// Another command than the one on the path, if that is only a start-up script of a version manager.
fn python() -> PathBuf {
    let real = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output();
    match real {
        Ok(output) if output.status.success() => {
            PathBuf::from(String::from_utf8_lossy(&output.stdout).trim().to_string())
        }
        _ => PathBuf::from("python3"),
    }
}

/// The processor time that the children of this process have taken so far.
fn children() -> Option<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).ok()?;
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    u64::try_from(micros).ok().map(Duration::from_micros)
}

/// What a command costs; `None` if it can not be run or fails.
fn cost(program: &Path, arguments: &[&str]) -> Option<Duration> {
    let mut best = None;
    for _ in 0..RUNS {
        let before = children()?;
        let status =
            Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
        if !status.is_ok_and(|status| status.success()) {
            return None;
        }
        let spent = children()?.saturating_sub(before);
        best = Some(best.map_or(spent, |best: Duration| best.min(spent)));
    }
    best
}

/// Guile runs code that it has compiled: gives the expression that loads it.
fn compiled_by_guile(source: &str, scratch: &Path) -> Option<String> {
    let object = scratch.join(Path::new(source).file_stem()?).with_extension("go").display().to_string();
    let compile =
        format!("(use-modules (system base compile)) (compile-file {source:?} #:output-file {object:?})");
    let status = Command::new("guile")
        .args(["--no-auto-compile", "-q", "-c", &compile])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success()).then(|| format!("(load-compiled {object:?})"))
}

/// The figures as Markdown. `binaries` is the folder with the release binaries, `scratch` one to write files to.
///
/// # Errors
/// If a file can not be written.
pub fn markdown(binaries: &Path, scratch: &Path) -> std::io::Result<String> {
    let peers = [
        Peer { name: "lua5.4", ending: "lua", command: ("lua5.4".into(), &[]) },
        Peer { name: "python3", ending: "py", command: (python(), &[]) },
        Peer { name: "guile", ending: "scm", command: ("guile".into(), &["--no-auto-compile", "-q", "-c"]) },
        Peer { name: "sbcl", ending: "lisp", command: ("sbcl".into(), &["--script"]) },
    ];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts");
    let mut text = String::from(
        "## Scripts\n\nProcessor time of whole processes, in ms, the cheapest of several runs; behind that of another \
         language, how many times as much ovsm takes. Guile loads code that it compiled before, outside of the \
         time; sbcl compiles each form as it loads it. \"Nothing\" is the start of each, which is in all rows.\n\n\
         | script | ovsm |",
    );
    peers.iter().for_each(|peer| text.push_str(&format!(" {} |", peer.name)));
    text.push_str(&format!("\n|---|---|{}\n", "---|".repeat(peers.len())));
    std::fs::write(scratch.join("nothing.ovsm"), "1")?;
    std::fs::write(scratch.join("nothing.lua"), "")?;
    std::fs::write(scratch.join("nothing.py"), "")?;
    std::fs::write(scratch.join("nothing.scm"), "1")?;
    std::fs::write(scratch.join("nothing.lisp"), "1")?;
    let all = std::iter::once((scratch, &("nothing", "nothing")));
    for (folder, (name, what)) in all.chain(SCRIPTS.iter().map(|script| (folder.as_path(), script))) {
        let source = |ending: &str| folder.join(name).with_extension(ending).display().to_string();
        let ours = cost(&binaries.join("ovsm"), &["run", &source("ovsm")]);
        text.push_str(&format!("| {what} | {} |", cell(ours)));
        for Peer { name, ending, command: (program, flags) } in &peers {
            let path = source(ending);
            let last = match *name {
                "guile" => compiled_by_guile(&path, scratch),
                _ => Some(path),
            };
            let theirs = last.and_then(|last| cost(program, &[flags, &[last.as_str()][..]].concat()));
            let ratio = match (ours, theirs) {
                (Some(ours), Some(theirs)) => format!(" ({:.2}×)", ours.as_secs_f64() / theirs.as_secs_f64()),
                _ => String::new(),
            };
            text.push_str(&format!(" {}{ratio} |", cell(theirs)));
        }
        text.push('\n');
    }
    text.push_str(&memory(binaries, scratch)?);
    Ok(text)
}

/// Programs that fill an array of a million small integers.
const ARRAYS: &[(&str, &str)] = &[
    ("nothing", "1"),
    (
        "`push!` in a loop",
        "(defn fill (n) (let ((xs [])) (dotimes (i n) (push! xs i)) xs)) (println (length (fill 1000000)))",
    ),
    ("`to-array` of a range", "(println (length (to-array (range 1000000))))"),
    ("`map` over a range", "(println (length (map 1+ (range 1000000))))"),
];

/// The greatest memory of whole processes.
fn memory(binaries: &Path, scratch: &Path) -> std::io::Result<String> {
    let mut text = String::from(
        "\n## Memory of an array of a million small integers\n\nThe most that the whole process has in memory at once, by `time -v`.\n\n\
         | made by | MB |\n|---|---|\n",
    );
    for (name, source) in ARRAYS {
        let path = scratch.join("array.ovsm");
        std::fs::write(&path, source)?;
        let output = Command::new("time")
            .arg("-v")
            .arg(binaries.join("ovsm"))
            .arg("run")
            .arg(&path)
            .stdout(Stdio::null())
            .output();
        let kilobytes = output.ok().and_then(|output| {
            let report = String::from_utf8_lossy(&output.stderr).into_owned();
            let line = report.lines().find(|line| line.contains("Maximum resident set size"))?;
            line.rsplit(' ').next()?.parse::<f64>().ok()
        });
        let cell = kilobytes.map_or("–".to_string(), |kilobytes| format!("{:.1}", kilobytes / 1024.0));
        text.push_str(&format!("| {name} | {cell} |\n"));
    }
    Ok(text)
}

fn cell(duration: Option<Duration>) -> String {
    duration.map_or("–".to_string(), |duration| format!("{:.1}", duration.as_secs_f64() * 1000.0))
}
