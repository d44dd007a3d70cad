//! The client of the program `2-fast!`, written by `ovsmc client`. Changes to it are lost.

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

/// `Option` of the program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Option_ {
    /// `type`
    pub type_: u8,
    /// `a-b`
    pub a_b: u8,
    /// `a_b`
    pub a_b2: u8,
}

impl Data for Option_ {
    const SIZE: usize = 3;

    fn write(&self, out: &mut Vec<u8>) {
        self.type_.write(out);
        self.a_b.write(out);
        self.a_b2.write(out);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Some(Option_ {
            type_: Data::read(bytes.get(0..)?)?,
            a_b: Data::read(bytes.get(1..)?)?,
            a_b2: Data::read(bytes.get(2..)?)?,
        })
    }
}

/// `Pubkey` of the program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pubkey_ {
    /// `self`
    pub self_: u8,
}

impl Data for Pubkey_ {
    const SIZE: usize = 1;

    fn write(&self, out: &mut Vec<u8>) {
        self.self_.write(out);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Some(Pubkey_ {
            self_: Data::read(bytes.get(0..)?)?,
        })
    }
}

/// `Result` of the program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Result_ {
    /// `Ok_`
    Ok_ {
        /// `out`
        out: u8,
        /// `end`
        end: u16,
    },
    /// `Err_`
    Err_ {
        /// `bytes`
        bytes: Pubkey_,
        /// `Self`
        self_: Option<bool>,
    },
    /// `None_`
    None_,
}

impl Data for Result_ {
    const SIZE: usize = 4;

    fn write(&self, out: &mut Vec<u8>) {
        let end = out.len() + Self::SIZE;
        match self {
            Result_::Ok_ { out: field_0, end: field_1 } => {
                out.push(0);
                field_0.write(out);
                field_1.write(out);
            }
            Result_::Err_ { bytes: field_0, self_: field_1 } => {
                out.push(1);
                field_0.write(out);
                field_1.write(out);
            }
            Result_::None_ => {
                out.push(2);
            }
        }
        out.resize(end, 0);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        match bytes.first()? {
            0 => Some(Result_::Ok_ {
                out: Data::read(bytes.get(1..)?)?,
                end: Data::read(bytes.get(2..)?)?,
            }),
            1 => Some(Result_::Err_ {
                bytes: Data::read(bytes.get(1..)?)?,
                self_: Data::read(bytes.get(2..)?)?,
            }),
            2 => Some(Result_::None_),
            _ => None,
        }
    }
}

/// `Empty` of the program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Empty {
}

impl Data for Empty {
    const SIZE: usize = 0;

    fn write(&self, _out: &mut Vec<u8>) {
    }

    fn read(_bytes: &[u8]) -> Option<Self> {
        Some(Empty {
        })
    }
}

/// `newInput` of the program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NewInput {
    /// `x`
    pub x: u8,
}

impl Data for NewInput {
    const SIZE: usize = 1;

    fn write(&self, out: &mut Vec<u8>) {
        self.x.write(out);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Some(NewInput {
            x: Data::read(bytes.get(0..)?)?,
        })
    }
}

/// The account `Address`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Address {
    /// `fn`
    pub fn_: Option_,
    /// `class`
    pub class: Pubkey_,
    /// `größe`
    pub gruf6udfe: u8,
    /// `discriminator`
    pub discriminator: u8,
    /// `data`
    pub data: [Option<Result_>; 2],
    /// `nothing`
    pub nothing: [Empty; 3],
}

impl Data for Address {
    const SIZE: usize = 16;

    fn write(&self, out: &mut Vec<u8>) {
        self.fn_.write(out);
        self.class.write(out);
        self.gruf6udfe.write(out);
        self.discriminator.write(out);
        self.data.write(out);
        self.nothing.write(out);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Some(Address {
            fn_: Data::read(bytes.get(0..)?)?,
            class: Data::read(bytes.get(3..)?)?,
            gruf6udfe: Data::read(bytes.get(4..)?)?,
            discriminator: Data::read(bytes.get(5..)?)?,
            data: Data::read(bytes.get(6..)?)?,
            nothing: Data::read(bytes.get(16..)?)?,
        })
    }
}

impl Address {
    /// The first bytes of the account.
    pub const DISCRIMINATOR: [u8; 8] = [33, 141, 133, 70, 148, 151, 68, 172];

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

/// The account `AB`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ab {
    /// `x`
    pub x: NewInput,
}

impl Data for Ab {
    const SIZE: usize = 1;

