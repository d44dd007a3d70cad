//! The outside world of a script: output, input, clock, and what the command line permits.

use crate::files::{Place, resolved_as_far_as_it_is_there};
use crate::open_files::OpenFiles;
use crate::protected::{is_named_as_wallets, refusal};
use ovsm_edge::Terminal;
use ovsm_library::{FileKind, Host, HostError, OpenMode};
use std::cell::RefCell;
use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// What a script may touch besides its input and output.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Permissions {
    /// Let the script read files below these folders; all files, if none is named
    #[arg(long, value_name = "FOLDER", num_args = 0.., value_delimiter = ',', require_equals = true)]
    allow_read: Option<Vec<PathBuf>>,
    /// Let the script write files below these folders; all files, if none is named
    #[arg(long, value_name = "FOLDER", num_args = 0.., value_delimiter = ',', require_equals = true)]
    allow_write: Option<Vec<PathBuf>>,
    /// Let the script read these environment variables; all, if none is named
    #[arg(long, value_name = "NAME", num_args = 0.., value_delimiter = ',', require_equals = true)]
    allow_env: Option<Vec<String>>,
}

/// The host of a script.
pub struct CommandHost {
    terminal: Terminal,
    permissions: Permissions,
    arguments: Vec<String>,
    /// State of the generator of random numbers, once one was taken.
    random: Option<u64>,
    /// What is printed, where it is kept instead of being shown.
    kept: Option<Rc<RefCell<String>>>,
    /// The test runner, while tests run.
    test: Option<Box<dyn ovsm_library::TestHost>>,
    /// How many bytes of memory the run may use.
    max_memory: usize,
    files: Rc<RefCell<OpenFiles>>,
    /// Set when the output can not be written any more.
    lost: Rc<RefCell<Option<std::io::Error>>>,
}

impl CommandHost {
    /// A host that prints.
    pub fn new(terminal: Terminal, permissions: Permissions, arguments: Vec<String>) -> CommandHost {
        CommandHost {
            terminal,
            permissions,
            arguments,
            random: None,
            kept: None,
            test: None,
            max_memory: usize::MAX,
            files: Rc::default(),
            lost: Rc::default(),
        }
    }

    /// Keeps what is printed instead of showing it.
    pub fn keeping(mut self, kept: Rc<RefCell<String>>) -> CommandHost {
        self.kept = Some(kept);
        self
    }

    /// Bounds the memory that files may take.
    pub fn limited(mut self, max_memory: usize) -> CommandHost {
        self.max_memory = max_memory;
        self
    }

    /// Tells the program that it is being tested.
    pub fn testing(mut self, test: Box<dyn ovsm_library::TestHost>) -> CommandHost {
        self.test = Some(test);
        self
    }

    fn to_write<'a>(&'a self, path: &'a str) -> Place<'a> {
        Place { path, allowed: self.permissions.allow_write.as_ref(), flag: "--allow-write" }
    }

    /// The files that the script has open.
    pub fn open_files(&self) -> Rc<RefCell<OpenFiles>> {
        Rc::clone(&self.files)
    }

    /// Where the error stands that made the output unusable.
    pub fn lost(&self) -> Rc<RefCell<Option<std::io::Error>>> {
        Rc::clone(&self.lost)
    }
}

fn denied(what: &str, flag: &str) -> HostError {
    HostError::Denied(format!("{what} is not permitted; run the script with `{flag}` to permit it"))
}

/// The path without `..` and links, also if the file itself does not exist yet.
fn resolved(path: &Path) -> std::io::Result<PathBuf> {
    match path.canonicalize() {
        Ok(path) => Ok(path),
        Err(error) => match (path.parent(), path.file_name()) {
            (Some(parent), Some(name)) => {
                let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
                Ok(parent.canonicalize()?.join(name))
            }
            _ => Err(error),
        },
    }
}

fn permitted(
    path: &str,
    allowed: Option<&Vec<PathBuf>>,
    verb: &str,
    flag: &str,
) -> Result<PathBuf, HostError> {
    checked(path, resolved(Path::new(path)), allowed, verb, flag)
}

