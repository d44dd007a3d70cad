//! Types of scripts: which kinds a value may be of, and what is known beyond the kind.

use super::FunctionTy;
use super::kinds::Kinds;
use ovsm_eval::Type;
use ovsm_value::Value;
use ovsm_value::number::FixedType;
use std::rc::Rc;

/// What is known of a value. Nothing is known of one whose kinds are all.
#[derive(Clone, PartialEq, Debug)]
pub struct Ty {
    /// The kinds that it may be of.
    pub kinds: Kinds,
    /// The width, if it may be a fixed-width integer and that is known.
    pub fixed: Option<FixedType>,
    /// The name and identities of the record types, if it may be a record and they are known.
    pub records: Option<(Rc<str>, Rc<[u64]>)>,
    /// What the items of an array or list are, if that is known.
    pub items: Option<Rc<Ty>>,
    /// What the values of an object or hash table are, if that is known.
    pub values: Option<Rc<Ty>>,
    /// What a function takes and gives, if that is known.
    pub function: Option<Rc<FunctionTy>>,
    /// The distinct type that a definition gave it: its name, and the number of the module that states it.
    pub distinct: Option<(Rc<str>, i64)>,
    /// True if it certainly has no distinct type: a fixed-width integer that was written or stated as such.
    pub is_plain: bool,
    /// The type variable that a signature names here.
    pub variable: Option<Rc<str>>,
}

impl From<Kinds> for Ty {
    fn from(kinds: Kinds) -> Ty {
        Ty {
            kinds,
            fixed: None,
            records: None,
            items: None,
            values: None,
            function: None,
            distinct: None,
            is_plain: false,
            variable: None,
        }
    }
}

impl Ty {
    /// Anything.
    pub fn any() -> Ty {
        Kinds::ANY.into()
    }

    /// A value that can not be.
    pub fn never() -> Ty {
        Kinds::NEVER.into()
    }

    /// The type of a known value.
    pub fn of(value: &Value) -> Ty {
        let mut ty = Ty::from(Kinds::of(value));
        match value {
            Value::Fixed(..) | Value::U128(_) | Value::I128(_) => {
                (ty.fixed, ty.is_plain) = (FixedType::of(value), true);
            }
            Value::Array(items) | Value::List(items) => {
                let kinds = items
                    .as_slice()
                    .iter()
                    .take(64)
                    .fold(Kinds::NEVER, |kinds, item| kinds.or(Kinds::of(item)));
                if !items.is_empty() && items.len() <= 64 {
                    ty.items = Some(Rc::new(kinds.into()));
                }
            }
            Value::Record(record) => {
                ty.records = Some((record.ty.name.clone(), Rc::from([record.ty.identity])))
            }
            _ => {}
        }
        ty
    }

    /// The type that a program states.
    pub fn stated(ty: &Type) -> Ty {
        match ty {
            // Scripts have no accounts.
            Type::Any | Type::Account(..) => Ty::any(),
            Type::Variable(name) => Ty { variable: Some(Rc::clone(name)), ..Ty::any() },
            Type::Named(name) => match FixedType::from_name(name) {
                Some(fixed) => Ty { fixed: Some(fixed), is_plain: true, ..Kinds::FIXED.into() },
                None => Kinds::named(name).unwrap_or(Kinds::ANY).into(),
            },
            Type::Array(item, length) => {
                let kinds = if length.is_none() { Kinds::ARRAY.or(Kinds::RANGE) } else { Kinds::ARRAY };
                Ty { items: Some(Rc::new(Ty::stated(item))), ..kinds.into() }
            }
            Type::Vec(item) => Ty { items: Some(Rc::new(Ty::stated(item))), ..Kinds::ARRAY.into() },
            Type::List(item) => Ty { items: Some(Rc::new(Ty::stated(item))), ..Kinds::LIST.into() },
            Type::Map(_, value) => {
                Ty { values: Some(Rc::new(Ty::stated(value))), ..Kinds::OBJECT.or(Kinds::TABLE).into() }
            }
            Type::Or(parts) => {
                parts.iter().map(Ty::stated).reduce(|all, part| all.join(&part)).unwrap_or_else(Ty::never)
            }
            Type::Function(signature) => {
                let function = signature.as_ref().map(|(parameters, result)| {
                    let parameters = parameters.iter().enumerate();
                    let named =
                        parameters.map(|(n, ty)| (Rc::from(format!("argument {}", n + 1)), Ty::stated(ty)));
                    Rc::new(FunctionTy {
                        name: "function".into(),
                        required: named.collect(),
                        optional: Vec::new(),
                        is_open: false,
                        result: Ty::stated(result),
                    })
                });
                Ty { function, ..Kinds::FUNCTION.or(Kinds::TYPE).into() }
            }
            Type::Record(name, identities) | Type::Applied(name, identities, _) => {
                Ty { records: Some((Rc::clone(name), Rc::clone(identities))), ..Kinds::RECORD.into() }
            }
            Type::Refined(name, base, predicate, module) => {
                let distinct = predicate.is_none().then(|| (Rc::clone(name), module.0.into()));
                Ty { distinct, is_plain: false, ..Ty::stated(base) }
            }
        }
    }

