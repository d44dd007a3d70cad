//! Type variables and their unification.

use crate::types::Type;
use ovsm_base::IntType;
use ovsm_expand::ty::{GenericType, parameter_name};
use rustc_hash::FxHashMap;
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
    /// A view of items that may not be known yet.
    Slice(Rc<Term>),
    /// A vec of items that may not be known yet.
    Vec(Rc<Term>),
    /// An option whose value may not be known yet.
    Option(Rc<Term>),
    /// A generic record or enum whose arguments may not be known yet.
    Applied(Arc<GenericType>, Rc<[Term]>),
}

/// A type is made of at most so many others while it is inferred.
const MAX_WEIGHT: usize = 4096;
/// So many parts of generic types are looked at in a group: types that hold one type twice, several levels deep, could
/// otherwise take any time.
const MAX_WORK: usize = 4_000_000;

#[derive(Clone, Debug)]
enum State {
    Unbound(Limits),
    Bound(Term),
}

/// What an unbound variable may become.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
struct Limits {
    /// Integer types only.
    integer: bool,
    /// It stands for a type that the program names, `'a`: a value of it is one, whatever it turns out to be.
    stated: bool,
}

/// All type variables of a group.
#[derive(Default)]
pub(crate) struct Table {
    variables: Vec<State>,
    /// How many parts of generic types were looked at.
    work: usize,
    /// True once a type was too large.
    pub(crate) is_too_large: bool,
}

impl Table {
    /// A new variable; an integer variable stands for integer types only.
    pub(crate) fn fresh(&mut self, integer: bool) -> Term {
        self.add(Limits { integer, stated: false })
    }

    fn add(&mut self, limits: Limits) -> Term {
        let number = self.variables.len() as u32;
        self.variables.push(State::Unbound(limits));
        Term::Variable(number)
    }

