//! What a script does to files and folders as a whole, within what the command line permits. Nothing here follows a
//! link that stands at the end of a path and is to be removed or renamed. Start with [`Place`].

use crate::host::checked;
use crate::protected::is_wallet;
use ovsm_library::{FileKind, HostError};
use std::io::{Error, ErrorKind, Write};
use std::path::{Component, Path, PathBuf};

/// A path as a script wrote it, and the folders below which it must lie: `None` permits nothing, no folders permit all.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// The path.
    pub path: &'a str,
    /// What is permitted.
    pub allowed: Option<&'a Vec<PathBuf>>,
    /// The option that permits it.
    pub flag: &'static str,
}

impl Place<'_> {
    fn failed(self, error: impl std::fmt::Display) -> HostError {
        HostError::Failed(format!("{}: {error}", self.path))
    }

    /// The place of what stands at the path itself: if that is a link, the link.
    fn entry(self, verb: &str) -> Result<PathBuf, HostError> {
        let path = Path::new(self.path);
        let resolved = match (path.parent(), path.file_name()) {
            (Some(parent), Some(name)) => {
                let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
                parent.canonicalize().map(|parent| parent.join(name))
            }
            _ => Err(Error::new(ErrorKind::InvalidInput, "the path ends in no name")),
        };
        checked(self.path, resolved, self.allowed, verb, self.flag)
    }

    /// The place, if folders above it may be missing: what is there is resolved, and the rest are plain names.
    fn target(self, verb: &str) -> Result<PathBuf, HostError> {
        checked(
            self.path,
            resolved_as_far_as_it_is_there(Path::new(self.path)),
            self.allowed,
            verb,
            self.flag,
        )
    }

    /// What stands there.
    pub fn kind(self) -> Result<FileKind, HostError> {
        let place = self.target("reading")?;
        match std::fs::metadata(place) {
            Ok(meta) if meta.is_file() => Ok(FileKind::File(meta.len())),
            Ok(meta) if meta.is_dir() => Ok(FileKind::Folder),
            Ok(_) => Ok(FileKind::Other),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                Ok(FileKind::Missing)
            }
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Adds to the end of a file.
    pub fn append(self, bytes: &[u8]) -> Result<(), HostError> {
        let place = match Path::new(self.path).canonicalize() {
            Ok(place) => checked(self.path, Ok(place), self.allowed, "writing", self.flag)?,
            Err(_) => self.entry("writing")?,
        };
        // Opening a link that leads nowhere would make a file where it points to; a pipe may never take anything.
        match std::fs::symlink_metadata(&place) {
            Ok(meta) if meta.is_dir() => return Err(self.failed("this is a folder, not a file")),
            Ok(meta) if meta.is_symlink() => return Err(self.failed("this is a link that leads nowhere")),
            Ok(meta) if !meta.is_file() => return Err(self.failed("this is a device or a pipe, not a file")),
            _ => {}
        }
        std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(place)
            .and_then(|mut file| file.write_all(bytes))
            .map_err(|error| self.failed(error))
    }

    /// Removes a file; false if there is none.
    pub fn delete_file(self) -> Result<bool, HostError> {
        let place = self.entry("deleting")?;
        match std::fs::symlink_metadata(&place) {
            Ok(meta) if meta.is_dir() => {
                return Err(self.failed("this is a folder, which `delete-folder` removes"));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            _ => {}
        }
        std::fs::remove_file(place).map(|()| true).map_err(|error| self.failed(error))
    }

    /// Makes a folder, and those above it.
    pub fn make_folder(self) -> Result<(), HostError> {
        let place = self.target("writing")?;
        std::fs::create_dir_all(place).map_err(|error| self.failed(error))
    }

    /// Removes a folder.
    pub fn delete_folder(self, with_contents: bool) -> Result<(), HostError> {
        let place = self.entry("deleting")?;
        let meta = std::fs::symlink_metadata(&place).map_err(|error| self.failed(error))?;
        if !meta.is_dir() {
            return Err(self.failed("this is no folder"));
        }
        if !with_contents {
            return std::fs::remove_dir(place).map_err(|error| match error.kind() {
                ErrorKind::DirectoryNotEmpty => self
                    .failed("the folder is not empty; `(delete-folder path true)` removes what is in it too"),
                _ => self.failed(error),
            });
        }
        if holds_wallets(&place).map_err(|error| self.failed(error))? {
            return Err(HostError::Denied(format!(
                "deleting `{}` is never permitted: Solana's wallets are in it",
                self.path
            )));
        }
        std::fs::remove_dir_all(place).map_err(|error| self.failed(error))
    }

    /// Gives a file another path.
    pub fn rename_to(self, to: Place<'_>) -> Result<(), HostError> {
        let (from, target) = (self.entry("renaming")?, to.entry("writing")?);
        let meta = std::fs::symlink_metadata(&from).map_err(|error| self.failed(error))?;
        if meta.is_dir() {
            return Err(self.failed("this is a folder, not a file"));
        }
        if std::fs::symlink_metadata(&target).is_ok_and(|meta| meta.is_dir()) {
            return Err(to.failed("this is a folder, not a file"));
        }
        std::fs::rename(from, target).map_err(|error| self.failed(error))
    }
}

/// The path without `..` and links, as far as it is there; what is missing must be plain names.
pub fn resolved_as_far_as_it_is_there(path: &Path) -> std::io::Result<PathBuf> {
    let mut missing = Vec::new();
    let mut known = path;
    loop {
        let start = if known.as_os_str().is_empty() { Path::new(".") } else { known };
        match start.canonicalize() {
            Ok(mut place) => {
                place.extend(missing.iter().rev());
                return Ok(place);
            }
            Err(error) => match (known.components().next_back(), known.parent()) {
                (Some(Component::Normal(name)), Some(parent)) => {
                    missing.push(name.to_os_string());
                    known = parent;
                }
                _ => return Err(error),
            },
        }
    }
}

/// Whether a folder of wallets is below a folder.
fn holds_wallets(folder: &Path) -> std::io::Result<bool> {
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        if is_wallet(&folder) {
            return Ok(true);
        }
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            if is_wallet(&entry.path()) {
                return Ok(true);
            }
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    Ok(false)
}
