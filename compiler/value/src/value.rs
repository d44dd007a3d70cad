//! The value itself: sixteen bytes, small things inside, the rest behind a reference count.

use crate::collection::{Object, Place, Range, Set};
use crate::decimal::Decimal;
use crate::error::ErrorValue;
use crate::function::{Closure, NativeId};
use crate::handle::Handle;
use crate::record::{Record, RecordType};
use crate::sequence::Sequence;
use crate::table::Table;
use crate::text::{Symbol, Text};
use compact_str::CompactString;
use num_bigint::BigInt;
use num_traits::ToPrimitive;
use ovsm_base::IntType;
use std::cell::RefCell;
use std::rc::Rc;

/// A value. Equality is [`crate::compare::equal`], not a trait: numbers compare across types.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// `null`.
    #[default]
    Null,
    /// A truth value.
    Bool(bool),
    /// An exact integer that fits 64 bits.
    Int(i64),
    /// A fixed-width integer of at most 64 bits, in canonical form.
    Fixed(IntType, u64),
    /// A float.
    Float(f64),
    /// A character.
    Char(char),
    /// A built-in function.
    Native(NativeId),
    /// An exact integer that does not fit 64 bits.
    Big(Rc<BigInt>),
    /// A fixed-width integer of 128 bits.
    U128(Rc<u128>),
    /// A signed one.
    I128(Rc<i128>),
    /// An exact decimal number.
    Decimal(Rc<Decimal>),
    /// A string.
    String(Rc<Text>),
    /// A keyword; the text is the name without its colon.
    Keyword(Rc<Text>),
    /// A symbol.
    Symbol(Rc<Symbol>),
    /// Bytes.
    Bytes(Rc<Vec<u8>>),
    /// A public key.
    Pubkey(Rc<[u8; 32]>),
    /// A signature.
    Signature(Rc<[u8; 64]>),
    /// `[…]`.
    Array(Rc<Sequence>),
    /// `(…)`.
    List(Rc<Sequence>),
    /// `{…}`.
    Object(Rc<Object>),
    /// `#{…}`.
    Set(Rc<Set>),
    /// A range of integers.
    Range(Rc<Range>),
    /// A record or a value of an enum.
    Record(Rc<Record>),
    /// The type of records; called, it makes one.
    RecordType(Rc<RecordType>),
    /// A function of the program.
    Function(Rc<Closure>),
    /// A mutable place.
    Cell(Rc<Place>),
    /// A mutable hash table.
    Table(Rc<RefCell<Table>>),
    /// An error.
    Error(Rc<ErrorValue>),
    /// A task or an open file.
    Handle(Rc<Handle>),
}

impl Value {
    /// A string.
    pub fn string(text: impl Into<CompactString>) -> Value {
        Value::String(Rc::new(Text::new(text)))
    }

    /// A keyword from its name without the colon.
    pub fn keyword(name: impl Into<CompactString>) -> Value {
        Value::Keyword(Rc::new(Text::new(name)))
    }

    /// A symbol as a user writes it.
    pub fn symbol(name: &str) -> Value {
        Value::Symbol(Rc::new(Symbol::new(name)))
    }

    /// An array.
    pub fn array(items: Vec<Value>) -> Value {
        Value::Array(Rc::new(Sequence::new(items)))
    }

    /// A list.
    pub fn list(items: Vec<Value>) -> Value {
        Value::List(Rc::new(Sequence::new(items)))
    }

    /// An object.
    pub fn object(entries: Object) -> Value {
        crate::allocation::note(128 + entries.len() * 48);
        Value::Object(Rc::new(entries))
    }

    /// Bytes.
    pub fn bytes(bytes: Vec<u8>) -> Value {
        crate::walk::copied(bytes.len());
        Value::Bytes(Rc::new(bytes))
    }

    /// Bytes that nobody else holds, for changing them: a copy, if somebody does.
    pub fn own_bytes(bytes: &mut Rc<Vec<u8>>) -> &mut Vec<u8> {
        if Rc::strong_count(bytes) > 1 {
            crate::walk::copied(bytes.len());
        }
        Rc::make_mut(bytes)
    }

    /// An exact integer.
    pub fn integer(number: BigInt) -> Value {
        match number.to_i64() {
            Some(small) => Value::Int(small),
            None => Value::Big(Rc::new(number)),
        }
    }

    /// An exact integer.
    pub fn from_i128(number: i128) -> Value {
        match i64::try_from(number) {
            Ok(small) => Value::Int(small),
            Err(_) => Value::Big(Rc::new(BigInt::from(number))),
        }
    }

    /// An exact integer; lengths and positions.
    pub fn from_usize(number: usize) -> Value {
        Value::from_i128(number as i128)
    }

