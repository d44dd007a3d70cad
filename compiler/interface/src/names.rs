//! Names in the styles of other languages. Names of OVSM may hold characters that others do not have, and two of them may
//! become the same: a [`Scope`] gives every name another spelling.

use std::collections::BTreeSet;

/// How words are put together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// `likeThis`.
    Camel,
    /// `LikeThis`.
    Pascal,
    /// `like_this`.
    Snake,
    /// `LIKE_THIS`.
    Constant,
    /// `like-this`, as OVSM itself writes names.
    Kebab,
}

/// A name in a style: letters and digits of ASCII, and never empty or a digit first.
pub fn spell(name: &str, style: Style) -> String {
    let mut text = String::new();
    for (place, word) in words(name).iter().enumerate() {
        match style {
            Style::Snake | Style::Constant if place > 0 => text.push('_'),
            Style::Kebab if place > 0 => text.push('-'),
            _ => {}
        }
        match style {
            Style::Snake | Style::Kebab => text.push_str(word),
            Style::Constant => text.push_str(&word.to_ascii_uppercase()),
            Style::Camel if place == 0 => text.push_str(word),
            Style::Camel | Style::Pascal => {
                let mut characters = word.chars();
                text.extend(characters.next().map(|first| first.to_ascii_uppercase()));
                text.push_str(characters.as_str());
            }
        }
    }
    if text.chars().next().is_none_or(|first| first.is_ascii_digit()) {
        text.insert(0, if matches!(style, Style::Pascal | Style::Constant) { 'X' } else { 'x' });
    }
    text
}

/// The words of a name in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut open = false;
    let mut previous_is_lower = false;
    for character in name.chars() {
        if !character.is_alphanumeric() {
            open = false;
            continue;
        }
        if !open || (character.is_ascii_uppercase() && previous_is_lower) {
            words.push(String::new());
            open = true;
        }
        previous_is_lower = character.is_ascii_lowercase() || character.is_ascii_digit();
        if let Some(word) = words.last_mut() {
            match character.is_ascii() {
                true => word.push(character.to_ascii_lowercase()),
                false => word.push_str(&format!("u{:x}", u32::from(character))),
            }
        }
    }
    words
}

/// Names that stand side by side, each with a spelling of its own.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    taken: BTreeSet<String>,
    reserved: &'static [&'static str],
}

impl Scope {
    /// A scope without words that mean something else in it.
    pub fn without(reserved: &'static [&'static str]) -> Scope {
        Scope { taken: BTreeSet::new(), reserved }
    }

    /// A spelling that nothing else in the scope has: `_` follows those that are reserved, a number those that are taken.
    pub fn spell(&mut self, name: &str, style: Style) -> String {
        let mut plain = spell(name, style);
        if self.reserved.contains(&plain.as_str()) {
            plain.push('_');
        }
        let mut text = plain.clone();
        let mut number = 2u32;
        while !self.taken.insert(text.clone()) {
            text = format!("{plain}{number}");
            number += 1;
        }
        text
    }

    /// The spellings of several names.
    pub fn spell_all<'a>(&mut self, names: impl Iterator<Item = &'a str>, style: Style) -> Vec<String> {
        names.map(|name| self.spell(name, style)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spelled_in_each_style() {
        let all = [Style::Camel, Style::Pascal, Style::Snake, Style::Constant].map(|s| spell("is-Open?", s));
        assert_eq!(all, ["isOpen", "IsOpen", "is_open", "IS_OPEN"]);
        assert_eq!(spell("VaultError", Style::Snake), "vault_error");
        assert_eq!(spell("cast-vote", Style::Pascal), "CastVote");
        assert_eq!(spell("<=", Style::Camel), "x");
        assert_eq!(spell("2nd", Style::Camel), "x2nd");
        assert_eq!(spell("größe", Style::Snake), "gruf6udfe");
    }

    #[test]
    fn no_two_names_of_a_scope_are_the_same() {
        let mut scope = Scope::without(&["class"]);
        let names = ["a-b", "a_b", "class", "a-b2"];
        let spelled = scope.spell_all(names.into_iter(), Style::Camel);
        assert_eq!(spelled, ["aB", "aB2", "class_", "aB22"]);
    }
}
