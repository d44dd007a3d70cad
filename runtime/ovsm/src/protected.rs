//! What no permission opens to a script: the wallets of Solana, and what Linux shows of processes, which would lead
//! around the permissions. Nothing here asks what the command line permits; start with [`refusal`].

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// What Linux shows of a process that is only figures.
const HARMLESS: &[&str] = &["io", "limits", "stat", "statm", "status"];

/// How many links are followed on the way to the wallets.
const MOST_LINKS: usize = 40;

/// Why a script may never touch a path without links, if it may not.
pub fn refusal(resolved: &Path) -> Option<&'static str> {
    if is_wallet(resolved) {
        return Some("it is in the folder of Solana's wallets");
    }
    match process_file(resolved)?.to_str() {
        Some("environ") => Some("the environment is read by `(env name)`, with `--allow-env`"),
        Some(name) if HARMLESS.contains(&name) => None,
        _ => Some("what the system shows of a process leads around the permissions"),
    }
}

/// Whether a path without links is in the folder of Solana's wallets, is that, or is a link that leads to it.
pub fn is_wallet(resolved: &Path) -> bool {
    static PLACES: OnceLock<Vec<PathBuf>> = OnceLock::new();
    // Found once, before a script can change where links lead.
    let places = PLACES.get_or_init(|| {
        let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let homes = folder("HOME").or_else(std::env::home_dir).into_iter();
        let configurations = homes.map(|home| home.join(".config")).chain(folder("XDG_CONFIG_HOME"));
        configurations.flat_map(|folder| places_of_wallets(&folder)).collect()
    });
    is_named_as_wallets(resolved) || places.iter().any(|place| resolved.starts_with(place))
}

/// Whether a path is, or goes through, a folder with the name that Solana's folder of wallets has everywhere.
pub fn is_named_as_wallets(path: &Path) -> bool {
    let names: Vec<&OsStr> = path.components().map(|component| component.as_os_str()).collect();
    names.windows(2).any(|pair| matches!(pair, [a, b] if *a == ".config" && *b == "solana"))
}

/// The folder of wallets below a folder of configurations, whatever is a link on the way, and what links in it lead to.
fn places_of_wallets(configuration: &Path) -> Vec<PathBuf> {
    let mut places = links_from(configuration);
    let folder = configuration.join("solana");
    places.extend(links_from(&folder));
    let real = configuration.canonicalize().map(|configuration| configuration.join("solana"));
    places.extend(folder.canonicalize().or(real));
    for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_symlink()) {
            places.extend(links_from(&entry.path()));
            places.extend(entry.path().canonicalize());
        }
    }
    places
}

/// A link, the link that it leads to, and so on.
fn links_from(path: &Path) -> Vec<PathBuf> {
    let mut links = Vec::new();
    let mut path = path.to_path_buf();
    while links.len() < MOST_LINKS {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { break };
        let Ok(parent) = parent.canonicalize() else { break };
        let link = parent.join(name);
        let Ok(target) = std::fs::read_link(&link) else { break };
        path = parent.join(target);
        links.push(link);
    }
    links
}

/// The first name below the folder that Linux has for a process: `environ` in `/proc/7/environ`.
fn process_file(resolved: &Path) -> Option<&OsStr> {
    let mut names = resolved.strip_prefix("/proc").ok()?.components();
    let process = names.next()?.as_os_str().to_str()?;
    if !process.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    names.next().map(|name| name.as_os_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_a_process_is_refused() {
        for (path, is_refused) in [
            ("/proc/7/environ", true),
            ("/proc/7/mem", true),
            ("/proc/7/task/8/environ", true),
            ("/proc/7/fd/3", true),
            ("/proc/7/root", true),
            ("/proc/7/status", false),
            ("/proc/7", false),
            ("/proc/cpuinfo", false),
            ("/home/proc/7/environ", false),
        ] {
            assert_eq!(refusal(Path::new(path)).is_some(), is_refused, "{path}");
        }
    }
}
