//! `ovsm doc`: the documentation of a project as static HTML.
//!
//! What a page says is made by `ovsm-document`, what functions do by `ovsm-infer`; here are files and folders. Only
//! macros run. Start with [`Doc::run`].

use crate::effects;
use crate::host::{CommandHost, Permissions};
use crate::project::Project;
use crate::script::{self, RunOptions};
use ovsm_base::{Code, Diagnostic};
use ovsm_document::{Definition, Kind, Module, Site};
use ovsm_edge::{Exit, Source, Terminal, output, source};
use std::path::{Path, PathBuf};

/// Write the documentation of modules as HTML
#[derive(clap::Args)]
#[command(
    after_help = "A module says what it is for in `;;;` lines at its top, a definition in a docstring or in `;;;` lines above \
                        it: paragraphs, lists, `code`, fenced code and links. The pages need no server and nothing \
                        from elsewhere: open `index.html`.\n\nExit codes: 0 it worked; 2 wrong command line, or a \
                        file can not be read or written.\n\nExamples:\n  ovsm doc\n  ovsm doc src/money.ovsm --private --output pages\n  \
                        ovsm doc --std\n  ovsm doc --json | jq '.modules[].name'"
)]
pub struct Doc {
    /// A project, a folder of sources, or one source file
    #[arg(default_value = ".", conflicts_with = "std")]
    path: PathBuf,
    /// The folder to write to; `target/doc` of the project if it is not given
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Show also what modules do not export
    #[arg(long)]
    private: bool,
    /// The documentation of the built-in library instead
    #[arg(long)]
    std: bool,
    /// Write no pages; print what they would say as a JSON object
    #[arg(long, conflicts_with = "output")]
    json: bool,
}

/// What is to be documented.
struct Subject {
    title: String,
    introduction: String,
    modules: Vec<Module>,
    /// Where the pages go unless somebody says something else.
    folder: PathBuf,
}

impl Doc {
    pub fn run(&self, terminal: &Terminal) -> Exit {
        let subject = if self.std { Ok(standard()) } else { self.read(terminal) };
        let written = subject.and_then(|subject| {
            if self.json {
                return Ok(terminal.print(&format!("{}\n", self.json(&subject))));
            }
            let folder = self.output.as_ref().unwrap_or(&subject.folder);
            let pages = ovsm_document::render(&Site {
                title: &subject.title,
                introduction: &subject.introduction,
                modules: &subject.modules,
                with_private: self.private,
            });
            write(folder, pages)?;
            Ok(terminal.print(&format!("{}\n", folder.join("index.html").display())))
        });
        written.unwrap_or_else(|diagnostic| {
            terminal.show_placeless(&[*diagnostic]);
            Exit::Usage
        })
    }

    /// The modules that the path names.
    fn read(&self, terminal: &Terminal) -> Result<Subject, Box<Diagnostic>> {
        if !self.path.is_dir() {
            let name = self.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let source = Source::read(&self.path)?;
            let mut module = ovsm_document::read(&name, &source.text);
            add_effects(&mut module, &self.path, &source, terminal);
            let folder = PathBuf::from("target/doc");
            return Ok(Subject { title: name, introduction: String::new(), modules: vec![module], folder });
        }
        let project = match self.path.join("spirit.toml").is_file() {
            true => Project::find(&self.path)?,
            false => None,
        };
        let sources = match &project {
            Some(_) => self.path.join("src"),
            None => self.path.clone(),
        };
        let mut modules = Vec::new();
        for file in source::ovsm_files(&sources)? {
            let inner = file.strip_prefix(&sources).unwrap_or(&file).with_extension("");
            if inner.starts_with("target") {
                continue;
            }
            let parts: Vec<String> = inner.iter().map(|part| part.to_string_lossy().into_owned()).collect();
            let source = Source::read(&file)?;
            let mut module = ovsm_document::read(&parts.join("/"), &source.text);
            add_effects(&mut module, &file, &source, terminal);
            modules.push(module);
        }
        if modules.is_empty() {
            let message = format!("`{}` has no source files", sources.display());
            let help = "name a folder with `.ovsm` files, or a file";
            return Err(Box::new(Diagnostic::new(Code::CannotRead, message).help(help)));
        }
        let name = || {
            let full = self.path.canonicalize().unwrap_or_else(|_| self.path.clone());
            full.file_name().map_or_else(|| "Modules".to_string(), |name| name.to_string_lossy().into_owned())
        };
        let main = modules.iter().find(|module| module.name == "main");
        Ok(Subject {
            introduction: main.map(|module| module.head.clone()).unwrap_or_default(),
            title: project.map_or_else(name, |project| project.title),
            modules,
            folder: self.path.join("target/doc"),
        })
    }

