//! Values in read syntax: text that reads back as an equal value.
//!
//! The words of a value mean nothing without its type; strings are looked up in the memory that the run left.

use ovsm_base::IntType;
use ovsm_infer::Type;
use ovsm_ir::machine::Memory;

/// Writes the value of a type from its words.
pub fn write_value(ty: Type, words: &[u64], memory: &Memory) -> String {
    match (ty, words) {
        (Type::Bool, [word]) => (*word != 0).to_string(),
        (Type::Int(IntType::U128), [low, high]) => (u128::from(*low) | u128::from(*high) << 64).to_string(),
        (Type::Int(ty), [word]) if ty.is_signed() => (*word as i64).to_string(),
        (Type::Int(_), [word]) => word.to_string(),
        (Type::String, [address, length]) => match memory.bytes(*address, *length) {
            Ok(bytes) => write_string(&String::from_utf8_lossy(bytes)),
            // A string is always a literal of the program in this version.
            Err(fault) => format!("#<string: {fault}>"),
        },
        _ => "null".to_string(),
    }
}

/// A string literal.
fn write_string(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('"');
    for character in text.chars() {
        match character {
            '"' => literal.push_str("\\\""),
            '\\' => literal.push_str("\\\\"),
            '\n' => literal.push_str("\\n"),
            '\t' => literal.push_str("\\t"),
            '\r' => literal.push_str("\\r"),
            '\0' => literal.push_str("\\0"),
            character if character.is_control() => {
                literal.push_str(&format!("\\u{{{:x}}}", u32::from(character)));
            }
            character => literal.push(character),
        }
    }
    literal.push('"');
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_read_back() {
        let text = "a\"b\\c\n\t\r\0\u{1b}λ";
        let literal = write_string(text);
        let tree = ovsm_cst::parse(ovsm_base::FormId(0), &literal);
        assert!(tree.errors().is_empty());
        assert_eq!(tree.root(&literal).unwrap().string_value().as_deref(), Some(text));
    }
}
