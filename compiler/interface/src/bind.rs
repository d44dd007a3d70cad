//! A module of OVSM that calls a program of somebody else: a macro for each instruction, with checked types, and one for each
//! type of which programs have no values, only bytes.
//!
//! The names are made so that nothing in a description can become anything but a name, a comment or a number. Start with
//! [`module`].

mod data;
mod open;

use crate::foreign::{Account, Call, Fields, Foreign, Part, Shape};
use crate::model::DataType;
use crate::names::{Scope, Style, spell};
use data::{Given, calls};
use open::OpenNames;
use std::collections::BTreeMap;
use std::fmt::Write;

/// A documentation has no more lines and characters.
const MAX_LINES: usize = 24;
const MAX_CHARACTERS: usize = 200;
/// No module is larger; a short description can ask for much.
const MAX_MODULE: usize = 8 << 20;

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
    "to-array",
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
/// No instruction can be called, or the module would be too large.
pub fn module(foreign: &Foreign, name: Option<&str>) -> Result<Module, String> {
    if foreign.calls.is_empty() {
        let reasons: Vec<&str> = foreign.skipped.iter().take(3).map(String::as_str).collect();
        return Err(match reasons.is_empty() {
            true => "it has no instructions".to_string(),
            false => format!("none of its instructions can be called: {}", reasons.join("; ")),
        });
    }
    let mut writer = Writer::new(foreign, name.unwrap_or(&foreign.name));
    // Instructions have the first choice of names.
    let names: Vec<String> = foreign.calls.iter().map(|call| writer.call_name(call)).collect();
    writer.types();
    writer.open_types();
    for (call, name) in foreign.calls.iter().zip(names) {
        if writer.text.len() > MAX_MODULE {
            break;
        }
        writer.call(call, &name);
    }
    if writer.text.len() > MAX_MODULE {
        return Err(format!("its module would have more than {MAX_MODULE} bytes"));
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
    /// What writes values of enums whose variants differ in size, by their name.
    uneven: BTreeMap<&'f str, String>,
    /// The names around types without values, by theirs.
    open: BTreeMap<&'f str, OpenNames>,
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
            uneven: BTreeMap::new(),
            open: BTreeMap::new(),
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
                    let variants = variants.iter().map(|(variant, of)| (variant, of));
                    self.defenum(&name, variants, fields);
                }
                Shape::Uneven(variants) => {
                    let all = variants.iter().map(|(variant, of, _)| (variant, of));
                    let ours = self.defenum(&name, all, fields);
                    let sized: Vec<(String, usize, u32)> = ours
                        .into_iter()
                        .zip(variants)
                        .map(|(ours, (_, fields, size))| (ours, fields.len(), *size))
                        .collect();
                    let writes = self.uneven_writer(&name, &sized);
                    self.uneven.insert(theirs, writes);
                }
            }
            self.types.insert(theirs, name);
        }
    }

    /// An enum; gives our names of its variants.
    fn defenum<'v>(
        &mut self,
        name: &str,
        variants: impl Iterator<Item = (&'v String, &'v Fields)>,
        fields: impl Fn(&mut Self, &[(String, DataType)]) -> String,
    ) -> Vec<String> {
        let mut text = format!("\n(defenum {name}");
        let mut ours = Vec::new();
        for (variant, of) in variants {
            let wanted = format!("{name} {variant}");
            let what = "the variant";
            let variant = Self::name(&mut self.notes, &mut self.names, what, &wanted, Style::Pascal);
            let fields = fields(self, of);
            let _ = write!(text, "\n  ({variant}{fields})");
            self.exports.push(variant.clone());
            ours.push(variant);
        }
        text.push_str(")\n");
        self.text.push_str(&text);
        ours
    }

    fn call_name(&mut self, call: &Call) -> String {
        let wanted = format!("{} {}", self.prefix, call.name);
        let what = "the instruction";
        let name = Self::name(&mut self.notes, &mut self.names, what, &wanted, Style::Kebab);
        self.exports.push(name.clone());
        name
    }

    /// What the caller gives for the arguments among some parts.
    fn given<'p>(&mut self, parts: &'p [Part], name: &str, scope: &mut Scope) -> Vec<Given<'p>> {
        let given = |part: &'p Part| match part {
            Part::Bytes(bytes) => Given::Bytes(bytes),
            Part::Argument(argument) => {
                let what = format!("an argument of `{name}`:");
                let parameter = Self::name(&mut self.notes, scope, &what, &argument.name, Style::Kebab);
                Given::Argument(parameter, argument)
            }
        };
        parts.iter().map(given).collect()
    }

    fn call(&mut self, call: &Call, name: &str) {
        let mut scope = Scope::without(RESERVED);
        let mut parameters: Vec<String> = Vec::new();
        let mut metas: Vec<String> = Vec::new();
        let mut words: Vec<String> = Vec::new();
        for account in &call.accounts {
            let what = format!("an account of `{name}`:");
            let parameter = Self::name(&mut self.notes, &mut scope, &what, &account.name, Style::Kebab);
            let flags = [(account.writable, " :mut"), (account.signer, " :signer")];
            let flags: String =
                flags.into_iter().filter(|(is_set, _)| *is_set).map(|(_, flag)| flag).collect();
            words.push(account_words(&parameter, account));
            if account.omitted {
                metas.push(format!(",@(if (null? {parameter}) '() `([,{parameter}{flags}]))"));
                parameters.push(format!("({parameter} null)"));
            } else {
                metas.push(format!("[,{parameter}{flags}]"));
                parameters.push(needed(name, &parameter));
            }
        }
        let given = self.given(&call.parts, name, &mut scope);
        let written = self.written(name, &given);
        words.extend(written.words);
        parameters.extend(written.parameters);
        match &self.program_id {
            Some(id) => parameters.push(format!("(program '({id}))")),
            None => {
                words.push("`:program` is the program, an account or a key".to_string());
                parameters.push(needed(name, "program"));
            }
        }
        parameters.push("(signers null)".to_string());
        self.documented(&call.docs, &words);
        let invoke = format!(
            "(invoke-program\n     ,program\n     [{}]\n     [{}]\n     ,signers)",
            metas.join("\n      "),
            calls(&written.data).join("\n      "),
        );
        let invoke = match written.bindings.is_empty() {
            true => invoke,
            false => format!("(let* ({})\n     {invoke})", written.bindings.join("\n      ")),
        };
        let parameters = parameters.join("\n    ");
        let _ = write!(self.text, "(defmacro {name} (&key\n    {parameters})\n  `{invoke})\n");
    }

    /// The comment above a macro.
    fn documented(&mut self, docs: &[String], words: &[String]) {
        self.text.push('\n');
        documented(&mut self.text, docs);
        if !docs.is_empty() && !words.is_empty() {
            self.text.push_str(";;;\n");
        }
        for word in words {
            let _ = writeln!(self.text, ";;; * {word}");
        }
    }
}

/// A parameter that has to be given.
fn needed(name: &str, parameter: &str) -> String {
    format!("({parameter} (error \"`{name}` needs `:{parameter}`\"))")
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
    if account.omitted {
        words.push("; it may be left out");
    }
    format!("`:{parameter}` is {}", words.join(" ").replace(" ;", ";"))
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
