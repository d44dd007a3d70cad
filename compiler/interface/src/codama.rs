//! The interface as a root node of the Codama standard, which generators of clients, explorers and wallets read.
//!
//! Layouts are kept exactly: an option has a fixed size, and an enum whose variants differ in size is padded. Start with
//! [`write()`].

use crate::derived::{DerivedAddress, derived_address, derived_addresses};
use crate::model::{DataType, Field, Instruction, Interface, Layout, NamedType, Seed, Shape, Variant, hex};
use crate::names::{Scope, Style, spell};
use crate::padding::with_gaps;
use serde_json::{Value, json};

/// The version of the standard.
const VERSION: &str = "1.11.0";

/// What stands for an address that nobody stated.
const NO_ADDRESS: &str = "11111111111111111111111111111111";

/// The JSON text.
pub fn write(interface: &Interface) -> String {
    let derived = derived_addresses(interface);
    let mut instructions = Scope::default();
    let program = json!({
        "kind": "programNode",
        "name": spell(&interface.name, Style::Camel),
        "publicKey": interface.address.as_deref().unwrap_or(NO_ADDRESS),
        "version": "0.1.0",
        "docs": interface.docs,
        "accounts": interface.accounts.iter().map(account).collect::<Vec<_>>(),
        "instructions": interface
            .instructions
            .iter()
            .enumerate()
            .map(|(place, it)| instruction(it, instructions.spell(&it.name, Style::Camel), place, &derived))
            .collect::<Vec<_>>(),
        "definedTypes": interface.types.iter().map(defined_type).collect::<Vec<_>>(),
        "pdas": derived.iter().map(|derived| derived.node(interface)).collect::<Vec<_>>(),
        "events": interface.events.iter().map(event).collect::<Vec<_>>(),
        "errors": interface.errors.iter().map(|error| json!({
            "kind": "errorNode",
            "name": spell(&error.name, Style::Camel),
            "code": error.code,
            "message": error.message.as_deref().unwrap_or(&error.name),
        })).collect::<Vec<_>>(),
    });
    let root = json!({
        "kind": "rootNode", "standard": "codama", "version": VERSION, "program": program, "additionalPrograms": [],
    });
    let mut text = serde_json::to_string_pretty(&root).unwrap_or_default();
    text.push('\n');
    text
}

fn number(format: &str) -> Value {
    json!({ "kind": "numberTypeNode", "format": format, "endian": "le" })
}

fn fixed_size(size: u32, ty: Value) -> Value {
    json!({ "kind": "fixedSizeTypeNode", "size": size, "type": ty })
}

fn bytes(size: u32) -> Value {
    fixed_size(size, json!({ "kind": "bytesTypeNode" }))
}

fn type_node(ty: &DataType, size: u32) -> Value {
    match ty {
        DataType::Bool => json!({ "kind": "booleanTypeNode", "size": number("u8") }),
        DataType::Integer(..) => number(&ty.to_string()),
        DataType::Pubkey => json!({ "kind": "publicKeyTypeNode" }),
        DataType::Null => json!({ "kind": "tupleTypeNode", "items": [] }),
        DataType::Option(item) => json!({
            "kind": "optionTypeNode",
            "fixed": true,
            "item": type_node(item, size.saturating_sub(1)),
            "prefix": number("u8"),
        }),
        DataType::Array(item, length) if **item == DataType::Integer(false, 8) => bytes(*length),
        DataType::Array(item, length) => json!({
            "kind": "arrayTypeNode",
            "item": type_node(item, size.checked_div(*length).unwrap_or(0)),
            "count": { "kind": "fixedCountNode", "value": length },
        }),
        DataType::Named(name) => {
            json!({ "kind": "definedTypeLinkNode", "name": spell(name, Style::Camel) })
        }
        DataType::Other(_) => bytes(size),
    }
}

