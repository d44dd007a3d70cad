//! Calls: arguments, results, failures that pass through callers, values that live across calls, and the limits of the
//! target. Each program runs in both engines and in the interpreter of the IR.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test may fail by panicking"
)]

#[allow(dead_code, reason = "each test uses its part of the machine")]
#[path = "../../../conformance/src/sbpf_machine.rs"]
mod sbpf_machine;

use ovsm_base::{Code, FormId, Span, TextRange};
use ovsm_ir::interpret::{Limits, Outcome, interpret};
use ovsm_ir::machine::{Input, Memory, ScriptHost};
use ovsm_ir::text::parse;
use ovsm_ir::verify::verify;
use ovsm_ir::{BinaryOp, Failure, Func, Function, Module, Op, Terminator, Type, Value};
use ovsm_sbpf::{Options, Program, Version, compile};
use sbpf_machine::{Engine, Exit, Machine};
use std::fmt::Write;

/// Runs a module everywhere; all give the same code, which is returned with the units of the V3 program.
fn run(module: &Module) -> (u64, u64) {
    assert!(verify(module).is_ok(), "{:?}", verify(module));
    let mut memory = Memory::for_module(module, Input::default());
    let wanted = match interpret(module, &mut memory, &mut ScriptHost::default(), Limits::default()) {
        Outcome::Returned(words) => words[0],
        Outcome::Failed { failure, .. } => failure.return_code(),
        Outcome::Faulted { fault, .. } => panic!("{fault}"),
    };
    let mut units = 0;
    for version in [Version::V0, Version::V3] {
        for optimize in [false, true] {
            let program = compile(module, &Options { version, optimize, ..Options::default() }).unwrap();
            let machine = Machine::load(&program.elf).unwrap();
            for engine in Engine::ALL {
                let input = Input::default();
                let run = machine.run(engine, input.bytes(), input.instruction_data_address(), 1_000_000);
                assert_eq!(run.exit, Exit::Returned(wanted), "{}", program.listing());
                units = run.units;
            }
        }
    }
    (wanted, units)
}

fn run_text(text: &str) -> (u64, u64) {
    run(&parse(text).unwrap())
}

fn compiled(text: &str) -> Program {
    compile(&parse(text).unwrap(), &Options::default()).unwrap()
}

#[test]
fn nine_arguments_arrive_in_order() {
    let (result, _) = run_text(
        "
frame_area 0
entry f0
func f0 @main(v0: word, v1: word) -> (word) {
b0(v0: word, v1: word):
  v2 = const 1
  v3 = const 2
  v4 = const 3
  v5 = const 4
  v6 = const 5
  v7 = const 6
  v8 = const 7
  v9 = const 8
  v10 = const 9
  v11 = call f1(v2, v3, v4, v5, v6, v7, v8, v9, v10)
  v12 = call f1(v10, v9, v8, v7, v6, v5, v4, v3, v2)
  v13 = const 1000000000
  v14 = mul v12, v13
  v15 = add v14, v11
  return v15
}
func f1 @digits(v0: word, v1: word, v2: word, v3: word, v4: word, v5: word, v6: word, v7: word, v8: word) -> (word) {
b0(v0: word, v1: word, v2: word, v3: word, v4: word, v5: word, v6: word, v7: word, v8: word):
  v9 = const 10
  v10 = mul v0, v9
  v11 = add v10, v1
  v12 = mul v11, v9
  v13 = add v12, v2
  v14 = mul v13, v9
  v15 = add v14, v3
  v16 = mul v15, v9
  v17 = add v16, v4
  v18 = mul v17, v9
  v19 = add v18, v5
  v20 = mul v19, v9
  v21 = add v20, v6
  v22 = mul v21, v9
  v23 = add v22, v7
  v24 = mul v23, v9
  v25 = add v24, v8
  return v25
}
",
    );
    assert_eq!(result, 987_654_321_123_456_789);
}

