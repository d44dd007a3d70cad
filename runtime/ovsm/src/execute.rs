//! Running a script as compiled code: what it would do as a Solana program.

use crate::script::RunOptions;
use ovsm_base::syscall::Syscall;
use ovsm_base::{Code, Diagnostic, Span};
use ovsm_edge::{Exit, Source, Terminal};
use ovsm_ir::Module;
use ovsm_ir::interpret::{self, Outcome};
use ovsm_ir::lower::EntryKind;
use ovsm_ir::machine::host::Log;
use ovsm_ir::machine::{Fault, Host, Input, Memory, ScriptHost};
use ovsm_ir::passes::{OptLevel, optimize};
use ovsm_query::Type;
use ovsm_query::{Database, lower_program, result_type, source_map, write_value};
use ovsm_vm::{Limits, Run, TraceFrame};

/// Which engine runs a script.
#[derive(clap::Args)]
pub struct EngineOptions {
    /// Run it as a Solana program would run, on one of the engines of compiled code: no dynamic values, `int` is `i64`
    #[arg(long, value_enum, value_name = "ENGINE")]
    engine: Option<Engine>,
    /// How much to optimise compiled code
    #[arg(short = 'O', value_enum, default_value = "2", value_name = "LEVEL", requires = "engine")]
    level: Level,
}

impl EngineOptions {
    /// The engine of compiled code that was asked for.
    pub fn chosen(&self) -> Option<Compiled> {
        self.engine.map(|engine| Compiled { engine, level: self.level })
    }
}

/// An engine of compiled code.
#[derive(Clone, Copy)]
pub struct Compiled {
    engine: Engine,
    level: Level,
}

impl Compiled {
    /// Runs a script and shows its value.
    pub fn eval(self, source: Source, options: &RunOptions, json: bool, terminal: &Terminal) -> Exit {
        let options = ScriptOptions::new(self, options, json);
        match Script::run(source, &options, terminal) {
            Ok(finished) if json => terminal.print(&format!("{}\n", finished.json())),
            Ok(finished) => terminal.print(&format!("{}\n", finished.value)),
            Err(exit) => exit,
        }
    }

    /// Runs a script.
    pub fn run(self, source: Source, options: &RunOptions, json: bool, terminal: &Terminal) -> Exit {
        let options = ScriptOptions::new(self, options, json);
        match Script::run(source, &options, terminal) {
            Ok(finished) if json => terminal.print(&format!("{}\n", finished.json())),
            Ok(_) => Exit::Success,
            Err(exit) => exit,
        }
    }
}

/// How compiled code is run.
struct ScriptOptions {
    fuel: u64,
    max_depth: usize,
    level: Level,
    engine: Engine,
    json: bool,
}

