//! What bounds a program: fuel, the depth of calls, memory for registers, the size of a program; and what a trace
//! of a stopped program says.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy takes the functions that tests share for production code"
)]

use ovsm_base::{Code, FormId, Span, TextRange};
use ovsm_ir::interpret::Outcome;
use ovsm_ir::machine::{Fault, Input, Memory, ScriptHost};
use ovsm_ir::text::parse;
use ovsm_ir::{BinaryOp, Failure, Function, Module, Op, Terminator, Type};
use ovsm_vm::{Limits, Run, compile, run_traced};

fn execute(module: &Module, limits: Limits) -> Run {
    ovsm_ir::verify::verify(module).unwrap();
    let program = compile(module).unwrap();
    let mut memory = Memory::for_module(module, Input::default());
    run_traced(&program, &mut memory, &mut ScriptHost::default(), limits)
}

fn fault(run: &Run) -> &Fault {
    match &run.outcome {
        Outcome::Faulted { fault, .. } => fault,
        outcome => panic!("{outcome:?}"),
    }
}

/// `count(n)` calls itself `n` times and fails at the end.
const COUNT: &str = "entry f0
    func f0 @main(v0: word, v1: word) -> (word) {
    b0(v0: word, v1: word): v2 = const 50000 v3 = call f1(v2) return v3
    }
    func f1 @count(v0: word) -> (word) {
    b0(v0: word):
      v1 = const 0
      v2 = eq v0, v1
      br v2, b1, b2
    b1:
      v3 = bool true
      fail_if v3, conversion
      return v0
    b2:
      v4 = const 1
      v5 = sub v0, v4
      v6 = call f1(v5)
      return v6
    }";

const FOREVER: &str = "entry f0
    func f0 @main(v0: word, v1: word) -> (word) {
    b0(v0: word, v1: word): v2 = call f1(v0) return v2
    }
    func f1 @forever(v0: word) -> (word) {
    b0(v0: word): v1 = call f1(v0) v2 = add v1, v0 return v2
    }";

#[test]
fn deep_recursion_works_up_to_the_limit() {
    let module = parse(&COUNT.replace("fail_if v3, conversion", "")).unwrap();
    assert_eq!(execute(&module, Limits::default()).outcome, Outcome::Returned(vec![0]));
    // The entry, and 50,001 frames of `count`.
    let exact = Limits { max_call_depth: 50_002, ..Limits::default() };
    assert_eq!(execute(&module, exact).outcome, Outcome::Returned(vec![0]));
    let short = Limits { max_call_depth: 50_001, ..Limits::default() };
    assert_eq!(fault(&execute(&module, short)), &Fault::StackOverflow);
}

#[test]
fn endless_recursion_is_a_stack_overflow() {
    let module = parse(FOREVER).unwrap();
    let run = execute(&module, Limits::default());
    assert_eq!(fault(&run), &Fault::StackOverflow);
    assert_eq!(run.omitted, 100_000 - 25);
    assert_eq!(run.trace.len(), 25);
    assert_eq!(run.trace.last().unwrap().function, "main");
}

#[test]
fn registers_are_bounded_too() {
    let module = parse(FOREVER).unwrap();
    let limits = Limits { max_call_depth: usize::MAX, max_registers: 10_000, ..Limits::default() };
    let run = execute(&module, limits);
    assert_eq!(fault(&run), &Fault::StackOverflow);
    assert!(run.omitted > 1000, "{}", run.omitted);
    // Frames without a register of their own are bounded alike.
    let bare = parse(&FOREVER.replace("v2 = add v1, v0 return v2", "return v1")).unwrap();
    let run = execute(&bare, limits);
    assert_eq!((fault(&run), run.omitted), (&Fault::StackOverflow, 10_000 - 25));
    for max_registers in [0, 255] {
        assert_eq!(fault(&execute(&module, Limits { max_registers, ..limits })), &Fault::StackOverflow);
    }
    let none = Limits { max_call_depth: 0, ..Limits::default() };
    assert_eq!(fault(&execute(&module, none)), &Fault::StackOverflow);
}

