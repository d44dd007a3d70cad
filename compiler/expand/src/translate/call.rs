//! Calls: of functions of the module, of local functions, which are put in place of the call, and of constructors.

use super::closure::Argument;
use super::{Inlined, Place, Translator};
use crate::core;
use crate::env::GlobalKind;
use crate::ty::Type;
use ovsm_base::{Code, Diagnostic, Span};
use ovsm_eval::core::{Expr, ExprId, FunctionCode, FunctionId};

impl<'a> Translator<'a> {
    pub(super) fn call(
        &mut self,
        callee: ExprId,
        arguments: &[ExprId],
        span: Option<Span>,
        place: Place,
    ) -> core::ExprId {
        match self.unit.exprs.get(callee) {
            Some(Expr::Local(local)) if let Some(function) = self.aliases.get(local).copied() => {
                self.call_alias(*local, function, arguments, span, place)
            }
            Some(Expr::Local(_) | Expr::Lambda(_)) if let Some(function) = self.function_of(callee) => {
                self.call_known(function, arguments, span, place)
            }
            Some(Expr::If(..)) => {
                let mut parts = Vec::new();
                match self.operand_function(callee, &mut parts) {
                    Some(function) => {
                        parts.push(self.call_known(function, arguments, span, Place::VALUE));
                        self.body.add(core::Expr::Block(parts), span)
                    }
                    None => self.not_callable(
                        self.span(callee).or(span),
                        "the value of this form is called like a function",
                    ),
                }
            }
            Some(Expr::Global(id)) if let Some((ty, number)) = self.constructed(*id, span) => {
                let values = self.values(arguments);
                let checked: Vec<Option<Type>> =
                    arguments.iter().map(|it| self.checked_condition(*it)).collect();
                self.make(ty, number, values, &checked, span)
            }
            Some(Expr::Global(id)) if let Some(ty) = self.session.defined_type(*id) => {
                let name = self.session.name(*id).map_or_else(String::new, |name| name.to_string());
                let [value] = arguments else {
                    self.wrong_count(&name, 1, arguments.len(), span);
                    return self.body.add(core::Expr::Error, span);
                };
                let below = match ty {
                    ovsm_eval::Type::Refined(_, base, None, _) => Some(ovsm_eval::type_descriptor(base)),
                    _ => None,
                };
                let (ty, has_condition) = (ovsm_eval::type_descriptor(ty), ty.has_condition());
                let below = below.and_then(|below| self.resolved(&below));
                let is_checked = below.is_some() && self.checked_condition(*value) == below;
                if has_condition && !is_checked {
                    let message = format!(
                        "`{name}` has a condition, which is checked where the type is called by its name"
                    );
                    return self.unsupported(span, &message, &format!("write `({name} value)`"));
                }
                let value = self.expr(*value, Place::VALUE);
                let stated = self.described_type(&ty, span);
                self.body.add(core::Expr::Into(value, stated.ty), span)
            }
            Some(Expr::Global(id)) => match self.global(*id) {
                Some((def, GlobalKind::Function { .. } | GlobalKind::Accessor { .. })) => {
                    let arguments = arguments.iter().map(|arg| self.expr(*arg, Place::VALUE)).collect();
                    self.body.callees.push(def);
                    self.body.add(core::Expr::Call(def, arguments), span)
                }
                // A call of itself, in the body that is only checked.
                Some((_, GlobalKind::Template { .. })) => {
                    let values: Vec<ExprId> =
                        arguments.iter().copied().filter(|it| self.function_of(*it).is_none()).collect();
                    let values = self.values(&values);
                    let value = self.unknown_result(values, span);
                    let code = self.defining.filter(|(defined, _)| defined == id).map(|(_, code)| code);
                    match code.and_then(|code| self.check_of(code.body)) {
                        Some((_, ty)) => self.body.add(core::Expr::Ascribe(value, ty), span),
                        None => value,
                    }
                }
                Some((_, kind)) => {
                    let name = self.session.name(*id).map_or_else(String::new, |name| name.to_string());
                    let what = if kind == GlobalKind::Variable { "a variable" } else { "a constant" };
                    self.not_callable(
                        self.span(callee).or(span),
                        &format!("`{name}` is {what}, not a function"),
                    )
                }
                None => self.foreign(*id, span),
            },
            Some(Expr::Local(local)) => {
                let name = self.unit.locals.get(*local).map_or("this", |local| &*local.name).to_string();
                let called = self.not_callable(
                    self.span(callee).or(span),
                    &format!("`{name}` is a variable, not a function"),
                );
                if let Some(diagnostic) = self.diagnostics.last_mut() {
                    *diagnostic = std::mem::replace(diagnostic, Diagnostic::new(Code::NotCallable, "")).note(
                        format!("a parameter that is a function says so: `({name} : (fn (u64) -> u64))`"),
                    );
                }
                called
            }
            _ => self
                .not_callable(self.span(callee).or(span), "the value of this form is called like a function"),
        }
    }

