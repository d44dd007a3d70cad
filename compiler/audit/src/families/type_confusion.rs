//! `type-confusion`: a key in the data of an account is compared, the program has another type with a key at the same
//! place, and nothing tells which of them the data are.
//!
//! Whether there is such a type is known at the end of the walk: see [`is_ambiguous`]. Start with [`look`].

use super::{Event, Family};
use crate::fact::{Account, Fact};
use crate::state::{Elsewhere, Pending, RecordUse, State};
use ovsm_base::Span;
use ovsm_expand::ty::RecordType;
use ovsm_infer::Type;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) fn look(state: &mut State, event: &Event<'_>, span: Span) {
    if !event.is_change() {
        return;
    }
    let kept: Vec<(Account, i64)> = state
        .facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::KeyKept(_, kept, Some(offset)) if kept != Account::Some => Some((kept, offset)),
            _ => None,
        })
        .collect();
    for (account, offset) in kept {
        let mut records = state.records.get(&account).into_iter().flatten();
        // Read as two types, it is no mistake of one for the other.
        let (Some(record), None) = (records.next().cloned(), records.next()) else { continue };
        let name = &record.0;
        let message = format!(
            "the data of {} are read as a `{name}`, but nothing checks that they are one",
            state.named(account)
        );
        let allowed_by = vec![
            Fact::TagCompared(account),
            Fact::LengthCompared(account),
            Fact::KeyKnown(account),
            Fact::Created(account),
        ];
        let help = "another type of this program has a key at the same place: begin each type with a word of its own and compare it, or declare the account with its type".to_string();
        let length = state.length_of(account);
        let if_elsewhere = Some(Elsewhere::HasKeyAt { record, place: offset, length });
        state.raise((Family::TypeConfusion, span, message), Pending { allowed_by, help, if_elsewhere });
    }
}

/// True if another record that the data of accounts are read as has a key at this place too. Data whose length is known are
/// no record of another length.
pub(crate) fn is_ambiguous(
    records: &BTreeMap<RecordUse, Arc<RecordType>>,
    record: &RecordUse,
    place: i64,
    length: Option<u32>,
) -> bool {
    records.iter().filter(|(used, _)| *used != record).any(|((_, start), other)| {
        let whole = other.size().and_then(|size| size.checked_add(*start));
        let is_as_long = length.is_none_or(|length| whole.is_none_or(|whole| whole == length));
        is_as_long
            && other.fields.iter().any(|field| {
                let at = other.field(&field.name).map(|(_, at)| i64::from(at) + i64::from(*start));
                field.ty == Type::Pubkey && at == Some(place)
            })
    })
}
