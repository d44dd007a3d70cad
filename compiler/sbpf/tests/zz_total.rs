//! Temporary.
#[allow(dead_code)]
#[path = "../../../conformance/src/sbpf_machine.rs"]
mod sbpf_machine;
use ovsm_ir::generate::*;
use ovsm_ir::machine::*;
use ovsm_sbpf::*;
use sbpf_machine::*;
#[test]
fn total() {
    let (mut units, mut slots, mut frames) = (0u64, 0usize, 0u64);
    for n in 0..300u64 {
        let mut seed = n;
        let bytes: Vec<u8> = (0..1500).map(|_| { seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407); (seed >> 56) as u8 }).collect();
        let mut module = generate_module(&bytes, GenerateConfig::default());
        let level = if n % 2 == 0 { ovsm_ir::passes::OptLevel::O1 } else { ovsm_ir::passes::OptLevel::O2 };
        ovsm_ir::passes::optimize(&mut module, level);
        let program = compile(&module, &Options::default()).unwrap();
        let account = AccountInput { lamports: 1000, data: vec![1, 2, 3], ..AccountInput::default() };
        let input = Input::serialise(&[account], &[9, 8, 7], &[5; 32]);
        let run = Machine::load(&program.elf).unwrap().run(Engine::Interpreter, input.bytes(), input.instruction_data_address(), 10_000_000);
        units += run.units - 100 * run.logs.len() as u64;
        slots += program.instructions();
        frames += program.functions.iter().map(|f| u64::from(f.frame_bytes)).sum::<u64>();
    }
    println!("TOTAL units {units} slots {slots} frames {frames}");
}