    fn json(&self, subject: &Subject) -> serde_json::Value {
        let definition = |it: &Definition| {
            let examples: Vec<serde_json::Value> = it
                .examples
                .iter()
                .map(|example| serde_json::json!({ "call": example.call, "result": example.result }))
                .collect();
            serde_json::json!({
                "name": it.name, "kind": it.kind.name(), "signature": it.signature, "doc": it.doc,
                "aliases": it.aliases, "variants": it.members, "examples": examples,
                "effects": it.effects, "line": (it.line > 0).then_some(it.line), "exported": it.is_exported,
            })
        };
        let module = |module: &Module| {
            let shown = module.definitions.iter().filter(|it| self.private || it.is_exported);
            let definitions: Vec<serde_json::Value> = shown.map(definition).collect();
            serde_json::json!({ "name": module.name, "doc": module.head, "definitions": definitions })
        };
        let modules: Vec<serde_json::Value> = subject.modules.iter().map(module).collect();
        serde_json::json!({ "title": subject.title, "modules": modules })
    }
}

/// Adds to the functions of a module what their calls may do, if it can be compiled as a script.
fn add_effects(module: &mut Module, path: &Path, source: &Source, terminal: &Terminal) {
    if Project::is_program_source(path) {
        return;
    }
    let host = CommandHost::new(*terminal, Permissions::default(), Vec::new());
    let Ok(mut session) = script::session(path, &RunOptions::default(), host) else { return };
    session.front.kept_units = Some(Vec::new());
    session.load(&source.path, &source.text);
    if session.front.diagnostics.iter().any(Diagnostic::is_error) {
        return;
    }
    for function in effects::of_session(&session, &source.path).functions {
        let same = module.definitions.iter_mut().find(|definition| definition.name == *function.name);
        if let Some(definition) = same.filter(|definition| definition.kind == Kind::Function) {
            definition.effects = Some(effects::names(&function));
        }
    }
}

/// The built-in library.
fn standard() -> Subject {
    let mut modules = ovsm_document::standard();
    let mut prelude = ovsm_document::read("std/prelude", ovsm_library::PRELUDE);
    // Every module sees all of it.
    for definition in &mut prelude.definitions {
        definition.is_exported = true;
        ovsm_document::lift_examples(definition);
    }
    modules.push(prelude);
    Subject {
        title: "OVSM library".to_string(),
        introduction:
            "The library of scripts. What is built in, and the prelude, can be used without an import; what \
                       is written in OVSM, and has a source here, after `(import std/iter)`."
                .to_string(),
        modules,
        folder: PathBuf::from("target/doc"),
    }
}

/// Writes pages to a folder, and removes those of modules that are gone.
fn write(folder: &Path, pages: Vec<ovsm_document::Page>) -> Result<(), Box<Diagnostic>> {
    let fault = |error: std::io::Error| output::cannot_write(folder, &error);
    std::fs::create_dir_all(folder).map_err(fault)?;
    let index = folder.join("index.html");
    if index.exists() && !is_ours(&index) {
        return Err(Box::new(
            Diagnostic::new(
                Code::CannotWrite,
                format!("`{}` was not written by `ovsm doc`, and is not replaced", index.display()),
            )
            .help("choose another folder with `--output`"),
        ));
    }
    let mut old = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(fault)? {
        let entry = entry.map_err(fault)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_new = pages.iter().any(|page| page.name == name);
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if !is_new && is_file && ovsm_document::is_page_name(&name) && is_ours(&entry.path()) {
            old.push(entry.path());
        }
    }
    let files: Vec<(PathBuf, Vec<u8>)> =
        pages.into_iter().map(|page| (folder.join(page.name), page.text.into_bytes())).collect();
    output::write(&files)?;
    for path in old {
        std::fs::remove_file(&path).map_err(|error| output::cannot_write(&path, &error))?;
    }
    Ok(())
}

/// Whether a file says at its beginning that it is a page of ours.
fn is_ours(path: &Path) -> bool {
    use std::io::Read;
    let mut start = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(2000).read_to_end(&mut start));
    read.is_ok() && String::from_utf8_lossy(&start).contains(ovsm_document::GENERATOR)
}
