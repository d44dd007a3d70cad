//! From the core of the expander to the core of programs.
//!
//! Most expressions have a counterpart. Functions that are local to a body and do not escape are put in place of their
//! calls; one that calls itself where nothing is left to do becomes a loop. What programs do not have is reported here,
//! with what to do instead. Start with [`translate`].

mod call;
mod chain;
mod closure;
mod declare;
mod field_guards;
mod flow;
mod invoke;
mod lift;
mod native;
mod nullable;
mod places;
mod sequence;
mod text;
pub(crate) mod top_level;
mod types;

use crate::core::{self, Body, ExitId};
use crate::env::{GlobalKind, Literal};
use crate::expand::{Expansion, FormContext, Surroundings};
use crate::ty::Type;
use closure::{Choice, Function};
use flow::Flow;
use ovsm_base::{Code, DefId, Diagnostic, FormId, Span};
use ovsm_eval::core::{BlockId, Expr, ExprId, FunctionCode, FunctionId, GlobalId, LocalId, Unit};
use ovsm_eval::program::ProgramSession;
use ovsm_value::Value;
use rustc_hash::{FxHashMap, FxHashSet};

/// Expressions nest at most so deeply; later stages recurse over them.
const MAX_DEPTH: u32 = 1_000;

/// A body holds at most so many expressions: local functions are expanded at each call.
const MAX_EXPRESSIONS: usize = 400_000;

/// Translates what a form was expanded to. With `failed`, its faults were reported and its code means nothing: what is
/// left is what other forms need to know to stay silent about it.
pub(crate) fn translate(
    unit: &Unit,
    session: &ProgramSession,
    surroundings: &Surroundings<'_>,
    context: FormContext<'_>,
    home: FormId,
    failed: bool,
) -> Expansion {
    let mut translator = Translator {
        home,
        may_lift: !failed,
        defining: None,
        lifted: Vec::new(),
        early: FxHashMap::default(),
        unit,
        session,
        surroundings,
        context,
        own: context.own,
        types: FxHashMap::default(),
        parameters: Vec::new(),
        unnamed: 0,
        body: Body::default(),
        diagnostics: Vec::new(),
        locals: FxHashMap::default(),
        assigned: unit
            .exprs
            .iter()
            .filter_map(|expr| match expr {
                // One that is only ever null is no option.
                Expr::SetLocal(_, value)
                    if matches!(unit.exprs.get(*value), Some(Expr::Constant(Value::Null))) =>
                {
                    None
                }
                Expr::SetLocal(local, _) | Expr::UpdateLocal(local, _, _) => Some(*local),
                _ => None,
            })
            .collect(),
        declared: FxHashMap::default(),
        flow: Flow::default(),
        left: FxHashMap::default(),
        functions: local_functions(unit),
        constants: fields_of_places(unit),
        exits: FxHashMap::default(),
        active: Vec::new(),
        aliases: FxHashMap::default(),
        inlining: 0,
        inlinings: 0,
        choices: Vec::new(),
        reassigned: FxHashSet::default(),
        is_checking: false,
        depth: 0,
        full: false,
    };
    translator.find_reassigned();
    translator.top_level(failed)
}

/// The locals that hold one function and are never given another value.
fn local_functions(unit: &Unit) -> FxHashMap<LocalId, FunctionId> {
    let mut values: FxHashMap<LocalId, Vec<Option<FunctionId>>> = FxHashMap::default();
    let mut note = |local: LocalId, value: ExprId, is_binding: bool| match unit.exprs.get(value) {
        Some(Expr::Lambda(function)) => values.entry(local).or_default().push(Some(*function)),
        // A definition of a body binds the name first and gives it its value later.
        Some(Expr::Constant(value)) if is_binding && nullable::is_empty(value) => {}
        _ => values.entry(local).or_default().push(None),
    };
    for expr in unit.exprs.iter() {
        match expr {
            Expr::Let(bindings, _) => bindings.iter().for_each(|(local, value)| note(*local, *value, true)),
            Expr::SetLocal(local, value) => note(*local, *value, false),
            Expr::UpdateLocal(local, _, _) => note(*local, ExprId(u32::MAX), false),
            _ => {}
        }
    }
    values
        .into_iter()
        .filter_map(|(local, values)| match values.as_slice() {
            [Some(function)] => Some((local, *function)),
            _ => None,
        })
        .collect()
}

