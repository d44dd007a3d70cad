//! What is known of a value: where it comes from, what it is the address of, and what its truth says.
//!
//! Values are never computed, but for numbers that say which account or which offset is meant. Start with [`Value`].

use crate::fact::{Account, Facts};
use crate::shared::Set;

/// A value is remembered as at most so many numbers.
const MAX_CASES: usize = 6;

/// A piece of memory that the runtime gives to a program.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Region {
    /// The key of an account.
    Key(Account),
    /// The key of the owner of an account.
    Owner(Account),
    /// The data of an account.
    Data(Account),
    /// The instruction data.
    Instruction,
    /// The key of the running program.
    Program,
}

/// What a value depends on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Source {
    /// The key of an account.
    Key(Account),
    /// The key of the owner of an account.
    Owner(Account),
    /// The data of an account, at an offset, after so many writes of the program.
    Data(Account, Option<i64>, u32),
    /// The length of an account's data.
    Length(Account),
    /// The balance of an account.
    Lamports(Account),
    /// Whether an account signed.
    Signature(Account),
    /// The instruction data.
    Instruction,
    /// An address that was searched for, or its bump.
    Found,
    /// The key of an account, as a seed of an address that was searched for.
    Seed(Account),
    /// Data of an account, as such a seed.
    SeedData(Account),
    /// Anything else that is not written out, as such a seed.
    SeedGiven,
    /// The key of the running program.
    Program,
    /// The key that owns the sysvars.
    SysvarOwner,
    /// A key that is written out.
    Constant,
}

/// What a value is, as far as that is known.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub enum Shape {
    /// Anything.
    #[default]
    Unknown,
    /// A number, which may also be that of an account.
    Number(i128),
    /// An address.
    Address(Region, Option<i64>),
    /// What lies at an address.
    Loaded(Region, Option<i64>),
    /// Something less something else.
    Difference,
    /// The balance of an account, after so many payments.
    Balance(Account, u32),
    /// An account that was opened.
    Account(Account),
}

/// What follows if a value is true, and if it is false; nothing if it can not be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Truth {
    /// What holds if the value is true.
    pub if_true: Option<Facts>,
    /// What holds if it is false.
    pub if_false: Option<Facts>,
}

/// A value.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Value {
    /// What it is.
    pub shape: Shape,
    /// What it depends on.
    pub sources: Set<Source>,
    /// What its truth says.
    pub truth: Option<Truth>,
    /// The numbers that it is on different ways, with what holds on each; empty if that is not known.
    pub cases: Vec<(i128, Facts)>,
    /// True if it may depend on less than its sources: nothing is reported because of it.
    pub is_vague: bool,
}

impl Value {
    /// A value that depends on something.
    pub fn from_source(source: Source) -> Value {
        Value { sources: Set::of(source), ..Value::default() }
    }

    /// A number.
    pub fn number(number: i128) -> Value {
        Value { shape: Shape::Number(number), ..Value::default() }
    }

    /// A value of a shape.
    pub fn shaped(shape: Shape) -> Value {
        Value { shape, ..Value::default() }
    }

