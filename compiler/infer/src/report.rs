//! The wording of type errors.

use crate::types::Type;
use crate::unify::Term;
use ovsm_base::{Code, Diagnostic, Span};

/// How a type in the middle of inference is called in a message.
pub(crate) fn describe(term: &Term) -> String {
    match term {
        Term::Known(ty) => format!("`{ty}`"),
        Term::Variable(_) => "an integer".to_string(),
        Term::Array(item, length) => format!("an array of {length} items, each {}", describe(item)),
        Term::Slice(item) => format!("a view of items, each {}", describe(item)),
        Term::Vec(item) => format!("a vec of items, each {}", describe(item)),
        Term::Option(item) => format!("{} or null", describe(item)),
        Term::Applied(..) => format!("`{}`", written(term)),
    }
}

/// A type as programs write it.
fn written(term: &Term) -> String {
    match term {
        Term::Known(ty) => ty.to_string(),
        Term::Variable(_) => "integer".to_string(),
        Term::Array(item, length) => format!("(array {} {length})", written(item)),
        Term::Slice(item) => format!("(array {})", written(item)),
        Term::Vec(item) => format!("(vec {})", written(item)),
        Term::Option(item) => format!("(option {})", written(item)),
        Term::Applied(generic, arguments) => {
            let arguments: Vec<String> = arguments.iter().map(written).collect();
            format!("({} {})", generic.name, arguments.join(" "))
        }
    }
}

/// A value of one type stands where another is needed. Two integer types are a case of their own, because a
/// conversion cures it.
pub(crate) fn mismatch(
    span: Option<Span>,
    found: Term,
    needed: Term,
    why: &str,
    other: Option<(Span, &str)>,
) -> Diagnostic {
    let integers = match (&found, &needed) {
        (Term::Known(Type::Int(found)), Term::Known(Type::Int(needed))) => Some((*found, *needed)),
        _ => None,
    };
    let (code, message) = match integers {
        Some((found, needed)) => {
            (Code::MixedIntegers, format!("`{found}` and `{needed}` meet, and integer types do not mix"))
        }
        None => {
            let (is, needs) = names_apart(&found, &needed);
            (Code::TypeMismatch, format!("this is {is}, but {why} needs {needs}"))
        }
    };
    let mut diagnostic = Diagnostic::new(code, message);
    if let Some(span) = span {
        diagnostic = diagnostic.label(span, format!("this is {}", describe(&found)));
        if let Some((_, needed)) = integers {
            diagnostic = diagnostic
                .help(format!("convert it: `({needed} …)` keeps the value and fails if it does not fit"));
            diagnostic.fixes.push(ovsm_base::Fix {
                title: format!("convert to `{needed}`"),
                edits: vec![
                    (
                        Span::new(span.form, ovsm_base::TextRange::new(span.range.start, span.range.start)),
                        format!("({needed} "),
                    ),
                    (
                        Span::new(span.form, ovsm_base::TextRange::new(span.range.end, span.range.end)),
                        ")".to_string(),
                    ),
                ],
            });
        }
    }
    if let Some((span, text)) = other {
        diagnostic = diagnostic.label(span, text.to_string());
    }
    if let Some(help) = conversion(&found, &needed) {
        diagnostic = diagnostic.help(help);
    }
    diagnostic
}

/// How two types are called in one message: types of one name with the modules that define them.
fn names_apart(found: &Term, needed: &Term) -> (String, String) {
    let (is, needs) = (describe(found), describe(needed));
    if is != needs {
        return (is, needs);
    }
    let with_module = |name: String, term: &Term| match term {
        Term::Known(ty) => match module_of(ty) {
            // The root has no name of its own.
            Some(module) => match module.strip_prefix("module ") {
                Some(module) => format!("{name} of the module `{module}`"),
                None => format!("{name} of the program's own file"),
            },
            None => name,
        },
        _ => name,
    };
    (with_module(is, found), with_module(needs, needed))
}

/// The module that defines a type, or the first part of it that a module does.
fn module_of(ty: &Type) -> Option<&str> {
    match ty {
        Type::Distinct(distinct) => Some(&distinct.module),
        Type::Record(record) => Some(&record.module),
        Type::Enum(parent) => parent.variants.first().map(|variant| variant.module.as_str()),
        Type::Account(account) => account.record.as_ref().map(|record| record.module.as_str()),
        Type::Option(item) | Type::Array(item, _) | Type::Slice(item) | Type::Vec(item) => module_of(item),
        _ => None,
    }
}

/// How a number becomes one of a distinct type, or of another one.
fn conversion(found: &Term, needed: &Term) -> Option<String> {
    let (Term::Known(found), Term::Known(needed)) = (found, needed) else { return None };
    let (Type::Int(below), Type::Int(base)) = (found.underlying(), needed.underlying()) else { return None };
    match (found, needed) {
        (Type::Distinct(_), Type::Distinct(_)) => {
            Some(format!("if that is meant, convert it by its number: `({needed} ({base} …))`"))
        }
        (Type::Distinct(_), _) => Some(format!("`({needed} …)` gives the number")),
        (_, Type::Distinct(_)) if below == base => Some(format!("`({needed} …)` makes it one")),
        (_, Type::Distinct(_)) => Some(format!("`({needed} ({base} …))` makes it one")),
        _ => None,
    }
}

/// An integer of 128 bits stands where one word is needed.
pub(crate) fn too_wide(builtin: &str, ty: ovsm_base::IntType, span: Option<Span>) -> Diagnostic {
    let mut diagnostic = Diagnostic::new(
        Code::MixedIntegers,
        format!("`{builtin}` takes integers of at most 64 bits, and this is `{ty}`"),
    )
    .help(format!(
        "convert it: `({}64 …)` keeps the value and fails if it does not fit",
        if ty.is_signed() { "i" } else { "u" }
    ));
    if let Some(span) = span {
        diagnostic = diagnostic.label(span, format!("this is `{ty}`"));
    }
    diagnostic
}

/// The length of a view stands where an integer of another width is needed.
pub(crate) fn narrow_length(ty: ovsm_base::IntType, span: Option<Span>) -> Diagnostic {
    let mut diagnostic = Diagnostic::new(
        Code::MixedIntegers,
        format!("this length is known at run time only; it is an integer of 64 bits, not `{ty}`"),
    )
    .help(format!("convert it: `({ty} (the u64 (length …)))`"));
    if let Some(span) = span {
        diagnostic = diagnostic.label(span, "this is `u64`");
    }
    diagnostic
}
