//! What the forms of a module define, and what their bodies become: item, items, lookup, expand.

use crate::db::SourceFile;
use crate::forms::{Form, forms, parse};
use ovsm_base::{Code, DefId, Diagnostic, FormId};
use ovsm_expand::item::{Item, ItemKind};
use ovsm_expand::{Env, Expansion, Global, GlobalKind};
use std::collections::{BTreeMap, BTreeSet};

/// A name of a module.
#[salsa::interned]
pub struct Name<'db> {
    /// The module's file.
    #[returns(copy)]
    pub file: SourceFile,
    /// The name.
    pub text: String,
}

/// What a form defines; no positions, so it stays the same when only a body changes.
#[salsa::tracked]
pub fn item<'db>(db: &'db dyn salsa::Database, form: Form<'db>) -> Item {
    match parse(db, form).root(form.text(db)) {
        Some(node) => ovsm_expand::item::item(node),
        None => Item { name: None, kind: ItemKind::Code },
    }
}

/// The definitions of a module.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Items {
    /// The first definition of each name.
    pub by_name: BTreeMap<String, (Global, FormId)>,
    /// What each form defines, or the identity of its code.
    pub defs: BTreeMap<FormId, DefId>,
    /// Each definition's place among the forms.
    pub places: BTreeMap<DefId, usize>,
    /// The name of each definition.
    pub names: BTreeMap<DefId, String>,
    /// Definitions of names that were defined before: the later form, then the first.
    pub duplicates: Vec<(FormId, FormId, String)>,
}

/// The definitions of a module.
#[salsa::tracked]
pub fn items(db: &dyn salsa::Database, file: SourceFile) -> Items {
    let mut items = Items::default();
    for (place, form) in forms(db, file).iter().enumerate() {
        let id = *form.id(db);
        let mut def = DefId(id.0);
        let item = item(db, *form);
        if let (Some(name), ItemKind::Definition(kind)) = (&item.name, &item.kind) {
            match items.by_name.get(name) {
                Some((_, first)) => items.duplicates.push((id, *first, name.clone())),
                None => {
                    def = DefId::new(file.module(db), name);
                    items.by_name.insert(name.clone(), (Global { def, kind: kind.clone() }, id));
                    items.names.insert(def, name.clone());
                }
            }
        }
        items.defs.insert(id, def);
        items.places.insert(def, place);
    }
    items
}

/// One name of a module: re-runs with [`items`], but its value rarely changes.
#[salsa::tracked]
pub fn lookup<'db>(db: &'db dyn salsa::Database, name: Name<'db>) -> Option<Global> {
    items(db, name.file(db)).by_name.get(name.text(db)).map(|(global, _)| global.clone())
}

/// The form that defines a name.
#[salsa::tracked(returns(copy))]
pub fn definition<'db>(db: &'db dyn salsa::Database, name: Name<'db>) -> Option<Form<'db>> {
    let file = name.file(db);
    let (_, id) = items(db, file).by_name.get(name.text(db))?;
    forms(db, file).iter().find(|form| form.id(db) == id).copied()
}

/// The definition that a form is.
#[salsa::tracked(returns(copy))]
pub fn def_of<'db>(db: &'db dyn salsa::Database, form: Form<'db>) -> DefId {
    let id = *form.id(db);
    items(db, form.file(db)).defs.get(&id).copied().unwrap_or(DefId(id.0))
}

struct ModuleEnv<'db> {
    db: &'db dyn salsa::Database,
    file: SourceFile,
}

impl Env for ModuleEnv<'_> {
    fn lookup(&self, name: &str) -> Option<Global> {
        lookup(self.db, Name::new(self.db, self.file, name.to_string())).clone()
    }

    fn names(&self) -> Vec<String> {
        items(self.db, self.file).by_name.keys().cloned().collect()
    }

    fn definition(&self, name: &str) -> Option<ovsm_value::Value> {
        let form = definition(self.db, Name::new(self.db, self.file, name.to_string()))?;
        ovsm_eval::program::syntax_of(parse(self.db, form).root(form.text(self.db))?)
    }
}

