//! The state of the walk at a place of a program: what variables hold, what is known, and what is pending.
//!
//! A state is a value; where ways part it is copied, and where they meet, two become one. Start with [`State`].

use crate::fact::{Account, Fact, Facts, satisfies};
use crate::families::Family;
use crate::shared::{Set, Shared};
use crate::value::{Source, Value};
use ovsm_base::index::Index;
use ovsm_base::{DefId, Span};
use ovsm_expand::core::LocalId;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// What makes one finding: it is reported once.
pub(crate) type PendingKey = (Family, Span, Rc<str>);

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
    /// The locals of the calls that are running, by the number of the call.
    pub(crate) frames: BTreeMap<u32, Shared<Frame>>,
    /// The variables of the module.
    pub(crate) globals: Shared<BTreeMap<DefId, Value>>,
    /// What is known.
    pub(crate) facts: Facts,
    /// What is pending.
    pub(crate) pending: Shared<BTreeMap<PendingKey, Rc<Pending>>>,
    /// Writes to accounts on one of the ways here.
    pub(crate) writes: Set<Write>,
    /// How many writes there were at most.
    pub(crate) epoch: u32,
    /// What lies in memory of the program's own that was written through addresses.
    pub(crate) memory: Set<Source>,
    /// How many times a balance was set, or another program called.
    pub(crate) payments: u32,
    /// When the balance of an account was set for the last time; that of all accounts is that of `Account::Some`.
    pub(crate) paid: Shared<BTreeMap<Account, u32>>,
    /// The records as which the data of accounts were read.
    pub(crate) records: Shared<BTreeMap<Account, BTreeSet<RecordUse>>>,
    /// The records as which accounts were opened.
    pub(crate) opened: Shared<BTreeMap<Account, RecordUse>>,
    /// What the program calls its accounts.
    pub(crate) names: Shared<BTreeMap<Account, String>>,
}

impl State {
    /// Adds facts; what they allow is no longer pending.
    pub(crate) fn know(&mut self, facts: impl IntoIterator<Item = Fact>) {
        for fact in facts {
            if self.facts.insert(fact) {
                let is_allowed =
                    |pending: &Pending| pending.allowed_by.iter().any(|allowing| satisfies(fact, *allowing));
                if self.pending.values().any(|pending| is_allowed(pending)) {
                    self.pending.edit().retain(|_, pending| !is_allowed(pending));
                }
            }
        }
    }

    /// Adds what follows from a condition; the way ends if it can not be.
    pub(crate) fn assume(&mut self, facts: Option<&Facts>) {
        match facts {
            Some(facts) => self.know_all(facts),
            None => self.is_dead = true,
        }
    }

    /// Adds facts; what they allow is no longer pending.
    pub(crate) fn know_all(&mut self, facts: &Facts) {
        match self.pending.is_empty() {
            true => self.facts.extend(facts),
            false => self.know(facts.iter()),
        }
    }

    /// Makes something pending, unless it is allowed. On one way the first of those that the same check cures is enough.
    pub(crate) fn raise(&mut self, key: (Family, Span, String), pending: Pending) {
        let (family, span, message) = key;
        let is_known = self.pending.keys().any(|known| known.0 == family && *known.2 == *message);
        if !is_known && !self.is_dead && !pending.allowed_by.iter().any(|fact| self.facts.holds(*fact)) {
            self.pending.edit().entry((family, span, message.into())).or_insert_with(|| Rc::new(pending));
        }
    }

    /// What a local of a call holds.
    pub(crate) fn local(&self, frame: u32, local: LocalId) -> Value {
        let held = self.frames.get(&frame).and_then(|frame| frame.get(local));
        held.map(|value| (**value).clone()).unwrap_or_default()
    }

    /// Gives a local of a call a value.
    pub(crate) fn set_local(&mut self, frame: u32, local: LocalId, value: Value) {
        self.frames.entry(frame).or_default().edit().set(local, Shared::new(value));
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
        for (number, theirs) in other.frames {
            match self.frames.get_mut(&number) {
                Some(mine) if mine.is_same(&theirs) => {}
                Some(mine) => mine.edit().join(&self.facts, &theirs, &other.facts),
                None => {
                    self.frames.insert(number, theirs);
                }
            }
        }
        if !self.globals.is_same(&other.globals) {
            for (def, theirs) in other.globals.iter() {
                match self.globals.get(def) {
                    Some(mine) if mine == theirs => {}
                    Some(mine) => {
                        let merged = mine.merge(&self.facts, theirs, &other.facts);
                        self.globals.edit().insert(*def, merged);
                    }
                    None => {
                        self.globals.edit().insert(*def, theirs.clone());
                    }
                }
            }
        }
        self.facts.keep_common(&other.facts);
        if !self.pending.is_same(&other.pending) {
            for (key, pending) in other.pending.iter() {
                if !self.pending.contains_key(key) {
                    self.pending.edit().insert(key.clone(), Rc::clone(pending));
                }
            }
        }
        self.writes.extend(&other.writes);
        self.epoch = self.epoch.max(other.epoch);
        self.payments = self.payments.max(other.payments);
        if !self.paid.is_same(&other.paid) {
            let paid = self.paid.edit();
            for (account, time) in other.paid.iter() {
                let known = paid.entry(*account).or_default();
                *known = (*time).max(*known);
            }
        }
        if self.names != other.names {
            self.names.edit().retain(|account, name| other.names.get(account) == Some(name));
        }
        if self.opened != other.opened {
            self.opened.edit().retain(|account, record| other.opened.get(account) == Some(record));
        }
        self.memory.extend(&other.memory);
        if self.records != other.records {
            let mine = self.records.edit();
            for (account, records) in other.records.iter() {
                mine.entry(*account).or_default().extend(records.iter().cloned());
            }
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
        self.paid.edit().insert(account, self.payments);
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
        self.frames.len() + self.globals.len() + self.facts.len() + self.pending.len() + self.writes.len()
    }
}

/// The locals of a running call.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Frame {
    /// By their numbers; those without a value yet have none.
    values: Vec<Option<Shared<Value>>>,
}

impl Frame {
    pub(crate) fn get(&self, local: LocalId) -> Option<&Shared<Value>> {
        self.values.get(local.index())?.as_ref()
    }

    pub(crate) fn set(&mut self, local: LocalId, value: Shared<Value>) {
        if self.values.len() <= local.index() {
            self.values.resize(local.index() + 1, None);
        }
        if let Some(place) = self.values.get_mut(local.index()) {
            *place = Some(value);
        }
    }

    /// Where ways meet, on which these facts hold, or those.
    fn join(&mut self, facts: &Facts, other: &Frame, others: &Facts) {
        if self.values.len() < other.values.len() {
            self.values.resize(other.values.len(), None);
        }
        for (mine, theirs) in self.values.iter_mut().zip(&other.values) {
            match (&*mine, theirs) {
                (_, None) => {}
                (Some(one), Some(two)) if one == two => {}
                (Some(one), Some(two)) => *mine = Some(Shared::new(one.merge(facts, two, others))),
                (None, Some(_)) => mine.clone_from(theirs),
            }
        }
    }
}
