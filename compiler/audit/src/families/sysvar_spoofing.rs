//! `sysvar-spoofing`: the data of a sysvar decide what changes, and any sysvar will do.
//!
//! An account is taken for a sysvar if its owner is checked to be that of all sysvars. Start with [`look`].

use super::{Event, Family, deciding};
use crate::fact::Fact;
use crate::state::{Pending, State};
use ovsm_base::Span;

pub(crate) fn look(state: &mut State, event: &Event<'_>, span: Span) {
    for account in deciding(state, event) {
        if !state.facts.holds(Fact::IsSysvar(account)) {
            continue;
        }
        let message = format!("{} is a sysvar, but nothing checks which one", state.named(account));
        let help = "compare its key, or ask the runtime: `(clock-timestamp)`, `(rent-minimum n)`, `(sysvar-value key offset)`".to_string();
        let allowed_by = vec![Fact::KeyKnown(account)];
        state
            .raise((Family::SysvarSpoofing, span, message), Pending { allowed_by, help, if_elsewhere: None });
    }
}
