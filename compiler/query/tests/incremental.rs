//! Invariant 1: positions are relative, so an edit re-runs what depends on the edited form and nothing else.

use ovsm_query::{Database, diagnostics};

const PROGRAM: &str = "(defn square ((x : u64)) -> u64 (* x x))
(defn twice ((x : u64)) -> u64 (+ x x))
(define start 3)
(sol_log_64_ (square (twice start)))
";

/// The queries that run when the text changes from `before` to `after`.
fn executed(before: &str, after: &str) -> Vec<String> {
    let mut db = Database::with_log();
    let file = db.add_file("main.ovsm", before);
    assert!(diagnostics(&db, file).is_empty(), "{:?}", diagnostics(&db, file));
    db.take_log();
    db.set_text(file, after);
    diagnostics(&db, file);
    db.take_log()
}

#[test]
fn positions_are_relative() {
    let log = executed(PROGRAM, &format!("; a comment\n\n{PROGRAM}"));
    // `file_errors` reads the list of whole-file faults, as the edge does.
    assert_eq!(log, ["file_errors", "forms", "split"]);
}

#[test]
fn blank_lines_between_forms_run_nothing_else() {
    let log = executed(PROGRAM, &PROGRAM.replace("\n(define", "\n\n\n; note\n(define"));
    assert_eq!(log, ["file_errors", "forms", "split"]);
}

#[test]
fn an_edit_inside_one_body_runs_no_query_of_another_definition() {
    let log = executed(PROGRAM, &PROGRAM.replace("(+ x x)", "(* x 2)"));
    let count = |name: &str| log.iter().filter(|entry| *entry == name).count();
    for (query, times) in [("parse", 1), ("written_item", 1), ("expand", 1), ("infer", 1), ("lower", 0)] {
        assert_eq!(count(query), times, "{query} in {log:?}");
    }
    assert_eq!(count("lookup"), 0, "{log:?}");
    assert_eq!(count("groups"), 0, "{log:?}");
}

#[test]
fn a_changed_signature_checks_its_callers() {
    let log = executed(PROGRAM, &PROGRAM.replace("(square (twice start))", "(square (twice (twice start)))"));
    let count = |name: &str| log.iter().filter(|entry| *entry == name).count();
    assert_eq!(count("expand"), 1, "{log:?}");
    assert_eq!(count("infer"), 1, "{log:?}");
}

