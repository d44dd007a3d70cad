//! Random numbers of the host: repeatable after `seed!`, not for secrets. Every choice is even. Start with [`NATIVES`].

use crate::arguments::{at, count, integer, items};
use crate::context::Context;
use crate::io::failed;
use crate::native::{Effect, Native};
use crate::operands::{pure, typed};
use num_bigint::{BigInt, BigUint};
use num_traits::{Signed, Zero};
use ovsm_value::error::{raise, type_error};
use ovsm_value::number::{self, FixedType};
use ovsm_value::write::brief;
use ovsm_value::{ErrorKind, Raised, Sequence, Value};
use std::rc::Rc;

const fn random(
    name: &'static str,
    arity: (u8, Option<u8>),
    signature: &'static str,
    doc: &'static str,
    examples: &'static [(&'static str, &'static str)],
    run: crate::NativeFn,
) -> Native {
    Native { effect: Effect::Random, ..pure("std/random", name, arity, signature, doc, examples, run) }
}

/// The natives of this module.
pub const NATIVES: &[Native] = &[
    random(
        "random",
        (0, Some(1)),
        "(n) -> number",
        "A random float from 0 up to, but not including, 1. With a number, one from 0 up to, but not including, that: an integer for an integer, a float for a float. A number that is not positive is a `:value` error.",
        &[("(let ((x (random))) (and (>= x 0) (< x 1)))", "true"), ("(random 1)", "0")],
        |context, arguments| match at(arguments, 0) {
            Value::Null => unit("random", context).map(Value::Float),
            Value::Float(limit) => {
                if !(limit.is_finite() && *limit > 0.0) {
                    return Err(raise(
                        ErrorKind::Value,
                        format!("`random` needs a positive number, but found {}", brief(at(arguments, 0))),
                    ));
                }
                // The product may round up to the limit.
                Ok(Value::Float((unit("random", context)? * limit).min(limit.next_down())))
            }
            limit => {
                let number = number::to_bigint(limit)
                    .ok_or_else(|| type_error("random", "an integer or a float", limit))?;
                let random = below("random", context, &number)?;
                typed("random", FixedType::of(limit), &random)
            }
        },
    ),
    random(
        "random-int",
        (1, Some(2)),
        "(low high) -> int",
        "A random integer from `low` up to, but not including, `high`; with one argument, from 0. An empty range is a `:value` error.",
        &[("(random-int 5 6)", "5"), ("(let ((n (random-int 10))) (and (>= n 0) (< n 10)))", "true")],
        |context, arguments| {
            let whole = |position: usize| {
                let value = at(arguments, position);
                number::to_bigint(value).ok_or_else(|| type_error("random-int", "integers", value))
            };
            let (low, high) =
                if arguments.len() > 1 { (whole(0)?, whole(1)?) } else { (BigInt::zero(), whole(0)?) };
            let offset = below("random-int", context, &(high - &low))?;
            Ok(Value::integer(low + offset))
        },
    ),
    random(
        "random-choice",
        (1, Some(1)),
        "(items) -> any",
        "A random item of a collection. No items are a `:value` error.",
        &[("(random-choice [7])", "7")],
        |context, arguments| {
            if let Some(items) = at(arguments, 0).as_items() {
                let place = position("random-choice", context, items.len())?;
                return Ok(items.get(place).cloned().unwrap_or_default());
            }
            if let Value::Range(range) = at(arguments, 0) {
                let place = position("random-choice", context, range.len())?;
                return Ok(range.get(place).map_or(Value::Null, Value::Int));
            }
            let items = items("random-choice", at(arguments, 0))?;
            context.charge(items.len() as u64)?;
            let place = position("random-choice", context, items.len())?;
            Ok(items.get(place).cloned().unwrap_or_default())
        },
    ),
    random(
        "shuffle",
        (1, Some(1)),
        "(items) -> array",
        "The items of a collection in random order.",
        &[("(sum (shuffle [1 2 3]))", "6")],
        |context, arguments| {
            let collection = at(arguments, 0);
            context
                .reserve(crate::places::length(collection).unwrap_or(0).saturating_mul(size_of::<Value>()))?;
            let mut items = items("shuffle", collection)?;
            for last in (1..items.len()).rev() {
                let other = position("shuffle", context, last + 1)?;
                items.swap(last, other);
            }
            Ok(match collection {
                Value::List(_) => Value::List(Rc::new(Sequence::new(items))),
                _ => Value::array(items),
            })
        },
    ),
    random(
        "random-bytes",
        (1, Some(1)),
        "(count) -> bytes",
        "Random bytes. They are not secret: make no keys of them.",
        &[("(length (random-bytes 5))", "5")],
        |context, arguments| {
            let count = count("random-bytes", arguments, 0)?;
            context.reserve(count)?;
            let mut bytes = Vec::new();
            while bytes.len() < count {
                let word = next("random-bytes", context)?;
                bytes.extend(word.to_le_bytes().into_iter().take(count - bytes.len()));
            }
            Ok(Value::bytes(bytes))
        },
    ),
    random(
        "seed!",
        (1, Some(1)),
        "(seed) -> null",
        "Makes the random numbers that follow repeatable: the same seed gives the same numbers.",
        &[("(do (seed! 1) (let ((a (random))) (seed! 1) (= a (random))))", "true")],
        |context, arguments| {
            let seed = integer("seed!", arguments, 0)?;
            context.host().seed(seed as u64).map_err(|error| failed("seed!", error))?;
            Ok(Value::Null)
        },
    ),
];

