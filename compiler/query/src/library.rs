//! What a program uses of the modules of the library that are written in the language: is_library, library_uses,
//! library_errors.
//!
//! Such a module is a file among the others, but only what a program uses of it is part of the program: the rest is for
//! scripts, which have more of the language. So a definition that programs can not have matters when one uses it, and is
//! then reported where the program does. Nothing here reads a text that no program imports. Start with [`library_uses`].

use crate::db::SourceFile;
use crate::forms::{Form, forms, parse};
use crate::modules::{exports, imported, links, program};
use crate::names::{expand, items};
use ovsm_base::{Code, DefId, Diagnostic, FormId, Span};
use ovsm_expand::GlobalKind;
use ovsm_expand::core::{Body, Expr};
use std::collections::{BTreeMap, BTreeSet};

/// The identities of the library's files begin with this; no file of a project can have it, since its modules of the
/// library can not be replaced.
const IDENTITY: &str = "module ";

/// The first use of a definition of the library by a program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LibraryUse {
    /// The module.
    pub module: String,
    /// The name that the program uses, from which the definition is reached.
    pub name: String,
    /// Where the program uses it.
    pub span: Option<Span>,
}

/// The name of a module of the library.
fn library_name(db: &dyn salsa::Database, file: SourceFile) -> Option<&str> {
    let name = file.module(db).strip_prefix(IDENTITY)?;
    ovsm_eval::program::is_of_library(name).then_some(name)
}

/// True for the modules of the library.
pub(crate) fn is_library(db: &dyn salsa::Database, file: SourceFile) -> bool {
    library_name(db, file).is_some()
}

/// The forms of the library's modules that a program uses, directly or by way of others, each with the names of the library
/// that the program uses and that lead to it, at their first places.
#[salsa::tracked]
pub fn library_uses(db: &dyn salsa::Database, root: SourceFile) -> BTreeMap<FormId, Vec<LibraryUse>> {
    let mut defined: BTreeMap<DefId, (Form<'_>, &str, &str)> = BTreeMap::new();
    for file in program(db, root) {
        let Some(module) = library_name(db, *file) else { continue };
        let items = items(db, *file);
        for form in forms(db, *file) {
            for def in items.defs.get(form.id(db)).into_iter().flatten() {
                let name = items.names.get(def).map_or("", String::as_str);
                defined.insert(*def, (*form, module, name));
            }
        }
    }
    let mut uses: BTreeMap<FormId, Vec<LibraryUse>> = BTreeMap::new();
    if defined.is_empty() {
        return uses;
    }
    let own = program(db, root).iter().filter(|file| !is_library(db, **file));
    let mut seen = BTreeSet::new();
    for form in own.flat_map(|file| forms(db, *file)) {
        for (def, span) in expand(db, *form).bodies().flat_map(|(_, body)| mentioned(body)) {
            let Some((target, module, name)) = defined.get(&def).filter(|_| seen.insert(def)) else {
                continue;
            };
            let used = LibraryUse { module: module.to_string(), name: name.to_string(), span };
            let mut work = vec![*target];
            while let Some(form) = work.pop() {
                let known = uses.entry(*form.id(db)).or_default();
                if known.contains(&used) {
                    continue;
                }
                known.push(used.clone());
                let bodies = expand(db, form).bodies();
                let next = bodies.flat_map(|(_, body)| body.callees.iter().chain(&body.globals));
                work.extend(next.filter_map(|def| Some(defined.get(def)?.0)));
            }
        }
    }
    uses
}

/// The definitions that a body uses, with the places of those that it calls or reads.
fn mentioned(body: &Body) -> Vec<(DefId, Option<Span>)> {
    let with_places = body.exprs.iter_enumerated().filter_map(|(id, expr)| match expr {
        Expr::Call(def, _) | Expr::Global(def) => Some((*def, body.spans.get(id).copied().flatten())),
        _ => None,
    });
    let others = body.callees.iter().chain(&body.globals).map(|def| (*def, None));
    with_places.chain(others).collect()
}

/// What is wrong with code of a form. Of functions of the library that are put in place of their calls, in terms of the form.
pub(crate) fn in_terms_of_the_form<'db>(
    db: &'db dyn salsa::Database,
    form: Form<'db>,
    found: &[Diagnostic],
) -> Vec<Diagnostic> {
    if is_library(db, form.file(db))
        || !imported(db, form.file(db)).values().any(|file| is_library(db, *file))
    {
        return found.to_vec();
    }
    let put_in_place = |fault: &Diagnostic| {
        let at = fault.labels.first()?.span;
        let root = parse(db, form).root(form.text(db))?;
        let (module, name, span) = match library_definition(db, form.file(db), at.form) {
            Some((module, name)) => {
                let is_it = |text: &str| without_prefix(text) == name;
                let named = root.descendants().find(|node| node.as_symbol().is_some_and(is_it));
                (module, name, named.map(|node| node.span()))
            }
            // What a macro of the library makes stands where that is called, and so does this.
            None if fault.code == Code::UnsupportedForm => {
                let (module, name) = root
                    .descendants()
                    .filter(|node| node.span() == at)
                    .find_map(|node| library_function(db, form.file(db), node.head()?))?;
                (module, name, Some(at))
            }
            None => return None,
        };
        let used = LibraryUse { module, name: name.to_string(), span };
        Some(fault.is_error().then(|| in_terms_of_the_program(&used, fault, at)))
    };
    let mut all: Vec<Diagnostic> = Vec::new();
    for fault in found {
        match put_in_place(fault) {
            // The first reason will do.
            Some(fault) => {
                all.extend(fault.filter(|fault| !all.iter().any(|known| is_about_the_same(known, fault))));
            }
            None => all.push(fault.clone()),
        }
    }
    all
}

