//! The guide's pages with figures: what they show is what the compiler prints for the program that they show.
//!
//! `BLESS=1` writes the figures of the pages anew; the difference is reviewed. Start with [`the_vault_is_as_the_guide_says`].
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

use std::path::Path;
use std::process::Command;

/// The text of a block of a page: what follows its first line, up to the end of the block.
fn block<'a>(page: &'a str, first: &str) -> &'a str {
    let start = page.find(first).unwrap_or_else(|| panic!("{first:?} is not on the page")) + first.len();
    let length = page[start..].find("```").unwrap();
    &page[start..start + length]
}

/// What a command prints in a folder, on both streams.
fn printed(folder: &Path, arguments: &[&str]) -> String {
    let output =
        Command::new(env!("CARGO_BIN_EXE_ovsmc")).args(arguments).current_dir(folder).output().unwrap();
    let text =
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    text
}

#[test]
fn the_vault_is_as_the_guide_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../book/src/guide/tested-vault.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let outer = tempfile::tempdir().unwrap();
    // A program is named after its folder.
    let folder = outer.path().join("vault");
    std::fs::create_dir_all(folder.join("src")).unwrap();
    std::fs::write(folder.join("spirit.toml"), block(&page, "```toml\n")).unwrap();
    let source = block(&page, "The program is `src/main.ovsm`:\n\n```lisp\n");
    std::fs::write(folder.join("src/main.ovsm"), source).unwrap();
    let built = printed(&folder, &["build", "."]);
    let cost = printed(&folder, &["cost", "."]);
    let instructions = cost.find("instructions of the program").unwrap();
    let cost = cost[instructions..].split("\n\n").next().unwrap().to_string() + "\n";
    let mut new = page.clone();
    for (command, shown) in [("$ ovsmc build .\n", built), ("$ ovsmc cost .\n", cost)] {
        let old = format!("{command}{}", block(&page, command));
        new = new.replace(&old, &format!("{command}{shown}"));
    }
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, new).unwrap();
        return;
    }
    assert_eq!(page, new, "`BLESS=1 cargo test -p ovsm-ovsmc --test book` writes the page anew");
}
