//! What kinds of values each built-in function takes and gives: the table that the type checker of scripts uses, found
//! out by calling the functions.
//!
//! `BLESS=1 cargo test --release -p ovsm-conformance --test native_kinds` calls every function with values of all kinds
//! and writes the table. Otherwise random calls have to agree with it: what the table refuses raises a `:type` error,
//! and what a call gives is of the kinds that the table says.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::print_stdout)]

use ovsm_eval::{Ended, Limits, NoModules, Session};
use ovsm_infer::script::Kinds;
use ovsm_library::{Effect, Host, Native};
use ovsm_value::{ErrorKind, NativeId, Unwind, Value};
use std::collections::BTreeMap;
use std::fmt::Write;

struct NoHost;

impl Host for NoHost {}

/// Texts of the sample values; each is evaluated.
const SAMPLES: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "1",
    "-3",
    "12345678901234567890123",
    "2u8",
    "7u64",
    "-1i32",
    "5u128",
    "1.5",
    "0.0",
    "(decimal \"1.25\")",
    "#\\a",
    "#\\5",
    "\"\"",
    "\"a\"",
    "\"abc\"",
    "\"12\"",
    "\"[1,2]\"",
    "\"616263\"",
    "\"2024-01-02\"",
    "'sym",
    "'x",
    ":key",
    ":type",
    "b\"\"",
    "b\"abc\"",
    "(pubkey \"11111111111111111111111111111111\")",
    "[]",
    "[1 2 3]",
    "[1.5 2.5]",
    "[\"a\" \"b\"]",
    "[[1 2] [3 4]]",
    "[[\"a\" 1]]",
    "[:a :b]",
    "[{:a 1}]",
    "{:json \"[1]\"}",
    "[true]",
    "()",
    "'(1 2)",
    "'(\"a\" \"b\")",
    "'((1 2))",
    "{}",
    "{:a 1}",
    "{:a \"x\" :b [1]}",
    "#{}",
    "#{1 2}",
    "(range 0 3)",
    "(range 0 0)",
    "+",
    "not",
    "str",
    "=",
    "<",
    "length",
    "cons",
    "(cell 1)",
    "(make-hash-table)",
    "(try (error \"e\") (catch e e))",
    "(async +)",
];

fn session() -> Session {
    let limits = Limits { fuel: 2_000_000_000_000, max_depth: 1_000, ..Limits::default() };
    Session::new(limits, Box::new(NoModules), Box::new(NoHost))
}

/// The sample values, and a record and its type.
fn samples(session: &mut Session) -> Vec<Value> {
    let mut values = Vec::new();
    for text in SAMPLES.iter().chain(&["(progn (defrecord Sample a b) (Sample 1 2))", "Sample", "(fn (x) x)"])
    {
        match session.run("sample", text) {
            Ok(value) => values.push(value),
            Err(_) => panic!("`{text}` gives no value"),
        }
    }
    values
}

/// Functions that tell one type from others: a branch behind one knows more. Only kinds, not what is inside.
const PREDICATES: &[&str] = &[
    "null?",
    "bool?",
    "int?",
    "float?",
    "number?",
    "string?",
    "char?",
    "symbol?",
    "keyword?",
    "bytes?",
    "array?",
    "list?",
    "object?",
    "set?",
    "function?",
    "hash-table?",
    "cell?",
    "error?",
    "range?",
    "decimal?",
    "pubkey?",
    "sequence?",
];

/// Makes mutable values anew: a call may change them.
fn fresh(value: &Value) -> Value {
    match value {
        Value::Cell(_) => Value::Cell(std::rc::Rc::new(ovsm_value::Place::new(Value::Int(1)))),
        Value::Table(_) => Value::Table(std::rc::Rc::default()),
        other => other.clone(),
    }
}

enum Outcome {
    Gives(Value),
    WrongType,
    /// Another error: the kinds of the arguments were right.
    Other,
}

