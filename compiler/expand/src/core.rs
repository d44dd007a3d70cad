//! Core: the small language that every form is reduced to.
//!
//! A body is an arena of expressions; an expression refers to others by [`ExprId`]. Locals are numbered in order of
//! appearance, so two locals of one name never meet. Evaluation order is left to right, as written.

use crate::builtin::Builtin;
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
}

/// A type as written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TypeName {
    /// What it is.
    pub kind: TypeKind,
    /// Where it is written.
    pub span: Option<Span>,
}

/// The types that can be written in this version.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TypeKind {
    /// A fixed-width integer; `int` is `i64`.
    Int(IntType),
    /// `bool`.
    Bool,
    /// `string`.
    String,
    /// `null`.
    Null,
    /// Already reported; fits everything.
    Error,
}

/// A core expression.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Expr {
    /// Something that was reported; silent from here on.
    Error,
    /// Code that nothing leads to; it has every type.
    Unreachable,
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
    /// Reads a local.
    Local(LocalId),
    /// Reads a module-level variable or constant.
    Global(DefId),
    /// Evaluates in order; the value is the last one, or null.
    Block(Vec<ExprId>),
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
}

impl Body {
    /// Adds an expression.
    pub fn add(&mut self, expr: Expr, span: Option<Span>) -> ExprId {
        self.spans.push(span);
        self.exprs.push(expr)
    }
}

impl Expr {
    /// Calls `f` on each child, in order of evaluation.
    pub fn for_each_child(&self, mut f: impl FnMut(ExprId)) {
        match self {
            Expr::Error
            | Expr::Unreachable
            | Expr::Null
            | Expr::Bool(_)
            | Expr::Int { .. }
            | Expr::String(_)
            | Expr::Local(_)
            | Expr::Global(_) => {}
            Expr::Block(items) | Expr::And(items) | Expr::Or(items) => items.iter().copied().for_each(f),
            Expr::Call(_, args) | Expr::Builtin(_, args) => args.iter().copied().for_each(f),
            Expr::Bind(_, value)
            | Expr::Define(_, value)
            | Expr::SetLocal(_, value)
            | Expr::SetGlobal(_, value)
            | Expr::Not(value)
            | Expr::Loop(value)
            | Expr::Exit(_, value)
            | Expr::Leave(_, value)
            | Expr::Ascribe(value, _) => f(*value),
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