    fn not_callable(&mut self, span: Option<Span>, message: &str) -> core::ExprId {
        self.report(
            span,
            Diagnostic::new(Code::NotCallable, message).help(
                "programs call functions by their names; to use a value, write it without the parentheses",
            ),
        )
    }

    /// Arguments, in order.
    pub(super) fn values(&mut self, arguments: &[ExprId]) -> Vec<core::ExprId> {
        arguments.iter().map(|argument| self.expr(*argument, Place::VALUE)).collect()
    }

    /// A record, or a variant of an enum. `checked` has the types whose conditions the arguments were checked for.
    pub(super) fn make(
        &mut self,
        ty: Type,
        number: usize,
        values: Vec<core::ExprId>,
        checked: &[Option<Type>],
        span: Option<Span>,
    ) -> core::ExprId {
        let body = match &ty {
            Type::Applied(generic, _) => &generic.body,
            ty => ty,
        };
        let record = match body {
            Type::Record(record) => Some(record),
            Type::Enum(parent) => parent.variants.get(number),
            _ => None,
        };
        if let Some(record) = record.filter(|record| record.fields.len() != values.len()) {
            let (name, count) = (record.name.clone(), record.fields.len());
            self.wrong_count(&name, count, values.len(), span);
            return self.body.add(core::Expr::Error, span);
        }
        let fields = record.iter().flat_map(|record| &record.fields).enumerate();
        // The parameters of a definition have other names in it than around its use.
        let closed = |ty: &Type| ty.with_variables(&|_| Some(Type::Error));
        let is_checked = |n: usize, ty: &Type| matches!(checked.get(n), Some(Some(checked)) if closed(checked) == closed(ty));
        let mut unchecked = fields.filter(|(n, field)| field.ty.is_refined() && !is_checked(*n, &field.ty));
        if let Some((_, field)) = unchecked.next() {
            let message = format!(
                "the field `{}` has a condition, which is checked where the record is made by its name",
                field.name
            );
            return self.unsupported(span, &message, "write the call of the constructor: `(Name value …)`");
        }
        self.body.add(core::Expr::Make(ty, number, values), span)
    }

    /// The type whose conditions an argument was checked for by the code that the expander has put around it.
    fn checked_condition(&mut self, argument: ExprId) -> Option<Type> {
        let Some(Expr::Native(_, operands)) = self.unit.exprs.get(argument) else { return None };
        let Some(Expr::Constant(descriptor)) = self.unit.exprs.get(*operands.get(1)?) else { return None };
        if !self.is_condition_checked(argument) {
            return None;
        }
        self.resolved(&descriptor.clone())
    }

    fn is_condition_checked(&self, argument: ExprId) -> bool {
        let check = |expr: ExprId| match self.unit.exprs.get(expr) {
            Some(Expr::Native(id, operands))
                if ovsm_library::get(*id).is_some_and(|native| native.name == "#check") =>
            {
                operands.first().copied()
            }
            _ => None,
        };
        match check(argument).and_then(|inner| self.unit.exprs.get(inner)) {
            Some(Expr::Let(bindings, body)) => {
                let [(_, value)] = bindings.as_slice() else { return false };
                // What is read from bytes is checked part by part.
                check(*value).is_some_and(|value| ovsm_eval::is_read_from_bytes(self.unit, value))
                    || check(*value).is_some()
                        && matches!(self.unit.exprs.get(*body), Some(Expr::If(..) | Expr::Sequence(_)))
            }
            _ => false,
        }
    }

