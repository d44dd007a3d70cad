//! The call graph: which functions are reachable, which are recursive, which can fail, and an order in which
//! callees come first.

use crate::convention::{Convention, MAX_ARGUMENTS, MAX_RESULTS};
use ovsm_base::index::{Index, IndexVec};
use ovsm_base::{Code, Diagnostic, Span};
use ovsm_ir::{Func, Function, Module, Op, Terminator};
use std::collections::BTreeSet;

/// The functions that the entry reaches, by strongly connected components.
#[derive(Clone, Debug)]
pub struct CallGraph {
    callees: IndexVec<Func, Vec<Func>>,
    components: Vec<Vec<Func>>,
}

impl CallGraph {
    /// The call graph of a module.
    pub fn new(module: &Module) -> Result<CallGraph, Diagnostic> {
        let mut callees = IndexVec::new();
        for function in module.functions.iter() {
            let mut called = Vec::new();
            for op in reachable_ops(function) {
                if let Op::Call(func, _) = op {
                    called.push(*func);
                }
            }
            called.sort_unstable();
            called.dedup();
            if called.iter().any(|func| module.functions.get(*func).is_none()) {
                return Err(Diagnostic::new(Code::InternalError, "a call of a function that does not exist"));
            }
            if called.contains(&module.entry) {
                return Err(Diagnostic::new(Code::InternalError, "the entry function is called"));
            }
            callees.push(called);
        }
        let components = components(&callees, module.entry);
        Ok(CallGraph { callees, components })
    }

    /// Functions in rows: one calls those of earlier rows only, but for functions of its own component, which are in the same one.
    pub fn levels(&self) -> Vec<Vec<Func>> {
        let mut level_of = IndexVec::<Func, usize>::from_elem(0, self.callees.len());
        let mut levels: Vec<Vec<Func>> = Vec::new();
        for component in &self.components {
            let callees = component.iter().filter_map(|func| self.callees.get(*func)).flatten();
            let own: BTreeSet<Func> = component.iter().copied().collect();
            let outer = callees.filter(|callee| !own.contains(callee));
            let level = outer.filter_map(|callee| level_of.get(*callee)).map(|level| level + 1).max();
            let level = level.unwrap_or(0);
            levels.resize_with(levels.len().max(level + 1), Vec::new);
            for func in component {
                if let Some(of) = level_of.get_mut(*func) {
                    *of = level;
                }
                if let Some(row) = levels.get_mut(level) {
                    row.push(*func);
                }
            }
        }
        levels
    }

    /// True if the function calls itself, directly or not.
    pub fn is_recursive(&self, func: Func) -> bool {
        self.callees.get(func).is_some_and(|called| called.contains(&func))
            || self.components.iter().any(|component| component.len() > 1 && component.contains(&func))
    }

    /// How each function is called. Clobbers are still the worst case.
    pub fn conventions(&self, module: &Module) -> Result<IndexVec<Func, Convention>, Diagnostic> {
        let mut conventions: IndexVec<Func, Convention> = module
            .functions
            .iter_enumerated()
            .map(|(func, function)| Convention {
                params: function.params().len(),
                results: function.results.len(),
                can_fail: false,
                is_entry: func == module.entry,
                clobbers: 0x3f,
            })
            .collect();
        for component in &self.components {
            let fails = component.iter().any(|func| {
                let own = module.functions.get(*func).is_some_and(fails_itself);
                own || self.callees.get(*func).is_some_and(|called| {
                    called
                        .iter()
                        .any(|callee| conventions.get(*callee).is_some_and(|convention| convention.can_fail))
                })
            });
            for func in component {
                if let Some(convention) = conventions.get_mut(*func) {
                    convention.can_fail = fails;
                    check(module, *func, *convention)?;
                }
            }
        }
        Ok(conventions)
    }
}

