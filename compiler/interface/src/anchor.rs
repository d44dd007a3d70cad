//! The interface in the format of Anchor 0.30 and later: version 0.1.0 of its specification.
//!
//! Its readers expect Borsh, where an option without a value is one byte and an enum as long as its variant. Ours always
//! take the same room. So an option becomes a record of a truth value and a value, and an enum whose variants differ in size
//! a record of its tag and its bytes: the layout is right for every reader. Start with [`write()`].

use crate::model::{DataType, Field, Instruction, Interface, Layout, NamedType, Seed, Shape, Variant};
use crate::names::{Scope, Style, spell};
use crate::padding::{used_in_place, with_gaps};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The version of the specification.
const SPECIFICATION: &str = "0.1.0";

/// The JSON text.
pub fn write(interface: &Interface) -> String {
    let mut writer = Writer { in_place: used_in_place(interface), options: BTreeMap::new() };
    let mut names = Scope::default();
    let instructions: Vec<Value> = interface
        .instructions
        .iter()
        .map(|it| writer.instruction(interface, it, names.spell(&it.name, Style::Snake)))
        .collect();
    let mut types: Vec<Value> =
        interface.accounts.iter().chain(&interface.events).map(|layout| writer.layout(layout)).collect();
    types.extend(interface.types.iter().map(|named| writer.named(named)));
    types.extend(std::mem::take(&mut writer.options).into_values());
    let mut root = json!({
        "address": interface.address.as_deref().unwrap_or("11111111111111111111111111111111"),
        "metadata": {
            "name": spell(&interface.name, Style::Snake), "version": "0.1.0", "spec": SPECIFICATION,
        },
    });
    if let Some(root) = root.as_object_mut() {
        docs(root, &interface.docs);
        let errors = interface.errors.iter().map(|error| {
            let mut node = json!({ "code": error.code, "name": spell(&error.name, Style::Pascal) });
            if let (Some(message), Some(node)) = (&error.message, node.as_object_mut()) {
                node.insert("msg".to_string(), json!(message));
            }
            node
        });
        let parts = [
            ("instructions", instructions),
            ("accounts", interface.accounts.iter().map(tagged).collect()),
            ("events", interface.events.iter().map(tagged).collect()),
            ("errors", errors.collect()),
            ("types", types),
        ];
        for (name, items) in parts {
            if name == "instructions" || !items.is_empty() {
                root.insert(name.to_string(), Value::Array(items));
            }
        }
    }
    let mut text = serde_json::to_string_pretty(&root).unwrap_or_default();
    text.push('\n');
    text
}

fn docs(node: &mut Map<String, Value>, docs: &[String]) {
    if !docs.is_empty() {
        node.insert("docs".to_string(), json!(docs));
    }
}

fn tagged(layout: &Layout) -> Value {
    json!({ "name": spell(&layout.name, Style::Pascal), "discriminator": layout.discriminator })
}

fn definition(name: &str, lines: &[String], ty: Value) -> Value {
    let mut node = json!({ "name": name });
    if let Some(node) = node.as_object_mut() {
        docs(node, lines);
        node.insert("type".to_string(), ty);
    }
    node
}

struct Writer<'a> {
    /// Records whose bytes can be used where they lie.
    in_place: BTreeSet<&'a str>,
    /// A record for each type of option, by its name.
    options: BTreeMap<String, Value>,
}