    fn write(&self, out: &mut Vec<u8>) {
        self.x.write(out);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Some(Ab {
            x: Data::read(bytes.get(0..)?)?,
        })
    }
}

impl Ab {
    /// The first bytes of the account.
    pub const DISCRIMINATOR: [u8; 8] = [163, 108, 140, 209, 155, 111, 74, 251];

    /// The size of all of it in bytes.
    pub const LENGTH: usize = 9;

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

/// The account `Ab`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ab2 {
    /// `x`
    pub x: u16,
}

impl Data for Ab2 {
    const SIZE: usize = 2;

    fn write(&self, out: &mut Vec<u8>) {
        self.x.write(out);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Some(Ab2 {
            x: Data::read(bytes.get(0..)?)?,
        })
    }
}

impl Ab2 {
    /// The first bytes of the account.
    pub const DISCRIMINATOR: [u8; 8] = [0, 6, 112, 189, 195, 19, 214, 243];

    /// The size of all of it in bytes.
    pub const LENGTH: usize = 10;

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

/// The event `Instruction`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Instruction_ {
    /// `size`
    pub size: u64,
}

impl Data for Instruction_ {
    const SIZE: usize = 8;

    fn write(&self, out: &mut Vec<u8>) {
        self.size.write(out);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Some(Instruction_ {
            size: Data::read(bytes.get(0..)?)?,
        })
    }
}

impl Instruction_ {
    /// The first bytes of the event.
    pub const DISCRIMINATOR: [u8; 8] = [24, 16, 93, 240, 159, 50, 134, 78];

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

/// What each instruction takes, and how it is made.
pub mod instruction {
    use super::Data;
    use solana_instruction::{AccountMeta, Instruction};
    use solana_pubkey::Pubkey;

    /// Its input has the name of a type, its accounts and arguments those of others.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct New {
        /// The account `config`.
        pub config: Pubkey,
        /// The account `input2`.
        pub input2: Pubkey,
        /// The account `program-address`.
        pub program_address: Pubkey,
        /// The argument `input`.
        pub input: u8,
        /// The argument `data`.
        pub data: super::NewInput,
        /// The argument `program`.
        pub program: super::Result_,
        /// The argument `owner`.
        pub owner: u8,
    }

    impl New {
        /// The first bytes of the instruction data.
        pub const DISCRIMINATOR: [u8; 8] = [135, 44, 205, 198, 25, 1, 72, 188];

        /// The instruction.
        pub fn instruction(&self) -> Instruction {
            self.instruction_at(&super::ID)
        }

        /// The instruction, for the program at an address.
        pub fn instruction_at(&self, program: &Pubkey) -> Instruction {
            let mut data = Self::DISCRIMINATOR.to_vec();
            self.input.write(&mut data);
            self.data.write(&mut data);
            self.program.write(&mut data);
            self.owner.write(&mut data);
            let accounts = vec![
                AccountMeta::new(self.config, false),
                AccountMeta::new_readonly(self.input2, true),
                AccountMeta::new_readonly(self.program_address, false),
            ];
            Instruction { program_id: *program, accounts, data }
        }
    }

    /// The instruction `nothing`.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Nothing {
    }

    impl Nothing {
        /// The first bytes of the instruction data.
        pub const DISCRIMINATOR: [u8; 8] = [16, 58, 65, 150, 129, 186, 165, 73];

        /// The instruction.
        pub fn instruction(&self) -> Instruction {
            self.instruction_at(&super::ID)
        }

        /// The instruction, for the program at an address.
        pub fn instruction_at(&self, program: &Pubkey) -> Instruction {
            let data = Self::DISCRIMINATOR.to_vec();
            let accounts = vec![
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
        /// */   " ' \ ${x} `
        Is,
        /// second
        /// line
        Is2,
        /// another number
        Other,
    }

    impl ProgramError {
        /// The code that a transaction shows.
        pub fn code(self) -> u32 {
            match self {
                ProgramError::Is => 6000,
                ProgramError::Is2 => 6001,
                ProgramError::Other => 7000,
            }
        }

        /// The error with a code; of several, the first one.
        pub fn from_code(code: u32) -> Option<ProgramError> {
            match code {
                6000 => Some(ProgramError::Is),
                6001 => Some(ProgramError::Is2),
                7000 => Some(ProgramError::Other),
                _ => None,
            }
        }

        /// What it means.
        pub fn message(self) -> &'static str {
            match self {
                ProgramError::Is => "*/ \t \" ' \\ ${x} `",
                ProgramError::Is2 => "second\nline",
                ProgramError::Other => "another number",
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
