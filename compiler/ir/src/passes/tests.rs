//! Tests of the passes: what each rewrites, that none changes what a module does, and what whole levels achieve.

mod kernels;
mod random;
mod rewrites;

use super::*;

fn each_function(module: &mut Module, mut pass: impl FnMut(&mut Function, &Effects) -> bool) {
    let effects = Effects::of(module);
    for function in module.functions.iter_mut() {
        pass(function, &effects);
    }
}

type Pass = (&'static str, fn(&mut Module));

/// Every pass by name, each with what it needs to have something to do.
const PASSES: &[Pass] = &[
    ("block_params", |module| each_function(module, |function, _| block_params::run(function))),
    ("thread_jumps", |module| {
        each_function(module, |function, _| thread_jumps::run(function, Headers::Joined))
    }),
    ("simplify_cfg", |module| {
        each_function(module, |function, _| simplify_cfg::run(function, Headers::Joined))
    }),
    ("simplify_cfg_apart", |module| {
        each_function(module, |function, _| simplify_cfg::run(function, Headers::Apart));
    }),
    ("sccp", |module| each_function(module, |function, _| sccp::run(function))),
    ("combine", |module| each_function(module, |function, _| combine::run(function))),
    ("gvn", |module| each_function(module, gvn::run)),
    ("hoist", |module| each_function(module, |function, _| hoist::run(function))),
    ("range", |module| each_function(module, |function, _| range::run(function))),
    ("dce", |module| each_function(module, dce::run)),
    ("licm", |module| each_function(module, licm::run)),
    ("canonical_loops", |module| each_function(module, |function, _| canonical_loops::run(function))),
    ("rotate", |module| each_function(module, |function, _| rotate::run(function))),
    ("unroll", |module| {
        let limits = unroll::Limits { trips: 8, size: 300, total: 2_000 };
        each_function(module, |function, _| unroll::run(function, &limits));
    }),
    ("strength", |module| each_function(module, |function, _| strength::run(function))),
    ("exit_test", |module| each_function(module, |function, _| exit_test::run(function))),
    ("loops", |module| {
        each_function(module, |function, effects| {
            simplify(function, effects, OptLevel::O2);
            canonical_loops::run(function);
            rotate::run(function);
            simplify(function, effects, OptLevel::O2);
            canonical_loops::run(function);
            strength::run(function) | exit_test::run(function)
        });
    }),
    ("unroll_partially", |module| {
        let limits = unroll_partially::Limits { size: 100, factor: 4, rotating: 4, total: 500 };
        each_function(module, |function, effects| {
            simplify(function, effects, OptLevel::O2);
            canonical_loops::run(function);
            rotate::run(function);
            simplify(function, effects, OptLevel::O2);
            canonical_loops::run(function);
            unroll_partially::run(function, &limits)
        });
    }),
    ("sink", |module| each_function(module, |function, _| sink::run(function))),
    ("compact", |module| {
        each_function(module, |function, _| {
            compact::run(function);
            true
        });
    }),
    ("inline", |module| {
        let plan = inline::Plan::new(module);
        for &caller in &plan.order {
            inline::run(module, &plan, caller, &inline::Limits { small: 20, caller: 2_000, recursive: 0 });
        }
        inline::remove_unreachable(module);
    }),
    ("promote", |module| {
        let plan = inline::Plan::new(module);
        for &caller in &plan.order {
            inline::run(
                module,
                &plan,
                caller,
                &inline::Limits { small: 1_000, caller: 10_000, recursive: 0 },
            );
        }
        inline::remove_unreachable(module);
        each_function(module, |function, _| sccp::run(function));
        promote::run(module);
    }),
    ("O1", |module| optimize(module, OptLevel::O1)),
    ("Os", |module| optimize(module, OptLevel::Os)),
    ("O2", |module| optimize(module, OptLevel::O2)),
    ("O3", |module| optimize(module, OptLevel::O3)),
];
