//! What the forms of a module define, and what their bodies become: item, items, lookup, expand.

use crate::db::SourceFile;
use crate::forms::{Form, forms, parse};
use crate::modules::{self, exports, imported, links, links_of};
use ovsm_base::{Code, DefId, Diagnostic, FormId};
use ovsm_eval::program::Link;
use ovsm_expand::{Definition, Env, Expansion, FormContext, Global, GlobalKind, Import, Item, ModuleKey};
use std::cell::RefCell;
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

/// What a form defines, as far as its own words say.
#[salsa::tracked]
pub fn written_item<'db>(db: &'db dyn salsa::Database, form: Form<'db>) -> Item {
    let read = match crate::library::is_library(db, form.file(db)) {
        true => ovsm_expand::item::library_item,
        false => ovsm_expand::item::item,
    };
    parse(db, form).root(form.text(db)).map(read).unwrap_or_default()
}

/// The definitions that the forms of a module write out: all that macros may use while the definitions are still being
/// found out.
#[salsa::tracked]
pub fn written_items(db: &dyn salsa::Database, file: SourceFile) -> Items {
    collect(db, file, written_item)
}

/// What a form defines; no positions, so it stays the same when only a body changes. A call of a macro defines what its
/// expansion does.
#[salsa::tracked]
pub fn item<'db>(db: &'db dyn salsa::Database, form: Form<'db>) -> Item {
    let written = written_item(db, form);
    if !written.is_code() {
        return written.clone();
    }
    match parse(db, form).root(form.text(db)) {
        Some(node) => {
            let env = ModuleEnv::new(db, form, Stage::Written);
            ovsm_expand::expanded_item(node, &env)
        }
        None => Item::default(),
    }
}

/// The definitions of a module.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Items {
    /// The first definition of each name.
    pub by_name: BTreeMap<String, (Global, FormId)>,
    /// What each form is the first to define.
    pub defs: BTreeMap<FormId, Vec<DefId>>,
    /// The place among the forms of each definition, and of each form's code.
    pub places: BTreeMap<DefId, usize>,
    /// The name of each definition.
    pub names: BTreeMap<DefId, String>,
    /// Definitions of names that were defined before: the later form, then the first.
    pub duplicates: Vec<(FormId, FormId, String)>,
}

/// The definitions of a module.
#[salsa::tracked]
pub fn items(db: &dyn salsa::Database, file: SourceFile) -> Items {
    collect(db, file, item)
}

fn collect<'db>(
    db: &'db dyn salsa::Database,
    file: SourceFile,
    item: impl Fn(&'db dyn salsa::Database, Form<'db>) -> &'db Item,
) -> Items {
    let mut items = Items::default();
    for (place, form) in forms(db, file).iter().enumerate() {
        let id = *form.id(db);
        let mut defs = Vec::new();
        for (name, kind) in &item(db, *form).names {
            match items.by_name.get(name) {
                Some((_, first)) => items.duplicates.push((id, *first, name.clone())),
                None => {
                    let def = DefId::new(file.module(db), name);
                    items.by_name.insert(name.clone(), (Global { def, kind: kind.clone() }, id));
                    items.names.insert(def, name.clone());
                    items.places.insert(def, place);
                    defs.push(def);
                }
            }
        }
        items.places.insert(DefId(id.0), place);
        items.defs.insert(id, defs);
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

/// The type that the definition of a variable states, as it is written: the same while only its value changes.
#[salsa::tracked]
pub fn annotation<'db>(db: &'db dyn salsa::Database, name: Name<'db>) -> Option<String> {
    let form = definition(db, name)?;
    ovsm_expand::item::annotation(parse(db, form).root(form.text(db))?, name.text(db))
}

/// What a form is the first to define.
#[salsa::tracked]
pub fn defs_of<'db>(db: &'db dyn salsa::Database, form: Form<'db>) -> Vec<DefId> {
    let id = *form.id(db);
    items(db, form.file(db)).defs.get(&id).cloned().unwrap_or_default()
}

/// The identity of a form's code.
pub(crate) fn code_of(db: &dyn salsa::Database, form: Form<'_>) -> DefId {
    DefId(form.id(db).0)
}

/// Which definitions an expansion sees.
#[derive(Clone, Copy)]
enum Stage {
    Written,
    All,
}

struct ModuleEnv<'db> {
    db: &'db dyn salsa::Database,
    file: SourceFile,
    items: Stage,
    /// The place of the form, if it is an import: it sees those before it.
    import: Option<usize>,
    /// The other modules that were met.
    others: RefCell<Vec<SourceFile>>,
}

impl<'db> ModuleEnv<'db> {
    fn new(db: &'db dyn salsa::Database, form: Form<'db>, items: Stage) -> ModuleEnv<'db> {
        let file = form.file(db);
        let import = match links_of(db, form).is_empty() {
            true => None,
            false => forms(db, file).iter().position(|other| *other == form),
        };
        ModuleEnv { db, file, items, import, others: RefCell::default() }
    }

    fn file_of(&self, module: ModuleKey) -> Option<SourceFile> {
        match module {
            ModuleKey::OWN => Some(self.file),
            ModuleKey(number) => self.others.borrow().get(number as usize - 1).copied(),
        }
    }

    fn key_of(&self, file: SourceFile) -> ModuleKey {
        let mut others = self.others.borrow_mut();
        let place = others.iter().position(|other| *other == file).unwrap_or_else(|| {
            others.push(file);
            others.len() - 1
        });
        ModuleKey(place as u32 + 1)
    }

    fn import(&self, from: SourceFile, link: &Link) -> Import {
        let target = imported(self.db, from).get(&link.module);
        Import { link: link.clone(), target: target.map(|file| self.key_of(*file)) }
    }

    /// True if only what the forms of a module write out is known of it.
    fn is_written(&self, file: SourceFile) -> bool {
        matches!(self.items, Stage::Written) && file == self.file
    }
}

