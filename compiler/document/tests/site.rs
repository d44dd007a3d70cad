//! The pages of small projects: their text, their links, their search index, and hostile sources.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

use ovsm_document::{Kind, Module, Page, Site, read, render, standard};

fn pages(sources: &[(&str, &str)], with_private: bool) -> Vec<Page> {
    let modules: Vec<Module> = sources.iter().map(|(name, text)| read(name, text)).collect();
    render(&Site { title: "Shop <1>", introduction: "", modules: &modules, with_private })
}

fn page<'a>(pages: &'a [Page], name: &str) -> &'a str {
    &pages.iter().find(|page| page.name == name).unwrap_or_else(|| panic!("no page {name}")).text
}

/// What stands between `<main>` and `</main>`.
fn main_part(page: &str) -> &str {
    page.split_once("<main>\n").unwrap().1.split_once("</main>").unwrap().0
}

const MONEY: &str = r#";;; Money, exactly.
;;;
;;; See `add` and [the page](https://example.org/money).

(import shop/line)
(export add Coin)

;;; The tax, in parts of a thousand.
(pub (const TAX 77))

(defn add ((a : Coin) b
           &optional (note "none")) ; why
      -> Coin
  "The sum of two coins.

  - never wraps
  - see `shop/line/total`"
  (the Coin a))

(defrecord Coin "A coin." (units : u64) (text : string))
(pub (defenum Side Heads (Tails how)))
(pub (defmacro twice (&rest body) "Does it twice." `(do ,@body ,@body)))
(defn helper () 1)
"#;

const LINE: &str = "(pub (defn total () \"A `Coin`.\" 1))\n(pub (defvar *rate* 1.5 \"The rate.\"))\n";

#[test]
fn a_module_has_a_page() {
    let pages = pages(&[("shop/money", MONEY), ("shop/line", LINE)], false);
    let names: Vec<&str> = pages.iter().map(|page| page.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "index.html",
            "names.html",
            "search-index.js",
            "search.js",
            "style.css",
            "module.shop.line.html",
            "source.shop.line.html",
            "module.shop.money.html",
            "source.shop.money.html"
        ]
    );
    assert_eq!(main_part(page(&pages, "module.shop.money.html")), include_str!("money.html"));
    assert_eq!(main_part(page(&pages, "index.html")), include_str!("index.html"));
}

#[test]
fn private_definitions_are_shown_only_on_request() {
    let sources = [("shop/money", MONEY)];
    let public = pages(&sources, false);
    assert!(!public.iter().any(|page| page.name != "source.shop.money.html" && page.text.contains("helper")));
    let private = pages(&sources, true);
    let shown = page(&private, "module.shop.money.html");
    assert!(
        shown.contains("id=\"d-helper\"")
            && shown.contains("private, <a href=\"source.shop.money.html#L23\">")
    );
    assert!(page(&private, "search-index.js").contains("\"helper\""));
    assert!(page(&pages(&[("m", "(defn f () 1)")], false), "module.m.html").contains("exports nothing"));
}

/// Every link of every page leads to a page and a place in it.
fn check_links(pages: &[Page]) {
    for from in pages.iter().filter(|page| page.name.ends_with(".html")) {
        for link in from.text.split("href=\"").skip(1) {
            let target = link.split_once('"').unwrap().0;
            if target.starts_with("https://") || target.starts_with("http://") {
                continue;
            }
            let (file, place) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() { &from.name } else { file };
            let text = page(pages, file);
            assert!(place.is_empty() || text.contains(&format!("id=\"{place}\"")), "{}: {target}", from.name);
        }
    }
    let index = page(pages, "search-index.js");
    for line in index.lines().filter(|line| line.starts_with('[')) {
        let fields: Vec<&str> = line.split('"').collect();
        let (file, place) = fields[7].split_once('#').unwrap_or((fields[7], ""));
        assert!(place.is_empty() || page(pages, file).contains(&format!("id=\"{place}\"")), "{line}");
    }
}

#[test]
fn links_resolve() {
    check_links(&pages(&[("shop/money", MONEY), ("shop/line", LINE)], true));
}

#[test]
fn the_search_index_is_complete() {
    let pages = pages(&[("shop/money", MONEY), ("shop/line", LINE)], false);
    let index = page(&pages, "search-index.js");
    let names: Vec<&str> = index
        .lines()
        .filter(|line| line.starts_with('['))
        .map(|line| line.split('"').nth(1).unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "shop/line",
            "total",
            "*rate*",
            "shop/money",
            "TAX",
            "add",
            "Coin",
            "Side",
            "Heads",
            "Tails",
            "twice"
        ]
    );
    assert!(
        index.contains(
            "[\"total\",\"function\",\"shop/line\",\"module.shop.line.html#d-total\",\"A `Coin`\"],"
        )
    );
}

#[test]
fn the_library_is_documented() {
    let modules = standard();
    let pages = render(&Site { title: "Library", introduction: "", modules: &modules, with_private: false });
    check_links(&pages);
    let index = page(&pages, "search-index.js");
    for native in ovsm_library::table().iter().filter(|native| native.module != "std/internal") {
        for name in std::iter::once(&native.name).chain(native.aliases) {
            let shown = name.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e");
            assert!(index.contains(&format!("[\"{shown}\",\"function\",\"{}\"", native.module)), "{name}");
        }
    }
}

#[test]
fn the_same_sources_give_the_same_bytes() {
    let one = pages(&[("shop/money", MONEY), ("shop/line", LINE)], true);
    assert_eq!(one, pages(&[("shop/line", LINE), ("shop/money", MONEY)], true));
}

#[test]
fn hostile_sources_stay_text() {
    let attack = "</code></pre></title><script>alert(1)</script><img src=x onerror=alert(1)>\"'";
    let in_string = attack.replace('"', "\\\"");
    let source = format!(
        ";;; {attack} [x](javascript:alert(1))\n\n(pub (defn <script>alert<b> (<img> &optional (x \"{in_string}\"))\n \"{in_string} `{attack}`\" 1))\n\
         ;;; ``` {attack}\n(pub (define \u{202e}name 1))\n(pub (defenum E <i>x</i>))\n(pub (defn __proto__ () 1))"
    );
    let name = format!("../{attack}\u{202e}/..");
    let pages = pages(&[(&name, &source), ("index", "(pub (defn f () 1))"), ("INDEX", "")], true);
    check_links(&pages);
    for page in &pages {
        assert!(page.name.chars().all(|c| c.is_ascii_alphanumeric() || ".~-_".contains(c)), "{}", page.name);
        if page.name.ends_with(".html") {
            let text = &page.text;
            assert_eq!(text.matches("<script").count(), 2, "{text}");
            for word in ["<img", "<b>", "<i>x", " onerror=alert(1)>", "\"javascript:", "\u{202e}"] {
                assert!(!text.contains(word), "{word}: {text}");
            }
            assert_eq!(text.matches("</title>").count(), 1);
            assert!(text.contains("default-src 'none'; script-src 'self' file:;"), "{text}");
            assert!(!text.contains(" style=") && !text.contains("<style") && !text.contains("src=\"http"));
        }
    }
    let index = page(&pages, "search-index.js");
    assert!(!index.contains(['<', '>', '\'', '\u{2028}']));
}

#[test]
fn any_text_is_read() {
    let texts = [
        "",
        ";;;",
        "(",
        "(defn",
        "(pub (defn f",
        ")(define x 1)",
        "(defn f)",
        "(define (f) )",
        "(pub 1 2)",
        "(export 1 (a))",
        "(defenum E)",
        "(define ((a)) 1)",
        "(defn () 1)",
        "\u{feff}#!/bin/x\n;;; Head\n",
        "(const)",
        "(deftype T)",
        "(defrecord R \"a\" \"b\")",
        "{",
        "(pub (pub (defn f () 1)))",
    ];
    for text in texts {
        let module = read("m", text);
        render(&Site { title: "", introduction: text, modules: &[module], with_private: true });
    }
    assert_eq!(read("m", "\u{feff}#!/bin/x\n;;; Head\n").head, "Head");
    assert_eq!(read("m", ";;; Of f\n(defn f () 1)").head, "");
    assert_eq!(read("m", ";;; Of f\n(defn f () 1)").definitions[0].doc, "Of f");
    assert_eq!(read("m", ";;; Of m\n(import x)").head, "Of m");
    let deep = "(".repeat(100_000);
    assert!(read("m", &deep).definitions.is_empty());
    let broken = read("m", "(defn f (a\n(pub (defn g (b) \"G.\" b))\n");
    assert_eq!(broken.definitions.last().map(|it| (it.name.as_str(), it.kind)), Some(("g", Kind::Function)));
}