#[test]
fn several_results_come_back_and_failures_pass_through() {
    // f1 returns two words and may fail; f2 calls it and returns three; the entry adds them up.
    let text = |first: i64| {
        format!(
            "
frame_area 0
entry f0
func f0 @main(v0: word, v1: word) -> (word) {{
b0(v0: word, v1: word):
  v2 = const {first}
  v3, v4, v5 = call f2(v2)
  v6 = add v3, v4
  v7 = add v6, v5
  v8 = add v7, v2
  return v8
}}
func f1 @pair(v0: word, v1: word) -> (word, word) {{
b0(v0: word, v1: word):
  v2 = const 100
  v3 = ugt v0, v2
  fail_if v3, not_signer
  v4 = checked_add.u64 v0, v1
  v5 = checked_sub.u64 v4, v2
  return v4, v5
}}
func f2 @triple(v0: word) -> (word, word, word) {{
b0(v0: word):
  v1 = const 1000
  v2, v3 = call f1(v0, v1)
  v4, v5 = call f1(v0, v2)
  v6 = sub v4, v2
  return v6, v3, v5
}}
"
        )
    };
    let (result, _) = run_text(&text(7));
    // pair(7, 1000) = (1007, 907); pair(7, 1007) = (1014, 914); triple = (7, 907, 914)
    assert_eq!(result, 7 + 907 + 914 + 7);
    assert_eq!(run_text(&text(101)).0, Failure::NotSigner.return_code());
    let report = compiled(&text(7));
    assert!(report.functions.iter().all(|function| function.can_fail));
}

#[test]
fn functions_that_cannot_fail_pay_nothing() {
    let (result, units) = run_text(
        "
frame_area 0
entry f0
func f0 @main(v0: word, v1: word) -> (word) {
b0(v0: word, v1: word):
  v2 = const 20
  v3 = call f1(v2)
  return v3
}
func f1 @double(v0: word) -> (word) {
b0(v0: word):
  v1 = add v0, v0
  return v1
}
",
    );
    // mov, call, mov, add, exit, exit
    assert_eq!((result, units), (40, 6));
}

#[test]
fn recursion_keeps_its_values() {
    // Ackermann: nested calls, values that live across them. Its depth stays below the machine's 63 calls.
    let (result, _) = run_text(
        "
frame_area 0
entry f0
func f0 @main(v0: word, v1: word) -> (word) {
b0(v0: word, v1: word):
  v2 = const 2
  v3 = const 9
  v4 = call f1(v2, v3)
  return v4
}
func f1 @ackermann(v0: word, v1: word) -> (word) {
b0(v0: word, v1: word):
  v2 = const 0
  v3 = const 1
  v4 = eq v0, v2
  br v4, b1, b2
b1:
  v5 = checked_add.u64 v1, v3
  return v5
b2:
  v6 = checked_sub.u64 v0, v3
  v7 = eq v1, v2
  br v7, b3, b4
b3:
  v8 = call f1(v6, v3)
  return v8
b4:
  v9 = checked_sub.u64 v1, v3
  v10 = call f1(v0, v9)
  v11 = call f1(v6, v10)
  return v11
}
",
    );
    assert_eq!(result, 21);
}

