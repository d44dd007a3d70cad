//! Puts lowered definitions together into a module: only what the entry reaches, in a fixed order.

use crate::function::{Data, Func, Function, Module};
use crate::lower::function::Lowered;
use crate::lower::runtime::Runtime;
use crate::lower::state::Callee;
use crate::op::Op;
use ovsm_base::DefId;
use ovsm_base::index::IndexVec;
use std::collections::{BTreeMap, BTreeSet};

/// A function to link: its code, what its calls mean, its constants.
struct Part<'a> {
    function: &'a Function,
    callees: Vec<Option<Callee>>,
    data: &'a [Vec<u8>],
}

/// Links the entry with the functions that it reaches. `lowered` gives a function of the program; a function that it
/// does not know is left out together with the calls to it, which happens only to programs with reported errors.
pub fn link<'a>(main: &'a Lowered, lowered: &dyn Fn(DefId) -> Option<&'a Lowered>) -> Module {
    let mut numbers: BTreeMap<Callee, Func> = BTreeMap::new();
    let mut work: Vec<Callee> = main.callees.iter().rev().copied().collect();
    let mut parts = vec![Part {
        function: &main.function,
        callees: main.callees.iter().copied().map(Some).collect(),
        data: &main.data,
    }];
    while let Some(callee) = work.pop() {
        if numbers.contains_key(&callee) {
            continue;
        }
        let part = match callee {
            Callee::Def(def) => lowered(def).map(|lowered| Part {
                function: &lowered.function,
                callees: lowered.callees.iter().copied().map(Some).collect(),
                data: &lowered.data,
            }),
            Callee::Runtime(runtime) => runtime.function().map(|function| Part {
                function,
                callees: (0..)
                    .map_while(|n| Runtime::callee(Func(n)))
                    .map(|runtime| Some(Callee::Runtime(runtime)))
                    .collect(),
                data: &[],
            }),
        };
        let Some(part) = part else { continue };
        numbers.insert(callee, Func(parts.len() as u32));
        match callee {
            Callee::Def(_) => work.extend(part.callees.iter().rev().flatten()),
            Callee::Runtime(runtime) => work.extend(runtime.callees().into_iter().map(Callee::Runtime)),
        }
        parts.push(part);
    }
    let mut module = Module { frame_area: main.frame_area, ..Module::default() };
    let mut data: BTreeMap<Vec<u8>, Data> = BTreeMap::new();
    let mut names: BTreeSet<String> = BTreeSet::new();
    for Part { function, callees, data: constants } in parts {
        let constants: IndexVec<Data, Data> = constants
            .iter()
            .map(|bytes| match data.get(bytes) {
                Some(number) => *number,
                None => {
                    let number = module.data.push(bytes.clone());
                    data.insert(bytes.clone(), number);
                    number
                }
            })
            .collect();
        let mut function = function.clone();
        for inst in function.insts.iter_mut() {
            match &mut inst.op {
                Op::Call(callee, _) => {
                    let meaning = callees.get(callee.0 as usize).copied().flatten();
                    if let Some(number) = meaning.and_then(|meaning| numbers.get(&meaning)) {
                        *callee = *number;
                    }
                }
                Op::DataAddress(number) => {
                    if let Some(global) = constants.get(*number) {
                        *number = *global;
                    }
                }
                _ => {}
            }
        }
        while !names.insert(function.name.clone()) {
            function.name.push('\'');
        }
        module.functions.push(function);
    }
    module
}
