//! Running a text on the dynamic engine, and reporting how it ended.

use crate::host::{CommandHost, Permissions};
use crate::project::FolderLoader;
use ovsm_base::line_index::line_column;
use ovsm_base::render::SourceMap;
use ovsm_base::{Code, Diagnostic, Span};
use ovsm_edge::{Exit, Source, Terminal};
use ovsm_eval::machine::Interrupt;
use ovsm_eval::{Ended, Failure, Limits, Loader, Session};
use ovsm_value::error::StopReason;
use ovsm_value::{ErrorKind, Unwind, Value};
use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What a run may spend and touch.
#[derive(Clone, Debug, clap::Args)]
pub struct RunOptions {
    /// Stop after so many calls and rounds of loops
    #[arg(long, value_name = "N", default_value_t = u64::MAX, hide_default_value = true)]
    pub fuel: u64,
    /// Stop when calls nest deeper than this
    #[arg(long, value_name = "N", default_value_t = Limits::default().max_depth)]
    pub max_depth: usize,
    /// Stop after so many seconds; in `ovsm test` each test has so many
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub timeout: Option<f64>,
    /// Stop when more memory than this is in use, in megabytes
    #[arg(long, value_name = "MB", default_value_t = 4096)]
    pub max_memory: usize,
    #[command(flatten)]
    pub permissions: Permissions,
}

impl Default for RunOptions {
    fn default() -> RunOptions {
        RunOptions {
            fuel: u64::MAX,
            max_depth: Limits::default().max_depth,
            timeout: None,
            max_memory: 4096,
            permissions: Permissions::default(),
        }
    }
}

/// Parses a number of seconds.
fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds.is_finite() && (0.0..=1e9).contains(&seconds) => Ok(seconds),
        _ => Err("a number of seconds is needed, such as `2` or `0.5`".to_string()),
    }
}

/// Set by Ctrl-C while a script runs at the prompt.
pub static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Time, memory and the user's wish to stop.
pub struct Watch {
    until: Option<Instant>,
    max_memory: usize,
}

impl Watch {
    /// A watch that starts now.
    pub fn new(options: &RunOptions) -> Watch {
        let timeout = options.timeout.filter(|seconds| seconds.is_finite() && *seconds >= 0.0);
        Watch {
            until: timeout.map(|seconds| Instant::now() + Duration::from_secs_f64(seconds.min(1e9))),
            max_memory: options.max_memory.saturating_mul(1 << 20),
        }
    }
}

impl Interrupt for Watch {
    fn check(&mut self) -> Option<StopReason> {
        if INTERRUPTED.load(Ordering::Relaxed) {
            return Some(StopReason::Interrupt);
        }
        if self.until.is_some_and(|until| Instant::now() >= until) {
            return Some(StopReason::Time);
        }
        (crate::ALLOCATOR.allocated() > self.max_memory).then_some(StopReason::Memory)
    }

    fn memory_in_use(&self) -> usize {
        crate::ALLOCATOR.allocated()
    }
}

/// A session for a script at a path.
///
/// # Errors
/// If the project that the script belongs to can not be read.
pub fn session(path: &Path, options: &RunOptions, host: CommandHost) -> Result<Session, Box<Diagnostic>> {
    let loader: Box<dyn Loader> = Box::new(FolderLoader::for_script(path)?);
    let limits = Limits {
        fuel: options.fuel,
        max_depth: options.max_depth,
        max_memory: Some(options.max_memory.saturating_mul(1 << 20)),
    };
    let host = host.limited(limits.max_memory.unwrap_or(usize::MAX));
    let mut session = Session::new(limits, loader, Box::new(host));
    session.machine.set_interrupt(Some(Box::new(Watch::new(options))));
    session.front.checker = Some(Box::new(ovsm_infer::script::TypeChecker::default()));
    Ok(session)
}

/// A script that ended well.
pub struct Finished {
    /// Its last value.
    value: Value,
    /// What it printed, if that was kept.
    output: String,
    session: Session,
}

