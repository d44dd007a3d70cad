//! Places in memory for what is reached by its address: arrays, and records with arrays in them.
//!
//! Each such value of a body has a fixed place, so that its address is a constant. A function that calls itself, directly or
//! through others, can therefore have none; the layout of the program refuses it. A value that was just made needs no copy
//! when it is bound to a name: the name takes over its place. All others are copied, because values do not change when
//! something else does; unless neither side ever changes.

use ovsm_expand::Builtin;
use ovsm_expand::core::{Body, Chain, Expr, ExprId, Key, LocalId, Variable};
use ovsm_infer::{BodyTypes, Coercion, Type};
use std::collections::{BTreeMap, BTreeSet};

/// The slice that a log of bytes is given: address and length.
pub(crate) const LOG_SLICE: u32 = 16;
/// The word before the bytes of a record that is logged.
pub(crate) const LOG_HEADER: u32 = 8;

/// The places of one body, as offsets from the place of the body itself; all are multiples of 8.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Slots {
    /// Locals that hold a copy.
    pub(crate) locals: BTreeMap<LocalId, u32>,
    /// Expressions that make a value, and variables of the top level that hold a copy.
    pub(crate) exprs: BTreeMap<ExprId, u32>,
    /// Operands that something to their right may change before they are used.
    pub(crate) copies: BTreeMap<ExprId, u32>,
    /// Expressions whose value becomes an option that lies in memory.
    pub(crate) presents: BTreeMap<ExprId, u32>,
    /// Expressions whose value is a vec that somebody else holds, where it gets a second holder, or may change before it is used.
    pub(crate) vecs: BTreeSet<ExprId>,
    /// Bytes in all.
    pub(crate) size: u32,
}

/// True if the value of an expression was made by it, so that nobody else holds it.
pub(crate) fn is_fresh(body: &Body, expr: ExprId) -> bool {
    match body.exprs.get(expr) {
        Some(Expr::Array(_) | Expr::Repeat(..) | Expr::Tabulate(..) | Expr::Make(..) | Expr::Call(..)) => {
            true
        }
        Some(Expr::Builtin(
            Builtin::NewVec
            | Builtin::Push
            | Builtin::WithoutLast
            | Builtin::Append
            | Builtin::Emptied
            | Builtin::NewBuilder,
            _,
        )) => true,
        Some(Expr::Chain(chain)) => {
            matches!(&**chain, Chain::Sysvar(..) | Chain::ReturnedData(_) | Chain::Memory(_))
        }
        Some(Expr::Block(items)) => items.last().is_some_and(|last| is_fresh(body, *last)),
        Some(
            Expr::Ascribe(inner, _) | Expr::Into(inner, _) | Expr::Sequence(inner) | Expr::Scope(_, inner),
        ) => is_fresh(body, *inner),
        _ => false,
    }
}

/// True if the value of an expression is what a variable holds that nobody reads afterwards, and that nobody else holds: it was bound in
/// the block that ends with it, and is changed, so that it stands for no other variable.
fn is_moved(body: &Body, changed: &BTreeSet<LocalId>, expr: ExprId) -> bool {
    let Some(items) = (match body.exprs.get(expr) {
        Some(Expr::Block(items)) => Some(items),
        Some(Expr::Ascribe(inner, _) | Expr::Scope(_, inner)) => return is_moved(body, changed, *inner),
        _ => None,
    }) else {
        return false;
    };
    let Some((last, before)) = items.split_last() else { return false };
    match body.exprs.get(*last) {
        Some(Expr::Local(local)) => {
            let binds =
                |expr: &ExprId| matches!(body.exprs.get(*expr), Some(Expr::Bind(bound, _)) if bound == local);
            changed.contains(local) && before.iter().any(binds)
        }
        _ => is_moved(body, changed, *last),
    }
}

/// The locals that are assigned, in whole or in part.
pub(crate) fn changed_locals(body: &Body) -> BTreeSet<LocalId> {
    body.exprs
        .iter()
        .filter_map(|expr| match expr {
            Expr::SetLocal(local, _) | Expr::Put(Variable::Local(local), ..) => Some(*local),
            _ => None,
        })
        .collect()
}

