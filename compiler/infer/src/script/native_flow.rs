//! What built-in functions of scripts do with the functions that they are given: call them, keep them, raise them. Which
//! functions these are is found elsewhere; start with [`calls_arguments`].

use ovsm_library::{Effect, Native};
use ovsm_value::NativeId;

/// True for built-in functions that call functions that they are given.
pub(super) fn calls_arguments(id: NativeId) -> bool {
    ovsm_library::get(id).is_some_and(|native| {
        let may_call = matches!(native.effect, Effect::State | Effect::Spawn);
        may_call && native.signature.contains("function") || native.name == "assert-type"
    })
}

/// True if a function at a position is the one that a built-in function calls, and the only one.
pub(super) fn is_callback(native: &Native, position: usize) -> bool {
    let forms = native.signature.split(" -> ").next().unwrap_or("");
    if forms.contains("function…") {
        return false;
    }
    forms.split(" or ").any(|form| {
        let names: Vec<&str> = form.trim_matches(['(', ')']).split(' ').collect();
        // Where two are taken, they may stand in either order.
        let is_either = names.len() == 2 && position < 2 && names.contains(&"function");
        is_either || names.get(position) == Some(&"function")
    })
}

/// True for built-in functions that put what they are given where others may find it: into a table or a cell.
pub(super) fn stores(native: &Native) -> bool {
    matches!(
        native.name,
        "puthash" | "cell" | "cell-set!" | "swap!" | "hash-table" | "put" | "#put" | "put-in" | "#put-in"
    )
}

/// True for built-in functions that give a table or a cell.
pub(super) fn gives_store(native: &Native) -> bool {
    matches!(native.name, "make-hash-table" | "hash-table" | "cell" | "copy-hash-table" | "clrhash")
}

/// True for built-in functions that give what a table, a cell, a form or a task had in it.
pub(super) fn opens(native: &Native) -> bool {
    let names = ["cell-get", "swap!", "gethash", "hash-table-values", "hash-table-entries", "eval", "await"];
    names.contains(&native.name)
}

/// True for built-in functions that raise what they are given.
pub(super) fn raises(native: &Native) -> bool {
    native.signature.ends_with("-> never") || native.name == "#throw"
}

/// True if the signature of a built-in function says that it gives something that contains no function.
pub(super) fn gives_no_function(native: &Native) -> bool {
    // It stands among the predicates.
    if native.name == "identity" {
        return false;
    }
    let result = native.signature.rsplit_once("-> ").map_or("", |(_, result)| result);
    let plain = [
        "string",
        "bytes",
        "int",
        "integer",
        "bool",
        "null",
        "number",
        "float",
        "decimal",
        "char",
        "symbol",
        "pubkey",
        "signature",
        "never",
    ];
    plain.contains(&result) || ovsm_value::number::FixedType::from_name(result).is_some()
}
