//! The optimiser: passes over the IR, one file each, and the order in which they run.
//!
//! On the chain every executed instruction costs one compute unit whatever it does, so the passes count
//! instructions and nothing else. They keep what a program does exactly: its results, its logs and syscalls, what it
//! writes before it succeeds, and which failure it ends with. No pass recurses over the control-flow graph, and
//! growth is bounded, so that hostile input only costs time in proportion to its size.
//!
//! Start with [`optimize`].

pub mod block_params;
pub mod unroll;
pub(crate) mod ssa_repair;
pub mod rotate;
pub(crate) mod loops;
pub mod licm;
pub(crate) mod copy_blocks;
pub(crate) mod bounds;
pub(crate) mod call_graph;
pub mod combine;
pub mod compact;
pub mod dce;
pub mod effects;
pub(crate) mod facts;
pub mod gvn;
pub mod inline;
pub mod range;
pub mod sccp;
pub mod simplify_cfg;
pub(crate) mod substitution;
pub mod thread_jumps;
pub(crate) mod uses;

use crate::function::{Function, Module};
use effects::Effects;

/// How much to optimise.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub enum OptLevel {
    /// Nothing.
    O0,
    /// What never makes code larger.
    O1,
    /// Everything with moderate growth.
    #[default]
    O2,
    /// As O2, with more growth.
    O3,
}

impl OptLevel {
    /// Every level.
    pub const ALL: [OptLevel; 4] = [OptLevel::O0, OptLevel::O1, OptLevel::O2, OptLevel::O3];

    fn inlining(self) -> Option<inline::Limits> {
        match self {
            OptLevel::O0 | OptLevel::O1 => None,
            OptLevel::O2 => Some(inline::Limits { small: 30, caller: 10_000 }),
            OptLevel::O3 => Some(inline::Limits { small: 80, caller: 20_000 }),
        }
    }
}

/// A function with more instructions than this is only simplified once.
const LARGE: usize = 50_000;

/// Optimises a well-formed module.
pub fn optimize(module: &mut Module, level: OptLevel) {
    if level == OptLevel::O0 {
        return;
    }
    scalar(module);
    if let Some(limits) = level.inlining() {
        inline_calls(module, &limits);
    }
    for function in module.functions.iter_mut() {
        compact::run(function);
    }
    check(module);
}

/// Inlines bottom up, cleaning each caller before it is looked at as a callee.
fn inline_calls(module: &mut Module, limits: &inline::Limits) {
    let plan = inline::Plan::new(module);
    for &caller in &plan.order {
        if inline::run(module, &plan, caller, limits) {
            check(module);
            let effects = Effects::unknown();
            simplify(&mut module.functions[caller], &effects);
            check(module);
        }
    }
    inline::remove_unreachable(module);
}

/// Runs the passes that never grow code over every function.
fn scalar(module: &mut Module) {
    let effects = Effects::of(module);
    for func in module.functions.indices() {
        simplify(&mut module.functions[func], &effects);
        check(module);
    }
}

/// The passes that never grow code, until they have nothing left to do or it is enough.
fn simplify(function: &mut Function, effects: &Effects) {
    let rounds = if function.insts.len() > LARGE { 1 } else { 3 };
    for _ in 0..rounds {
        let mut changed = simplify_cfg::run(function);
        changed |= sccp::run(function);
        changed |= simplify_cfg::run(function);
        changed |= combine::run(function);
        changed |= gvn::run(function, effects);
        changed |= range::run(function);
        changed |= dce::run(function, effects);
        if !changed {
            break;
        }
    }
    simplify_cfg::run(function);
}

/// In a debug build, makes sure that a pass left the module well-formed.
fn check(module: &Module) {
    debug_assert_eq!(crate::verify::verify(module), Ok(()), "a pass broke the module");
}
