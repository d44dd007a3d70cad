//! Temporary.
use ovsm_ir::generate::*;
use ovsm_sbpf::*;
use std::time::*;
#[test]
fn speed() {
    for statements in [1000usize, 1000, 4000] {
        let mut seed = 1u64;
        let bytes: Vec<u8> = (0..statements * 30)
            .map(|_| {
                seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                (seed >> 56) as u8
            })
            .collect();
        let config =
            GenerateConfig { functions: 20, statements, max_cost: 10_000_000, ..GenerateConfig::default() };
        let module = generate_module(&bytes, config);
        let n: usize = module.functions.iter().map(|f| f.insts.len()).sum();
        let graph = callgraph::CallGraph::new(&module).unwrap();
        let conventions = graph.conventions(&module).unwrap();
        let mut t = [Duration::ZERO; 8];
        let mut sizes = vec![];
        for component in graph.bottom_up() {
            for func in component {
                let c = conventions[*func];
                let s = Instant::now();
                let mut f = select::select(&module, *func, Version::V3).unwrap();
                t[0] += s.elapsed();
                let s = Instant::now();
                order::tidy(&mut f);
                t[1] += s.elapsed();
                let s = Instant::now();
                hoist::constants(&mut f);
                t[2] += s.elapsed();
                sizes.push((f.blocks.len(), f.registers));
                let s = Instant::now();
                let a = regalloc::allocate(&f, c, &conventions, true, "x").unwrap();
                t[3] += s.elapsed();
                let s = Instant::now();
                let mut asm = assemble::assemble(&f, &a, c, &conventions).unwrap();
                layout::clean(&mut asm);
                t[4] += s.elapsed();
                let s = Instant::now();
                peephole::improve(&mut asm, c, &conventions, true);
                t[5] += s.elapsed();
                let s = Instant::now();
                layout::shape(&mut asm, true);
                t[6] += s.elapsed();
                let s = Instant::now();
                peephole::improve(&mut asm, c, &conventions, true);
                t[5] += s.elapsed();
                let s = Instant::now();
                layout::clean(&mut asm);
                layout::order(&asm);
                t[7] += s.elapsed();
            }
        }
        println!(
            "{n} insts {sizes:?}: select {:?} tidy {:?} hoist {:?} regalloc {:?} assemble {:?} peephole {:?} shape {:?} order {:?}",
            t[0], t[1], t[2], t[3], t[4], t[5], t[6], t[7]
        );
    }
}
