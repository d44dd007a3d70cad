//! `ovsm-svm`: Solana's own runtime for the tests of `ovsm test`, in memory and behind a pipe.
//!
//! One request is a line of JSON on the standard input, one answer a line on the standard output; the first line of all
//! says which version of the protocol is spoken. Nothing here knows the language, reads a file, a clock or a random
//! number, or touches the network: the same requests have the same answers. It ends with its input. Start with [`protocol`],
//! then [`server`].

mod bank;
mod measure;
mod profile;
mod protocol;
mod server;
mod trace;
mod transaction;

use std::io::{BufRead, Read, Write};
use std::process::ExitCode;

/// The longest request: a program of the largest size, in hexadecimal digits, and some room.
const MAX_LINE: u64 = 24 << 20;

const USAGE: &str = "usage: ovsm-svm [--trace]\n\nRuns the transactions of `ovsm test`, which starts it by itself: one JSON \
                     request on a line, one answer on a line.\n\n  --trace      note which instructions of programs run and what they cost, \
                     for coverage and flame graphs\n  --version    print the version and end\n  --help       print this and end\n";

fn main() -> ExitCode {
    let mut trace = false;
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--trace" => trace = true,
            "--version" => {
                println!("ovsm-svm {}", env!("CARGO_PKG_VERSION"));
                return ExitCode::SUCCESS;
            }
            "--help" => {
                print!("{USAGE}");
                return ExitCode::SUCCESS;
            }
            other => {
                eprint!("ovsm-svm: `{other}` is not known\n{USAGE}");
                return ExitCode::from(2);
            }
        }
    }
    match serve(trace) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ovsm-svm: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Answers requests until the input ends.
fn serve(trace: bool) -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    let mut input = std::io::stdin().lock();
    let mut server = server::Server::new(trace);
    writeln!(output, "{}", protocol::hello())?;
    output.flush()?;
    let mut line = String::new();
    loop {
        line.clear();
        if (&mut input).take(MAX_LINE + 1).read_line(&mut line)? == 0 {
            return Ok(());
        }
        if line.len() as u64 > MAX_LINE {
            let error = format!("a request has more than {MAX_LINE} bytes");
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, error));
        }
        // In one piece: what is written piece by piece goes to the other process piece by piece.
        let answer = format!("{}\n", server.answer(&line));
        output.write_all(answer.as_bytes())?;
        output.flush()?;
    }
}
