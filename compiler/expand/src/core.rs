//! Core: the small language that every form is reduced to.
//!
//! A body is an arena of expressions; an expression refers to others by [`ExprId`]. Locals are numbered in order of
//! appearance, so two locals of one name never meet. Evaluation order is left to right, as written.

use crate::builtin::Builtin;
use crate::ty::Type;
use ovsm_base::index::IndexVec;
use ovsm_base::{DefId, IntType, Span, index_type};

index_type!(
    /// An expression of a body.
    ExprId, "e"
);
index_type!(
    /// A local variable or parameter of a body.
    LocalId, "l"
);
index_type!(
    /// A place of a body that [`Expr::Leave`] can leave.
    ExitId, "x"
);

/// The code of one top-level form.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Body {
    /// All expressions; children come before their parents.
    pub exprs: IndexVec<ExprId, Expr>,
    /// Where each expression stands.
    pub spans: IndexVec<ExprId, Option<Span>>,
    /// All locals; parameters first.
    pub locals: IndexVec<LocalId, Local>,
    /// How many exits there are.
    pub exits: u32,
    /// How many of the locals are parameters.
    pub params: u32,
    /// The annotated result type.
    pub result: Option<TypeName>,
    /// The value of the body. Absent only if the form defines nothing and computes nothing.
    pub root: Option<ExprId>,
    /// Every module-level function that the body calls, sorted, without repetition.
    pub callees: Vec<DefId>,
    /// Every module-level variable that the body reads or writes, sorted, without repetition.
    pub globals: Vec<DefId>,
}

/// A local variable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Local {
    /// Its name, for people.
    pub name: String,
    /// Where it is bound.
    pub span: Option<Span>,
    /// The annotated type.
    pub annotation: Option<TypeName>,
    /// True if it begins as null and may be read before it gets another value: its type is then an option.
    pub begins_null: bool,
}

/// A type as written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TypeName {
    /// What it is.
    pub ty: Type,
    /// Where it is written.
    pub span: Option<Span>,
}

/// Why code ends the program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// No clause of a `match` fits the value.
    NoCase,
    /// `(error …)`.
    Raised,
    /// A value is refused by the condition of the type that it enters.
    Refinement,
    /// The instruction data are none that the program knows.
    InstructionData,
    /// An address is not the one that its seeds give.
    Seeds,
    /// An account is not the one that it has to be.
    WrongAccount,
    /// An account belongs to another program.
    WrongOwner,
    /// An account that is to be made exists already.
    AlreadyInitialized,
    /// `(fail-with code)`.
    Custom(u32),
    /// An error that the runtime has a name for.
    Runtime(u8),
}

/// What an account has to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Opening {
    /// Its type.
    pub ty: Type,
    /// It has to have signed.
    pub is_signer: bool,
    /// The first word of its data, if its type is known and says so.
    pub discriminator: Option<u64>,
    /// The program has to own it, if it has a type.
    pub is_owned: bool,
    /// Its number, if it is found by that; it may then be the same as another one.
    pub number: Option<u32>,
    /// What happens if it is the same as an earlier one; a failure if nothing is said.
    pub repeated: Option<ExprId>,
}

/// What leads from a value to a part of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Key {
    /// A field by its name, and the type of the record if the program says it.
    Field(String, Option<Type>),
    /// A field of a variant: their numbers. Whoever reads it has made sure of the variant.
    Payload(Type, usize, usize),
    /// An item by its place; one that is not there is a failure.
    Index(ExprId),
}

