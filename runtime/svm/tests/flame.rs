//! `ovsm test --flamegraph`: every unit that a transaction pays is somewhere in the picture, and where it belongs.
//!
//! Needs the `ovsm` of this repository: the variable `OVSM` says where it is.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

use std::path::{Path, PathBuf};
use std::process::Command;

/// Hashes, logs, searches, recursion, and calls of the system program and of another program.
const CALLER: &str = r#"(program caller)
(defn depth ((n : u64)) -> u64
  (if (= n 0) 0
    (+ 1 (depth (- n 1)))))
(defn add-up ((a : u64) (b : u64)) -> u64
  (+ (* a 3)
     b))
(instruction run ((n : u64))
  :accounts ((who : (mut signer))
             (to : (mut account))
             (other : account)
             (system : (program (system-program-id))))
  (declare (allow arbitrary-cpi missing-has-one))
  (when (pda= (key to) ["a" 1u8]) (fail-as 17))
  (when (pda= (key to) ["b" 2u8]) (fail-as 17))
  (sol_log_ "hello")
  (when (= (. (find-program-address ["seed"]) bump) 0) (fail-as 17))
  (when (> (add-up (depth n) n) 1000) (fail-as 17))
  (system-transfer who to 1)
  (invoke-program other [[to]] [1u8 n])
  (when (pda= (key to) ["c" 3u8]) (fail-as 17)))
"#;

/// Hashes first, logs, and fails for one number.
const CALLEE: &str = r#"(program callee)
(instruction one ((n : u64))
  :discriminator 1u8
  :accounts ((a : account))
  (when (pda= (key a) ["x" 1u8]) (fail-as 17))
  (sol_log_ "inside")
  (when (= n 7) (fail-as 17)))
"#;

const TESTS: &str = r#"(import solana/test)
(define chain (test-chain))
(define caller (load-program chain))
(define callee (load-program chain "src/callee.ovsm"))
(define alice (wallet chain :alice 10_000_000_000))
(define bob (wallet chain :bob 10_000_000_000))
(define (run n)
  (call caller :run {:n n} {:who alice :to bob :other (:key callee)}))
(deftest "once" (assert= 0 (:units (send chain (run 3)))))
(deftest "twice in one transaction" (assert= 0 (:units (send chain (run 0) (run 1)))))
(deftest "one that fails" (assert= 0 (:units (try-send chain (run 7)))))
(deftest "one that has no units left" (assert= 0 (:units (try-send chain (run 60)))))
(deftest "the runtime's own" (assert= 0 (:units (send chain
  (raw-call (pubkey "11111111111111111111111111111111") [{:key alice :signer true :writable true} {:key bob :writable true}] b"\x02\0\0\0\x05\0\0\0\0\0\0\0")))))
"#;

fn project(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(folder.join("src")).unwrap();
    std::fs::create_dir_all(folder.join("tests")).unwrap();
    let write = |path: &str, text: &str| std::fs::write(folder.join(path), text).unwrap();
    write("spirit.toml", "name = \"p\"\nversion = \"0.1.0\"\nkind = \"program\"\n");
    write("src/main.ovsm", CALLER);
    write("src/callee.ovsm", CALLEE);
    write("tests/t.ovsm", TESTS);
    folder
}

fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let ovsm = std::env::var_os("OVSM").expect("the variable OVSM says where `ovsm` is");
    let output = Command::new(ovsm)
        .args(["test", "--svm", env!("CARGO_BIN_EXE_ovsm-svm")])
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), text)
}

/// The ways and their units.
fn folded(folder: &Path, filter: &str) -> (Vec<(String, u64)>, String) {
    let (_, text) = run(folder, &["--filter", filter, "--flamegraph", "units.folded"]);
    let lines = std::fs::read_to_string(folder.join("units.folded")).unwrap_or_else(|_| panic!("{text}"));
    let ways = lines.lines().map(|line| line.rsplit_once(' ').unwrap());
    (ways.map(|(way, units)| (way.to_string(), units.parse().unwrap())).collect(), text)
}

