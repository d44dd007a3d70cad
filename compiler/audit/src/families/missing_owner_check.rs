//! `missing-owner-check`: the data of an account decide what changes, and nothing says which program wrote them.
//!
//! The runtime lets only its owner write to an account, so an account that the program writes to is its own, or the
//! instruction fails; so it is with the program that it is given to. An account that is known by its key is what it is. Start with [`look`].

use super::{Event, Family, deciding};
use crate::fact::Fact;
use crate::state::{Pending, State};
use ovsm_base::Span;

pub(crate) fn look(state: &mut State, event: &Event<'_>, span: Span) {
    for account in deciding(state, event) {
        if event.target() == Some(account) {
            continue;
        }
        let message = format!(
            "the data of {} decide about this, but nothing checks which program owns it",
            state.named(account)
        );
        let allowed_by = vec![
            Fact::OwnerKnown(account),
            Fact::KeyKnown(account),
            Fact::Written(account),
            Fact::Debited(account),
            Fact::Created(account),
            Fact::Given(account),
        ];
        let help = "anybody can make an account with any data: write `(assert-owner i (program-id-ptr))`, or declare it with its type".to_string();
        state.raise(
            (Family::MissingOwnerCheck, span, message),
            Pending { allowed_by, help, if_elsewhere: None },
        );
    }
}