    /// Reports parameters of a kind that programs do not have.
    pub(super) fn check_parameters(&mut self, code: &FunctionCode) {
        let parameters = &code.parameters;
        let kind = if !parameters.optional.is_empty() {
            "&optional"
        } else if parameters.rest.is_some() {
            "&rest"
        } else if parameters.keys.is_some() {
            "&key"
        } else {
            return;
        };
        self.unsupported(
            code.span,
            &format!("`{kind}` parameters are not available in programs"),
            "use required parameters; the number of arguments of a compiled call is fixed",
        );
    }

    /// Puts the body of a local function in place of a call of it.
    pub(super) fn call_local(
        &mut self,
        function: FunctionId,
        arguments: Vec<Argument>,
        span: Option<Span>,
        place: Place,
    ) -> core::ExprId {
        let Some(code) = self.unit.functions.get(function) else {
            return self.body.add(core::Expr::Error, span);
        };
        let parameters = &code.parameters;
        if parameters.required.len() != arguments.len()
            && parameters.optional.is_empty()
            && parameters.rest.is_none()
            && parameters.keys.is_none()
        {
            let count = parameters.required.len();
            return self.report(
                span,
                Diagnostic::new(
                    Code::WrongArity,
                    format!(
                        "`{}` takes {count} argument{}, not {}",
                        code.name,
                        if count == 1 { "" } else { "s" },
                        arguments.len()
                    ),
                ),
            );
        }
        if let Some(call) = self.call_lifted(function, &arguments, span) {
            return call;
        }
        if let Some(active) = self.active.iter().rposition(|active| active.function == function) {
            return self.call_itself(active, code, arguments, span, place);
        }
        self.check_parameters(code);
        for (parameter, argument) in parameters.required.iter().zip(&arguments) {
            if let Argument::Value(value) = argument
                && let Some(local) = self.unit.locals.get(*parameter)
                && matches!(local.annotation, Some((ovsm_eval::Type::Function(_), _)))
            {
                if matches!(self.body.exprs.get(*value), Some(core::Expr::Error)) {
                    return *value;
                }
                let (name, at) = (local.name.to_string(), self.body.spans.get(*value).copied().flatten());
                return self.report(
                    at.or(span),
                    Diagnostic::new(
                        Code::TypeMismatch,
                        format!(
                            "`{name}` of `{}` is a function, and this is none that is known here",
                            code.name
                        ),
                    )
                    .help("give it a `fn`, the name of a function, or an `if` that chooses from two"),
                );
            }
        }
        let outer_inlining = self.inlining;
        self.inlinings += 1;
        self.inlining = self.inlinings;
        let mut parts = Vec::new();
        let mut locals = Vec::new();
        let mut bound = Vec::new();
        let mut outer = Vec::new();
        for (parameter, argument) in parameters.required.iter().zip(arguments) {
            match argument {
                Argument::Value(value) => {
                    let local = self.bind(*parameter);
                    bound.push(local);
                    locals.push(Some(local));
                    parts.push(self.body.add(core::Expr::Bind(local, value), span));
                }
                Argument::Function(function) => {
                    locals.push(None);
                    outer.push((*parameter, self.aliases.insert(*parameter, function)));
                }
            }
        }
        let is_loop = self.refers_to_itself(function, code.body);
        let (result, again) = (self.exit(), self.exit());
        self.active.push(Inlined { function, parameters: locals, again: is_loop.then_some(again) });
        let tail = Place { used: place.used, tail: true };
        let value = match is_loop {
            false => self.function_body(code, tail),
            true => {
                let rounds = self.in_exit(result, |translator| {
                    let round = translator.in_exit(again, |translator| {
                        let value = translator.function_body(code, tail);
                        translator.leave(result);
                        translator.body.add(core::Expr::Leave(result, value), span)
                    });
                    let round = translator.body.add(core::Expr::Exit(again, round), span);
                    translator.flow.end();
                    translator.body.add(core::Expr::Loop(round), span)
                });
                self.body.add(core::Expr::Exit(result, rounds), span)
            }
        };
        self.active.pop();
        self.inlining = outer_inlining;
        for (parameter, function) in outer {
            match function {
                Some(function) => self.aliases.insert(parameter, function),
                None => self.aliases.remove(&parameter),
            };
        }
        parts.push(value);
        let block = self.body.add(core::Expr::Block(parts), span);
        self.body.add(core::Expr::Scope(bound, block), span)
    }