/// The locals that are bound to a keyword once: the operands of places. Programs have no keywords as values.
fn fields_of_places(unit: &Unit) -> FxHashMap<LocalId, Value> {
    let bindings =
        unit.exprs.iter().filter_map(|expr| if let Expr::Let(all, _) = expr { Some(all) } else { None });
    bindings
        .flatten()
        .filter_map(|(local, value)| match unit.exprs.get(*value) {
            Some(Expr::Constant(key @ Value::Keyword(_))) => Some((*local, key.clone())),
            _ => None,
        })
        .collect()
}

/// A local function whose body is being put in place of a call.
struct Inlined {
    function: FunctionId,
    /// The locals of its parameters; nothing for one that is a function.
    parameters: Vec<Option<core::LocalId>>,
    /// Where a call of itself in tail position goes on.
    again: Option<ExitId>,
}

/// How an expression stands: whether its value is used, and whether it is the last thing that the innermost inlined
/// function does.
#[derive(Clone, Copy)]
struct Place {
    used: bool,
    tail: bool,
}

impl Place {
    const VALUE: Place = Place { used: true, tail: false };
    const DISCARD: Place = Place { used: false, tail: false };
}

struct Translator<'a> {
    /// The form.
    home: FormId,
    /// True if local functions may become functions of the program, and those that did.
    may_lift: bool,
    /// The function of the program that is being translated.
    defining: Option<(GlobalId, &'a FunctionCode)>,
    lifted: Vec<lift::Lifted>,
    /// Whether functions call themselves where something is left to do, as far as that was asked.
    early: FxHashMap<FunctionId, bool>,
    unit: &'a Unit,
    session: &'a ProgramSession,
    surroundings: &'a Surroundings<'a>,
    context: FormContext<'a>,
    /// What the form is the first to define.
    own: &'a [DefId],
    /// The types of records and enums that were met, by the identities of their records.
    types: FxHashMap<u64, Type>,
    /// The parameters of the generic type whose definition is being looked at.
    parameters: Vec<std::rc::Rc<str>>,
    /// How many types were left open without a name.
    unnamed: u32,
    body: Body,
    diagnostics: Vec<Diagnostic>,
    locals: FxHashMap<LocalId, core::LocalId>,
    /// Locals that are given another value than null somewhere.
    assigned: FxHashSet<LocalId>,
    /// Locals that get their value later, and where that would be null.
    declared: FxHashMap<core::LocalId, core::ExprId>,
    /// Which locals have a value where the translation stands.
    flow: Flow,
    /// What each exit around is left with, on the ways that were seen so far.
    left: FxHashMap<ExitId, Option<Flow>>,
    functions: FxHashMap<LocalId, FunctionId>,
    /// The locals that hold a keyword: the fields of places.
    constants: FxHashMap<LocalId, Value>,
    exits: FxHashMap<BlockId, ExitId>,
    active: Vec<Inlined>,
    /// The locals that hold a function that is known where the translation stands.
    aliases: FxHashMap<LocalId, Function>,
    /// The number of the function that is being put in place of a call; 0 for none. And how many there were.
    inlining: u32,
    inlinings: u32,
    /// The functions of which a condition chooses one.
    choices: Vec<Choice>,
    /// Locals that are given another value than the one that they begin with.
    reassigned: FxHashSet<LocalId>,
    /// True in the check of a field.
    is_checking: bool,
    depth: u32,
    full: bool,
}

impl<'a> Translator<'a> {
    fn span(&self, expr: ExprId) -> Option<Span> {
        self.unit.spans.get(expr).copied().flatten()
    }