    /// A value that depends on others.
    pub fn derived<'v>(from: impl IntoIterator<Item = &'v Value>) -> Value {
        let mut result = Value::default();
        for value in from {
            result.sources.extend(&value.all_sources());
            result.is_vague |= value.is_vague;
        }
        result
    }

    /// The number that it is.
    pub fn as_number(&self) -> Option<i128> {
        if let Shape::Number(number) = self.shape { Some(number) } else { None }
    }

    /// The account that it is, or that has its number.
    pub fn as_account(&self) -> Account {
        match self.shape {
            Shape::Account(account) => account,
            Shape::Number(number) => u32::try_from(number).map_or(Account::Some, Account::Number),
            _ => Account::Some,
        }
    }

    /// What it depends on, with the place that it is the address of.
    pub fn all_sources(&self) -> Set<Source> {
        let mut sources = self.sources.clone();
        match self.shape {
            Shape::Address(region, offset) => {
                sources.insert(region_source(region, offset, 0));
            }
            Shape::Account(account) => {
                sources.insert(Source::Key(account));
            }
            _ => {}
        }
        sources
    }

    /// Where ways meet: what it is on one of them, where these facts hold, or those.
    pub fn merge(&self, facts: &Facts, other: &Value, others: &Facts) -> Value {
        if self == other {
            return self.clone();
        }
        let mut merged = self.join(other);
        if let (Some(mut cases), Some(more)) = (self.ways(facts), other.ways(others)) {
            for (number, facts) in more {
                match cases.iter_mut().find(|(known, _)| *known == number) {
                    Some((_, known)) => known.keep_common(&facts),
                    None => cases.push((number, facts)),
                }
            }
            if cases.len() <= MAX_CASES {
                merged.cases = cases;
            }
        }
        if let (Some(mine), Some(theirs)) = (&self.truth, &other.truth) {
            merged.truth = Some(Truth {
                if_true: either(&mine.if_true, facts, &theirs.if_true, others),
                if_false: either(&mine.if_false, facts, &theirs.if_false, others),
            });
        }
        merged
    }

    /// The numbers that it is, with what holds then.
    fn ways(&self, facts: &Facts) -> Option<Vec<(i128, Facts)>> {
        if let Shape::Number(number) = self.shape {
            return Some(vec![(number, facts.clone())]);
        }
        let with = |(number, known): &(i128, Facts)| {
            let mut known = known.clone();
            known.extend(facts);
            (*number, known)
        };
        (!self.cases.is_empty()).then(|| self.cases.iter().map(with).collect())
    }

    /// Where ways meet: what it is on one of them.
    pub fn join(&self, other: &Value) -> Value {
        if self == other {
            return self.clone();
        }
        let shape = match (&self.shape, &other.shape) {
            (a, b) if a == b => a.clone(),
            (Shape::Address(a, _), Shape::Address(b, _)) if a == b => Shape::Address(*a, None),
            (Shape::Loaded(a, _), Shape::Loaded(b, _)) if a == b => Shape::Loaded(*a, None),
            _ => Shape::Unknown,
        };
        let mut sources = self.all_sources();
        sources.extend(&other.all_sources());
        Value { shape, sources, is_vague: self.is_vague || other.is_vague, ..Value::default() }
    }
}

/// What holds on one of two ways, if it can be on both, or on the only one on which it can be.
fn either(mine: &Option<Facts>, facts: &Facts, theirs: &Option<Facts>, others: &Facts) -> Option<Facts> {
    let with = |known: &Option<Facts>, facts: &Facts| {
        known.clone().map(|mut known| {
            known.extend(facts);
            known
        })
    };
    match (with(mine, facts), with(theirs, others)) {
        (Some(mut mine), Some(theirs)) => {
            mine.keep_common(&theirs);
            Some(mine)
        }
        (mine, theirs) => mine.or(theirs),
    }
}

/// True if the key of an account says which one it is, if it is equal to what depends on these: an address that is made of the
/// account's own data, or of nothing that changes, is that of any such account.
pub fn are_placing(sources: &Set<Source>, account: Account) -> bool {
    !sources.contains(&Source::Found)
        || sources.iter().any(|source| match source {
            Source::Seed(seed) | Source::SeedData(seed) => seed != account,
            Source::SeedGiven => true,
            _ => false,
        })
}

/// What a value depends on that lies somewhere.
pub fn region_source(region: Region, offset: Option<i64>, epoch: u32) -> Source {
    match region {
        Region::Key(account) => Source::Key(account),
        Region::Owner(account) => Source::Owner(account),
        Region::Data(account) => Source::Data(account, offset, epoch),
        Region::Instruction => Source::Instruction,
        Region::Program => Source::Program,
    }
}
