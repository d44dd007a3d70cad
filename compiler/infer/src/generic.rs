//! Generic functions: what their types leave open, and their instances.
//!
//! A function whose signature has unbound variables once its group is inferred has a [`Scheme`]: the signature with the
//! variables in it, and which of them stand for integers. A call from another group takes a new variable for each; what these
//! become when the caller's types are known is an [`Instance`]. The body of the function is then inferred again, with the types
//! of the instance, as if it stated them; so nothing that the scheme says has to be believed. What nothing binds is `int`, and the
//! instance with `int` everywhere is the function itself. Start with [`Scheme`].

use crate::types::{Signature, Type};
use crate::unify::{Table, Term};
use ovsm_base::{DefId, IntType};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The signature of a function that leaves types open.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scheme {
    /// For each variable, whether it stands for integers only; `Type::Variable` has the number of one for a name.
    pub integers: Vec<bool>,
    /// The signature.
    pub signature: Signature,
}

/// A function with the types that it leaves open.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Instance {
    /// The function.
    pub function: DefId,
    /// A type for each variable of its scheme.
    pub types: Vec<Type>,
}

impl Instance {
    /// The identity of the instance: that of the function itself, if all types are `int`.
    pub fn def(&self) -> DefId {
        match self.types.iter().all(|ty| *ty == Type::Int(IntType::I64)) {
            true => self.function,
            // Types are structural, and this text has all of their structure.
            false => DefId::new("instance", &format!("{:016x} {:?}", self.function.0, self.types)),
        }
    }

    /// The types, for messages and names: `u8`, `(array u8 4), bool`.
    pub fn arguments(&self) -> String {
        self.types.iter().map(Type::to_string).collect::<Vec<_>>().join(", ")
    }
}

impl Scheme {
    /// The scheme of a signature, if it leaves anything open but the variables in `fixed`.
    pub(crate) fn of(table: &mut Table, params: &[Term], result: &Term, fixed: &[Term]) -> Option<Scheme> {
        let mut numbers: BTreeMap<u32, usize> = BTreeMap::new();
        let mut integers = Vec::new();
        let mut finish = |table: &mut Table, term: &Term| {
            table.finish_with(term, &mut |table, variable| {
                if fixed.iter().any(|term| table.occurs(variable, term)) {
                    return Type::Int(IntType::I64);
                }
                let number = *numbers.entry(variable).or_insert_with(|| {
                    integers.push(table.is_integer(variable));
                    integers.len() - 1
                });
                Type::Variable(variable_name(number))
            })
        };
        let params = params.iter().map(|term| finish(table, term)).collect();
        let result = finish(table, result);
        (!integers.is_empty()).then_some(Scheme { integers, signature: Signature { params, result } })
    }

    /// Takes a new variable for each of the scheme's: these, the parameters, and the result.
    pub(crate) fn instantiate(&self, table: &mut Table) -> (Vec<Term>, Vec<Term>, Term) {
        let variables: Vec<Term> = self.integers.iter().map(|integer| table.fresh(*integer)).collect();
        let numbered = variables.iter().enumerate();
        let mut names: FxHashMap<Arc<str>, Term> =
            numbered.map(|(number, term)| (variable_name(number), term.clone())).collect();
        let params = self.signature.params.iter().map(|ty| table.stated(ty, &mut names)).collect();
        let result = table.stated(&self.signature.result, &mut names);
        (variables, params, result)
    }

    /// The signature of an instance.
    pub fn signature_of(&self, types: &[Type]) -> Signature {
        let names: FxHashMap<Arc<str>, &Type> =
            types.iter().enumerate().map(|(number, ty)| (variable_name(number), ty)).collect();
        let of = |name: &str| names.get(name).map(|ty| Type::clone(ty));
        Signature {
            params: self.signature.params.iter().map(|ty| ty.with_variables(&of)).collect(),
            result: self.signature.result.with_variables(&of),
        }
    }
}

fn variable_name(number: usize) -> Arc<str> {
    number.to_string().into()
}
