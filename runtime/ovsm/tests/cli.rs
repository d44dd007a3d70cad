//! The script runner as a user meets it: what it prints, and its exit codes.

#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::process::{Command, Stdio};

struct Result {
    code: Option<i32>,
    out: String,
    err: String,
}

fn ovsm(arguments: &[&str], input: &[u8]) -> Result {
    let home = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_ovsm"))
        .args(arguments)
        .env("HOME", home.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read its input may close it first.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    Result {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn eval_writes_values_that_read_back() {
    for (source, value) in [
        ("(+ 1 2)", "3"),
        ("-5", "-5"),
        ("255u8", "255u8"),
        ("(* 0xffffffffffffffffu128 2u128)", "36893488147419103230u128"),
        ("(= 1 1)", "true"),
        ("\"a\\nb\"", "\"a\\nb\""),
        ("null", "null"),
        ("", "null"),
        ("(define x 1)", "1"),
        ("(map (fn (x) (* x x)) [1 2 3])", "[1 4 9]"),
        ("(* 4611686018427387904 4)", "18446744073709551616"),
        ("(if (< 1 2) \"yes\" \"no\")", "\"yes\""),
    ] {
        let result = ovsm(&["eval", source], b"");
        assert_eq!(
            (result.code, result.out.as_str(), result.err.as_str()),
            (Some(0), &*format!("{value}\n"), "")
        );
        let again = ovsm(&["eval", value], b"");
        assert_eq!(again.out.trim_end(), value, "{source}");
    }
}

#[test]
fn json_is_for_machines() {
    let result = ovsm(&["eval", "--json", "(sol_log_ \"hi\") 18446744073709551615u64"], b"");
    assert_eq!(result.code, Some(0));
    let json: serde_json::Value = serde_json::from_str(&result.out).unwrap();
    assert_eq!(json, serde_json::json!({"value": "18446744073709551615u64", "type": "u64", "logs": ["hi"]}));
}

#[test]
fn run_prints_what_is_logged() {
    let result = ovsm(&["run", "-"], b"(sol_log_ \"one\") (sol_log_64_ 1 2 3) 7");
    assert_eq!((result.code, result.out.as_str()), (Some(0), "one\n0x1, 0x2, 0x3, 0x0, 0x0\n"));
}

#[test]
fn an_uncaught_failure_shows_where_and_how_it_was_reached() {
    let source = "(defn f (x) (/ 10 x))\n(defn g (x) (+ 1 (f x)))\n(g 0)";
    for engine in [&[][..], &["--engine", "vm", "-O0"], &["--engine", "vm", "-O2"]] {
        let arguments = [&["eval", "--error-format", "short"], engine, &[source]].concat();
        let result = ovsm(&arguments, b"");
        assert_eq!((result.code, result.out.as_str()), (Some(1), ""));
        assert!(result.err.contains("<eval>:1:13: error[E0402]"), "{}", result.err);
    }
    let result = ovsm(&["eval", source], b"");
    assert!(result.err.contains("in `f` at <eval>:1:13"), "{}", result.err);
    assert!(result.err.contains("in `g` at <eval>:2:18"), "{}", result.err);
}

#[test]
fn runs_are_bounded() {
    let result = ovsm(&["eval", "--fuel", "1000", "(while true 1)"], b"");
    assert_eq!(result.code, Some(1));
    assert!(result.err.contains("E0407"), "{}", result.err);
    // Products, quotients and texts of numbers with millions of digits are paid for.
    for program in [
        "(let ((x (expt 7 2500000))) (while true (* x x)))",
        "(let ((x (expt 7 2500000))) (// (* x x) x))",
        "(let ((x (expt 7 2500000))) (mod (* x x) (- 0 x)))",
        "(let ((x (expt 7 2500000))) (while true (+ x x)))",
        "(length (str (expt 7 5000000)))",
    ] {
        let result = ovsm(&["eval", "--fuel", "30000000", program], b"");
        assert_eq!(result.code, Some(1), "{program}");
        assert!(result.err.contains("E0407"), "{program}: {}", result.err);
    }
    let result = ovsm(&["eval", "--fuel", "30000000", "(expt 7 (expt 10 9))"], b"");
    assert!(result.err.contains("E0416"), "{}", result.err);
    let result = ovsm(&["eval", "(defn f (n) (+ 1 (f n))) (f 1)"], b"");
    assert_eq!(result.code, Some(1));
    assert!(result.err.contains("E0406"), "{}", result.err);
    let result =
        ovsm(&["eval", "--max-depth", "10", "(defn f (n) (if (= n 0) 0 (+ 1 (f (- n 1))))) (f 1000)"], b"");
    assert!(result.err.contains("E0406"), "{}", result.err);
}

#[test]
fn memory_is_bounded_by_its_regions() {
    let result = ovsm(&["eval", "--engine", "vm", "(mem-load 0 0)"], b"");
    assert_eq!(result.code, Some(1));
    assert!(result.err.contains("E0408"), "{}", result.err);
    let result = ovsm(&["eval", "--engine", "vm", "(account-lamports 0)"], b"");
    assert!(result.err.contains("E0405"), "{}", result.err);
}

#[test]
fn errors_have_exit_codes() {
    assert_eq!(ovsm(&["eval", "(foo)"], b"").code, Some(1));
    assert_eq!(ovsm(&["eval"], b"").code, Some(2));
    assert_eq!(ovsm(&["eval", "--nonsense", "1"], b"").code, Some(2));
    let missing = ovsm(&["run", "no-such-file.ovsm"], b"");
    assert_eq!(missing.code, Some(2));
    assert!(missing.err.contains("E0501"), "{}", missing.err);
    let garbage = ovsm(&["run", "-"], &[0xed, 0xa0, 0x80, 0xff, 0]);
    assert_eq!(garbage.code, Some(1));
    assert!(garbage.err.contains("E0014"), "{}", garbage.err);
}

#[test]
fn colours_only_on_request() {
    assert!(!ovsm(&["eval", "(foo)"], b"").err.contains('\u{1b}'));
    assert!(ovsm(&["eval", "--color", "always", "(foo)"], b"").err.contains('\u{1b}'));
    let hostile = ovsm(&["eval", "(foo \"\u{1b}]0;title\u{7}\")"], b"");
    assert!(!hostile.err.contains('\u{1b}'), "{:?}", hostile.err);
}

#[test]
fn completions_and_manuals_are_generated() {
    assert!(ovsm(&["completions", "bash"], b"").out.contains("ovsm"));
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(ovsm(&["man", folder.path().to_str().unwrap()], b"").code, Some(0));
    assert!(folder.path().join("ovsm-run.1").is_file());
}

#[test]
fn the_reference_interpreter_agrees() {
    for source in
        ["(+ 1 2)", "(sol_log_ \"x\") \"y\"", "(/ 1 0)", "(defn f (n) (+ 1 (f n))) (f 1)", "(mem-load 0 0)"]
    {
        let vm = ovsm(&["eval", "--json", "--engine", "vm", source], b"");
        let ir = ovsm(&["eval", "--json", "--engine", "ir", source], b"");
        assert_eq!((ir.code, ir.out), (vm.code, vm.out), "{source}");
    }
}

#[test]
fn json_tells_how_a_script_failed() {
    let result = ovsm(&["eval", "--json", "(sol_log_ \"before\") (/ 1 (length []))"], b"");
    assert_eq!(result.code, Some(1));
    let json: serde_json::Value = serde_json::from_str(&result.out).unwrap();
    assert_eq!(json["error"]["code"], "E0402", "{json}");
    assert_eq!(json["logs"], serde_json::json!(["before"]));
    assert!(result.err.contains("E0402"), "{}", result.err);
    let rejected = ovsm(&["eval", "--json", "(+ 1 missing)"], b"");
    let json: serde_json::Value = serde_json::from_str(&rejected.out).unwrap();
    assert_eq!((rejected.code, &json["error"]["code"]), (Some(1), &serde_json::json!("E0101")));
}

#[test]
fn what_a_script_prints_is_not_limited() {
    let source = b"(define n 0) (while (< n 40000) (sol_log_64_ n 0 0 0 0) (set! n (+ n 1)))";
    let result = ovsm(&["run", "-"], source);
    assert_eq!((result.code, result.err.as_str()), (Some(0), ""));
    assert!(result.out.len() > 1 << 20);
    assert_eq!(result.out.lines().count(), 40_000);
    assert_eq!(result.out.lines().last(), Some("0x9c3f, 0x0, 0x0, 0x0, 0x0"));
    // What is kept on a chain is limited.
    let kept = ovsm(&["run", "--json", "--engine", "vm", "-"], source);
    assert_eq!(kept.code, Some(0));
    assert!(kept.out.len() < 3 << 20);
    assert!(kept.out.contains("Log truncated"));
}

#[test]
fn runs_stop_in_time_and_memory() {
    // A quotient and a text that take long stop in the middle, too.
    for program in
        ["(while true 1)", "(let ((x (expt 7 2500000))) (// (* x x) x))", "(length (str (expt 7 5000000)))"]
    {
        let result = ovsm(&["eval", "--timeout", "0.2", program], b"");
        assert_eq!(result.code, Some(1), "{program}");
        assert!(result.err.contains("E0424"), "{program}: {}", result.err);
    }
    let result =
        ovsm(&["eval", "--max-memory", "64", "(define xs []) (while true (push! xs \"text\"))"], b"");
    assert_eq!(result.code, Some(1));
    assert!(result.err.contains("E0424") || result.err.contains("E0416"), "{}", result.err);
    // Old versions that are kept share nothing with the new ones: each is a copy.
    for text in [
        "(define m (to-array (range 0 50000))) (define kept []) \
         (for (i (range 0 500)) (push! kept m) (set! (get m 0) i))",
        "(define m (set (range 0 5000))) (define kept []) \
         (for (i (range 0 500)) (push! kept m) (set! m (set-remove m i)))",
        "(define m (zip-object (map str (range 0 5000)) (range 0 5000))) (define kept []) \
         (for (i (range 0 500)) (push! kept m) (set! m (dissoc m (str i))))",
        "(define s (repeat \"x\" 1000000)) (define kept []) (for (i (range 0 1000)) (push! kept (str s i)))",
        "(define b (bytes (repeat \"x\" 1000000))) (define kept []) \
         (for (i (range 0 1000)) (push! kept b) (setf (get b 0) (mod i 256)))",
        "(define b (bytes (repeat \"x\" 1000000))) (define kept []) \
         (for (i (range 0 1000)) (push! kept (concat b (bytes \"y\"))))",
    ] {
        let result = ovsm(&["eval", "--max-memory", "64", text], b"");
        assert!(result.err.contains("E0424") && result.err.contains("memory"), "{text}: {}", result.err);
    }
    let result = ovsm(&["eval", "--max-memory", "64", "(repeat \"x\" 1000000000000)"], b"");
    assert!(result.err.contains("E0416"), "{}", result.err);
}

#[test]
fn a_script_touches_nothing_without_permission() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data.txt");
    std::fs::write(&file, "content").unwrap();
    let path = file.to_str().unwrap();
    let read = format!("(read-file \"{path}\")");
    let denied = ovsm(&["eval", &read], b"");
    assert_eq!(denied.code, Some(1));
    assert!(denied.err.contains("E0417") && denied.err.contains("--allow-read="), "{}", denied.err);
    let flag = format!("--allow-read={}", folder.path().display());
    assert_eq!(ovsm(&["eval", &flag, &read], b"").out, "\"content\"\n");
    let elsewhere = ovsm(&["eval", &flag, "(read-file \"/etc/hostname\")"], b"");
    assert!(elsewhere.err.contains("E0417"), "{}", elsewhere.err);
    let outside = format!("(read-file \"{}/../x\")", folder.path().display());
    assert_ne!(ovsm(&["eval", &flag, &outside], b"").code, Some(0));
    let write = format!("(write-file \"{path}\" \"new\")");
    assert!(ovsm(&["eval", &flag, &write], b"").err.contains("--allow-write="));
    assert!(ovsm(&["eval", "(env \"HOME\")"], b"").err.contains("--allow-env="));
    // Not even a script that may read everything gets at a wallet.
    let wallet = folder.path().join(".config").join("solana");
    std::fs::create_dir_all(&wallet).unwrap();
    std::fs::write(wallet.join("id.json"), "[1]").unwrap();
    let steal = format!("(read-file \"{}/id.json\")", wallet.display());
    let result = ovsm(&["eval", "--allow-read", &steal], b"");
    assert!(result.code != Some(0) && result.err.contains("never permitted"), "{}{}", result.out, result.err);
    let other = format!("(read-file \"{path}\")");
    assert_eq!(
        ovsm(&["eval", "--allow-read", &other], b"").code,
        Some(0),
        "the flag permits everything else"
    );
}

#[test]
fn scripts_have_arguments_input_and_an_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("main.ovsm");
    std::fs::write(&script, "(println (arguments)) (println (read-line)) (exit 7)").unwrap();
    let result = ovsm(&["run", script.to_str().unwrap(), "--", "a", "--b"], b"line\n");
    assert_eq!((result.code, result.out.as_str()), (Some(7), "[\"a\" \"--b\"]\nline\n"));
}

#[test]
fn modules_are_files() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("src");
    std::fs::create_dir_all(source.join("geometry")).unwrap();
    std::fs::write(folder.path().join("spirit.toml"), "[package]\nname = \"shapes\"\n").unwrap();
    let area = "(defmacro square (x) `(* ,x ,x)) (defn area (r) (* 3 (square r))) (defn hidden () 1) (export area square)";
    std::fs::write(source.join("geometry/circle.ovsm"), area).unwrap();
    let main = |text: &str| {
        std::fs::write(source.join("main.ovsm"), text).unwrap();
        ovsm(&["run", folder.path().to_str().unwrap()], b"")
    };
    assert_eq!(main("(import geometry/circle) (println (circle/area 2) (square 3))").out, "12 9\n");
    assert_eq!(main("(import [geometry/circle :as c]) (println (c/area 1))").out, "3\n");
    assert_eq!(main("(import [geometry/circle :only (area)]) (println (area 1))").out, "3\n");
    let private = main("(import [geometry/circle :only (hidden)])");
    assert!(private.err.contains("E0118") && private.err.contains("private"), "{}", private.err);
    assert!(main("(import geometry/circle) (hidden)").err.contains("E0101"));
    assert!(main("(import geometry/square)").err.contains("E0120"));
    std::fs::write(source.join("a.ovsm"), "(import b)").unwrap();
    std::fs::write(source.join("b.ovsm"), "(import a)").unwrap();
    let cycle = main("(import a)");
    assert!(cycle.err.contains("E0119") && cycle.err.contains("a → b → a"), "{}", cycle.err);
}

