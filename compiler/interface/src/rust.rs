//! A Rust client: types, codecs of accounts and events, builders of instructions, derived addresses, errors. It needs
//! `solana-instruction` and `solana-pubkey` and nothing else; the layouts are those of the interface, byte for byte.
//!
//! Start with [`write()`].

use crate::derived::{DerivedAddress, derived_address, derived_addresses};
use crate::model::{
    DataType, Field, Instruction, InstructionAccount, Interface, Layout, NamedType, Seed, Shape,
};
use crate::names::{Scope, Style, spell};
use crate::padding::with_gaps;
use std::collections::{BTreeMap, BTreeSet};

/// Words that are no names of fields.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop",
    "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static",
    "struct", "super", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual",
    "where", "while", "yield",
];

/// Names that types of the program can not have.
const RESERVED: &[&str] = &[
    "Self",
    "Option",
    "Some",
    "None",
    "Vec",
    "Result",
    "Ok",
    "Err",
    "Clone",
    "Copy",
    "Debug",
    "PartialEq",
    "Eq",
    "Sized",
    "TryFrom",
    "Data",
    "DecodeError",
    "Pubkey",
    "Instruction",
    "AccountMeta",
];

/// What every client has: how values lie in memory.
const DATA: &str = r#"/// A value with an exact layout: no padding but that of the program, integers little endian.
pub trait Data: Sized {
    /// How many bytes a value takes; always the same.
    const SIZE: usize;

    /// Appends the bytes of the value.
    fn write(&self, out: &mut Vec<u8>);

    /// Reads a value from the first bytes; `None` if they are too few or no value.
    fn read(bytes: &[u8]) -> Option<Self>;
}

/// What is wrong with the data of an account or of an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DecodeError {
    /// Another length than that of the type.
    Length,
    /// The first bytes are those of another type.
    Discriminator,
    /// A field has bytes that are no value of its type.
    Value,
}

impl core::fmt::Display for DecodeError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            DecodeError::Length => "the data have another length than the type",
            DecodeError::Discriminator => "the data begin with the bytes of another type",
            DecodeError::Value => "a field has bytes that are no value of its type",
        })
    }
}

impl core::error::Error for DecodeError {}

/// Reads a value after eight bytes that tell its type.
fn decode<T: Data>(discriminator: [u8; 8], data: &[u8]) -> Result<T, DecodeError> {
    if data.len() != 8 + T::SIZE {
        return Err(DecodeError::Length);
    }
    match data.split_first_chunk::<8>() {
        Some((first, rest)) if *first == discriminator => T::read(rest).ok_or(DecodeError::Value),
        _ => Err(DecodeError::Discriminator),
    }
}

/// The bytes of a value after eight bytes that tell its type.
fn encode<T: Data>(discriminator: [u8; 8], value: &T) -> Vec<u8> {
    let mut out = discriminator.to_vec();
    value.write(&mut out);
    out
}

macro_rules! integers {
    ($($ty:ty)*) => {$(
        impl Data for $ty {
            const SIZE: usize = size_of::<$ty>();

            fn write(&self, out: &mut Vec<u8>) {
                out.extend(self.to_le_bytes());
            }

            fn read(bytes: &[u8]) -> Option<Self> {
                bytes.first_chunk().map(|bytes| <$ty>::from_le_bytes(*bytes))
            }
        }
    )*};
}

integers!(u8 i8 u16 i16 u32 i32 u64 i64 u128 i128);

impl Data for () {
    const SIZE: usize = 0;

    fn write(&self, _out: &mut Vec<u8>) {}

    fn read(_bytes: &[u8]) -> Option<Self> {
        Some(())
    }
}

impl Data for bool {
    const SIZE: usize = 1;

    fn write(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        match bytes.first() {
            Some(0) => Some(false),
            Some(1) => Some(true),
            _ => None,
        }
    }
}

