//! The pages: an index, one page for each module, one for its source, all names, and the files of the search.

use crate::anchor::{anchor, file_names};
use crate::html::{escape, page};
use crate::links::Links;
use crate::markdown::{blocks, summary};
use crate::model::{Definition, Kind, Module};
use crate::search;
use ovsm_cst::{TokenKind, tokenize};

/// How many bytes of a source are shown.
const MAX_SOURCE: usize = 2 << 20;

/// What pages are made of.
pub struct Site<'a> {
    /// What the documentation is about.
    pub title: &'a str,
    /// What stands on the first page, in a small Markdown.
    pub introduction: &'a str,
    /// The modules; see [`render`] for what of them is shown.
    pub modules: &'a [Module],
    /// Whether definitions that are not exported are shown.
    pub with_private: bool,
}

/// A file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page {
    /// Its name: no folders.
    pub name: String,
    /// Its content.
    pub text: String,
}

/// Whether [`render`] gives files such names to pages of modules and sources.
pub fn is_page_name(name: &str) -> bool {
    (name.starts_with("module.") || name.starts_with("source.")) && name.ends_with(".html")
}

/// All files of the documentation, in the order of the modules' names.
pub fn render(site: &Site<'_>) -> Vec<Page> {
    let mut modules: Vec<Module> = site.modules.to_vec();
    modules.sort_by(|a, b| a.name.cmp(&b.name));
    for module in &mut modules {
        module.definitions.retain(|definition| site.with_private || definition.is_exported);
        // Of several definitions with one name the last one counts, as when the module runs.
        let mut seen = std::collections::BTreeSet::new();
        module.definitions.reverse();
        module.definitions.retain(|definition| seen.insert(definition.name.clone()));
        module.definitions.reverse();
    }
    let files = file_names(modules.iter().map(|module| module.name.as_str()));
    let links = Links::new(&modules, &files);
    let mut pages = vec![
        Page { name: "index.html".to_string(), text: index(site, &modules, &files, &links) },
        Page { name: "names.html".to_string(), text: names(site, &modules, &files) },
        Page { name: "search-index.js".to_string(), text: search::index(&modules, &files) },
        Page { name: "search.js".to_string(), text: include_str!("search.js").to_string() },
        Page { name: "style.css".to_string(), text: include_str!("style.css").to_string() },
    ];
    for (number, (module, file)) in modules.iter().zip(&files).enumerate() {
        let text = module_page(site, number, module, file, &links);
        pages.push(Page { name: format!("module.{file}.html"), text });
        if let Some(source) = &module.source {
            let text = source_page(site, module, file, source);
            pages.push(Page { name: format!("source.{file}.html"), text });
        }
    }
    pages
}

fn index(site: &Site<'_>, modules: &[Module], files: &[String], links: &Links) -> String {
    let link = |name: &str| links.find(usize::MAX, name).map(str::to_string);
    let mut body = format!("<h1>{}</h1>\n{}", escape(site.title), blocks(site.introduction, &link));
    body.push_str("<h2>Modules</h2>\n<table>\n");
    for (module, file) in modules.iter().zip(files) {
        body.push_str(&format!(
            "<tr><td><a href=\"module.{file}.html\">{}</a></td><td>{}</td></tr>\n",
            escape(&module.name),
            escape(&summary(&module.head))
        ));
    }
    body.push_str("</table>\n");
    page(site.title, site.title, &body)
}

fn names(site: &Site<'_>, modules: &[Module], files: &[String]) -> String {
    let mut rows = Vec::new();
    for (module, file) in modules.iter().zip(files) {
        for definition in &module.definitions {
            let all = std::iter::once(&definition.name).chain(&definition.aliases).chain(&definition.members);
            for name in all {
                rows.push((name.to_lowercase(), name, &module.name, file, definition));
            }
        }
    }
    rows.sort_by(|a, b| (&a.0, a.1, a.2).cmp(&(&b.0, b.1, b.2)));
    let mut body = String::from("<h1>All names</h1>\n<table>\n");
    for (_, name, module, file, definition) in rows {
        body.push_str(&format!(
            "<tr><td><a href=\"module.{file}.html#{}\"><code>{}</code></a></td><td class=\"about\">{} in {}</td><td>{}</td></tr>\n",
            anchor(&definition.name),
            escape(name),
            definition.kind.name(),
            escape(module),
            escape(&summary(&definition.doc))
        ));
    }
    body.push_str("</table>\n");
    page(&format!("All names - {}", site.title), site.title, &body)
}

