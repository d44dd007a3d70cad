//! What a program says about its interface: its name, instructions, accounts, events and errors.
//!
//! The macros of `solana/program` end in `declare-…` forms. What these are given is kept here as data: records with their
//! types, and what was quoted as a [`Datum`]. Nothing here is part of the code of the program, and what it means for those
//! who call the program is not decided here. Start with [`Declaration`].

use crate::expand::Instruction;
use crate::ty::RecordType;
use std::fmt::{Display, Formatter};
use std::sync::Arc;

/// The code of the first error of a group; the others follow.
pub const FIRST_ERROR_CODE: u32 = 6000;

/// One declaration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Declaration {
    /// The program has a name.
    Program {
        /// The name.
        name: String,
        /// Keywords and values.
        options: Vec<Datum>,
    },
    /// There is an instruction.
    Instruction {
        /// Its name.
        name: String,
        /// What runs it.
        instruction: Instruction,
        /// Its arguments; `None` if they are not declared.
        arguments: Option<Arc<RecordType>>,
        /// Its accounts, as they were written.
        accounts: Vec<Datum>,
    },
    /// There are accounts of a type.
    Account {
        /// What their data are, after the discriminator.
        record: Arc<RecordType>,
        /// The first eight bytes, little endian.
        discriminator: u64,
    },
    /// There is an event.
    Event {
        /// What is logged, after the discriminator.
        record: Arc<RecordType>,
        /// The first eight bytes, little endian.
        discriminator: u64,
    },
    /// There are errors.
    Errors {
        /// The name of the group.
        group: String,
        /// The errors, as they were written; their codes count from [`FIRST_ERROR_CODE`], or from the number after `:from`.
        errors: Vec<Datum>,
    },
}

impl Declaration {
    /// The instruction that it adds to the program.
    pub fn instruction(&self) -> Option<Instruction> {
        match self {
            Declaration::Instruction { instruction, .. } => Some(*instruction),
            _ => None,
        }
    }

    /// The errors that it declares: code, name and message.
    pub fn errors(&self) -> Vec<(u32, &str, Option<&str>)> {
        let Declaration::Errors { errors, .. } = self else { return Vec::new() };
        let (first, errors) = match errors.as_slice() {
            [Datum::Keyword(from), Datum::Other(first), rest @ ..] if from == "from" => {
                (leading_number(first).unwrap_or(FIRST_ERROR_CODE), rest)
            }
            errors => (FIRST_ERROR_CODE, errors),
        };
        let named = errors.iter().map(|error| match error {
            Datum::Symbol(name) => Some((name.as_str(), None)),
            other => match other.items() {
                Some([name, Datum::String(message), ..]) => Some((name.symbol()?, Some(message.as_str()))),
                Some([name, ..]) => Some((name.symbol()?, None)),
                _ => None,
            },
        });
        // Those after the last code have none; `deferror` reports them.
        (u64::from(first)..)
            .zip(named)
            .filter_map(|(code, named)| {
                let (name, message) = named?;
                Some((u32::try_from(code).ok()?, name, message))
            })
            .collect()
    }
}

/// The number that a literal begins with; a suffix such as `u64` may follow.
fn leading_number(literal: &str) -> Option<u32> {
    let end = literal.find(|character: char| !character.is_ascii_digit()).unwrap_or(literal.len());
    literal.get(..end)?.parse().ok()
}

/// Quoted syntax, without positions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Datum {
    /// A symbol.
    Symbol(String),
    /// A keyword, without its colon.
    Keyword(String),
    /// A string.
    String(String),
    /// A list.
    List(Vec<Datum>),
    /// An array.
    Array(Vec<Datum>),
    /// Anything else, in its written form.
    Other(String),
}

impl Datum {
    /// The name, if it is a symbol.
    pub fn symbol(&self) -> Option<&str> {
        match self {
            Datum::Symbol(name) => Some(name),
            _ => None,
        }
    }

    /// The items of a list or an array.
    pub fn items(&self) -> Option<&[Datum]> {
        match self {
            Datum::List(items) | Datum::Array(items) => Some(items),
            _ => None,
        }
    }
}

impl Display for Datum {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let list = |f: &mut Formatter<'_>, items: &[Datum]| {
            for (place, item) in items.iter().enumerate() {
                let space = if place == 0 { "" } else { " " };
                write!(f, "{space}{item}")?;
            }
            Ok(())
        };
        match self {
            Datum::Symbol(text) | Datum::Other(text) => f.write_str(text),
            Datum::Keyword(text) => write!(f, ":{text}"),
            Datum::String(text) => write!(f, "{text:?}"),
            Datum::List(items) => {
                f.write_str("(")?;
                list(f, items)?;
                f.write_str(")")
            }
            Datum::Array(items) => {
                f.write_str("[")?;
                list(f, items)?;
                f.write_str("]")
            }
        }
    }
}
