//! A TypeScript client for `@solana/kit`: types, codecs of accounts and events, builders of instructions, derived
//! addresses, errors. One source file without state; the layouts are those of the interface, byte for byte.
//!
//! Start with [`write()`].

use crate::derived::{DerivedAddress, derived_address, derived_addresses};
use crate::model::{
    DataType, Field, Instruction, InstructionAccount, Interface, Layout, NamedType, Seed, Shape,
};
use crate::names::{Scope, Style, spell};
use crate::padding::with_gaps;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// What the library exports and a client may need, in alphabetical order; the types begin with a capital letter.
const IMPORTS: &[&str] = &[
    "AccountMeta",
    "AccountRole",
    "AccountSignerMeta",
    "Address",
    "FetchAccountConfig",
    "FixedSizeCodec",
    "Instruction",
    "InstructionWithAccounts",
    "InstructionWithData",
    "Option",
    "ProgramDerivedAddress",
    "ReadonlyUint8Array",
    "TransactionSigner",
    "assertAccountExists",
    "fetchEncodedAccount",
    "fixCodecSize",
    "getAddressCodec",
    "getArrayCodec",
    "getBase64Encoder",
    "getBooleanCodec",
    "getBytesCodec",
    "getDiscriminatedUnionCodec",
    "getEnumCodec",
    "getI128Codec",
    "getI16Codec",
    "getI32Codec",
    "getI64Codec",
    "getI8Codec",
    "getNullableCodec",
    "getOptionCodec",
    "getProgramDerivedAddress",
    "getStructCodec",
    "getU128Codec",
    "getU16Codec",
    "getU32Codec",
    "getU64Codec",
    "getU8Codec",
    "getUnitCodec",
    "isProgramError",
    "transformCodec",
];

/// Exported values among those that begin with a capital letter.
const VALUES: &[&str] = &["AccountRole"];

/// Names that types of the program can not have.
const RESERVED: &[&str] = &[
    "AccountMeta",
    "AccountRole",
    "AccountSignerMeta",
    "Address",
    "Error",
    "FetchAccountConfig",
    "FixedSizeCodec",
    "Instruction",
    "InstructionConfig",
    "InstructionWithAccounts",
    "InstructionWithData",
    "Option",
    "Parameters",
    "ProgramDerivedAddress",
    "ProgramEvent",
    "Promise",
    "RangeError",
    "ReadonlyUint8Array",
    "Record",
    "TransactionSigner",
    "Uint8Array",
];

/// What a client has if it mentions it: the name, and the text.
const FUNCTIONS: &[(&str, &str)] = &[
    (
        "exactBytes",
        r#"/** Exactly so many bytes. */
function exactBytes(size: number): FixedSizeCodec<ReadonlyUint8Array> {
    return transformCodec(fixCodecSize(getBytesCodec(), size), (value: ReadonlyUint8Array) => {
        if (value.length !== size) throw new RangeError(`${size} bytes are needed, not ${value.length}`);
        return value;
    });
}
"#,
    ),
    (
        "dataAfter",
        r#"/** The data after the eight bytes that tell what they are. */
function dataAfter(name: string, discriminator: ReadonlyUint8Array, size: number, data: ReadonlyUint8Array) {
    if (data.length !== size) throw new Error(`${name} has ${size} bytes, not ${data.length}`);
    if (discriminator.some((byte, place) => data[place] !== byte)) throw new Error(`the data are no ${name}`);
    return data.subarray(discriminator.length);
}
"#,
    ),
];

/// The files of the client: their paths and texts.
pub fn write(interface: &Interface) -> Vec<(String, String)> {
    let package = serde_json::json!({
        "name": format!("{}-client", spell(&interface.name, Style::Snake).replace('_', "-")),
        "version": "0.1.0",
        "private": true,
        "type": "module",
        "main": "src/index.ts",
        "peerDependencies": { "@solana/kit": ">=5.0.0" },
    });
    let package = serde_json::to_string_pretty(&package).unwrap_or_default() + "\n";
    vec![("package.json".to_string(), package), ("src/index.ts".to_string(), source(interface))]
}

