//! Whether two accesses can overlap, from how their addresses are computed.
//!
//! An address is taken apart into a sum of values and a constant. If one address is the other plus a constant and
//! values that are known to be small, then it lies behind the other, and how far tells whether the accesses meet. The
//! accounts of a program lie one behind the other in this way: each begins at a constant distance behind the data of
//! the one before, whose length is a small number. So what is written to one account is not what is read from another;
//! that two accounts may be the same one needs no thought, because the second is then no account but a mark.
//!
//! Start with [`Addresses::disjoint`].

use super::bounds;
use crate::function::{Function, Value};
use crate::machine::INPUT_BASE;
use crate::op::{Access, BinaryOp, Op};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// An address with more terms is not taken apart.
const MAX_TERMS: usize = 8;
/// How many additions to look through.
const MAX_STEPS: usize = 24;
/// Terms that together stay below this count as small: no sum of an address and them goes around.
const SMALL: u64 = 1 << 40;

/// A sum of values and a constant, modulo 2^64.
#[derive(Clone, Default, Debug)]
struct Sum {
    /// In the order of their numbers; one that counts twice stands twice.
    terms: SmallVec<[Value; 4]>,
    constant: u64,
}

/// The addresses of a function, taken apart once each.
#[derive(Default)]
pub(crate) struct Addresses {
    known: FxHashMap<Value, Sum>,
}

impl Addresses {
    /// True if the accesses never touch the same byte.
    pub(crate) fn disjoint(&mut self, function: &Function, a: &Access, b: &Access) -> bool {
        let (width_a, width_b) = (u64::from(a.width.bytes()), u64::from(b.width.bytes()));
        let distance = if a.address == b.address {
            Some((0, 0, 0))
        } else {
            self.take_apart(function, a.address);
            self.take_apart(function, b.address);
            let (Some(first), Some(second)) = (self.known.get(&a.address), self.known.get(&b.address)) else {
                return false;
            };
            between(function, first, second)
        };
        let Some((constant, back, forth)) = distance else { return false };
        // The second access starts this far behind the first, and up to `forth` further or `back` less.
        let start = i128::from(constant) + i128::from(b.offset) - i128::from(a.offset);
        let (least, most) = (start - i128::from(back), start + i128::from(forth));
        least >= i128::from(width_a) && most < i128::from(i64::MAX)
            || most + i128::from(width_b) <= 0 && least > i128::from(i64::MIN)
    }

    fn take_apart(&mut self, function: &Function, address: Value) {
        self.known.entry(address).or_insert_with(|| take_apart(function, address));
    }
}

/// From the first to the second: a constant, and how much less and how much more it can be.
fn between(function: &Function, first: &Sum, second: &Sum) -> Option<(i64, u64, u64)> {
    let (mut back, mut forth) = (0u64, 0u64);
    let (mut a, mut b) = (first.terms.as_slice(), second.terms.as_slice());
    // Both are sorted: what stands in both goes.
    loop {
        match (a, b) {
            ([], []) => break,
            ([x, rest_a @ ..], [y, rest_b @ ..]) if x == y => {
                a = rest_a;
                b = rest_b;
            }
            ([x, rest @ ..], [y, ..]) if x < y => {
                back = back.saturating_add(bounds::upper(function, *x));
                a = rest;
            }
            ([x, rest @ ..], []) => {
                back = back.saturating_add(bounds::upper(function, *x));
                a = rest;
            }
            (_, [y, rest @ ..]) => {
                forth = forth.saturating_add(bounds::upper(function, *y));
                b = rest;
            }
        }
        if back.max(forth) >= SMALL {
            return None;
        }
    }
    Some((second.constant.wrapping_sub(first.constant) as i64, back, forth))
}

fn take_apart(function: &Function, address: Value) -> Sum {
    let whole = || Sum { terms: SmallVec::from_elem(address, 1), constant: 0 };
    let mut sum = Sum::default();
    let mut work: SmallVec<[Value; 8]> = SmallVec::from_elem(address, 1);
    let mut steps = 0;
    while let Some(value) = work.pop() {
        steps += 1;
        if steps > MAX_STEPS || sum.terms.len() + work.len() > MAX_TERMS {
            return whole();
        }
        if let Some(word) = function.as_const(value) {
            sum.constant = sum.constant.wrapping_add(word);
            continue;
        }
        match function.defining_op(value) {
            Some(Op::Binary(BinaryOp::Add, a, b)) => work.extend([*a, *b]),
            Some(Op::Binary(BinaryOp::Sub, a, b)) if function.as_const(*b).is_some() => {
                sum.constant = sum.constant.wrapping_sub(function.as_const(*b).unwrap_or(0));
                work.push(*a);
            }
            _ if function.gets_input && function.params().first() == Some(&value) => {
                sum.constant = sum.constant.wrapping_add(INPUT_BASE);
            }
            _ => sum.terms.push(value),
        }
    }
    sum.terms.sort_unstable();
    sum
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail by panicking")]

    use super::*;
    use crate::function::Function;
    use crate::text::parse;

    /// Whether the accesses of a body overlap, pair by pair in order.
    fn pairs(body: &str, gets_input: bool) -> Vec<bool> {
        let text = format!(
            "entry f0\nfunc f0 @main(v0: word, v1: word) -> (word) {{\nb0(v0: word, v1: word):\n{body}\nreturn v0\n}}"
        );
        let mut function = parse(&text).unwrap().functions[crate::Func(0)].clone();
        function.gets_input = gets_input;
        let accesses: Vec<Access> = function.blocks[Function::ENTRY]
            .insts
            .iter()
            .filter_map(|&inst| match &function.insts[inst].op {
                Op::Store(access, _) => Some(*access),
                _ => None,
            })
            .collect();
        let mut addresses = Addresses::default();
        let mut result = Vec::new();
        for (n, a) in accesses.iter().enumerate() {
            for b in &accesses[n + 1..] {
                let disjoint = addresses.disjoint(&function, a, b);
                assert_eq!(disjoint, addresses.disjoint(&function, b, a));
                result.push(disjoint);
            }
        }
        result
    }

    #[test]
    fn constants_tell() {
        let body = "store.w8.view v0+8, v1\nstore.w8.view v0+16, v1\nstore.w4.view v0+12, v1";
        assert_eq!(pairs(body, false), [true, false, true]);
    }

    #[test]
    fn what_lies_behind_a_length_is_apart() {
        let walk = |region: &str| {
            format!(
                "v2 = load.w8.{region} v0+88\nv3 = const 7\nv4 = add v2, v3\nv5 = const 0xfffffffffffffff8\n\
                 v6 = and v4, v5\nv7 = add v0, v6\n\
                 store.w8.view v0+96, v1\nstore.w8.view v7+10440, v1\nstore.w8.view v7+96, v1"
            )
        };
        assert_eq!(pairs(&walk("length"), false), [true, false, true]);
        // Any word may lead anywhere.
        assert_eq!(pairs(&walk("input"), false), [false, false, true]);
    }

    #[test]
    fn unknown_addresses_may_meet() {
        let body = "store.w8.view v0, v1\nstore.w8.view v1, v1";
        assert_eq!(pairs(body, false), [false]);
        // The input is known not to be the stack.
        let body =
            "v2 = const 0x200000100\nstore.w8.view v0, v1\nstore.w8.local v2, v1\nstore.w8.view v1, v1";
        assert_eq!(pairs(body, false), [false, false, false]);
        assert_eq!(pairs(body, true), [true, false, false]);
    }
}
