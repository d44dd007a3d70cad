//! Lowering of bodies: one method of `State` per kind of expression.
//!
//! A value is lowered by `State::value`, a truth test by `condition` (see `control`), and code whose value nobody
//! uses by `discard`: the same three uses that inference distinguishes, so that types and code agree.

use crate::Failure;
use crate::function::{Function, Type};
use crate::lower::account::{KEY, OWNER};
use crate::lower::layout::Layout;
use crate::lower::slots::Slots;
use crate::lower::state::{Callee, State, Variable, Words};
use crate::op::{Access, Condition, Op, Region, Terminator, Width};
use ovsm_base::{Code, DefId, Diagnostic, IntType, Span};
use ovsm_expand::core::{Body, Expr, ExprId, Fault};
use ovsm_expand::ty::RecordType;
use ovsm_infer::{BodyTypes, Signature, Type as SourceType};
use smallvec::SmallVec;

/// A body with its types.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// The code.
    pub body: &'a Body,
    /// Its types.
    pub types: &'a BodyTypes,
}

/// What the entry function returns.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum EntryKind {
    /// The words of the program's last value, as it is: for scripts.
    Value,
    /// One word, the return code of a Solana program: null is 0, an integer is itself, a truth value 0 or 1.
    ReturnCode,
}

/// One definition, lowered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lowered {
    /// Its code; `Call` and `DataAddress` are numbered by the two lists below.
    pub function: Function,
    /// What the calls mean.
    pub callees: Vec<Callee>,
    /// The constants.
    pub data: Vec<Vec<u8>>,
    /// Size of the frame area; only the entry knows it.
    pub frame_area: u32,
    /// Faults that only the flow of the program shows.
    pub diagnostics: Vec<Diagnostic>,
}

/// Types of other definitions.
pub trait Signatures {
    /// The signature of a function.
    fn signature(&self, def: DefId) -> Option<Signature>;
    /// The type of a module-level variable.
    fn global(&self, def: DefId) -> Option<SourceType>;
    /// The name of a definition.
    fn name(&self, def: DefId) -> String;
}

/// How many words a value of this type has.
pub fn words(ty: &SourceType) -> usize {
    match ty {
        SourceType::Null | SourceType::Error | SourceType::Variable(_) | SourceType::Applied(..) => 0,
        SourceType::Bool | SourceType::Array(..) | SourceType::Account(_) => 1,
        SourceType::Int(IntType::U128 | IntType::I128)
        | SourceType::String
        | SourceType::Bytes
        | SourceType::Slice(_) => 2,
        SourceType::Vec(_) | SourceType::Builder => 3,
        SourceType::Int(_) => 1,
        SourceType::Distinct(distinct) => words(&distinct.base),
        SourceType::Pubkey => 4,
        ty if ty.is_by_address() => 1,
        SourceType::Option(item) => 1 + words(item),
        SourceType::Record(record) => record.fields.iter().map(|field| words(&field.ty)).sum(),
        SourceType::Enum(parent) => {
            let of_variant =
                |variant: &RecordType| variant.fields.iter().map(|field| words(&field.ty)).sum::<usize>();
            1 + parent.variants.iter().map(|variant| of_variant(variant)).max().unwrap_or(0)
        }
    }
}

/// The IR types of the words of a value.
pub(crate) fn word_types(ty: &SourceType) -> SmallVec<[Type; 2]> {
    match ty {
        SourceType::Bool => SmallVec::from_slice(&[Type::Bool]),
        SourceType::Distinct(distinct) => word_types(&distinct.base),
        ty if ty.is_by_address() => SmallVec::from_slice(&[Type::Word]),
        SourceType::Option(item) => {
            let mut all = SmallVec::from_slice(&[Type::Bool]);
            all.extend(word_types(item));
            all
        }
        SourceType::Record(record) => record.fields.iter().flat_map(|field| word_types(&field.ty)).collect(),
        _ => (0..words(ty)).map(|_| Type::Word).collect(),
    }
}

/// Lowers a function.
pub fn lower_function(
    name: &str,
    source: Source<'_>,
    signature: &Signature,
    (own, layout): (DefId, &Layout),
    signatures: &dyn Signatures,
) -> Lowered {
    let params: Vec<Type> = signature.params.iter().flat_map(word_types).collect();
    let function = Function::new(name, &params, &word_types(&signature.result));
    let mut state = State::new(function, source.body, source.types, layout);
    let mut values = state.function.params().to_vec().into_iter();
    for _ in source.body.locals.iter() {
        state.new_variable();
    }
    for (number, ty) in signature.params.iter().enumerate() {
        let own: Words = values.by_ref().take(words(ty)).collect();
        state.write(Variable(number as u32), own);
    }
    state.memory = layout.memory_of(Some(own));
    state.copy_parameters();
    let result = state.body_value(source, signatures);
    let end = state.block;
    state.function.blocks[end].terminator = Terminator::Return(result.into_iter().collect());
    finish(state, 0)
}

