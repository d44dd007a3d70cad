//! Calls of instructions: data and accounts from the declarations, and addresses from the declared seeds.
//!
//! A call is an object `{:program :instruction :accounts :data}`, and tests may change it before they send it.

use super::Chain;
use super::layout::{encode, key_bytes};
use super::object::{get, name_of, object};
use super::program::Loaded;
use ovsm_interface::Interface;
use ovsm_interface::model::{DataType, Field, Instruction, InstructionAccount, Seed, Shape};
use ovsm_value::encoding::{base58, from_base58};
use ovsm_value::write::brief;
use ovsm_value::{Object, Value};
use serde_json::json;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A value for a key.
pub fn key_value(key: [u8; 32]) -> Value {
    Value::Pubkey(Rc::new(key))
}

/// The instruction data: which instruction it is, then its arguments.
///
/// # Errors
/// Arguments that do not fit.
#[allow(clippy::option_map_unit_fn, reason = "there is room for the name")]
pub fn data_of(program: &Loaded, instruction: &Instruction, arguments: &Value) -> Result<Vec<u8>, String> {
    let ends = instruction.arguments.iter().map(|field| field.offset.saturating_add(field.size));
    let named = instruction.discriminator.len();
    let mut data = vec![0; named.max(ends.max().unwrap_or(0) as usize)];
    data.get_mut(..named).map(|head| head.copy_from_slice(&instruction.discriminator));
    let what = format!("`{}`", instruction.name);
    encode(&program.compiled.interface, &instruction.arguments, arguments, false, &what, &mut data)?;
    Ok(data)
}

impl Chain {
    /// `(call program :instruction arguments accounts more)`.
    pub(super) fn call(&mut self, arguments: &[Value]) -> Result<Value, String> {
        let [program_value, name, given, accounts, more] = arguments else {
            return Err("a call needs a program, an instruction, arguments and accounts".to_string());
        };
        let program = self.program(program_value)?;
        let name = name_of(name).ok_or_else(|| format!("`{}` is no name of an instruction", brief(name)))?;
        let compiled = Rc::clone(&program.compiled);
        let instruction = compiled.instruction(name)?;
        let data = data_of(&program, instruction, given)?;
        let accounts = match accounts {
            Value::Object(entries) => entries.clone(),
            Value::Null => Rc::new(Object::default()),
            other => {
                return Err(format!("the accounts of a call are an object, and this is {}", brief(other)));
            }
        };
        for name in accounts.keys() {
            if !instruction.accounts.iter().any(|account| account.name == name.as_str()) {
                let names = instruction.accounts.iter().map(|account| account.name.as_str());
                return Err(format!(
                    "`{}` has no account `{}`{}",
                    instruction.name,
                    name.as_str(),
                    super::program::listed(names)
                ));
            }
        }
        let chain = get(program_value, "chain");
        let keys = self.accounts_of(&chain, &program, instruction, &accounts, &data)?;
        let mut metas: Vec<Value> = Vec::new();
        for account in &instruction.accounts {
            let Some(key) = keys.get(&account.name) else {
                return Err(missing(&instruction.name, account));
            };
            metas.push(object([
                ("name", Value::keyword(account.name.as_str())),
                ("key", key_value(*key)),
                ("signer", Value::Bool(account.signer)),
                ("writable", Value::Bool(account.writable)),
            ]));
        }
        for extra in more.as_items().unwrap_or(&[]) {
            metas.push(match extra {
                Value::Object(_) => extra.clone(),
                other => object([("key", key_value(key_bytes(other).ok_or_else(|| no_key(other))?))]),
            });
        }
        Ok(object([
            ("program", key_value(program.key)),
            ("instruction", Value::keyword(instruction.name.as_str())),
            ("accounts", Value::array(metas)),
            ("data", Value::bytes(data)),
        ]))
    }

