//! The modules of a program: which files import which, in what order they come, and what wrong imports there are:
//! links, exports, program.
//!
//! A program is a file, its root, and the files that it imports, directly or by way of others. They are compiled as one:
//! what follows expansion is keyed by the root and sees the forms of all of them, those of imported modules first. Files
//! whose imports lead back to themselves do not see each other, so no query can depend on itself. Start with [`program`].

use crate::db::SourceFile;
use crate::forms::{Form, forms, parse};
use crate::library::{is_library, library_uses};
use crate::names::{expand, item, items};
use ovsm_base::{DefId, Diagnostic};
use ovsm_eval::program::Link;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The modules that a form imports; none if it is no import.
#[salsa::tracked]
pub fn links_of<'db>(db: &'db dyn salsa::Database, form: Form<'db>) -> Vec<Link> {
    parse(db, form).root(form.text(db)).map(ovsm_expand::module::links).unwrap_or_default()
}

/// What a module imports, in order, each with the place of its form.
#[salsa::tracked]
pub fn links(db: &dyn salsa::Database, file: SourceFile) -> Vec<(usize, Link)> {
    let places = forms(db, file).iter().enumerate();
    places
        .flat_map(|(place, form)| links_of(db, *form).iter().map(move |link| (place, link.clone())))
        .collect()
}

/// The names that a form lets others use.
#[salsa::tracked]
pub fn exports_of<'db>(db: &'db dyn salsa::Database, form: Form<'db>) -> Vec<String> {
    let root = parse(db, form).root(form.text(db));
    root.map(|root| ovsm_expand::module::exports(root, item(db, form))).unwrap_or_default()
}

/// The names that a module lets others use.
#[salsa::tracked]
pub fn exports(db: &dyn salsa::Database, file: SourceFile) -> BTreeSet<String> {
    forms(db, file).iter().flat_map(|form| exports_of(db, *form).iter().cloned()).collect()
}

/// The file of a module, as a file sees it. Of the library, the modules that are written in the language are files, too.
pub(crate) fn file_of(db: &dyn salsa::Database, from: SourceFile, module: &str) -> Option<SourceFile> {
    from.project(db).files(db).get(module).copied()
}

/// The files that a file imports, by the names of their modules, as far as there are such files.
fn targets(db: &dyn salsa::Database, file: SourceFile) -> Vec<(&str, SourceFile)> {
    let links = links(db, file).iter();
    links.filter_map(|(_, link)| Some((link.module.as_str(), file_of(db, file, &link.module)?))).collect()
}

/// The names of the modules by which a module of a file's imports leads back to the file, from that module to the file;
/// `None` if it does not.
pub(crate) fn cycle(db: &dyn salsa::Database, file: SourceFile, module: &str) -> Option<Vec<String>> {
    let start = file_of(db, file, module)?;
    let mut came_from: FxHashMap<SourceFile, Option<SourceFile>> = FxHashMap::from_iter([(start, None)]);
    let mut names: FxHashMap<SourceFile, &str> = FxHashMap::from_iter([(start, module)]);
    let mut work = VecDeque::from([start]);
    while let Some(next) = work.pop_front() {
        if next == file {
            let mut path = Vec::new();
            let mut at = Some(next);
            while let Some(file) = at {
                path.extend(names.get(&file).map(|name| name.to_string()));
                at = came_from.get(&file).copied().flatten();
            }
            path.reverse();
            return Some(path);
        }
        for (name, target) in targets(db, next) {
            if let Entry::Vacant(entry) = came_from.entry(target) {
                entry.insert(Some(next));
                names.insert(target, name);
                work.push_back(target);
            }
        }
    }
    None
}

/// The files that a file imports, by the names of their modules; without those that import it in their turn.
#[salsa::tracked]
pub fn imported(db: &dyn salsa::Database, file: SourceFile) -> BTreeMap<String, SourceFile> {
    let targets = targets(db, file).into_iter();
    targets
        .filter(|(module, _)| cycle(db, file, module).is_none())
        .map(|(module, target)| (module.to_string(), target))
        .collect()
}

/// The files of a program: what is imported before what imports it, in the order of the imports; the root comes last.
#[salsa::tracked]
pub fn program(db: &dyn salsa::Database, root: SourceFile) -> Vec<SourceFile> {
    let mut order: Vec<SourceFile> = Vec::new();
    let mut seen: FxHashSet<SourceFile> = FxHashSet::from_iter([root]);
    let mut open: Vec<(SourceFile, VecDeque<SourceFile>)> = vec![(root, in_order(db, root))];
    while let Some((file, rest)) = open.last_mut() {
        match rest.pop_front() {
            Some(next) if seen.insert(next) => open.push((next, in_order(db, next))),
            Some(_) => {}
            None => {
                order.push(*file);
                open.pop();
            }
        }
    }
    order
}

