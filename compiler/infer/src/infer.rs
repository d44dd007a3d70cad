//! Inference of one group of definitions.

use crate::generic::{Instance, Scheme};
use crate::presence::{Presence, Ways};
use crate::report::mismatch;
use crate::types::{BodyTypes, Coercion, Signature, Type};
use crate::unify::{Table, Term};
use ovsm_base::index::IndexVec;
use ovsm_base::{Code, DefId, Diagnostic, IntType, Span};
use ovsm_expand::Builtin;
use ovsm_expand::core::{Body, ExitId, Expr, ExprId, GuardChoice, LocalId, Variable};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// A group reports at most so many faults; see the limit of expansion.
const MAX_DIAGNOSTICS: usize = 1000;

/// Types from outside the group.
pub trait TypeEnv {
    /// The signature of a function that is not in the group.
    fn signature(&self, def: DefId) -> Option<Signature>;
    /// What a function that is not in the group leaves open, if anything.
    fn scheme(&self, def: DefId) -> Option<Scheme>;
    /// The type of a variable that is not defined in the group.
    fn global(&self, def: DefId) -> Option<Type>;
    /// The name of a definition, for messages.
    fn name(&self, def: DefId) -> String;
}

/// What a body is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UnitKind {
    /// A function.
    Function,
    /// Top-level code whose value nobody uses.
    Statement,
    /// The last form of a program: its value is the program's.
    Result,
}

/// One body of a group.
#[derive(Clone, Copy)]
pub struct Unit<'a> {
    /// The function, or the identity of the top-level form.
    pub def: DefId,
    /// What it is.
    pub kind: UnitKind,
    /// Its code.
    pub body: &'a Body,
}

/// Bodies that are inferred together, in source order.
#[derive(Clone, Default)]
pub struct Group<'a> {
    /// The bodies.
    pub units: Vec<Unit<'a>>,
}

impl Group<'_> {
    /// True if a variable is given another value than null somewhere.
    fn assigns(&self, global: DefId) -> bool {
        self.units.iter().any(|unit| {
            unit.body.globals.contains(&global)
                && unit.body.exprs.iter().any(|node| match node {
                    Expr::SetGlobal(def, value) if *def == global => {
                        !matches!(unit.body.exprs.get(*value), Some(Expr::Null))
                    }
                    _ => false,
                })
        })
    }
}

/// What inference found out about a group.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct GroupTypes {
    /// Types of each body.
    pub bodies: BTreeMap<DefId, BodyTypes>,
    /// Signatures of the group's functions.
    pub signatures: BTreeMap<DefId, Signature>,
    /// What functions of the group leave open, of those that do.
    pub schemes: BTreeMap<DefId, Scheme>,
    /// Types of the variables that the group defines.
    pub globals: BTreeMap<DefId, Type>,
    /// What is wrong.
    pub diagnostics: Vec<Diagnostic>,
}

/// What becomes of an expression's value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Use {
    /// It is needed.
    Value,
    /// Only its truth is needed.
    Condition,
    /// It is thrown away.
    Discard,
}

struct FunctionTerms {
    params: Vec<Term>,
    result: Term,
}

pub(crate) struct Inference<'a> {
    pub(crate) table: Table,
    env: &'a dyn TypeEnv,
    functions: FxHashMap<DefId, FunctionTerms>,
    /// The variables of the types that the body leaves open by a name.
    names: FxHashMap<Arc<str>, Term>,
    /// Calls of generic functions, with the variables of their schemes.
    instances: Vec<(ExprId, DefId, Vec<Term>)>,
    globals: FxHashMap<DefId, Term>,
    pub(crate) literals: Vec<(Term, bool, u128, Option<Span>)>,
    /// Lengths that are known at run time only, checked when all types are known.
    pub(crate) lengths: Vec<(Term, Option<Span>)>,
    /// Values whose texts are used.
    pub(crate) texts: Vec<(Term, Option<Span>)>,
    /// What is read from the instruction data and other bytes, and whether its type is stated around the form that reads.
    pub(crate) arguments: Vec<(Term, Option<Span>, bool)>,
    /// What is turned into bytes, checked when all types are known.
    pub(crate) bytes: Vec<(Term, crate::chain::Bytes, Option<Span>)>,
    /// Operands that must fit one word, checked when all types are known.
    pub(crate) words: Vec<(Builtin, Term, Option<Span>)>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) body: &'a Body,
    exprs: IndexVec<ExprId, Term>,
    locals: IndexVec<LocalId, Term>,
    /// What is done with the values of the exits around, and what these are left with so far.
    exits: FxHashMap<ExitId, (Use, Vec<(ExprId, Term)>)>,
    /// What becomes of values where they stand, with the types that come of it.
    coercions: Vec<(ExprId, Fit, Term)>,
    /// Variables whose value is known to be there.
    pub(crate) present: Presence,
    /// True where an array may become a view of its items.
    takes_views: bool,
    /// The value that a variable is bound to, until it is looked at.
    bound: Option<ExprId>,
    /// The place that is looked at next, with the checks that it may have.
    pub(crate) guarded: Option<(ExprId, &'a [GuardChoice])>,
    /// The checks that it has.
    pub(crate) chosen: Vec<usize>,
    /// The checks of the body's places.
    pub(crate) guards: BTreeMap<ExprId, Vec<usize>>,
    /// True in the check of a place.
    pub(crate) is_checking: bool,
    /// The last field with a condition that was looked at, by its name.
    pub(crate) condition: Option<String>,
    /// True if the body is that of an instance, so that its function is one of others.
    is_instance: bool,
}