    fn global(&self, id: GlobalId) -> Option<(DefId, GlobalKind)> {
        let global = self.surroundings.get(self.session.module_of(id)?, self.session.name(id)?)?;
        Some((global.def, global.kind.clone()))
    }

    fn report(&mut self, span: Option<Span>, mut diagnostic: Diagnostic) -> core::ExprId {
        if let Some(span) = span {
            diagnostic = diagnostic.label(span, "");
        }
        self.diagnostics.push(diagnostic);
        self.body.add(core::Expr::Error, span)
    }

    fn unsupported(&mut self, span: Option<Span>, message: &str, help: &str) -> core::ExprId {
        // A form that becomes several expressions is reported once.
        let is_known = self.diagnostics.iter().any(|known| {
            known.code == Code::UnsupportedForm && known.labels.first().map(|label| label.span) == span
        });
        if is_known {
            return self.body.add(core::Expr::Error, span);
        }
        self.report(span, Diagnostic::new(Code::UnsupportedForm, message).help(help))
    }

    /// An item of an array that is written out.
    fn constant_item(&mut self, item: &Value, span: Option<Span>) -> core::ExprId {
        let expr = match item {
            Value::Array(items) => {
                let items = items.as_slice().iter().map(|item| self.constant_item(item, span)).collect();
                core::Expr::Array(items)
            }
            item => match crate::literal::constant(item) {
                Ok(literal) => literal,
                Err(what) => {
                    return self.unsupported(
                        span,
                        &format!("{what} are not available in programs"),
                        "all items of an array have one type of those that programs have",
                    );
                }
            },
        };
        self.body.add(expr, span)
    }

    fn function_as_value(&mut self, span: Option<Span>, name: &str) -> core::ExprId {
        self.report(
            span,
            Diagnostic::new(
                Code::FunctionAsValue,
                format!("`{name}` is a function, and functions of programs are only called"),
            )
            .note("which function is called has to be known when the program is compiled, so none is kept in a record, an array or a variable that changes, or given back")
            .help(format!(
                "call it: `({name} …)`, bind it with `let`, or give it to a function whose parameter is one: `(f : (fn (u64) -> u64))`"
            )),
        )
    }

    /// A new local for a local of the unit.
    fn bind(&mut self, local: LocalId) -> core::LocalId {
        let (name, span, annotation) = match self.unit.locals.get(local) {
            Some(found) => (found.name.to_string(), found.span, found.annotation.clone()),
            None => (String::new(), None, None),
        };
        let annotation = annotation.and_then(|(ty, span)| self.type_name(&ty, span));
        let new = self.body.locals.push(core::Local { name, span, annotation, begins_null: false });
        self.locals.insert(local, new);
        new
    }

    fn temporary(&mut self, name: &str, span: Option<Span>) -> core::LocalId {
        let name = name.to_string();
        self.body.locals.push(core::Local { name, span, annotation: None, begins_null: false })
    }

    fn expr(&mut self, expr: ExprId, place: Place) -> core::ExprId {
        if self.depth >= MAX_DEPTH || self.body.exprs.len() >= MAX_EXPRESSIONS {
            return self.too_much(expr);
        }
        let Some(node) = self.unit.exprs.get(expr) else { return self.body.add(core::Expr::Error, None) };
        // What nothing leads to is not translated: it has every type.
        if self.flow.is_dead() {
            return self.body.add(core::Expr::Unreachable, self.span(expr));
        }
        self.depth += 1;
        let translated = ovsm_base::stack::with_room(|| self.expr_inner(expr, node, place));
        self.depth -= 1;
        translated
    }

    fn too_much(&mut self, expr: ExprId) -> core::ExprId {
        let span = self.span(expr);
        if self.full {
            return self.body.add(core::Expr::Error, span);
        }
        self.full = true;
        let diagnostic = match self.depth >= MAX_DEPTH {
            true => Diagnostic::new(Code::NestingTooDeep, "the code is nested too deeply after expansion"),
            false => Diagnostic::new(Code::ProgramTooLarge, "this form expands to too much code"),
        };
        self.report(span, diagnostic.help("move some of the code into top-level functions"))
    }

