//! `account-data-matching`: somebody has to sign, but the data that are changed name an authority which is compared with
//! nothing, so that anybody's signature will do.
//!
//! Reported only if the key of the one who signed is used for nothing at all: not compared, not stored, in no seed, in no
//! call. Start with [`look`].

use super::{Event, Family};
use crate::fact::{Account, Fact};
use crate::state::{Pending, State};
use crate::value::{Shape, Source, Value};
use ovsm_base::Span;

pub(crate) fn look(state: &mut State, event: &Event<'_>, span: Span) {
    let signers = super::signers(state);
    if let Event::Lamports { account, value } = event
        && signers.is_empty()
    {
        return look_at_payment(state, *account, value, span);
    }
    if signers.is_empty() || signers.contains(&Account::Some) || !event.is_change() {
        return;
    }
    let mut touched: Vec<Account> = event.target().into_iter().collect();
    touched.extend(event.sources().iter().filter_map(|source| match source {
        Source::Data(account, ..) => Some(account),
        _ => None,
    }));
    // Lamports are taken, or the program signs: what else was declared may say who may have that done.
    let is_taking = match event {
        Event::Lamports { value, .. } => value.shape == Shape::Difference || value.as_number() == Some(0),
        Event::Invoke { signers, .. } => !signers.is_empty(),
        _ => false,
    };
    if is_taking {
        touched.extend(state.opened.keys());
    }
    touched.sort_unstable();
    touched.dedup();
    for account in touched {
        let has_key = state.facts.holds(Fact::HasKeyField(account));
        if account == Account::Some || !has_key || signers.contains(&account) {
            continue;
        }
        let message = format!(
            "{} names a key in its data that is compared with nothing: anybody can sign for this",
            state.named(account)
        );
        let is_found = match state.opened.contains_key(&account) {
            true => Fact::Placed(account),
            false => Fact::KeyKnown(account),
        };
        let mut allowed_by = vec![Fact::AuthorityCompared(account), is_found, Fact::Created(account)];
        for signer in &signers {
            allowed_by.extend([Fact::KeyKnown(*signer), Fact::KeyUsed(*signer)]);
            // What anybody may do is often logged with who did it, but what is changed then is not what they say.
            if matches!(event, Event::Write { .. }) && !event.sources().contains(&Source::Instruction) {
                allowed_by.push(Fact::KeyLogged(*signer));
            }
        }
        let help =
            "compare it with the key of the account that signs, as a declaration does with `:constraints`"
                .to_string();
        state.raise(
            (Family::AccountDataMatching, span, message),
            Pending { allowed_by, help, if_elsewhere: None },
        );
    }
}

/// Lamports of an account that names somebody go to one that nothing names, nothing is compared, and nobody signs.
fn look_at_payment(state: &mut State, to: Account, value: &Value, span: Span) {
    let is_taken = value.shape == Shape::Difference || value.as_number() == Some(0);
    if is_taken || to == Account::Some {
        return;
    }
    let payers: Vec<Account> = state
        .opened
        .keys()
        .copied()
        .filter(|account| {
            let is_payer = [Fact::Debited(*account), Fact::HasKeyField(*account)];
            *account != to && is_payer.iter().all(|fact| state.facts.holds(*fact))
        })
        .collect();
    for from in payers {
        let allowed_by = vec![
            Fact::AuthorityCompared(from),
            Fact::DataCompared(from),
            Fact::Placed(from),
            Fact::Created(from),
            Fact::KeyKnown(to),
            Fact::KeyUsed(to),
            Fact::DataCompared(to),
            Fact::Debited(to),
            Fact::Signed(Account::Some),
        ];
        let message = format!(
            "{} names a key in its data that is compared with nothing: anybody can have its lamports",
            state.named(from)
        );
        let help =
            "declare who may do this as a `signer`, and compare the key in the data with theirs".to_string();
        state.raise(
            (Family::AccountDataMatching, span, message),
            Pending { allowed_by, help, if_elsewhere: None },
        );
    }
}
