//! Which tests a change concerns: those whose code, or anything that it names, is not what it was at a revision.
//!
//! Both sides are expanded, with the modules that they import as they are and as they were, and a test is compared by the
//! code that it can reach ([`super::reach`]). What tests of Solana programs load is compared by its text without blanks and
//! comments. So a test is left out only if nothing that it can see has changed.

use super::reach;
use ovsm_base::{Diagnostic, FormId};
use ovsm_cst::Node;
use ovsm_eval::{Limits, Loader, Session};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The largest file of a revision that is read.
const MAX_BYTES: usize = 64 << 20;

/// The text of a file at a revision; `None` if it was not there.
///
/// # Errors
/// Why git can not tell.
pub fn at_revision(path: &Path, revision: &str) -> Result<Option<String>, String> {
    // A revision that begins with a dash would be an option.
    if revision.starts_with('-') || revision.contains(':') {
        return Err(format!("`{revision}` is no revision"));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().and_then(|name| name.to_str()).ok_or("the name of the file is no text")?;
    let git = |arguments: &[&str]| {
        Command::new("git")
            .arg("-C")
            .arg(folder)
            .args(arguments)
            .output()
            .map_err(|error| format!("git: {error}"))
    };
    let known = git(&["rev-parse", "--verify", "--quiet", &format!("{revision}^{{commit}}")])?;
    if !known.status.success() {
        // A repository inside of this one has revisions of its own: all of its tests are new.
        let here = Command::new("git")
            .args(["rev-parse", "--verify", "--quiet", &format!("{revision}^{{commit}}")])
            .output()
            .map_err(|error| format!("git: {error}"))?;
        if here.status.success() {
            return Ok(None);
        }
        return Err(format!("git knows no revision `{revision}` here"));
    }
    let shown = git(&["show", &format!("{revision}:./{name}")])?;
    if !shown.status.success() {
        return Ok(None);
    }
    if shown.stdout.len() > MAX_BYTES {
        return Err(format!("{} is too large", path.display()));
    }
    Ok(String::from_utf8(shown.stdout).ok())
}

/// True if a module of the project of a file is gone since a revision, or if its manifest says something else: what that
/// changes shows in no text that is left.
///
/// # Errors
/// Why git can not tell.
pub fn project_changed(path: &Path, revision: &str) -> Result<bool, String> {
    let mut folder = crate::project::modules_of(path);
    if folder.as_os_str().is_empty() {
        folder = PathBuf::from(".");
    }
    if !folder.is_dir() {
        return Ok(true);
    }
    let gone = Command::new("git")
        .arg("-C")
        .arg(&folder)
        .args(["diff", "--name-only", "--no-renames", "--diff-filter=D", revision, "--", "."])
        .output()
        .map_err(|error| format!("git: {error}"))?;
    if !gone.status.success() || String::from_utf8_lossy(&gone.stdout).lines().any(|it| it.ends_with(".ovsm"))
    {
        return Ok(true);
    }
    let Some(project) = crate::project::Project::find(path).ok().flatten() else { return Ok(false) };
    let manifest = project.root.join("spirit.toml");
    let now = std::fs::read_to_string(&manifest).unwrap_or_default();
    Ok(at_revision(&manifest, revision)?.unwrap_or_default() != now)
}

/// What each test of a file depends on, as one text for each name of a test; `None` if the file can not be compiled.
pub fn fingerprints(side: &Side<'_>) -> Option<BTreeMap<String, String>> {
    let limits = Limits::default();
    let loader = Box::new(Modules { texts: side.modules.clone() });
    let mut session = Session::new(limits, loader, Box::new(NoHost));
    // What is checked is kept; and what the check reports is an error of the file.
    session.front.checker = Some(Box::new(ovsm_infer::script::TypeChecker::default()));
    session.front.kept_units = Some(Vec::new());
    session.load("file", side.script);
    if session.front.diagnostics.iter().any(Diagnostic::is_error) {
        return None;
    }
    let all = side.modules.values().map(|(_, text)| text.as_str());
    let everything: Vec<&str> = std::iter::once(side.script).chain(all).collect();
    let mut prints = reach::fingerprints(&session, &everything.join("\n"));
    for print in prints.values_mut() {
        print.push_str(side.programs);
    }
    Some(prints)
}

/// A file and what it imports, as they are or were.
pub struct Side<'s> {
    /// The text that runs.
    pub script: &'s str,
    /// The paths and texts of the modules, by name.
    pub modules: BTreeMap<String, (String, String)>,
    /// The code of the programs that the tests may load, in the form of [`words`].
    pub programs: &'s str,
}

