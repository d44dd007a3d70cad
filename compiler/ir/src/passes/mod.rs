//! The optimiser: passes over the IR, one file each, and the order in which they run.
//!
//! On the chain every executed instruction costs one compute unit whatever it does, so the passes count
//! instructions and nothing else. They keep what a program does exactly: its results, its logs and syscalls, what it
//! writes before it succeeds, and which failure it ends with. No pass recurses over the control-flow graph, and
//! growth is bounded, so that hostile input only costs time in proportion to its size.
//!
//! Start with [`optimize`].

pub(crate) mod alias;
pub mod block_params;
pub(crate) mod bounds;
pub(crate) mod call_graph;
pub mod canonical_loops;
pub mod combine;
pub mod compact;
pub(crate) mod copy_blocks;
pub mod dce;
pub mod effects;
pub mod exit_test;
pub(crate) mod facts;
pub mod gvn;
pub mod hoist;
pub mod inline;
pub mod licm;
pub(crate) mod linear;
pub(crate) mod loops;
pub(crate) mod memory_bounds;
pub mod promote;
pub mod range;
pub mod rotate;
pub mod sccp;
pub mod simplify_cfg;
pub mod sink;
pub(crate) mod size;
pub(crate) mod ssa_repair;
pub mod strength;
pub(crate) mod substitution;
pub mod thread_jumps;
pub mod unroll;
pub mod unroll_partially;
pub(crate) mod uses;

use crate::function::{Func, Function, Module};
use effects::Effects;
use ovsm_base::threads;
use std::collections::BTreeSet;
use thread_jumps::Headers;

/// How much to optimise.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub enum OptLevel {
    /// Nothing.
    O0,
    /// What never makes code larger.
    O1,
    /// As little code as possible: everything that makes it smaller, nothing that makes it larger.
    Os,
    /// Everything with moderate growth.
    #[default]
    O2,
    /// As O2, with more growth.
    O3,
}

impl OptLevel {
    /// Every level.
    pub const ALL: [OptLevel; 5] = [OptLevel::O0, OptLevel::O1, OptLevel::Os, OptLevel::O2, OptLevel::O3];

    fn inlining(self) -> inline::Limits {
        match self {
            OptLevel::O0 | OptLevel::O1 => inline::Limits { small: 0, caller: 0, recursive: 0 },
            OptLevel::Os => inline::Limits { small: 8, caller: 10_000, recursive: 0 },
            OptLevel::O2 => inline::Limits { small: 30, caller: 10_000, recursive: 20 },
            OptLevel::O3 => inline::Limits { small: 80, caller: 20_000, recursive: 40 },
        }
    }

    fn unrolling(self) -> unroll::Limits {
        match self {
            OptLevel::O0 | OptLevel::O1 | OptLevel::Os => unroll::Limits { trips: 0, size: 0, total: 0 },
            OptLevel::O2 => unroll::Limits { trips: 16, size: 256, total: 1_000 },
            OptLevel::O3 => unroll::Limits { trips: 64, size: 512, total: 4_000 },
        }
    }

    fn partial_unrolling(self) -> unroll_partially::Limits {
        match self {
            OptLevel::O0 | OptLevel::O1 | OptLevel::Os => {
                unroll_partially::Limits { size: 0, factor: 0, rotating: 0, total: 0 }
            }
            OptLevel::O2 => unroll_partially::Limits { size: 32, factor: 4, rotating: 4, total: 500 },
            OptLevel::O3 => unroll_partially::Limits { size: 64, factor: 8, rotating: 8, total: 4_000 },
        }
    }
}

/// A function with more instructions than this gets fewer rounds.
const LARGE: usize = 20_000;
/// A caller with more instructions than this is cleaned only after everything is inlined.
const SMALL: usize = 300;
/// Rounds of cleaning at most.
const ROUNDS: usize = 2;
/// How many levels of nested loops can be unrolled into each other.
const UNROLL_ROUNDS: usize = 3;

