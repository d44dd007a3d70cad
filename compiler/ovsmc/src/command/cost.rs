//! `ovsmc cost`: what a program costs, by instruction, function and source line.

use super::build::{Level, Sbpf, load};
use ovsm_edge::{Exit, Terminal, source};
use ovsm_query::cost::{Costs, FunctionCost, Line, LineCost, Most, NoBound, SearchCost};
use ovsm_query::{BuildOptions, build, costs, source_map};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::PathBuf;

/// So much of a source line is shown.
const SHOWN_CHARACTERS: usize = 56;

/// Show what a program costs, by instruction, function and source line
#[derive(clap::Args)]
#[command(
    after_help = "Units are found in the machine code, without running it: `most` is what one call costs at most on each \
                        line, `once` what the line costs if each of its instructions is executed once. What a macro makes counts \
                        where it is called. A search for an address tries up to 255 bumps, and `most` counts them all; what one \
                        try would cost is said beside it, since half of all searches need no more.\n\nExamples:\n  ovsmc cost counter.ovsm\n  ovsmc cost --json spirits/programs/vault\n  \
                        ovsmc cost -O3 --function entrypoint counter.ovsm"
)]
pub struct Cost {
    /// A source file, or a folder with `src/main.ovsm` or `main.ovsm`; `-` reads standard input
    #[arg(default_value = ".")]
    path: PathBuf,
    /// The version of sBPF
    #[arg(long, value_enum, default_value = "v3", value_name = "VERSION")]
    sbpf: Sbpf,
    /// How much to optimise
    #[arg(short = 'O', value_enum, default_value = "2", value_name = "LEVEL")]
    level: Level,
    /// Only this function
    #[arg(long, value_name = "NAME")]
    function: Option<String>,
    /// The costs as a JSON object on standard output
    #[arg(long)]
    json: bool,
}

impl Cost {
    pub fn run(&self, terminal: &Terminal) -> Exit {
        let main = match source::main_file(&self.path) {
            Ok(main) => main,
            Err(diagnostic) => {
                terminal.show_placeless(&[*diagnostic]);
                return Exit::Usage;
            }
        };
        let (db, file) = match load(&main, terminal) {
            Ok(loaded) => loaded,
            Err(exit) => return exit,
        };
        let options =
            BuildOptions { level: self.level.optimization(), version: self.sbpf.version(), symbols: true };
        let artifact = match build(&db, file, &options) {
            Ok(artifact) => artifact,
            Err(diagnostics) => {
                terminal.show(&diagnostics, &source_map(&db, file));
                return Exit::Program;
            }
        };
        let places = source_map(&db, file);
        terminal.show(&artifact.diagnostics, &places);
        let mut costs = costs(&db, file, &artifact);
        if let Some(name) = &self.function {
            let names: Vec<String> = costs.functions.iter().map(|it| format!("`{}`", it.name)).collect();
            costs.functions.retain(|function| function.name == *name);
            if costs.functions.is_empty() {
                let message =
                    format!("the program has no function `{name}` any more; it has {}", names.join(", "));
                let fault = ovsm_base::Diagnostic::new(ovsm_base::Code::CannotRead, message)
                    .help("small functions, and those with one call, are put in place of their calls");
                terminal.show_placeless(&[fault]);
                return Exit::Usage;
            }
        }
        costs.functions.sort_by(|a, b| expense(b).cmp(&expense(a)).then_with(|| a.name.cmp(&b.name)));
        match self.json {
            true => terminal.print(&format!("{}\n", to_json(&costs, places.files()))),
            false => terminal.print(&table(&costs, places.files())),
        }
    }
}

/// What functions are sorted by: those without a bound first.
fn expense(function: &FunctionCost) -> (bool, u64, usize) {
    match &function.bound {
        Ok(most) => (false, most.units, function.machine_instructions),
        Err(_) => (true, 0, function.machine_instructions),
    }
}

/// The paths and texts of the program's files; the first is the root.
type Files = [(String, String)];

fn at_line(line: Option<Line>, files: &Files) -> String {
    match line {
        None => String::new(),
        Some(Line { file: 0, number }) => format!(" (line {number})"),
        Some(Line { file, number }) => format!(" ({}:{number})", path_of(file, files)),
    }
}

fn path_of(file: usize, files: &Files) -> &str {
    files.get(file).map_or("", |(path, _)| path)
}

fn bound_words(bound: &Result<Most, NoBound>, files: &Files) -> String {
    match bound {
        Ok(most) => {
            let mut words = format!("at most {} CU", most.units);
            if most.calls_programs {
                words.push_str(&format!(
                    " and what the called programs cost{}",
                    at_line(most.program_call, files)
                ));
            }
            // Writing to a string can not fail.
            let _ = match most.searches {
                Some(SearchCost { count: 1, units_at_once, line }) => write!(
                    words,
                    ", with a search of up to 255 bumps{}; typically one try: {units_at_once} CU",
                    at_line(line, files)
                ),
                Some(SearchCost { count, units_at_once, line }) => write!(
                    words,
                    ", with {count} searches of up to 255 bumps each{}; typically one try each: {units_at_once} CU",
                    at_line(line, files)
                ),
                None => Ok(()),
            };
            words
        }
        Err(none) => format!("no bound: {}{}", none.reason, at_line(none.line, files)),
    }
}