#[test]
fn mutual_recursion_and_truth_values() {
    let (result, _) = run_text(
        "
frame_area 0
entry f0
func f0 @main(v0: word, v1: word) -> (word) {
b0(v0: word, v1: word):
  v2 = const 21
  v3 = call f1(v2)
  v4 = word v3
  v5 = const 9
  v6 = call f3(v5)
  v7 = const 100
  v8 = mul v4, v7
  v9 = add v8, v6
  return v9
}
func f1 @odd(v0: word) -> (bool) {
b0(v0: word):
  v1 = const 0
  v2 = eq v0, v1
  br v2, b1, b2
b1:
  v3 = bool false
  return v3
b2:
  v4 = const 1
  v5 = sub v0, v4
  v6 = call f2(v5)
  return v6
}
func f2 @even(v0: word) -> (bool) {
b0(v0: word):
  v1 = const 0
  v2 = eq v0, v1
  br v2, b1, b2
b1:
  v3 = bool true
  return v3
b2:
  v4 = const 1
  v5 = sub v0, v4
  v6 = call f1(v5)
  v7 = not v6
  v8 = not v7
  return v8
}
func f3 @countdown(v0: word) -> (word) {
b0(v0: word):
  jump b3(v0)
b3(v4: word):
  v1 = const 2
  v2 = ult v4, v1
  br v2, b1, b2
b1:
  return v4
b2:
  v3 = sub v4, v1
  jump b3(v3)
}
",
    );
    assert_eq!(result, 101);
}

/// A function that loads `count` words and then uses all of them after a call, so that most must be spilled.
fn pressure(count: usize, frame_area: u32) -> Module {
    let word = Type::Word;
    let mut main = Function::new("main", &[word, word], &[word]);
    let entry = Function::ENTRY;
    let span = |n: usize| Some(Span::new(FormId(7), TextRange::new(n as u32 * 10, n as u32 * 10 + 5)));
    let base = main.params()[0];
    let mut values: Vec<Value> = Vec::new();
    for n in 0..count {
        let three = main.append_value(entry, Op::Const(3 * n as u64), word, None);
        values.push(main.append_value(entry, Op::Binary(BinaryOp::Xor, base, three), word, span(n)));
    }
    let call = main.append(entry, Op::Call(Func(1), [values[0]].into_iter().collect()), &[word], None);
    let mut sum = main.insts[call].results[0];
    for value in values {
        let seven = main.append_value(entry, Op::Const(7), word, None);
        sum = main.append_value(entry, Op::Binary(BinaryOp::Mul, sum, seven), word, None);
        sum = main.append_value(entry, Op::Binary(BinaryOp::Add, sum, value), word, None);
    }
    main.blocks[entry].terminator = Terminator::Return([sum].into_iter().collect());
    let mut callee = Function::new("callee", &[word], &[word]);
    let argument = callee.params()[0];
    callee.blocks[entry].terminator = Terminator::Return([argument].into_iter().collect());
    Module {
        functions: [main, callee].into_iter().collect(),
        entry: Func(0),
        frame_area,
        ..Module::default()
    }
}

#[test]
fn values_that_do_not_fit_registers_are_spilled_across_calls() {
    for count in [3, 5, 10, 40, 400] {
        run(&pressure(count, 64));
    }
    let program = compile(&pressure(40, 0), &Options::default()).unwrap();
    assert!(program.functions[0].frame_bytes >= 8 * 30, "{}", program.listing());
}

#[test]
fn a_frame_that_is_too_large_is_reported_with_its_values() {
    for (count, frame_area) in [(600, 0), (200, 3000)] {
        let errors = compile(&pressure(count, frame_area), &Options::default()).unwrap_err();
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0].code, Code::FrameTooLarge);
        assert!(errors[0].message.contains("`main`"), "{}", errors[0].message);
        assert!(!errors[0].labels.is_empty());
        assert!(errors[0].labels.iter().all(|label| label.span.form == FormId(7)));
    }
}

#[test]
fn more_than_nine_arguments_are_reported() {
    let mut text = String::from(
        "frame_area 0\nentry f0\nfunc f0 @main(v0: word, v1: word) -> (word) {\nb0(v0: word, v1: word):\n",
    );
    text += "  v2 = call f1(v0, v0, v0, v0, v0, v0, v0, v0, v0, v0)\n  return v2\n}\nfunc f1 @many(";
    let params: Vec<String> = (0..10).map(|n| format!("v{n}: word")).collect();
    let params = params.join(", ");
    let _ = writeln!(text, "{params}) -> (word) {{\nb0({params}):\n  return v9\n}}");
    let errors = compile(&parse(&text).unwrap(), &Options::default()).unwrap_err();
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].code, Code::TooManyArguments);
    assert!(errors[0].message.contains("`many` takes 10 words"), "{errors:?}");
}

