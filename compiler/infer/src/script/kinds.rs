//! Kinds of values: what a value is without looking inside, as a set of bits.

use ovsm_value::Value;

/// A set of kinds of values.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct Kinds(pub u32);

macro_rules! kinds {
    ($($constant:ident $bit:literal $name:literal;)*) => {
        impl Kinds {
            $(
                #[doc = concat!("`", $name, "`.")]
                pub const $constant: Kinds = Kinds(1 << $bit);
            )*

            /// Every kind with its name, in the order of the bits.
            pub const NAMES: &[(Kinds, &str)] = &[$((Kinds::$constant, $name)),*];
        }
    };
}

kinds! {
    NULL 0 "null";
    BOOL 1 "bool";
    INT 2 "int";
    FIXED 3 "fixed-width integer";
    FLOAT 4 "float";
    DECIMAL 5 "decimal";
    CHAR 6 "char";
    STRING 7 "string";
    SYMBOL 8 "symbol";
    KEYWORD 9 "keyword";
    BYTES 10 "bytes";
    PUBKEY 11 "pubkey";
    SIGNATURE 12 "signature";
    ARRAY 13 "array";
    LIST 14 "list";
    OBJECT 15 "object";
    SET 16 "set";
    RANGE 17 "range";
    RECORD 18 "record";
    TYPE 19 "type";
    FUNCTION 20 "function";
    CELL 21 "cell";
    TABLE 22 "hash-table";
    ERROR 23 "error";
    HANDLE 24 "handle";
}

impl Kinds {
    /// No kind: a value that can not be.
    pub const NEVER: Kinds = Kinds(0);
    /// Every kind.
    pub const ANY: Kinds = Kinds((1 << 25) - 1);
    /// Exact integers.
    pub const INTEGER: Kinds = Kinds(Kinds::INT.0 | Kinds::FIXED.0);
    /// Numbers.
    pub const NUMBER: Kinds = Kinds(Kinds::INTEGER.0 | Kinds::FLOAT.0 | Kinds::DECIMAL.0);
    /// What can be false.
    pub const FALSY: Kinds = Kinds(
        Kinds::NULL.0
            | Kinds::BOOL.0
            | Kinds::NUMBER.0
            | Kinds::STRING.0
            | Kinds::BYTES.0
            | Kinds::ARRAY.0
            | Kinds::LIST.0
            | Kinds::OBJECT.0
            | Kinds::SET.0
            | Kinds::RANGE.0,
    );
    /// What has items in order.
    pub const SEQUENCE: Kinds = Kinds(Kinds::ARRAY.0 | Kinds::LIST.0 | Kinds::RANGE.0);
    /// What has no parts in any sense.
    pub const NO_SEQUENCE: Kinds = Kinds(
        Kinds::BOOL.0
            | Kinds::NUMBER.0
            | Kinds::CHAR.0
            | Kinds::SYMBOL.0
            | Kinds::KEYWORD.0
            | Kinds::FUNCTION.0,
    );
    /// What can be called.
    pub const CALLABLE: Kinds = Kinds(Kinds::FUNCTION.0 | Kinds::TYPE.0 | Kinds::KEYWORD.0 | Kinds::OBJECT.0);

    /// The kind of a value.
    pub fn of(value: &Value) -> Kinds {
        match value {
            Value::Null => Kinds::NULL,
            Value::Bool(_) => Kinds::BOOL,
            Value::Int(_) | Value::Big(_) => Kinds::INT,
            Value::Fixed(..) | Value::U128(_) | Value::I128(_) => Kinds::FIXED,
            Value::Float(_) => Kinds::FLOAT,
            Value::Decimal(_) => Kinds::DECIMAL,
            Value::Char(_) => Kinds::CHAR,
            Value::String(_) => Kinds::STRING,
            Value::Symbol(_) => Kinds::SYMBOL,
            Value::Keyword(_) => Kinds::KEYWORD,
            Value::Bytes(_) => Kinds::BYTES,
            Value::Pubkey(_) => Kinds::PUBKEY,
            Value::Signature(_) => Kinds::SIGNATURE,
            Value::Array(_) => Kinds::ARRAY,
            Value::List(_) => Kinds::LIST,
            Value::Object(_) => Kinds::OBJECT,
            Value::Set(_) => Kinds::SET,
            Value::Range(_) => Kinds::RANGE,
            Value::Record(_) => Kinds::RECORD,
            Value::RecordType(_) => Kinds::TYPE,
            Value::Native(_) | Value::Function(_) => Kinds::FUNCTION,
            Value::Cell(_) => Kinds::CELL,
            Value::Table(_) => Kinds::TABLE,
            Value::Error(_) => Kinds::ERROR,
            Value::Handle(_) => Kinds::HANDLE,
        }
    }

    /// The kinds that a name stands for where a type is written; `None` if it is no such name.
    pub fn named(name: &str) -> Option<Kinds> {
        Some(match name {
            "any" => Kinds::ANY,
            "never" => Kinds::NEVER,
            "integer" => Kinds::INTEGER,
            "string-builder" => Kinds::STRING,
            "number" => Kinds::NUMBER,
            "sequence" | "collection" => Kinds(
                Kinds::ARRAY.0
                    | Kinds::LIST.0
                    | Kinds::RANGE.0
                    | Kinds::STRING.0
                    | Kinds::BYTES.0
                    | Kinds::SET.0
                    | Kinds::OBJECT.0,
            ),
            "async-handle" => Kinds::HANDLE,
            name if ovsm_value::number::FixedType::from_name(name).is_some() => Kinds::FIXED,
            name => return Kinds::NAMES.iter().find(|(_, other)| *other == name).map(|(kinds, _)| *kinds),
        })
    }

    /// Both sets together.
    pub fn or(self, other: Kinds) -> Kinds {
        Kinds(self.0 | other.0)
    }

    /// What both sets have.
    pub fn and(self, other: Kinds) -> Kinds {
        Kinds(self.0 & other.0)
    }

    /// What the other set has not.
    pub fn without(self, other: Kinds) -> Kinds {
        Kinds(self.0 & !other.0)
    }

    /// True if the sets have nothing in common.
    pub fn is_apart_from(self, other: Kinds) -> bool {
        self.0 & other.0 == 0
    }

    /// True without a kind.
    pub fn is_never(self) -> bool {
        self.0 == 0
    }
}

impl std::fmt::Debug for Kinds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = Kinds::NAMES
            .iter()
            .filter(|(kind, _)| !self.is_apart_from(*kind))
            .map(|(_, name)| *name)
            .collect();
        f.write_str(&names.join("|"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_agree() {
        for value in [Value::Null, Value::Int(1), Value::string("a"), Value::array(Vec::new())] {
            assert_eq!(Kinds::named(value.type_name()), Some(Kinds::of(&value)), "{}", value.type_name());
        }
        assert_eq!(Kinds::named("u8"), Some(Kinds::FIXED));
        assert_eq!(Kinds::named("nonsense"), None);
        assert!(Kinds::ANY.is_apart_from(Kinds::NEVER));
    }
}
