//! Core: the small language that every form of a script is reduced to.
//!
//! A unit is the code of one top-level form: an arena of expressions, its local variables, and its functions, of which
//! number 0 is the form itself and takes no parameters. Each local belongs to one function; a function that uses a
//! local of another captures it. Evaluation order is left to right, as written. All name resolution is done.

use crate::module::Type;
use ovsm_base::index::IndexVec;
use ovsm_base::{Diagnostic, MacroOrigin, Span, index_type};
use ovsm_value::{NativeId, Value};
use rustc_hash::FxHashMap;
use std::rc::Rc;

index_type!(
    /// An expression of a unit.
    ExprId, "e"
);
index_type!(
    /// A local variable or parameter of a unit.
    LocalId, "l"
);
index_type!(
    /// A function of a unit.
    FunctionId, "f"
);
index_type!(
    /// A place of a unit that [`Expr::Leave`] can leave.
    BlockId, "b"
);
index_type!(
    /// A module-level variable of the session.
    GlobalId, "g"
);

/// The code of one top-level form.
#[derive(Clone, Debug, Default)]
pub struct Unit {
    /// All expressions; children come before their parents.
    pub exprs: IndexVec<ExprId, Expr>,
    /// Where each expression was written; for one that a macro made, where that was called.
    pub spans: IndexVec<ExprId, Option<Span>>,
    /// The macros that made expressions.
    pub origins: FxHashMap<ExprId, Rc<MacroOrigin>>,
    /// All locals.
    pub locals: IndexVec<LocalId, Local>,
    /// All functions; number 0 is the form.
    pub functions: IndexVec<FunctionId, FunctionCode>,
    /// How many blocks there are.
    pub blocks: u32,
    /// The checks of fields with conditions that it names, for programs.
    pub field_checks: Vec<crate::expand::FieldCheck>,
}

/// Where a piece of code comes from.
#[derive(Clone, Default, Debug)]
pub struct WrittenAt {
    /// Where it was written, or the macro was called that made it.
    pub span: Option<Span>,
    /// The macros that made it.
    pub macros: Option<Rc<MacroOrigin>>,
}

/// A local variable.
#[derive(Clone, Debug)]
pub struct Local {
    /// Its name, for people.
    pub name: Rc<str>,
    /// The function that binds it.
    pub owner: FunctionId,
    /// Where it is bound.
    pub span: Option<Span>,
    /// The type that its binder states, and where. What enters it is checked by code; this is for static stages.
    pub annotation: Option<(Type, Option<Span>)>,
}

/// A function.
#[derive(Clone, Debug)]
pub struct FunctionCode {
    /// Its name, for traces and printing.
    pub name: Rc<str>,
    /// Its parameters.
    pub parameters: Parameters,
    /// Its value.
    pub body: ExprId,
    /// Where it was written.
    pub span: Option<Span>,
    /// Its documentation.
    pub doc: Option<Rc<str>>,
    /// The type that its definition states for its result; code checks it.
    pub result: Option<Type>,
    /// The effects that its definition states.
    pub declared: Option<DeclaredEffects>,
}

impl FunctionCode {
    /// A function that no definition states: it takes nothing, and its body comes later.
    pub(crate) fn unwritten(name: Rc<str>, span: Option<Span>) -> FunctionCode {
        FunctionCode {
            name,
            parameters: Parameters::default(),
            body: ExprId(0),
            span,
            doc: None,
            result: None,
            declared: None,
        }
    }
}

/// What a definition says about its effects: `(declare (pure))`, `(declare (effects io time))`.
#[derive(Clone, Debug)]
pub struct DeclaredEffects {
    /// Their names; none for a pure function.
    pub effects: Vec<Rc<str>>,
    /// Where it says so.
    pub span: Option<Span>,
}

/// The parameters of a function, in the order in which they are bound: defaults see all earlier ones.
#[derive(Clone, Debug, Default)]
pub struct Parameters {
    /// Those that every call must give.
    pub required: Vec<LocalId>,
    /// Those that a call may leave out from the right.
    pub optional: Vec<Optional>,
    /// Takes all further arguments as a list.
    pub rest: Option<LocalId>,
    /// Those that a call gives by keyword, after the others. `None` if the function takes no keywords.
    pub keys: Option<Vec<KeyParameter>>,
    /// True if keywords that are not listed are ignored instead of being an error.
    pub allow_other_keys: bool,
}

/// An optional parameter.
#[derive(Clone, Debug)]
pub struct Optional {
    /// The parameter.
    pub local: LocalId,
    /// Its value if the call leaves it out.
    pub default: ExprId,
    /// Set to whether the call gave it.
    pub supplied: Option<LocalId>,
}

/// A keyword parameter.
#[derive(Clone, Debug)]
pub struct KeyParameter {
    /// The keyword without its colon.
    pub name: Rc<str>,
    /// The parameter.
    pub local: LocalId,
    /// Its value if the call leaves it out.
    pub default: ExprId,
    /// Set to whether the call gave it.
    pub supplied: Option<LocalId>,
}