const ROOT: &str = "(import shapes [text :as t])
(defn first ((x : u64)) -> u64 (area x))
(defn second ((x : u64)) -> u64 (twice (t/one) x))
(sol_log_64_ (first 1) (second 2))
";
const SHAPES: &str = "(import [text :only (one)])
(defn square ((x : u64)) -> u64 (* x x))
(pub (defn area ((x : u64)) -> u64 (+ (square x) (one))))
(pub (defmacro twice (a b) `(square (+ ,a ,b))))
";
const TEXT: &str = "(pub (defn one () -> u64 1))
(defn unused () 5)
";

/// The queries that run when a text of a program of three modules changes: that of the root, or of a module.
fn executed_with_modules(module: Option<&str>, from: &str, to: &str) -> Vec<String> {
    let mut db = Database::with_log();
    let root = db.add_file("main.ovsm", ROOT);
    let shapes = db.add_module(root, "shapes", "shapes.ovsm", SHAPES);
    let text = db.add_module(root, "text", "text.ovsm", TEXT);
    assert!(diagnostics(&db, root).is_empty(), "{:?}", diagnostics(&db, root));
    db.take_log();
    let (file, before) = match module {
        None => (root, ROOT),
        Some("shapes") => (shapes, SHAPES),
        Some(_) => (text, TEXT),
    };
    assert!(before.contains(from));
    db.set_text(file, before.replace(from, to));
    diagnostics(&db, root);
    db.take_log()
}

fn count(log: &[String], name: &str) -> usize {
    log.iter().filter(|entry| *entry == name).count()
}

#[test]
fn an_edit_in_one_module_expands_nothing_of_another() {
    let log = executed_with_modules(Some("shapes"), "(+ (square x) (one))", "(+ (one) (square x))");
    assert_eq!((count(&log, "expand"), count(&log, "infer")), (1, 1), "{log:?}");
    let log = executed_with_modules(None, "(area x)", "(area (area x))");
    assert_eq!((count(&log, "expand"), count(&log, "infer")), (1, 1), "{log:?}");
    let log = executed_with_modules(Some("text"), "(defn unused () 5)", "(defn unused () 6)");
    assert_eq!((count(&log, "expand"), count(&log, "infer")), (1, 1), "{log:?}");
}

#[test]
fn an_edit_of_a_macro_expands_its_users_in_other_modules() {
    let log = executed_with_modules(Some("shapes"), "(+ ,a ,b)", "(+ ,b ,a)");
    assert_eq!(count(&log, "expand"), 2, "the macro and `second`: {log:?}");
}

const WITH_MACROS: &str = "(defn power-of (base n) (if (= n 0) 1 (* base (power-of base (- n 1)))))
(defmacro constant-power (base n) (power-of base n))
(defmacro inc (x) `(+ ,x 1))
(defn first ((x : u64)) -> u64 (inc x))
(defn second ((x : u64)) -> u64 (+ x (constant-power 2 5)))
(sol_log_64_ (first 1) (second 2))
";

#[test]
fn an_edit_of_a_macro_expands_its_users_again_and_no_others() {
    let log = executed(WITH_MACROS, &WITH_MACROS.replace("(+ ,x 1)", "(+ ,x 2)"));
    let count = |name: &str| log.iter().filter(|entry| *entry == name).count();
    assert_eq!(count("expand"), 2, "the macro and `first`: {log:?}");
}

#[test]
fn an_edit_of_a_helper_of_macros_expands_what_depends_on_it() {
    let log = executed(WITH_MACROS, &WITH_MACROS.replace("(= n 0) 1", "(= n 0) 2"));
    let count = |name: &str| log.iter().filter(|entry| *entry == name).count();
    assert_eq!(count("expand"), 2, "the helper and `second`, which uses its macro: {log:?}");
}

#[test]
fn an_edit_of_a_body_beside_macros_expands_nothing_else() {
    let log = executed(WITH_MACROS, &WITH_MACROS.replace("(inc x)", "(inc (inc x))"));
    let count = |name: &str| log.iter().filter(|entry| *entry == name).count();
    assert_eq!(count("expand"), 1, "{log:?}");
}

const GENERIC: &str = "(defn pair ((x : 'a)) -> (array 'a 2) [x x])
(defn first ((x : u64)) -> u64 (get (pair x) 0))
(defn second ((x : u8)) -> u8 (get (pair x) 1))
(defn third ((x : u64)) -> u64 (+ x 1))
(sol_log_64_ (first 1) (second 2) (third 3))
";

const MADE: &str =
    "(defmacro counter (name) `(do (define held 0) (defn ,name () (set! held (+ held 1)) held)))
(counter next)
(counter other)
(sol_log_64_ (next))
(next)
";

#[test]
fn names_that_macros_make_do_not_depend_on_other_forms() {
    let made = |text: &str| {
        let mut db = Database::default();
        let file = db.add_file("main.ovsm", text);
        assert!(diagnostics(&db, file).is_empty(), "{:?}", diagnostics(&db, file));
        let names = ovsm_query::names::items(&db, file).names.iter();
        names
            .filter(|(_, name)| name.starts_with("held"))
            .map(|(def, name)| (*def, name.clone()))
            .collect::<Vec<_>>()
    };
    let names = made(MADE);
    assert_eq!(names.len(), 2);
    assert_ne!(names[0].1, names[1].1);
    assert_eq!(
        made(&format!("(counter before)\n(before)\n{MADE}"))[..]
            .iter()
            .filter(|it| names.contains(it))
            .count(),
        2
    );
    let log = executed(MADE, &MADE.replace("(sol_log_64_ (next))", "(sol_log_64_ 7)"));
    assert_eq!(count(&log, "expand"), 1, "{log:?}");
}

#[test]
fn what_a_form_may_expand_does_not_depend_on_other_forms() {
    let codes = |text: &str| {
        let mut db = Database::default();
        let file = db.add_file("main.ovsm", text);
        diagnostics(&db, file).iter().map(|it| it.code.as_str()).collect::<Vec<_>>()
    };
    // Each call of `tree` is half of what a form may expand, and a macro of the prelude stands between them.
    let tree = "(defmacro tree (n) (if (= n 0) '0u64 `(bit-or (tree ,(- n 1)) (tree ,(- n 1)))))
         (defn f () -> u64 (if (= (tree 15) 0u64) 3u64 (do (emit-log \"x\") (tree 15))))
         (sol_log_64_ (f))";
    assert_eq!(codes(tree), ["E0115"]);
    assert_eq!(codes(&format!("(defn g () (emit-log \"y\"))\n(g)\n{tree}")), ["E0115"]);
    // A local macro is no way around it.
    let local = tree.replace("(emit-log \"x\")", "(macrolet ((r () '0u64)) (r))");
    assert_eq!(codes(&local), ["E0115"]);
}

const WITH_LIBRARY: &str = "(import std/math)
(defn square ((x : u64)) -> u64 (* x x))
(sol_log_64_ (square (if (math/prime? 7u64) 1 2)))
";

#[test]
fn an_edit_beside_the_library_expands_nothing_of_it() {
    let log = executed(WITH_LIBRARY, &WITH_LIBRARY.replace("(* x x)", "(+ x x)"));
    for (query, times) in [("parse", 1), ("expand", 1), ("infer", 1), ("instance_body", 0)] {
        assert_eq!(count(&log, query), times, "{query} in {log:?}");
    }
}

#[test]
fn an_edit_beside_generic_functions_infers_no_instance() {
    let log = executed(GENERIC, &GENERIC.replace("(+ x 1)", "(+ x 2)"));
    let count = |name: &str| log.iter().filter(|entry| *entry == name).count();
    assert_eq!((count("infer"), count("instance_body"), count("callers")), (1, 0, 0), "{log:?}");
}

#[test]
fn an_edit_of_a_generic_function_infers_its_instances_and_no_callers() {
    let log = executed(GENERIC, &GENERIC.replace("[x x]", "(let ((y x)) [y y])"));
    let count = |name: &str| log.iter().filter(|entry| *entry == name).count();
    assert_eq!((count("expand"), count("infer"), count("instance_body")), (1, 1, 2), "{log:?}");
}

const TEMPLATE: &str = "(defn apply-twice ((f : (fn (u64) -> u64)) (x : u64)) -> u64 (f (f x)))
(defn inc ((x : u64)) -> u64 (+ x 1))
(defn user ((x : u64)) -> u64 (apply-twice inc x))
(sol_log_64_ (user 1))
";

#[test]
fn an_edit_of_a_function_that_takes_functions_expands_its_callers() {
    let log = executed(TEMPLATE, &TEMPLATE.replace("(f (f x))", "(f (f (f x)))"));
    let count = |name: &str| log.iter().filter(|entry| *entry == name).count();
    assert_eq!(count("expand"), 2, "the function and `user`: {log:?}");
    let log = executed(TEMPLATE, &TEMPLATE.replace("(+ x 1)", "(+ x 2)"));
    let count = |name: &str| log.iter().filter(|entry| *entry == name).count();
    assert_eq!(count("expand"), 1, "{log:?}");
}

mod random_edits {
    use super::*;
    use ovsm_base::Diagnostic;
    use ovsm_ir::lower::EntryKind;
    use ovsm_query::lower_program;
    use proptest::prelude::*;

    const PIECES: &[&str] = &[
        "(",
        ")",
        "\"",
        "(define x 1)",
        "(define y (+ x 1))",
        "(defn f (a) (+ a x))",
        "(defn g ((a : u64)) -> u64 a)",
        "(f 2)",
        "(g 3)",
        "(set! x 5)",
        "x",
        "1u8",
        "\n",
        "; note\n",
        "(if x 1 2)",
        "(while false 1)",
        "[",
        "}",
        "#|",
        "(defn f (a b) b)",
        "(const k 7)",
        "k",
        "λ",
        "(f (g 1))",
        "(defn h (n) (if (< n 1) 0 (h (- n 1))))",
        "(h 3)",
        "(let ((x 2)) x)",
        "(defmacro m (a) `(+ ,a 1))",
        "(m x)",
        "(defmacro m (a) (f a))",
        "(defmacro n (a) `(do (m ,a) (set! x 2)))",
        "(n (m 1))",
        "(for (i (range 0 3)) (set! x i))",
        "(block b (return-from b 1))",
        "(let go ((i 0)) (if (< i 3) (go (+ i 1)) i))",
        "(match x (1 2) (_ 3))",
        "(defn f ((a : 'a)) -> 'a a)",
        "(f 2u8)",
        "(f [x x])",
        "(defn g ((p : (fn (int) -> int)) (a : int)) -> int (p (p a)))",
        "(g (fn (a) (+ a x)) 1)",
        "(g f 1)",
        "(deftype x int)",
        "(deftype k {a : int | (< a 5)})",
        "(defn h ((n : k)) n)",
    ];

    fn fresh(text: &str) -> (Vec<Diagnostic>, String) {
        let mut db = Database::default();
        let file = db.add_file("main.ovsm", text);
        (diagnostics(&db, file).clone(), program(&db, file))
    }

    /// What is put into the texts of three modules, `a`, `b` and `c`.
    const OF_MODULES: &[&str] = &[
        "(import a)",
        "(import b c)",
        "(import [c :as other] [a :only (f m)])",
        "(import [b :only (g Point)])",
        "(pub (defn f (x) (+ x 1)))",
        "(defn f (x) (+ x 2))",
        "(pub (defn g (x) (f (h x))))",
        "(defn h (x) (* x 2))",
        "(export h k)",
        "(define k 4)",
        "(pub (defmacro m (x) `(h ,x)))",
        "(pub (defmacro d (name) `(pub (defn ,name (x) (f x)))))",
        "(d made)",
        "(pub (d made))",
        "(pub (defrecord Point (x : u64)))",
        "(. (Point 1) x)",
        "(sol_log_64_ (f 1) (m 2) (other/h k))",
        "(a/made (b/g 1))",
        "(set! k 3)",
        "(",
        ")",
        ";",
    ];

    type Texts = [String; 3];

    fn with_modules(db: &mut Database, texts: &Texts) -> [ovsm_query::SourceFile; 3] {
        let root = db.add_file("a.ovsm", texts[0].clone());
        let second = db.add_module(root, "b", "b.ovsm", texts[1].clone());
        let third = db.add_module(root, "c", "c.ovsm", texts[2].clone());
        db.set_module(root, "a", root);
        [root, second, third]
    }

    fn program(db: &Database, file: ovsm_query::SourceFile) -> String {
        match lower_program(db, file, EntryKind::Value) {
            Ok((module, _)) => ovsm_ir::text::print(&module),
            Err(_) => String::new(),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]
        #[test]
        fn incremental_equals_fresh(edits in proptest::collection::vec((any::<prop::sample::Index>(), 0..PIECES.len(), any::<bool>()), 1..25)) {
            let mut db = Database::default();
            let mut text = PROGRAM.to_string();
            let file = db.add_file("main.ovsm", text.clone());
            for (position, piece, delete) in edits {
                let boundaries: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
                let at = boundaries[position.index(boundaries.len())];
                if delete {
                    let end = boundaries.iter().copied().find(|end| *end >= at + 5).unwrap_or(text.len());
                    text.replace_range(at..end, "");
                } else {
                    text.insert_str(at, PIECES[piece]);
                }
                db.set_text(file, text.clone());
                let (expected, module) = fresh(&text);
                prop_assert_eq!(diagnostics(&db, file), &expected, "{}", text);
                prop_assert_eq!(program(&db, file), module, "{}", text);
            }
        }

        #[test]
        fn incremental_equals_fresh_in_modules(
            edits in proptest::collection::vec((0..3usize, any::<prop::sample::Index>(), 0..OF_MODULES.len(), 0..4u8), 1..40)
        ) {
            let mut db = Database::default();
            let mut texts: Texts = Texts::default();
            let files = with_modules(&mut db, &texts);
            for (number, position, piece, kind) in edits {
                let text = &mut texts[number];
                let lines: Vec<&str> = text.lines().collect();
                let at = position.index(lines.len() + 1);
                let mut lines: Vec<String> = lines.into_iter().map(str::to_string).collect();
                match kind {
                    0 if at < lines.len() => drop(lines.remove(at)),
                    _ => lines.insert(at, OF_MODULES[piece].to_string()),
                }
                *text = lines.join("\n");
                db.set_text(files[number], text.clone());
                let mut other = Database::default();
                let root = with_modules(&mut other, &texts)[0];
                prop_assert_eq!(diagnostics(&db, files[0]), diagnostics(&other, root), "{:#?}", texts);
                prop_assert_eq!(program(&db, files[0]), program(&other, root), "{:#?}", texts);
            }
        }
    }
}
