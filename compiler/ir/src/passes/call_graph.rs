//! The order of functions by who calls whom.

use crate::function::{Func, Function, Module};
use crate::op::Op;
use ovsm_base::index::IndexVec;

/// Every function that the entry reaches, callees before callers; inside a cycle the order is that of a depth-first
/// walk. No recursion.
pub(crate) fn callees_first(module: &Module) -> Vec<Func> {
    let mut order = Vec::with_capacity(module.functions.len());
    let mut seen = IndexVec::<Func, bool>::from_elem(false, module.functions.len());
    let mut stack: Vec<(Func, Vec<Func>)> = Vec::new();
    if let Some(function) = module.functions.get(module.entry) {
        seen[module.entry] = true;
        stack.push((module.entry, callees(function)));
    }
    while let Some((func, pending)) = stack.last_mut() {
        match pending.pop() {
            Some(callee) => {
                if let Some(function) = module.functions.get(callee)
                    && !seen[callee]
                {
                    seen[callee] = true;
                    stack.push((callee, callees(function)));
                }
            }
            None => {
                order.push(*func);
                stack.pop();
            }
        }
    }
    order
}

/// The functions that `function` calls, last call first, each once per call.
pub(crate) fn callees(function: &Function) -> Vec<Func> {
    let mut callees = Vec::new();
    for data in function.blocks.iter() {
        for &inst in &data.insts {
            if let Op::Call(callee, _) = function.insts[inst].op {
                callees.push(callee);
            }
        }
    }
    callees.reverse();
    callees
}