/// How a value becomes what is needed; see [`Coercion`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fit {
    Present,
    Absent,
    View,
    Value,
    Text,
}

/// Infers a group. Linear in the size of its bodies, nearly.
pub fn infer_group(group: &Group<'_>, env: &dyn TypeEnv) -> GroupTypes {
    infer_with(group, env, None)
}

/// Infers the body of a function that leaves types open as one that has this signature. Calls of itself are calls of
/// a function from outside.
pub fn infer_instance(unit: Unit<'_>, signature: &Signature, env: &dyn TypeEnv) -> GroupTypes {
    infer_with(&Group { units: vec![unit] }, env, Some(signature))
}

fn infer_with(group: &Group<'_>, env: &dyn TypeEnv, signature: Option<&Signature>) -> GroupTypes {
    let empty = Body::default();
    let mut inference = Inference {
        table: Table::default(),
        env,
        functions: FxHashMap::default(),
        names: FxHashMap::default(),
        instances: Vec::new(),
        globals: FxHashMap::default(),
        literals: Vec::new(),
        lengths: Vec::new(),
        texts: Vec::new(),
        arguments: Vec::new(),
        words: Vec::new(),
        bytes: Vec::new(),
        diagnostics: Vec::new(),
        body: &empty,
        exprs: IndexVec::new(),
        locals: IndexVec::new(),
        exits: FxHashMap::default(),
        coercions: Vec::new(),
        present: Presence::default(),
        takes_views: false,
        bound: None,
        guarded: None,
        chosen: Vec::new(),
        guards: BTreeMap::new(),
        is_checking: false,
        condition: None,
        is_instance: false,
    };
    let mut locals_of = Vec::with_capacity(group.units.len());
    for unit in &group.units {
        let mut names = FxHashMap::default();
        let locals: IndexVec<LocalId, Term> = unit
            .body
            .locals
            .iter()
            .map(|local| match &local.annotation {
                Some(annotation) => inference.table.stated(&annotation.ty, &mut names),
                None if local.begins_null => Term::Option(Rc::new(inference.table.fresh(false))),
                None => inference.table.fresh(false),
            })
            .collect();
        if unit.kind == UnitKind::Function {
            let result = match &unit.body.result {
                Some(annotation) => inference.table.stated(&annotation.ty, &mut names),
                None => inference.table.fresh(false),
            };
            let params: Vec<Term> = locals.iter().take(unit.body.params as usize).cloned().collect();
            if let Some(signature) = signature {
                let stated = signature.params.iter().chain([&signature.result]);
                for (term, ty) in params.iter().chain([&result]).zip(stated) {
                    inference.table.unify(term, &Term::Known(ty.clone()));
                }
            }
            inference.functions.insert(unit.def, FunctionTerms { params, result });
        }
        for expr in unit.body.exprs.iter() {
            if let Expr::Define(def, value) = expr {
                let mut term = inference.table.fresh(false);
                let begins_null = matches!(unit.body.exprs.get(*value), Some(Expr::Null));
                if begins_null && group.assigns(*def) {
                    term = Term::Option(Rc::new(term));
                }
                inference.globals.insert(*def, term);
            }
        }
        locals_of.push((locals, names));
    }
    let mut finished = Vec::with_capacity(group.units.len());
    for (unit, (locals, names)) in group.units.iter().zip(locals_of) {
        inference.names = names;
        inference.is_instance = signature.is_some();
        finished.push(inference.infer_unit(unit, locals));
    }
    inference.finish(group, finished)
}

/// What was found out about one body.
struct UnitTerms {
    exprs: IndexVec<ExprId, Term>,
    coercions: Vec<(ExprId, Fit, Term)>,
    locals: IndexVec<LocalId, Term>,
    instances: Vec<(ExprId, DefId, Vec<Term>)>,
    guards: BTreeMap<ExprId, Vec<usize>>,
    result: Option<Term>,
}

