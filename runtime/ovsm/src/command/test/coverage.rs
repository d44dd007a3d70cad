//! Which lines the tests reached: for tools in the format of lcov, for people as a page.
//!
//! A line counts if a call begins on it; it is reached if one of them ran. What a macro makes counts where the macro was
//! called.

use ovsm_base::Span;
use ovsm_base::line_index::line_column;
use ovsm_base::render::SourceMap;
use std::collections::BTreeMap;
use std::fmt::Write;

/// What is known of the lines of each file.
#[derive(Clone, Default, Debug)]
pub struct Coverage {
    files: BTreeMap<String, FileCoverage>,
}

#[derive(Clone, Default, Debug)]
struct FileCoverage {
    text: String,
    /// How often each line that counts was reached.
    lines: BTreeMap<u32, u64>,
}

impl Coverage {
    /// Adds the places of a session and how often each was reached.
    pub fn add(&mut self, places: &[Span], counts: &[u64], sources: &dyn SourceMap) {
        for (n, span) in places.iter().enumerate() {
            let Some((file, range)) = sources.resolve(*span) else { continue };
            let (path, text) = (sources.path(file), sources.text(file));
            // The library is not the program's.
            if path.starts_with("std/") || path.starts_with('<') {
                continue;
            }
            let known = self.files.entry(path.to_string()).or_default();
            if known.text.is_empty() {
                known.text = text.to_string();
            }
            let line = line_column(text, range.start).line;
            let count = counts.get(n).copied().unwrap_or(0);
            let lines = known.lines.entry(line).or_insert(0);
            *lines = (*lines).max(count);
        }
    }

    /// Adds what another part of the run has found.
    pub fn merge(&mut self, other: Coverage) {
        for (path, file) in other.files {
            let known = self.files.entry(path).or_default();
            if known.text.is_empty() {
                known.text = file.text;
            }
            for (line, count) in file.lines {
                *known.lines.entry(line).or_insert(0) += count;
            }
        }
    }

    /// Lines that were reached, and lines that count.
    pub fn totals(&self) -> (usize, usize) {
        let lines = self.files.values().flat_map(|file| file.lines.values());
        (lines.clone().filter(|count| **count > 0).count(), lines.count())
    }

    /// The tracefile of lcov.
    pub fn lcov(&self) -> String {
        let mut text = String::new();
        for (path, file) in &self.files {
            // Writing to a string can not fail.
            let _ = writeln!(text, "TN:\nSF:{path}");
            for (line, count) in &file.lines {
                let _ = writeln!(text, "DA:{line},{count}");
            }
            let hit = file.lines.values().filter(|count| **count > 0).count();
            let _ = writeln!(text, "LF:{}\nLH:{hit}\nend_of_record", file.lines.len());
        }
        text
    }

    /// One page that needs nothing else.
    pub fn html(&self) -> String {
        let (hit, all) = self.totals();
        let mut text = String::from(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Coverage</title>\n<meta http-equiv=\
             \"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<style>body{font:14px \
             system-ui;margin:2em}pre{line-height:1.4}.hit{background:#dff5dd}.missed{background:#fadcd9}.n{color:#888;user-select:\
             none}@media(prefers-color-scheme:dark){body{background:#181818;color:#ddd}.hit{background:#1d3b1a}.missed{background:\
             #4a1d1a}}</style></head><body>\n",
        );
        let _ = writeln!(text, "<h1>Coverage: {} of {all} lines ({})</h1>", hit, percent(hit, all));
        text.push_str("<ul>\n");
        for (n, (path, file)) in self.files.iter().enumerate() {
            let hit = file.lines.values().filter(|count| **count > 0).count();
            let _ = writeln!(
                text,
                "<li><a href=\"#f{n}\">{}</a>: {hit} of {} ({})</li>",
                escaped(path),
                file.lines.len(),
                percent(hit, file.lines.len())
            );
        }
        text.push_str("</ul>\n");
        for (n, (path, file)) in self.files.iter().enumerate() {
            let _ = writeln!(text, "<h2 id=\"f{n}\">{}</h2>\n<pre>", escaped(path));
            for (line, content) in (1..).zip(file.text.lines()) {
                let (class, count) = match file.lines.get(&line) {
                    None => ("", String::new()),
                    Some(0) => (" class=\"missed\"", "0".to_string()),
                    Some(count) => (" class=\"hit\"", count.to_string()),
                };
                let _ = writeln!(
                    text,
                    "<span{class}><span class=\"n\">{line:>5} {count:>8} </span>{}</span>",
                    escaped(content)
                );
            }
            text.push_str("</pre>\n");
        }
        text.push_str("</body></html>\n");
        text
    }
}

fn percent(part: usize, whole: usize) -> String {
    match whole {
        0 => "nothing to reach".to_string(),
        whole => format!("{:.1} %", part as f64 * 100.0 / whole as f64),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
