//! Functions as operands: of other functions, of `let`, of `if`.
//!
//! Programs have no functions as values. A local that is bound to a function stands for it as long as it is bound, and a call of
//! the local is a call of the function; what the function uses of the code around it stays what it is, since the function is put
//! in place of its call there. Of two functions that a condition chooses from, both calls are made code, and the condition,
//! tested where the choice is written, decides. Start with [`Translator::operand_function`].

use super::{Place, Translator};
use crate::core::{Expr as Core, ExprId as CoreId, LocalId as CoreLocal};
use crate::env::GlobalKind;
use ovsm_base::Span;
use ovsm_eval::core::{Expr, ExprId, FunctionId, GlobalId, LocalId};
use ovsm_value::{NativeId, Value};

/// A function that is known.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    /// One that is local to the form.
    Local(FunctionId),
    /// One of the module.
    Global(GlobalId),
    /// A built-in one.
    Native(NativeId),
    /// One that is not known: the body of a function that takes it is only checked.
    Opaque,
    /// One of two: the number of the choice.
    Chosen(usize),
}

/// A condition that chooses from two functions.
#[derive(Clone, Copy)]
pub(super) struct Choice {
    /// The local that holds its truth.
    condition: CoreLocal,
    then: Function,
    otherwise: Function,
}

/// An argument of a function that is put in place of its call.
pub(super) enum Argument {
    Value(CoreId),
    Function(Function),
}

impl<'a> Translator<'a> {
    /// Finds the locals that are assigned after they are bound. The check of a parameter assigns nothing.
    pub(super) fn find_reassigned(&mut self) {
        let unit = self.unit;
        for expr in unit.exprs.iter() {
            match expr {
                Expr::SetLocal(local, value) if !self.is_parameter_check(*local, *value) => {
                    self.reassigned.insert(*local);
                }
                Expr::UpdateLocal(local, ..) => {
                    self.reassigned.insert(*local);
                }
                _ => {}
            }
        }
    }

    /// A parameter that is a function which is not known: there is a local for it, and no value.
    pub(super) fn opaque_function(&mut self, parameter: LocalId) {
        let span = self.unit.locals.get(parameter).and_then(|local| local.span);
        self.temporary("function", span);
        self.aliases.insert(parameter, Function::Opaque);
    }

    /// What a function gives that is not known here: it has every type.
    pub(super) fn unknown_result(&mut self, values: Vec<CoreId>, span: Option<Span>) -> CoreId {
        let mut parts = values;
        parts.push(self.body.add(Core::Fail(crate::core::Fault::Raised), span));
        self.body.add(Core::Block(parts), span)
    }

    /// The function that an expression names.
    pub(super) fn function_of(&self, expr: ExprId) -> Option<Function> {
        match self.unit.exprs.get(expr)? {
            Expr::Lambda(function) => Some(Function::Local(*function)),
            Expr::Local(local) => match self.functions.get(local) {
                Some(function) => Some(Function::Local(*function)),
                None => self.aliases.get(local).copied(),
            },
            Expr::Global(global) if self.session.record_of(*global).is_none() => {
                let (_, kind) = self.global(*global)?;
                matches!(kind, GlobalKind::Function { .. } | GlobalKind::Accessor { .. })
                    .then_some(Function::Global(*global))
            }
            Expr::Constant(Value::Native(id)) => Some(Function::Native(*id)),
            _ => None,
        }
    }

    /// True if an expression gives a function, whatever its conditions are.
    fn is_function_operand(&self, expr: ExprId) -> bool {
        match self.unit.exprs.get(expr) {
            Some(Expr::If(_, then, otherwise)) => ovsm_base::stack::with_room(|| {
                self.is_function_operand(*then) && self.is_function_operand(*otherwise)
            }),
            _ => self.function_of(expr).is_some(),
        }
    }

