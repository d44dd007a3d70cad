//! Every pass and every level keeps what random modules do.

use super::{Module, PASSES};
use crate::function::Function;
use crate::function::Type;
use crate::generate::{GenerateConfig, generate_module};
use crate::interpret::{Limits, Outcome, interpret};
use crate::machine::{AccountInput, HEAP_BASE, Input, Memory, ScriptHost};
use crate::op::{Access, BinaryOp, Op, Region, Width};
use crate::text::print;
use crate::verify::verify;
use proptest::prelude::*;

/// What can be observed of a run.
#[derive(PartialEq, Debug)]
struct Run {
    end: String,
    logs: Vec<String>,
    memory: Option<(Vec<u8>, Vec<u8>)>,
}

fn run(module: &Module, fuel: u64) -> Run {
    let account = AccountInput { lamports: 1000, data: vec![1, 2, 3], ..AccountInput::default() };
    let mut memory = Memory::for_module(module, Input::serialise(&[account], &[], &[0; 32]));
    let mut host = ScriptHost::default();
    let outcome = interpret(module, &mut memory, &mut host, Limits { fuel, ..Limits::default() });
    let mut after = None;
    let end = match outcome {
        Outcome::Returned(values) => {
            after = Some((memory.heap().to_vec(), memory.input().to_vec()));
            format!("returned {values:?}")
        }
        Outcome::Failed { failure, .. } => format!("failed {failure:?}"),
        Outcome::Faulted { fault, .. } => format!("faulted {fault:?}"),
    };
    Run { end, logs: host.lines(), memory: after }
}

/// Makes about one constant in `one_in` unknown to the passes: a word of the heap that nobody writes, so always zero,
/// is added to it.
fn hide_constants(module: &mut Module, one_in: u32) {
    for function in module.functions.iter_mut() {
        let mut hidden = 0u32;
        let address = function.append_value(Function::ENTRY, Op::Const(HEAP_BASE), Type::Word, None);
        let access = Access { width: Width::W8, region: Region::Any, address, offset: 30_000 };
        let zero = function.append_value(Function::ENTRY, Op::Load(access), Type::Word, None);
        // They come first.
        let entry = &mut function.blocks[Function::ENTRY].insts;
        entry.rotate_right(2);
        for block in function.blocks.indices() {
            for inst in std::mem::take(&mut function.blocks[block].insts) {
                if let Op::Const(word) = function.insts[inst].op {
                    hidden = hidden.wrapping_mul(0x9E37_79B9).wrapping_add(inst.0 + 1);
                    if (hidden >> 16).is_multiple_of(one_in) && word != HEAP_BASE {
                        let known = function.append_value(block, Op::Const(word), Type::Word, None);
                        function.insts[inst].op = Op::Binary(BinaryOp::Add, known, zero);
                    }
                }
                function.blocks[block].insts.push(inst);
            }
        }
    }
}

fn check_choices(choices: &[u8], config: GenerateConfig, one_in: u32) -> Result<(), TestCaseError> {
    let mut module = generate_module(choices, config);
    if one_in > 0 {
        hide_constants(&mut module, one_in);
        prop_assert_eq!(verify(&module), Ok(()));
    }
    let expected = run(&module, config.max_cost * 3);
    for (name, pass) in PASSES {
        let mut optimised = module.clone();
        pass(&mut optimised);
        if let Err(errors) = verify(&optimised) {
            let text = print(&optimised);
            return Err(TestCaseError::fail(format!("{name}: {errors:#?}\n{}\n{text}", print(&module))));
        }
        // A pass may add a few instructions, but never changes how often loops run.
        let found = run(&optimised, config.max_cost * 8);
        if found != expected {
            return Err(TestCaseError::fail(format!(
                "{name}: {found:#?} is not {expected:#?}\n{}\n{}",
                print(&module),
                print(&optimised)
            )));
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn passes_keep_what_modules_do(bytes in proptest::collection::vec(any::<u8>(), 0..1500)) {
        check_choices(&bytes, GenerateConfig::default(), 0)?;
    }

    #[test]
    fn passes_keep_what_small_modules_do(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        check_choices(&bytes, GenerateConfig { functions: 1, statements: 25, ..GenerateConfig::default() }, 0)?;
    }

    #[test]
    fn passes_keep_what_modules_with_unknown_words_do(
        bytes in proptest::collection::vec(any::<u8>(), 0..1000),
        one_in in 1u32..5,
    ) {
        check_choices(&bytes, GenerateConfig::default(), one_in)?;
    }
}
