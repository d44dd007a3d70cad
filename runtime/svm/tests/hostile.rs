//! Every program of `spirits/programs` has an answer to everything: no call makes it touch memory that it was not given, panic,
//! or use up its units. Programs are found by their files, so a new one is tested as soon as it is there.
//!
//! Calls are made from what programs declare, and are wrong in one place or in many: data of any length, accounts that are
//! missing, exchanged, given twice, too short, too long, of another owner or type. They are the same in each run.
//!
//! Needs the `ovsm` and the `ovsmc` of this repository: the variable `OVSM` says where the first is, the second is beside it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// So many calls are made for each instruction.
const CALLS: usize = 200;

/// Ends that no call may lead to.
const FAULTS: [&str; 3] = ["ProgramFailedToComplete", "ComputationalBudgetExceeded", "AccessViolation"];

/// What the runtime logs of them, also if a called program met them.
const LOGGED: [&str; 4] =
    ["Access violation", "panicked", "exceeded CUs meter", "exceeded maximum number of instructions"];

/// Units of an instruction that asks for no more.
const UNITS: u64 = 200_000;

const TOKEN_PROGRAM: &str = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA";
const SYSTEM: &str = "11111111111111111111111111111111";

/// Numbers that look random, and are the same in each run.
struct Choices(u64);

impl Choices {
    fn of(name: &str) -> Choices {
        let start = 0xcbf2_9ce4_8422_2325u64;
        Choices(
            name.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)),
        )
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, most: usize) -> usize {
        if most == 0 { 0 } else { (self.next() % most as u64) as usize }
    }

    /// True once in so many times.
    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }

    /// A number of so many bytes, often one at an end of its range or a small one.
    fn number(&mut self, size: usize) -> Vec<u8> {
        let mut bytes = vec![0; size];
        match self.below(6) {
            0 => {}
            1 => bytes.fill(0xff),
            2 => bytes.last_mut().into_iter().for_each(|byte| *byte = 0x80),
            3 => bytes = self.bytes(size),
            _ => bytes.first_mut().into_iter().for_each(|byte| *byte = self.below(12) as u8),
        }
        bytes
    }
}

/// A running `ovsm-svm` with one bank.
struct Server {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Server {
    fn start() -> Server {
        let command =
            Command::new(env!("CARGO_BIN_EXE_ovsm-svm")).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut process = command.unwrap();
        let input = process.stdin.take();
        let output = BufReader::new(process.stdout.take().unwrap());
        let mut server = Server { process, input, output };
        server.read();
        server.ask(&json!({ "op": "new" }));
        server
    }

    fn read(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// Asks for something that can be done.
    #[track_caller]
    fn ask(&mut self, request: &Value) -> Value {
        let answer = self.try_ask(request);
        answer.unwrap_or_else(|error| panic!("{error}: {request}"))
    }

    fn try_ask(&mut self, request: &Value) -> Result<Value, String> {
        writeln!(self.input.as_mut().unwrap(), "{request}").unwrap();
        let mut answer = self.read();
        match answer["error"].as_str() {
            Some(error) => Err(error.to_string()),
            None => Ok(answer["ok"].take()),
        }
    }

    fn key(&mut self, op: &str, name: &str) -> String {
        self.ask(&json!({ "op": op, "name": name })).as_str().unwrap().to_string()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.process.wait();
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|n| u8::from_str_radix(&text[2 * n..2 * n + 2], 16).unwrap()).collect()
}

fn base58(text: &str) -> Vec<u8> {
    const DIGITS: &str = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let mut bytes = vec![0u8; 32];
    for digit in text.chars() {
        let mut carry = DIGITS.find(digit).unwrap() as u32;
        for byte in bytes.iter_mut().rev() {
            carry += u32::from(*byte) * 58;
            *byte = carry as u8;
            carry >>= 8;
        }
    }
    bytes
}

/// A program, compiled, with what it declares.
struct Program {
    name: String,
    interface: Value,
    elf: Vec<u8>,
}

impl Program {
    fn of(name: &str, source: &Path) -> Program {
        let ovsm = PathBuf::from(std::env::var_os("OVSM").expect("the variable OVSM says where `ovsm` is"));
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile");
        std::fs::create_dir_all(&folder).unwrap();
        let (elf, idl) = (folder.join(format!("{name}.so")), folder.join(format!("{name}.json")));
        let run = |arguments: &[&std::ffi::OsStr]| {
            let output = Command::new(ovsm.with_file_name("ovsmc")).args(arguments).output().unwrap();
            assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        };
        run(&["build".as_ref(), source.as_os_str(), "-o".as_ref(), elf.as_os_str()]);
        let format = ["--format".as_ref(), "ovsm".as_ref(), "-o".as_ref(), idl.as_os_str()];
        run(&[&["idl".as_ref(), source.as_os_str()], &format[..]].concat());
        let interface = serde_json::from_str(&std::fs::read_to_string(idl).unwrap()).unwrap();
        Program { name: name.to_string(), interface, elf: std::fs::read(elf).unwrap() }
    }