impl Data for Pubkey {
    const SIZE: usize = 32;

    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.to_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        bytes.first_chunk().map(|bytes| Pubkey::new_from_array(*bytes))
    }
}

impl<T: Data> Data for Option<T> {
    const SIZE: usize = 1 + T::SIZE;

    fn write(&self, out: &mut Vec<u8>) {
        let end = out.len() + Self::SIZE;
        out.push(u8::from(self.is_some()));
        if let Some(value) = self {
            value.write(out);
        }
        out.resize(end, 0);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        match bytes.split_first() {
            Some((0, rest)) if rest.len() >= T::SIZE => Some(None),
            Some((1, rest)) => T::read(rest).map(Some),
            _ => None,
        }
    }
}

impl<T: Data, const N: usize> Data for [T; N] {
    const SIZE: usize = N * T::SIZE;

    fn write(&self, out: &mut Vec<u8>) {
        for item in self {
            item.write(out);
        }
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let items: Option<Vec<T>> = (0..N).map(|place| T::read(bytes.get(place * T::SIZE..)?)).collect();
        items?.try_into().ok()
    }
}
"#;

/// The files of the client: their paths and texts.
pub fn write(interface: &Interface) -> Vec<(String, String)> {
    let derived = derived_addresses(interface);
    let name = spell(&interface.name, Style::Snake).replace('_', "-");
    let features = if derived.is_empty() { "" } else { ", features = [\"curve25519\"]" };
    let manifest = format!(
        "[package]\nname = \"{name}-client\"\nversion = \"0.1.0\"\nedition = \"2024\"\npublish = false\n\n[dependencies]\n\
         solana-instruction = {{ version = \"3\", default-features = false, features = [\"std\"] }}\n\
         solana-pubkey = {{ version = \"4\", default-features = false{features} }}\n"
    );
    vec![("Cargo.toml".to_string(), manifest), ("src/lib.rs".to_string(), source(interface, &derived))]
}

fn source(interface: &Interface, derived: &[DerivedAddress<'_>]) -> String {
    let mut scope = Scope::without(RESERVED);
    let mut names = BTreeMap::new();
    let layouts = interface.accounts.iter().chain(&interface.events).map(|layout| &layout.name);
    for name in interface.types.iter().map(|named| &named.name).chain(layouts) {
        if !names.contains_key(name.as_str()) {
            names.insert(name.as_str(), scope.spell(name, Style::Pascal));
        }
    }
    let mut client = Client { interface, names, text: String::new(), indent: "" };
    client.head();
    client.text.push_str(DATA);
    for named in &interface.types {
        client.named(named);
    }
    for account in &interface.accounts {
        client.layout(account, "account");
    }
    for event in &interface.events {
        client.layout(event, "event");
    }
    client.instructions(derived);
    client.addresses(derived);
    client.errors();
    client.text
}

struct Client<'a> {
    interface: &'a Interface,
    /// The name of each type.
    names: BTreeMap<&'a str, String>,
    text: String,
    indent: &'static str,
}

/// A part of an enum that has no fields, or the fields by their names.
type Named<'a> = Vec<(String, &'a Field)>;

