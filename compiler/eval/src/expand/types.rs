//! Types as programs write them, and the checks that they become at run time.

use super::Expander;
use super::name::Meant;
use crate::core::{Expr, ExprId, FunctionCode};
use crate::module::Type;
use crate::syntax::{self, Head};
use ovsm_base::{Code, Diagnostic};
use ovsm_value::number::FixedType;
use ovsm_value::{ErrorKind, Value};
use std::rc::Rc;

/// Names of types that values have, besides the fixed-width integers.
const NAMES: &[&str] = &[
    "null",
    "bool",
    "int",
    "float",
    "decimal",
    "number",
    "char",
    "string",
    "string-builder",
    "symbol",
    "keyword",
    "bytes",
    "pubkey",
    "signature",
    "array",
    "list",
    "object",
    "set",
    "range",
    "hash-table",
    "cell",
    "handle",
    "async-handle",
    "error",
    "function",
    "record",
    "sequence",
    "integer",
];

impl Expander<'_> {
    /// An expression whose value is checked against a type at run time. `what` names it in the error.
    pub(crate) fn checked(&mut self, value: ExprId, ty: &Value, what: &str) -> ExprId {
        match self.type_of(ty) {
            None => value,
            Some(ty) => self.checked_as(value, &ty, what),
        }
    }

    /// The same for a type that is known.
    pub(crate) fn checked_as(&mut self, value: ExprId, ty: &Type, what: &str) -> ExprId {
        // What is the same type in several places of a function of a program is one when it runs.
        if matches!(ty, Type::Any) || matches!(ty, Type::Variable(_)) && !self.front.is_program {
            return value;
        }
        if self.front.is_program && self.is_read_from_bytes(value) && self.holds_condition(ty) {
            return self.read_with_conditions(value, ty, what);
        }
        if self.front.is_program && ty.has_condition() {
            return self.refined(value, ty, what);
        }
        self.reject_constant(value, ty, what);
        let descriptor = match self.front.is_program {
            true => program_descriptor(ty),
            false => descriptor(ty),
        };
        let descriptor = self.constant(descriptor);
        let what_text = self.constant(Value::string(what));
        let checked = self.native("#check", vec![value, descriptor, what_text]);
        match ty {
            Type::Function(Some((parameters, result))) if !self.front.is_program => {
                self.contract(checked, parameters, result, what)
            }
            _ => checked,
        }
    }

    /// A function that checks what a function is given against its stated type, and what it gives. Whoever calls it is to
    /// blame for the first, whoever made it for the second.
    fn contract(&mut self, function: ExprId, parameters: &[Type], result: &Type, what: &str) -> ExprId {
        let inner = self.local("function");
        let code = FunctionCode::unwritten("checked function".into(), self.near);
        let id = self.unit.functions.push(code);
        let outer = std::mem::replace(&mut self.function, id);
        let arguments = self.local("arguments");
        let given = self.read(arguments);
        let types = self.constant(Value::array(parameters.iter().map(descriptor).collect()));
        let place = self.constant(Value::string(what));
        let checked = self.native("#check-arguments", vec![given, types, place]);
        let callee = self.read(inner);
        let call = self.add(Expr::Apply(callee, vec![checked]));
        let body = match result {
            Type::Any | Type::Variable(_) => call,
            result => {
                let descriptor = self.constant(descriptor(result));
                let place = self.constant(Value::string(format!("what {what} gives")));
                self.native("#check", vec![call, descriptor, place])
            }
        };
        self.function = outer;
        if let Some(code) = self.unit.functions.get_mut(id) {
            code.parameters.rest = Some(arguments);
            code.body = body;
        }
        let lambda = self.add(Expr::Lambda(id));
        self.add(Expr::Let(vec![(inner, function)], lambda))
    }

    /// Reports a literal that can not have its stated type.
    fn reject_constant(&mut self, value: ExprId, ty: &Type, what: &str) {
        // In a program, inference finds it, with a better message.
        if self.front.is_program {
            return;
        }
        let Some(Expr::Constant(constant)) = self.unit.exprs.get(value) else { return };
        let Type::Named(name) = ty else { return };
        let constant = constant.clone();
        if let Err(kind) = ovsm_library::check::fits(&constant, name) {
            let code = if kind == ErrorKind::Overflow { Code::LiteralOutOfRange } else { Code::TypeMismatch };
            let text = ovsm_value::write::describe(&constant);
            self.report_at(
                None,
                Diagnostic::new(code, format!("{what} is a `{name}`, but this is {text}"))
                    .help(format!("give it a `{name}`, or state another type")),
            );
        }
    }

    /// The type that a form states; `None`, reported, if it is none.
    pub(crate) fn type_of(&mut self, form: &Value) -> Option<Type> {
        ovsm_base::stack::with_room(|| self.type_of_inner(form))
    }

    fn type_of_inner(&mut self, form: &Value) -> Option<Type> {
        match form {
            Value::Null => Some(Type::Named("null".into())),
            Value::Symbol(symbol) => {
                if let Meant::Type(ty, _) = self.meaning(symbol) {
                    return Some(ty);
                }
                let name = match &*symbol.name {
                    "any" | "t" => return Some(Type::Any),
                    "boolean" => "bool",
                    "fn" => "function",
                    "vector" => "array",
                    "map" => "object",
                    name => name,
                };
                if FixedType::from_name(name).is_some() || NAMES.contains(&name) {
                    return Some(Type::Named(name.into()));
                }
                if let Some(found) = self.account_word(form, name) {
                    return found;
                }
                // A type that is defined further down.
                if self.front.expand_type(self.machine, self.module, &symbol.name)
                    && let Meant::Type(ty, _) = self.meaning(symbol)
                {
                    return Some(ty);
                }
                match self.front.is_defining_type(self.module, &symbol.name) {
                    true => self.endless_type(form, &symbol.name),
                    false => self.unknown_type(form, name),
                }
                None
            }
            Value::List(items) => match items.as_slice() {
                [head, parts @ ..] => self.compound_type(form, syntax::name(head).unwrap_or(""), parts),
                [] => Some(Type::Named("null".into())),
            },
            // `'a`: a type variable stands for anything.
            _ => {
                self.unknown_type(form, &ovsm_value::write::brief(form));
                None
            }
        }
    }

    /// Reports a type whose definition comes back to itself.
    fn endless_type(&mut self, form: &Value, name: &str) {
        let name = super::name::clip(name);
        let diagnostic = Diagnostic::new(Code::UnknownType, format!("`{name}` is defined by itself"))
            .note("`deftype` gives a name to a type that is known without the name")
            .help(format!(
                "let a record or an enum hold it: `(defenum {name} (Leaf value) (Node (items : (array {name}))))`"
            ));
        self.report_at(syntax::span(form), diagnostic);
    }

    pub(super) fn unknown_type(&mut self, form: &Value, name: &str) {
        let fixed = ["u8", "u16", "u32", "u64", "u128", "i8", "i16", "i32", "i64", "i128", "any"];
        let near = ovsm_base::suggest::nearest(name, NAMES.iter().chain(&fixed).copied());
        let mut diagnostic =
            Diagnostic::new(Code::UnknownType, format!("`{}` is not a type", super::name::clip(name)));
        diagnostic = match near {
            Some(near) => {
                let diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
                match syntax::span(form) {
                    Some(span) => diagnostic.fix(format!("write `{near}`"), span, near),
                    None => diagnostic,
                }
            }
            None => diagnostic
                .help("types are `int`, `u64`, `string`, `(array T)`, records, enums and those of `deftype`"),
        };
        self.report_at(syntax::span(form), diagnostic);
    }

    fn compound_type(&mut self, form: &Value, head: &str, parts: &[Value]) -> Option<Type> {
        match (head, parts) {
            ("quote", [variable]) => match syntax::name(variable) {
                Some(name) => Some(Type::Variable(name.into())),
                None => {
                    self.unknown_type(form, &ovsm_value::write::brief(form));
                    None
                }
            },
            ("array", [item]) => Some(Type::Array(Rc::new(self.type_of(item)?), None)),
            ("vec", [item]) => Some(Type::Vec(Rc::new(self.type_of(item)?))),
            ("array", [item, Value::Int(length)]) => {
                Some(Type::Array(Rc::new(self.type_of(item)?), u64::try_from(*length).ok()))
            }
            ("list", [item]) => Some(Type::List(Rc::new(self.type_of(item)?))),
            ("set", [_]) => Some(Type::Named("set".into())),
            ("cell", [_]) => Some(Type::Named("cell".into())),
            ("map" | "object", [key, value]) => {
                Some(Type::Map(Rc::new(self.type_of(key)?), Rc::new(self.type_of(value)?)))
            }
            ("or", parts) => {
                let parts: Vec<Type> = parts.iter().map(|part| self.type_of(part)).collect::<Option<_>>()?;
                Some(Type::Or(parts.into()))
            }
            ("option", [item]) => {
                let item = self.type_of(item)?;
                Some(Type::Or(Rc::from([item, Type::Named("null".into())])))
            }
            ("fn" | "->" | "function", [parameters, arrow, result]) if syntax::name(arrow) == Some("->") => {
                let Some(parameters) = super::function::parameter_list(parameters) else {
                    self.unknown_type(form, &ovsm_value::write::brief(form));
                    return None;
                };
                let parameters: Vec<Type> =
                    parameters.iter().map(|parameter| self.type_of(parameter)).collect::<Option<_>>()?;
                let result = self.type_of(result)?;
                Some(Type::Function(Some((parameters.into(), Rc::new(result)))))
            }
            ("fn" | "->" | "function", _) => Some(Type::Function(None)),
            (Head::REFINEMENT, [Value::Symbol(name), base, condition]) => {
                let base = self.type_of(base)?;
                let parameters = Value::list(vec![Value::Symbol(Rc::clone(name))]);
                let lambda = syntax::list(
                    vec![syntax::symbol("lambda", syntax::span(form)), parameters, condition.clone()],
                    syntax::span(form),
                );
                if self.front.is_program {
                    let text = ovsm_value::write::brief(condition);
                    return Some(Type::Refined(text.into(), Rc::new(base), Some(lambda), self.module));
                }
                match self.front.compile_time_value(self.machine, self.module, &lambda) {
                    Ok(function) => {
                        let text = ovsm_value::write::brief(condition);
                        Some(Type::Refined(text.into(), Rc::new(base), Some(function), self.module))
                    }
                    Err(diagnostics) => {
                        self.diagnostics.extend(diagnostics);
                        None
                    }
                }
            }
            _ => match self.account_type(form, head, parts) {
                Some(found) => found,
                None => self.applied_type(form, parts),
            },
        }
    }

    /// `(the T e)` and `(: e T)`.
    pub(crate) fn the_form(&mut self, form: &Value, arguments: &[Value], type_first: bool) -> ExprId {
        let [first, second] = arguments else {
            return self.malformed(form, "a type and an expression", "(the T expression)");
        };
        let (ty, value) = if type_first { (first, second) } else { (second, first) };
        let value = self.expr(value);
        self.checked(value, ty, "the value")
    }

    /// The type of `(vec T)` and `(vec T capacity)`, which make an empty one: a variable that is given it is of this type. In
    /// programs inference finds it, but for conditions.
    pub(crate) fn made_vec(&mut self, value: &Value) -> Option<Type> {
        if let [Value::Symbol(head), arguments @ ..] = value.as_items()?
            && &*head.name == "vec"
            && matches!(self.meaning(head), Meant::Native(_))
            && let Some(item) = self.item_of_words(arguments)
        {
            // What is wrong with it is reported where it is made.
            let reported = self.diagnostics.len();
            let Some(item) = self.type_of(item) else {
                self.diagnostics.truncate(reported);
                return None;
            };
            let ty = Type::Vec(Rc::new(item));
            return (!self.front.is_program || ty.has_condition()).then_some(ty);
        }
        let [Value::Symbol(head), Value::Symbol(item), capacity @ ..] = value.as_items()? else {
            return None;
        };
        if &*head.name != "vec" || capacity.len() > 1 || !matches!(self.meaning(head), Meant::Native(_)) {
            return None;
        }
        let is_number =
            matches!(&*item.name, "int" | "bool" | "pubkey") || FixedType::from_name(&item.name).is_some();
        match self.meaning(item) {
            Meant::Type(ty @ (Type::Record(..) | Type::Refined(..)), _) => Some(Type::Vec(Rc::new(ty))),
            Meant::Native(_) if is_number => Some(Type::Vec(Rc::new(Type::Named(Rc::clone(&item.name))))),
            _ => None,
        }
        .filter(|ty| !self.front.is_program || ty.has_condition())
    }

    /// `(typecase value (type body…) … (else body…))`.
    pub(crate) fn typecase_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        const SHAPE: &str = "(typecase value (type body …) … (else body …))";
        let Some((value, clauses)) = arguments.split_first() else {
            return self.malformed(form, "the value is missing", SHAPE);
        };
        let value = self.expr(value);
        let local = self.local("value");
        let mut tests = Vec::new();
        let mut result = None;
        for clause in clauses {
            let Some([types, body @ ..]) = clause.as_items() else {
                return self.malformed(clause, "a clause begins with its type", SHAPE);
            };
            if self.is_default(types) {
                result = Some(self.body(body));
                break;
            }
            let types: Vec<Value> = match types {
                Value::Array(items) => items.as_slice().to_vec(),
                // A list is one compound type, or, if its head is a plain type name, several.
                Value::List(items)
                    if items.as_slice().iter().all(|item| matches!(item, Value::Symbol(_)))
                        && !self.is_generic(items.get(0))
                        && !matches!(
                            syntax::head(types),
                            Some(
                                "array"
                                    | "vec"
                                    | "list"
                                    | "map"
                                    | "or"
                                    | "option"
                                    | "fn"
                                    | "set"
                                    | "cell"
                                    | "quote"
                            )
                        ) =>
                {
                    items.as_slice().to_vec()
                }
                ty => vec![ty.clone()],
            };
            let mut choices = Vec::new();
            for ty in &types {
                let ty = alias(ty);
                if let Some(ty) = self.type_of(&ty) {
                    let read = self.read(local);
                    choices.push(self.type_test(read, &ty));
                }
            }
            let no = self.constant(Value::Bool(false));
            choices.push(no);
            let test = self.add(Expr::Or(choices));
            let body = self.body(body);
            tests.push((test, body));
        }
        let mut result = match result {
            Some(result) => result,
            None => self.null(),
        };
        for (test, body) in tests.into_iter().rev() {
            result = self.add(Expr::If(test, body, result));
        }
        self.add(Expr::Let(vec![(local, value)], result))
    }

    /// `(is? value T)`.
    pub(crate) fn is_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        let [value, ty] = arguments else {
            return self.malformed(form, "a value and a type", "(is? value T)");
        };
        let value = self.expr(value);
        match self.type_of(&alias(ty)) {
            Some(ty) => self.type_test(value, &ty),
            None => self.null(),
        }
    }

    /// Whether a value is one of a type.
    pub(crate) fn type_test(&mut self, value: ExprId, ty: &Type) -> ExprId {
        if self.front.is_program && ty.has_condition() {
            return self.refined_test(value, ty);
        }
        let descriptor = self.constant(descriptor(ty));
        self.native("#is", vec![value, descriptor])
    }
}

