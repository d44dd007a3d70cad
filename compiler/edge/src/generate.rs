//! Completions and manual pages, made from the description of a command line.

use crate::output;
use crate::process::Exit;
use crate::terminal::Terminal;
use clap::Command;
use clap_complete::Shell;
use std::path::Path;

/// Prints the completions of a command for a shell.
pub fn completions(terminal: &Terminal, mut command: Command, shell: Shell) -> Exit {
    let name = command.get_name().to_string();
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut text);
    terminal.print_bytes(&text)
}

/// Writes the manual pages of a command and its subcommands to a folder.
pub fn manuals(terminal: &Terminal, command: Command, folder: &Path) -> Exit {
    let name = command.get_name().to_string();
    let mut pages = vec![(format!("{name}.1"), command.clone())];
    let mut files = Vec::new();
    for subcommand in command.get_subcommands().filter(|subcommand| !subcommand.is_hide_set()) {
        let full = format!("{name}-{}", subcommand.get_name());
        let page = subcommand.clone().name(full.clone()).display_name(full.clone());
        pages.push((format!("{full}.1"), page));
    }
    for (file, page) in pages {
        let mut text = Vec::new();
        if clap_mangen::Man::new(page).render(&mut text).is_err() {
            continue;
        }
        files.push((folder.join(file), text));
    }
    match output::write(&files) {
        Ok(()) => Exit::Success,
        Err(diagnostic) => {
            terminal.show_placeless(&[*diagnostic]);
            Exit::Usage
        }
    }
}