fn source(interface: &Interface) -> String {
    let mut scope = Scope::without(RESERVED);
    let mut names = BTreeMap::new();
    for name in interface
        .types
        .iter()
        .map(|named| &named.name)
        .chain(interface.accounts.iter().chain(&interface.events).map(|layout| &layout.name))
    {
        if !names.contains_key(name.as_str()) {
            names.insert(name.as_str(), scope.spell(name, Style::Pascal));
        }
    }
    let mut scope = Scope::default();
    let constants = names.values().map(|name| (name.clone(), scope.spell(name, Style::Constant))).collect();
    let mut client = Client { interface, names, constants, text: String::new() };
    client.program();
    for named in &interface.types {
        client.named(named);
    }
    for account in &interface.accounts {
        client.layout(account, "account");
        client.fetch(account);
    }
    for event in &interface.events {
        client.layout(event, "event");
    }
    client.events();
    let derived = derived_addresses(interface);
    for address in &derived {
        client.address(address);
    }
    let mut builders = Scope::default();
    for (place, instruction) in interface.instructions.iter().enumerate() {
        let mut name = builders.spell(&instruction.name, Style::Pascal);
        // What the names of a type and of an instruction are made into must not be the same.
        let is_taken = |name: &str| {
            client
                .names
                .values()
                .any(|it| it.strip_prefix(name).is_some_and(|rest| rest == "Input" || rest == "Instruction"))
        };
        while is_taken(&name) {
            name.push('_');
        }
        client.instruction(place, instruction, &name, &derived);
    }
    client.errors();
    client.finish()
}

struct Client<'a> {
    interface: &'a Interface,
    /// The name of each type.
    names: BTreeMap<&'a str, String>,
    /// What the constants of each type begin with.
    constants: BTreeMap<String, String>,
    text: String,
}

impl<'a> Client<'a> {
    fn line(&mut self, text: impl AsRef<str>) {
        self.text.push_str(text.as_ref());
        self.text.push('\n');
    }

    /// A comment for what follows.
    fn docs(&mut self, lines: &[String], instead: &str) {
        let lines = match lines.is_empty() {
            true => vec![instead.to_string()],
            // What would end the comment.
            false => lines.iter().map(|line| line.replace("*/", "* /")).collect(),
        };
        match lines.as_slice() {
            [line] => self.line(format!("/** {line} */")),
            lines => {
                self.line("/**");
                for line in lines {
                    let line = format!(" * {line}");
                    self.line(line.trim_end());
                }
                self.line(" */");
            }
        }
    }

    fn program(&mut self) {
        let constant = spell(&self.interface.name, Style::Constant);
        let mut docs = vec![format!("The program `{}`.", self.interface.name)];
        docs.extend(self.interface.docs.iter().cloned());
        match &self.interface.address {
            Some(address) => {
                self.docs(&docs, "");
                self.line(format!(
                    "export const {constant}_PROGRAM_ADDRESS = '{address}' as Address<'{address}'>;\n"
                ));
                self.line("/** Where the program is, and what else an instruction is given. */");
                self.line("export type InstructionConfig = {");
                self.line("    /** The address of the program, if it is another one. */");
                self.line("    programAddress?: Address;");
            }
            None => {
                docs.push(
                    "Its address is not part of its source, so it is given to what needs it.".to_string(),
                );
                self.docs(&docs, "");
                self.line("export type InstructionConfig = {");
                self.line("    /** The address of the program. */");
                self.line("    programAddress: Address;");
            }
        }
        self.line("    /** Accounts after those that the instruction declares. */");
        self.line("    remainingAccounts?: readonly (AccountMeta | AccountSignerMeta)[];");
        self.line("};\n");
    }

    /// What stands for the address of the program where none has to be given.
    fn program_address(&self, given: &str) -> String {
        match self.interface.address {
            Some(_) => {
                format!("{given} ?? {}_PROGRAM_ADDRESS", spell(&self.interface.name, Style::Constant))
            }
            None => given.to_string(),
        }
    }

