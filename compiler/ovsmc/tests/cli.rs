//! The compiler as a user meets it: results, messages, exit codes, and bad input of every kind.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;
use std::process::{Command, Stdio};

struct Result {
    code: Option<i32>,
    out: Vec<u8>,
    err: String,
}

/// Runs the compiler in a folder.
fn ovsmc(folder: &Path, arguments: &[&str]) -> Result {
    let output = Command::new(env!("CARGO_BIN_EXE_ovsmc"))
        .args(arguments)
        .current_dir(folder)
        .env("HOME", folder)
        .output()
        .unwrap();
    Result { code: output.status.code(), out: output.stdout, err: String::from_utf8(output.stderr).unwrap() }
}

fn folder_with(name: &str, text: impl AsRef<[u8]>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), text).unwrap();
    folder
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_file_becomes_a_program() {
    let folder = folder_with("hello.ovsm", "(sol_log_ \"hello\")");
    let result = ovsmc(folder.path(), &["build", "hello.ovsm", "--emit", "ir,asm"]);
    assert_eq!(result.code, Some(0), "{}", result.err);
    assert!(result.err.starts_with("built hello.so: "), "{}", result.err);
    assert_eq!(names(folder.path()), ["hello.ir", "hello.ovsm", "hello.s", "hello.so"]);
    let elf = std::fs::read(folder.path().join("hello.so")).unwrap();
    assert_eq!(elf.get(..4), Some(&b"\x7fELF"[..]));
    let inspected = ovsmc(folder.path(), &["inspect", "hello.so"]);
    let text = String::from_utf8(inspected.out).unwrap();
    assert!(text.contains("sol_log_"), "{text}");
    assert!(text.contains("entrypoint"), "{text}");
    let standard_output = ovsmc(folder.path(), &["build", "hello.ovsm", "-o", "-"]);
    assert_eq!(standard_output.out, elf);
}

#[test]
fn a_stripped_hello_is_small() {
    let folder = folder_with("hello.ovsm", "(sol_log_ \"Hello, OVSM!\")");
    let result = ovsmc(folder.path(), &["build", "hello.ovsm", "--strip", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&result.out).unwrap();
    assert!(json["bytes"].as_u64().unwrap() <= 300, "{json}");
}

#[test]
fn a_folder_becomes_a_program_of_its_name() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("thing/src")).unwrap();
    std::fs::write(folder.path().join("thing/src/main.ovsm"), "0").unwrap();
    assert_eq!(ovsmc(folder.path(), &["build", "thing"]).code, Some(0));
    assert!(folder.path().join("thing/target/deploy/thing.so").is_file());
    let inside = ovsmc(&folder.path().join("thing"), &["build", "--sbpf", "v0", "-O0"]);
    assert_eq!(inside.code, Some(0), "{}", inside.err);
    let empty = tempfile::tempdir().unwrap();
    let result = ovsmc(empty.path(), &["build"]);
    assert_eq!(result.code, Some(2));
    assert!(result.err.contains("E0501"), "{}", result.err);
}

#[test]
fn building_twice_gives_the_same_bytes() {
    let source =
        "(defn f ((x : u64)) -> u64 (* x x))\n(sol_log_64_ (f (num-accounts)) (f 3))\n(sol_log_ \"x\")";
    let (one, two) = (folder_with("a.ovsm", source), folder_with("a.ovsm", source));
    for (version, level) in [("v3", "-O2"), ("v0", "-O0"), ("v3", "-O3")] {
        let first = ovsmc(one.path(), &["build", "a.ovsm", "--sbpf", version, level, "-o", "-"]);
        let second = ovsmc(two.path(), &["build", "a.ovsm", "--sbpf", version, level, "-o", "-"]);
        assert_eq!(first.out, second.out);
        assert!(!first.out.is_empty());
    }
}

