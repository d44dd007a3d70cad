//! Projects on disk: a folder with `spirit.toml`, whose modules are the files below `src/`.

use ovsm_base::{Code, Diagnostic};
use ovsm_eval::Loader;
use std::path::{Path, PathBuf};

/// What `spirit.toml` says, as far as running scripts goes. Other tables belong to other tools.
#[derive(Debug, Default, serde::Deserialize)]
struct Manifest {
    /// `[package]`; what it says may stand before all tables as well.
    package: Option<Package>,
    name: Option<String>,
    version: Option<String>,
    kind: Option<String>,
    /// `[lints]`: the levels of lints.
    #[serde(default)]
    lints: std::collections::BTreeMap<String, String>,
    /// `[fmt]`: how sources are formatted.
    #[serde(default)]
    fmt: FormatTable,
}

/// The `[fmt]` table.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct FormatTable {
    /// How many characters a line should not exceed.
    #[serde(default)]
    width: Option<std::num::NonZeroU32>,
}

/// The `[package]` table.
#[derive(Debug, Default, serde::Deserialize)]
struct Package {
    /// Its name.
    name: String,
    /// Its version, three numbers.
    #[serde(default)]
    version: Option<String>,
    /// `script`, `program` or `spirit`.
    #[serde(default)]
    kind: Option<String>,
}

/// A project.
#[derive(Debug)]
pub struct Project {
    /// Its folder.
    pub root: PathBuf,
    /// Its name and, if it states one, its version.
    pub title: String,
    /// The levels of lints, by name.
    pub lints: std::collections::BTreeMap<String, String>,
    /// How many characters a line should not exceed, if it says so.
    pub width: Option<u32>,
    /// True for a program for Solana, which scripts' tools can not compile.
    pub is_program: bool,
}

/// The largest manifest that is read.
const MAX_MANIFEST_BYTES: u64 = 1 << 20;

impl Project {
    /// The project that a file or folder belongs to, if it belongs to one.
    ///
    /// # Errors
    /// E0501 if its manifest can not be read or is not well formed.
    pub fn find(path: &Path) -> Result<Option<Project>, Box<Diagnostic>> {
        let start = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        for folder in start.ancestors() {
            let manifest = folder.join("spirit.toml");
            if manifest.is_file() {
                return Project::read(folder, &manifest).map(Some);
            }
        }
        Ok(None)
    }

    /// True for a file of a program for Solana. The tests of one, in `tests/`, are scripts.
    pub fn is_program_source(path: &Path) -> bool {
        let Ok(Some(project)) = Project::find(path) else { return false };
        let full = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        project.is_program && !full.starts_with(project.root.join("tests"))
    }

    fn read(root: &Path, path: &Path) -> Result<Project, Box<Diagnostic>> {
        let shown = path.display();
        let fault = |why: String| {
            Box::new(
                Diagnostic::new(Code::CannotRead, format!("`{shown}` can not be read: {why}"))
                    .help("a project needs a `name`, and may state `version` and `kind`"),
            )
        };
        let size = std::fs::metadata(path).map_err(|error| fault(error.to_string()))?.len();
        if size > MAX_MANIFEST_BYTES {
            return Err(fault(format!("it has {size} bytes")));
        }
        let text = std::fs::read_to_string(path).map_err(|error| fault(error.to_string()))?;
        let manifest: Manifest = toml::from_str(&text).map_err(|error| fault(error.message().to_string()))?;
        let package = match (manifest.package, manifest.name) {
            (Some(package), _) => package,
            (None, Some(name)) => Package { name, version: manifest.version, kind: manifest.kind },
            (None, None) => return Err(fault("it does not say the name of the package".to_string())),
        };
        if package.name.is_empty() {
            return Err(fault("the name of the package is empty".to_string()));
        }
        if let Some(version) = &package.version {
            let parts: Vec<&str> = version.split(['-', '+']).next().unwrap_or("").split('.').collect();
            if parts.len() != 3 || parts.iter().any(|part| part.parse::<u64>().is_err()) {
                return Err(fault(format!("`{version}` is no version: it is written as `1.2.3`")));
            }
        }
        if let Some(kind) =
            package.kind.as_deref().filter(|kind| !["script", "program", "spirit"].contains(kind))
        {
            return Err(fault(format!(
                "`{kind}` is no kind of package: it is `script`, `program` or `spirit`"
            )));
        }
        let Package { name, version, kind } = package;
        let title = version.map_or_else(|| name.clone(), |version| format!("{name} {version}"));
        Ok(Project {
            root: root.to_path_buf(),
            title,
            lints: manifest.lints,
            width: manifest.fmt.width.map(std::num::NonZeroU32::get),
            is_program: kind.as_deref() == Some("program"),
        })
    }
}