    fn ty(&self, ty: &DataType) -> String {
        match ty {
            DataType::Bool => "boolean".to_string(),
            DataType::Integer(_, 64 | 128) => "bigint".to_string(),
            DataType::Integer(..) => "number".to_string(),
            DataType::Pubkey => "Address".to_string(),
            DataType::Null => "void".to_string(),
            DataType::Option(item) if matches!(**item, DataType::Option(_) | DataType::Null) => {
                format!("Option<{}>", self.ty(item))
            }
            DataType::Option(item) => format!("{} | null", self.ty(item)),
            DataType::Array(item, _) if **item == DataType::Integer(false, 8) => {
                "ReadonlyUint8Array".to_string()
            }
            DataType::Array(item, _) => match **item {
                DataType::Option(_) => format!("({})[]", self.ty(item)),
                _ => format!("{}[]", self.ty(item)),
            },
            DataType::Named(name) => self.names.get(name.as_str()).cloned().unwrap_or_default(),
            DataType::Other(_) => "ReadonlyUint8Array".to_string(),
        }
    }

    fn codec(&self, ty: &DataType, size: u32) -> String {
        match ty {
            DataType::Bool => "getBooleanCodec()".to_string(),
            DataType::Integer(signed, bits) => format!("get{}{bits}Codec()", if *signed { 'I' } else { 'U' }),
            DataType::Pubkey => "getAddressCodec()".to_string(),
            DataType::Null => "getUnitCodec()".to_string(),
            DataType::Option(item) => {
                let codec = self.codec(item, size.saturating_sub(1));
                let function = match **item {
                    DataType::Option(_) | DataType::Null => "getOptionCodec",
                    _ => "getNullableCodec",
                };
                format!("{function}({codec}, {{ noneValue: 'zeroes' }})")
            }
            DataType::Array(item, length) if **item == DataType::Integer(false, 8) => {
                format!("exactBytes({length})")
            }
            DataType::Array(item, length) => {
                let codec = self.codec(item, size.checked_div(*length).unwrap_or(0));
                format!("getArrayCodec({codec}, {{ size: {length} }})")
            }
            DataType::Named(name) => {
                format!("get{}Codec()", self.names.get(name.as_str()).map_or("", String::as_str))
            }
            DataType::Other(_) => format!("exactBytes({size})"),
        }
    }

    /// The names of fields as properties.
    fn properties(fields: &[Field]) -> Vec<String> {
        Scope::default().spell_all(fields.iter().map(|field| field.name.as_str()), Style::Camel)
    }

    fn members(&self, fields: &[Field]) -> String {
        let mut text = String::new();
        for (name, field) in Client::properties(fields).iter().zip(fields) {
            let _ = write!(text, " {name}: {};", self.ty(&field.ty));
        }
        format!("{{{text} }}")
    }

    /// The codec of fields that end at `end`. What lies between them belongs to the one before.
    fn struct_codec(&self, fields: &[Field], end: u32) -> String {
        let parts: Vec<String> = Client::properties(fields)
            .iter()
            .zip(with_gaps(fields, end))
            .map(|(name, (field, gap))| match (self.codec(&field.ty, field.size), gap) {
                (codec, 0) => format!("['{name}', {codec}]"),
                (codec, gap) => {
                    format!("['{name}', fixCodecSize({codec}, {})]", field.size.saturating_add(gap))
                }
            })
            .collect();
        format!("getStructCodec([{}])", parts.join(", "))
    }

    /// A type of an object with a member on each line.
    fn record_type(&mut self, name: &str, fields: &[Field]) {
        self.line(format!("export type {name} = {{"));
        for (property, field) in Client::properties(fields).iter().zip(fields) {
            let ty = self.ty(&field.ty);
            self.line(format!("    {property}: {ty};"));
        }
        self.line("};\n");
    }