/// The names that a form contains.
#[salsa::tracked]
pub fn names_of<'db>(db: &'db dyn salsa::Database, form: Form<'db>) -> Vec<String> {
    parse(db, form).root(form.text(db)).map(ovsm_expand::names_of).unwrap_or_default()
}

/// The functions that macros mention and no code of the program does: they run while it is compiled, and only then
/// unless an expansion calls them.
#[salsa::tracked]
pub fn compile_time_functions(db: &dyn salsa::Database, file: SourceFile) -> BTreeSet<DefId> {
    let items = items(db, file);
    let is_macro = |global: &Global| global.kind == GlobalKind::Macro;
    if !items.by_name.values().any(|(global, _)| is_macro(global)) {
        return BTreeSet::new();
    }
    let forms: BTreeMap<FormId, Form<'_>> =
        forms(db, file).iter().map(|form| (*form.id(db), *form)).collect();
    // Everything that the forms reach by the names that they contain.
    let reach = |from: Vec<FormId>, through_macros: bool| {
        let mut reached: BTreeSet<DefId> = BTreeSet::new();
        let mut work = from;
        while let Some(id) = work.pop() {
            let Some(form) = forms.get(&id) else { continue };
            for name in names_of(db, *form) {
                let Some((global, definition)) = items.by_name.get(name) else { continue };
                if (through_macros || !is_macro(global)) && reached.insert(global.def) {
                    work.push(*definition);
                }
            }
        }
        reached
    };
    let ids_of = |wanted: &dyn Fn(&Global) -> bool| {
        items.by_name.values().filter(|(global, _)| wanted(global)).map(|(_, id)| *id).collect::<Vec<_>>()
    };
    let by_macros = reach(ids_of(&is_macro), true);
    // Code that runs, and definitions that no macro mentions.
    let defined: BTreeMap<FormId, &Global> =
        items.by_name.values().map(|(global, id)| (*id, global)).collect();
    let running = forms
        .keys()
        .filter(|id| match defined.get(id) {
            Some(global) => !is_macro(global) && !by_macros.contains(&global.def),
            None => true,
        })
        .copied()
        .collect();
    let at_run_time = reach(running, false);
    let functions = items.by_name.values().map(|(global, _)| global);
    functions
        .filter(|global| matches!(global.kind, GlobalKind::Function { .. }))
        .map(|global| global.def)
        .filter(|def| by_macros.contains(def) && !at_run_time.contains(def))
        .collect()
}

/// The core body of a form.
#[salsa::tracked]
pub fn expand<'db>(db: &'db dyn salsa::Database, form: Form<'db>) -> Expansion {
    let env = ModuleEnv { db, file: form.file(db) };
    match parse(db, form).root(form.text(db)) {
        Some(node) => {
            let def = def_of(db, form);
            let at_compile_time = compile_time_functions(db, form.file(db)).contains(&def);
            ovsm_expand::expand_form(node, def, at_compile_time, &env)
        }
        None => Expansion {
            body: Default::default(),
            is_function: false,
            diagnostics: Vec::new(),
            withheld: Vec::new(),
        },
    }
}

/// Reports names that are defined twice.
pub(crate) fn duplicate_definitions(db: &dyn salsa::Database, file: SourceFile) -> Vec<Diagnostic> {
    let all: BTreeMap<FormId, Form<'_>> = forms(db, file).iter().map(|form| (*form.id(db), *form)).collect();
    let name_span = |id: &FormId| {
        let form = *all.get(id)?;
        let root = parse(db, form).root(form.text(db))?;
        Some(ovsm_expand::item::name_node(root).unwrap_or(root).span())
    };
    items(db, file)
        .duplicates
        .iter()
        .map(|(later, first, name)| {
            let mut diagnostic =
                Diagnostic::new(Code::DuplicateDefinition, format!("`{name}` is defined twice"))
                    .help("give one of them another name, or assign with `set!`");
            if let Some(span) = name_span(later) {
                diagnostic = diagnostic.label(span, "defined again here");
            }
            if let Some(span) = name_span(first) {
                diagnostic = diagnostic.label(span, "first defined here");
            }
            diagnostic
        })
        .collect()
}
