//! Finds the cases of a Markdown file.
//!
//! A heading names a case; the fences below it belong to it. `ovsm` holds the program (or names a file of the
//! repository: `ovsm file=spirits/hello/src/main.ovsm`), `accounts` one account per line, `data` the instruction data
//! in hex, and `expect` assertions, one per line. `ovsm module=geo/shapes` is no program, but a module that the programs
//! below it, under the same heading, may import. In a program, a comment `; => 3` is an assertion, and a line may have several. Several programs
//! under one heading are several cases, each with the fences that follow it.

use crate::case::{Case, account, assertion, hex};
use std::path::Path;

/// The cases of a file. `root` is the folder that `file=` is relative to.
///
/// # Errors
/// If the file is not well formed, or a case asserts nothing.
pub fn cases(file: &str, text: &str, root: &Path) -> Result<Vec<Case>, String> {
    let mut cases: Vec<Case> = Vec::new();
    let mut headings: Vec<String> = Vec::new();
    let mut heading_line = 0;
    let mut lines = text.lines().enumerate();
    let mut programs_below = 0;
    let mut modules: Vec<(String, String)> = Vec::new();
    while let Some((at, line)) = lines.next() {
        let place = format!("{file}:{}", at + 1);
        if let Some(title) = line.strip_prefix('#') {
            let level = 1 + title.chars().take_while(|c| *c == '#').count();
            headings.truncate(level - 1);
            headings.push(title.trim_start_matches('#').trim().to_string());
            heading_line = at + 1;
            programs_below = 0;
            modules.clear();
            continue;
        }
        let Some(info) = line.strip_prefix("```") else { continue };
        let mut content: Vec<&str> = Vec::new();
        loop {
            match lines.next() {
                Some((_, line)) if line.starts_with("```") => break,
                Some((_, line)) => content.push(line),
                None => return Err(format!("{place}: the fence is never closed")),
            }
        }
        let mut words = info.split_whitespace();
        match words.next() {
            Some("ovsm") if info.contains(" module=") => {
                let name = words.next().and_then(|word| word.strip_prefix("module="));
                let name = name.ok_or_else(|| format!("{place}: the module has no name"))?;
                modules.push((name.to_string(), content.join("\n")));
            }
            Some("ovsm") => {
                programs_below += 1;
                let mut name = headings.join(" / ");
                if programs_below > 1 {
                    name.push_str(&format!(" #{programs_below}"));
                }
                let source = match words.next().and_then(|word| word.strip_prefix("file=")) {
                    Some(path) => std::fs::read_to_string(root.join(path))
                        .map_err(|error| format!("{place}: {path}: {error}"))?,
                    None => content.join("\n"),
                };
                let mut case = Case {
                    file: file.to_string(),
                    line: heading_line,
                    name,
                    source,
                    modules: modules.clone(),
                    ..Case::default()
                };
                for (number, line) in case.source.lines().enumerate() {
                    for comment in line.split("; ").skip(1) {
                        let found = assertion(comment, Some(number + 1));
                        case.assertions.extend(found.map_err(|error| format!("{place}: {error}"))?);
                    }
                }
                cases.push(case);
            }
            Some(kind @ ("accounts" | "data" | "expect")) => {
                let Some(case) = cases.last_mut() else {
                    return Err(format!("{place}: `{kind}` stands before any program"));
                };
                match kind {
                    "accounts" => {
                        for line in content.iter().map(|line| line.trim()).filter(|line| !line.is_empty()) {
                            let account = account(line, case.accounts.len())
                                .ok_or_else(|| format!("{place}: `{line}` is not an account"))?;
                            case.accounts.push(account);
                        }
                    }
                    "data" => {
                        case.data = hex(&content.concat())
                            .ok_or_else(|| format!("{place}: the data is not hexadecimal"))?;
                    }
                    _ => {
                        for line in content.iter().filter(|line| !line.trim().is_empty()) {
                            let found = assertion(line, None).map_err(|error| format!("{place}: {error}"))?;
                            let found =
                                found.ok_or_else(|| format!("{place}: `{line}` is not an assertion"))?;
                            case.assertions.push(found);
                        }
                    }
                }
            }
            _ => {}
        }
    }
    match cases.iter().find(|case| case.assertions.is_empty()) {
        Some(case) => Err(format!("{file}:{}: `{}` asserts nothing", case.line, case.name)),
        None => Ok(cases),
    }
}