    /// The type that a check of the library takes as data.
    pub fn described(descriptor: &Value) -> Ty {
        match descriptor {
            Value::Keyword(name) => Ty::stated(&match name.as_str() {
                "any" => Type::Any,
                "function" => Type::Function(None),
                name => Type::Named(name.into()),
            }),
            other => match other.as_items() {
                Some([Value::Keyword(tag), parts @ ..]) => described_compound(tag.as_str(), parts),
                _ => Ty::any(),
            },
        }
    }

    /// True if nothing is known.
    pub fn is_any(&self) -> bool {
        self.kinds == Kinds::ANY
    }

    /// True if the value can not be.
    pub fn is_never(&self) -> bool {
        self.kinds.is_never()
    }

    /// A value of either type.
    pub fn join(&self, other: &Ty) -> Ty {
        if self.is_never() {
            return other.clone();
        }
        if other.is_never() || self == other {
            return self.clone();
        }
        let either = |kind: Kinds| (!self.kinds.is_apart_from(kind), !other.kinds.is_apart_from(kind));
        let fixed = match either(Kinds::FIXED) {
            (true, true) if self.fixed != other.fixed => None,
            (true, _) => self.fixed,
            _ => other.fixed,
        };
        let records = match either(Kinds::RECORD) {
            (true, true) if self.records != other.records => None,
            (true, _) => self.records.clone(),
            _ => other.records.clone(),
        };
        let sequences = Kinds::ARRAY.or(Kinds::LIST).or(Kinds::RANGE);
        let items = match either(sequences) {
            (true, true) => match (&self.items, &other.items) {
                (Some(a), Some(b)) => Some(Rc::new(a.join(b))),
                _ => None,
            },
            (true, _) => self.items.clone(),
            _ => other.items.clone(),
        };
        let values = match either(Kinds::OBJECT.or(Kinds::TABLE)) {
            (true, true) => match (&self.values, &other.values) {
                (Some(a), Some(b)) => Some(Rc::new(a.join(b))),
                _ => None,
            },
            (true, _) => self.values.clone(),
            _ => other.values.clone(),
        };
        let function = match either(Kinds::FUNCTION.or(Kinds::TYPE)) {
            (true, true) if self.function != other.function => None,
            (true, _) => self.function.clone(),
            _ => other.function.clone(),
        };
        let distinct = if self.distinct == other.distinct { self.distinct.clone() } else { None };
        let is_plain = self.is_plain && other.is_plain;
        let kinds = self.kinds.or(other.kinds);
        Ty { kinds, fixed, records, items, values, function, distinct, is_plain, variable: None }
    }

    /// Notes what the type variables of a stated type stand for if a found value has it.
    pub fn bind(&self, found: &Ty, variables: &mut Vec<(Rc<str>, Ty)>) {
        if let Some(name) = &self.variable {
            match variables.iter_mut().find(|(known, _)| known == name) {
                Some((_, ty)) => *ty = ty.join(found),
                None => variables.push((Rc::clone(name), found.clone())),
            }
        }
        if let Some(items) = &self.items {
            match &found.items {
                Some(found) => items.bind(found, variables),
                None => items.bind(&Ty::any(), variables),
            }
        }
        if let Some(values) = &self.values {
            match &found.values {
                Some(found) => values.bind(found, variables),
                None => values.bind(&Ty::any(), variables),
            }
        }
        // What a given function gives is what the variable of its result stands for.
        if let Some(function) = &self.function {
            match &found.function {
                Some(found) => function.result.bind(&found.result, variables),
                None => function.result.bind(&Ty::any(), variables),
            }
        }
    }

    /// The type with its variables replaced by what they stand for.
    pub fn instantiate(&self, variables: &[(Rc<str>, Ty)]) -> Ty {
        if let Some(name) = &self.variable {
            let found = variables.iter().find(|(known, _)| known == name);
            return found.map_or_else(Ty::any, |(_, ty)| ty.clone());
        }
        let inner = |ty: &Option<Rc<Ty>>| ty.as_ref().map(|ty| Rc::new(ty.instantiate(variables)));
        Ty { items: inner(&self.items), values: inner(&self.values), function: None, ..self.clone() }
    }

    /// What is left if only some kinds are possible.
    pub fn only(&self, kinds: Kinds) -> Ty {
        Ty { kinds: self.kinds.and(kinds), ..self.clone() }
    }