impl<'a> Inference<'a> {
    fn infer_unit(&mut self, unit: &Unit<'a>, locals: IndexVec<LocalId, Term>) -> UnitTerms {
        self.body = unit.body;
        self.locals = locals;
        self.exprs = IndexVec::from_elem(Term::Known(Type::Error), unit.body.exprs.len());
        let usage = match unit.kind {
            UnitKind::Statement => Use::Discard,
            UnitKind::Function if matches!(&unit.body.result, Some(ty) if ty.ty == Type::Null) => {
                Use::Discard
            }
            UnitKind::Function | UnitKind::Result => Use::Value,
        };
        let result = unit.body.root.map(|root| self.infer(root, usage));
        if unit.kind == UnitKind::Function
            && let Some(terms) = self.functions.get(&unit.def)
        {
            let needed = terms.result.clone();
            let found = match (usage, &result) {
                (Use::Value, Some(found)) => found.clone(),
                _ => Term::Known(Type::Null),
            };
            if let Some(root) = unit.body.root {
                let span = self.last_span(root);
                let label = annotation_label(&unit.body.result);
                self.expect_at(root, span, &found, &needed, "the function's result", label);
            }
        }
        let result = if unit.kind == UnitKind::Statement { None } else { result };
        self.present.clear();
        UnitTerms {
            exprs: std::mem::take(&mut self.exprs),
            coercions: std::mem::take(&mut self.coercions),
            locals: std::mem::take(&mut self.locals),
            instances: std::mem::take(&mut self.instances),
            guards: std::mem::take(&mut self.guards),
            result,
        }
    }

    /// The span of the expression whose value is the value of `expr`.
    fn last_span(&self, mut expr: ExprId) -> Option<Span> {
        loop {
            match self.body.exprs.get(expr) {
                Some(Expr::Scope(_, code)) => expr = *code,
                Some(Expr::Block(items)) if let Some(last) = items.last() => expr = *last,
                _ => return self.span(expr),
            }
        }
    }

    pub(crate) fn span(&self, expr: ExprId) -> Option<Span> {
        self.body.spans.get(expr).copied().flatten()
    }

    /// Makes the value of an expression what is needed, or reports that it is not.
    pub(crate) fn expect(
        &mut self,
        expr: ExprId,
        found: &Term,
        needed: &Term,
        why: &str,
        other: Option<(Span, &str)>,
    ) -> bool {
        self.expect_at(expr, self.span(expr), found, needed, why, other)
    }

    fn expect_at(
        &mut self,
        expr: ExprId,
        span: Option<Span>,
        found: &Term,
        needed: &Term,
        why: &str,
        other: Option<(Span, &str)>,
    ) -> bool {
        // A type that is too large is reported as that.
        if self.fit(expr, found, needed) || self.table.is_too_large {
            return true;
        }
        let (found, needed) = (self.table.for_message(found), self.table.for_message(needed));
        self.diagnostics.push(mismatch(span, found, needed, why, other));
        false
    }

    /// Makes a value what is needed, by a coercion if it has to be.
    pub(crate) fn fit(&mut self, expr: ExprId, found: &Term, needed: &Term) -> bool {
        let resolved = self.table.resolve(found);
        if let Some(item) = self.table.as_option(needed)
            && !self.table.is_unknown(&resolved)
            && self.table.as_option(&resolved).is_none()
        {
            if resolved == Term::Known(Type::Error) {
                return true;
            }
            if resolved == Term::Known(Type::Null) {
                self.coercions.push((expr, Fit::Absent, needed.clone()));
                return true;
            }
            let is_text = self.is_text_of_another_kind(&resolved, &item);
            if is_text {
                self.coercions.push((expr, Fit::Text, item.clone()));
            }
            let fits = is_text || self.table.unify(&resolved, &item);
            if fits {
                self.coercions.push((expr, Fit::Present, needed.clone()));
            }
            return fits;
        }
        if self.is_text_of_another_kind(&resolved, needed) {
            self.coercions.push((expr, Fit::Text, needed.clone()));
            return true;
        }
        // The items of an array that is written out become what may be null one by one.
        if let Some(Expr::Array(items)) = self.body.exprs.get(expr)
            && let (Some((found, count)), Some((wanted, length))) =
                (self.table.as_array(&resolved), self.table.as_array(needed))
            && count == length
            && self.has_options(&wanted)
            && !self.has_options(&found)
        {
            self.set_type(expr, needed.clone());
            return items.iter().all(|item| {
                let found = self.exprs.get(*item).cloned().unwrap_or(Term::Known(Type::Error));
                ovsm_base::stack::with_room(|| self.fit(*item, &found, &wanted))
            });
        }
        let view = self.table.as_view(needed);
        // A view shows what a variable holds, so it is only made where it can not outlive it: as an argument, or as the
        // value of a local.
        if self.takes_views
            && let (Some(item), Some(own)) = (view, self.table.own_items(&resolved))
        {
            let fits = self.table.unify(&own, &item);
            if fits {
                self.coercions.push((expr, Fit::View, needed.clone()));
            }
            return fits;
        }
        // An account is an address, whatever is known of it.
        if let Term::Known(Type::Account(of)) = &resolved
            && let Term::Known(Type::Account(wanted)) = self.table.resolve(needed)
        {
            return of.fits(&wanted);
        }
        self.is_alias(&resolved, needed) || self.table.unify(found, needed)
    }

