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
}

fn library() -> Option<&'static Module> {
    static LIBRARY: OnceLock<Option<Module>> = OnceLock::new();
    LIBRARY.get_or_init(|| crate::text::parse(TEXT).ok()).as_ref()
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
}
