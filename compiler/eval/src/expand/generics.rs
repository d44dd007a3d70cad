//! Generic records and enums: `(defrecord (Pair 'a 'b) (first : 'a) (second : 'b))`, and the types `(Pair u8 bool)`.
//!
//! What a definition leaves open are its parameters, by their names; a type that names it with a type for each of them has
//! fields of these types. The name alone is a type, too: that of all values that the definition makes. Start with
//! [`Expander::applied_type`].

use super::Expander;
use super::name::Meant;
use crate::front::RefinedField;
use crate::module::Type;
use crate::syntax;
use ovsm_base::{Code, Diagnostic};
use ovsm_value::{Symbol, Value};
use std::rc::Rc;

/// What is known of a generic record, or of a variant of a generic enum.
#[derive(Clone, Debug)]
pub(crate) struct Generic {
    /// The names of its parameters.
    pub(crate) parameters: Rc<[Rc<str>]>,
    /// The names and types of its fields; none before they are known.
    pub(crate) fields: Rc<[RefinedField]>,
}

impl Type {
    /// The type with arguments in place of the parameters that it names.
    fn with_arguments(&self, parameters: &[Rc<str>], arguments: &[Type]) -> Type {
        let inner =
            |ty: &Type| ovsm_base::stack::with_room(|| Rc::new(ty.with_arguments(parameters, arguments)));
        let all = |types: &[Type]| types.iter().map(|ty| ty.with_arguments(parameters, arguments)).collect();
        match self {
            Type::Variable(name) => {
                let place = parameters.iter().position(|parameter| parameter == name);
                place.and_then(|place| arguments.get(place)).unwrap_or(self).clone()
            }
            Type::Array(item, length) => Type::Array(inner(item), *length),
            Type::Vec(item) => Type::Vec(inner(item)),
            Type::List(item) => Type::List(inner(item)),
            Type::Map(key, value) => Type::Map(inner(key), inner(value)),
            Type::Or(parts) => Type::Or(all(parts)),
            Type::Applied(name, identities, types) => {
                Type::Applied(Rc::clone(name), Rc::clone(identities), all(types))
            }
            other => other.clone(),
        }
    }
}

impl Expander<'_> {
    /// The name that a definition of a type defines, and the names of its parameters: `Point`, `(Pair 'a 'b)`. What else
    /// stands beside the name of a `defstruct` are options of the original, which mean nothing here.
    pub(super) fn defined_head(
        &mut self,
        head: &Value,
        has_options: bool,
    ) -> Option<(Rc<Symbol>, Vec<Rc<str>>)> {
        let items = match head {
            Value::Symbol(symbol) => return Some((Rc::clone(symbol), Vec::new())),
            Value::List(items) => items.as_slice(),
            _ => return None,
        };
        let Some((Value::Symbol(symbol), rest)) = items.split_first() else { return None };
        let mut parameters: Vec<Rc<str>> = Vec::new();
        for parameter in rest {
            let variable = match parameter.as_items() {
                Some([quote, name]) if syntax::name(quote) == Some("quote") => syntax::name(name),
                _ => None,
            };
            match variable {
                Some(name) if parameters.iter().any(|known| **known == *name) => self.report_at(
                    syntax::span(parameter).or(self.near),
                    Diagnostic::new(
                        Code::DuplicateParameter,
                        format!("the parameter `'{name}` is there twice"),
                    )
                    .help("give each parameter a name of its own"),
                ),
                Some(name) => parameters.push(name.into()),
                None if has_options => {}
                None => self.report_at(
                    syntax::span(parameter).or(self.near),
                    Diagnostic::new(Code::MalformedForm, "this is no parameter of a type")
                        .help("a type that a definition leaves open is written with a quote: `(Pair 'a 'b)`"),
                ),
            }
        }
        Some((Rc::clone(symbol), parameters))
    }

    /// Notes the parameters of a definition, and its fields once they are known.
    pub(super) fn define_generic(
        &mut self,
        identity: u64,
        parameters: &[Rc<str>],
        fields: Option<Vec<RefinedField>>,
    ) {
        if !parameters.is_empty() {
            let generic =
                Generic { parameters: parameters.into(), fields: fields.unwrap_or_default().into() };
            self.front.generics.insert(identity, generic);
        }
    }

    /// True for a name of a generic type.
    pub(super) fn is_generic(&mut self, name: Option<&Value>) -> bool {
        let Some(Value::Symbol(symbol)) = name else { return false };
        match self.meaning(symbol) {
            Meant::Type(Type::Record(_, identities), _) => {
                identities.first().is_some_and(|first| self.front.generics.contains_key(first))
            }
            _ => false,
        }
    }

    /// `(Pair u8 bool)`; `None`, reported, if it is no type.
    pub(super) fn applied_type(&mut self, form: &Value, parts: &[Value]) -> Option<Type> {
        let head = form.as_items().and_then(|items| items.first());
        let Some(head @ Value::Symbol(symbol)) = head else {
            self.unknown_type(form, &ovsm_value::write::brief(form));
            return None;
        };
        let known = self.type_of(head)?;
        let generic = match &known {
            Type::Record(_, identities) => {
                identities.first().and_then(|first| self.front.generics.get(first)).cloned()
            }
            _ => None,
        };
        let name = super::name::clip(&symbol.name);
        let (Some(generic), Type::Record(full, identities)) = (generic, &known) else {
            let diagnostic = Diagnostic::new(
                Code::UnknownType,
                format!("`{name}` leaves no types open, so it takes none"),
            )
            .help(format!("write `{name}` without the parentheses"));
            self.report_at(syntax::span(form), diagnostic);
            return None;
        };
        let wanted = generic.parameters.len();
        if parts.len() != wanted {
            let types = if wanted == 1 { "type" } else { "types" };
            let names: Vec<String> = generic.parameters.iter().map(|name| format!("'{name}")).collect();
            let diagnostic = Diagnostic::new(
                Code::UnknownType,
                format!("`{name}` takes {wanted} {types}, not {}", parts.len()),
            )
            .help(format!("it is defined as `({name} {})`: give a type for each", names.join(" ")));
            self.report_at(syntax::span(form), diagnostic);
            return None;
        }
        let arguments: Vec<Type> = parts.iter().map(|part| self.type_of(part)).collect::<Option<_>>()?;
        Some(Type::Applied(Rc::clone(full), Rc::clone(identities), arguments.into()))
    }

    /// The fields of a generic record or variant, of which a type says the arguments.
    pub(super) fn fields_of(&self, identity: u64, applied: &Type) -> Rc<[RefinedField]> {
        let (Some(generic), Type::Applied(_, _, arguments)) = (self.front.generics.get(&identity), applied)
        else {
            return Rc::from([]);
        };
        let fields = generic.fields.iter().map(|field| {
            let (name, ty) = field.as_ref()?;
            Some((Rc::clone(name), ty.with_arguments(&generic.parameters, arguments)))
        });
        fields.collect()
    }
}