/// True if a local can stand for the value that it is bound to without a copy: neither ever changes.
pub(crate) fn is_borrowed(body: &Body, changed: &BTreeSet<LocalId>, local: LocalId, value: ExprId) -> bool {
    let mut value = value;
    while let Some(Expr::Ascribe(inner, _) | Expr::Into(inner, _) | Expr::Sequence(inner)) =
        body.exprs.get(value)
    {
        value = *inner;
    }
    match body.exprs.get(value) {
        Some(Expr::Local(source)) => !changed.contains(&local) && !changed.contains(source),
        _ => false,
    }
}

/// The same for a local that stands for a field of what another one holds.
fn is_borrowed_part(body: &Body, changed: &BTreeSet<LocalId>, local: LocalId, value: ExprId) -> bool {
    let mut value = value;
    while let Some(
        Expr::Ascribe(inner, _)
        | Expr::Into(inner, _)
        | Expr::Sequence(inner)
        | Expr::Get(inner, Key::Field(..)),
    ) = body.exprs.get(value)
    {
        value = *inner;
    }
    is_borrowed(body, changed, local, value)
}

/// True if a value may be, or be part of, what others can change while a function has it: a variable of the module, the data of an
/// account, or what an address leads to.
fn is_shared(body: &Body, types: &BodyTypes, root: ExprId) -> bool {
    let mut work = vec![root];
    while let Some(expr) = work.pop() {
        let Some(node) = body.exprs.get(expr) else { continue };
        let is_account = matches!(types.exprs.get(expr), Some(Type::Account(_)));
        let is_address =
            matches!(node, Expr::Chain(chain) if matches!(**chain, Chain::Memory(_) | Chain::BytesAt(..)));
        if is_account || is_address || matches!(node, Expr::Global(_)) {
            return true;
        }
        node.for_each_child(|child| work.push(child));
    }
    false
}

/// True if evaluating an expression may change what a variable holds.
fn may_change(body: &Body, root: ExprId) -> bool {
    let mut work = vec![root];
    while let Some(expr) = work.pop() {
        let Some(node) = body.exprs.get(expr) else { continue };
        if matches!(
            node,
            Expr::SetLocal(..)
                | Expr::SetGlobal(..)
                | Expr::Put(..)
                | Expr::Call(..)
                | Expr::Bind(..)
                | Expr::Chain(_)
                | Expr::Builtin(Builtin::MemStore(_) | Builtin::Syscall, _)
        ) {
            return true;
        }
        node.for_each_child(|child| work.push(child));
    }
    false
}

/// The parts of the data of a call of another program that something to their right may change before they are put
/// together. Where all parts are of a known size, each is stored as it comes.
fn changed_later(body: &Body, types: &BodyTypes, node: &Expr) -> Vec<ExprId> {
    let Expr::Chain(chain) = node else { return Vec::new() };
    let Chain::Invoke { data, signers, .. } = &**chain else { return Vec::new() };
    if !data.iter().any(|part| crate::lower::chain::is_view(&types.type_of(*part))) {
        return Vec::new();
    }
    let mut changes = signers.iter().flatten().any(|seed| may_change(body, *seed));
    let mut found = Vec::new();
    for part in data.iter().rev() {
        if changes {
            found.push(*part);
        }
        changes |= may_change(body, *part);
    }
    found
}

