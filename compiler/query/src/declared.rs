//! The interface of a program, from what its forms declare: interface.
//!
//! Syntax that was quoted by the macros of `solana/program` gets its meaning for callers here. What is not known is kept as
//! text: the interface describes what a program says, it does not check it. Start with [`interface()`].

use crate::account_checks::{Checks, Handler};
use crate::code::body_types;
use crate::db::SourceFile;
use crate::forms::{Form, identities, split};
use crate::known::{Known, Typed, Values};
use crate::modules::{program, program_forms};
use crate::names::expand;
use crate::types::name_of as name_of_definition;
use ovsm_base::{DefId, FormId};
use ovsm_expand::core::{Chain, Expr, ExprId, Key, LocalId};
use ovsm_expand::ty::RecordType;
use ovsm_expand::{Datum, Declaration};
use ovsm_infer::Type;
use ovsm_interface::Interface;
use ovsm_interface::model::fingerprint;
use ovsm_interface::model::{
    DataType, ErrorCode, Field, Instruction, InstructionAccount, Layout, NamedType, Seed, Shape, Variant,
};
use std::collections::BTreeMap;

/// What callers have to know about the program of a file.
#[salsa::tracked]
pub fn interface(db: &dyn salsa::Database, file: SourceFile) -> Interface {
    let mut all = Documentation::default();
    for module in program(db, file) {
        let own = documentation(db, *module);
        all.of_file.clone_from(&own.of_file);
        all.by_form.extend(own.by_form.iter().map(|(form, lines)| (*form, lines.clone())));
        all.by_name.extend(own.by_name.iter().map(|(name, lines)| (name.clone(), lines.clone())));
    }
    described(db, file, &all)
}

/// The interface without what comments say: it changes only with the code.
pub(crate) fn without_documentation(db: &dyn salsa::Database, file: SourceFile) -> Interface {
    described(db, file, &Documentation::default())
}

fn described(db: &dyn salsa::Database, file: SourceFile, documentation: &Documentation) -> Interface {
    let mut builder =
        Builder { interface: Interface::new("program"), documentation, names: Vec::new(), db, file };
    for form in program_forms(db, file) {
        let docs = builder.docs_of(form.id(db));
        for declaration in &expand(db, *form).declarations {
            builder.declaration(declaration, &docs, *form);
        }
    }
    builder.interface
}

/// The `;;;` lines of each form, by its identity and by the name that it defines. Reads [`split`], so it runs after each
/// edit; its value changes only with what it says.
#[salsa::tracked]
pub fn documentation(db: &dyn salsa::Database, file: SourceFile) -> Documentation {
    let text = file.text(db);
    let split = split(db, file);
    let mut found = Documentation::default();
    for (id, form) in identities(file.module(db), text, split).into_iter().zip(&split.forms) {
        let Some(docs) = form.doc_text(text) else { continue };
        let lines: Vec<String> = docs.lines().map(|line| line.trim_end().to_string()).collect();
        found.by_name.entry(form.name_text(text).to_string()).or_insert_with(|| lines.clone());
        found.by_form.insert(id, lines);
    }
    // The block at the head of a file is about all of it, if an empty line follows.
    let head: Vec<&str> = text.lines().take_while(|line| line.starts_with(";;;")).collect();
    if text.lines().nth(head.len()).is_none_or(|line| line.trim().is_empty()) {
        let words = |line: &&str| line.trim_start_matches(';').trim().to_string();
        found.of_file = head.iter().map(words).collect();
    }
    found
}

/// What a file says about its forms.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Documentation {
    of_file: Vec<String>,
    by_form: BTreeMap<FormId, Vec<String>>,
    by_name: BTreeMap<String, Vec<String>>,
}

struct Builder<'a> {
    interface: Interface,
    documentation: &'a Documentation,
    /// The types of the interface, with the names that it gives them.
    names: Vec<(Type, String)>,
    db: &'a dyn salsa::Database,
    file: SourceFile,
}

impl<'a> Builder<'a> {
    fn docs_of(&self, form: &FormId) -> Vec<String> {
        self.documentation.by_form.get(form).cloned().unwrap_or_default()
    }