    fn named(&mut self, named: &NamedType) {
        let Some(name) = self.names.get(named.name.as_str()).cloned() else { return };
        self.docs(&named.docs, &format!("`{}` of the program.", named.name));
        let codec = match &named.shape {
            Shape::Record(fields) => {
                self.record_type(&name, fields);
                self.struct_codec(fields, named.size)
            }
            Shape::Enum(variants) if variants.iter().all(|variant| variant.fields.is_empty()) => {
                let mut scope = Scope::default();
                self.line(format!("export enum {name} {{"));
                for variant in variants {
                    let variant = scope.spell(&variant.name, Style::Pascal);
                    self.line(format!("    {variant},"));
                }
                self.line("}\n");
                format!("getEnumCodec({name})")
            }
            Shape::Enum(variants) => {
                let mut scope = Scope::default();
                let mut parts = Vec::new();
                self.line(format!("export type {name} ="));
                for (place, variant) in variants.iter().enumerate() {
                    let kind = scope.spell(&variant.name, Style::Pascal);
                    let members = self.members(&variant.fields);
                    let members = members.trim_start_matches('{').trim_end_matches('}').trim();
                    let space = if members.is_empty() { "" } else { " " };
                    let end = if place + 1 == variants.len() { ";\n" } else { "" };
                    self.line(format!("    | {{ __kind: '{kind}';{space}{members} }}{end}"));
                    let codec = match variant.fields.is_empty() {
                        true => "getUnitCodec()".to_string(),
                        false => self.struct_codec(&variant.fields, variant.size),
                    };
                    parts.push(format!("        ['{kind}', {codec}],\n"));
                }
                format!(
                    "fixCodecSize(getDiscriminatedUnionCodec([\n{}    ]), {})",
                    parts.concat(),
                    named.size
                )
            }
        };
        self.line(format!("/** The layout of `{name}`. */"));
        self.line(format!("export function get{name}Codec(): FixedSizeCodec<{name}> {{"));
        self.line(format!("    return {codec};"));
        self.line("}\n");
    }

    fn discriminator(&mut self, constant: &str, bytes: &[u8], what: &str) {
        let bytes: Vec<String> = bytes.iter().map(u8::to_string).collect();
        self.line(format!("/** The first bytes of {what}. */"));
        self.line(format!(
            "export const {constant}_DISCRIMINATOR: ReadonlyUint8Array = new Uint8Array([{}]);\n",
            bytes.join(", ")
        ));
    }

    fn layout(&mut self, layout: &Layout, what: &str) {
        let Some(name) = self.names.get(layout.name.as_str()).cloned() else { return };
        let constant = self.constants.get(&name).cloned().unwrap_or_default();
        let article = if what == "event" { "the event" } else { "accounts of the type" };
        self.docs(&layout.docs, &format!("The {what} `{}`.", layout.name));
        // A record that is a part of another one has its type and codec already.
        if self.interface.named(&layout.name).is_none() {
            self.record_type(&name, &layout.fields);
            let codec = self.struct_codec(&layout.fields, layout.size);
            self.line(format!("/** The layout of `{name}`, after its first eight bytes. */"));
            self.line(format!("export function get{name}Codec(): FixedSizeCodec<{name}> {{"));
            self.line(format!("    return {codec};"));
            self.line("}\n");
        }
        self.discriminator(&constant, &layout.discriminator, &format!("{article} `{}`", layout.name));
        self.line("/** The size of all of it in bytes. */");
        self.line(format!("export const {constant}_SIZE = {};\n", layout.size));
        self.line("/** Reads the data; throws if they are something else. */");
        self.line(format!("export function decode{name}(data: ReadonlyUint8Array): {name} {{"));
        self.line(format!(
            "    return get{name}Codec().decode(dataAfter('{name}', {constant}_DISCRIMINATOR, {constant}_SIZE, data));"
        ));
        self.line("}\n");
        self.line("/** The data, as the program would write them. */");
        self.line(format!("export function encode{name}(value: {name}): ReadonlyUint8Array {{"));
        self.line(format!("    const data = new Uint8Array({constant}_SIZE);"));
        self.line(format!("    data.set({constant}_DISCRIMINATOR);"));
        self.line(format!("    get{name}Codec().write(value, data, 8);"));
        self.line("    return data;");
        self.line("}\n");
    }

