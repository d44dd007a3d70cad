//! Types as programs write them: from the words of the expander to the types of programs.

use super::Translator;
use crate::core::TypeName;
use crate::generic_type::parameter_name;
use crate::ty::{AccountType, DistinctType, EnumType, Field, GenericType, RecordType, Type};
use ovsm_base::{Code, Diagnostic, IntType, Span};
use ovsm_eval::ModuleId;
use ovsm_eval::core::{Expr, ExprId, GlobalId};
use ovsm_value::{Value, number};
use std::rc::Rc;
use std::sync::Arc;

/// Values that are no arrays are kept in registers, so far as these go.
const MAX_PARTS: usize = 512;
/// What a type is made of, those of the fields and items included.
const MAX_WEIGHT: usize = 4096;
/// The tag of an enum is one byte.
const MAX_VARIANTS: usize = 256;
/// Which of the fields a word belongs to is found out variant by variant.
const MAX_ENUM_FIELDS: usize = 512;

/// Why a type is none that programs have.
struct Fault {
    message: String,
    help: &'static str,
}

const HAVE: &str = "programs have integers, `bool`, `string`, `bytes`, `pubkey`, records, enums, `(option T)`, `(array T n)`";

fn fault(message: impl Into<String>) -> Fault {
    Fault { message: message.into(), help: HAVE }
}