    /// Its truth: `null false 0 0.0 "" [] () {} #{}` are false.
    pub fn is_true(&self) -> bool {
        match self {
            Value::Null => false,
            Value::Bool(truth) => *truth,
            Value::Int(number) => *number != 0,
            Value::Fixed(_, word) => *word != 0,
            Value::Float(number) => *number != 0.0,
            Value::U128(number) => **number != 0,
            Value::I128(number) => **number != 0,
            Value::Decimal(number) => !number.is_zero(),
            Value::String(text) => !text.as_str().is_empty(),
            Value::Bytes(bytes) => !bytes.is_empty(),
            Value::Array(items) | Value::List(items) => !items.is_empty(),
            Value::Object(entries) => !entries.is_empty(),
            Value::Set(set) => !set.items.is_empty(),
            Value::Range(range) => !range.is_empty(),
            _ => true,
        }
    }

    /// The name of its type, as `(type-of x)` gives it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Int(_) | Value::Big(_) => "int",
            Value::Fixed(ty, _) => ty.name(),
            Value::U128(_) => "u128",
            Value::I128(_) => "i128",
            Value::Float(_) => "float",
            Value::Decimal(_) => "decimal",
            Value::Char(_) => "char",
            Value::String(_) => "string",
            Value::Keyword(_) => "keyword",
            Value::Symbol(_) => "symbol",
            Value::Bytes(_) => "bytes",
            Value::Pubkey(_) => "pubkey",
            Value::Signature(_) => "signature",
            Value::Array(_) => "array",
            Value::List(_) => "list",
            Value::Object(_) => "object",
            Value::Set(_) => "set",
            Value::Range(_) => "range",
            Value::Record(_) => "record",
            Value::RecordType(_) => "type",
            Value::Native(_) | Value::Function(_) => "function",
            Value::Cell(_) => "cell",
            Value::Table(_) => "hash-table",
            Value::Error(_) => "error",
            Value::Handle(handle) => handle.type_name(),
        }
    }

    /// True for numbers of every kind.
    pub fn is_number(&self) -> bool {
        self.is_integer() || matches!(self, Value::Float(_) | Value::Decimal(_))
    }

    /// True for integers of every kind.
    pub fn is_integer(&self) -> bool {
        matches!(self, Value::Int(_) | Value::Big(_) | Value::Fixed(..) | Value::U128(_) | Value::I128(_))
    }

    /// True for functions and what can be called like one: record types, keywords, objects.
    pub fn is_callable(&self) -> bool {
        matches!(
            self,
            Value::Native(_)
                | Value::Function(_)
                | Value::RecordType(_)
                | Value::Keyword(_)
                | Value::Object(_)
        )
    }

    /// True for functions.
    pub fn is_function(&self) -> bool {
        matches!(self, Value::Native(_) | Value::Function(_) | Value::RecordType(_))
    }

    /// How many parts a collection has; zero for everything else.
    pub(crate) fn parts(&self) -> usize {
        match self {
            Value::Array(items) | Value::List(items) => items.len(),
            Value::Object(entries) => entries.len(),
            Value::Set(set) => set.items.len(),
            Value::Record(record) => record.fields.len(),
            Value::Table(table) => table.try_borrow().map_or(0, |table| table.len()),
            _ => 0,
        }
    }

    /// True if it may hold other values, so that it may be deep.
    pub fn holds_values(&self) -> bool {
        matches!(
            self,
            Value::Array(_)
                | Value::List(_)
                | Value::Object(_)
                | Value::Set(_)
                | Value::Record(_)
                | Value::Function(_)
                | Value::Cell(_)
                | Value::Table(_)
                | Value::Error(_)
                | Value::Handle(_)
        )
    }

    /// Its text, if it is a string.
    pub fn as_str(&self) -> Option<&str> {
        if let Value::String(text) = self { Some(text.as_str()) } else { None }
    }

    /// The items of an array or a list.
    pub fn as_items(&self) -> Option<&[Value]> {
        match self {
            Value::Array(items) | Value::List(items) => Some(items.as_slice()),
            _ => None,
        }
    }

    /// How many items an array or a list has.
    pub fn items_count(&self) -> Option<usize> {
        match self {
            Value::Array(items) | Value::List(items) => Some(items.len()),
            _ => None,
        }
    }

    /// The name that it is as a key of an object: that of a keyword, string or symbol.
    pub fn as_key(&self) -> Option<Rc<Text>> {
        match self {
            Value::Keyword(text) | Value::String(text) => Some(Rc::clone(text)),
            Value::Symbol(symbol) => Some(Rc::new(Text::new(&*symbol.name))),
            _ => None,
        }
    }
}
