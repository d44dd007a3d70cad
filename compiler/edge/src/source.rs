//! Reading programs.

use ovsm_base::{Code, Diagnostic};
use std::io::Read;
use std::path::{Path, PathBuf};

/// A program as it was given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Source {
    /// The path to show.
    pub path: String,
    /// The text.
    pub text: String,
}

impl Source {
    /// Reads a file; `-` is standard input.
    ///
    /// # Errors
    /// E0501 if it can not be read, E0013 if it is too large, E0014 if it is not UTF-8.
    pub fn read(path: &Path) -> Result<Source, Box<Diagnostic>> {
        let shown = path.display().to_string();
        let bytes = match path == Path::new("-") {
            true => read_limited(&mut std::io::stdin().lock()),
            false => std::fs::File::open(path).and_then(|mut file| read_limited(&mut file)),
        };
        let bytes = bytes.map_err(|error| cannot_read(&shown, &error))?;
        match ovsm_cst::decode(&bytes) {
            Ok(text) => {
                let path = if shown == "-" { "<stdin>".to_string() } else { shown };
                Ok(Source { path, text: text.to_string() })
            }
            Err(mut diagnostic) => {
                diagnostic.message = match diagnostic.code {
                    // How many there are is not known: the rest was not read.
                    Code::SourceTooLarge => {
                        format!("`{shown}` has more than {} bytes", ovsm_cst::MAX_SOURCE_BYTES)
                    }
                    _ => format!("`{shown}` can not be read: {}", diagnostic.message),
                };
                Err(diagnostic)
            }
        }
    }
}

/// The bytes of a file, `-` for standard input; of more than `limit`, the first ones.
///
/// # Errors
/// E0501 if it can not be read.
pub fn read_bytes(path: &Path, limit: u64) -> Result<Vec<u8>, Box<Diagnostic>> {
    let mut bytes = Vec::new();
    let read = match path == Path::new("-") {
        true => std::io::stdin().lock().take(limit).read_to_end(&mut bytes),
        false => std::fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes)),
    };
    match read {
        Ok(_) => Ok(bytes),
        Err(error) => Err(cannot_read(&path.display().to_string(), &error)),
    }
}

/// Reads at most a little more than what is accepted: an endless file must not fill the memory.
fn read_limited(from: &mut dyn Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(ovsm_cst::MAX_SOURCE_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The diagnostic for a file that can not be read.
pub fn cannot_read(path: &str, error: &std::io::Error) -> Box<Diagnostic> {
    let help = match error.kind() {
        std::io::ErrorKind::NotFound => "check the path; it is relative to the current directory",
        std::io::ErrorKind::PermissionDenied => "check the permissions of the file",
        _ => "check that it is a file",
    };
    Box::new(Diagnostic::new(Code::CannotRead, format!("`{path}` can not be read: {error}")).help(help))
}

/// The program that a path names: the file itself, or the main file of a folder.
///
/// # Errors
/// E0501 if a folder has no main file.
pub fn main_file(path: &Path) -> Result<PathBuf, Box<Diagnostic>> {
    if !path.is_dir() {
        return Ok(path.to_path_buf());
    }
    let candidates = [path.join("src").join("main.ovsm"), path.join("main.ovsm")];
    for candidate in candidates {
        if candidate.is_file() {
            return Ok(candidate);
        }
    }
    Err(Box::new(
        Diagnostic::new(
            Code::CannotRead,
            format!("the folder `{}` has no program: no `src/main.ovsm`, no `main.ovsm`", path.display()),
        )
        .help("name the file, or a folder that has one of these"),
    ))
}

/// How many files a folder may have before a command refuses to look at all of them.
const MAX_FILES: usize = 100_000;

/// The sources that a path names: the file itself, or all `.ovsm` files below a folder, sorted. Folders whose names begin
/// with a dot, and links to folders, are left out.
///
/// # Errors
/// E0501 if a folder can not be read or has too many files.
pub fn ovsm_files(path: &Path) -> Result<Vec<PathBuf>, Box<Diagnostic>> {
    if !path.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let mut files = Vec::new();
    let mut folders = vec![path.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let shown = folder.display().to_string();
        let entries = std::fs::read_dir(&folder).map_err(|error| cannot_read(&shown, &error))?;
        for entry in entries {
            let entry = entry.map_err(|error| cannot_read(&shown, &error))?;
            let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
            let kind = entry.file_type().map_err(|error| cannot_read(&shown, &error))?;
            if kind.is_dir() && !is_hidden {
                folders.push(entry.path());
            } else if entry.path().extension().is_some_and(|extension| extension == "ovsm")
                // A pipe would be waited for.
                && entry.path().metadata().map_or(true, |meta| meta.is_file())
            {
                files.push(entry.path());
            }
            if files.len() + folders.len() > MAX_FILES {
                let message = format!("`{}` has more than {MAX_FILES} files", path.display());
                return Err(Box::new(
                    Diagnostic::new(Code::CannotRead, message).help("name a smaller folder"),
                ));
            }
        }
    }
    files.sort();
    Ok(files)
}
