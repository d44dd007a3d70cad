//! `duplicate-mutable-accounts`: two accounts are written at the same place of their data, and nothing says that they are
//! two.
//!
//! If they are one, the second write undoes the first, unless it is made of what was read after it. Start with [`look`].

use super::{Event, Family};
use crate::condition::distinct;
use crate::fact::{Account, Fact};
use crate::state::{Pending, State};
use crate::value::Source;
use ovsm_base::Span;

pub(crate) fn look(state: &mut State, event: &Event<'_>, span: Span) {
    let Event::Write { account, offset: Some(offset), value, .. } = event else { return };
    if *account == Account::Some {
        return;
    }
    let others: Vec<(Account, u32)> = state
        .writes
        .iter()
        .filter(|write| write.account != *account && write.offset == Some(*offset))
        .filter(|write| write.account != Account::Some)
        .filter(|write| write.number.is_none() || write.number != value.as_number())
        .map(|write| (write.account, write.epoch))
        .collect();
    for (other, epoch) in others {
        // Made of what the data were after the first write.
        let is_fresh = value.sources.iter().any(|source| {
            matches!(source, Source::Data(of, at, read) if of == *account && at.is_none_or(|at| at == *offset) && read >= epoch)
        });
        if is_fresh || value.is_vague || state.are_of_different_type(*account, other) {
            continue;
        }
        let in_row = |account| state.facts.holds(Fact::InRow(account));
        if in_row(*account) && in_row(other) {
            continue;
        }
        let (first, second) = (other.min(*account), other.max(*account));
        let message = format!(
            "{} and {} are both written, and may be the same",
            state.named(first),
            state.named(second)
        );
        let allowed_by = vec![distinct(*account, other), Fact::KeyKnown(*account), Fact::KeyKnown(other)];
        let help = "an account can be given twice: compare their keys and fail if they are equal, or declare the accounts".to_string();
        state.raise(
            (Family::DuplicateMutableAccounts, span, message),
            Pending { allowed_by, help, if_elsewhere: None },
        );
    }
}
