//! What the finished types of a body must not do: values that no program can hold, and views that outlive what they show.
//!
//! A view of items (`bytes`, `(array T)`) is an address and a length. Literals, and what functions give back, stay for the
//! whole run. What a parameter shows stays until the function returns. What shows an array of the body itself stays until
//! the array is made again, which may be the next round of a loop. So a view must not get into a place that lasts longer
//! than what it shows. Nothing here changes types. Start with [`check`].

use crate::infer::{Unit, UnitKind};
use crate::types::{BodyTypes, Coercion, Type};
use ovsm_base::index::IndexVec;
use ovsm_base::{Code, Diagnostic, Span};
use ovsm_expand::core::{Body, ExitId, Expr, ExprId, LocalId, Variable};
use rustc_hash::FxHashMap;

/// Values that are no arrays are kept in registers, so far as these go.
const MAX_PARTS: usize = 512;

/// How long the views in a value can be used.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Lifetime {
    /// For the whole run; so can values without views.
    Run,
    /// Until the function returns.
    Call,
    /// Until an array of the body is made again.
    Own,
}

/// Reports what is wrong with the values of a body. Linear in the body, nearly.
pub(crate) fn check(unit: &Unit<'_>, types: &BodyTypes) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    check_representation(unit.body, types, &mut diagnostics);
    let holds_views = types.exprs.iter().chain(types.locals.iter()).any(holds_view)
        || types.coercions.values().flatten().any(|coercion| holds_view(coercion.result()));
    if holds_views {
        Lifetimes::new(unit.body, types).check(unit, &mut diagnostics);
    }
    diagnostics
}

/// True if a value contains the address of items. Strings show literals only.
fn holds_view(ty: &Type) -> bool {
    match ty {
        Type::Bytes | Type::Slice(_) => true,
        Type::Option(item) | Type::Array(item, _) => holds_view(item),
        Type::Record(record) => record.fields.iter().any(|field| holds_view(&field.ty)),
        Type::Enum(parent) => {
            parent.variants.iter().flat_map(|variant| &variant.fields).any(|field| holds_view(&field.ty))
        }
        _ => false,
    }
}

/// True if part of the type is an option of something that is reached by its address.
fn has_option_of_address(ty: &Type) -> bool {
    match ty {
        Type::Option(item) => item.is_by_address() || has_option_of_address(item),
        Type::Array(item, _) => has_option_of_address(item),
        _ => false,
    }
}

/// True if part of the type is an option of an option.
fn has_option_of_option(ty: &Type) -> bool {
    match ty {
        Type::Option(item) => matches!(**item, Type::Option(_)) || has_option_of_option(item),
        Type::Array(item, _) => has_option_of_option(item),
        _ => false,
    }
}

/// What is wrong with a type that holds memory of the heap: only variables and records hold it, and no items do.
fn heap_fault(ty: &Type) -> Option<&'static str> {
    const VARIABLES: &str = "a variable or a field of a record holds a vec or a `string-builder`; the items of a vec are numbers, truth \
                             values, keys, or records of these";
    const ARRAYS: &str = "a record that holds a vec or a `string-builder` can not hold arrays: use a vec for both, or two records";
    match ty {
        Type::Vec(item) => (item.is_by_address() || !item.is_plain()).then_some(VARIABLES),
        Type::Option(_) | Type::Array(..) | Type::Slice(_) | Type::Enum(_) => {
            ty.holds_heap().then_some(VARIABLES)
        }
        Type::Record(_) if ty.holds_heap() && ty.is_by_address() => Some(ARRAYS),
        Type::Record(record) => record.fields.iter().find_map(|field| heap_fault(&field.ty)),
        _ => None,
    }
}

