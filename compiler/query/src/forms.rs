//! From text to trees: split, forms, parse.

use crate::db::SourceFile;
use ovsm_base::FormId;
use ovsm_cst::{Split, Tree};
use std::collections::BTreeMap;

/// A top-level form. Its identity survives edits of its text and of everything around it.
#[salsa::tracked]
pub struct Form<'db> {
    /// The identity: module, head, name, number among equals.
    pub id: FormId,
    /// The file that it is in.
    #[returns(copy)]
    pub file: SourceFile,
    /// The text, without what stands around it.
    #[tracked]
    pub text: String,
}

/// Where the forms of a file are. Re-runs at each edit; only [`forms`] and the edge read it.
#[salsa::tracked]
pub fn split(db: &dyn salsa::Database, file: SourceFile) -> Split {
    ovsm_cst::split(file.text(db))
}

/// The forms of a file, in order. Tests are scripts that stand beside the program, and no part of it.
#[salsa::tracked]
pub fn forms<'db>(db: &'db dyn salsa::Database, file: SourceFile) -> Vec<Form<'db>> {
    let text = file.text(db);
    identities(file.module(db), text, split(db, file))
        .into_iter()
        .zip(&split(db, file).forms)
        .filter(|(_, form)| !is_beside_the_program(form.head_text(text), form.name_text(text)))
        .map(|(id, form)| Form::new(db, id, file, form.text(text).to_string()))
        .collect()
}

/// True for tests, and for the import of what they need.
fn is_beside_the_program(head: &str, name: &str) -> bool {
    ovsm_cst::is_test_form(head) || head == "import" && name == "solana/test"
}

/// The identity of each form, in order.
pub(crate) fn identities(module: &str, text: &str, split: &Split) -> Vec<FormId> {
    let mut seen: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    split
        .forms
        .iter()
        .map(|form| {
            let (head, name) = (form.head_text(text), form.name_text(text));
            let duplicates = seen.entry((head, name)).or_default();
            let id = FormId::new(module, head, name, *duplicates);
            *duplicates += 1;
            id
        })
        .collect()
}

/// The tree of a form, with the faults of its text.
#[salsa::tracked]
pub fn parse<'db>(db: &'db dyn salsa::Database, form: Form<'db>) -> Tree {
    ovsm_cst::parse(*form.id(db), form.text(db))
}
