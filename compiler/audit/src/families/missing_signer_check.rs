//! `missing-signer-check`: the key of an account is compared with one that is kept in data, something changes, and nothing
//! else of the account is used, not even whether it signed.
//!
//! Anybody can name any account; only its owner can sign for it. An account that is used for more than its key (its data,
//! its balance, in a call) may have been compared for another reason, and is not reported. Start with [`look`].

use super::{Event, Family, named};
use crate::fact::{Account, Fact};
use crate::state::{Pending, State};
use ovsm_base::Span;

pub(crate) fn look(state: &mut State, event: &Event<'_>, span: Span) {
    if !event.is_change() {
        return;
    }
    let kept: Vec<(Account, Account)> = state
        .facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::KeyKept(key, kept, _) if key != kept => Some((key, kept)),
            _ => None,
        })
        .collect();
    for (key, kept) in kept {
        if key == Account::Some || kept == Account::Some {
            continue;
        }
        let message = format!(
            "{} has to be the one that {} names, but nothing checks that it signed",
            named(key),
            named(kept)
        );
        let mut allowed_by = vec![Fact::Signed(key), Fact::Used(key), Fact::KeyUsed(key)];
        // Somebody else who is known and has signed may name the account.
        allowed_by.extend(super::somebody_signed(state, key));
        let help = "anybody can give any account: write `(assert-signer i)`, or declare it as a `signer`"
            .to_string();
        state.raise((Family::MissingSignerCheck, span, message), Pending { allowed_by, help, record: None });
    }
}
