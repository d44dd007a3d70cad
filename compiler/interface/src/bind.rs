//! A module of OVSM that calls a program of somebody else: a macro for each instruction, with checked types.
//!
//! The names are made so that nothing in a description can become anything but a name, a comment or a number. Start with
//! [`module`].

use crate::foreign::{Account, Call, Foreign, Part, Sequence, Shape};
use crate::model::DataType;
use crate::names::{Scope, Style, spell};
use std::collections::BTreeMap;
use std::fmt::Write;

/// A documentation has no more lines and characters.
const MAX_LINES: usize = 24;
const MAX_CHARACTERS: usize = 200;

/// A module, and what its author has to know.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Module {
    /// The text.
    pub text: String,
    /// Names that are not as they were, and instructions that are not there.
    pub notes: Vec<String>,
}

/// Names that mean something else where a parameter stands: forms of the language, constants, what defaults call, and the
/// parameters that every macro here has.
const RESERVED: &[&str] = &[
    "and",
    "apply",
    "assert",
    "assert-error",
    "begin",
    "block",
    "break",
    "case",
    "catch",
    "cond",
    "const",
    "continue",
    "decf",
    "declaim",
    "declare",
    "defconstant",
    "defenum",
    "define",
    "define-macro",
    "define-struct",
    "define-symbol-macro",
    "defmacro",
    "defn",
    "defparameter",
    "defproperty",
    "defrecord",
    "defsetf",
    "defstruct",
    "deftest",
    "deftest-each",
    "deftype",
    "defun",
    "defvar",
    "destructuring-bind",
    "do",
    "dolist",
    "dotimes",
    "ecase",
    "error",
    "eval-when-compile",
    "export",
    "false",
    "flet",
    "fn",
    "for",
    "funcall",
    "function",
    "go",
    "handler-case",
    "if",
    "ignore-errors",
    "import",
    "incf",
    "inject",
    "labels",
    "lambda",
    "let",
    "letrec",
    "loop",
    "macrolet",
    "match",
    "multiple-value-bind",
    "multiple-value-call",
    "multiple-value-list",
    "multiple-value-prog1",
    "multiple-value-setq",
    "nil",
    "nth-value",
    "null",
    "or",
    "prog",
    "prog1",
    "prog2",
    "progn",
    "program",
    "psetf",
    "psetq",
    "pub",
    "quasiquote",
    "quote",
    "return",
    "return-from",
    "rotatef",
    "setf",
    "setq",
    "shiftf",
    "signers",
    "symbol-macrolet",
    "t",
    "tagbody",
    "the",
    "throw",
    "true",
    "try",
    "typecase",
    "typep",
    "unless",
    "unquote",
    "unquote-splicing",
    "until",
    "unwind-protect",
    "values",
    "values-list",
    "when",
    "while",
];

/// The module of a description. `name` is what all names begin with; that of the program otherwise.
///
/// # Errors
/// No instruction can be called.
pub fn module(foreign: &Foreign, name: Option<&str>) -> Result<Module, String> {
    if foreign.calls.is_empty() {
        let reasons: Vec<&str> = foreign.skipped.iter().take(3).map(String::as_str).collect();
        return Err(match reasons.is_empty() {
            true => "it has no instructions".to_string(),
            false => format!("none of its instructions can be called: {}", reasons.join("; ")),
        });
    }
    let mut writer = Writer::new(foreign, name.unwrap_or(&foreign.name));
    writer.types();
    for call in &foreign.calls {
        writer.call(call);
    }
    let mut notes = writer.notes;
    notes.extend(foreign.skipped.iter().map(|reason| format!("left out: {}", comment(reason))));
    let mut text = format!(
        ";;; Calls of the program `{}`, made by `ovsmc bind` from its description.\n",
        comment(&foreign.name)
    );
    documented(&mut text, &foreign.docs);
    if !notes.is_empty() {
        text.push_str(";;;\n");
    }
    // Writing to a string can not fail.
    for note in &notes {
        let _ = writeln!(text, ";;; * {note}");
    }
    let _ = write!(text, "\n(export\n  {})\n", writer.exports.join("\n  "));
    text.push_str(&writer.text);
    Ok(Module { text, notes })
}

/// A text of somebody else on one line of a comment.
fn comment(text: &str) -> String {
    let is_seen = |it: char| match it {
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => false,
        it => !it.is_control() && it != '\u{2028}' && it != '\u{2029}',
    };
    let text =
        text.chars().take(MAX_CHARACTERS).map(|it| if is_seen(it) { it } else { ' ' }).collect::<String>();
    text.trim().to_string()
}

fn documented(out: &mut String, docs: &[String]) {
    for line in docs.iter().flat_map(|docs| docs.lines()).take(MAX_LINES) {
        // What looks like an example would be run as one.
        let line = comment(line).replace("; =>", "; gives");
        let _ = writeln!(out, ";;; {line}");
    }
}