/// Why an instance of a generic type, or one that is part of a type, is none that programs have.
fn instance_fault(ty: &Type) -> Option<(String, &'static str)> {
    let inner = |ty: &Type| ovsm_base::stack::with_room(|| instance_fault(ty));
    match ty {
        Type::Option(item) | Type::Array(item, _) | Type::Slice(item) | Type::Vec(item) => inner(item),
        Type::Record(_) | Type::Enum(_) if ty.instance().is_some() => {
            if ty.parts(MAX_PARTS).is_none() {
                let message = format!("`{ty}` is made of more than {MAX_PARTS} values");
                return Some((message, "keep many values of one type in an array"));
            }
            if matches!(ty, Type::Enum(_)) && ty.is_by_address() {
                let message = format!("a variant of `{ty}` holds an array, which programs do not have");
                return Some((message, "keep the array beside the enum"));
            }
            fields_of(ty).find_map(|field| match field {
                Type::Slice(_) | Type::Account(_) => Some((
                    format!("`{ty}` would hold `{field}`, which no record holds in programs"),
                    "a record holds its items: give it an array of a known length, `(array T n)`",
                )),
                Type::Option(item) if matches!(**item, Type::Option(_) | Type::Null | Type::Slice(_)) => {
                    Some((
                        format!("`{ty}` would hold `{field}`, which is not available in programs"),
                        "keep the value, and a truth value beside it that says whether it counts",
                    ))
                }
                field => inner(field),
            })
        }
        Type::Record(_) | Type::Enum(_) => fields_of(ty).find_map(inner),
        _ => None,
    }
}

/// The types of all fields of a record or an enum.
fn fields_of(ty: &Type) -> impl Iterator<Item = &Type> {
    let record = match ty {
        Type::Record(record) => Some(record),
        _ => None,
    };
    let variants = match ty {
        Type::Enum(parent) => parent.variants.as_slice(),
        _ => &[],
    };
    record.into_iter().chain(variants).flat_map(|record| &record.fields).map(|field| &field.ty)
}

/// The first value that has no size or no form in memory; one report is enough.
fn check_representation(body: &Body, types: &BodyTypes, diagnostics: &mut Vec<Diagnostic>) {
    let span = |number: usize| body.spans.get(ExprId(number as u32)).copied().flatten();
    for (number, ty) in types.exprs.iter().enumerate() {
        let of_coercions = types.coercions_of(ExprId(number as u32)).iter().map(Coercion::result);
        for ty in std::iter::once(ty).chain(of_coercions) {
            if ty.size().is_none() {
                let message = format!("`{ty}` takes more than 10 MiB, which no program can hold");
                diagnostics.push(unsupported(
                    span(number),
                    &message,
                    "programs have 32 KiB for their values",
                ));
                return;
            }
            if let Some(help) = heap_fault(ty) {
                let message = format!("`{ty}` is not available in programs");
                diagnostics.push(unsupported(span(number), &message, help));
                return;
            }
            if let Some((message, help)) = instance_fault(ty) {
                diagnostics.push(unsupported(span(number), &message, help));
                return;
            }
            if has_option_of_option(ty) {
                diagnostics.push(unsupported(
                    span(number),
                    "this may be null, or a value that may itself be null, and programs do not tell the two apart",
                    "test the value before it is kept: `(if (null? x) …)`",
                ));
                return;
            }
            if has_option_of_address(ty) {
                diagnostics.push(unsupported(
                    span(number),
                    "this may be an array or null, and options can not hold arrays in programs",
                    "give it an array in every case, with a `bool` beside it that tells whether it counts",
                ));
                return;
            }
        }
    }
}

fn unsupported(span: Option<Span>, message: &str, help: &str) -> Diagnostic {
    let mut diagnostic = Diagnostic::new(Code::UnsupportedForm, message).help(help);
    if let Some(span) = span {
        diagnostic = diagnostic.label(span, "");
    }
    diagnostic
}

struct Lifetimes<'a> {
    body: &'a Body,
    types: &'a BodyTypes,
    locals: IndexVec<LocalId, Lifetime>,
    exprs: IndexVec<ExprId, Lifetime>,
    exits: FxHashMap<ExitId, Lifetime>,
}

