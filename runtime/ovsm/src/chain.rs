//! The chain on which `ovsm test` runs Solana programs: what `chain-request` asks for.
//!
//! Solana's runtime is a process of its own (`ovsm-svm`), started when a test first needs it. Here is everything that needs
//! to know the language: compiling programs, and values for and from bytes by what the programs declare. Banks are known by
//! number; those that a test makes end with it. Start with [`Chain::request`].

mod attack;
mod call;
mod connection;
mod layout;
mod object;
mod outcome;
mod profile;
mod program;

use crate::chain::attack::{Meta, Raw, variants};
use crate::chain::call::{given_seed, key_value};
use crate::chain::connection::Connection;
use crate::chain::layout::{decode, description, encode, key_bytes, write_head};
use crate::chain::object::{get, name_of, object};
pub use crate::chain::profile::Frame;
use crate::chain::program::{Compiled, Loaded, compile};
use ovsm_base::Span;
use ovsm_interface::model::hex;
use ovsm_query::source_map::FilePositions;
use ovsm_value::encoding::{base58, from_base58};
use ovsm_value::number::to_bigint;
use ovsm_value::write::brief;
use ovsm_value::{Object, Value};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// The largest program that is loaded from a file.
const MAX_ELF_BYTES: u64 = 10 << 20;

/// How tests of programs run.
#[derive(Clone, Debug, Default)]
pub struct ChainOptions {
    /// Where `ovsm-svm` is, if it was said.
    pub svm: Option<PathBuf>,
    /// The folder that paths of programs are relative to; programs are looked for nowhere else.
    pub root: PathBuf,
    /// Whether to note which code of programs runs.
    pub trace: bool,
}

/// The banks and programs of a file of tests.
#[derive(Default)]
pub struct Chain {
    options: ChainOptions,
    connection: Option<Connection>,
    compiled: BTreeMap<PathBuf, Rc<Compiled>>,
    /// Every program that was loaded, by its number.
    programs: Vec<Loaded>,
    /// The number that the next bank will have.
    next: u64,
    /// Banks from this number on end with the test.
    kept: u64,
}

/// An account as bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccountBytes {
    /// Its balance.
    pub lamports: u64,
    /// The program that owns it.
    pub owner: [u8; 32],
    /// Its data.
    pub data: Vec<u8>,
    /// True for programs.
    pub executable: bool,
}

impl AccountBytes {
    fn json(&self) -> Json {
        json!({
            "lamports": self.lamports,
            "owner": base58(&self.owner),
            "data": hex(&self.data),
            "executable": self.executable,
        })
    }

    fn from_json(json: &Json) -> Option<AccountBytes> {
        Some(AccountBytes {
            lamports: json.get("lamports")?.as_u64()?,
            owner: from_base58::<32>(json.get("owner")?.as_str()?)?,
            data: bytes_of_text(json.get("data")?.as_str()?)?,
            executable: json.get("executable")?.as_bool()?,
        })
    }
}

/// Bytes from hexadecimal digits.
fn bytes_of_text(text: &str) -> Option<Vec<u8>> {
    let digit = |digit: u8| (digit as char).to_digit(16).map(|value| value as u8);
    text.as_bytes()
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect()
}

impl Chain {
    /// A chain that is not started yet.
    pub fn new(options: ChainOptions) -> Chain {
        Chain { options, next: 1, kept: 1, ..Chain::default() }
    }

    /// A test begins: what the one before has made ends.
    ///
    /// # Errors
    /// `ovsm-svm` has ended.
    pub fn begin_test(&mut self) -> Result<(), String> {
        if self.connection.is_some() && self.next > self.kept {
            let from = self.kept;
            self.ask(&json!({ "op": "forget", "from": from }))?;
        }
        Ok(())
    }

    /// Everything that is there so far belongs to the file, and no test ends it.
    pub fn keep(&mut self) {
        self.kept = self.next;
    }

    /// Of each program that ran: where its code comes from, how often each slot ran, and what the places mean.
    pub fn traces(&mut self) -> Vec<(Rc<Compiled>, Vec<u64>)> {
        let mut found: Vec<(Rc<Compiled>, Vec<u64>)> = Vec::new();
        for program in self.programs.clone() {
            let asked = self.ask(&json!({ "op": "trace", "program": base58(&program.key) }));
            let Ok(Json::Array(counts)) = asked else { continue };
            let counts: Vec<u64> = counts.iter().map(|count| count.as_u64().unwrap_or(0)).collect();
            if !found.iter().any(|(known, _)| Rc::ptr_eq(known, &program.compiled)) {
                found.push((program.compiled, counts));
            }
        }
        found
    }

