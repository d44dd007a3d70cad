//! Reading programs that consist of several files: the root, and the modules that it imports.
//!
//! A module is a file below the `src/` of the project, or below the folder of the root if it is in no project. Nothing is
//! read that no import names. Start with [`load`].

use crate::Source;
use ovsm_base::{Code, Diagnostic};
use ovsm_query::{Database, SourceFile, missing_modules};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// No program has more modules than this.
const MAX_MODULES: usize = 1_000;

/// Reads a program and all that it imports; `-` is standard input. Modules that are not there are left out: the compiler
/// says so where they are imported.
///
/// # Errors
/// E0501, E0013 or E0014 if one of the files can not be read; E0501 if there are too many.
pub fn load(db: &mut Database, path: &Path) -> Result<SourceFile, Box<Diagnostic>> {
    let source = Source::read(path)?;
    Ok(load_with(db, path, source)?.0)
}

/// The same with the text of the root at hand. Also gives the paths of the modules, sorted.
///
/// # Errors
/// As [`load`], for the modules.
pub fn load_with(
    db: &mut Database,
    path: &Path,
    source: Source,
) -> Result<(SourceFile, BTreeSet<PathBuf>), Box<Diagnostic>> {
    let root = db.add_file(source.path, source.text);
    let folder = modules_folder(path);
    let own = path.canonicalize().ok();
    let mut asked: BTreeSet<String> = BTreeSet::new();
    let mut paths = BTreeSet::new();
    loop {
        let missing = missing_modules(db, root);
        let new: BTreeSet<String> =
            missing.into_iter().map(|(_, name)| name).filter(|name| !asked.contains(name)).collect();
        if new.is_empty() {
            return Ok((root, paths));
        }
        for name in new {
            let found = module_path(&folder, &name);
            asked.insert(name.clone());
            let Ok(Some(found)) = found else { continue };
            if found.canonicalize().ok() == own {
                db.set_module(root, &name, root);
                continue;
            }
            if paths.len() >= MAX_MODULES {
                let message = format!("the program has more than {MAX_MODULES} modules");
                return Err(Box::new(
                    Diagnostic::new(Code::CannotRead, message).help("put several of them into one"),
                ));
            }
            let source = Source::read(&found)?;
            db.add_module(root, &name, source.path, source.text);
            paths.insert(found);
        }
    }
}

/// The folder of the modules that a file can import: the `src/` of its project, or its own folder. Written as the file is,
/// so that messages are short.
pub fn modules_folder(path: &Path) -> PathBuf {
    let full = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let project = full.ancestors().find(|folder| folder.join("spirit.toml").is_file());
    let Some(project) = project else {
        return path.parent().map_or_else(PathBuf::new, Path::to_path_buf);
    };
    let is_root = |folder: &&Path| {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        folder.canonicalize().is_ok_and(|folder| folder == project)
    };
    path.ancestors()
        .skip(1)
        .find(is_root)
        .map_or_else(|| project.to_path_buf(), Path::to_path_buf)
        .join("src")
}

/// The file of a module; none if there is no such file.
///
/// # Errors
/// The name could lead out of the folder.
pub fn module_path(folder: &Path, name: &str) -> Result<Option<PathBuf>, String> {
    let is_plain =
        |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains(['\\', ':', '\0']);
    if !name.split('/').all(is_plain) {
        return Err("a module is named by the parts of its path, without `.` and `..`".to_string());
    }
    let mut path = folder.to_path_buf();
    path.extend(name.split('/'));
    // Not `set_extension`, which would replace what follows a dot of the name.
    let mut file = path.into_os_string();
    file.push(".ovsm");
    let path = PathBuf::from(file);
    Ok(path.is_file().then_some(path))
}
