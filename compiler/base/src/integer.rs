//! The fixed-width integer types of the language and their arithmetic facts.

/// A fixed-width integer type.
///
/// A value of at most 64 bits travels in one 64-bit word in *canonical form*: zero-extended if unsigned,
/// sign-extended if signed. A value of 128 bits travels in two words, low first.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum IntType {
    /// 8 bits, unsigned.
    U8,
    /// 16 bits, unsigned.
    U16,
    /// 32 bits, unsigned.
    U32,
    /// 64 bits, unsigned.
    U64,
    /// 128 bits, unsigned; two words.
    U128,
    /// 8 bits, signed.
    I8,
    /// 16 bits, signed.
    I16,
    /// 32 bits, signed.
    I32,
    /// 64 bits, signed.
    I64,
    /// 128 bits, signed; two words.
    I128,
}

impl IntType {
    /// Every integer type.
    pub const ALL: [IntType; 10] = [
        IntType::U8,
        IntType::U16,
        IntType::U32,
        IntType::U64,
        IntType::U128,
        IntType::I8,
        IntType::I16,
        IntType::I32,
        IntType::I64,
        IntType::I128,
    ];

    /// The name in source text: `u8`, `i64`, …
    pub const fn name(self) -> &'static str {
        match self {
            IntType::U8 => "u8",
            IntType::U16 => "u16",
            IntType::U32 => "u32",
            IntType::U64 => "u64",
            IntType::U128 => "u128",
            IntType::I8 => "i8",
            IntType::I16 => "i16",
            IntType::I32 => "i32",
            IntType::I64 => "i64",
            IntType::I128 => "i128",
        }
    }

    /// The type with this name in source text.
    pub fn from_name(name: &str) -> Option<IntType> {
        IntType::ALL.into_iter().find(|ty| ty.name() == name)
    }

    /// Width in bits: 8, 16, 32, 64 or 128.
    pub const fn bits(self) -> u32 {
        match self {
            IntType::U8 | IntType::I8 => 8,
            IntType::U16 | IntType::I16 => 16,
            IntType::U32 | IntType::I32 => 32,
            IntType::U64 | IntType::I64 => 64,
            IntType::U128 | IntType::I128 => 128,
        }
    }

    /// True for `i8` … `i128`.
    pub const fn is_signed(self) -> bool {
        matches!(self, IntType::I8 | IntType::I16 | IntType::I32 | IntType::I64 | IntType::I128)
    }

    /// The smallest value, as an `i128`.
    pub const fn min(self) -> i128 {
        // Shifted as a number without a sign: 1 << 127 is no i128, but its bits are those of the smallest one.
        if self.is_signed() { ((1u128 << (self.bits() - 1)) as i128).wrapping_neg() } else { 0 }
    }

    /// True for the types that take two words.
    pub const fn is_wide(self) -> bool {
        self.bits() == 128
    }

    /// The largest value.
    pub const fn max(self) -> u128 {
        match self {
            IntType::U128 => u128::MAX,
            _ if self.is_signed() => (1u128 << (self.bits() - 1)) - 1,
            _ => (1u128 << self.bits()) - 1,
        }
    }

    /// True if the integer with this magnitude and sign is a value of the type.
    pub const fn contains(self, negative: bool, magnitude: u128) -> bool {
        if negative && magnitude != 0 {
            self.is_signed() && magnitude <= 1u128 << (self.bits() - 1)
        } else {
            magnitude <= self.max()
        }
    }

    /// Truncates a word to this type and puts it in canonical form; of a type of two words it is the low one.
    pub const fn canonical(self, word: u64) -> u64 {
        match self {
            IntType::U8 => word as u8 as u64,
            IntType::U16 => word as u16 as u64,
            IntType::U32 => word as u32 as u64,
            IntType::I8 => word as i8 as i64 as u64,
            IntType::I16 => word as i16 as i64 as u64,
            IntType::I32 => word as i32 as i64 as u64,
            IntType::U64 | IntType::I64 | IntType::U128 | IntType::I128 => word,
        }
    }
}

impl std::fmt::Display for IntType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