impl ScriptOptions {
    fn new(compiled: Compiled, options: &RunOptions, json: bool) -> ScriptOptions {
        ScriptOptions {
            fuel: options.fuel.min(Limits::default().fuel),
            max_depth: options.max_depth.min(Limits::default().max_call_depth),
            level: compiled.level,
            engine: compiled.engine,
            json,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Engine {
    /// The virtual machine
    Vm,
    /// The reference interpreter of the IR: slow, and counts fuel and frames in its own way
    Ir,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Level {
    /// Nothing
    #[value(name = "0")]
    O0,
    /// What never makes the program larger
    #[value(name = "1")]
    O1,
    /// For few compute units, with moderate growth
    #[value(name = "2")]
    O2,
    /// For few compute units, with more growth
    #[value(name = "3")]
    O3,
    /// For a small program
    #[value(name = "s")]
    Os,
}

/// A script that ended well.
struct Script {
    /// Its last value in read syntax.
    value: String,
    ty: Type,
    logs: Vec<String>,
}

impl Script {
    /// Compiles and runs a script. Unless JSON is wanted, what it logs is printed as it is logged. A failure is shown.
    fn run(source: Source, options: &ScriptOptions, terminal: &Terminal) -> Result<Script, Exit> {
        let mut db = Database::default();
        let path = std::path::PathBuf::from(&source.path);
        let file = match ovsm_edge::program::load_with(&mut db, &path, source) {
            Ok((file, _)) => file,
            Err(diagnostic) => {
                terminal.show_placeless(&[*diagnostic]);
                return Err(Exit::Usage);
            }
        };
        let (mut module, warnings) = match lower_program(&db, file, EntryKind::Value) {
            Ok(lowered) => lowered,
            Err(diagnostics) => {
                terminal.show(&diagnostics, &source_map(&db, file));
                return Err(Exit::Program);
            }
        };
        if !warnings.is_empty() {
            terminal.show(&warnings, &source_map(&db, file));
        }
        let level = match options.level {
            Level::O0 => OptLevel::O0,
            Level::O1 => OptLevel::O1,
            Level::O2 => OptLevel::O2,
            Level::O3 => OptLevel::O3,
            Level::Os => OptLevel::Os,
        };
        let plain = module.clone();
        optimize(&mut module, level);
        let mut host = PrintingHost::new(terminal, !options.json);
        let (mut run, memory) = match execute(&module, &mut host, options) {
            Ok(finished) => finished,
            Err(diagnostic) => {
                terminal.show(&[diagnostic], &source_map(&db, file));
                return Err(Exit::Program);
            }
        };
        if let Some(error) = &host.lost {
            return Err(terminal.output_lost(error));
        }
        if let Outcome::Returned(words) = &run.outcome {
            let ty = result_type(&db, file);
            return Ok(Script {
                value: write_value(&ty, words, &memory),
                ty,
                logs: host.messages().into_iter().map(str::to_string).collect(),
            });
        }
        // Optimised code may not know any more where it failed. A script depends on nothing but its text, so running
        // it again as it was written ends the same way, and knows.
        let placeless =
            matches!(&run.outcome, Outcome::Failed { span: None, .. } | Outcome::Faulted { span: None, .. });
        if placeless
            && level != OptLevel::O0
            && let Ok((again, _)) = execute(&plain, &mut PrintingHost::new(terminal, false), options)
            && again.outcome.agrees_with(&run.outcome)
        {
            run = again;
        }
        let (code, message, span) = match run.outcome {
            Outcome::Failed { failure, span, .. } => {
                (failure.code(), failure.code().title().to_string(), span)
            }
            Outcome::Faulted { fault, span, .. } => (fault.code(), fault.to_string(), span),
            Outcome::Returned(_) => return Err(Exit::Internal),
        };
        if options.json {
            let error = serde_json::json!({ "code": code.as_str(), "message": message });
            let failed = serde_json::json!({ "error": error, "logs": host.messages() });
            let printed = terminal.print(&format!("{failed}\n"));
            if printed != Exit::Success {
                return Err(printed);
            }
        }
        let sources = source_map(&db, file);
        terminal.show(&[uncaught(code, message, span, &run.trace, run.omitted, &sources)], &sources);
        Err(if code == Code::InternalError { Exit::Internal } else { Exit::Program })
    }

    /// The result as a JSON object.
    fn json(&self) -> serde_json::Value {
        serde_json::json!({ "value": self.value, "type": self.ty.to_string(), "logs": self.logs })
    }
}

/// Runs a module from its entry.
fn execute(
    module: &Module,
    host: &mut PrintingHost<'_>,
    options: &ScriptOptions,
) -> Result<(Run, Memory), Diagnostic> {
    let mut memory = Memory::for_module(module, Input::default());
    let run = match options.engine {
        Engine::Vm => {
            let program = ovsm_vm::compile(module)?;
            let limits =
                Limits { fuel: options.fuel, max_call_depth: options.max_depth, ..Limits::default() };
            ovsm_vm::run_traced(&program, &mut memory, host, limits)
        }
        Engine::Ir => {
            // Its frames are large, and it has no other limit on them.
            let max_call_depth = options.max_depth.min(Limits::default().max_call_depth);
            let limits = interpret::Limits { fuel: options.fuel, max_call_depth };
            interpreted(interpret::interpret(module, &mut memory, host, limits))
        }
    };
    Ok((run, memory))
}

/// What the interpreter tells of a run, which is less than what the virtual machine does: no places of callers.
fn interpreted(outcome: Outcome) -> Run {
    let (span, names) = match &outcome {
        Outcome::Returned(_) => (None, [].as_slice()),
        Outcome::Failed { span, trace, .. } | Outcome::Faulted { span, trace, .. } => {
            (*span, trace.as_slice())
        }
    };
    let omitted = names.len().saturating_sub(Run::TRACE_INNER + Run::TRACE_OUTER);
    let shown = names.iter().take(Run::TRACE_INNER).chain(names.iter().skip(Run::TRACE_INNER + omitted));
    let trace = shown
        .enumerate()
        .map(|(number, name)| TraceFrame { function: name.clone(), span: span.filter(|_| number == 0) })
        .collect();
    Run { outcome, trace, omitted, fuel: 0 }
}

/// The diagnostic for a script that failed, with its call trace.
fn uncaught(
    code: Code,
    message: String,
    span: Option<Span>,
    trace: &[TraceFrame],
    omitted: usize,
    sources: &dyn ovsm_base::render::SourceMap,
) -> Diagnostic {
    let mut diagnostic = Diagnostic::new(code, message);
    if let Some(span) = span {
        diagnostic = diagnostic.label(span, "it happened here");
    }
    // The entry alone is no news.
    if trace.len() > 1 {
        let mut calls: Vec<(String, usize)> = Vec::new();
        for (number, frame) in trace.iter().enumerate() {
            if number == Run::TRACE_INNER && omitted > 0 {
                calls.push((format!("… {omitted} more calls …"), 1));
            }
            let place = frame.span.and_then(|span| sources.resolve(span)).map(|(file, range)| {
                let at = ovsm_base::line_index::line_column(sources.text(file), range.start);
                format!(" at {}:{}:{}", sources.path(file), at.line, at.column)
            });
            let call = format!("in `{}`{}", frame.function, place.unwrap_or_default());
            match calls.last_mut() {
                Some((last, times)) if *last == call => *times += 1,
                _ => calls.push((call, 1)),
            }
        }
        for (call, times) in calls {
            diagnostic = diagnostic.note(if times > 1 { format!("{call}, {times} times") } else { call });
        }
    }
    diagnostic
}

/// A host that prints what the script logs, message by message, as it is; or keeps it.
struct PrintingHost<'a> {
    host: ScriptHost,
    terminal: &'a Terminal,
    print: bool,
    /// Why the script was stopped, if nothing can be printed any more.
    lost: Option<std::io::Error>,
}

impl<'a> PrintingHost<'a> {
    fn new(terminal: &'a Terminal, print: bool) -> PrintingHost<'a> {
        PrintingHost { host: ScriptHost::default(), terminal, print, lost: None }
    }

    /// The messages that were not printed. The limit of the host bounds them.
    fn messages(&self) -> Vec<&str> {
        self.host.logs().iter().map(Log::message).collect()
    }
}

impl Host for PrintingHost<'_> {
    fn syscall(
        &mut self,
        syscall: Syscall,
        args: [u64; 5],
        memory: &mut Memory,
        fuel: u64,
    ) -> Result<u64, Fault> {
        let result = self.host.syscall(syscall, args, memory, fuel);
        if self.print {
            for log in self.host.take_logs() {
                if let Err(error) = self.terminal.write(format!("{}\n", log.message()).as_bytes()) {
                    self.lost = Some(error);
                    return Err(Fault::Aborted);
                }
            }
        }
        result
    }
}
