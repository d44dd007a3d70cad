//! What a program does with accounts that nothing has checked, with the places in its text.
//!
//! Only a program without errors is looked at. The work is done by [`ovsm_audit`]; here the program is put together from its
//! forms. Not a query: nothing but the edge asks, once for a program. Start with [`audit`].

use crate::check::diagnostics;
use crate::code::{body_types, entry_types, main_forms};
use crate::db::SourceFile;
use crate::instances::{final_body, typed_instances};
use crate::modules::program_forms;
use crate::names::expand;
use crate::source_map::source_map;
use crate::types::dispatch;
use ovsm_audit::Program;
use ovsm_audit::machine::Code;
pub use ovsm_audit::{FAMILIES, Finding};
use ovsm_base::render::SourceMap;
use ovsm_base::{Diagnostic, FileId, TextRange};
use std::collections::BTreeMap;

/// What a program does with accounts that nothing has checked, in the order of its text, with the file, by its number
/// among those of [`source_map()`], and the place in it; `None` if it has errors, or is too much work.
pub fn audit(db: &dyn salsa::Database, file: SourceFile) -> Option<Vec<(Finding, FileId, TextRange)>> {
    if diagnostics(db, file).iter().any(Diagnostic::is_error) {
        return None;
    }
    let mut main = Vec::new();
    for form in main_forms(db, file) {
        if let Some(body) = &expand(db, form).code
            && let body = final_body(db, file, form, None, body)
            && let Some(types) = body_types(db, file, form, None)
        {
            main.push(Code { body, types });
        }
    }
    if let (Some(body), Some(types)) = (dispatch(db, file), entry_types(db, file)) {
        main.push(Code { body, types });
    }
    let mut functions = BTreeMap::new();
    for form in program_forms(db, file) {
        for function in &expand(db, *form).functions {
            if let Some(types) = body_types(db, file, *form, Some(function.def)) {
                let body = final_body(db, file, *form, Some(function.def), &function.body);
                functions.insert(function.def, Code { body, types });
            }
        }
    }
    for instance in typed_instances(db, file) {
        let code = Code { body: instance.body, types: instance.types };
        functions.extend(instance.function.map(|def| (def, code)));
    }
    let places = source_map(db, file);
    let mut found: Vec<(Finding, FileId, TextRange)> = ovsm_audit::audit(&Program { main, functions })?
        .into_iter()
        .filter_map(|finding| {
            let (file, range) = places.resolve(finding.span)?;
            Some((finding, file, range))
        })
        .collect();
    found.sort_by(|(a, file, at), (b, other, place)| {
        (file, at, a.family, &a.message).cmp(&(other, place, b.family, &b.message))
    });
    Some(found)
}