/// A form that talks to the runtime: other programs, addresses, sysvars.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Chain {
    /// Calls another program. Its value is null.
    Invoke {
        /// The program: an account, or a key.
        program: ExprId,
        /// The accounts that it is given.
        accounts: Vec<InvokedAccount>,
        /// Its instruction data: the bytes of these values, one after the other.
        data: Vec<ExprId>,
        /// The seeds of the addresses that sign; the program of the caller makes them.
        signers: Vec<Vec<ExprId>>,
    },
    /// The address that seeds give, of this program if no other is named. Fails if they give none.
    Address(Vec<ExprId>, Option<ExprId>),
    /// The first address without a private key that seeds and one more byte give: a record of both.
    FindAddress(Vec<ExprId>, Option<ExprId>),
    /// True if a key is the hash of these seeds; it is then their address, if they have one.
    IsAddress {
        /// The key.
        key: ExprId,
        /// The seeds.
        seeds: Vec<ExprId>,
        /// The program that the address belongs to; this one if absent.
        program: Option<ExprId>,
    },
    /// Bytes of a sysvar from an offset on, as the type that is stated around it.
    Sysvar([u8; 32], u32),
    /// What the last called program returned, as the type that is stated around it. The program has to be this one.
    ReturnedData(ExprId),
    /// Returns the bytes of a value to the caller.
    SetReturnData(ExprId),
    /// A new account of the program becomes one of a type: its data gets the first word.
    Initialize(ExprId, Opening),
    /// Moves the lamports of an account to another one and gives it back to the runtime.
    Close(ExprId, ExprId),
    /// Changes the length of the data of an account.
    Resize(ExprId, ExprId),
    /// The key of the running program.
    ProgramKey,
    /// The value at an address, as the type that is stated around it.
    Memory(ExprId),
    /// Writes the bytes of a value to an address.
    SetMemory(ExprId, ExprId),
    /// The address of bytes that hold a value.
    AddressOf(ExprId),
    /// A view of bytes: address and length.
    BytesAt(ExprId, ExprId),
    /// A field of a record at an address.
    Field {
        /// The type of the record.
        record: Type,
        /// Where it lies.
        address: ExprId,
        /// The field.
        field: String,
        /// The new value; the field is read if there is none.
        value: Option<ExprId>,
    },
}

/// An account that another program is given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InvokedAccount {
    /// The account, or its number.
    pub account: ExprId,
    /// The callee may change it.
    pub is_writable: bool,
    /// It has signed, or the caller signs for it.
    pub is_signer: bool,
}

impl Chain {
    /// Calls `f` on each child, in order of evaluation.
    pub fn for_each_child(&self, mut f: impl FnMut(ExprId)) {
        match self {
            Chain::Invoke { program, accounts, data, signers } => {
                f(*program);
                accounts.iter().for_each(|it| f(it.account));
                data.iter().chain(signers.iter().flatten()).copied().for_each(f);
            }
            Chain::Address(seeds, program) | Chain::FindAddress(seeds, program) => {
                seeds.iter().chain(program).copied().for_each(f);
            }
            Chain::IsAddress { key, seeds, program } => {
                f(*key);
                seeds.iter().chain(program).copied().for_each(f);
            }
            Chain::ReturnedData(value)
            | Chain::SetReturnData(value)
            | Chain::Initialize(value, _)
            | Chain::Memory(value)
            | Chain::AddressOf(value) => f(*value),
            Chain::Close(first, second)
            | Chain::Resize(first, second)
            | Chain::SetMemory(first, second)
            | Chain::BytesAt(first, second) => {
                f(*first);
                f(*second);
            }
            Chain::Field { address, value, .. } => {
                f(*address);
                value.iter().copied().for_each(f);
            }
            Chain::Sysvar(..) | Chain::ProgramKey => {}
        }
    }
}

/// A variable, of either kind.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Variable {
    /// A local.
    Local(LocalId),
    /// A module-level variable.
    Global(DefId),
}

/// A place with a field that may have a condition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Guard {
    /// The form that reads the field, or that replaces it or an item of it.
    pub place: ExprId,
    /// What is read stands here while it is checked; what is written stands here before it is.
    pub local: LocalId,
    /// What puts it there, and what reads it again.
    pub kept: (ExprId, ExprId),
    /// The checks of fields of this name.
    pub choices: Vec<GuardChoice>,
}

