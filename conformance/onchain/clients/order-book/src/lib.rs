//! The client of the program `order-book`, written by `ovsmc client`. Changes to it are lost.
//! Orders in accounts whose bytes a program in Rust can use where they lie: records that are aligned as C does it.

#![cfg_attr(rustfmt, rustfmt_skip)]

use solana_pubkey::Pubkey;

/// The address of the program.
pub const ID: Pubkey = Pubkey::new_from_array([133, 15, 45, 110, 2, 164, 122, 248, 36, 208, 154, 182, 157, 196, 45, 112, 203, 40, 203, 250, 36, 159, 183, 238, 87, 185, 210, 86, 193, 39, 98, 239]);

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

/// What somebody wants to buy or sell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Order {
    /// `side`
    pub side: u8,
    /// `price`
    pub price: u64,
    /// `amount`
    pub amount: u32,
}

impl Data for Order {
    const SIZE: usize = 24;

    fn write(&self, out: &mut Vec<u8>) {
        self.side.write(out);
        out.extend([0; 7]);
        self.price.write(out);
        self.amount.write(out);
        out.extend([0; 4]);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Some(Order {
            side: Data::read(bytes.get(0..)?)?,
            price: Data::read(bytes.get(8..)?)?,
            amount: Data::read(bytes.get(16..)?)?,
        })
    }
}

/// What is known of a market; nothing else than accounts holds it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Level {
    /// `count`
    pub count: u16,
    /// `key`
    pub key: Pubkey,
    /// `price`
    pub price: i64,
    /// `steps`
    pub steps: [u32; 3],
}

impl Data for Level {
    const SIZE: usize = 64;

    fn write(&self, out: &mut Vec<u8>) {
        self.count.write(out);
        self.key.write(out);
        out.extend([0; 6]);
        self.price.write(out);
        self.steps.write(out);
        out.extend([0; 4]);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Some(Level {
            count: Data::read(bytes.get(0..)?)?,
            key: Data::read(bytes.get(2..)?)?,
            price: Data::read(bytes.get(40..)?)?,
            steps: Data::read(bytes.get(48..)?)?,
        })
    }
}

/// All orders.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Book {
    /// `bump`
    pub bump: u8,
    /// `authority`
    pub authority: Pubkey,
    /// `sequence`
    pub sequence: u64,
    /// `orders`
    pub orders: [Order; 3],
    /// `decimals`
    pub decimals: u16,
}

impl Data for Book {
    const SIZE: usize = 128;

    fn write(&self, out: &mut Vec<u8>) {
        self.bump.write(out);
        self.authority.write(out);
        out.extend([0; 7]);
        self.sequence.write(out);
        self.orders.write(out);
        self.decimals.write(out);
        out.extend([0; 6]);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Some(Book {
            bump: Data::read(bytes.get(0..)?)?,
            authority: Data::read(bytes.get(1..)?)?,
            sequence: Data::read(bytes.get(40..)?)?,
            orders: Data::read(bytes.get(48..)?)?,
            decimals: Data::read(bytes.get(120..)?)?,
        })
    }
}

impl Book {
    /// The first bytes of the account.
    pub const DISCRIMINATOR: [u8; 8] = [121, 34, 121, 35, 91, 62, 85, 222];

    /// The size of all of it in bytes.
    pub const LENGTH: usize = 136;

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

/// Types that C does not have lie in aligned records too.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Note {
    /// `open`
    pub open: bool,
    /// `total`
    pub total: u128,
    /// `limit`
    pub limit: Option<u64>,
    /// `last`
    pub last: Order,
    /// `marks`
    pub marks: [u16; 3],
}

impl Data for Note {
    const SIZE: usize = 72;

    fn write(&self, out: &mut Vec<u8>) {
        self.open.write(out);
        out.extend([0; 7]);
        self.total.write(out);
        self.limit.write(out);
        out.extend([0; 7]);
        self.last.write(out);
        self.marks.write(out);
        out.extend([0; 2]);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Some(Note {
            open: Data::read(bytes.get(0..)?)?,
            total: Data::read(bytes.get(8..)?)?,
            limit: Data::read(bytes.get(24..)?)?,
            last: Data::read(bytes.get(40..)?)?,
            marks: Data::read(bytes.get(64..)?)?,
        })
    }
}

impl Note {
    /// The first bytes of the account.
    pub const DISCRIMINATOR: [u8; 8] = [203, 75, 252, 196, 81, 210, 122, 126];

    /// The size of all of it in bytes.
    pub const LENGTH: usize = 80;

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

/// A packed account has no room between an aligned record and what follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Slot {
    /// `number`
    pub number: u8,
    /// `order`
    pub order: Order,
    /// `taken`
    pub taken: bool,
}

