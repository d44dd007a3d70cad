//! Pure kernels, as a front end would write them: right results in both engines, and no more compute units than the
//! best C compiler takes.

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

use ovsm_ir::passes::{OptLevel, optimize};
use ovsm_ir::text::parse;
use ovsm_sbpf::{Options, Version, compile};
use sbpf_machine::{Engine, Exit, Machine};

/// The pseudo-random words of the kernels' inputs.
fn words(count: usize) -> Vec<u64> {
    let mut x = 42u64;
    (0..count)
        .map(|_| {
            x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            x
        })
        .collect()
}

fn bytes(words: impl IntoIterator<Item = u64>) -> Vec<u8> {
    words.into_iter().flat_map(u64::to_le_bytes).collect()
}

/// Runs a kernel and checks its result and that it takes at most `limit` units.
fn kernel(name: &str, input: Vec<u8>, result: u64, limit: u64) {
    let text = match name {
        "fib_iter" => FIB_ITER,
        "fib_rec" => FIB_REC,
        "bubble" => BUBBLE,
        "sum64" => SUM,
        "isqrt" => ISQRT,
        "gcd" => GCD,
        _ => MATMUL,
    };
    for level in OptLevel::ALL {
        let mut module = parse(text).unwrap();
        optimize(&mut module, level);
        for version in [Version::V0, Version::V3] {
            let program =
                compile(&module, &Options { version, small: level == OptLevel::Os, ..Options::default() })
                    .unwrap();
            let machine = Machine::load(&program.elf).unwrap();
            for engine in Engine::ALL {
                let run = machine.run(engine, &input, 0x4_0000_0000, 1_400_000);
                assert_eq!(run.exit, Exit::Returned(result), "{name} {level:?}\n{}", program.listing());
                if level == OptLevel::O2 {
                    assert!(run.units <= limit, "{name}: {} units\n{}", run.units, program.listing());
                }
            }
        }
    }
}

#[test]
fn fib_iter() {
    kernel("fib_iter", bytes([90]), 2_880_067_194_370_816_120, 456);
}

#[test]
fn fib_rec() {
    kernel("fib_rec", bytes([20]), 6765, 149_059);
}

#[test]
fn bubble() {
    let input = bytes(std::iter::once(64).chain(words(64).into_iter().map(|w| w >> 1)));
    kernel("bubble", input, 14_790_387_523_129_532, 15_825);
}

#[test]
fn sum64() {
    let input = bytes(std::iter::once(128).chain(words(128)));
    kernel("sum64", input, 14_777_085_428_569_745_856, 775);
}

#[test]
fn isqrt() {
    let values = words(16).into_iter().enumerate().map(|(i, w)| w >> (3 * i));
    kernel("isqrt", bytes(std::iter::once(16).chain(values)), 4_516_777_523, 2476);
}

#[test]
fn gcd() {
    kernel("gcd", bytes(words(2)), 1, 215);
}

#[test]
fn matmul() {
    let mut input = vec![0u64];
    input.extend(words(128).into_iter().map(|w| w >> 40));
    input.extend([0; 64]);
    kernel("matmul", bytes(input), 743_639_641_836_140, 2524);
}

const FIB_ITER: &str = "
frame_area 0
entry f0
func f0 @main(v0: word, v1: word) -> (word) {
b0(v0: word, v1: word):
  v2 = load.w8.any v0
  v3 = const 0
  v4 = const 1
  jump b1(v3, v3, v4)
b1(v5: word, v6: word, v7: word):
  v8 = ult v5, v2
  br v8, b2, b3
b2:
  v9 = add v6, v7
  v10 = add v5, v4
  jump b1(v10, v7, v9)
b3:
  return v6
}
";

const FIB_REC: &str = "
frame_area 0
entry f0
func f0 @main(v0: word, v1: word) -> (word) {
b0(v0: word, v1: word):
  v2 = load.w8.any v0
  v3 = call f1(v2)
  return v3
}
func f1 @fib(v0: word) -> (word) {
b0(v0: word):
  v1 = const 2
  v2 = ult v0, v1
  br v2, b1, b2
b1:
  return v0
b2:
  v3 = const 1
  v4 = sub v0, v3
  v5 = call f1(v4)
  v6 = sub v0, v1
  v7 = call f1(v6)
  v8 = add v5, v7
  return v8
}
";

