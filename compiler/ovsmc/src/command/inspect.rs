//! `ovsmc inspect`: what is in an ELF file.

use ovsm_edge::{Exit, Terminal, source};
use std::io::Read;
use std::path::{Path, PathBuf};

/// No sBPF program is as large as this; what lies beyond is not read.
const MAX_BYTES: u64 = 64 << 20;

/// Show the header, symbols and instructions of an ELF file
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  ovsmc inspect counter.so\n  ovsmc inspect --json counter.so\n  \
                        ovsmc build counter.ovsm -o - | ovsmc inspect -")]
pub struct Inspect {
    /// The ELF file; `-` reads standard input
    file: PathBuf,
    /// The facts as a JSON object, without the instructions
    #[arg(long)]
    json: bool,
}

impl Inspect {
    pub fn run(&self, terminal: &Terminal) -> Exit {
        let mut bytes = Vec::new();
        let read = match self.file == Path::new("-") {
            true => std::io::stdin().lock().take(MAX_BYTES + 1).read_to_end(&mut bytes),
            false => std::fs::File::open(&self.file)
                .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes)),
        };
        if let Err(error) = read {
            terminal.show_placeless(&[*source::cannot_read(&self.file.display().to_string(), &error)]);
            return Exit::Usage;
        }
        match ovsm_sbpf::inspect(&bytes) {
            Ok(report) if self.json => {
                let facts = serde_json::json!({
                    "version": report.version,
                    "machine": report.machine,
                    "size": report.size,
                    "entry": report.entry,
                    "slots": report.slots,
                    "segments": report.segments.iter().map(|segment| serde_json::json!({
                        "access": segment.access, "offset": segment.offset,
                        "address": segment.address, "size": segment.size,
                    })).collect::<Vec<_>>(),
                    "sections": report.sections.iter().map(|section| serde_json::json!({
                        "name": section.name, "offset": section.offset,
                        "address": section.address, "size": section.size,
                    })).collect::<Vec<_>>(),
                    "symbols": report.symbols.iter().map(|symbol| serde_json::json!({
                        "name": symbol.name, "address": symbol.address, "size": symbol.size,
                    })).collect::<Vec<_>>(),
                    "syscalls": report.syscalls,
                    "notes": report.notes,
                });
                terminal.print(&format!("{facts}\n"))
            }
            Ok(report) => terminal.print(&report.to_string()),
            Err(mut diagnostic) => {
                let file = self.file.display();
                diagnostic.message = format!("`{file}` is not an sBPF program: {}", diagnostic.message);
                terminal.show_placeless(&[diagnostic]);
                Exit::Program
            }
        }
    }
}
