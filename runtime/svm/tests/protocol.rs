//! `ovsm-svm` itself: whatever is asked, it answers, and the same each time.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};

/// The first line, and the answers to some lines.
fn talk(lines: &[String]) -> (Value, Vec<Value>) {
    let mut process = Command::new(env!("CARGO_BIN_EXE_ovsm-svm"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = process.stdin.take().unwrap();
    for line in lines {
        writeln!(input, "{line}").unwrap();
    }
    drop(input);
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let mut answers = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let hello = answers.next().unwrap();
    (hello, answers.collect())
}

fn ask(requests: &[Value]) -> Vec<Value> {
    talk(&requests.iter().map(Value::to_string).collect::<Vec<_>>()).1
}

const SYSTEM: &str = "11111111111111111111111111111111";

/// A transfer of the system program.
fn transfer(from: &Value, to: &Value, lamports: u64) -> Value {
    let mut data = "02000000".to_string();
    lamports.to_le_bytes().iter().for_each(|byte| data.push_str(&format!("{byte:02x}")));
    json!({
        "program": SYSTEM,
        "accounts": [{ "key": from, "signer": true, "writable": true }, { "key": to, "writable": true }],
        "data": data,
    })
}

#[test]
fn nonsense_is_answered() {
    let lines =
        ["", "{", "[]", "{\"op\":\"fly\"}", "{\"op\":\"new\",\"chain\":1}", "{\"op\":\"fork\",\"chain\":9}"];
    let mut lines: Vec<String> = lines.into_iter().map(str::to_string).collect();
    lines.push(json!({ "op": "new" }).to_string());
    lines.push(json!({ "op": "get", "chain": 1, "key": "no key" }).to_string());
    lines.push(json!({ "op": "program", "chain": 1, "key": SYSTEM, "elf": "7f454c46" }).to_string());
    lines.push(json!({ "op": "program", "chain": 1, "key": SYSTEM, "elf": "7f454c4" }).to_string());
    let (hello, answers) = talk(&lines);
    assert_eq!(hello["protocol"], 1);
    assert_eq!(answers.len(), lines.len());
    for (n, answer) in answers.iter().enumerate() {
        assert_eq!(answer["error"].is_string(), n != 6, "{}: {answer}", lines[n]);
    }
}

#[test]
fn a_transfer_moves_lamports_on_one_bank_only() {
    let wallets = ask(&[json!({ "op": "wallet", "name": "a" }), json!({ "op": "key", "name": "b" })]);
    let (a, b) = (&wallets[0]["ok"], &wallets[1]["ok"]);
    let account = json!({ "lamports": 1_000_000_000u64, "owner": SYSTEM, "data": "" });
    let send = |chain: u32, from: &Value, lamports: u64| json!({ "op": "send", "chain": chain, "instructions": [transfer(from, b, lamports)] });
    let requests = [
        json!({ "op": "wallet", "name": "a" }),
        json!({ "op": "new" }),
        json!({ "op": "set", "chain": 1, "key": a, "account": account }),
        json!({ "op": "fork", "chain": 1 }),
        send(2, a, 400_000_000),
        json!({ "op": "get", "chain": 2, "key": b }),
        json!({ "op": "get", "chain": 1, "key": b }),
        send(2, a, 900_000_000),
        send(2, b, 1),
        json!({ "op": "forget", "from": 2 }),
        send(2, a, 1),
    ];
    let answers = ask(&requests);
    assert_eq!(answers[4]["ok"]["error"], Value::Null);
    assert_eq!(answers[4]["ok"]["units"], 150);
    assert_eq!(answers[5]["ok"]["lamports"], 400_000_000);
    assert_eq!(answers[6]["ok"], Value::Null);
    assert_eq!(answers[7]["ok"]["error"]["name"], "Custom(1)");
    let unsigned = answers[8]["error"].as_str().unwrap();
    assert!(unsigned.contains("nobody here has its secret"), "{unsigned}");
    assert!(answers[10]["error"].as_str().unwrap().contains("no chain 2"));
    assert_eq!(answers, ask(&requests), "the same requests have the same answers");
}

#[test]
fn a_probe_changes_nothing_and_tells_what_it_would_change() {
    let wallets = ask(&[json!({ "op": "wallet", "name": "a" }), json!({ "op": "key", "name": "b" })]);
    let (a, b) = (&wallets[0]["ok"], &wallets[1]["ok"]);
    let account = json!({ "lamports": 1_000_000_000u64, "owner": SYSTEM, "data": "" });
    let answers = ask(&[
        json!({ "op": "wallet", "name": "a" }),
        json!({ "op": "new" }),
        json!({
            "op": "send",
            "chain": 1,
            "instructions": [transfer(a, b, 400_000_000)],
            "probe": { "watch": [a, b, SYSTEM], "set": [[a, account]] },
        }),
        json!({ "op": "get", "chain": 1, "key": a }),
    ]);
    assert_eq!(answers[2]["ok"]["error"], Value::Null);
    assert_eq!(answers[2]["ok"]["changed"], json!([a, b]));
    assert_eq!(answers[3]["ok"], Value::Null);
}

#[test]
fn what_the_network_does_not_carry_is_no_transaction() {
    let answers = ask(&[
        json!({ "op": "new" }),
        json!({
            "op": "send",
            "chain": 1,
            "instructions": [{ "program": SYSTEM, "accounts": [], "data": "00".repeat(1200) }],
        }),
    ]);
    let error = answers[1]["error"].as_str().unwrap();
    assert!(error.contains("the network carries 1232"), "{error}");
}
