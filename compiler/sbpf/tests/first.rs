//! First steps: text IR through both engines.
#[path = "../../../conformance/src/sbpf_machine.rs"]
mod sbpf_machine;

use ovsm_ir::text;
use ovsm_sbpf::{Options, Version, compile};
use sbpf_machine::{Engine, Exit, Machine};

#[test]
fn dump() {
    for file in std::env::args().skip_while(|arg| arg != "--").skip(1) {
        println!("{file}");
    }
    let source = std::fs::read_to_string("/tmp/t.ir").unwrap();
    let module = text::parse(&source).unwrap();
    for version in [Version::V3, Version::V0] {
        let program = compile(&module, &Options { version, ..Options::default() }).unwrap();
        println!("{}", program.listing());
        println!("{} bytes", program.elf.len());
        let machine = Machine::load_with_labels(&program.elf, true).unwrap();
        for engine in Engine::ALL {
            let run = machine.run(engine, &[0; 64], 0x4_0000_0010, 100000);
            println!("{:?} {:?} {}", run.exit, run.logs, run.units);
        }
    }
}