impl<'a> Lifetimes<'a> {
    fn new(body: &'a Body, types: &'a BodyTypes) -> Lifetimes<'a> {
        let mut locals = IndexVec::from_elem(Lifetime::Run, body.locals.len());
        for number in 0..body.params {
            let local = LocalId(number);
            if types.locals.get(local).is_some_and(holds_view)
                && let Some(lifetime) = locals.get_mut(local)
            {
                *lifetime = Lifetime::Call;
            }
        }
        let exprs = IndexVec::from_elem(Lifetime::Run, body.exprs.len());
        let mut lifetimes = Lifetimes { body, types, locals, exprs, exits: FxHashMap::default() };
        // Variables that loops assign from each other need more than one pass; lifetimes only become shorter.
        while lifetimes.pass() {}
        lifetimes
    }

    fn of(&self, expr: ExprId) -> Lifetime {
        self.exprs.get(expr).copied().unwrap_or(Lifetime::Run)
    }

    fn shortest(&self, exprs: &[ExprId]) -> Lifetime {
        exprs.iter().map(|expr| self.of(*expr)).max().unwrap_or(Lifetime::Run)
    }

    /// Finds the lifetimes of all expressions, children first; true if one of a variable became shorter.
    fn pass(&mut self) -> bool {
        let mut changed = false;
        for (number, node) in self.body.exprs.iter().enumerate() {
            let expr = ExprId(number as u32);
            let mut lifetime = self.of_node(node);
            if let Expr::Leave(exit, value) = node {
                let left = self.of(*value);
                let slot = self.exits.entry(*exit).or_insert(Lifetime::Run);
                *slot = left.max(*slot);
            }
            let coercions = self.types.coercions_of(expr);
            if coercions.iter().any(|coercion| matches!(coercion, Coercion::View(_))) {
                lifetime = Lifetime::Own;
            } else if !holds_view(&self.types.type_of(expr)) {
                lifetime = Lifetime::Run;
            }
            if let Some(slot) = self.exprs.get_mut(expr) {
                *slot = lifetime;
            }
            if let Expr::Bind(local, value)
            | Expr::SetLocal(local, value)
            | Expr::Put(Variable::Local(local), _, value) = node
            {
                let found = self.of(*value);
                if let Some(slot) = self.locals.get_mut(*local)
                    && *slot < found
                {
                    *slot = found;
                    changed = true;
                }
            }
        }
        changed
    }

    fn of_node(&self, node: &Expr) -> Lifetime {
        match node {
            Expr::Local(local) => self.locals.get(*local).copied().unwrap_or(Lifetime::Run),
            Expr::Block(items) => items.last().map_or(Lifetime::Run, |last| self.of(*last)),
            Expr::Scope(_, value)
            | Expr::Ascribe(value, _)
            | Expr::Into(value, _)
            | Expr::Sequence(value)
            | Expr::Present(value)
            | Expr::Repeat(value, _)
            | Expr::Tabulate(_, _, value)
            | Expr::Get(value, _)
            | Expr::SetLocal(_, value)
            | Expr::SetGlobal(_, value) => self.of(*value),
            Expr::If(clauses, otherwise) => {
                let arms = clauses.iter().map(|(_, then)| *then).chain(*otherwise);
                arms.map(|arm| self.of(arm)).max().unwrap_or(Lifetime::Run)
            }
            Expr::And(items) | Expr::Or(items) | Expr::Array(items) | Expr::Make(_, _, items) => {
                self.shortest(items)
            }
            Expr::Builtin(_, items) => self.shortest(items),
            Expr::Guard(guard) => self.of(guard.place),
            Expr::Exit(exit, code) => {
                let left = self.exits.get(exit).copied().unwrap_or(Lifetime::Run);
                self.of(*code).max(left)
            }
            // What a function gives back has passed the same check.
            _ => Lifetime::Run,
        }
    }

    fn check(&self, unit: &Unit<'_>, diagnostics: &mut Vec<Diagnostic>) {
        for node in self.body.exprs.iter() {
            let (value, longest, what) = match node {
                Expr::Define(_, value)
                | Expr::SetGlobal(_, value)
                | Expr::Put(Variable::Global(_), _, value) => (*value, Lifetime::Run, "the variable"),
                Expr::SetLocal(_, value) | Expr::Put(Variable::Local(_), _, value) => {
                    (*value, Lifetime::Call, "the variable")
                }
                _ => continue,
            };
            if self.of(value) > longest {
                diagnostics.push(self.outlives(value, what));
            }
        }
        if unit.kind == UnitKind::Function
            && let Some(root) = self.body.root
            && self.of(root) > Lifetime::Run
        {
            diagnostics.push(self.outlives(root, "the function's result"));
        }
    }

    fn outlives(&self, value: ExprId, what: &str) -> Diagnostic {
        let mut shown = value;
        let span = loop {
            match self.body.exprs.get(shown) {
                Some(Expr::Scope(_, code)) => shown = *code,
                Some(Expr::Block(items)) if let Some(last) = items.last() => shown = *last,
                _ => break self.body.spans.get(shown).copied().flatten(),
            }
        };
        unsupported(
            span,
            &format!("{what} would hold a view that may outlive what it shows"),
            "use an array, which holds its own items: `(array T n)`",
        )
    }
}
