//! What instructions of two builds cost, compared: a change for people, and the figures for machines.
//!
//! Callers do not see what a program costs, so a change is a patch, unless the old version declared a limit and the new one
//! costs more: whoever gives a transaction as many units as were declared fails. Nothing here finds costs. Start with
//! [`cost_change`].

use crate::diff::{Change, Level};
use crate::model::{Cost, Interface};
use serde::Serialize;

/// The costs of one instruction in two versions.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ComparedCost {
    /// Its name in the new version.
    pub instruction: String,
    /// In the old version.
    pub old: Cost,
    /// In the new one.
    pub new: Cost,
}

/// What the instructions cost that both versions have and know the costs of, in the order of the new one.
pub fn compared_costs(old: &Interface, new: &Interface) -> Vec<ComparedCost> {
    let pairs = new.instructions.iter().filter_map(|now| {
        let mut olds = old.instructions.iter();
        let same_name = olds.clone().find(|before| before.name == now.name);
        let before = same_name.or_else(|| olds.find(|it| it.discriminator == now.discriminator))?;
        Some(ComparedCost { instruction: now.name.clone(), old: before.cost?, new: now.cost? })
    });
    pairs.collect()
}

/// How the costs of an instruction changed.
pub fn cost_change(name: &str, old: &Cost, new: &Cost) -> Option<Change> {
    let change = |level, what, why: &str| {
        Some(Change { level, part: "costs".to_string(), what, why: why.to_string() })
    };
    let figures = match (old.units, new.units) {
        (Some(before), Some(now)) if before != now || old.calls_programs != new.calls_programs => {
            let mut words = format!("{name} {}", difference(before, now));
            if let (Some(before), Some(now)) = (old.units_with_one_try_each, new.units_with_one_try_each) {
                words.push_str(&format!(
                    "; typically, with one try for each address, {}",
                    difference(before, now)
                ));
            }
            match (old.calls_programs, new.calls_programs) {
                (true, true) => words.push_str(", called programs not counted"),
                (false, true) => words.push_str(", and it calls programs now, which are not counted"),
                (true, false) => words.push_str(", and it calls no programs any more"),
                (false, false) => {}
            }
            Some(words)
        }
        (Some(before), None) => Some(format!("{name} has no bound any more, and had {before} CU")),
        (None, Some(now)) => Some(format!("{name} has a bound now: {now} CU")),
        _ => None,
    };
    if let Some(limit) = old.limit
        && new.units.is_none_or(|now| now > limit || new.calls_programs)
    {
        let what = figures.unwrap_or_else(|| format!("{name} has no bound any more"));
        let why = "transactions that were given what was declared may run out of units";
        return change(Level::Major, format!("{what}; {limit} CU were declared as the most"), why);
    }
    match (figures, old.limit, new.limit) {
        (Some(what), ..) => change(Level::Patch, what, "callers get the same; transactions need other units"),
        (None, Some(before), Some(now)) if before != now => {
            let what = format!("{name} declares at most {now} CU, and declared {before}");
            change(Level::Patch, what, "it costs what it did")
        }
        (None, Some(before), None) => {
            let what = format!("{name} declares no limit any more, and declared {before} CU");
            change(Level::Patch, what, "it costs what it did")
        }
        _ => None,
    }
}

/// `58 → 71 CU (+22 %)`.
fn difference(old: u64, new: u64) -> String {
    format!("{old} → {new} CU ({})", percent(old, new))
}

/// The change in percent: whole ones, and tenths of those below ten.
fn percent(old: u64, new: u64) -> String {
    let sign = if new < old { '-' } else { '+' };
    if old == 0 {
        return format!("{sign}∞ %");
    }
    let difference = u128::from(new.abs_diff(old));
    // Half of the last digit is added so that it is rounded and not cut.
    let tenths = (difference * 2000 / u128::from(old)).div_ceil(2);
    match tenths {
        100.. => format!("{sign}{} %", (difference * 200 / u128::from(old)).div_ceil(2)),
        _ => format!("{sign}{}.{} %", tenths / 10, tenths % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(units: u64) -> Cost {
        Cost { units: Some(units), ..Cost::default() }
    }

    #[test]
    fn figures_and_percents() {
        let change = cost_change("withdraw", &units(58), &units(71)).unwrap();
        assert_eq!((change.level, change.what.as_str()), (Level::Patch, "withdraw 58 → 71 CU (+22 %)"));
        assert_eq!(percent(1000, 1001), "+0.1 %");
        assert_eq!(percent(71, 58), "-18 %");
        assert_eq!(percent(100, 105), "+5.0 %");
        assert_eq!(percent(3, 9), "+200 %");
        assert_eq!(cost_change("withdraw", &units(58), &units(58)), None);
    }

    #[test]
    fn what_was_declared_is_a_promise() {
        let old = Cost { limit: Some(60), ..units(58) };
        let level = |new: &Cost| cost_change("f", &old, new).map(|change| change.level);
        assert_eq!(level(&units(60)), Some(Level::Patch));
        assert_eq!(level(&units(61)), Some(Level::Major));
        assert_eq!(level(&Cost::default()), Some(Level::Major));
        assert_eq!(level(&Cost { calls_programs: true, ..units(58) }), Some(Level::Major));
        assert_eq!(level(&Cost { limit: Some(100), ..units(58) }), Some(Level::Patch));
        assert_eq!(level(&units(58)), Some(Level::Patch));
        assert_eq!(level(&old), None);
    }

    #[test]
    fn bounds_come_and_go() {
        let said = |old: &Cost, new: &Cost| cost_change("f", old, new).unwrap().what;
        assert_eq!(said(&units(5), &Cost::default()), "f has no bound any more, and had 5 CU");
        assert_eq!(said(&Cost::default(), &units(5)), "f has a bound now: 5 CU");
        let search = |units: u64| Cost {
            units: Some(units + 1500 * 255),
            units_with_one_try_each: Some(units),
            ..Cost::default()
        };
        let what = said(&search(2000), &search(2200));
        assert!(what.ends_with("with one try for each address, 2000 → 2200 CU (+10 %)"), "{what}");
    }
}