/// The names that `typecase` of the original knows besides the types.
fn alias(ty: &Value) -> Value {
    let Some(name) = syntax::name(ty) else { return ty.clone() };
    let name = match name {
        "integer" => "int",
        "real" | "double" => "float",
        "str" => "string",
        "boolean" => "bool",
        "vector" => "array",
        "hash" | "map" => "object",
        "nil" => "null",
        "fn" | "lambda" | "macro" => "function",
        _ => return ty.clone(),
    };
    syntax::symbol(name, syntax::span(ty))
}

/// A type as data, as the library's checks take it: a type variable is anything.
pub fn descriptor(ty: &Type) -> Value {
    described(ty, false)
}

/// A type as data that says which types are left open, for programs.
pub fn program_descriptor(ty: &Type) -> Value {
    described(ty, true)
}

fn described(ty: &Type, keeps_variables: bool) -> Value {
    let descriptor = |ty: &Type| described(ty, keeps_variables);
    let tagged = |tag: &str, parts: Vec<Value>| {
        let mut items = vec![Value::keyword(tag)];
        items.extend(parts);
        Value::array(items)
    };
    match ty {
        Type::Variable(name) if keeps_variables => tagged("variable", vec![Value::string(&**name)]),
        Type::Any | Type::Variable(_) => Value::keyword("any"),
        Type::Named(name) => Value::keyword(&**name),
        Type::Function(_) => Value::keyword("function"),
        Type::Array(item, None) => tagged("array", vec![descriptor(item)]),
        Type::Vec(item) => tagged("vec", vec![descriptor(item)]),
        Type::Array(item, Some(length)) => {
            tagged("array", vec![descriptor(item), Value::from_i128((*length).into())])
        }
        Type::List(item) => tagged("list", vec![descriptor(item)]),
        Type::Map(key, value) => tagged("map", vec![descriptor(key), descriptor(value)]),
        Type::Or(parts) => tagged("or", parts.iter().map(descriptor).collect()),
        Type::Record(name, identities) => {
            let identities = identities.iter().map(|identity| Value::Int(*identity as i64)).collect();
            tagged("record", vec![Value::string(&**name), Value::array(identities)])
        }
        Type::Applied(name, identities, arguments) => {
            let identities = identities.iter().map(|identity| Value::Int(*identity as i64)).collect();
            let arguments = arguments.iter().map(descriptor).collect();
            tagged("record", vec![Value::string(&**name), Value::array(identities), Value::array(arguments)])
        }
        Type::Account(record, is_mutable, is_tagged) => {
            let record = record.as_deref().map_or(Value::Null, descriptor);
            tagged("account", vec![record, Value::Bool(*is_mutable), Value::Bool(*is_tagged)])
        }
        Type::Refined(name, base, function, module) => {
            let (name, function) = (Value::string(&**name), function.clone().unwrap_or_default());
            tagged("refined", vec![name, descriptor(base), function, Value::Int(module.0.into())])
        }
    }
}
