//! Checks of the repository itself: dependencies, file sizes, words, the book's links, and that what one file promises
//! about others is true.
//!
//! Nothing here compiles OVSM. Each test reads the files of the clone and reports every violation at once.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stderr, reason = "the report of file sizes")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use ovsm_base::Code;
use serde_json::Value;

const HARD_LIMIT: usize = 1000;

/// Dependencies between our crates are those of the picture in the architecture page.
#[test]
fn dependencies_follow_the_picture() {
    let picture = picture();
    let metadata = metadata(&["--no-deps"]);
    let mut faults = Faults::default();
    for package in array(&metadata["packages"]) {
        let name = room(text(&package["name"]));
        let Some(allowed) = picture.get(name).or((name == "base").then_some(&Allowed::None)) else {
            faults.add(format!("{name} is not in the picture"));
            continue;
        };
        for dependency in array(&package["dependencies"]) {
            let dependency = text(&dependency["name"]);
            if dependency.starts_with("ovsm-") && !allowed.has(room(dependency)) {
                faults.add(format!("{name} → {} is not in the picture", room(dependency)));
            }
        }
    }
    faults.report();
}

/// The binaries pull in neither a network stack nor a WebAssembly engine nor the Solana runtime.
#[test]
fn the_binaries_stay_small() {
    let host = host();
    let metadata = metadata(&["--filter-platform", &host]);
    let names: BTreeMap<&str, &str> = array(&metadata["packages"])
        .iter()
        .map(|package| (text(&package["id"]), text(&package["name"])))
        .collect();
    let nodes: BTreeMap<&str, &Value> =
        array(&metadata["resolve"]["nodes"]).iter().map(|node| (text(&node["id"]), node)).collect();
    let mut faults = Faults::default();
    for binary in ["ovsm-ovsmc", "ovsm-ovsm"] {
        let root = names.iter().find(|(_, name)| **name == binary).map(|(id, _)| *id).expect("a package");
        let mut seen = BTreeSet::new();
        let mut open = vec![root];
        while let Some(id) = open.pop() {
            if seen.insert(id) {
                open.extend(
                    array(&nodes[id]["deps"])
                        .iter()
                        .filter(|dep| is_normal(dep))
                        .map(|dep| text(&dep["pkg"])),
                );
            }
        }
        assert!(seen.len() > 5, "the dependencies of {binary} were not found");
        for id in seen {
            let name = names[id];
            let banned = ["tokio", "reqwest", "hyper", "wasmtime", "rustls", "openssl"].contains(&name);
            if banned || name.starts_with("solana-") {
                faults.add(format!("{binary} depends on {name}"));
            }
        }
    }
    faults.report();
}

/// Files stay short enough to be read, and begin with what they are.
#[test]
fn source_files_are_short_and_introduced() {
    let mut faults = Faults::default();
    let mut lengths = Vec::new();
    for (path, content) in files().filter(|(path, _)| is_rust(path)) {
        let lines = content.lines().count();
        lengths.push(lines);
        if lines > HARD_LIMIT {
            faults.add(format!("{path} has {lines} lines, and {HARD_LIMIT} is the limit"));
        }
        if !content.starts_with("//! ") {
            faults.add(format!("{path} does not begin with a `//!` paragraph"));
        }
    }
    lengths.sort_unstable();
    let quantile = |tenths: usize| lengths[(lengths.len() - 1) * tenths / 10];
    eprintln!("lines per file: median {}, p90 {}, most {}", quantile(5), quantile(9), quantile(10));
    faults.report();
}

