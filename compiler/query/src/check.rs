//! Everything that is wrong with a file.

use crate::code::{layout_errors, lower_main};
use crate::db::SourceFile;
use crate::forms::{parse, split};
use crate::instances::instance_diagnostics;
use crate::library::{in_terms_of_the_form, is_library, library_errors};
use crate::modules::{import_reports, program, program_forms};
use crate::names::{duplicate_definitions, expand};
use crate::types::{Def, dispatch, group_of, infer, main_def, owners};
use ovsm_base::Diagnostic;
use ovsm_ir::lower::EntryKind;
use rustc_hash::FxHashSet;

/// All diagnostics of a program, with form-relative spans.
#[salsa::tracked]
pub fn diagnostics(db: &dyn salsa::Database, file: SourceFile) -> Vec<Diagnostic> {
    let files = program(db, file).iter();
    let mut found: Vec<Diagnostic> = files.flat_map(|file| file_errors(db, *file).iter().cloned()).collect();
    let main = main_def(db, file);
    let mut seen = FxHashSet::default();
    for form in program_forms(db, file) {
        found.extend(parse(db, *form).errors().iter().cloned());
        found.extend(in_terms_of_the_form(db, *form, &expand(db, *form).diagnostics));
        found.extend(crate::budget::malformed(db, *form));
        for owner in owners(db, file, *form) {
            if let Some(group) = group_of(db, Def::new(db, file, owner))
                && seen.insert(group)
            {
                found.extend(in_terms_of_the_form(db, *form, &infer(db, group).diagnostics));
            }
        }
    }
    if dispatch(db, file).is_some()
        && let Some(group) = group_of(db, Def::new(db, file, main))
        && seen.insert(group)
    {
        found.extend(infer(db, group).diagnostics.iter().cloned());
    }
    // A function that only macros mention may use what programs do not have, but an expansion may call it.
    let called: FxHashSet<_> = program_forms(db, file)
        .iter()
        .flat_map(|form| expand(db, *form).bodies())
        .map(|(_, body)| body)
        .chain(dispatch(db, file))
        .flat_map(|body| &body.callees)
        .copied()
        .collect();
    for form in program_forms(db, file) {
        for function in expand(db, *form).functions.iter().filter(|function| called.contains(&function.def)) {
            found.extend(function.withheld.iter().cloned());
        }
    }
    for module in program(db, file).iter().filter(|module| !is_library(db, **module)) {
        found.extend(duplicate_definitions(db, *module));
        found.extend(import_reports(db, *module).iter().cloned());
    }
    found.extend(crate::collisions::collisions(db, file).iter().cloned());
    found.extend(crate::stated::faulty_declarations(db, file).iter().cloned());
    found.extend(crate::openings::late_openings(db, file).iter().cloned());
    crate::stated::tell_once(db, file, &mut found);
    library_errors(db, file, &mut found);
    // What is put in place of its calls shows its faults at each of them, all at its own text.
    let mut known = FxHashSet::default();
    found.retain(|diagnostic| {
        let at = diagnostic.labels.first().map(|label| label.span);
        at.is_none() || known.insert((diagnostic.code, diagnostic.message.clone(), at))
    });
    if !found.iter().any(Diagnostic::is_error) {
        found.extend(instance_diagnostics(db, file));
        library_errors(db, file, &mut found);
    }
    if !found.iter().any(Diagnostic::is_error) {
        found.extend(lower_main(db, file, EntryKind::Value).diagnostics);
        library_errors(db, file, &mut found);
    }
    if !found.iter().any(Diagnostic::is_error) {
        found.extend(layout_errors(db, file).iter().cloned());
        found.extend(crate::refusals::refusals(db, file).iter().cloned());
    }
    found
}

/// Faults of a file as a whole: it is too large. Separate, so that [`split`] is read by no other query.
#[salsa::tracked]
pub fn file_errors(db: &dyn salsa::Database, file: SourceFile) -> Vec<Diagnostic> {
    split(db, file).errors.clone()
}
