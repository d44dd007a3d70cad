//! What is known of the accounts on the way to a place of a program.
//!
//! Facts are only ever added on a way, and where ways meet, those stay that hold on all of them. They lean to the side of the
//! program: what only may be a check counts as one, so that no correct program is reported. Start with [`Fact`].

use crate::shared::Set;

/// An account by its number in the instruction.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Account {
    /// The one with this number.
    Number(u32),
    /// One whose number is not known: checks of it count for all.
    Some,
}

impl Account {
    /// True if one may be the other.
    pub fn may_be(self, other: Account) -> bool {
        self == other || self == Account::Some || other == Account::Some
    }
}

/// Something that is known.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Fact {
    /// The account signed.
    Signed(Account),
    /// The owner of the account was compared.
    OwnerKnown(Account),
    /// The account was opened as one with a type that this program owns.
    OwnedHere(Account),
    /// The owner of the account is that of the sysvars.
    IsSysvar(Account),
    /// The key of the account was compared with something.
    KeyKnown(Account),
    /// The key of the account was compared with something that is neither in its own data nor written out as a seed.
    Placed(Account),
    /// The key of the first account is kept in the data of the second, at this offset.
    KeyKept(Account, Account, Option<i64>),
    /// The key of the first account is one of the seeds that give the address of the second.
    SeedOf(Account, Account),
    /// Some key was compared with the data of the account.
    AuthorityCompared(Account),
    /// The data of the account were compared.
    DataCompared(Account),
    /// The data of the account decide that the program comes here: a comparison of them was true, or it was false.
    DataDecide(Account, bool),
    /// The data of the account were compared with a constant.
    TagCompared(Account),
    /// The data of the account are this number at this offset.
    TagIs(Account, i64, Wide),
    /// The length of the account's data was compared.
    LengthCompared(Account),
    /// The account was opened as one of a type with this length.
    LengthIs(Account, u32),
    /// The balance of the account was compared.
    LamportsCompared(Account),
    /// The two accounts are not the same, or their keys were looked at.
    Distinct(Account, Account),
    /// The account was opened as one of a row in which none is repeated.
    InRow(Account),
    /// The data of the account were read.
    DataRead(Account),
    /// The data of the account are read as a record with a key in it.
    HasKeyField(Account),
    /// The data of the account were written: the runtime allows that to its owner only.
    Written(Account),
    /// Something that depends on nothing was written to the data of the account, as a word that says that it is closed.
    Wiped(Account),
    /// Lamports were taken from the account: the runtime allows that to its owner only.
    Debited(Account),
    /// More than the key of the account is used: its data, its balance, or it is given to another program.
    Used(Account),
    /// The key of the account is part of something: of stored data, of seeds, of a call.
    KeyUsed(Account),
    /// The key of the account is part of what is logged.
    KeyLogged(Account),
    /// The account was given to another program: if that knows the account, it checks its owner.
    Given(Account),
    /// The account was made in this instruction.
    Created(Account),
    /// The account was given back to the runtime.
    Closed(Account),
    /// Bytes of the instruction were compared with what a program address was found with, or with data of an account.
    BumpCompared,
    /// Bytes of the instruction were compared with a key.
    ArgumentCompared,
    /// Something was changed on the way.
    Changed,
}

/// A number of 128 bits that is aligned like a word, so that facts are small.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Wide {
    high: u64,
    low: u64,
}

impl From<u128> for Wide {
    fn from(number: u128) -> Wide {
        Wide { high: (number >> 64) as u64, low: number as u64 }
    }
}

/// Facts that hold together.
pub type Facts = Set<Fact>;

impl Facts {
    /// True if a fact is known, of this account or of one that may be it.
    pub fn holds(&self, wanted: Fact) -> bool {
        self.contains(&wanted) || self.iter().any(|known| satisfies(known, wanted))
    }
}

/// True if a fact says another one.
pub fn satisfies(known: Fact, wanted: Fact) -> bool {
    use Fact::*;
    match (known, wanted) {
        (Distinct(a, b), Distinct(c, d)) => a.may_be(c) && b.may_be(d) || a.may_be(d) && b.may_be(c),
        _ => match (subject(known), subject(wanted)) {
            (Some(a), Some(b)) => {
                a.may_be(b) && std::mem::discriminant(&known) == std::mem::discriminant(&wanted)
            }
            _ => known == wanted,
        },
    }
}

/// The one account that a fact is about.
fn subject(fact: Fact) -> Option<Account> {
    use Fact::*;
    match fact {
        Signed(a) | OwnerKnown(a) | OwnedHere(a) | IsSysvar(a) | KeyKnown(a) | Placed(a)
        | AuthorityCompared(a) | DataCompared(a) | TagCompared(a) | LengthCompared(a)
        | LamportsCompared(a) | InRow(a) | DataRead(a) | HasKeyField(a) | Written(a) | Wiped(a)
        | Debited(a) | Used(a) | KeyUsed(a) | KeyLogged(a) | Given(a) | Created(a) | Closed(a) => Some(a),
        KeyKept(..) | SeedOf(..) | DataDecide(..) | TagIs(..) | LengthIs(..) | Distinct(..)
        | BumpCompared | ArgumentCompared | Changed => None,
    }
}
