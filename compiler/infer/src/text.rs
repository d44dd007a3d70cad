//! The types of what grows: vecs and builders, and of the parts that texts are made of.
//!
//! Which of the two a variable is has to be known when it is made longer: what is put into it has another meaning. Whether a value has a
//! text is asked at the end, when all types are known. Start with [`Inference::update_place`].

use crate::infer::{Inference, Use};
use crate::types::Type;
use crate::unify::Term;
use ovsm_expand::Builtin;
use ovsm_expand::core::ExprId;

const ERROR: Term = Term::Known(Type::Error);

impl Inference<'_> {
    /// A vec or a builder, and what is put at its end, if anything is. The result is the same value, changed.
    pub(crate) fn update_place(&mut self, builtin: Builtin, args: &[ExprId]) -> Term {
        let [place, parts @ ..] = args else { return ERROR };
        let found = self.infer(*place, Use::Value);
        if let Some(item) = self.table.as_vec(&found) {
            for part in parts {
                match builtin {
                    Builtin::Append => self.items_of(*part, &item),
                    _ => {
                        let new = self.infer(*part, Use::Value);
                        self.expect(*part, &new, &item, "the vec", None);
                    }
                }
            }
            return found;
        }
        match self.table.represented(&found) {
            Term::Known(Type::Builder) => {
                match builtin {
                    Builtin::Append => self.texts(parts),
                    _ => {
                        for part in parts {
                            let new = self.infer(*part, Use::Value);
                            let text = Term::Known(Type::String);
                            if !self.expect(*part, &new, &text, "the text", None)
                                && let Some(diagnostic) = self.diagnostics.last_mut()
                            {
                                diagnostic
                                    .notes
                                    .push("`append!` puts the text of a value at its end".to_string());
                            }
                        }
                    }
                }
                found
            }
            other => {
                for part in parts {
                    self.infer(*part, Use::Value);
                }
                if other != ERROR {
                    let (message, help) = match &other {
                        Term::Known(Type::String) => (
                            "this is a text of a fixed length: only a `string-builder` can get longer or shorter",
                            "make it with `(string-builder)`, or state the type of the variable: `(define s : string-builder \"a\")`",
                        ),
                        other => {
                            let message = format!(
                                "this is {}: only a vec or a `string-builder` can get longer or shorter",
                                crate::report::describe(other)
                            );
                            let help = "make it with `(vec u64)` or `(string-builder)`; the length of an array is part of its type";
                            self.unsupported(self.span(*place), &message, help);
                            return ERROR;
                        }
                    };
                    self.unsupported(self.span(*place), message, help);
                }
                ERROR
            }
        }
    }

    /// A sequence whose items are put at the end of a vec.
    fn items_of(&mut self, part: ExprId, item: &Term) {
        let found = self.infer(part, Use::Value);
        let items = match self.table.own_items(&found) {
            Some(items) => Some(items),
            None => self.table.as_view(&found),
        };
        match items {
            Some(items) => {
                if !self.table.unify(&items, item) {
                    let (items, item) = (self.table.for_message(&items), self.table.for_message(item));
                    let span = self.span(part);
                    self.diagnostics.push(crate::report::mismatch(
                        span,
                        items,
                        item,
                        "an item of the vec",
                        None,
                    ));
                }
            }
            None => self.no_sequence(part, &found, "what joins items"),
        }
    }

    /// Operands whose texts are used.
    pub(crate) fn texts(&mut self, parts: &[ExprId]) {
        for part in parts {
            let found = self.infer(*part, Use::Value);
            let span = self.span(*part);
            self.texts.push((found, span));
        }
    }

    /// Reports what has no text, now that all types are known.
    pub(crate) fn check_texts(&mut self) {
        for (term, span) in std::mem::take(&mut self.texts) {
            let ty = self.table.finish(&term).represented();
            if has_text(&ty) {
                continue;
            }
            let help = match &ty {
                Type::Bytes => "bytes need not be a text; those of a vec of bytes are joined with `append!`",
                Type::Record(_) | Type::Enum(_) => "give the text of each of its parts",
                _ => {
                    "texts are made of strings, integers, truth values and keys; go through the items in a loop"
                }
            };
            self.unsupported(
                span,
                &format!("the text of a value of `{ty}` is not available in programs"),
                help,
            );
        }
    }
}

/// True if programs know the text of values of a type.
fn has_text(ty: &Type) -> bool {
    match ty {
        Type::String
        | Type::Builder
        | Type::Bool
        | Type::Int(_)
        | Type::Pubkey
        | Type::Null
        | Type::Error => true,
        Type::Option(item) => has_text(item) && !matches!(**item, Type::Option(_)),
        _ => false,
    }
}