    /// Notes that a value becomes one that might have been null.
    pub(crate) fn becomes_present(&mut self, expr: ExprId, option: Term) -> bool {
        self.coercions.push((expr, Fit::Present, option));
        true
    }

    /// True if a type may be null, or is one of arrays of those.
    fn has_options(&mut self, term: &Term) -> bool {
        let mut term = term.clone();
        while let Some((item, _)) = self.table.as_array(&term) {
            term = item;
        }
        self.table.as_option(&term).is_some()
    }

    /// True if one is a builder and the other one a string: each can be seen as the other without a copy.
    fn is_text_of_another_kind(&mut self, found: &Term, needed: &Term) -> bool {
        let needed = self.table.resolve(needed);
        matches!(
            (found, needed),
            (Term::Known(Type::Builder), Term::Known(Type::String))
                | (Term::Known(Type::String), Term::Known(Type::Builder))
        )
    }

    pub(crate) fn set_type(&mut self, expr: ExprId, term: Term) {
        if let Some(slot) = self.exprs.get_mut(expr) {
            *slot = term;
        }
    }

    pub(crate) fn infer(&mut self, expr: ExprId, usage: Use) -> Term {
        let body = self.body;
        let Some(node) = body.exprs.get(expr) else { return Term::Known(Type::Error) };
        let term = ovsm_base::stack::with_room(|| self.infer_node(node, expr, usage));
        if let Some(slot) = self.exprs.get_mut(expr) {
            *slot = term.clone();
        }
        // A value that was tested is there.
        if let Some(item) = self.known_value(node, &term) {
            self.coercions.push((expr, Fit::Value, item.clone()));
            return item;
        }
        term
    }

