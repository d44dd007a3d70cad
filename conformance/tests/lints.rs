//! Each lint has a page that shows a program which gives exactly this finding, and one that gives none; the fix of the
//! first leaves nothing to find. And nothing of the repository's own sources is certainly wrong.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use ovsm_base::render::SourceMap;
use ovsm_eval::core::Unit;
use ovsm_eval::{Limits, NoModules, Session};
use ovsm_library::Host;
use ovsm_lint::{Category, File, Finding, LINTS, Level, Levels};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

struct NoHost;

impl Host for NoHost {}

struct Collector(Rc<RefCell<Vec<Rc<Unit>>>>);

impl ovsm_eval::Checker for Collector {
    fn check(&mut self, units: &[Rc<Unit>], _: &[Rc<Unit>]) -> Vec<ovsm_base::Diagnostic> {
        self.0.borrow_mut().extend(units.iter().cloned());
        Vec::new()
    }
}

fn findings(text: &str, levels: &Levels) -> Vec<Finding> {
    let mut session = Session::new(Limits::default(), Box::new(NoModules), Box::new(NoHost));
    let units: Rc<RefCell<Vec<Rc<Unit>>>> = Rc::default();
    session.front.checker = Some(Box::new(Collector(Rc::clone(&units))));
    session.front.expansion_sizes = Some(Vec::new());
    session.load("page.ovsm", text);
    let sources = &session.front.sources;
    let resolve = |span| {
        let (file, range) = sources.resolve(span)?;
        (sources.path(file) == "page.ovsm").then_some(range)
    };
    let mut file = File::new(text, units.borrow().clone(), &resolve);
    file.add_names(&session.front.names_given());
    file.add_expansions(session.front.expansion_sizes.as_deref().unwrap_or(&[]));
    ovsm_lint::lint(&file, levels)
}

