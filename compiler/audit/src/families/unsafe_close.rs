//! `unsafe-close`: the balance of an account is set to zero, or all of it is taken out, and its data stay as they are.
//!
//! What is written to the data counts only if it is made of nothing: a word that says that the account is closed, and no amount.
//! In the same transaction somebody can give it lamports again, and it is there with its old data. An account whose data
//! the program never looks at has none that matter. Start with [`look`].

use super::{Event, Family};
use crate::fact::{Account, Fact};
use crate::state::{Pending, State};
use ovsm_base::Span;

pub(crate) fn look(state: &mut State, event: &Event<'_>, span: Span) {
    if let Event::Close { account, destination } = event {
        return look_at_destination(state, *account, *destination, span);
    }
    let Event::Lamports { account, value, .. } = event else { return };
    let is_emptied = value.as_number() == Some(0);
    let is_looked_at = [Fact::DataRead(*account), Fact::TagCompared(*account)];
    if !is_emptied || *account == Account::Some || !is_looked_at.iter().any(|fact| state.facts.holds(*fact)) {
        return;
    }
    let message = format!("{} loses its lamports here, but keeps its data", state.named(*account));
    let help = "somebody can give it lamports again in the same transaction: write `(close a destination)`, or overwrite the data with a word that nothing accepts".to_string();
    let allowed_by = vec![Fact::Wiped(*account), Fact::Closed(*account)];
    state.raise((Family::UnsafeClose, span, message), Pending { allowed_by, help, if_elsewhere: None });
}

/// The balance of an account whose data name somebody goes to an account that nothing names, and nobody who is known signs.
fn look_at_destination(state: &mut State, account: Account, destination: Account, span: Span) {
    let has_key = state.opened.contains_key(&account) && state.facts.holds(Fact::HasKeyField(account));
    if !has_key || destination == Account::Some || account == destination {
        return;
    }
    let mut allowed_by =
        vec![Fact::KeyKnown(destination), Fact::KeyUsed(destination), Fact::Created(account)];
    for signer in super::signers(state) {
        allowed_by.extend([Fact::KeyKnown(signer), Fact::KeyUsed(signer)]);
    }
    allowed_by.extend(super::somebody_signed(state, destination));
    let message = format!(
        "{} is closed, and nothing checks that its lamports are for {}",
        state.named(account),
        state.named(destination)
    );
    let help = "compare a key in its data with that of the account that gets them, or of one that signs, as a declaration does with `:constraints`".to_string();
    state.raise((Family::UnsafeClose, span, message), Pending { allowed_by, help, if_elsewhere: None });
}
