//! Writing results: whole files or nothing.
//!
//! Start with [`write()`].

use ovsm_base::{Code, Diagnostic};
use std::io::{Error, ErrorKind, Result, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Writes files by way of temporary ones beside them, so that a reader sees the old content or the new. No file is
/// replaced before all of them are written, and a failure leaves nothing behind.
///
/// # Errors
/// E0502 if that is not possible.
pub fn write(files: &[(PathBuf, Vec<u8>)]) -> std::result::Result<(), Box<Diagnostic>> {
    let mut staged = Vec::with_capacity(files.len());
    for (path, bytes) in files {
        let file = Staged::new(path, bytes).map_err(|error| cannot_write(path, &error))?;
        staged.push((path, bytes, file));
    }
    for (path, bytes, file) in staged {
        file.commit(bytes).map_err(|error| cannot_write(path, &error))?;
    }
    Ok(())
}

/// The diagnostic for a file that can not be written.
pub fn cannot_write(path: &Path, error: &dyn std::fmt::Display) -> Box<Diagnostic> {
    let message = format!("`{}` can not be written: {error}", path.display());
    Box::new(Diagnostic::new(Code::CannotWrite, message).help("choose another place for it"))
}

/// A file that is written but not yet where it should be.
enum Staged {
    /// The content, and the place for it.
    Beside(NamedTempFile, PathBuf),
    /// A device or a pipe: there is no content to keep, and it must not be replaced by a file.
    Direct(std::fs::File),
}

impl Staged {
    fn new(path: &Path, bytes: &[u8]) -> Result<Staged> {
        let target = match std::fs::metadata(path) {
            Ok(found) if found.is_dir() => return Err(Error::from(ErrorKind::IsADirectory)),
            // A link stays, and what it leads to is replaced.
            Ok(found) if found.is_file() => std::fs::canonicalize(path)?,
            Ok(_) => return Ok(Staged::Direct(std::fs::OpenOptions::new().write(true).open(path)?)),
            Err(error) if error.kind() == ErrorKind::NotFound => path.to_path_buf(),
            Err(error) => return Err(error),
        };
        let folder = match target.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".ovsm-");
        #[cfg(unix)]
        {
            // What a plain write would give; the default of a temporary file is private.
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        // The errors of the builder tell the name of the temporary file, which means nothing to the user and is
        // another each time.
        std::fs::metadata(folder)?;
        let mut file = builder.tempfile_in(folder).map_err(|error| Error::from(error.kind()))?;
        file.write_all(bytes)?;
        // What replaces a file may be read, written and executed by whom the old one could.
        if let Ok(old) = std::fs::metadata(&target) {
            file.as_file().set_permissions(old.permissions())?;
        }
        file.as_file().sync_all()?;
        Ok(Staged::Beside(file, target))
    }

    fn commit(self, bytes: &[u8]) -> Result<()> {
        match self {
            Staged::Beside(file, target) => file.persist(target).map(drop).map_err(|error| error.error),
            Staged::Direct(mut file) => file.write_all(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn all_files_are_written_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (folder.path().join("a"), folder.path().join("b"));
        write(&[(a.clone(), b"1".to_vec())]).unwrap();
        let missing = folder.path().join("no/such/folder");
        let fault = write(&[(a.clone(), b"2".to_vec()), (missing, Vec::new())]).unwrap_err();
        assert_eq!(fault.code, Code::CannotWrite);
        assert_eq!(std::fs::read(&a).unwrap(), b"1");
        assert_eq!(names(folder.path()), ["a"]);
        write(&[(a.clone(), b"2".to_vec()), (b, b"3".to_vec())]).unwrap();
        assert_eq!(std::fs::read(&a).unwrap(), b"2");
        assert_eq!(names(folder.path()), ["a", "b"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_and_special_files_stay_what_they_are() {
        use std::os::unix::fs::FileTypeExt;
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        std::fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink("file", &link).unwrap();
        write(&[(link.clone(), b"new".to_vec())]).unwrap();
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(std::fs::read(&file).unwrap(), b"new");
        // Stands for the special files: `-o /dev/null` must not replace the device.
        let socket = folder.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        assert!(write(&[(socket.clone(), b"lost".to_vec())]).is_err());
        assert!(std::fs::metadata(&socket).unwrap().file_type().is_socket());
        assert_eq!(names(folder.path()), ["file", "link", "socket"]);
    }
}