    fn declaration(&mut self, declaration: &Declaration, docs: &[String], form: Form<'a>) {
        match declaration {
            Declaration::Program { name, options } => {
                self.interface.name.clone_from(name);
                self.interface.docs = match docs {
                    [] => self.documentation.of_file.clone(),
                    docs => docs.to_vec(),
                };
                let options = pairs(options);
                let id = options.into_iter().find(|(name, _)| *name == "id").and_then(|(_, value)| value);
                self.interface.address = id.and_then(key);
            }
            Declaration::Instruction { name, instruction, arguments, accounts } => {
                let size = instruction.discriminator_size;
                let arguments = match arguments {
                    Some(record) => self.fields(record, size),
                    None => Vec::new(),
                };
                let handler = self.handler(form, instruction.handler);
                let accounts = self.instruction_accounts(accounts, &arguments, handler.as_ref());
                self.interface.instructions.push(Instruction {
                    name: name.clone(),
                    docs: docs.to_vec(),
                    discriminator: instruction
                        .discriminator
                        .to_le_bytes()
                        .into_iter()
                        .take(size as usize)
                        .collect(),
                    arguments,
                    accounts,
                    cost: None,
                });
            }
            Declaration::Account { record, discriminator } => {
                let layout = self.layout(record, *discriminator, docs);
                self.interface.accounts.push(layout);
            }
            Declaration::Event { record, discriminator } => {
                let layout = self.layout(record, *discriminator, docs);
                self.interface.events.push(layout);
            }
            Declaration::Errors { .. } => {
                for (code, name, message) in declaration.errors() {
                    let (name, message) = (name.to_string(), message.map(str::to_string));
                    self.interface.errors.push(ErrorCode { name, code, message });
                }
            }
        }
    }

    fn layout(&mut self, record: &RecordType, discriminator: u64, docs: &[String]) -> Layout {
        Layout {
            name: record.name.clone(),
            docs: docs.to_vec(),
            discriminator: discriminator.to_le_bytes(),
            fields: self.fields(record, 8),
            size: record.size().unwrap_or(0).saturating_add(8),
            aligned: record.is_aligned,
        }
    }

    fn fields(&mut self, record: &RecordType, start: u32) -> Vec<Field> {
        let mut fields = Vec::with_capacity(record.fields.len());
        for (field, place) in record.places() {
            let size = field.ty.size().unwrap_or(0);
            let offset = start.saturating_add(place);
            fields.push(Field { name: field.name.clone(), ty: self.data_type(&field.ty), offset, size });
        }
        fields
    }

    /// The type for callers; records and enums are added to the types of the interface, what they mention first.
    fn data_type(&mut self, ty: &Type) -> DataType {
        match ty {
            Type::Distinct(distinct) => self.data_type(&distinct.base),
            Type::Null => DataType::Null,
            Type::Bool => DataType::Bool,
            Type::Pubkey => DataType::Pubkey,
            Type::Int(int) => DataType::Integer(int.is_signed(), int.bits()),
            Type::Option(item) => DataType::Option(Box::new(self.data_type(item))),
            Type::Array(item, length) => DataType::Array(Box::new(self.data_type(item)), *length),
            Type::Record(record) => {
                if let Some(name) = self.name_of(ty) {
                    return DataType::Named(name);
                }
                let name = self.fresh_name(ty, &record.interface_name(), &record.module);
                let shape = Shape::Record(self.fields(record, 0));
                self.add_type(&name, &record.name, ty, shape);
                DataType::Named(name)
            }
            Type::Enum(parent) => {
                if let Some(name) = self.name_of(ty) {
                    return DataType::Named(name);
                }
                let module = parent.variants.first().map_or("", |variant| &variant.module);
                let name = self.fresh_name(ty, &parent.interface_name(), module);
                let mut variants = Vec::new();
                for variant in &parent.variants {
                    variants.push(Variant {
                        name: variant.name.clone(),
                        fields: self.fields(variant, 0),
                        size: variant.size().unwrap_or(0),
                    });
                }
                self.add_type(&name, &parent.name, ty, Shape::Enum(variants));
                DataType::Named(name)
            }
            other => DataType::Other(other.to_string()),
        }
    }

    fn name_of(&self, ty: &Type) -> Option<String> {
        self.names.iter().find(|(known, _)| known == ty).map(|(_, name)| name.clone())
    }

