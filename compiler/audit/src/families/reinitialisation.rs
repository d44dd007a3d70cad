//! `reinitialisation`: the key of an account is written into the data of another one, and nothing looks whether there is
//! one already.
//!
//! An account that is made on the way, or that signs for itself, was not set up by anybody else; nor is it taken over if
//! somebody who is known has signed. In an account with a type of its own a key may be no authority: it is one if the program
//! compares the key at its place with that of a signer. Start with [`look`].

use super::{Event, Family};
use crate::fact::{Account, Fact};
use crate::state::{Elsewhere, Pending, State};
use crate::value::Source;
use ovsm_base::Span;

pub(crate) fn look(state: &mut State, event: &Event<'_>, span: Span) {
    let Event::Write { account, offset, value, is_key } = event else { return };
    if value.is_vague || *account == Account::Some {
        return;
    }
    let keys: Vec<Account> = value
        .all_sources()
        .into_iter()
        .filter_map(|source| match source {
            Source::Key(other) if other != *account && other != Account::Some => Some(other),
            _ => None,
        })
        .collect();
    // The sender may also say the key. Those who sign are looked at elsewhere: here nobody does.
    let is_said =
        *is_key && value.all_sources().contains(&Source::Instruction) && super::signers(state).is_empty();
    if keys.is_empty() && !is_said {
        return;
    }
    let if_elsewhere = match (state.opened.get(account), offset) {
        (Some(record), Some(place)) if record.1 > 0 => {
            Some(Elsewhere::IsAuthority { record: record.clone(), place: *place })
        }
        (Some(record), None) if record.1 > 0 => return,
        _ => None,
    };
    let message =
        format!("{} is given a key here, and nothing checks that it has none yet", state.named(*account));
    let mut allowed_by = vec![
        Fact::DataCompared(*account),
        Fact::LengthCompared(*account),
        Fact::LamportsCompared(*account),
        Fact::Created(*account),
        Fact::Signed(*account),
    ];
    if keys.is_empty() {
        allowed_by.push(Fact::Signed(Account::Some));
    }
    // It has its address of somebody who signs, and is theirs in any case.
    allowed_by.extend(state.facts.iter().filter_map(|fact| match fact {
        Fact::SeedOf(seed, of) if of == *account => Some(Fact::Signed(seed)),
        _ => None,
    }));
    allowed_by.extend(super::somebody_signed(state, *account));
    let help = "whoever sends this again takes it over: compare a word of its data that says whether it was set up, or declare it with `init`".to_string();
    state.raise((Family::Reinitialisation, span, message), Pending { allowed_by, help, if_elsewhere });
}