    /// `(account-address program :account values)`: the address of an account, by the seeds that an instruction declares.
    pub(super) fn account_address(&mut self, arguments: &[Value]) -> Result<Value, String> {
        let [program_value, name, given] = arguments else {
            return Err("an address needs a program, the name of an account, and what its seeds are made of"
                .to_string());
        };
        let program = self.program(program_value)?;
        let name = name_of(name).ok_or_else(|| format!("`{}` is no name of an account", brief(name)))?;
        let given = match given {
            Value::Object(entries) => entries.clone(),
            _ => Rc::new(Object::default()),
        };
        let chain = get(program_value, "chain");
        let compiled = Rc::clone(&program.compiled);
        let mut fault =
            format!("no instruction of `{}` has an account `{name}` with `:seeds`", compiled.interface.name);
        for instruction in &compiled.interface.instructions {
            let is_it = |account: &&InstructionAccount| account.name == name && account.seeds.is_some();
            let Some(account) = instruction.accounts.iter().find(is_it) else { continue };
            // The arguments that seeds are made of are given by name, too.
            let fields: Vec<_> = instruction
                .arguments
                .iter()
                .filter(|field| super::object::entry(&given, &field.name).is_some())
                .cloned()
                .collect();
            let known = fields.iter().filter_map(|field| {
                let value = super::object::entry(&given, &field.name)?;
                Some((Rc::new(ovsm_value::Text::new(field.name.as_str())), value.clone()))
            });
            let values = Value::object(known.collect());
            let mut data = data_of(
                &program,
                &Instruction { arguments: fields.clone(), ..instruction.clone() },
                &values,
            )?;
            let ends = instruction.arguments.iter().map(|field| field.offset.saturating_add(field.size));
            data.resize(data.len().max(ends.max().unwrap_or(8) as usize), 0);
            let has_arguments = |seed: &Seed| match seed {
                Seed::Argument(name) | Seed::ArgumentField(name, _) => {
                    fields.iter().any(|field| field.name == *name)
                }
                _ => true,
            };
            if !account.seeds.iter().flatten().all(has_arguments) {
                fault = format!(
                    "the seeds of `{name}` need an argument of `{}`: give it by its name",
                    instruction.name
                );
                continue;
            }
            let accounts: Object = given
                .iter()
                .filter(|(key, _)| instruction.accounts.iter().any(|account| account.name == key.as_str()))
                .map(|(key, value)| (Rc::clone(key), value.clone()))
                .collect();
            let accounts: Object = accounts.into_iter().filter(|(key, _)| key.as_str() != name).collect();
            let keys = self.accounts_of(&chain, &program, instruction, &accounts, &data)?;
            match keys.get(name) {
                Some(key) => return Ok(key_value(*key)),
                None => fault = missing(&instruction.name, account),
            }
        }
        Err(fault)
    }

    /// The keys of an instruction's accounts: those that are given, those that are fixed, and those that follow from
    /// others.
    fn accounts_of(
        &mut self,
        chain: &Value,
        program: &Loaded,
        instruction: &Instruction,
        given: &Object,
        data: &[u8],
    ) -> Result<BTreeMap<String, [u8; 32]>, String> {
        let mut keys: BTreeMap<String, [u8; 32]> = BTreeMap::new();
        for account in &instruction.accounts {
            let fixed = account.address.as_deref().and_then(from_base58::<32>);
            let key = match super::object::entry(given, &account.name) {
                Some(value) => Some(key_bytes(value).ok_or_else(|| no_key(value))?),
                None => fixed,
            };
            if let Some(key) = key {
                keys.insert(account.name.clone(), key);
            }
        }
        // An address may be a seed of another one.
        loop {
            let mut is_changed = false;
            for account in &instruction.accounts {
                let Some(seeds) = account.seeds.as_ref().filter(|_| !keys.contains_key(&account.name)) else {
                    continue;
                };
                let mut bytes = Vec::with_capacity(seeds.len());
                for seed in seeds {
                    bytes.push(self.seed_bytes(chain, program, instruction, &keys, data, seed)?);
                }
                if let Some(bytes) = bytes.into_iter().collect::<Option<Vec<Vec<u8>>>>() {
                    let (key, _) = self.address(&program.key, &bytes)?;
                    keys.insert(account.name.clone(), key);
                    is_changed = true;
                }
            }
            if !is_changed {
                return Ok(keys);
            }
        }
    }

