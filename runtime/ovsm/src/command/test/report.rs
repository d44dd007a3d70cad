//! The results of tests, for people and for machines.

use super::fault::{Fault, rendered};
use ovsm_base::render::Format;

/// How a test ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It returned.
    Passed,
    /// It did not; why, for people.
    Failed(String),
}

/// A test and how it ended.
#[derive(Clone, Debug)]
pub struct TestResult {
    /// Its name.
    pub name: String,
    /// `path:line`.
    pub place: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it did not pass, for machines.
    pub faults: Vec<Fault>,
    /// What it printed.
    pub output: String,
    /// How long it took.
    pub seconds: f64,
}

/// The results of a run.
pub struct Report {
    /// In the order of the files and of the tests in them.
    pub results: Vec<TestResult>,
    /// How many tests were left out because nothing that they see has changed.
    pub skipped: usize,
    /// Snapshots that no test asked for.
    pub stale: Vec<String>,
    /// How long the whole took.
    pub seconds: f64,
}

impl Report {
    /// True if a test failed.
    pub fn failed(&self) -> bool {
        self.failures().next().is_some()
    }

    fn failures(&self) -> impl Iterator<Item = (&TestResult, &str)> {
        self.results.iter().filter_map(|result| match &result.outcome {
            Outcome::Passed => None,
            Outcome::Failed(why) => Some((result, why.as_str())),
        })
    }

    /// The names and places.
    pub fn list(&self) -> String {
        self.results.iter().map(|result| format!("{}  {}\n", result.place, visible(&result.name))).collect()
    }

    /// Failures with what they printed, then one line.
    pub fn human(&self) -> String {
        let mut text = String::new();
        for (result, why) in self.failures() {
            text.push_str(&format!(
                "FAILED {} ({})\n{}\n",
                visible(&result.name),
                result.place,
                why.trim_end()
            ));
            if !result.output.is_empty() {
                text.push_str("it printed:\n");
                for line in result.output.lines() {
                    text.push_str(&format!("  {line}\n"));
                }
            }
            text.push('\n');
        }
        text.push_str(&self.summary());
        text
    }

    /// The failures in a format for machines; after one line each, or annotations, the same summary as for people.
    pub fn in_format(&self, format: Format) -> String {
        let failed = self.results.iter().filter(|result| result.outcome != Outcome::Passed);
        let faults: Vec<(&str, &Fault)> = failed
            .flat_map(|result| result.faults.iter().map(|fault| (result.name.as_str(), fault)))
            .collect();
        let mut text = rendered(&faults, format);
        if matches!(format, Format::Short | Format::Github) {
            text.push_str(&self.summary());
        }
        text
    }

    /// Stale snapshots, and how many tests ended in which way.
    fn summary(&self) -> String {
        let mut text = String::new();
        let failed = self.failures().count();
        let passed = self.results.len() - failed;
        for name in &self.stale {
            text.push_str(&format!("no test asks for the snapshot {name}\n"));
        }
        let skipped = match self.skipped {
            0 => String::new(),
            skipped => format!("{skipped} unchanged, "),
        };
        text.push_str(&format!("{passed} passed, {failed} failed, {skipped}{:.0} ms\n", self.seconds * 1e3));
        text
    }

    /// One object a line; the last one is about the whole.
    pub fn json(&self) -> String {
        let mut text = String::new();
        for result in &self.results {
            let error = match &result.outcome {
                Outcome::Passed => serde_json::Value::Null,
                Outcome::Failed(why) => serde_json::Value::String(why.clone()),
            };
            let object = serde_json::json!({
                "name": result.name,
                "place": result.place,
                "passed": result.outcome == Outcome::Passed,
                "error": error,
                "diagnostics": result.faults.iter().map(Fault::json).collect::<Vec<_>>(),
                "output": result.output,
                "seconds": result.seconds,
            });
            text.push_str(&format!("{object}\n"));
        }
        let failed = self.failures().count();
        let whole = serde_json::json!({ "passed": self.results.len() - failed, "failed": failed, "unchanged": self.skipped, "seconds": self.seconds });
        text.push_str(&format!("{whole}\n"));
        text
    }

    /// The XML that most servers for continuous integration read.
    pub fn junit(&self) -> String {
        let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        text.push_str(&format!(
            "<testsuite name=\"ovsm\" tests=\"{}\" failures=\"{}\" time=\"{:.6}\">\n",
            self.results.len(),
            self.failures().count(),
            self.seconds
        ));
        for result in &self.results {
            let (file, line) = result.place.rsplit_once(':').unwrap_or((&result.place, "0"));
            text.push_str(&format!(
                "  <testcase classname=\"{}\" name=\"{}\" file=\"{}\" line=\"{}\" time=\"{:.6}\"",
                escaped(file),
                escaped(&result.name),
                escaped(file),
                escaped(line),
                result.seconds
            ));
            match &result.outcome {
                Outcome::Passed => text.push_str("/>\n"),
                Outcome::Failed(why) => {
                    text.push_str(&format!(">\n    <failure>{}</failure>\n  </testcase>\n", escaped(why)));
                }
            }
        }
        text.push_str("</testsuite>\n");
        text
    }
}

/// Text without characters that would steer a terminal.
pub fn visible(text: &str) -> String {
    let escape = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(escape).collect()
}

/// Text in XML; characters that XML can not hold become question marks.
fn escaped(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => result.push_str("&amp;"),
            '<' => result.push_str("&lt;"),
            '>' => result.push_str("&gt;"),
            '"' => result.push_str("&quot;"),
            '\n' | '\t' => result.push(c),
            c if c < ' ' || matches!(c, '\u{fffe}' | '\u{ffff}') => result.push('?'),
            c => result.push(c),
        }
    }
    result
}
