//! Statistics of collections of numbers. Sums and products are exact for exact numbers; means and medians of decimals are
//! decimals, everything else is a float. Variances are those of a whole population unless the name says `sample`. Start
//! with [`NATIVES`].

use crate::arguments::{at, float, items};
use crate::context::Context;
use crate::native::Native;
use crate::operands::{pure, too_large};
use num_bigint::BigInt;
use num_traits::ToPrimitive;
use ovsm_value::compare::Key;
use ovsm_value::error::{raise, type_error};
use ovsm_value::number::{self, Division, MAX_BITS};
use ovsm_value::write::brief;
use ovsm_value::{ErrorKind, IndexMap, Raised, Value};
use std::cmp::Ordering;

const MODULE: &str = "std/math";
const ONE: (u8, Option<u8>) = (1, Some(1));
const TWO: (u8, Option<u8>) = (2, Some(2));

/// The natives of this module.
pub const NATIVES: &[Native] = &[
    pure(
        MODULE,
        "sum",
        ONE,
        "(numbers) -> number",
        "The sum of a collection of numbers; 0 of none.",
        &[("(sum [1 2 3])", "6"), ("(sum [1 0.5])", "1.5"), ("(sum [])", "0")],
        |context, arguments| {
            let numbers = numbers(context, "sum", at(arguments, 0))?;
            numbers.iter().try_fold(Value::Int(0), |sum, number| number::add(&sum, number))
        },
    ),
    pure(
        MODULE,
        "product",
        ONE,
        "(numbers) -> number",
        "The product of a collection of numbers; 1 of none.",
        &[("(product [2 3 4])", "24"), ("(product [])", "1")],
        |context, arguments| {
            let numbers = numbers(context, "product", at(arguments, 0))?;
            let mut product = Value::Int(1);
            for number in &numbers {
                if let Value::Big(big) = &product {
                    context.charge(big.bits() / 64)?;
                }
                product = number::mul(&product, number)?;
            }
            Ok(product)
        },
    ),
    Native {
        aliases: &["average", "avg"],
        ..pure(
            MODULE,
            "mean",
            ONE,
            "(numbers) -> float",
            "The arithmetic mean, a float (a decimal for decimals); 0.0 of no numbers.",
            &[("(mean [1 2 3 4])", "2.5"), ("(mean [])", "0.0")],
            |context, arguments| {
                let numbers = numbers(context, "mean", at(arguments, 0))?;
                mean(&numbers)
            },
        )
    },
    pure(
        MODULE,
        "median",
        ONE,
        "(numbers) -> float",
        "The middle of the sorted numbers, or the mean of the two in the middle, a float (a decimal for decimals); 0.0 of no numbers.",
        &[("(median [3 1 2])", "2.0"), ("(median [4 1 2 3])", "2.5")],
        |context, arguments| {
            let sorted = sorted(context, "median", at(arguments, 0))?;
            let half = sorted.len() / 2;
            let start = if sorted.len().is_multiple_of(2) { half.saturating_sub(1) } else { half };
            mean(sorted.get(start..(half + 1).min(sorted.len())).unwrap_or(&[]))
        },
    ),
    pure(
        MODULE,
        "mode",
        ONE,
        "(items) -> any",
        "The most frequent item; of several, the one that comes first; null of no items.",
        &[("(mode [1 2 2 3])", "2"), ("(mode [])", "null")],
        |context, arguments| {
            let length = crate::places::length(at(arguments, 0)).unwrap_or(0);
            context.reserve(length.saturating_mul(2 * size_of::<Value>()))?;
            let items = items("mode", at(arguments, 0))?;
            context.charge(items.len() as u64 * 4)?;
            let mut counts: IndexMap<Key, usize> = IndexMap::default();
            for item in items {
                *counts.entry(Key(item)).or_insert(0) += 1;
            }
            let mut best: Option<(&Key, usize)> = None;
            for (key, count) in &counts {
                if best.is_none_or(|(_, most)| *count > most) {
                    best = Some((key, *count));
                }
            }
            Ok(best.map_or(Value::Null, |(key, _)| key.0.clone()))
        },
    ),
    pure(
        MODULE,
        "variance",
        ONE,
        "(numbers) -> float",
        "The variance of a whole population; 0.0 of no numbers.",
        &[("(variance [2 4 4 4 5 5 7 9])", "4.0")],
        |context, arguments| {
            let numbers = numbers(context, "variance", at(arguments, 0))?;
            variance(&numbers, numbers.len()).map(Value::Float)
        },
    ),
    Native {
        aliases: &["std", "standard-deviation"],
        ..pure(
            MODULE,
            "stddev",
            ONE,
            "(numbers) -> float",
            "The standard deviation of a whole population; 0.0 of no numbers.",
            &[("(stddev [2 4 4 4 5 5 7 9])", "2.0")],
            |context, arguments| {
                let numbers = numbers(context, "stddev", at(arguments, 0))?;
                Ok(Value::Float(variance(&numbers, numbers.len())?.sqrt()))
            },
        )
    },
    pure(
        MODULE,
        "sample-variance",
        ONE,
        "(numbers) -> float",
        "The variance that a sample suggests for its population (divided by one less than the number of items). Fewer than two numbers are a `:value` error.",
        &[("(sample-variance [1 2 3 4])", "1.6666666666666667")],
        |context, arguments| sample(context, "sample-variance", arguments).map(Value::Float),
    ),
    pure(
        MODULE,
        "sample-stddev",
        ONE,
        "(numbers) -> float",
        "The square root of `sample-variance`.",
        &[("(sample-stddev [1 3])", "1.4142135623730951")],
        |context, arguments| Ok(Value::Float(sample(context, "sample-stddev", arguments)?.sqrt())),
    ),
    pure(
        MODULE,
        "quantile",
        TWO,
        "(numbers q) -> float",
        "The number below which the part `q` (0 to 1) of the numbers lies, interpolated. No numbers, or a part outside of 0 to 1, are a `:value` error.",
        &[("(quantile [1 2 3 4 5] 0.5)", "3.0"), ("(quantile [1 2] 0.25)", "1.25")],
        |context, arguments| quantile(context, "quantile", arguments, 1.0),
    ),
    pure(
        MODULE,
        "percentile",
        TWO,
        "(numbers p) -> float",
        "`quantile` by a percentage, 0 to 100.",
        &[("(percentile [1 2 3 4 5] 75)", "4.0")],
        |context, arguments| quantile(context, "percentile", arguments, 100.0),
    ),
    pure(
        MODULE,
        "covariance",
        TWO,
        "(xs ys) -> float",
        "The covariance of two collections of the same length, as of a whole population.",
        &[("(covariance [1 2 3] [2 4 6])", "1.3333333333333333")],
        |context, arguments| {
            let (xs, ys) = pairs(context, "covariance", arguments)?;
            Ok(Value::Float(moment(&xs, &ys)))
        },
    ),
    pure(
        MODULE,
        "correlation",
        TWO,
        "(xs ys) -> float",
        "Pearson's correlation of two collections of the same length, from -1 to 1. Collections without variation are a `:value` error.",
        &[("(correlation [1 2 3] [2 4 6])", "1.0")],
        |context, arguments| {
            let (xs, ys) = pairs(context, "correlation", arguments)?;
            let spread = (moment(&xs, &xs) * moment(&ys, &ys)).sqrt();
            if spread == 0.0 {
                return Err(raise(
                    ErrorKind::Value,
                    "`correlation` needs numbers that differ in both collections",
                ));
            }
            Ok(Value::Float((moment(&xs, &ys) / spread).clamp(-1.0, 1.0)))
        },
    ),
];

