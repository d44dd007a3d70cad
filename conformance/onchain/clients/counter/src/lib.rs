//! The client of the program `counter`, written by `ovsmc client`. Changes to it are lost.
//! A counter that only its authority may increment.

#![cfg_attr(rustfmt, rustfmt_skip)]

use solana_pubkey::Pubkey;

/// A value with an exact layout: no padding but that of the program, integers little endian.
pub trait Data: Sized {
    /// How many bytes a value takes; always the same.
    const SIZE: usize;

    /// Appends the bytes of the value.
    fn write(&self, out: &mut Vec<u8>);

    /// Reads a value from the first bytes; `None` if they are too few or no value.
    fn read(bytes: &[u8]) -> Option<Self>;
}

/// What is wrong with the data of an account or of an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DecodeError {
    /// Another length than that of the type.
    Length,
    /// The first bytes are those of another type.
    Discriminator,
    /// A field has bytes that are no value of its type.
    Value,
}

impl core::fmt::Display for DecodeError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            DecodeError::Length => "the data have another length than the type",
            DecodeError::Discriminator => "the data begin with the bytes of another type",
            DecodeError::Value => "a field has bytes that are no value of its type",
        })
    }
}

impl core::error::Error for DecodeError {}

/// Reads a value after eight bytes that tell its type.
fn decode<T: Data>(discriminator: [u8; 8], data: &[u8]) -> Result<T, DecodeError> {
    if data.len() != 8 + T::SIZE {
        return Err(DecodeError::Length);
    }
    match data.split_first_chunk::<8>() {
        Some((first, rest)) if *first == discriminator => T::read(rest).ok_or(DecodeError::Value),
        _ => Err(DecodeError::Discriminator),
    }
}

/// The bytes of a value after eight bytes that tell its type.
fn encode<T: Data>(discriminator: [u8; 8], value: &T) -> Vec<u8> {
    let mut out = discriminator.to_vec();
    value.write(&mut out);
    out
}

macro_rules! integers {
    ($($ty:ty)*) => {$(
        impl Data for $ty {
            const SIZE: usize = size_of::<$ty>();

            fn write(&self, out: &mut Vec<u8>) {
                out.extend(self.to_le_bytes());
            }

            fn read(bytes: &[u8]) -> Option<Self> {
                bytes.first_chunk().map(|bytes| <$ty>::from_le_bytes(*bytes))
            }
        }
    )*};
}

integers!(u8 i8 u16 i16 u32 i32 u64 i64 u128 i128);

impl Data for () {
    const SIZE: usize = 0;

    fn write(&self, _out: &mut Vec<u8>) {}

    fn read(_bytes: &[u8]) -> Option<Self> {
        Some(())
    }
}

impl Data for bool {
    const SIZE: usize = 1;

    fn write(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        match bytes.first() {
            Some(0) => Some(false),
            Some(1) => Some(true),
            _ => None,
        }
    }
}

impl Data for Pubkey {
    const SIZE: usize = 32;

    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.to_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        bytes.first_chunk().map(|bytes| Pubkey::new_from_array(*bytes))
    }
}

impl<T: Data> Data for Option<T> {
    const SIZE: usize = 1 + T::SIZE;

    fn write(&self, out: &mut Vec<u8>) {
        let end = out.len() + Self::SIZE;
        out.push(u8::from(self.is_some()));
        if let Some(value) = self {
            value.write(out);
        }
        out.resize(end, 0);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        match bytes.split_first() {
            Some((0, rest)) if rest.len() >= T::SIZE => Some(None),
            Some((1, rest)) => T::read(rest).map(Some),
            _ => None,
        }
    }
}

impl<T: Data, const N: usize> Data for [T; N] {
    const SIZE: usize = N * T::SIZE;

    fn write(&self, out: &mut Vec<u8>) {
        for item in self {
            item.write(out);
        }
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let items: Option<Vec<T>> = (0..N).map(|place| T::read(bytes.get(place * T::SIZE..)?)).collect();
        items?.try_into().ok()
    }
}

/// The account `Counter`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Counter {
    /// `authority`
    pub authority: Pubkey,
    /// `count`
    pub count: u64,
}

impl Data for Counter {
    const SIZE: usize = 40;

    fn write(&self, out: &mut Vec<u8>) {
        self.authority.write(out);
        self.count.write(out);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Some(Counter {
            authority: Data::read(bytes.get(0..)?)?,
            count: Data::read(bytes.get(32..)?)?,
        })
    }
}