fn call(session: &mut Session, id: NativeId, arguments: &[&Value]) -> Outcome {
    let arguments: Vec<Value> = arguments.iter().map(|value| fresh(value)).collect();
    session.machine.set_fuel(200_000);
    match session.call(&Value::Native(id), &arguments) {
        Ok(value) => Outcome::Gives(value),
        Err(Ended::Failed(failure)) => match &failure.unwind {
            Unwind::Error(error) if matches!(error.kind, ErrorKind::Type | ErrorKind::Arity) => {
                Outcome::WrongType
            }
            _ => Outcome::Other,
        },
        Err(Ended::Rejected(_)) => Outcome::Other,
    }
}

/// Functions whose kinds are worth knowing: those that only compute.
fn is_checked(native: &Native) -> bool {
    let skipped = [
        "eval",
        "apply",
        "read",
        "macroexpand",
        "macroexpand-1",
        "error",
        "raise",
        "throw",
        "repeat",
        "make-string",
        "make-array",
        "make-list",
    ];
    let is_internal = native.name.starts_with('#') && native.name != "#iterable";
    matches!(native.effect, Effect::Pure | Effect::State) && !is_internal && !skipped.contains(&native.name)
}

/// What is known of a function: the kinds of each position, the last one standing for all after it, and of the result.
struct Known {
    positions: Vec<Kinds>,
    result: Kinds,
}

fn sizes(native: &Native) -> std::ops::RangeInclusive<usize> {
    let min = usize::from(native.min);
    min..=native.max.map_or(min + 2, usize::from).min(3).max(min)
}

fn explore(session: &mut Session, values: &[Value], id: NativeId, native: &Native) -> Option<Known> {
    let mut positions: Vec<Kinds> = Vec::new();
    let mut result = Kinds::NEVER;
    let mut good = 0;
    let mut random = 0x9e37_79b9_7f4a_7c15u64;
    for size in sizes(native) {
        if size > 3 {
            return None;
        }
        positions.resize(positions.len().max(size), Kinds::NEVER);
        let all = values.len().pow(size as u32);
        let step = (all / 40_000).max(1);
        let mut n = 0;
        while n < all {
            let mut rest = n;
            let arguments: Vec<&Value> = (0..size)
                .map(|_| {
                    let value = &values[rest % values.len()];
                    rest /= values.len();
                    value
                })
                .collect();
            match call(session, id, &arguments) {
                Outcome::WrongType => {}
                outcome => {
                    good += 1;
                    for (position, argument) in positions.iter_mut().zip(&arguments) {
                        *position = position.or(Kinds::of(argument));
                    }
                    if let Outcome::Gives(value) = outcome {
                        result = result.or(Kinds::of(&value));
                    }
                }
            }
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            n += if step == 1 { 1 } else { 1 + (random >> 33) as usize % (2 * step) };
        }
    }
    // The calls of the documentation are right, whatever the samples say.
    for (text, _) in native.examples {
        let Some(arguments) = arguments_of(session, native, text) else { continue };
        positions.resize(positions.len().max(arguments.len()), Kinds::NEVER);
        good += 1;
        for (position, argument) in positions.iter_mut().zip(&arguments) {
            *position = position.or(Kinds::of(argument));
        }
        if let Outcome::Gives(value) = call(session, id, &arguments.iter().collect::<Vec<_>>()) {
            result = result.or(Kinds::of(&value));
        }
    }
    // Positions that only examples reach are not known well enough.
    positions.truncate(*sizes(native).end());
    if good == 0 || positions.iter().any(|kinds| kinds.is_never()) {
        return None;
    }
    // What is declared may be wider than what was seen.
    let declared = native.signature.rsplit("-> ").next().unwrap_or("any").trim();
    let declared = Kinds::named(declared).unwrap_or(Kinds::ANY);
    let result = if declared == Kinds::ANY { Kinds::ANY } else { declared.or(result) };
    // No sample is a signature: scripts get them from the network only.
    let positions = positions.into_iter().map(|kinds| kinds.or(Kinds::SIGNATURE)).collect();
    Some(Known { positions, result })
}