/// The numbers of a collection, paid for.
fn numbers(context: &mut dyn Context, operation: &str, collection: &Value) -> Result<Vec<Value>, Raised> {
    let length = crate::places::length(collection).unwrap_or(0);
    context.reserve(length.saturating_mul(size_of::<Value>()))?;
    context.charge(length as u64 * 4)?;
    let numbers = items(operation, collection)?;
    match numbers.iter().find(|item| !item.is_number()) {
        Some(wrong) => Err(type_error(operation, "a collection of numbers", wrong)),
        None => Ok(numbers),
    }
}

fn sorted(context: &mut dyn Context, operation: &str, collection: &Value) -> Result<Vec<Value>, Raised> {
    let mut numbers = numbers(context, operation, collection)?;
    context.charge(numbers.len() as u64 * 16)?;
    if numbers.iter().any(|number| matches!(number, Value::Float(x) if x.is_nan())) {
        return Err(raise(
            ErrorKind::Value,
            format!("`{operation}` can not order a float that is no number (`+nan`)"),
        ));
    }
    numbers.sort_by(|a, b| number::compare(a, b).unwrap_or(Ordering::Equal));
    Ok(numbers)
}

/// An integer without its fixed-width type, so that sums do not overflow.
fn exact(value: &Value) -> Value {
    number::to_bigint(value).map_or_else(|| value.clone(), Value::integer)
}

