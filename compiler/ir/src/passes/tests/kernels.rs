//! What the levels achieve on small programs, counted in interpreted instructions, and that the results stay right.

use super::{Module, OptLevel, optimize};
use crate::failure::Failure;
use crate::interpret::{Limits, Outcome, interpret};
use crate::machine::{Fault, INPUT_BASE, Input, Memory, ScriptHost};
use crate::text::{parse, print};

/// Pseudo-random words.
fn words(count: usize) -> Vec<u64> {
    let mut x = 42u64;
    (0..count)
        .map(|_| {
            x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            x
        })
        .collect()
}

fn run(module: &Module, input: &[u64], fuel: u64) -> Outcome {
    let mut bytes: Vec<u8> = input.iter().flat_map(|word| word.to_le_bytes()).collect();
    bytes.resize(bytes.len() + 64, 0);
    let mut memory = Memory::for_module(module, Input::from_bytes(bytes));
    assert!(memory.load(INPUT_BASE, crate::op::Width::W1).is_ok());
    interpret(module, &mut memory, &mut ScriptHost::default(), Limits { fuel, ..Limits::default() })
}

/// Checks a program at every level, and that O2 and O3 stay below a number of instructions and terminators.
fn kernel(text: &str, input: &[u64], result: u64, limits: [u64; 2]) {
    let original = parse(text).unwrap();
    for level in OptLevel::ALL {
        let mut module = original.clone();
        optimize(&mut module, level);
        let fuel = match level {
            OptLevel::O0 | OptLevel::O1 | OptLevel::Os => 10_000_000,
            OptLevel::O2 => limits[0],
            OptLevel::O3 => limits[1],
        };
        let outcome = run(&module, input, fuel);
        assert_eq!(outcome, Outcome::Returned(vec![result]), "{level:?}\n{}", print(&module));
    }
}

#[test]
fn fib_iter() {
    kernel(include_str!("kernels/fib_iter.ir"), &[90], 2_880_067_194_370_816_120, [220, 200]);
    for n in 0..20 {
        let (mut a, mut b) = (0u64, 1u64);
        for _ in 0..n {
            (a, b) = (b, a + b);
        }
        kernel(include_str!("kernels/fib_iter.ir"), &[n], a, [1000, 1000]);
    }
}

#[test]
fn fib_rec() {
    kernel(include_str!("kernels/fib_rec.ir"), &[20], 6765, [7000, 7000]);
    for (n, result) in [0u64, 1, 1, 2, 3, 5, 8, 13].into_iter().enumerate() {
        kernel(include_str!("kernels/fib_rec.ir"), &[n as u64], result, [1000, 1000]);
    }
}

#[test]
fn sum() {
    for n in 0..40u64 {
        let numbers = words(n as usize);
        let result = numbers.iter().fold(0u64, |sum, word| sum.wrapping_add(*word));
        let input: Vec<u64> = std::iter::once(n).chain(numbers).collect();
        kernel(include_str!("kernels/sum.ir"), &input, result, [7 * n + 30, 8 * n + 40]);
    }
    // A count beyond the memory faults, however large it is.
    for n in [9, 1000, 1 << 36, (1 << 61) + 2, u64::MAX] {
        for level in OptLevel::ALL {
            let mut module = parse(include_str!("kernels/sum.ir")).unwrap();
            optimize(&mut module, level);
            let outcome = run(&module, &[n], 1_000_000);
            assert!(
                matches!(outcome, Outcome::Faulted { fault: Fault::MemoryAccess { .. }, .. }),
                "{level:?} {n} {outcome:?}"
            );
        }
    }
}

#[test]
fn count_down() {
    let text = include_str!("kernels/count_down.ir");
    for n in 0..40u64 {
        let numbers = words(n as usize);
        let result = numbers.iter().fold(0u64, |sum, word| sum.wrapping_mul(3).wrapping_add(*word));
        let input: Vec<u64> = std::iter::once(n).chain(numbers).collect();
        kernel(text, &input, result, [6 * n + 40, 6 * n + 50]);
    }
    for n in [9, 1000, 1 << 36, (1 << 61) + 2, u64::MAX] {
        for level in OptLevel::ALL {
            let mut module = parse(text).unwrap();
            optimize(&mut module, level);
            let outcome = run(&module, &[n], 1_000_000);
            assert!(
                matches!(outcome, Outcome::Faulted { fault: Fault::MemoryAccess { .. }, .. }),
                "{level:?} {n} {outcome:?}"
            );
        }
    }
}

