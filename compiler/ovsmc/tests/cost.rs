//! `ovsmc cost` and declared limits as a user meets them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

fn ovsmc(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ovsmc"))
        .args(arguments)
        .current_dir(folder)
        .env("HOME", folder)
        .output()
        .unwrap()
}

fn folder_with(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("p.ovsm"), text).unwrap();
    folder
}

fn json(folder: &Path, more: &[&str]) -> Value {
    let output = ovsmc(folder, &[&["cost", "--json", "p.ovsm"], more].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

const PURSE: &str = "(program bank)
(account Purse (owner : pubkey) (coins : u64))
(deferror BankError (NotOwner \"the signer does not own the purse\"))
(instruction collect ((gifts : (array u64 8)))
  :accounts ((purse : (mut (account Purse))) (owner : signer))
  :constraints ((= (. purse owner) (key owner)) NotOwner)
  (dotimes (i 8)
    (set! (. purse coins) (+ (. purse coins) (get gifts i)))))
(instruction empty ()
  :accounts ((purse : (mut (account Purse))) (owner : signer))
  :constraints ((= (. purse owner) (key owner)) NotOwner)
  (set! (. purse coins) 0))
";

#[test]
fn costs_are_by_instruction_function_and_line() {
    let folder = folder_with(PURSE);
    let costs = json(folder.path(), &[]);
    let declared = costs["declared"].as_array().unwrap();
    let units = |n: usize| declared[n]["bound"]["units"].as_u64().unwrap();
    assert_eq!(
        (declared[0]["name"].as_str(), declared[1]["name"].as_str()),
        (Some("collect"), Some("empty"))
    );
    assert!(units(0) > units(1) + 16, "eight additions cost more than none: {costs}");
    let entry = &costs["functions"][0];
    assert_eq!(entry["bound"]["units"].as_u64(), Some(units(0)));
    let lines = entry["lines"].as_array().unwrap();
    let sum = |field: &str| lines.iter().map(|line| line[field].as_u64().unwrap()).sum::<u64>();
    assert_eq!(sum("instructions"), costs["instructions"].as_u64().unwrap());
    assert_eq!(sum("bytes"), costs["text_bytes"].as_u64().unwrap());
    assert_eq!(sum("units_most"), units(0));
    // What the macro `instruction` makes counts where it is called.
    let macro_line = lines.iter().find(|line| line["line"] == 4).unwrap();
    assert!(macro_line["instructions"].as_u64() > Some(20), "{costs}");
}

#[test]
fn costs_are_the_same_each_time_and_sorted() {
    let folder = folder_with(PURSE);
    let first = ovsmc(folder.path(), &["cost", "p.ovsm"]).stdout;
    assert_eq!(first, ovsmc(folder.path(), &["cost", "p.ovsm"]).stdout);
    let text = String::from_utf8(first).unwrap();
    let place = |word: &str| text.find(word).unwrap();
    assert!(place("  collect  at most") < place("  empty    at most"), "{text}");
    let most: Vec<u64> = text
        .lines()
        .skip_while(|line| !line.contains("most     once"))
        .skip(1)
        .filter(|line| !line.contains("added by the compiler"))
        .map(|line| line.split_whitespace().next().unwrap().parse().unwrap())
        .collect();
    assert!(most.is_sorted_by(|a, b| a >= b) && most.len() > 3, "{text}");
}

#[test]
fn a_missing_bound_names_the_loop() {
    let folder = folder_with("(define n (instruction-data-len))\n(dotimes (i n)\n  (sol_log_ \"x\"))\n0\n");
    let bound = &json(folder.path(), &[])["functions"][0]["bound"];
    assert_eq!(bound["units"], Value::Null);
    assert_eq!(bound["line"], 2, "{bound}");
    let folder =
        folder_with("(define n (instruction-data-len))\n(dotimes (i (min n 9u64))\n  (sol_log_ \"x\"))\n0\n");
    let units = json(folder.path(), &[])["functions"][0]["bound"]["units"].as_u64().unwrap();
    // The loop runs in groups, and then for what is left of them: how these two go together is not known.
    assert!((9 * 101..25 * 101).contains(&units), "{units}");
}

#[test]
fn functions_of_the_compiler_are_named() {
    let text = "(define a (u128 (instruction-data-len)))\n(if (= (/ a (+ a 1u128)) 3u128) 1 (if (= (/ (+ a 9) (+ a 2u128)) 3u128) 1 0))\n";
    let folder = folder_with(text);
    let costs = json(folder.path(), &[]);
    let functions = costs["functions"].as_array().unwrap();
    let divide = functions.iter().find(|function| function["name"] == "runtime.wide_divide").unwrap();
    assert_eq!(divide["runtime"], true);
    assert!(divide["bound"]["units"].as_u64() > Some(100), "{divide}");
    let only = json(folder.path(), &["--function", "runtime.wide_divide"]);
    assert_eq!(only["functions"].as_array().unwrap().len(), 1);
    let unknown = ovsmc(folder.path(), &["cost", "p.ovsm", "--function", "nothing"]);
    assert_eq!(unknown.status.code(), Some(2));
}

/// The function is small and put in place of its call: it is measured by itself all the same.
#[test]
fn limits_change_no_code_and_are_checked() {
    let program = |declare: &str| {
        format!(
            "(defn f ((x : u64)) -> u64 {declare} (if (> x 10u64) (* x 3u64) (/ 100u64 x)))\n(if (> (f (instruction-data-len)) 4u64) 1 0)\n"
        )
    };
    let assembly = |declare: &str| {
        let folder = folder_with(&program(declare));
        let output = ovsmc(folder.path(), &["build", "p.ovsm", "--emit", "asm"]);
        let text = std::fs::read_to_string(folder.path().join("p.s")).unwrap_or_default();
        (output.status.code(), text, String::from_utf8(output.stderr).unwrap())
    };
    let (code, plain, _) = assembly("");
    assert_eq!(code, Some(0));
    let (code, limited, _) = assembly("(declare (cu-max 7) (stack-max 0))");
    assert_eq!((code, limited), (Some(0), plain));
    let (code, _, error) = assembly("(declare (cu-max 6))");
    assert_eq!(code, Some(1));
    assert!(error.contains("E0307") && error.contains("`f` can cost 7 compute units"), "{error}");
}

#[test]
fn limits_of_instructions_and_programs_are_checked() {
    let limited = |limit: &str| {
        PURSE.replace("  (dotimes (i 8)", &format!("  (declare (cu-max {limit}))\n  (dotimes (i 8)"))
    };
    let bound = json(folder_with(PURSE).path(), &[])["declared"][0]["bound"]["units"].as_u64().unwrap();
    let build = |text: &str| {
        let folder = folder_with(text);
        let output = ovsmc(folder.path(), &["build", "p.ovsm"]);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(build(&limited(&bound.to_string())).0, Some(0));
    let (code, error) = build(&limited(&(bound - 1).to_string()));
    assert_eq!(code, Some(1));
    assert!(error.contains(&format!("the instruction `collect` can cost {bound} compute units")), "{error}");
    assert!(error.contains("this line costs"), "{error}");
    let (code, error) = build(&format!("{PURSE}(declare (cu-max 9))\n"));
    assert_eq!(code, Some(1));
    assert!(error.contains("the program can cost"), "{error}");
}

#[test]
fn the_values_that_fill_a_frame_are_named() {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m"];
    let bindings: Vec<String> =
        names.iter().enumerate().map(|(n, name)| format!("({name} (mem-load p {}))", 8 * n)).collect();
    let sum = names.join(" ");
    let text = format!(
        "(defn many ((p : u64)) -> u64\n  (declare (stack-max 8))\n  (let ({})\n    (mem-store p 0 1)\n    (* (+ {sum}) (* {sum}))))\n\
         (if (= (many (input-ptr)) 0) 1 0)\n",
        bindings.join("\n    ")
    );
    let folder = folder_with(&text);
    let output = ovsmc(folder.path(), &["build", "p.ovsm"]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(error.contains("bytes of stack, and declares at most 8"), "{error}");
    assert!(error.contains("`m`: 8 bytes") || error.contains("`j`: 8 bytes"), "{error}");
}

/// Finds one address, or as many as there are.
fn search(count: usize) -> String {
    let calls = "  (let ((found (find-program-address [b\"seed\"] (program-key)))) (when (= (. found bump) 0) (fail-as 17)))\n";
    format!("(program p)\n(instruction find ()\n  :accounts ()\n{})\n", calls.repeat(count))
}

#[test]
fn a_search_for_an_address_says_what_one_try_costs() {
    let folder = folder_with(&search(1));
    let costs = json(folder.path(), &[]);
    let bound = &costs["declared"][0]["bound"];
    let units = bound["units"].as_u64().unwrap();
    let searches = &bound["searches"];
    assert_eq!(searches["count"].as_u64(), Some(1), "{costs}");
    assert_eq!(searches["line"].as_u64(), Some(4), "{costs}");
    let one_try = searches["units_with_one_try_each"].as_u64().unwrap();
    assert_eq!(units - one_try, 1500 * 255);
    let text = ovsmc(folder.path(), &["cost", "p.ovsm"]).stdout;
    let text = String::from_utf8_lossy(&text).to_string();
    let said = format!("with a search of up to 255 bumps (line 4); typically one try: {one_try} CU");
    assert!(text.contains(&said), "{text}");
}

#[test]
fn several_searches_have_a_bound_although_no_transaction_has_so_many_units() {
    let folder = folder_with(&search(4));
    let costs = json(folder.path(), &[]);
    let bound = &costs["declared"][0]["bound"];
    assert!(bound["units"].as_u64() > Some(1_400_000), "{costs}");
    assert_eq!(bound["searches"]["count"].as_u64(), Some(4));
    assert!(bound["searches"]["units_with_one_try_each"].as_u64() < Some(10_000));
    let plain = folder_with(PURSE);
    assert!(json(plain.path(), &[])["declared"][0]["bound"]["searches"].is_null());
}

#[test]
fn lines_of_modules_are_named_by_their_file() {
    let folder = folder_with("(import helpers)\n(if (= (slow 3) 9) 0 1)\n");
    let text = "\n\n(pub (defn slow ((n : u64)) -> u64\n  (sol_log_ \"slow\") (* n n)))\n";
    std::fs::write(folder.path().join("helpers.ovsm"), text).unwrap();
    let costs = json(folder.path(), &[]);
    let lines = costs["functions"][0]["lines"].as_array().unwrap();
    let logged = lines.iter().find(|line| line["line"] == 4).unwrap();
    assert!(logged["file"].as_str().unwrap().ends_with("helpers.ovsm"), "{logged}");
    let shown = ovsmc(folder.path(), &["cost", "p.ovsm"]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("helpers.ovsm: (sol_log_ \"slow\")"), "{shown}");
}