    fn infer_node(&mut self, node: &'a Expr, expr: ExprId, usage: Use) -> Term {
        let null = Term::Known(Type::Null);
        match node {
            Expr::Error => Term::Known(Type::Error),
            Expr::Unreachable | Expr::Fail(_) => {
                self.present.end();
                self.table.fresh(false)
            }
            Expr::Null => null,
            Expr::Bool(_) => Term::Known(Type::Bool),
            Expr::Int { negative, magnitude, suffix } => {
                let term = match suffix {
                    Some(ty) => Term::Known(Type::Int(*ty)),
                    None => self.table.fresh(true),
                };
                self.literals.push((term.clone(), *negative, *magnitude, self.span(expr)));
                term
            }
            Expr::String(_) => Term::Known(Type::String),
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
            | Expr::Sequence(_)
            | Expr::OpenAccount(..)
            | Expr::RequireAccounts(_)
            | Expr::Arguments(..)
            | Expr::KeyOf(_)
            | Expr::LogRecord(..)
            | Expr::OwnerOf(_) => self.aggregate(node, expr),
            Expr::Chain(chain) => self.chain(chain, expr),
            Expr::Guard(guard) => self.guard(guard, expr),
            Expr::Local(local) => self.local(*local),
            Expr::Global(def) => self.global(*def),
            Expr::Block(items) => {
                let mut value = null;
                for (n, item) in items.iter().enumerate() {
                    let last = n + 1 == items.len();
                    value = self.infer(*item, if last { usage } else { Use::Discard });
                }
                value
            }
            Expr::Scope(_, code) => self.infer(*code, usage),
            Expr::Bind(local, value) => {
                // What is stated around the value is as good as what is stated at the variable.
                self.bound = Some(*value);
                let found = self.infer(*value, Use::Value);
                let declared = self.body.locals.get(*local).and_then(|local| local.annotation.as_ref());
                let label = declared.and_then(|ty| ty.span).map(|span| (span, "the type is stated here"));
                let needed = self.local(*local);
                self.takes_views = true;
                self.expect(*value, &found, &needed, "the variable", label);
                self.takes_views = false;
                self.assigned(Variable::Local(*local), &found);
                null
            }
            Expr::SetLocal(local, value) => {
                let found = self.infer(*value, Use::Value);
                let needed = self.local(*local);
                let label = self.body.locals.get(*local).and_then(|local| local.span);
                let label = label.map(|span| (span, "the variable is defined here"));
                if !self.is_item_of(*local, *value, &found) {
                    self.expect(*value, &found, &needed, "the variable", label);
                }
                self.assigned(Variable::Local(*local), &found);
                needed
            }
            Expr::Define(def, value) | Expr::SetGlobal(def, value) => {
                let found = self.infer(*value, Use::Value);
                let needed = self.global(*def);
                let why = format!("the variable `{}`", self.env.name(*def));
                self.expect(*value, &found, &needed, &why, None);
                self.assigned(Variable::Global(*def), &found);
                if matches!(node, Expr::Define(..)) { null } else { needed }
            }
            Expr::If(clauses, otherwise) => self.choice(clauses, *otherwise, usage),
            Expr::And(operands) | Expr::Or(operands) => {
                let mut value = None;
                let mut ends = Ways::default();
                for (n, operand) in operands.iter().enumerate() {
                    let last = n + 1 == operands.len();
                    let operand_usage = match usage {
                        Use::Discard if !last => Use::Condition,
                        _ => usage,
                    };
                    let found = self.infer(*operand, operand_usage);
                    if usage == Use::Value {
                        let needed = value.get_or_insert_with(|| found.clone()).clone();
                        let first = operands.first().and_then(|first| self.span(*first));
                        let label = first.map(|span| (span, "the first operand decides the type"));
                        self.expect(*operand, &found, &needed, "the form", label);
                    }
                    if last {
                        break;
                    }
                    // The next operand is evaluated if this one is true; or false.
                    let (if_true, if_false) = self.tested(*operand);
                    let (known, other) =
                        if matches!(node, Expr::And(_)) { (if_true, if_false) } else { (if_false, if_true) };
                    let fork = self.present.fork();
                    self.present.add(other);
                    self.present.meets(&mut ends);
                    self.present.back(fork);
                    self.present.add(known);
                }
                self.present.join(ends);
                match usage {
                    Use::Value => value.unwrap_or(null),
                    Use::Condition => Term::Known(Type::Bool),
                    Use::Discard => null,
                }
            }
            Expr::Not(operand) => {
                self.infer(*operand, Use::Condition);
                Term::Known(Type::Bool)
            }
            Expr::While(condition, code) => {
                self.enter_loop(&[*condition, *code]);
                self.infer(*condition, Use::Condition);
                let (if_true, if_false) = self.tested(*condition);
                let fork = self.present.fork();
                self.present.add(if_true);
                self.infer(*code, Use::Discard);
                self.present.back(fork);
                self.present.add(if_false);
                null
            }
            Expr::Loop(code) => {
                self.enter_loop(&[*code]);
                self.infer(*code, Use::Discard);
                self.present.end();
                // It never ends by itself, so its value is whatever is wanted.
                self.table.fresh(false)
            }
            Expr::Exit(exit, code) => {
                // What is left with has to be of one type, also where only its truth is needed.
                let usage = if usage == Use::Condition { Use::Value } else { usage };
                self.exits.insert(*exit, (usage, Vec::new()));
                self.present.open(*exit);
                let found = self.infer(*code, usage);
                self.present.close(*exit);
                let (_, left) = self.exits.remove(exit).unwrap_or((usage, Vec::new()));
                if usage != Use::Value {
                    return null;
                }
                let ends = left.iter().map(|(_, found)| found).chain([&found]);
                let ends: Vec<Term> = ends.map(|found| self.table.resolve(found)).collect();
                let term = match self.common_type(&ends, false) {
                    Some(option) => option,
                    None => self.table.fresh(false),
                };
                for (value, found) in left {
                    self.expect(value, &found, &term, "the value of the block that this leaves", None);
                }
                self.expect(*code, &found, &term, "what the block is left with", None);
                term
            }
            Expr::Leave(exit, value) => {
                let usage = self.exits.get(exit).map_or(Use::Discard, |(usage, _)| *usage);
                let found = self.infer(*value, usage);
                if let Some((Use::Value, left)) = self.exits.get_mut(exit) {
                    left.push((*value, found));
                }
                self.present.leave(*exit);
                self.table.fresh(false)
            }
            Expr::Call(def, args) => self.call(expr, *def, args),
            Expr::Builtin(builtin, args) => self.builtin(*builtin, args),
            Expr::Into(value, ty) => self.as_distinct(*value, ty),
            Expr::Ascribe(value, ty) => {
                let is_bound = self.bound.take() == Some(expr);
                let found = self.infer(*value, Use::Value);
                if !ty.ty.is_open()
                    && crate::chain::is_read_from_bytes(self.body.exprs.get(*value))
                    && let Some((_, _, is_stated)) = self.arguments.last_mut()
                {
                    *is_stated = true;
                }
                let needed = self.table.stated(&ty.ty, &mut self.names);
                let label = ty.span.map(|span| (span, "the type is stated here"));
                self.takes_views = is_bound;
                self.expect(*value, &found, &needed, "the annotation", label);
                self.takes_views = false;
                needed
            }
        }
    }