#[test]
fn more_results_than_registers_are_reported() {
    let text = |results: usize, fails: bool| {
        let types = vec!["word"; results].join(", ");
        let taken: Vec<String> = (2..results + 2).map(|n| format!("v{n}")).collect();
        let given = vec!["v0"; results].join(", ");
        let check = if fails { "  v1 = checked_add.u64 v0, v0\n" } else { "" };
        format!(
            "frame_area 0\nentry f0\nfunc f0 @main(v0: word, v1: word) -> (word) {{\nb0(v0: word, v1: word):\n  \
             {} = call f1(v0)\n  return v2\n}}\nfunc f1 @several(v0: word) -> ({types}) {{\nb0(v0: word):\n\
             {check}  return {given}\n}}\n",
            taken.join(", ")
        )
    };
    for (results, fails) in [(6, false), (5, true)] {
        assert!(compile(&parse(&text(results, fails)).unwrap(), &Options::default()).is_ok());
        let errors = compile(&parse(&text(results + 1, fails)).unwrap(), &Options::default()).unwrap_err();
        assert_eq!(errors[0].code, Code::TooManyArguments);
        assert!(errors[0].message.contains(&format!("at most {results}")), "{errors:?}");
    }
}

/// A function of `arms` arms in a loop, each of `length` instructions and with a check.
fn long_function(arms: usize, length: usize) -> Module {
    let word = Type::Word;
    let mut main = Function::new("main", &[word, word], &[word]);
    let entry = Function::ENTRY;
    let constant = |main: &mut Function, block, value| main.append_value(block, Op::Const(value), word, None);
    let compare = |main: &mut Function, block, condition, a, b| {
        main.append_value(block, Op::Compare(condition, a, b), Type::Bool, None)
    };
    let base = main.params()[0];
    let head = main.add_block();
    let (round, sum) = (main.add_param(head, word), main.add_param(head, word));
    let zero = constant(&mut main, entry, 0);
    let to = |block, args: &[Value]| ovsm_ir::Target { block, args: args.iter().copied().collect() };
    main.blocks[entry].terminator = Terminator::Jump(to(head, &[zero, base]));
    let latch = main.add_block();
    let joined = main.add_param(latch, word);
    let mut test = head;
    for arm in 0..arms {
        let (body, next) = (main.add_block(), main.add_block());
        let number = constant(&mut main, test, arm as u64);
        let is_it = compare(&mut main, test, ovsm_ir::Condition::Equal, round, number);
        main.blocks[test].terminator = Terminator::Branch(is_it, to(body, &[]), to(next, &[]));
        let mut value = sum;
        for n in 0..length {
            let op = if n % 2 == 0 { BinaryOp::Add } else { BinaryOp::Xor };
            value = main.append_value(body, Op::Binary(op, value, base), word, None);
        }
        let limit = constant(&mut main, body, 77);
        let fails = compare(&mut main, body, ovsm_ir::Condition::Equal, value, limit);
        main.append(body, Op::FailIf(fails, Failure::NotSigner), &[], None);
        main.blocks[body].terminator = Terminator::Jump(to(latch, &[value]));
        test = next;
    }
    main.blocks[test].terminator = Terminator::Return([sum].into_iter().collect());
    let one = constant(&mut main, latch, 1);
    let next = main.append_value(latch, Op::Binary(BinaryOp::Add, round, one), word, None);
    main.blocks[latch].terminator = Terminator::Jump(to(head, &[next, joined]));
    Module { functions: [main].into_iter().collect(), entry: Func(0), ..Module::default() }
}