impl Translator<'_> {
    /// The type that a binder states; `None` if it leaves it open.
    pub(super) fn type_name(&mut self, ty: &ovsm_eval::Type, span: Option<Span>) -> Option<TypeName> {
        Some(self.described_type(&ovsm_eval::type_descriptor(ty), span))
    }

    /// The type that a descriptor means; what is wrong with it is reported.
    pub(super) fn described_type(&mut self, descriptor: &Value, span: Option<Span>) -> TypeName {
        let ty = match self.resolve(descriptor, &mut Vec::new()) {
            Ok(ty) => match ty.size() {
                // The condition stands as code where values enter.
                Some(_) => ty.unrefined(),
                None => {
                    let message = "values of this type are larger than any program's memory";
                    self.unsupported(span, message, "use smaller arrays");
                    Type::Error
                }
            },
            Err(Fault { message, help }) => {
                self.unsupported(span, &message, help);
                Type::Error
            }
        };
        TypeName { ty, span }
    }

    /// The type that a descriptor means, with its conditions; `None` if it is none.
    pub(super) fn resolved(&mut self, descriptor: &Value) -> Option<Type> {
        self.resolve(descriptor, &mut Vec::new()).ok()
    }

    /// The type of a record or variant by its identity; `None` if programs have none.
    pub(super) fn declared_type(&mut self, identity: u64, name: &str) -> Option<Type> {
        self.declared(identity, name, &mut Vec::new()).ok()
    }

    fn resolve(&mut self, descriptor: &Value, open: &mut Vec<u64>) -> Result<Type, Fault> {
        ovsm_base::stack::with_room(|| self.resolve_inner(descriptor, open))
    }

    fn resolve_inner(&mut self, descriptor: &Value, open: &mut Vec<u64>) -> Result<Type, Fault> {
        if let Value::Keyword(name) = descriptor {
            return named(name.as_str());
        }
        let parts = match descriptor {
            Value::Array(parts) => parts.as_slice(),
            _ => return Err(fault("this type is not available in programs")),
        };
        let Some((Value::Keyword(tag), parts)) = parts.split_first() else {
            return Err(fault("this type is not available in programs"));
        };
        match (tag.as_str(), parts) {
            ("array", [item]) => {
                let item = self.resolve(item, open)?;
                match item {
                    Type::Account(_) => Err(no_place_for_accounts("an array")),
                    Type::Slice(_) => Err(fault("a view of views is not available in programs")),
                    item => Ok(Type::Slice(Arc::new(item))),
                }
            }
            ("vec", [item]) => {
                let item = self.resolve(item, open)?;
                if matches!(item, Type::Account(_)) {
                    return Err(no_place_for_accounts("a vec"));
                }
                Ok(Type::Vec(Arc::new(item)))
            }
            ("array", [item, length]) => {
                let length = number::to_i64(length).and_then(|length| u32::try_from(length).ok());
                let Some(length) = length else { return Err(fault("an array of this length is too large")) };
                let item = self.resolve(item, open)?;
                match item {
                    Type::Account(_) => Err(no_place_for_accounts("an array")),
                    Type::Slice(_) => Err(fault("an array of views is not available in programs")),
                    item => Ok(Type::Array(Arc::new(item), length)),
                }
            }
            ("or", parts) => {
                let is_null = |part: &Value| matches!(part, Value::Keyword(name) if name.as_str() == "null");
                let others: Vec<&Value> = parts.iter().filter(|part| !is_null(part)).collect();
                match others.as_slice() {
                    [one] if parts.len() == 2 => {
                        let ty = self.resolve(one, open)?;
                        if matches!(ty, Type::Account(_)) {
                            return Err(no_place_for_accounts("an option"));
                        }
                        match matches!(ty, Type::Slice(_) | Type::Null | Type::Option(_)) {
                            true => Err(Fault {
                                message: format!("an option of `{ty}` is not available in programs"),
                                help: "keep the value, and a truth value beside it that says whether it counts",
                            }),
                            false => Ok(Type::Option(Arc::new(ty))),
                        }
                    }
                    _ => Err(Fault {
                        message: "a type of several kinds of values is not available in programs".to_string(),
                        help: "use an enum, or `(option T)` for what may be null",
                    }),
                }
            }
            ("variable", [name]) => {
                let name = ovsm_value::write::display(name);
                // In the definition of a generic type.
                if let Some(number) = self.parameters.iter().position(|parameter| **parameter == *name) {
                    return Ok(Type::Variable(parameter_name(number)));
                }
                // Each use of a function that is put in place has types of its own.
                Ok(Type::Variable(match self.inlining {
                    0 => name.into(),
                    number => format!("{name}#{number}").into(),
                }))
            }
            ("record", [name, identities, arguments @ ..]) => {
                let Value::Array(identities) = identities else { return Err(fault("this type is unknown")) };
                let first = identities.get(0).and_then(number::to_i64).map(|identity| identity as u64);
                let Some(identity) = first else { return Err(fault("this type has no values")) };
                let name = ovsm_value::write::display(name);
                let declared = self.declared(identity, &name, open)?;
                let Type::Applied(generic, own) = declared else { return Ok(declared) };
                let arguments = match arguments.first() {
                    Some(Value::Array(arguments)) => arguments
                        .as_slice()
                        .iter()
                        .map(|argument| self.resolve(argument, open))
                        .collect::<Result<Vec<Type>, Fault>>()?,
                    // The name alone leaves all open, each time others.
                    _ => own.iter().map(|_| self.unnamed_variable()).collect(),
                };
                self.applied(&generic, arguments)
            }
            ("refined", [name, base, function, module]) => {
                let (name, base) = (ovsm_value::write::display(name), self.resolve(base, open)?);
                let condition = match function {
                    Value::Null => None,
                    function => Some(ovsm_value::write::write(function)),
                };
                let module = number::to_i64(module).and_then(|number| u32::try_from(number).ok());
                let module = module.map(|number| self.surroundings.module_name(ModuleId(number)));
                let module = module.unwrap_or_default();
                Ok(Type::Distinct(Arc::new(DistinctType { name, module, base, condition })))
            }
            ("account", [record, Value::Bool(is_mutable), Value::Bool(is_tagged)]) => {
                let record = match record {
                    Value::Null => None,
                    record => match self.resolve(record, open)? {
                        Type::Record(record) if Type::Record(Arc::clone(&record)).is_plain() => Some(record),
                        other => {
                            return Err(Fault {
                                message: format!(
                                    "the data of an account are a record, and `{other}` is none that an account can keep"
                                ),
                                help: "define it: `(account Counter (count : u64))`",
                            });
                        }
                    },
                };
                let (is_mutable, is_tagged) = (*is_mutable, *is_tagged);
                // The instruction may have let it be longer.
                let ty = AccountType { record, is_mutable, is_tagged, is_passed: true, is_longer: true };
                Ok(Type::Account(Arc::new(ty)))
            }
            ("list", _) => Err(fault("lists are not available in programs")),
            ("map", _) => Err(fault("objects are not available in programs")),
            _ => Err(fault("this type is not available in programs")),
        }
    }

    /// The record, enum, or enum of a variant, that has an identity.
    fn declared(&mut self, identity: u64, name: &str, open: &mut Vec<u64>) -> Result<Type, Fault> {
        if open.contains(&identity) {
            return Err(Fault {
                message: format!("`{name}` contains itself, so no memory is large enough for it"),
                help: "keep the number of an item instead of the item",
            });
        }
        if let Some(ty) = self.types.get(&identity) {
            return Ok(ty.clone());
        }
        let parameters = self.session.record(identity).map(|record| record.parameters.clone());
        let count = parameters.as_ref().map_or(0, Vec::len);
        let outer = std::mem::replace(&mut self.parameters, parameters.unwrap_or_default());
        let body = self.declared_body(identity, name, open);
        self.parameters = outer;
        let (mut ty, identities) = body?;
        if count > 0 {
            let module = self.session.record(identity).cloned().map(|record| self.module_of(&record));
            let (name, module) = (name_of(&ty).to_string(), module.unwrap_or_default());
            let generic = Arc::new(GenericType { name, module, parameters: count, body: ty });
            ty = Type::Applied(generic, (0..count).map(parameter_name).map(Type::Variable).collect());
        }
        for identity in identities {
            self.types.insert(identity, ty.clone());
        }
        Ok(ty)
    }

    /// An instance of a generic type.
    fn applied(&mut self, generic: &Arc<GenericType>, arguments: Vec<Type>) -> Result<Type, Fault> {
        if let Some(argument) = arguments
            .iter()
            .find(|argument| matches!(argument, Type::Slice(_) | Type::Vec(_) | Type::Account(_)))
        {
            return Err(Fault {
                message: format!("`{}` of `{argument}` is not available in programs", generic.name),
                help: "a record holds its items: state the length, as in `(array u64 8)`",
            });
        }
        let heavy = arguments.iter().try_fold(1usize, |sum, ty| Some(sum + ty.weight(MAX_PARTS)?));
        if heavy.is_none_or(|sum| sum > MAX_PARTS) {
            return Err(too_many_parts(&generic.name));
        }
        let ty = generic.apply(arguments);
        if ty.weight(MAX_WEIGHT).is_none() || ty.parts(MAX_PARTS).is_none() {
            return Err(too_many_parts(&generic.name));
        }
        Ok(ty)
    }

    /// A variable of a type that a program leaves open without naming it.
    fn unnamed_variable(&mut self) -> Type {
        self.unnamed += 1;
        // What comes after the mark tells uses apart.
        Type::Variable(format!("a#unnamed{}", self.unnamed).into())
    }

    /// A record or enum as it is defined, and the identities of what belongs to it.
    fn declared_body(
        &mut self,
        identity: u64,
        name: &str,
        open: &mut Vec<u64>,
    ) -> Result<(Type, Vec<u64>), Fault> {
        match self.session.variants(identity) {
            Some((name, variants)) => {
                let identities: Vec<u64> = variants.iter().map(|variant| variant.identity).collect();
                let fields: usize = variants.iter().map(|variant| variant.fields.len()).sum();
                if variants.len() > MAX_VARIANTS || fields > MAX_ENUM_FIELDS {
                    return Err(Fault {
                        message: format!(
                            "`{name}` has {} variants with {fields} fields; programs have at most {MAX_VARIANTS} with \
                             {MAX_ENUM_FIELDS}",
                            variants.len()
                        ),
                        help: "use several enums, or keep what the variants have in common beside them",
                    });
                }
                open.extend(&identities);
                let mut types = Vec::new();
                for variant in &variants {
                    types.push(Arc::new(self.record_type(variant, open)?));
                }
                open.truncate(open.len() - identities.len());
                let own = EnumType { name: name.to_string(), variants: types, instance: None };
                let ty = Type::Enum(Arc::new(own));
                Ok((ty, identities))
            }
            None => {
                let Some(record) = self.session.record(identity).cloned() else {
                    return Err(fault(format!("the type `{name}` is unknown here")));
                };
                open.push(identity);
                let ty = Type::Record(Arc::new(self.record_type(&record, open)?));
                open.pop();
                if ty.parts(MAX_PARTS).is_none() {
                    return Err(too_many_parts(name));
                }
                Ok((ty, vec![identity]))
            }
        }
    }

    fn record_type(
        &mut self,
        record: &Rc<ovsm_value::RecordType>,
        open: &mut Vec<u64>,
    ) -> Result<RecordType, Fault> {
        let mut fields = Vec::new();
        for (name, ty) in record.fields.iter().zip(&record.types) {
            if matches!(ty, Value::Null) {
                return Err(Fault {
                    message: format!(
                        "the field `{}` of `{}` has no type, so values of it have no layout",
                        name.as_str(),
                        record.name
                    ),
                    help: "state it, as in `(defrecord Point (x : u64) (y : u64))`",
                });
            }
            let ty = self.resolve(ty, open)?;
            if self.has_foreign_variable(&ty) {
                return Err(Fault {
                    message: format!(
                        "the field `{}` of `{}` leaves its type open",
                        name.as_str(),
                        record.name
                    ),
                    help: "records have fixed layouts: state the type of the field",
                });
            }
            if matches!(ty, Type::Account(_)) {
                return Err(no_place_for_accounts("a record"));
            }
            if matches!(ty, Type::Slice(_)) {
                return Err(Fault {
                    message: format!("the field `{}` of `{}` is a view", name.as_str(), record.name),
                    help: "a record holds its items: state the length, as in `(array u64 8)`",
                });
            }
            fields.push(Field { name: name.as_str().to_string(), ty });
        }
        let module = self.module_of(record);
        let (name, is_aligned) = (record.name.to_string(), record.is_aligned);
        Ok(RecordType { name, module, fields, is_aligned, instance: None })
    }

    /// The name of the module that defines a record.
    fn module_of(&self, record: &ovsm_value::RecordType) -> String {
        let module = self.session.module_named(&record.module);
        module.map_or_else(String::new, |module| self.surroundings.module_name(module))
    }

    /// True if a type of a field leaves something open that is no parameter of the definition.
    fn has_foreign_variable(&self, ty: &Type) -> bool {
        match ty {
            Type::Variable(name) => {
                name.parse::<usize>().map_or(true, |number| number >= self.parameters.len())
            }
            Type::Option(item) | Type::Array(item, _) | Type::Slice(item) | Type::Vec(item) => {
                self.has_foreign_variable(item)
            }
            Type::Applied(_, arguments) => arguments.iter().any(|it| self.has_foreign_variable(it)),
            _ => false,
        }
    }

    /// What a variable that holds a constructor constructs: the type, and the number of the variant.
    pub(super) fn constructed(&mut self, global: GlobalId, span: Option<Span>) -> Option<(Type, usize)> {
        let record = self.session.record_of(global)?.clone();
        let number = match self.session.variants(record.identity) {
            Some((_, variants)) => {
                variants.iter().position(|variant| variant.identity == record.identity).unwrap_or(0)
            }
            None => 0,
        };
        match self.declared(record.identity, &record.name, &mut Vec::new()) {
            Ok(ty) => Some((ty, number)),
            Err(Fault { message, help }) => {
                self.unsupported(span, &message, help);
                Some((Type::Error, 0))
            }
        }
    }

    /// The same for an expression that names a constructor.
    pub(super) fn constructor(&mut self, expr: ExprId) -> Option<(Type, usize)> {
        match self.unit.exprs.get(expr) {
            Some(Expr::Global(global)) => self.constructed(*global, self.span(expr)),
            _ => None,
        }
    }

    /// The expression that a check stands around, and its type.
    pub(super) fn check_of(&mut self, expr: ExprId) -> Option<(ExprId, TypeName)> {
        let Some(Expr::Native(id, operands)) = self.unit.exprs.get(expr) else { return None };
        let [value, ty, _] = operands.as_slice() else { return None };
        if ovsm_library::get(*id)?.name != "#check" {
            return None;
        }
        let (value, ty) = (*value, *ty);
        let descriptor = match self.unit.exprs.get(ty) {
            Some(Expr::Constant(descriptor)) => descriptor.clone(),
            _ => Value::Null,
        };
        Some((value, self.described_type(&descriptor, self.span(ty))))
    }

    /// Reports a parameter of a kind that programs do not have.
    pub(super) fn wrong_count(&mut self, name: &str, takes: usize, given: usize, span: Option<Span>) {
        self.report(
            span,
            Diagnostic::new(
                Code::WrongArity,
                format!("`{name}` takes {takes} argument{}, not {given}", if takes == 1 { "" } else { "s" }),
            ),
        );
    }
}

fn name_of(ty: &Type) -> &str {
    match ty {
        Type::Record(record) => &record.name,
        Type::Enum(parent) => &parent.name,
        _ => "",
    }
}

fn no_place_for_accounts(holder: &str) -> Fault {
    Fault {
        message: format!("{holder} can not hold accounts"),
        help: "pass the account to functions as a parameter, or keep its key",
    }
}

fn too_many_parts(name: &str) -> Fault {
    Fault {
        message: format!("`{name}` is made of more than {MAX_PARTS} values"),
        help: "keep many values of one type in an array",
    }
}

fn named(name: &str) -> Result<Type, Fault> {
    Ok(match name {
        "int" => Type::Int(IntType::I64),
        "bool" => Type::Bool,
        "string" => Type::String,
        "string-builder" => Type::Builder,
        "bytes" => Type::Bytes,
        "pubkey" => Type::Pubkey,
        "null" => Type::Null,
        "any" => {
            return Err(Fault {
                message: "`any` is not available in programs: every value has one type".to_string(),
                help: "state the type of the value",
            });
        }
        name => match IntType::from_name(name) {
            Some(ty) => Type::Int(ty),
            None => return Err(fault(format!("the type `{name}` is not available in programs"))),
        },
    })
}
