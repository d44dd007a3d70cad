//! What scripts do to files and folders, and what they may not.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

use std::path::Path;
use std::process::Command;

/// Evaluates a text with `@` standing for a folder; what it prints, or the error.
fn eval(folder: &Path, flags: &[&str], text: &str) -> Result<String, String> {
    eval_at_home(tempfile::tempdir().unwrap().path(), folder, flags, text)
}

/// The same with a home folder.
fn eval_at_home(home: &Path, folder: &Path, flags: &[&str], text: &str) -> Result<String, String> {
    let at = folder.to_str().unwrap();
    let flags: Vec<String> = flags.iter().map(|flag| flag.replace('@', at)).collect();
    let output = Command::new(env!("CARGO_BIN_EXE_ovsm"))
        .arg("eval")
        .args(flags)
        .arg(text.replace('@', at))
        .env("HOME", home)
        .output()
        .unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    match output.status.code() {
        Some(0) => Ok(out.trim_end().to_string()),
        _ => Err(String::from_utf8(output.stderr).unwrap()),
    }
}

const BOTH: &[&str] = &["--allow-read=@", "--allow-write=@"];

#[test]
fn files_are_appended_measured_renamed_copied_and_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let text = r#"
      (append-file "@/a" "one\n")
      (append-file "@/a" b"two\n")
      (copy-file "@/a" "@/b")
      (rename-file "@/a" "@/c")
      (write-file-bytes "@/d" b"\xff\x00")
      [(file-exists? "@/a") (file-exists? "@/b") (file-exists? "@") (file-size "@/c") (read-file "@/b")
       (read-file-bytes "@/d") (delete-file "@/b") (delete-file "@/b") (list-folder "@")]"#;
    assert_eq!(
        eval(folder.path(), BOTH, text).unwrap(),
        r#"[false true false 8 "one\ntwo\n" b"\xff\x00" true false ["c" "d"]]"#
    );
}

#[test]
fn folders_are_made_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let text = r#"
      (make-folder "@/x/y/z")
      (make-folder "@/x/y/z")
      (write-file "@/x/y/f" "")
      (delete-folder "@/x/y/z")
      [(folder-exists? "@/x/y") (folder-exists? "@/x/y/z") (folder-exists? "@/x/y/f") (file-exists? "@/no/such/file")
       (try (delete-folder "@/x") (catch e (error-kind e)))
       (delete-folder "@/x" true)
       (list-folder "@")]"#;
    assert_eq!(eval(folder.path(), BOTH, text).unwrap(), "[true false false false :io null []]");
}

