//! Values that are known when a program is compiled: seeds, addresses, owners, whatever their spelling.
//!
//! Code after expansion is looked at: literals, constants, arithmetic, calls of functions that come to a value. What has no
//! known value has a fingerprint: a text that stays the same as long as the code computes the same in the same way. Nothing is
//! evaluated that could fail or change something. Start with [`Values::value`].

use crate::code::body_types;
use crate::db::SourceFile;
use crate::modules::{program_forms, program_items};
use crate::names::expand;
use ovsm_base::{DefId, IntType};
use ovsm_expand::builtin::{Arithmetic, Builtin, Overflow};
use ovsm_expand::core::{Body, Chain, Expr, ExprId, Key, LocalId, Variable};
use ovsm_infer::{BodyTypes, Type};
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

/// So many expressions, and items and rows of bytes of what they come to, are looked at for one value.
const MAX_STEPS: u32 = 20_000;

/// So many are looked at for the value of a part of what has a fingerprint.
const MAX_STEPS_OF_PART: u32 = 500;

/// So many bytes count as one item.
const ROW: usize = 64;

/// A fingerprint describes so many expressions, and rows of the texts of values.
const MAX_DESCRIBED: u32 = 20_000;

/// A known value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Known {
    /// An integer with its type; of its two's complement, the low bits count.
    Integer(IntType, u128),
    /// A truth value.
    Bool(bool),
    /// A text or bytes.
    Bytes(Vec<u8>),
    /// A key.
    Key([u8; 32]),
    /// Items of one type.
    Items(Vec<Known>),
}

impl Known {
    /// The bytes that the program makes of it: integers little endian, as wide as their type.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self {
            Known::Integer(ty, number) => {
                number.to_le_bytes().into_iter().take(ty.bits() as usize / 8).collect()
            }
            Known::Bool(truth) => vec![u8::from(*truth)],
            Known::Bytes(bytes) => bytes.clone(),
            Known::Key(key) => key.to_vec(),
            Known::Items(items) => items.iter().flat_map(Known::bytes).collect(),
        }
    }

    /// How much there is of it: steps that making it, or another one of it, costs.
    fn weight(&self) -> usize {
        match self {
            Known::Integer(..) | Known::Bool(_) | Known::Key(_) => 1,
            Known::Bytes(bytes) => 1 + bytes.len() / ROW,
            Known::Items(items) => items.iter().map(Known::weight).fold(1, usize::saturating_add),
        }
    }
}

/// Code with its types.
#[derive(Clone, Copy)]
pub(crate) struct Typed<'a> {
    pub(crate) body: &'a Body,
    pub(crate) types: &'a BodyTypes,
}

/// Looks values up in the code of a program.
pub(crate) struct Values<'a> {
    db: &'a dyn salsa::Database,
    file: SourceFile,
    /// What is left of those for the value that is being looked for.
    steps: u32,
    /// What is left of those for the fingerprint that is being made.
    left: u32,
    /// The variables and functions whose code it has described, in their order.
    described: Vec<DefId>,
    /// The variables and functions that are being looked at.
    inside: Vec<DefId>,
    /// The shared variables that get another value somewhere, when first asked for.
    assigned: OnceCell<BTreeSet<DefId>>,
    /// The locals of a body that get another value somewhere.
    assigned_locals: BTreeMap<*const Body, BTreeSet<LocalId>>,
    /// Where variables get their values.
    definitions: BTreeMap<DefId, Option<(Typed<'a>, ExprId)>>,
    /// The values of variables and of functions without arguments, as far as they are known.
    known: BTreeMap<DefId, Known>,
}

