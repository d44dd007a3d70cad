//! How a transaction ended, as an object of scripts: compute units, logs, events, and its error by name.

use super::layout;
use super::object::{get, object};
use super::program::Loaded;
use ovsm_ir::failure::Failure;
use ovsm_value::Value;
use ovsm_value::encoding::base58;

/// The runtime's names of the return codes `k << 32`, from 2 up.
const NAMES: [&str; 25] = [
    "InvalidArgument",
    "InvalidInstructionData",
    "InvalidAccountData",
    "AccountDataTooSmall",
    "InsufficientFunds",
    "IncorrectProgramId",
    "MissingRequiredSignature",
    "AccountAlreadyInitialized",
    "UninitializedAccount",
    "NotEnoughAccountKeys",
    "AccountBorrowFailed",
    "MaxSeedLengthExceeded",
    "InvalidSeeds",
    "BorshIoError",
    "AccountNotRentExempt",
    "UnsupportedSysvar",
    "IllegalOwner",
    "MaxAccountsDataAllocationsExceeded",
    "InvalidRealloc",
    "MaxInstructionTraceLengthExceeded",
    "BuiltinProgramsMustConsumeComputeUnits",
    "InvalidAccountOwner",
    "ArithmeticOverflow",
    "Immutable",
    "IncorrectAuthority",
];

/// The outcome as an object. `programs` are those that the test has loaded, `called` those of the instructions.
pub fn outcome(answer: &serde_json::Value, programs: &[Loaded], called: &[[u8; 32]]) -> Value {
    let logs: Vec<&str> = answer
        .get("logs")
        .and_then(serde_json::Value::as_array)
        .map(|lines| lines.iter().filter_map(serde_json::Value::as_str).collect())
        .unwrap_or_default();
    let number = |key: &str| {
        let number = answer.get(key).and_then(serde_json::Value::as_u64).unwrap_or(0);
        Value::from_i128(number.into())
    };
    let messages = logs.iter().filter_map(|line| line.strip_prefix("Program log: "));
    let returned = answer.get("returned").and_then(|pair| pair.get(1)).and_then(serde_json::Value::as_str);
    let error = match answer.get("error") {
        None | Some(serde_json::Value::Null) => Value::Null,
        Some(error) => failure(error, &logs, programs, called),
    };
    object([
        ("ok", Value::Bool(matches!(error, Value::Null))),
        ("units", number("units")),
        ("fee", number("fee")),
        ("messages", Value::array(messages.map(Value::string).collect())),
        ("events", Value::array(events(&logs, programs))),
        ("returned", returned.and_then(super::bytes_of_text).map_or(Value::Null, Value::bytes)),
        ("error", error),
        ("logs", Value::array(logs.iter().map(|line| Value::string(*line)).collect())),
    ])
}

/// The error of a transaction: `:name` is that of the program's declarations, or of the language's failures, or of the
/// runtime.
fn failure(error: &serde_json::Value, logs: &[&str], programs: &[Loaded], called: &[[u8; 32]]) -> Value {
    let runtime = error.get("name").and_then(serde_json::Value::as_str).unwrap_or("unknown");
    let place = error.get("instruction").and_then(serde_json::Value::as_u64);
    // The innermost program that failed says so first.
    let failed = logs.iter().find_map(|line| {
        let (key, _) = line.strip_prefix("Program ")?.split_once(" failed: ")?;
        ovsm_value::encoding::from_base58::<32>(key)
    });
    let key = failed.or_else(|| called.get(usize::try_from(place?).ok()?).copied());
    let program = key.and_then(|key| programs.iter().find(|program| program.key == key));
    let code = runtime.strip_prefix("Custom(").and_then(|rest| rest.strip_suffix(')')?.parse::<u32>().ok());
    let declared = code.and_then(|code| {
        let errors = &program?.compiled.interface.errors;
        errors.iter().find(|error| error.code == code)
    });
    let language = match (code, program) {
        (Some(code), Some(_)) => Failure::from_return_code(u64::from(code)),
        (None, Some(_)) => return_code(runtime).and_then(Failure::from_return_code),
        _ => None,
    };
    let name = match (declared, language) {
        (Some(declared), _) => declared.name.clone(),
        (None, Some(failure)) => failure.name().replace('_', "-"),
        (None, None) => without_details(runtime).to_string(),
    };
    object([
        ("name", Value::keyword(name)),
        ("code", code.map_or(Value::Null, |code| Value::Int(i64::from(code)))),
        ("runtime", Value::string(runtime)),
        ("message", declared.and_then(|error| error.message.as_deref()).map_or(Value::Null, Value::string)),
        ("instruction", place.map_or(Value::Null, |place| Value::from_i128(place.into()))),
        (
            "program",
            match (program, key) {
                (Some(program), _) => Value::string(program.compiled.interface.name.as_str()),
                (None, Some(key)) => Value::string(base58(&key)),
                (None, None) => Value::Null,
            },
        ),
    ])
}

