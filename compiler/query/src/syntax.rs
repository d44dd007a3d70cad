//! The syntax of definitions that forms bring in, kept for the next form that brings them in.
//!
//! What macros may use of a module is read for each form that may use it, and most forms use the same. A value is never
//! changed where others see it, so sharing it lets no form see what another did. Start with [`definition`].

use crate::forms::{Form, parse};
use ovsm_base::FormId;
use ovsm_eval::program;
use ovsm_expand::Definition;
use rustc_hash::FxHashMap;
use std::cell::RefCell;

/// A thread keeps the syntax of so much text at most, in bytes: all of it goes when there would be more. A longer form is not kept.
const MOST_TEXT: usize = 1 << 20;

/// What a thread keeps.
#[derive(Default)]
struct Kept {
    /// The text of each form when it was read, and what was read.
    forms: FxHashMap<FormId, (String, Option<Definition>)>,
    /// How much text that is, in bytes.
    text: usize,
}

thread_local! {
    static KEPT: RefCell<Kept> = RefCell::default();
}

/// A form as others bring it in; nothing if it has faults, which the reader reported.
pub(crate) fn definition<'db>(db: &'db dyn salsa::Database, form: Form<'db>) -> Option<Definition> {
    let text = form.text(db);
    let id = *form.id(db);
    let known = KEPT.with_borrow(|kept| {
        kept.forms.get(&id).filter(|(known, _)| known == text).map(|(_, definition)| definition.clone())
    });
    known.unwrap_or_else(|| {
        let syntax = parse(db, form).root(text).and_then(program::syntax_of);
        let definition = syntax.map(|syntax| {
            let names = program::symbols(&syntax).into();
            Definition { form: id, syntax, names }
        });
        if text.len() > MOST_TEXT {
            return definition;
        }
        let before = KEPT.with_borrow_mut(|kept| {
            if kept.text + text.len() > MOST_TEXT {
                std::mem::take(kept);
            }
            kept.text += text.len();
            kept.forms.insert(id, (text.clone(), definition.clone()))
        });
        if let Some((text, _)) = before {
            KEPT.with_borrow_mut(|kept| kept.text -= text.len());
        }
        definition
    })
}
