//! The table of lints.

use crate::lint::{Category, Check, Level, Lint};
use crate::lints;

/// A comment that silences nothing.
pub(crate) const UNUSED_SUPPRESSION: Lint = Lint {
    id: "unused-suppression",
    category: Category::Style,
    level: Level::Warn,
    summary: "a comment that silences a lint which finds nothing",
    check: Check::File(|_| {}),
};

/// Every lint, by name. What `unused-suppression` finds is known once all others have looked.
pub const LINTS: &[Lint] = &[
    lints::security::ACCOUNT_DATA_MATCHING,
    lints::append_in_loop::LINT,
    lints::security::ARBITRARY_CPI,
    lints::argument_evaluated_twice::LINT,
    lints::argument_never_used::LINT,
    lints::security::BUMP_NOT_CANONICAL,
    lints::compat_name::LINT,
    lints::cond_else::LINT,
    lints::constant_condition::LINT,
    lints::define_lambda::LINT,
    lints::deprecated::LINT,
    lints::duplicate_clause::LINT,
    lints::duplicate_condition::LINT,
    lints::duplicate_map_key::LINT,
    lints::security::DUPLICATE_MUTABLE_ACCOUNTS,
    lints::duplicate_test::LINT,
    lints::empty_body::LINT,
    lints::equals_bool::LINT,
    lints::equals_null::LINT,
    lints::evaluation_order_swap::LINT,
    lints::float_equality::LINT,
    lints::identical_operands::LINT,
    lints::if_not::LINT,
    lints::if_null::LINT,
    lints::if_same_branches::LINT,
    lints::large_expansion::LINT,
    lints::line_length::LINT,
    lints::loop_without_exit::LINT,
    lints::macro_capture::LINT,
    lints::manual_increment::LINT,
    lints::misplaced_docstring::LINT,
    lints::missing_docstring::LINT,
    lints::missing_else::LINT,
    lints::security::MISSING_OWNER_CHECK,
    lints::security::MISSING_SIGNER_CHECK,
    lints::needless_inject::LINT,
    lints::negated_comparison::LINT,
    lints::nested_if::LINT,
    lints::nested_let::LINT,
    lints::security::PDA_SHARING,
    lints::reduce_without_initial::LINT,
    lints::redundant_call::LINT,
    lints::redundant_do::LINT,
    lints::redundant_lambda::LINT,
    lints::redundant_let::LINT,
    lints::redundant_str::LINT,
    lints::security::REINITIALISATION,
    lints::self_assignment::LINT,
    lints::self_comparison::LINT,
    lints::shadowed_binding::LINT,
    lints::shadowed_built_in::LINT,
    lints::single_operand_comparison::LINT,
    lints::security::SYSVAR_SPOOFING,
    lints::try_without_clause::LINT,
    lints::security::TYPE_CONFUSION,
    lints::unreachable_code::LINT,
    lints::security::UNSAFE_CLOSE,
    lints::unused_binding::LINT,
    lints::unused_definition::LINT,
    lints::unused_parameter::LINT,
    UNUSED_SUPPRESSION,
    lints::unused_value::LINT,
    lints::used_underscored_binding::LINT,
    lints::when_not::LINT,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order_and_unique() {
        for pair in LINTS.windows(2) {
            assert!(pair[0].id < pair[1].id, "{} {}", pair[0].id, pair[1].id);
        }
    }
}
