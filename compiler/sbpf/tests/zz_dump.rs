//! Temporary.
#[allow(dead_code)]
#[path = "../../../conformance/src/sbpf_machine.rs"]
mod sbpf_machine;
use ovsm_sbpf::*;
#[test]
fn dump() {
    for file in std::env::var("IR").unwrap().split(',') {
        let mut module = ovsm_ir::text::parse(&std::fs::read_to_string(file).unwrap()).unwrap();
        ovsm_ir::passes::optimize(&mut module, ovsm_ir::passes::OptLevel::O2);
        let program = compile(&module, &Options::default()).unwrap();
        println!("{file}\n{}", program.listing());
        let stripped = compile(&module, &Options { symbols: false, ..Options::default() }).unwrap();
        println!("{} bytes, {} stripped", program.elf.len(), stripped.elf.len());
    }
}