impl Finished {
    /// The value in read syntax, or with it all that machines want to know.
    ///
    /// # Errors
    /// How the command has to end, if the text of the value exceeds the limits of the run, which is shown.
    pub fn shown(&mut self, json: bool, terminal: &Terminal) -> Result<String, Exit> {
        let value = &self.value;
        let text = match self.session.machine.within_limits(|| ovsm_value::write::write(value)) {
            Ok(text) => text,
            Err(failure) => {
                let diagnostic = uncaught(&failure, &self.session.front.sources);
                if json {
                    print_error(terminal, &diagnostic, &self.output)?;
                }
                terminal.show(&[diagnostic], &self.session.front.sources);
                return Err(Exit::Program);
            }
        };
        if !json {
            return Ok(text);
        }
        let lines: Vec<&str> = self.output.lines().collect();
        Ok(serde_json::json!({ "value": text, "type": self.value.type_name(), "logs": lines }).to_string())
    }

    /// Prints what [`Finished::shown`] gives.
    pub fn print(mut self, json: bool, terminal: &Terminal) -> Exit {
        match self.shown(json, terminal) {
            Ok(text) => terminal.print(&format!("{text}\n")),
            Err(exit) => exit,
        }
    }
}

/// Runs a script. What is wrong is shown.
///
/// # Errors
/// How the command has to end.
pub fn run(
    source: &Source,
    options: &RunOptions,
    arguments: Vec<String>,
    keep_output: bool,
    terminal: &Terminal,
) -> Result<Finished, Exit> {
    let kept: Rc<RefCell<String>> = Rc::default();
    let mut host = CommandHost::new(*terminal, options.permissions.clone(), arguments);
    if keep_output {
        host = host.keeping(Rc::clone(&kept));
    }
    let lost = host.lost();
    let files = host.open_files();
    let mut session = match session(Path::new(&source.path), options, host) {
        Ok(session) => session,
        Err(diagnostic) => {
            terminal.show_placeless(&[*diagnostic]);
            return Err(Exit::Usage);
        }
    };
    let ended = session.run(&source.path, &source.text);
    let warnings = std::mem::take(&mut session.front.diagnostics);
    terminal.show(&warnings, &session.front.sources);
    // Nobody may think that what was not written is there, however the script ended.
    if let Err(message) = files.borrow_mut().close_all() {
        let diagnostic = Diagnostic::new(Code::RuntimeIo, message)
            .help("`(close f)` and `with-open` raise this as an error that the script can catch");
        let has_ended_well = match &ended {
            Ok(_) => true,
            Err(Ended::Failed(failure)) => matches!(failure.unwind, Unwind::Exit(_)),
            Err(Ended::Rejected(_)) => false,
        };
        if has_ended_well && keep_output {
            print_error(terminal, &diagnostic, &kept.take())?;
        }
        terminal.show_placeless(&[diagnostic]);
        if has_ended_well {
            return Err(Exit::Program);
        }
    }
    match ended {
        Ok(value) => Ok(Finished { value, output: kept.take(), session }),
        Err(Ended::Rejected(diagnostics)) => {
            if let (true, Some(first)) =
                (keep_output, diagnostics.iter().find(|diagnostic| diagnostic.is_error()))
            {
                print_error(terminal, first, "")?;
            }
            terminal.show(&diagnostics, &session.front.sources);
            Err(Exit::Program)
        }
        Err(Ended::Failed(failure)) => {
            if let Some(error) = lost.take() {
                return Err(terminal.output_lost(&error));
            }
            if let Unwind::Exit(code) = failure.unwind {
                return Err(Exit::Script(code));
            }
            let diagnostic = uncaught(&failure, &session.front.sources);
            if keep_output {
                let error =
                    serde_json::json!({ "code": diagnostic.code.as_str(), "message": diagnostic.message });
                let lines: Vec<String> = kept.take().lines().map(str::to_string).collect();
                let printed =
                    terminal.print(&format!("{}\n", serde_json::json!({ "error": error, "logs": lines })));
                if printed != Exit::Success {
                    return Err(printed);
                }
            }
            terminal.show(&[diagnostic], &session.front.sources);
            Err(Exit::Program)
        }
    }
}