struct Writer<'f> {
    foreign: &'f Foreign,
    prefix: String,
    text: String,
    notes: Vec<String>,
    exports: Vec<String>,
    /// What is defined at the top.
    names: Scope,
    /// Our names of types, by theirs.
    types: BTreeMap<&'f str, String>,
    program_id: Option<String>,
}

impl<'f> Writer<'f> {
    fn new(foreign: &'f Foreign, name: &str) -> Writer<'f> {
        let mut writer = Writer {
            foreign,
            prefix: name.to_string(),
            text: String::new(),
            notes: Vec::new(),
            exports: Vec::new(),
            names: Scope::default(),
            types: BTreeMap::new(),
            program_id: None,
        };
        if let Some(address) = &foreign.address {
            let name = writer.names.spell(&format!("{name} program id"), Style::Kebab);
            let _ = write!(
                writer.text,
                "\n;;; The address of the program.\n(defmacro {name} () '(pubkey \"{address}\"))\n"
            );
            writer.exports.push(name.clone());
            writer.program_id = Some(name);
        }
        writer
    }

    /// A name in a scope; a note tells if it is not the one that everybody expects.
    fn name(notes: &mut Vec<String>, scope: &mut Scope, what: &str, name: &str, style: Style) -> String {
        let given = scope.spell(name, style);
        let is_plain = given == spell(name, style)
            && name.is_ascii()
            && name.starts_with(|it: char| it.is_ascii_alphabetic());
        if !is_plain {
            notes.push(format!("{what} `{}` is called `{given}` here", comment(name)));
        }
        given
    }

    fn types(&mut self) {
        for (theirs, shape) in &self.foreign.types {
            let wanted = format!("{} {theirs}", self.prefix);
            let what = "the type";
            let name = Self::name(&mut self.notes, &mut self.names, what, &wanted, Style::Pascal);
            let fields = |writer: &mut Self, fields: &[(String, DataType)]| -> String {
                let mut scope = Scope::default();
                let field = |(field, ty): &(String, DataType)| {
                    let what = format!("a field of `{name}`:");
                    let field = Self::name(&mut writer.notes, &mut scope, &what, field, Style::Kebab);
                    format!(" ({field} : {})", type_text(ty, &writer.types))
                };
                fields.iter().map(field).collect()
            };
            self.exports.push(name.clone());
            match shape {
                Shape::Record(of) | Shape::Aligned(of) => {
                    let align = if matches!(shape, Shape::Aligned(_)) { " :align 8" } else { "" };
                    let fields = fields(self, of);
                    let _ = write!(self.text, "\n(defrecord {name}{align}{fields})\n");
                }
                Shape::Enum(variants) => {
                    let _ = write!(self.text, "\n(defenum {name}");
                    for (variant, of) in variants {
                        let wanted = format!("{name} {variant}");
                        let what = "the variant";
                        let variant =
                            Self::name(&mut self.notes, &mut self.names, what, &wanted, Style::Pascal);
                        let fields = fields(self, of);
                        let _ = write!(self.text, "\n  ({variant}{fields})");
                        self.exports.push(variant);
                    }
                    self.text.push_str(")\n");
                }
            }
            self.types.insert(theirs, name);
        }
    }

    fn call(&mut self, call: &Call) {
        let wanted = format!("{} {}", self.prefix, call.name);
        let what = "the instruction";
        let name = Self::name(&mut self.notes, &mut self.names, what, &wanted, Style::Kebab);
        self.exports.push(name.clone());
        let mut scope = Scope::without(RESERVED);
        let mut spelled = |writer: &mut Self, what: &str, theirs: &str| {
            let what = format!("{what} of `{name}`:");
            Self::name(&mut writer.notes, &mut scope, &what, theirs, Style::Kebab)
        };
        let mut parameters: Vec<String> = Vec::new();
        let needed = |parameter: &str| format!("({parameter} (error \"`{name}` needs `:{parameter}`\"))");
        let mut metas: Vec<String> = Vec::new();
        let mut words: Vec<String> = Vec::new();
        for account in &call.accounts {
            let parameter = spelled(self, "an account", &account.name);
            let flags = [(account.writable, " :mut"), (account.signer, " :signer")];
            let flags: String =
                flags.into_iter().filter(|(is_set, _)| *is_set).map(|(_, flag)| flag).collect();
            metas.push(format!("[,{parameter}{flags}]"));
            words.push(account_words(&parameter, account));
            parameters.push(needed(&parameter));
        }
        let mut data: Vec<String> = Vec::new();
        // What the macro binds, so that it is evaluated once.
        let mut bindings: Vec<String> = Vec::new();
        for part in &call.parts {
            match part {
                Part::Bytes(bytes) => data.extend(constants(bytes)),
                Part::Argument(theirs, ty) => {
                    let parameter = spelled(self, "an argument", theirs);
                    let ty = type_text(ty, &self.types);
                    data.push(format!("(the {ty} ,{parameter})"));
                    words.push(format!("`:{parameter}` is {ty}"));
                    parameters.push(needed(&parameter));
                }
                Part::Optional(theirs, ty) => {
                    let parameter = spelled(self, "an argument", theirs);
                    let ty = type_text(ty, &self.types);
                    data.push(format!(",@(if (null? {parameter}) '(0u8) `(1u8 (the {ty} ,{parameter})))"));
                    words.push(format!("`:{parameter}` is {ty}, and may be left out"));
                    parameters.push(format!("({parameter} null)"));
                }
                Part::Sequence { name: theirs, bits, of, optional } => {
                    let parameter = spelled(self, "an argument", theirs);
                    let (ty, what, length) = sequence_text(of, &self.types);
                    let own = format!("own-{parameter}");
                    let count = match bits {
                        0 => String::new(),
                        bits => format!("(u{bits} (length {})) ", length.replace("it", &own)),
                    };
                    match optional {
                        false => {
                            bindings.push(format!("({own} : {ty} ,{parameter})"));
                            data.push(format!("{count}{own}"));
                            words.push(format!("`:{parameter}` is {what}"));
                            parameters.push(needed(&parameter));
                        }
                        true => {
                            bindings.push(format!(
                                ",@(if (null? {parameter}) '() `(({own} : {ty} ,{parameter})))"
                            ));
                            data.push(format!(",@(if (null? {parameter}) '(0u8) '(1u8 {count}{own}))"));
                            words.push(format!("`:{parameter}` is {what}, and may be left out"));
                            parameters.push(format!("({parameter} null)"));
                        }
                    }
                }
            }
        }
        match &self.program_id {
            Some(id) => parameters.push(format!("(program '({id}))")),
            None => {
                words.push("`:program` is the program, an account or a key".to_string());
                parameters.push(needed("program"));
            }
        }
        parameters.push("(signers null)".to_string());
        self.text.push('\n');
        documented(&mut self.text, &call.docs);
        if !call.docs.is_empty() && !words.is_empty() {
            self.text.push_str(";;;\n");
        }
        for word in &words {
            let _ = writeln!(self.text, ";;; * {word}");
        }
        let invoke = format!(
            "(invoke-program\n     ,program\n     [{}]\n     [{}]\n     ,signers)",
            metas.join("\n      "),
            data.join("\n      "),
        );
        let invoke = match bindings.is_empty() {
            true => invoke,
            false => format!("(let ({})\n     {invoke})", bindings.join("\n      ")),
        };
        let parameters = parameters.join("\n    ");
        let _ = write!(self.text, "(defmacro {name} (&key\n    {parameters})\n  `{invoke})\n");
    }
}

/// What an account has to be, in words.
fn account_words(parameter: &str, account: &Account) -> String {
    let mut words = vec!["an account"];
    if account.writable {
        words.push("that may change");
    }
    if account.signer {
        words.push(if account.writable { "and signs" } else { "that signs" });
    }
    if account.optional {
        words.push("; the program itself may stand in its place");
    }
    format!("`:{parameter}` is {}", words.join(" ").replace(" ;", ";"))
}

/// The type of a sequence, what it is in words, and what its length is that of: `it`, or something of it.
fn sequence_text(of: &Sequence, names: &BTreeMap<&str, String>) -> (String, String, &'static str) {
    match of {
        Sequence::Text => ("string".to_string(), "a string".to_string(), "(bytes it)"),
        Sequence::Bytes => ("(array u8)".to_string(), "bytes".to_string(), "it"),
        Sequence::List(item) => {
            let item = type_text(item, names);
            (format!("(array {item})"), format!("any number of items, each {item}"), "it")
        }
    }
}

/// A type with our names.
fn type_text(ty: &DataType, names: &BTreeMap<&str, String>) -> String {
    match ty {
        DataType::Named(name) => {
            names.get(name.as_str()).cloned().unwrap_or_else(|| spell(name, Style::Pascal))
        }
        DataType::Option(item) => format!("(option {})", type_text(item, names)),
        DataType::Array(item, length) => format!("(array {} {length})", type_text(item, names)),
        other => other.to_string(),
    }
}

/// Bytes as numbers: eight at once where there are as many.
fn constants(bytes: &[u8]) -> Vec<String> {
    let eights = bytes.chunks_exact(8);
    let rest: Vec<String> = eights.remainder().iter().map(|byte| format!("{byte}u8")).collect();
    let number = |eight: &[u8]| eight.iter().rev().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    eights.map(|eight| format!("0x{:016x}u64", number(eight))).chain(rest).collect()
}