/// The units that a test found where it expected none: what the runtime says.
fn said_units(text: &str) -> u64 {
    let line = text.lines().find(|line| line.contains("found: ")).unwrap_or_else(|| panic!("{text}"));
    let digits: String = line.rsplit("found:").next().unwrap().chars().filter(char::is_ascii_digit).collect();
    digits.parse().unwrap_or_else(|_| panic!("{text}"))
}

#[test]
fn every_unit_is_somewhere() {
    let folder = project("flame-sums");
    for test in ["once", "twice", "fails", "no units left", "runtime's own"] {
        let (ways, text) = folded(&folder, test);
        let sum: u64 = ways.iter().map(|(_, units)| units).sum();
        assert_eq!(sum, said_units(&text), "{test}\n{ways:#?}\n{text}");
        assert!(text.contains(&format!("{sum} compute units, see units.folded")), "{text}");
    }
}

#[test]
fn units_are_where_they_belong() {
    let folder = project("flame-places");
    let (ways, _) = folded(&folder, "once");
    let line = |text: &str| 1 + CALLER.lines().position(|line| line.contains(text)).unwrap();
    let at = |part: &str| -> u64 {
        ways.iter().filter(|(way, _)| way.contains(part)).map(|(_, units)| units).sum()
    };
    let own = |text: &str| -> u64 {
        let place = format!("src/main.ovsm:{} ", line(text));
        let ends = |way: &str| way.rsplit(';').next().unwrap().starts_with(&place);
        ways.iter().filter(|(way, _)| ends(way)).map(|(_, units)| units).sum()
    };
    // What a syscall charges counts where it is called, beside the instructions around it.
    assert!((100..130).contains(&own("sol_log_")), "{ways:#?}");
    let search = own("find-program-address");
    assert!(search >= 1500 && search % 1500 < 30, "{ways:#?}");
    for hash in ["[\"a\" 1u8]", "[\"b\" 2u8]", "[\"c\" 3u8]"] {
        assert!((150..300).contains(&own(hash)), "{hash} {} {ways:#?}", own(hash));
    }
    assert!((1_050..1_250).contains(&own("(system-transfer")), "{ways:#?}");
    // The other program stands on the call, with lines of its own.
    let call = format!(
        "src/main.ovsm:{} (invoke-program other [[to]] [1u8 n]);callee;entrypoint;",
        line("(invoke-program")
    );
    assert!(at(&call) > 150, "{ways:#?}");
    assert!(
        ways.iter().any(|(way, _)| way.contains(";callee;") && way.contains("src/callee.ovsm:6")),
        "{ways:#?}"
    );
    // A function that calls itself stands on itself; one that was put in place of its call has a frame all the same.
    assert!(ways.iter().any(|(way, _)| way.matches(";depth;").count() == 2), "{ways:#?}");
    assert!(at(";defn add-up;") > 0, "{ways:#?}");
}

#[test]
fn the_picture_is_the_same_each_time() {
    let folder = project("flame-picture");
    let mut pictures = Vec::new();
    for name in ["a.svg", "b.svg"] {
        run(&folder, &["--filter", "once", "--flamegraph", name]);
        pictures.push(std::fs::read_to_string(folder.join(name)).unwrap());
    }
    assert_eq!(pictures[0], pictures[1]);
    assert!(pictures[0].contains("<title>caller: ") && !pictures[0].contains("<script"), "{}", pictures[0]);
    let (code, text) = run(&folder, &["--flamegraph", "units.png"]);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("`.folded`"), "{text}");
}

#[test]
fn tracing_changes_no_figure() {
    let folder = project("flame-figures");
    for test in ["once", "twice", "fails", "no units left"] {
        let (_, plain) = run(&folder, &["--filter", test]);
        let (_, traced) = folded(&folder, test);
        assert_eq!(said_units(&plain), said_units(&traced), "{test}");
    }
}
