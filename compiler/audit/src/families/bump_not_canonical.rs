//! `bump-not-canonical`: an address is checked or made with a bump from the instruction data.
//!
//! Several bumps give an address for the same seeds, so there is more than one account where one is meant. A bump that is
//! kept in an account, or that was searched for, is one. Start with [`look`].

use super::{Event, Family};
use crate::fact::Fact;
use crate::state::{Pending, State};
use crate::value::Source;
use ovsm_base::Span;

pub(crate) fn look(state: &mut State, event: &Event<'_>, span: Span) {
    let Event::Address { bump } = event else { return };
    let is_given = bump.all_sources().contains(&Source::Instruction);
    let is_other = bump.sources.iter().any(|source| matches!(source, Source::Found | Source::Data(..)));
    if !is_given || is_other || bump.is_vague {
        return;
    }
    let message = "whoever sends the instruction chooses the bump of this address".to_string();
    let help = "several bumps give an address: use the one that `find-program-address` finds, or the one that was kept when the account was made".to_string();
    let allowed_by = vec![Fact::BumpCompared];
    state.raise((Family::BumpNotCanonical, span, message), Pending { allowed_by, help, if_elsewhere: None });
}
