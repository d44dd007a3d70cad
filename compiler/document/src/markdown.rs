//! A small Markdown: paragraphs, lists, inline code, fenced code, and links to `http` and `https`. Everything else is text.
//!
//! The result is safe HTML for any text: each piece is escaped, and no markup of the text survives.

use crate::html::escape;

/// How many bytes of a comment are shown.
const MAX: usize = 64 << 10;

/// A text as HTML blocks. `link` says where a name in inline code leads.
pub fn blocks(text: &str, link: &dyn Fn(&str) -> Option<String>) -> String {
    let end = (0..=MAX.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    let mut blocks = Blocks { out: String::new(), paragraph: Vec::new(), list: None, link };
    let mut lines = text.get(..end).unwrap_or("").lines();
    while let Some(line) = lines.next() {
        let line = line.trim_end();
        let trimmed = line.trim_start();
        if let Some(fence) = ["```", "~~~"].into_iter().find(|fence| trimmed.starts_with(fence)) {
            blocks.end_all();
            let indent = line.len() - trimmed.len();
            let mut code = String::new();
            for line in lines.by_ref() {
                if line.trim() == fence {
                    break;
                }
                let blanks = line.len() - line.trim_start_matches(' ').len();
                code.push_str(line.get(blanks.min(indent)..).unwrap_or("").trim_end_matches('\r'));
                code.push('\n');
            }
            blocks.out.push_str(&format!("<pre><code>{}</code></pre>\n", escape(&code)));
        } else if trimmed.is_empty() {
            blocks.end_paragraph();
        } else if let Some((tag, item)) = list_item(trimmed) {
            blocks.end_paragraph();
            blocks.begin_item(tag);
            blocks.paragraph.push(item.to_string());
        } else {
            // A line at the margin after an empty one is no part of the list.
            if blocks.list.is_some() && blocks.paragraph.is_empty() && trimmed.len() == line.len() {
                blocks.end_all();
            }
            blocks.paragraph.push(trimmed.to_string());
        }
    }
    blocks.end_all();
    if end < text.len() {
        blocks.out.push_str("<p>…</p>\n");
    }
    blocks.out
}

/// The first sentence or line, as plain text.
pub fn summary(text: &str) -> String {
    const LONGEST: usize = 160;
    let paragraph: Vec<&str> = text
        .lines()
        .map(str::trim)
        .skip_while(|line| line.is_empty())
        .take_while(|line| !line.is_empty())
        .collect();
    let paragraph = paragraph.join(" ");
    let sentence = paragraph.split_once(". ").map_or(paragraph.as_str(), |(sentence, _)| sentence);
    let clipped: String = sentence.chars().take(LONGEST).collect();
    let clipped = clipped.trim_end_matches('.').to_string();
    if sentence.chars().nth(LONGEST).is_some() { clipped + "…" } else { clipped }
}

struct Blocks<'a> {
    out: String,
    /// The lines of the paragraph that is being read.
    paragraph: Vec<String>,
    /// The list that is open.
    list: Option<&'static str>,
    link: &'a dyn Fn(&str) -> Option<String>,
}

impl Blocks<'_> {
    fn end_paragraph(&mut self) {
        if self.paragraph.is_empty() {
            return;
        }
        let text = inline(&self.paragraph.join("\n"), self.link);
        self.paragraph.clear();
        let tag = if self.list.is_some() { "li" } else { "p" };
        self.out.push_str(&format!("<{tag}>{text}</{tag}>\n"));
    }

    fn begin_item(&mut self, tag: &'static str) {
        if self.list != Some(tag) {
            self.end_all();
            self.out.push_str(&format!("<{tag}>\n"));
            self.list = Some(tag);
        }
    }

    fn end_all(&mut self) {
        self.end_paragraph();
        if let Some(tag) = self.list.take() {
            self.out.push_str(&format!("</{tag}>\n"));
        }
    }
}

/// The kind of list and the text of an item.
fn list_item(line: &str) -> Option<(&'static str, &str)> {
    if let Some(item) = line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")) {
        return Some(("ul", item));
    }
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let item = line.get(digits..)?.strip_prefix(". ")?;
    (1..=4).contains(&digits).then_some(("ol", item))
}

/// Inline code and links.
fn inline(text: &str, link: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c == '`'
            && let Some((code, after)) = code(rest)
        {
            out.push_str(&escape(&std::mem::take(&mut plain)));
            let shown = format!("<code>{}</code>", escape(code));
            match link(code) {
                Some(target) => out.push_str(&format!("<a href=\"{}\">{shown}</a>", escape(&target))),
                None => out.push_str(&shown),
            }
            rest = after;
        } else if c == '['
            && let Some((shown, target, after)) = hyperlink(rest)
        {
            out.push_str(&escape(&std::mem::take(&mut plain)));
            out.push_str(&format!(
                "<a href=\"{}\" rel=\"noopener noreferrer nofollow\">{}</a>",
                escape(target),
                escape(shown)
            ));
            rest = after;
        } else {
            plain.push(c);
            rest = rest.get(c.len_utf8()..).unwrap_or("");
        }
    }
    out + &escape(&plain)
}