    /// A name for a type: its own, or one with that of its module if another type has it.
    fn fresh_name(&mut self, ty: &Type, own: &str, module: &str) -> String {
        let module = module.strip_prefix("module ").unwrap_or(module);
        let module = module.rsplit('/').next().unwrap_or(module);
        let qualified = format!("{module}-{own}");
        let numbered = (2..).map(|number| format!("{qualified}-{number}"));
        let mut candidates = [own.to_string(), qualified.clone()].into_iter().chain(numbered);
        let is_free = |name: &String| self.names.iter().all(|(_, other)| other != name);
        let name = candidates.find(is_free).unwrap_or(qualified);
        self.names.push((ty.clone(), name.clone()));
        name
    }

    fn add_type(&mut self, name: &str, defined: &str, ty: &Type, shape: Shape) {
        let mut docs = self.documentation.by_name.get(defined).cloned().unwrap_or_default();
        if ty.instance().is_some() {
            docs.push(format!("This is `{ty}`."));
        }
        let size = ty.size().unwrap_or(0);
        let aligned = matches!(ty, Type::Record(record) if record.is_aligned);
        self.interface.types.push(NamedType { name: name.to_string(), docs, size, aligned, shape });
    }

    /// The code of an instruction; `None` if it could not be understood, which was reported.
    fn handler(&self, form: Form<'a>, def: DefId) -> Option<Handler<'a>> {
        let function = expand(self.db, form).function(def)?;
        let types = body_types(self.db, self.file, form, Some(def))?;
        // Code for what is rare makes the same checks.
        let own = name_of_definition(self.db, self.file, def);
        let is_rare = |def: DefId| {
            let name = name_of_definition(self.db, self.file, def);
            name.strip_prefix(&*own).is_some_and(|rest| rest == "-with-repeats" || rest == "-unusual")
        };
        Some(Handler::new(Typed { body: &function.body, types }, &is_rare))
    }

    fn instruction_accounts(
        &self,
        entries: &[Datum],
        arguments: &[Field],
        handler: Option<&Handler<'a>>,
    ) -> Vec<InstructionAccount> {
        let mut names: Vec<&str> = Vec::new();
        for entry in entries {
            names.extend(entry.items().and_then(<[Datum]>::first).and_then(Datum::symbol));
        }
        let mut accounts = Vec::new();
        let mut values = Values::new(self.db, self.file);
        for (place, entry) in entries.iter().enumerate() {
            let Some([name, _, ty, options @ ..]) = entry.items() else { continue };
            let Some(name) = name.symbol() else { continue };
            let checks = handler.map(|handler| (handler, handler.checks(place)));
            let mut account = InstructionAccount { name: name.to_string(), ..InstructionAccount::default() };
            account_type(ty, &mut account, 0);
            let is_made = account.options.iter().any(|(option, _)| option == "init");
            for (option, value) in pairs(options) {
                match (option, value) {
                    // What the code says is put in their place.
                    ("seeds", Some(Datum::Array(seeds) | Datum::List(seeds))) => {
                        account.seeds =
                            Some(seeds.iter().map(|datum| seed(datum, &names, arguments)).collect());
                    }
                    ("seeds", Some(other)) => account.seeds = Some(vec![Seed::Expression(other.to_string())]),
                    ("optional", None) => account.optional = true,
                    (option, value) => {
                        if option == "address" {
                            account.address = value.and_then(known_program);
                        }
                        let value = value.map(Datum::to_string).unwrap_or_default();
                        account.options.push((option.to_string(), value));
                    }
                }
            }
            if let Some((handler, checks)) = checks {
                self.checked(&mut account, handler, &checks, &names, &mut values);
            }
            if account.address.is_some() {
                account.options.retain(|(option, _)| option != "address" && option != "program");
            }
            // What is made at an address that nothing is derived from signs for it.
            account.signer |= is_made && account.seeds.is_none();
            accounts.push(account);
        }
        accounts
    }
}

impl<'a> Builder<'a> {
    /// Puts what the code checks in the place of what was written.
    fn checked(
        &self,
        account: &mut InstructionAccount,
        handler: &Handler<'a>,
        checks: &Checks,
        names: &[&str],
        values: &mut Values<'a>,
    ) {
        let mut computed = Vec::new();
        let locals = callers_names(handler);
        let mut key = |values: &mut Values<'a>, of: Option<ExprId>, what: &str| {
            let expr = of?;
            if let Some(Known::Key(key)) = values.value(handler.code, expr) {
                return Some(ovsm_value::encoding::base58(&key));
            }
            computed.push(format!("{what} {}", values.fingerprint(handler.code, &locals, expr)));
            None
        };
        // What the code compares is what counts, and not what it is called.
        if checks.address.is_some() {
            account.address = key(values, checks.address, "address");
        }
        if let Some(owner) = key(values, checks.owner, "owner") {
            account.owner = Some(owner);
            account.options.retain(|(option, _)| option != "owner");
        }
        if let (Some(written), Some(exprs)) = (&account.seeds, &checks.seeds) {
            let texts: Vec<String> = match written.as_slice() {
                [Seed::Expression(text)] if exprs.len() != 1 => vec![text.clone(); exprs.len()],
                written => written.iter().map(seed_text).collect(),
            };
            let mut seeds = Vec::with_capacity(exprs.len());
            for (place, expr) in exprs.iter().enumerate() {
                seeds.push(match self.seed_of(values, handler, *expr, names) {
                    Some(seed) => seed,
                    None => {
                        let fingerprint = values.fingerprint(handler.code, &locals, *expr);
                        computed.push(format!("seed {place} {fingerprint}"));
                        Seed::Expression(texts.get(place).cloned().unwrap_or_default())
                    }
                });
            }
            account.seeds = Some(seeds);
        }
        if !computed.is_empty() {
            account.computed = Some(fingerprint(&computed.join("\n")));
        }
    }

