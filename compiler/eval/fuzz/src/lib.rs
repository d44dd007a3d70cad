//! What holds for any text, bytes and values that the dynamic engine and its library meet. The fuzz targets check it with
//! what a fuzzer makes up, `compiler/eval/tests/properties.rs` with random input.
//!
//! A check panics if something does not hold. Start with [`evaluates`].

pub mod program;

use ovsm_eval::{Ended, Limits, NoModules, Session};
use ovsm_library::Host;
use ovsm_value::write::{exact, write};
use ovsm_value::{Unwind, Value};

/// The world of a test: it takes what is printed, and refuses the rest.
struct QuietHost;

impl Host for QuietHost {
    fn print(&mut self, _: &str) -> Result<(), ovsm_library::HostError> {
        Ok(())
    }
}

/// A session that can spend little.
pub fn session() -> Session {
    let limits = Limits { fuel: 20_000, max_depth: 300, max_memory: Some(16 << 20) };
    Session::new(limits, Box::new(NoModules), Box::new(QuietHost))
}

/// How a run ended, as text that is the same for each run.
fn outcome(text: &str) -> String {
    match session().run("input", text) {
        Ok(value) => write(&value),
        Err(Ended::Rejected(diagnostics)) => {
            assert!(diagnostics.iter().any(|diagnostic| diagnostic.is_error()), "rejected without an error");
            diagnostics
                .iter()
                .map(|diagnostic| format!("{} {}\n", diagnostic.code.as_str(), diagnostic.message))
                .collect()
        }
        Err(Ended::Failed(failure)) => format!("{} {:?}", failure.code().as_str(), message(&failure.unwind)),
    }
}

fn message(unwind: &Unwind) -> Option<&str> {
    if let Unwind::Error(error) = unwind { Some(&error.message) } else { None }
}

/// Any text: it ends, and in the same way each time.
pub fn evaluates(text: &str) {
    assert_eq!(outcome(text), outcome(text), "two runs differ: {text}");
}

/// Any text: it is compiled or rejected with at least one error that has a place in it.
pub fn compiles(text: &str) {
    let mut session = session();
    session.load("input", text);
    let sources = &session.front.sources;
    for diagnostic in &session.front.diagnostics {
        for label in &diagnostic.labels {
            if let Some((file, range)) = ovsm_base::render::SourceMap::resolve(sources, label.span) {
                let source = ovsm_base::render::SourceMap::text(sources, file);
                assert!(range.end as usize <= source.len(), "{diagnostic:?} is outside of the text");
            }
        }
    }
}

/// Calls a built-in function.
///
/// # Errors
/// What it raises; running out of what it may spend is none.
fn call(name: &str, arguments: &[Value]) -> Option<Value> {
    let native = ovsm_library::find(name).unwrap_or_else(|| panic!("there is no `{name}`"));
    session().call(&Value::Native(native), arguments).ok()
}

/// Any text: what JSON it is can be written and read again.
pub fn json_round_trip(text: &str) {
    let Some(value) = call("parse-json", &[Value::string(text)]) else { return };
    let Some(again) = call("json-stringify", std::slice::from_ref(&value)) else { return };
    let read = call("parse-json", std::slice::from_ref(&again));
    assert_eq!(read.as_ref().map(write), Some(write(&value)), "{}", write(&again));
}

/// Any pattern and text: the functions agree on whether and where it matches.
pub fn regex_functions_agree(pattern: &str, text: &str) {
    let arguments = [Value::string(pattern), Value::string(text)];
    let all = call("regex-find-all", &arguments);
    let first = call("regex-find", &arguments);
    let (Some(all), Some(first)) = (all, first) else { return };
    let found = all.as_items().and_then(<[Value]>::first).map(write);
    let first = if matches!(first, Value::Null) { None } else { Some(write(&first)) };
    assert_eq!(found, first, "{pattern:?} in {text:?}");
    call("regex-groups", &arguments);
    call("regex-match", &arguments);
    call("regex-split", &arguments);
    call("regex-replace", &[arguments[0].clone(), arguments[1].clone(), Value::string("<$0>")]);
    // An escaped text finds itself.
    let Some(escaped) = call("regex-escape", &[Value::string(text)]) else { return };
    if let Some(found) = call("regex-find", &[escaped, Value::string(text)]) {
        assert_eq!(write(&found), write(&Value::string(text)), "an escaped text does not find itself");
    }
}