    /// The function that an expression gives; what has to run before goes to `parts`.
    pub(super) fn operand_function(&mut self, expr: ExprId, parts: &mut Vec<CoreId>) -> Option<Function> {
        if !self.is_function_operand(expr) {
            return None;
        }
        let unit = self.unit;
        let Some(Expr::If(condition, then, otherwise)) = unit.exprs.get(expr) else {
            return self.function_of(expr);
        };
        let span = self.span(*condition);
        let test = self.expr(*condition, Place::VALUE);
        let (yes, no) = (self.body.add(Core::Bool(true), span), self.body.add(Core::Bool(false), span));
        let truth = self.body.add(Core::If(vec![(test, yes)], Some(no)), span);
        let condition = self.temporary("condition", span);
        parts.push(self.body.add(Core::Bind(condition, truth), span));
        // A further choice is only made if the way leads there: it has no condition that fails.
        let before = self.flow.clone();
        let mut inner = Vec::new();
        let functions = ovsm_base::stack::with_room(|| {
            let then = self.operand_function(*then, &mut inner)?;
            Some((then, self.operand_function(*otherwise, &mut inner)?))
        });
        if !inner.is_empty() {
            self.flow = before;
            let message = "a function is chosen by several conditions";
            let help = "choose in the body of a function: `(fn (x) (cond (a (f x)) (b (g x)) (else (h x))))`";
            self.unsupported(self.span(expr), message, help);
            return None;
        }
        let (then, otherwise) = functions?;
        self.choices.push(Choice { condition, then, otherwise });
        Some(Function::Chosen(self.choices.len() - 1))
    }

    /// Binds a local that stands for a function; false if the value is none, or the local is given others.
    pub(super) fn bind_function(&mut self, local: LocalId, value: ExprId, parts: &mut Vec<CoreId>) -> bool {
        if self.reassigned.contains(&local) || !self.is_function_operand(value) {
            return false;
        }
        if let Some(function) = self.operand_function(value, parts) {
            self.aliases.insert(local, function);
        }
        true
    }

    /// The arguments of a function that is put in place of its call, in order.
    pub(super) fn arguments(
        &mut self,
        function: FunctionId,
        operands: &[ExprId],
        parts: &mut Vec<CoreId>,
    ) -> Vec<Argument> {
        let unit = self.unit;
        let parameters = unit.functions.get(function).map(|code| code.parameters.required.as_slice());
        let mut arguments: Vec<Argument> = Vec::with_capacity(operands.len());
        for (number, operand) in operands.iter().enumerate() {
            let parameter = parameters.and_then(|parameters| parameters.get(number));
            let may_be_function = parameter.is_some_and(|parameter| !self.reassigned.contains(parameter));
            if !may_be_function || !self.is_function_operand(*operand) {
                arguments.push(Argument::Value(self.expr(*operand, Place::VALUE)));
                continue;
            }
            let mut choice = Vec::new();
            let function = self.operand_function(*operand, &mut choice);
            if !choice.is_empty() {
                // What stands before the choice runs before it.
                self.bind_values(&mut arguments, parts);
                parts.append(&mut choice);
            }
            arguments.push(match function {
                Some(function) => Argument::Function(function),
                None => Argument::Value(self.body.add(Core::Error, self.span(*operand))),
            });
        }
        arguments
    }

    fn bind_values(&mut self, arguments: &mut [Argument], parts: &mut Vec<CoreId>) {
        for argument in arguments {
            if let Argument::Value(value) = argument {
                let span = self.body.spans.get(*value).copied().flatten();
                let local = self.temporary("argument", span);
                parts.push(self.body.add(Core::Bind(local, *value), span));
                *value = self.body.add(Core::Local(local), span);
            }
        }
    }

    /// A call of a function that is known, with the operands as they are written.
    pub(super) fn call_known(
        &mut self,
        function: Function,
        operands: &[ExprId],
        span: Option<Span>,
        place: Place,
    ) -> CoreId {
        let mut parts = Vec::new();
        let value = match function {
            Function::Local(function) => {
                let arguments = self.arguments(function, operands, &mut parts);
                self.call_local(function, arguments, span, place)
            }
            other => {
                let values = self.values(operands);
                self.apply_once(other, values, span)
            }
        };
        if parts.is_empty() {
            return value;
        }
        parts.push(value);
        self.body.add(Core::Block(parts), span)
    }