/// Lowers the top-level code of a program, in order. `result` is the type of the last value.
pub fn lower_main(
    name: &str,
    sources: &[Source<'_>],
    result: &SourceType,
    kind: EntryKind,
    layout: &Layout,
    signatures: &dyn Signatures,
) -> Lowered {
    let results = match kind {
        EntryKind::Value => word_types(result),
        EntryKind::ReturnCode => SmallVec::from_slice(&[Type::Word]),
    };
    let function = Function::new(name, &[Type::Word, Type::Word], &results);
    let (empty_body, empty_types) = (Body::default(), BodyTypes::default());
    let mut state = State::new(function, &empty_body, &empty_types, layout);
    if let [input, data] = state.function.params() {
        state.entry = Some((*input, *data));
    }
    state.prologue();
    let mut value = Words::new();
    let mut memory = layout.memory_of(None);
    for source in sources {
        state.body = source.body;
        state.types = source.types;
        state.slots = Slots::new(source.body, source.types);
        state.memory = memory;
        memory = memory.wrapping_add(u64::from(state.slots.size));
        state.first_local = match source.body.locals.is_empty() {
            true => 0,
            false => {
                let first = state.new_variable();
                for _ in 1..source.body.locals.len() {
                    state.new_variable();
                }
                first.0
            }
        };
        value = state.body_value(*source, signatures);
    }
    let returned = match kind {
        EntryKind::Value => value,
        EntryKind::ReturnCode => state.return_code(&value, result, sources.last().copied()),
    };
    let end = state.block;
    state.function.blocks[end].terminator = Terminator::Return(returned.into_iter().collect());
    finish(state, layout.size)
}

fn finish(state: State<'_>, frame_area: u32) -> Lowered {
    Lowered {
        function: state.function,
        callees: state.callees,
        data: state.data,
        frame_area,
        diagnostics: state.diagnostics,
    }
}

impl State<'_> {
    fn body_value(&mut self, source: Source<'_>, signatures: &dyn Signatures) -> Words {
        let Some(root) = source.body.root else { return Words::new() };
        let unused = source.types.result.is_none()
            || matches!(&source.body.result, Some(ty) if ty.ty == SourceType::Null);
        if unused {
            self.discard(root, signatures);
            return Words::new();
        }
        self.value(root, signatures)
    }

    fn return_code(&mut self, value: &Words, ty: &SourceType, last: Option<Source<'_>>) -> Words {
        let span = last.and_then(|source| source.body.spans.get(source.body.root?).copied().flatten());
        match (ty, value.as_slice()) {
            (SourceType::Bool, [truth]) => {
                self.report(
                    Code::BoolReturnCode,
                    span,
                    "the program's return code is a truth value: true is 1, a failure",
                    "write `(if … 0 1)` to succeed when it is true",
                );
                let code = self.as_word(*truth);
                Words::from_slice(&[code])
            }
            (SourceType::Null | SourceType::Error, _) => Words::from_elem(self.constant(0), 1),
            (SourceType::Int(ty), [code]) if ty.bits() <= 64 => Words::from_slice(&[*code]),
            // What is not there has the words of 0.
            (SourceType::Option(item), [_, code]) if matches!(**item, SourceType::Int(_)) => {
                Words::from_slice(&[*code])
            }
            _ => {
                self.report(
                    Code::BadReturnCode,
                    span,
                    &format!("a program's return code is an integer of at most 64 bits, and this is `{ty}`"),
                    "end the program with its return code: 0 for success",
                );
                Words::from_elem(self.constant(0), 1)
            }
        }
    }

    fn report(&mut self, code: Code, span: Option<Span>, message: &str, help: &str) {
        let mut diagnostic = Diagnostic::new(code, message).help(help);
        if let Some(span) = span {
            diagnostic = diagnostic.label(span, "");
        }
        self.diagnostics.push(diagnostic);
    }

    /// The type of an expression's value where it stands.
    pub(crate) fn ty(&self, expr: ExprId) -> SourceType {
        self.types.type_of(expr)
    }

    /// The type of an expression's value before it is coerced.
    pub(crate) fn raw_ty(&self, expr: ExprId) -> SourceType {
        self.types.exprs.get(expr).cloned().unwrap_or(SourceType::Error)
    }

    /// The integer type of what an operation gives.
    pub(crate) fn own_int_type(&self, expr: ExprId) -> IntType {
        match self.types.exprs.get(expr) {
            Some(SourceType::Int(ty)) => *ty,
            _ => IntType::I64,
        }
    }

    /// The integer type of an operand.
    pub(crate) fn int_type(&self, expr: ExprId) -> IntType {
        match self.ty(expr) {
            SourceType::Int(ty) => ty,
            _ => IntType::I64,
        }
    }

    pub(crate) fn local(&self, local: ovsm_expand::core::LocalId) -> Variable {
        Variable(self.first_local + local.0)
    }

    /// Lowers an expression whose value is used, to the type that is needed where it stands.
    pub(crate) fn value(&mut self, expr: ExprId, signatures: &dyn Signatures) -> Words {
        if self.slots.copies.contains_key(&expr) && self.types.coercions.contains_key(&expr) {
            return self.operand(expr, signatures);
        }
        let words = self.raw_value(expr, signatures);
        self.coerced(words, expr)
    }

    /// Lowers an expression whose value is used.
    pub(crate) fn raw_value(&mut self, expr: ExprId, signatures: &dyn Signatures) -> Words {
        let body = self.body;
        let Some(node) = body.exprs.get(expr) else { return Words::new() };
        let outer = self.span;
        self.span = body.spans.get(expr).copied().flatten().or(outer);
        let mut words = ovsm_base::stack::with_room(|| self.value_of(node, expr, signatures));
        if self.slots.vecs.contains(&expr) {
            words = self.copied_vec(words, &self.raw_ty(expr));
        }
        self.span = outer;
        words
    }

    fn value_of(&mut self, node: &Expr, expr: ExprId, signatures: &dyn Signatures) -> Words {
        match node {
            Expr::Unreachable => {
                if !self.is_dead() {
                    let message = "code that nothing leads to is reached";
                    self.report(Code::InternalError, self.span, message, "please report this program");
                }
                self.nothing(&self.raw_ty(expr))
            }
            Expr::Fail(fault) => {
                if !self.is_dead() {
                    let failure = match fault {
                        Fault::NoCase => Failure::NoCase,
                        Fault::Raised => Failure::Raised,
                        Fault::Refinement => Failure::Refinement,
                        Fault::InstructionData => Failure::InstructionData,
                        Fault::Seeds => Failure::Seeds,
                        Fault::WrongAccount => Failure::WrongAccount,
                        Fault::WrongOwner => Failure::WrongOwner,
                        Fault::AlreadyInitialized => Failure::AlreadyInitialized,
                        Fault::Custom(code) => Failure::Custom(*code),
                        Fault::Runtime(number) => Failure::Runtime(*number),
                    };
                    self.function.blocks[self.block].terminator = Terminator::Fail(failure);
                    self.give_up();
                }
                self.nothing(&self.raw_ty(expr))
            }
            Expr::Error | Expr::Null => Words::new(),
            Expr::Guard(_) => {
                let message = "a place whose checks are not chosen is reached";
                self.report(Code::InternalError, self.span, message, "please report this program");
                Words::new()
            }
            Expr::Bool(truth) => Words::from_elem(self.truth(*truth), 1),
            Expr::Int { negative, magnitude, .. } => {
                let value = if *negative { magnitude.wrapping_neg() } else { *magnitude };
                let low = self.constant(value as u64);
                if matches!(self.raw_ty(expr), SourceType::Int(ty) if ty.is_wide()) {
                    let high = self.constant((value >> 64) as u64);
                    return Words::from_slice(&[low, high]);
                }
                Words::from_slice(&[low])
            }
            Expr::String(text) => {
                let address = self.bytes(text.as_bytes());
                let length = self.constant(text.len() as u64);
                Words::from_slice(&[address, length])
            }
            // A local without a value is only read where nothing leads to: expansion has made sure.
            Expr::Local(local) => match self.read(self.local(*local)) {
                Some(words) => words,
                None => self.nothing(&self.raw_ty(expr)),
            },
            Expr::Global(def) => self.read_global(*def, signatures),
            Expr::Block(items) => {
                let mut value = Words::new();
                for (n, item) in items.iter().enumerate() {
                    if n + 1 == items.len() {
                        value = self.value(*item, signatures);
                    } else {
                        self.discard(*item, signatures);
                    }
                }
                value
            }
            Expr::Scope(locals, code) => {
                let mark = self.scope_mark();
                let value = self.value(*code, signatures);
                self.end_scope(mark, locals);
                value
            }
            Expr::Bind(local, value) => {
                let words = self.value(*value, signatures);
                self.bind_local(*local, *value, words);
                Words::new()
            }
            Expr::SetLocal(local, value) => {
                let words = self.value(*value, signatures);
                let (variable, ty) = (self.local(*local), self.ty(*value));
                if self.assign_in_place(variable, &words, &ty) {
                    return self.read(variable).unwrap_or_default();
                }
                self.write(variable, words.clone());
                words
            }
            Expr::Define(def, value) => {
                let mut words = self.value(*value, signatures);
                if let Some(place) = self.place_of(expr)
                    && !self.layout.variables.contains_key(def)
                {
                    let ty = self.ty(*value);
                    self.store_value(&ty, &words, place);
                    words = Words::from_elem(place.base, 1);
                }
                self.defined.insert(*def);
                self.write_global(*def, words, signatures);
                Words::new()
            }
            Expr::SetGlobal(def, value) => {
                let words = self.value(*value, signatures);
                self.check_defined(*def, signatures);
                if let Some(variable) = self.globals.get(def).copied() {
                    let ty = self.ty(*value);
                    if self.assign_in_place(variable, &words, &ty) {
                        return self.read(variable).unwrap_or_default();
                    }
                }
                self.write_global(*def, words.clone(), signatures);
                words
            }
            Expr::Bytes(_)
            | Expr::Pubkey(_)
            | Expr::Array(_)
            | Expr::Repeat(..)
            | Expr::Tabulate(..)
            | Expr::Make(..)
            | Expr::Get(..)
            | Expr::Put(..)
            | Expr::IsVariant(..)
            | Expr::HasType(..)
            | Expr::IsInteger(_)
            | Expr::IsNull(_)
            | Expr::Present(_)
            | Expr::Length(_)
            | Expr::Sequence(_) => self.aggregate(node, expr, signatures),
            Expr::OpenAccount(previous, opening) => self.open_account(*previous, opening, signatures),
            Expr::RequireAccounts(count) => {
                let there = self.number_of_accounts();
                let too_few = self.compare_const(Condition::UnsignedLess, there, u64::from(*count));
                self.fail_if(too_few, Failure::AccountIndex);
                Words::new()
            }
            Expr::Arguments(offset, is_prefix) => {
                let ty = self.raw_ty(expr);
                self.arguments(&ty, *offset, *is_prefix)
            }
            Expr::LogRecord(record, word) => {
                self.log_record(*record, *word, expr, signatures);
                Words::new()
            }
            Expr::Chain(chain) => self.chain(chain, expr, signatures),
            Expr::KeyOf(account) => self.key_of(*account, KEY, signatures),
            Expr::OwnerOf(account) => self.key_of(*account, OWNER, signatures),
            Expr::If(clauses, otherwise) => {
                let ty = self.raw_ty(expr);
                self.choice(clauses, *otherwise, Some(&ty), signatures)
            }
            Expr::And(operands) => self.junction(operands, true, signatures),
            Expr::Or(operands) => self.junction(operands, false, signatures),
            Expr::Not(operand) => self.negation(*operand, signatures),
            Expr::While(condition, code) => {
                self.while_loop(*condition, *code, signatures);
                Words::new()
            }
            Expr::Loop(code) => {
                self.endless_loop(*code, signatures);
                self.nothing(&self.raw_ty(expr))
            }
            Expr::Exit(exit, code) => self.exit(*exit, *code, true, signatures),
            Expr::Leave(exit, value) => {
                self.leave(*exit, *value, signatures);
                self.nothing(&self.raw_ty(expr))
            }
            Expr::Call(def, args) => self.call_function(*def, args, expr, signatures),
            Expr::Builtin(builtin, args) => self.builtin(*builtin, args, expr, signatures),
            Expr::Ascribe(value, _) | Expr::Into(value, _) => self.value(*value, signatures),
        }
    }

    /// Lowers an expression whose value is thrown away.
    pub(crate) fn discard(&mut self, expr: ExprId, signatures: &dyn Signatures) {
        let body = self.body;
        let Some(node) = body.exprs.get(expr) else { return };
        let outer = self.span;
        self.span = body.spans.get(expr).copied().flatten().or(outer);
        ovsm_base::stack::with_room(|| self.discard_node(node, expr, signatures));
        self.span = outer;
    }

    fn discard_node(&mut self, node: &Expr, expr: ExprId, signatures: &dyn Signatures) {
        match node {
            Expr::Block(items) => {
                for item in items {
                    self.discard(*item, signatures);
                }
            }
            Expr::Scope(locals, code) => {
                let mark = self.scope_mark();
                self.discard(*code, signatures);
                self.end_scope(mark, locals);
            }
            Expr::If(clauses, otherwise) => {
                self.choice(clauses, *otherwise, None, signatures);
            }
            Expr::And(operands) | Expr::Or(operands) => {
                self.discard_junction(operands, matches!(node, Expr::And(_)), signatures);
            }
            Expr::Not(operand) => self.discard_condition(*operand, signatures),
            Expr::Exit(exit, code) => {
                self.exit(*exit, *code, false, signatures);
            }
            _ => {
                self.value(expr, signatures);
            }
        }
    }

    fn call_function(
        &mut self,
        def: DefId,
        args: &[ExprId],
        expr: ExprId,
        signatures: &dyn Signatures,
    ) -> Words {
        let mut values: SmallVec<[crate::Value; 4]> = SmallVec::new();
        for arg in args {
            values.extend(self.operand(*arg, signatures));
        }
        if self.entry.is_some()
            && let Some(needs) = self.layout.needs.get(&def)
            && let Some(missing) = needs.iter().find(|variable| !self.defined.contains(variable))
        {
            let message = format!(
                "`{}` uses the variable `{}`, whose definition has not run yet",
                signatures.name(def),
                signatures.name(*missing)
            );
            self.report(
                Code::UseBeforeDefinition,
                self.span,
                &message,
                "move the definition above this call",
            );
        }
        let result = signatures.signature(def).map_or(SourceType::Error, |signature| signature.result);
        let value = self.call(Callee::Def(def), &values, &word_types(&result));
        // What the function made lies in its own place, which its next call takes again.
        match self.place_of(expr) {
            Some(place) => {
                self.store_value(&result, &value, place);
                Words::from_elem(place.base, 1)
            }
            None => value,
        }
    }

    fn check_defined(&mut self, def: DefId, signatures: &dyn Signatures) {
        if self.entry.is_some() && !self.defined.contains(&def) {
            let message =
                format!("the variable `{}` is used before its definition has run", signatures.name(def));
            self.report(Code::UseBeforeDefinition, self.span, &message, "move its definition above this use");
        }
    }

    pub(crate) fn read_global(&mut self, def: DefId, signatures: &dyn Signatures) -> Words {
        self.check_defined(def, signatures);
        let ty = signatures.global(def).unwrap_or(SourceType::Error);
        let Some(offset) = self.layout.variables.get(&def).copied() else {
            return self.globals.get(&def).and_then(|variable| self.read(*variable)).unwrap_or_default();
        };
        if ty.is_by_address() {
            return Words::from_elem(self.constant(Layout::address(offset)), 1);
        }
        let mut value = Words::new();
        for (number, word_type) in word_types(&ty).into_iter().enumerate() {
            let address = self.constant(Layout::address(offset + 8 * number as u32));
            let access = Access { width: Width::W8, region: Region::Frame, address, offset: 0 };
            let word = self.word(Op::Load(access));
            value.push(match word_type {
                Type::Word => word,
                Type::Bool => self.compare_const(crate::Condition::NotEqual, word, 0),
            });
        }
        value
    }

    pub(crate) fn write_global(&mut self, def: DefId, value: Words, signatures: &dyn Signatures) {
        let Some(offset) = self.layout.variables.get(&def).copied() else {
            let variable = match self.globals.get(&def) {
                Some(variable) => *variable,
                None => {
                    let variable = self.new_variable();
                    self.globals.insert(def, variable);
                    variable
                }
            };
            self.write(variable, value);
            return;
        };
        let ty = signatures.global(def).unwrap_or(SourceType::Error);
        if ty.is_by_address() {
            let base = self.constant(Layout::address(offset));
            let to = self.behind(base);
            self.store_value(&ty, &value, to);
            return;
        }
        for (number, (word, word_type)) in value.into_iter().zip(word_types(&ty)).enumerate() {
            let word = match word_type {
                Type::Word => word,
                Type::Bool => self.as_word(word),
            };
            let address = self.constant(Layout::address(offset + 8 * number as u32));
            let access = Access { width: Width::W8, region: Region::Frame, address, offset: 0 };
            self.emit(Op::Store(access, word), &[]);
        }
    }
}
