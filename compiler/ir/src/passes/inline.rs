//! Inlining: puts the body of a function in place of a call.
//!
//! A call costs two instructions, the moves of its arguments and the caller's registers, so small functions and
//! functions with a single call always go. Callees come before callers; a call that closes a cycle of the call
//! graph stays. Spans are kept.

use super::call_graph;
use crate::failure::Failure;
use crate::function::{Block, Func, Function, InstData, Module, Type, Value, ValueData, ValueDef};
use crate::op::{Op, Target, Terminator};
use ovsm_base::index::{Index, IndexVec};
use smallvec::SmallVec;

/// A function that calls itself in more places is not unfolded.
const MAX_OWN_CALLS: usize = 3;

/// How much inlining may grow the code.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// A callee of at most this many instructions is copied to each of its calls.
    pub small: usize,
    /// A caller is not grown beyond this many instructions.
    pub caller: usize,
    /// A function of at most this many instructions that calls itself gets its own body in place of these calls,
    /// once.
    pub recursive: usize,
}

/// What inlining needs to know about the whole module.
pub struct Plan {
    /// Functions that the entry reaches, callees first.
    pub order: Vec<Func>,
    position: IndexVec<Func, u32>,
    calls: IndexVec<Func, u32>,
    apart: Option<Func>,
}

impl Plan {
    /// Looks at the call graph.
    pub fn new(module: &Module) -> Plan {
        let order = call_graph::callees_first(module);
        let mut position = IndexVec::from_elem(u32::MAX, module.functions.len());
        let mut calls = IndexVec::from_elem(0u32, module.functions.len());
        for (number, &func) in order.iter().enumerate() {
            position[func] = number as u32;
            for callee in call_graph::callees(&module.functions[func]) {
                if let Some(count) = calls.get_mut(callee) {
                    *count += 1;
                }
            }
        }
        Plan { order, position, calls, apart: None }
    }

    /// The plan that leaves the calls of one function as they are.
    pub fn apart(self, function: Option<Func>) -> Plan {
        Plan { apart: function, ..self }
    }
}

/// Inlines calls in `caller`. Returns true if it changed.
pub fn run(module: &mut Module, plan: &Plan, caller: Func, limits: &Limits) -> bool {
    let Some(function) = module.functions.get_mut(caller) else {
        return false;
    };
    let mut function = std::mem::replace(function, Function::new("", &[], &[]));
    let mut size = self::size(&function);
    let mut changed = false;
    // Blocks are appended while this runs: the rest of a split block is looked at, a copied body is not.
    let mut work: Vec<Block> = function.blocks.indices().collect();
    while let Some(block) = work.pop() {
        let chosen = function.blocks[block].insts.iter().enumerate().find_map(|(place, &inst)| {
            let Op::Call(callee, _) = function.insts[inst].op else {
                return None;
            };
            let cost = wanted(module, plan, caller, callee, size, limits)?;
            Some((place, callee, cost))
        });
        if let Some((place, callee, cost)) = chosen
            && let Some(body) = module.functions.get_mut(callee)
        {
            let rest = splice(&mut function, block, place, body);
            if plan.calls.get(callee).copied() == Some(1) {
                // Nothing else calls it. In a chain of such functions each holds all before it: keeping every link
                // would take memory that is quadratic in their number.
                let params: Vec<Type> = body.params().iter().map(|param| body.ty(*param)).collect();
                let mut stub = Function::new(std::mem::take(&mut body.name), &params, &body.results);
                // It is never called; until it is taken away it has to be well formed.
                stub.blocks[Function::ENTRY].terminator = Terminator::Fail(Failure::Overflow);
                *body = stub;
            }
            size += cost;
            changed = true;
            work.push(rest);
        }
    }
    module.functions[caller] = function;
    changed
}

/// Puts the body of a function that calls itself in place of these calls, once: half of the calls or more go, most of
/// all those that return at once. With `repeatable`, only in place of the first call: then what that one would call
/// is there to be shared with the others. Returns true if it changed.
pub fn unfold_recursion(function: &mut Function, func: Func, limits: &Limits, repeatable: bool) -> bool {
    let calls = call_graph::callees(function).iter().filter(|callee| **callee == func).count();
    let size = size(function);
    if calls == 0 || calls > MAX_OWN_CALLS || size > limits.recursive {
        return false;
    }
    let body = function.clone();
    let mut work = function.reverse_postorder();
    work.reverse();
    while let Some(block) = work.pop() {
        let place = function.blocks[block]
            .insts
            .iter()
            .position(|&inst| matches!(function.insts[inst].op, Op::Call(callee, _) if callee == func));
        if let Some(place) = place {
            let rest = splice(function, block, place, &body);
            if repeatable {
                break;
            }
            work.push(rest);
        }
    }
    true
}

/// The size of the callee, if the call should go.
fn wanted(
    module: &Module,
    plan: &Plan,
    caller: Func,
    callee: Func,
    caller_size: usize,
    limits: &Limits,
) -> Option<usize> {
    let body = module.functions.get(callee)?;
    if plan.position.get(callee)? >= plan.position.get(caller)?
        || callee == module.entry
        || plan.apart == Some(callee)
    {
        return None;
    }
    // A function that calls itself would only be peeled.
    if call_graph::callees(body).contains(&callee) {
        return None;
    }
    let size = size(body);
    let worth = size <= limits.small || plan.calls.get(callee).copied() == Some(1);
    (worth && caller_size + size <= limits.caller).then_some(size)
}

