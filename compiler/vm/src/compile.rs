//! IR to bytecode.
//!
//! In the order of the pipeline: `layout` orders the blocks, `select` picks instructions over values, `lifetime`
//! (and, more exactly, `interference`) says where each value is needed, `allocate` gives values registers, and
//! `emit` writes the code, with `moves` between blocks and `opcode` for the tables. Nothing here improves a program
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
        functions.push(FunctionInfo {
            name: function.name.clone(),
            start,
            frame_size: allocation.frame_size,
        });
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
        failures: code.failures,
    })
}

fn too_large(message: String) -> Diagnostic {
    Diagnostic::new(DiagnosticCode::ProgramTooLarge, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ovsm_ir::text::parse;

    fn listing(text: &str) -> Vec<String> {
        compile(&parse(text).unwrap()).unwrap().code.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_program_of_too_many_instructions_is_refused() {
        let module = parse(
            "func f0 @main(v0: word, v1: word) -> (word) {
             b0(v0: word, v1: word): v2 = mul v0, v1 v3 = add v2, v1 return v3
             }",
        )
        .unwrap();
        assert_eq!(compile_within(&module, 3).map(|program| program.code.len()), Ok(3));
        assert_eq!(compile_within(&module, 2).unwrap_err().code, DiagnosticCode::ProgramTooLarge);
    }

    #[test]
    fn a_round_of_a_loop_takes_one_branch_and_no_moves() {
        // Both variables are read after the loop, and the bound fits no immediate of a branch.
        let code = listing(
            "func f0 @main(v0: word, v1: word) -> (word) {
             b0(v0: word, v1: word): v2 = const 0 jump b1(v2, v2)
             b1(v4: word, v5: word): v6 = const 10000000 v7 = ult v4, v6 br v7, b2, b3
             b2: v8 = add v5, v4 v9 = const 1 v10 = add v4, v9 jump b1(v10, v8)
             b3: v11 = sub v5, v4 return v11
             }",
        );
        assert_eq!(
            code,
            [
                "constant 0, 10000000",
                "constant 1, 0",
                "constant 2, 0",
                "branch_unsigned_less_equal 0, 1, 7",
                "add 2, 2, 1",
                "add_immediate 1, 1, 1",
                "branch_unsigned_less 1, 0, 4",
                "sub 0, 2, 1",
                "return_value 0",
            ]
        );
    }

    #[test]
    fn a_call_takes_its_arguments_where_they_are_made() {
        let code = listing(
            "entry f1
             func f0 @fib(v0: word) -> (word) {
             b0(v0: word): v1 = const 2 v2 = ult v0, v1 br v2, b1, b2
             b1: return v0
             b2:
               v3 = const 1
               v4 = checked_sub.u64 v0, v3
               v5 = call f0(v4)
               v6 = checked_sub.u64 v0, v1
               v7 = call f0(v6)
               v8 = checked_add.u64 v5, v7
               return v8
             }
             func f1 @main(v0: word, v1: word) -> (word) { b0(v0: word, v1: word): v2 = call f0(v0) return v2 }",
        );
        assert_eq!(
            code,
            [
                "branch_unsigned_greater_immediate 0, 1, 2",
                "return_value 0",
                "checked_sub_u64_immediate 1, 0, 1",
                "call 1, 0",
                "checked_sub_u64_immediate 2, 0, 2",
                "call 2, 0",
                "checked_add_u64 0, 1, 2",
                "return_value 0",
                "call 0, 0",
                "return_value 0",
            ]
        );
    }
}