/// Optimises a well-formed module.
pub fn optimize(module: &mut Module, level: OptLevel) {
    optimize_apart(module, level, None);
}

/// Optimises a well-formed module; one function stays a function of its own, so that it can be measured.
pub fn optimize_apart(module: &mut Module, level: OptLevel, apart: Option<Func>) {
    match level {
        OptLevel::O0 => {}
        // Copies of a function may be smaller than the function and its calls, when the arguments are constants: only
        // trying tells.
        OptLevel::Os => {
            let mut eager = module.clone();
            run(module, level, &level.inlining(), apart);
            run(&mut eager, level, &OptLevel::O2.inlining(), apart);
            if size::estimate(&eager) < size::estimate(module) {
                *module = eager;
            }
        }
        _ => run(module, level, &level.inlining(), apart),
    }
}

fn run(module: &mut Module, level: OptLevel, inlining: &inline::Limits, apart: Option<Func>) {
    let is_called =
        module.functions.iter().any(|function| call_graph::callees(function).contains(&module.entry));
    mark_entry(module, !is_called);
    // Inlining cleans again.
    let rounds = if level > OptLevel::O1 { 1 } else { ROUNDS };
    each(module, |function, effects| simplify_rounds(function, effects, level, rounds));
    if level > OptLevel::O1 {
        inline_calls(module, level, inlining, apart);
        if promote::run(module) {
            check(module);
            let effects = Effects::of(module);
            simplify(&mut module.functions[module.entry], &effects, level);
        }
        module.functions.iter_mut().for_each(compact::run);
        each(module, |function, effects| improve_loops(function, effects, level));
    }
    inline::remove_unreachable(module);
    let effects = Effects::of(module);
    let finish = |function: &mut Function| {
        if simplify_cfg::run(function, Headers::Joined) {
            combine::run(function);
            gvn::run(function, &effects);
            dce::run(function, &effects);
            simplify_cfg::run(function, Headers::Joined);
        }
        sink::run(function);
        // What is left on both sides after sinking is needed there.
        if level > OptLevel::O1 {
            hoist::run(function);
        }
        dce::run(function, &effects);
        compact::run(function);
    };
    each_of(module, |_| true, finish);
    mark_entry(module, false);
    check(module);
}

fn mark_entry(module: &mut Module, gets_input: bool) {
    let entry = module.entry;
    if let Some(function) = module.functions.get_mut(entry) {
        function.gets_input = gets_input;
    }
}

/// Runs something over every function that the entry reaches.
fn each(module: &mut Module, run: impl Fn(&mut Function, &Effects) + Sync) {
    let reached: BTreeSet<Func> = call_graph::callees_first(module).into_iter().collect();
    let effects = Effects::of(module);
    each_of(module, |func| reached.contains(&func), |function| run(function, &effects));
    check(module);
}

/// A module with fewer instructions than this is not worth more than one thread.
const WORTH_THREADS: usize = 2_000;

/// Runs something over those functions that are wanted; on several threads if that is worth it. None sees another one.
fn each_of(module: &mut Module, is_wanted: impl Fn(Func) -> bool, run: impl Fn(&mut Function) + Sync) {
    let wanted = module.functions.iter_enumerated_mut().filter(|(func, _)| is_wanted(*func));
    let mut functions: Vec<&mut Function> = wanted.map(|(_, function)| function).collect();
    if functions.iter().map(|function| function.insts.len()).sum::<usize>() < WORTH_THREADS {
        functions.into_iter().for_each(run);
        return;
    }
    // The largest first, so that no thread is left with it at the end.
    functions.sort_by_key(|function| std::cmp::Reverse(function.insts.len()));
    threads::each(functions, run);
}

