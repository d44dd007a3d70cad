//! What is found, one family in each file.
//!
//! A family looks at what happens, and says which facts have to be there. It never looks at names or texts of a program.
//! Start with `Event`, then any of the files.

pub(crate) mod account_data_matching;
pub(crate) mod arbitrary_cpi;
pub(crate) mod bump_not_canonical;
pub(crate) mod duplicate_mutable_accounts;
pub(crate) mod missing_owner_check;
pub(crate) mod missing_signer_check;
pub(crate) mod pda_sharing;
pub(crate) mod reinitialisation;
pub(crate) mod sysvar_spoofing;
pub(crate) mod type_confusion;
pub(crate) mod unsafe_close;

use crate::fact::{Account, Fact};
use crate::shared::Set;
use crate::state::State;
use crate::value::{Source, Value};
use ovsm_base::Span;
use ovsm_infer::Type;
use std::collections::BTreeSet;

/// A family of findings.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Family {
    /// The key of an account is looked at, and nothing else of it: not even that it signed.
    MissingSignerCheck,
    /// The data of an account decide, and any program may have written them.
    MissingOwnerCheck,
    /// The key that the data of an account hold is compared with nothing.
    AccountDataMatching,
    /// Data of one type are read as those of another.
    TypeConfusion,
    /// An account is set up a second time.
    Reinitialisation,
    /// Whoever sends the instruction chooses the program that is called.
    ArbitraryCpi,
    /// Two accounts that are written may be one.
    DuplicateMutableAccounts,
    /// Whoever sends the instruction chooses the bump of an address.
    BumpNotCanonical,
    /// One address signs for the accounts of several authorities.
    PdaSharing,
    /// An account loses its lamports and keeps its data.
    UnsafeClose,
    /// Any sysvar will do.
    SysvarSpoofing,
}

/// All families, by name.
pub const FAMILIES: [Family; 11] = [
    Family::AccountDataMatching,
    Family::ArbitraryCpi,
    Family::BumpNotCanonical,
    Family::DuplicateMutableAccounts,
    Family::MissingOwnerCheck,
    Family::MissingSignerCheck,
    Family::PdaSharing,
    Family::Reinitialisation,
    Family::SysvarSpoofing,
    Family::TypeConfusion,
    Family::UnsafeClose,
];

impl Family {
    /// The name of its lint.
    pub fn name(self) -> &'static str {
        match self {
            Family::MissingSignerCheck => "missing-signer-check",
            Family::MissingOwnerCheck => "missing-owner-check",
            Family::AccountDataMatching => "account-data-matching",
            Family::TypeConfusion => "type-confusion",
            Family::Reinitialisation => "reinitialisation",
            Family::ArbitraryCpi => "arbitrary-cpi",
            Family::DuplicateMutableAccounts => "duplicate-mutable-accounts",
            Family::BumpNotCanonical => "bump-not-canonical",
            Family::PdaSharing => "pda-sharing",
            Family::UnsafeClose => "unsafe-close",
            Family::SysvarSpoofing => "sysvar-spoofing",
        }
    }
}

/// An account that another program is given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GivenAccount {
    pub(crate) account: Account,
    pub(crate) is_writable: bool,
    pub(crate) is_signer: bool,
}

/// Something that happens on the way.
pub(crate) enum Event<'e> {
    /// The data of an account are written.
    Write { account: Account, offset: Option<i64>, value: &'e Value, is_key: bool },
    /// The balance of an account is set.
    Lamports { account: Account, value: &'e Value },
    /// An account is given back, and its balance to another one.
    Close { account: Account, destination: Account },
    /// Another program is called.
    Invoke {
        program: &'e Value,
        accounts: &'e [GivenAccount],
        data: &'e [Value],
        signers: &'e [Vec<(Value, Type)>],
    },
    /// An address is made of seeds, the last of which is this byte.
    Address { bump: &'e Value },
}

impl Event<'_> {
    /// The account whose data or balance change; `None` if nothing changes here.
    fn target(&self) -> Option<Account> {
        match self {
            Event::Write { account, .. } | Event::Lamports { account, .. } | Event::Close { account, .. } => {
                Some(*account)
            }
            _ => None,
        }
    }

    /// True if something changes.
    fn is_change(&self) -> bool {
        !matches!(self, Event::Address { .. })
    }

    /// What the change depends on, if that is known exactly.
    fn sources(&self) -> Set<Source> {
        let of = |value: &Value| if value.is_vague { Set::default() } else { value.all_sources() };
        match self {
            Event::Write { value, .. } | Event::Lamports { value, .. } => of(value),
            Event::Invoke { program, data, .. } => {
                let program = program.as_number().is_none().then_some(*program);
                data.iter().chain(program).flat_map(of).collect()
            }
            Event::Close { .. } | Event::Address { .. } => Set::default(),
        }
    }
}

/// The accounts whose data decide what changes: a key in them was compared, or what is written is made of them.
fn deciding(state: &State, event: &Event<'_>) -> BTreeSet<Account> {
    let mut accounts = BTreeSet::new();
    if !event.is_change() {
        return accounts;
    }
    for fact in state.facts.iter() {
        if let Fact::KeyKept(key, kept, _) = fact
            && key != Account::Some
        {
            accounts.insert(kept);
        }
        if let Fact::DataDecide(account, _) = fact {
            accounts.insert(account);
        }
    }
    for source in event.sources() {
        if let Source::Data(account, ..) = source {
            accounts.insert(account);
        }
    }
    accounts.remove(&Account::Some);
    accounts
}

/// What says that somebody who is known has signed: whoever is named by data or written out, but for one account.
fn somebody_signed(state: &State, but: Account) -> Vec<Fact> {
    let allowing = state.facts.iter().filter_map(|fact| match fact {
        Fact::KeyKnown(key) if key != but => Some(Fact::Signed(key)),
        Fact::Signed(signer) if signer != but => Some(Fact::KeyKnown(signer)),
        _ => None,
    });
    allowing.collect()
}

/// The accounts that signed.
fn signers(state: &State) -> Vec<Account> {
    let signed = |fact| if let Fact::Signed(account) = fact { Some(account) } else { None };
    state.facts.iter().filter_map(signed).collect()
}

/// Lets all families look at what happens.
pub(crate) fn look(state: &mut State, event: &Event<'_>, span: Span) {
    missing_signer_check::look(state, event, span);
    missing_owner_check::look(state, event, span);
    account_data_matching::look(state, event, span);
    type_confusion::look(state, event, span);
    reinitialisation::look(state, event, span);
    arbitrary_cpi::look(state, event, span);
    duplicate_mutable_accounts::look(state, event, span);
    bump_not_canonical::look(state, event, span);
    pda_sharing::look(state, event, span);
    unsafe_close::look(state, event, span);
    sysvar_spoofing::look(state, event, span);
}
