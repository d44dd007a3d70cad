//! The expansions of a program's forms and the types of their functions, found on several threads.
//!
//! Each is a query of its own, so it does not matter who asks first. What comes after finds them done. Start with [`prepare`].

use crate::db::{Database, SourceFile};
use crate::forms::{Form, forms};
use crate::library::is_library;
use crate::modules::{program, program_forms};
use crate::names::{expand, item};
use crate::types::{Def, group_of, infer, owners};
use ovsm_base::threads;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A program with less text than this is not worth another thread, which has to read and compile what it uses of the preludes for itself.
const WORTH_THREADS: usize = 8_000;

/// Says that a program with so many bytes is about to be read: what all programs need is made ready on another thread, if that
/// is worth it.
pub fn warm_up(bytes: u64) {
    if bytes >= WORTH_THREADS as u64 {
        threads::aside(|| {
            ovsm_expand::warm_up();
            ovsm_ir::lower::runtime::warm_up();
        });
    }
}

/// Expands the forms of a program and infers types, on several threads if that is worth it.
pub fn prepare(db: &Database, file: SourceFile) {
    let own: Vec<SourceFile> =
        program(db, file).iter().copied().filter(|module| !is_library(db, *module)).collect();
    if own.iter().map(|module| module.text(db).len()).sum::<usize>() < WORTH_THREADS {
        return;
    }
    // What forms define is asked for by each of them: first all of that, then the rest. Which forms of the library belong to the
    // program is known when its own are expanded.
    let stages: [for<'db> fn(&'db Database, Form<'db>); 2] =
        [|db, form| _ = item(db, form), |db, form| _ = expand(db, form)];
    for stage in stages {
        for module in &own {
            for_each_form(db, *module, |db, file| forms(db, file), stage);
        }
    }
    for_each_form(
        db,
        file,
        |db, file| program_forms(db, file),
        |db, form| {
            for owner in owners(db, file, form) {
                if let Some(group) = group_of(db, Def::new(db, file, owner)) {
                    infer(db, group);
                }
            }
        },
    );
}

/// Does something for each of the forms of a file, with a handle of the database for each thread.
fn for_each_form(
    db: &Database,
    file: SourceFile,
    forms: for<'db> fn(&'db Database, SourceFile) -> &'db Vec<Form<'db>>,
    work: impl for<'db> Fn(&'db Database, Form<'db>) + Sync,
) {
    let next = AtomicUsize::new(0);
    threads::each(vec![db.clone(); threads::count()], |db| {
        while let Some(form) = forms(&db, file).get(next.fetch_add(1, Ordering::Relaxed)) {
            work(&db, *form);
        }
    });
}