/// Standard output and error of a command that has one processor, or all.
#[cfg(target_os = "linux")]
fn with_processors(are_all: bool, arguments: &[&str]) -> (Vec<u8>, Vec<u8>) {
    use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
    use nix::unistd::Pid;
    // A command may use the processors of the thread that starts it.
    std::thread::scope(|scope| {
        let start = || {
            let own = sched_getaffinity(Pid::from_raw(0)).unwrap();
            let first = (0..CpuSet::count()).find(|number| own.is_set(*number).unwrap()).unwrap();
            let mut one = CpuSet::new();
            one.set(first).unwrap();
            sched_setaffinity(Pid::from_raw(0), if are_all { &own } else { &one }).unwrap();
            let output = Command::new(env!("CARGO_BIN_EXE_ovsmc")).args(arguments).output().unwrap();
            (output.stdout, output.stderr)
        };
        scope.spawn(start).join().unwrap()
    })
}

#[cfg(target_os = "linux")]
#[test]
fn the_number_of_threads_changes_nothing() {
    let programs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spirits/programs");
    let token = format!("{programs}/token");
    // Programs with faults everywhere.
    let source = std::fs::read_to_string(format!("{token}/src/main.ovsm")).unwrap();
    let broken = folder_with("a.ovsm", source.replace("u64", "u63"));
    let broken = broken.path().join("a.ovsm").display().to_string();
    let careless = folder_with("a.ovsm", source.replace(";; lint: allow", ";; once: allow"));
    let careless = careless.path().join("a.ovsm").display().to_string();
    // Each call makes a function with a name of its own.
    let made: String = (0..200)
        .map(|n| format!("(defn f{n} ((n : u64)) -> u64 (+% {n}u64 (tree-sum n))) ; {}\n", "x".repeat(60)))
        .chain([concat!(
            "(defmacro tree-sum (n) (let ((walk (gensym \"walk\"))) `(labels ((,walk ((k : u64)) -> u64",
            " (if (< k 2u64) 1u64 (+% (,walk (-% k 1u64)) (,walk (-% k 2u64)))))) (,walk ,n))))\n",
            "(sol_log_64_ (f0 1) (f7 2) (f90 3) (f100 4) (f199 5))"
        )
        .to_string()])
        .collect();
    let made = folder_with("a.ovsm", made);
    let made = made.path().join("a.ovsm").display().to_string();
    let commands: [&[&str]; 6] = [
        &["build", &made, "-o", "-"],
        &["build", &token, "-o", "-"],
        &["build", &token, "-O3", "--sbpf", "v0", "-o", "-"],
        &["build", &token, "-Os", "--strip", "-o", "-"],
        &["check", "--error-format", "json", &broken],
        &["check", "--error-format", "json", &careless],
    ];
    for command in commands {
        let alone = with_processors(false, command);
        assert!(!alone.0.is_empty() || !alone.1.is_empty(), "{command:?}");
        for _ in 0..3 {
            assert!(with_processors(true, command) == alone, "{command:?}");
        }
    }
}

#[test]
fn hostile_sources_are_errors() {
    let garbage: Vec<u8> = (0..100_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let long_line = format!("(+ {})", "x ".repeat(5 << 20));
    let cases: [(&str, Vec<u8>, &str); 9] = [
        ("binary garbage", garbage, "E0014"),
        ("nested parentheses", "(".repeat(100_000).into_bytes(), "E0009"),
        ("balanced parentheses", ["(".repeat(100_000), ")".repeat(100_000)].concat().into_bytes(), "E0009"),
        ("a long line", long_line.into_bytes(), "E0101"),
        ("five million forms", "1 ".repeat(5 << 20).into_bytes(), "E0013"),
        ("NUL bytes", b"(+ 1 \0 2)".to_vec(), "E0010"),
        ("a lone surrogate", b"(sol_log_ \"\xed\xa0\x80\")".to_vec(), "E0014"),
        ("a surrogate escape", b"(sol_log_ \"\\u{d800}\")".to_vec(), "E0006"),
        ("an endless string", b"(sol_log_ \"abc)".to_vec(), "E0004"),
    ];
    for (what, text, code) in cases {
        // Once is enough for what takes long.
        let formats = if text.len() > 1 << 20 { &["human"][..] } else { &["short", "human", "json"] };
        let folder = folder_with("bad.ovsm", text);
        for format in formats {
            let result = ovsmc(folder.path(), &["build", "bad.ovsm", "--error-format", format]);
            assert_eq!(result.code, Some(1), "{what}: {:.300}", result.err);
            assert!(result.err.contains(code), "{what}: {:.300}", result.err);
            assert!(result.err.len() < 1 << 20, "{what}: {} bytes of output", result.err.len());
        }
        assert_eq!(names(folder.path()), ["bad.ovsm"], "{what}");
    }
}

#[test]
fn the_command_line_is_checked() {
    let folder = folder_with("a.ovsm", "0");
    for arguments in [
        &["build", "a.ovsm", "--nonsense"][..],
        &["build", "a.ovsm", "--sbpf", "v9"],
        &["build", "a.ovsm", "-O9"],
        &["build", "a.ovsm", "--emit", "poem"],
        &["frobnicate"],
        &["explain"],
        &["build", "a.ovsm", "-o", "-", "--json"],
        &["build", "a.ovsm", "-o", "-", "--emit", "ir"],
        &[],
    ] {
        let result = ovsmc(folder.path(), arguments);
        assert_eq!(result.code, Some(2), "{arguments:?}: {}", result.err);
        assert!(!result.err.is_empty());
    }
    assert_eq!(names(folder.path()), ["a.ovsm"]);
}

#[test]
fn files_that_can_not_be_read_are_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("dir.ovsm")).unwrap();
    for arguments in [
        &["build", "missing.ovsm"][..],
        &["check", "missing.ovsm"],
        &["inspect", "missing.so"],
        &["inspect", "dir.ovsm"],
        &["build", "dir.ovsm"],
    ] {
        let result = ovsmc(folder.path(), arguments);
        assert_eq!(result.code, Some(2), "{arguments:?}: {}", result.err);
        assert!(result.err.contains("E0501"), "{arguments:?}: {}", result.err);
    }
}