fn module_page(site: &Site<'_>, number: usize, module: &Module, file: &str, links: &Links) -> String {
    let link = |name: &str| links.find(number, name).map(str::to_string);
    let mut body = format!("<h1>{}</h1>\n", escape(&module.name));
    if module.source.is_some() {
        body.push_str(&format!("<p class=\"about\"><a href=\"source.{file}.html\">source</a></p>\n"));
    }
    body.push_str(&blocks(&module.head, &link));
    if module.definitions.is_empty() {
        body.push_str("<p class=\"about\">This module exports nothing.</p>\n");
    }
    for kind in Kind::ALL {
        let of_kind: Vec<&Definition> =
            module.definitions.iter().filter(|definition| definition.kind == kind).collect();
        if of_kind.is_empty() {
            continue;
        }
        body.push_str(&format!("<h2>{}</h2>\n", kind.heading()));
        for definition in of_kind {
            body.push_str(&definition_section(definition, module, number, file, links));
        }
    }
    page(&format!("{} - {}", module.name, site.title), site.title, &body)
}

fn definition_section(
    definition: &Definition,
    module: &Module,
    number: usize,
    file: &str,
    links: &Links,
) -> String {
    let place = anchor(&definition.name);
    let mut out = format!(
        "<section class=\"definition\" id=\"{place}\">\n<h3><a href=\"#{place}\">{}</a></h3>\n",
        escape(&definition.name)
    );
    // A name does not link to itself.
    let link = |name: &str| {
        let is_itself = name == definition.name || definition.members.iter().any(|member| member == name);
        if is_itself { None } else { links.find(number, name).map(str::to_string) }
    };
    out.push_str(&format!("<pre><code>{}</code></pre>\n", code(&definition.signature, &link)));
    let mut about = Vec::new();
    if !definition.is_exported {
        about.push("private".to_string());
    }
    if !definition.aliases.is_empty() {
        let aliases: Vec<String> =
            definition.aliases.iter().map(|alias| format!("<code>{}</code>", escape(alias))).collect();
        about.push(format!("also {}", aliases.join(" ")));
    }
    if module.source.is_some() && definition.line > 0 {
        about.push(format!("<a href=\"source.{file}.html#L{0}\">line {0}</a>", definition.line));
    }
    if !about.is_empty() {
        out.push_str(&format!("<p class=\"about\">{}</p>\n", about.join(", ")));
    }
    out.push_str(&blocks(&definition.doc, &link));
    if let Some(effects) = &definition.effects {
        out.push_str(&format!("<p class=\"about\">effects: {}</p>\n", escape(&effects.replace('`', ""))));
    }
    if !definition.examples.is_empty() {
        let lines: Vec<String> = definition
            .examples
            .iter()
            .map(|example| format!("{} ; => {}", example.call, example.result))
            .collect();
        out.push_str(&format!("<pre><code>{}</code></pre>\n", code(&lines.join("\n"), &|_| None)));
    }
    out.push_str("</section>\n");
    out
}

/// Code with comments set apart, and names that lead to their definitions.
fn code(text: &str, link: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    for token in tokenize(text) {
        let (shown, after) = rest.split_at_checked(token.len as usize).unwrap_or((rest, ""));
        rest = after;
        match token.kind {
            TokenKind::Symbol => match link(shown) {
                Some(target) => {
                    out.push_str(&format!("<a href=\"{}\">{}</a>", escape(&target), escape(shown)));
                }
                None => out.push_str(&escape(shown)),
            },
            TokenKind::LineComment | TokenKind::DocComment | TokenKind::BlockComment => {
                out.push_str(&format!("<i>{}</i>", escape(shown)));
            }
            _ => out.push_str(&escape(shown)),
        }
    }
    out
}

/// A source, line by line; each line is a place to link to.
fn source_page(site: &Site<'_>, module: &Module, file: &str, source: &str) -> String {
    let end = (0..=MAX_SOURCE.min(source.len())).rev().find(|end| source.is_char_boundary(*end)).unwrap_or(0);
    let mut body = format!(
        "<h1>{}</h1>\n<p class=\"about\"><a href=\"module.{file}.html\">documentation</a></p>\n<pre class=\"source\">",
        escape(&module.name)
    );
    for (n, line) in source.get(..end).unwrap_or("").lines().enumerate() {
        let n = n + 1;
        body.push_str(&format!("<span id=\"L{n}\"><a href=\"#L{n}\">{n}</a>{}</span>\n", escape(line)));
    }
    body.push_str("</pre>\n");
    if end < source.len() {
        body.push_str("<p class=\"about\">The rest is not shown: the file is too large.</p>\n");
    }
    page(&format!("{} - source", module.name), site.title, &body)
}