/// Fields that end at `end`. What lies between them is a field that nobody has to give.
fn fields(fields: &[Field], end: u32, scope: &mut Scope) -> Vec<Value> {
    let names = scope.spell_all(fields.iter().map(|field| field.name.as_str()), Style::Camel);
    let mut nodes = Vec::new();
    for (name, (field, gap)) in names.into_iter().zip(with_gaps(fields, end)) {
        nodes.push(json!({
            "kind": "structFieldTypeNode",
            "name": name,
            "docs": [],
            "type": type_node(&field.ty, field.size),
        }));
        if gap > 0 {
            nodes.push(json!({
                "kind": "structFieldTypeNode",
                "name": scope.spell(&format!("{} padding", field.name), Style::Camel),
                "defaultValueStrategy": "omitted",
                "docs": ["These bytes mean nothing."],
                "type": bytes(gap),
                "defaultValue": hexadecimal(&vec![0; gap as usize]),
            }));
        }
    }
    nodes
}

fn struct_node(of: &[Field], end: u32) -> Value {
    json!({ "kind": "structTypeNode", "fields": fields(of, end, &mut Scope::default()) })
}

fn discriminator(kind: &str, bytes_of: &[u8]) -> Value {
    json!({
        "kind": kind,
        "name": "discriminator",
        "defaultValueStrategy": "omitted",
        "docs": [],
        "type": bytes(bytes_of.len() as u32),
        "defaultValue": hexadecimal(bytes_of),
    })
}

fn hexadecimal(bytes: &[u8]) -> Value {
    json!({ "kind": "bytesValueNode", "data": hex(bytes), "encoding": "base16" })
}

fn discriminators() -> Value {
    json!([{ "kind": "fieldDiscriminatorNode", "name": "discriminator", "offset": 0 }])
}

fn layout_node(layout: &Layout) -> Value {
    let mut all = vec![discriminator("structFieldTypeNode", &layout.discriminator)];
    all.extend(fields(&layout.fields, layout.size, &mut Scope::without(&["discriminator"])));
    json!({ "kind": "structTypeNode", "fields": all })
}

fn account(account: &Layout) -> Value {
    json!({
        "kind": "accountNode",
        "name": spell(&account.name, Style::Camel),
        "size": account.size,
        "docs": account.docs,
        "data": layout_node(account),
        "discriminators": discriminators(),
    })
}

fn event(event: &Layout) -> Value {
    json!({
        "kind": "eventNode",
        "name": spell(&event.name, Style::Camel),
        "docs": event.docs,
        "data": layout_node(event),
        "discriminators": discriminators(),
    })
}

fn defined_type(named: &NamedType) -> Value {
    let ty = match &named.shape {
        Shape::Record(fields) => struct_node(fields, named.size),
        Shape::Enum(variants) => {
            let mut scope = Scope::default();
            let variants: Vec<Value> = variants.iter().map(|it| variant(it, &mut scope)).collect();
            let node = json!({ "kind": "enumTypeNode", "variants": variants, "size": number("u8") });
            if named.shape.is_even() { node } else { fixed_size(named.size, node) }
        }
    };
    json!({
        "kind": "definedTypeNode",
        "name": spell(&named.name, Style::Camel),
        "docs": named.docs,
        "type": ty,
    })
}

fn variant(variant: &Variant, scope: &mut Scope) -> Value {
    let name = scope.spell(&variant.name, Style::Camel);
    match variant.fields.is_empty() {
        true => json!({ "kind": "enumEmptyVariantTypeNode", "name": name }),
        false => json!({
            "kind": "enumStructVariantTypeNode", "name": name, "struct": struct_node(&variant.fields, variant.size),
        }),
    }
}