/// The check of a field, if it is one of a certain record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GuardChoice {
    /// The number of the key that names the field.
    pub key: usize,
    /// The record.
    pub record: Type,
    /// The check of the local; its value is null.
    pub check: ExprId,
}

/// A core expression.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Expr {
    /// Something that was reported; silent from here on.
    Error,
    /// Code that nothing leads to; it has every type.
    Unreachable,
    /// Ends the program with a failure; it has every type.
    Fail(Fault),
    /// `null`.
    Null,
    /// A truth value.
    Bool(bool),
    /// An integer literal.
    Int {
        /// True if written with a minus sign.
        negative: bool,
        /// The absolute value.
        magnitude: u128,
        /// The type suffix.
        suffix: Option<IntType>,
    },
    /// A string literal.
    String(String),
    /// A byte string.
    Bytes(Vec<u8>),
    /// A key.
    Pubkey([u8; 32]),
    /// An array of the operands.
    Array(Vec<ExprId>),
    /// An array of so many copies of a value.
    Repeat(ExprId, u32),
    /// An array with as many items as a sequence, a local, has: the last expression, evaluated for each place, which the
    /// other local holds.
    Tabulate(LocalId, LocalId, ExprId),
    /// A record of these fields; or of an enum, the variant with this number.
    Make(Type, usize, Vec<ExprId>),
    /// A part of a value.
    Get(ExprId, Key),
    /// Replaces a part of what a variable holds; at least one key. Its value is null.
    Put(Variable, Vec<Key>, ExprId),
    /// A field that may have a condition is read or replaced: inference says which of the checks are meant. Stages after it do
    /// not know it.
    Guard(Box<Guard>),
    /// True if a value of an enum is the variant with this number.
    IsVariant(ExprId, Type, usize),
    /// True if a value has this type; known once its type is.
    HasType(ExprId, Type),
    /// True if a value is an integer of any type; known once its type is.
    IsInteger(ExprId),
    /// True if a value is null.
    IsNull(ExprId),
    /// A value as one that might have been null.
    Present(ExprId),
    /// The number of items, of a sequence; of a string or of bytes, that of bytes.
    Length(ExprId),
    /// The value itself, which must be a sequence.
    Sequence(ExprId),
    /// The account after another one, or the first one: checked to be what it has to be.
    OpenAccount(Option<ExprId>, Opening),
    /// Fails unless the instruction has so many accounts.
    RequireAccounts(u32),
    /// The arguments in the instruction data, after so many bytes that name the instruction: all of the rest, or, if the flag is
    /// set, its beginning.
    Arguments(u32, bool),
    /// A form that talks to the runtime.
    Chain(Box<Chain>),
    /// The key of an account.
    KeyOf(ExprId),
    /// The key of the program that owns an account.
    OwnerOf(ExprId),
    /// Logs the bytes of a record, after a word that says which one it is.
    LogRecord(ExprId, u64),
    /// Reads a local.
    Local(LocalId),
    /// Reads a module-level variable or constant.
    Global(DefId),
    /// Evaluates in order; the value is the last one, or null.
    Block(Vec<ExprId>),
    /// Evaluates code in which locals are bound; nothing after it knows them.
    Scope(Vec<LocalId>, ExprId),
    /// Binds a local for the rest of the enclosing block. Its value is null.
    Bind(LocalId, ExprId),
    /// Gives a module-level variable its first value. Only at the top level of a module.
    Define(DefId, ExprId),
    /// Assigns a local. Its value is the new one.
    SetLocal(LocalId, ExprId),
    /// Assigns a module-level variable. Its value is the new one.
    SetGlobal(DefId, ExprId),
    /// Conditions with their values, tried in order; then the value if none is true (null if absent).
    /// Flat, so that a long `cond` does not nest.
    If(Vec<(ExprId, ExprId)>, Option<ExprId>),
    /// The first false operand, or the last; at least one operand.
    And(Vec<ExprId>),
    /// The first true operand, or the last; at least one operand.
    Or(Vec<ExprId>),
    /// The negated truth of the operand.
    Not(ExprId),
    /// Repeats the body while the condition is true. Its value is null.
    While(ExprId, ExprId),
    /// Repeats the body until something leaves it.
    Loop(ExprId),
    /// Evaluates the body; [`Expr::Leave`] of this exit ends it early.
    Exit(ExitId, ExprId),
    /// Ends the body of an exit that encloses it, with a value.
    Leave(ExitId, ExprId),
    /// Calls a module-level function.
    Call(DefId, Vec<ExprId>),
    /// Applies a built-in.
    Builtin(Builtin, Vec<ExprId>),
    /// States the type of an expression.
    Ascribe(ExprId, TypeName),
    /// A value of the type below a distinct one, or of that itself, as one of the distinct type.
    Into(ExprId, Type),
}