/// No marks for later work, no paths of somebody's machine, no drawers for odds and ends.
#[test]
fn no_forbidden_words() {
    // Put together here, so that this file does not contain them.
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
    let places = [concat!("/wo", "rk/"), concat!("/ro", "ot/")];
    let drawers = [concat!("ut", "ils"), concat!("hel", "pers"), concat!("com", "mon")];
    let mut faults = Faults::default();
    for (path, content) in files().filter(|(path, _)| !path.ends_with("Cargo.lock")) {
        for (n, line) in content.lines().enumerate() {
            let words = || line.split(|c: char| !c.is_alphanumeric());
            let mark = marks.iter().find(|mark| words().any(|word| word == **mark));
            if let Some(found) = mark.or(places.iter().find(|place| line.contains(**place))) {
                faults.add(format!("{path}:{}: {found}", n + 1));
            }
            for drawer in drawers.iter().filter(|_| is_rust(&path)) {
                if line.trim_start().trim_start_matches("pub ").starts_with(&format!("mod {drawer}")) {
                    faults.add(format!("{path}:{}: a module called {drawer}", n + 1));
                }
            }
        }
        for part in Path::new(&path).iter().map(|part| part.to_string_lossy()) {
            let stem = part.split('.').next().unwrap_or("");
            if drawers.contains(&stem) {
                faults.add(format!("{path}: a file or folder called {stem}"));
            }
        }
    }
    faults.report();
}

/// What the stages must not use is forbidden by the lints of each, and nobody allows it again.
#[test]
fn stages_are_pure() {
    let mut faults = Faults::default();
    let expected = read("compiler/base/clippy.toml");
    for banned in
        ["std::fs::read", "std::env::var", "std::time::Instant::now", "std::thread::spawn", "HashMap"]
    {
        assert!(expected.contains(banned), "compiler/base/clippy.toml does not ban {banned}");
    }
    for stage in ["base", "cst", "expand", "infer", "ir", "vm", "sbpf", "interface", "query", "document"] {
        if read(&format!("compiler/{stage}/clippy.toml")) != expected {
            faults.add(format!("compiler/{stage}/clippy.toml differs from that of base"));
        }
    }
    for (path, content) in files().filter(|(path, _)| path.starts_with("compiler/") && is_rust(path)) {
        if content.contains("clippy::disallowed_") {
            faults.add(format!("{path} allows what the stages must not use"));
        }
    }
    faults.report();
}

/// Every crate of the workspace takes the workspace's lints, and those forbid panics.
#[test]
fn lints_hold_everywhere() {
    let mut faults = Faults::default();
    let workspace = read("Cargo.toml");
    for lint in
        ["unwrap_used", "expect_used", "panic", "unreachable", "todo", "indexing_slicing", "unsafe_code"]
    {
        assert!(workspace.contains(&format!("{lint} = \"deny\"")), "the workspace does not deny {lint}");
    }
    for package in array(&metadata(&["--no-deps"])["packages"]) {
        let manifest = std::fs::read_to_string(text(&package["manifest_path"])).expect("a manifest");
        if !manifest.replace(' ', "").contains("[lints]\nworkspace=true") {
            faults.add(format!("{} has lints of its own", text(&package["name"])));
        }
    }
    faults.report();
}

/// Nobody knows where wallets are.
#[test]
fn nothing_names_a_wallet() {
    let wallet = concat!("config/", "solana");
    let mut faults = Faults::default();
    for (path, content) in files().filter(|(path, _)| is_rust(path) || path.ends_with(".ovsm")) {
        if content.contains(wallet) {
            faults.add(format!("{path} names {wallet}"));
        }
    }
    faults.report();
}

/// Each code has a page with the right heading and its programs, each page has a code, and the lists know both.
#[test]
fn codes_and_pages_agree() {
    let mut faults = Faults::default();
    let index = read("book/src/errors/index.md");
    let summary = read("book/src/SUMMARY.md");
    let mut pages: BTreeSet<String> = files()
        .filter_map(|(path, _)| path.strip_prefix("book/src/errors/").map(str::to_string))
        .filter(|name| name != "index.md")
        .collect();
    for code in Code::ALL {
        let name = format!("{code}-{}.md", code.slug());
        let title = code.title();
        if !pages.remove(&name) {
            faults.add(format!("{code} has no page {name}"));
        }
        if !code.page().starts_with(&format!("# {code}: {title}\n")) {
            faults.add(format!("{name} does not begin with the code and its title"));
        }
        let has = |fence: &str| code.page().contains(&format!("\n```{fence}\n"));
        let shows_program = (has("ovsm error") || has("ovsm run-error")) && has("ovsm fixed");
        let shows_script =
            (has("ovsm script-error") || has("ovsm script-run-error")) && has("ovsm script-fixed");
        if !(shows_program || shows_script || has("console")) {
            faults.add(format!("{name} shows neither a program and its cure nor a transcript"));
        }
        if !index.contains(&format!("| [{code}]({name}) | {title} |")) {
            faults.add(format!("the index of the codes does not list {name} as it is"));
        }
        if !summary.contains(&format!("[{code}: {title}](errors/{name})")) {
            faults.add(format!("SUMMARY.md does not list {name} as it is"));
        }
    }
    for name in pages {
        faults.add(format!("the page {name} has no code"));
    }
    faults.report();
}