/// The expressions whose vec has to be copied.
fn held_vecs(body: &Body, types: &BodyTypes, changed: &BTreeSet<LocalId>) -> BTreeSet<ExprId> {
    let mut vecs = BTreeSet::new();
    let holds = |expr: ExprId| types.exprs.get(expr).is_some_and(Type::holds_heap);
    if !types.exprs.iter().any(Type::holds_heap) {
        return vecs;
    }
    for node in body.exprs.iter() {
        match node {
            Expr::Bind(local, value)
                if !is_borrowed(body, changed, *local, *value)
                    && !is_borrowed_part(body, changed, *local, *value) =>
            {
                vecs.insert(*value);
            }
            Expr::SetLocal(_, value)
            | Expr::SetGlobal(_, value)
            | Expr::Define(_, value)
            | Expr::Put(_, _, value) => {
                vecs.insert(*value);
            }
            Expr::Get(whole, Key::Index(index)) if may_change(body, *index) => {
                vecs.insert(*whole);
            }
            _ => {}
        }
        for operand in changed_later(body, types, node) {
            vecs.insert(operand);
        }
        if let Expr::Call(_, operands)
        | Expr::Array(operands)
        | Expr::Make(_, _, operands)
        | Expr::Builtin(_, operands) = node
        {
            let mut changes = false;
            for operand in operands.iter().rev() {
                let is_view = !types.type_of(*operand).holds_heap();
                let is_argument = matches!(node, Expr::Call(..));
                // A record holds what it is made of.
                let is_part = matches!(node, Expr::Make(..)) && !is_view;
                if changes || is_part || (is_argument && (!is_view || is_shared(body, types, *operand))) {
                    vecs.insert(*operand);
                }
                changes |= may_change(body, *operand);
            }
        }
    }
    // What a function gives back is held by its caller. Its own variables end.
    if let Some(value) = body.root.and_then(|root| last_of(body, root))
        && !matches!(body.exprs.get(value), Some(Expr::Local(_)))
    {
        vecs.insert(value);
    }
    vecs.retain(|expr| holds(*expr) && !is_fresh(body, *expr) && !is_moved(body, changed, *expr));
    vecs
}

/// What a value is in the end.
fn last_of(body: &Body, expr: ExprId) -> Option<ExprId> {
    match body.exprs.get(expr)? {
        Expr::Block(items) => last_of(body, *items.last()?),
        Expr::Scope(_, inner) | Expr::Ascribe(inner, _) => last_of(body, *inner),
        _ => Some(expr),
    }
}