/// The name of an error of the runtime without what it is about: `InsufficientFundsForRent { account_index: 2 }`. The number of a
/// custom error is its name.
fn without_details(runtime: &str) -> &str {
    match runtime.split_once([' ', '(']) {
        Some((name, _)) if name != "Custom" => name,
        _ => runtime,
    }
}

fn return_code(runtime: &str) -> Option<u64> {
    NAMES.iter().position(|name| *name == runtime).map(|n| (n as u64 + 2) << 32)
}

/// Whether an error is the one that is expected: a keyword of its name, or a code.
///
/// # Errors
/// There is no such error.
pub fn is_expected(error: &Value, expected: &Value, programs: &[Loaded]) -> Result<bool, String> {
    if expected.is_integer() {
        let (code, expected) = (get(error, "code"), ovsm_value::number::to_i64(expected));
        return Ok(matches!(code, Value::Int(code) if Some(code) == expected));
    }
    let Some(expected) = super::object::name_of(expected) else {
        return Err("an error is told by its name, such as `:Unauthorized`, or by its code".to_string());
    };
    let plain = |name: &str| name.replace('_', "-");
    let is_name =
        |value: &Value| super::object::name_of(value).is_some_and(|name| plain(name) == plain(expected));
    if is_name(&get(error, "name")) || is_name(&get(error, "runtime")) {
        return Ok(true);
    }
    let declared = programs.iter().flat_map(|program| &program.compiled.interface.errors);
    let mut names = declared.map(|error| error.name.as_str());
    let is_known = names.any(|name| plain(name) == plain(expected))
        || Failure::ALL.into_iter().any(|failure| plain(failure.name()) == plain(expected))
        || NAMES.contains(&expected)
        // The runtime has more names than programs can use.
        || expected.starts_with(|first: char| first.is_ascii_uppercase());
    if is_known {
        return Ok(false);
    }
    let failures = Failure::ALL.into_iter().map(|failure| format!("`:{}`", plain(failure.name())));
    Err(format!(
        "no program here has an error `{expected}`, and the language has {}",
        failures.collect::<Vec<_>>().join(", ")
    ))
}

/// An error in one line.
pub fn described(error: &Value) -> String {
    let name = super::object::name_of(&get(error, "name")).unwrap_or("").to_string();
    let mut text = format!("`:{name}`");
    let runtime = get(error, "runtime");
    let runtime = runtime.as_str().unwrap_or("");
    if runtime != name {
        text.push_str(&format!(" ({runtime})"));
    }
    if let Value::String(message) = get(error, "message") {
        text.push_str(&format!(": {}", message.as_str()));
    }
    text
}

/// The events that were logged: `[:Name {…}]` each.
fn events(logs: &[&str], programs: &[Loaded]) -> Vec<Value> {
    let mut running: Vec<&str> = Vec::new();
    let mut found = Vec::new();
    for line in logs {
        if let Some(data) = line.strip_prefix("Program data: ") {
            let data: Option<Vec<u8>> =
                data.split(' ').map(from_base64).collect::<Option<Vec<_>>>().map(|all| all.concat());
            let Some(data) = data else { continue };
            let owner = programs
                .iter()
                .find(|program| running.last().is_some_and(|key| *key == base58(&program.key)));
            let event = owner.and_then(|program| {
                let events = &program.compiled.interface.events;
                let event = events.iter().find(|event| data.starts_with(&event.discriminator))?;
                let fields = layout::decode(&program.compiled.interface, &event.fields, &data)?;
                Some(Value::array(vec![Value::keyword(event.name.as_str()), fields]))
            });
            // What is no event of a program that is known is shown as it is.
            found.push(event.unwrap_or_else(|| Value::bytes(data)));
            continue;
        }
        let Some(rest) = line.strip_prefix("Program ") else { continue };
        match rest.split_once(' ') {
            Some((key, state)) if state.starts_with("invoke [") => running.push(key),
            Some((_, state)) if state == "success" || state.starts_with("failed: ") => {
                running.pop();
            }
            _ => {}
        }
    }
    found
}

/// The bytes of a text in base64, as logs have it.
fn from_base64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=');
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut held) = (0u32, 0u32);
    for digit in text.bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_logs() {
        assert_eq!(from_base64("aGVsbG8="), Some(b"hello".to_vec()));
        assert_eq!(from_base64(""), Some(Vec::new()));
        assert_eq!(from_base64("a-b"), None);
    }

    #[test]
    fn the_names_of_the_runtime_are_those_of_the_return_codes() {
        let name = |failure: Failure| return_code("InvalidAccountOwner") == Some(failure.return_code());
        assert!(name(Failure::WrongOwner));
        assert_eq!(return_code("Immutable"), Some(Failure::NotWritable.return_code()));
        assert_eq!(return_code("NotEnoughAccountKeys"), Some(Failure::AccountIndex.return_code()));
    }
}