/// Links lead somewhere, and every page of the book can be reached.
#[test]
fn links_of_the_book_lead_somewhere() {
    let mut faults = Faults::default();
    let mut reached = BTreeSet::from(["book/src/SUMMARY.md".to_string()]);
    for (path, content) in files().filter(|(path, _)| is_page(path)) {
        for link in links(&content) {
            let target = normal(&Path::new(&path).parent().unwrap().join(&link));
            if !root().join(&target).exists() {
                faults.add(format!("{path}: the link to {link} leads nowhere"));
            }
            if path == "book/src/SUMMARY.md" || path == "book/src/errors/index.md" {
                reached.insert(target);
            }
        }
    }
    for (path, _) in files().filter(|(path, _)| path.starts_with("book/src/") && path.ends_with(".md")) {
        if !reached.contains(&path) {
            faults.add(format!("{path} is linked neither from SUMMARY.md nor from the index of the codes"));
        }
    }
    faults.report();
}

/// The reference lists every built-in.
#[test]
fn the_reference_lists_every_built_in() {
    let mut faults = Faults::default();
    let page = read("book/src/reference/built-ins.md");
    let table = read("compiler/expand/src/builtin.rs");
    let mut count = 0;
    for piece in table.split("entry(").skip(1) {
        let Some(name) = piece.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next()) else {
            continue;
        };
        count += 1;
        if !page.contains(&format!("`({name} ")) && !page.contains(&format!("`({name})`")) {
            faults.add(format!("`{name}` is not in the reference"));
        }
    }
    assert!(count > 50, "the table of the built-ins was not found");
    faults.report();
}

/// Each invariant of the architecture page names tests that exist.
#[test]
fn invariants_have_tests() {
    let mut faults = Faults::default();
    let page = read("book/src/internals/architecture.md");
    let sources: Vec<String> =
        files().filter(|(path, _)| is_rust(path)).map(|(_, content)| content).collect();
    let (_, invariants) = page.split_once("## Invariants").expect("a chapter of invariants");
    let invariants = invariants.split("\n## ").next().unwrap();
    let mut number = 0;
    for invariant in invariants.split("\n\n").flat_map(numbered_items) {
        number += 1;
        let Some((_, tests)) = invariant.split_once("Tests:") else {
            faults.add(format!("invariant {number} names no test"));
            continue;
        };
        for test in tests.split('`').skip(1).step_by(2) {
            if !sources.iter().any(|source| source.contains(&format!("fn {test}("))) {
                faults.add(format!("invariant {number} names the test {test}, which does not exist"));
            }
        }
    }
    assert!(number >= 5, "the invariants were not found");
    faults.report();
}

/// Everything that is wrong, shown together.
#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    fn add(&mut self, fault: String) {
        self.0.push(fault);
    }

    fn report(self) {
        assert!(self.0.is_empty(), "\n{}\n", self.0.join("\n"));
    }
}

/// What a crate may depend on.
enum Allowed {
    None,
    These(BTreeSet<String>),
    Anything,
}

impl Allowed {
    fn has(&self, name: &str) -> bool {
        match self {
            Allowed::None => false,
            Allowed::These(names) => names.contains(name),
            Allowed::Anything => true,
        }
    }
}

