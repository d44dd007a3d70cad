//! The database and its inputs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// A source file: the module that it is, the path that people see, and its text.
#[salsa::input]
pub struct SourceFile {
    /// The path to show.
    pub path: String,
    /// The name of the module; part of every identity in it.
    pub module: String,
    /// The text.
    pub text: String,
    /// The files that it may import.
    #[returns(copy)]
    pub project: Project,
}

/// Files that may import each other, by the names of their modules.
#[salsa::input]
pub struct Project {
    /// The files.
    pub files: BTreeMap<String, SourceFile>,
}

/// The database. Cloning gives another handle to the same memory.
#[salsa::db]
#[derive(Clone)]
pub struct Database {
    storage: salsa::Storage<Self>,
    log: Arc<Mutex<Vec<String>>>,
    /// The modules of the library that are written in the language, once there is a program that may import them.
    library: BTreeMap<String, SourceFile>,
}

#[salsa::db]
impl salsa::Database for Database {}

impl Default for Database {
    fn default() -> Self {
        Database { storage: salsa::Storage::new(None), log: Arc::default(), library: BTreeMap::new() }
    }
}

impl Database {
    /// A database that remembers which queries it executes, for tests of incrementality.
    pub fn with_log() -> Database {
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let sink = log.clone();
        let storage = salsa::Storage::new(Some(Box::new(move |event: salsa::Event| {
            if let salsa::EventKind::WillExecute { database_key } = event.kind
                && let Ok(mut log) = sink.lock()
            {
                let text = format!("{database_key:?}");
                let name = text.split('(').next().unwrap_or(&text);
                log.push(name.rsplit("::").next().unwrap_or(name).to_string());
            }
        })));
        Database { storage, log, library: BTreeMap::new() }
    }

    /// The names of the queries executed since the last call, sorted.
    pub fn take_log(&self) -> Vec<String> {
        let mut log = match self.log.lock() {
            Ok(mut log) => std::mem::take(&mut *log),
            Err(_) => Vec::new(),
        };
        log.sort();
        log
    }

    /// Adds a file that is a program, or the root of one.
    pub fn add_file(&mut self, path: impl Into<String>, text: impl Into<String>) -> SourceFile {
        let library = self.library();
        let project = Project::new(self, library);
        SourceFile::new(self, path.into(), "main".to_string(), text.into(), project)
    }

    /// The modules of the library that programs may import, by name: those that are written in the language. Nothing reads
    /// one before a program imports it.
    fn library(&mut self) -> BTreeMap<String, SourceFile> {
        use salsa::Setter;
        if self.library.is_empty() {
            let project = Project::new(self, BTreeMap::new());
            let mut library = BTreeMap::new();
            for (name, text) in ovsm_eval::program::library_sources() {
                let (path, module) = (format!("{name}.ovsm"), format!("module {name}"));
                let file = SourceFile::new(self, path, module, text.to_string(), project);
                library.insert(name.to_string(), file);
            }
            project.set_files(self).to(library.clone());
            self.library = library;
        }
        self.library.clone()
    }

    /// Adds a module that the files of a program may import under a name.
    pub fn add_module(
        &mut self,
        root: SourceFile,
        name: &str,
        path: impl Into<String>,
        text: impl Into<String>,
    ) -> SourceFile {
        let project = root.project(self);
        // The root is no module of a name: a file may be called as it is.
        let identity = format!("module {name}");
        let file = SourceFile::new(self, path.into(), identity, text.into(), project);
        self.set_module(root, name, file);
        file
    }

    /// Lets a file of a program be imported under a name; the root, too, may be, and that is a cycle.
    pub fn set_module(&mut self, root: SourceFile, name: &str, file: SourceFile) {
        use salsa::Setter;
        let project = root.project(self);
        let mut files = project.files(self).clone();
        files.insert(name.to_string(), file);
        project.set_files(self).to(files);
    }

    /// Replaces the text of a file; does nothing if it is the same.
    pub fn set_text(&mut self, file: SourceFile, text: impl Into<String>) {
        use salsa::Setter;
        let text = text.into();
        if *file.text(self) != text {
            file.set_text(self).to(text);
        }
    }
}
