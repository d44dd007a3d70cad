//! The index that the search of the pages reads: a script that only sets one array, so that it works from a disk too.

use crate::anchor::anchor;
use crate::markdown::summary;
use crate::model::Module;

/// The script. An entry is name, kind, module, address, summary.
pub fn index(modules: &[Module], files: &[String]) -> String {
    let mut out = String::from("\"use strict\";\nvar ovsmIndex = [\n");
    for (module, file) in modules.iter().zip(files) {
        let page = format!("module.{file}.html");
        entry(&mut out, [&module.name, "module", "", &page, &summary(&module.head)]);
        for definition in &module.definitions {
            let target = format!("{page}#{}", anchor(&definition.name));
            let names =
                std::iter::once(&definition.name).chain(&definition.aliases).chain(&definition.members);
            for name in names {
                let kind = definition.kind.name();
                entry(&mut out, [name, kind, &module.name, &target, &summary(&definition.doc)]);
            }
        }
    }
    out.push_str("];\n");
    out
}

fn entry(out: &mut String, fields: [&str; 5]) {
    let fields: Vec<String> = fields.iter().map(|field| string(field)).collect();
    out.push_str(&format!("[{}],\n", fields.join(",")));
}

/// A text as a string of JavaScript in which nothing can end the string, the script or the line.
fn string(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"'
            | '\\'
            | '<'
            | '>'
            | '&'
            | '\''
            | '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{2028}'
            | '\u{2029}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_can_not_be_left() {
        assert_eq!(
            string("a\"];alert(1)</script>\n\u{2028}\\"),
            "\"a\\u0022];alert(1)\\u003c/script\\u003e\\u000a\\u2028\\u005c\""
        );
    }
}