const BUBBLE: &str = "
frame_area 0
entry f0
func f0 @main(v0: word, v1: word) -> (word) {
b0(v0: word, v1: word):
  v2 = load.w8.any v0
  v3 = const 0
  v4 = const 1
  v5 = const 8
  v6 = sub v2, v4
  v7 = add v0, v5
  v8 = const 3
  jump b1(v3)
b1(v10: word):
  v11 = ult v10, v6
  br v11, b2, b8
b2:
  v12 = sub v6, v10
  jump b3(v3)
b3(v13: word):
  v14 = ult v13, v12
  br v14, b4, b7
b4:
  v15 = shl v13, v8
  v16 = add v7, v15
  v17 = load.w8.any v16
  v18 = load.w8.any v16+8
  v19 = ugt v17, v18
  br v19, b5, b6
b5:
  store.w8.any v16, v18
  store.w8.any v16+8, v17
  jump b6
b6:
  v20 = add v13, v4
  jump b3(v20)
b7:
  v21 = add v10, v4
  jump b1(v21)
b8:
  v22 = load.w8.any v7
  return v22
}
";

const SUM: &str = "
frame_area 0
entry f0
func f0 @main(v0: word, v1: word) -> (word) {
b0(v0: word, v1: word):
  v2 = load.w8.any v0
  v3 = const 0
  v4 = const 1
  v5 = const 8
  v6 = const 3
  v7 = add v0, v5
  jump b1(v3, v3)
b1(v10: word, v11: word):
  v12 = ult v10, v2
  br v12, b2, b3
b2:
  v13 = shl v10, v6
  v14 = add v7, v13
  v15 = load.w8.any v14
  v16 = add v11, v15
  v17 = add v10, v4
  jump b1(v17, v16)
b3:
  return v11
}
";

const ISQRT: &str = "
frame_area 0
entry f0
func f0 @main(v0: word, v1: word) -> (word) {
b0(v0: word, v1: word):
  v2 = load.w8.any v0
  v3 = const 0
  v4 = const 1
  v5 = const 8
  v6 = const 3
  v7 = add v0, v5
  jump b1(v3, v3)
b1(v10: word, v11: word):
  v12 = ult v10, v2
  br v12, b2, b3
b2:
  v13 = shl v10, v6
  v14 = add v7, v13
  v15 = load.w8.any v14
  v16 = call f1(v15)
  v17 = add v11, v16
  v18 = add v10, v4
  jump b1(v18, v17)
b3:
  return v11
}
func f1 @isqrt(v0: word) -> (word) {
b0(v0: word):
  v1 = const 1
  v2 = const 2
  v3 = ult v0, v2
  br v3, b1, b2
b1:
  return v0
b2:
  v4 = lshr v0, v1
  v5 = add v4, v1
  jump b3(v0, v5)
b3(v6: word, v7: word):
  v8 = ult v7, v6
  br v8, b4, b5
b4:
  v9 = udiv v0, v7
  v10 = add v9, v7
  v11 = lshr v10, v1
  jump b3(v7, v11)
b5:
  return v6
}
";

const GCD: &str = "
frame_area 0
entry f0
func f0 @main(v0: word, v1: word) -> (word) {
b0(v0: word, v1: word):
  v2 = load.w8.any v0
  v3 = load.w8.any v0+8
  v4 = const 0
  jump b1(v2, v3)
b1(v5: word, v6: word):
  v7 = ne v6, v4
  br v7, b2, b3
b2:
  v8 = urem v5, v6
  jump b1(v6, v8)
b3:
  return v5
}
";

const MATMUL: &str = "
frame_area 0
entry f0
func f0 @main(v0: word, v1: word) -> (word) {
b0(v0: word, v1: word):
  v2 = const 0
  v3 = const 1
  v4 = const 8
  v5 = const 520
  v6 = const 1032
  v7 = const 3
  v8 = add v0, v4
  v9 = add v0, v5
  v10 = add v0, v6
  jump b1(v2)
b1(v11: word):
  v12 = ult v11, v4
  br v12, b2, b9
b2:
  jump b3(v2)
b3(v13: word):
  v14 = ult v13, v4
  br v14, b4, b8
b4:
  jump b5(v2, v2)
b5(v15: word, v16: word):
  v17 = ult v15, v4
  br v17, b6, b7
b6:
  v18 = mul v11, v4
  v19 = add v18, v15
  v20 = shl v19, v7
  v21 = add v8, v20
  v22 = load.w8.any v21
  v23 = mul v15, v4
  v24 = add v23, v13
  v25 = shl v24, v7
  v26 = add v9, v25
  v27 = load.w8.any v26
  v28 = mul v22, v27
  v29 = add v16, v28
  v30 = add v15, v3
  jump b5(v30, v29)
b7:
  v31 = mul v11, v4
  v32 = add v31, v13
  v33 = shl v32, v7
  v34 = add v10, v33
  store.w8.any v34, v16
  v35 = add v13, v3
  jump b3(v35)
b8:
  v36 = add v11, v3
  jump b1(v36)
b9:
  v37 = load.w8.any v10+504
  return v37
}
";
