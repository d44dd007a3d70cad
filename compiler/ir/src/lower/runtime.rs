//! The compiler's own library: functions that lowering calls for what takes more than a few operations.
//!
//! They are written in the IR's text form in `runtime.ir`, parsed once, and linked like any other function, so that
//! inlining and every other pass sees them.

use crate::function::{Func, Function, Module};
use crate::op::Op;
use std::sync::OnceLock;

const TEXT: &str = include_str!("runtime.ir");

macro_rules! runtime {
    ($($name:ident $text:literal;)*) => {
        /// A function of the compiler's own library.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Runtime { $(#[doc = concat!("`", $text, "`; see `runtime.ir`.")] $name),* }

        impl Runtime {
            /// Every function.
            pub const ALL: &'static [Runtime] = &[$(Runtime::$name),*];

            /// Its name in `runtime.ir`.
            pub const fn name(self) -> &'static str {
                match self { $(Runtime::$name => $text),* }
            }
        }
    };
}

runtime! {
    AccountTable "runtime.account_table";
    StringEqual "runtime.string_equal";
    SaturatingAddU64 "runtime.saturating_add_u64";
    SaturatingSubU64 "runtime.saturating_sub_u64";
    SaturatingMulU64 "runtime.saturating_mul_u64";
    SaturatingAddI64 "runtime.saturating_add_i64";
    SaturatingSubI64 "runtime.saturating_sub_i64";
    SaturatingMulI64 "runtime.saturating_mul_i64";
    MultiplyWords "runtime.multiply_words";
    WideMul "runtime.wide_mul";
    WideDivide "runtime.wide_divide";
    WideShiftLeft "runtime.wide_shift_left";
    WideShiftRight "runtime.wide_shift_right";
    FewAccounts "runtime.few_accounts";
    FindAccount "runtime.find_account";
    LeadingZeros "runtime.leading_zeros";
    DivideDigit "runtime.divide_digit";
    DivideNormalised "runtime.divide_normalised";
    WideWithSign "runtime.wide_with_sign";
    WideMulSigned "runtime.wide_mul_signed";
    WideDivideSigned "runtime.wide_divide_signed";
    WideShiftRightSigned "runtime.wide_shift_right_signed";
    Allocate "runtime.allocate";
    GrowVec "runtime.grow_vec";
    CountCharacters "runtime.count_characters";
    WriteU64 "runtime.write_u64";
    WriteDigits "runtime.write_digits";
    WriteI64 "runtime.write_i64";
    WriteU128 "runtime.write_u128";
    WriteI128 "runtime.write_i128";
    GrowText "runtime.grow_text";
    HeapTop "runtime.heap_top";
    WriteKey "runtime.write_key";
    WidenVec "runtime.widen_vec";
    AllAccounts "runtime.all_accounts";
}

fn library() -> Option<&'static Module> {
    static LIBRARY: OnceLock<Option<Module>> = OnceLock::new();
    LIBRARY.get_or_init(|| crate::text::parse(TEXT).ok()).as_ref()
}

/// Reads the library, so that nobody has to wait for it later.
pub fn warm_up() {
    let _ = library();
}

