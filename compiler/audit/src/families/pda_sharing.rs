//! `pda-sharing`: an address signs for what an authority decides, and nothing that is particular to the authority is in
//! its seeds.
//!
//! Reported only if a key in the seeds is known to be shared: it is that of an account which is compared with the state,
//! and neither signs nor changes. The authorities of all states with that key then move the same funds. Start with [`look`].

use super::{Event, Family};
use crate::fact::{Account, Fact};
use crate::state::{Pending, State};
use crate::value::Source;
use ovsm_base::Span;

pub(crate) fn look(state: &mut State, event: &Event<'_>, span: Span) {
    let Event::Invoke { accounts, signers, .. } = event else { return };
    let kept: Vec<(Account, Account, Option<i64>)> = state
        .facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::KeyKept(key, kept, offset) => Some((key, kept, offset)),
            _ => None,
        })
        .collect();
    let is_moved = |account: Account| {
        state.facts.holds(Fact::Signed(account))
            || accounts.iter().any(|given| given.account == account && (given.is_writable || given.is_signer))
    };
    let mut found = Vec::new();
    for (authority, pool, _) in &kept {
        let is_authority = state.facts.holds(Fact::Signed(*authority)) && *pool != Account::Some;
        if !is_authority {
            continue;
        }
        for seeds in *signers {
            let sources =
                || seeds.iter().filter(|(_, ty)| !is_byte(ty)).flat_map(|(seed, _)| seed.all_sources());
            let is_shared = |source: &Source| {
                kept.iter().any(|(key, of, offset)| {
                    of == pool
                        && !is_moved(*key)
                        && match source {
                            Source::Key(account) => account == key,
                            Source::Data(account, at, _) => account == pool && at == offset,
                            _ => false,
                        }
                })
            };
            let is_vague = seeds.iter().any(|(seed, _)| seed.is_vague);
            if !is_vague && sources().count() > 0 && sources().all(|source| is_shared(&source)) {
                found.push(*pool);
            }
        }
    }
    for pool in found {
        let message = format!(
            "the address that signs here is the same for every authority of an account like {}",
            state.named(pool)
        );
        let help =
            "add a seed that only one of them has, as the key of the account or of its authority".to_string();
        let allowed_by = vec![Fact::KeyKnown(pool)];
        state.raise((Family::PdaSharing, span, message), Pending { allowed_by, help, if_elsewhere: None });
    }
}

/// True for the type of bumps.
fn is_byte(ty: &ovsm_infer::Type) -> bool {
    *ty == ovsm_infer::Type::Int(ovsm_base::IntType::U8)
}