impl<'a> Values<'a> {
    pub(crate) fn new(db: &'a dyn salsa::Database, file: SourceFile) -> Values<'a> {
        Values {
            db,
            file,
            steps: 0,
            left: 0,
            described: Vec::new(),
            inside: Vec::new(),
            assigned: OnceCell::new(),
            assigned_locals: BTreeMap::new(),
            definitions: BTreeMap::new(),
            known: BTreeMap::new(),
        }
    }

    /// The value of an expression; `None` if it is known only when the program runs.
    pub(crate) fn value(&mut self, code: Typed<'a>, expr: ExprId) -> Option<Known> {
        self.steps = MAX_STEPS;
        self.evaluate(code, &mut BTreeMap::new(), expr)
    }

    fn evaluate(
        &mut self,
        code: Typed<'a>,
        locals: &mut BTreeMap<LocalId, Known>,
        expr: ExprId,
    ) -> Option<Known> {
        self.pay(1)?;
        let found = ovsm_base::stack::with_room(|| self.evaluate_inner(code, locals, expr))?;
        // What is written out is as large as it is; of anything else, each step can make twice as much.
        if !matches!(code.body.exprs.get(expr), Some(Expr::String(_) | Expr::Bytes(_))) {
            self.pay(found.weight())?;
        }
        // Where it stands, it may be a wider integer.
        match (found, code.types.type_of(expr).underlying()) {
            (Known::Integer(ty, number), Type::Int(wanted)) => integer(*wanted, signed(ty, number)?),
            (Known::Integer(..), _) | (_, Type::Option(_)) => None,
            (found, _) => Some(found),
        }
    }

    fn pay(&mut self, steps: usize) -> Option<()> {
        self.steps = self.steps.checked_sub(u32::try_from(steps).ok()?)?;
        Some(())
    }

    fn evaluate_inner(
        &mut self,
        code: Typed<'a>,
        locals: &mut BTreeMap<LocalId, Known>,
        expr: ExprId,
    ) -> Option<Known> {
        match code.body.exprs.get(expr)? {
            Expr::Int { negative, magnitude, .. } => {
                let Type::Int(ty) = code.types.exprs.get(expr)?.underlying() else { return None };
                let number = i128::try_from(*magnitude);
                match (number, *negative) {
                    (Ok(number), true) => integer(*ty, -number),
                    (Ok(number), false) => integer(*ty, number),
                    (Err(_), false) if *ty == IntType::U128 => Some(Known::Integer(*ty, *magnitude)),
                    (Err(_), _) => None,
                }
            }
            Expr::Bool(truth) => Some(Known::Bool(*truth)),
            Expr::String(text) => Some(Known::Bytes(text.as_bytes().to_vec())),
            Expr::Bytes(bytes) => Some(Known::Bytes(bytes.clone())),
            Expr::Pubkey(key) => Some(Known::Key(*key)),
            Expr::Array(items) => {
                let items = items.iter().map(|item| self.evaluate(code, locals, *item));
                Some(Known::Items(items.collect::<Option<_>>()?))
            }
            Expr::Repeat(item, count) if *count <= 1024 => {
                let item = self.evaluate(code, locals, *item)?;
                let count = *count as usize;
                self.pay(item.weight().checked_mul(count)?)?;
                Some(Known::Items(vec![item; count]))
            }
            Expr::Get(items, Key::Index(place)) => {
                let items = self.evaluate(code, locals, *items)?;
                let Known::Integer(ty, place) = self.evaluate(code, locals, *place)? else { return None };
                let place = usize::try_from(signed(ty, place)?).ok()?;
                match items {
                    Known::Items(items) => items.get(place).cloned(),
                    Known::Bytes(bytes) => Some(Known::Integer(IntType::U8, u128::from(*bytes.get(place)?))),
                    _ => None,
                }
            }
            Expr::Ascribe(inner, _) | Expr::Into(inner, _) | Expr::Scope(_, inner) | Expr::Present(inner) => {
                self.evaluate(code, locals, *inner)
            }
            Expr::Block(items) => {
                let (last, first) = items.split_last()?;
                for item in first {
                    let Some(Expr::Bind(local, value)) = code.body.exprs.get(*item) else { return None };
                    let value = self.evaluate(code, locals, *value)?;
                    locals.insert(*local, value);
                }
                self.evaluate(code, locals, *last)
            }
            Expr::Local(local) if !self.is_assigned(code.body, *local) => locals.get(local).cloned(),
            Expr::Global(def) => self.of_variable(*def),
            Expr::Call(def, arguments) => {
                let arguments = arguments.iter().map(|argument| self.evaluate(code, locals, *argument));
                let arguments: Vec<Known> = arguments.collect::<Option<_>>()?;
                self.of_call(*def, arguments)
            }
            Expr::Builtin(builtin, operands) => {
                let operands = operands.iter().map(|operand| self.evaluate(code, locals, *operand));
                let operands: Vec<Known> = operands.collect::<Option<_>>()?;
                let Type::Int(ty) = code.types.exprs.get(expr)?.underlying() else {
                    self.pay(operands.iter().map(Known::weight).sum())?;
                    return texts(*builtin, &operands);
                };
                number(*builtin, *ty, &operands)
            }
            _ => None,
        }
    }

    /// The value of a variable that is never given another one.
    fn of_variable(&mut self, def: DefId) -> Option<Known> {
        if let Some(known) = self.known.get(&def) {
            return Some(known.clone());
        }
        if self.inside.contains(&def) || self.assigned().contains(&def) {
            return None;
        }
        let (code, value) = self.definition(def)?;
        self.inside.push(def);
        let value = self.evaluate(code, &mut BTreeMap::new(), value);
        self.inside.pop();
        self.known.extend(value.iter().map(|value| (def, value.clone())));
        value
    }

    fn assigned(&self) -> &BTreeSet<DefId> {
        let (db, file) = (self.db, self.file);
        self.assigned.get_or_init(|| {
            let bodies = program_forms(db, file).iter().flat_map(|form| expand(db, *form).bodies());
            let all = bodies.flat_map(|(_, body)| body.exprs.iter());
            all.filter_map(|expr| match expr {
                Expr::SetGlobal(def, _) | Expr::Put(Variable::Global(def), ..) => Some(*def),
                _ => None,
            })
            .collect()
        })
    }

    /// True if a body gives a local another value than its first one.
    fn is_assigned(&mut self, body: &'a Body, local: LocalId) -> bool {
        let assigned = self.assigned_locals.entry(std::ptr::from_ref(body)).or_insert_with(|| {
            let all = body.exprs.iter();
            all.filter_map(|expr| match expr {
                Expr::SetLocal(local, _) | Expr::Put(Variable::Local(local), ..) => Some(*local),
                _ => None,
            })
            .collect()
        });
        assigned.contains(&local)
    }

    /// Where a variable gets its value.
    fn definition(&mut self, def: DefId) -> Option<(Typed<'a>, ExprId)> {
        if let Some(known) = self.definitions.get(&def) {
            return *known;
        }
        let found = self.find_definition(def);
        self.definitions.insert(def, found);
        found
    }

    fn find_definition(&self, def: DefId) -> Option<(Typed<'a>, ExprId)> {
        let (db, file) = (self.db, self.file);
        let form = *program_forms(db, file).get(*program_items(db, file).places.get(&def)?)?;
        let body = expand(db, form).code.as_ref()?;
        let value = body.exprs.iter().find_map(|expr| match expr {
            Expr::Define(defined, value) if *defined == def => Some(*value),
            _ => None,
        })?;
        Some((Typed { body, types: body_types(db, file, form, None)? }, value))
    }

    fn function(&self, def: DefId) -> Option<Typed<'a>> {
        let (db, file) = (self.db, self.file);
        let form = *program_forms(db, file).get(*program_items(db, file).places.get(&def)?)?;
        let function = expand(db, form).function(def)?;
        Some(Typed { body: &function.body, types: body_types(db, file, form, Some(def))? })
    }

