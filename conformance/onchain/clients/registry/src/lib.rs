//! The client of the program `name-registry`, written by `ovsmc client`. Changes to it are lost.
//! A registry of names: everything that an interface can say stands here once.

#![cfg_attr(rustfmt, rustfmt_skip)]

use solana_pubkey::Pubkey;

/// The address of the program.
pub const ID: Pubkey = Pubkey::new_from_array([218, 7, 92, 178, 255, 94, 198, 129, 118, 19, 222, 83, 11, 105, 42, 135, 53, 71, 119, 105, 218, 71, 67, 12, 189, 129, 84, 51, 92, 74, 131, 39]);

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

/// How visible an entry is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Visibility {
    /// `Hidden`
    Hidden,
    /// `Public`
    Public,
}

impl Data for Visibility {
    const SIZE: usize = 1;

    fn write(&self, out: &mut Vec<u8>) {
        let end = out.len() + Self::SIZE;
        match self {
            Visibility::Hidden => {
                out.push(0);
            }
            Visibility::Public => {
                out.push(1);
            }
        }
        out.resize(end, 0);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        match bytes.first()? {
            0 => Some(Visibility::Hidden),
            1 => Some(Visibility::Public),
            _ => None,
        }
    }
}

/// Where something is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// `x`
    pub x: i16,
    /// `y`
    pub y: i32,
}

impl Data for Place {
    const SIZE: usize = 6;

    fn write(&self, out: &mut Vec<u8>) {
        self.x.write(out);
        self.y.write(out);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Some(Place {
            x: Data::read(bytes.get(0..)?)?,
            y: Data::read(bytes.get(2..)?)?,
        })
    }
}

/// What an entry stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    /// `Nothing`
    Nothing,
    /// `Key`
    Key {
        /// `key`
        key: Pubkey,
    },
    /// `Sum`
    Sum {
        /// `amount`
        amount: u64,
        /// `place`
        place: Place,
    },
}

impl Data for Target {
    const SIZE: usize = 33;

    fn write(&self, out: &mut Vec<u8>) {
        let end = out.len() + Self::SIZE;
        match self {
            Target::Nothing => {
                out.push(0);
            }
            Target::Key { key: field_0 } => {
                out.push(1);
                field_0.write(out);
            }
            Target::Sum { amount: field_0, place: field_1 } => {
                out.push(2);
                field_0.write(out);
                field_1.write(out);
            }
        }
        out.resize(end, 0);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        match bytes.first()? {
            0 => Some(Target::Nothing),
            1 => Some(Target::Key {
                key: Data::read(bytes.get(1..)?)?,
            }),
            2 => Some(Target::Sum {
                amount: Data::read(bytes.get(1..)?)?,
                place: Data::read(bytes.get(9..)?)?,
            }),
            _ => None,
        }
    }
}

/// One name.
/// Its owner may change it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry {
    /// `owner`
    pub owner: Pubkey,
    /// `visibility`
    pub visibility: Visibility,
    /// `target`
    pub target: Target,
    /// `parent`
    pub parent: Option<Pubkey>,
    /// `limit`
    pub limit: Option<u64>,
    /// `places`
    pub places: [Place; 2],
    /// `label`
    pub label: [u8; 16],
    /// `is-open?`
    pub is_open: bool,
    /// `balance`
    pub balance: u128,
    /// `bump`
    pub bump: u8,
}

impl Data for Entry {
    const SIZE: usize = 154;

    fn write(&self, out: &mut Vec<u8>) {
        self.owner.write(out);
        self.visibility.write(out);
        self.target.write(out);
        self.parent.write(out);
        self.limit.write(out);
        self.places.write(out);
        self.label.write(out);
        self.is_open.write(out);
        self.balance.write(out);
        self.bump.write(out);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Some(Entry {
            owner: Data::read(bytes.get(0..)?)?,
            visibility: Data::read(bytes.get(32..)?)?,
            target: Data::read(bytes.get(33..)?)?,
            parent: Data::read(bytes.get(66..)?)?,
            limit: Data::read(bytes.get(99..)?)?,
            places: Data::read(bytes.get(108..)?)?,
            label: Data::read(bytes.get(120..)?)?,
            is_open: Data::read(bytes.get(136..)?)?,
            balance: Data::read(bytes.get(137..)?)?,
            bump: Data::read(bytes.get(153..)?)?,
        })
    }
}