/// The place that a path leads to, if it is permitted to touch that.
pub fn checked(
    path: &str,
    resolved: std::io::Result<PathBuf>,
    allowed: Option<&Vec<PathBuf>>,
    verb: &str,
    flag: &str,
) -> Result<PathBuf, HostError> {
    let Some(folders) = allowed else {
        return Err(denied(&format!("{verb} `{path}`"), &format!("{flag}={path}")));
    };
    let resolved = match resolved {
        Ok(resolved) => resolved,
        Err(error) if folders.is_empty() => return Err(HostError::Failed(format!("{path}: {error}"))),
        // What there is outside of the permitted folders is not told.
        Err(_) => return Err(denied(&format!("{verb} `{path}`"), &format!("{flag}={path}"))),
    };
    // Keys are no data: not even a script that may read everything gets at them, by whatever path.
    let absolute = std::path::absolute(path).unwrap_or_else(|_| PathBuf::from(path));
    let reason = refusal(&resolved)
        .or_else(|| is_named_as_wallets(&absolute).then_some("it is in the folder of Solana's wallets"));
    if let Some(reason) = reason {
        return Err(HostError::Denied(format!("{verb} `{path}` is never permitted: {reason}")));
    }
    let is_inside = folders.is_empty()
        || folders.iter().any(|folder| {
            resolved_as_far_as_it_is_there(folder).is_ok_and(|folder| resolved.starts_with(folder))
        });
    if is_inside { Ok(resolved) } else { Err(denied(&format!("{verb} `{path}`"), &format!("{flag}={path}"))) }
}

impl Host for CommandHost {
    fn test(&mut self) -> Option<&mut dyn ovsm_library::TestHost> {
        match &mut self.test {
            Some(test) => Some(&mut **test),
            None => None,
        }
    }

    fn print(&mut self, text: &str) -> Result<(), HostError> {
        if let Some(kept) = &self.kept {
            kept.borrow_mut().push_str(text);
            return Ok(());
        }
        self.terminal.write(text.as_bytes()).map_err(|error| {
            let message = format!("standard output: {error}");
            *self.lost.borrow_mut() = Some(error);
            HostError::Failed(message)
        })
    }

    fn print_error(&mut self, text: &str) -> Result<(), HostError> {
        use std::io::Write;
        std::io::stderr()
            .lock()
            .write_all(text.as_bytes())
            .map_err(|error| HostError::Failed(error.to_string()))
    }

    fn read_line(&mut self) -> Result<Option<String>, HostError> {
        let mut line = String::new();
        let read = std::io::stdin()
            .lock()
            .read_line(&mut line)
            .map_err(|error| HostError::Failed(error.to_string()))?;
        if read == 0 {
            return Ok(None);
        }
        if line.ends_with('\n') {
            line.pop();
            if line.ends_with('\r') {
                line.pop();
            }
        }
        Ok(Some(line))
    }

    fn now(&mut self) -> Result<u128, HostError> {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        now.map(|now| now.as_nanos()).map_err(|error| HostError::Failed(error.to_string()))
    }

