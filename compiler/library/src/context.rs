//! What a native can reach: the machine that runs it, and through it the host.

use ovsm_value::error::raise;
use ovsm_value::{ErrorKind, Handle, Raised, Value};
use std::rc::Rc;

/// The machine, as natives see it.
pub trait Context {
    /// Calls a function, record type, keyword or object.
    fn call(&mut self, function: &Value, arguments: &[Value]) -> Result<Value, Raised>;

    /// The same; the arguments may be taken out, so that the function can change them in place.
    ///
    /// # Errors
    /// What the function raises.
    fn call_taking(&mut self, function: &Value, arguments: &mut [Value]) -> Result<Value, Raised> {
        self.call(function, arguments)
    }

    /// Pays for work that grows with the data: one unit for about ten nanoseconds. Raises when the fuel or the time is
    /// used up. Natives that loop call it at least once per thousand rounds.
    fn charge(&mut self, units: u64) -> Result<(), Raised>;

    /// Asks before a result of about that many bytes is built. Raises when it would exceed the memory limit.
    fn reserve(&mut self, bytes: usize) -> Result<(), Raised>;

    /// A number that no earlier call gave, for `gensym` and identities.
    fn fresh(&mut self) -> u64;

    /// The name of a function, for messages.
    fn function_name(&self, function: &Value) -> String;

    /// Reads the text of any number of forms into data.
    fn read(&mut self, text: &str) -> Result<Vec<Value>, Raised>;

    /// Evaluates data as a form at the top level of the program.
    fn evaluate(&mut self, form: &Value) -> Result<Value, Raised>;

    /// Expands a macro call once, or until it is none; other forms are given back.
    fn expand(&mut self, form: &Value, repeatedly: bool) -> Result<Value, Raised>;

    /// Makes a task of a call, and gives its handle.
    ///
    /// # Errors
    /// There are no tasks here, or too many.
    fn spawn(&mut self, function: &Value, arguments: Vec<Value>) -> Result<Value, Raised> {
        let _ = (function, arguments);
        Err(no_tasks("async"))
    }

    /// What a task gives, once it has ended.
    ///
    /// # Errors
    /// What the task raised.
    fn await_handle(&mut self, handle: &Rc<Handle>) -> Result<Value, Raised> {
        let _ = handle;
        Err(no_tasks("await"))
    }

    /// Lets the other tasks run once. What it raises must go on unchanged.
    ///
    /// # Errors
    /// What ends the run, or this task gives way.
    fn yield_turn(&mut self) -> Result<(), Raised> {
        Ok(())
    }

    /// Waits, and lets the other tasks run meanwhile. What it raises must go on unchanged.
    ///
    /// # Errors
    /// The host refuses, the run ends, or this task gives way.
    fn pause(&mut self, milliseconds: u64) -> Result<(), Raised> {
        self.host().sleep(milliseconds).map_err(|error| crate::io::failed("sleep", error))
    }

    /// The outside world.
    fn host(&mut self) -> &mut dyn Host;
}

/// Why the host did not do something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum HostError {
    /// It was not permitted; the text names the flag that permits it.
    Denied(String),
    /// It failed; the text says how.
    Failed(String),
}

/// What a test runner is for the program that it tests.
pub trait TestHost {
    /// A number below another, which is not zero.
    fn choose(&mut self, below: u64) -> u64;
    /// Notes a value that a property was given.
    fn drawn(&mut self, name: &str, value: String);
    /// Compares a text with the one that is stored.
    ///
    /// # Errors
    /// How they differ, or that there is none.
    fn snapshot(&mut self, name: Option<&str>, text: &str) -> Result<(), String>;
    /// Counts that a place was reached.
    fn cover(&mut self, place: u32);
    /// Asks the chain on which Solana programs are tested.
    ///
    /// # Errors
    /// Why it can not be done.
    fn chain(&mut self, what: &str, arguments: &[Value]) -> Result<Value, String>;
}

/// What an open file is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OpenMode {
    /// To read it from the start.
    Read,
    /// To write it anew.
    Write,
    /// To add to its end.
    Append,
}

/// What stands at a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileKind {
    /// Nothing.
    Missing,
    /// A file of so many bytes.
    File(u64),
    /// A folder.
    Folder,
    /// A device, a pipe, or something else that is neither.
    Other,
}