/// Finds modules below a folder.
pub struct FolderLoader {
    folder: PathBuf,
}

impl FolderLoader {
    /// The loader for a script: the `src/` of its project, or its own folder.
    ///
    /// # Errors
    /// As [`Project::find`].
    pub fn for_script(path: &Path) -> Result<FolderLoader, Box<Diagnostic>> {
        let folder = match Project::find(path)? {
            Some(project) => project.root.join("src"),
            None => path.parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf),
        };
        Ok(FolderLoader { folder })
    }
}

/// The folder of the project that a file belongs to, or its own; written as the file is, so that messages are short.
pub fn root_of(path: &Path) -> PathBuf {
    let own = path.parent().map_or_else(PathBuf::new, Path::to_path_buf);
    let Ok(Some(project)) = Project::find(path) else { return own };
    let is_root = |folder: &&Path| {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        folder.canonicalize().is_ok_and(|folder| folder == project.root)
    };
    path.ancestors().skip(1).find(is_root).map_or_else(|| project.root.clone(), Path::to_path_buf)
}

/// The module for tests of Solana programs. It is part of the program, and no file.
const CHAIN_TESTS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../stdlib/solana/test.ovsm"));

/// The path to show and the text of a module that is part of this program, and no file.
pub fn own_module(name: &str) -> Option<(String, String)> {
    (name == "solana/test").then(|| ("<solana/test>".to_string(), CHAIN_TESTS.to_string()))
}

/// The folder of the modules that a script can import.
pub fn modules_of(path: &Path) -> PathBuf {
    match Project::find(path) {
        Ok(Some(project)) => project.root.join("src"),
        _ => path.parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf),
    }
}

impl Loader for FolderLoader {
    fn load(&mut self, name: &str) -> Result<Option<(String, String)>, String> {
        if let Some(own) = own_module(name) {
            return Ok(Some(own));
        }
        let Some(path) = ovsm_edge::program::module_path(&self.folder, name)? else { return Ok(None) };
        let source = ovsm_edge::Source::read(&path).map_err(|diagnostic| diagnostic.message.clone())?;
        Ok(Some((source.path, source.text)))
    }

    /// A script may lie in a large folder: no more than a project could need is looked at.
    fn names(&mut self) -> Vec<String> {
        const MAX_ENTRIES: usize = 5_000;
        const MAX_DEPTH: usize = 6;
        let mut names = Vec::new();
        let mut left = MAX_ENTRIES;
        let mut folders = vec![(self.folder.clone(), String::new(), 0)];
        while let Some((folder, prefix, depth)) = folders.pop() {
            let Ok(entries) = std::fs::read_dir(&folder) else { continue };
            for entry in entries.flatten() {
                let Some(rest) = left.checked_sub(1) else { break };
                left = rest;
                let name = entry.file_name().to_string_lossy().into_owned();
                let Ok(kind) = entry.file_type() else { continue };
                if name.starts_with('.') || name == "target" {
                    continue;
                }
                if kind.is_dir() && depth < MAX_DEPTH {
                    folders.push((entry.path(), format!("{prefix}{name}/"), depth + 1));
                } else if let Some(module) = name.strip_suffix(".ovsm")
                    && kind.is_file()
                {
                    names.push(format!("{prefix}{module}"));
                }
            }
        }
        names.sort_unstable();
        names
    }
}
