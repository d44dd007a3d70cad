//! Sparse conditional constant propagation: finds the values that are the same constant on every path that can be
//! taken at all, words and truth values alike.
//!
//! It only rewrites values; the branches that become constant are folded by [`super::simplify_cfg`].

use super::substitution::Substitution;
use crate::function::{Block, Function, Inst, Type, Value};
use crate::op::{Op, Terminator};
use ovsm_base::index::{Index, IndexVec};

/// What is known about a value.
#[derive(Clone, Copy, PartialEq)]
enum Fact {
    /// No path that defines it was found yet.
    Unknown,
    /// It is this word (0 or 1 for truth values) on every path so far.
    Constant(u64),
    /// It has no single value.
    Varying,
}

impl Fact {
    fn meet(self, other: Fact) -> Fact {
        match (self, other) {
            (Fact::Unknown, fact) | (fact, Fact::Unknown) => fact,
            (Fact::Constant(a), Fact::Constant(b)) if a == b => self,
            _ => Fact::Varying,
        }
    }
}

/// Runs the pass. Returns true if the function changed.
pub fn run(function: &mut Function) -> bool {
    let mut solver = Solver::new(function);
    solver.solve();
    let (facts, reached) = (solver.facts, solver.reached);
    rewrite(function, &facts, &reached)
}

struct Solver<'f> {
    function: &'f Function,
    facts: IndexVec<Value, Fact>,
    reached: IndexVec<Block, bool>,
    /// Whether the first and the second edge out of a block can be taken.
    edges: IndexVec<Block, [bool; 2]>,
    users: Users,
    values: Vec<Value>,
    blocks: Vec<Block>,
}

/// The users of each value, in one array.
struct Users {
    start: IndexVec<Value, u32>,
    list: Vec<User>,
}

#[derive(Clone, Copy)]
enum User {
    Inst(Block, Inst),
    Terminator(Block),
}

impl Users {
    fn new(function: &Function) -> Users {
        let mut start = IndexVec::<Value, u32>::from_elem(0, function.values.len() + 1);
        super::uses::for_each_use(function, |_, value| start[Value(value.as_u32() + 1)] += 1);
        let mut total = 0;
        for count in start.iter_mut() {
            total += *count;
            *count = total;
        }
        let mut next = start.clone();
        let mut list = vec![User::Terminator(Function::ENTRY); total as usize];
        let mut put = |value: Value, user: User| {
            let place = &mut next[value];
            if let Some(slot) = list.get_mut(*place as usize) {
                *slot = user;
            }
            *place += 1;
        };
        for (block, data) in function.blocks.iter_enumerated() {
            for &inst in &data.insts {
                function.insts[inst].op.for_each_operand(|value| put(value, User::Inst(block, inst)));
            }
            data.terminator.for_each_operand(|value| put(value, User::Terminator(block)));
        }
        Users { start, list }
    }

    /// The places in the list of those of a value.
    fn of(&self, value: Value) -> std::ops::Range<usize> {
        self.start[value] as usize..self.start[Value(value.as_u32() + 1)] as usize
    }
}