    /// The bytes of a seed; `None` if they can not be known yet.
    fn seed_bytes(
        &mut self,
        chain: &Value,
        program: &Loaded,
        instruction: &Instruction,
        keys: &BTreeMap<String, [u8; 32]>,
        data: &[u8],
        seed: &Seed,
    ) -> Result<Option<Vec<u8>>, String> {
        let of_field = |bytes: &[u8], offset: u32, size: u32| {
            let start = offset as usize;
            bytes.get(start..start.checked_add(size as usize)?).map(<[u8]>::to_vec)
        };
        Ok(match seed {
            Seed::Bytes(bytes) => Some(bytes.clone()),
            Seed::Key(key) => from_base58::<32>(key).map(|key| key.to_vec()),
            Seed::Account(name) => keys.get(name).map(|key| key.to_vec()),
            Seed::Argument(name) => instruction
                .arguments
                .iter()
                .find(|field| field.name == *name)
                .and_then(|field| of_field(data, field.offset, field.size)),
            Seed::ArgumentField(name, wanted) => instruction
                .arguments
                .iter()
                .find(|field| field.name == *name)
                .and_then(|field| Some((field, field_of(&program.compiled.interface, field, wanted)?)))
                .and_then(|(field, part)| of_field(data, field.offset.checked_add(part.offset)?, part.size)),
            Seed::Program => Some(program.key.to_vec()),
            Seed::AccountField(name, field) => {
                let account = instruction.accounts.iter().find(|account| account.name == *name);
                let layout = account.and_then(|account| account.account.as_deref());
                let layout = layout.and_then(|layout| program.compiled.interface.account(layout));
                let field = layout.and_then(|layout| layout.fields.iter().find(|known| known.name == *field));
                match (keys.get(name).copied(), field) {
                    (Some(key), Some(field)) => {
                        let account = self.account_at(chain, &key)?;
                        account.and_then(|account| of_field(&account.data, field.offset, field.size))
                    }
                    _ => None,
                }
            }
            Seed::Expression(_) => None,
        })
    }

    /// The address that a program makes of seeds, and its bump.
    pub(super) fn address(
        &mut self,
        program: &[u8; 32],
        seeds: &[Vec<u8>],
    ) -> Result<([u8; 32], u64), String> {
        let seeds: Vec<String> = seeds.iter().map(|seed| ovsm_interface::model::hex(seed)).collect();
        let found = self.ask(&json!({ "op": "address", "program": base58(program), "seeds": seeds }))?;
        let key = found.get("key").and_then(serde_json::Value::as_str).and_then(from_base58::<32>);
        let bump = found.get("bump").and_then(serde_json::Value::as_u64);
        key.zip(bump).ok_or_else(|| "`ovsm-svm` gives no address".to_string())
    }
}

/// A field of an argument that is a record.
fn field_of<'a>(interface: &'a Interface, argument: &Field, wanted: &str) -> Option<&'a Field> {
    let DataType::Named(name) = &argument.ty else { return None };
    let Shape::Record(fields) = &interface.named(name)?.shape else { return None };
    fields.iter().find(|field| field.name == wanted)
}

fn no_key(value: &Value) -> String {
    format!("`{}` is no key: a wallet, an address or `(pubkey \"…\")` is", brief(value))
}

fn missing(instruction: &str, account: &InstructionAccount) -> String {
    let why = match &account.seeds {
        Some(_) => ", and what its seeds are made of is not known: give what they need, or its address",
        None => "",
    };
    format!("`{instruction}` needs the account `{}`{why}", account.name)
}

/// The bytes of a seed that a test gives: text, bytes, keys, and integers with a width.
///
/// # Errors
/// It is something else.
pub fn given_seed(value: &Value) -> Result<Vec<u8>, String> {
    match value {
        Value::String(text) => Ok(text.as_str().as_bytes().to_vec()),
        Value::Bytes(bytes) => Ok(bytes.to_vec()),
        Value::Fixed(ty, word) => Ok(word.to_le_bytes().into_iter().take((ty.bits() / 8) as usize).collect()),
        other => key_bytes(other).map(|key| key.to_vec()).ok_or_else(|| {
            format!(
                "`{}` is no seed: text, bytes, keys and integers with a width, such as `(u64 5)`, are",
                brief(other)
            )
        }),
    }
}
