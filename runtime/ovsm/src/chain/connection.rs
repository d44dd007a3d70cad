//! The runtime of Solana as a process of its own: finding `ovsm-svm`, starting it, and asking it.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The version of the protocol that is spoken here.
const PROTOCOL: u64 = 1;

/// The longest answer: the largest account in hexadecimal digits, and logs.
const MAX_ANSWER: u64 = 64 << 20;

const PROGRAM: &str = if cfg!(windows) { "ovsm-svm.exe" } else { "ovsm-svm" };

/// A running `ovsm-svm`. It ends when this is dropped.
pub struct Connection {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Connection {
    /// Starts the one at a path, or the one that is found.
    ///
    /// # Errors
    /// It is not there, can not be started, or speaks another version of the protocol; the text says how to get it.
    pub fn start(path: Option<&Path>, trace: bool) -> Result<Connection, String> {
        let place = find(path)?;
        let mut command = Command::new(&place);
        if trace {
            command.arg("--trace");
        }
        let mut process =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().map_err(
                |error| {
                    format!("`{}`, which runs Solana programs, can not be started: {error}", place.display())
                },
            )?;
        let (Some(input), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(format!("`{}` has no input or output", place.display()));
        };
        let mut connection = Connection { process, input: Some(input), output: BufReader::new(output) };
        let hello = connection.read()?;
        match hello.get("protocol").and_then(Value::as_u64) {
            Some(PROTOCOL) => Ok(connection),
            Some(other) => Err(format!(
                "`{}` speaks version {other} of its protocol, and this `ovsm` speaks version {PROTOCOL}: install both from \
                 the same sources",
                place.display()
            )),
            None => {
                Err(format!("`{}` is no `ovsm-svm`: its first line says something else", place.display()))
            }
        }
    }

    /// Asks for something.
    ///
    /// # Errors
    /// What it answers if it can not be done, or that it has ended.
    pub fn ask(&mut self, request: &Value) -> Result<Value, String> {
        let Some(input) = &mut self.input else { return Err(ended()) };
        // In one piece: what is written piece by piece goes to the other process piece by piece.
        let line = format!("{request}\n");
        input.write_all(line.as_bytes()).and_then(|()| input.flush()).map_err(|_| ended())?;
        let mut answer = self.read()?;
        match answer.get("error").and_then(Value::as_str) {
            Some(error) => Err(error.to_string()),
            None => Ok(answer.get_mut("ok").map(Value::take).unwrap_or_default()),
        }
    }

    fn read(&mut self) -> Result<Value, String> {
        let mut line = String::new();
        let read = (&mut self.output).take(MAX_ANSWER).read_line(&mut line);
        if read.map_err(|error| format!("`ovsm-svm` can not be read: {error}"))? == 0 {
            return Err(ended());
        }
        serde_json::from_str(&line).map_err(|error| format!("`ovsm-svm` does not answer in JSON: {error}"))
    }
}

fn ended() -> String {
    "`ovsm-svm`, which runs Solana programs, has ended before it answered".to_string()
}

impl Drop for Connection {
    fn drop(&mut self) {
        // It ends with its input. Whether it ended well is of no interest any more.
        drop(self.input.take());
        let _ = self.process.wait();
    }
}

/// Where `ovsm-svm` is: as it was said, beside this program, or on the `PATH`.
fn find(said: Option<&Path>) -> Result<PathBuf, String> {
    if let Some(path) = said {
        return match path.is_file() {
            true => Ok(path.to_path_buf()),
            false => Err(format!("there is no `{}`, which should run Solana programs", path.display())),
        };
    }
    let beside = std::env::current_exe().ok().and_then(|path| Some(path.parent()?.join(PROGRAM)));
    let on_path = std::env::var_os("PATH")
        .map(|path| std::env::split_paths(&path).map(|folder| folder.join(PROGRAM)).collect::<Vec<_>>());
    let places = beside.into_iter().chain(on_path.into_iter().flatten());
    places.into_iter().find(|place| place.is_file()).ok_or_else(|| {
        "tests of Solana programs need `ovsm-svm`, which is not here\n  install it with `cargo install --locked --path \
         runtime/svm` from the sources of `ovsm`\n  or say where it is with `--svm PATH` or the variable `OVSM_SVM`"
            .to_string()
    })
}
