//! A program under test: compiled as `ovsmc build` compiles it, with what it declares and where its code comes from.

use ovsm_base::render::{Format, RenderOptions, render};
use ovsm_base::{Diagnostic, Span};
use ovsm_interface::Interface;
use ovsm_interface::model::{Instruction, Layout};
use ovsm_ir::passes::OptLevel;
use ovsm_query::source_map::FilePositions;
use ovsm_query::{BuildOptions, Database, build, interface, source_map};
use ovsm_sbpf::FunctionReport;
use std::path::Path;
use std::rc::Rc;

/// A compiled program.
pub struct Compiled {
    /// The file for the loader.
    pub elf: Vec<u8>,
    /// What callers know of it.
    pub interface: Interface,
    /// Where each eight-byte slot of its code comes from.
    pub spans: Vec<Option<Span>>,
    /// The functions of its code.
    pub functions: Vec<FunctionReport>,
    /// What these places mean.
    pub positions: FilePositions,
}

/// A program on a chain.
#[derive(Clone)]
pub struct Loaded {
    /// What it is made of.
    pub compiled: Rc<Compiled>,
    /// Its address.
    pub key: [u8; 32],
}

/// Compiles the program of a file.
///
/// # Errors
/// The file can not be read, or is no program: what is wrong, as the compiler shows it.
pub fn compile(path: &Path) -> Result<Compiled, String> {
    let shown = path.display().to_string();
    let mut db = Database::default();
    let file = ovsm_edge::program::load(&mut db, path).map_err(|diagnostic| diagnostic.message.clone())?;
    let options = BuildOptions { level: OptLevel::O2, version: ovsm_sbpf::Version::V3, symbols: true };
    let positions = source_map(&db, file);
    match build(&db, file, &options) {
        Ok(artifact) => Ok(Compiled {
            interface: interface(&db, file).clone(),
            elf: artifact.program.elf,
            spans: artifact.program.spans,
            functions: artifact.program.functions,
            positions,
        }),
        Err(diagnostics) => {
            // The first line stands alone where a line is all that is shown.
            let how = |format| RenderOptions { format, color: false };
            let errors: Vec<Diagnostic> =
                diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).take(1).cloned().collect();
            let first = render(&errors, &positions, &how(Format::Short));
            let first = first.lines().next().unwrap_or_default();
            let all = render(&diagnostics, &positions, &how(Format::Human));
            Err(format!("`{shown}` can not be compiled: {first}\n{all}"))
        }
    }
}

impl Compiled {
    /// The instruction of a name.
    ///
    /// # Errors
    /// There is none.
    pub fn instruction(&self, name: &str) -> Result<&Instruction, String> {
        let all = &self.interface.instructions;
        all.iter().find(|instruction| instruction.name == name).ok_or_else(|| {
            let names = all.iter().map(|instruction| instruction.name.as_str());
            format!("the program `{}` has no instruction `{name}`{}", self.interface.name, listed(names))
        })
    }

    /// The type of accounts of a name.
    ///
    /// # Errors
    /// There is none.
    pub fn layout(&self, name: &str) -> Result<&Layout, String> {
        self.interface.account(name).ok_or_else(|| {
            let names = self.interface.accounts.iter().map(|layout| layout.name.as_str());
            format!("the program `{}` has no accounts of type `{name}`{}", self.interface.name, listed(names))
        })
    }
}

/// What there is instead.
pub fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    if names.is_empty() { ", it declares none".to_string() } else { format!(": it has {}", names.join(", ")) }
}
