//! Integer operands and their common type: what `gcd` and the bit functions work in.
//!
//! An exact integer next to a fixed-width one takes its type, as in arithmetic. Nothing here computes; start with
//! [`integers`].

use crate::native::{Effect, Native};
use num_bigint::BigInt;
use ovsm_value::error::{raise, type_error};
use ovsm_value::number::{self, FixedType, MAX_BITS};
use ovsm_value::{ErrorKind, Raised, Value};

/// A pure native of a module without aliases.
pub const fn pure(
    module: &'static str,
    name: &'static str,
    arity: (u8, Option<u8>),
    signature: &'static str,
    doc: &'static str,
    examples: &'static [(&'static str, &'static str)],
    run: crate::NativeFn,
) -> Native {
    let (min, max) = arity;
    Native { name, aliases: &[], module, signature, doc, examples, min, max, effect: Effect::Pure, run }
}

/// The integers that the arguments are, and the fixed-width type that the result has, if one has a type.
pub fn integers(operation: &str, arguments: &[Value]) -> Result<(Vec<BigInt>, Option<FixedType>), Raised> {
    let mut numbers = Vec::with_capacity(arguments.len());
    let mut common: Option<FixedType> = None;
    for value in arguments {
        numbers.push(number::to_bigint(value).ok_or_else(|| type_error(operation, "integers", value))?);
        if let Some(ty) = FixedType::of(value) {
            match common {
                Some(first) if first != ty => {
                    return Err(raise(
                        ErrorKind::Type,
                        format!(
                            "`{operation}` mixes `{}` and `{}`: convert one, as in `({} x)`",
                            first.name(),
                            ty.name(),
                            if first.bits() >= ty.bits() { first.name() } else { ty.name() }
                        ),
                    ));
                }
                _ => common = Some(ty),
            }
        }
    }
    if let Some(ty) = common {
        for number in &numbers {
            typed(operation, Some(ty), number)?;
        }
    }
    Ok((numbers, common))
}

/// The integer as a value of the type, or exact without one; an error if it does not fit.
pub fn typed(operation: &str, ty: Option<FixedType>, number: &BigInt) -> Result<Value, Raised> {
    match ty {
        None => Ok(Value::integer(number.clone())),
        Some(ty) => ty.make(number).ok_or_else(|| {
            raise(
                ErrorKind::Overflow,
                format!("`{operation}`: {} does not fit in `{}`", show(number), ty.name()),
            )
        }),
    }
}

/// The error of a result that is too large.
pub fn too_large(operation: &str) -> Raised {
    raise(
        ErrorKind::Limit,
        format!(
            "the result of `{operation}` would have more than {MAX_BITS} bits, which is the limit: use smaller numbers"
        ),
    )
}

fn show(number: &BigInt) -> String {
    if number.bits() > 256 { format!("(an integer of {} bits)", number.bits()) } else { number.to_string() }
}
