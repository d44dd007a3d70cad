//! The code of a body as stages after inference see it.
//!
//! Places with conditions have the checks that are meant for them. Calls of generic functions become calls of their instances, and the types in the code are those of the representation:
//! distinct types were told apart, and are no more. Nothing else changes; most bodies stay as they are. Start with
//! [`final_code`].

use crate::types::{BodyTypes, Type};
use ovsm_expand::core::{Body, Chain, Expr, ExprId, Key};

/// The code of a body with instances and without distinct types; `None` if it is the same.
pub fn final_code(body: &Body, types: &BodyTypes) -> Option<Body> {
    let has_distinct = body.exprs.iter().any(has_distinct);
    let patterns = fields_of_accounts(body, types);
    let has_guards = body.exprs.iter().any(|expr| matches!(expr, Expr::Guard(_)));
    if types.instances.is_empty() && !has_distinct && !has_guards && patterns.is_empty() {
        return None;
    }
    let mut body = body.clone();
    for (expr, field) in patterns {
        if let Some(Expr::Get(_, key)) = body.exprs.get_mut(expr) {
            *key = Key::Field(field, None);
        }
    }
    if has_guards {
        crate::guard::without_guards(&mut body, types);
    }
    for (call, instance) in &types.instances {
        if let Some(Expr::Call(callee, _)) = body.exprs.get_mut(*call) {
            *callee = instance.def();
        }
    }
    if has_distinct {
        for expr in body.exprs.iter_mut() {
            for_each_type(expr, |ty| *ty = ty.represented());
        }
    }
    let called = body.exprs.iter().filter_map(|expr| match expr {
        Expr::Call(callee, _) => Some(*callee),
        _ => None,
    });
    body.callees = called.collect();
    body.callees.sort_unstable();
    body.callees.dedup();
    Some(body)
}

/// What patterns of records read of accounts: their fields, by name.
fn fields_of_accounts(body: &Body, types: &BodyTypes) -> Vec<(ExprId, String)> {
    let mut found = Vec::new();
    for (number, node) in body.exprs.iter().enumerate() {
        if let Expr::Get(value, Key::Payload(Type::Record(record), _, place)) = node
            && let Some(Type::Account(account)) = types.exprs.get(*value)
            && account.is_of(record)
            && let Some(field) = record.fields.get(*place)
        {
            found.push((ExprId(number as u32), field.name.clone()));
        }
    }
    found
}

/// True if a type in an expression has to become another one.
fn has_distinct(expr: &Expr) -> bool {
    let of_key = |key: &Key| match key {
        Key::Field(_, Some(ty)) | Key::Payload(ty, ..) => ty.has_distinct(),
        Key::Field(_, None) | Key::Index(_) => false,
    };
    match expr {
        Expr::Make(ty, ..) | Expr::IsVariant(_, ty, _) | Expr::HasType(_, ty) | Expr::Into(_, ty) => {
            ty.has_distinct()
        }
        Expr::Ascribe(_, stated) => stated.ty.has_distinct(),
        Expr::Get(_, key) => of_key(key),
        Expr::Put(_, path, _) => path.iter().any(of_key),
        Expr::OpenAccount(_, opening) => opening.ty.has_distinct(),
        Expr::Chain(chain) => match &**chain {
            Chain::Initialize(_, opening) => opening.ty.has_distinct(),
            Chain::Field { record, .. } => record.has_distinct(),
            _ => false,
        },
        _ => false,
    }
}

/// Calls `f` on each type in an expression.
fn for_each_type(expr: &mut Expr, mut f: impl FnMut(&mut Type)) {
    let mut of_key = |key: &mut Key| match key {
        Key::Field(_, Some(ty)) | Key::Payload(ty, ..) => f(ty),
        Key::Field(_, None) | Key::Index(_) => {}
    };
    match expr {
        Expr::Make(ty, ..) | Expr::IsVariant(_, ty, _) | Expr::HasType(_, ty) | Expr::Into(_, ty) => f(ty),
        Expr::Ascribe(_, stated) => f(&mut stated.ty),
        Expr::Get(_, key) => of_key(key),
        Expr::Put(_, path, _) => path.iter_mut().for_each(of_key),
        Expr::OpenAccount(_, opening) => f(&mut opening.ty),
        Expr::Chain(chain) => match &mut **chain {
            Chain::Initialize(_, opening) => f(&mut opening.ty),
            Chain::Field { record, .. } => f(record),
            _ => {}
        },
        _ => {}
    }
}