    /// What a seed is for callers; `None` if they can not know it.
    fn seed_of(
        &self,
        values: &mut Values<'a>,
        handler: &Handler<'a>,
        expr: ExprId,
        names: &[&str],
    ) -> Option<Seed> {
        match values.value(handler.code, expr) {
            Some(Known::Key(key)) => return Some(Seed::Key(ovsm_value::encoding::base58(&key))),
            Some(known) => return Some(Seed::Bytes(known.bytes())),
            None => {}
        }
        let account = |expr: ExprId| Some(names.get(handler.account(expr)?)?.to_string());
        if let Some(name) = account(expr) {
            return Some(Seed::Account(name));
        }
        if let Some(name) = handler.argument(expr) {
            return Some(Seed::Argument(name.to_string()));
        }
        match handler.expr(expr)? {
            Expr::KeyOf(inner) => Some(Seed::Account(account(*inner)?)),
            Expr::Chain(chain) if matches!(**chain, Chain::ProgramKey) => Some(Seed::Program),
            Expr::Get(of, Key::Field(field, _)) => match account(*of) {
                Some(name) => Some(Seed::AccountField(name, field.clone())),
                None => {
                    let ty = handler.code.types.type_of(*of);
                    // What can be left out is there on chain only.
                    if !matches!(ty.underlying(), Type::Record(_)) {
                        return None;
                    }
                    Some(Seed::ArgumentField(handler.argument(*of)?.to_string(), field.clone()))
                }
            },
            _ => None,
        }
    }
}

/// The accounts and the arguments of an instruction, by what they are for callers.
fn callers_names(handler: &Handler<'_>) -> BTreeMap<LocalId, String> {
    let accounts = handler.accounts.iter().map(|(local, place)| (*local, format!("account {place}")));
    let arguments = handler.arguments.iter().map(|(local, name)| (*local, format!("argument {name}")));
    accounts.chain(arguments).collect()
}

/// How a seed was written.
fn seed_text(seed: &Seed) -> String {
    match seed {
        Seed::Expression(text) | Seed::Account(text) | Seed::Argument(text) | Seed::Key(text) => text.clone(),
        Seed::AccountField(of, field) | Seed::ArgumentField(of, field) => format!("(. {of} {field})"),
        Seed::Program => "(program-key)".to_string(),
        Seed::Bytes(bytes) => format!("{:?}", String::from_utf8_lossy(bytes)),
    }
}

/// The keywords of a list of options with what follows each, if that is a value.
fn pairs(options: &[Datum]) -> Vec<(&str, Option<&Datum>)> {
    let mut found: Vec<(&str, Option<&Datum>)> = Vec::new();
    for datum in options {
        match (datum, found.last_mut()) {
            (Datum::Keyword(name), _) => found.push((name, None)),
            (value, Some((_, open @ None))) => *open = Some(value),
            _ => {}
        }
    }
    found
}

