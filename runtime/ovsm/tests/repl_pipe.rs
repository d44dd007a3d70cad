//! The prompt as another program uses it: through pipes, an answer before the next question.
//!
//! What the prompt does for people is tested in `cli`. Start with [`answers_come_before_the_input_ends`].

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

fn prompt() -> std::process::Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ovsm"));
    command.arg("repl").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

#[test]
fn answers_come_before_the_input_ends() {
    let mut child = prompt();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut ask = |question: &str| {
        input.write_all(question.as_bytes()).unwrap();
        input.flush().unwrap();
        let mut answer = String::new();
        output.read_line(&mut answer).unwrap();
        answer
    };
    assert_eq!(ask("(+ 1\n   1)\n"), "2\n");
    assert_eq!(ask("[1\n 2]\n"), "[1 2]\n");
    assert_eq!(ask("(length \"a\nb\")\n"), "3\n");
    assert_eq!(ask("#| a\n |#\n7\n"), "7\n");
    drop(input);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_form_that_fails_is_told_by_the_exit_code() {
    for (text, code, out) in [
        (&b"(car 5)\n(+ 1 1)\n"[..], 1, "2\n"),
        (b"(/ 1 0)\n", 1, ""),
        (b")\n(+ 1 2)\n", 1, "3\n"),
        (b"(+ 1 2)", 0, "3\n"),
        (b"(+ 1 2)\n\xff\n", 2, "3\n"),
    ] {
        let mut child = prompt();
        child.stdin.take().unwrap().write_all(text).unwrap();
        let output = child.wait_with_output().unwrap();
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!((output.status.code(), &*shown), (Some(code), out), "{}", String::from_utf8_lossy(text));
    }
}