struct Modules {
    texts: BTreeMap<String, (String, String)>,
}

impl Loader for Modules {
    fn load(&mut self, name: &str) -> Result<Option<(String, String)>, String> {
        Ok(crate::project::own_module(name).or_else(|| self.texts.get(name).cloned()))
    }
}

struct NoHost;

impl ovsm_library::Host for NoHost {}

/// A text without blanks and comments.
pub fn words(text: &str) -> String {
    let mut words = String::new();
    for form in &ovsm_cst::split(text).forms {
        let form_text = form.text(text);
        let tree = ovsm_cst::parse(FormId(0), form_text);
        let Some(root) = tree.root(form_text) else {
            words.push_str(form_text);
            continue;
        };
        let mut at = root.range().start as usize;
        for token in root.tokens() {
            let end = at + token.len as usize;
            if !token.kind.is_trivia() {
                words.push_str(form_text.get(at..end).unwrap_or(""));
                words.push(' ');
            }
            at = end;
        }
    }
    words
}

/// The name of the module that a file is; none if it is not below the folder.
pub fn module_name(folder: &Path, path: &Path) -> Option<String> {
    let inner = path.strip_prefix(folder).ok().unwrap_or(path).with_extension("");
    let parts: Option<Vec<&str>> = inner.iter().map(|part| part.to_str()).collect();
    Some(parts?.join("/"))
}