/// Refuses what the convention has no registers for.
fn check(module: &Module, func: Func, convention: Convention) -> Result<(), Diagnostic> {
    let name = module.functions.get(func).map_or("", |function| function.name.as_str());
    let registers = convention.results + usize::from(convention.status().is_some());
    let (message, help) = if convention.params > MAX_ARGUMENTS {
        let params = convention.params;
        (
            format!("`{name}` takes {params} words of arguments, but sBPF passes at most {MAX_ARGUMENTS}"),
            "pass fewer values, or the address of memory that holds them",
        )
    } else if registers > MAX_RESULTS || (convention.is_entry && convention.results > 1) {
        let most = if convention.is_entry { 1 } else { MAX_RESULTS + convention.results - registers };
        let results = convention.results;
        (
            format!("`{name}` returns {results} words, but it can return at most {most} on sBPF"),
            "return fewer values, or store them in memory whose address is passed",
        )
    } else {
        return Ok(());
    };
    let diagnostic = Diagnostic::new(Code::TooManyArguments, message).help(help);
    Err(match first_call(module, func) {
        Some(span) => diagnostic.label(span, "called here"),
        None => diagnostic,
    })
}

/// Where a function is called first.
fn first_call(module: &Module, func: Func) -> Option<Span> {
    module.functions.iter().flat_map(|function| function.insts.iter()).find_map(|inst| match &inst.op {
        Op::Call(callee, _) if *callee == func => inst.span,
        _ => None,
    })
}

fn reachable_ops(function: &Function) -> impl Iterator<Item = &Op> {
    function
        .reverse_postorder()
        .into_iter()
        .filter_map(|block| function.blocks.get(block))
        .flat_map(|data| &data.insts)
        .filter_map(|inst| function.insts.get(*inst).map(|data| &data.op))
}

fn fails_itself(function: &Function) -> bool {
    reachable_ops(function).any(|op| matches!(op, Op::FailIf(..) | Op::Checked(..)))
        || function
            .reverse_postorder()
            .into_iter()
            .filter_map(|block| function.blocks.get(block))
            .any(|data| matches!(data.terminator, Terminator::Fail(_)))
}

/// Strongly connected components in the order in which Tarjan's algorithm finds them, which puts callees first.
fn components(callees: &IndexVec<Func, Vec<Func>>, entry: Func) -> Vec<Vec<Func>> {
    const UNSEEN: u32 = u32::MAX;
    let mut number = IndexVec::<Func, u32>::from_elem(UNSEEN, callees.len());
    let mut low = IndexVec::<Func, u32>::from_elem(UNSEEN, callees.len());
    let mut open = IndexVec::<Func, bool>::from_elem(false, callees.len());
    let mut pending: Vec<Func> = Vec::new();
    let mut result = Vec::new();
    let mut next = 0u32;
    let mut stack: Vec<(Func, usize)> = Vec::new();
    if entry.index() < callees.len() {
        stack.push((entry, 0));
    }
    let get = |vec: &IndexVec<Func, u32>, func: Func| vec.get(func).copied().unwrap_or(UNSEEN);
    while let Some((func, position)) = stack.last().copied() {
        if position == 0 && get(&number, func) == UNSEEN {
            if let (Some(n), Some(l), Some(o)) = (number.get_mut(func), low.get_mut(func), open.get_mut(func))
            {
                *n = next;
                *l = next;
                *o = true;
            }
            next += 1;
            pending.push(func);
        }
        let callee = callees.get(func).and_then(|list| list.get(position)).copied();
        if let Some(top) = stack.last_mut() {
            top.1 += 1;
        }
        match callee {
            Some(callee) if get(&number, callee) == UNSEEN => stack.push((callee, 0)),
            Some(callee) => {
                if open.get(callee) == Some(&true) {
                    let least = get(&low, func).min(get(&number, callee));
                    if let Some(slot) = low.get_mut(func) {
                        *slot = least;
                    }
                }
            }
            None => {
                stack.pop();
                if let Some((caller, _)) = stack.last().copied() {
                    let least = get(&low, caller).min(get(&low, func));
                    if let Some(slot) = low.get_mut(caller) {
                        *slot = least;
                    }
                }
                if get(&low, func) == get(&number, func) {
                    let mut component = Vec::new();
                    while let Some(member) = pending.pop() {
                        if let Some(flag) = open.get_mut(member) {
                            *flag = false;
                        }
                        component.push(member);
                        if member == func {
                            break;
                        }
                    }
                    component.sort_unstable();
                    result.push(component);
                }
            }
        }
    }
    result
}
