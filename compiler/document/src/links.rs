//! Where names lead: from a text in one module to the definition that it means.

use crate::anchor::anchor;
use crate::model::Module;
use std::collections::BTreeMap;

/// The definitions of all modules by name.
pub struct Links {
    /// The first definition of each name in the order of modules, and of each `module/name`.
    everywhere: BTreeMap<String, String>,
    /// By module and name.
    inside: BTreeMap<(usize, String), String>,
}

impl Links {
    /// The links of modules whose pages have these file names.
    pub fn new(modules: &[Module], files: &[String]) -> Links {
        let mut links = Links { everywhere: BTreeMap::new(), inside: BTreeMap::new() };
        for (n, (module, file)) in modules.iter().zip(files).enumerate() {
            for definition in &module.definitions {
                let target = format!("module.{file}.html#{}", anchor(&definition.name));
                let names =
                    std::iter::once(&definition.name).chain(&definition.aliases).chain(&definition.members);
                for name in names {
                    links.everywhere.entry(name.clone()).or_insert_with(|| target.clone());
                    let qualified = format!("{}/{name}", module.name);
                    links.everywhere.entry(qualified).or_insert_with(|| target.clone());
                    links.inside.entry((n, name.clone())).or_insert_with(|| target.clone());
                }
            }
            let page = format!("module.{file}.html");
            links.everywhere.entry(module.name.clone()).or_insert(page);
        }
        links
    }

    /// What a name in a module means.
    pub fn find(&self, module: usize, name: &str) -> Option<&str> {
        let inside = self.inside.get(&(module, name.to_string()));
        inside.or_else(|| self.everywhere.get(name)).map(String::as_str)
    }
}
