//! Promotion of the frame area: words that the compiler keeps in memory become values.
//!
//! Global variables and the table of accounts live in the frame area of the entry, so that functions can share them.
//! Once inlining has brought every access into the entry, and every address is a constant, nothing needs the memory.
//! All or nothing: one access at an unknown address and the area stays as it is.

use super::call_graph;
use super::simplify_cfg;
use super::ssa_repair::Variables;
use crate::function::{Block, Function, Inst, Module, Type, Value};
use crate::op::{BinaryOp, Op, Region, Target, Terminator, Width};
use rustc_hash::FxHashMap;

/// The most words to promote, and the most stores to them.
const MAX_WORDS: usize = 64;
const MAX_STORES: usize = 512;

/// Runs the pass on the entry function. Returns true if the module changed.
pub fn run(module: &mut Module) -> bool {
    let entry = module.entry;
    for func in call_graph::callees_first(module) {
        let function = &module.functions[func];
        if call_graph::callees(function).contains(&entry) || (func != entry && touches_frame(function)) {
            return false;
        }
    }
    match module.functions.get_mut(entry) {
        Some(function) => promote(function),
        None => false,
    }
}

fn touches_frame(function: &Function) -> bool {
    function.blocks.iter().flat_map(|data| &data.insts).any(|&inst| match &function.insts[inst].op {
        Op::Load(access) | Op::Store(access, _) => access.region == Region::Frame,
        _ => false,
    })
}

/// The address of a word of the frame area, or `Err` for an access that can not be promoted.
fn word_of(function: &Function, inst: Inst) -> Result<Option<u64>, ()> {
    let (Op::Load(access) | Op::Store(access, _)) = &function.insts[inst].op else {
        return Ok(None);
    };
    if access.region != Region::Frame {
        return Ok(None);
    }
    let base = function.as_const(access.address).ok_or(())?;
    let address = base.wrapping_add(i64::from(access.offset) as u64);
    if access.width == Width::W8 && address.is_multiple_of(8) { Ok(Some(address)) } else { Err(()) }
}

fn promote(function: &mut Function) -> bool {
    simplify_cfg::remove_unreachable(function);
    let mut words: FxHashMap<u64, Value> = FxHashMap::default();
    let mut addresses = Vec::new();
    let mut stores = 0;
    for data in function.blocks.iter() {
        if data.terminator.targets().any(|target| target.block == Function::ENTRY) {
            return false;
        }
        for &inst in &data.insts {
            match word_of(function, inst) {
                Ok(Some(address)) => {
                    stores += usize::from(matches!(function.insts[inst].op, Op::Store(..)));
                    if !addresses.contains(&address) {
                        addresses.push(address);
                    }
                }
                Ok(None) => {}
                Err(()) => return false,
            }
            if addresses.len() > MAX_WORDS || stores > MAX_STORES {
                return false;
            }
        }
    }
    if addresses.is_empty() {
        return false;
    }
    split_before_stores(function);
    // The frame is zero when the program starts: that is what each word is in the entry block.
    let mut first = Vec::new();
    let mut zero = |function: &mut Function| {
        let inst = function.make_inst(Op::Const(0), &[Type::Word], None);
        first.push(inst);
        function.insts[inst].results.first().copied()
    };
    let Some(nothing) = zero(function) else {
        return false;
    };
    for address in addresses {
        if let Some(value) = zero(function) {
            words.insert(address, value);
        }
    }
    let mut variables = Variables::default();
    for block in function.blocks.indices() {
        let mut kept = Vec::with_capacity(function.blocks[block].insts.len());
        let mut stored: Option<(u64, Value)> = None;
        for inst in std::mem::take(&mut function.blocks[block].insts) {
            let word = word_of(function, inst).ok().flatten();
            let Some((address, value)) = word.and_then(|word| Some((word, *words.get(&word)?))) else {
                kept.push(inst);
                continue;
            };
            if let Op::Store(_, new) = function.insts[inst].op {
                // The only store of the block, and the first thing that it does.
                stored = Some((address, new));
                variables.define(value, Function::ENTRY, block, new);
            } else {
                // A copy, as an addition of nothing: repairing finds the value that reaches it.
                let value = stored.filter(|(known, _)| *known == address).map_or(value, |(_, new)| new);
                function.insts[inst].op = Op::Binary(BinaryOp::Add, value, nothing);
                kept.push(inst);
            }
        }
        function.blocks[block].insts = kept;
    }
    first.append(&mut function.blocks[Function::ENTRY].insts);
    function.blocks[Function::ENTRY].insts = first;
    variables.repair(function);
    true
}

/// Makes every store to the frame area the first instruction of a block of its own, never of the entry.
fn split_before_stores(function: &mut Function) {
    let mut work: Vec<Block> = function.blocks.indices().collect();
    while let Some(block) = work.pop() {
        // From the end, so that each instruction moves once.
        loop {
            let is_store = |inst: &Inst| matches!(&function.insts[*inst].op, Op::Store(access, _) if access.region == Region::Frame);
            let Some(place) = function.blocks[block].insts.iter().rposition(is_store) else {
                break;
            };
            let rest = function.add_block();
            let data = &mut function.blocks[block];
            let insts = data.insts.split_off(place);
            let terminator = std::mem::replace(&mut data.terminator, Terminator::Jump(Target::new(rest)));
            function.blocks[rest].insts = insts;
            function.blocks[rest].terminator = terminator;
        }
    }
}