impl<'f> Solver<'f> {
    fn new(function: &'f Function) -> Solver<'f> {
        Solver {
            function,
            facts: IndexVec::from_elem(Fact::Unknown, function.values.len()),
            reached: IndexVec::from_elem(false, function.blocks.len()),
            edges: IndexVec::from_elem([false; 2], function.blocks.len()),
            users: Users::new(function),
            values: Vec::new(),
            blocks: Vec::new(),
        }
    }

    fn solve(&mut self) {
        for &param in self.function.params() {
            self.lower(param, Fact::Varying);
        }
        self.reach(Function::ENTRY);
        loop {
            if let Some(value) = self.values.pop() {
                for place in self.users.of(value) {
                    match self.users.list.get(place).copied() {
                        Some(User::Inst(block, inst)) if self.reached[block] => self.visit(inst),
                        Some(User::Terminator(block)) if self.reached[block] => self.leave(block),
                        Some(User::Inst(..) | User::Terminator(_)) | None => {}
                    }
                }
            } else if let Some(block) = self.blocks.pop() {
                for &inst in &self.function.blocks[block].insts {
                    self.visit(inst);
                }
                self.leave(block);
            } else {
                break;
            }
        }
    }

    fn reach(&mut self, block: Block) {
        if !self.reached[block] {
            self.reached[block] = true;
            self.blocks.push(block);
        }
    }

    fn lower(&mut self, value: Value, fact: Fact) {
        let old = self.facts[value];
        let new = old.meet(fact);
        if new != old {
            self.facts[value] = new;
            self.values.push(value);
        }
    }

    fn visit(&mut self, inst: Inst) {
        let data = &self.function.insts[inst];
        let fact = self.evaluate(&data.op);
        for &result in &data.results {
            self.lower(result, fact);
        }
    }

    fn evaluate(&self, op: &Op) -> Fact {
        let one = |a: Value, f: &dyn Fn(u64) -> Option<u64>| match self.facts[a] {
            Fact::Constant(a) => f(a).map_or(Fact::Varying, Fact::Constant),
            fact => fact,
        };
        let two =
            |a: Value, b: Value, f: &dyn Fn(u64, u64) -> Option<u64>| match (self.facts[a], self.facts[b]) {
                (Fact::Constant(a), Fact::Constant(b)) => f(a, b).map_or(Fact::Varying, Fact::Constant),
                (Fact::Varying, _) | (_, Fact::Varying) => Fact::Varying,
                _ => Fact::Unknown,
            };
        match op {
            Op::Const(word) => Fact::Constant(*word),
            Op::BoolConst(truth) => Fact::Constant(u64::from(*truth)),
            Op::Binary(op, a, b) => two(*a, *b, &|a, b| op.evaluate(a, b)),
            Op::Checked(op, ty, a, b) => two(*a, *b, &|a, b| op.evaluate(*ty, a, b)),
            Op::Compare(op, a, b) => two(*a, *b, &|a, b| Some(u64::from(op.evaluate(a, b)))),
            Op::Extend(ty, a) => one(*a, &|a| Some(ty.canonical(a))),
            Op::Not(a) => one(*a, &|a| Some(u64::from(a == 0))),
            Op::BoolToWord(a) => one(*a, &Some),
            Op::DataAddress(_)
            | Op::Load(_)
            | Op::Store(..)
            | Op::FailIf(..)
            | Op::Call(..)
            | Op::Syscall(..) => Fact::Varying,
        }
    }

    /// Looks at the edges out of a block.
    fn leave(&mut self, block: Block) {
        let function = self.function;
        let terminator = &function.blocks[block].terminator;
        if let Terminator::Branch(condition, ..) = terminator {
            match self.facts[*condition] {
                Fact::Unknown => {}
                Fact::Constant(word) => {
                    let [then, otherwise] = &mut self.edges[block];
                    *(if word != 0 { then } else { otherwise }) = true;
                }
                Fact::Varying => self.edges[block] = [true; 2],
            }
        } else {
            self.edges[block] = [true; 2];
        }
        for (target, taken) in terminator.targets().zip(self.edges[block]) {
            if !taken {
                continue;
            }
            for (&param, &arg) in function.blocks[target.block].params.iter().zip(&target.args) {
                self.lower(param, self.facts[arg]);
            }
            self.reach(target.block);
        }
    }
}

fn rewrite(function: &mut Function, facts: &IndexVec<Value, Fact>, reached: &IndexVec<Block, bool>) -> bool {
    let mut changed = false;
    let mut substitution = Substitution::new(function);
    for block in function.blocks.indices() {
        if !reached[block] {
            continue;
        }
        for place in 0..function.blocks[block].insts.len() {
            let Some(&inst) = function.blocks[block].insts.get(place) else {
                continue;
            };
            let data = &function.insts[inst];
            if let Some(&result) = data.results.first()
                && let Fact::Constant(word) = facts[result]
                && !matches!(data.op, Op::Const(_) | Op::BoolConst(_))
            {
                let op = constant(function.ty(result), word);
                function.insts[inst].op = op;
                changed = true;
            }
        }
        if block == Function::ENTRY {
            continue;
        }
        let mut fresh = Vec::new();
        for param in function.blocks[block].params.clone() {
            if let Fact::Constant(word) = facts[param] {
                let ty = function.ty(param);
                let inst = function.make_inst(constant(ty, word), &[ty], None);
                if let Some(&value) = function.insts[inst].results.first() {
                    substitution.replace(param, value);
                    fresh.push(inst);
                }
            }
        }
        if !fresh.is_empty() {
            function.blocks[block].insts.splice(0..0, fresh);
        }
    }
    // The parameters are unread now; `block_params` drops them.
    changed | substitution.apply(function)
}

/// The operation that makes a constant of this type.
pub(crate) fn constant(ty: Type, word: u64) -> Op {
    match ty {
        Type::Word => Op::Const(word),
        Type::Bool => Op::BoolConst(word != 0),
    }
}
