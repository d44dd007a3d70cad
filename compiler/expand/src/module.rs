//! What a module says about other modules: what it imports, and which of its names others may use. Nothing is reported
//! here; expansion does that. Start with [`links`] and [`exports`].

use crate::forms::{head, symbol};
use crate::item::Item;
use ovsm_cst::{Node, NodeKind};
use ovsm_eval::program::Link;

/// The modules that a form imports; none if it is no import. What is malformed is left out.
pub fn links(node: Node<'_>) -> Vec<Link> {
    if head(node) != Some("import") {
        return Vec::new();
    }
    node.children().skip(1).filter_map(link).collect()
}

/// `module`, `[module :as alias]`, `[module :only (name …)]`.
fn link(node: Node<'_>) -> Option<Link> {
    if let Some(module) = symbol(node) {
        return Some(Link { module: module.to_string(), alias: None, only: None });
    }
    if !matches!(node.kind(), NodeKind::List | NodeKind::Array) {
        return None;
    }
    let mut parts = node.children();
    let mut link = Link { module: symbol(parts.next()?)?.to_string(), alias: None, only: None };
    while let (Some(option), Some(value)) = (parts.next(), parts.next()) {
        match option.text() {
            ":as" => link.alias = symbol(value).map(str::to_string),
            ":only" | ":refer" => {
                link.only = Some(value.children().filter_map(symbol).map(str::to_string).collect());
            }
            _ => return None,
        }
    }
    Some(link)
}

/// The names that a form lets others use, from what it defines and from its own words; sorted.
pub fn exports(node: Node<'_>, item: &Item) -> Vec<String> {
    let mut names: Vec<String> = match head(node) {
        Some("export") => node.children().skip(1).filter_map(symbol).map(str::to_string).collect(),
        Some("pub") => item.names.iter().map(|(name, _)| name.clone()).collect(),
        _ => item.exports.clone(),
    };
    names.sort_unstable();
    names.dedup();
    names
}
