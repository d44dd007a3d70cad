//! The state of the walk at a place of a program: what variables hold, what is known, and what is pending.
//!
//! A state is a value; where ways part it is copied, and where they meet, two become one. Start with [`State`].

use crate::fact::{Account, Fact, Facts, satisfies};
use crate::families::Family;
use crate::value::{Source, Value};
use ovsm_base::{DefId, Span};
use ovsm_expand::core::LocalId;
use std::collections::{BTreeMap, BTreeSet};

/// What makes one finding: it is reported once.
pub(crate) type PendingKey = (Family, Span, String);

/// A use that nothing has allowed yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Pending {
    /// One of these facts allows it.
    pub(crate) allowed_by: Vec<Fact>,
    /// What to do about it.
    pub(crate) help: String,
    /// What has to be true of the whole program for this to be a finding.
    pub(crate) if_elsewhere: Option<Elsewhere>,
}

/// What is known at the end of the walk only.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Elsewhere {
    /// Another record has a key at this place, and the data may be as long as it.
    HasKeyAt { record: RecordUse, place: i64, length: Option<u32> },
    /// The key at this place of the record is compared with that of somebody who signs.
    IsAuthority { record: RecordUse, place: i64 },
}

/// A record as which the data of accounts are read, and where it begins in them.
pub(crate) type RecordUse = (String, u32);

/// A write to the data of an account.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Write {
    /// Whose data.
    pub(crate) account: Account,
    /// Where in them.
    pub(crate) offset: Option<i64>,
    /// How many writes came before it.
    pub(crate) epoch: u32,
    /// The number that is written, if it is one.
    pub(crate) number: Option<i128>,
}

/// The state at a place.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct State {
    /// True if nothing leads here.
    pub(crate) is_dead: bool,
    /// The locals, by the frame of the call that they belong to.
    pub(crate) locals: BTreeMap<(u32, LocalId), Value>,
    /// The variables of the module.
    pub(crate) globals: BTreeMap<DefId, Value>,
    /// What is known.
    pub(crate) facts: Facts,
    /// What is pending.
    pub(crate) pending: BTreeMap<PendingKey, Pending>,
    /// Writes to accounts on one of the ways here.
    pub(crate) writes: BTreeSet<Write>,
    /// How many writes there were at most.
    pub(crate) epoch: u32,
    /// What lies in memory of the program's own that was written through addresses.
    pub(crate) memory: BTreeSet<Source>,
    /// How many times a balance was set, or another program called.
    pub(crate) payments: u32,
    /// When the balance of an account was set for the last time; that of all accounts is that of `Account::Some`.
    pub(crate) paid: BTreeMap<Account, u32>,
    /// The records as which the data of accounts were read.
    pub(crate) records: BTreeMap<Account, BTreeSet<RecordUse>>,
    /// The records as which accounts were opened.
    pub(crate) opened: BTreeMap<Account, RecordUse>,
    /// What the program calls its accounts.
    pub(crate) names: BTreeMap<Account, String>,
}

impl State {
    /// Adds facts; what they allow is no longer pending.
    pub(crate) fn know(&mut self, facts: impl IntoIterator<Item = Fact>) {
        for fact in facts {
            if self.facts.add(fact) && !self.pending.is_empty() {
                self.pending.retain(|_, pending| {
                    !pending.allowed_by.iter().any(|allowing| satisfies(fact, *allowing))
                });
            }
        }
    }

    /// Adds what follows from a condition; the way ends if it can not be.
    pub(crate) fn assume(&mut self, facts: Option<&Facts>) {
        match facts {
            Some(facts) => self.know(facts.iter()),
            None => self.is_dead = true,
        }
    }

    /// Makes something pending, unless it is allowed. On one way the first of those that the same check cures is enough.
    pub(crate) fn raise(&mut self, key: PendingKey, pending: Pending) {
        let is_known = self.pending.keys().any(|known| known.0 == key.0 && known.2 == key.2);
        if !is_known && !self.is_dead && !pending.allowed_by.iter().any(|fact| self.facts.holds(*fact)) {
            self.pending.entry(key).or_insert(pending);
        }
    }

    /// Where two ways meet.
    pub(crate) fn join(&mut self, other: State) {
        if other.is_dead {
            return;
        }
        if self.is_dead {
            *self = other;
            return;
        }
        join_values(&mut self.locals, &self.facts, other.locals, &other.facts);
        join_values(&mut self.globals, &self.facts, other.globals, &other.facts);
        self.facts.keep_common(&other.facts);
        for (key, pending) in other.pending {
            self.pending.entry(key).or_insert(pending);
        }
        self.writes.extend(other.writes);
        self.epoch = self.epoch.max(other.epoch);
        self.payments = self.payments.max(other.payments);
        for (account, time) in other.paid {
            let known = self.paid.entry(account).or_default();
            *known = time.max(*known);
        }
        self.names.retain(|account, name| other.names.get(account) == Some(name));
        self.opened.retain(|account, record| other.opened.get(account) == Some(record));
        self.memory.extend(other.memory);
        for (account, records) in other.records {
            self.records.entry(account).or_default().extend(records);
        }
    }

    /// True if the data of two accounts were found to differ at one place.
    pub(crate) fn are_of_different_type(&self, one: Account, other: Account) -> bool {
        let tags = |wanted: Account| {
            self.facts.iter().filter_map(move |fact| match fact {
                Fact::TagIs(account, offset, number) if account == wanted => Some((offset, number)),
                _ => None,
            })
        };
        let differ = self.length_of(one).zip(self.length_of(other)).is_some_and(|(a, b)| a != b);
        differ || tags(one).any(|(at, tag)| tags(other).any(|(place, other)| at == place && tag != other))
    }

    /// The length of the data of an account, if it was opened as one of a type.
    pub(crate) fn length_of(&self, wanted: Account) -> Option<u32> {
        self.facts.iter().find_map(|fact| match fact {
            Fact::LengthIs(account, length) if account == wanted => Some(length),
            _ => None,
        })
    }

    /// Notes that the balance of an account changes.
    pub(crate) fn pay(&mut self, account: Account) {
        self.payments += 1;
        self.paid.insert(account, self.payments);
    }

    /// A number that stays the same as long as the balance of an account does.
    pub(crate) fn last_payment(&self, account: Account) -> u32 {
        let of = |account| self.paid.get(&account).copied().unwrap_or(0);
        of(account).max(of(Account::Some))
    }

    /// The words for an account.
    pub(crate) fn named(&self, account: Account) -> String {
        match (account, self.names.get(&account)) {
            (_, Some(name)) => format!("`{name}`"),
            (Account::Number(number), None) => format!("account {number}"),
            (Account::Some, None) => "an account".to_string(),
        }
    }

    /// How much work a copy is.
    pub(crate) fn weight(&self) -> usize {
        self.locals.len() + self.globals.len() + self.facts.len() + self.pending.len() + self.writes.len()
    }
}

fn join_values<K: Ord + Copy>(
    values: &mut BTreeMap<K, Value>,
    facts: &Facts,
    others: BTreeMap<K, Value>,
    known: &Facts,
) {
    for (key, other) in others {
        match values.get_mut(&key) {
            Some(value) if *value == other => {}
            Some(value) => *value = value.merge(facts, &other, known),
            None => {
                values.insert(key, other);
            }
        }
    }
}