fn next(operation: &str, context: &mut dyn Context) -> Result<u64, Raised> {
    context.charge(2)?;
    context.host().random().map_err(|error| failed(operation, error))
}

/// A float from 0 up to 1, with 53 random bits.
fn unit(operation: &str, context: &mut dyn Context) -> Result<f64, Raised> {
    Ok((next(operation, context)? >> 11) as f64 / (1u64 << 53) as f64)
}

/// An integer from 0 up to a limit. Numbers above the limit are thrown away, so that every result is as likely.
fn below(operation: &str, context: &mut dyn Context, limit: &BigInt) -> Result<BigInt, Raised> {
    if !limit.is_positive() {
        return Err(raise(
            ErrorKind::Value,
            format!("`{operation}` needs a range that is not empty: the end must be above the start"),
        ));
    }
    let top = limit.magnitude() - 1u8;
    let bits = top.bits();
    let words = bits.div_ceil(64);
    loop {
        let mut bytes = Vec::with_capacity(words as usize * 8);
        for _ in 0..words {
            bytes.extend(next(operation, context)?.to_le_bytes());
        }
        let number = BigUint::from_bytes_le(&bytes) >> (words * 64 - bits);
        if number <= top {
            return Ok(BigInt::from(number));
        }
    }
}

fn position(operation: &str, context: &mut dyn Context, length: usize) -> Result<usize, Raised> {
    if length == 0 {
        return Err(raise(ErrorKind::Value, format!("`{operation}` of no items: test with `empty?` first")));
    }
    let place = below(operation, context, &BigInt::from(length))?;
    Ok(usize::try_from(place).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestContext, function};
    use crate::{Context, Host, HostError};
    use ovsm_value::{Raised, Unwind, Value, write::write};

    /// Counts through all words by a constant that spreads them.
    struct Random(TestContext, u64);

    impl Host for Random {
        fn random(&mut self) -> Result<u64, HostError> {
            self.1 = self.1.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mixed = (self.1 ^ self.1 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            Ok(mixed ^ mixed >> 31)
        }

        fn seed(&mut self, seed: u64) -> Result<(), HostError> {
            self.1 = seed;
            Ok(())
        }
    }

    impl Context for Random {
        fn call(&mut self, function: &Value, arguments: &[Value]) -> Result<Value, Raised> {
            let Value::Native(id) = function else { return self.0.call(function, arguments) };
            (crate::get(*id).unwrap().run)(self, &mut arguments.to_vec())
        }
        fn charge(&mut self, _: u64) -> Result<(), Raised> {
            Ok(())
        }
        fn reserve(&mut self, bytes: usize) -> Result<(), Raised> {
            self.0.reserve(bytes)
        }
        fn fresh(&mut self) -> u64 {
            0
        }
        fn function_name(&self, function: &Value) -> String {
            self.0.function_name(function)
        }
        fn read(&mut self, text: &str) -> Result<Vec<Value>, Raised> {
            self.0.read(text)
        }
        fn evaluate(&mut self, form: &Value) -> Result<Value, Raised> {
            self.0.evaluate(form)
        }
        fn expand(&mut self, form: &Value, repeatedly: bool) -> Result<Value, Raised> {
            self.0.expand(form, repeatedly)
        }
        fn host(&mut self) -> &mut dyn Host {
            self
        }
    }

    fn call(context: &mut Random, name: &str, arguments: &[Value]) -> String {
        match context.call(&function(name), arguments) {
            Ok(value) => write(&value),
            Err(raised) => match *raised {
                Unwind::Error(error) => format!("error {}", error.kind.name()),
                other => format!("{other:?}"),
            },
        }
    }

    #[test]
    fn numbers_stay_in_their_range() {
        let context = &mut Random(TestContext::default(), 1);
        let mut seen = [0; 6];
        for _ in 0..6000 {
            let n: usize = call(context, "random-int", &[Value::Int(-3), Value::Int(3)])
                .parse::<i64>()
                .map(|n| (n + 3) as usize)
                .unwrap();
            seen[n] += 1;
            let x: f64 = call(context, "random", &[]).parse().unwrap();
            assert!((0.0..1.0).contains(&x));
        }
        assert!(seen.iter().all(|count| (800..1200).contains(count)), "{seen:?}");
        assert_eq!(call(context, "random", &[Value::Int(0)]), "error value");
        assert_eq!(call(context, "random", &[Value::Float(f64::NAN)]), "error value");
        assert_eq!(call(context, "random", &[Value::string("a")]), "error type");
        assert_eq!(call(context, "random-int", &[Value::Int(i64::MIN), Value::Int(i64::MIN)]), "error value");
        assert_eq!(call(context, "random-choice", &[Value::array(vec![])]), "error value");
        assert_eq!(call(context, "random-bytes", &[Value::Int(-1)]), "error value");
        assert_eq!(call(context, "random-bytes", &[Value::Int(i64::MAX)]), "error limit");
        assert_eq!(call(context, "shuffle", &[Value::Null]), "[]");
    }

    #[test]
    fn a_seed_makes_them_repeatable() {
        let context = &mut Random(TestContext::default(), 1);
        call(context, "seed!", &[Value::Int(-5)]);
        let first = call(context, "shuffle", &[Value::string("abcdefgh")]);
        call(context, "seed!", &[Value::Int(-5)]);
        assert_eq!(call(context, "shuffle", &[Value::string("abcdefgh")]), first);
    }
}
