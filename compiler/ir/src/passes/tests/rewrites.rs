//! What each pass makes of a small function. A file holds the name of the pass, the module before, and after.

use super::{Module, PASSES, compact};
use crate::text::{parse, print};
use crate::verify::verify;

const CASES: &[(&str, &str)] = &[
    ("block_params_merges", include_str!("rewrites/block_params_merges.ir")),
    ("branches_to_failures", include_str!("rewrites/branches_to_failures.ir")),
    ("choice_is_condition", include_str!("rewrites/choice_is_condition.ir")),
    ("combine_addresses", include_str!("rewrites/combine_addresses.ir")),
    ("combine_arithmetic", include_str!("rewrites/combine_arithmetic.ir")),
    ("combine_comparisons", include_str!("rewrites/combine_comparisons.ir")),
    ("combine_signed_division", include_str!("rewrites/combine_signed_division.ir")),
    ("dce_keeps_effects", include_str!("rewrites/dce_keeps_effects.ir")),
    ("gvn_conditions", include_str!("rewrites/gvn_conditions.ir")),
    ("gvn_accounts", include_str!("rewrites/gvn_accounts.ir")),
    ("gvn_loads_across_loops", include_str!("rewrites/gvn_loads_across_loops.ir")),
    ("gvn_memory", include_str!("rewrites/gvn_memory.ir")),
    ("hoist_from_both_sides", include_str!("rewrites/hoist_from_both_sides.ir")),
    ("inline_and_remove", include_str!("rewrites/inline_and_remove.ir")),
    ("licm_hoists", include_str!("rewrites/licm_hoists.ir")),
    ("range_checks", include_str!("rewrites/range_checks.ir")),
    ("range_counts", include_str!("rewrites/range_counts.ir")),
    ("rotate_while", include_str!("rewrites/rotate_while.ir")),
    ("sccp_keeps_failing", include_str!("rewrites/sccp_keeps_failing.ir")),
    ("sccp_loop_constant", include_str!("rewrites/sccp_loop_constant.ir")),
    ("sink_to_branch", include_str!("rewrites/sink_to_branch.ir")),
    ("threads_known_conditions", include_str!("rewrites/threads_known_conditions.ir")),
    ("promote_globals", include_str!("rewrites/promote_globals.ir")),
];

fn read(text: &str) -> Module {
    let module = parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(verify(&module), Ok(()));
    module
}

#[test]
fn passes_rewrite_as_they_should() {
    for (name, text) in CASES {
        let (head, text) = text.split_once('\n').unwrap();
        let (before, after) = text.split_once("; becomes").unwrap();
        let (_, pass) = PASSES.iter().find(|(name, _)| head.strip_prefix("; ") == Some(name)).unwrap();
        let mut module = read(before);
        pass(&mut module);
        for function in module.functions.iter_mut() {
            compact::run(function);
        }
        assert_eq!(print(&module), print(&read(after)), "{name}");
        assert_eq!(verify(&module), Ok(()));
    }
}