fn instruction(
    instruction: &Instruction,
    name: String,
    place: usize,
    derived: &[DerivedAddress<'_>],
) -> Value {
    let mut scope = Scope::without(&["discriminator"]);
    let mut arguments = vec![discriminator("instructionArgumentNode", &instruction.discriminator)];
    arguments.extend(instruction.arguments.iter().map(|field| {
        json!({
            "kind": "instructionArgumentNode",
            "name": scope.spell(&field.name, Style::Camel),
            "docs": [],
            "type": type_node(&field.ty, field.size),
        })
    }));
    let mut accounts = Scope::default();
    let accounts: Vec<Value> = instruction
        .accounts
        .iter()
        .map(|account| {
            let mut node = json!({
                "kind": "instructionAccountNode",
                "name": accounts.spell(&account.name, Style::Camel),
                "isWritable": account.writable,
                "isSigner": account.signer,
                "isOptional": account.optional,
                "docs": [],
            });
            let default = match (&account.address, derived_address(derived, place, account)) {
                (Some(address), _) => Some(json!({ "kind": "publicKeyValueNode", "publicKey": address })),
                (None, Some(derived)) => derived.value_node(),
                (None, None) => None,
            };
            if let (Some(node), Some(default)) = (node.as_object_mut(), default) {
                node.insert("defaultValue".to_string(), default);
            }
            node
        })
        .collect();
    json!({
        "kind": "instructionNode",
        "name": name,
        "docs": instruction.docs,
        "optionalAccountStrategy": "programId",
        "accounts": accounts,
        "arguments": arguments,
        "discriminators": discriminators(),
    })
}

impl DerivedAddress<'_> {
    fn node(&self, interface: &Interface) -> Value {
        let seeds: Vec<Value> = self
            .seeds
            .iter()
            .filter_map(|seed| {
                let constant = |ty: Value, value: Value| {
                    Some(json!({ "kind": "constantPdaSeedNode", "type": ty, "value": value }))
                };
                let variable = |name: &str, ty: Value| {
                    Some(json!({
                        "kind": "variablePdaSeedNode",
                        "name": spell(name, Style::Camel),
                        "docs": [],
                        "type": ty,
                    }))
                };
                match seed {
                    Seed::Bytes(text) => match std::str::from_utf8(text) {
                        Ok(text) => constant(
                            json!({ "kind": "stringTypeNode", "encoding": "utf8" }),
                            json!({ "kind": "stringValueNode", "string": text }),
                        ),
                        Err(_) => constant(json!({ "kind": "bytesTypeNode" }), hexadecimal(text)),
                    },
                    Seed::Key(key) => constant(
                        json!({ "kind": "publicKeyTypeNode" }),
                        json!({ "kind": "publicKeyValueNode", "publicKey": key }),
                    ),
                    Seed::Program => constant(
                        json!({ "kind": "publicKeyTypeNode" }),
                        json!({ "kind": "programIdValueNode" }),
                    ),
                    Seed::ArgumentField(name, field) => {
                        let (of, _) = self.argument_field(interface, name, field)?;
                        variable(&format!("{name}-{field}"), type_node(&of.ty, of.size))
                    }
                    Seed::Account(name) => variable(name, json!({ "kind": "publicKeyTypeNode" })),
                    Seed::Argument(name) => {
                        let field = self.argument(name)?;
                        variable(name, type_node(&field.ty, field.size))
                    }
                    Seed::AccountField(..) | Seed::Expression(_) => None,
                }
            })
            .collect();
        let mut node = json!({
            "kind": "pdaNode",
            "name": spell(&self.name, Style::Camel),
            "docs": [],
            "seeds": seeds,
        });
        if let (Some(address), Some(node)) = (&interface.address, node.as_object_mut()) {
            node.insert("programId".to_string(), json!(address));
        }
        node
    }

    /// What fills the address in; nothing if the standard can not say where a seed comes from.
    fn value_node(&self) -> Option<Value> {
        if self.seeds.iter().any(|seed| matches!(seed, Seed::ArgumentField(..))) {
            return None;
        }
        let seeds: Vec<Value> = self
            .seeds
            .iter()
            .filter_map(|seed| {
                let (name, kind) = match seed {
                    Seed::Account(name) => (name, "accountValueNode"),
                    Seed::Argument(name) => (name, "argumentValueNode"),
                    _ => return None,
                };
                let name = spell(name, Style::Camel);
                Some(json!({
                    "kind": "pdaSeedValueNode", "name": name, "value": { "kind": kind, "name": name },
                }))
            })
            .collect();
        Some(json!({
            "kind": "pdaValueNode",
            "pda": { "kind": "pdaLinkNode", "name": spell(&self.name, Style::Camel) },
            "seeds": seeds,
        }))
    }
}