/// What lints find in a program for Solana.
fn program_findings_of(text: &str, lint: impl Fn(&File<'_>) -> Vec<Finding>) -> Vec<Finding> {
    let mut db = ovsm_query::Database::default();
    let program = db.add_file("page.ovsm", text);
    let nowhere = |_| None;
    let mut file = File::new(text, Vec::new(), &nowhere);
    file.is_text_only = true;
    let audited = |(found, _, range): (ovsm_query::audit::Finding, _, _)| ovsm_lint::Audited {
        lint: found.family.name(),
        range,
        message: found.message,
        help: found.help,
    };
    file.audited = ovsm_query::audit(&db, program).map(|found| found.into_iter().map(audited).collect());
    lint(&file)
}

/// The findings in a program for Solana.
fn program_findings(text: &str, levels: &Levels) -> Vec<Finding> {
    program_findings_of(text, |file| ovsm_lint::lint(file, levels))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn fences(page: &str) -> Vec<(String, String)> {
    page.split("\n```")
        .skip(1)
        .step_by(2)
        .map(|piece| piece.split_once('\n').unwrap())
        .map(|(kind, text)| (kind.to_string(), text.to_string()))
        .collect()
}

/// What `ovsmc build` shows does not drown in what `ovsm lint` would say besides.
#[test]
fn security_findings_stand_alone() {
    let page = std::fs::read_to_string(root().join("book/src/lints/missing-signer-check.md")).unwrap();
    let insecure = &fences(&page)[0].1;
    let levels = Levels::default();
    let text = format!("{}\n{insecure}", ";; lint: allow no-such-lint\n".repeat(2_100));
    let alone = program_findings_of(&text, |file| ovsm_lint::lint_security(file, &levels));
    let names: Vec<&str> = alone.iter().map(|finding| finding.lint).collect();
    assert_eq!(names, ["missing-signer-check"]);
    let silenced = format!(";; lint: allow missing-signer-check\n\n{text}");
    let silenced = program_findings_of(&silenced, |file| ovsm_lint::lint_security(file, &levels));
    assert_eq!(silenced, []);
    // Short of that, it is a part of what `ovsm lint` finds.
    let all = program_findings(insecure, &levels);
    let alone = program_findings_of(insecure, |file| ovsm_lint::lint_security(file, &levels));
    assert!(!alone.is_empty() && alone.iter().all(|finding| all.contains(finding)));
}

#[test]
fn every_page_holds() {
    let mut faults = Vec::new();
    for lint in LINTS {
        let page = std::fs::read_to_string(root().join(format!("book/src/lints/{}.md", lint.id)))
            .unwrap_or_else(|error| panic!("{}: {error}", lint.id));
        assert!(
            page.starts_with(&format!("# `{}`: {}\n", lint.id, lint.summary)),
            "the title of {}",
            lint.id
        );
        let level = format!("*{}, {} by default*", lint.category.name(), lint.level.name());
        assert!(page.contains(&level), "{} does not say {level}", lint.id);
        let mut levels = Levels::default();
        if lint.level == Level::Allow {
            levels.set(lint.id, Level::Warn).unwrap();
        }
        let fences = fences(&page);
        assert!(fences.len() >= 2, "{} has no examples", lint.id);
        for (kind, text) in fences {
            let found = match lint.category {
                Category::Security => program_findings(&text, &levels),
                _ => findings(&text, &levels),
            };
            let names: Vec<&str> = found.iter().map(|finding| finding.lint).collect();
            let holds = match kind.as_str() {
                "ovsm bad" => names == [lint.id],
                _ => names.is_empty(),
            };
            if !holds {
                faults.push(format!("{}, {kind}: {names:?}\n{text}", lint.id));
            }
            if kind == "ovsm bad"
                && let Some((fixed, _)) = ovsm_lint::apply(&text, &found, true)
                && findings(&fixed, &levels).iter().any(|finding| finding.lint == lint.id)
            {
                faults.push(format!("{}: the fix cures nothing:\n{fixed}", lint.id));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_index_lists_every_lint() {
    let index = std::fs::read_to_string(root().join("book/src/lints/index.md")).unwrap();
    for lint in LINTS {
        let row = format!(
            "| [`{0}`]({0}.md) | {1} | {2} | {3} |",
            lint.id,
            lint.category.name(),
            lint.level.name(),
            lint.summary
        );
        assert!(index.contains(&row), "{row}");
    }
}

/// Every program of the repository: nothing of it is certainly wrong, and no lint stumbles over it.
#[test]
fn our_own_sources_have_no_certain_faults() {
    let mut levels = Levels::default();
    levels.set("all", Level::Warn).unwrap();
    let certain: Vec<&str> =
        LINTS.iter().filter(|lint| lint.category == Category::Correctness).map(|lint| lint.id).collect();
    let mut texts = Vec::new();
    for folder in ["spirits/examples", "bench/scripts", "stdlib/std"] {
        for entry in std::fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "ovsm") {
                texts.push(std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    for folder in ["conformance/script", "conformance/spec"] {
        for entry in std::fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let page = std::fs::read_to_string(&path).unwrap();
                texts.extend(fences(&page).into_iter().map(|(_, text)| text));
            }
        }
    }
    assert!(texts.len() > 2_000);
    for text in texts {
        let found = findings(&text, &levels);
        let faults: Vec<&Finding> = found.iter().filter(|finding| certain.contains(&finding.lint)).collect();
        assert!(faults.is_empty(), "{faults:?}\n{text}");
    }
}

#[test]
fn comments_silence_findings_and_forbidden_ones_stay() {
    let text =
        ";; lint: allow equals-null\n(define (f x) (= x null))\n(define (g x) (= x null))\n(f 1) (g 2)\n";
    let names = |levels: &Levels| -> Vec<(u32, &'static str)> {
        findings(text, levels).iter().map(|finding| (finding.range.start, finding.lint)).collect()
    };
    let mut levels = Levels::default();
    assert_eq!(names(&levels), [(67, "equals-null")]);
    levels.set("equals-null", Level::Forbid).unwrap();
    assert_eq!(names(&levels).len(), 2);
    levels.set("equals-null", Level::Allow).unwrap();
    assert_eq!(names(&levels).len(), 2, "what is forbidden stays so");
    assert_eq!(levels.set("equals-nul", Level::Warn), Err(Some("equals-null".to_string())));
    let whole = format!(";; lint: allow equals-null\n\n{}", text.split_once('\n').unwrap().1);
    assert!(findings(&whole, &Levels::default()).is_empty());
}

#[test]
fn comments_silence_findings_in_programs() {
    let text = "(define n 3)\n;; lint: allow security\n(invoke-program 3 [[0 :mut]] [n])\n(invoke-program 2 [[0 :mut]] [n])\n0\n";
    let names = |levels: &Levels| -> Vec<(&'static str, Level)> {
        program_findings(text, levels).iter().map(|finding| (finding.lint, finding.level)).collect()
    };
    let mut levels = Levels::default();
    assert_eq!(names(&levels), [("arbitrary-cpi", Level::Warn)]);
    levels.set("security", Level::Deny).unwrap();
    assert_eq!(names(&levels), [("arbitrary-cpi", Level::Deny)]);
    levels.set("arbitrary-cpi", Level::Allow).unwrap();
    assert_eq!(names(&levels), [("unused-suppression", Level::Warn)]);
    // Nobody looks for them in scripts, or in programs with errors.
    assert_eq!(findings(";; lint: allow arbitrary-cpi\n(print 1)\n", &Levels::default()), []);
    assert_eq!(program_findings(";; lint: allow arbitrary-cpi\n(unknown 1)\n", &Levels::default()), []);
}
