//! A test case: a program, its input, and what is said about it.

use ovsm_ir::machine::{AccountInput, Input};
use ovsm_query::{Database, SourceFile};
use ovsm_value::encoding::from_base58;

/// The address of the program under test.
pub const PROGRAM_ID: [u8; 32] = [7; 32];

/// A test case.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Case {
    /// The file that it stands in.
    pub file: String,
    /// The line of its heading.
    pub line: usize,
    /// Its headings, outermost first, joined by ` / `.
    pub name: String,
    /// The program.
    pub source: String,
    /// The modules that it may import: their names and texts.
    pub modules: Vec<(String, String)>,
    /// Accounts of the instruction.
    pub accounts: Vec<AccountInput>,
    /// Instruction data.
    pub data: Vec<u8>,
    /// What must hold.
    pub assertions: Vec<Assertion>,
}

/// Something that must hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Assertion {
    /// `=> VALUE`: the last value, in read syntax.
    Value(String),
    /// `return: N`: the return code as a Solana program.
    Return(u64),
    /// `error: CODE` or `warning: CODE`, on the line of the program that it stands at, or anywhere if it stands in an
    /// `expect` fence.
    Diagnostic(String, Option<usize>),
    /// `fails: NAME`: the program's own check fails.
    Fails(String),
    /// `faults`: the machine stops the program.
    Faults,
    /// `prints: TEXT`: the next line that the script prints.
    Prints(String),
    /// `log: TEXT`: the next logged line.
    Log(String),
    /// `account N: lamports=L data=HEX`, either part alone too: after the run.
    Account(usize, Option<u64>, Option<Vec<u8>>),
    /// `cu: N`: compute units of sBPF v3 at -O2.
    ComputeUnits(u64),
}

impl Case {
    /// The program and its modules, ready to be compiled.
    pub fn database(&self) -> (Database, SourceFile) {
        let mut db = Database::default();
        let root = db.add_file(self.file.as_str(), self.source.as_str());
        for (name, text) in &self.modules {
            db.add_module(root, name, format!("{name}.ovsm"), text.as_str());
        }
        (db, root)
    }

    /// The serialised input.
    pub fn input(&self) -> Input {
        Input::serialise(&self.accounts, &self.data, &PROGRAM_ID)
    }

    /// True if the case expects diagnostics.
    pub fn expects_diagnostics(&self) -> bool {
        self.assertions
            .iter()
            .any(|assertion| matches!(assertion, Assertion::Diagnostic(code, _) if code.starts_with('E') || code == "*"))
    }
}

/// An assertion from the text of a comment; `None` if the comment is a comment.
///
/// # Errors
/// If it begins like an assertion and is none.
pub fn assertion(text: &str, line: Option<usize>) -> Result<Option<Assertion>, String> {
    let text = text.trim();
    let wrong = || format!("`{text}` is not an assertion");
    if let Some(value) = text.strip_prefix("=>") {
        return Ok(Some(Assertion::Value(value.trim().to_string())));
    }
    if text == "faults" {
        return Ok(Some(Assertion::Faults));
    }
    let Some((head, rest)) = text.split_once(':') else { return Ok(None) };
    let rest = rest.trim();
    Ok(Some(match head {
        "return" => Assertion::Return(number(rest).ok_or_else(wrong)?),
        "error" | "warning" => Assertion::Diagnostic(rest.to_string(), line),
        "fails" => Assertion::Fails(rest.to_string()),
        "prints" => Assertion::Prints(rest.to_string()),
        "log" => Assertion::Log(rest.to_string()),
        "cu" => Assertion::ComputeUnits(number(rest).ok_or_else(wrong)?),
        _ => {
            let Some(index) = head.strip_prefix("account ") else { return Ok(None) };
            let index = index.parse().map_err(|_| wrong())?;
            let (mut lamports, mut data) = (None, None);
            for part in rest.split_whitespace() {
                match part.split_once('=') {
                    Some(("lamports", value)) => lamports = Some(number(value).ok_or_else(wrong)?),
                    Some(("data", value)) => data = Some(hex(value).ok_or_else(wrong)?),
                    _ => return Err(wrong()),
                }
            }
            Assertion::Account(index, lamports, data)
        }
    }))
}

/// A decimal or `0x` number.
pub fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// Bytes from pairs of hexadecimal digits; blanks separate.
pub fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u32> =
        text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_digit(16)).collect::<Option<_>>()?;
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    Some(digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | *digit) as u8).collect())
}

/// An account from its line: `signer:writable:lamports:data[:program][:key=K]`, or `dN` for the same as account N.
///
/// The key of account N is 32 times the byte N + 1, unless the line says another one, in base58; the owner is the zero key
/// unless the line says `program`.
pub fn account(line: &str, number_of_account: usize) -> Option<AccountInput> {
    if let Some(first) = line.strip_prefix('d') {
        return Some(AccountInput { duplicate_of: Some(first.parse().ok()?), ..AccountInput::default() });
    }
    let parts: Vec<&str> = line.split(':').collect();
    let [signer, writable, lamports, data, rest @ ..] = parts.as_slice() else { return None };
    let (rest, key) = match rest {
        [rest @ .., last] if let Some(key) = last.strip_prefix("key=") => (rest, from_base58::<32>(key)?),
        rest => (rest, [number_of_account as u8 + 1; 32]),
    };
    Some(AccountInput {
        key,
        owner: match rest {
            [] => [0; 32],
            ["program"] => PROGRAM_ID,
            _ => return None,
        },
        lamports: number(lamports)?,
        data: hex(data)?,
        signer: *signer == "1",
        writable: *writable == "1",
        executable: false,
        duplicate_of: None,
    })
}