    /// A call of a local that stands for a function. What its type says of arguments and result holds for the call.
    pub(super) fn call_alias(
        &mut self,
        local: LocalId,
        function: Function,
        operands: &[ExprId],
        span: Option<Span>,
        place: Place,
    ) -> CoreId {
        let unit = self.unit;
        let annotation = unit.locals.get(local).and_then(|local| local.annotation.as_ref());
        let Some((ovsm_eval::Type::Function(Some((parameters, result))), at)) = annotation else {
            return self.call_known(function, operands, span, place);
        };
        if parameters.len() != operands.len() {
            let name = unit.locals.get(local).map_or_else(String::new, |local| local.name.to_string());
            self.wrong_count(&name, parameters.len(), operands.len(), span);
            return self.body.add(Core::Error, span);
        }
        if operands.iter().any(|operand| self.is_function_operand(*operand)) {
            return self.call_known(function, operands, span, place);
        }
        // An array or a vec becomes a view where it gets a name of this type. All operands get names then, in order.
        let takes_views = parameters.iter().any(|ty| matches!(ty, ovsm_eval::Type::Array(_, None)));
        let mut values = Vec::with_capacity(operands.len());
        let mut parts = Vec::new();
        for (operand, ty) in operands.iter().zip(parameters.iter()) {
            let value = self.expr(*operand, Place::VALUE);
            if !takes_views {
                values.push(self.stated_as(value, ty, *at));
                continue;
            }
            let operand_span = self.span(*operand).or(span);
            let named = match ty {
                ovsm_eval::Type::Array(_, None) => self.type_name(ty, *at),
                _ => None,
            };
            let value = if named.is_some() { value } else { self.stated_as(value, ty, *at) };
            let local = self.temporary("argument", operand_span);
            if let Some(slot) = self.body.locals.get_mut(local) {
                slot.annotation = named;
            }
            parts.push(self.body.add(Core::Bind(local, value), operand_span));
            values.push(self.body.add(Core::Local(local), operand_span));
        }
        let value = self.apply_once(function, values, span);
        let value = self.stated_as(value, result, *at);
        self.after(parts, value, span)
    }

    fn stated_as(&mut self, value: CoreId, ty: &ovsm_eval::Type, at: Option<Span>) -> CoreId {
        if matches!(ty, ovsm_eval::Type::Any) {
            return value;
        }
        let span = self.body.spans.get(value).copied().flatten();
        if ty.has_condition() {
            let message = "the types of a parameter that is a function have no conditions in programs";
            return self.unsupported(at, message, "state the condition in the function that is given");
        }
        match self.type_name(ty, at) {
            Some(stated)
                if stated.ty.holds_condition()
                    && matches!(self.body.exprs.get(value), Some(Core::Arguments(..) | Core::Chain(_))) =>
            {
                let message = format!(
                    "a part of `{}` has a condition, which is not checked where a function is called",
                    stated.ty
                );
                let help =
                    format!("state the type around the form that reads the bytes: `(the {} …)`", stated.ty);
                self.unsupported(span, &message, &help)
            }
            Some(stated) => self.body.add(Core::Ascribe(value, stated), span),
            None => value,
        }
    }

    /// A call of the function that a condition has chosen.
    pub(super) fn call_chosen(&mut self, choice: usize, values: Vec<CoreId>, span: Option<Span>) -> CoreId {
        let Some(Choice { condition, then, otherwise }) = self.choices.get(choice).copied() else {
            return self.body.add(Core::Error, span);
        };
        let mut parts = Vec::new();
        let mut arguments: Vec<Argument> = values.into_iter().map(Argument::Value).collect();
        self.bind_values(&mut arguments, &mut parts);
        let locals: Vec<CoreLocal> = arguments
            .iter()
            .filter_map(|argument| match argument {
                Argument::Value(value) => match self.body.exprs.get(*value) {
                    Some(Core::Local(local)) => Some(*local),
                    _ => None,
                },
                Argument::Function(_) => None,
            })
            .collect();
        let test = self.body.add(Core::Local(condition), span);
        let before = self.flow.clone();
        let read = |translator: &mut Self| -> Vec<CoreId> {
            locals.iter().map(|local| translator.body.add(Core::Local(*local), span)).collect()
        };
        let values = read(self);
        let yes = self.apply_once(then, values, span);
        let after = std::mem::replace(&mut self.flow, before);
        let values = read(self);
        let no = self.apply_once(otherwise, values, span);
        self.flow.merge(after);
        parts.push(self.body.add(Core::If(vec![(test, yes)], Some(no)), span));
        self.body.add(Core::Block(parts), span)
    }
}
