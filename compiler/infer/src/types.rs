//! What inference finds out: signatures, and the types of bodies.

use crate::generic::Instance;
use ovsm_base::index::IndexVec;
use ovsm_expand::core::{Body, ExprId, LocalId};
pub use ovsm_expand::ty::Type;
use std::collections::BTreeMap;

/// The types of a function's parameters and of its result.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signature {
    /// Parameters in order.
    pub params: Vec<Type>,
    /// The result.
    pub result: Type,
}

impl Signature {
    /// The signature without distinct types; see [`Type::represented`].
    #[must_use]
    pub fn represented(&self) -> Signature {
        let params = self.params.iter().map(Type::represented).collect();
        Signature { params, result: self.result.represented() }
    }

    /// The signature that the annotations of a function state, if they state all of it, and leave nothing open.
    pub fn annotated(body: &Body) -> Option<Signature> {
        let params = body
            .locals
            .iter()
            .take(body.params as usize)
            .map(|local| local.annotation.as_ref().map(|annotation| annotation.ty.clone()))
            .collect::<Option<Vec<Type>>>()?;
        let result = body.result.as_ref()?.ty.clone();
        let is_open = result.is_open() || params.iter().any(Type::is_open);
        (!is_open).then_some(Signature { params, result })
    }
}

/// How a value becomes one of the type that is needed where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Coercion {
    /// It becomes a present value of this option type.
    Present(Type),
    /// Null becomes the absent value of this option type.
    Absent(Type),
    /// An array becomes a view of its items: this slice type.
    View(Type),
    /// The value of an option that is known to be there: this type.
    Value(Type),
    /// A builder as a string, or a string as a builder: this type.
    Text(Type),
}

impl Coercion {
    /// The type of the result.
    pub fn result(&self) -> &Type {
        match self {
            Coercion::Present(ty)
            | Coercion::Absent(ty)
            | Coercion::View(ty)
            | Coercion::Value(ty)
            | Coercion::Text(ty) => ty,
        }
    }
}

/// The types of one body, as stages after inference know them: without distinct types.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct BodyTypes {
    /// The type of each expression, before it is coerced.
    pub exprs: IndexVec<ExprId, Type>,
    /// What becomes of the values of expressions where they stand, one step after the other.
    pub coercions: BTreeMap<ExprId, Vec<Coercion>>,
    /// The type of each local.
    pub locals: IndexVec<LocalId, Type>,
    /// The instances of generic functions that are called.
    pub instances: BTreeMap<ExprId, Instance>,
    /// The checks that places with conditions have, by the numbers of the choices.
    pub guards: BTreeMap<ExprId, Vec<usize>>,
    /// The type of the body's value; null if it is not used.
    pub result: Option<Type>,
}

impl BodyTypes {
    /// What becomes of the value of an expression where it stands, one step after the other.
    pub fn coercions_of(&self, expr: ExprId) -> &[Coercion] {
        self.coercions.get(&expr).map(Vec::as_slice).unwrap_or_default()
    }

    /// The type of an expression's value where it stands.
    pub fn type_of(&self, expr: ExprId) -> Type {
        match self.coercions_of(expr).last() {
            Some(coercion) => coercion.result().clone(),
            None => self.exprs.get(expr).cloned().unwrap_or(Type::Error),
        }
    }
}
