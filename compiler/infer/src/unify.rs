//! Type variables and their unification.

use crate::types::Type;
use ovsm_base::IntType;
use std::rc::Rc;
use std::sync::Arc;

/// A type during inference.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Term {
    /// A finished type.
    Known(Type),
    /// A variable of the table.
    Variable(u32),
    /// An array whose items may not be known yet.
    Array(Rc<Term>, u32),
    /// An option whose value may not be known yet.
    Option(Rc<Term>),
}

#[derive(Clone, Debug)]
enum State {
    Unbound { integer: bool },
    Bound(Term),
}

/// All type variables of a group.
#[derive(Default)]
pub(crate) struct Table {
    variables: Vec<State>,
}

impl Table {
    /// A new variable; an integer variable stands for integer types only.
    pub(crate) fn fresh(&mut self, integer: bool) -> Term {
        let number = self.variables.len() as u32;
        self.variables.push(State::Unbound { integer });
        Term::Variable(number)
    }

    /// Follows bindings to an unbound variable or a type, and shortens the path.
    pub(crate) fn resolve(&mut self, term: &Term) -> Term {
        let mut end = term.clone();
        while let Term::Variable(number) = end {
            match self.variables.get(number as usize) {
                Some(State::Bound(next)) => end = next.clone(),
                _ => break,
            }
        }
        let mut walk = term.clone();
        while let Term::Variable(number) = walk {
            match self.variables.get_mut(number as usize) {
                Some(State::Bound(next)) => walk = std::mem::replace(next, end.clone()),
                _ => break,
            }
        }
        end
    }

    /// The items and the length, of an array.
    pub(crate) fn as_array(&mut self, term: &Term) -> Option<(Term, u32)> {
        match self.resolve(term) {
            Term::Array(item, length) => Some(((*item).clone(), length)),
            Term::Known(Type::Array(item, length)) => Some((Term::Known((*item).clone()), length)),
            _ => None,
        }
    }

    /// The items, of what holds its items itself: an array or a vec.
    pub(crate) fn own_items(&mut self, term: &Term) -> Option<Term> {
        match self.resolve(term) {
            Term::Known(Type::Vec(item)) => Some(Term::Known((*item).clone())),
            other => self.as_array(&other).map(|(item, _)| item),
        }
    }

    /// The value, of an option.
    pub(crate) fn as_option(&mut self, term: &Term) -> Option<Term> {
        match self.resolve(term) {
            Term::Option(item) => Some((*item).clone()),
            Term::Known(Type::Option(item)) => Some(Term::Known((*item).clone())),
            _ => None,
        }
    }

    /// True if the term can still become, or is, an integer.
    pub(crate) fn require_integer(&mut self, term: &Term) -> bool {
        match self.resolve(term) {
            Term::Known(ty) => matches!(ty, Type::Int(_) | Type::Error),
            Term::Variable(number) => {
                self.bind(number, State::Unbound { integer: true });
                true
            }
            Term::Array(..) | Term::Option(_) => false,
        }
    }

    /// Makes two terms equal; false if they can not be. A reported error fits everything.
    pub(crate) fn unify(&mut self, a: &Term, b: &Term) -> bool {
        match (self.resolve(a), self.resolve(b)) {
            (Term::Known(Type::Error), Term::Variable(number))
            | (Term::Variable(number), Term::Known(Type::Error)) => {
                self.bind(number, State::Bound(Term::Known(Type::Error)));
                true
            }
            (Term::Known(Type::Error), _) | (_, Term::Known(Type::Error)) => true,
            (Term::Known(x), Term::Known(y)) => x == y || self.unify_parts(&Term::Known(x), &Term::Known(y)),
            (Term::Variable(x), Term::Variable(y)) if x == y => true,
            (Term::Variable(x), Term::Variable(y)) => {
                if self.is_integer(x) {
                    self.bind(y, State::Unbound { integer: true });
                }
                self.bind(x, State::Bound(Term::Variable(y)));
                true
            }
            (Term::Variable(number), other) | (other, Term::Variable(number)) => {
                if self.is_integer(number) && !matches!(other, Term::Known(Type::Int(_))) {
                    return false;
                }
                if self.occurs(number, &other) {
                    return false;
                }
                self.bind(number, State::Bound(other));
                true
            }
            (x, y) => self.unify_parts(&x, &y),
        }
    }

    fn unify_parts(&mut self, a: &Term, b: &Term) -> bool {
        if let (Some((x, n)), Some((y, m))) = (self.as_array(a), self.as_array(b)) {
            return n == m && self.unify(&x, &y);
        }
        match (self.as_option(a), self.as_option(b)) {
            (Some(x), Some(y)) => self.unify(&x, &y),
            _ => false,
        }
    }

    /// True if a variable is part of a term: a type would contain itself.
    fn occurs(&mut self, number: u32, term: &Term) -> bool {
        match self.resolve(term) {
            Term::Variable(other) => other == number,
            Term::Array(item, _) | Term::Option(item) => self.occurs(number, &item),
            Term::Known(_) => false,
        }
    }

    /// The finished type of a term: what nothing constrains is `int`.
    pub(crate) fn finish(&mut self, term: &Term) -> Type {
        match self.resolve(term) {
            Term::Known(ty) => ty,
            Term::Variable(_) => Type::Int(IntType::I64),
            Term::Array(item, length) => Type::Array(Arc::new(self.finish(&item)), length),
            Term::Option(item) => Type::Option(Arc::new(self.finish(&item))),
        }
    }

    /// The term with all that is known put in.
    pub(crate) fn finish_known(&mut self, term: &Term) -> Term {
        match self.resolve(term) {
            Term::Array(item, length) => Term::Array(Rc::new(self.finish_known(&item)), length),
            Term::Option(item) => Term::Option(Rc::new(self.finish_known(&item))),
            other => other,
        }
    }

    pub(crate) fn is_integer(&self, number: u32) -> bool {
        matches!(self.variables.get(number as usize), Some(State::Unbound { integer: true }))
    }

    fn bind(&mut self, number: u32, state: State) {
        if let Some(slot) = self.variables.get_mut(number as usize) {
            *slot = state;
        }
    }
}