    fn fetch(&mut self, account: &Layout) {
        let Some(name) = self.names.get(account.name.as_str()).cloned() else { return };
        let (optional, config) = match self.interface.address {
            Some(_) => ("?", " = {}"),
            None => ("", ""),
        };
        let program = self.program_address("config.programAddress");
        self.line(
            "/** Reads an account from the chain; throws if it is not there or not one of the program's. */",
        );
        self.line(format!("export async function fetch{name}("));
        self.line("    rpc: Parameters<typeof fetchEncodedAccount>[0],");
        self.line("    address: Address,");
        self.line(format!(
            "    config: FetchAccountConfig & {{ programAddress{optional}: Address }}{config},"
        ));
        self.line(format!("): Promise<{name}> {{"));
        self.line("    const account = await fetchEncodedAccount(rpc, address, config);");
        self.line("    assertAccountExists(account);");
        self.line(format!("    if (account.programAddress !== ({program})) {{"));
        self.line("        throw new Error(`${address} belongs to the program ${account.programAddress}`);");
        self.line("    }");
        self.line(format!("    return decode{name}(account.data);"));
        self.line("}\n");
    }

    fn events(&mut self) {
        let names: Vec<String> =
            self.interface.events.iter().filter_map(|it| self.names.get(it.name.as_str()).cloned()).collect();
        if names.is_empty() {
            return;
        }
        self.line("/** An event of the program. */");
        self.line("export type ProgramEvent =");
        for (place, name) in names.iter().enumerate() {
            let end = if place + 1 == names.len() { ";\n" } else { "" };
            self.line(format!("    | {{ name: '{name}'; data: {name} }}{end}"));
        }
        self.line("/**");
        self.line(" * The events in the log of a transaction. Another program can log the same bytes: what counts is whose");
        self.line(" * instruction wrote them.");
        self.line(" */");
        self.line("export function readEvents(logs: readonly string[]): ProgramEvent[] {");
        self.line("    const events: ProgramEvent[] = [];");
        self.line("    for (const line of logs) {");
        self.line("        if (!line.startsWith('Program data: ')) continue;");
        self.line("        const data = getBase64Encoder().encode(line.slice('Program data: '.length).split(' ')[0] ?? '');");
        for name in names {
            let constant = self.constants.get(&name).cloned().unwrap_or_default();
            self.line(format!(
                "        if (data.length === {constant}_SIZE && {constant}_DISCRIMINATOR.every((byte, place) => data[place] === byte)) {{"
            ));
            self.line(format!("            events.push({{ name: '{name}', data: decode{name}(data) }});"));
            self.line("        }");
        }
        self.line("    }");
        self.line("    return events;");
        self.line("}\n");
    }

