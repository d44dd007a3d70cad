//! `reinitialisation`: the key of an account is written into the data of another one, and nothing looks whether there is
//! one already.
//!
//! An account that is made on the way, or that signs for itself, was not set up by anybody else. Start with [`look`].

use super::{Event, Family, named};
use crate::fact::{Account, Fact};
use crate::state::{Pending, State};
use crate::value::Source;
use ovsm_base::Span;

pub(crate) fn look(state: &mut State, event: &Event<'_>, span: Span) {
    let Event::Write { account, value, .. } = event else { return };
    if value.is_vague || *account == Account::Some {
        return;
    }
    let writes_key = value.all_sources().iter().any(|source| match source {
        Source::Key(other) => other != account && *other != Account::Some,
        _ => false,
    });
    if !writes_key {
        return;
    }
    let message = format!("{} is given a key here, and nothing checks that it has none yet", named(*account));
    let allowed_by = vec![
        Fact::DataCompared(*account),
        Fact::LengthCompared(*account),
        Fact::LamportsCompared(*account),
        Fact::Created(*account),
        Fact::Signed(*account),
    ];
    let help = "whoever sends this again takes it over: compare a word of its data that says whether it was set up, or declare it with `init`".to_string();
    state.raise((Family::Reinitialisation, span, message), Pending { allowed_by, help, record: None });
}
