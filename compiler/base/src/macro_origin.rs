//! Code that macros made: which call a person can change, and the places in the macros that it was copied from.
//!
//! It only tells where something comes from; what is wrong is said by the [`Diagnostic`] that it is added to. Start with
//! [`MacroOrigin::explain`].

use crate::diagnostic::{Diagnostic, Label};
use crate::text::Span;
use std::rc::Rc;

/// Where a piece of code that macros made comes from. The place of the call itself is the place of the code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MacroOrigin {
    /// The macro that is called in the text of the program.
    pub call: Rc<str>,
    /// The macros with the places in their templates, the innermost first. Empty for macros of the library: nobody can
    /// change them.
    pub places: Vec<(Rc<str>, Span)>,
}

impl MacroOrigin {
    /// A diagnostic about the code: its first label is at the call, what was said there moves to the place in the
    /// macro, and the macros between the two follow.
    pub fn explain(&self, call: Span, mut diagnostic: Diagnostic) -> Diagnostic {
        let text = format!("in the expansion of `{}`", self.call);
        let (said, at) = match diagnostic.labels.first_mut() {
            Some(first) => (std::mem::take(&mut first.text), first.span),
            None => (String::new(), call),
        };
        if !diagnostic.labels.is_empty() {
            diagnostic.labels.remove(0);
        }
        let Some(((name, place), outer)) = self.places.split_first() else {
            let said = if said.is_empty() { text } else { said };
            diagnostic.labels.insert(0, Label { span: call, text: said });
            return diagnostic;
        };
        let here = format!("in the macro `{name}` here");
        let inner = Label {
            span: if at == call { *place } else { at },
            text: if said.is_empty() { here } else { format!("{said}, in the macro `{name}`") },
        };
        let mut labels = vec![Label { span: call, text }, inner];
        for (name, span) in outer {
            if labels.iter().all(|label| label.span != *span) {
                labels.push(Label { span: *span, text: format!("in the macro `{name}` here") });
            }
        }
        labels.extend(diagnostic.labels.into_iter().filter(|label| label.span != call));
        diagnostic.labels = labels;
        diagnostic
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Code, FormId, TextRange};

    #[test]
    fn the_call_comes_first() {
        let span = |n| Span::new(FormId(n), TextRange::new(0, 1));
        let origin = MacroOrigin {
            call: "outer".into(),
            places: vec![("inner".into(), span(3)), ("outer".into(), span(2))],
        };
        let fault = Diagnostic::at(Code::TypeMismatch, span(3), "no").primary("this is a string");
        let explained = origin.explain(span(1), fault);
        let labels: Vec<(u64, &str)> =
            explained.labels.iter().map(|label| (label.span.form.0, label.text.as_str())).collect();
        assert_eq!(
            labels,
            [
                (1, "in the expansion of `outer`"),
                (3, "this is a string, in the macro `inner`"),
                (2, "in the macro `outer` here"),
            ]
        );
        let of_library = MacroOrigin { call: "when".into(), places: Vec::new() };
        let fault = Diagnostic::at(Code::TypeMismatch, span(3), "no").primary("this is a string");
        let explained = of_library.explain(span(1), fault);
        assert_eq!(explained.labels, [Label { span: span(1), text: "this is a string".to_string() }]);
    }
}