fn in_order(db: &dyn salsa::Database, file: SourceFile) -> VecDeque<SourceFile> {
    let imported = imported(db, file);
    links(db, file).iter().filter_map(|(_, link)| imported.get(&link.module).copied()).collect()
}

/// The forms of a program, in the order in which its code runs. Of the modules of the library, those that the program uses.
#[salsa::tracked]
pub fn program_forms<'db>(db: &'db dyn salsa::Database, root: SourceFile) -> Vec<Form<'db>> {
    program(db, root).iter().flat_map(|file| forms_of(db, root, *file)).collect()
}

/// The forms of a file that are part of a program.
fn forms_of<'db>(db: &'db dyn salsa::Database, root: SourceFile, file: SourceFile) -> Vec<Form<'db>> {
    let all = forms(db, file).iter().copied();
    match is_library(db, file) {
        true => {
            let used = library_uses(db, root);
            all.filter(|form| used.contains_key(form.id(db))).collect()
        }
        false => all.collect(),
    }
}

/// The definitions of all modules of a program.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ProgramItems {
    /// The place among the program's forms of each definition, and of each form's code.
    pub places: BTreeMap<DefId, usize>,
    /// The name of each definition, in its module.
    pub names: BTreeMap<DefId, String>,
}

/// The functions of the program that were local to a form.
#[salsa::tracked]
pub fn lifted<'db>(db: &'db dyn salsa::Database, form: Form<'db>) -> Vec<(DefId, String)> {
    let functions = expand(db, form).functions.iter().filter(|function| function.is_lifted);
    functions.map(|function| (function.def, function.name.clone())).collect()
}

/// The definitions of all modules of a program.
#[salsa::tracked]
pub fn program_items(db: &dyn salsa::Database, root: SourceFile) -> ProgramItems {
    let mut all = ProgramItems::default();
    let mut start = 0;
    for file in program(db, root) {
        let items = items(db, *file);
        let forms = forms_of(db, root, *file);
        if is_library(db, *file) {
            for (place, form) in forms.iter().enumerate() {
                all.places.insert(DefId(form.id(db).0), start + place);
                for def in items.defs.get(form.id(db)).into_iter().flatten() {
                    all.places.insert(*def, start + place);
                    all.names.extend(items.names.get(def).map(|name| (*def, name.clone())));
                }
            }
        } else {
            all.places.extend(items.places.iter().map(|(def, place)| (*def, start + place)));
            all.names.extend(items.names.iter().map(|(def, name)| (*def, name.clone())));
        }
        for (place, form) in forms.iter().enumerate() {
            for (def, name) in lifted(db, *form) {
                all.places.insert(*def, start + place);
                all.names.insert(*def, name.clone());
            }
        }
        start += forms.len();
    }
    all
}

/// The modules that a file wants and that are not there: who compiles a program from files adds them, and asks again.
pub fn missing_modules(db: &dyn salsa::Database, root: SourceFile) -> Vec<(SourceFile, String)> {
    let mut seen: FxHashSet<SourceFile> = FxHashSet::from_iter([root]);
    let mut work = vec![root];
    let mut missing = Vec::new();
    while let Some(file) = work.pop() {
        for (_, link) in links(db, file) {
            match file_of(db, file, &link.module) {
                Some(target) if seen.insert(target) => work.push(target),
                Some(_) => {}
                None if ovsm_eval::program::is_of_library(&link.module) => {}
                None => missing.push((file, link.module.clone())),
            }
        }
    }
    missing
}

/// What is wrong with the imports of a module, once all of its forms are expanded: those that nothing uses, and names that
/// are defined as well.
#[salsa::tracked]
pub fn import_reports(db: &dyn salsa::Database, file: SourceFile) -> Vec<Diagnostic> {
    let links = links(db, file);
    if links.is_empty() {
        return Vec::new();
    }
    let mut used: BTreeSet<(usize, Option<&String>)> = BTreeSet::new();
    for form in forms(db, file) {
        let expansion = expand(db, *form);
        // What a faulty form would use is not known.
        if expansion.diagnostics.iter().any(Diagnostic::is_error) {
            return Vec::new();
        }
        used.extend(expansion.used_imports.iter().map(|(number, name)| (*number, name.as_ref())));
    }
    // A module that declares parts of the program is there for them.
    for (number, (_, link)) in links.iter().enumerate() {
        let declares = |form: &Form<'_>| !expand(db, *form).declarations.is_empty();
        if let Some(target) = imported(db, file).get(&link.module)
            && !is_library(db, *target)
            && program_forms(db, *target).iter().any(declares)
        {
            used.insert((number, None));
        }
    }
    let used: Vec<(Link, Option<String>)> = used
        .into_iter()
        .filter_map(|(number, name)| Some((links.get(number)?.1.clone(), name.cloned())))
        .collect();
    crate::names::import_reports(db, file, &used)
}
