//! The frame of a page, and escaping. All text of sources goes through [`escape`].

/// Tells pages of this generator from files that somebody else wrote.
pub const GENERATOR: &str = "<meta name=\"generator\" content=\"ovsm doc\">";

/// Only files beside the page: no code or style inside of it, nothing from elsewhere. `file:` is for browsers to which a
/// file is no origin of its own.
const POLICY: &str = "default-src 'none'; script-src 'self' file:; style-src 'self' file:; base-uri 'none'; form-action 'none'";

/// A text as content of an element or of an attribute in double quotes. Characters that control or reorder what is
/// shown become visible.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            '\r' => {}
            '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{ad}'
            | '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}' => out.push_str(&format!("\u{27e8}U+{:04X}\u{27e9}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

/// A whole page. `title` is text; `body` is HTML.
pub fn page(title: &str, project: &str, body: &str) -> String {
    let title = escape(title);
    let project = escape(project);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n{GENERATOR}\n\
         <title>{title}</title>\n<link rel=\"stylesheet\" href=\"style.css\">\n\
         <script defer src=\"search-index.js\"></script>\n<script defer src=\"search.js\"></script>\n</head>\n<body>\n\
         <header>\n<nav><a href=\"index.html\">{project}</a> <a href=\"names.html\">All names</a></nav>\n\
         <div id=\"search\" role=\"search\" hidden><label for=\"query\">Search</label> \
         <input id=\"query\" type=\"search\" autocomplete=\"off\" spellcheck=\"false\">\n\
         <ol id=\"results\"></ol></div>\n</header>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )
}