/// Any bytes, and any text: what was encoded is decoded, and what can be decoded is so in one way.
pub fn encodings_round_trip(bytes: &[u8]) {
    // Base58 takes quadratic time, which is charged: a longer text ends by its fuel.
    let bytes = bytes.get(..128).unwrap_or(bytes);
    for (encode, decode) in [
        ("base58-encode", "base58-decode"),
        ("base64-encode", "base64-decode"),
        ("base64-url-encode", "base64-url-decode"),
        ("hex-encode", "hex-decode"),
    ] {
        let original = Value::bytes(bytes.to_vec());
        if let Some(text) = call(encode, std::slice::from_ref(&original)) {
            assert_eq!(call(decode, &[text]).as_ref().map(write), Some(write(&original)), "{decode}");
        }
        let Ok(text) = std::str::from_utf8(bytes) else { continue };
        if let Some(decoded) = call(decode, &[Value::string(text)]) {
            let again = call(encode, std::slice::from_ref(&decoded)).expect("decoded bytes can be encoded");
            assert_eq!(
                call(decode, &[again]).as_ref().map(write),
                Some(write(&decoded)),
                "{decode} {text:?}"
            );
        }
    }
}

/// Any schema, as text, and any bytes: what is decoded and encoded again is the same value.
pub fn borsh_round_trip(schema: &str, bytes: &[u8]) {
    let Some(schema) = read(schema) else { return };
    let Some(pair) = call("borsh-decode-prefix", &[Value::bytes(bytes.to_vec()), schema.clone()]) else {
        return;
    };
    let Some([value, taken]) = pair.as_items() else { panic!("no pair: {}", write(&pair)) };
    let Some(encoded) = call("borsh-encode", &[value.clone(), schema.clone()]) else { return };
    let taken = ovsm_value::number::to_i64(taken).and_then(|n| usize::try_from(n).ok()).expect("a count");
    assert!(taken <= bytes.len());
    let again = call("borsh-decode", &[encoded, schema]).expect("encoded bytes can be decoded");
    assert_eq!(write(&again), write(value));
}

/// The first form of a text, as data.
pub fn read(text: &str) -> Option<Value> {
    call("read", &[Value::string(text)])
}

/// Any data value: reading what was written gives an equal one, which is written in the same way.
pub fn reading_undoes_writing(value: &Value) {
    let text = exact(value).unwrap_or_else(|_| panic!("it is too deep"));
    let mut session = session();
    let read = match session.run("input", &format!("(read {})", write(&Value::string(text.as_str())))) {
        Ok(read) => read,
        Err(Ended::Failed(failure)) => panic!("{text} is not read: {:?}", message(&failure.unwind)),
        Err(Ended::Rejected(diagnostics)) => panic!("{text} is no text: {diagnostics:?}"),
    };
    assert_eq!(exact(&read).as_ref(), Ok(&text));
    assert_eq!(read.type_name(), value.type_name(), "{text}");
    // What is no number equals nothing, itself neither.
    assert!(text.contains("+nan") || ovsm_value::compare::equal(&read, value), "{text} is another value");
}

/// Any value that is no code: its text is an expression that gives an equal value.
pub fn evaluating_undoes_writing(value: &Value) {
    let text = write(value);
    match session().run("input", &text) {
        Ok(again) => assert_eq!((write(&again), again.type_name()), (text, value.type_name())),
        Err(Ended::Failed(failure)) => panic!("{text} fails: {:?}", message(&failure.unwind)),
        Err(Ended::Rejected(diagnostics)) => panic!("{text} is rejected: {diagnostics:?}"),
    }
}

/// Any text: what is read from it can be written and read again. A name that might be a wrong number (`1each`) is
/// written as a call, and read as one.
pub fn writing_undoes_reading(text: &str) {
    if let Some(value) = read(text)
        && !write(&value).contains("(symbol ")
    {
        reading_undoes_writing(&value);
    }
}
