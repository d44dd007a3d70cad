//! `defrecord`, `defstruct`, `defenum`, `deftype`: types of the program and the functions that come with them.

use super::Expander;
use super::definition::intern;
use crate::core::{Expr, ExprId, GlobalId};
use crate::module::{GlobalKind, Meaning, Setter, Type};
use crate::syntax;
use ovsm_value::{Record, RecordType, Symbol, Text, Value};
use std::rc::Rc;

/// A field as written.
struct Field {
    name: Rc<Symbol>,
    ty: Option<Value>,
    default: Option<Value>,
}

/// The type that a field of `define-struct` states: `[u16 3]` is an array.
fn spelled_type(ty: &Value) -> Value {
    match ty {
        Value::Array(parts) => {
            let parts = parts.as_slice().iter().cloned();
            syntax::list(std::iter::once(syntax::symbol("array", None)).chain(parts).collect(), None)
        }
        ty => ty.clone(),
    }
}

impl Expander<'_> {
    fn fields(&mut self, form: &Value, items: &[Value]) -> Option<Vec<Field>> {
        const SHAPE: &str = "(defrecord Name (field : type) field …)";
        let items = match items {
            // `(defrecord Point [x y])`.
            [Value::Array(fields)] => fields.as_slice(),
            items => items,
        };
        let mut fields = Vec::new();
        for item in items {
            match item {
                Value::String(_) => {}
                Value::Symbol(name) => fields.push(Field { name: Rc::clone(name), ty: None, default: None }),
                Value::List(parts) | Value::Array(parts) => match parts.as_slice() {
                    [Value::Symbol(name), colon, ty, rest @ ..] if syntax::name(colon) == Some(":") => {
                        fields.push(Field {
                            name: Rc::clone(name),
                            ty: Some(ty.clone()),
                            default: rest.first().cloned(),
                        });
                    }
                    // `(define-struct State (count u64) (values [u16 3]))`, as older programs write it.
                    [Value::Symbol(name), ty] if syntax::head(form) == Some("define-struct") => {
                        fields.push(Field {
                            name: Rc::clone(name),
                            ty: Some(spelled_type(ty)),
                            default: None,
                        });
                    }
                    [Value::Symbol(name), rest @ ..] if rest.len() <= 1 => {
                        fields.push(Field {
                            name: Rc::clone(name),
                            ty: None,
                            default: rest.first().cloned(),
                        });
                    }
                    _ => {
                        self.malformed(item, "this is no field", SHAPE);
                        return None;
                    }
                },
                Value::Keyword(word) if word.as_str() == "align" => {
                    let message = match syntax::head(form) {
                        Some("defenum") => {
                            "a variant can not be aligned: its fields follow the tag without padding"
                        }
                        _ => "`:align 8` comes once, before the fields",
                    };
                    self.malformed(form, message, "(defrecord Name :align 8 (field : type) …)");
                    return None;
                }
                _ => {
                    self.malformed(form, "a field is a name, or a name with a type", SHAPE);
                    return None;
                }
            }
        }
        Some(fields)
    }

    /// Takes `:align 8` from the parts that follow the name; true if it is there. `None` if it is wrong, which is reported.
    fn alignment<'v>(&mut self, form: &Value, items: &'v [Value]) -> Option<(bool, &'v [Value])> {
        const SHAPE: &str = "(defrecord Name :align 8 (field : type) …)";
        let documented = items.iter().take_while(|item| matches!(item, Value::String(_))).count();
        let after = items.get(documented..).unwrap_or_default();
        let message = match after {
            [Value::Keyword(word), number, fields @ ..] if word.as_str() == "align" => {
                match ovsm_value::number::to_i64(number) {
                    Some(8) => return Some((true, fields)),
                    _ => {
                        let given = ovsm_value::write::write(number);
                        format!("a record can be aligned to 8 bytes, and to nothing else: this is `{given}`")
                    }
                }
            }
            [Value::Keyword(word)] if word.as_str() == "align" => {
                "`:align` says to how many bytes: to 8".to_string()
            }
            [Value::Keyword(word), ..] => {
                format!("a record has no option `:{}`; it has `:align 8`", word.as_str())
            }
            _ => return Some((false, items)),
        };
        self.malformed(form, &message, SHAPE);
        None
    }

    fn record_type(
        &mut self,
        name: &str,
        parent: Option<&str>,
        fields: &[Field],
        identity: u64,
        is_aligned: bool,
        parameters: &[Rc<str>],
    ) -> Rc<RecordType> {
        let stated: Vec<Option<Type>> =
            fields.iter().map(|field| field.ty.as_ref().and_then(|ty| self.type_of(ty))).collect();
        if self.front.is_program && stated.iter().flatten().any(|ty| self.holds_condition(ty)) {
            let named = fields.iter().zip(&stated).map(|(field, ty)| {
                let ty = ty.as_ref().filter(|ty| self.holds_condition(ty))?;
                Some((Rc::clone(&field.name.name), ty.clone()))
            });
            self.front.refined_fields.insert(identity, named.collect());
        }
        if !parameters.is_empty() {
            let named = fields.iter().zip(&stated);
            let named = named.map(|(field, ty)| Some((Rc::clone(&field.name.name), ty.clone()?)));
            self.define_generic(identity, parameters, Some(named.collect()));
        }
        let types = stated
            .into_iter()
            .map(|ty| match ty {
                Some(ty) if self.front.is_program || !parameters.is_empty() => {
                    super::types::program_descriptor(&ty)
                }
                Some(ty) => super::types::descriptor(&ty),
                None => Value::Null,
            })
            .collect();
        Rc::new(RecordType {
            name: name.into(),
            module: self.front.module_name(self.module),
            parent: parent.map(Rc::from),
            parameters: parameters.to_vec(),
            fields: fields.iter().map(|field| Rc::new(Text::new(&*field.name.name))).collect(),
            types,
            is_aligned,
            identity,
        })
    }

    /// Gives a name of the module a type and a variable that holds its constructor.
    fn define_type(&mut self, symbol: &Symbol, ty: Type) -> GlobalId {
        let id = self.front.define_global(self.machine, self.module, symbol, GlobalKind::Constant);
        self.front.define_meaning(self.module, symbol, Meaning::Type(ty, Some(id)));
        id
    }

    /// Defines a function of the module from its form.
    fn define_function(
        &mut self,
        name: String,
        parameters: Vec<Value>,
        body: Value,
        steps: &mut Vec<ExprId>,
    ) {
        let symbol = intern(&name, self.near);
        let id = self.front.define_global(self.machine, self.module, &symbol, GlobalKind::Function);
        self.front.accessors.insert(id);
        let lambda =
            syntax::list(vec![syntax::symbol("lambda", self.near), Value::list(parameters), body], self.near);
        let function = self.expr(&lambda);
        if let Some(Expr::Lambda(code)) = self.unit.exprs.get(function)
            && let Some(code) = self.unit.functions.get_mut(*code)
        {
            code.name = Rc::clone(&symbol.name);
            let parameters = code.parameters.clone();
            self.front.define_signature(id, &parameters, None);
        }
        steps.push(self.add(Expr::SetGlobal(id, function)));
    }

    /// `(defrecord Name field…)` and `(defstruct name field…)`.
    pub(crate) fn record_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        const SHAPE: &str = "(defrecord Name (field : type) field …)";
        let is_struct =
            syntax::head(form) == Some("defstruct") || syntax::head(form) == Some("define-struct");
        let Some((head, items)) = arguments.split_first() else {
            return self.malformed(form, "the name is missing", SHAPE);
        };
        let Some((symbol, parameters)) = self.defined_head(head, is_struct) else {
            return self.malformed(form, "the name is missing", SHAPE);
        };
        let Some((is_aligned, items)) = self.alignment(form, items) else { return self.null() };
        let Some(fields) = self.fields(form, items) else { return self.null() };
        let name = Rc::clone(&symbol.name);
        // The name is known before the fields: a record may hold others of its type.
        let identity = self.front.fresh_identity(self.module, &name);
        let id = self.define_type(&symbol, Type::Record(Rc::clone(&name), Rc::from([identity])));
        self.define_generic(identity, &parameters, None);
        let ty = self.record_type(&name, None, &fields, identity, is_aligned, &parameters);
        self.front.define_record(id, &ty);
        let value = self.constant(Value::RecordType(ty));
        self.front.define_constructor(id, fields.len(), symbol.span);
        let mut steps = vec![self.add(Expr::SetGlobal(id, value))];
        let read = |name: &str| syntax::symbol(name, None);
        for field in &fields {
            let accessor = format!("{name}-{}", field.name.name);
            let record = read("record");
            let key = Value::Keyword(syntax::interned(&field.name.name));
            let type_name = Value::Symbol(Rc::clone(&symbol));
            let body = Value::list(vec![read("#record-field"), record.clone(), type_name, key]);
            self.front.define_setter(self.module, &accessor, Setter::Field(Rc::clone(&field.name.name)));
            self.define_function(accessor, vec![record], body, &mut steps);
        }
        let record = read("record");
        let test = Value::list(vec![read("#is-record"), record.clone(), Value::Symbol(Rc::clone(&symbol))]);
        self.define_function(format!("{name}?"), vec![record.clone()], test.clone(), &mut steps);
        if is_struct {
            self.define_function(format!("{name}-p"), vec![record.clone()], test, &mut steps);
            self.define_function(format!("copy-{name}"), vec![record.clone()], record, &mut steps);
        }
        let mut parameters = vec![read("&key")];
        let mut call = vec![Value::Symbol(Rc::clone(&symbol))];
        for field in &fields {
            let parameter = Value::Symbol(Rc::clone(&field.name));
            parameters.push(Value::list(vec![parameter.clone(), field.default.clone().unwrap_or_default()]));
            call.push(parameter);
        }
        self.define_function(format!("make-{name}"), parameters, Value::list(call), &mut steps);
        steps.push(self.constant(Value::Symbol(symbol)));
        self.sequence(steps)
    }

    /// `(defenum Name Variant (Variant field…) …)`.
    pub(crate) fn enum_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        const SHAPE: &str = "(defenum Name Variant (Variant field …) …)";
        let Some((head, variants)) = arguments.split_first() else {
            return self.malformed(form, "the name is missing", SHAPE);
        };
        let Some((symbol, parameters)) = self.defined_head(head, false) else {
            return self.malformed(form, "the name is missing", SHAPE);
        };
        let variants = match variants {
            [Value::Array(variants)] => variants.as_slice(),
            variants => variants,
        };
        let name = Rc::clone(&symbol.name);
        let mut steps = Vec::new();
        // The name is known before the fields of the variants: they may hold values of the enum.
        let identities: Rc<[u64]> = variants
            .iter()
            .filter(|variant| !matches!(variant, Value::String(_)))
            .map(|_| self.front.fresh_identity(self.module, &name))
            .collect();
        let ty = Type::Record(Rc::clone(&name), Rc::clone(&identities));
        for identity in identities.iter() {
            self.define_generic(*identity, &parameters, None);
        }
        self.front.define_meaning(self.module, &symbol, Meaning::Type(ty.clone(), None));
        let mut next = identities.iter().copied();
        let mut names = Vec::new();
        for variant in variants {
            let (variant_symbol, fields) = match variant {
                Value::Symbol(variant) => (Rc::clone(variant), Vec::new()),
                Value::List(items) | Value::Array(items) => match items.as_slice() {
                    [Value::Symbol(variant), fields @ ..] => {
                        let Some(fields) = self.fields(form, fields) else { return self.null() };
                        (Rc::clone(variant), fields)
                    }
                    _ => return self.malformed(variant_or(form, items.get(0)), "this is no variant", SHAPE),
                },
                Value::String(_) => continue,
                Value::Keyword(word) if word.as_str() == "align" => {
                    const MESSAGE: &str =
                        "an enum can not be aligned: its variants follow the tag without padding";
                    return self.malformed(form, MESSAGE, "(defrecord Name :align 8 (field : type) …)");
                }
                other => return self.malformed(other, "a variant is a name, or a name with fields", SHAPE),
            };
            let identity = next.next().unwrap_or_default();
            let ty =
                self.record_type(&variant_symbol.name, Some(&name), &fields, identity, false, &parameters);
            names.push((Rc::clone(&variant_symbol.name), ty.identity));
            let own = Type::Record(Rc::clone(&variant_symbol.name), Rc::from([ty.identity]));
            let id = self.define_type(&variant_symbol, own.clone());
            // `Shape/Circle` names it too.
            let qualified = intern(&format!("{name}/{}", variant_symbol.name), variant_symbol.span);
            self.front.define_meaning(self.module, &qualified, Meaning::Type(own, Some(id)));
            if !fields.is_empty() {
                self.front.define_constructor(id, fields.len(), variant_symbol.span);
            }
            self.front.define_record(id, &ty);
            let value = match fields.is_empty() {
                true => Value::Record(Rc::new(Record { ty, fields: Vec::new() })),
                false => Value::RecordType(ty),
            };
            let value = self.constant(value);
            steps.push(self.add(Expr::SetGlobal(id, value)));
        }
        self.front.define_enum(&name, names);
        let record = syntax::symbol("value", None);
        let descriptor = Value::list(vec![syntax::symbol("quote", None), super::types::descriptor(&ty)]);
        let test = Value::list(vec![syntax::symbol("#is", None), record.clone(), descriptor]);
        self.define_function(format!("{name}?"), vec![record], test, &mut steps);
        steps.push(self.constant(Value::Symbol(symbol)));
        self.sequence(steps)
    }

    /// `(deftype Name T)`.
    pub(crate) fn type_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        let (symbol, ty) = match arguments {
            [Value::Symbol(symbol), ty] => (symbol, ty),
            [Value::Symbol(symbol), Value::Null | Value::List(_), ty] => (symbol, ty),
            _ => return self.malformed(form, "a name and a type", "(deftype Name type)"),
        };
        let Some(base) = self.type_of(ty) else {
            // It was reported: what names it is not wrong, too.
            self.define_type(symbol, Type::Any);
            return self.null();
        };
        let named = match base {
            // A condition goes on seeing the names of the module that states it.
            Type::Refined(_, base, Some(function), module) => {
                Type::Refined(Rc::clone(&symbol.name), base, Some(function), module)
            }
            Type::Refined(_, base, None, _) => {
                Type::Refined(Rc::clone(&symbol.name), base, None, self.module)
            }
            base => Type::Refined(Rc::clone(&symbol.name), Rc::new(base), None, self.module),
        };
        let id = self.define_type(symbol, named);
        let value = intern("value", self.near);
        let value = Value::Symbol(Rc::new(value));
        let lambda = Value::list(vec![
            syntax::symbol("lambda", self.near),
            Value::list(vec![value.clone()]),
            Value::list(vec![syntax::symbol("the", self.near), Value::Symbol(Rc::clone(symbol)), value]),
        ]);
        let function = self.expr(&lambda);
        let set = self.add(Expr::SetGlobal(id, function));
        let name = self.constant(Value::Symbol(Rc::clone(symbol)));
        self.sequence(vec![set, name])
    }
}

fn variant_or<'v>(form: &'v Value, variant: Option<&'v Value>) -> &'v Value {
    variant.unwrap_or(form)
}