/// Prints for machines how a script ended that has no value.
fn print_error(terminal: &Terminal, diagnostic: &Diagnostic, output: &str) -> Result<(), Exit> {
    let error = serde_json::json!({ "code": diagnostic.code.as_str(), "message": diagnostic.message });
    let lines: Vec<&str> = output.lines().collect();
    match terminal.print(&format!("{}\n", serde_json::json!({ "error": error, "logs": lines }))) {
        Exit::Success => Ok(()),
        exit => Err(exit),
    }
}

/// The diagnostic for a script that failed, with its call trace.
pub fn uncaught(failure: &Failure, sources: &dyn SourceMap) -> Diagnostic {
    let code = failure.code();
    let message = match &failure.unwind {
        Unwind::Error(error) => error.message.clone(),
        Unwind::Throw(tag, _) => {
            format!("`{}` was thrown, and nothing catches it", ovsm_value::write::brief(tag))
        }
        Unwind::Leave { .. } => "a block was left that has ended".to_string(),
        Unwind::Stop(StopReason::Fuel) => "the fuel of the run is used up".to_string(),
        Unwind::Stop(StopReason::Time) => "the time of the run is used up".to_string(),
        Unwind::Stop(StopReason::Memory) => "the memory of the run is used up".to_string(),
        Unwind::Stop(StopReason::Interrupt) => "the run was interrupted".to_string(),
        Unwind::Exit(code) => format!("the program ended with {code}"),
        Unwind::Suspend => "the run gave way to nobody".to_string(),
    };
    // The lines after the first, as assertions have them, are details.
    let mut lines = message.lines();
    let mut diagnostic = Diagnostic::new(code, lines.next().unwrap_or(""));
    for line in lines {
        diagnostic = diagnostic.note(line.trim_start());
    }
    // Nobody can change the library: what called it is to blame.
    let is_of_library = |span: Span| {
        sources.resolve(span).is_some_and(|(file, _)| {
            let path = sources.path(file);
            path.starts_with("std/") || path.starts_with("solana/")
        })
    };
    let caller = failure
        .span
        .filter(|span| is_of_library(*span))
        .and_then(|_| failure.trace.iter().find(|frame| frame.span.is_some_and(|span| !is_of_library(span))));
    if let Some(caller) = caller {
        if let Some(span) = caller.span {
            diagnostic = diagnostic.label(span, "this call of the library fails");
            if let Some(origin) = &caller.origin {
                diagnostic = origin.explain(span, diagnostic);
            }
        }
    } else if let Some(span) = failure.span {
        diagnostic = match failure.stated {
            Some(stated) => {
                diagnostic.label(span, "this call gives it").label(stated, "the parameter is stated here")
            }
            None => diagnostic.label(span, "it happened here"),
        };
        if let Some(origin) = &failure.origin {
            diagnostic = origin.explain(span, diagnostic);
        }
    }
    if let Unwind::Error(error) = &failure.unwind {
        for line in error.details.lines() {
            diagnostic = diagnostic.note(line.trim_start());
        }
        if let ErrorKind::Named(kind) = &error.kind {
            diagnostic = diagnostic.note(format!("its kind is `:{kind}`"));
        }
        if !matches!(error.data, Value::Null) {
            diagnostic = diagnostic.note(format!("its data is {}", ovsm_value::write::brief(&error.data)));
        }
    }
    // The top level alone is no news.
    if failure.trace.len() > 1 {
        let mut calls: Vec<(String, usize)> = Vec::new();
        for (number, frame) in failure.trace.iter().enumerate() {
            if number == Failure::INNER && failure.omitted > 0 {
                calls.push((format!("… {} more calls …", failure.omitted), 1));
            }
            let place = frame.span.and_then(|span| sources.resolve(span)).map(|(file, range)| {
                let at = line_column(sources.text(file), range.start);
                format!(" at {}:{}:{}", sources.path(file), at.line, at.column)
            });
            let by = frame.origin.as_ref().filter(|origin| !origin.places.is_empty());
            let by = by.map_or_else(String::new, |origin| format!(", in the expansion of `{}`", origin.call));
            let call = format!("in `{}`{}{by}", frame.function, place.unwrap_or_default());
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