/// A core expression.
#[derive(Clone, Debug)]
pub enum Expr {
    /// A value that is known.
    Constant(Value),
    /// Reads a local.
    Local(LocalId),
    /// Assigns a local; its value is the new one.
    SetLocal(LocalId, ExprId),
    /// Reads a module-level variable; an `:undefined` error if it has no value yet.
    Global(GlobalId),
    /// Assigns a module-level variable; its value is the new one.
    SetGlobal(GlobalId, ExprId),
    /// Evaluates in order; the value is the last one, or null.
    Sequence(Vec<ExprId>),
    /// Binds locals, each after its value is known, then evaluates the body. Each evaluation makes new variables: a
    /// closure that captured one keeps it.
    Let(Vec<(LocalId, ExprId)>, ExprId),
    /// The second if the first is true, else the third.
    If(ExprId, ExprId, ExprId),
    /// The first operand that is false, or the last; at least one operand.
    And(Vec<ExprId>),
    /// The first operand that is true, or the last; at least one operand.
    Or(Vec<ExprId>),
    /// Repeats the body while the condition is true. Its value is the last one of the body, or null.
    While(ExprId, ExprId),
    /// Repeats the body until something leaves it.
    Loop(ExprId),
    /// Evaluates the body; [`Expr::Leave`] of this block ends it early.
    Block(BlockId, ExprId),
    /// Ends a block that encloses it, in this function or one around it, with a value.
    Leave(BlockId, ExprId),
    /// A closure.
    Lambda(FunctionId),
    /// Calls a function, record type, keyword or object with arguments.
    Call(ExprId, Vec<ExprId>),
    /// Calls with the items of the last argument as further arguments.
    Apply(ExprId, Vec<ExprId>),
    /// Calls a built-in function; the number of arguments was checked.
    Native(NativeId, Vec<ExprId>),
    /// Replaces a local by a built-in function of its value and the arguments (evaluated first, from left to right).
    /// The value is updated in place if nobody else holds it. Its value is the new one.
    UpdateLocal(LocalId, NativeId, Vec<ExprId>),
    /// The same for a module-level variable.
    UpdateGlobal(GlobalId, NativeId, Vec<ExprId>),
    /// Evaluates the body; if it raises an error, binds it and evaluates the handler instead.
    Try {
        /// What may raise.
        body: ExprId,
        /// Bound to the error, a [`Value::Error`].
        error: LocalId,
        /// Evaluated if it did.
        handler: ExprId,
    },
    /// Evaluates the body, then the cleanup however the body ended: with a value, an error, a throw, a leave. The value
    /// is that of the body. If the cleanup itself ends otherwise than with a value, that wins.
    Protect(ExprId, ExprId),
    /// Evaluates the tag, then the body; a throw to an equal tag ends it with the value thrown.
    Catch(ExprId, ExprId),
    /// Gives a module-level variable another value while the body is evaluated, however it ends.
    DynamicBind(GlobalId, ExprId, ExprId),
    /// Several values; where one is wanted it is the first, or null.
    Values(Vec<ExprId>),
    /// All values of the operand, as an array. Only a `Values` in the operand's tail, or in the tail of a function that
    /// the operand's tail calls, gives another number than one.
    AllValues(ExprId),
}

impl Unit {
    /// A diagnostic about an expression, with the macros that made it.
    pub fn explained(&self, expr: ExprId, diagnostic: Diagnostic) -> Diagnostic {
        match (self.origins.get(&expr), self.spans.get(expr)) {
            (Some(origin), Some(Some(span))) => origin.explain(*span, diagnostic),
            _ => diagnostic,
        }
    }

    /// Adds an expression.
    pub fn add(&mut self, expr: Expr, span: Option<Span>) -> ExprId {
        self.spans.push(span);
        self.exprs.push(expr)
    }
}

impl Expr {
    /// Calls `f` on each direct child, in order of evaluation. Bodies of functions are not children.
    pub fn for_each_child(&self, mut f: impl FnMut(ExprId)) {
        match self {
            Expr::Constant(_) | Expr::Local(_) | Expr::Global(_) | Expr::Lambda(_) => {}
            Expr::SetLocal(_, a)
            | Expr::SetGlobal(_, a)
            | Expr::Loop(a)
            | Expr::Block(_, a)
            | Expr::Leave(_, a)
            | Expr::AllValues(a) => f(*a),
            Expr::Sequence(items)
            | Expr::And(items)
            | Expr::Or(items)
            | Expr::Native(_, items)
            | Expr::Values(items) => {
                items.iter().copied().for_each(f);
            }
            Expr::UpdateLocal(_, _, items) | Expr::UpdateGlobal(_, _, items) => {
                items.iter().copied().for_each(f)
            }
            Expr::Let(bindings, body) => {
                bindings.iter().for_each(|(_, value)| f(*value));
                f(*body);
            }
            Expr::If(a, b, c) => [a, b, c].into_iter().copied().for_each(f),
            Expr::While(a, b) | Expr::Protect(a, b) | Expr::Catch(a, b) | Expr::DynamicBind(_, a, b) => {
                f(*a);
                f(*b);
            }
            Expr::Call(callee, items) | Expr::Apply(callee, items) => {
                f(*callee);
                items.iter().copied().for_each(f);
            }
            Expr::Try { body, handler, .. } => {
                f(*body);
                f(*handler);
            }
        }
    }
}