    /// `if` and `cond`: the branches have one type, or what may be null has that of an option.
    fn choice(&mut self, clauses: &[(ExprId, ExprId)], otherwise: Option<ExprId>, usage: Use) -> Term {
        let null = Term::Known(Type::Null);
        let mut ends = Ways::default();
        let mut arms: Vec<(ExprId, Term)> = Vec::new();
        for (condition, then) in clauses {
            self.infer(*condition, Use::Condition);
            let (if_true, if_false) = self.tested(*condition);
            let fork = self.present.fork();
            self.present.add(if_true);
            arms.push((*then, self.infer(*then, usage)));
            self.present.meets(&mut ends);
            self.present.back(fork);
            self.present.add(if_false);
        }
        let last = otherwise.map(|otherwise| self.infer(otherwise, usage));
        self.present.join(ends);
        match usage {
            Use::Condition => return Term::Known(Type::Bool),
            Use::Discard => return null,
            Use::Value => {}
        }
        let Some((first, wanted)) = arms.first().cloned() else { return null };
        let lacks_otherwise = otherwise.is_none();
        if let (Some(otherwise), Some(last)) = (otherwise, last) {
            arms.push((otherwise, last));
        }
        let resolved: Vec<Term> = arms.iter().map(|(_, term)| self.table.resolve(term)).collect();
        let wanted = match self.common_type(&resolved, lacks_otherwise) {
            Some(option) => option,
            None => {
                // What never ends, or is null itself.
                if lacks_otherwise && !self.table.unify(&wanted, &null) {
                    self.report_branches(first, wanted, None, null);
                    return Term::Known(Type::Error);
                }
                wanted
            }
        };

        for (arm, term) in &arms {
            if !self.fit(*arm, term, &wanted) {
                self.report_branches(first, wanted, Some(*arm), term.clone());
                return Term::Known(Type::Error);
            }
        }
        wanted
    }

    /// The option type of branches of which some may be null and others are not.
    pub(crate) fn common_type(&mut self, arms: &[Term], or_null: bool) -> Option<Term> {
        if let Some(option) = arms.iter().find(|term| self.table.as_option(term).is_some()) {
            return Some(option.clone());
        }
        let null = Term::Known(Type::Null);
        let other = arms.iter().find(|term| **term != null)?;
        match (or_null || arms.contains(&null))
            && !self.table.is_unknown(other)
            && *other != Term::Known(Type::Error)
        {
            true => Some(Term::Option(Rc::new(other.clone()))),
            false => None,
        }
    }

    pub(crate) fn local(&self, local: LocalId) -> Term {
        self.locals.get(local).cloned().unwrap_or(Term::Known(Type::Error))
    }

    pub(crate) fn global(&mut self, def: DefId) -> Term {
        match self.globals.get(&def) {
            Some(term) => term.clone(),
            None => Term::Known(self.env.global(def).unwrap_or(Type::Error)),
        }
    }

    /// The types of the parameters and of the result of a function, for one call of it.
    fn types_of_call(&mut self, expr: ExprId, def: DefId) -> (Vec<Term>, Term) {
        if !self.is_instance
            && let Some(terms) = self.functions.get(&def)
        {
            return (terms.params.clone(), terms.result.clone());
        }
        if let Some(scheme) = self.env.scheme(def) {
            let (variables, params, result) = scheme.instantiate(&mut self.table);
            self.instances.push((expr, def, variables));
            return (params, result);
        }
        match self.env.signature(def) {
            Some(Signature { params, result }) => {
                (params.into_iter().map(Term::Known).collect(), Term::Known(result))
            }
            None => (Vec::new(), Term::Known(Type::Error)),
        }
    }