    /// What `(chain-request what arguments…)` gives.
    ///
    /// # Errors
    /// Why it can not be done.
    pub fn request(&mut self, what: &str, arguments: &[Value]) -> Result<Value, String> {
        let argument = |n: usize| arguments.get(n).cloned().unwrap_or_default();
        let key = |n: usize| {
            key_bytes(&argument(n)).ok_or_else(|| {
                format!("`{}` is no key: a wallet, an address or `(pubkey \"…\")` is", brief(&argument(n)))
            })
        };
        match what {
            "new" => self.bank(&json!({ "op": "new" })),
            "fork" => {
                let chain = chain_of(&argument(0))?;
                self.bank(&json!({ "op": "fork", "chain": chain }))
            }
            "wallet" | "key" => {
                let name = argument(0);
                let name = name_of(&name).ok_or("a name is a keyword or a string")?;
                let made = self.ask(&json!({ "op": what, "name": name }))?;
                let key = made.as_str().and_then(from_base58::<32>).ok_or("`ovsm-svm` gives no key")?;
                Ok(key_value(key))
            }
            "load" => self.load(&argument(0), &argument(1), &argument(2)),
            "load-elf" => {
                let (chain, key) = (chain_of(&argument(0))?, key(2)?);
                let (place, _) = self.inside(&argument(1))?;
                let meta =
                    std::fs::metadata(&place).map_err(|error| format!("`{}`: {error}", place.display()))?;
                if !meta.is_file() || meta.len() > MAX_ELF_BYTES {
                    return Err(format!("`{}` is no file of at most {MAX_ELF_BYTES} bytes", place.display()));
                }
                let elf = std::fs::read(&place).map_err(|error| format!("`{}`: {error}", place.display()))?;
                self.ask(&json!({ "op": "program", "chain": chain, "key": base58(&key), "elf": hex(&elf) }))?;
                Ok(key_value(key))
            }
            "pda" => {
                let program = key(0)?;
                let seeds = argument(1);
                let seeds = seeds.as_items().ok_or("the seeds of an address are an array")?;
                let seeds = seeds.iter().map(given_seed).collect::<Result<Vec<_>, _>>()?;
                let (key, bump) = self.address(&program, &seeds)?;
                Ok(Value::array(vec![key_value(key), Value::from_i128(bump.into())]))
            }
            "account-address" => self.account_address(arguments),
            "account" => {
                let program = self.program(&argument(1))?;
                let name = argument(2);
                let layout = program.compiled.layout(name_of(&name).unwrap_or_default())?;
                let shown = base58(&key(3)?);
                let account = self.account_at(&argument(0), &key(3)?)?;
                let Some(account) = account else { return Ok(Value::Null) };
                if account.owner != program.key {
                    return Err(format!(
                        "the account {shown} belongs to {}, not to the program `{}`",
                        base58(&account.owner),
                        program.compiled.interface.name
                    ));
                }
                if !account.data.starts_with(&layout.discriminator) {
                    return Err(format!("the data of {shown} do not say that it is a `{}`", layout.name));
                }
                decode(&program.compiled.interface, &layout.fields, &account.data).ok_or_else(|| {
                    format!("the {} bytes of {shown} are no `{}`", account.data.len(), layout.name)
                })
            }
            "account-bytes" => {
                let program = self.program(&argument(0))?;
                let name = argument(1);
                let layout = program.compiled.layout(name_of(&name).unwrap_or_default())?;
                let mut data = vec![0; layout.size as usize];
                write_head(&mut data, &layout.discriminator);
                let what = format!("`{}`", layout.name);
                encode(&program.compiled.interface, &layout.fields, &argument(2), true, &what, &mut data)?;
                Ok(Value::bytes(data))
            }
            "raw-account" => Ok(self.account_at(&argument(0), &key(1)?)?.map_or(Value::Null, |account| {
                object([
                    ("lamports", Value::from_i128(account.lamports.into())),
                    ("owner", key_value(account.owner)),
                    ("data", Value::bytes(account.data)),
                    ("executable", Value::Bool(account.executable)),
                ])
            })),
            "set-account" => {
                let (chain, key) = (chain_of(&argument(0))?, key(1)?);
                let account = self.given_account(chain, &argument(2))?;
                self.ask(
                    &json!({ "op": "set", "chain": chain, "key": base58(&key), "account": account.json() }),
                )?;
                Ok(key_value(key))
            }
            "rent" => {
                let size = natural(&argument(1), "a size")?;
                let rent =
                    self.ask(&json!({ "op": "rent", "chain": chain_of(&argument(0))?, "size": size }))?;
                Ok(Value::from_i128(rent.as_u64().unwrap_or(0).into()))
            }
            "clock" => {
                let clock = self.ask(&json!({ "op": "clock", "chain": chain_of(&argument(0))? }))?;
                let part = |name: &str| {
                    let number = clock.get(name).and_then(Json::as_i64).unwrap_or(0);
                    Value::from_i128(number.into())
                };
                Ok(object([("slot", part("slot")), ("time", part("time")), ("epoch", part("epoch"))]))
            }
            "warp" => {
                let mut request = json!({ "op": "warp", "chain": chain_of(&argument(0))? });
                for name in ["slot", "time", "epoch"] {
                    let value = get(&argument(1), name);
                    if !matches!(value, Value::Null) {
                        let number = to_bigint(&value).and_then(|number| i64::try_from(number).ok());
                        let number = number.ok_or_else(|| format!("`:{name}` is a whole number"))?;
                        if let Some(entries) = request.as_object_mut() {
                            entries.insert(name.to_string(), json!(number));
                        }
                    }
                }
                self.ask(&request)?;
                Ok(Value::Null)
            }
            "call" => self.call(arguments),
            "arguments" => {
                let program = self.program(&argument(0))?;
                let name = argument(1);
                let instruction = program.compiled.instruction(name_of(&name).unwrap_or_default())?;
                let fields = instruction.arguments.iter();
                let interface = &program.compiled.interface;
                Ok(object(fields.map(|field| (field.name.as_str(), description(interface, &field.ty)))))
            }
            "send" => {
                let chain = chain_of(&argument(0))?;
                let payer = argument(1);
                let payer = match payer {
                    Value::Null => None,
                    _ => Some(key(1)?),
                };
                let calls = argument(2);
                let calls = calls.as_items().unwrap_or(&[]);
                if calls.is_empty() {
                    return Err("a transaction needs a call at least".to_string());
                }
                let mut called = Vec::with_capacity(calls.len());
                let mut instructions = Vec::with_capacity(calls.len());
                for call in calls {
                    let (program, raw) = raw_call(call)?;
                    called.push(program);
                    instructions.push(instruction_json(&program, &raw));
                }
                let mut request = json!({ "op": "send", "chain": chain, "instructions": instructions });
                if let (Some(payer), Some(entries)) = (payer, request.as_object_mut()) {
                    entries.insert("payer".to_string(), json!(base58(&payer)));
                }
                let answer = self.ask(&request)?;
                Ok(outcome::outcome(&answer, &self.programs, &called))
            }
            "is-error" => {
                let is_it = outcome::is_expected(&argument(0), &argument(1), &self.programs)?;
                Ok(Value::Bool(is_it))
            }
            "describe-error" => Ok(Value::string(outcome::described(&argument(0)))),
            "attacks" => self.attacks(&argument(0), &argument(1)),
            other => Err(format!("`{other}` is nothing that a chain can be asked for")),
        }
    }

