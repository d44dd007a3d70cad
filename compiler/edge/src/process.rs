//! Running a command: exit codes, a thread with enough stack, panics contained.

use crate::terminal::Terminal;
use ovsm_base::{Code, Diagnostic, threads};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

/// How a command ended. The numbers are documented and never change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// 0: it worked.
    Success,
    /// 1: the program has errors, or ended with one.
    Program,
    /// 2: the command line is wrong, or a file can not be read or written.
    Usage,
    /// 3: the toolchain itself failed.
    Internal,
    /// The script said itself how it ends: `(exit n)`. Of the number, the low byte is what the system keeps.
    Script(i32),
}

impl Exit {
    fn code(self) -> u8 {
        match self {
            Exit::Success => 0,
            Exit::Program => 1,
            Exit::Usage => 2,
            Exit::Internal => 3,
            Exit::Script(code) => code as u8,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

/// Ends the process: what threads hold is not given back piece by piece before the system takes it all. Standard output is written
/// first.
pub fn leave(exit: Exit) -> ! {
    std::process::exit(exit.code().into())
}

/// Address space for the thread that runs the command; pages are taken only when touched.
const STACK: usize = 64 << 20;

/// Runs a command. A panic becomes E0504 and exit code 3.
pub fn guard(terminal: &Terminal, command: impl FnOnce() -> Exit + Send) -> ExitCode {
    let place: Arc<Mutex<Option<String>>> = Arc::default();
    let sink = place.clone();
    // The default hook would print a backtrace that means nothing to the user.
    std::panic::set_hook(Box::new(move |info| {
        if let Ok(mut place) = sink.lock() {
            let message = info
                .payload()
                .downcast_ref::<&str>()
                .map(|text| text.to_string())
                .or_else(|| info.payload().downcast_ref::<String>().cloned())
                .unwrap_or_default();
            let location =
                info.location().map(|at| format!("{}:{}", at.file(), at.line())).unwrap_or_default();
            *place = Some(format!("{message} ({location})"));
        }
    }));
    let outcome = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK);
        let run = || {
            threads::stay();
            catch_unwind(AssertUnwindSafe(command))
        };
        match thread.spawn_scoped(scope, run) {
            Ok(handle) => handle.join().ok().and_then(Result::ok),
            Err(_) => None,
        }
    });
    match outcome {
        Some(exit) => exit.into(),
        None => {
            let detail = place.lock().ok().and_then(|mut place| place.take());
            terminal.show_placeless(&[internal_error(detail)]);
            Exit::Internal.into()
        }
    }
}

fn internal_error(detail: Option<String>) -> Diagnostic {
    let detail = detail.unwrap_or_else(|| "the command's thread could not be started".to_string());
    Diagnostic::new(Code::InternalError, "this is a fault of the toolchain, not of your program")
        .note(detail)
        .help("please report it together with the program")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::TerminalOptions;
    use clap::Parser;

    #[derive(Parser)]
    struct Arguments {
        #[command(flatten)]
        terminal: TerminalOptions,
    }

    #[test]
    fn a_panic_is_an_internal_error() {
        let terminal = Terminal::new(Arguments::parse_from(["test"]).terminal);
        assert_eq!(guard(&terminal, || Exit::Program), ExitCode::from(1));
        assert_eq!(guard(&terminal, || panic!("on purpose")), ExitCode::from(3));
        let fault = internal_error(Some("on purpose".to_string()));
        assert_eq!(fault.code, Code::InternalError);
        assert_eq!(fault.notes, ["on purpose"]);
    }
}
