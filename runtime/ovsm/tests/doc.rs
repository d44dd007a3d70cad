//! `ovsm doc`: files and folders, what is printed, and what is never overwritten.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

use std::path::Path;
use std::process::Command;

/// Exit code, standard output and standard error of `ovsm doc` in a folder.
fn doc(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_ovsm"))
        .current_dir(folder)
        .arg("doc")
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("spirit.toml", "[package]\nname = \"shop\"\nversion = \"1.2.3\"\n");
    write("src/main.ovsm", ";;; Sells things.\n\n(import shop/money)\n");
    write("src/shop/money.ovsm", "(pub (defn add (a b) \"Adds.\" (+ a b)))\n(defn secret () 1)\n");
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
fn a_project_is_documented() {
    let folder = project();
    let (code, out, err) = doc(folder.path(), &[]);
    assert_eq!((code, out.as_str(), err.as_str()), (Some(0), "./target/doc/index.html\n", ""));
    let pages = folder.path().join("target/doc");
    let expected = [
        "index.html",
        "module.main.html",
        "module.shop.money.html",
        "names.html",
        "search-index.js",
        "search.js",
        "source.main.html",
        "source.shop.money.html",
        "style.css",
    ];
    assert_eq!(names(&pages), expected);
    let read = |name: &str| std::fs::read_to_string(pages.join(name)).unwrap();
    assert!(read("index.html").contains("<h1>shop 1.2.3</h1>\n<p>Sells things.</p>"));
    assert!(!read("module.shop.money.html").contains("secret"));
    let before = read("module.shop.money.html");
    assert_eq!(doc(folder.path(), &["--private"]).0, Some(0));
    assert!(read("module.shop.money.html").contains("secret"));
    // The same sources give the same bytes, and pages of modules that are gone go too, unless somebody else wrote them.
    std::fs::write(pages.join("module.mine.html"), "mine").unwrap();
    std::fs::write(pages.join("notes.txt"), "mine").unwrap();
    assert_eq!(doc(folder.path(), &[]).0, Some(0));
    assert_eq!(read("module.shop.money.html"), before);
    std::fs::remove_file(folder.path().join("src/shop/money.ovsm")).unwrap();
    assert_eq!(doc(folder.path(), &[]).0, Some(0));
    let left = names(&pages);
    assert!(!left.iter().any(|name| name.contains("money")), "{left:?}");
    assert!(left.contains(&"module.mine.html".to_string()) && left.contains(&"notes.txt".to_string()));
}

#[test]
fn a_page_of_somebody_else_is_not_replaced() {
    let folder = project();
    std::fs::create_dir(folder.path().join("site")).unwrap();
    std::fs::write(folder.path().join("site/index.html"), "my page").unwrap();
    let (code, out, err) = doc(folder.path(), &["--output", "site"]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(err.contains("E0502") && err.contains("not written by `ovsm doc`"), "{err}");
    assert_eq!(names(&folder.path().join("site")), ["index.html"]);
}

#[test]
fn json_tells_the_same() {
    let folder = project();
    let (code, out, _) = doc(folder.path(), &["--json"]);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &json["title"]), (Some(0), &serde_json::json!("shop 1.2.3")));
    let add = &json["modules"][1]["definitions"][0];
    assert_eq!(
        (&add["signature"], &add["doc"], &add["line"]),
        (&"(add a b)".into(), &"Adds.".into(), &1.into())
    );
    assert_eq!(json["modules"][1]["definitions"].as_array().unwrap().len(), 1);
    assert!(!folder.path().join("target").exists());
    let (_, out, _) = doc(folder.path(), &["--json", "--private", "src/shop/money.ovsm"]);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["modules"][0]["definitions"][1]["name"], "secret");
}

#[test]
fn the_library_is_documented() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(doc(folder.path(), &["--std", "--output", "out"]).0, Some(0));
    let page = std::fs::read_to_string(folder.path().join("out/module.std.list.html")).unwrap();
    assert!(page.contains("<code>mapcar</code>") && page.contains("id=\"d-map\""), "{page}");
    let prelude = std::fs::read_to_string(folder.path().join("out/module.std.prelude.html")).unwrap();
    assert!(prelude.contains("id=\"d-compose\""));
}

#[test]
fn what_can_not_be_read_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let (code, _, err) = doc(folder.path(), &[]);
    assert!(code == Some(2) && err.contains("has no source files"), "{err}");
    let (code, _, err) = doc(folder.path(), &["missing.ovsm"]);
    assert!(code == Some(2) && err.contains("E0501"), "{err}");
    assert_eq!(doc(folder.path(), &["--std", "x.ovsm"]).0, Some(2));
}

#[test]
fn functions_say_what_they_do_outside() {
    let folder = tempfile::tempdir().unwrap();
    let text = "(pub (defn show (x) \"Shows.\" (println x)) (defn add (a b) (+ a b)))";
    std::fs::write(folder.path().join("a.ovsm"), text).unwrap();
    let (code, out, _) = doc(folder.path(), &["a.ovsm", "--json"]);
    assert_eq!(code, Some(0));
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    let definitions = &json["modules"][0]["definitions"];
    assert_eq!((&definitions[0]["effects"], &definitions[1]["effects"]), (&"io".into(), &"pure".into()));
    let (_, _, err) = doc(folder.path(), &["a.ovsm", "--output", "pages"]);
    let page = std::fs::read_to_string(folder.path().join("pages/module.a.html")).unwrap();
    assert!(page.contains("effects: io"), "{err}{page}");
}
