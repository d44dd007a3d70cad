//! Puts lowered definitions together into a module: only what the entry reaches, in a fixed order.

use crate::function::{Data, Func, Function, Module};
use crate::lower::function::Lowered;
use crate::lower::runtime::Runtime;
use crate::lower::state::Callee;
use crate::op::Op;
use ovsm_base::DefId;
use ovsm_base::index::IndexVec;
use std::collections::{BTreeMap, BTreeSet};

/// Links the entry with the functions that it reaches. `lowered` gives a function of the program; a function that it
/// does not know is left out together with the calls to it, which happens only to programs with reported errors.
pub fn link<'a>(main: &'a Lowered, lowered: &dyn Fn(DefId) -> Option<&'a Lowered>) -> Module {
    let mut numbers: BTreeMap<Callee, Func> = BTreeMap::new();
    let mut order: Vec<Callee> = Vec::new();
    let mut work: Vec<Callee> = main.callees.iter().rev().copied().collect();
    let mut functions: Vec<(&Function, Vec<Option<Callee>>, &[Vec<u8>])> =
        vec![(&main.function, main.callees.iter().copied().map(Some).collect(), &main.data)];
    while let Some(callee) = work.pop() {
        if numbers.contains_key(&callee) {
            continue;
        }
        let part: Option<(&Function, Vec<Option<Callee>>, &[Vec<u8>])> = match callee {
            Callee::Def(def) => lowered(def).map(|lowered| {
                let callees = lowered.callees.iter().copied().map(Some).collect();
                (&lowered.function, callees, lowered.data.as_slice())
            }),
            Callee::Runtime(runtime) => runtime.function().map(|function| {
                let callees = (0..)
                    .map_while(|n| Runtime::callee(Func(n)))
                    .map(|runtime| Some(Callee::Runtime(runtime)))
                    .collect();
                (function, callees, &[][..])
            }),
        };
        let Some(part) = part else { continue };
        numbers.insert(callee, Func(functions.len() as u32));
        order.push(callee);
        match callee {
            Callee::Def(_) => work.extend(part.1.iter().rev().flatten()),
            Callee::Runtime(runtime) => work.extend(runtime.callees().into_iter().map(Callee::Runtime)),
        }
        functions.push(part);
    }
    let mut module = Module { frame_area: main.frame_area, ..Module::default() };
    let mut data: BTreeMap<Vec<u8>, Data> = BTreeMap::new();
    let mut names: BTreeSet<String> = BTreeSet::new();
    for (function, callees, constants) in functions {
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