impl Writer<'_> {
    fn instruction(&mut self, interface: &Interface, instruction: &Instruction, name: String) -> Value {
        let mut node = json!({ "name": name });
        let mut scope = Scope::default();
        let accounts: Vec<Value> = instruction
            .accounts
            .iter()
            .map(|account| {
                let mut node = json!({ "name": scope.spell(&account.name, Style::Snake) });
                let flags = [
                    ("writable", account.writable),
                    ("signer", account.signer),
                    ("optional", account.optional),
                ];
                if let Some(node) = node.as_object_mut() {
                    for (name, _) in flags.into_iter().filter(|(_, is_set)| *is_set) {
                        node.insert(name.to_string(), json!(true));
                    }
                    if let Some(address) = &account.address {
                        node.insert("address".to_string(), json!(address));
                    }
                    let program = interface.address.as_deref();
                    let seeds = account.seeds.iter().map(|seeds| self.seeds(seeds, instruction, program));
                    if let Some(seeds) = seeds.flatten().next() {
                        node.insert("pda".to_string(), json!({ "seeds": seeds }));
                    }
                }
                node
            })
            .collect();
        if let Some(node) = node.as_object_mut() {
            docs(node, &instruction.docs);
            node.insert("discriminator".to_string(), json!(instruction.discriminator));
            node.insert("accounts".to_string(), Value::Array(accounts));
            node.insert("args".to_string(), Value::Array(self.fields(&instruction.arguments, 0)));
        }
        node
    }

    /// The seeds, if all of them can be said.
    fn seeds(&self, seeds: &[Seed], instruction: &Instruction, program: Option<&str>) -> Option<Vec<Value>> {
        let key = |key: &str| {
            let bytes = bs58::decode(key).into_vec().ok()?;
            Some(json!({ "kind": "const", "value": bytes }))
        };
        let node = |seed: &Seed| match seed {
            Seed::Bytes(bytes) => Some(json!({ "kind": "const", "value": bytes })),
            Seed::Key(text) => key(text),
            Seed::Program => key(program?),
            Seed::ArgumentField(name, field) => {
                let path = format!("{}.{}", spell(name, Style::Snake), spell(field, Style::Snake));
                Some(json!({ "kind": "arg", "path": path }))
            }
            Seed::Account(name) => Some(json!({ "kind": "account", "path": spell(name, Style::Snake) })),
            Seed::Argument(name) => Some(json!({ "kind": "arg", "path": spell(name, Style::Snake) })),
            Seed::AccountField(account, field) => {
                let of = instruction.accounts.iter().find(|other| other.name == *account)?;
                Some(json!({
                    "kind": "account",
                    "path": format!("{}.{}", spell(account, Style::Snake), spell(field, Style::Snake)),
                    "account": spell(of.account.as_deref()?, Style::Pascal),
                }))
            }
            Seed::Expression(_) => None,
        };
        seeds.iter().map(node).collect()
    }

    fn layout(&mut self, layout: &Layout) -> Value {
        let ty = json!({ "kind": "struct", "fields": self.fields(&layout.fields, layout.size) });
        let node = definition(&spell(&layout.name, Style::Pascal), &layout.docs, ty);
        self.placed(node, &layout.name)
    }

    /// Says of the definition of a record whether its bytes can be used where they lie. With the padding written out, they are
    /// those that Borsh gives, too.
    fn placed(&self, mut node: Value, name: &str) -> Value {
        if let (true, Some(node)) = (self.in_place.contains(name), node.as_object_mut()) {
            node.insert("serialization".to_string(), json!("bytemuck"));
            node.insert("repr".to_string(), json!({ "kind": "c" }));
        }
        node
    }

    fn named(&mut self, named: &NamedType) -> Value {
        let mut lines = named.docs.clone();
        let ty = match &named.shape {
            Shape::Record(fields) => {
                let ty = json!({ "kind": "struct", "fields": self.fields(fields, named.size) });
                let node = definition(&spell(&named.name, Style::Pascal), &lines, ty);
                return self.placed(node, &named.name);
            }
            Shape::Enum(variants) if named.shape.is_even() => {
                let mut scope = Scope::default();
                let variants: Vec<Value> = variants
                    .iter()
                    .map(|variant| {
                        let mut node = json!({ "name": scope.spell(&variant.name, Style::Pascal) });
                        if let (false, Some(node)) = (variant.fields.is_empty(), node.as_object_mut()) {
                            node.insert(
                                "fields".to_string(),
                                Value::Array(self.fields(&variant.fields, variant.size)),
                            );
                        }
                        node
                    })
                    .collect();
                json!({ "kind": "enum", "variants": variants })
            }
            Shape::Enum(variants) => {
                lines.extend(variants.iter().enumerate().map(described));
                json!({ "kind": "struct", "fields": [
                    { "name": "tag", "type": "u8" },
                    { "name": "payload", "type": { "array": ["u8", named.shape.payload()] } },
                ] })
            }
        };
        definition(&spell(&named.name, Style::Pascal), &lines, ty)
    }

    /// Fields that end at `end`. What lies between them is a field too.
    fn fields(&mut self, fields: &[Field], end: u32) -> Vec<Value> {
        let mut scope = Scope::default();
        let names = scope.spell_all(fields.iter().map(|field| field.name.as_str()), Style::Snake);
        let mut nodes = Vec::new();
        for (name, (field, gap)) in names.into_iter().zip(with_gaps(fields, end)) {
            nodes.push(json!({ "name": name, "type": self.type_of(&field.ty, field.size) }));
            if gap > 0 {
                nodes.push(json!({
                    "name": scope.spell(&format!("{} padding", field.name), Style::Snake),
                    "docs": ["These bytes mean nothing."],
                    "type": { "array": ["u8", gap] },
                }));
            }
        }
        nodes
    }

    fn type_of(&mut self, ty: &DataType, size: u32) -> Value {
        match ty {
            DataType::Bool | DataType::Integer(..) | DataType::Pubkey => json!(ty.to_string()),
            DataType::Null => json!({ "array": ["u8", 0] }),
            DataType::Other(_) => json!({ "array": ["u8", size] }),
            DataType::Array(item, length) => {
                let item = self.type_of(item, size.checked_div(*length).unwrap_or(0));
                json!({ "array": [item, length] })
            }
            DataType::Named(name) => json!({ "defined": { "name": spell(name, Style::Pascal) } }),
            DataType::Option(item) => {
                let name = spell(&ty.to_string(), Style::Pascal);
                let value = self.type_of(item, size.saturating_sub(1));
                let record = json!({ "kind": "struct", "fields": [
                    { "name": "is_some", "type": "bool" }, { "name": "value", "type": value },
                ] });
                let note = vec!["An option: `value` counts if `is_some` is true.".to_string()];
                self.options.entry(name.clone()).or_insert_with(|| definition(&name, &note, record));
                json!({ "defined": { "name": name } })
            }
        }
    }
}

/// A variant in words.
fn described((tag, variant): (usize, &Variant)) -> String {
    let fields: Vec<String> =
        variant.fields.iter().map(|field| format!("{}: {}", field.name, field.ty)).collect();
    format!("Tag {tag} is `{}` ({}).", variant.name, fields.join(", "))
}
