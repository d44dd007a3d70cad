//! What `ovsm lint --fix` must never do: change what a program prints, lose a comment, or drop the other fixes because
//! one of them breaks the program.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

use std::path::Path;
use std::process::{Command, Output};

fn ovsm(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ovsm"))
        .args(arguments)
        .current_dir(folder)
        .env("HOME", folder)
        .output()
        .unwrap()
}

/// The text of `main.ovsm` after its safe fixes, with the modules `geo` and `forms` beside it.
fn fixed(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("geo.ovsm", "(pub (defn max (xs) (* 100 xs)))\n(pub (defn null? (x) 77))\n");
    write("forms.ovsm", "(pub (defmacro show (form) `(println (quote ,form))))\n");
    write("main.ovsm", text);
    let output = ovsm(folder.path(), &["lint", "--fix", "main.ovsm"]);
    assert!(output.status.code() < Some(2), "{output:?}\n{text}");
    let after = std::fs::read_to_string(folder.path().join("main.ovsm")).unwrap();
    (folder, after)
}

#[test]
fn a_safe_fix_never_changes_what_a_program_does() {
    let programs = [
        // Steps of threading have an operand more than stands there.
        "(define x null) (define (fallback v) \"called\") (println (-> x (or fallback)))",
        "(define (g v) (* 2 v)) (println (->> 5 (do g)))",
        "(println (-> 3 (max 5)))",
        "(println (-> \"a\" (str \"x\")))",
        "(println (some-> true (and 5)))",
        // Names that are imported, or bound here.
        "(import [geo :only (max)]) (println (max 3))",
        "(import [geo :only (null?)]) (println (= 1 null) (null? 1))",
        "(import geo) (println (= 1 null) (null? 1))",
        "(define (null? x) 77) (println (= 1 null) (null? 2))",
        "(define (f null?) (= null? null)) (println (f 3))",
        "(define (f t) (cond ((= 1 2) 1) (t 3))) (println (f false))",
        "(define (f else x) (cond ((> x 3) 1) (true 5))) (println (f false 0))",
        // Names with an underscore that are there already, or that are keys.
        "(define (f _x) (let ((x 2)) _x)) (println (f 7))",
        "(define _e 5) (println (try (error \"a\") (catch e _e)))",
        "(println (match {:name \"n\" :age 3} ({name age} age) (else \"no\")))",
        "(define (f o) (let (({name} o)) 1)) (println (f {:name 2}))",
        "(println (match 1 ((= null 1) 1) (_ 2)))",
        // Data.
        "(println (quote (if (not a) b c)))",
        "(println (quote (do x)) (quasiquote (do y)))",
        "(defmacro show (form) `(println (quote ,form))) (define x 1) (show (= x null))",
        "(import forms) (define x 1) (show (= x null))",
        "(define (f x) (case x ((do 3) 2) (else 9))) (println (f 'do) (f 3))",
        "(define (f x) (case x ((or 3) 2) (else 9))) (println (f 'or) (f 3))",
        // What is not the same after all.
        "(println (max [1 2 3]) (min [4 2 3]))",
        "(define s #{1}) (set! s (append s [2])) (println s)",
        "(define xs [1]) (define (g) (set! xs [9]) 5) (set! xs (append xs [(g)])) (println xs)",
        "(defmacro mk (n) `(define ,n 5)) (define z 1) (define (f) (let () (mk z)) z) (println (f))",
        "(println (try (do (catch :t 1)) (catch e 2)))",
        "(println (dotimes (i 3 :end) i))",
        "(define (next) 3) (println (tagbody (go here) (do here) here))",
    ];
    for program in programs {
        let text = format!("{program}\n");
        let (folder, after) = fixed(&text);
        let new = ovsm(folder.path(), &["run", "main.ovsm"]);
        std::fs::write(folder.path().join("main.ovsm"), &text).unwrap();
        let old = ovsm(folder.path(), &["run", "main.ovsm"]);
        assert_eq!(
            (String::from_utf8_lossy(&old.stdout), old.status.code()),
            (String::from_utf8_lossy(&new.stdout), new.status.code()),
            "{text}became\n{after}"
        );
    }
}

#[test]
fn a_fix_never_loses_a_comment() {
    let forms = [
        "(define (f x)\n  (if (not x) ; why\n      1\n      ;; other\n      2))\n(f 1)\n",
        "(define (f x)\n  (let ((a x)) ; the first\n    (let ((b a))\n      (+ a b))))\n(f 1)\n",
        "(define (f x)\n  (if x #| then |# 1 null))\n(f 1)\n",
        "(define (f x) (not ; n\n  (= 1 x)))\n(f 1)\n",
        "(define (f x) (do #;(g x) x))\n(f 1)\n",
        "(define (f x) (= ; null\n  x null))\n(f 1)\n",
    ];
    for text in forms {
        assert_eq!(fixed(text).1, text);
    }
    // A comment inside of what stays is no reason to leave the rest.
    let text = "(define (f x)\n  (if (not x) 1 (do ; two\n    (println 1)\n    2)))\n(f 1)\n";
    let after = fixed(text).1;
    assert!(!after.contains("(not x)") && after.contains("; two"), "{after}");
}

#[test]
fn one_bad_fix_does_not_drop_the_others() {
    let text = "(define (f) (let ((x 1)) (set! x 2) 5))\n(println (f) (= 1 null))\n";
    let (_folder, after) = fixed(text);
    assert_eq!(after, text.replace("(= 1 null)", "(null? 1)"));
}

#[cfg(unix)]
#[test]
fn a_script_stays_executable() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("main.ovsm");
    for command in [&["lint", "--fix", "main.ovsm"][..], &["fmt", "main.ovsm"][..]] {
        std::fs::write(&path, "(define   (f x) (= x null))\n(println (f 1))\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        let before = std::fs::read_to_string(&path).unwrap();
        ovsm(folder.path(), command);
        assert_ne!(std::fs::read_to_string(&path).unwrap(), before, "{command:?}");
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o755, "{command:?}");
    }
}
