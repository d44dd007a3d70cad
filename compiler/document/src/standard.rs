//! The library: its built-in functions from the table of natives, and the rest from its sources. Start with
//! [`standard`].

use crate::examples::lift;
use crate::model::{Definition, Example, Kind, Module};
use ovsm_library::{COMPAT, Effect, LibraryModule, Native};

/// The modules of the library, sorted by name.
pub fn standard() -> Vec<Module> {
    let prelude = crate::read("std/prelude", ovsm_library::PRELUDE).definitions;
    let mut modules: Vec<Module> =
        ovsm_library::modules().iter().map(|module| of_library(module, &prelude)).collect();
    // What the expander calls is no part of the language; what programs have besides is no module of scripts.
    let mut program = Module { name: "solana/program".to_string(), ..Module::default() };
    let natives = ovsm_library::table().iter().filter(|native| native.module == program.name);
    program.definitions = natives.map(|native| built_in(native)).collect();
    program.head = format!("{} built-in functions of programs for Solana.", program.definitions.len());
    modules.push(program);
    for module in &mut modules {
        module.definitions.sort_by(|a, b| a.name.cmp(&b.name));
    }
    modules.sort_by(|a, b| a.name.cmp(&b.name));
    modules
}

fn of_library(library: &LibraryModule, prelude: &[Definition]) -> Module {
    let mut module = match library.source {
        Some(text) => crate::read(library.name, text),
        None => Module { name: library.name.to_string(), ..Module::default() },
    };
    let head = std::mem::take(&mut module.head);
    // A module that is all in OVSM says itself what it is for.
    module.head = match library.natives().is_empty() && !head.is_empty() {
        true => head,
        false => format!("{}\n\n{head}", library.doc).trim().to_string(),
    };
    let of_prelude = prelude.iter().filter(|it| library.has_of_prelude(&it.name));
    module.definitions.extend(of_prelude.cloned().map(|it| Definition { is_exported: true, line: 0, ..it }));
    module.definitions.iter_mut().for_each(lift);
    if library.name == COMPAT {
        let natives = ovsm_library::table().iter().filter(|native| native.module != "solana/program");
        module
            .definitions
            .extend(natives.flat_map(|native| native.aliases.iter().map(|alias| other_name(native, alias))));
    } else {
        module.definitions.extend(library.natives().into_iter().map(built_in));
    }
    module
}

/// The documentation of a built-in function.
fn built_in(native: &Native) -> Definition {
    Definition {
        name: native.name.to_string(),
        aliases: native.aliases.iter().map(|alias| alias.to_string()).collect(),
        kind: Kind::Function,
        signature: signature(native.name, native),
        doc: native.doc.to_string(),
        examples: native
            .examples
            .iter()
            .map(|(call, result)| Example { call: call.to_string(), result: result.to_string() })
            .collect(),
        line: 0,
        members: Vec::new(),
        is_exported: true,
        effects: effects(native),
    }
}

/// What a built-in function does outside of the program.
fn effects(native: &Native) -> Option<String> {
    let name = match native.effect {
        Effect::Pure => "pure",
        Effect::State if native.signature.contains("function") => "those of the function that it is given",
        Effect::State => "pure",
        Effect::Io | Effect::Environment => "io",
        Effect::Time => "time",
        Effect::Random => "random",
        Effect::Storage => "storage",
        Effect::Spawn => "spawn, and those of the function that it is given",
        Effect::Chain => return None,
    };
    Some(name.to_string())
}

fn other_name(native: &Native, alias: &str) -> Definition {
    Definition {
        name: alias.to_string(),
        aliases: vec![native.name.to_string()],
        signature: signature(alias, native),
        doc: format!("Another name of `{}` of `{}`.", native.name, native.module),
        examples: Vec::new(),
        ..built_in(native)
    }
}

fn signature(name: &str, native: &Native) -> String {
    let parameters = native.signature.strip_prefix('(').unwrap_or(native.signature);
    let separator = if parameters.starts_with(')') { "" } else { " " };
    format!("({name}{separator}{parameters}")
}
