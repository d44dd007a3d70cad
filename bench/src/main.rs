//! `cargo run --release -p ovsm-bench -- [cu|speed|scripts|leaks|all] [--write FILE] [--operations N]`: prints the figures
//! as Markdown. `leaks`, which is not in `all`, fails if memory grows.

#![allow(clippy::print_stdout, clippy::print_stderr)]

use ovsm_bench::leaks::Sample;
use ovsm_bench::{cu, leaks, scripts, speed};
use std::path::Path;
use std::process::ExitCode;

/// Counts what is in use, so that leaks are seen.
#[global_allocator]
static ALLOCATOR: cap::Cap<mimalloc::MiMalloc> = cap::Cap::new(mimalloc::MiMalloc, usize::MAX);

const USAGE: &str = "usage: ovsm-bench [cu|speed|scripts|leaks|all] [--write FILE] [--operations N]";

/// Operations on each kind of value in `leaks`.
const OPERATIONS: u64 = 100_000_000;

struct Arguments {
    what: String,
    output: Option<String>,
    operations: u64,
}

fn arguments() -> Option<Arguments> {
    let mut found = Arguments { what: "all".to_string(), output: None, operations: OPERATIONS };
    let mut rest = std::env::args().skip(1);
    let mut is_first = true;
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "cu" | "speed" | "scripts" | "leaks" | "all" if is_first => found.what = argument,
            "--write" => found.output = Some(rest.next()?),
            "--operations" => found.operations = rest.next()?.parse().ok()?,
            _ => return None,
        }
        is_first = false;
    }
    Some(found)
}

fn main() -> ExitCode {
    let Some(arguments) = arguments() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match figures(&arguments) {
        Ok((text, leaks)) => {
            println!("{text}");
            if let Some(Err(error)) = arguments.output.map(|file| std::fs::write(file, &text)) {
                eprintln!("the figures can not be written: {error}");
                return ExitCode::from(2);
            }
            if !leaks.is_empty() {
                eprintln!("memory grows with: {}", leaks.join(", "));
                return ExitCode::FAILURE;
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// The figures, and the kinds of values that leak.
fn figures(arguments: &Arguments) -> Result<(String, Vec<&'static str>), String> {
    let mut text = format!("# Figures of OVSM {}\n\n", env!("CARGO_PKG_VERSION"));
    let is_wanted = |what: &str| arguments.what == what || arguments.what == "all";
    if is_wanted("cu") {
        text.push_str(&cu::markdown()?);
        text.push('\n');
    }
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let binaries = own.parent().ok_or("the program has no folder")?;
    if is_wanted("speed") {
        text.push_str(&in_scratch(|scratch| speed::markdown(binaries, scratch))?);
        text.push('\n');
    }
    if is_wanted("scripts") {
        text.push_str(&in_scratch(|scratch| scripts::markdown(binaries, scratch))?);
    }
    if arguments.what == "leaks" {
        let (table, leaks) = leaks::markdown(arguments.operations, &mut sample)?;
        text.push_str(&table);
        return Ok((text, leaks));
    }
    Ok((text, Vec::new()))
}

fn in_scratch(measure: impl FnOnce(&Path) -> std::io::Result<String>) -> Result<String, String> {
    let scratch = std::env::temp_dir().join(format!("ovsm-bench-{}", std::process::id()));
    std::fs::create_dir_all(&scratch).map_err(|error| error.to_string())?;
    let result = measure(&scratch).map_err(|error| error.to_string());
    let _ = std::fs::remove_dir_all(&scratch);
    result
}

fn sample() -> Sample {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("");
    let kilobytes: usize = line.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(0);
    Sample { live: ALLOCATOR.allocated(), resident: kilobytes * 1024 }
}