#[test]
fn the_prompt_goes_on_after_errors() {
    let input = b"(define x 5)\n(foo)\n(/ 1 0)\n(defn f (a)\n  \"Twice.\"\n  (* 2 a))\n(f x) (defn f (a) a) (f x)\n:doc f\n:type x\n:expand (g 1)\n:quit\n";
    let result = ovsm(&["repl"], input);
    assert_eq!(result.code, Some(0), "{}", result.err);
    assert!(
        result.out.contains("10\n") && result.out.contains("5\n") && result.out.contains("int\n"),
        "{}",
        result.out
    );
    assert!(result.err.contains("E0101") && result.err.contains("E0215"), "{}", result.err);
}

#[cfg(target_os = "linux")]
#[test]
fn a_script_ends_when_its_output_does() {
    let run = |stdout: Stdio| {
        Command::new(env!("CARGO_BIN_EXE_ovsm"))
            .args(["eval", "(while true (sol_log_ \"again\"))"])
            .stdin(Stdio::null())
            .stdout(stdout)
            .output()
            .unwrap()
    };
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let closed = run(writer.into());
    assert_eq!((closed.status.code(), closed.stderr), (Some(0), Vec::new()));
    let full = run(std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap().into());
    assert_eq!(full.status.code(), Some(2));
    assert!(String::from_utf8(full.stderr).unwrap().contains("E0502"));
}

