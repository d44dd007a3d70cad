//! `cargo run --release -p ovsm-bench -- [cu|speed|all] [--write FILE]`: prints the figures as Markdown.

#![allow(clippy::print_stdout, clippy::print_stderr)]

use ovsm_bench::{cu, speed};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (what, output) = match arguments.iter().map(String::as_str).collect::<Vec<&str>>().as_slice() {
        [] => ("all", None),
        [what @ ("cu" | "speed" | "all")] => (*what, None),
        [what @ ("cu" | "speed" | "all"), "--write", file] => (*what, Some(file.to_string())),
        _ => {
            eprintln!("usage: ovsm-bench [cu|speed|all] [--write FILE]");
            return ExitCode::from(2);
        }
    };
    match figures(what) {
        Ok(text) => {
            println!("{text}");
            match output.map(|file| std::fs::write(file, &text)) {
                Some(Err(error)) => {
                    eprintln!("the figures can not be written: {error}");
                    ExitCode::from(2)
                }
                _ => ExitCode::SUCCESS,
            }
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn figures(what: &str) -> Result<String, String> {
    let mut text = format!("# Figures of OVSM {}\n\n", env!("CARGO_PKG_VERSION"));
    if what != "speed" {
        text.push_str(&cu::markdown()?);
        text.push('\n');
    }
    if what != "cu" {
        let own = std::env::current_exe().map_err(|error| error.to_string())?;
        let binaries = own.parent().ok_or("the program has no folder")?;
        let scratch = std::env::temp_dir().join(format!("ovsm-bench-{}", std::process::id()));
        std::fs::create_dir_all(&scratch).map_err(|error| error.to_string())?;
        let speed = speed::markdown(binaries, &scratch).map_err(|error| error.to_string());
        let _ = std::fs::remove_dir_all(&scratch);
        text.push_str(&speed?);
    }
    Ok(text)
}