    fn expr_inner(&mut self, expr: ExprId, node: &'a Expr, place: Place) -> core::ExprId {
        let span = self.span(expr);
        let translated = match node {
            Expr::Constant(Value::Native(id)) => {
                let name = ovsm_library::get(*id).map_or("this", |native| native.name);
                return self.function_as_value(span, name);
            }
            Expr::Constant(Value::List(items)) if items.is_empty() => {
                return self.report(
                    span,
                    Diagnostic::new(
                        Code::EmptyApplication,
                        "`()` is an empty list, which programs do not have",
                    )
                    .help("remove it, or write `null`"),
                );
            }
            Expr::Constant(Value::Array(items)) => {
                let items = items.as_slice().iter().map(|item| self.constant_item(item, span)).collect();
                core::Expr::Array(items)
            }
            Expr::Constant(value) => match crate::literal::constant(value) {
                Ok(literal) => literal,
                Err("integers") => {
                    return self.report(
                        span,
                        Diagnostic::new(
                            Code::LiteralOutOfRange,
                            "this integer is larger than any type of programs",
                        )
                        .note(format!("the largest value is that of `u128`, {}", u128::MAX)),
                    );
                }
                Err(what) => {
                    return self.unsupported(
                        span,
                        &format!("{what} are not available in programs"),
                        "programs have integers, truth values, strings, bytes, keys, arrays, records and enums",
                    );
                }
            },
            Expr::Local(local) => {
                if self.aliases.contains_key(local) {
                    let name = self.unit.locals.get(*local).map_or("this", |local| &*local.name);
                    return self.function_as_value(span, name);
                }
                if let Some(function) = self.functions.get(local) {
                    let name = self.unit.functions.get(*function).map_or("lambda", |code| &*code.name);
                    return self.function_as_value(span, name);
                }
                match self.locals.get(local).copied() {
                    Some(local) if self.is_too_early(local) => return self.used_too_early(local, span),
                    Some(local) => core::Expr::Local(local),
                    None => core::Expr::Error,
                }
            }
            Expr::SetLocal(local, value) if self.empties(*local, *value) => core::Expr::Null,
            Expr::SetLocal(local, value) => {
                if self.functions.contains_key(local)
                    || self.aliases.contains_key(local)
                    || self.is_parameter_check(*local, *value)
                {
                    core::Expr::Null
                } else {
                    let value = self.expr(*value, Place::VALUE);
                    match self.locals.get(local) {
                        Some(local) if self.flow.gains(*local) => {
                            let local = *local;
                            let value = self.view_bound(local, value);
                            let bind = self.body.add(core::Expr::Bind(local, value), span);
                            match place.used {
                                true => {
                                    let read = self.body.add(core::Expr::Local(local), span);
                                    core::Expr::Block(vec![bind, read])
                                }
                                false => return bind,
                            }
                        }
                        Some(local) => core::Expr::SetLocal(*local, value),
                        None => core::Expr::Error,
                    }
                }
            }
            Expr::Global(id) => return self.read_global(*id, span),
            Expr::SetGlobal(id, value) => {
                let value = self.expr(*value, Place::VALUE);
                return self.set_global(*id, value, span);
            }
            Expr::Sequence(items) => {
                let Some((last, first)) = items.split_last() else {
                    return self.body.add(core::Expr::Null, span);
                };
                let mut parts: Vec<core::ExprId> =
                    first.iter().map(|item| self.expr(*item, Place::DISCARD)).collect();
                parts.push(self.expr(*last, place));
                core::Expr::Block(parts)
            }
            Expr::Let(bindings, body) => {
                let mut parts = Vec::new();
                let mut bound = Vec::new();
                for (local, value) in bindings {
                    if self.functions.contains_key(local) || self.constants.contains_key(local) {
                        continue;
                    }
                    if self.bind_function(*local, *value, &mut parts) {
                        continue;
                    }
                    // A name that gets its value later: a definition of a body, the variable of a loop.
                    let is_declaration = self.is_declaration(*local, *value);
                    let is_null = matches!(self.unit.exprs.get(*value), Some(Expr::Constant(Value::Null)));
                    let value_span = self.span(*value);
                    let value = match is_declaration {
                        true => None,
                        false => Some(self.expr(*value, Place::VALUE)),
                    };
                    let local = self.bind(*local);
                    bound.push(local);
                    match value {
                        Some(value) => {
                            let value = self.view_bound(local, value);
                            parts.push(self.body.add(core::Expr::Bind(local, value), value_span.or(span)));
                        }
                        None => parts.push(self.declare(local, is_null, span)),
                    }
                }
                parts.push(self.expr(*body, place));
                let block = self.body.add(core::Expr::Block(parts), span);
                core::Expr::Scope(bound, block)
            }
            Expr::If(..) => return self.choice(expr, place),
            Expr::And(operands) | Expr::Or(operands) => {
                let last = operands.len().saturating_sub(1);
                let mut parts = Vec::with_capacity(operands.len());
                let mut after_first = None;
                for (n, operand) in operands.iter().enumerate() {
                    parts.push(self.expr(*operand, if n == last { place } else { Place::VALUE }));
                    // The others may not be reached, so what they assign is not counted on.
                    after_first.get_or_insert_with(|| self.flow.clone());
                }
                if let Some(flow) = after_first {
                    self.flow = flow;
                }
                match node {
                    Expr::And(_) => core::Expr::And(parts),
                    _ => core::Expr::Or(parts),
                }
            }
            // It only ends by an exit.
            Expr::While(condition, body) if matches!(self.unit.exprs.get(*condition), Some(Expr::Constant(value)) if value.is_true()) =>
            {
                let body = self.expr(*body, Place::DISCARD);
                self.flow.end();
                core::Expr::Loop(body)
            }
            Expr::While(condition, body) => {
                let condition = self.expr(*condition, Place::VALUE);
                let after = self.flow.clone();
                let body = self.expr(*body, Place::DISCARD);
                self.flow = after;
                core::Expr::While(condition, body)
            }
            Expr::Loop(body) => {
                let body = self.expr(*body, Place::DISCARD);
                self.flow.end();
                core::Expr::Loop(body)
            }
            Expr::Block(block, body) => {
                let exit = self.exit();
                let outer = self.exits.insert(*block, exit);
                let body = self.in_exit(exit, |translator| translator.expr(*body, place));
                match outer {
                    Some(outer) => self.exits.insert(*block, outer),
                    None => self.exits.remove(block),
                };
                core::Expr::Exit(exit, body)
            }
            Expr::Leave(block, value) => {
                let value = self.expr(*value, Place::VALUE);
                match self.exits.get(block).copied() {
                    Some(exit) => {
                        self.leave(exit);
                        core::Expr::Leave(exit, value)
                    }
                    None => {
                        return self.report(
                            span,
                            Diagnostic::new(
                                Code::MisplacedJump,
                                "this leaves a form that does not stand around it",
                            )
                            .help("move it into the body of the form"),
                        );
                    }
                }
            }
            Expr::Lambda(function) => {
                let name = self.unit.functions.get(*function).map_or("lambda", |code| &*code.name);
                return self.function_as_value(span, name);
            }
            Expr::Call(callee, arguments) => return self.call(*callee, arguments, span, place),
            Expr::Native(id, operands) => return self.native(expr, *id, operands, span),
            Expr::UpdateLocal(local, id, operands) => {
                if let Some(put) = self.put_local(*local, *id, operands, span) {
                    return put;
                }
                return self.update(*local, *id, operands, span);
            }
            Expr::UpdateGlobal(global, id, operands)
                if let Some(put) = self.put_global(*global, *id, operands, span) =>
            {
                return put;
            }
            Expr::UpdateGlobal(global, id, operands) => {
                let (prefix, operands) = self.operands_first(operands);
                let read = self.read_global(*global, span);
                let value = self.native_of(*id, read, operands, span);
                let set = self.set_global(*global, value, span);
                return self.after(prefix, set, span);
            }
            Expr::Apply(..) => {
                return self.unsupported(
                    span,
                    "`apply` is not available in programs",
                    "write the arguments out: the number of arguments of a compiled call is fixed",
                );
            }
            Expr::Try { .. } | Expr::Protect(..) | Expr::Catch(..) => {
                return self.unsupported(
                    span,
                    "errors can not be caught in programs",
                    "a failure ends the whole transaction; test for it before, or give back a value that says so",
                );
            }
            Expr::DynamicBind(..) => {
                return self.unsupported(
                    span,
                    "dynamic variables are not available in programs",
                    "pass the value as an argument",
                );
            }
            Expr::Values(_) | Expr::AllValues(_) => {
                return self.unsupported(
                    span,
                    "multiple values are not available in programs",
                    "assign module-level variables, or use one function for each value",
                );
            }
        };
        self.body.add(translated, span)
    }

