//! What is known of the functions of a module before it runs: how calls of them are checked.

use super::{CallSite, Front};
use crate::core::{GlobalId, Parameters};
use crate::expand::name::wrong_arity;
use crate::sources::Sources;
use ovsm_base::{Code, Diagnostic, Span};
use ovsm_value::Value;
use std::rc::Rc;

/// How many arguments a function takes.
#[derive(Clone)]
pub(super) struct Signature {
    min: usize,
    max: Option<usize>,
    /// The keywords that it knows, if it takes keywords and no others.
    keys: Option<Vec<Rc<str>>>,
    /// How many arguments come before the keywords.
    positional: usize,
    /// Where the function is defined.
    span: Option<Span>,
}

impl Front {
    pub(crate) fn define_signature(&mut self, id: GlobalId, parameters: &Parameters, span: Option<Span>) {
        let min = parameters.required.len();
        let positional = min + parameters.optional.len();
        let is_open = parameters.rest.is_some() || parameters.keys.is_some();
        let keys = parameters.keys.as_ref().map(|keys| keys.iter().map(|key| Rc::clone(&key.name)).collect());
        let keys = keys.filter(|_| {
            !parameters.allow_other_keys && parameters.rest.is_none() && parameters.optional.is_empty()
        });
        self.signatures
            .insert(id, Signature { min, max: (!is_open).then_some(positional), keys, positional, span });
    }

    /// The signature of a constructor of records.
    pub(crate) fn define_constructor(&mut self, id: GlobalId, fields: usize, span: Option<Span>) {
        let signature = Signature { min: fields, max: Some(fields), keys: None, positional: fields, span };
        self.signatures.insert(id, signature);
    }

    /// How many arguments a function takes, if that is a fixed number.
    pub(crate) fn fixed_arity(&self, id: GlobalId) -> Option<usize> {
        let signature = self.signatures.get(&id)?;
        (signature.max == Some(signature.min) && signature.keys.is_none()).then_some(signature.min)
    }

    /// How many fields a constructor takes, if it is one.
    pub(crate) fn field_count(&self, constructor: GlobalId) -> Option<usize> {
        self.signatures.get(&constructor).map(|signature| signature.min)
    }
}

impl Signature {
    /// True for the functions that come with the language.
    pub(super) fn is_of_library(&self, sources: &Sources) -> bool {
        self.span.is_some_and(|span| sources.is_of_library(span))
    }

    /// A diagnostic about a call, with the definition of the function.
    pub(super) fn explain(&self, diagnostic: Diagnostic) -> Diagnostic {
        match self.span {
            Some(span) if diagnostic.labels.iter().all(|label| label.span != span) => {
                diagnostic.label(span, "defined here")
            }
            _ => diagnostic,
        }
    }

    /// What is wrong with a call, if anything is.
    pub(super) fn fault(&self, call: &CallSite) -> Option<Diagnostic> {
        if call.arguments < self.min || self.max.is_some_and(|max| call.arguments > max) {
            return Some(
                wrong_arity(&call.name, self.min, self.max, call.arguments)
                    .help("see its definition for what it takes"),
            );
        }
        let keys = self.keys.as_ref()?;
        for literal in call.literals.iter().skip(self.positional).step_by(2) {
            if let Some(Value::Keyword(given)) = literal
                && !keys.iter().any(|key| **key == *given.as_str())
            {
                let near = ovsm_base::suggest::nearest(given.as_str(), keys.iter().map(|key| &**key));
                let diagnostic = Diagnostic::new(
                    Code::WrongArity,
                    format!("`{}` takes no keyword `:{}`", call.name, given.as_str()),
                );
                return Some(match near {
                    Some(near) => diagnostic.help(format!("did you mean `:{near}`?")),
                    None => diagnostic.help("see its definition for what it takes"),
                });
            }
        }
        None
    }
}