impl Counter {
    /// The first bytes of the account.
    pub const DISCRIMINATOR: [u8; 8] = [255, 176, 4, 245, 188, 253, 124, 25];

    /// The size of all of it in bytes.
    pub const LENGTH: usize = 48;

    /// Reads the data.
    ///
    /// # Errors
    /// If they are something else.
    pub fn decode(data: &[u8]) -> Result<Self, DecodeError> {
        decode(Self::DISCRIMINATOR, data)
    }

    /// The data, as the program would write them.
    pub fn encode(&self) -> Vec<u8> {
        encode(Self::DISCRIMINATOR, self)
    }
}

/// What was added, and what came of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Incremented {
    /// `by`
    pub by: u64,
    /// `count`
    pub count: u64,
}

impl Data for Incremented {
    const SIZE: usize = 16;

    fn write(&self, out: &mut Vec<u8>) {
        self.by.write(out);
        self.count.write(out);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Some(Incremented {
            by: Data::read(bytes.get(0..)?)?,
            count: Data::read(bytes.get(8..)?)?,
        })
    }
}

impl Incremented {
    /// The first bytes of the event.
    pub const DISCRIMINATOR: [u8; 8] = [92, 207, 119, 204, 71, 205, 108, 15];

    /// The size of all of it in bytes.
    pub const LENGTH: usize = 24;

    /// Reads the data.
    ///
    /// # Errors
    /// If they are something else.
    pub fn decode(data: &[u8]) -> Result<Self, DecodeError> {
        decode(Self::DISCRIMINATOR, data)
    }

    /// The data, as the program would write them.
    pub fn encode(&self) -> Vec<u8> {
        encode(Self::DISCRIMINATOR, self)
    }
}

/// What each instruction takes, and how it is made.
pub mod instruction {
    use super::Data;
    use solana_instruction::{AccountMeta, Instruction};
    use solana_pubkey::Pubkey;

    /// Claims a counter that nobody has claimed.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Claim {
        /// The account `counter`.
        pub counter: Pubkey,
        /// The account `authority`.
        pub authority: Pubkey,
    }

    impl Claim {
        /// The first bytes of the instruction data.
        pub const DISCRIMINATOR: [u8; 8] = [62, 198, 214, 193, 213, 159, 108, 210];

        /// The instruction, for the program at an address.
        pub fn instruction_at(&self, program: &Pubkey) -> Instruction {
            let data = Self::DISCRIMINATOR.to_vec();
            let accounts = vec![
                AccountMeta::new(self.counter, false),
                AccountMeta::new_readonly(self.authority, true),
            ];
            Instruction { program_id: *program, accounts, data }
        }
    }

    /// Adds to the counter; fails if the sum is too large.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Increment {
        /// The account `counter`.
        pub counter: Pubkey,
        /// The account `authority`.
        pub authority: Pubkey,
        /// The argument `by`.
        pub by: u64,
    }

    impl Increment {
        /// The first bytes of the instruction data.
        pub const DISCRIMINATOR: [u8; 8] = [11, 18, 104, 9, 104, 174, 59, 33];

        /// The instruction, for the program at an address.
        pub fn instruction_at(&self, program: &Pubkey) -> Instruction {
            let mut data = Self::DISCRIMINATOR.to_vec();
            self.by.write(&mut data);
            let accounts = vec![
                AccountMeta::new(self.counter, false),
                AccountMeta::new_readonly(self.authority, true),
            ];
            Instruction { program_id: *program, accounts, data }
        }
    }
}

/// The errors of the program.
pub mod error {
    /// An error of the program.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub enum ProgramError {
        /// the signer is not the authority of the counter
        Unauthorized,
        /// the counter has an authority already
        AlreadySet,
    }

    impl ProgramError {
        /// The code that a transaction shows.
        pub fn code(self) -> u32 {
            match self {
                ProgramError::Unauthorized => 6000,
                ProgramError::AlreadySet => 6001,
            }
        }

        /// The error with a code; of several, the first one.
        pub fn from_code(code: u32) -> Option<ProgramError> {
            match code {
                6000 => Some(ProgramError::Unauthorized),
                6001 => Some(ProgramError::AlreadySet),
                _ => None,
            }
        }

        /// What it means.
        pub fn message(self) -> &'static str {
            match self {
                ProgramError::Unauthorized => "the signer is not the authority of the counter",
                ProgramError::AlreadySet => "the counter has an authority already",
            }
        }
    }

    impl core::fmt::Display for ProgramError {
        fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            f.write_str(self.message())
        }
    }

    impl core::error::Error for ProgramError {}
}
