//! Stored values of tests: one file beside each test file, readable and reviewable.
//!
//! A snapshot is a line `=== name`, then its text. A line of the text that would be taken for a name is indented by a
//! backslash.

use std::collections::BTreeMap;

/// The snapshots of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshots {
    /// By name.
    pub stored: BTreeMap<String, String>,
    /// Names that a test asked for.
    pub used: Vec<String>,
    /// What this run took, by name.
    pub taken: BTreeMap<String, String>,
    /// True if something is to be written.
    pub is_changed: bool,
}

impl Snapshots {
    /// Reads the text of a file.
    pub fn parse(text: &str) -> Snapshots {
        let mut snapshots = Snapshots::default();
        let mut current: Option<(String, Vec<String>)> = None;
        for line in text.lines() {
            match line.strip_prefix("=== ") {
                Some(name) => {
                    snapshots.keep(current.take());
                    current = Some((name.to_string(), Vec::new()));
                }
                None => {
                    if let Some((_, lines)) = &mut current {
                        lines.push(line.strip_prefix('\\').unwrap_or(line).to_string());
                    }
                }
            }
        }
        snapshots.keep(current);
        snapshots
    }

    fn keep(&mut self, section: Option<(String, Vec<String>)>) {
        if let Some((name, mut lines)) = section {
            // A blank line stands between snapshots.
            if lines.last().is_some_and(String::is_empty) {
                lines.pop();
            }
            self.stored.insert(name, lines.join("\n"));
        }
    }

    /// The text of the file.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.stored {
            text.push_str(&format!("=== {name}\n"));
            for line in value.split('\n') {
                let is_marked = line.starts_with("=== ") || line.starts_with('\\');
                text.push_str(&format!("{}{line}\n", if is_marked { "\\" } else { "" }));
            }
            text.push('\n');
        }
        text
    }

    /// Compares a number of compute units with the one that is stored under a name: fewer is well. Stores it if that is
    /// wanted.
    ///
    /// # Errors
    /// There are more, or nothing is stored.
    pub fn compare_units(&mut self, name: &str, units: u64, update: bool) -> Result<(), String> {
        let own = name.replace(['\n', '\r'], " ");
        match self.stored.get(&own).and_then(|stored| stored.parse::<u64>().ok()) {
            Some(stored) if !update && units <= stored => {
                let stored = stored.to_string();
                self.compare(name, &stored, false)
            }
            Some(stored) if !update => {
                self.used.push(own);
                Err(format!(
                    "it takes {units} compute units, and {stored} are stored\n  `--bless` takes the new number"
                ))
            }
            _ => self.compare(name, &units.to_string(), update),
        }
    }

    /// Compares a text with what is stored under a name; stores it if that is wanted.
    ///
    /// # Errors
    /// How they differ, or that nothing is stored.
    pub fn compare(&mut self, name: &str, text: &str, update: bool) -> Result<(), String> {
        let name: String = name.replace(['\n', '\r'], " ");
        self.used.push(name.clone());
        let text = text.replace("\r\n", "\n");
        // The next run could agree with one of them only.
        if update && self.taken.insert(name.clone(), text.clone()).is_some_and(|before| before != text) {
            return Err(format!(
                "the snapshot `{name}` is asked for with two values: give each a name of its own"
            ));
        }
        match self.stored.get(&name) {
            Some(stored) if *stored == text => Ok(()),
            _ if update => {
                self.stored.insert(name, text);
                self.is_changed = true;
                Ok(())
            }
            Some(stored) => Err(format!(
                "the snapshot `{name}` differs\n{}`ovsm test --update-snapshots` takes the new value",
                lines_of(stored, &text)
            )),
            None => Err(format!(
                "there is no snapshot `{name}`; `ovsm test --update-snapshots` takes this value:\n{text}"
            )),
        }
    }

    /// Names that no test asked for.
    pub fn stale(&self) -> Vec<String> {
        self.stored.keys().filter(|name| !self.used.contains(name)).cloned().collect()
    }
}

/// True for a snapshot of a test: its name is that of the test or of a row of it, or continues it after ` / `.
pub fn is_of(snapshot: &str, test: &str) -> bool {
    let rest = snapshot.strip_prefix(test);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(" / ") || rest.starts_with('['))
}

/// The stored and the new lines that are not the same, after what both begin with.
fn lines_of(stored: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (stored.split('\n').collect(), new.split('\n').collect());
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
    let end = |lines: &[&str]| lines.len().saturating_sub(tail).max(head);
    let mut text = String::new();
    for line in old.get(head..end(&old)).unwrap_or(&[]).iter().take(20) {
        text.push_str(&format!("  - {line}\n"));
    }
    for line in new.get(head..end(&new)).unwrap_or(&[]).iter().take(20) {
        text.push_str(&format!("  + {line}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let mut snapshots = Snapshots::default();
        for (name, text) in [("a", "1"), ("b c", "x\n=== no name\n\\y\n\nz"), ("empty", "")] {
            assert!(snapshots.compare(name, text, false).is_err());
            snapshots.compare(name, text, true).unwrap();
        }
        let read = Snapshots::parse(&snapshots.text());
        assert_eq!(read.stored, snapshots.stored);
    }

    #[test]
    fn a_difference_is_shown() {
        let mut snapshots = Snapshots::parse("=== a\none\ntwo\nthree\n\n");
        let message = snapshots.compare("a", "one\n2\nthree", false).unwrap_err();
        assert!(message.contains("  - two\n  + 2\n"), "{message}");
        assert!(snapshots.stale().is_empty());
        // A test asks for what it exceeds.
        let mut snapshots = Snapshots::parse("=== a\n10\n\n");
        assert!(snapshots.compare_units("a", 11, false).is_err());
        assert!(snapshots.stale().is_empty());
        assert_eq!(Snapshots::parse("=== old\n1\n").stale(), ["old"]);
    }
}