impl<'a> Client<'a> {
    fn line(&mut self, text: impl AsRef<str>) {
        let text = text.as_ref();
        if !text.is_empty() {
            self.text.push_str(self.indent);
        }
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn docs(&mut self, indent: &str, lines: &[String], instead: &str) {
        let instead = [instead.to_string()];
        let lines = if lines.is_empty() { &instead[..] } else { lines };
        for line in lines {
            // A control character has no place in a comment.
            let line = line.replace(char::is_control, " ");
            let line = format!("{indent}/// {line}");
            self.line(line.trim_end());
        }
    }

    fn head(&mut self) {
        self.line(format!(
            "//! The client of the program `{}`, written by `ovsmc client`. Changes to it are lost.",
            self.interface.name
        ));
        for line in &self.interface.docs {
            self.text.push_str(format!("//! {}", line.replace(char::is_control, " ")).trim_end());
            self.text.push('\n');
        }
        // How it is spaced is the writer's business.
        self.line("\n#![cfg_attr(rustfmt, rustfmt_skip)]\n");
        self.line("use solana_pubkey::Pubkey;\n");
        if let Some(key) = self.interface.address.as_deref().and_then(bytes_of_key) {
            self.line("/// The address of the program.");
            self.line(format!("pub const ID: Pubkey = Pubkey::new_from_array({key:?});\n"));
        }
    }

    fn ty(&self, ty: &DataType, size: u32) -> String {
        match ty {
            DataType::Bool => "bool".to_string(),
            DataType::Integer(..) => ty.to_string(),
            DataType::Pubkey => "Pubkey".to_string(),
            DataType::Null => "()".to_string(),
            DataType::Option(item) => format!("Option<{}>", self.ty(item, size.saturating_sub(1))),
            DataType::Array(item, length) => {
                let item = self.ty(item, size.checked_div(*length).unwrap_or(0));
                format!("[{item}; {length}]")
            }
            DataType::Named(name) => self.names.get(name.as_str()).cloned().unwrap_or_default(),
            DataType::Other(_) => format!("[u8; {size}]"),
        }
    }

    /// The type from inside of a module.
    fn inner_ty(&self, ty: &DataType, size: u32) -> String {
        match ty {
            DataType::Option(item) => format!("Option<{}>", self.inner_ty(item, size.saturating_sub(1))),
            DataType::Array(item, length) => {
                let item = self.inner_ty(item, size.checked_div(*length).unwrap_or(0));
                format!("[{item}; {length}]")
            }
            DataType::Named(_) => format!("super::{}", self.ty(ty, size)),
            _ => self.ty(ty, size),
        }
    }

    fn named_fields<'f>(fields: &'f [Field]) -> Named<'f> {
        let mut scope = Scope::without(KEYWORDS);
        fields.iter().map(|field| (scope.spell(&field.name, Style::Snake), field)).collect()
    }

    /// A record whose fields lie between two offsets.
    fn record(&mut self, name: &str, fields: &[Field], (start, end): (u32, u32)) {
        let gaps: Vec<u32> = with_gaps(fields, end).map(|(_, gap)| gap).collect();
        let fields = Client::named_fields(fields);
        self.line("#[derive(Clone, Copy, PartialEq, Eq, Debug)]");
        self.line(format!("pub struct {name} {{"));
        for (property, field) in &fields {
            let ty = self.ty(&field.ty, field.size);
            self.line(format!("    /// `{}`", field.name));
            self.line(format!("    pub {property}: {ty},"));
        }
        self.line("}\n");
        self.line(format!("impl Data for {name} {{"));
        self.line(format!("    const SIZE: usize = {};\n", end.saturating_sub(start)));
        let out = if fields.is_empty() { "_out" } else { "out" };
        self.line(format!("    fn write(&self, {out}: &mut Vec<u8>) {{"));
        for ((property, _), gap) in fields.iter().zip(gaps) {
            self.line(format!("        self.{property}.write(out);"));
            if gap > 0 {
                self.line(format!("        out.extend([0; {gap}]);"));
            }
        }
        self.line("    }\n");
        self.line(format!(
            "    fn read({}bytes: &[u8]) -> Option<Self> {{",
            if fields.is_empty() { "_" } else { "" }
        ));
        self.line(format!("        Some({name} {{"));
        self.read_fields(&fields, start, "            ");
        self.line("        })");
        self.line("    }");
        self.line("}");
    }

    /// Reads fields; `start` is the offset that the bytes begin with.
    fn read_fields(&mut self, fields: &Named<'_>, start: u32, indent: &str) {
        for (property, field) in fields {
            let offset = field.offset.saturating_sub(start);
            self.line(format!("{indent}{property}: Data::read(bytes.get({offset}..)?)?,"));
        }
    }

    fn named(&mut self, named: &NamedType) {
        let Some(name) = self.names.get(named.name.as_str()).cloned() else { return };
        self.line("");
        self.docs("", &named.docs, &format!("`{}` of the program.", named.name));
        let variants = match &named.shape {
            Shape::Record(fields) => return self.record(&name, fields, (0, named.size)),
            Shape::Enum(variants) => variants,
        };
        let mut scope = Scope::without(RESERVED);
        let variants: Vec<(String, Named<'_>)> = variants
            .iter()
            .map(|it| (scope.spell(&it.name, Style::Pascal), Client::named_fields(&it.fields)))
            .collect();
        self.line("#[derive(Clone, Copy, PartialEq, Eq, Debug)]");
        self.line(format!("pub enum {name} {{"));
        for (variant, fields) in &variants {
            self.line(format!("    /// `{variant}`"));
            if fields.is_empty() {
                self.line(format!("    {variant},"));
                continue;
            }
            self.line(format!("    {variant} {{"));
            for (property, field) in fields {
                let ty = self.ty(&field.ty, field.size);
                self.line(format!("        /// `{}`", field.name));
                self.line(format!("        {property}: {ty},"));
            }
            self.line("    },");
        }
        self.line("}\n");
        self.line(format!("impl Data for {name} {{"));
        self.line(format!("    const SIZE: usize = {};\n", named.size));
        self.line("    fn write(&self, out: &mut Vec<u8>) {");
        self.line("        let end = out.len() + Self::SIZE;");
        self.line("        match self {");
        for (tag, (variant, fields)) in variants.iter().enumerate() {
            // The names of fields must not hide those of this function.
            let bound: Vec<String> = (0..fields.len()).map(|place| format!("field_{place}")).collect();
            let parts: Vec<String> =
                fields.iter().zip(&bound).map(|((name, _), bound)| format!("{name}: {bound}")).collect();
            let pattern =
                if parts.is_empty() { String::new() } else { format!(" {{ {} }}", parts.join(", ")) };
            self.line(format!("            {name}::{variant}{pattern} => {{"));
            self.line(format!("                out.push({tag});"));
            for field in bound {
                self.line(format!("                {field}.write(out);"));
            }
            self.line("            }");
        }
        self.line("        }");
        self.line("        out.resize(end, 0);");
        self.line("    }\n");
        self.line("    fn read(bytes: &[u8]) -> Option<Self> {");
        self.line("        match bytes.first()? {");
        for (tag, (variant, fields)) in variants.iter().enumerate() {
            if fields.is_empty() {
                self.line(format!("            {tag} => Some({name}::{variant}),"));
                continue;
            }
            self.line(format!("            {tag} => Some({name}::{variant} {{"));
            for (property, field) in fields {
                // The tag comes first.
                let offset = field.offset.saturating_add(1);
                self.line(format!("                {property}: Data::read(bytes.get({offset}..)?)?,"));
            }
            self.line("            }),");
        }
        self.line("            _ => None,");
        self.line("        }");
        self.line("    }");
        self.line("}");
    }

    fn layout(&mut self, layout: &Layout, what: &str) {
        let Some(name) = self.names.get(layout.name.as_str()).cloned() else { return };
        // A record that is a part of another one has its type already.
        if self.interface.named(&layout.name).is_none() {
            self.line("");
            self.docs("", &layout.docs, &format!("The {what} `{}`.", layout.name));
            self.record(&name, &layout.fields, (8, layout.size));
        }
        self.line(format!("\nimpl {name} {{"));
        self.line(format!("    /// The first bytes of the {what}."));
        self.line(format!("    pub const DISCRIMINATOR: [u8; 8] = {:?};\n", layout.discriminator));
        self.line("    /// The size of all of it in bytes.");
        self.line(format!("    pub const LENGTH: usize = {};\n", layout.size));
        self.line("    /// Reads the data.");
        self.line("    ///");
        self.line("    /// # Errors");
        self.line("    /// If they are something else.");
        self.line("    pub fn decode(data: &[u8]) -> Result<Self, DecodeError> {");
        self.line("        decode(Self::DISCRIMINATOR, data)");
        self.line("    }\n");
        self.line("    /// The data, as the program would write them.");
        self.line("    pub fn encode(&self) -> Vec<u8> {");
        self.line("        encode(Self::DISCRIMINATOR, self)");
        self.line("    }");
        self.line("}");
    }

    fn instructions(&mut self, derived: &[DerivedAddress<'_>]) {
        if self.interface.instructions.is_empty() {
            return;
        }
        self.line("\n/// What each instruction takes, and how it is made.");
        self.line("pub mod instruction {");
        self.indent = "    ";
        let needs_data = self.interface.instructions.iter().any(|it| !it.arguments.is_empty());
        let data = if needs_data { "use super::Data;\n    " } else { "" };
        self.line(format!("{data}use solana_instruction::{{AccountMeta, Instruction}};"));
        self.line("use solana_pubkey::Pubkey;");
        let mut scope = Scope::without(RESERVED);
        for (place, instruction) in self.interface.instructions.iter().enumerate() {
            let name = scope.spell(&instruction.name, Style::Pascal);
            self.instruction(place, instruction, &name, derived);
        }
        self.indent = "";
        self.line("}");
    }

    fn instruction(
        &mut self,
        place: usize,
        instruction: &Instruction,
        name: &str,
        derived: &[DerivedAddress<'_>],
    ) {
        let mut scope = Scope::without(KEYWORDS);
        let accounts: Vec<(String, &InstructionAccount)> =
            instruction.accounts.iter().map(|it| (scope.spell(&it.name, Style::Snake), it)).collect();
        let arguments: Named<'_> =
            instruction.arguments.iter().map(|it| (scope.spell(&it.name, Style::Snake), it)).collect();
        self.line("");
        self.docs("", &instruction.docs, &format!("The instruction `{}`.", instruction.name));
        self.line("#[derive(Clone, Copy, PartialEq, Eq, Debug)]");
        self.line(format!("pub struct {name} {{"));
        for (property, account) in &accounts {
            let derivation = derived_address(derived, place, account);
            let note = match (&account.address, derivation) {
                (Some(address), _) => format!("; `{address}` if there is none"),
                (None, Some(derived)) => {
                    format!("; [`super::address::{}`] if there is none", spell(&derived.name, Style::Snake))
                }
                (None, None) if account.optional => "; it may be left out".to_string(),
                (None, None) => String::new(),
            };
            let is_open = account.optional || account.address.is_some() || derivation.is_some();
            let ty = if is_open { "Option<Pubkey>" } else { "Pubkey" };
            self.line(format!("    /// The account `{}`{note}.", account.name));
            self.line(format!("    pub {property}: {ty},"));
        }
        for (property, field) in &arguments {
            let ty = self.inner_ty(&field.ty, field.size);
            self.line(format!("    /// The argument `{}`.", field.name));
            self.line(format!("    pub {property}: {ty},"));
        }
        self.line("}\n");
        self.line(format!("impl {name} {{"));
        self.line("    /// The first bytes of the instruction data.");
        self.line(format!(
            "    pub const DISCRIMINATOR: [u8; {}] = {:?};\n",
            instruction.discriminator.len(),
            instruction.discriminator
        ));
        if self.interface.address.is_some() {
            self.line("    /// The instruction.");
            self.line("    pub fn instruction(&self) -> Instruction {");
            self.line("        self.instruction_at(&super::ID)");
            self.line("    }\n");
        }
        self.line("    /// The instruction, for the program at an address.");
        self.line("    pub fn instruction_at(&self, program: &Pubkey) -> Instruction {");
        if arguments.is_empty() {
            self.line("        let data = Self::DISCRIMINATOR.to_vec();");
        } else {
            self.line("        let mut data = Self::DISCRIMINATOR.to_vec();");
        }
        for (property, _) in &arguments {
            self.line(format!("        self.{property}.write(&mut data);"));
        }
        self.line("        let accounts = vec![");
        for (property, account) in &accounts {
            let given = format!("self.{property}");
            let function = if account.writable { "new" } else { "new_readonly" };
            let derivation = derived_address(derived, place, account);
            let key = match (account.address.as_deref().and_then(bytes_of_key), derivation) {
                (Some(key), _) => format!("{given}.unwrap_or(Pubkey::new_from_array({key:?}))"),
                (None, Some(derived)) => {
                    let function = spell(&derived.name, Style::Snake);
                    let property_of = |variable: &str| match derived.is_argument(variable) {
                        true => arguments.iter().find(|(_, it)| it.name == variable).map(|(name, _)| name),
                        false => accounts.iter().find(|(_, it)| it.name == variable).map(|(name, _)| name),
                    };
                    let given_to: String = derived
                        .variables()
                        .into_iter()
                        .filter_map(property_of)
                        .map(|property| format!("&self.{property}, "))
                        .collect();
                    format!("{given}.unwrap_or_else(|| super::address::{function}({given_to}program).0)")
                }
                (None, None) => given.clone(),
            };
            let signer = account.signer;
            let is_left_out = account.optional && account.address.is_none() && derivation.is_none();
            match is_left_out {
                true => {
                    self.line(format!("            match {given} {{"));
                    self.line(format!(
                        "                Some(key) => AccountMeta::{function}(key, {signer}),"
                    ));
                    // The program's own address stands for an account that is left out.
                    self.line("                None => AccountMeta::new_readonly(*program, false),");
                    self.line("            },");
                }
                false => self.line(format!("            AccountMeta::{function}({key}, {signer}),")),
            }
        }
        self.line("        ];");
        self.line("        Instruction { program_id: *program, accounts, data }");
        self.line("    }");
        self.line("}");
    }

    fn addresses(&mut self, derived: &[DerivedAddress<'_>]) {
        if derived.is_empty() {
            return;
        }
        self.line("\n/// Derived addresses, with their bumps.");
        self.line("pub mod address {");
        self.indent = "    ";
        let is_written = |seed: &Seed| matches!(seed, Seed::Argument(_) | Seed::ArgumentField(..));
        if derived.iter().any(|it| it.seeds.iter().any(is_written)) {
            self.line("use super::Data;");
        }
        self.line("use solana_pubkey::Pubkey;");
        for address in derived {
            let variables = address.variables();
            let properties = Scope::without(KEYWORDS).spell_all(variables.iter().copied(), Style::Snake);
            let parameters: String = variables
                .iter()
                .zip(&properties)
                .map(|(variable, property)| {
                    let field = address.argument(variable).filter(|_| address.is_argument(variable));
                    let ty = field
                        .map_or_else(|| "Pubkey".to_string(), |field| self.inner_ty(&field.ty, field.size));
                    format!("{property}: &{ty}, ")
                })
                .collect();
            let property = |wanted: &str| {
                let place = variables.iter().position(|name| *name == wanted);
                place.and_then(|place| properties.get(place)).cloned().unwrap_or_default()
            };
            let function = spell(&address.name, Style::Snake);
            self.line(format!("\n    /// The address of `{}`.", address.name));
            self.line(format!("pub fn {function}({parameters}program: &Pubkey) -> (Pubkey, u8) {{"));
            let mut parts = Vec::new();
            for (place, seed) in address.seeds.iter().enumerate() {
                match seed {
                    Seed::Bytes(bytes) => parts.push(format!("&{bytes:?}")),
                    Seed::Key(key) => parts.push(format!("&{:?}", bytes_of_key(key).unwrap_or_default())),
                    Seed::Program => parts.push("program.as_ref()".to_string()),
                    Seed::ArgumentField(name, wanted) => {
                        let found = address.argument_field(self.interface, name, wanted);
                        let fields = found.map(|(_, all)| Client::named_fields(all)).unwrap_or_default();
                        let field = fields.iter().find(|(_, field)| field.name == *wanted);
                        let field = field.map(|(name, _)| name.as_str()).unwrap_or_default();
                        self.line(format!("    let mut seed_{place} = Vec::new();"));
                        self.line(format!("    {}.{field}.write(&mut seed_{place});", property(name)));
                        parts.push(format!("&seed_{place}"));
                    }
                    Seed::Account(name) => parts.push(format!("{}.as_ref()", property(name))),
                    Seed::Argument(name) => {
                        self.line(format!("    let mut seed_{place} = Vec::new();"));
                        self.line(format!("    {}.write(&mut seed_{place});", property(name)));
                        parts.push(format!("&seed_{place}"));
                    }
                    Seed::AccountField(..) | Seed::Expression(_) => {}
                }
            }
            self.line(format!("    Pubkey::find_program_address(&[{}], program)", parts.join(", ")));
            self.line("}");
        }
        self.indent = "";
        self.line("}");
    }

    fn errors(&mut self) {
        let errors = &self.interface.errors;
        if errors.is_empty() {
            return;
        }
        self.line("\n/// The errors of the program.");
        self.line("pub mod error {");
        self.indent = "    ";
        self.line("/// An error of the program.");
        self.line("#[derive(Clone, Copy, PartialEq, Eq, Debug)]");
        self.line("pub enum ProgramError {");
        let mut scope = Scope::without(RESERVED);
        let names = scope.spell_all(errors.iter().map(|error| error.name.as_str()), Style::Pascal);
        let message = |place: usize| {
            errors.get(place).map_or("", |error| error.message.as_deref().unwrap_or(&error.name)).to_string()
        };
        for (place, (name, error)) in names.iter().zip(errors).enumerate() {
            let docs: Vec<String> = message(place).lines().map(str::to_string).collect();
            self.docs("    ", &docs, &error.name);
            self.line(format!("    {name},"));
        }
        self.line("}\n");
        self.line("impl ProgramError {");
        self.line("    /// The code that a transaction shows.");
        self.line("    pub fn code(self) -> u32 {");
        self.line("        match self {");
        for (name, error) in names.iter().zip(errors) {
            self.line(format!("            ProgramError::{name} => {},", error.code));
        }
        self.line("        }");
        self.line("    }\n");
        self.line("    /// The error with a code; of several, the first one.");
        self.line("    pub fn from_code(code: u32) -> Option<ProgramError> {");
        self.line("        match code {");
        let mut codes = BTreeSet::new();
        for (name, error) in names.iter().zip(errors).filter(|(_, error)| codes.insert(error.code)) {
            self.line(format!("            {} => Some(ProgramError::{name}),", error.code));
        }
        self.line("            _ => None,");
        self.line("        }");
        self.line("    }\n");
        self.line("    /// What it means.");
        self.line("    pub fn message(self) -> &'static str {");
        self.line("        match self {");
        for (place, name) in names.iter().enumerate() {
            self.line(format!("            ProgramError::{name} => {:?},", message(place)));
        }
        self.line("        }");
        self.line("    }");
        self.line("}\n");
        self.line("impl core::fmt::Display for ProgramError {");
        self.line("    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {");
        self.line("        f.write_str(self.message())");
        self.line("    }");
        self.line("}\n");
        self.line("impl core::error::Error for ProgramError {}");
        self.indent = "";
        self.line("}");
    }
}

/// The bytes of an address.
fn bytes_of_key(key: &str) -> Option<Vec<u8>> {
    bs58::decode(key).into_vec().ok().filter(|bytes| bytes.len() == 32)
}
