//! Writing results: the whole file or nothing.

use ovsm_base::{Code, Diagnostic};
use std::io::Write;
use std::path::Path;

/// Writes a file by way of a temporary one beside it, so that a reader sees the old content or the new, and a failure
/// leaves nothing behind.
///
/// # Errors
/// E0502 if that is not possible.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Box<Diagnostic>> {
    write_file(path, bytes).map_err(|error| {
        Box::new(
            Diagnostic::new(Code::CannotWrite, format!("`{}` can not be written: {error}", path.display()))
                .help("choose another place with `-o`"),
        )
    })
}

fn write_file(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = match path.parent() {
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
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
