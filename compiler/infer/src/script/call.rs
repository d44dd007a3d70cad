//! Calls: what a function takes against what it is given.

use super::expression::Analysis;
use super::kinds::Kinds;
use super::natives::native_kinds;
use super::ty::Ty;
use super::{FunctionTy, lambda_of};
use ovsm_base::Span;
use ovsm_eval::core::{Expr, ExprId};
use ovsm_value::NativeId;
use std::rc::Rc;

impl Analysis<'_> {
    /// A call of a function of the program, or of a value.
    pub(super) fn call(&mut self, callee: ExprId, arguments: &[ExprId], span: Option<Span>) -> Ty {
        let callee_ty = self.expr(callee);
        let types: Vec<Ty> = arguments.iter().map(|argument| self.expr(*argument)).collect();
        if !callee_ty.is_never() && callee_ty.kinds.is_apart_from(Kinds::CALLABLE) {
            self.report_callee(callee, &callee_ty, span);
            return Ty::any();
        }
        if types.iter().any(Ty::is_never) {
            return Ty::never();
        }
        if let Some(made) = self.constructed(callee) {
            self.check_fields(&made, &types, arguments, span);
            return made;
        }
        if let Some(Expr::Global(global)) = self.unit.exprs.get(callee)
            && let Some(made) = self.checker.globals.get(global).and_then(|facts| facts.makes.clone())
        {
            self.check_fields(&made, &types, arguments, span);
            return made;
        }
        let Some(function) = self.callee(callee).or_else(|| callee_ty.function.clone()) else {
            return Ty::any();
        };
        let (least, most) = (function.required.len(), function.required.len() + function.optional.len());
        let is_global = matches!(self.unit.exprs.get(callee), Some(Expr::Global(_)));
        // Calls of functions of the module were looked at before.
        if !is_global && (types.len() < least || types.len() > most && !function.is_open) {
            self.report_count(&function.name, (least, most), types.len(), callee, span);
            return function.result.clone();
        }
        let parameters = function.required.iter().chain(&function.optional);
        let mut variables = Vec::new();
        for (((name, wanted), found), argument) in parameters.zip(&types).zip(arguments) {
            wanted.bind(found, &mut variables);
            if !wanted.accepts(found) {
                self.report_argument(&function.name, name, wanted, *argument, found, span);
            } else if let (Some(fixed), Some(Expr::Constant(value))) =
                (wanted.fixed, self.unit.exprs.get(*argument))
                && matches!(value, ovsm_value::Value::Int(_) | ovsm_value::Value::Big(_))
                && ovsm_library::check::fits(value, fixed.name()).is_err()
            {
                self.report_range(name, fixed, *argument, span);
            }
        }
        function.result.instantiate(&variables)
    }

    /// The function that a callee names, if it can be no other.
    pub(super) fn callee(&self, callee: ExprId) -> Option<Rc<FunctionTy>> {
        match self.unit.exprs.get(callee)? {
            Expr::Global(global) if !self.checker.evaluates => {
                self.checker.globals.get(global)?.function.clone()
            }
            Expr::Local(local) => {
                // What is assigned to a variable of a stated type is of that type.
                let known = self.unit.locals.get(*local)?;
                if let Some((stated, _)) = &known.annotation {
                    let function = Ty::stated(stated).function?;
                    let name = Rc::clone(&known.name);
                    return Some(Rc::new(FunctionTy { name, ..(*function).clone() }));
                }
                let facts = self.locals.get(*local)?;
                self.function_type(facts.function?).map(Rc::new)
            }
            Expr::Lambda(_) => self.function_type(lambda_of(self.unit, callee)?).map(Rc::new),
            _ => None,
        }
    }

    /// A call of a built-in function.
    pub(super) fn native(&mut self, id: NativeId, arguments: &[ExprId], span: Option<Span>) -> Ty {
        let types: Vec<Ty> = arguments.iter().map(|argument| self.expr(*argument)).collect();
        self.native_of(id, &types, arguments, span)
    }

    /// A built-in function of a variable's value and further arguments.
    pub(super) fn update(
        &mut self,
        id: NativeId,
        first: Ty,
        arguments: &[ExprId],
        span: Option<Span>,
        whole: ExprId,
    ) -> Ty {
        let mut types = vec![first];
        let mut places = vec![whole];
        for argument in arguments {
            types.push(self.expr(*argument));
            places.push(*argument);
        }
        self.native_of(id, &types, &places, span)
    }

    fn native_of(&mut self, id: NativeId, types: &[Ty], places: &[ExprId], span: Option<Span>) -> Ty {
        let name = ovsm_library::get(id).map_or("", |native| native.name);
        match (name, types) {
            ("error" | "exit" | "throw" | "#throw", _) => return Ty::never(),
            ("#check", [value, _, _]) => return self.stated(value, places),
            ("#defined", [value, _]) => return value.clone(),
            ("#sequence", [value, ..])
                if !value.is_never() && value.kinds.without(Kinds::NO_SEQUENCE).is_never() =>
            {
                if let Some(place) = places.first() {
                    self.report_native("#sequence", Kinds::SEQUENCE, *place, value, span);
                }
            }
            ("#object", parts) => {
                let values = parts.iter().skip(1).step_by(2);
                let all = values.fold(Ty::never(), |all, value| all.join(value));
                let values = if parts.is_empty() || all.is_any() { None } else { Some(Rc::new(all)) };
                return Ty { values, ..Kinds::OBJECT.into() };
            }
            ("#set", _) => return Kinds::SET.into(),
            ("#array", items) => {
                let all = items.iter().fold(Ty::never(), |all, item| all.join(item));
                let items = if types.is_empty() || all.is_any() { None } else { Some(Rc::new(all)) };
                return Ty { items, ..Kinds::ARRAY.into() };
            }
            _ => {}
        }
        self.check_certain(name, places, span);
        // What comes before has left already.
        if types.iter().any(Ty::is_never) {
            return Ty::never();
        }
        let Some(known) = native_kinds(id) else {
            return self.part(name, types, places, span).unwrap_or_else(Ty::any);
        };
        for (n, (found, place)) in types.iter().zip(places).enumerate() {
            if known.position(n).is_apart_from(found.kinds) {
                self.report_native(name, known.position(n), *place, found, span);
                return known.result.into();
            }
        }
        if let (
            "+" | "-" | "*" | "/" | "//" | "%" | "rem" | "mod" | "+%" | "-%" | "*%" | "+|" | "-|" | "*|",
            [a, b],
        ) = (name, types)
        {
            return self.arithmetic(name, (a, b), places, known.result, span);
        }
        if let ("nth" | "first" | "last" | "get", [sequence, rest @ ..]) = (name, types)
            && sequence.kinds.without(Kinds::ARRAY.or(Kinds::LIST)).is_never()
            && let Some(items) = &sequence.items
        {
            let default = rest.get(1).cloned().unwrap_or_else(|| Kinds::NULL.into());
            return items.join(&default);
        }
        if let Some(part) = self.part(name, types, places, span) {
            return part;
        }
        self.check_function_argument(name, types, places, span);
        self.check_order(name, types, places, span);
        known.result.into()
    }

    /// `#check`: a value that has to be of a stated type.
    fn stated(&mut self, value: &Ty, places: &[ExprId]) -> Ty {
        let [place, ty, what] = places else { return Ty::any() };
        let (Some(Expr::Constant(descriptor)), Some(Expr::Constant(what))) =
            (self.unit.exprs.get(*ty), self.unit.exprs.get(*what))
        else {
            return Ty::any();
        };
        let wanted = Ty::described(descriptor);
        let what = what.as_str().unwrap_or("the value").to_string();
        if !wanted.accepts(value) {
            self.report_stated(&what, &wanted, *place, value, self.span(*ty));
        } else if let Some(Expr::Block(block, _)) = self.unit.exprs.get(*place) {
            // Each `return` gives the value.
            for (left, value) in self.leaves.get(block).cloned().unwrap_or_default() {
                if !wanted.accepts(&left) {
                    self.report_stated(&what, &wanted, value, &left, self.span(*ty));
                }
            }
        }
        wanted
    }

    fn arithmetic(
        &mut self,
        name: &str,
        (a, b): (&Ty, &Ty),
        places: &[ExprId],
        result: Kinds,
        span: Option<Span>,
    ) -> Ty {
        if a.kinds == Kinds::INT && b.kinds == Kinds::INT {
            return Kinds::INT.into();
        }
        if let (Some(first), Some(second)) = (&a.distinct, &b.distinct)
            && first != second
        {
            self.report_distinct(name, (&first.0, &second.0), places, b, span);
            return result.into();
        }
        // A number of a distinct type stays one in the company of its like.
        let distinct = if a.distinct == b.distinct { a.distinct.clone() } else { None };
        if a.kinds == Kinds::FIXED && b.kinds == Kinds::FIXED {
            if let (Some(first), Some(second)) = (a.fixed, b.fixed) {
                if first != second {
                    self.report_widths(name, (first, second), places, span);
                    return Kinds::FIXED.into();
                }
                let is_plain = a.is_plain && b.is_plain;
                return Ty { fixed: Some(first), distinct, is_plain, ..Kinds::FIXED.into() };
            }
            return Kinds::FIXED.into();
        }
        // A number goes with numbers; texts and sequences with their like.
        let is_number = |ty: &Ty| ty.kinds.without(Kinds::NUMBER).is_never();
        let is_other = |ty: &Ty| ty.kinds.is_apart_from(Kinds::NUMBER);
        let sequences = Kinds::ARRAY.or(Kinds::LIST).or(Kinds::RANGE).or(Kinds::STRING);
        if name == "+" && is_number(b) && a.kinds.without(sequences).is_never()
            || name != "*" && is_number(a) && is_other(b)
        {
            let Some(place) = places.get(1) else { return result.into() };
            let wanted = if is_number(a) { Kinds::NUMBER } else { sequences };
            self.report_native(name, wanted, *place, b, span);
            return result.into();
        }
        let both = a.kinds.or(b.kinds);
        match both.without(Kinds::NUMBER).is_never() {
            true if both.is_apart_from(Kinds::FLOAT.or(Kinds::DECIMAL)) => both.into(),
            true => result.and(Kinds::NUMBER).into(),
            false => result.into(),
        }
    }
}