/// Instructions that the machine executes, roughly: constants are parts of others.
pub(crate) fn size(function: &Function) -> usize {
    function
        .blocks
        .iter()
        .map(|data| {
            let real = |&&inst: &&_| !matches!(function.insts[inst].op, Op::Const(_) | Op::BoolConst(_));
            data.insts.iter().filter(real).count()
                + usize::from(!matches!(data.terminator, Terminator::Unreachable))
        })
        .sum()
}

/// Replaces the call at `place` of `block` by `body`. Returns the block with what came after the call.
fn splice(function: &mut Function, block: Block, place: usize, body: &Function) -> Block {
    let rest = function.add_block();
    let data = &mut function.blocks[block];
    let mut tail = data.insts.split_off(place.min(data.insts.len()));
    let terminator = std::mem::replace(&mut data.terminator, Terminator::Unreachable);
    let call = (!tail.is_empty()).then(|| tail.remove(0));
    let (mut args, mut results) = (SmallVec::new(), SmallVec::<[Value; 1]>::new());
    if let Some(call) = call {
        let data = &function.insts[call];
        results = data.results.clone();
        if let Op::Call(_, values) = &data.op {
            args = values.clone();
        }
    }
    // The results of the call become the parameters of the rest.
    for (number, &result) in results.iter().enumerate() {
        function.values[result].def = ValueDef::Param(rest, number as u32);
    }
    function.blocks[rest].params = results.to_vec();
    function.blocks[rest].insts = tail;
    function.blocks[rest].terminator = terminator;
    let entry = copy_body(function, body, rest);
    function.blocks[block].terminator = Terminator::Jump(Target { block: entry, args });
    rest
}

/// Copies the blocks of `body`, returning to `rest`. Returns the copy of its entry.
fn copy_body(function: &mut Function, body: &Function, rest: Block) -> Block {
    let first_block = function.blocks.next_index();
    let new_block = |block: Block| Block(first_block.as_u32() + block.as_u32());
    let mut values = IndexVec::<Value, Value>::from_elem(Value(0), body.values.len());
    function.insts.reserve(body.insts.len());
    function.values.reserve(body.values.len());
    function.blocks.reserve(body.blocks.len());
    // Definitions first: a block may use a value of a block with a higher number.
    for (block, data) in body.blocks.iter_enumerated() {
        let copy = function.add_block();
        for &param in &data.params {
            values[param] = function.add_param(copy, body.ty(param));
        }
        for &inst in &data.insts {
            let old = &body.insts[inst];
            let inst = function.insts.next_index();
            let mut results = SmallVec::new();
            for (place, &result) in old.results.iter().enumerate() {
                let def = ValueDef::Result(inst, place as u32);
                let value = function.values.push(ValueData { ty: body.ty(result), def });
                values[result] = value;
                results.push(value);
            }
            function.insts.push(InstData { op: old.op.clone(), results, span: old.span });
            function.blocks[new_block(block)].insts.push(inst);
        }
    }
    for (block, data) in body.blocks.iter_enumerated() {
        let copy = new_block(block);
        for &inst in &function.blocks[copy].insts {
            function.insts[inst].op.map_operands(|value| values[value]);
        }
        let mut terminator = data.terminator.clone();
        terminator.map_operands(|value| values[value]);
        for target in terminator.targets_mut() {
            target.block = new_block(target.block);
        }
        if let Terminator::Return(results) = terminator {
            terminator = Terminator::Jump(Target { block: rest, args: results.into_iter().collect() });
        }
        function.blocks[copy].terminator = terminator;
    }
    new_block(Function::ENTRY)
}

/// Takes functions away that the entry does not reach, and renumbers the others in their old order.
pub fn remove_unreachable(module: &mut Module) -> bool {
    let mut reached = IndexVec::<Func, bool>::from_elem(false, module.functions.len());
    for func in call_graph::callees_first(module) {
        reached[func] = true;
    }
    if reached.iter().all(|reached| *reached) || module.functions.get(module.entry).is_none() {
        return false;
    }
    let mut numbers = IndexVec::<Func, Func>::from_elem(Func(0), module.functions.len());
    let mut kept = IndexVec::<Func, Function>::new();
    let old = std::mem::take(&mut module.functions);
    for (func, function) in old.indices().zip(old.iter()) {
        if reached[func] {
            numbers[func] = kept.push(function.clone());
        }
    }
    for function in kept.iter_mut() {
        for inst in function.insts.iter_mut() {
            if let Op::Call(callee, _) = &mut inst.op {
                *callee = numbers.get(*callee).copied().unwrap_or(*callee);
            }
        }
    }
    module.functions = kept;
    module.entry = numbers[module.entry];
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::parse;

    #[test]
    fn a_function_with_one_call_is_not_kept_after_it_was_inlined() {
        let mut module = parse(
            "entry f2
             func f0 @a(v0: word) -> (word) { b0(v0: word): v1 = const 7 v2 = mul v0, v1 return v2 }
             func f1 @b(v0: word) -> (word) { b0(v0: word): v1 = call f0(v0) v2 = mul v1, v1 return v2 }
             func f2 @main(v0: word, v1: word) -> (word) { b0(v0: word, v1: word): v2 = call f1(v0) return v2 }",
        )
        .unwrap();
        let plan = Plan::new(&module);
        let limits = Limits { small: 0, caller: 1000, recursive: 0 };
        for func in plan.order.clone() {
            run(&mut module, &plan, func, &limits);
        }
        let sizes: Vec<usize> = module.functions.iter().map(size).collect();
        assert_eq!(sizes.get(..2), Some(&[1, 1][..]));
        assert!(sizes.last().is_some_and(|size| *size >= 3));
        crate::verify::verify(&module).unwrap();
    }
}