    /// Asks for a bank.
    fn bank(&mut self, request: &Json) -> Result<Value, String> {
        let number = self.ask(request)?;
        let number = number.as_u64().ok_or("`ovsm-svm` gives no chain")?;
        self.next = number + 1;
        Ok(object([("chain", Value::from_i128(number.into()))]))
    }

    /// Asks `ovsm-svm`, which is started if it is not running.
    fn ask(&mut self, request: &Json) -> Result<Json, String> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(Connection::start(self.options.svm.as_deref(), self.options.trace)?),
        };
        connection.ask(request)
    }

    /// The file of a path as it is shown, and as it is; it has to be inside of the project.
    fn inside(&self, path: &Value) -> Result<(PathBuf, PathBuf), String> {
        let Value::String(path) = path else {
            return Err(format!("the path of a program is a string, and this is {}", brief(path)));
        };
        let place = self.options.root.join(path.as_str());
        let shown = place.display();
        let full = place.canonicalize().map_err(|error| format!("`{shown}` can not be read: {error}"))?;
        let root = if self.options.root.as_os_str().is_empty() { Path::new(".") } else { &self.options.root };
        let root = root.canonicalize().map_err(|error| format!("`{}`: {error}", root.display()))?;
        if !full.starts_with(&root) {
            return Err(format!(
                "`{shown}` is outside of the project, and tests load the programs of their project"
            ));
        }
        Ok((place, full))
    }

    /// Compiles a program, unless that was done before, and loads it.
    fn load(&mut self, chain: &Value, path: &Value, key: &Value) -> Result<Value, String> {
        let number = chain_of(chain)?;
        let main = Value::string("src/main.ovsm");
        let (place, full) = self.inside(if matches!(path, Value::Null) { &main } else { path })?;
        let compiled = match self.compiled.get(&full) {
            Some(compiled) => Rc::clone(compiled),
            None => {
                let compiled = Rc::new(compile(&place)?);
                self.compiled.insert(full, Rc::clone(&compiled));
                compiled
            }
        };
        let key = match key {
            Value::Null => match compiled.interface.address.as_deref().and_then(from_base58::<32>) {
                Some(key) => key,
                None => {
                    let name = format!("program {}", compiled.interface.name);
                    let made = self.ask(&json!({ "op": "key", "name": name }))?;
                    made.as_str().and_then(from_base58::<32>).ok_or("`ovsm-svm` gives no key")?
                }
            },
            key => key_bytes(key).ok_or_else(|| format!("`{}` is no key", brief(key)))?,
        };
        self.ask(
            &json!({ "op": "program", "chain": number, "key": base58(&key), "elf": hex(&compiled.elf) }),
        )?;
        let known = self
            .programs
            .iter()
            .position(|program| program.key == key && Rc::ptr_eq(&program.compiled, &compiled));
        let place = known.unwrap_or(self.programs.len());
        let name = Value::string(compiled.interface.name.as_str());
        if known.is_none() {
            self.programs.push(Loaded { compiled, key });
        }
        Ok(object([
            ("program", name),
            ("key", key_value(key)),
            ("number", Value::from_usize(place)),
            ("chain", get(chain, "chain")),
        ]))
    }

    /// The program that a value of `load-program` stands for.
    fn program(&self, value: &Value) -> Result<Loaded, String> {
        let number = match get(value, "number") {
            Value::Int(number) => usize::try_from(number).ok(),
            _ => None,
        };
        number
            .and_then(|number| self.programs.get(number))
            .cloned()
            .ok_or_else(|| format!("`{}` is no program: `(load-program chain)` gives one", brief(value)))
    }

    /// The account at a key; `chain` is a chain or its number.
    fn account_at(&mut self, chain: &Value, key: &[u8; 32]) -> Result<Option<AccountBytes>, String> {
        let number = chain_of(chain)?;
        let found = self.ask(&json!({ "op": "get", "chain": number, "key": base58(key) }))?;
        Ok(AccountBytes::from_json(&found))
    }

    /// An account that a test describes; its balance is the least that an account of its size has, if it is not said.
    fn given_account(&mut self, chain: u64, given: &Value) -> Result<AccountBytes, String> {
        let data = match get(given, "data") {
            Value::Bytes(data) => data.to_vec(),
            Value::Null => Vec::new(),
            other => return Err(format!("the data of an account are bytes, and this is {}", brief(&other))),
        };
        let lamports = match get(given, "lamports") {
            Value::Null => {
                let rent = self.ask(&json!({ "op": "rent", "chain": chain, "size": data.len() }))?;
                rent.as_u64().unwrap_or(0)
            }
            lamports => natural(&lamports, "lamports")?,
        };
        let owner = match get(given, "owner") {
            Value::Null => [0; 32],
            owner => key_bytes(&owner).ok_or_else(|| format!("the owner `{}` is no key", brief(&owner)))?,
        };
        Ok(AccountBytes { lamports, owner, data, executable: get(given, "executable").is_true() })
    }

    /// Runs every attack on a call: `{:attack :error :changed}` each.
    fn attacks(&mut self, chain: &Value, call: &Value) -> Result<Value, String> {
        let number = chain_of(chain)?;
        let (key, raw) = raw_call(call)?;
        let program = self.programs.iter().find(|program| program.key == key).cloned();
        let program = program.ok_or("attacks are made from the declarations of a program that was loaded")?;
        let name = get(call, "instruction");
        let compiled = Rc::clone(&program.compiled);
        let instruction = compiled.instruction(name_of(&name).unwrap_or_default())?;
        let mut accounts = Vec::with_capacity(raw.accounts.len());
        let mut strange = Vec::with_capacity(raw.accounts.len());
        for (n, meta) in raw.accounts.iter().enumerate() {
            accounts.push(self.account_at(chain, &meta.key)?);
            let made = self.ask(&json!({ "op": "key", "name": format!("attack {n}") }))?;
            strange.push(made.as_str().and_then(from_base58::<32>).ok_or("`ovsm-svm` gives no key")?);
        }
        // A call that fails anyway would say nothing.
        let good = self.probe(number, &key, &raw, &[])?;
        let good = outcome::outcome(&good, &self.programs, &[key]);
        if !matches!(get(&good, "error"), Value::Null) {
            return Err(format!(
                "the call itself has to succeed before it is attacked, and it fails with {}",
                outcome::described(&get(&good, "error"))
            ));
        }
        let mut results = Vec::new();
        for attack in variants(&program, instruction, &raw, &accounts, &strange) {
            let answer = self.probe(number, &key, &attack.call, &attack.set)?;
            let outcome = outcome::outcome(&answer, &self.programs, &[key]);
            let changed = answer.get("changed").and_then(Json::as_array).map(Vec::as_slice).unwrap_or(&[]);
            let changed = changed.iter().filter_map(|key| from_base58::<32>(key.as_str()?)).map(key_value);
            results.push(object([
                ("attack", Value::string(attack.what)),
                ("error", get(&outcome, "error")),
                ("changed", Value::array(changed.collect())),
            ]));
        }
        Ok(Value::array(results))
    }

    /// Runs a call on a copy of a bank.
    fn probe(
        &mut self,
        chain: u64,
        program: &[u8; 32],
        call: &Raw,
        set: &[([u8; 32], AccountBytes)],
    ) -> Result<Json, String> {
        let watch: Vec<String> = call.accounts.iter().map(|meta| base58(&meta.key)).collect();
        let set: Vec<Json> = set.iter().map(|(key, account)| json!([base58(key), account.json()])).collect();
        self.ask(&json!({
            "op": "send",
            "chain": chain,
            "instructions": [instruction_json(program, call)],
            "probe": { "watch": watch, "set": set },
        }))
    }
}

