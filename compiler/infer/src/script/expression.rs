//! The types of the expressions of a unit.

use super::certain::CertainOperations;
use super::kinds::Kinds;
use super::narrow::{Facts, Variable};
use super::ty::Ty;
use super::{FunctionTy, TypeChecker, lambda_of};
use ovsm_base::index::IndexVec;
use ovsm_base::{Diagnostic, Span};
use ovsm_eval::core::{BlockId, Expr, ExprId, FunctionId, GlobalId, LocalId, Unit};
use ovsm_value::Value;
use rustc_hash::FxHashMap;
use std::cell::Cell;
use std::collections::hash_map::Entry;
use std::rc::Rc;

/// Locals of a unit are looked at again until nothing changes, but not more often.
const MAX_ROUNDS: usize = 10;

/// What is known of a local.
#[derive(Clone)]
pub(super) struct LocalFacts {
    pub(super) ty: Ty,
    /// True for parameters, which are given a value by every call.
    pub(super) is_parameter: bool,
    /// How often code gives it a value, but for the null that holds the place of a definition.
    pub(super) held: u32,
    /// True once its type was used: if it becomes another one, the unit is looked at again.
    is_read: Cell<bool>,
    /// What it was given where, for explanations.
    pub(super) origins: Vec<(Ty, Span)>,
    /// The function that it holds, if it holds one and nothing else.
    pub(super) function: Option<FunctionId>,
    /// The constant that it holds, if it holds one and nothing else.
    pub(super) constant: Option<ExprId>,
    /// The local whose value it is, if it is another name for one.
    pub(super) alias: Option<LocalId>,
}

/// A value that a unit gives to a variable of a module.
pub(super) struct Assignment {
    pub(super) global: GlobalId,
    pub(super) ty: Ty,
    pub(super) function: Option<Rc<FunctionTy>>,
    /// The type of records that it makes, if it is a constructor.
    pub(super) makes: Option<Ty>,
    pub(super) span: Option<Span>,
}

/// What became of a unit.
pub(super) struct Findings {
    pub(super) assignments: Vec<Assignment>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

pub(super) struct Analysis<'a> {
    pub(super) checker: &'a TypeChecker,
    pub(super) unit: &'a Unit,
    pub(super) locals: IndexVec<LocalId, LocalFacts>,
    /// What tests around have found out, innermost last.
    pub(super) narrowed: Vec<(Variable, Ty)>,
    /// What each function of the unit gives, as far as it is known.
    pub(super) results: FxHashMap<FunctionId, Ty>,
    /// True once what a function gives was asked for before it was known.
    is_early: Cell<bool>,
    /// What leaves each block early, and whether somebody used that.
    blocks: FxHashMap<BlockId, (Ty, bool)>,
    /// What leaves each block early, and where, in the round that reports.
    pub(super) leaves: FxHashMap<BlockId, Vec<(Ty, ExprId)>>,
    assignments: Vec<Assignment>,
    pub(super) diagnostics: Vec<Diagnostic>,
    /// How many `try` are around.
    pub(super) guarded: u32,
    /// The operations that run whenever the script does.
    pub(super) certain: &'a CertainOperations,
    changed: bool,
}