/// The picture of the architecture page: lines `crate → crate crate` in a fence.
fn picture() -> BTreeMap<String, Allowed> {
    let mut picture = BTreeMap::new();
    for line in read("book/src/internals/architecture.md").lines() {
        let Some((from, to)) = line.split_once(" → ") else { continue };
        if from.starts_with(|c: char| c.is_ascii_lowercase()) && !from.trim().contains(' ') {
            let to: BTreeSet<String> = to.split_whitespace().map(str::to_string).collect();
            let allowed = if to.contains("anything") { Allowed::Anything } else { Allowed::These(to) };
            picture.insert(from.trim().to_string(), allowed);
        }
    }
    assert!(picture.len() > 5, "the picture was not found");
    picture
}

/// The folder of a package.
fn room(package: &str) -> &str {
    package.strip_prefix("ovsm-").unwrap_or(package)
}

fn metadata(arguments: &[&str]) -> Value {
    let output = Command::new(std::env::var("CARGO").expect("cargo runs the tests"))
        .args(["metadata", "--format-version", "1", "--offline", "--locked"])
        .args(arguments)
        .current_dir(root())
        .output()
        .expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo writes JSON")
}

/// The platform that the tests run on; only its dependencies are sure to be downloaded.
fn host() -> String {
    let output =
        Command::new(std::env::var("CARGO").expect("cargo runs the tests")).arg("-vV").output().unwrap();
    let version = String::from_utf8(output.stdout).unwrap();
    version.lines().find_map(|line| line.strip_prefix("host: ")).expect("cargo names its host").to_string()
}

fn is_normal(dependency: &Value) -> bool {
    array(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"].is_null())
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a string")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the clone").to_path_buf()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The text files of the clone, by their path with slashes, without what is built or belongs to git.
fn files() -> impl Iterator<Item = (String, String)> {
    let mut found = Vec::new();
    let mut open = vec![root()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry")) {
            let path = entry.path();
            let kind = entry.file_type().expect("a kind");
            let name = normal(path.strip_prefix(root()).expect("below the clone"));
            if kind.is_dir() {
                let built = name == "book/book"
                    || name.ends_with("target")
                    || name.ends_with("node_modules")
                    || path.join("CACHEDIR.TAG").exists();
                if !built && name != ".git" {
                    open.push(path);
                }
            } else if kind.is_file() && name != ".git" {
                found.push((name, path));
            }
        }
    }
    found.sort();
    assert!(found.len() > 20, "the files of the clone were not found");
    found.into_iter().filter_map(|(name, path)| Some((name, std::fs::read_to_string(path).ok()?)))
}

/// A path with slashes and without `..`.
fn normal(path: &Path) -> String {
    let mut parts: Vec<String> = Vec::new();
    for part in path.iter().map(|part| part.to_string_lossy()) {
        match &*part {
            "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part.to_string()),
        }
    }
    parts.join("/")
}

fn is_rust(path: &str) -> bool {
    path.ends_with(".rs")
}

/// Pages for people: the book, and those at the top of the clone.
fn is_page(path: &str) -> bool {
    path.ends_with(".md") && (path.starts_with("book/src/") || !path.contains('/'))
}

/// The files that a page links to, without anchors; code and addresses of the web are left out.
fn links(page: &str) -> Vec<String> {
    let mut links = Vec::new();
    let mut code = false;
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            code = !code;
        }
        // Every second piece between backquotes is code.
        let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join("`");
        for rest in prose.split("](").skip(1).filter(|_| !code) {
            let target = rest.split([')', '#']).next().unwrap_or("");
            if !target.is_empty() && !target.contains("://") {
                links.push(target.to_string());
            }
        }
    }
    links
}

/// The items `1. …` of a list, each with its indented lines.
fn numbered_items(block: &str) -> Vec<String> {
    let mut items: Vec<String> = Vec::new();
    for line in block.lines() {
        if line.starts_with(|c: char| c.is_ascii_digit()) {
            items.push(String::new());
        }
        if let Some(item) = items.last_mut() {
            item.push_str(line);
            item.push('\n');
        }
    }
    items
}