    fn list<'v>(&'v self, node: &'v Value, member: &str) -> &'v [Value] {
        node[member].as_array().map(Vec::as_slice).unwrap_or(&[])
    }

    /// The type of accounts of a name.
    fn layout(&self, name: &str) -> Option<&Value> {
        self.list(&self.interface, "accounts").iter().find(|layout| layout["name"] == name)
    }
}

/// A call, and the accounts that are there when it is made.
#[derive(Clone)]
struct Call {
    data: Vec<u8>,
    metas: Vec<Value>,
    set: BTreeMap<String, Value>,
}

struct Attacker<'p> {
    program: &'p Program,
    server: Server,
    choices: Choices,
    key: String,
    wallets: Vec<String>,
    keys: Vec<String>,
    /// How calls ended.
    ends: BTreeMap<String, usize>,
}

impl<'p> Attacker<'p> {
    fn new(program: &'p Program) -> Attacker<'p> {
        let mut server = Server::start();
        let stated = program.interface["address"].as_str().map(str::to_string);
        let key = stated.unwrap_or_else(|| server.key("key", "program"));
        server.ask(&json!({ "op": "program", "chain": 1, "key": key, "elf": hex(&program.elf) }));
        let wallets = (0..4).map(|n| server.key("wallet", &format!("wallet {n}"))).collect();
        let keys = (0..8).map(|n| server.key("key", &format!("key {n}"))).collect();
        let choices = Choices::of(&program.name);
        Attacker { program, server, choices, key, wallets, keys, ends: BTreeMap::new() }
    }

    fn any_key(&mut self) -> String {
        match self.choices.below(8) {
            0 => self.key.clone(),
            1 => SYSTEM.to_string(),
            2 => "SysvarC1ock11111111111111111111111111111111".to_string(),
            3..=5 => self.wallets[self.choices.below(4)].clone(),
            _ => self.keys[self.choices.below(8)].clone(),
        }
    }

    /// Bytes for fields: numbers of their sizes, and keys that are those of accounts more often than not.
    fn fill(&mut self, fields: &[Value], keys: &[String], data: &mut [u8]) {
        for field in fields {
            let (offset, size) =
                (field["offset"].as_u64().unwrap() as usize, field["size"].as_u64().unwrap() as usize);
            let bytes = match field["type"].as_str() {
                Some("pubkey") if !keys.is_empty() && !self.choices.once_in(4) => {
                    base58(&keys[self.choices.below(keys.len())])
                }
                _ => self.choices.number(size),
            };
            if let Some(place) = data.get_mut(offset..offset + size) {
                place.copy_from_slice(&bytes[..size]);
            }
        }
    }

    /// The address of an account with seeds, as far as they are known before the call runs.
    fn derived(
        &mut self,
        account: &Value,
        accounts: &BTreeMap<String, String>,
        arguments: &[Value],
        data: &[u8],
    ) -> Option<(String, u8)> {
        let mut seeds = Vec::new();
        for seed in account["seeds"].as_array()? {
            let (kind, value) = seed.as_object()?.iter().next()?;
            seeds.push(match kind.as_str() {
                "bytes" => value.as_str()?.to_string(),
                "key" => hex(&base58(value.as_str()?)),
                "account" => hex(&base58(accounts.get(value.as_str()?)?)),
                "argument" => {
                    let field = arguments.iter().find(|field| field["name"] == *value)?;
                    let (offset, size) =
                        (field["offset"].as_u64()? as usize, field["size"].as_u64()? as usize);
                    hex(data.get(offset..offset + size)?)
                }
                _ => return None,
            });
        }
        let found =
            self.server.try_ask(&json!({ "op": "address", "program": self.key, "seeds": seeds })).ok()?;
        Some((found["key"].as_str()?.to_string(), found["bump"].as_u64()? as u8))
    }

    /// A call as the program declares it, as far as that can be known.
    fn declared(&mut self, instruction: &Value) -> Call {
        let program = self.program;
        let declared = program.list(instruction, "accounts");
        let arguments = program.list(instruction, "arguments");
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        for account in declared {
            let key = match account["address"].as_str() {
                Some(address) => address.to_string(),
                None if account["signer"] == true => self.wallets[self.choices.below(4)].clone(),
                None if self.choices.once_in(12) => self.any_key(),
                None => self.keys[names.len() % 8].clone(),
            };
            names.insert(account["name"].as_str().unwrap().to_string(), key);
        }
        let mut data = unhex(instruction["discriminator"].as_str().unwrap());
        let end = arguments
            .last()
            .map_or(0, |last| (last["offset"].as_u64().unwrap() + last["size"].as_u64().unwrap()) as usize);
        data.resize(end.max(data.len()), 0);
        let known: Vec<String> = names.values().cloned().collect();
        self.fill(arguments, &known, &mut data);
        for account in declared {
            if let (false, Some((key, bump))) =
                (self.choices.once_in(6), self.derived(account, &names, arguments, &data))
            {
                names.insert(account["name"].as_str().unwrap().to_string(), key);
                let given = arguments.iter().find(|field| field["name"] == "bump");
                if let Some(place) =
                    given.and_then(|field| data.get_mut(field["offset"].as_u64().unwrap() as usize))
                {
                    *place = bump;
                }
            }
        }
        let known: Vec<String> = names.values().cloned().collect();
        let mut call = Call { data, metas: Vec::new(), set: BTreeMap::new() };
        for account in declared {
            let key = names[account["name"].as_str().unwrap()].clone();
            let layout = account["account"].as_str().and_then(|name| program.layout(name));
            let content = match layout {
                Some(layout) => {
                    let mut content = vec![0; layout["size"].as_u64().unwrap() as usize];
                    let head = unhex(layout["discriminator"].as_str().unwrap());
                    // What is about to be made is all zero, and nobody's.
                    if !self.choices.once_in(3) {
                        content[..head.len()].copy_from_slice(&head);
                        self.fill(program.list(layout, "fields"), &known, &mut content);
                    }
                    Some(content)
                }
                None if self.choices.once_in(2) => Some(self.untyped(&known)),
                None => None,
            };
            let is_new = account["options"].to_string().contains("init") || account["account"].is_null();
            if let (Some(content), false) = (content, is_new && self.choices.once_in(2)) {
                let owner = match layout.is_none() && self.choices.once_in(2) {
                    true => TOKEN_PROGRAM.to_string(),
                    false => self.key.clone(),
                };
                let account = self.account(content, &owner);
                call.set.insert(key.clone(), account);
            }
            let (signer, writable) = (account["signer"] == true, account["writable"] == true);
            call.metas.push(json!({ "key": key, "signer": signer, "writable": writable }));
        }
        call
    }

    /// The data of an account whose type is not declared: a mint, a token account, or anything.
    fn untyped(&mut self, keys: &[String]) -> Vec<u8> {
        let any = base58(&keys[self.choices.below(keys.len())]);
        let other = base58(&keys[self.choices.below(keys.len())]);
        match self.choices.below(4) {
            0 => {
                let length = [0, 1, 8, 64, 300][self.choices.below(5)];
                self.choices.bytes(length)
            }
            1 => {
                // Authority, supply, decimals, that it is initialised, and who may freeze.
                let mut mint =
                    [&[1, 0, 0, 0][..], &any[..], &self.choices.number(8)[..], &[9, 1, 1, 0, 0, 0]].concat();
                mint.extend(other);
                mint
            }
            _ => {
                // Mint, owner, amount, no delegate, that it is initialised or frozen, and nothing else.
                let mut account = [&any[..], &other[..], &self.choices.number(8)[..]].concat();
                account.resize(165, 0);
                account[108] = 1 + u8::from(self.choices.once_in(5));
                account
            }
        }
    }

    fn account(&mut self, content: Vec<u8>, owner: &str) -> Value {
        let lamports = match self.choices.below(12) {
            0 => 0,
            1 => 1,
            2 => 1 << 60,
            _ => 10_000_000_000u64,
        };
        json!({ "lamports": lamports, "owner": owner, "data": hex(&content), "executable": self.choices.once_in(40) })
    }

    /// Breaks a call in one place.
    fn broken(&mut self, call: &mut Call) {
        let count = call.metas.len();
        let one = self.choices.below(count);
        match self.choices.below(14) {
            0 => call.data.truncate(self.choices.below(call.data.len() + 1)),
            1 => call.data.extend(self.choices.bytes(self.choices.0 as usize % 40)),
            2 if !call.data.is_empty() => {
                let place = self.choices.below(call.data.len());
                call.data[place] = self.choices.next() as u8;
            }
            3 => {
                let length = [0, 1, 7, 8, 9, 16, 100, 600][self.choices.below(8)];
                call.data = self.choices.bytes(length);
            }
            4 if count > 0 => call.metas.truncate(one),
            5 if count > 0 => drop(call.metas.remove(one)),
            6 if count > 0 => {
                let again = call.metas[one].clone();
                call.metas.insert(self.choices.below(count + 1), again);
            }
            7 if count > 1 => {
                let other = self.choices.below(count);
                call.metas[other] = call.metas[one].clone();
            }
            8 if count > 1 => call.metas.swap(one, self.choices.below(count)),
            9 => {
                for _ in 0..self.choices.below(12) {
                    let key = self.any_key();
                    call.metas
                        .push(json!({ "key": key, "signer": false, "writable": self.choices.once_in(2) }));
                }
            }
            10 if count > 0 => {
                let flag = ["signer", "writable"][self.choices.below(2)];
                let is_set = call.metas[one][flag] == true;
                call.metas[one][flag] = json!(!is_set);
            }
            11 if count > 0 => {
                let key = self.any_key();
                call.metas[one]["key"] = json!(key);
            }
            // The data or the owner of an account.
            _ if count > 0 => {
                let key = call.metas[one]["key"].as_str().unwrap().to_string();
                let known = call.set.get(&key).and_then(|account| account["data"].as_str()).map(unhex);
                let mut content = known.unwrap_or_default();
                match self.choices.below(6) {
                    0 => content.truncate(self.choices.below(content.len() + 1)),
                    1 => {
                        let more = self.choices.below(64);
                        content.extend(self.choices.bytes(more));
                    }
                    2 => content.resize(10_240, 0xaa),
                    3 => content.clear(),
                    4 if content.len() > 8 => {
                        let place = 8 + self.choices.below(content.len() - 8);
                        content[place] = self.choices.next() as u8;
                    }
                    _ => {
                        let length = self.choices.below(300);
                        content = self.choices.bytes(length);
                    }
                }
                let owner = if self.choices.once_in(3) { self.any_key() } else { self.key.clone() };
                let account = self.account(content, &owner);
                call.set.insert(key, account);
            }
            _ => {}
        }
    }

    /// Makes a call on a copy of the bank. A fault is told with everything that is needed to see it again.
    fn make(&mut self, what: &str, call: &Call) {
        // Programs and the runtime's own accounts stay what they are, and signers pay nothing.
        let is_fixed = |key: &str| key == SYSTEM || key == self.key || key.starts_with("Sysvar");
        let mut set: Vec<Value> = Vec::new();
        for wallet in &self.wallets {
            let purse = json!({ "lamports": 1u64 << 40, "owner": SYSTEM, "data": "" });
            set.push(json!([wallet, purse]));
        }
        set.extend(call.set.iter().filter(|(key, _)| !is_fixed(key)).map(|(key, it)| json!([key, it])));
        let mut metas = call.metas.clone();
        for meta in &mut metas {
            let can_sign = self.wallets.iter().any(|wallet| meta["key"] == wallet.as_str());
            meta["signer"] = json!(meta["signer"] == true && can_sign);
        }
        let request = json!({
            "op": "send", "chain": 1,
            "instructions": [{ "program": self.key, "accounts": metas, "data": hex(&call.data) }],
            "probe": { "watch": [], "set": set },
        });
        let end = match self.server.try_ask(&request) {
            Ok(outcome) => {
                let name = outcome["error"]["name"].as_str().unwrap_or("success").to_string();
                let logs = outcome["logs"].to_string();
                let is_fault = FAULTS.iter().any(|fault| name.contains(fault))
                    || LOGGED.iter().any(|words| logs.contains(words))
                    || outcome["units"].as_u64().unwrap() >= UNITS;
                assert!(!is_fault, "{} {what}: {name}\n{logs}\n{request}", self.program.name);
                name
            }
            // The network would not carry it, or no account can be there.
            Err(error) => {
                let is_known = ["the network carries", "can not be set", "no transaction"]
                    .iter()
                    .any(|it| error.contains(it));
                assert!(is_known, "{} {what}: {error}\n{request}", self.program.name);
                "not sent".to_string()
            }
        };
        *self.ends.entry(end).or_insert(0) += 1;
    }

    fn attack(&mut self) {
        let program = self.program;
        let instructions = program.list(&program.interface, "instructions");
        for instruction in instructions {
            let name = instruction["name"].as_str().unwrap();
            for n in 0..CALLS {
                let mut call = self.declared(instruction);
                // One in four is as it should be; the others are wrong in one place or in many.
                for _ in 0..[0, 1, 1, 2, 2, 3, 5, 0][n % 8] {
                    self.broken(&mut call);
                }
                self.make(name, &call);
            }
        }
        // What no instruction is named by, and programs that declare none.
        for _ in 0..CALLS {
            let length = [0, 1, 2, 4, 7, 8, 9, 16, 40, 300][self.choices.below(10)];
            let mut call = Call { data: self.choices.bytes(length), metas: Vec::new(), set: BTreeMap::new() };
            for _ in 0..self.choices.below(10) {
                let key = self.any_key();
                let length = [0, 1, 8, 82, 165, 400][self.choices.below(6)];
                let owner = if self.choices.once_in(2) { self.key.clone() } else { self.any_key() };
                let content =
                    if self.choices.once_in(3) { vec![0; length] } else { self.choices.bytes(length) };
                let account = self.account(content, &owner);
                call.set.insert(key.clone(), account);
                let (signer, writable) = (self.choices.once_in(2), self.choices.once_in(2));
                call.metas.push(json!({ "key": key, "signer": signer, "writable": writable }));
            }
            self.make("anything", &call);
        }
    }
}

fn programs() -> Vec<(String, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spirits/programs");
    let mut found: Vec<(String, PathBuf)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("src/main.ovsm").is_file())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_string(), path.join("src/main.ovsm")))
        .collect();
    found.sort();
    found
}