    fn call(&mut self, expr: ExprId, def: DefId, args: &[ExprId]) -> Term {
        let (params, result) = self.types_of_call(expr, def);
        for (n, arg) in args.iter().enumerate() {
            let found = self.infer(*arg, Use::Value);
            let Some(needed) = params.get(n) else { continue };
            let why = format!("parameter {} of `{}`", n + 1, self.env.name(def));
            self.takes_views = true;
            let fits = self.expect(*arg, &found, needed, &why, None);
            self.takes_views = false;
            if !fits && let Some(diagnostic) = self.diagnostics.last_mut() {
                let name = self.env.name(def);
                let account = match self.table.resolve(&found) {
                    Term::Known(ty @ Type::Account(_)) => Some(ty),
                    _ => None,
                };
                diagnostic.notes.push(match self.functions.contains_key(&def) {
                    _ if let Some(ty) = account => format!(
                        "`{name}` can be given an account if it states so: `(name : {ty})`, or `(name : account)` for any"
                    ),
                    true => format!(
                        "`{name}` is called from its own body here, perhaps by another function: there a parameter has one type"
                    ),
                    false => format!(
                        "a parameter without a type gets it from the function's body alone; `{name}` can state it: `(name : type)`"
                    ),
                });
            }
        }
        self.present.call();
        result
    }

    fn report_branches(&mut self, then: ExprId, then_term: Term, otherwise: Option<ExprId>, other: Term) {
        let (then_term, other) = (self.table.for_message(&then_term), self.table.for_message(&other));
        let then_text = crate::report::describe(&then_term);
        let other_text = crate::report::describe(&other);
        let mut diagnostic = Diagnostic::new(
            Code::BranchTypes,
            match otherwise {
                Some(_) => format!("one branch is {then_text}, the other is {other_text}"),
                None => format!("the branch is {then_text}, but without it the value is `null`"),
            },
        );
        if let Some(span) = self.last_span(then) {
            diagnostic = diagnostic.label(span, format!("this is {then_text}"));
        }
        if let Some(span) = otherwise.and_then(|otherwise| self.last_span(otherwise)) {
            diagnostic = diagnostic.label(span, format!("this is {other_text}"));
        }
        diagnostic = diagnostic.help(match otherwise {
            Some(_) => "give both branches the same type, or do not use the value",
            None => "say what the value is otherwise, as in `(if condition 1 0)`",
        });
        self.diagnostics.push(diagnostic);
    }

    /// Literals that nothing constrains are `int`, which is `i64`; where one is too large for that, the narrowest type
    /// that holds all literals of its kind is taken.
    fn widen_literals(&mut self) {
        const DEFAULT: IntType = IntType::I64;
        let mut classes: BTreeMap<u32, Vec<(bool, u128)>> = BTreeMap::new();
        for (term, negative, magnitude, _) in &self.literals {
            if let Term::Variable(variable) = self.table.resolve(term) {
                classes.entry(variable).or_default().push((*negative, *magnitude));
            }
        }
        for (variable, values) in classes {
            let holds =
                |ty: &IntType| values.iter().all(|(negative, magnitude)| ty.contains(*negative, *magnitude));
            // What stays open is `int` where nobody says otherwise; a caller may.
            if !holds(&DEFAULT)
                && let Some(ty) = [IntType::U64, IntType::U128, IntType::I128].iter().find(|ty| holds(ty))
            {
                self.table.unify(&Term::Variable(variable), &Term::Known(Type::Int(*ty)));
            }
        }
    }

    /// What the functions of the group leave open. Variables are shared by all that use them, so their types are not.
    fn schemes(&mut self) -> BTreeMap<DefId, Scheme> {
        let fixed: Vec<Term> = self.globals.values().cloned().collect();
        let functions = self.functions.iter();
        functions
            .filter_map(|(def, terms)| {
                let scheme = Scheme::of(&mut self.table, &terms.params, &terms.result, &fixed)?;
                Some((*def, scheme))
            })
            .collect()
    }

    /// The instances that are called; a call with `int` everywhere stays one of the function itself.
    fn finished_instances(&mut self, calls: Vec<(ExprId, DefId, Vec<Term>)>) -> BTreeMap<ExprId, Instance> {
        calls
            .into_iter()
            .map(|(expr, function, variables)| {
                let types = variables.iter().map(|term| self.table.finish(term)).collect();
                (expr, Instance { function, types })
            })
            .filter(|(_, instance)| instance.def() != instance.function)
            .collect()
    }