fn is_about_the_same(known: &Diagnostic, fault: &Diagnostic) -> bool {
    let place = |fault: &Diagnostic| fault.labels.first().map(|label| label.span);
    known.code == Code::LibraryOfScripts && place(known) == place(fault)
}

fn without_prefix(name: &str) -> &str {
    name.split_once('/')
        .filter(|(prefix, name)| !prefix.is_empty() && !name.is_empty())
        .map_or(name, |it| it.1)
}

/// The function of the library that is put in place of its calls and that a name means in a file, with its module.
fn library_function<'db>(
    db: &'db dyn salsa::Database,
    file: SourceFile,
    written: &str,
) -> Option<(String, &'db str)> {
    let name = without_prefix(written);
    links(db, file).iter().find_map(|(_, link)| {
        let is_meant = match name == written {
            true => link.brings(name),
            false => written.strip_suffix(name) == Some(&format!("{}/", link.prefix())),
        };
        let target =
            imported(db, file).get(&link.module).filter(|target| is_meant && is_library(db, **target))?;
        let (name, (global, _)) = items(db, *target).by_name.get_key_value(name)?;
        let is_template = matches!(global.kind, GlobalKind::Template { .. });
        (is_template && exports(db, *target).contains(name)).then(|| (link.module.clone(), name.as_str()))
    })
}

/// The module and the name that a form of the library defines, if a file imports it.
fn library_definition(db: &dyn salsa::Database, from: SourceFile, form: FormId) -> Option<(String, &str)> {
    let files = program(db, from).iter().filter_map(|file| Some((library_name(db, *file)?, *file)));
    let mut found = files.filter_map(|(module, file)| {
        let items = items(db, file);
        let def = items.defs.get(&form)?.first()?;
        Some((module.to_string(), items.names.get(def)?.as_str()))
    });
    found.next()
}

/// Puts what is wrong with definitions of the library in terms of the program that uses them: one fault for each use of
/// what programs can not have, with the first reason. Warnings about the library are nobody's business.
pub(crate) fn library_errors(db: &dyn salsa::Database, root: SourceFile, found: &mut Vec<Diagnostic>) {
    let uses = library_uses(db, root);
    if uses.is_empty() {
        return;
    }
    let mut reported: Vec<&LibraryUse> = Vec::new();
    let mut translated = Vec::new();
    found.retain(|fault| {
        let Some(label) = fault.labels.first() else { return true };
        let Some(uses) = uses.get(&label.span.form) else { return true };
        for used in uses.iter().filter(|_| fault.is_error()) {
            if !reported.contains(&used) {
                reported.push(used);
                translated.push(in_terms_of_the_program(used, fault, label.span));
            }
        }
        false
    });
    found.append(&mut translated);
}

fn in_terms_of_the_program(used: &LibraryUse, fault: &Diagnostic, at: Span) -> Diagnostic {
    let message =
        format!("`{}` of `{}` can not be part of a program: {}", used.name, used.module, fault.message);
    let diagnostic = Diagnostic::new(Code::LibraryOfScripts, message)
        .help("scripts have it; in a program, write a function that does without");
    match used.span {
        Some(span) if span == at => diagnostic.label(span, "used here"),
        Some(span) => diagnostic.label(span, "used here").label(at, "programs do not have this"),
        None => diagnostic.label(at, "programs do not have this"),
    }
}