/// What stands between two runs of the same number of backticks, and what follows.
fn code(text: &str) -> Option<(&str, &str)> {
    let ticks = text.bytes().take_while(|byte| *byte == b'`').count();
    let fence = text.get(..ticks)?;
    let inner = text.get(ticks..)?;
    let end = near(inner).find(fence)?;
    let code = inner.get(..end)?;
    (!code.trim().is_empty()).then_some((code.trim(), inner.get(end + ticks..)?))
}

/// The beginning of a text, long enough for code and links: looking far from each bracket would take time that is
/// quadratic in their number.
fn near(text: &str) -> &str {
    (0..=text.len().min(2000)).rev().find_map(|end| text.get(..end)).unwrap_or("")
}

/// The text, the target and what follows, of a link to `http` or `https`.
fn hyperlink(text: &str) -> Option<(&str, &str, &str)> {
    let near = near(text);
    let close = near.find("](")?;
    let shown = near.get(1..close)?;
    let from = close + 2;
    let end = near.get(from..)?.find(')')? + from;
    let target = near.get(from..end)?;
    let scheme = target.split_once("://")?.0.to_ascii_lowercase();
    let is_plain = target.chars().all(|c| c.is_ascii_graphic() && !"<>\"'`\\".contains(c));
    let is_right = (scheme == "http" || scheme == "https") && is_plain && !shown.contains('[');
    is_right.then_some((shown, target, text.get(end + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        blocks(text, &|name| (name == "map").then(|| "m.html#d-map".to_string()))
    }

    #[test]
    fn the_subset_is_rendered() {
        assert_eq!(shown("One\ntwo.\n\nThree"), "<p>One\ntwo.</p>\n<p>Three</p>\n");
        assert_eq!(
            shown("- a\n- b\n  more\n\nEnd"),
            "<ul>\n<li>a</li>\n<li>b\nmore</li>\n</ul>\n<p>End</p>\n"
        );
        assert_eq!(shown("1. a\n2. b"), "<ol>\n<li>a</li>\n<li>b</li>\n</ol>\n");
        assert_eq!(
            shown("```lisp\n(a <b>)\n\n  c\n```\nx"),
            "<pre><code>(a &lt;b&gt;)\n\n  c\n</code></pre>\n<p>x</p>\n"
        );
        assert_eq!(
            shown("`map` and `x`"),
            "<p><a href=\"m.html#d-map\"><code>map</code></a> and <code>x</code></p>\n"
        );
        assert_eq!(
            shown("[site](https://x.org/?a=1&b)"),
            "<p><a href=\"https://x.org/?a=1&amp;b\" rel=\"noopener noreferrer nofollow\">site</a></p>\n"
        );
        assert_eq!(shown("*earmuffs* stay"), "<p>*earmuffs* stay</p>\n");
        assert_eq!(summary("\nAdds.  Then more.\nx\n\ny"), "Adds.  Then more. x".split_once(". ").unwrap().0);
    }

    #[test]
    fn hostile_text_stays_text() {
        for text in [
            "<script>alert(1)</script>",
            "[x](javascript:alert(1))",
            "[x](JaVaScRiPt://%0aalert(1))",
            "[x](data:text/html,<script>)",
            "[x](https://a\"onmouseover=alert(1))",
            "[x](https://a' onclick='b)",
            "[<img src=x onerror=y>](http://a)",
            "`<img src=x onerror=alert(1)>`",
            "``` <b>\n</code></pre><script>",
            "- <svg onload=x>\n1. \"><b>",
            "\u{202e}<b>",
        ] {
            let html = shown(text);
            let mut rest = html.as_str();
            // Whatever the text is, the only tags are ours, and only our attributes are in them.
            while let Some((_, after)) = rest.split_once('<') {
                let (tag, after) = after.split_once('>').expect("tags end");
                let name = tag.trim_start_matches('/').split(' ').next().unwrap();
                assert!(["p", "ul", "ol", "li", "pre", "code", "a"].contains(&name), "{text}: {html}");
                assert!(
                    name == tag.trim_start_matches('/') || tag.starts_with("a href=\"http"),
                    "{text}: {html}"
                );
                rest = after;
            }
            assert!(!html.contains("\"onmouseover") && !html.contains('\u{202e}'), "{html}");
        }
    }

    #[test]
    fn time_is_linear() {
        let html = shown(&"[`[](".repeat(100_000));
        assert!(html.len() < 20 * MAX, "{}", html.len());
    }
}
