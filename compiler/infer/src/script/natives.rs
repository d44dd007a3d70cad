//! The kinds that built-in functions take and give, from a table that a test writes by calling them.

use super::kinds::Kinds;
use ovsm_value::NativeId;
use rustc_hash::FxHashMap;
use std::sync::LazyLock;

const TEXT: &str = include_str!("natives.txt");

/// What is known of a built-in function.
#[derive(Clone, Debug)]
pub struct NativeKinds {
    positions: Vec<Kinds>,
    /// What it gives.
    pub result: Kinds,
}

impl NativeKinds {
    /// What it takes at a position; anything where that is not known.
    pub fn position(&self, n: usize) -> Kinds {
        self.positions.get(n).copied().unwrap_or(Kinds::ANY)
    }
}

static TABLE: LazyLock<FxHashMap<NativeId, NativeKinds>> = LazyLock::new(|| {
    let number = |text: &str| u32::from_str_radix(text, 16).map(Kinds).ok();
    TEXT.lines()
        .filter(|line| !line.starts_with('#') || line.starts_with("#iterable"))
        .filter_map(|line| {
            let (head, result) = line.split_once(" -> ")?;
            let mut words = head.split(' ');
            let id = ovsm_library::find(words.next()?)?;
            let positions = words.map(number).collect::<Option<_>>()?;
            Some((id, NativeKinds { positions, result: number(result)? }))
        })
        .collect()
});

static PREDICATES: LazyLock<FxHashMap<NativeId, (Kinds, Kinds)>> = LazyLock::new(|| {
    let number = |text: &str| u32::from_str_radix(text, 16).map(Kinds).ok();
    TEXT.lines()
        .filter_map(|line| {
            let mut words = line.strip_prefix("? ")?.split(' ');
            let id = ovsm_library::find(words.next()?)?;
            Some((id, (number(words.next()?)?, number(words.next()?)?)))
        })
        .collect()
});

/// Of a function that tells types from others: the kinds that it is true for, perhaps and always.
pub(super) fn predicate(id: NativeId) -> Option<(Kinds, Kinds)> {
    PREDICATES.get(&id).copied()
}

/// What a built-in function takes and gives, if it only computes.
pub fn native_kinds(id: NativeId) -> Option<&'static NativeKinds> {
    TABLE.get(&id)
}