impl Data for Slot {
    const SIZE: usize = 26;

    fn write(&self, out: &mut Vec<u8>) {
        self.number.write(out);
        self.order.write(out);
        self.taken.write(out);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Some(Slot {
            number: Data::read(bytes.get(0..)?)?,
            order: Data::read(bytes.get(1..)?)?,
            taken: Data::read(bytes.get(25..)?)?,
        })
    }
}

impl Slot {
    /// The first bytes of the account.
    pub const DISCRIMINATOR: [u8; 8] = [140, 54, 3, 187, 53, 189, 250, 230];

    /// The size of all of it in bytes.
    pub const LENGTH: usize = 34;

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

/// The account `Market`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Market {
    /// `kind`
    pub kind: u8,
    /// `best`
    pub best: Level,
    /// `levels`
    pub levels: [Level; 2],
}

impl Data for Market {
    const SIZE: usize = 200;

    fn write(&self, out: &mut Vec<u8>) {
        self.kind.write(out);
        out.extend([0; 7]);
        self.best.write(out);
        self.levels.write(out);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Some(Market {
            kind: Data::read(bytes.get(0..)?)?,
            best: Data::read(bytes.get(8..)?)?,
            levels: Data::read(bytes.get(72..)?)?,
        })
    }
}

impl Market {
    /// The first bytes of the account.
    pub const DISCRIMINATOR: [u8; 8] = [219, 190, 213, 55, 0, 227, 198, 154];

    /// The size of all of it in bytes.
    pub const LENGTH: usize = 208;

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

/// An order was placed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Placed {
    /// `place`
    pub place: u8,
    /// `order`
    pub order: Order,
    /// `fee`
    pub fee: u16,
}

impl Data for Placed {
    const SIZE: usize = 40;

    fn write(&self, out: &mut Vec<u8>) {
        self.place.write(out);
        out.extend([0; 7]);
        self.order.write(out);
        self.fee.write(out);
        out.extend([0; 6]);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Some(Placed {
            place: Data::read(bytes.get(0..)?)?,
            order: Data::read(bytes.get(8..)?)?,
            fee: Data::read(bytes.get(32..)?)?,
        })
    }
}

impl Placed {
    /// The first bytes of the event.
    pub const DISCRIMINATOR: [u8; 8] = [182, 12, 15, 19, 155, 29, 175, 156];

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

/// What each instruction takes, and how it is made.
pub mod instruction {
    use super::Data;
    use solana_instruction::{AccountMeta, Instruction};
    use solana_pubkey::Pubkey;

    /// Puts an order into the book.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Place {
        /// The account `book`.
        pub book: Pubkey,
        /// The account `note`.
        pub note: Pubkey,
        /// The account `slot`.
        pub slot: Pubkey,
        /// The account `authority`.
        pub authority: Pubkey,
        /// The argument `place`.
        pub place: u8,
        /// The argument `order`.
        pub order: super::Order,
        /// The argument `fee`.
        pub fee: u16,
    }

    impl Place {
        /// The first bytes of the instruction data.
        pub const DISCRIMINATOR: [u8; 8] = [143, 53, 56, 40, 41, 16, 5, 75];

        /// The instruction.
        pub fn instruction(&self) -> Instruction {
            self.instruction_at(&super::ID)
        }

        /// The instruction, for the program at an address.
        pub fn instruction_at(&self, program: &Pubkey) -> Instruction {
            let mut data = Self::DISCRIMINATOR.to_vec();
            self.place.write(&mut data);
            self.order.write(&mut data);
            self.fee.write(&mut data);
            let accounts = vec![
                AccountMeta::new(self.book, false),
                AccountMeta::new(self.note, false),
                AccountMeta::new(self.slot, false),
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
        /// the signer does not own the book
        NotAuthority,
        /// the book has three places
        NoPlace,
    }

    impl ProgramError {
        /// The code that a transaction shows.
        pub fn code(self) -> u32 {
            match self {
                ProgramError::NotAuthority => 6000,
                ProgramError::NoPlace => 6001,
            }
        }

        /// The error with a code; of several, the first one.
        pub fn from_code(code: u32) -> Option<ProgramError> {
            match code {
                6000 => Some(ProgramError::NotAuthority),
                6001 => Some(ProgramError::NoPlace),
                _ => None,
            }
        }

        /// What it means.
        pub fn message(self) -> &'static str {
            match self {
                ProgramError::NotAuthority => "the signer does not own the book",
                ProgramError::NoPlace => "the book has three places",
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