impl<'a> Analysis<'a> {
    pub(super) fn new(
        checker: &'a TypeChecker,
        unit: &'a Unit,
        certain: &'a CertainOperations,
    ) -> Analysis<'a> {
        let unknown = LocalFacts {
            ty: Ty::never(),
            is_parameter: false,
            held: 0,
            is_read: Cell::new(false),
            origins: Vec::new(),
            function: None,
            constant: None,
            alias: None,
        };
        let mut analysis = Analysis {
            checker,
            unit,
            locals: IndexVec::from_elem(unknown, unit.locals.len()),
            narrowed: Vec::new(),
            results: FxHashMap::default(),
            is_early: Cell::new(false),
            blocks: FxHashMap::default(),
            leaves: FxHashMap::default(),
            assignments: Vec::new(),
            diagnostics: Vec::new(),
            guarded: 0,
            certain,
            changed: false,
        };
        analysis.survey();
        analysis
    }

    /// Looks at the unit until the types of its locals are settled; what the last look reports counts.
    pub(super) fn run(mut self) -> Findings {
        let root = self.unit.functions.get(FunctionId(0)).map(|code| code.body);
        if let Some(root) = root {
            let mut is_settled = false;
            for round in 0..MAX_ROUNDS {
                self.changed = false;
                self.assignments.clear();
                self.diagnostics.clear();
                self.leaves.clear();
                self.expr(root);
                // Explanations name places that the first look may have come to after the fault.
                let is_explained = round > 0 || self.diagnostics.is_empty();
                if !self.changed && is_explained {
                    is_settled = true;
                    break;
                }
            }
            if !is_settled {
                for local in self.locals.iter_mut() {
                    local.ty = Ty::any();
                }
                self.results.values_mut().for_each(|result| *result = Ty::any());
                self.assignments.clear();
                self.diagnostics.clear();
                self.leaves.clear();
                self.expr(root);
            }
        }
        Findings { assignments: self.assignments, diagnostics: self.diagnostics }
    }

    pub(super) fn is_reporting(&self) -> bool {
        self.guarded == 0
    }

    /// Counts the assignments of each local, finds those that hold one function, and gives parameters their types.
    fn survey(&mut self) {
        let unit = self.unit;
        for expr in unit.exprs.iter() {
            match expr {
                Expr::Let(bindings, _) => {
                    for (local, value) in bindings {
                        let is_placeholder = is_empty(unit, *value);
                        if !is_placeholder {
                            self.holds(*local, Some(*value));
                        }
                    }
                }
                // The check of a parameter against its type gives it no other value.
                Expr::SetLocal(local, value) if self.is_check_of(*local, *value) => {}
                Expr::SetLocal(local, value) => self.holds(*local, Some(*value)),
                Expr::UpdateLocal(local, ..) => self.holds(*local, None),
                Expr::Try { error, .. } => self.set_type(*error, Kinds::ERROR.into()),
                _ => {}
            }
        }
        for code in unit.functions.iter() {
            let parameters = &code.parameters;
            let supplied = parameters.optional.iter().filter_map(|optional| optional.supplied);
            let keys = parameters.keys.iter().flatten();
            for local in supplied.chain(keys.clone().filter_map(|key| key.supplied)) {
                self.set_type(local, Kinds::BOOL.into());
            }
            if let Some(rest) = parameters.rest {
                self.set_type(rest, Kinds::LIST.into());
            }
            let optional = parameters.optional.iter().map(|optional| optional.local);
            for local in parameters.required.iter().copied().chain(optional).chain(keys.map(|key| key.local))
            {
                let stated = unit.locals.get(local).and_then(|local| local.annotation.as_ref());
                let ty = stated.map_or_else(Ty::any, |(ty, _)| Ty::stated(ty));
                self.set_type(local, ty);
                if let Some(facts) = self.locals.get_mut(local) {
                    facts.is_parameter = true;
                }
            }
        }
    }

    fn is_check_of(&self, local: LocalId, value: ExprId) -> bool {
        let Some(Expr::Native(id, operands)) = self.unit.exprs.get(value) else { return false };
        ovsm_library::get(*id).is_some_and(|native| native.name == "#check")
            && operands.first().is_some_and(
                |first| matches!(self.unit.exprs.get(*first), Some(Expr::Local(read)) if *read == local),
            )
    }

    fn holds(&mut self, local: LocalId, value: Option<ExprId>) {
        let function = value.and_then(|value| lambda_of(self.unit, value));
        let alias = match value.and_then(|value| self.unit.exprs.get(value)) {
            Some(Expr::Local(other)) => Some(*other),
            _ => None,
        };
        let constant = value.filter(|value| matches!(self.unit.exprs.get(*value), Some(Expr::Constant(_))));
        if let Some(facts) = self.locals.get_mut(local) {
            facts.alias = if facts.held == 0 { alias } else { None };
            facts.constant = if facts.held == 0 { constant } else { None };
            facts.function = if facts.held == 0 { function } else { None };
            facts.held += 1;
        }
    }

    fn set_type(&mut self, local: LocalId, ty: Ty) {
        if let Some(facts) = self.locals.get_mut(local) {
            facts.ty = ty;
        }
    }

    pub(super) fn span(&self, expr: ExprId) -> Option<Span> {
        self.unit.spans.get(expr).copied().flatten()
    }

    /// The type of an expression.
    pub(super) fn expr(&mut self, expr: ExprId) -> Ty {
        let Some(node) = self.unit.exprs.get(expr) else { return Ty::any() };
        ovsm_base::stack::with_room(|| self.expr_inner(expr, node))
    }

    fn expr_inner(&mut self, expr: ExprId, node: &'a Expr) -> Ty {
        match node {
            Expr::Constant(value) => Ty::of(value),
            Expr::Local(local) => self.local(*local),
            Expr::SetLocal(local, value) => {
                let ty = self.expr(*value);
                if !self.is_check_of(*local, *value) {
                    self.assign(*local, &ty, *value);
                }
                ty
            }
            Expr::Global(global) => self.global(*global),
            Expr::SetGlobal(global, value) => {
                let ty = self.expr(*value);
                let function = lambda_of(self.unit, *value).and_then(|function| {
                    let gives_a_function =
                        self.results.get(&function).is_none_or(|result| result.function.is_some());
                    match &ty.function {
                        Some(known) if !gives_a_function => Some(Rc::clone(known)),
                        _ => self.function_type(function).map(Rc::new),
                    }
                });
                self.assignments.push(Assignment {
                    global: *global,
                    ty: ty.clone(),
                    function,
                    makes: self.constructed(*value),
                    span: self.span(*value),
                });
                ty
            }
            Expr::Sequence(items) => {
                let mark = self.narrowed.len();
                let mut ty: Ty = Kinds::NULL.into();
                for item in items {
                    ty = self.step(*item);
                }
                self.narrowed.truncate(mark);
                ty
            }
            Expr::Let(bindings, body) => {
                for (local, value) in bindings {
                    let ty = self.expr(*value);
                    // The null of a definition whose value comes later is never seen, or an error of its own.
                    let held = self.locals.get(*local).map_or(0, |facts| facts.held);
                    let is_placeholder =
                        held > 0 && is_empty(self.unit, *value) && self.is_set_first(*local, *body);
                    if !is_placeholder {
                        self.assign(*local, &ty, *value);
                    }
                }
                self.expr(*body)
            }
            Expr::If(condition, then, otherwise) => {
                self.expr(*condition);
                let facts = self.facts(*condition);
                let then = self.under(&facts.if_true, *then);
                let otherwise = self.under(&facts.if_false, *otherwise);
                then.join(&otherwise)
            }
            Expr::And(operands) => {
                let mut all = Ty::never();
                let mark = self.narrowed.len();
                for (n, operand) in operands.iter().enumerate() {
                    let ty = self.expr(*operand);
                    let is_last = n + 1 == operands.len();
                    all = all.join(&if is_last { ty } else { ty.only(Kinds::FALSY) });
                    let facts = self.facts(*operand);
                    self.assume(&facts.if_true);
                }
                self.narrowed.truncate(mark);
                all
            }
            Expr::Or(operands) => {
                let mut all = Ty::never();
                let mark = self.narrowed.len();
                for (n, operand) in operands.iter().enumerate() {
                    let ty = self.expr(*operand);
                    let is_last = n + 1 == operands.len();
                    all = all.join(&if is_last { ty } else { ty.only(Kinds::ANY.without(Kinds::NULL)) });
                    let facts = self.facts(*operand);
                    self.assume(&facts.if_false);
                }
                self.narrowed.truncate(mark);
                all
            }
            Expr::While(condition, body) => {
                self.expr(*condition);
                let facts = self.facts(*condition);
                self.under(&facts.if_true, *body).join(&Kinds::NULL.into())
            }
            Expr::Loop(body) => {
                self.expr(*body);
                Ty::never()
            }
            Expr::Block(block, body) => {
                let ty = self.expr(*body);
                match self.blocks.get_mut(block) {
                    Some((left, is_read)) => {
                        *is_read = true;
                        ty.join(left)
                    }
                    None => ty,
                }
            }
            Expr::Leave(block, value) => {
                let ty = self.expr(*value);
                self.leaves.entry(*block).or_default().push((ty.clone(), *value));
                let (known, is_read) = self.blocks.entry(*block).or_insert_with(|| (Ty::never(), false));
                let joined = known.join(&ty);
                if *known != joined {
                    *known = joined;
                    self.changed |= *is_read;
                }
                Ty::never()
            }
            Expr::Lambda(function) => {
                self.function(*function);
                // What the function gives may be a function in its turn: only one level is known.
                let known = self.function_type(*function).map(|known| {
                    let result = Ty { function: None, ..known.result };
                    Rc::new(FunctionTy { result, ..known })
                });
                Ty { function: known, ..Kinds::FUNCTION.into() }
            }
            Expr::Call(callee, arguments) => self.call(*callee, arguments, self.span(expr)),
            Expr::Apply(callee, arguments) => {
                self.expr(*callee);
                let types: Vec<Ty> = arguments.iter().map(|argument| self.expr(*argument)).collect();
                if let (Some(last), Some(place)) = (types.last(), arguments.last())
                    && !last.is_never()
                    && last.kinds.without(Kinds::NO_SEQUENCE).is_never()
                {
                    self.report_native("apply", Kinds::SEQUENCE, *place, last, self.span(expr));
                }
                Ty::any()
            }
            Expr::Native(id, arguments) => self.native(*id, arguments, self.span(expr)),
            Expr::UpdateLocal(local, id, arguments) => {
                let first = self.local(*local);
                let ty = self.update(*id, first, arguments, self.span(expr), expr);
                self.assign(*local, &ty, expr);
                ty
            }
            Expr::UpdateGlobal(global, id, arguments) => {
                let first = self.global(*global);
                let ty = self.update(*id, first, arguments, self.span(expr), expr);
                let span = self.span(expr);
                self.assignments.push(Assignment {
                    global: *global,
                    ty: ty.clone(),
                    function: None,
                    makes: None,
                    span,
                });
                ty
            }
            Expr::Try { body, handler, .. } => {
                self.guarded += 1;
                let body = self.expr(*body);
                self.guarded -= 1;
                let handler = self.expr(*handler);
                body.join(&handler)
            }
            Expr::Protect(body, cleanup) => {
                let ty = self.expr(*body);
                self.expr(*cleanup);
                ty
            }
            Expr::Catch(tag, body) => {
                self.expr(*tag);
                self.expr(*body);
                Ty::any()
            }
            Expr::DynamicBind(global, value, body) => {
                let ty = self.expr(*value);
                let span = self.span(*value);
                self.assignments.push(Assignment { global: *global, ty, function: None, makes: None, span });
                self.expr(*body)
            }
            Expr::Values(values) => {
                let mut first = None;
                for value in values {
                    let ty = self.expr(*value);
                    first.get_or_insert(ty);
                }
                first.unwrap_or_else(|| Kinds::NULL.into())
            }
            Expr::AllValues(value) => {
                self.expr(*value);
                Kinds::ARRAY.into()
            }
        }
    }

    /// The records that a value makes when it is called, if it is a constructor.
    pub(super) fn constructed(&self, value: ExprId) -> Option<Ty> {
        let Some(Expr::Constant(Value::RecordType(ty))) = self.unit.exprs.get(value) else { return None };
        Some(Ty { records: Some((ty.name.clone(), Rc::from([ty.identity]))), ..Kinds::RECORD.into() })
    }

    /// True if a body gives a local its value among its first steps: a definition.
    fn is_set_first(&self, local: LocalId, body: ExprId) -> bool {
        let sets = |expr: &ExprId| matches!(self.unit.exprs.get(*expr), Some(Expr::SetLocal(set, _)) if *set == local);
        match self.unit.exprs.get(body) {
            Some(Expr::Sequence(steps)) => steps.iter().any(sets),
            _ => sets(&body),
        }
    }

    /// A step of a sequence. After a test one of whose branches leaves, the other one's facts hold for the rest.
    fn step(&mut self, expr: ExprId) -> Ty {
        let Some(Expr::If(condition, then, otherwise)) = self.unit.exprs.get(expr) else {
            return self.expr(expr);
        };
        self.expr(*condition);
        let facts = self.facts(*condition);
        let then = self.under(&facts.if_true, *then);
        let otherwise = self.under(&facts.if_false, *otherwise);
        match (then.is_never(), otherwise.is_never()) {
            (true, false) => self.assume(&facts.if_false),
            (false, true) => self.assume(&facts.if_true),
            _ => {}
        }
        then.join(&otherwise)
    }

    /// The type of an expression that runs only where something was found out.
    fn under(&mut self, facts: &Facts, expr: ExprId) -> Ty {
        let mark = self.narrowed.len();
        self.assume(facts);
        let ty = self.expr(expr);
        self.narrowed.truncate(mark);
        ty
    }

    pub(super) fn local(&self, local: LocalId) -> Ty {
        let local_key = Variable::Local(local);
        if let Some((_, ty)) = self.narrowed.iter().rev().find(|(narrowed, _)| *narrowed == local_key) {
            return ty.clone();
        }
        self.locals.get(local).map_or_else(Ty::any, |facts| {
            facts.is_read.set(true);
            facts.ty.clone()
        })
    }

    pub(super) fn global(&self, global: GlobalId) -> Ty {
        let key = Variable::Global(global);
        if self.checker.evaluates || self.narrowed.iter().any(|(narrowed, _)| *narrowed == key) {
            return Ty::any();
        }
        let known = self.checker.globals.get(&global).and_then(|facts| facts.ty.clone());
        known.unwrap_or_else(Ty::any)
    }

    fn assign(&mut self, local: LocalId, ty: &Ty, value: ExprId) {
        let span = self.span(value);
        let Some(facts) = self.locals.get_mut(local) else { return };
        let joined = facts.ty.join(ty);
        if joined != facts.ty {
            facts.ty = joined;
            self.changed |= facts.is_read.get();
        }
        if let Some(span) = span
            && !ty.is_never()
            && facts.origins.len() < 4
            && facts.origins.iter().all(|(_, known)| *known != span)
        {
            facts.origins.push((ty.clone(), span));
        }
    }

    /// Looks at the body of a function.
    fn function(&mut self, function: FunctionId) {
        let Some(code) = self.unit.functions.get(function) else { return };
        let parameters = &code.parameters;
        for optional in &parameters.optional {
            self.expr(optional.default);
        }
        for key in parameters.keys.iter().flatten() {
            self.expr(key.default);
        }
        // A function may be called where what was found out no longer holds, and outside of the `try` around it.
        let narrowed = std::mem::take(&mut self.narrowed);
        let guarded = std::mem::take(&mut self.guarded);
        let found = self.expr(code.body);
        self.check_tied(code, &found);
        (self.narrowed, self.guarded) = (narrowed, guarded);
        let result = match &code.result {
            Some(stated) => Ty::stated(stated),
            None => found,
        };
        match self.results.entry(function) {
            Entry::Vacant(place) => {
                place.insert(result);
                self.changed |= self.is_early.get();
            }
            Entry::Occupied(mut known) => {
                let joined = known.get().join(&result);
                if *known.get() != joined {
                    known.insert(joined);
                    self.changed = true;
                }
            }
        }
    }

    /// The parameters and the result of a function of the unit.
    pub(super) fn function_type(&self, function: FunctionId) -> Option<FunctionTy> {
        let code = self.unit.functions.get(function)?;
        let stated = |local: LocalId| {
            let local = self.unit.locals.get(local)?;
            let ty = local.annotation.as_ref().map_or_else(Ty::any, |(ty, _)| Ty::stated(ty));
            Some((Rc::clone(&local.name), ty))
        };
        let parameters = &code.parameters;
        Some(FunctionTy {
            name: Rc::clone(&code.name),
            required: parameters.required.iter().map(|local| stated(*local)).collect::<Option<_>>()?,
            optional: parameters
                .optional
                .iter()
                .map(|optional| stated(optional.local))
                .collect::<Option<_>>()?,
            is_open: parameters.rest.is_some() || parameters.keys.is_some(),
            result: self.results.get(&function).cloned().unwrap_or_else(|| {
                self.is_early.set(true);
                Ty::any()
            }),
        })
    }
}

/// True for what stands in a variable whose definition comes later.
fn is_empty(unit: &Unit, value: ExprId) -> bool {
    match unit.exprs.get(value) {
        Some(Expr::Constant(value)) => {
            matches!(value, Value::Null) || ovsm_library::internal::is_unset(value)
        }
        _ => false,
    }
}