    /// A value that a local of the type of a view is bound to: the type is that of the local then, where an array or a vec becomes a
    /// view.
    fn view_bound(&mut self, local: core::LocalId, value: core::ExprId) -> core::ExprId {
        match self.body.exprs.get(value) {
            Some(core::Expr::Ascribe(inner, ty)) if matches!(ty.ty, crate::ty::Type::Slice(_)) => {
                let (inner, ty) = (*inner, ty.clone());
                if let Some(local) = self.body.locals.get_mut(local) {
                    local.annotation = Some(ty);
                }
                inner
            }
            _ => value,
        }
    }

    fn used_too_early(&mut self, local: core::LocalId, span: Option<Span>) -> core::ExprId {
        let name = self.body.locals.get(local).map_or("this", |local| &local.name).to_string();
        self.report(
            span,
            Diagnostic::new(
                Code::UseBeforeDefinition,
                format!("the variable `{name}` may be used here before it has a value"),
            )
            .help("give it a value before, on every way that leads here; a definition is in scope in its whole body"),
        )
    }

    /// Translates the code of an exit.
    fn in_exit(&mut self, exit: ExitId, code: impl FnOnce(&mut Self) -> core::ExprId) -> core::ExprId {
        self.left.insert(exit, None);
        let code = code(self);
        if let Some(Some(left)) = self.left.remove(&exit) {
            self.flow.merge(left);
        }
        code
    }