/// The arguments of a call in an example, if it is a plain call of the function.
fn arguments_of(session: &mut Session, native: &Native, text: &str) -> Option<Vec<Value>> {
    let form = session.run("example", &format!("(quote {text})")).ok()?;
    let [Value::Symbol(head), items @ ..] = form.as_items()? else { return None };
    if *head.name != *native.name && !native.aliases.contains(&&*head.name) {
        return None;
    }
    items.iter().map(|item| session.run_form(item.clone()).ok()).collect()
}

fn table() -> BTreeMap<&'static str, (NativeId, &'static Native)> {
    ovsm_library::table()
        .iter()
        .enumerate()
        .filter(|(_, native)| is_checked(native))
        .map(|(n, native)| (native.name, (NativeId(n as u16), *native)))
        .collect()
}

fn path() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../compiler/infer/src/script/natives.txt")
}

fn bless() {
    let mut session = session();
    let values = samples(&mut session);
    let mut text = String::from(
        "# Kinds that built-in functions take, by position, and give. Written by the test `native_kinds`.\n",
    );
    for (name, (id, native)) in table() {
        let Some(known) = explore(&mut session, &values, id, native) else { continue };
        let positions: Vec<String> = known.positions.iter().map(|kinds| format!("{:x}", kinds.0)).collect();
        writeln!(text, "{name} {} -> {:x}", positions.join(" "), known.result.0).unwrap();
    }
    for name in PREDICATES {
        let Some(id) = ovsm_library::find(name) else { panic!("there is no `{name}`") };
        let (mut sometimes, mut refused) = (Kinds::SIGNATURE, Kinds::SIGNATURE);
        for value in &values {
            match call(&mut session, id, &[value]) {
                Outcome::Gives(Value::Bool(true)) => sometimes = sometimes.or(Kinds::of(value)),
                _ => refused = refused.or(Kinds::of(value)),
            }
        }
        writeln!(text, "? {name} {:x} {:x}", sometimes.0, sometimes.without(refused).0).unwrap();
    }
    std::fs::write(path(), text).unwrap();
}

#[test]
fn calls_agree_with_the_table() {
    if std::env::var_os("BLESS").is_some() {
        // The table that was compiled in is the old one.
        return bless();
    }
    let mut session = session();
    let values = samples(&mut session);
    let mut random = 42u64;
    let mut pick = |below: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) as usize % below
    };
    let mut checked = 0;
    for (name, (id, native)) in table() {
        let Some(known) = ovsm_infer::script::native_kinds(id) else { continue };
        checked += 1;
        for _ in 0..60 {
            let sizes = sizes(native);
            let size = sizes.start() + pick(sizes.end() - sizes.start() + 1);
            let arguments: Vec<&Value> = (0..size).map(|_| &values[pick(values.len())]).collect();
            let fits = arguments
                .iter()
                .enumerate()
                .all(|(n, argument)| !known.position(n).is_apart_from(Kinds::of(argument)));
            match call(&mut session, id, &arguments) {
                Outcome::WrongType => {}
                Outcome::Gives(value) => {
                    assert!(
                        fits,
                        "({name} {arguments:?}) gives {value:?}, but the table refuses it: BLESS=1"
                    );
                    assert!(
                        !known.result.is_apart_from(Kinds::of(&value)),
                        "({name} {arguments:?}) gives {value:?}, which the table does not expect: BLESS=1"
                    );
                }
                Outcome::Other => assert!(fits, "({name} {arguments:?}) is refused by the table: BLESS=1"),
            }
        }
    }
    println!("{checked} functions");
    assert!(checked > 250, "only {checked} functions are in the table");
}