/// The costs for people.
fn table(costs: &Costs, files: &Files) -> String {
    let mut out = format!(
        "{} instructions, {} bytes of code, {} bytes of file\n",
        costs.machine_instructions, costs.text_bytes, costs.file_bytes
    );
    let mut paths: Vec<_> = costs.instructions.iter().collect();
    paths.sort_by_key(|path| std::cmp::Reverse(path.bound.as_ref().map_or(u64::MAX, |most| most.units)));
    if !paths.is_empty() {
        out.push_str("\ninstructions of the program, from the entry on\n");
    }
    let width = paths.iter().map(|path| path.name.chars().count()).max().unwrap_or(0);
    // Writing to a string can not fail.
    for path in paths {
        let _ = writeln!(out, "  {:<width$}  {}", path.name, bound_words(&path.bound, files));
    }
    let lines: Vec<Vec<&str>> = files.iter().map(|(_, text)| text.lines().collect()).collect();
    for function in &costs.functions {
        let origin = if function.is_runtime { " (of the compiler)" } else { "" };
        let _ = writeln!(
            out,
            "\n{}{origin}: {}\n  {} instructions, {} bytes, {} bytes of stack",
            function.name,
            bound_words(&function.bound, files),
            function.machine_instructions,
            function.bytes,
            function.frame_bytes
        );
        let _ = writeln!(out, "  {:>8} {:>8} {:>6} {:>6} {:>6}", "most", "once", "instr", "bytes", "line");
        for cost in &function.lines {
            let _ = writeln!(
                out,
                "  {:>8} {:>8} {:>6} {:>6} {:>6}  {}",
                cost.most.map_or("-".to_string(), |most| most.to_string()),
                cost.units,
                cost.machine_instructions,
                cost.bytes,
                cost.line.map_or("-".to_string(), |line| line.number.to_string()),
                words_of_line(cost, &lines, files)
            );
        }
    }
    out
}

/// The text of a line, or what stands in its place.
fn words_of_line(cost: &LineCost, lines: &[Vec<&str>], files: &Files) -> String {
    let Some(Line { file, number }) = cost.line else { return "added by the compiler".to_string() };
    let lines = lines.get(file).map_or(&[][..], Vec::as_slice);
    let text = lines.get(number.saturating_sub(1) as usize).map_or("", |text| text.trim());
    // Lines of the root stand alone.
    let mut shown = if file == 0 { String::new() } else { format!("{}: ", path_of(file, files)) };
    shown.extend(text.chars().take(SHOWN_CHARACTERS).map(visible));
    if text.chars().nth(SHOWN_CHARACTERS).is_some() {
        shown.push('…');
    }
    shown
}

/// What could move the cursor or turn the direction of text is shown as a mark.
fn visible(character: char) -> char {
    match character {
        '\t' => ' ',
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => {
            '\u{fffd}'
        }
        other if other.is_control() => '\u{fffd}',
        other => other,
    }
}

fn bound_json(bound: &Result<Most, NoBound>, files: &Files) -> Value {
    match bound {
        Ok(most) => json!({
            "units": most.units, "calls_programs": most.calls_programs, "program_call_line": most.program_call.map(|line| line.number),
            "program_call_file": file_json(most.program_call, files),
            "searches": most.searches.map(|searches| json!({
                "count": searches.count,
                "bumps_each": 255,
                "units_with_one_try_each": searches.units_at_once,
                "line": searches.line.map(|line| line.number),
                "file": file_json(searches.line, files),
            })),
        }),
        Err(none) => json!({
            "units": null, "reason": none.reason, "line": none.line.map(|line| line.number),
            "file": file_json(none.line, files),
        }),
    }
}

fn file_json(line: Option<Line>, files: &Files) -> Option<&str> {
    line.map(|line| path_of(line.file, files))
}

/// The costs for machines.
fn to_json(costs: &Costs, files: &Files) -> Value {
    json!({
        "instructions": costs.machine_instructions,
        "text_bytes": costs.text_bytes,
        "file_bytes": costs.file_bytes,
        "declared": costs.instructions.iter().map(|path| json!({
            "name": path.name, "bound": bound_json(&path.bound, files),
        })).collect::<Vec<_>>(),
        "functions": costs.functions.iter().map(|function| json!({
            "name": function.name,
            "runtime": function.is_runtime,
            "instructions": function.machine_instructions,
            "bytes": function.bytes,
            "stack_bytes": function.frame_bytes,
            "bound": bound_json(&function.bound, files),
            "lines": function.lines.iter().map(|line| json!({
                "line": line.line.map(|line| line.number),
                "file": file_json(line.line, files),
                "instructions": line.machine_instructions,
                "bytes": line.bytes,
                "units_once": line.units,
                "units_most": line.most,
            })).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    })
}