    fn address(&mut self, address: &DerivedAddress<'_>) {
        let name = spell(&address.name, Style::Pascal);
        let variables = address.variables();
        let properties = Scope::default().spell_all(variables.iter().copied(), Style::Camel);
        let property = |wanted: &str| {
            let place = variables.iter().position(|name| *name == wanted);
            place.and_then(|place| properties.get(place)).cloned().unwrap_or_default()
        };
        let parts: Vec<String> = address
            .seeds
            .iter()
            .filter_map(|seed| match seed {
                Seed::Bytes(bytes) => {
                    let bytes: Vec<String> = bytes.iter().map(u8::to_string).collect();
                    Some(format!("new Uint8Array([{}])", bytes.join(", ")))
                }
                Seed::Key(key) => Some(format!("getAddressCodec().encode('{key}' as Address)")),
                Seed::Program => Some("getAddressCodec().encode(programAddress)".to_string()),
                Seed::ArgumentField(name, wanted) => {
                    let (field, all) = address.argument_field(self.interface, name, wanted)?;
                    let names =
                        Scope::default().spell_all(all.iter().map(|it| it.name.as_str()), Style::Camel);
                    let place = all.iter().position(|it| it.name == *wanted)?;
                    let codec = self.codec(&field.ty, field.size);
                    Some(format!("{codec}.encode(seeds.{}.{})", property(name), names.get(place)?))
                }
                Seed::Account(name) => Some(format!("getAddressCodec().encode(seeds.{})", property(name))),
                Seed::Argument(name) => {
                    let field = address.argument(name)?;
                    let codec = self.codec(&field.ty, field.size);
                    Some(format!("{codec}.encode(seeds.{})", property(name)))
                }
                Seed::AccountField(..) | Seed::Expression(_) => None,
            })
            .collect();
        let members: String = variables
            .iter()
            .zip(&properties)
            .map(|(variable, property)| {
                let ty = address.argument(variable).filter(|_| address.is_argument(variable));
                let ty = ty.map_or_else(|| "Address".to_string(), |field| self.ty(&field.ty));
                format!(" {property}: {ty};")
            })
            .collect();
        let seeds = if members.is_empty() { String::new() } else { format!("    seeds: {{{members} }},\n") };
        let (optional, config) = match self.interface.address {
            Some(_) => ("?", " = {}"),
            None => ("", ""),
        };
        let program = self.program_address("config.programAddress");
        self.line(format!("/** The derived address of `{}`, with its bump. */", address.name));
        self.line(format!("export async function find{name}Address("));
        self.text.push_str(&seeds);
        self.line(format!("    config: {{ programAddress{optional}: Address }}{config},"));
        self.line("): Promise<ProgramDerivedAddress> {");
        match address.seeds.contains(&Seed::Program) {
            true => {
                self.line(format!("    const programAddress: Address = {program};"));
                self.line("    return await getProgramDerivedAddress({");
                self.line("        programAddress,");
            }
            false => {
                self.line("    return await getProgramDerivedAddress({");
                self.line(format!("        programAddress: {program},"));
            }
        }
        self.line("        seeds: [");
        for part in parts {
            self.line(format!("            {part},"));
        }
        self.line("        ],");
        self.line("    });");
        self.line("}\n");
    }