fn mean(numbers: &[Value]) -> Result<Value, Raised> {
    if numbers.is_empty() {
        return Ok(Value::Float(0.0));
    }
    let sum = numbers.iter().try_fold(Value::Int(0), |sum, number| number::add(&sum, &exact(number)))?;
    let count = Value::from_usize(numbers.len());
    match sum {
        Value::Decimal(_) => number::divide(Division::Truncate, &sum, &count),
        sum => Ok(Value::Float(number::to_float(&sum).unwrap_or(f64::NAN) / numbers.len() as f64)),
    }
}

fn floats(numbers: &[Value]) -> Vec<f64> {
    numbers.iter().map(|number| number::to_float(number).unwrap_or(f64::NAN)).collect()
}

/// The sum of the squared distances from the mean, divided by a count: exact for integers up to the last step.
fn variance(numbers: &[Value], divisor: usize) -> Result<f64, Raised> {
    if numbers.is_empty() {
        return Ok(0.0);
    }
    let integers: Option<Vec<BigInt>> = numbers.iter().map(number::to_bigint).collect();
    let Some(integers) = integers else {
        let xs = floats(numbers);
        return Ok(moment(&xs, &xs) * xs.len() as f64 / divisor as f64);
    };
    if integers.iter().any(|number| number.bits() > MAX_BITS / 4) {
        return Err(too_large("variance"));
    }
    let count = BigInt::from(numbers.len());
    let sum: BigInt = integers.iter().sum();
    let squares: BigInt = integers.iter().map(|number| number * number).sum();
    let numerator = &count * squares - &sum * &sum;
    let denominator = count * BigInt::from(divisor);
    Ok(numerator.to_f64().unwrap_or(f64::NAN) / denominator.to_f64().unwrap_or(f64::NAN))
}

fn sample(context: &mut dyn Context, operation: &str, arguments: &[Value]) -> Result<f64, Raised> {
    let numbers = numbers(context, operation, at(arguments, 0))?;
    if numbers.len() < 2 {
        return Err(raise(
            ErrorKind::Value,
            format!("`{operation}` needs at least two numbers, but found {}", numbers.len()),
        ));
    }
    variance(&numbers, numbers.len() - 1)
}

fn quantile(
    context: &mut dyn Context,
    operation: &str,
    arguments: &[Value],
    whole: f64,
) -> Result<Value, Raised> {
    let part = float(operation, arguments, 1)? / whole;
    if !(0.0..=1.0).contains(&part) {
        return Err(raise(
            ErrorKind::Value,
            format!("`{operation}` needs a part from 0 to {whole}, but found {}", brief(at(arguments, 1))),
        ));
    }
    let sorted = floats(&sorted(context, operation, at(arguments, 0))?);
    if sorted.is_empty() {
        return Err(raise(
            ErrorKind::Value,
            format!("`{operation}` of no numbers: test with `empty?` first"),
        ));
    }
    let place = part * (sorted.len() - 1) as f64;
    let low = sorted.get(place as usize).copied().unwrap_or(f64::NAN);
    let high = sorted.get(place as usize + 1).copied().unwrap_or(low);
    let fraction = place.fract();
    Ok(Value::Float(if fraction == 0.0 { low } else { low + (high - low) * fraction }))
}

