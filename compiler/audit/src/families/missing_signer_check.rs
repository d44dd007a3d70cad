//! `missing-signer-check`: the key of an account is compared with one that is kept in data, something changes, and nothing
//! else of the account is used, not even whether it signed. Or its key is only a seed of the address of an account that the
//! sender changes as they like, and nobody signs.
//!
//! Anybody can name any account; only its owner can sign for it. An account that is used for more than its key (its data,
//! its balance, in a call) may have been compared for another reason, and is not reported. Start with [`look`].

use super::{Event, Family};
use crate::fact::{Account, Fact};
use crate::state::{Pending, State};
use crate::value::{Shape, Source};
use ovsm_base::Span;

pub(crate) fn look(state: &mut State, event: &Event<'_>, span: Span) {
    if !event.is_change() {
        return;
    }
    look_at_seeds(state, event, span);
    let kept: Vec<(Account, Account)> = state
        .facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::KeyKept(key, kept, _) if key != kept => Some((key, kept)),
            _ => None,
        })
        .collect();
    for (key, kept) in kept {
        if key == Account::Some || kept == Account::Some {
            continue;
        }
        let message = format!(
            "{} has to be the one that {} names, but nothing checks that it signed",
            state.named(key),
            state.named(kept)
        );
        let mut allowed_by = vec![Fact::Signed(key), Fact::Used(key), Fact::KeyUsed(key)];
        // Somebody else who is known and has signed may name the account.
        allowed_by.extend(super::somebody_signed(state, key));
        let help = "anybody can give any account: write `(assert-signer i)`, or declare it as a `signer`"
            .to_string();
        state.raise(
            (Family::MissingSignerCheck, span, message),
            Pending { allowed_by, help, if_elsewhere: None },
        );
    }
}

/// What says which account it is, or whose.
fn known_of(account: Account) -> [Fact; 6] {
    [
        Fact::KeyKnown(account),
        Fact::OwnedHere(account),
        Fact::DataCompared(account),
        Fact::AuthorityCompared(account),
        Fact::Signed(account),
        Fact::Created(account),
    ]
}

/// Accounts whose keys are seeds. Nothing is said if somebody signs whose key is used for anything: what they may do may be
/// decided by that.
fn look_at_seeds(state: &mut State, event: &Event<'_>, span: Span) {
    let seeds: Vec<(Account, Account)> = state
        .facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::SeedOf(seed, of) if seed != Account::Some && of != Account::Some => Some((seed, of)),
            _ => None,
        })
        .collect();
    for (seed, of) in &seeds {
        let (seed, of) = (*seed, *of);
        let mut allowed_by = vec![Fact::Used(seed), Fact::KeyKnown(seed), Fact::Created(of)];
        match event {
            // What is written is what the sender says.
            Event::Write { account, value, .. } => {
                let is_given = !value.is_vague && value.all_sources().contains(&Source::Instruction);
                if *account != of || !is_given {
                    continue;
                }
            }
            // Lamports of the account are given to somebody whom nothing names.
            Event::Lamports { account, value } => {
                let is_taken = value.shape == Shape::Difference || value.as_number() == Some(0);
                let is_named = *account == of || seeds.contains(&(*account, of));
                if is_taken || is_named || *account == Account::Some || !state.facts.holds(Fact::Debited(of))
                {
                    continue;
                }
                allowed_by.push(Fact::KeyKnown(*account));
                allowed_by.push(Fact::Debited(*account));
            }
            // The program signs for the account, and another program may change what nothing is known of.
            Event::Invoke { accounts, signers, .. } => {
                // Who signs besides the program's own addresses, the runtime makes sure of.
                let signing = accounts.iter().filter(|given| given.is_signer).count();
                let is_signer = signing <= signers.len()
                    && accounts.iter().any(|given| given.account == of && given.is_signer);
                let free = accounts.iter().map(|given| (given.account, given.is_writable)).find(|given| {
                    let (account, is_writable) = *given;
                    let known = known_of(account);
                    account != of
                        && is_writable
                        && account != Account::Some
                        && !seeds.contains(&(account, of))
                        && !known.iter().any(|fact| state.facts.holds(*fact))
                });
                let Some((free, _)) = free.filter(|_| is_signer && !signers.is_empty()) else { continue };
                allowed_by = vec![Fact::KeyKnown(seed), Fact::Created(of)];
                allowed_by.extend(known_of(free));
            }
            _ => continue,
        }
        let signers = super::signers(state);
        match signers.is_empty() {
            true => allowed_by.push(Fact::Signed(Account::Some)),
            false => {
                allowed_by
                    .extend(seeds.iter().filter(|(_, its)| *its == of).map(|(seed, _)| Fact::Signed(*seed)));
                for signer in signers {
                    allowed_by.extend([
                        Fact::KeyKnown(signer),
                        Fact::KeyUsed(signer),
                        Fact::KeyLogged(signer),
                    ]);
                }
            }
        }
        let message = format!(
            "{} says whose {} is, but nothing checks that it signed",
            state.named(seed),
            state.named(of)
        );
        let help = "anybody can give any account: declare it as a `signer`, or write `(assert-signer i)`"
            .to_string();
        state.raise(
            (Family::MissingSignerCheck, span, message),
            Pending { allowed_by, help, if_elsewhere: None },
        );
    }
}