    /// Notes that an exit is left here.
    fn leave(&mut self, exit: ExitId) {
        let mut flow = self.flow.clone();
        if let Some(left) = self.left.get_mut(&exit) {
            if let Some(known) = left.take() {
                flow.merge(known);
            }
            *left = Some(flow);
        }
        self.flow.end();
    }

    fn exit(&mut self) -> ExitId {
        self.body.exits += 1;
        ExitId(self.body.exits - 1)
    }

    /// True if an assignment only checks a parameter against its stated type: inference does that.
    fn is_parameter_check(&self, local: LocalId, value: ExprId) -> bool {
        let Some(Expr::Native(id, operands)) = self.unit.exprs.get(value) else { return false };
        if ovsm_library::get(*id).is_none_or(|native| native.name != "#check") {
            return false;
        }
        self.unit.locals.get(local).is_some_and(|local| local.annotation.is_some())
            && operands.first().is_some_and(
                |first| matches!(self.unit.exprs.get(*first), Some(Expr::Local(read)) if *read == local),
            )
    }

    fn read_global(&mut self, id: GlobalId, span: Option<Span>) -> core::ExprId {
        if let Some((ty, number)) = self.constructed(id, span) {
            return self.make(ty, number, Vec::new(), &[], span);
        }
        let Some((def, kind)) = self.global(id) else { return self.foreign(id, span) };
        let expr = match kind {
            GlobalKind::Function { .. }
            | GlobalKind::Template { .. }
            | GlobalKind::Accessor { .. }
            | GlobalKind::Macro
            | GlobalKind::Type => {
                let name = self.session.name(id).map_or_else(String::new, |name| name.to_string());
                return self.function_as_value(span, &name);
            }
            GlobalKind::Literal(Literal::Int { negative, magnitude, ty }) => {
                core::Expr::Int { negative: negative && magnitude != 0, magnitude, suffix: ty }
            }
            GlobalKind::Literal(Literal::Bool(truth)) => core::Expr::Bool(truth),
            GlobalKind::Literal(Literal::String(text)) => core::Expr::String(text),
            GlobalKind::Variable | GlobalKind::Constant => {
                self.body.globals.push(def);
                core::Expr::Global(def)
            }
        };
        self.body.add(expr, span)
    }