impl Entry {
    /// The first bytes of the account.
    pub const DISCRIMINATOR: [u8; 8] = [63, 18, 152, 113, 215, 246, 221, 250];

    /// The size of all of it in bytes.
    pub const LENGTH: usize = 162;

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

/// The account `Settings`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settings {
    /// `fee`
    pub fee: u64,
}

impl Data for Settings {
    const SIZE: usize = 8;

    fn write(&self, out: &mut Vec<u8>) {
        self.fee.write(out);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Some(Settings {
            fee: Data::read(bytes.get(0..)?)?,
        })
    }
}

impl Settings {
    /// The first bytes of the account.
    pub const DISCRIMINATOR: [u8; 8] = [223, 179, 163, 190, 177, 224, 67, 173];

    /// The size of all of it in bytes.
    pub const LENGTH: usize = 16;

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

/// An entry was changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EntryChanged {
    /// `entry`
    pub entry: Pubkey,
    /// `target`
    pub target: Target,
    /// `limit`
    pub limit: Option<u64>,
}

impl Data for EntryChanged {
    const SIZE: usize = 74;

    fn write(&self, out: &mut Vec<u8>) {
        self.entry.write(out);
        self.target.write(out);
        self.limit.write(out);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Some(EntryChanged {
            entry: Data::read(bytes.get(0..)?)?,
            target: Data::read(bytes.get(32..)?)?,
            limit: Data::read(bytes.get(65..)?)?,
        })
    }
}

impl EntryChanged {
    /// The first bytes of the event.
    pub const DISCRIMINATOR: [u8; 8] = [228, 20, 252, 83, 45, 22, 163, 142];

    /// The size of all of it in bytes.
    pub const LENGTH: usize = 82;

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

    /// Changes what an entry stands for.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Change {
        /// The account `entry`.
        pub entry: Pubkey,
        /// The account `owner`.
        pub owner: Pubkey,
        /// The argument `target`.
        pub target: super::Target,
        /// The argument `limit`.
        pub limit: Option<u64>,
        /// The argument `label`.
        pub label: [u8; 16],
        /// The argument `is-open?`.
        pub is_open: bool,
        /// The argument `balance`.
        pub balance: u128,
    }

    impl Change {
        /// The first bytes of the instruction data.
        pub const DISCRIMINATOR: [u8; 8] = [203, 118, 212, 177, 52, 239, 18, 203];

        /// The instruction.
        pub fn instruction(&self) -> Instruction {
            self.instruction_at(&super::ID)
        }

        /// The instruction, for the program at an address.
        pub fn instruction_at(&self, program: &Pubkey) -> Instruction {
            let mut data = Self::DISCRIMINATOR.to_vec();
            self.target.write(&mut data);
            self.limit.write(&mut data);
            self.label.write(&mut data);
            self.is_open.write(&mut data);
            self.balance.write(&mut data);
            let accounts = vec![
                AccountMeta::new(self.entry, false),
                AccountMeta::new_readonly(self.owner, true),
            ];
            Instruction { program_id: *program, accounts, data }
        }
    }

    /// Says its interface by hand: addresses that are derived, and what no check stands for.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Rename {
        /// The account `entry`; [`super::address::entry`] if there is none.
        pub entry: Option<Pubkey>,
        /// The account `owner`.
        pub owner: Pubkey,
        /// The account `settings`; [`super::address::settings`] if there is none.
        pub settings: Option<Pubkey>,
        /// The account `child`.
        pub child: Pubkey,
        /// The account `system`; `11111111111111111111111111111111` if there is none.
        pub system: Option<Pubkey>,
        /// The account `log`; it may be left out.
        pub log: Option<Pubkey>,
        /// The account `made`; [`super::address::made`] if there is none.
        pub made: Option<Pubkey>,
        /// The account `fresh`.
        pub fresh: Pubkey,
        /// The account `token`; `TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA` if there is none.
        pub token: Option<Pubkey>,
        /// The account `clock`; `SysvarC1ock11111111111111111111111111111111` if there is none.
        pub clock: Option<Pubkey>,
        /// The account `closed`.
        pub closed: Pubkey,
        /// The argument `number`.
        pub number: u32,
        /// The argument `place`.
        pub place: super::Place,
    }

    impl Rename {
        /// The first bytes of the instruction data.
        pub const DISCRIMINATOR: [u8; 8] = [8, 7, 6, 5, 4, 3, 2, 1];

        /// The instruction.
        pub fn instruction(&self) -> Instruction {
            self.instruction_at(&super::ID)
        }

        /// The instruction, for the program at an address.
        pub fn instruction_at(&self, program: &Pubkey) -> Instruction {
            let mut data = Self::DISCRIMINATOR.to_vec();
            self.number.write(&mut data);
            self.place.write(&mut data);
            let accounts = vec![
                AccountMeta::new(self.entry.unwrap_or_else(|| super::address::entry(&self.owner, &self.number, program).0), false),
                AccountMeta::new(self.owner, true),
                AccountMeta::new_readonly(self.settings.unwrap_or_else(|| super::address::settings(program).0), false),
                AccountMeta::new_readonly(self.child, false),
                AccountMeta::new_readonly(self.system.unwrap_or(Pubkey::new_from_array([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])), false),
                match self.log {
                    Some(key) => AccountMeta::new_readonly(key, false),
                    None => AccountMeta::new_readonly(*program, false),
                },
                AccountMeta::new(self.made.unwrap_or_else(|| super::address::made(&self.owner, program).0), false),
                AccountMeta::new(self.fresh, true),
                AccountMeta::new_readonly(self.token.unwrap_or(Pubkey::new_from_array([6, 221, 246, 225, 215, 101, 161, 147, 217, 203, 225, 70, 206, 235, 121, 172, 28, 180, 133, 237, 95, 91, 55, 145, 58, 140, 245, 133, 126, 255, 0, 169])), false),
                AccountMeta::new_readonly(self.clock.unwrap_or(Pubkey::new_from_array([6, 167, 213, 23, 24, 199, 116, 201, 40, 86, 99, 152, 105, 29, 94, 182, 139, 94, 184, 163, 155, 75, 109, 92, 115, 85, 91, 33, 0, 0, 0, 0])), false),
                AccountMeta::new(self.closed, false),
            ];
            Instruction { program_id: *program, accounts, data }
        }
    }
}

