//! What is inside of values: fields of records, values of objects, and functions that are given to functions.
//!
//! Only what is stated where a type is defined is relied on: code checks it whenever something enters. Start with
//! [`Analysis::part`].

use super::expression::Analysis;
use super::kinds::Kinds;
use super::ty::Ty;
use ovsm_base::Span;
use ovsm_eval::Type;
use ovsm_eval::core::{Expr, ExprId, FunctionCode};
use ovsm_value::{ErrorKind, RecordType, Unwind, Value, number};
use std::rc::Rc;

/// Functions that call their argument with one item at a time.
const EACH: &[&str] = &["map", "filter", "for-each", "some", "every"];

impl Analysis<'_> {
    /// The type of the only record that a value can be.
    fn record_type(&self, ty: &Ty) -> Option<Rc<RecordType>> {
        let (_, identities) = ty.records.as_ref().filter(|_| ty.kinds == Kinds::RECORD)?;
        match **identities {
            [identity] => self.checker.records.get(&identity).cloned(),
            _ => None,
        }
    }

    /// The records that the operand of a test names.
    pub(super) fn record_meant(&self, operand: ExprId) -> Option<Ty> {
        match self.unit.exprs.get(operand)? {
            Expr::Global(global) if !self.checker.evaluates => {
                let facts = self.checker.globals.get(global)?;
                facts.makes.clone().or_else(|| facts.ty.clone().filter(|ty| ty.records.is_some()))
            }
            Expr::Constant(Value::Record(_)) => Some(self.expr_of_constant(operand)),
            Expr::Constant(Value::RecordType(_)) => self.constructed(operand),
            _ => None,
        }
    }

    fn expr_of_constant(&self, operand: ExprId) -> Ty {
        match self.unit.exprs.get(operand) {
            Some(Expr::Constant(value)) => Ty::of(value),
            _ => Ty::any(),
        }
    }

    /// The arguments of a constructor against the types of its fields.
    pub(super) fn check_fields(&mut self, made: &Ty, types: &[Ty], places: &[ExprId], span: Option<Span>) {
        let Some(record) = self.record_type(made) else { return };
        for (n, (found, place)) in types.iter().zip(places).enumerate() {
            self.check_field(&record, n, found, *place, span);
        }
    }

    /// A value that is to be a field of a record.
    fn check_field(
        &mut self,
        record: &Rc<RecordType>,
        n: usize,
        found: &Ty,
        place: ExprId,
        span: Option<Span>,
    ) {
        let (Some(field), Some(wanted)) = (record.fields.get(n), field_type(record, n)) else { return };
        if !wanted.accepts(found) {
            self.report_field(&record.name, field.as_str(), &wanted, place, found, span);
        }
    }

    /// A part of a value whose parts are known: a field of a record, or a value of an object. `None` if nothing is.
    pub(super) fn part(
        &mut self,
        name: &str,
        types: &[Ty],
        places: &[ExprId],
        span: Option<Span>,
    ) -> Option<Ty> {
        let (whole, key) = (types.first()?, *places.get(1)?);
        match name {
            "get" | "#field" => {
                if let Some(record) = self.record_type(whole) {
                    let key = self.constant(key)?;
                    return match position(&record, &key) {
                        Some(n) => field_type(&record, n),
                        None if types.len() == 2 && matches!(key, Value::Keyword(_) | Value::String(_)) => {
                            self.report_no_field(&record, &key, *places.first()?, whole, span);
                            None
                        }
                        None => None,
                    };
                }
                let values = whole.values.as_ref().filter(|_| {
                    whole.kinds.without(Kinds::OBJECT.or(Kinds::TABLE)).is_never() && !whole.kinds.is_never()
                })?;
                let default = types.get(2).cloned().unwrap_or_else(|| Kinds::NULL.into());
                Some(values.join(&default))
            }
            "put" => {
                let record = self.record_type(whole)?;
                let n = position(&record, &self.constant(key)?)?;
                self.check_field(&record, n, types.get(2)?, *places.get(2)?, span);
                Some(whole.clone())
            }
            _ => None,
        }
    }

    pub(super) fn constant(&self, place: ExprId) -> Option<Value> {
        match self.unit.exprs.get(place)? {
            Expr::Constant(value) => Some(value.clone()),
            Expr::Local(local) => {
                let facts = self.locals.get(*local).filter(|facts| !facts.is_parameter)?;
                match self.unit.exprs.get(facts.constant?)? {
                    Expr::Constant(value) => Some(value.clone()),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// A function that is given to a function that calls it: with so many items, of such a type.
    pub(super) fn check_function_argument(
        &mut self,
        name: &str,
        types: &[Ty],
        places: &[ExprId],
        span: Option<Span>,
    ) {
        let ([function, sequence], [place, _]) = (types, places) else { return };
        // Of an object the function gets keys and values; of nothing, nothing.
        let sequences = Kinds::ARRAY.or(Kinds::LIST).or(Kinds::RANGE);
        if !EACH.contains(&name)
            || !sequence.kinds.without(sequences).is_never()
            || sequence.items.as_ref().is_some_and(|items| items.is_never())
        {
            return;
        }
        let known = self.callee(*place).or_else(|| function.function.clone());
        let Some(known) = known.filter(|_| function.kinds.without(Kinds::FUNCTION).is_never()) else {
            return;
        };
        let (least, most) = (known.required.len(), known.required.len() + known.optional.len());
        if least > 1 || most == 0 && !known.is_open {
            self.report_called_with(name, &known, (least, most), *place, span);
            return;
        }
        let item = match (&sequence.items, sequence.kinds == Kinds::RANGE) {
            (_, true) => Ty::from(Kinds::INT),
            (Some(items), _) => (**items).clone(),
            (None, _) => return,
        };
        if let Some((parameter, wanted)) = known.required.first().or(known.optional.first())
            && !wanted.accepts(&item)
        {
            self.report_item(name, &known.name, parameter, wanted, *place, &item, span);
        }
    }

    /// Two values of different kinds, which have no order.
    pub(super) fn check_order(&mut self, name: &str, types: &[Ty], places: &[ExprId], span: Option<Span>) {
        if !matches!(name, "<" | "<=" | ">" | ">=") {
            return;
        }
        let groups = [
            Kinds::NUMBER,
            Kinds::STRING,
            Kinds::CHAR,
            Kinds::BYTES,
            Kinds::ARRAY.or(Kinds::LIST).or(Kinds::RANGE),
        ];
        for ((one, other), place) in types.iter().zip(types.iter().skip(1)).zip(places.iter().skip(1)) {
            let group = groups.iter().find(|group| one.kinds.without(**group).is_never());
            if let Some(group) = group
                && !one.is_never()
                && !other.is_never()
                && other.kinds.is_apart_from(*group)
            {
                self.report_native(name, *group, *place, other, span);
                return;
            }
        }
    }

    /// An operation of known numbers that fails, in code that runs whenever the script does.
    pub(super) fn check_certain(&mut self, name: &str, places: &[ExprId], span: Option<Span>) {
        let [a, b] = places else { return };
        if !self.certain.has(*b) {
            return;
        }
        let division = match name {
            "/" => Some(number::Division::Truncate),
            "//" => Some(number::Division::Floor),
            "%" | "rem" => Some(number::Division::Remainder),
            "mod" => Some(number::Division::Modulo),
            "+" | "-" | "*" => None,
            _ => return,
        };
        let Some(divisor) = self.constant(*b).filter(Value::is_number) else { return };
        // Whatever is divided by zero: one stands for what is not known.
        let dividend = self.constant(*a).filter(Value::is_number);
        let result = match (division, dividend) {
            (Some(_), None) if !matches!(divisor, Value::Int(0)) => return,
            (Some(division), dividend) => {
                number::divide(division, &dividend.unwrap_or(Value::Int(1)), &divisor)
            }
            (None, Some(a)) => match name {
                "+" => number::add(&a, &divisor),
                "-" => number::sub(&a, &divisor),
                _ => number::mul(&a, &divisor),
            },
            (None, None) => return,
        };
        let Err(raised) = result else { return };
        if let Unwind::Error(error) = *raised
            && matches!(error.kind, ErrorKind::DivisionByZero | ErrorKind::Overflow)
        {
            self.report_certain(&error.kind, &error.message, *b, span);
        }
    }

    /// A function whose result is stated by a type variable of its parameters: what it gives has to come from them.
    pub(super) fn check_tied(&mut self, code: &FunctionCode, found: &Ty) {
        let Some(Type::Variable(name)) = &code.result else { return };
        let locals = code.parameters.required.iter().filter_map(|local| self.unit.locals.get(*local));
        let mut stated = locals.filter_map(|local| local.annotation.as_ref());
        let is_tied = stated.any(|(ty, _)| matches!(ty, Type::Variable(other) if other == name));
        if !is_tied && !self.is_named_by_parameters(code, name) {
            self.report_untied(name, &code.name, code.span);
        }
        if !is_tied || found.is_any() || found.is_never() || found.variable.is_some() {
            return;
        }
        let wanted = Ty { variable: Some(Rc::clone(name)), ..Ty::any() };
        self.report_stated("the result", &wanted, self.last_of(code.body), found, code.span);
    }

    /// True if the type of a parameter contains a type variable.
    fn is_named_by_parameters(&self, code: &FunctionCode, name: &str) -> bool {
        let all = &code.parameters;
        let optional = all.optional.iter().map(|optional| optional.local);
        let keys = all.keys.iter().flatten().map(|key| key.local);
        let mut locals = all.required.iter().copied().chain(optional).chain(all.rest).chain(keys);
        locals.any(|local| {
            let annotation = self.unit.locals.get(local).and_then(|local| local.annotation.as_ref());
            annotation.is_some_and(|(ty, _)| contains_variable(ty, name))
        })
    }

    /// The expression that gives the value of an expression.
    fn last_of(&self, expr: ExprId) -> ExprId {
        match self.unit.exprs.get(expr) {
            Some(Expr::Sequence(items)) => items.last().map_or(expr, |last| self.last_of(*last)),
            Some(Expr::Let(_, body) | Expr::Block(_, body)) => self.last_of(*body),
            _ => expr,
        }
    }
}

fn contains_variable(ty: &Type, name: &str) -> bool {
    match ty {
        Type::Variable(other) => **other == *name,
        Type::Array(item, _) | Type::Vec(item) | Type::List(item) | Type::Refined(_, item, ..) => {
            contains_variable(item, name)
        }
        Type::Map(key, value) => contains_variable(key, name) || contains_variable(value, name),
        Type::Or(parts) | Type::Applied(_, _, parts) => {
            parts.iter().any(|part| contains_variable(part, name))
        }
        Type::Function(Some((parameters, result))) => {
            parameters.iter().any(|part| contains_variable(part, name)) || contains_variable(result, name)
        }
        Type::Any | Type::Named(_) | Type::Function(None) | Type::Record(..) | Type::Account(..) => false,
    }
}

/// The position of a field by its name or number.
fn position(record: &RecordType, key: &Value) -> Option<usize> {
    match key.as_key().filter(|_| !key.is_integer()) {
        Some(name) => record.fields.iter().position(|field| field.as_str() == name.as_str()),
        None => usize::try_from(number::to_i64(key)?).ok().filter(|n| *n < record.fields.len()),
    }
}

/// The type that a definition states for a field.
fn field_type(record: &RecordType, n: usize) -> Option<Ty> {
    record.types.get(n).filter(|ty| !matches!(ty, Value::Null)).map(Ty::described)
}