#[test]
fn faults_say_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("f"), "x").unwrap();
    for (text, message) in [
        (r#"(file-size "@/no")"#, "there is no such file"),
        (r#"(file-size "@")"#, "this is a folder"),
        (r#"(delete-file "@/../")"#, "name"),
        (r#"(append-file "@" "x")"#, "folder"),
        (r#"(make-folder "@/f")"#, "E0422"),
        (r#"(delete-folder "@/f")"#, "no folder"),
        (r#"(delete-folder "@/no")"#, "E0422"),
        (r#"(rename-file "@/no" "@/g")"#, "E0422"),
        (r#"(copy-file "@/no" "@/g")"#, "E0422"),
    ] {
        let error = eval(folder.path(), &["--allow-read", "--allow-write"], text).unwrap_err();
        assert!(error.contains(message), "{text}: {error}");
    }
    assert!(!folder.path().join("g").exists());
}

#[test]
fn each_needs_its_permission() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("f"), "x").unwrap();
    let inner = folder.path().join("inner");
    std::fs::create_dir(&inner).unwrap();
    let others: &[&str] = &["--allow-read=@/inner", "--allow-write=@/inner"];
    for (text, flag) in [
        (r#"(append-file "@/f" "x")"#, "--allow-write="),
        (r#"(write-file-bytes "@/f" b"x")"#, "--allow-write="),
        (r#"(delete-file "@/f")"#, "--allow-write="),
        (r#"(make-folder "@/g")"#, "--allow-write="),
        (r#"(delete-folder "@/inner/..")"#, "--allow-write="),
        (r#"(rename-file "@/f" "@/inner/f")"#, "--allow-write="),
        (r#"(rename-file "@/inner/f" "@/f")"#, "--allow-write="),
        (r#"(file-exists? "@/f")"#, "--allow-read="),
        (r#"(folder-exists? "@/no/such")"#, "--allow-read="),
        (r#"(file-exists? "@/inner/no/../../../f")"#, "--allow-read="),
        (r#"(file-size "@/f")"#, "--allow-read="),
        (r#"(copy-file "@/f" "@/inner/f")"#, "--allow-read="),
        (r#"(copy-file "@/inner/g" "@/f")"#, "--allow-write="),
    ] {
        std::fs::write(inner.join("g"), "y").unwrap();
        for flags in [&[], others] {
            let error = eval(folder.path(), flags, text).unwrap_err();
            // Without any, copying is stopped at reading.
            let is_first = flags.is_empty() && text.starts_with("(copy");
            let wanted = if is_first { "--allow-read=" } else { flag };
            assert!(error.contains("E0417") && error.contains(wanted), "{text} {flags:?}: {error}");
        }
    }
    assert_eq!(std::fs::read_to_string(folder.path().join("f")).unwrap(), "x");
}

#[test]
#[cfg(unix)]
fn links_do_not_lead_out_of_what_is_permitted() {
    let folder = tempfile::tempdir().unwrap();
    let (inner, secret) = (folder.path().join("inner"), folder.path().join("secret"));
    std::fs::create_dir(&inner).unwrap();
    std::fs::create_dir(&secret).unwrap();
    std::fs::write(secret.join("f"), "x").unwrap();
    std::os::unix::fs::symlink(&secret, inner.join("folder")).unwrap();
    std::os::unix::fs::symlink(secret.join("f"), inner.join("file")).unwrap();
    std::os::unix::fs::symlink(secret.join("new"), inner.join("dangling")).unwrap();
    let flags: &[&str] = &["--allow-read=@", "--allow-write=@"];
    for text in [
        r#"(append-file "@/file" "y")"#,
        r#"(append-file "@/dangling" "y")"#,
        r#"(append-file "@/folder/g" "y")"#,
        r#"(delete-file "@/folder/f")"#,
        r#"(delete-folder "@/folder" true)"#,
        r#"(make-folder "@/folder/g")"#,
        r#"(make-folder "@/dangling/g")"#,
        r#"(rename-file "@/folder/f" "@/stolen")"#,
        r#"(copy-file "@/file" "@/stolen")"#,
        r#"(file-size "@/file")"#,
        r#"(file-exists? "@/folder/f")"#,
    ] {
        eval(&inner, flags, text).expect_err(text);
    }
    // Links themselves belong to the folder.
    eval(&inner, flags, r#"(delete-file "@/file") (delete-file "@/dangling")"#).unwrap();
    eval(folder.path(), flags, r#"(delete-folder "@/inner" true)"#).unwrap();
    assert!(!inner.exists());
    assert_eq!(std::fs::read_to_string(secret.join("f")).unwrap(), "x");
    assert_eq!(std::fs::read_dir(&secret).unwrap().count(), 1);
}

/// What a script leaves open is closed at its end; what can not be written then is an error.
#[test]
#[cfg(target_os = "linux")]
fn what_is_not_written_at_the_end_is_told() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("s.ovsm"),
        "(define f (open-file \"q\" :write)) (write-to f (repeat \"x\" 5000)) (println \"end\") (when (arguments) (exit 0))",
    )
    .unwrap();
    for arguments in ["", "-- exit"] {
        for (limit, code) in [("1", 1), ("unlimited", 0)] {
            let command = format!(
                "trap '' XFSZ; ulimit -f {limit}; exec {} run s.ovsm --allow-write {arguments}",
                env!("CARGO_BIN_EXE_ovsm")
            );
            let output =
                Command::new("sh").args(["-c", &command]).current_dir(folder.path()).output().unwrap();
            let error = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(code), "{error}");
            assert_eq!(String::from_utf8(output.stdout).unwrap(), "end\n");
            assert_eq!(error.contains("E0422") && error.contains("not all there"), code == 1, "{error}");
        }
    }
}

/// A permission may name what the script is going to make, and permits nothing beside it.
#[test]
fn permissions_name_what_is_not_there_yet() {
    let folder = tempfile::tempdir().unwrap();
    let new: &[&str] = &["--allow-write=@/new", "--allow-read=@/new"];
    assert_eq!(eval(folder.path(), new, r#"(write-file "@/new" "x") (read-file "@/new")"#).unwrap(), "\"x\"");
    for text in [r#"(write-file "@/other" "x")"#, r#"(write-file "@/newer" "x")"#] {
        let error = eval(folder.path(), new, text).unwrap_err();
        assert!(error.contains("E0417"), "{text}: {error}");
    }
}

#[test]
fn wallets_stay() {
    let folder = tempfile::tempdir().unwrap();
    let wallet = folder.path().join(".config").join("solana");
    std::fs::create_dir_all(&wallet).unwrap();
    std::fs::write(wallet.join("id.json"), "[1]").unwrap();
    std::fs::write(folder.path().join("f"), "x").unwrap();
    for text in [
        r#"(delete-folder "@" true)"#,
        r#"(delete-folder "@/.config" true)"#,
        r#"(delete-folder "%" true)"#,
        r#"(delete-file "%/id.json")"#,
        r#"(append-file "%/id.json" "x")"#,
        r#"(rename-file "@/f" "%/id.json")"#,
        r#"(rename-file "%/id.json" "@/f")"#,
        r#"(copy-file "%/id.json" "@/f")"#,
        r#"(file-exists? "%/id.json")"#,
        r#"(make-folder "%/x")"#,
    ] {
        let text = text.replace('%', wallet.to_str().unwrap());
        let error = eval(folder.path(), &["--allow-read", "--allow-write"], &text).unwrap_err();
        assert!(error.contains("never permitted"), "{text}: {error}");
    }
    assert_eq!(std::fs::read_to_string(wallet.join("id.json")).unwrap(), "[1]");
}

#[test]
#[cfg(unix)]
fn wallets_stay_whatever_is_a_link() {
    use std::os::unix::fs::symlink;
    // In two parts: nothing here may name the folder of somebody's wallets.
    const WALLETS: &str = concat!(".config/", "solana");
    // Each case makes links in a home, and says where the wallet really is.
    type Case = (fn(&Path), &'static str);
    let cases: &[Case] = &[
        (
            |home| {
                std::fs::create_dir_all(home.join("cfg/solana")).unwrap();
                symlink("cfg", home.join(".config")).unwrap();
            },
            "cfg/solana",
        ),
        (
            |home| {
                std::fs::create_dir_all(home.join(".config")).unwrap();
                std::fs::create_dir_all(home.join("vault")).unwrap();
                symlink("../vault", home.join(WALLETS)).unwrap();
            },
            "vault",
        ),
        (
            |home| {
                std::fs::create_dir_all(home.join(WALLETS)).unwrap();
                std::fs::create_dir_all(home.join("keys")).unwrap();
                symlink("../../keys/id.json", home.join(WALLETS).join("id.json")).unwrap();
            },
            "keys",
        ),
    ];
    for (make, real) in cases {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path();
        make(home);
        let wallet = home.join(real).join("id.json");
        std::fs::write(&wallet, "[1]").unwrap();
        std::fs::write(home.join("f"), "x").unwrap();
        for text in [
            r#"(read-file "@/$/id.json")"#,
            r#"(read-file "%")"#,
            r#"(read-line (open-file "%"))"#,
            r#"(write-file "%" "x")"#,
            r#"(write-file "@/$/id.json" "x")"#,
            r#"(append-file "%" "x")"#,
            r#"(delete-file "%")"#,
            r#"(rename-file "%" "@/g")"#,
            r#"(rename-file "@/f" "%")"#,
            r#"(delete-folder "@" true)"#,
        ] {
            let text = text.replace('%', wallet.to_str().unwrap()).replace('$', WALLETS);
            let error = eval_at_home(home, home, &["--allow-read", "--allow-write"], &text).unwrap_err();
            assert!(error.contains("never permitted"), "{real}: {text}: {error}");
        }
        assert_eq!(std::fs::read_to_string(&wallet).unwrap(), "[1]");
        assert_eq!(eval_at_home(home, home, BOTH, r#"(read-file "@/f")"#).unwrap(), "\"x\"");
    }
    // The link that leads to the wallets stays too: without it, nobody would know where they are.
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("cfg/solana")).unwrap();
    symlink("cfg", folder.path().join(".config")).unwrap();
    for text in [r#"(delete-file "@/.config")"#, r#"(rename-file "@/.config" "@/c")"#] {
        let error = eval_at_home(folder.path(), folder.path(), BOTH, text).unwrap_err();
        assert!(error.contains("never permitted"), "{text}: {error}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn processes_do_not_lead_around_permissions() {
    let folder = tempfile::tempdir().unwrap();
    for path in ["/proc/self/environ", "/proc/thread-self/environ", "/proc/self/mem", "/proc/self/maps"] {
        for text in [format!("(read-file \"{path}\")"), format!("(read-line (open-file \"{path}\"))")] {
            let error = eval(folder.path(), &["--allow-read"], &text).unwrap_err();
            assert!(error.contains("never permitted"), "{text}: {error}");
        }
    }
    let status = r#"(string? (read-line (open-file "/proc/self/status")))"#;
    assert_eq!(eval(folder.path(), &["--allow-read"], status).unwrap(), "true");
}

/// The input is read as far as it is asked for.
#[test]
fn streams_read_the_input_line_by_line() {
    use std::io::Write;
    let text = "(import std/stream) (define two (stream/take 2 (stream/input-lines))) \
                [(stream/collect two) (read-line) (stream/collect two)]";
    let mut child = Command::new(env!("CARGO_BIN_EXE_ovsm"))
        .args(["eval", text])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"a\nb\nc\nd\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "[[\"a\" \"b\"] \"c\" [\"a\" \"b\"]]\n");
}

#[test]
fn streams_read_lines_when_they_are_needed() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("f"), "a\nb\nc\n").unwrap();
    let text = r#"(import std/stream) (stream/collect (stream/take 2 (stream/file-lines "@/f")))"#;
    assert_eq!(eval(folder.path(), BOTH, text).unwrap(), r#"["a" "b"]"#);
    let error = eval(folder.path(), &[], text).unwrap_err();
    assert!(error.contains("--allow-read="), "{error}");
}

/// The example of the testing guide that needs a file.
#[test]
fn the_fixture_of_the_book_cleans_up() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../book/src/guide/testing.md");
    let page = std::fs::read_to_string(page).unwrap();
    let block = page.split("```").find(|block| block.contains("(delete-file file)")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tests.ovsm"), block.trim_start_matches("lisp")).unwrap();
    let test = |flags: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_ovsm"))
            .args(["test", "tests.ovsm"])
            .args(flags)
            .current_dir(folder.path())
            .env("HOME", folder.path())
            .output()
            .unwrap()
    };
    let passed = test(&["--allow-read=.", "--allow-write=."]);
    assert_eq!(passed.status.code(), Some(0), "{passed:?}");
    assert!(String::from_utf8_lossy(&passed.stdout).contains("2 passed"), "{passed:?}");
    assert!(!folder.path().join("lines.tmp").exists());
    assert_eq!(test(&[]).status.code(), Some(1));
}

#[test]
fn open_files_are_read_by_lines_and_written_bit_by_bit() {
    let folder = tempfile::tempdir().unwrap();
    let text = r#"
      (define kept null)
      (with-open (f (open-file "@/a" :write))
        (set! kept f)
        (write-to f "one\r\n")
        (write-to f "two" 2)
        (write-to f b"\n\n")
        (write-to f "end"))
      (with-open (f (open-file "@/a" :append)) (write-to f "ing"))
      (defn kind (f) (try (f) (catch e (error-kind e))))
      (with-open (f (open-file "@/a"))
        [(read-line f) (read-lines f) (read-line f) (kind (fn () (write-to f "x"))) (close f) (close f)
         (kind (fn () (read-line f))) (kind (fn () (write-to kept "x"))) (eq? f f) (eq? f kept) (type-of f)])"#;
    assert_eq!(
        eval(folder.path(), BOTH, text).unwrap(),
        r#"["one" ["two 2" "" "ending"] null :io true false :io :io true false "handle"]"#
    );
    // What is open at the end is closed: all of it is in the file.
    let text = r#"(define f (open-file "@/b" :write)) (for (i (range 0 1000)) (write-to f i "\n")) 1"#;
    assert_eq!(eval(folder.path(), BOTH, text).unwrap(), "1");
    assert_eq!(std::fs::read_to_string(folder.path().join("b")).unwrap().lines().count(), 1000);
}

#[test]
fn opening_files_is_permitted_and_bounded() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a"), "text").unwrap();
    let error = eval(folder.path(), &["--allow-write=@"], r#"(open-file "@/a")"#).unwrap_err();
    assert!(error.contains("--allow-read"), "{error}");
    let error = eval(folder.path(), &["--allow-read=@"], r#"(open-file "@/a" :append)"#).unwrap_err();
    assert!(error.contains("--allow-write"), "{error}");
    for path in ["@", "@/none"] {
        let error = eval(folder.path(), BOTH, &format!(r#"(open-file "{path}")"#)).unwrap_err();
        assert!(error.contains("open-file"), "{error}");
    }
    let many = r#"(map (fn (n) (open-file "@/a")) (range 0 257))"#;
    let error = eval(folder.path(), BOTH, many).unwrap_err();
    assert!(error.contains("256 files are open"), "{error}");
    let again = r#"(for (n (range 0 1000)) (with-open (f (open-file "@/a")) (read-line f))) 1"#;
    assert_eq!(eval(folder.path(), BOTH, again).unwrap(), "1");
}

#[test]
fn the_fuel_of_tasks_is_that_of_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let endless = "(async (fn () (while true (yield)))) (await (async (fn () (while true (yield)))))";
    let error = eval(folder.path(), &["--fuel", "100000"], endless).unwrap_err();
    assert!(error.contains("E0407"), "{error}");
    let error = eval(folder.path(), &[], "(async (fn () (yield) (error :x \"lost\"))) 1").unwrap_err();
    assert!(error.contains("nobody awaited"), "{error}");
    assert!(error.contains("lost"), "{error}");
}