impl Slots {
    /// The places that a body needs.
    pub(crate) fn new(body: &Body, types: &BodyTypes) -> Slots {
        let mut slots = Slots::default();
        let is_by_address = |expr: ExprId| {
            types.exprs.get(expr).is_some_and(Type::is_by_address) || types.type_of(expr).is_by_address()
        };
        let changed = changed_locals(body);
        for number in 0..body.locals.len() {
            let local = LocalId(number as u32);
            let Some(ty) = types.locals.get(local).filter(|ty| ty.is_by_address()) else { continue };
            if (number as u32) < body.params && changed.contains(&local) {
                let offset = slots.take(ty);
                slots.locals.insert(local, offset);
            }
        }
        slots.vecs = held_vecs(body, types, &changed);
        for (number, node) in body.exprs.iter().enumerate() {
            let expr = ExprId(number as u32);
            match node {
                Expr::Bind(local, value) if types.type_of(*value).is_by_address() => {
                    let needs_place = !is_fresh(body, *value) && !is_borrowed(body, &changed, *local, *value);
                    if let Some(ty) = types.locals.get(*local)
                        && needs_place
                        && !slots.locals.contains_key(local)
                    {
                        let offset = slots.take(ty);
                        slots.locals.insert(*local, offset);
                    }
                }
                // A view shows what a variable holds now.
                Expr::Bind(local, value)
                    if matches!(types.coercions_of(*value), [.., Coercion::View(_)])
                        && !is_fresh(body, *value)
                        && !is_borrowed(body, &changed, *local, *value) =>
                {
                    let ty = types.exprs.get(*value).cloned().unwrap_or(Type::Error);
                    match ty {
                        // Its items lie in the heap, and so does a copy of them.
                        Type::Vec(_) if is_moved(body, &changed, *value) => {}
                        Type::Vec(_) if is_borrowed_part(body, &changed, *local, *value) => {}
                        Type::Vec(_) => drop(slots.vecs.insert(*value)),
                        ty => {
                            let offset = slots.take(&ty);
                            slots.copies.insert(*value, offset);
                        }
                    }
                }
                Expr::Define(_, value) if is_by_address(*value) && !is_fresh(body, *value) => {
                    let offset = slots.take(&types.type_of(*value));
                    slots.exprs.insert(expr, offset);
                }
                // The bytes, and a slice of them.
                Expr::LogRecord(record, _) => {
                    let size = types.exprs.get(*record).and_then(Type::size).unwrap_or(0);
                    let offset = slots.take_bytes(size.saturating_add(LOG_HEADER + LOG_SLICE));
                    slots.exprs.insert(expr, offset);
                }
                Expr::Chain(chain) => {
                    let own = match &**chain {
                        // What is read, whose type the expression has; and the keys of who returned it.
                        Chain::Sysvar(..) | Chain::ReturnedData(_) => types
                            .exprs
                            .get(expr)
                            .and_then(Type::size)
                            .map(|size| size.next_multiple_of(8) + 64),
                        Chain::Memory(_) => {
                            types.exprs.get(expr).filter(|ty| ty.is_by_address()).and_then(Type::size)
                        }
                        Chain::SetReturnData(value) => types.type_of(*value).size(),
                        chain => Some(crate::lower::chain::place_size(chain, types)),
                    };
                    let offset = slots.take_bytes(own.unwrap_or(0));
                    slots.exprs.insert(expr, offset);
                }
                Expr::Array(_)
                | Expr::Repeat(..)
                | Expr::Tabulate(..)
                | Expr::Make(..)
                | Expr::Call(..)
                | Expr::Present(_)
                    if types.exprs.get(expr).is_some_and(Type::is_by_address) =>
                {
                    if let Some(ty) = types.exprs.get(expr) {
                        let offset = slots.take(ty);
                        slots.exprs.insert(expr, offset);
                    }
                }
                _ => {}
            }
            let present = types.coercions_of(expr).iter().find_map(|coercion| match coercion {
                Coercion::Present(ty) if ty.is_by_address() => Some(ty),
                _ => None,
            });
            if let Some(ty) = present {
                let offset = slots.take(ty);
                slots.presents.insert(expr, offset);
            }
            for part in changed_later(body, types, node) {
                if is_by_address(part) && !is_fresh(body, part) {
                    let ty = types.exprs.get(part).cloned().unwrap_or(Type::Error);
                    let offset = slots.take(&ty);
                    slots.copies.insert(part, offset);
                }
            }
            // An index is evaluated after what it belongs to.
            if let Expr::Get(whole, Key::Index(index)) = node
                && is_by_address(*whole)
                && !is_fresh(body, *whole)
                && may_change(body, *index)
            {
                let ty = types.exprs.get(*whole).cloned().unwrap_or(Type::Error);
                let offset = slots.take(&ty);
                slots.copies.insert(*whole, offset);
            }
            if let Expr::Call(_, operands)
            | Expr::Array(operands)
            | Expr::Make(_, _, operands)
            | Expr::Builtin(_, operands) = node
                && operands.iter().any(|operand| is_by_address(*operand))
            {
                let mut changes = false;
                for operand in operands.iter().rev() {
                    // A function may change the variables of the module.
                    let shared = matches!(node, Expr::Call(..)) && is_shared(body, types, *operand);
                    if (changes || shared) && is_by_address(*operand) && !is_fresh(body, *operand) {
                        let ty = types.exprs.get(*operand).cloned().unwrap_or(Type::Error);
                        let offset = slots.take(&ty);
                        slots.copies.insert(*operand, offset);
                    }
                    changes |= may_change(body, *operand);
                }
            }
        }
        slots
    }

    fn take(&mut self, ty: &Type) -> u32 {
        self.take_bytes(ty.size().unwrap_or(0))
    }

    fn take_bytes(&mut self, size: u32) -> u32 {
        let offset = self.size;
        self.size = self.size.saturating_add(size.next_multiple_of(8));
        offset
    }
}