/// Inlines bottom up, cleaning each caller before it is looked at as a callee.
fn inline_calls(module: &mut Module, level: OptLevel, limits: &inline::Limits, apart: Option<Func>) {
    let plan = inline::Plan::new(module).apart(apart);
    let effects = Effects::of(module);
    let mut uncleaned = BTreeSet::new();
    for &caller in &plan.order {
        if !inline::run(module, &plan, caller, limits) {
            continue;
        }
        // A chain of functions with one caller each grows link by link: cleaning it at every link would be quadratic.
        let function = &mut module.functions[caller];
        match function.insts.len() <= SMALL {
            true => simplify(function, &effects, level),
            false => {
                uncleaned.insert(caller);
            }
        }
    }
    // Those whose only call was inlined are not reached any more.
    let reached: BTreeSet<Func> = call_graph::callees_first(module).into_iter().collect();
    let is_uncleaned = |func| uncleaned.contains(&func) && reached.contains(&func);
    each_of(module, is_uncleaned, |function| simplify(function, &effects, level));
    check(module);
    let effects = Effects::of(module);
    for &func in &plan.order {
        let function = &mut module.functions[func];
        let repeatable = effects.call(func).is_repeatable();
        if inline::unfold_recursion(function, func, limits, repeatable) {
            simplify(function, &effects, level);
            if repeatable && simplify_cfg::copy_returns(function, true) {
                simplify(function, &effects, level);
            }
        }
    }
    check(module);
    inline::remove_unreachable(module);
    let entry: Func = module.entry;
    debug_assert!(module.functions.get(entry).is_some());
}

/// The passes that never grow code, until they have nothing left to do or it is enough.
fn simplify(function: &mut Function, effects: &Effects, level: OptLevel) {
    simplify_rounds(function, effects, level, ROUNDS);
}

fn simplify_rounds(function: &mut Function, effects: &Effects, level: OptLevel, most: usize) {
    let rounds = if function.insts.len() > LARGE { 1 } else { most };
    let mut changed = simplify_cfg::run(function, Headers::Apart);
    for round in 0..rounds {
        if sccp::run(function) {
            changed = true;
            simplify_cfg::run(function, Headers::Apart);
        }
        changed |= combine::run(function);
        changed |= gvn::run(function, effects);
        // What ranges prove seldom lets them prove more.
        if level > OptLevel::O1 && round == 0 {
            changed |= range::run(function);
        }
        if !changed {
            break;
        }
        dce::run(function, effects);
        // It leaves nothing for the beginning of the next round, unless it reached its limit: then the next run goes on.
        simplify_cfg::run(function, Headers::Apart);
        changed = false;
    }
}

/// Cleans up after a pass that only moved or rewrote arithmetic.
fn tidy(function: &mut Function, effects: &Effects) {
    combine::run(function);
    gvn::run(function, effects);
    dce::run(function, effects);
}

/// The loop passes, each with the cleaning that the next one relies on.
fn improve_loops(function: &mut Function, effects: &Effects, level: OptLevel) {
    if !loops::any(function) {
        return;
    }
    canonical_loops::run(function);
    // The header of a rotated loop stands twice.
    if level != OptLevel::Os && rotate::run(function) {
        simplify(function, effects, level);
    }
    for _ in 0..UNROLL_ROUNDS {
        if !unroll::run(function, &level.unrolling()) {
            break;
        }
        simplify(function, effects, level);
    }
    canonical_loops::run(function);
    if licm::run(function, effects) {
        tidy(function, effects);
    }
    if unroll_partially::run(function, &level.partial_unrolling()) {
        simplify(function, effects, level);
        canonical_loops::run(function);
    }
    if strength::run(function) {
        tidy(function, effects);
        if exit_test::run(function) {
            tidy(function, effects);
        }
        canonical_loops::run(function);
        if licm::run(function, effects) {
            tidy(function, effects);
        }
    }
}

/// In a debug build, makes sure that the module is well-formed.
fn check(module: &Module) {
    debug_assert_eq!(crate::verify::verify(module), Ok(()), "a pass broke the module");
}

#[cfg(test)]
mod tests;
