//! The built-in functions as modules, from their table.

use crate::model::{Definition, Example, Kind, Module};

/// The modules of the library, without those that are written in OVSM.
pub fn standard() -> Vec<Module> {
    let mut modules: std::collections::BTreeMap<&str, Module> = std::collections::BTreeMap::new();
    for native in ovsm_library::table() {
        // What the expander calls is no part of the language.
        if native.module == "std/internal" {
            continue;
        }
        let module = modules
            .entry(native.module)
            .or_insert_with(|| Module { name: native.module.to_string(), ..Module::default() });
        let parameters = native.signature.strip_prefix('(').unwrap_or(native.signature);
        let separator = if parameters.starts_with(')') { "" } else { " " };
        module.definitions.push(Definition {
            name: native.name.to_string(),
            aliases: native.aliases.iter().map(|alias| alias.to_string()).collect(),
            kind: Kind::Function,
            signature: format!("({}{separator}{parameters}", native.name),
            doc: native.doc.to_string(),
            examples: native
                .examples
                .iter()
                .map(|(call, result)| Example { call: call.to_string(), result: result.to_string() })
                .collect(),
            line: 0,
            members: Vec::new(),
            is_exported: true,
        });
    }
    let mut modules: Vec<Module> = modules.into_values().collect();
    for module in &mut modules {
        module.definitions.sort_by(|a, b| a.name.cmp(&b.name));
        module.head = format!("{} built-in functions.", module.definitions.len());
    }
    modules
}