/// The outside world. The default of everything is refusal: that is the world of a macro.
pub trait Host {
    /// The test runner, if the program is being tested.
    fn test(&mut self) -> Option<&mut dyn TestHost> {
        None
    }

    /// Writes text to the output.
    fn print(&mut self, text: &str) -> Result<(), HostError> {
        let _ = text;
        Err(pure())
    }

    /// Writes text to the error output.
    fn print_error(&mut self, text: &str) -> Result<(), HostError> {
        let _ = text;
        Err(pure())
    }

    /// The next line of the input without its end, or `None` at the end.
    fn read_line(&mut self) -> Result<Option<String>, HostError> {
        Err(pure())
    }

    /// Nanoseconds since 1970.
    fn now(&mut self) -> Result<u128, HostError> {
        Err(pure())
    }

    /// 64 random bits.
    fn random(&mut self) -> Result<u64, HostError> {
        Err(pure())
    }

    /// Makes the random numbers that follow repeatable.
    fn seed(&mut self, seed: u64) -> Result<(), HostError> {
        let _ = seed;
        Err(pure())
    }

    /// The arguments of the script.
    fn arguments(&mut self) -> Result<Vec<String>, HostError> {
        Err(pure())
    }

    /// An environment variable.
    fn environment(&mut self, name: &str) -> Result<Option<String>, HostError> {
        let _ = name;
        Err(pure())
    }

    /// The bytes of a file.
    fn read_file(&mut self, path: &str) -> Result<Vec<u8>, HostError> {
        let _ = path;
        Err(pure())
    }

    /// Replaces a file as a whole.
    fn write_file(&mut self, path: &str, bytes: &[u8]) -> Result<(), HostError> {
        let _ = (path, bytes);
        Err(pure())
    }

    /// Names in a folder, sorted.
    fn list_folder(&mut self, path: &str) -> Result<Vec<String>, HostError> {
        let _ = path;
        Err(pure())
    }

    /// Adds to the end of a file, which is made if there is none.
    fn append_file(&mut self, path: &str, bytes: &[u8]) -> Result<(), HostError> {
        let _ = (path, bytes);
        Err(pure())
    }

    /// Removes a file; false if there is none.
    fn delete_file(&mut self, path: &str) -> Result<bool, HostError> {
        let _ = path;
        Err(pure())
    }

    /// What stands at a path.
    fn file_kind(&mut self, path: &str) -> Result<FileKind, HostError> {
        let _ = path;
        Err(pure())
    }

    /// Makes a folder and those above it; one that is there stays.
    fn make_folder(&mut self, path: &str) -> Result<(), HostError> {
        let _ = path;
        Err(pure())
    }

    /// Removes a folder: an empty one, or with everything in it.
    fn delete_folder(&mut self, path: &str, with_contents: bool) -> Result<(), HostError> {
        let _ = (path, with_contents);
        Err(pure())
    }

    /// Gives a file another path, in one step; a file that has it already is replaced.
    fn rename_file(&mut self, from: &str, to: &str) -> Result<(), HostError> {
        let _ = (from, to);
        Err(pure())
    }

    /// Opens a file, and gives the number under which the host has it.
    fn open_file(&mut self, path: &str, mode: OpenMode) -> Result<u64, HostError> {
        let _ = (path, mode);
        Err(pure())
    }

    /// The next line of an open file without its end, or `None` at the end.
    fn read_open_line(&mut self, number: u64) -> Result<Option<Vec<u8>>, HostError> {
        let _ = number;
        Err(pure())
    }

    /// Writes to an open file.
    fn write_open(&mut self, number: u64, bytes: &[u8]) -> Result<(), HostError> {
        let _ = (number, bytes);
        Err(pure())
    }

    /// Closes an open file. What was written is in the file then.
    fn close_file(&mut self, number: u64) -> Result<(), HostError> {
        let _ = number;
        Err(pure())
    }

    /// Waits.
    fn sleep(&mut self, milliseconds: u64) -> Result<(), HostError> {
        let _ = milliseconds;
        Err(pure())
    }
}

fn no_tasks(operation: &str) -> Raised {
    raise(ErrorKind::Permission, format!("`{operation}`: there are no tasks here"))
}

fn pure() -> HostError {
    HostError::Denied("code that runs at compile time reaches nothing outside of the program".to_string())
}