fn pairs(
    context: &mut dyn Context,
    operation: &str,
    arguments: &[Value],
) -> Result<(Vec<f64>, Vec<f64>), Raised> {
    let xs = floats(&numbers(context, operation, at(arguments, 0))?);
    let ys = floats(&numbers(context, operation, at(arguments, 1))?);
    if xs.len() != ys.len() || xs.is_empty() {
        return Err(raise(
            ErrorKind::Value,
            format!(
                "`{operation}` needs two collections of the same length, but found {} and {} numbers",
                xs.len(),
                ys.len()
            ),
        ));
    }
    Ok((xs, ys))
}

/// The mean of the products of the distances from the means.
fn moment(xs: &[f64], ys: &[f64]) -> f64 {
    let count = xs.len() as f64;
    let (mean_x, mean_y) = (xs.iter().sum::<f64>() / count, ys.iter().sum::<f64>() / count);
    xs.iter().zip(ys).map(|(x, y)| (x - mean_x) * (y - mean_y)).sum::<f64>() / count
}

#[cfg(test)]
mod tests {
    use crate::testing::call;
    use ovsm_base::IntType;
    use ovsm_value::Value;
    use ovsm_value::decimal::Decimal;
    use std::rc::Rc;

    fn array(numbers: &[i64]) -> Value {
        Value::array(numbers.iter().copied().map(Value::Int).collect())
    }

    fn decimals(texts: &[&str]) -> Value {
        Value::array(
            texts.iter().map(|text| Value::Decimal(Rc::new(Decimal::parse(text).unwrap()))).collect(),
        )
    }

    #[test]
    fn sums_are_exact() {
        assert_eq!(call("sum", &[array(&[i64::MAX, i64::MAX])]), "18446744073709551614");
        assert_eq!(call("product", &[array(&[i64::MAX, 2])]), "18446744073709551614");
        let small = Value::array(vec![Value::Fixed(IntType::U8, 200), Value::Fixed(IntType::U8, 100)]);
        assert_eq!(call("sum", std::slice::from_ref(&small)), "error overflow");
        assert_eq!(call("mean", &[small]), "150.0");
        assert_eq!(call("sum", &[Value::array(vec![Value::Null])]), "error type");
        assert_eq!(call("sum", &[Value::Int(1)]), "error type");
    }

    #[test]
    fn middles() {
        assert!(call("mean", &[decimals(&["0.1", "0.2"])]).contains("0.15"));
        assert_eq!(call("median", &[array(&[])]), "0.0");
        assert_eq!(call("median", &[array(&[7])]), "7.0");
        assert!(call("median", &[decimals(&["3", "0.5"])]).contains("1.75"));
        assert_eq!(call("median", &[Value::array(vec![Value::Float(f64::NAN)])]), "error value");
        assert_eq!(call("mode", &[array(&[1, 2, 2, 1])]), "1");
    }

    #[test]
    fn spread() {
        assert_eq!(call("variance", &[array(&[i64::MAX, i64::MAX - 2])]), "1.0");
        assert_eq!(call("variance", &[array(&[])]), "0.0");
        assert_eq!(call("sample-variance", &[array(&[1])]), "error value");
        assert_eq!(call("quantile", &[array(&[1, 2]), Value::Float(1.5)]), "error value");
        assert_eq!(call("quantile", &[array(&[1, 2]), Value::Float(f64::NAN)]), "error value");
        assert_eq!(call("percentile", &[array(&[1, 2]), Value::Int(100)]), "2.0");
        assert_eq!(call("percentile", &[array(&[]), Value::Int(100)]), "error value");
        assert_eq!(call("correlation", &[array(&[1, 2]), array(&[2, 1])]), "-1.0");
        assert_eq!(call("correlation", &[array(&[1, 1]), array(&[2, 1])]), "error value");
        assert_eq!(call("correlation", &[array(&[1]), array(&[2, 1])]), "error value");
    }
}
