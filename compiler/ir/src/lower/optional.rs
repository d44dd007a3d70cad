//! Options, and the tags of enums: in words, and in memory if they hold arrays.
//!
//! An option without arrays is the truth whether there is a value, and its words. One with arrays lies in memory in its exact
//! layout, as all that contains an array does: a byte that is 0 or 1, then the value. Its one word is the address. What is not
//! there is not changed by anyone, so all such options of one size are the same zeros among the data of the program. Start
//! with [`State::present`].

use crate::function::Value;
use crate::lower::state::{State, Words};
use crate::op::{Condition, Width};
use ovsm_infer::Type as SourceType;

impl State<'_> {
    /// A value as an option of a type that has it; `place` is where it lies, if it holds arrays.
    pub(crate) fn present(&mut self, value: Words, ty: &SourceType, place: Option<u32>) -> Words {
        match (ty, place) {
            (SourceType::Option(item), Some(place)) if ty.is_by_address() => {
                let place = self.slot(place);
                // The value may lie in the place itself, if that is used once more: it moves before the byte is written.
                self.store_value(item, &value, place.after(1));
                let one = self.constant(1);
                self.store_word(place, Width::W1, one);
                Words::from_elem(place.base, 1)
            }
            _ => {
                let mut present = Words::from_elem(self.truth(true), 1);
                present.extend(value);
                present
            }
        }
    }

    /// What is not there, as an option.
    pub(crate) fn absent(&mut self, ty: &SourceType) -> Words {
        match (ty, ty.size()) {
            (SourceType::Option(_), Some(size)) if ty.is_by_address() => {
                Words::from_elem(self.bytes(&vec![0; size as usize]), 1)
            }
            _ => self.nothing(ty),
        }
    }

    /// The value of an option that is known to be there.
    pub(crate) fn present_part(&mut self, ty: &SourceType, option: &[Value]) -> Words {
        match option {
            [base] if ty.is_by_address() => {
                let value = self.behind(*base).after(1);
                Words::from_elem(self.pointer(value), 1)
            }
            [_, value @ ..] => Words::from_slice(value),
            [] => Words::new(),
        }
    }

    /// An option as the truth whether it is there, and the value behind it. Values of other types are as they are.
    pub(crate) fn flagged(&mut self, ty: &SourceType, value: Words) -> Words {
        match (ty, value.first().copied()) {
            (SourceType::Option(_), Some(base)) if ty.is_by_address() => {
                let byte = self.load_word(self.behind(base), Width::W1);
                let mut flagged = Words::from_elem(self.compare_const(Condition::NotEqual, byte, 0), 1);
                flagged.extend(self.present_part(ty, &value));
                flagged
            }
            _ => value,
        }
    }

    /// The number of the variant of an enum, from its first word.
    pub(crate) fn tag(&mut self, ty: &SourceType, first: Value) -> Value {
        if ty.is_by_address() { self.load_word(self.behind(first), Width::W1) } else { first }
    }
}