#[test]
fn outputs_that_can_not_be_written_leave_nothing() {
    let folder = folder_with("a.ovsm", "0");
    std::fs::create_dir(folder.path().join("taken")).unwrap();
    std::fs::write(folder.path().join("file"), "old").unwrap();
    for output in ["no/such/folder/a.so", "taken", "file/a.so", "a.ovsm"] {
        let result = ovsmc(folder.path(), &["build", "a.ovsm", "-o", output]);
        assert_eq!(result.code, Some(2), "{output}: {}", result.err);
        assert!(result.err.contains("E0502"), "{output}: {}", result.err);
    }
    assert_eq!(names(folder.path()), ["a.ovsm", "file", "taken"]);
    assert!(names(&folder.path().join("taken")).is_empty());
    assert_eq!(std::fs::read(folder.path().join("file")).unwrap(), b"old");
    assert_eq!(std::fs::read(folder.path().join("a.ovsm")).unwrap(), b"0");
    // The second result can not be written, so the first is not either.
    std::fs::create_dir(folder.path().join("b.s")).unwrap();
    let result = ovsmc(folder.path(), &["build", "a.ovsm", "-o", "b.so", "--emit", "ir,asm"]);
    assert_eq!(result.code, Some(2), "{}", result.err);
    let result = ovsmc(folder.path(), &["build", "a.ovsm", "-o", "b.ir", "--emit", "ir"]);
    assert_eq!(result.code, Some(2), "{}", result.err);
    assert_eq!(names(folder.path()), ["a.ovsm", "b.s", "file", "taken"]);
}

