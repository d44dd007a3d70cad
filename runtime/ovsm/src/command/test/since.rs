//! Which tests a change concerns: those whose code, or anything that it names, is not what it was at a revision.
//!
//! A test is compared by the text of its form and of every form of its file whose name it reaches, without blanks and
//! comments, and by the text of every module of the project that the file imports, directly or not. So a test is left
//! out only if nothing that it can see has changed.

use ovsm_base::FormId;
use ovsm_cst::Node;
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

/// What each test of a text depends on, as one text for each name of a test.
pub fn fingerprints(text: &str, modules: &str) -> BTreeMap<String, String> {
    let split = ovsm_cst::split(text);
    let mut forms = Vec::new();
    let mut by_name: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (n, form) in split.forms.iter().enumerate() {
        let form_text = form.text(text);
        let tree = ovsm_cst::parse(FormId::new("since", "", "", n as u32), form_text);
        let Some(root) = tree.root(form_text) else { continue };
        let mut names: Vec<String> =
            root.descendants().filter_map(Node::as_symbol).map(str::to_string).collect();
        names.sort_unstable();
        names.dedup();
        let mut tokens = String::new();
        let mut at = root.range().start as usize;
        for token in root.tokens() {
            let end = at + token.len as usize;
            if !token.kind.is_trivia() {
                tokens.push_str(form_text.get(at..end).unwrap_or(""));
                tokens.push(' ');
            }
            at = end;
        }
        let name = match root.child(1).and_then(Node::string_value) {
            Some(name) => name,
            None => form.name_text(text).to_string(),
        };
        by_name.entry(name.clone()).or_default().push(forms.len());
        forms.push((form.head_text(text).to_string(), name, names, tokens));
    }
    // Code that runs when the file is loaded concerns every test.
    let always: Vec<usize> = forms
        .iter()
        .enumerate()
        .filter(|(_, (head, ..))| {
            !matches!(head.as_str(), "defn" | "defun" | "defmacro" | "define" | "const") && !is_test(head)
        })
        .map(|(n, _)| n)
        .collect();
    let mut result = BTreeMap::new();
    for (n, (head, name, ..)) in forms.iter().enumerate() {
        if !is_test(head) {
            continue;
        }
        let mut seen: BTreeSet<usize> = always.iter().copied().chain([n]).collect();
        let mut work: Vec<usize> = seen.iter().copied().collect();
        while let Some(form) = work.pop() {
            let Some((_, _, names, _)) = forms.get(form) else { continue };
            for name in names {
                for target in by_name.get(name).into_iter().flatten() {
                    let is_other_test = forms.get(*target).is_some_and(|(head, ..)| is_test(head));
                    if !is_other_test && seen.insert(*target) {
                        work.push(*target);
                    }
                }
            }
        }
        let code: Vec<&str> =
            seen.iter().filter_map(|form| forms.get(*form)).map(|(.., tokens)| tokens.as_str()).collect();
        result.insert(name.clone(), format!("{}\n{modules}", code.join("\n")));
    }
    result
}

fn is_test(head: &str) -> bool {
    matches!(head, "deftest" | "deftest-each" | "defproperty")
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

    const OLD: &str = "(defn double (x) (* x 2))\n(defn half (x) (/ x 2))\n(deftest doubles (assert= (double 2) 4))\n(deftest \
                       halves (assert= (half 4) 2))\n";

    fn changed(new: &str) -> Vec<String> {
        let (old, new) = (fingerprints(OLD, ""), fingerprints(new, ""));
        new.into_iter().filter(|(name, print)| old.get(name) != Some(print)).map(|(name, _)| name).collect()
    }

    #[test]
    fn only_tests_that_see_the_change_are_run() {
        assert!(changed(&OLD.replace("(* x 2)", "(*   x 2) ; twice\n")).is_empty());
        assert_eq!(changed(&OLD.replace("(* x 2)", "(+ x x)")), ["doubles"]);
        assert_eq!(changed(&OLD.replace("(half 4) 2", "(half 6) 3")), ["halves"]);
        assert_eq!(
            changed(&format!("(define y 1)\n(println y)\n{OLD}")).len(),
            2,
            "code that runs concerns all"
        );
        assert_eq!(changed(&OLD.replace("(/ x 2)", "(/ (double x) 4)")), ["halves"]);
    }
}
