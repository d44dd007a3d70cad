//! Variables with a stated type: what enters them later is checked as what entered first was.
//!
//! The type of a variable holds for as long as the variable lives, so every assignment of it, or of a part of it, is
//! checked. What is known to fit costs nothing, and of a collection only what is new in it is checked. Code of programs
//! for Solana is checked for the conditions of refinements only: inference knows all of its types. Start with [`Expander::entering`].

use super::Expander;
use crate::core::{Expr, ExprId, GlobalId, LocalId};
use crate::module::Type;
use ovsm_value::number::FixedType;
use ovsm_value::{NativeId, Value};
use std::rc::Rc;

/// A variable that may have a stated type.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variable {
    Local(LocalId),
    Global(GlobalId),
}

/// Operations whose result has the type that all their operands have, or that raise an error.
const CLOSED: &[&str] = &["+", "-", "*", "//", "%", "mod", "rem", "min", "max"];

/// Kinds of collections that stay of their kind when a part of them is replaced.
const KINDS: &[&str] =
    &["array", "list", "object", "set", "string", "string-builder", "bytes", "hash-table", "record"];

impl Expander<'_> {
    /// Notes the type of a local from here on.
    pub(crate) fn state_local(&mut self, local: LocalId, ty: &Type) {
        let matters = !self.front.is_program || ty.has_condition();
        if matters && !matches!(ty, Type::Any | Type::Variable(_)) {
            self.stated.insert(local, Rc::new(ty.clone()));
        }
    }

    /// Notes the type of a variable of the module, or that it has none.
    pub(crate) fn state_global(&mut self, global: GlobalId, ty: Option<&Type>) {
        let matters = |ty: &Type| !self.front.is_program || ty.has_condition();
        match ty {
            Some(ty) if matters(ty) && !matches!(ty, Type::Any | Type::Variable(_)) => {
                let name = Rc::from(self.machine.global_name(global));
                self.front.stated.insert(global, (name, Rc::new(ty.clone())));
            }
            _ => drop(self.front.stated.remove(&global)),
        }
    }

    /// The stated type of a variable, and how messages name the variable.
    pub(crate) fn stated(&self, variable: Variable) -> Option<(String, Rc<Type>)> {
        match variable {
            Variable::Local(local) => {
                let ty = self.stated.get(&local)?;
                Some((format!("`{}`", self.unit.locals.get(local)?.name), Rc::clone(ty)))
            }
            Variable::Global(global) => {
                let (name, ty) = self.front.stated.get(&global)?;
                Some((format!("`{name}`"), Rc::clone(ty)))
            }
        }
    }

    /// A value that is to be assigned to a variable.
    pub(crate) fn entering(&mut self, variable: Variable, value: ExprId) -> ExprId {
        let Some((what, ty)) = self.stated(variable) else { return value };
        if self.fits_always(value, &ty) {
            return value;
        }
        match self.with_checked_part(variable, value, &what, &ty) {
            Some(value) => value,
            None => self.checked_as(value, &ty, &what),
        }
    }

    /// An assignment of a variable.
    pub(crate) fn assign_variable(&mut self, variable: Variable, value: ExprId) -> ExprId {
        let value = self.entering(variable, value);
        match variable {
            Variable::Local(local) => self.add(Expr::SetLocal(local, value)),
            Variable::Global(global) => self.add(Expr::SetGlobal(global, value)),
        }
    }

    fn read_variable(&mut self, variable: Variable) -> ExprId {
        match variable {
            Variable::Local(local) => self.add(Expr::Local(local)),
            Variable::Global(global) => self.add(Expr::Global(global)),
        }
    }

    fn is_read_of(&self, variable: Variable, expr: ExprId) -> bool {
        match (self.unit.exprs.get(expr), variable) {
            (Some(Expr::Local(read)), Variable::Local(local)) => *read == local,
            (Some(Expr::Global(read)), Variable::Global(global)) => *read == global,
            _ => false,
        }
    }

    /// True if the value of an expression is of a type whenever it has one.
    fn fits_always(&self, expr: ExprId, ty: &Type) -> bool {
        let Type::Named(name) = ty else { return false };
        match self.unit.exprs.get(expr) {
            Some(Expr::Constant(value)) => ovsm_library::check::is_named(value, name),
            Some(Expr::Local(local)) => self.has_type(Variable::Local(*local), name),
            Some(Expr::Global(global)) => self.has_type(Variable::Global(*global), name),
            Some(Expr::Native(id, operands)) => {
                let Some(native) = ovsm_library::get(*id) else { return false };
                let is_number = matches!(&**name, "int" | "float") || FixedType::from_name(name).is_some();
                // A literal goes with any width; one operand has to bring the type.
                let is_literal = |operand: &ExprId| {
                    matches!(self.unit.exprs.get(*operand), Some(Expr::Constant(Value::Int(_))))
                };
                is_number
                    && operands.len() == 2
                    && CLOSED.contains(&native.name)
                    && (&**name != "float" || matches!(native.name, "+" | "-" | "*"))
                    && operands.iter().any(|operand| !is_literal(operand))
                    && operands.iter().all(|operand| {
                        is_literal(operand) || ovsm_base::stack::with_room(|| self.fits_always(*operand, ty))
                    })
            }
            _ => false,
        }
    }

    fn has_type(&self, variable: Variable, name: &str) -> bool {
        let ty = match variable {
            Variable::Local(local) => self.stated.get(&local),
            Variable::Global(global) => self.front.stated.get(&global).map(|(_, ty)| ty),
        };
        matches!(ty.map(|ty| &**ty), Some(Type::Named(other)) if **other == *name)
    }

    /// `(set! xs (push xs item))`: only the item is checked, if that is enough.
    fn with_checked_part(
        &mut self,
        variable: Variable,
        value: ExprId,
        what: &str,
        ty: &Type,
    ) -> Option<ExprId> {
        let Some(Expr::Native(id, operands)) = self.unit.exprs.get(value) else { return None };
        let (id, operands) = (*id, operands.clone());
        let (first, rest) = operands.split_first()?;
        if !self.is_read_of(variable, *first) {
            return None;
        }
        let rest = self.kept(id, rest.to_vec(), what, ty)?;
        let operands = std::iter::once(*first).chain(rest).collect();
        Some(self.add(Expr::Native(id, operands)))
    }

    /// The further arguments of an update of a value of a type, with checks that make its result one of the type.
    /// `None` if only the result itself tells.
    pub(crate) fn kept(
        &mut self,
        native: NativeId,
        mut arguments: Vec<ExprId>,
        what: &str,
        ty: &Type,
    ) -> Option<Vec<ExprId>> {
        // A type of its own without a condition is as the type below.
        if let Type::Refined(_, base, None, _) = ty {
            return self.kept(native, arguments, what, base);
        }
        let name = ovsm_library::get(native)?.name;
        let part = format!("an item of {what}");
        match (name, ty) {
            ("push", Type::Array(item, None) | Type::Vec(item) | Type::List(item)) => {
                let [new] = arguments.as_mut_slice() else { return None };
                *new = self.checked_as(*new, item, &part);
            }
            // What programs join are arrays, vecs and views; in scripts only the result tells.
            ("append-to", Type::Vec(item)) if self.front.is_program && item.has_condition() => {
                let items = Type::Array(item.clone(), None);
                for part in &mut arguments {
                    *part = self.checked_as(*part, &items, what);
                }
            }
            ("emptied", Type::Array(_, None) | Type::Vec(_) | Type::List(_)) => {}
            ("without-last" | "rest", Type::Array(_, None) | Type::Vec(_) | Type::List(_)) => {}
            ("put", Type::Array(item, _) | Type::Vec(item) | Type::List(item)) => {
                let [_, new] = arguments.as_mut_slice() else { return None };
                *new = self.checked_as(*new, item, &part);
            }
            ("put", Type::Map(key_type, item)) => {
                let [key, new] = arguments.as_mut_slice() else { return None };
                // The keys of an object are names, which are strings and keywords at once.
                if !matches!(&**key_type, Type::Named(name) if matches!(&**name, "string" | "keyword" | "symbol"))
                {
                    *key = self.checked_as(*key, key_type, &format!("a key of {what}"));
                }
                *new = self.checked_as(*new, item, &part);
            }
            ("put" | "#put-in" | "#update-in", Type::Record(..)) => {}
            (
                "push" | "append-to" | "emptied" | "put" | "without-last" | "#put-in" | "#update-in",
                Type::Named(name),
            ) if KINDS.contains(&&**name) => {}
            ("#put-in", _) => {
                let [path, new] = arguments.as_mut_slice() else { return None };
                let inner = self.at_path(*path, ty)?;
                *new = self.checked_as(*new, &inner, &format!("a part of {what}"));
            }
            ("#update-in", _) => {
                let [path, function, rest @ ..] = arguments.as_slice() else { return None };
                let inner = self.at_path(*path, ty)?;
                if !matches!(inner, Type::Any) {
                    let Some(Expr::Constant(Value::Native(step))) = self.unit.exprs.get(*function) else {
                        return None;
                    };
                    let (step, path, function) = (*step, *path, *function);
                    let rest = self.kept(step, rest.to_vec(), &format!("a part of {what}"), &inner)?;
                    arguments = vec![path, function];
                    arguments.extend(rest);
                }
            }
            _ => return None,
        }
        Some(arguments)
    }

    /// The type of what is at the end of a path of a value of a type; `Any` if nothing is stated about it, or a record
    /// says it. `None` if the parts do not tell.
    fn at_path(&self, path: ExprId, ty: &Type) -> Option<Type> {
        let Some(Expr::Native(_, keys)) = self.unit.exprs.get(path) else { return None };
        let mut ty = ty.clone();
        for _ in keys {
            while let Type::Refined(_, base, None, _) = ty {
                ty = (*base).clone();
            }
            ty = match ty {
                Type::Array(item, _) | Type::Vec(item) | Type::List(item) | Type::Map(_, item) => {
                    (*item).clone()
                }
                Type::Record(..) => return Some(Type::Any),
                Type::Named(name) if KINDS.contains(&&*name) => {
                    return Some(Type::Any);
                }
                Type::Any => return Some(Type::Any),
                _ => return None,
            };
        }
        Some(ty)
    }

    /// Replaces a variable by a native of its value and the arguments.
    pub(crate) fn update_variable(
        &mut self,
        variable: Variable,
        native: NativeId,
        arguments: Vec<ExprId>,
    ) -> ExprId {
        if let Some((what, ty)) = self.stated(variable) {
            match self.kept(native, arguments.clone(), &what, &ty) {
                Some(arguments) => return self.plain_update(variable, native, arguments),
                None => {
                    let mut operands = vec![self.read_variable(variable)];
                    operands.extend(arguments.iter().copied());
                    let value = self.add(Expr::Native(native, operands));
                    if !self.fits_always(value, &ty) {
                        // A path is no value, and its keys are bound already.
                        let is_path =
                            ["#put-in", "#update-in"].map(|name| self.native_id(name)).contains(&native);
                        let (path, rest) = arguments.split_at(usize::from(is_path).min(arguments.len()));
                        let (mut bindings, rest) = self.bound_first(rest);
                        let read = self.read_variable(variable);
                        let mut steps = Vec::new();
                        let value = if self.grows_in_place(native) {
                            let own = self.local("own");
                            bindings.push((own, read));
                            steps.push(self.add(Expr::UpdateLocal(own, native, rest)));
                            self.read(own)
                        } else {
                            let operands = std::iter::once(read).chain(path.iter().copied()).chain(rest);
                            self.add(Expr::Native(native, operands.collect()))
                        };
                        let value = self.checked_as(value, &ty, &what);
                        steps.push(match variable {
                            Variable::Local(local) => self.add(Expr::SetLocal(local, value)),
                            Variable::Global(global) => self.add(Expr::SetGlobal(global, value)),
                        });
                        let set = self.sequence(steps);
                        return match bindings.is_empty() {
                            true => set,
                            false => self.add(Expr::Let(bindings, set)),
                        };
                    }
                }
            }
        }
        self.plain_update(variable, native, arguments)
    }

    /// True for what programs do to a variable only: there a vec has memory of its own.
    fn grows_in_place(&self, native: NativeId) -> bool {
        self.front.is_program
            && ovsm_library::get(native)
                .is_some_and(|native| ["push", "without-last", "append-to", "emptied"].contains(&native.name))
    }

    /// The arguments of an update, evaluated before the value that they change is read: they may change it, too.
    pub(crate) fn bound_first(&mut self, arguments: &[ExprId]) -> (Vec<(LocalId, ExprId)>, Vec<ExprId>) {
        let mut bindings = Vec::new();
        let mut reads = Vec::with_capacity(arguments.len());
        for argument in arguments.iter().copied() {
            let is_same_later = match self.unit.exprs.get(argument) {
                Some(Expr::Constant(_) | Expr::Lambda(_)) => true,
                // The key of a place, too, which should be seen as what it is.
                Some(Expr::Local(local)) => !self.assigned.contains(local),
                _ => false,
            };
            if is_same_later {
                reads.push(argument);
                continue;
            }
            let local = self.local("operand");
            bindings.push((local, argument));
            reads.push(self.read(local));
        }
        (bindings, reads)
    }

    pub(crate) fn plain_update(
        &mut self,
        variable: Variable,
        native: NativeId,
        arguments: Vec<ExprId>,
    ) -> ExprId {
        match variable {
            Variable::Local(local) => self.add(Expr::UpdateLocal(local, native, arguments)),
            Variable::Global(global) => self.add(Expr::UpdateGlobal(global, native, arguments)),
        }
    }
}