    fn of_call(&mut self, def: DefId, arguments: Vec<Known>) -> Option<Known> {
        let is_same_again = arguments.is_empty();
        if let Some(known) = self.known.get(&def).filter(|_| is_same_again) {
            return Some(known.clone());
        }
        let code = self.function(def)?;
        if self.inside.contains(&def) || arguments.len() != code.body.params as usize {
            return None;
        }
        let places = code.body.locals.iter_enumerated().map(|(local, _)| local);
        let mut locals: BTreeMap<LocalId, Known> = places.zip(arguments).collect();
        self.inside.push(def);
        let value = self.evaluate(code, &mut locals, code.body.root?);
        self.inside.pop();
        if is_same_again {
            self.known.extend(value.iter().map(|value| (def, value.clone())));
        }
        value
    }

    /// What an expression computes, as a text that is the same for the same computation. The names are those of the locals that
    /// mean something to callers. Of what is too large, the text says how large the rest of its body is.
    pub(crate) fn fingerprint(
        &mut self,
        code: Typed<'a>,
        names: &BTreeMap<LocalId, String>,
        expr: ExprId,
    ) -> String {
        self.left = MAX_DESCRIBED;
        self.described.clear();
        let mut text = String::new();
        self.describe(code, names, expr, &mut text);
        text
    }

