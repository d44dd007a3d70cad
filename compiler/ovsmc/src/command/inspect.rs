//! `ovsmc inspect`: what is in an ELF file.

use super::origin::Origin;
use ovsm_base::{Code, Diagnostic};
use ovsm_edge::{Exit, Terminal, source};
use std::path::PathBuf;

/// No sBPF program is as large as this; what lies beyond is not read.
const MAX_BYTES: u64 = 64 << 20;

/// Show the header, symbols, instructions and origin of an ELF file
#[derive(clap::Args)]
#[command(
    after_help = "Programs of other compilers can be shown too. Of ours, the provenance is checked against the code: \
                        exit code 1 if they do not fit.\n\nExamples:\n  ovsmc inspect counter.so\n  ovsmc inspect --json counter.so\n  \
                        ovsmc build counter.ovsm -o - | ovsmc inspect -"
)]
pub struct Inspect {
    /// The ELF file; `-` reads standard input
    file: PathBuf,
    /// The facts as a JSON object, without the instructions
    #[arg(long)]
    json: bool,
}

impl Inspect {
    pub fn run(&self, terminal: &Terminal) -> Exit {
        let bytes = match source::read_bytes(&self.file, MAX_BYTES + 1) {
            Ok(bytes) => bytes,
            Err(diagnostic) => {
                terminal.show_placeless(&[*diagnostic]);
                return Exit::Usage;
            }
        };
        let origin = Origin::of(&bytes);
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
                    "provenance": origin.to_json(),
                });
                self.finish(terminal.print(&format!("{facts}\n")), &origin, terminal)
            }
            Ok(report) => {
                let shown = terminal.print(&format!("{report}{}", origin.to_text()));
                self.finish(shown, &origin, terminal)
            }
            Err(mut diagnostic) => {
                let file = self.file.display();
                diagnostic.message = format!("`{file}` is not an sBPF program: {}", diagnostic.message);
                terminal.show_placeless(&[diagnostic]);
                Exit::Program
            }
        }
    }

    /// Reports a file that is not what it says of itself.
    fn finish(&self, shown: Exit, origin: &Origin, terminal: &Terminal) -> Exit {
        let Some(reason) = origin.fault().filter(|_| shown == Exit::Success) else { return shown };
        let message = format!("`{}` {reason}", self.file.display());
        let fault = Diagnostic::new(Code::NotReproduced, message)
            .help("it was changed after it was built: build it again from its source");
        terminal.show_placeless(&[fault]);
        Exit::Program
    }
}
