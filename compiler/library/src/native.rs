//! The table of natives.

use crate::context::Context;
use ovsm_value::{NativeId, Raised, Value};
use rustc_hash::FxHashMap;
use std::sync::LazyLock;

/// The code of a native. It may take its arguments out of the slice; on an error that it raises before it has changed
/// anything, the first argument must still be there.
pub type NativeFn = fn(&mut dyn Context, &mut [Value]) -> Result<Value, Raised>;

/// What a native does besides computing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Nothing: the same arguments give the same result. May run at compile time.
    Pure,
    /// Calls functions that it is given, or changes cells and tables.
    State,
    /// Prints or reads the input.
    Io,
    /// Looks at the clock.
    Time,
    /// Takes random numbers.
    Random,
    /// Touches files.
    Storage,
    /// Makes a task.
    Spawn,
    /// Looks at the environment or the arguments of the script.
    Environment,
    /// Touches the input of an instruction: exists in programs for Solana only.
    Chain,
}

/// A call and what it gives, in written form. Each runs as a test; the text of a call may hold several forms.
pub type Example = (&'static str, &'static str);

/// A built-in function.
pub struct Native {
    /// Its name.
    pub name: &'static str,
    /// Other names of it.
    pub aliases: &'static [&'static str],
    /// The module under which the reference lists it: `std/list`.
    pub module: &'static str,
    /// The parameters and the result: `(xs f) -> array`.
    pub signature: &'static str,
    /// What it does, which errors it raises.
    pub doc: &'static str,
    /// Calls with their results.
    pub examples: &'static [Example],
    /// The fewest arguments.
    pub min: u8,
    /// The most arguments; `None` for any number.
    pub max: Option<u8>,
    /// What it does besides computing.
    pub effect: Effect,
    /// Its code.
    pub run: NativeFn,
}

/// Every native: the tables of the modules, one after the other.
pub fn table() -> &'static [&'static Native] {
    &TABLE.natives
}

/// The native with a name or an alias.
pub fn find(name: &str) -> Option<NativeId> {
    TABLE.by_name.get(name).copied()
}

/// The native with a number.
pub fn get(id: NativeId) -> Option<&'static Native> {
    TABLE.natives.get(usize::from(id.0)).copied()
}

struct Table {
    natives: Vec<&'static Native>,
    by_name: FxHashMap<&'static str, NativeId>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let modules: &[&'static [Native]] = &[
        crate::arithmetic::NATIVES,
        crate::bits::NATIVES,
        crate::borsh::NATIVES,
        crate::decimal::NATIVES,
        crate::encoding::NATIVES,
        crate::files::NATIVES,
        crate::hash::NATIVES,
        crate::io::NATIVES,
        crate::json::NATIVES,
        crate::math::NATIVES,
        crate::random::NATIVES,
        crate::rounding::NATIVES,
        crate::statistics::NATIVES,
        crate::time::NATIVES,
        crate::comparison::NATIVES,
        crate::predicates::NATIVES,
        crate::places::NATIVES,
        crate::errors::NATIVES,
        crate::assertions::NATIVES,
        crate::bytes::NATIVES,
        crate::byte_building::NATIVES,
        crate::char::NATIVES,
        crate::number_text::NATIVES,
        crate::format::NATIVES,
        crate::regex::NATIVES,
        crate::string::NATIVES,
        crate::convert::NATIVES,
        crate::growing::NATIVES,
        crate::sequence_functions::NATIVES,
        crate::sequence::NATIVES,
        crate::object::NATIVES,
        crate::open_file::NATIVES,
        crate::task::NATIVES,
        crate::logging::NATIVES,
        crate::chain::NATIVES,
        crate::under_test::NATIVES,
        crate::solana_tests::NATIVES,
        crate::internal::NATIVES,
    ];
    let mut table = Table { natives: Vec::new(), by_name: FxHashMap::default() };
    let fixed = crate::convert::FIXED.iter().flatten();
    for native in modules.iter().copied().flatten().chain(fixed) {
        let id = NativeId(table.natives.len() as u16);
        table.natives.push(native);
        for name in std::iter::once(&native.name).chain(native.aliases) {
            table.by_name.insert(name, id);
        }
    }
    NativeId::set_names(|id| get(id).map(|native| native.name));
    table
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_documented() {
        let mut seen = std::collections::BTreeSet::new();
        for native in table() {
            for name in std::iter::once(&native.name).chain(native.aliases) {
                assert!(seen.insert(*name), "`{name}` stands twice in the table");
            }
            assert!(!native.doc.is_empty() && native.signature.starts_with('('), "`{}`", native.name);
        }
    }
}