impl Env for ModuleEnv<'_> {
    fn lookup(&self, module: ModuleKey, name: &str) -> Option<Global> {
        let file = self.file_of(module)?;
        match self.is_written(file) {
            true => written_items(self.db, file).by_name.get(name).map(|(global, _)| global.clone()),
            false => lookup(self.db, Name::new(self.db, file, name.to_string())).clone(),
        }
    }

    fn is_exported(&self, module: ModuleKey, name: &str) -> bool {
        self.file_of(module).is_some_and(|file| exports(self.db, file).contains(name))
    }

    fn imports(&self, module: ModuleKey) -> Vec<Import> {
        let Some(file) = self.file_of(module) else { return Vec::new() };
        let until = self.import.filter(|_| module == ModuleKey::OWN).unwrap_or(usize::MAX);
        let links = links(self.db, file).iter().filter(|(place, _)| *place < until);
        links.map(|(_, link)| self.import(file, link)).collect()
    }

    fn own_imports(&self) -> Vec<Import> {
        let Some(own) = self.import else { return Vec::new() };
        let links = links(self.db, self.file).iter().filter(|(place, _)| *place == own);
        links.map(|(_, link)| self.import(self.file, link)).collect()
    }

    fn cycle(&self, module: &str) -> Option<Vec<String>> {
        modules::cycle(self.db, self.file, module)
    }

    fn names(&self) -> Vec<String> {
        // Nobody can write the names that templates make.
        let own = items(self.db, self.file).by_name.keys();
        let mut names: Vec<String> =
            own.filter(|name| ovsm_eval::written_name(name) == name.as_str()).cloned().collect();
        for (_, link) in links(self.db, self.file) {
            let Some(file) = imported(self.db, self.file).get(&link.module) else { continue };
            for name in exports(self.db, *file) {
                names.push(format!("{}/{name}", link.prefix()));
                names.extend(link.brings(name).then(|| name.clone()));
            }
        }
        names
    }

    fn module_name(&self, module: ModuleKey) -> String {
        self.file_of(module).map_or_else(String::new, |file| file.module(self.db).clone())
    }

    fn identity(&self, name: &str) -> DefId {
        DefId::new(self.file.module(self.db), name)
    }

    fn annotation(&self, module: ModuleKey, name: &str) -> Option<ovsm_value::Value> {
        let file = self.file_of(module)?;
        if self.is_written(file) {
            return None;
        }
        let text = annotation(self.db, Name::new(self.db, file, name.to_string())).as_ref()?;
        let id = definition(self.db, Name::new(self.db, file, name.to_string()))?.id(self.db);
        ovsm_eval::program::syntax_of(ovsm_cst::parse(*id, text).root(text)?)
    }

    fn definition(&self, module: ModuleKey, name: &str) -> Option<Definition> {
        let file = self.file_of(module)?;
        let form = match self.is_written(file) {
            false => definition(self.db, Name::new(self.db, file, name.to_string()))?,
            true => {
                let (_, id) = written_items(self.db, file).by_name.get(name)?;
                forms(self.db, file).iter().find(|form| form.id(self.db) == id).copied()?
            }
        };
        crate::syntax::definition(self.db, form)
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
        .filter(|global| global.kind.is_function())
        .map(|global| global.def)
        .filter(|def| by_macros.contains(def) && !at_run_time.contains(def))
        .collect()
}

/// What a form becomes.
#[salsa::tracked]
pub fn expand<'db>(db: &'db dyn salsa::Database, form: Form<'db>) -> Expansion {
    let env = ModuleEnv::new(db, form, Stage::All);
    match parse(db, form).root(form.text(db)) {
        Some(node) => {
            let context = FormContext {
                item: item(db, form),
                own: defs_of(db, form),
                at_compile_time: compile_time_functions(db, form.file(db)),
            };
            ovsm_expand::expand_form(node, context, &env)
        }
        None => Expansion::default(),
    }
}

/// What is wrong with the imports of a module, from what all its forms use of them.
pub(crate) fn import_reports(
    db: &dyn salsa::Database,
    file: SourceFile,
    used: &[(Link, Option<String>)],
) -> Vec<Diagnostic> {
    let imports: Vec<ovsm_cst::Node<'_>> = forms(db, file)
        .iter()
        .filter(|form| !links_of(db, **form).is_empty())
        .filter_map(|form| parse(db, *form).root(form.text(db)))
        .collect();
    let env = ModuleEnv { db, file, items: Stage::All, import: None, others: RefCell::default() };
    let own: Vec<String> = items(db, file).by_name.keys().cloned().collect();
    ovsm_expand::import_reports(&imports, used, &own, &env)
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
