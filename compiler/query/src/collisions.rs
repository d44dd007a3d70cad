//! Declarations of a program that nobody could tell apart: two errors of one code, two instructions, accounts or events that
//! begin with the same bytes, two programs.
//!
//! Each declaration is sound by itself; only all of them together show it. Start with [`collisions`].

use crate::db::SourceFile;
use crate::forms::{Form, parse};
use crate::modules::program_forms;
use crate::names::expand;
use ovsm_base::{Code, Diagnostic, Span};
use ovsm_expand::Declaration;
use std::collections::BTreeMap;

/// What the declarations of a file share that they should not.
#[salsa::tracked]
pub fn collisions(db: &dyn salsa::Database, file: SourceFile) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut codes: BTreeMap<u32, (String, Option<Span>)> = BTreeMap::new();
    let mut instructions: Vec<(Vec<u8>, String, Option<Span>)> = Vec::new();
    let mut layouts: BTreeMap<(&str, u64), (String, Option<Span>)> = BTreeMap::new();
    let mut program: Option<(String, Option<Span>)> = None;
    for form in program_forms(db, file) {
        for declaration in &expand(db, *form).declarations {
            match declaration {
                Declaration::Errors { .. } => {
                    for (code, name, _) in declaration.errors() {
                        let span = whole(db, *form);
                        if let Some((other, at)) = codes.get(&code) {
                            found.push(shared(
                                &format!("the errors `{other}` and `{name}` have the same code, {code}"),
                                (other, *at),
                                (name, span),
                                "let one group count from another number: `(deferror Group :from 6100 …)`",
                            ));
                            // One report for a group is enough.
                            break;
                        }
                        codes.insert(code, (name.to_string(), span));
                    }
                }
                Declaration::Instruction { name, instruction, .. } => {
                    let size = instruction.discriminator_size as usize;
                    let own: Vec<u8> =
                        instruction.discriminator.to_le_bytes().into_iter().take(size).collect();
                    let span = whole(db, *form);
                    let same = instructions
                        .iter()
                        .find(|(other, ..)| other.starts_with(&own) || own.starts_with(other));
                    if let Some((_, other, at)) = same {
                        found.push(shared(
                            &format!("the instructions `{other}` and `{name}` begin with the same bytes"),
                            (other, *at),
                            (name, span),
                            "give one of them another name or another `:discriminator`",
                        ));
                    }
                    if let Some((_, other, at)) = instructions.iter().find(|(_, other, _)| other == name) {
                        found.push(shared(
                            &format!("two instructions are called `{name}`"),
                            (other, *at),
                            (name, span),
                            "give one of them another name or another `:wire-name`",
                        ));
                    }
                    instructions.push((own, name.clone(), span));
                }
                // A program that takes the one for the other reads and writes its fields at the wrong places.
                Declaration::Account { record, discriminator }
                | Declaration::Event { record, discriminator } => {
                    let kind = match declaration {
                        Declaration::Account { .. } => "accounts",
                        _ => "events",
                    };
                    let span = whole(db, *form);
                    match layouts.get(&(kind, *discriminator)) {
                        Some((other, at)) => found.push(shared(
                            &format!("the {kind} `{other}` and `{}` begin with the same bytes", record.name),
                            (other, *at),
                            (&record.name, span),
                            "give one of them another name; what several modules use is declared in one of them and imported",
                        )),
                        None => {
                            layouts.insert((kind, *discriminator), (record.name.clone(), span));
                        }
                    }
                }
                Declaration::Program { name, .. } => {
                    let span = whole(db, *form);
                    match &program {
                        Some((other, at)) => found.push(shared(
                            &format!("this is the program `{other}` already, and `{name}` as well"),
                            (other, *at),
                            (name, span),
                            "a program has one name: leave one of the declarations out",
                        )),
                        None => program = Some((name.clone(), span)),
                    }
                }
            }
        }
    }
    found
}

fn whole(db: &dyn salsa::Database, form: Form<'_>) -> Option<Span> {
    Some(Span::new(*form.id(db), parse(db, form).root(form.text(db))?.range()))
}

fn shared(
    message: &str,
    (first, first_at): (&str, Option<Span>),
    (second, second_at): (&str, Option<Span>),
    help: &str,
) -> Diagnostic {
    let mut diagnostic = Diagnostic::new(Code::SharedCode, message).help(help);
    if let Some(span) = second_at {
        diagnostic = diagnostic.label(span, format!("`{second}` is declared here"));
    }
    if let Some(span) = first_at.filter(|span| Some(*span) != second_at) {
        diagnostic = diagnostic.label(span, format!("`{first}` is declared here"));
    }
    diagnostic
}
