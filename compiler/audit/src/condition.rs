//! What a comparison says: facts that hold if two values are equal, and facts that hold if they are not.
//!
//! It knows sources only, never what a program means by them. Start with [`compare`].

use crate::fact::{Account, Fact, Facts};
use crate::value::{Shape, Source, Truth, Value, are_placing};
use ovsm_expand::builtin::Comparison;

/// What a comparison of neighbours says.
pub(crate) fn compare(comparison: Comparison, values: &[Value]) -> Truth {
    let mut equal = Facts::default();
    let mut different: Option<Facts> = None;
    for pair in values.windows(2) {
        if let [left, right] = pair {
            let (same, other) = relate(left, right);
            equal.extend(&same);
            match &mut different {
                None => different = Some(other),
                Some(known) => known.keep_common(&other),
            }
        }
    }
    let different = different.unwrap_or_default();
    if let [left, right] = values
        && let Some((same, other)) = by_cases(left, right).or_else(|| by_cases(right, left))
    {
        let with = |known: Option<Facts>, more: &Facts| {
            known.map(|mut known| {
                known.extend(more);
                known
            })
        };
        let (same, other) = (with(same, &equal), with(other, &different));
        match comparison {
            Comparison::Equal => return Truth { if_true: same, if_false: other },
            Comparison::NotEqual => return Truth { if_true: other, if_false: same },
            _ => {}
        }
    }
    match comparison {
        Comparison::Equal => Truth { if_true: Some(equal), if_false: Some(different) },
        Comparison::NotEqual => Truth { if_true: Some(different), if_false: Some(equal) },
        // What is in order is no identity, but it is a look at both.
        _ => {
            let (mut facts, mut deciding) = (Facts::default(), Facts::default());
            for fact in different.iter().filter(|fact| !matches!(fact, Fact::DataDecide(..))) {
                facts.insert(fact);
            }
            for fact in equal.iter() {
                match fact {
                    Fact::Signed(_) | Fact::LengthCompared(_) | Fact::LamportsCompared(_) => {
                        facts.insert(fact);
                    }
                    Fact::DataDecide(..) => {
                        deciding.insert(fact);
                    }
                    _ => {}
                }
            }
            let mut if_true = facts.clone();
            if_true.extend(&deciding);
            for fact in deciding.iter() {
                if let Fact::DataDecide(account, _) = fact {
                    facts.insert(Fact::DataDecide(account, false));
                }
            }
            Truth { if_true: Some(if_true), if_false: Some(facts) }
        }
    }
}

/// What follows if two values are equal, and what if they are not.
pub(crate) fn relate(left: &Value, right: &Value) -> (Facts, Facts) {
    let (mut same, mut other) = (Facts::default(), Facts::default());
    for (one, two) in [(left, right), (right, left)] {
        let theirs = two.all_sources();
        let is_constant = theirs.is_empty() || theirs.iter().all(|source| source == Source::Constant);
        for source in one.all_sources() {
            match source {
                Source::Key(account) => {
                    same.insert(Fact::KeyKnown(account));
                    if are_placing(&theirs, account) {
                        same.insert(Fact::Placed(account));
                    }
                    for their in theirs.iter() {
                        match their {
                            Source::Data(state, offset, _) => {
                                same.insert(Fact::KeyKept(account, state, offset));
                            }
                            Source::Key(second) => {
                                other.insert(distinct(account, second));
                            }
                            Source::Seed(seed) => {
                                same.insert(Fact::SeedOf(seed, account));
                            }
                            _ => {}
                        }
                    }
                }
                Source::Owner(account) => {
                    same.insert(Fact::OwnerKnown(account));
                    if theirs.contains(&Source::SysvarOwner) {
                        same.insert(Fact::IsSysvar(account));
                    }
                }
                Source::Data(account, ..) => {
                    for facts in [&mut same, &mut other] {
                        facts.insert(Fact::DataCompared(account));
                        if is_constant {
                            facts.insert(Fact::TagCompared(account));
                        }
                    }
                    if !one.is_vague {
                        same.insert(Fact::DataDecide(account, true));
                        other.insert(Fact::DataDecide(account, false));
                    }
                    if let (Shape::Loaded(_, Some(offset)), Shape::Number(number)) = (&one.shape, &two.shape)
                    {
                        same.insert(Fact::TagIs(account, *offset, number.unsigned_abs().into()));
                    }
                    let is_key = |source: Source| {
                        matches!(source, Source::Key(_) | Source::Constant | Source::Found | Source::Program)
                    };
                    if theirs.iter().any(is_key) {
                        same.insert(Fact::AuthorityCompared(account));
                    }
                    if theirs.iter().any(|their| matches!(their, Source::Data(other, ..) if other != account))
                    {
                        same.insert(Fact::AuthorityCompared(account));
                    }
                }
                Source::Length(account) => {
                    same.insert(Fact::LengthCompared(account));
                    other.insert(Fact::LengthCompared(account));
                }
                Source::Lamports(account) => {
                    same.insert(Fact::LamportsCompared(account));
                    other.insert(Fact::LamportsCompared(account));
                }
                Source::Signature(account) => {
                    if two.as_number() != Some(0) {
                        same.insert(Fact::Signed(account));
                    }
                    if two.as_number() != Some(1) {
                        other.insert(Fact::Signed(account));
                    }
                }
                Source::Instruction => {
                    if theirs.iter().any(|their| matches!(their, Source::Found | Source::Data(..))) {
                        same.insert(Fact::BumpCompared);
                    }
                    let is_key = |source: Source| {
                        matches!(
                            source,
                            Source::Key(_) | Source::Data(..) | Source::Constant | Source::Program
                        )
                    };
                    if theirs.iter().any(is_key) {
                        same.insert(Fact::ArgumentCompared);
                    }
                }
                Source::Found
                | Source::Seed(_)
                | Source::SeedData(_)
                | Source::SeedGiven
                | Source::Program
                | Source::SysvarOwner
                | Source::Constant => {}
            }
        }
    }
    (same, other)
}

/// That two accounts are not the same.
pub(crate) fn distinct(one: Account, other: Account) -> Fact {
    Fact::Distinct(one.min(other), one.max(other))
}

/// What the truth of a value says.
pub(crate) fn truth(value: &Value) -> Truth {
    if let Some(truth) = &value.truth {
        return truth.clone();
    }
    if let Some(number) = value.as_number() {
        let known = |is: bool| is.then(Facts::default);
        return Truth { if_true: known(number != 0), if_false: known(number == 0) };
    }
    if let Some((same, other)) = by_cases(value, &Value::number(0)) {
        return Truth { if_true: other, if_false: same };
    }
    if value.sources.is_empty() {
        return Truth { if_true: Some(Facts::default()), if_false: Some(Facts::default()) };
    }
    let zero = Value::number(0);
    let (same, other) = relate(value, &zero);
    Truth { if_true: Some(other), if_false: Some(same) }
}

/// What a comparison of a value that is known by cases with a number says.
fn by_cases(value: &Value, number: &Value) -> Option<(Option<Facts>, Option<Facts>)> {
    let number = number.as_number().filter(|_| !value.cases.is_empty())?;
    let of = |is_same: bool| {
        let mut met: Option<Facts> = None;
        for (_, facts) in value.cases.iter().filter(|(case, _)| (*case == number) == is_same) {
            match &mut met {
                None => met = Some(facts.clone()),
                Some(known) => known.keep_common(facts),
            }
        }
        met
    };
    Some((of(true), of(false)))
}