/// Where the code of a program comes from, for coverage.
impl Compiled {
    /// The places of its slots, and what they mean.
    pub fn places(&self) -> (&[Option<Span>], &FilePositions) {
        (&self.spans, &self.positions)
    }
}

/// The number of a chain, of which `(test-chain)` gives one; a program knows the one that it was loaded on.
fn chain_of(value: &Value) -> Result<u64, String> {
    let number = match value {
        Value::Int(number) => Some(*number),
        other => match get(other, "chain") {
            Value::Int(number) => Some(number),
            _ => None,
        },
    };
    number
        .and_then(|number| u64::try_from(number).ok())
        .ok_or_else(|| format!("`{}` is no chain: `(test-chain)` gives one", brief(value)))
}

fn natural(value: &Value, what: &str) -> Result<u64, String> {
    to_bigint(value)
        .and_then(|number| u64::try_from(number).ok())
        .ok_or_else(|| format!("{what} is a whole number from 0 up, and this is {}", brief(value)))
}

/// A call that a test gives: its program, accounts and data.
fn raw_call(call: &Value) -> Result<([u8; 32], Raw), String> {
    let wrong = || format!("`{}` is no call: `(call program :instruction …)` gives one", brief(call));
    let Value::Object(_) = call else { return Err(wrong()) };
    let program = key_bytes(&get(call, "program")).ok_or_else(wrong)?;
    let Value::Bytes(data) = get(call, "data") else { return Err(wrong()) };
    let mut accounts = Vec::new();
    for meta in get(call, "accounts").as_items().ok_or_else(wrong)? {
        let empty = Object::default();
        let entries: &Object = if let Value::Object(entries) = meta { entries } else { &empty };
        let flag = |name: &str| object::entry(entries, name).is_some_and(Value::is_true);
        let key = key_bytes(meta).ok_or_else(|| format!("`{}` is no account of a call", brief(meta)))?;
        accounts.push(Meta { key, signer: flag("signer"), writable: flag("writable") });
    }
    Ok((program, Raw { accounts, data: data.to_vec() }))
}

fn instruction_json(program: &[u8; 32], call: &Raw) -> Json {
    let accounts: Vec<Json> = call
        .accounts
        .iter()
        .map(|meta| json!({ "key": base58(&meta.key), "signer": meta.signer, "writable": meta.writable }))
        .collect();
    json!({ "program": base58(program), "accounts": accounts, "data": hex(&call.data) })
}
