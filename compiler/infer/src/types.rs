//! The types of this version of the language, after inference.

use ovsm_base::IntType;
use ovsm_base::index::IndexVec;
use ovsm_expand::core::{Body, ExprId, LocalId, TypeKind};

/// The type of a value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Type {
    /// `null`.
    Null,
    /// `bool`.
    Bool,
    /// `string`: UTF-8 text.
    String,
    /// A fixed-width integer; `int` is `i64`.
    Int(IntType),
    /// Already reported; fits everything.
    Error,
}

impl From<TypeKind> for Type {
    fn from(kind: TypeKind) -> Type {
        match kind {
            TypeKind::Int(ty) => Type::Int(ty),
            TypeKind::Bool => Type::Bool,
            TypeKind::String => Type::String,
            TypeKind::Null => Type::Null,
            TypeKind::Error => Type::Error,
        }
    }
}

impl std::fmt::Display for Type {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Type::Null => f.write_str("null"),
            Type::Bool => f.write_str("bool"),
            Type::String => f.write_str("string"),
            Type::Int(ty) => ty.fmt(f),
            Type::Error => f.write_str("unknown"),
        }
    }
}

/// The types of a function's parameters and of its result.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signature {
    /// Parameters in order.
    pub params: Vec<Type>,
    /// The result.
    pub result: Type,
}

impl Signature {
    /// The signature that the annotations of a function state, if they state all of it.
    pub fn annotated(body: &Body) -> Option<Signature> {
        let params = body
            .locals
            .iter()
            .take(body.params as usize)
            .map(|local| local.annotation.as_ref().map(|annotation| Type::from(annotation.kind)))
            .collect::<Option<Vec<Type>>>()?;
        Some(Signature { params, result: Type::from(body.result.as_ref()?.kind) })
    }
}

/// The types of one body.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct BodyTypes {
    /// The type of each expression.
    pub exprs: IndexVec<ExprId, Type>,
    /// The type of each local.
    pub locals: IndexVec<LocalId, Type>,
    /// The type of the body's value; null if it is not used.
    pub result: Option<Type>,
}