impl Body {
    /// Adds an expression.
    pub fn add(&mut self, expr: Expr, span: Option<Span>) -> ExprId {
        self.spans.push(span);
        self.exprs.push(expr)
    }
}

impl Key {
    /// The expression in it.
    pub fn index(&self) -> Option<ExprId> {
        if let Key::Index(index) = self { Some(*index) } else { None }
    }
}

impl Expr {
    /// Calls `f` on each child, in order of evaluation.
    pub fn for_each_child(&self, mut f: impl FnMut(ExprId)) {
        match self {
            Expr::Error
            | Expr::Unreachable
            | Expr::Fail(_)
            | Expr::Null
            | Expr::Bool(_)
            | Expr::Int { .. }
            | Expr::String(_)
            | Expr::Bytes(_)
            | Expr::Pubkey(_)
            | Expr::RequireAccounts(_)
            | Expr::Arguments(..)
            | Expr::Local(_)
            | Expr::Global(_) => {}
            Expr::Block(items) | Expr::And(items) | Expr::Or(items) => items.iter().copied().for_each(f),
            Expr::Call(_, args) | Expr::Builtin(_, args) | Expr::Array(args) | Expr::Make(_, _, args) => {
                args.iter().copied().for_each(f);
            }
            Expr::OpenAccount(previous, opening) => {
                previous.iter().chain(&opening.repeated).copied().for_each(f);
            }
            Expr::Chain(chain) => chain.for_each_child(f),
            Expr::Guard(guard) => {
                // What is written stands in its local first.
                f(guard.kept.0);
                f(guard.place);
                guard.choices.iter().for_each(|choice| f(choice.check));
            }
            Expr::Get(value, key) => {
                f(*value);
                key.index().into_iter().for_each(f);
            }
            Expr::Put(_, path, value) => {
                path.iter().filter_map(Key::index).for_each(&mut f);
                f(*value);
            }
            Expr::Bind(_, value)
            | Expr::Define(_, value)
            | Expr::SetLocal(_, value)
            | Expr::SetGlobal(_, value)
            | Expr::Not(value)
            | Expr::Loop(value)
            | Expr::Exit(_, value)
            | Expr::Leave(_, value)
            | Expr::Scope(_, value)
            | Expr::KeyOf(value)
            | Expr::LogRecord(value, _)
            | Expr::OwnerOf(value)
            | Expr::Repeat(value, _)
            | Expr::Tabulate(_, _, value)
            | Expr::IsVariant(value, ..)
            | Expr::HasType(value, _)
            | Expr::IsInteger(value)
            | Expr::IsNull(value)
            | Expr::Present(value)
            | Expr::Length(value)
            | Expr::Sequence(value)
            | Expr::Ascribe(value, _)
            | Expr::Into(value, _) => f(*value),
            Expr::If(clauses, otherwise) => {
                for (condition, then) in clauses {
                    f(*condition);
                    f(*then);
                }
                if let Some(otherwise) = otherwise {
                    f(*otherwise);
                }
            }
            Expr::While(condition, body) => {
                f(*condition);
                f(*body);
            }
        }
    }
}