    /// True if a value of the found type may stand where this type is stated. An exact integer may become one of a
    /// fixed width.
    pub fn accepts(&self, found: &Ty) -> bool {
        if found.is_never() {
            return true;
        }
        let mut wanted = self.kinds;
        if !wanted.is_apart_from(Kinds::FIXED) {
            wanted = wanted.or(Kinds::INT);
        }
        // So it may become a float.
        if !wanted.is_apart_from(Kinds::FLOAT) {
            wanted = wanted.or(Kinds::INT);
        }
        let common = wanted.and(found.kinds);
        if common.is_never() {
            return false;
        }
        if common == Kinds::FIXED
            && let (Some(wanted), Some(found)) = (self.fixed, found.fixed)
            && wanted != found
        {
            return false;
        }
        if common == Kinds::RECORD
            && let (Some((_, wanted)), Some((_, found))) = (&self.records, &found.records)
            && !wanted.iter().any(|identity| found.contains(identity))
        {
            return false;
        }
        if let (Some(wanted), Some(found)) = (&self.distinct, &found.distinct)
            && wanted != found
        {
            return false;
        }
        if self.distinct.is_some() && found.is_plain || self.is_plain && found.distinct.is_some() {
            return false;
        }
        let sequences = Kinds::ARRAY.or(Kinds::LIST);
        if common.without(sequences).is_never()
            && let (Some(wanted), Some(items)) = (&self.items, &found.items)
            && !items.is_never()
            && !wanted.accepts(items)
        {
            return false;
        }
        if common.without(Kinds::OBJECT.or(Kinds::TABLE)).is_never()
            && let (Some(wanted), Some(values)) = (&self.values, &found.values)
            && !values.is_never()
            && !wanted.accepts(values)
        {
            return false;
        }
        true
    }
}

fn described_compound(tag: &str, parts: &[Value]) -> Ty {
    match (tag, parts) {
        ("array", [item]) => {
            Ty { items: Some(Rc::new(Ty::described(item))), ..Kinds::ARRAY.or(Kinds::RANGE).into() }
        }
        ("array", [item, _]) | ("vec", [item]) => {
            Ty { items: Some(Rc::new(Ty::described(item))), ..Kinds::ARRAY.into() }
        }
        ("list", [item]) => Ty { items: Some(Rc::new(Ty::described(item))), ..Kinds::LIST.into() },
        ("map", [_, value]) => {
            Ty { values: Some(Rc::new(Ty::described(value))), ..Kinds::OBJECT.or(Kinds::TABLE).into() }
        }
        ("or", parts) => {
            parts.iter().map(Ty::described).reduce(|all, part| all.join(&part)).unwrap_or_else(Ty::never)
        }
        ("record", [name, identities, ..]) => {
            let identities: Rc<[u64]> = identities
                .as_items()
                .unwrap_or(&[])
                .iter()
                .filter_map(
                    |identity| if let Value::Int(number) = identity { Some(*number as u64) } else { None },
                )
                .collect();
            let name = Rc::from(name.as_str().unwrap_or("record"));
            Ty { records: Some((name, identities)), ..Kinds::RECORD.into() }
        }
        ("refined", [name, base, predicate, Value::Int(module)]) => {
            let distinct =
                matches!(predicate, Value::Null).then(|| (Rc::from(name.as_str().unwrap_or("")), *module));
            Ty { distinct, is_plain: false, ..Ty::described(base) }
        }
        _ => Ty::any(),
    }
}

impl std::fmt::Display for Ty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(variable) = &self.variable {
            return write!(f, "'{variable}");
        }
        if let Some((distinct, _)) = &self.distinct {
            return write!(f, "{distinct}");
        }
        if self.is_any() {
            return f.write_str("any");
        }
        if self.is_never() {
            return f.write_str("never");
        }
        let mut names: Vec<String> = Vec::new();
        let mut rest = self.kinds;
        for (group, name) in [(Kinds::NUMBER, "number"), (Kinds::INTEGER, "integer")] {
            if rest.and(group) == group {
                names.push(name.to_string());
                rest = rest.without(group);
            }
        }
        for (kind, name) in Kinds::NAMES {
            if rest.is_apart_from(*kind) {
                continue;
            }
            names.push(match (*kind, &self.items) {
                (Kinds::FIXED, _) => {
                    self.fixed.map_or("fixed-width integer", |fixed| fixed.name()).to_string()
                }
                (Kinds::RECORD, _) => {
                    self.records.as_ref().map_or_else(|| "record".to_string(), |(name, _)| name.to_string())
                }
                (Kinds::OBJECT, _) if self.values.as_ref().is_some_and(|values| !values.is_any()) => {
                    let values = self.values.as_deref().map_or_else(String::new, Ty::to_string);
                    rest = rest.without(Kinds::TABLE);
                    format!("(map any {values})")
                }
                (Kinds::ARRAY | Kinds::LIST, Some(items)) if !items.is_any() => format!("({name} {items})"),
                _ => (*name).to_string(),
            });
        }
        match names.as_slice() {
            [only] => f.write_str(only),
            names => write!(f, "(or {})", names.join(" ")),
        }
    }
}
