//! The files that a script has opened: numbers for them, lines of them, and a bound on how many there are. What a script
//! may open is decided elsewhere; all are closed when the script ends. Start with [`OpenFiles`].

use ovsm_library::{HostError, OpenMode};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

/// How many files are open at most.
const MOST: usize = 256;

/// The open files of a script.
#[derive(Default)]
pub struct OpenFiles {
    files: BTreeMap<u64, Entry>,
    last: u64,
}

struct Entry {
    path: String,
    file: OpenFile,
}

enum OpenFile {
    Reading(BufReader<File>),
    Writing(BufWriter<File>),
}

impl OpenFiles {
    /// Opens a file that the script may open: `place` is where its path leads to.
    pub fn open(&mut self, path: &str, place: &Path, mode: OpenMode) -> Result<u64, HostError> {
        if self.files.len() >= MOST {
            return Err(HostError::Failed(format!(
                "{path}: {MOST} files are open; close some, or let `with-open` do it"
            )));
        }
        let failed = |error: std::io::Error| HostError::Failed(format!("{path}: {error}"));
        // A device or a pipe may have no end, or never begin.
        match std::fs::metadata(place) {
            Ok(meta) if meta.is_dir() => {
                return Err(HostError::Failed(format!("{path}: this is a folder, not a file")));
            }
            Ok(meta) if !meta.is_file() => {
                return Err(HostError::Failed(format!("{path}: this is a device or a pipe, not a file")));
            }
            Err(error) if mode == OpenMode::Read => return Err(failed(error)),
            // Opening a link that leads nowhere would make a file where it points to.
            Err(_) if std::fs::symlink_metadata(place).is_ok() => {
                return Err(HostError::Failed(format!("{path}: this is a link that leads nowhere")));
            }
            _ => {}
        }
        let file = match mode {
            OpenMode::Read => OpenFile::Reading(BufReader::new(File::open(place).map_err(failed)?)),
            OpenMode::Write => OpenFile::Writing(BufWriter::new(File::create(place).map_err(failed)?)),
            OpenMode::Append => {
                let file = File::options().append(true).create(true).open(place).map_err(failed)?;
                OpenFile::Writing(BufWriter::new(file))
            }
        };
        self.last += 1;
        self.files.insert(self.last, Entry { path: path.to_string(), file });
        Ok(self.last)
    }

    fn entry(&mut self, number: u64) -> Result<&mut Entry, HostError> {
        self.files.get_mut(&number).ok_or_else(|| HostError::Failed("the file was closed".to_string()))
    }

    /// The next line, of at most so many bytes, without its end.
    pub fn read_line(&mut self, number: u64, most: usize) -> Result<Option<Vec<u8>>, HostError> {
        let Entry { path, file } = self.entry(number)?;
        let OpenFile::Reading(reader) = file else {
            return Err(HostError::Failed(format!("{path}: the file is open for writing")));
        };
        let mut line = Vec::new();
        let read = reader
            .take(most as u64 + 1)
            .read_until(b'\n', &mut line)
            .map_err(|error| HostError::Failed(format!("{path}: {error}")))?;
        if read > most {
            return Err(HostError::Failed(format!(
                "{path}: a line is larger than the memory that the run may use"
            )));
        }
        if read == 0 {
            return Ok(None);
        }
        if line.last() == Some(&b'\n') {
            line.pop();
            if line.last() == Some(&b'\r') {
                line.pop();
            }
        }
        Ok(Some(line))
    }

    /// Writes to a file.
    pub fn write(&mut self, number: u64, bytes: &[u8]) -> Result<(), HostError> {
        let Entry { path, file } = self.entry(number)?;
        match file {
            OpenFile::Writing(writer) => {
                writer.write_all(bytes).map_err(|error| HostError::Failed(format!("{path}: {error}")))
            }
            OpenFile::Reading(_) => Err(HostError::Failed(format!("{path}: the file is open for reading"))),
        }
    }

    /// Closes all files, and says of which something could not be written.
    pub fn close_all(&mut self) -> Result<(), String> {
        let mut result = Ok(());
        for (_, Entry { path, file }) in std::mem::take(&mut self.files) {
            if let OpenFile::Writing(mut writer) = file
                && let Err(error) = writer.flush()
                && result.is_ok()
            {
                result = Err(format!("{path}: {error}; what was written to it is not all there"));
            }
        }
        result
    }

    /// Closes a file; what could not be written is an error here.
    pub fn close(&mut self, number: u64) -> Result<(), HostError> {
        match self.files.remove(&number) {
            Some(Entry { path, file: OpenFile::Writing(mut writer) }) => {
                writer.flush().map_err(|error| HostError::Failed(format!("{path}: {error}")))
            }
            _ => Ok(()),
        }
    }
}
