//! Names of files and places in pages, for names that may be anything.
//!
//! Lower-case letters, digits, `-` and `_` stay, `/` becomes a dot, and every other byte becomes `~` and two digits: two
//! names never give the same, not even on a disk that ignores case, and nothing leaves its folder.

/// How long an encoded name may be before it is cut; file systems end at 255 bytes.
const MAX: usize = 150;

/// A name as a part of a file name. Long names are cut, so that they may meet: see [`file_names`].
fn encoded(name: &str) -> String {
    let mut out = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => out.push(char::from(byte)),
            b'/' => out.push('.'),
            byte => out.push_str(&format!("~{byte:02x}")),
        }
    }
    out
}

/// File names for modules, in their order, each different from the others.
pub fn file_names<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut taken = std::collections::BTreeSet::new();
    names
        .enumerate()
        .map(|(number, name)| {
            let mut file = encoded(name);
            // `~` and a number that is no byte can not come from a name.
            if file.len() > MAX || taken.contains(&file) {
                file.truncate(MAX);
                file.push_str(&format!("~~{number}"));
            }
            taken.insert(file.clone());
            file
        })
        .collect()
}

/// The place of a definition in its page.
pub fn anchor(name: &str) -> String {
    format!("d-{}", encoded(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_apart_and_in_their_folder() {
        let long = "x".repeat(1000);
        let names = ["a/b", "a.b", "A/B", "../../etc/passwd", "con", "λ", "", "a\0b", &long, &long, "a/b"];
        let files = file_names(names.iter().copied());
        assert_eq!(
            files.get(..8).unwrap(),
            ["a.b", "a~2eb", "~41.~42", "~2e~2e.~2e~2e.etc.passwd", "con", "~ce~bb", "", "a~00b"]
        );
        let different: std::collections::BTreeSet<&String> = files.iter().collect();
        assert_eq!(different.len(), names.len());
        for file in &files {
            assert!(file.len() < 200 && !file.contains(['/', '\\']), "{file}");
        }
    }
}