    fn describe(
        &mut self,
        code: Typed<'a>,
        names: &BTreeMap<LocalId, String>,
        expr: ExprId,
        text: &mut String,
    ) {
        let Some(left) = self.left.checked_sub(1) else {
            text.push_str(&format!("of {}", code.body.exprs.len()));
            return;
        };
        self.left = left;
        self.steps = MAX_STEPS_OF_PART;
        if let Some(known) = self.evaluate(code, &mut BTreeMap::new(), expr) {
            let known = format!("{known:?}");
            self.left = self.left.saturating_sub(u32::try_from(known.len() / 64).unwrap_or(u32::MAX));
            text.push_str(&known);
            return;
        }
        let Some(node) = code.body.exprs.get(expr) else { return };
        text.push('(');
        match node {
            Expr::Ascribe(inner, _) | Expr::Scope(_, inner) => self.describe(code, names, *inner, text),
            Expr::Local(local) => match names.get(local) {
                Some(name) => text.push_str(name),
                None => text.push_str(&format!("local {}", self.number_of(code.body, *local))),
            },
            node => {
                text.push_str(&head(node));
                match node {
                    Expr::Call(def, _) => self.describe_definition(*def, text),
                    Expr::Global(def) => self.describe_definition(*def, text),
                    Expr::Bind(local, _) | Expr::SetLocal(local, _) => {
                        text.push_str(&self.number_of(code.body, *local).to_string());
                    }
                    _ => {}
                }
                let mut children = Vec::new();
                node.for_each_child(|child| children.push(child));
                for child in children {
                    text.push(' ');
                    ovsm_base::stack::with_room(|| self.describe(code, names, child, text));
                }
            }
        }
        text.push(')');
    }

    /// Which of the locals of its name it is: what is bound before it does not count.
    fn number_of(&self, body: &Body, local: LocalId) -> String {
        let Some(own) = body.locals.get(local) else { return String::new() };
        let before = body.locals.iter_enumerated().take_while(|(other, _)| *other != local);
        // The names that macros make count all that were made before.
        let stem = |name: &'_ str| name.split("__").next().unwrap_or_default().to_string();
        let name = stem(&own.name);
        let number = before.filter(|(_, other)| stem(&other.name) == name).count();
        format!("{name}#{number}")
    }

    fn describe_definition(&mut self, def: DefId, text: &mut String) {
        if let Some(place) = self.described.iter().position(|described| *described == def) {
            text.push_str(&format!("again {place}"));
            return;
        }
        self.described.push(def);
        if let Some(code) = self.function(def)
            && let Some(root) = code.body.root
        {
            self.describe(code, &BTreeMap::new(), root, text);
        } else if let Some((code, value)) = self.definition(def) {
            self.describe(code, &BTreeMap::new(), value, text);
        }
    }
}