#[test]
fn results_are_named_after_the_program() {
    let folder = folder_with("a.b.ovsm", "0");
    assert_eq!(ovsmc(folder.path(), &["build", "a.b.ovsm"]).code, Some(0));
    assert_eq!(names(folder.path()), ["a.b.ovsm", "a.b.so"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_and_a_closed_pipe_is_none() {
    let folder = folder_with("a.ovsm", "0");
    let run = |stdout: Stdio| {
        Command::new(env!("CARGO_BIN_EXE_ovsmc"))
            .args(["build", "a.ovsm", "-o", "-"])
            .current_dir(folder.path())
            .env("HOME", folder.path())
            .stdout(stdout)
            .output()
            .unwrap()
    };
    let full = run(std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap().into());
    assert_eq!(full.status.code(), Some(2));
    assert!(String::from_utf8(full.stderr).unwrap().contains("E0502"));
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let closed = run(writer.into());
    assert_eq!((closed.status.code(), closed.stderr), (Some(0), Vec::new()));
}

/// The transcripts in the pages of codes that need more than a program to be shown.
#[test]
fn transcripts_of_error_pages_hold() {
    let variables: String = (0..600).map(|n| format!("  (define v{n} (mem-load p {}))\n", 8 * n)).collect();
    let names: Vec<String> = (0..600).map(|n| format!("v{n}")).collect();
    let frame = format!(
        "(defn mix ((p : u64)) -> u64\n{variables}  (sol_log_64_ p)\n  (bit-xor {}))\n(mix (instruction-data-ptr))",
        names.join(" ")
    );
    let files: [(&str, &str, Vec<u8>); 9] = [
        ("E0009", "generated.ovsm", ["(+ ".repeat(300), ")".repeat(300)].concat().into_bytes()),
        ("E0013", "huge.ovsm", vec![b' '; 20_000_000]),
        ("E0014", "latin1.ovsm", b";;; A line.\n(; caf\xe9\n".to_vec()),
        ("E0303", "generated.ovsm", frame.into_bytes()),
        ("E0306", "generated.ovsm", format!("(sol_log_ \"{}\")", "x".repeat(11 << 20)).into_bytes()),
        ("E0501", "present.ovsm", b"0".to_vec()),
        ("E0502", "counter.ovsm", b"0".to_vec()),
        ("E0503", "README.md", b"# Counter\n".to_vec()),
        ("E0506", "counter.json", b"{}".to_vec()),
    ];
    let mut checked = 0;
    for (code, name, content) in files.into_iter().chain([("E0505", "present.ovsm", b"0".to_vec())]) {
        let folder = folder_with(name, content);
        let page = String::from_utf8(ovsmc(folder.path(), &["explain", code]).out).unwrap();
        let transcript = page.split("```console\n").nth(1).unwrap().split("```").next().unwrap();
        let (command, shown) = transcript.split_once('\n').unwrap();
        let arguments: Vec<&str> = command.strip_prefix("$ ovsmc ").unwrap().split(' ').collect();
        let result = ovsmc(folder.path(), &arguments);
        assert!(result.err.lines().any(|line| format!("{line}\n") == shown), "{code}:\n{:.500}", result.err);
        checked += 1;
    }
    assert_eq!(checked, 10);
    // The page of E0507 needs two files.
    let folder = folder_with("counter.so", "");
    std::fs::write(folder.path().join("counter.ovsm"), "0").unwrap();
    let page = String::from_utf8(ovsmc(folder.path(), &["explain", "E0507"]).out).unwrap();
    let shown = page.split("```console\n").nth(1).unwrap().lines().nth(1).unwrap();
    let arguments = ["verify", "counter.so", "--source", "counter.ovsm", "--error-format", "short"];
    let result = ovsmc(folder.path(), &arguments);
    assert_eq!(result.err.lines().next(), Some(shown));
}

#[test]
fn arrays_that_have_no_room_are_said_to_be_of_functions() {
    let source = "(account L (xs : (array u64 1200)))\n\
                  (instruction small () :accounts ((x : (mut (account L))) (y : (account L))) (set! (. x xs) (. y xs)))\n\
                  (instruction large () :accounts ((x : (mut (account L))))\n  (set! (. x xs) (map (fn (v) (+% v 3)) (reverse (map (fn (v) (*% v 3)) (. x xs))))))";
    let folder = folder_with("a.ovsm", source);
    let result = ovsmc(folder.path(), &["check", "a.ovsm"]);
    let place = |what: &str| result.err.find(what).unwrap_or_else(|| panic!("{what}: {}", result.err));
    let sizes = ["bytes are for `large`", "bytes are for `small`"].map(place);
    assert!(sizes[0] < sizes[1], "{}", result.err);
    assert!(result.err.contains("a.ovsm:3:"), "{}", result.err);
}

#[test]
fn a_broken_program_leaves_the_old_result() {
    let folder = folder_with("a.ovsm", "(foo)");
    std::fs::write(folder.path().join("a.so"), "old").unwrap();
    assert_eq!(ovsmc(folder.path(), &["build", "a.ovsm"]).code, Some(1));
    assert_eq!(std::fs::read(folder.path().join("a.so")).unwrap(), b"old");
}

#[test]
fn inspect_refuses_what_is_no_program() {
    let folder = folder_with("a.so", b"\x7fELF and then nothing of the kind");
    let result = ovsmc(folder.path(), &["inspect", "a.so"]);
    assert_eq!(result.code, Some(1));
    assert!(result.err.contains("E0503"), "{}", result.err);
}

#[test]
fn explain_knows_every_code() {
    let folder = tempfile::tempdir().unwrap();
    let listed = String::from_utf8(ovsmc(folder.path(), &["explain", "--list"]).out).unwrap();
    assert!(listed.lines().count() >= 20, "{listed}");
    for line in listed.lines() {
        let code = line.split(' ').next().unwrap();
        let page = ovsmc(folder.path(), &["explain", &code.to_lowercase()]);
        assert_eq!(page.code, Some(0), "{code}");
        assert!(String::from_utf8(page.out).unwrap().starts_with(&format!("# {code}: ")), "{code}");
    }
    let near = ovsmc(folder.path(), &["explain", "101"]);
    assert!(near.err.contains("did you mean E0101"), "{}", near.err);
    let unknown = ovsmc(folder.path(), &["explain", "E9999"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.err.contains("E0505"), "{}", unknown.err);
}

#[test]
fn check_reports_and_writes_nothing() {
    let folder = folder_with("good.ovsm", "(+ 1 2)");
    std::fs::write(folder.path().join("bad.ovsm"), "(define balance 1)\n(sol_log_64_ balence)").unwrap();
    assert_eq!(ovsmc(folder.path(), &["check", "good.ovsm"]).code, Some(0));
    let result = ovsmc(folder.path(), &["check", "good.ovsm", "bad.ovsm", "--error-format", "short"]);
    assert_eq!(result.code, Some(1));
    assert!(result.err.contains("bad.ovsm:2:14: error[E0101]"), "{}", result.err);
    let result = ovsmc(folder.path(), &["check", "bad.ovsm"]);
    assert!(result.err.contains("did you mean `balance`?"), "{}", result.err);
    // A script may end in a text, a program may not.
    std::fs::write(folder.path().join("good.ovsm"), "\"text\"").unwrap();
    for arguments in [&["check", "good.ovsm"][..], &["check", "--target", "sbpf", "good.ovsm"]] {
        let result = ovsmc(folder.path(), arguments);
        assert_eq!(result.code, Some(1));
        assert!(result.err.contains("E0304"), "{}", result.err);
    }
    assert_eq!(names(folder.path()), ["bad.ovsm", "good.ovsm"]);
}

/// What only the last stages of a build find out.
const LATE: [&str; 6] = [
    // More memory than there is, and more than a frame holds.
    "(let ((a (make-array 5000 0u64))) (dotimes (i 5000) (setf (nth a i) i)) (nth a 3))",
    "(defn f ((n : u64)) -> u64 (let ((a [n n n])) (if (= n 0) (nth a 0) (+ (nth a 1) (f (- n 1)))))) (f 3)",
    // A value that is no return code.
    "\"text\"",
    // Declared bounds.
    "(defn f ((n : u64)) -> u64 (declare (cu-max 2)) (if (= n 0) 1 (* n (f (- n 1))))) (f 3)",
    "(defn f ((n : u64)) -> u64 (declare (stack-max 1)) (if (= n 0) 1 (* n (f (- n 1))))) (f 3)",
    "(+ 1 2)",
];

#[test]
fn what_a_build_refuses_a_check_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut names: Vec<_> = ["book/src/errors", "conformance/spec/diagnostics"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(root.join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect();
    names.sort();
    let mut programs: Vec<String> = LATE.iter().map(|program| program.to_string()).collect();
    for name in names {
        let page = std::fs::read_to_string(name).unwrap();
        for fence in page.split("\n```").skip(1).step_by(2) {
            let (kind, program) = fence.split_once('\n').unwrap();
            if matches!(kind, "ovsm error" | "ovsm") {
                programs.push(program.to_string());
            }
        }
    }
    let mut refused = 0;
    for program in programs {
        std::fs::write(folder.path().join("p.ovsm"), &program).unwrap();
        let built = ovsmc(folder.path(), &["build", "p.ovsm", "-o", "p.so", "--error-format", "short"]);
        let checked = ovsmc(folder.path(), &["check", "p.ovsm", "--error-format", "short"]);
        let errors = |result: &Result| {
            let lines = result.err.lines().filter(|line| line.contains("error[")).map(str::to_string);
            lines.collect::<Vec<_>>()
        };
        assert_eq!((checked.code, errors(&checked)), (built.code, errors(&built)), "{program}");
        refused += usize::from(built.code == Some(1));
    }
    assert!(refused > 40, "{refused}");
}

#[test]
fn completions_and_manuals_are_generated() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let result = ovsmc(folder.path(), &["completions", shell]);
        assert_eq!(result.code, Some(0));
        assert!(String::from_utf8(result.out).unwrap().contains("explain"), "{shell}");
    }
    assert_eq!(ovsmc(folder.path(), &["man"]).code, Some(0));
    let build = std::fs::read_to_string(folder.path().join("ovsmc-build.1")).unwrap();
    assert!(build.contains("emit"), "{build}");
    assert_eq!(ovsmc(folder.path(), &["man", "missing"]).code, Some(2));
}

#[test]
fn macros_can_be_watched_as_they_expand() {
    let source = "(defmacro swap! (a b) `(let ((tmp ,a)) (set! ,a ,b) (set! ,b tmp)))\n(define x 1) (define tmp 2)\n(swap! x tmp)\n";
    let folder = folder_with("main.ovsm", source);
    let text = |arguments: &[&str]| {
        let result = ovsmc(folder.path(), arguments);
        assert_eq!(result.code, Some(0), "{}", result.err);
        String::from_utf8(result.out).unwrap()
    };
    let whole = text(&["expand", "main.ovsm"]);
    assert!(whole.ends_with("(let ((tmp%1 x)) (set! x tmp) (set! tmp tmp%1))\n"), "{whole}");
    let steps = text(&["expand", "main.ovsm", "--step"]);
    assert!(steps.contains(";; 1. `swap!`\n;;   (swap! x tmp)\n"), "{steps}");
    assert!(text(&["expand", "main.ovsm", "--to", "0"]).ends_with("(swap! x tmp)\n"));
    std::fs::write(folder.path().join("main.ovsm"), "(defmacro m () (error \"no\"))\n(m)\n").unwrap();
    let failed = ovsmc(folder.path(), &["expand", "main.ovsm"]);
    assert!(failed.code == Some(1) && failed.err.contains("E0114"), "{}", failed.err);
}

const MODULES: [(&str, &str); 4] = [
    ("spirit.toml", "[package]\nname = \"parts\"\nkind = \"program\"\n"),
    ("src/main.ovsm", "(import geo/area [codes :as c])\n(if (= (square 3) 9) 0 c/wrong)\n"),
    (
        "src/geo/area.ovsm",
        "(import codes)\n(pub (defn square ((x : u64)) -> u64 (* x x)))\n(define k codes/wrong)\n",
    ),
    ("src/codes.ovsm", "(pub (const wrong 7))\n"),
];

fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

#[test]
fn a_program_may_have_several_modules() {
    let folder = project(&MODULES);
    let result = ovsmc(folder.path(), &["build", ".", "-o", "parts.so"]);
    assert_eq!(result.code, Some(0), "{}", result.err);
    let verify = || ovsmc(folder.path(), &["verify", "parts.so", "--source", "."]);
    assert_eq!(verify().code, Some(0), "{}", verify().err);
    // The text of a module is part of what the program was built from.
    let codes = folder.path().join("src/codes.ovsm");
    std::fs::write(&codes, "(pub (const wrong 8))\n").unwrap();
    let other = verify();
    assert_eq!(other.code, Some(1), "{}", other.err);
    // A fault is shown in the file where it is.
    std::fs::write(&codes, "(pub (const wrong (undefined-thing)))\n").unwrap();
    let faulty = ovsmc(folder.path(), &["check", "."]);
    assert_eq!(faulty.code, Some(1));
    assert!(faulty.err.contains("src/codes.ovsm:1:20"), "{}", faulty.err);
    std::fs::remove_file(&codes).unwrap();
    let missing = ovsmc(folder.path(), &["check", "."]);
    assert!(missing.err.contains("there is no module `codes`"), "{}", missing.err);
    assert!(missing.err.contains("src/geo/area.ovsm:1:9"), "{}", missing.err);
}

#[test]
fn modules_that_can_not_be_read_are_named() {
    let folder = project(&MODULES);
    std::fs::write(folder.path().join("src/codes.ovsm"), [0xff, 0xfe]).unwrap();
    let result = ovsmc(folder.path(), &["check", "."]);
    assert_eq!(result.code, Some(1), "{}", result.err);
    assert!(result.err.contains("E0014") && result.err.contains("codes.ovsm"), "{}", result.err);
    // The name of a module leads nowhere else, and the root is no module of its own.
    for (import, code) in [("../outside", "E0120"), ("main", "E0119"), ("/etc/passwd", "E0120")] {
        let text = format!("(import {import})\n0\n");
        let folder =
            project(&[MODULES[0], ("src/main.ovsm", &text), ("outside.ovsm", "(pub (defn f () 1))")]);
        let result = ovsmc(folder.path(), &["check", "."]);
        assert!(result.err.contains(code), "{import}: {}", result.err);
    }
}

#[test]
fn what_the_forms_of_a_program_become_is_the_same_program() {
    let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spirits/programs");
    // All that `inspect` shows but where the program comes from.
    let code = |folder: &Path, file: &str| {
        let built = ovsmc(folder, &["build", file, "-o", "out.so"]);
        assert_eq!(built.code, Some(0), "{file}: {}", built.err);
        let text = String::from_utf8(ovsmc(folder, &["inspect", "out.so"]).out).unwrap();
        let is_code =
            |line: &&str| !["source ", "interface "].iter().any(|it| line.trim_start().starts_with(it));
        let name = file.trim_end_matches(".ovsm").to_string();
        text.lines().filter(is_code).map(|line| line.replace(&name, "")).collect::<Vec<_>>()
    };
    for program in ["counter", "sol-vault", "token"] {
        let source = std::fs::read_to_string(programs.join(program).join("src/main.ovsm")).unwrap();
        let folder = folder_with("first.ovsm", &source);
        let expanded = ovsmc(folder.path(), &["expand", "first.ovsm"]);
        assert_eq!(expanded.code, Some(0), "{program}: {}", expanded.err);
        let text = String::from_utf8(expanded.out).unwrap();
        let is_left = |name: &str| text.lines().any(|line| line.starts_with(&format!("({name} ")));
        assert!(!["program", "account", "deferror", "instruction"].into_iter().any(is_left), "{text}");
        std::fs::write(folder.path().join("later.ovsm"), &text).unwrap();
        assert_eq!(code(folder.path(), "first.ovsm"), code(folder.path(), "later.ovsm"), "{program}");
    }
}

#[test]
fn the_forms_of_a_program_can_be_stepped() {
    let source = "(account A (n : u64))\n(deferror E Bad)\n(defn own ((a : (account A)) (owner : u64)) (let ((owner (+ owner 1))) owner))\n\
                  (instruction f () :accounts ((a : (account A)) (owner : signer)) (require (= (. a n) 1) Bad))";
    let folder = folder_with("main.ovsm", source);
    let text = |arguments: &[&str]| String::from_utf8(ovsmc(folder.path(), arguments).out).unwrap();
    let steps = text(&["expand", "main.ovsm", "--step"]);
    for step in [";; 1. `account`", ";; 1. `deferror`", ";; 1. `instruction`", ";; 2. `require`"] {
        assert!(steps.contains(step), "{step}: {steps}");
    }
    // Types of parameters, and names that are bound, are no calls.
    assert!(
        steps.contains("(defn own ((a : (account A)) (owner : u64)) (let ((owner (+ owner 1))) owner))"),
        "{steps}"
    );
    let first = text(&["expand", "main.ovsm", "--to", "1"]);
    assert!(first.contains("(require (= (. a n) 1) Bad)"), "{first}");
    // A module of a program that declares nothing.
    std::fs::write(folder.path().join("part.ovsm"), "(pub (defn f (n) (require (= n 1) 7) n))").unwrap();
    assert!(text(&["expand", "part.ovsm"]).contains("(require "));
    assert!(!text(&["expand", "part.ovsm", "--program"]).contains("(require "));
}