impl Runtime {
    /// The function's code; its calls are numbered by the library. `None` only if the library does not parse, which
    /// a test rules out.
    pub fn function(self) -> Option<&'static Function> {
        library()?.functions.iter().find(|function| function.name == self.name())
    }

    /// The library function that `callee` is in the library's numbering.
    pub fn callee(callee: Func) -> Option<Runtime> {
        let function = library()?.functions.get(callee)?;
        Runtime::ALL.iter().copied().find(|runtime| runtime.name() == function.name)
    }

    /// How many words it gives.
    pub fn results(self) -> usize {
        self.function().map_or(0, |function| function.results.len())
    }

    /// The library functions that it calls.
    pub fn callees(self) -> Vec<Runtime> {
        let mut callees = Vec::new();
        for inst in self.function().into_iter().flat_map(|function| function.insts.iter()) {
            if let Op::Call(callee, _) = inst.op {
                callees.extend(Runtime::callee(callee));
            }
        }
        callees
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interpret::{Limits, Outcome, interpret};
    use crate::machine::{AccountInput, Input, Memory, STACK_BASE, ScriptHost};
    use crate::passes::{OptLevel, optimize};
    use ovsm_base::index::Index;

    #[test]
    fn the_library_parses_and_is_listed_whole() {
        let module = crate::text::parse(TEXT).unwrap();
        let names: Vec<&str> = module.functions.iter().map(|function| function.name.as_str()).collect();
        let listed: Vec<&str> = Runtime::ALL.iter().map(|runtime| runtime.name()).collect();
        assert_eq!(names, listed);
        for (number, runtime) in Runtime::ALL.iter().enumerate() {
            assert_eq!(Runtime::callee(Func::from_u32(number as u32)), Some(*runtime));
        }
    }

    /// A program that fills a table of accounts and gives four words of it, as it is and optimised.
    fn program(function: Runtime, entries: u64, first: u64) -> [Module; 2] {
        let number = Runtime::ALL.iter().position(|other| *other == function).unwrap();
        let arguments = if function == Runtime::AllAccounts { "v0, v2" } else { "v0, v2, v3" };
        let main = format!(
            "func f{} @main(v0: word, v1: word) -> (word, word, word, word) {{
            b0(v0: word, v1: word):
              v2 = const {STACK_BASE}
              v3 = const {entries}
              call f{number}({arguments})
              v8 = const {}
              v4 = load.w8.frame v8
              v5 = load.w8.frame v8+8
              v6 = load.w8.frame v8+16
              v7 = load.w8.frame v8+24
              return v4, v5, v6, v7
            }}",
            Runtime::ALL.len(),
            STACK_BASE + 8 * first
        );
        let text = TEXT
            .replace("frame_area 0", "frame_area 2040")
            .replace("entry f0", &format!("entry f{}", Runtime::ALL.len()));
        let module = crate::text::parse(&format!("{text}\n{main}")).unwrap();
        assert_eq!(crate::verify::verify(&module), Ok(()));
        let mut optimised = module.clone();
        optimize(&mut optimised, OptLevel::O2);
        [module, optimised]
    }

    #[test]
    fn both_walks_find_the_same_accounts() {
        let programs: Vec<(u64, Module)> = (2..=4)
            .flat_map(|entries| {
                let both = [Runtime::AccountTable, Runtime::FewAccounts];
                both.into_iter()
                    .flat_map(move |walk| program(walk, entries, 0))
                    .map(move |module| (entries, module))
            })
            .collect();
        // Each account is new, with data of some length, or the same as an earlier one.
        for shape in 0..4 * 4 * 4u32 {
            let kinds = [4, shape % 4, shape / 4 % 4, shape / 16 % 4];
            let mut accounts: Vec<AccountInput> = Vec::new();
            for (place, kind) in kinds.into_iter().enumerate() {
                let kind = kind as usize;
                let is_new = kind >= place || accounts[kind].duplicate_of.is_some();
                accounts.push(AccountInput {
                    data: vec![7; 5 * place + kind],
                    duplicate_of: (!is_new).then_some(kind as u8),
                    ..AccountInput::default()
                });
            }
            for count in [0, 1, 2, 3, 4] {
                let mut tables = programs.iter().map(|(entries, module)| {
                    let input = Input::serialise(&accounts[..count], &[], &[0; 32]);
                    let mut memory = Memory::for_module(module, input);
                    let outcome =
                        interpret(module, &mut memory, &mut ScriptHost::default(), Limits::default());
                    let Outcome::Returned(words) = outcome else { panic!("{outcome:?}") };
                    // A table with fewer entries is the beginning of one with more.
                    (words[..count.min(*entries as usize)].to_vec(), *entries)
                });
                let mut longest: Vec<Vec<u64>> = vec![Vec::new(); 5];
                for (table, entries) in tables.by_ref() {
                    let known = &mut longest[entries as usize];
                    if known.is_empty() {
                        *known = table;
                    } else {
                        assert_eq!(*known, table, "{kinds:?} {count} {entries}");
                    }
                }
                assert!(longest[4].starts_with(&longest[2]) && longest[4].starts_with(&longest[3]));
            }
        }
    }

    #[test]
    fn walks_over_many_accounts_agree() {
        // The number of an account that is there before, as a small generator says.
        let mut state = 42u64;
        let mut next = |below: u64| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) % below
        };
        let programs: Vec<Vec<Module>> = (0..3)
            .map(|group| {
                let both = [Runtime::AccountTable, Runtime::AllAccounts];
                both.into_iter().flat_map(|walk| program(walk, 255, 4 * group)).collect()
            })
            .collect();
        for round in 0..120 {
            let mut accounts: Vec<AccountInput> = Vec::new();
            for place in 0..round % 13 {
                let earlier = if place > 0 && next(3) == 0 { next(place) as usize } else { usize::MAX };
                let is_new = accounts.get(earlier).is_none_or(|account| account.duplicate_of.is_some());
                accounts.push(AccountInput {
                    data: vec![7; next(20) as usize],
                    duplicate_of: (!is_new).then_some(earlier as u8),
                    ..AccountInput::default()
                });
            }
            for group in &programs {
                let tables = group.iter().map(|module| {
                    let input = Input::serialise(&accounts, &[1, 2, 3], &[0; 32]);
                    let mut memory = Memory::for_module(module, input);
                    interpret(module, &mut memory, &mut ScriptHost::default(), Limits::default())
                });
                let tables: Vec<Outcome> = tables.collect();
                assert!(matches!(tables[0], Outcome::Returned(_)), "{:?}", tables[0]);
                assert!(tables.iter().all(|table| *table == tables[0]), "{accounts:?}: {tables:?}");
            }
        }
    }
}