/// Derived addresses, with their bumps.
pub mod address {
    use super::Data;
    use solana_pubkey::Pubkey;
    
    /// The address of `entry`.
    pub fn entry(owner: &Pubkey, number: &u32, program: &Pubkey) -> (Pubkey, u8) {
        let mut seed_2 = Vec::new();
        number.write(&mut seed_2);
        Pubkey::find_program_address(&[&[101, 110, 116, 114, 121], owner.as_ref(), &seed_2], program)
    }
    
    /// The address of `settings`.
    pub fn settings(program: &Pubkey) -> (Pubkey, u8) {
        Pubkey::find_program_address(&[&[115, 101, 116, 116, 105, 110, 103, 115]], program)
    }
    
    /// The address of `made`.
    pub fn made(owner: &Pubkey, program: &Pubkey) -> (Pubkey, u8) {
        Pubkey::find_program_address(&[&[109, 97, 100, 101], &[2, 1], owner.as_ref(), &[6, 167, 213, 23, 25, 44, 92, 81, 33, 140, 201, 76, 61, 74, 241, 127, 88, 218, 238, 8, 155, 161, 253, 68, 227, 219, 217, 138, 0, 0, 0, 0]], program)
    }
}

/// The errors of the program.
pub mod error {
    /// An error of the program.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub enum ProgramError {
        /// the signer does not own the entry
        NotOwner,
        /// the entry is "closed"
        Closed,
        /// Unexplained
        Unexplained,
    }

    impl ProgramError {
        /// The code that a transaction shows.
        pub fn code(self) -> u32 {
            match self {
                ProgramError::NotOwner => 6000,
                ProgramError::Closed => 6001,
                ProgramError::Unexplained => 6002,
            }
        }

        /// The error with a code; of several, the first one.
        pub fn from_code(code: u32) -> Option<ProgramError> {
            match code {
                6000 => Some(ProgramError::NotOwner),
                6001 => Some(ProgramError::Closed),
                6002 => Some(ProgramError::Unexplained),
                _ => None,
            }
        }

        /// What it means.
        pub fn message(self) -> &'static str {
            match self {
                ProgramError::NotOwner => "the signer does not own the entry",
                ProgramError::Closed => "the entry is \"closed\"",
                ProgramError::Unexplained => "Unexplained",
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