#[test]
fn count_down_to_a_bound() {
    let text = include_str!("kernels/count_down_to.ir");
    for (n, bound) in (0..20).flat_map(|n| (0..20).map(move |bound| (n, bound))) {
        let (mut a, mut b) = (0u64, 1u64);
        for _ in bound..n {
            (a, b) = (b, a + b);
        }
        kernel(text, &[n, bound], a * 1000 + n.min(bound), [1000, 1000]);
        let high = u64::MAX - 20;
        kernel(text, &[high + n, high + bound], (a * 1000).wrapping_add(high + n.min(bound)), [1000, 1000]);
    }
}

#[test]
fn checked_sum() {
    let text = include_str!("kernels/sum_checked.ir");
    for n in 0..20u64 {
        let input: Vec<u64> = std::iter::once(n).chain(1..=n).collect();
        kernel(text, &input, n * (n + 1) / 2, [8 * n + 40, 8 * n + 50]);
    }
    kernel(text, &[u64::MAX], 0, [100, 100]);
    for level in OptLevel::ALL {
        let mut module = parse(text).unwrap();
        optimize(&mut module, level);
        let overflow = run(&module, &[3, u64::MAX, 1, 0], 1000);
        assert!(
            matches!(overflow, Outcome::Failed { failure: Failure::Overflow, .. }),
            "{level:?} {overflow:?}"
        );
        for n in [100, 1 << 36, (1 << 60) + 1, i64::MAX as u64] {
            let beyond = run(&module, &[n], 1_000_000);
            assert!(
                matches!(beyond, Outcome::Faulted { fault: Fault::MemoryAccess { .. }, .. }),
                "{level:?} {n} {beyond:?}"
            );
        }
    }
}

#[test]
fn bubble_sort() {
    let numbers: Vec<u64> = words(64).into_iter().map(|word| word >> 1).collect();
    let least = numbers.iter().min().copied().unwrap();
    let input: Vec<u64> = std::iter::once(64).chain(numbers).collect();
    kernel(include_str!("kernels/bubble.ir"), &input, least, [20_000, 18_000]);
    kernel(include_str!("kernels/bubble.ir"), &[1, 7], 7, [100, 100]);
    kernel(include_str!("kernels/bubble.ir"), &[2, 7, 5], 5, [100, 100]);
    for level in OptLevel::ALL {
        let mut module = parse(include_str!("kernels/bubble.ir")).unwrap();
        optimize(&mut module, level);
        assert!(matches!(run(&module, &[0], 1000), Outcome::Failed { failure: Failure::Overflow, .. }));
    }
}

#[test]
fn gcd() {
    let numbers = words(2);
    kernel(include_str!("kernels/gcd.ir"), &numbers, 1, [250, 250]);
    kernel(include_str!("kernels/gcd.ir"), &[12, 18], 6, [50, 50]);
    kernel(include_str!("kernels/gcd.ir"), &[12, 0], 12, [50, 50]);
}

#[test]
fn isqrt() {
    let numbers: Vec<u64> = (0..16).zip(words(16)).map(|(i, word)| word >> (3 * i)).collect();
    let input: Vec<u64> = std::iter::once(16).chain(numbers).collect();
    kernel(include_str!("kernels/isqrt.ir"), &input, 4_516_777_523, [5000, 5000]);
}

#[test]
fn matmul() {
    let input: Vec<u64> =
        std::iter::once(0).chain(words(128).into_iter().map(|word| word >> 40)).chain([0; 64]).collect();
    kernel(include_str!("kernels/matmul.ir"), &input, 743_639_641_836_140, [2800, 2400]);
}

#[test]
fn conditions() {
    for (a, b, result) in [(4, 1, 10), (4, 2, 20), (4, 3, 10), (5, 1, 20), (9, 2, 20)] {
        kernel(include_str!("kernels/and_or.ir"), &[a, b], result, [13, 13]);
    }
}
