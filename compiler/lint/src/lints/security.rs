//! The security lints: what programs for Solana do with accounts that nothing has checked.
//!
//! They are found in the typed core of a program, which lints do not see: whoever runs the lints adds what was found to the
//! file. Here they get their names, levels and summaries. Start with [`check`].

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};

const fn lint(id: &'static str, summary: &'static str) -> Lint {
    Lint { id, category: Category::Security, level: Level::Warn, summary, check: Check::File(check) }
}

/// The lint.
pub(crate) const ACCOUNT_DATA_MATCHING: Lint =
    lint("account-data-matching", "a key in the data of an account that is compared with nothing");

/// The lint.
pub(crate) const ARBITRARY_CPI: Lint =
    lint("arbitrary-cpi", "a call of a program that whoever sends the instruction chooses");

/// The lint.
pub(crate) const BUMP_NOT_CANONICAL: Lint =
    lint("bump-not-canonical", "an address with a bump from the instruction data");

/// The lint.
pub(crate) const DUPLICATE_MUTABLE_ACCOUNTS: Lint =
    lint("duplicate-mutable-accounts", "two accounts that are written and may be the same");

/// The lint.
pub(crate) const MISSING_OWNER_CHECK: Lint =
    lint("missing-owner-check", "data of an account that decide, and that any program may have written");

/// The lint.
pub(crate) const MISSING_SIGNER_CHECK: Lint =
    lint("missing-signer-check", "an account whose key is compared, but which need not sign");

/// The lint.
pub(crate) const PDA_SHARING: Lint =
    lint("pda-sharing", "an address that signs for the accounts of several authorities");

/// The lint.
pub(crate) const REINITIALISATION: Lint =
    lint("reinitialisation", "an account that can be set up a second time");

/// The lint.
pub(crate) const SYSVAR_SPOOFING: Lint =
    lint("sysvar-spoofing", "an account that has to be a sysvar, but may be any of them");

/// The lint.
pub(crate) const TYPE_CONFUSION: Lint =
    lint("type-confusion", "data of an account that may be those of another type");

/// The lint.
pub(crate) const UNSAFE_CLOSE: Lint =
    lint("unsafe-close", "an account that loses its lamports but keeps its data");

/// Reports what was found in the program.
fn check(context: &mut Context<'_>) {
    let file = context.file;
    for audited in file.audited.iter().flatten().filter(|audited| audited.lint == context.lint.id) {
        context.report_at(audited.range, audited.message.clone()).help(audited.help.clone());
    }
}
