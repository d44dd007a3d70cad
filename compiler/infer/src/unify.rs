//! Type variables and their unification.

use crate::types::Type;
use ovsm_base::IntType;

/// A type during inference.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Term {
    /// A finished type.
    Known(Type),
    /// A variable of the table.
    Variable(u32),
}

#[derive(Clone, Copy, Debug)]
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
    pub(crate) fn resolve(&mut self, term: Term) -> Term {
        let mut end = term;
        while let Term::Variable(number) = end {
            match self.variables.get(number as usize) {
                Some(State::Bound(next)) => end = *next,
                _ => break,
            }
        }
        let mut walk = term;
        while let Term::Variable(number) = walk {
            match self.variables.get_mut(number as usize) {
                Some(State::Bound(next)) => {
                    walk = *next;
                    *next = end;
                }
                _ => break,
            }
        }
        end
    }

    /// True if the term can still become, or is, an integer.
    pub(crate) fn require_integer(&mut self, term: Term) -> bool {
        match self.resolve(term) {
            Term::Known(ty) => matches!(ty, Type::Int(_) | Type::Error),
            Term::Variable(number) => {
                self.bind(number, State::Unbound { integer: true });
                true
            }
        }
    }

    /// Makes two terms equal; false if they can not be. A reported error fits everything.
    pub(crate) fn unify(&mut self, a: Term, b: Term) -> bool {
        match (self.resolve(a), self.resolve(b)) {
            (Term::Known(Type::Error), Term::Variable(number))
            | (Term::Variable(number), Term::Known(Type::Error)) => {
                self.bind(number, State::Bound(Term::Known(Type::Error)));
                true
            }
            (Term::Known(Type::Error), _) | (_, Term::Known(Type::Error)) => true,
            (Term::Known(x), Term::Known(y)) => x == y,
            (Term::Variable(x), Term::Variable(y)) if x == y => true,
            (Term::Variable(x), Term::Variable(y)) => {
                if self.is_integer(x) {
                    self.bind(y, State::Unbound { integer: true });
                }
                self.bind(x, State::Bound(Term::Variable(y)));
                true
            }
            (Term::Variable(number), Term::Known(ty)) | (Term::Known(ty), Term::Variable(number)) => {
                if self.is_integer(number) && !matches!(ty, Type::Int(_)) {
                    return false;
                }
                self.bind(number, State::Bound(Term::Known(ty)));
                true
            }
        }
    }

    /// The finished type of a term: what nothing constrains is `int`.
    pub(crate) fn finish(&mut self, term: Term) -> Type {
        match self.resolve(term) {
            Term::Known(ty) => ty,
            Term::Variable(_) => Type::Int(IntType::I64),
        }
    }

    fn is_integer(&self, number: u32) -> bool {
        matches!(self.variables.get(number as usize), Some(State::Unbound { integer: true }))
    }

    fn bind(&mut self, number: u32, state: State) {
        if let Some(slot) = self.variables.get_mut(number as usize) {
            *slot = state;
        }
    }
}