    fn set_global(&mut self, id: GlobalId, value: core::ExprId, span: Option<Span>) -> core::ExprId {
        let Some((def, kind)) = self.global(id) else { return self.foreign(id, span) };
        let expr = match kind {
            GlobalKind::Function { .. }
            | GlobalKind::Template { .. }
            | GlobalKind::Accessor { .. }
            | GlobalKind::Macro
            | GlobalKind::Type => {
                let name = self.session.name(id).map_or_else(String::new, |name| name.to_string());
                return self.report(
                    span,
                    Diagnostic::new(
                        Code::AssignToConstant,
                        format!("`{name}` is a function and can not be assigned"),
                    )
                    .help("use `define` for what changes"),
                );
            }
            // A literal stands wherever its name does, so nothing is left to run; it is kept for its type.
            GlobalKind::Literal(_) => return value,
            GlobalKind::Variable | GlobalKind::Constant => {
                self.body.globals.push(def);
                match self.own.contains(&def) {
                    true => core::Expr::Define(def, value),
                    false => core::Expr::SetGlobal(def, value),
                }
            }
        };
        self.body.add(expr, span)
    }

    /// A variable that is not one of the program's module.
    fn foreign(&mut self, id: GlobalId, span: Option<Span>) -> core::ExprId {
        // The import that should have brought it is reported.
        if self.session.is_missing(id) {
            return self.body.add(core::Expr::Error, span);
        }
        let name = self.session.global_name(id).to_string();
        self.unsupported(
            span,
            &format!("`{name}` is not available in programs"),
            "it is defined by the prelude, or by a macro at the top level: write the definition itself",
        )
    }

    /// A chain of `if`: flat, so that a long `cond` does not nest.
    fn choice(&mut self, expr: ExprId, place: Place) -> core::ExprId {
        let span = self.span(expr);
        let mut clauses = Vec::new();
        let mut rest = expr;
        // What the branches that were taken leave behind.
        let mut ends: Option<Flow> = None;
        while let Some(Expr::If(condition, then, otherwise)) = self.unit.exprs.get(rest) {
            let test = self.expr(*condition, Place::VALUE);
            let before = self.flow.clone();
            if clauses.is_empty()
                && matches!(self.unit.exprs.get(*then), Some(Expr::Constant(Value::Null)))
                && !matches!(self.unit.exprs.get(*otherwise), Some(Expr::If(..)))
            {
                let not = self.body.add(core::Expr::Not(test), self.span(*condition));
                let body = self.expr(*otherwise, place);
                self.flow.merge(before);
                return self.body.add(core::Expr::If(vec![(not, body)], None), span);
            }
            let then = self.expr(*then, place);
            clauses.push((test, then));
            let mut end = std::mem::replace(&mut self.flow, before);
            if let Some(ends) = ends.take() {
                end.merge(ends);
            }
            ends = Some(end);
            rest = *otherwise;
        }
        let otherwise = match self.unit.exprs.get(rest) {
            Some(Expr::Constant(Value::Null)) => None,
            _ => Some(self.expr(rest, place)),
        };
        if let Some(ends) = ends {
            self.flow.merge(ends);
        }
        self.body.add(core::Expr::If(clauses, otherwise), span)
    }
}
