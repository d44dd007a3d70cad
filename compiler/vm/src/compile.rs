//! IR to bytecode.
//!
//! In the order of the pipeline: [`layout`] orders the blocks, [`select`] picks instructions over values,
//! [`lifetime`] (and [`interference`], more exactly) says where each value is needed, [`allocate`] gives values registers, and [`emit`]
//! writes the code, with [`moves`] between blocks and [`opcode`] for the tables. Nothing here improves a program
//! beyond what the instruction set offers: that is the work of the passes of `ovsm-ir`.
//! Start with [`compile`].

mod allocate;
mod emit;
mod interference;
mod layout;
mod lifetime;
mod moves;
mod opcode;
mod select;

use crate::bytecode::{FunctionInfo, Instruction, Program, offset};
use allocate::allocate;
use emit::{Code, Emitter};
use layout::Layout;
use lifetime::Lifetimes;
use ovsm_base::index::IndexVec;
use ovsm_base::{Code as DiagnosticCode, Diagnostic};
use ovsm_ir::machine::{RODATA_BASE, data_layout};
use ovsm_ir::{Func, Module};
use select::select;

/// How many instructions a program may have.
pub const MAX_INSTRUCTIONS: usize = 1 << 24;

/// Compiles a verified module. The only error is E0306: a function needs more registers, or the program more
/// instructions, than the bytecode can number.
pub fn compile(module: &Module) -> Result<Program, Diagnostic> {
    compile_within(module, MAX_INSTRUCTIONS)
}

fn compile_within(module: &Module, max_instructions: usize) -> Result<Program, Diagnostic> {
    let (_, data_offsets) = data_layout(module);
    let data = data_offsets.iter().map(|offset| RODATA_BASE + u64::from(*offset)).collect();
    let mut code = Code::default();
    let mut functions = IndexVec::<Func, FunctionInfo>::new();
    for function in module.functions.iter() {
        let layout = Layout::new(function);
        let selection = select(function, &layout, &data);
        let mut lifetimes = Lifetimes::new(function, &layout, &selection);
        let Some(mut allocation) = allocate(function, &selection, &mut lifetimes) else {
            let message = format!("function `{}` needs more than 65,536 registers", function.name);
            return Err(too_large(message).help("split the function into smaller ones"));
        };
        allocation.frame_size = allocation.frame_size.max(offset(function.results.len() as u32));
        let start = code.next();
        functions.push(FunctionInfo { name: function.name.clone(), start, frame_size: allocation.frame_size });
        Emitter::new(&mut code, &layout, &selection, &allocation).function();
        if code.instructions.len() > max_instructions {
            let message = format!("the program needs more than {max_instructions} instructions");
            return Err(too_large(message).help("split the program into several scripts"));
        }
    }
    for (call, callee) in std::mem::take(&mut code.calls) {
        let start = functions.get(callee).map_or(0, |function| function.start);
        if let Some(Instruction::Call(_, target)) = code.instructions.get_mut(call) {
            *target = start;
        }
    }
    let entry_results = module.functions.get(module.entry).map_or(0, |entry| entry.results.len() as u32);
    Ok(Program {
        code: code.instructions,
        constants: code.constants,
        entry: functions.get(module.entry).map_or(0, |entry| entry.start),
        entry_results,
        functions: functions.iter().cloned().collect(),
        spans: code.spans,
    })
}

fn too_large(message: String) -> Diagnostic {
    Diagnostic::new(DiagnosticCode::ProgramTooLarge, message)
}