    fn finish(mut self, group: &Group<'_>, finished: Vec<UnitTerms>) -> GroupTypes {
        self.widen_literals();
        let schemes = self.schemes();
        for (term, negative, magnitude, span) in std::mem::take(&mut self.literals) {
            if let Type::Int(ty) = *self.table.finish(&term).underlying()
                && !ty.contains(negative, magnitude)
            {
                self.diagnostics.push(literal_out_of_range(ty, negative, magnitude, span));
            }
        }
        for (builtin, term, span) in std::mem::take(&mut self.words) {
            if let Type::Int(ty) = *self.table.finish(&term).underlying()
                && ty.is_wide()
            {
                self.diagnostics.push(crate::report::too_wide(builtin.name(), ty, span));
            }
        }
        self.check_bytes();
        self.check_texts();
        for (term, span, is_stated) in std::mem::take(&mut self.arguments) {
            let ty = self.table.finish(&term);
            if !is_stated && ty.holds_condition() {
                self.unsupported(
                    span,
                    &format!("a part of `{ty}` has a condition, which is checked where the type of the bytes is stated"),
                    &format!("state it around the form that reads the bytes: `(the {ty} …)`"),
                );
            }
            if !ty.is_plain() {
                self.unsupported(
                    span,
                    &format!("`{ty}` holds {}, so it can not be read from bytes", ty.kept_elsewhere()),
                    "use arrays of a fixed length: `(array u8 32)`",
                );
            }
        }
        for (term, span) in std::mem::take(&mut self.lengths) {
            if let Type::Int(ty) = *self.table.finish(&term).underlying()
                && ty.bits() != 64
            {
                self.diagnostics.push(crate::report::narrow_length(ty, span));
            }
        }
        self.diagnostics.truncate(MAX_DIAGNOSTICS);
        let mut types = GroupTypes {
            diagnostics: std::mem::take(&mut self.diagnostics),
            schemes,
            ..GroupTypes::default()
        };
        for (unit, UnitTerms { exprs, coercions, locals, instances, guards, result }) in
            group.units.iter().zip(finished)
        {
            let mut steps: BTreeMap<ExprId, Vec<Coercion>> = BTreeMap::new();
            for (expr, fit, term) in coercions {
                let ty = self.table.finish(&term).represented();
                steps.entry(expr).or_default().push(match fit {
                    Fit::Present => Coercion::Present(ty),
                    Fit::Absent => Coercion::Absent(ty),
                    Fit::View => Coercion::View(ty),
                    Fit::Text => Coercion::Text(ty),
                    Fit::Value => Coercion::Value(ty),
                });
            }
            let body = BodyTypes {
                guards,
                coercions: steps,
                exprs: exprs.iter().map(|term| self.table.finish(term).represented()).collect(),
                locals: locals.iter().map(|term| self.table.finish(term).represented()).collect(),
                instances: self.finished_instances(instances),
                result: result.map(|term| self.table.finish(&term).represented()),
            };
            types.diagnostics.extend(crate::values::check(unit, &body));
            types.bodies.insert(unit.def, body);
        }
        if self.table.is_too_large {
            let span = group.units.iter().find_map(|unit| unit.body.spans.iter().find_map(|span| *span));
            let message = "a type of this code is made of too many others";
            let help = "types that hold one type twice grow to twice the size with each level: state the types, and use arrays";
            self.unsupported(span, message, help);
            types.diagnostics.append(&mut self.diagnostics);
        }
        types.diagnostics.truncate(MAX_DIAGNOSTICS);
        for (def, terms) in std::mem::take(&mut self.functions) {
            let params = terms.params.iter().map(|term| self.table.finish(term)).collect();
            types.signatures.insert(def, Signature { params, result: self.table.finish(&terms.result) });
        }
        for (def, term) in std::mem::take(&mut self.globals) {
            types.globals.insert(def, self.table.finish(&term));
        }
        types
    }
}

/// The variable that an expression reads.
pub(crate) fn variable(node: &Expr) -> Option<Variable> {
    match node {
        Expr::Local(local) => Some(Variable::Local(*local)),
        Expr::Global(def) => Some(Variable::Global(*def)),
        _ => None,
    }
}

fn annotation_label(annotation: &Option<ovsm_expand::core::TypeName>) -> Option<(Span, &'static str)> {
    annotation.as_ref().and_then(|ty| ty.span).map(|span| (span, "the result type is stated here"))
}

fn literal_out_of_range(ty: IntType, negative: bool, magnitude: u128, span: Option<Span>) -> Diagnostic {
    let sign = if negative { "-" } else { "" };
    let mut diagnostic =
        Diagnostic::new(Code::LiteralOutOfRange, format!("`{sign}{magnitude}` does not fit in `{ty}`"))
            .note(format!("`{ty}` holds {} to {}", ty.min(), ty.max()));
    if let Some(span) = span {
        diagnostic = diagnostic.label(span, format!("this literal is a `{ty}` here"));
    }
    let wider =
        IntType::ALL.into_iter().find(|wider| wider.contains(negative, magnitude) && wider.bits() >= 64);
    if let Some(wider) = wider {
        diagnostic = diagnostic.help(format!("`{wider}` holds it: write `{sign}{magnitude}{wider}`"));
    }
    diagnostic
}