    fn random(&mut self) -> Result<u64, HostError> {
        use std::hash::{BuildHasher, Hasher};
        let mut state = self
            .random
            .unwrap_or_else(|| std::collections::hash_map::RandomState::new().build_hasher().finish());
        // SplitMix64 (Steele, Lea, Flood 2014).
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.random = Some(state);
        let mut bits = state;
        bits = (bits ^ bits >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        Ok(bits ^ bits >> 31)
    }

    fn seed(&mut self, seed: u64) -> Result<(), HostError> {
        self.random = Some(seed);
        Ok(())
    }

    fn arguments(&mut self) -> Result<Vec<String>, HostError> {
        Ok(self.arguments.clone())
    }

    fn environment(&mut self, name: &str) -> Result<Option<String>, HostError> {
        let is_permitted = self
            .permissions
            .allow_env
            .as_ref()
            .is_some_and(|names| names.is_empty() || names.iter().any(|allowed| allowed == name));
        if !is_permitted {
            return Err(denied(
                &format!("reading the environment variable `{name}`"),
                &format!("--allow-env={name}"),
            ));
        }
        Ok(std::env::var(name).ok())
    }

    fn read_file(&mut self, path: &str) -> Result<Vec<u8>, HostError> {
        let place = permitted(path, self.permissions.allow_read.as_ref(), "reading", "--allow-read")?;
        let failed = |error: std::io::Error| HostError::Failed(format!("{path}: {error}"));
        // A device or a pipe may have no end, or never begin.
        let meta = std::fs::metadata(&place).map_err(failed)?;
        if !meta.is_file() {
            let what = if meta.is_dir() { "a folder" } else { "a device or a pipe" };
            return Err(HostError::Failed(format!("{path}: this is {what}, not a file")));
        }
        let room = self.max_memory.saturating_sub(crate::ALLOCATOR.allocated()) as u64;
        let too_large =
            || HostError::Failed(format!("{path}: the file is larger than the memory that the run may use"));
        // The bytes, and the text that is made of them.
        if meta.len() > room / 2 {
            return Err(too_large());
        }
        let mut bytes = Vec::new();
        std::fs::File::open(place)
            .and_then(|file| file.take(room / 2 + 1).read_to_end(&mut bytes))
            .map_err(failed)?;
        if bytes.len() as u64 > room / 2 { Err(too_large()) } else { Ok(bytes) }
    }

    fn write_file(&mut self, path: &str, bytes: &[u8]) -> Result<(), HostError> {
        let place = permitted(path, self.permissions.allow_write.as_ref(), "writing", "--allow-write")?;
        ovsm_edge::output::write(&[(place, bytes.to_vec())])
            .map_err(|diagnostic| HostError::Failed(diagnostic.message.clone()))
    }

    fn list_folder(&mut self, path: &str) -> Result<Vec<String>, HostError> {
        let place = permitted(path, self.permissions.allow_read.as_ref(), "reading", "--allow-read")?;
        let failed = |error: std::io::Error| HostError::Failed(format!("{path}: {error}"));
        let mut names = Vec::new();
        for entry in std::fs::read_dir(place).map_err(failed)? {
            names.push(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    fn append_file(&mut self, path: &str, bytes: &[u8]) -> Result<(), HostError> {
        self.to_write(path).append(bytes)
    }

    fn delete_file(&mut self, path: &str) -> Result<bool, HostError> {
        self.to_write(path).delete_file()
    }

    fn file_kind(&mut self, path: &str) -> Result<FileKind, HostError> {
        Place { path, allowed: self.permissions.allow_read.as_ref(), flag: "--allow-read" }.kind()
    }

    fn make_folder(&mut self, path: &str) -> Result<(), HostError> {
        self.to_write(path).make_folder()
    }

    fn delete_folder(&mut self, path: &str, with_contents: bool) -> Result<(), HostError> {
        self.to_write(path).delete_folder(with_contents)
    }

    fn rename_file(&mut self, from: &str, to: &str) -> Result<(), HostError> {
        self.to_write(from).rename_to(self.to_write(to))
    }

    fn open_file(&mut self, path: &str, mode: OpenMode) -> Result<u64, HostError> {
        let (allowed, verb, flag) = match mode {
            OpenMode::Read => (self.permissions.allow_read.as_ref(), "reading", "--allow-read"),
            OpenMode::Write | OpenMode::Append => {
                (self.permissions.allow_write.as_ref(), "writing", "--allow-write")
            }
        };
        let place = permitted(path, allowed, verb, flag)?;
        self.files.borrow_mut().open(path, &place, mode)
    }

    fn read_open_line(&mut self, number: u64) -> Result<Option<Vec<u8>>, HostError> {
        let room = self.max_memory.saturating_sub(crate::ALLOCATOR.allocated());
        self.files.borrow_mut().read_line(number, room / 2)
    }

    fn write_open(&mut self, number: u64, bytes: &[u8]) -> Result<(), HostError> {
        self.files.borrow_mut().write(number, bytes)
    }

    fn close_file(&mut self, number: u64) -> Result<(), HostError> {
        self.files.borrow_mut().close(number)
    }

    fn sleep(&mut self, milliseconds: u64) -> Result<(), HostError> {
        std::thread::sleep(std::time::Duration::from_millis(milliseconds));
        Ok(())
    }
}