/// The files of the project's modules that a text imports, directly or not, and the programs that it may load.
pub fn imported(path: &Path, text: &str) -> Vec<PathBuf> {
    let folder = crate::project::modules_of(path);
    let mut found = BTreeSet::new();
    let mut work = vec![text.to_string()];
    while let Some(text) = work.pop() {
        for form in &ovsm_cst::split(&text).forms {
            if form.head_text(&text) != "import" {
                continue;
            }
            let form_text = form.text(&text);
            let tree = ovsm_cst::parse(FormId::new("since", "import", "", 0), form_text);
            let names = tree.root(form_text).into_iter().flat_map(|root| root.descendants());
            for name in names.filter_map(Node::as_symbol) {
                // Tests of Solana programs see the whole project.
                if name == "solana/test" {
                    found.extend(ovsm_edge::source::ovsm_files(&folder).unwrap_or_default());
                }
                let module = folder.join(format!("{name}.ovsm"));
                if module.is_file()
                    && found.insert(module.clone())
                    && let Ok(text) = std::fs::read_to_string(&module)
                {
                    work.push(text);
                }
            }
        }
    }
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "(import tools)
(defn double (x) (* x 2))
(defn half (x) (/ x 2))
(defmacro twice (x) `(double ,x))
(define start 1)
(defn bump () (set! start (+ start 1)))
(deftest doubles (assert= (twice 2) 4))
(deftest halves (assert= (half 4) 2))
(deftest starts (assert= start 1))
(deftest tools (assert= (tools/area 2) 4))
(defrecord Point (x : int) (y : int))
(defenum Shape (Dot) (Line (length : int)))
(deftest points (assert= (. (Point 1 2) x) 1))
(deftest shapes (assert= (match (Line 3) ((Line n) n) (_ 0)) 3))
(deftest looks-up (assert= (eval '(half 4)) 2))
";
    const TOOLS: &str = "(export area side)\n(defn area (x) (* x x))\n(defn side (x) (sqrt x))\n";

    fn prints(text: &str, tools: &str) -> BTreeMap<String, String> {
        let modules = BTreeMap::from([("tools".to_string(), ("tools.ovsm".to_string(), tools.to_string()))]);
        fingerprints(&Side { script: text, modules, programs: "" }).expect("the text compiles")
    }

    /// The tests that see a change, but the one that looks a name up while it runs.
    fn changed(from: &str, to: &str) -> Vec<String> {
        let (text, tools) = (OLD.replace(from, to), TOOLS.replace(from, to));
        assert!(text != OLD || tools != TOOLS, "{from} changes nothing");
        let (old, new) = (prints(OLD, TOOLS), prints(&text, &tools));
        let differs = |name: &String, print: &String| old.get(name) != Some(print);
        assert!(differs(&"looks-up".to_string(), &new["looks-up"]), "{from}");
        new.iter()
            .filter(|(name, print)| *name != "looks-up" && differs(name, print))
            .map(|it| it.0.clone())
            .collect()
    }

    const NONE: [&str; 0] = [];

    #[test]
    fn only_tests_that_see_the_change_are_run() {
        assert_eq!(changed("(* x 2)", "(*   x 2) ; twice\n"), NONE, "layout");
        assert_eq!(changed("(defn double (x) ", "(defn double (x) \"Two of it.\" "), NONE, "a docstring");
        assert_eq!(
            changed("(defn double (x) (* x 2))", "(defn double (n) (* n 2))"),
            NONE,
            "the name of a local variable"
        );
        assert_eq!(changed("(define start", "(defn unused () 1) (define start"), NONE, "what nothing uses");
        assert_eq!(changed("(* x 2)", "(+ x x)"), ["doubles"]);
        assert_eq!(changed("(half 4) 2", "(half 6) 3"), ["halves"]);
        assert_eq!(changed("(/ x 2)", "(/ (double x) 4)"), ["halves"]);
        assert_eq!(changed("(define start 1)", "(define start 2)"), ["starts"]);
        assert_eq!(changed("(+ start 1)", "(+ start 2)"), ["starts"], "what assigns a variable");
    }

    #[test]
    fn types_count_where_they_are_used() {
        assert_eq!(changed("(x : int) (y : int)", "(x : int) (y : any)"), ["points"]);
        assert_eq!(changed("(length : int)", "(length : any)"), ["shapes"]);
    }

    #[test]
    fn the_last_of_several_values_counts() {
        let (first, second) = ("(set! start 4)", "(set! start 5)");
        let text = |a: &str, b: &str| format!("{OLD}{a}\n{b}\n(deftest five (assert= start 5))\n");
        let (old, new) = (prints(&text(first, second), TOOLS), prints(&text(second, first), TOOLS));
        assert_ne!(old["five"], new["five"]);
        assert_eq!(old["halves"], new["halves"], "what names the variable not");
    }

    #[test]
    fn conditions_of_types_are_code() {
        let text = |bound: &str, given: &str| {
            format!(
                "(defn low? (x) (< x {bound}))
(deftype Low {{x : int | (low? x)}})
(deftype Few {{x : int | (< x {bound})}})
(defrecord Box (few : Few))
(defn same ((x : Low)) x)
(define given (eval-when-compile (lambda (x) (+ x {given}))))
(deftest typed (assert= (same 1) 1))
(deftest fields (assert= (. (Box 1) few) 1))
(deftest asks (assert= (is? 1 Few) true))
(deftest gives (assert= (given 1) 2))
(deftest none (assert= 1 1))
"
            )
        };
        let changed = |bound, given| {
            let (old, new) = (prints(&text("9", "1"), TOOLS), prints(&text(bound, given), TOOLS));
            let names = new.iter().filter(|(name, print)| old.get(*name) != Some(*print));
            names.map(|it| it.0.clone()).collect::<Vec<_>>()
        };
        assert_eq!(changed("8", "1"), ["asks", "fields", "typed"]);
        assert_eq!(changed("9", "2"), ["gives"]);
    }

    #[test]
    fn a_macro_counts_by_its_expansions() {
        assert_eq!(changed("`(double ,x)", "(list 'double x)"), NONE, "the same code");
        assert_eq!(changed("`(double ,x)", "(progn 1 `(double ,x))"), NONE);
        assert_eq!(changed("`(double ,x)", "`(* 2 ,x)"), ["doubles"]);
    }

    #[test]
    fn modules_count_by_what_is_reached() {
        assert_eq!(changed("(* x x)", "(* x  x) ; a square\n"), NONE);
        assert_eq!(changed("(sqrt x)", "(sqrt (+ x 0))"), NONE);
        assert_eq!(changed("(* x x)", "(expt x 2)"), ["tools"]);
    }

    #[test]
    fn code_that_runs_when_a_file_is_loaded_concerns_all() {
        let all = ["doubles", "halves", "points", "shapes", "starts", "tools"];
        assert_eq!(changed("(define start 1)", "(define start 1) (println start)"), all);
        assert_eq!(changed("(define start 1)", "(define start (double 1))"), all);
        assert_eq!(changed("(export area side)", "(export area side) (println 1)"), all);
    }

    #[test]
    fn words_are_the_code() {
        assert_eq!(words("(f  1) ; one\n"), words("(f 1)"));
        assert_ne!(words("(f 1)"), words("(f 2)"));
    }
}
