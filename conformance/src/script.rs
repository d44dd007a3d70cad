//! Runs a case as a script, on the dynamic engine.

use crate::case::{Assertion, Case};
use ovsm_base::line_index::line_column;
use ovsm_base::render::SourceMap;
use ovsm_base::{Code, Diagnostic};
use ovsm_eval::{Ended, Limits, Loader, Session};
use ovsm_library::{Host, HostError};
use ovsm_value::Unwind;
use ovsm_value::write::write;
use std::cell::RefCell;
use std::rc::Rc;

/// A host that keeps what is printed, and has no other world.
#[derive(Clone, Default)]
struct Recorder {
    output: Rc<RefCell<String>>,
    random: u64,
}

impl Host for Recorder {
    fn print(&mut self, text: &str) -> Result<(), HostError> {
        self.output.borrow_mut().push_str(text);
        Ok(())
    }

    fn print_error(&mut self, _: &str) -> Result<(), HostError> {
        Ok(())
    }

    fn read_line(&mut self) -> Result<Option<String>, HostError> {
        Ok(None)
    }

    fn now(&mut self) -> Result<u128, HostError> {
        Ok(1_700_000_000_000_000_000)
    }

    fn random(&mut self) -> Result<u64, HostError> {
        self.random =
            self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Ok(self.random ^ self.random >> 29)
    }

    fn seed(&mut self, seed: u64) -> Result<(), HostError> {
        self.random = seed;
        Ok(())
    }

    fn arguments(&mut self) -> Result<Vec<String>, HostError> {
        Ok(Vec::new())
    }

    fn sleep(&mut self, _: u64) -> Result<(), HostError> {
        Ok(())
    }
}

/// What a script shows.
pub struct Shown {
    /// The value, or the kind of the error.
    pub end: Result<String, String>,
    /// The code under which the error is reported.
    pub code: Option<Code>,
    /// The message of the error.
    pub message: String,
    /// The printed lines.
    pub lines: Vec<String>,
    /// Code, line and text of what was reported.
    pub reported: Vec<(Code, Option<usize>, String)>,
}

/// The modules of a case.
struct Modules(Vec<(String, String)>);

impl Loader for Modules {
    fn load(&mut self, name: &str) -> Result<Option<(String, String)>, String> {
        let found = self.0.iter().find(|(known, _)| known == name);
        Ok(found.map(|(name, text)| (format!("{name}.ovsm"), text.clone())))
    }

    fn names(&mut self) -> Vec<String> {
        self.0.iter().map(|(name, _)| name.clone()).collect()
    }
}

/// Runs a source text as a script.
pub fn run_source(path: &str, source: &str) -> Shown {
    run_with_modules(path, source, &[])
}

/// Runs a source text as a script that may import modules.
pub fn run_with_modules(path: &str, source: &str, modules: &[(String, String)]) -> Shown {
    let recorder = Recorder::default();
    let output = Rc::clone(&recorder.output);
    let limits = Limits { fuel: 500_000_000, max_depth: 100_000, ..Limits::default() };
    let mut session = Session::new(limits, Box::new(Modules(modules.to_vec())), Box::new(recorder));
    session.front.checker = Some(Box::new(ovsm_infer::script::TypeChecker::default()));
    let ended = session.run(path, source);
    let mut diagnostics = std::mem::take(&mut session.front.diagnostics);
    let mut message = String::new();
    let mut code = None;
    let end = match ended {
        Ok(value) => Ok(write(&value)),
        Err(Ended::Rejected(found)) => {
            diagnostics = found;
            Err("rejected".to_string())
        }
        Err(Ended::Failed(failure)) => Err({
            code = Some(failure.code());
            match &failure.unwind {
                Unwind::Error(error) => {
                    message = error.message.clone();
                    error.kind.name().to_string()
                }
                Unwind::Throw(..) => "throw".to_string(),
                Unwind::Leave { .. } => "leave".to_string(),
                Unwind::Stop(reason) => format!("stop {reason:?}"),
                Unwind::Exit(code) => format!("exit {code}"),
                Unwind::Suspend => "suspended".to_string(),
            }
        }),
    };
    let reported = diagnostics.iter().map(|diagnostic| place(diagnostic, &session, source)).collect();
    let lines = output.borrow().lines().map(str::to_string).collect();
    Shown { end, code, message, lines, reported }
}

fn place(diagnostic: &Diagnostic, session: &Session, source: &str) -> (Code, Option<usize>, String) {
    let at = diagnostic.labels.first().and_then(|label| session.front.sources.resolve(label.span));
    let line = at.map(|(_, range)| line_column(source, range.start).line as usize);
    (diagnostic.code, line, diagnostic.message.clone())
}

/// Runs a case and returns everything that does not hold.
pub fn check(case: &Case) -> Vec<String> {
    let shown = run_with_modules(&case.file, &case.source, &case.modules);
    let mut faults = Vec::new();
    let mut lines = shown.lines.iter();
    let expects_error = case.expects_diagnostics();
    let describe = || match &shown.end {
        Ok(value) => format!("the value {value}"),
        Err(kind) if kind == "rejected" => format!("rejected: {:?}", shown.reported),
        Err(kind) => format!("the error `{kind}`: {}", shown.message),
    };
    for assertion in &case.assertions {
        match assertion {
            Assertion::Value(value) if shown.end.as_ref() != Ok(value) => {
                faults.push(format!("it should give {value}, but ends in {}", describe()));
            }
            Assertion::Fails(kind) => {
                // A clash that is found before the program runs is the same fault, found earlier.
                let early = shown.end == Err("rejected".to_string())
                    && shown.reported.iter().any(|(code, ..)| is_kind(*code, kind));
                if !early && shown.end.as_ref() != Err(kind) {
                    faults.push(format!("it should fail with `{kind}`, but ends in {}", describe()));
                }
            }
            Assertion::Prints(text) => {
                let line = lines.next();
                if line != Some(text) {
                    faults.push(format!("the next printed line is {line:?}, not {text:?} ({})", describe()));
                }
            }
            Assertion::Diagnostic(code, line) => {
                let found = shown.reported.iter().any(|(found, at, _)| {
                    (code == "*" || code == "?" || found.as_str() == code)
                        && (line.is_none() || at.is_none() || at == line)
                });
                if !found {
                    faults
                        .push(format!("{code} is not reported at line {line:?}, it ends in {}", describe()));
                }
            }
            _ => {}
        }
    }
    if !expects_error && shown.end == Err("rejected".to_string()) && faults.is_empty() {
        let fails = case.assertions.iter().any(|assertion| matches!(assertion, Assertion::Fails(_)));
        if !fails {
            faults.push(format!("unexpectedly {}", describe()));
        }
    }
    faults
}

fn is_kind(code: Code, kind: &str) -> bool {
    matches!(
        (code, kind),
        (Code::TypeMismatch | Code::NotCallable, "type")
            | (Code::WrongArity, "arity")
            | (Code::UnknownName, "undefined")
            | (Code::LiteralOutOfRange, "overflow")
            | (Code::CertainFailure, "overflow" | "division-by-zero")
    )
}
