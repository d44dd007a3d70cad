//! Declarations that say what can not be: addresses that are no keys, options that nobody knows, fields that an account can
//! not keep.
//!
//! Each is told at the word that says it, if that stands in the form; a macro may have made it. Start with
//! [`faulty_declarations`].

use crate::db::SourceFile;
use crate::forms::{Form, parse};
use crate::modules::program_forms;
use crate::names::expand;
use ovsm_base::{Code, Diagnostic};
use ovsm_cst::{Node, NodeKind};
use ovsm_expand::ty::RecordType;
use ovsm_expand::{Datum, Declaration};

/// What declarations of a file say that can not be.
#[salsa::tracked]
pub fn faulty_declarations(db: &dyn salsa::Database, file: SourceFile) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for form in program_forms(db, file) {
        for declaration in &expand(db, *form).declarations {
            match declaration {
                Declaration::Program { options, .. } => program(db, *form, options, &mut found),
                Declaration::Account { record, .. } => fields(db, *form, record, "account", &mut found),
                Declaration::Event { record, .. } => fields(db, *form, record, "event", &mut found),
                Declaration::Instruction { .. } | Declaration::Errors { .. } => {}
            }
        }
    }
    found
}

/// What an account can not keep is told at its fields, and not again by each instruction that has such an account.
pub(crate) fn tell_once(db: &dyn salsa::Database, file: SourceFile, found: &mut Vec<Diagnostic>) {
    if faulty_declarations(db, file).is_empty() {
        return;
    }
    for declaration in program_forms(db, file).iter().flat_map(|form| &expand(db, *form).declarations) {
        let Declaration::Account { record, .. } = declaration else { continue };
        if record.fields.iter().all(|field| field.ty.is_plain()) {
            continue;
        }
        let again = format!("`{}` holds ", record.name);
        let is_again = |it: &Diagnostic| it.code == Code::UnsupportedForm && it.message.starts_with(&again);
        found.retain(|diagnostic| !is_again(diagnostic));
    }
}

/// The tree of a form.
pub(crate) fn root<'db>(db: &'db dyn salsa::Database, form: Form<'db>) -> Option<Node<'db>> {
    parse(db, form).root(form.text(db))
}

/// A list that says what a name is: `(name : type …)`.
pub(crate) fn entry<'t>(root: Node<'t>, name: &str) -> Option<Node<'t>> {
    root.descendants().find(|node| {
        node.kind() == NodeKind::List
            && node.child(0).is_some_and(|first| first.is_symbol(name))
            && node.child(1).is_some_and(|second| second.is_symbol(":"))
    })
}

/// What follows a keyword in a list.
pub(crate) fn option<'t>(list: Node<'t>, name: &str) -> Option<Node<'t>> {
    let mut parts = list.children().skip_while(|part| part.as_keyword() != Some(name));
    parts.next()?;
    parts.next()
}

/// A diagnostic at the first of some nodes that there is.
pub(crate) fn at(diagnostic: Diagnostic, nodes: [Option<Node<'_>>; 2]) -> Diagnostic {
    match nodes.into_iter().flatten().next() {
        Some(node) => diagnostic.label(node.span(), ""),
        None => diagnostic,
    }
}

fn program<'db>(
    db: &'db dyn salsa::Database,
    form: Form<'db>,
    options: &[Datum],
    found: &mut Vec<Diagnostic>,
) {
    const RULE: &str = "the form is written `(program name)` or `(program name :id \"…\")`";
    let root = root(db, form);
    let word = |wanted: &str| {
        root.and_then(|root| root.descendants().find(|node| node.as_keyword() == Some(wanted)))
    };
    let mut rest = options;
    let mut has_id = false;
    while let Some((first, others)) = rest.split_first() {
        rest = others;
        let Datum::Keyword(name) = first else {
            let message = format!("`{first}` stands where an option of the program is expected");
            found.push(at(Diagnostic::new(Code::MalformedForm, message).help(RULE), [root, None]));
            return;
        };
        if name != "id" {
            let message = format!("`:{name}` is not known for programs; known is `:id`");
            found.push(at(Diagnostic::new(Code::MalformedForm, message).help(RULE), [word(name), root]));
        } else if std::mem::replace(&mut has_id, true) {
            let message = "`:id` is given twice";
            found.push(at(Diagnostic::new(Code::MalformedForm, message).help(RULE), [root, None]));
        }
        let Some((value, others)) = rest.split_first() else {
            let message = format!("`:{name}` needs a value");
            found.push(at(Diagnostic::new(Code::MalformedForm, message).help(RULE), [word(name), root]));
            return;
        };
        rest = others;
        if name == "id" && crate::declared::key(value).is_none() {
            let node = root.and_then(|root| option(root, "id"));
            found.push(at(no_key(value), [node, root]));
        }
    }
}

fn no_key(value: &Datum) -> Diagnostic {
    let text = match value {
        Datum::String(text) => text,
        other => match other.items() {
            Some([Datum::Symbol(head), Datum::String(text)]) if head == "pubkey" => text,
            _ => {
                let message = format!("`{value}` is no address: `:id` is a text as it is written");
                return Diagnostic::new(Code::TypeMismatch, message)
                    .help("write the key in base58: `:id \"Fg6PaFpoGXkYsidMpWTK6W2BeZ7FEfcYkg476zPFsLnS\"`");
            }
        },
    };
    let reason = match text.chars().find(|letter| !is_base58(*letter)) {
        Some(letter) => format!("`{letter}` is no letter of base58"),
        None => "it has another length".to_string(),
    };
    Diagnostic::new(Code::TypeMismatch, format!("this text is no key: {reason}; a key is 32 bytes in base58"))
        .help("`solana address -k keypair.json` shows the key of a program's key pair; without `:id`, callers give the address")
}

fn is_base58(letter: char) -> bool {
    letter.is_ascii_alphanumeric() && !matches!(letter, '0' | 'O' | 'I' | 'l')
}

/// Fields whose values are kept elsewhere.
fn fields<'db>(
    db: &'db dyn salsa::Database,
    form: Form<'db>,
    record: &RecordType,
    what: &str,
    found: &mut Vec<Diagnostic>,
) {
    let root = root(db, form);
    for field in record.fields.iter().filter(|field| !field.ty.is_plain()) {
        let (name, ty) = (&field.name, &field.ty);
        let verb = if what == "event" { "log" } else { "keep" };
        let message = format!(
            "the field `{name}` of `{}` is `{ty}`, and an {what} can not {verb} {}",
            record.name,
            ty.kept_elsewhere()
        );
        let diagnostic = Diagnostic::new(Code::UnsupportedForm, message)
            .help("use arrays of a fixed length: `(array u8 32)`");
        found.push(at(diagnostic, [root.and_then(|root| entry(root, name)), root]));
    }
}