#[test]
fn jumps_reach_across_long_functions() {
    for (arms, length) in [(3, 12_000), (1, 34_000), (40, 1_000)] {
        let module = long_function(arms, length);
        let mut memory = Memory::for_module(&module, Input::default());
        let limits = Limits { fuel: 1 << 30, ..Limits::default() };
        let Outcome::Returned(wanted) = interpret(&module, &mut memory, &mut ScriptHost::default(), limits)
        else {
            panic!("the interpreter does not return");
        };
        for version in [Version::V0, Version::V3] {
            let program = compile(&module, &Options { version, ..Options::default() }).unwrap();
            assert!(program.spans.len() > arms * length);
            let machine = Machine::load(&program.elf).unwrap();
            let run = machine.run(Engine::Jit, Input::default().bytes(), 0x4_0000_0000, 10_000_000);
            assert_eq!(run.exit, Exit::Returned(wanted[0]));
        }
    }
}

#[test]
fn a_program_that_no_account_can_hold_is_reported() {
    let mut module = parse(
        "
frame_area 0
entry f0
func f0 @main(v0: word, v1: word) -> (word) {
b0(v0: word, v1: word):
  return v0
}
",
    )
    .unwrap();
    module.data.push(vec![7; 11 << 20]);
    let errors = compile(&module, &Options::default()).unwrap_err();
    assert_eq!(errors[0].code, Code::ProgramTooLarge);
}

#[test]
fn functions_that_nothing_calls_are_left_out() {
    let program = compiled(
        "
frame_area 0
entry f1
func f0 @unused(v0: word) -> (word) {
b0(v0: word):
  return v0
}
func f1 @main(v0: word, v1: word) -> (word) {
b0(v0: word, v1: word):
  v2 = const 3
  return v2
}
",
    );
    assert_eq!(program.functions.len(), 1);
    assert_eq!(program.instructions(), 2);
}

#[test]
fn the_frame_area_is_addressed_through_the_frame_pointer() {
    let program = compiled(
        "
frame_area 64
entry f0
func f0 @main(v0: word, v1: word) -> (word) {
b0(v0: word, v1: word):
  v2 = const 0x200000000
  v3 = const 5
  store.w8.frame v2+8, v3
  v4 = load.w4.frame v2+8
  v5 = const 0x200000008
  v6 = load.w2.frame v5
  v7 = add v4, v6
  return v7
}
",
    );
    let listing = program.listing();
    assert!(listing.contains("stdw [r10-4088], 5") && listing.contains("[r10-4088]"), "{listing}");
    assert!(!listing.contains("lddw"), "{listing}");
    assert_eq!(
        Machine::load(&program.elf).unwrap().run(Engine::Jit, &[0; 8], 0x4_0000_0000, 100).exit,
        Exit::Returned(10)
    );
}

#[test]
fn instructions_know_their_source() {
    let module = pressure(3, 0);
    let program = compile(&module, &Options::default()).unwrap();
    let spans: Vec<u32> = program.spans.iter().flatten().map(|span| span.range.start).collect();
    assert!(spans.contains(&10) && spans.contains(&20), "{spans:?}");
}

#[test]
fn a_function_that_begins_by_calling_itself_is_no_syscall() {
    // In v0 a call of offset -1 is the mark of a syscall.
    let text = "
frame_area 0
entry f0
func f0 @main(v0: word, v1: word) -> (word) {
b0(v0: word, v1: word):
  call f1()
  v2 = const 0
  return v2
}
func f1 @forever() -> () {
b0:
  call f1()
  return
}
";
    for version in [Version::V0, Version::V3] {
        let program = compile(&parse(text).unwrap(), &Options { version, ..Options::default() }).unwrap();
        let machine = Machine::load(&program.elf).unwrap();
        for engine in Engine::ALL {
            let run = machine.run(engine, &[0; 64], 0x4_0000_0000, 10_000);
            assert!(
                matches!(&run.exit, Exit::Faulted(reason) if reason.contains("call depth")),
                "{:?}",
                run.exit
            );
        }
    }
}
