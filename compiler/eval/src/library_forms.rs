//! The forms of the preludes: where they stand and what they define, found out once for all sessions of a process.
//!
//! A prelude has many forms and a program uses few of them, so the text of a form is read when something needs it. Nothing
//! here is expanded or run. Start with [`prelude`] and [`program_preludes`].

use crate::expand::defined_names;
use crate::syntax;
use ovsm_base::FormId;
use ovsm_value::Value;
use std::sync::OnceLock;

/// A text of the preludes.
pub(crate) struct LibraryText {
    /// Where it stands, for people.
    pub(crate) path: String,
    /// All of it.
    pub(crate) text: &'static str,
    /// Its forms, in order.
    pub(crate) forms: Vec<LibraryForm>,
}

/// A form of the preludes.
pub(crate) struct LibraryForm {
    /// Its identity in every session.
    pub(crate) id: FormId,
    /// Where it begins.
    pub(crate) start: u32,
    /// What it defines.
    pub(crate) names: Vec<Box<str>>,
    text: &'static str,
}

impl LibraryForm {
    /// Its syntax; null if it has faults, which the tests of the library would have found.
    pub(crate) fn read(&self) -> Value {
        read(self.id, self.text)
    }
}

/// The prelude of all modules.
pub(crate) fn prelude() -> &'static LibraryText {
    static TEXT: OnceLock<LibraryText> = OnceLock::new();
    TEXT.get_or_init(|| index("std/prelude", crate::PRELUDE, 0))
}

/// What every program sees besides.
pub(crate) fn program_preludes() -> &'static [LibraryText] {
    static TEXTS: OnceLock<Vec<LibraryText>> = OnceLock::new();
    TEXTS.get_or_init(|| {
        let mut before = prelude().forms.len();
        let texts = crate::PROGRAM_PRELUDES.iter().map(|(name, text)| {
            let text = index(name, text, before);
            before += text.forms.len();
            text
        });
        texts.collect()
    })
}

/// The forms of a text. So many of other texts come before them.
fn index(name: &str, text: &'static str, before: usize) -> LibraryText {
    let path = format!("{name}.ovsm");
    let forms = ovsm_cst::split(text).forms.into_iter().enumerate().map(|(number, form)| {
        let id = FormId::new(name, "form", &path, (before + number) as u32 + 1);
        let names = match form.head_text(text) {
            // The scan has found the name.
            "define" | "defn" | "defmacro" => vec![form.name_text(text).into()],
            _ => defined_names(&read(id, form.text(text))).iter().map(|name| Box::from(&**name)).collect(),
        };
        LibraryForm { id, start: form.range.start, names, text: form.text(text) }
    });
    LibraryText { forms: forms.collect(), path, text }
}

fn read(id: FormId, text: &str) -> Value {
    let tree = ovsm_cst::parse(id, text);
    let form = if tree.errors().is_empty() { tree.root(text).and_then(syntax::from_node) } else { None };
    debug_assert!(form.is_some(), "a form of the preludes has faults: {text}");
    form.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the scan finds is what the definitions say.
    #[test]
    fn names_are_those_of_the_definitions() {
        let mut count = 0;
        for text in std::iter::once(prelude()).chain(program_preludes()) {
            for form in &text.forms {
                let names = defined_names(&form.read());
                assert!(form.names.iter().map(|name| &**name).eq(names.iter().map(|name| &**name)));
                count += names.len();
            }
        }
        assert!(count > 150, "{count}");
    }
}
