//! `ovsmc build`: a program to an ELF file.

use crate::command::security;
use clap::error::ErrorKind;
use ovsm_base::Diagnostic;
use ovsm_edge::{Exit, Terminal, output, source};
use ovsm_ir::passes::OptLevel;
use ovsm_query::{
    Artifact, BuildOptions, Database, Description, SourceFile, build, describe, prepare, source_map, warm_up,
};
use ovsm_sbpf::Version;
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};

/// Compile a program to an ELF file
#[derive(clap::Args)]
#[command(
    after_help = "Without -o the result is named after the program: `hello.ovsm` gives `hello.so` in the \
                        current folder, the folder `counter` gives `counter/target/deploy/counter.so`.\n\n\
                        Examples:\n  ovsmc build hello.ovsm\n  ovsmc build spirits/counter -O3 --strip -o counter.so\n  \
                        ovsmc build hello.ovsm --emit ir,asm"
)]
pub struct Build {
    /// A source file, or a folder with `src/main.ovsm` or `main.ovsm`; `-` reads standard input
    #[arg(default_value = ".")]
    path: PathBuf,
    /// What to build for
    #[arg(long, value_enum, default_value = "sbpf")]
    target: Target,
    /// The version of sBPF
    #[arg(long, value_enum, default_value = "v3", value_name = "VERSION")]
    sbpf: Sbpf,
    /// How much to optimise
    #[arg(short = 'O', value_enum, default_value = "2", value_name = "LEVEL")]
    level: Level,
    /// Where to write the result; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Also write the optimised IR (`.ir`) or the assembly (`.s`) beside the result
    #[arg(long, value_enum, value_delimiter = ',', value_name = "WHAT")]
    emit: Vec<Emit>,
    /// Leave out section headers and symbols, which the loader does not need
    #[arg(long)]
    strip: bool,
    /// Leave out the section that says which source, options and compiler the program comes from
    #[arg(long, conflicts_with = "embed_interface")]
    no_provenance: bool,
    /// Put the interface into the file, for `ovsmc diff` and for those who call the program; it is not loaded
    #[arg(long, conflicts_with = "strip")]
    embed_interface: bool,
    /// Describe the result as a JSON object on standard output
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Target {
    /// A Solana program
    Sbpf,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Sbpf {
    /// Runs everywhere, also on old validators
    V0,
    /// Smaller and simpler
    V3,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Level {
    /// Nothing
    #[value(name = "0")]
    O0,
    /// What never makes the program larger
    #[value(name = "1")]
    O1,
    /// For few compute units, with moderate growth
    #[value(name = "2")]
    O2,
    /// For few compute units, with more growth
    #[value(name = "3")]
    O3,
    /// For a small program
    #[value(name = "s")]
    Os,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Emit {
    /// The optimised intermediate representation
    Ir,
    /// The assembly
    Asm,
}

impl Sbpf {
    pub(super) fn version(self) -> Version {
        match self {
            Sbpf::V0 => Version::V0,
            Sbpf::V3 => Version::V3,
        }
    }
}

impl Level {
    pub(super) fn optimization(self) -> OptLevel {
        match self {
            Level::O0 => OptLevel::O0,
            Level::O1 => OptLevel::O1,
            Level::O2 => OptLevel::O2,
            Level::O3 => OptLevel::O3,
            Level::Os => OptLevel::Os,
        }
    }
}

impl Build {
    pub fn run(&self, terminal: &Terminal) -> Exit {
        let Target::Sbpf = self.target;
        if self.output.as_deref() == Some(Path::new("-")) && (self.json || !self.emit.is_empty()) {
            let message = "with `-o -` there is no room for `--json` or `--emit`\n";
            // There is nobody left to be told if that can not be shown.
            let _ = clap::Error::raw(ErrorKind::ArgumentConflict, message).print();
            return Exit::Usage;
        }
        let main = match source::main_file(&self.path) {
            Ok(main) => main,
            Err(diagnostic) => {
                terminal.show_placeless(&[*diagnostic]);
                return Exit::Usage;
            }
        };
        let (db, file) = match load(&main, terminal) {
            Ok(loaded) => loaded,
            Err(exit) => return exit,
        };
        // The process ends with the command: the system takes everything back faster at once than we do piece by piece.
        let db = &*ManuallyDrop::new(db);
        let options = BuildOptions {
            level: self.level.optimization(),
            version: self.sbpf.version(),
            symbols: !self.strip,
        };
        let lock = match lock_hash(&main) {
            Ok(lock) => lock,
            Err(diagnostic) => {
                terminal.show_placeless(&[*diagnostic]);
                return Exit::Usage;
            }
        };
        let levels = match security::levels(&main) {
            Ok(levels) => levels,
            Err(diagnostic) => {
                terminal.show_placeless(&[*diagnostic]);
                return Exit::Usage;
            }
        };
        let description = Description { interface: self.embed_interface, lock };
        let build = || {
            build(db, file, &options).and_then(|mut artifact| {
                if !self.no_provenance {
                    let described = describe(db, file, &options, &description, &mut artifact);
                    described.map_err(|fault| vec![fault])?;
                }
                Ok(artifact)
            })
        };
        let (built, insecure) = security::beside(db, file, &levels, build);
        match built {
            Ok(artifact) => {
                let artifact = ManuallyDrop::new(artifact);
                let mut found = artifact.diagnostics.clone();
                found.extend(insecure);
                terminal.show(&found, &source_map(db, file));
                if found.iter().any(Diagnostic::is_error) {
                    return Exit::Program;
                }
                self.write(&main, &artifact, &options, terminal)
            }
            Err(diagnostics) => {
                terminal.show(&diagnostics, &source_map(db, file));
                Exit::Program
            }
        }
    }

    fn write(&self, main: &Path, artifact: &Artifact, options: &BuildOptions, terminal: &Terminal) -> Exit {
        let elf = &artifact.program.elf;
        if self.output.as_deref() == Some(Path::new("-")) {
            return terminal.print_bytes(elf);
        }
        let path = match self.write_files(main, artifact) {
            Ok(path) => path,
            Err(diagnostic) => {
                terminal.show_placeless(&[*diagnostic]);
                return Exit::Usage;
            }
        };
        let version = match options.version {
            Version::V0 => "v0",
            Version::V3 => "v3",
        };
        let instructions = artifact.program.instructions();
        if self.json {
            let description = serde_json::json!({
                "output": path.display().to_string(),
                "bytes": elf.len(),
                "sbpf": version,
                "instructions": instructions,
            });
            return terminal.print(&format!("{description}\n"));
        }
        let plural = if instructions == 1 { "" } else { "s" };
        terminal.note(&format!(
            "built {}: {} bytes, sBPF {version}, {instructions} instruction{plural}",
            path.display(),
            elf.len()
        ));
        Exit::Success
    }

    /// Writes the result and what else is wanted, and returns where the result is.
    fn write_files(&self, main: &Path, artifact: &Artifact) -> Result<PathBuf, Box<Diagnostic>> {
        let path = match &self.output {
            Some(path) => path.clone(),
            None => self.default_output()?,
        };
        let mut files = vec![(path.clone(), artifact.program.elf.clone())];
        if self.emit.contains(&Emit::Ir) {
            files.push((path.with_extension("ir"), ovsm_ir::text::print(&artifact.module).into_bytes()));
        }
        if self.emit.contains(&Emit::Asm) {
            files.push((path.with_extension("s"), artifact.program.listing().into_bytes()));
        }
        let source = std::fs::canonicalize(main).ok();
        for (number, (path, _)) in files.iter().enumerate() {
            if source.is_some() && std::fs::canonicalize(path).ok() == source {
                return Err(output::cannot_write(path, &"it is the source of the program"));
            }
            if files.iter().take(number).any(|(other, _)| other == path) {
                return Err(output::cannot_write(path, &"two results would have this name"));
            }
        }
        output::write(&files)?;
        Ok(path)
    }

    /// Where the result goes without `-o`.
    fn default_output(&self) -> Result<PathBuf, Box<Diagnostic>> {
        if self.path == Path::new("-") {
            return Ok(PathBuf::from("program.so"));
        }
        if !self.path.is_dir() {
            let mut file = self.path.file_stem().unwrap_or(std::ffi::OsStr::new("program")).to_os_string();
            file.push(".so");
            return Ok(PathBuf::from(file));
        }
        // The name of `.` is that of the folder it stands for.
        let name = std::fs::canonicalize(&self.path)
            .ok()
            .and_then(|path| path.file_name().map(|name| name.to_os_string()))
            .unwrap_or_else(|| "program".into());
        let folder = self.path.join("target").join("deploy");
        std::fs::create_dir_all(&folder).map_err(|error| output::cannot_write(&folder, &error))?;
        let mut file = name;
        file.push(".so");
        Ok(folder.join(file))
    }
}

/// The hash of the file that fixes the versions of what a program depends on, if its project has one.
///
/// # Errors
/// E0501 if it can not be read.
pub(super) fn lock_hash(main: &Path) -> Result<Option<[u8; 32]>, Box<Diagnostic>> {
    /// No lock file is as large as this.
    const MAX_BYTES: u64 = 64 << 20;
    // A path without folders lies in the current one, and that may lie in a project.
    let main = std::fs::canonicalize(main).unwrap_or_else(|_| main.to_path_buf());
    let project = main.ancestors().skip(1).find(|folder| folder.join("spirit.toml").is_file());
    match project.map(|folder| folder.join("spirit.lock")).filter(|lock| lock.is_file()) {
        Some(lock) => Ok(Some(ovsm_interface::provenance::hash(&source::read_bytes(&lock, MAX_BYTES)?))),
        None => Ok(None),
    }
}

/// Reads a program into a new database; a failure is shown.
pub(super) fn load(path: &Path, terminal: &Terminal) -> Result<(Database, SourceFile), Exit> {
    warm_up(std::fs::metadata(path).map_or(0, |file| file.len()));
    let mut db = Database::default();
    match ovsm_edge::program::load(&mut db, path) {
        Ok(file) => {
            prepare(&db, file);
            Ok((db, file))
        }
        Err(diagnostic) => {
            let exit = match diagnostic.code {
                ovsm_base::Code::CannotRead => Exit::Usage,
                _ => Exit::Program,
            };
            terminal.show_placeless(&[*diagnostic]);
            Err(exit)
        }
    }
}