/// What an expression does by itself, without its parts and without places in the text.
fn head(node: &Expr) -> String {
    match node {
        Expr::Builtin(builtin, _) => format!("{builtin:?}"),
        Expr::Get(_, Key::Field(name, _)) => format!("field {name:?}"),
        Expr::Get(_, Key::Payload(ty, variant, field)) => format!("payload {ty} {variant} {field}"),
        Expr::Get(_, Key::Index(_)) => "item".to_string(),
        Expr::Make(ty, variant, _) => format!("make {ty} {variant}"),
        Expr::IsVariant(_, ty, variant) => format!("is-variant {ty} {variant}"),
        Expr::HasType(_, ty) => format!("has-type {ty}"),
        Expr::Into(_, ty) => format!("into {ty}"),
        Expr::Int { negative, magnitude, suffix } => format!("int {negative} {magnitude} {suffix:?}"),
        Expr::Fail(fault) => format!("{fault:?}"),
        Expr::Chain(chain) => match &**chain {
            Chain::Sysvar(key, offset) => format!("sysvar {key:?} {offset}"),
            Chain::Field { record, field, .. } => format!("field {record} {field:?}"),
            chain => word(&format!("{chain:?}")),
        },
        node => word(&format!("{node:?}")),
    }
}

/// The word that a text begins with.
fn word(text: &str) -> String {
    text.chars().take_while(char::is_ascii_alphanumeric).collect()
}

/// The integer that the low bits of a number mean.
fn signed(ty: IntType, number: u128) -> Option<i128> {
    match ty {
        IntType::U128 => i128::try_from(number).ok(),
        IntType::I128 => Some(number as i128),
        ty if ty.is_signed() => {
            let spare = 128 - ty.bits();
            Some((number << spare) as i128 >> spare)
        }
        _ => i128::try_from(number).ok(),
    }
}

/// A number as one of a type, if it fits.
fn integer(ty: IntType, number: i128) -> Option<Known> {
    let known = wrapped(ty, number);
    let Known::Integer(_, word) = known else { return None };
    (signed(ty, word) == Some(number)).then_some(known)
}

/// The low bits of a number.
fn wrapped(ty: IntType, number: i128) -> Known {
    let spare = 128 - ty.bits();
    Known::Integer(ty, ((number as u128) << spare) >> spare)
}

fn number(builtin: Builtin, ty: IntType, operands: &[Known]) -> Option<Known> {
    let numbers: Vec<i128> = operands
        .iter()
        .map(|operand| match operand {
            Known::Integer(ty, number) => signed(*ty, *number),
            _ => None,
        })
        .collect::<Option<_>>()?;
    let (first, rest) = numbers.split_first()?;
    match builtin {
        Builtin::Convert(_) if rest.is_empty() => integer(ty, *first),
        Builtin::ConvertWrap(_) if rest.is_empty() => Some(wrapped(ty, *first)),
        Builtin::Increment if rest.is_empty() => integer(ty, first.checked_add(1)?),
        Builtin::Decrement if rest.is_empty() => integer(ty, first.checked_sub(1)?),
        Builtin::Arithmetic(operation, overflow) if !rest.is_empty() => {
            let mut total = *first;
            for number in rest {
                total = match operation {
                    Arithmetic::Add => total.checked_add(*number),
                    Arithmetic::Sub => total.checked_sub(*number),
                    Arithmetic::Mul => total.checked_mul(*number),
                }?;
                let step = match overflow {
                    Overflow::Wrapping => wrapped(ty, total),
                    Overflow::Checked | Overflow::Saturating => integer(ty, total)?,
                };
                let Known::Integer(_, word) = step else { return None };
                total = signed(ty, word)?;
            }
            integer(ty, total)
        }
        _ => None,
    }
}

fn texts(builtin: Builtin, operands: &[Known]) -> Option<Known> {
    match (builtin, operands) {
        (Builtin::TextBytes, [text @ Known::Bytes(_)]) => Some(text.clone()),
        (Builtin::Text, texts) if texts.iter().all(|text| matches!(text, Known::Bytes(_))) => {
            let bytes =
                |text: &Known| if let Known::Bytes(bytes) = text { bytes.clone() } else { Vec::new() };
            Some(Known::Bytes(texts.iter().map(bytes).collect::<Vec<_>>().concat()))
        }
        _ => None,
    }
}