#[test]
fn an_endless_loop_runs_out_of_fuel() {
    let module = parse(
        "entry f0
         func f0 @main(v0: word, v1: word) -> (word) {
         b0(v0: word, v1: word): jump b1
         b1: jump b1
         }",
    )
    .unwrap();
    let run = execute(&module, Limits { fuel: 1_000_000, ..Limits::default() });
    assert_eq!((fault(&run), run.fuel), (&Fault::OutOfFuel, 0));
}

#[test]
fn fuel_is_counted_alike_in_each_run() {
    let module = parse(&COUNT.replace("50000", "500")).unwrap();
    let run = execute(&module, Limits { fuel: 1_000_000, ..Limits::default() });
    let spent = 1_000_000 - run.fuel;
    assert!(spent > 1000, "{spent}");
    assert_eq!(execute(&module, Limits { fuel: spent, ..Limits::default() }), Run { fuel: 0, ..run });
    let less = execute(&module, Limits { fuel: spent - 1, ..Limits::default() });
    assert_eq!(fault(&less), &Fault::OutOfFuel);
}

#[test]
fn a_trace_tells_functions_and_calls() {
    let mut module = parse(&COUNT.replace("50000", "30")).unwrap();
    for (form, function) in module.functions.iter_mut().enumerate() {
        for (inst, data) in function.insts.iter_mut().enumerate() {
            data.span = Some(Span::new(FormId(form as u64), TextRange::new(inst as u32, 100)));
        }
    }
    let span = |form, start| Some(Span::new(FormId(form), TextRange::new(start, 100)));
    let run = execute(&module, Limits::default());
    let Outcome::Failed { failure, span: at, trace } = &run.outcome else { panic!("{:?}", run.outcome) };
    assert_eq!((*failure, *at), (Failure::Conversion, span(1, 3)));
    // 31 frames of `count`, and the entry.
    assert_eq!((trace.len(), run.omitted, run.trace.len()), (26, 7, 25));
    assert_eq!(trace[20], "… 7 more …");
    assert_eq!((trace[0].as_str(), trace[24].as_str(), trace[25].as_str()), ("count", "count", "main"));
    assert_eq!(run.trace[0].span, span(1, 3));
    assert!(run.trace[1..24].iter().all(|frame| frame.function == "count" && frame.span == span(1, 6)));
    assert_eq!((run.trace[24].function.as_str(), run.trace[24].span), ("main", span(0, 1)));
}

#[test]
fn a_function_of_too_many_values_is_refused() {
    let values = |count: usize| {
        let mut function = Function::new("main", &[Type::Word; 2], &[Type::Word]);
        let [mut sum, other] = [0, 1].map(|n| function.params()[n]);
        let square = |function: &mut Function, value| {
            function.append_value(Function::ENTRY, Op::Binary(BinaryOp::Mul, value, other), Type::Word, None)
        };
        let live: Vec<_> = (0..count).map(|_| square(&mut function, sum)).collect();
        for value in live {
            let add = Op::Binary(BinaryOp::Add, sum, value);
            sum = function.append_value(Function::ENTRY, add, Type::Word, None);
        }
        function.blocks[Function::ENTRY].terminator = Terminator::Return([sum].into_iter().collect());
        let mut module = Module::default();
        module.functions.push(function);
        module
    };
    let large = execute(&values(65_000), Limits::default());
    let input = 0x4_0000_0000_u64;
    let instruction_data =
        Memory::for_module(&Module::default(), Input::default()).instruction_data_address();
    let square = input.wrapping_mul(instruction_data);
    let expected = input.wrapping_add(square.wrapping_mul(65_000));
    assert_eq!(large.outcome, Outcome::Returned(vec![expected]));

    let diagnostic = compile(&values(66_000)).unwrap_err();
    assert_eq!(diagnostic.code, Code::ProgramTooLarge);
    assert!(diagnostic.message.contains("`main`"), "{}", diagnostic.message);
}