/// What the type of an account says to callers. Words that are not known are kept.
fn account_type(ty: &Datum, account: &mut InstructionAccount, depth: u32) {
    let (head, rest) = match ty {
        Datum::Symbol(word) => (word.as_str(), &[][..]),
        other => match other.items() {
            Some([Datum::Symbol(word), rest @ ..]) => (word.as_str(), rest),
            _ => return,
        },
    };
    match head {
        "signer" => account.signer = true,
        "mut" => account.writable = true,
        "option" | "optional" => account.optional = true,
        // What is created or closed changes.
        "init" | "close" | "realloc" => {
            account.writable = true;
            account.options.push((head.to_string(), String::new()));
        }
        "account" => {
            account.account = rest.first().and_then(Datum::symbol).map(str::to_string);
            return;
        }
        "program" => {
            account.address = rest.first().and_then(known_program);
            account.options.push((head.to_string(), written(rest)));
            return;
        }
        other => {
            account.options.push((other.to_string(), written(rest)));
            return;
        }
    }
    if depth < 64 {
        for part in rest.iter().filter(|part| !matches!(part, Datum::Keyword(_))) {
            account_type(part, account, depth + 1);
        }
    }
}

fn written(parts: &[Datum]) -> String {
    parts.iter().map(Datum::to_string).collect::<Vec<_>>().join(" ")
}

/// The address of a program that everybody knows, by the name of the form that stands for it, or of one that is written out.
fn known_program(datum: &Datum) -> Option<String> {
    let name = match datum {
        Datum::Symbol(name) => name,
        Datum::List(items) => match items.as_slice() {
            [Datum::Symbol(name)] => name,
            _ => return key(datum),
        },
        _ => return key(datum),
    };
    let name = name.strip_suffix("-id").unwrap_or(name);
    let address = match name.strip_suffix("-program").unwrap_or(name) {
        "system" => "11111111111111111111111111111111",
        "token" => "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA",
        "token-2022" => "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb",
        "associated-token" => "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL",
        "memo" => "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr",
        _ => return None,
    };
    Some(address.to_string())
}

/// The key that is written out: a string, or `(pubkey "…")`.
pub(crate) fn key(datum: &Datum) -> Option<String> {
    match datum {
        Datum::String(text) => ovsm_value::encoding::from_base58::<32>(text).map(|_| text.clone()),
        other => match other.items() {
            Some([Datum::Symbol(head), Datum::String(text)]) if head == "pubkey" => {
                ovsm_value::encoding::from_base58::<32>(text).map(|_| text.clone())
            }
            _ => None,
        },
    }
}

/// What one seed is made of.
fn seed(datum: &Datum, accounts: &[&str], arguments: &[Field]) -> Seed {
    let is_account = |name: &str| accounts.contains(&name);
    match datum {
        Datum::String(text) => Seed::Bytes(text.as_bytes().to_vec()),
        Datum::Other(text) if number_bytes(text).is_some() => {
            Seed::Bytes(number_bytes(text).unwrap_or_default())
        }
        Datum::Symbol(name) if is_account(name) => Seed::Account(name.clone()),
        Datum::Symbol(name) if arguments.iter().any(|field| field.name == *name) => {
            Seed::Argument(name.clone())
        }
        other => match other.items() {
            Some([Datum::Symbol(head), Datum::Symbol(account)]) if head == "key" && is_account(account) => {
                Seed::Account(account.clone())
            }
            Some([Datum::Symbol(head), Datum::String(text)]) if head == "bytes" => {
                Seed::Bytes(text.as_bytes().to_vec())
            }
            Some([Datum::Symbol(head), Datum::String(text)]) if head == "pubkey" => match key(other) {
                Some(_) => Seed::Key(text.clone()),
                None => Seed::Expression(other.to_string()),
            },
            Some([Datum::Symbol(head), Datum::Symbol(account), Datum::Symbol(field)])
                if head == "." && is_account(account) =>
            {
                Seed::AccountField(account.clone(), field.clone())
            }
            _ => Seed::Expression(other.to_string()),
        },
    }
}

/// The bytes of an integer that says its width, as `1u8`.
fn number_bytes(text: &str) -> Option<Vec<u8>> {
    let (digits, bits) = text.split_once(['u', 'i'])?;
    let size = bits.parse::<usize>().ok().filter(|bits| matches!(bits, 8 | 16 | 32 | 64 | 128))? / 8;
    let number =
        digits.parse::<i128>().map(|number| number as u128).or_else(|_| digits.parse::<u128>()).ok()?;
    Some(number.to_le_bytes().get(..size)?.to_vec())
}