const EFFECTS: &str = "(defn load (path) (read-file path))
(defn each (f xs) (map f xs))
(defn show (xs) (each println xs))
(defn main (path)
  (show [(load path)]))
(defn add (a b) (+ a b))
(main \"x\")
";

#[test]
fn effects_are_shown_with_the_way_to_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.ovsm");
    std::fs::write(&path, EFFECTS).unwrap();
    let path = path.to_str().unwrap();
    let result = ovsm(&["check", "--effects", path], b"");
    assert_eq!((result.code, result.err.as_str()), (Some(0), ""));
    let shown: Vec<&str> = result.out.lines().skip(1).map(str::trim).collect();
    for line in [
        "load         storage",
        "storage: load → read-file, line 1",
        "each         those of `f`, `xs`",
        "io: show → println, line 3",
        "main         io, storage",
        "storage: main → load → read-file, line 1",
        "add          pure",
        "(top level)  io, storage",
    ] {
        assert!(shown.contains(&line), "{line} is not in {shown:#?}");
    }
    let result = ovsm(&["check", "--effects", "--json", path], b"");
    let json: serde_json::Value = serde_json::from_str(&result.out).unwrap();
    let functions = json["functions"].as_array().unwrap();
    let main = functions.iter().find(|function| function["name"] == "main").unwrap();
    assert_eq!(main["effects"][1]["effect"], "storage");
    assert_eq!(main["effects"][1]["chain"], serde_json::json!(["main", "load", "read-file"]));
    assert_eq!(main["effects"][1]["line"], 1);
    let each = functions.iter().find(|function| function["name"] == "each").unwrap();
    assert_eq!(each["of-parameters"], serde_json::json!(["f", "xs"]));
    // Nothing ran, and without the option nothing is said.
    assert_eq!(ovsm(&["check", path], b"").out, "");
}

#[test]
fn the_prompt_says_what_functions_do() {
    let input = b"(defn show (x) (println x))\n:doc show\n:doc random-int\n:doc length\n";
    let result = ovsm(&["repl"], input);
    assert!(result.out.contains("effects: io\n  io: show"), "{}", result.out);
    assert!(result.out.contains("effects: random"), "{}", result.out);
    assert!(result.out.contains("effects: pure"), "{}", result.out);
}