    /// The term of a type that a program states. `names` has the variables of the types that it leaves open.
    pub(crate) fn stated(&mut self, ty: &Type, names: &mut FxHashMap<Arc<str>, Term>) -> Term {
        match ty {
            ty if !ty.is_open() => Term::Known(ty.clone()),
            Type::Variable(name) => match names.get(name) {
                Some(term) => term.clone(),
                None => {
                    let term = self.add(Limits { integer: false, stated: true });
                    names.insert(Arc::clone(name), term.clone());
                    term
                }
            },
            Type::Array(item, length) => Term::Array(Rc::new(self.stated(item, names)), *length),
            Type::Slice(item) => Term::Slice(Rc::new(self.stated(item, names))),
            Type::Vec(item) => Term::Vec(Rc::new(self.stated(item, names))),
            Type::Option(item) => Term::Option(Rc::new(self.stated(item, names))),
            Type::Applied(generic, arguments) => {
                let arguments = arguments.iter().map(|argument| self.stated(argument, names)).collect();
                Term::Applied(Arc::clone(generic), arguments)
            }
            other => Term::Known(other.clone()),
        }
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

    /// The same, with the type below in place of a distinct one: what values are made of.
    pub(crate) fn represented(&mut self, term: &Term) -> Term {
        match self.resolve(term) {
            Term::Known(ty @ Type::Distinct(_)) => Term::Known(ty.underlying().clone()),
            other => other,
        }
    }

    /// The items and the length, of an array.
    pub(crate) fn as_array(&mut self, term: &Term) -> Option<(Term, u32)> {
        match self.represented(term) {
            Term::Array(item, length) => Some(((*item).clone(), length)),
            Term::Known(Type::Array(item, length)) => Some((Term::Known((*item).clone()), length)),
            _ => None,
        }
    }

    /// The items, of what holds its items itself: an array or a vec.
    pub(crate) fn own_items(&mut self, term: &Term) -> Option<Term> {
        match self.as_vec(term) {
            Some(item) => Some(item),
            None => self.as_array(term).map(|(item, _)| item),
        }
    }

    /// The items, of a vec.
    pub(crate) fn as_vec(&mut self, term: &Term) -> Option<Term> {
        match self.represented(term) {
            Term::Vec(item) => Some((*item).clone()),
            Term::Known(Type::Vec(item)) => Some(Term::Known((*item).clone())),
            _ => None,
        }
    }

    /// The items, of a view; those of `bytes` are bytes.
    pub(crate) fn as_view(&mut self, term: &Term) -> Option<Term> {
        match self.represented(term) {
            Term::Slice(item) => Some((*item).clone()),
            Term::Known(Type::Slice(item)) => Some(Term::Known((*item).clone())),
            Term::Known(Type::Bytes) => Some(Term::Known(Type::Int(IntType::U8))),
            _ => None,
        }
    }

    /// The value, of an option.
    pub(crate) fn as_option(&mut self, term: &Term) -> Option<Term> {
        match self.represented(term) {
            Term::Option(item) => Some((*item).clone()),
            Term::Known(Type::Option(item)) => Some(Term::Known((*item).clone())),
            _ => None,
        }
    }

    /// The definition and the arguments, of an instance of a generic type.
    pub(crate) fn as_applied(&mut self, term: &Term) -> Option<(Arc<GenericType>, Vec<Term>)> {
        match self.represented(term) {
            Term::Applied(generic, arguments) => Some((generic, arguments.to_vec())),
            Term::Known(ty) => {
                let instance = ty.instance()?;
                let arguments = instance.arguments.iter().map(|ty| Term::Known(ty.clone()));
                Some((Arc::clone(&instance.generic), arguments.collect()))
            }
            _ => None,
        }
    }

    /// The type of a field of an instance of a generic type.
    pub(crate) fn field_of(&mut self, ty: &Type, arguments: &[Term]) -> Term {
        let numbered = arguments.iter().enumerate();
        let mut names: FxHashMap<Arc<str>, Term> =
            numbered.map(|(number, term)| (parameter_name(number), term.clone())).collect();
        self.stated(&ty.unrefined(), &mut names)
    }

    /// Counts the parts of a generic type that are looked at; false if there are too many.
    fn may_look(&mut self, parts: usize) -> bool {
        self.work = self.work.saturating_add(parts);
        if self.work > MAX_WORK {
            self.is_too_large = true;
        }
        self.work <= MAX_WORK
    }

    /// True if nothing is known of what the values of a term are: they may also be null, or an option.
    pub(crate) fn is_unknown(&self, resolved: &Term) -> bool {
        match resolved {
            Term::Variable(number) => self.limits(*number) == Limits::default(),
            _ => false,
        }
    }

    /// Says of a term of which nothing is known that its values are not null.
    pub(crate) fn require_value(&mut self, resolved: &Term) {
        if let Term::Variable(number) = resolved {
            let limits = Limits { stated: true, ..self.limits(*number) };
            self.bind(*number, State::Unbound(limits));
        }
    }

    /// True if the term can still become, or is, an integer.
    pub(crate) fn require_integer(&mut self, term: &Term) -> bool {
        match self.resolve(term) {
            Term::Known(ty) => matches!(ty.underlying(), Type::Int(_) | Type::Error),
            Term::Variable(number) => {
                let limits = Limits { integer: true, ..self.limits(number) };
                self.bind(number, State::Unbound(limits));
                true
            }
            Term::Array(..) | Term::Slice(_) | Term::Vec(_) | Term::Option(_) | Term::Applied(..) => false,
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
                let (of_x, of_y) = (self.limits(x), self.limits(y));
                let both =
                    Limits { integer: of_x.integer || of_y.integer, stated: of_x.stated || of_y.stated };
                self.bind(y, State::Unbound(both));
                self.bind(x, State::Bound(Term::Variable(y)));
                true
            }
            (Term::Variable(number), other) | (other, Term::Variable(number)) => {
                let is_integer = |ty: &Type| matches!(ty.underlying(), Type::Int(_));
                if self.is_integer(number) && !matches!(&other, Term::Known(ty) if is_integer(ty)) {
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
        // A distinct type is equal to itself only.
        if [a, b].iter().any(|term| matches!(term, Term::Known(Type::Distinct(_)))) {
            return false;
        }
        if let (Some((x, n)), Some((y, m))) = (self.as_array(a), self.as_array(b)) {
            return n == m && self.unify(&x, &y);
        }
        if let (Some(x), Some(y)) = (self.as_vec(a), self.as_vec(b)) {
            return self.unify(&x, &y);
        }
        let is_bytes = |term: &Term| matches!(term, Term::Known(Type::Bytes));
        // `bytes` is a type of its own.
        if let (Some(x), Some(y)) = (self.as_view(a), self.as_view(b)) {
            return is_bytes(a) == is_bytes(b) && self.unify(&x, &y);
        }
        if let (Some((x, of_x)), Some((y, of_y))) = (self.as_applied(a), self.as_applied(b)) {
            return x == y
                && self.may_look(of_x.len())
                && of_x.iter().zip(&of_y).all(|(x, y)| ovsm_base::stack::with_room(|| self.unify(x, y)));
        }
        match (self.as_option(a), self.as_option(b)) {
            (Some(x), Some(y)) => self.unify(&x, &y),
            _ => false,
        }
    }

    /// True if a variable is part of a term: a type would contain itself.
    pub(crate) fn occurs(&mut self, number: u32, term: &Term) -> bool {
        match self.resolve(term) {
            Term::Variable(other) => other == number,
            Term::Array(item, _) | Term::Slice(item) | Term::Vec(item) | Term::Option(item) => {
                self.occurs(number, &item)
            }
            Term::Applied(_, arguments) => {
                !self.may_look(arguments.len())
                    || arguments
                        .iter()
                        .any(|argument| ovsm_base::stack::with_room(|| self.occurs(number, argument)))
            }
            Term::Known(_) => false,
        }
    }

    /// The finished type of a term: what nothing constrains is `int`.
    pub(crate) fn finish(&mut self, term: &Term) -> Type {
        self.finish_with(term, &mut |_, _| Type::Int(IntType::I64))
    }

    /// The finished type of a term; `open` gives the types of variables that nothing has bound.
    pub(crate) fn finish_with(&mut self, term: &Term, open: &mut dyn FnMut(&mut Table, u32) -> Type) -> Type {
        match self.resolve(term) {
            Term::Known(ty) => ty,
            Term::Variable(number) => open(self, number),
            Term::Array(item, length) => Type::Array(Arc::new(self.finish_with(&item, open)), length),
            Term::Slice(item) => Type::Slice(Arc::new(self.finish_with(&item, open))),
            Term::Vec(item) => Type::Vec(Arc::new(self.finish_with(&item, open))),
            Term::Option(item) => Type::Option(Arc::new(self.finish_with(&item, open))),
            Term::Applied(generic, arguments) => {
                let mut finished = Vec::with_capacity(arguments.len());
                let mut weight = 0usize;
                for argument in arguments.iter() {
                    let ty = ovsm_base::stack::with_room(|| self.finish_with(argument, open));
                    weight = weight.saturating_add(ty.weight(MAX_WEIGHT).unwrap_or(MAX_WEIGHT));
                    finished.push(ty);
                }
                let fits = weight < MAX_WEIGHT && self.may_look(weight.saturating_add(1));
                let ty = if fits { generic.apply(finished) } else { Type::Error };
                if !fits || ty.weight(MAX_WEIGHT).is_none() {
                    self.is_too_large = true;
                    return Type::Error;
                }
                ty
            }
        }
    }

    /// The term with all that is known put in.
    pub(crate) fn finish_known(&mut self, term: &Term) -> Term {
        match self.resolve(term) {
            Term::Array(item, length) => Term::Array(Rc::new(self.finish_known(&item)), length),
            Term::Slice(item) => Term::Slice(Rc::new(self.finish_known(&item))),
            Term::Vec(item) => Term::Vec(Rc::new(self.finish_known(&item))),
            Term::Option(item) => Term::Option(Rc::new(self.finish_known(&item))),
            Term::Applied(generic, arguments) if self.may_look(arguments.len()) => {
                let known = arguments.iter();
                let known = known.map(|argument| ovsm_base::stack::with_room(|| self.finish_known(argument)));
                Term::Applied(generic, known.collect())
            }
            other => other,
        }
    }

    /// The same for messages: a type that is open has a letter.
    pub(crate) fn for_message(&mut self, term: &Term) -> Term {
        match self.resolve(term) {
            Term::Variable(number) if !self.is_integer(number) => {
                let letter = char::from(b'a' + (number % 26) as u8);
                Term::Known(Type::Variable(letter.to_string().into()))
            }
            Term::Array(item, length) => Term::Array(Rc::new(self.for_message(&item)), length),
            Term::Slice(item) => Term::Slice(Rc::new(self.for_message(&item))),
            Term::Vec(item) => Term::Vec(Rc::new(self.for_message(&item))),
            Term::Option(item) => Term::Option(Rc::new(self.for_message(&item))),
            Term::Applied(generic, arguments) if self.may_look(arguments.len()) => {
                let known = arguments.iter();
                let known = known.map(|argument| ovsm_base::stack::with_room(|| self.for_message(argument)));
                Term::Applied(generic, known.collect())
            }
            other => other,
        }
    }

    pub(crate) fn is_integer(&self, number: u32) -> bool {
        self.limits(number).integer
    }

    fn limits(&self, number: u32) -> Limits {
        match self.variables.get(number as usize) {
            Some(State::Unbound(limits)) => *limits,
            _ => Limits::default(),
        }
    }

    fn bind(&mut self, number: u32, state: State) {
        if let Some(slot) = self.variables.get_mut(number as usize) {
            *slot = state;
        }
    }
}