    fn instruction(
        &mut self,
        place: usize,
        instruction: &Instruction,
        name: &str,
        derived: &[DerivedAddress<'_>],
    ) {
        let constant = spell(name, Style::Constant);
        // Accounts and arguments are given together.
        let mut scope = Scope::default();
        let accounts =
            scope.spell_all(instruction.accounts.iter().map(|account| account.name.as_str()), Style::Camel);
        let arguments =
            scope.spell_all(instruction.arguments.iter().map(|field| field.name.as_str()), Style::Camel);
        let property = |wanted: &str| {
            let account = instruction.accounts.iter().position(|account| account.name == wanted);
            let argument = instruction.arguments.iter().position(|field| field.name == wanted);
            match (account, argument) {
                (Some(place), _) => accounts.get(place).cloned(),
                (None, Some(place)) => arguments.get(place).cloned(),
                (None, None) => None,
            }
        };
        self.discriminator(
            &format!("{constant}_INSTRUCTION"),
            &instruction.discriminator,
            &format!("the data of the instruction `{}`", instruction.name),
        );
        self.line(format!("/** What the instruction `{}` takes. */", instruction.name));
        self.line(format!("export type {name}Input = {{"));
        let address_of = |account: &InstructionAccount| derived_address(derived, place, account);
        for (account, property) in instruction.accounts.iter().zip(&accounts) {
            let is_known = account.optional || account.address.is_some() || address_of(account).is_some();
            let optional = if is_known { "?" } else { "" };
            let ty = if account.signer { "TransactionSigner" } else { "Address" };
            self.line(format!("    {property}{optional}: {ty};"));
        }
        for (field, property) in instruction.arguments.iter().zip(&arguments) {
            let ty = self.ty(&field.ty);
            self.line(format!("    {property}: {ty};"));
        }
        self.line("};\n");
        let is_async = instruction.accounts.iter().any(|account| address_of(account).is_some());
        let result = "Instruction & InstructionWithAccounts<readonly (AccountMeta | AccountSignerMeta)[]> & InstructionWithData<ReadonlyUint8Array>";
        let (keyword, result) = match is_async {
            true => ("async ", format!("Promise<{result}>")),
            false => ("", result.to_string()),
        };
        let config = if self.interface.address.is_some() { " = {}" } else { "" };
        self.docs(&instruction.docs, &format!("The instruction `{}`.", instruction.name));
        self.line(format!("export {keyword}function get{name}Instruction("));
        // Without anything to give, the argument is there all the same: what is added later changes no call.
        let input = if accounts.is_empty() && arguments.is_empty() { "_input" } else { "input" };
        self.line(format!("    {input}: {name}Input,"));
        self.line(format!("    config: InstructionConfig{config},"));
        self.line(format!("): {result} {{"));
        let program = self.program_address("config.programAddress");
        self.line(format!("    const programAddress: Address = {program};"));
        self.line("    const accounts: (AccountMeta | AccountSignerMeta)[] = [];");
        for (account, property_name) in instruction.accounts.iter().zip(&accounts) {
            self.meta(account, property_name, address_of(account), &property);
        }
        self.line("    accounts.push(...(config.remainingAccounts ?? []));");
        let size = instruction.arguments.iter().fold(0u32, |sum, field| sum.saturating_add(field.size));
        let mut offset = instruction.discriminator.len() as u32;
        self.line(format!("    const data = new Uint8Array({});", size.saturating_add(offset)));
        self.line(format!("    data.set({constant}_INSTRUCTION_DISCRIMINATOR);"));
        for (field, property) in instruction.arguments.iter().zip(&arguments) {
            let codec = self.codec(&field.ty, field.size);
            self.line(format!("    {codec}.write(input.{property}, data, {offset});"));
            offset = offset.saturating_add(field.size);
        }
        self.line("    return { programAddress, accounts, data };");
        self.line("}\n");
    }

    /// Adds an account to those of an instruction.
    fn meta(
        &mut self,
        account: &InstructionAccount,
        property: &str,
        derived: Option<&DerivedAddress<'_>>,
        property_of: &dyn Fn(&str) -> Option<String>,
    ) {
        let role = match (account.signer, account.writable) {
            (true, true) => "WRITABLE_SIGNER",
            (true, false) => "READONLY_SIGNER",
            (false, true) => "WRITABLE",
            (false, false) => "READONLY",
        };
        let given = format!("input.{property}");
        let address = match (&account.address, derived) {
            (Some(address), _) => format!("{given} ?? ('{address}' as Address)"),
            (None, Some(derived)) => {
                let address_of = |name: &str| {
                    let property = property_of(name).unwrap_or_default();
                    let is_signer = !derived.is_argument(name) && self.is_signer(derived, name);
                    format!("input.{property}{}", if is_signer { ".address" } else { "" })
                };
                let variables = derived.variables();
                let names = Scope::default().spell_all(variables.iter().copied(), Style::Camel);
                let seeds: Vec<String> = names
                    .iter()
                    .zip(&variables)
                    .map(|(name, variable)| format!("{name}: {}", address_of(variable)))
                    .collect();
                let seeds =
                    if seeds.is_empty() { String::new() } else { format!("{{ {} }}, ", seeds.join(", ")) };
                let function = format!("find{}Address", spell(&derived.name, Style::Pascal));
                format!("{given} ?? (await {function}({seeds}{{ programAddress }}))[0]")
            }
            (None, None) => given.clone(),
        };
        if account.signer {
            let push = format!(
                "accounts.push({{ address: {given}.address, role: AccountRole.{role}, signer: {given} }});"
            );
            match account.optional {
                true => {
                    self.line(format!("    if ({given}) {push}"));
                    self.line(
                        "    else accounts.push({ address: programAddress, role: AccountRole.READONLY });",
                    );
                }
                false => self.line(format!("    {push}")),
            }
            return;
        }
        match account.optional && account.address.is_none() && derived.is_none() {
            // The program's own address stands for an account that is left out.
            true => self.line(format!(
                "    accounts.push({{ address: {given} ?? programAddress, role: {given} ? AccountRole.{role} : AccountRole.READONLY }});"
            )),
            false => {
                self.line(format!("    accounts.push({{ address: {address}, role: AccountRole.{role} }});"));
            }
        }
    }

    /// True if an account among the seeds of an address signs.
    fn is_signer(&self, derived: &DerivedAddress<'_>, name: &str) -> bool {
        derived.account(name).is_some_and(|account| account.signer)
    }

    fn errors(&mut self) {
        if self.interface.errors.is_empty() {
            return;
        }
        let mut scope = Scope::default();
        let mut table = String::new();
        let mut codes = BTreeSet::new();
        for error in &self.interface.errors {
            let constant = scope.spell(&error.name, Style::Constant);
            let message = error.message.as_deref().unwrap_or(&error.name);
            self.docs(&[message.to_string()], "");
            self.line(format!("export const ERROR_{constant} = {};\n", error.code));
            // Of several errors with one code the first is told.
            if !codes.insert(error.code) {
                continue;
            }
            let name = serde_json::Value::from(error.name.as_str());
            let message = serde_json::Value::from(message);
            let _ = writeln!(table, "    {}: {{ name: {name}, message: {message} }},", error.code);
        }
        self.line("/** The errors of the program by their codes. */");
        self.line("export const ERRORS: Readonly<Record<number, { name: string; message: string }>> = {");
        self.text.push_str(&table);
        self.line("};\n");
        let (optional, rest) = match self.interface.address {
            Some(_) => ("?", ""),
            None => ("", " | undefined"),
        };
        let program = self.program_address("programAddress");
        self.line(
            "/** True if a transaction failed with an error of the program, or with one of its codes. */",
        );
        self.line("export function isErrorOfProgram(");
        self.line("    error: unknown,");
        self.line("    transactionMessage: Parameters<typeof isProgramError>[1],");
        self.line(format!("    code{}: number{rest},", if optional.is_empty() { "" } else { "?" }));
        self.line(format!("    programAddress{optional}: Address,"));
        self.line("): boolean {");
        self.line(format!("    return isProgramError(error, transactionMessage, {program}, code);"));
        self.line("}");
    }

    /// The text with its imports: those that it mentions.
    fn finish(mut self) -> String {
        for (name, function) in FUNCTIONS {
            if mentions(&self.text, name) {
                self.text = format!("{}\n\n{function}", self.text.trim_end());
            }
        }
        let mut head =
            "// The client of a program, written by `ovsmc client`. Changes to it are lost.\n\n".to_string();
        head.push_str("import {\n");
        for name in IMPORTS.iter().filter(|name| mentions(&self.text, name)) {
            let is_type =
                name.starts_with(|first: char| first.is_ascii_uppercase()) && !VALUES.contains(name);
            let _ = writeln!(head, "    {}{name},", if is_type { "type " } else { "" });
        }
        head.push_str("} from '@solana/kit';\n\n");
        format!("{head}{}\n", self.text.trim_end())
    }
}

/// True if the code has a name as a word; comments and quoted names do not count.
fn mentions(text: &str, name: &str) -> bool {
    let is_part = |character: char| character.is_ascii_alphanumeric() || "_'`".contains(character);
    let is_in = |line: &str| {
        line.match_indices(name).any(|(at, _)| {
            let before = line.get(..at).and_then(|text| text.chars().next_back());
            let after = line.get(at + name.len()..).and_then(|text| text.chars().next());
            !before.is_some_and(is_part) && !after.is_some_and(is_part)
        })
    };
    text.lines().filter(|line| !line.trim_start().starts_with(['*', '/'])).any(is_in)
}