    fn function_body(&mut self, code: &'a FunctionCode, place: Place) -> core::ExprId {
        match self.check_of(code.body) {
            Some((inner, ty)) => {
                let value = self.expr(inner, place);
                self.body.add(core::Expr::Ascribe(value, ty), self.span(inner))
            }
            None => self.expr(code.body, place),
        }
    }

    /// A call of a function from its own body: the next round of a loop.
    fn call_itself(
        &mut self,
        active: usize,
        code: &FunctionCode,
        arguments: Vec<Argument>,
        span: Option<Span>,
        place: Place,
    ) -> core::ExprId {
        let is_innermost = active + 1 == self.active.len();
        let Some((parameters, again)) = self
            .active
            .get(active)
            .filter(|_| is_innermost && place.tail)
            .and_then(|active| Some((active.parameters.clone(), active.again?)))
        else {
            return self.unsupported(
                span,
                &format!(
                    "`{}` is a local function that calls itself where something is left to do afterwards",
                    code.name
                ),
                "give it the variables around it as arguments, or define it at the top level; a call in the last place becomes a loop",
            );
        };
        let mut parts = Vec::new();
        let mut temporaries = Vec::new();
        for (number, (parameter, argument)) in parameters.into_iter().zip(arguments).enumerate() {
            let own = code.parameters.required.get(number).and_then(|own| self.aliases.get(own).copied());
            match (parameter, argument) {
                (Some(parameter), Argument::Value(value)) => {
                    let temporary = self.temporary("argument", span);
                    parts.push(self.body.add(core::Expr::Bind(temporary, value), span));
                    temporaries.push((parameter, temporary));
                }
                // The next round calls the same function.
                (None, Argument::Function(function)) if own == Some(function) => {}
                _ => {
                    return self.unsupported(
                        span,
                        &format!(
                            "`{}` calls itself with another function than the one that it was given",
                            code.name
                        ),
                        "pass the function on as it is, and let a number or a truth say what is different",
                    );
                }
            }
        }
        for (parameter, temporary) in temporaries {
            let read = self.body.add(core::Expr::Local(temporary), span);
            parts.push(self.body.add(core::Expr::SetLocal(parameter, read), span));
        }
        let null = self.body.add(core::Expr::Null, span);
        self.leave(again);
        parts.push(self.body.add(core::Expr::Leave(again, null), span));
        self.body.add(core::Expr::Block(parts), span)
    }

    /// True if the body of a local function names the function.
    fn refers_to_itself(&self, function: FunctionId, body: ExprId) -> bool {
        let mut work = vec![body];
        let mut seen = rustc_hash::FxHashSet::default();
        while let Some(expr) = work.pop() {
            let Some(node) = self.unit.exprs.get(expr) else { continue };
            match node {
                Expr::Local(local) => match self.functions.get(local) {
                    Some(named) if *named == function => return true,
                    Some(named) if seen.insert(*named) => {
                        work.extend(self.unit.functions.get(*named).map(|code| code.body));
                    }
                    _ => {}
                },
                Expr::Lambda(inner) if seen.insert(*inner) => {
                    work.extend(self.unit.functions.get(*inner).map(|code| code.body));
                }
                _ => {}
            }
            node.for_each_child(|child| work.push(child));
        }
        false
    }
}
