//! `ovsmc build`: a program to an ELF file.

use ovsm_edge::{Exit, Source, Terminal, output, source};
use ovsm_ir::passes::OptLevel;
use ovsm_query::{Artifact, BuildOptions, Database, SourceFile, build, source_map};
use ovsm_sbpf::Version;
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
    /// Describe the result as a JSON object on standard output
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Target {
    /// A Solana program
    Sbpf,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Sbpf {
    /// Runs everywhere, also on old validators
    V0,
    /// Smaller and simpler
    V3,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Level {
    #[value(name = "0")]
    O0,
    #[value(name = "1")]
    O1,
    #[value(name = "2")]
    O2,
    #[value(name = "3")]
    O3,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Emit {
    /// The optimised intermediate representation
    Ir,
    /// The assembly
    Asm,
}

impl Build {
    pub fn run(&self, terminal: &Terminal) -> Exit {
        let Target::Sbpf = self.target;
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
        let options = BuildOptions {
            level: match self.level {
                Level::O0 => OptLevel::O0,
                Level::O1 => OptLevel::O1,
                Level::O2 => OptLevel::O2,
                Level::O3 => OptLevel::O3,
            },
            version: match self.sbpf {
                Sbpf::V0 => Version::V0,
                Sbpf::V3 => Version::V3,
            },
            symbols: !self.strip,
        };
        match build(&db, file, &options) {
            Ok(artifact) => {
                terminal.show(&artifact.diagnostics, &source_map(&db, file));
                self.write(&artifact, &options, terminal)
            }
            Err(diagnostics) => {
                terminal.show(&diagnostics, &source_map(&db, file));
                Exit::Program
            }
        }
    }

    fn write(&self, artifact: &Artifact, options: &BuildOptions, terminal: &Terminal) -> Exit {
        let elf = &artifact.program.elf;
        if self.output.as_deref() == Some(Path::new("-")) {
            terminal.print_bytes(elf);
            return Exit::Success;
        }
        let path = match &self.output {
            Some(path) => path.clone(),
            None => match self.default_output() {
                Ok(path) => path,
                Err(diagnostic) => {
                    terminal.show_placeless(&[*diagnostic]);
                    return Exit::Usage;
                }
            },
        };
        let mut files = vec![(path.clone(), elf.clone())];
        for emit in &self.emit {
            files.push(match emit {
                Emit::Ir => (path.with_extension("ir"), ovsm_ir::text::print(&artifact.module).into_bytes()),
                Emit::Asm => (path.with_extension("s"), artifact.program.listing().into_bytes()),
            });
        }
        for (path, bytes) in &files {
            if let Err(diagnostic) = output::write(path, bytes) {
                terminal.show_placeless(&[*diagnostic]);
                return Exit::Usage;
            }
        }
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
            terminal.print(&format!("{description}\n"));
        } else {
            let plural = if instructions == 1 { "" } else { "s" };
            terminal.note(&format!(
                "built {}: {} bytes, sBPF {version}, {instructions} instruction{plural}",
                path.display(),
                elf.len()
            ));
        }
        Exit::Success
    }

    /// Where the result goes without `-o`.
    fn default_output(&self) -> Result<PathBuf, Box<ovsm_base::Diagnostic>> {
        if self.path == Path::new("-") {
            return Ok(PathBuf::from("program.so"));
        }
        if !self.path.is_dir() {
            let stem = self.path.file_stem().unwrap_or(std::ffi::OsStr::new("program"));
            return Ok(PathBuf::from(stem).with_extension("so"));
        }
        // The name of `.` is that of the folder it stands for.
        let name = std::fs::canonicalize(&self.path)
            .ok()
            .and_then(|path| path.file_name().map(|name| name.to_os_string()))
            .unwrap_or_else(|| "program".into());
        let folder = self.path.join("target").join("deploy");
        std::fs::create_dir_all(&folder).map_err(|error| {
            ovsm_base::Diagnostic::new(
                ovsm_base::Code::CannotWrite,
                format!("the folder `{}` can not be made: {error}", folder.display()),
            )
            .help("choose another place with `-o`")
        })?;
        let mut file = name;
        file.push(".so");
        Ok(folder.join(file))
    }
}

/// Reads a program into a new database; a failure is shown.
pub(super) fn load(path: &Path, terminal: &Terminal) -> Result<(Database, SourceFile), Exit> {
    match Source::read(path) {
        Ok(source) => {
            let mut db = Database::default();
            let file = db.add_file(source.path, source.text);
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