/// Attacks every second program, so that two threads share the work.
fn attack_programs(part: usize) {
    let all = programs();
    assert!(all.len() >= 13, "{all:?}");
    for (name, source) in all.iter().skip(part).step_by(2) {
        let program = Program::of(name, source);
        let mut attacker = Attacker::new(&program);
        attacker.attack();
        println!("{name}: {:?}", attacker.ends);
        let count: usize = attacker.ends.values().sum();
        let not_sent = attacker.ends.get("not sent").copied().unwrap_or(0);
        assert!(not_sent * 3 < count, "{name}: most calls have to reach the program: {:?}", attacker.ends);
        // Calls that all end in the same way try nothing.
        let ends: BTreeSet<&String> = attacker.ends.keys().collect();
        assert!(ends.len() >= 5, "{name}: {ends:?}");
    }
}

#[test]
fn programs_have_an_answer_to_everything() {
    attack_programs(0);
}

#[test]
fn the_other_programs_have_an_answer_to_everything() {
    attack_programs(1);
}

/// What a program does that has no answer is found.
fn found(name: &str, text: &str) -> bool {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.ovsm"));
    std::fs::write(&path, text).unwrap();
    let program = Program::of(name, &path);
    let attack = || Attacker::new(&program).attack();
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(attack)).is_err()
}

#[test]
fn programs_without_an_answer_are_found() {
    let instruction = |body: &str| {
        format!(
            "(program p)\n(account A (n : u64) (items : (array u8 4)))\n(instruction act ((n : u64))\n  :accounts ((a : (mut \
             (account A))))\n  (declare (allow missing-signer-check))\n  {body})\n"
        )
    };
    assert!(!found("sound", &instruction("(set! (. a n) (+ (. a n) n))")));
    // Memory that nobody gave, a loop without an end, and one that only some numbers make long.
    assert!(found("wild", &instruction("(when (and (> n 0) (< n 12)) (set! (. a n) (mem-load n 0)))")));
    assert!(found(
        "endless",
        &instruction("(let ((i 0u64)) (while (< i n) (set! i (+ i 1)) (set! (. a n) i)))")
    ));
    assert!(found("raw", "(mem-load (+ (instruction-data-ptr) (mem-load (instruction-data-ptr) 0)) 0) 0"));
}
