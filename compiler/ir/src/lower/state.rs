//! The state of lowering one function, and how it makes SSA form.
//!
//! Control flow is structured, so SSA form needs no search: the current value of every variable is kept in a table,
//! writes are logged, and a [`Join`] remembers for each edge into it which variables were written since its fork.
//! Where the edges disagree, the join's block gets a parameter. Loop headers get one for each variable that the loop
//! assigns. No recursion over blocks, and no parameter that nothing needs but for loops.

use crate::function::{Block, Data, Func, Function, Type, Value};
use crate::lower::layout::Layout;
use crate::lower::runtime::Runtime;
use crate::lower::slots::Slots;
use crate::op::{BinaryOp, Condition, Op, Target, Terminator};
use crate::{Failure, Inst};
use ovsm_base::{DefId, Diagnostic, Span};
use ovsm_expand::core::{Body, ExitId};
use ovsm_infer::BodyTypes;
use smallvec::SmallVec;
use std::collections::{BTreeMap, BTreeSet};

/// The words of one source value: none for null, two for `u128` and strings.
pub(crate) type Words = SmallVec<[Value; 2]>;

/// A variable of the function being lowered: a local, a module-level variable, or a temporary.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Variable(pub(crate) u32);

/// What a call names before linking.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Callee {
    /// A function of the program.
    Def(DefId),
    /// A function of the compiler's own library.
    Runtime(Runtime),
}

/// A block with several predecessors, while they are being made.
pub(crate) struct Join {
    pub(crate) block: Block,
    mark: usize,
    edges: Vec<Edge>,
}

/// An exit around the code that is being lowered.
pub(crate) struct OpenExit {
    pub(crate) join: Join,
    pub(crate) result: Variable,
    pub(crate) used: bool,
}

struct Edge {
    from: Block,
    slot: usize,
    writes: Vec<(Variable, Words)>,
}

pub(crate) struct State<'a> {
    pub(crate) function: Function,
    pub(crate) block: Block,
    pub(crate) body: &'a Body,
    pub(crate) types: &'a BodyTypes,
    pub(crate) layout: &'a Layout,
    /// Places of the current body's values in memory.
    pub(crate) slots: Slots,
    /// The address of these places.
    pub(crate) memory: u64,
    /// Parameters of the entry function: the input and the instruction data. `None` in other functions.
    pub(crate) entry: Option<(Value, Value)>,
    pub(crate) span: Option<Span>,
    pub(crate) callees: Vec<Callee>,
    callee_numbers: BTreeMap<Callee, Func>,
    pub(crate) data: Vec<Vec<u8>>,
    data_numbers: BTreeMap<Vec<u8>, Data>,
    /// First variable of the current body's locals.
    pub(crate) first_local: u32,
    pub(crate) globals: BTreeMap<DefId, Variable>,
    /// Variables of the frame area that have their first value by now; only for the entry.
    pub(crate) defined: BTreeSet<DefId>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// The exits around, by body and number.
    pub(crate) exits: BTreeMap<(u32, ExitId), OpenExit>,
    /// True where nothing leads to: code there is made and thrown away.
    is_dead: bool,
    current: Vec<Option<Words>>,
    log: Vec<(Variable, Option<Words>)>,
}

impl<'a> State<'a> {
    pub(crate) fn new(
        function: Function,
        body: &'a Body,
        types: &'a BodyTypes,
        layout: &'a Layout,
    ) -> State<'a> {
        State {
            function,
            block: Function::ENTRY,
            body,
            slots: Slots::new(body, types),
            memory: 0,
            types,
            layout,
            entry: None,
            span: None,
            callees: Vec::new(),
            callee_numbers: BTreeMap::new(),
            data: Vec::new(),
            data_numbers: BTreeMap::new(),
            first_local: 0,
            globals: BTreeMap::new(),
            defined: BTreeSet::new(),
            diagnostics: Vec::new(),
            exits: BTreeMap::new(),
            is_dead: false,
            current: Vec::new(),
            log: Vec::new(),
        }
    }

    // Variables.

    pub(crate) fn new_variable(&mut self) -> Variable {
        self.current.push(None);
        Variable(self.current.len() as u32 - 1)
    }

    pub(crate) fn write(&mut self, variable: Variable, words: Words) {
        if let Some(slot) = self.current.get_mut(variable.0 as usize) {
            let old = slot.replace(words);
            self.log.push((variable, old));
        }
    }

    pub(crate) fn read(&self, variable: Variable) -> Option<Words> {
        self.current.get(variable.0 as usize).cloned().flatten()
    }

    /// Where a scope begins.
    pub(crate) fn scope_mark(&self) -> usize {
        self.log.len()
    }

    /// Forgets the locals of a scope: no join around it has to carry them. Keeps what joins around need to know of other
    /// variables, once each.
    pub(crate) fn end_scope(&mut self, mark: usize, locals: &[ovsm_expand::core::LocalId]) {
        let own: BTreeSet<Variable> =
            locals.iter().map(|local| Variable(self.first_local + local.0)).collect();
        let written = self.log.split_off(mark.min(self.log.len()));
        let mut seen = BTreeSet::new();
        self.log.extend(
            written.into_iter().filter(|(variable, _)| !own.contains(variable) && seen.insert(*variable)),
        );
        for variable in own {
            if let Some(slot) = self.current.get_mut(variable.0 as usize) {
                *slot = None;
            }
        }
    }

    // Joins.

    /// A join whose fork is here.
    pub(crate) fn join(&mut self) -> Join {
        Join { block: self.function.add_block(), mark: self.log.len(), edges: Vec::new() }
    }

    /// Takes back all writes since the fork of `join`.
    pub(crate) fn rewind(&mut self, join: &Join) {
        while self.log.len() > join.mark {
            if let Some((variable, old)) = self.log.pop()
                && let Some(slot) = self.current.get_mut(variable.0 as usize)
            {
                *slot = old;
            }
        }
    }

    /// Goes on at `join`; the state must be that of its fork.
    pub(crate) fn enter(&mut self, join: Join) {
        self.block = join.block;
        self.is_dead = join.edges.is_empty();
        let written: BTreeSet<Variable> =
            join.edges.iter().flat_map(|edge| edge.writes.iter().map(|(variable, _)| *variable)).collect();
        for variable in written {
            let before = self.read(variable);
            let values: Option<Vec<Words>> = join
                .edges
                .iter()
                .map(|edge| {
                    let position = edge.writes.binary_search_by_key(&variable, |(variable, _)| *variable);
                    match position.ok().and_then(|position| edge.writes.get(position)) {
                        Some((_, words)) => Some(words.clone()),
                        None => before.clone(),
                    }
                })
                .collect();
            // A variable without a value on some edge is out of scope here.
            let Some(values) = values else { continue };
            let Some(first) = values.first() else { continue };
            let mut merged = Words::new();
            for (word, first) in first.iter().enumerate() {
                let of_edge = |words: &Words| words.get(word).copied().unwrap_or(*first);
                if values.iter().all(|words| of_edge(words) == *first) {
                    merged.push(*first);
                    continue;
                }
                let ty = self.function.ty(*first);
                merged.push(self.function.add_param(join.block, ty));
                for (edge, words) in join.edges.iter().zip(&values) {
                    let argument = of_edge(words);
                    let terminator = &mut self.function.blocks[edge.from].terminator;
                    if let Some(target) = terminator.targets_mut().nth(edge.slot) {
                        target.args.push(argument);
                    }
                }
            }
            self.write(variable, merged);
        }
    }

    fn edge(&self, join: &Join, slot: usize) -> Edge {
        let variables: BTreeSet<Variable> =
            self.log.get(join.mark..).unwrap_or(&[]).iter().map(|(variable, _)| *variable).collect();
        let writes = variables
            .into_iter()
            .filter_map(|variable| self.read(variable).map(|words| (variable, words)))
            .collect();
        Edge { from: self.block, slot, writes }
    }

    /// Ends the block with a jump to `join`.
    pub(crate) fn jump(&mut self, join: &mut Join) {
        if self.is_dead {
            return;
        }
        let edge = self.edge(join, 0);
        join.edges.push(edge);
        self.function.blocks[self.block].terminator = Terminator::Jump(Target::new(join.block));
    }

    /// Ends the block with a branch to one of two joins.
    pub(crate) fn branch(&mut self, condition: Value, yes: &mut Join, no: &mut Join) {
        if self.is_dead {
            return;
        }
        let edge = self.edge(yes, 0);
        yes.edges.push(edge);
        let edge = self.edge(no, 1);
        no.edges.push(edge);
        self.function.blocks[self.block].terminator =
            Terminator::Branch(condition, Target::new(yes.block), Target::new(no.block));
    }

    /// Starts a loop: a header with a parameter for each word of each of `variables`. Returns the header.
    pub(crate) fn loop_header(&mut self, variables: &[Variable]) -> Block {
        let header = self.function.add_block();
        let mut args: SmallVec<[Value; 4]> = SmallVec::new();
        let mut params = Vec::with_capacity(variables.len());
        for variable in variables {
            let words = self.read(*variable).unwrap_or_default();
            let mut own = Words::new();
            for word in &words {
                let ty = self.function.ty(*word);
                own.push(self.function.add_param(header, ty));
            }
            args.extend(words);
            params.push(own);
        }
        self.function.blocks[self.block].terminator = Terminator::Jump(Target { block: header, args });
        for (variable, own) in variables.iter().zip(params) {
            self.write(*variable, own);
        }
        self.block = header;
        header
    }

    /// Ends the block with the jump back to a loop header.
    pub(crate) fn jump_back(&mut self, header: Block, variables: &[Variable]) {
        if self.is_dead {
            return;
        }
        let args = variables.iter().flat_map(|variable| self.read(*variable).unwrap_or_default()).collect();
        self.function.blocks[self.block].terminator = Terminator::Jump(Target { block: header, args });
    }

    /// True where nothing leads to.
    pub(crate) fn is_dead(&self) -> bool {
        self.is_dead
    }

    /// Goes on where nothing leads to, after a jump that is always taken.
    pub(crate) fn give_up(&mut self) {
        self.block = self.function.add_block();
        self.is_dead = true;
    }

    /// The words of a value that is never there, for code that is never reached.
    pub(crate) fn nothing(&mut self, ty: &ovsm_infer::Type) -> Words {
        crate::lower::function::word_types(ty)
            .into_iter()
            .map(|ty| match ty {
                Type::Word => self.constant(0),
                Type::Bool => self.truth(false),
            })
            .collect()
    }

    // Instructions.

    pub(crate) fn emit(&mut self, op: Op, results: &[Type]) -> Inst {
        self.function.append(self.block, op, results, self.span)
    }

    pub(crate) fn word(&mut self, op: Op) -> Value {
        self.function.append_value(self.block, op, Type::Word, self.span)
    }

    pub(crate) fn constant(&mut self, word: u64) -> Value {
        self.word(Op::Const(word))
    }

    pub(crate) fn truth(&mut self, truth: bool) -> Value {
        self.function.append_value(self.block, Op::BoolConst(truth), Type::Bool, self.span)
    }

    pub(crate) fn binary(&mut self, op: BinaryOp, a: Value, b: Value) -> Value {
        self.word(Op::Binary(op, a, b))
    }

    pub(crate) fn binary_const(&mut self, op: BinaryOp, a: Value, b: u64) -> Value {
        let b = self.constant(b);
        self.binary(op, a, b)
    }

    pub(crate) fn compare(&mut self, condition: Condition, a: Value, b: Value) -> Value {
        self.function.append_value(self.block, Op::Compare(condition, a, b), Type::Bool, self.span)
    }

    pub(crate) fn compare_const(&mut self, condition: Condition, a: Value, b: u64) -> Value {
        let b = self.constant(b);
        self.compare(condition, a, b)
    }

    pub(crate) fn not(&mut self, truth: Value) -> Value {
        self.function.append_value(self.block, Op::Not(truth), Type::Bool, self.span)
    }

    pub(crate) fn as_word(&mut self, truth: Value) -> Value {
        self.word(Op::BoolToWord(truth))
    }

    /// Both, without a branch.
    pub(crate) fn both(&mut self, a: Value, b: Value) -> Value {
        let (a, b) = (self.as_word(a), self.as_word(b));
        let both = self.binary(BinaryOp::And, a, b);
        self.compare_const(Condition::NotEqual, both, 0)
    }

    /// One or both, without a branch.
    pub(crate) fn either(&mut self, a: Value, b: Value) -> Value {
        let (a, b) = (self.as_word(a), self.as_word(b));
        let either = self.binary(BinaryOp::Or, a, b);
        self.compare_const(Condition::NotEqual, either, 0)
    }

    pub(crate) fn fail_if(&mut self, condition: Value, failure: Failure) {
        self.emit(Op::FailIf(condition, failure), &[]);
    }

    /// One of two values, by a branch.
    pub(crate) fn choose(
        &mut self,
        condition: Value,
        yes: impl FnOnce(&mut Self) -> Words,
        no: impl FnOnce(&mut Self) -> Words,
    ) -> Words {
        let variable = self.new_variable();
        let mut end = self.join();
        let mut yes_join = self.join();
        let mut no_join = self.join();
        self.branch(condition, &mut yes_join, &mut no_join);
        self.enter(yes_join);
        let value = yes(self);
        self.write(variable, value);
        self.jump(&mut end);
        self.rewind(&end);
        self.enter(no_join);
        let value = no(self);
        self.write(variable, value);
        self.jump(&mut end);
        self.rewind(&end);
        self.enter(end);
        self.read(variable).unwrap_or_default()
    }

    pub(crate) fn call(&mut self, callee: Callee, args: &[Value], results: &[Type]) -> Words {
        let number = match self.callee_numbers.get(&callee) {
            Some(number) => *number,
            None => {
                let number = Func(self.callees.len() as u32);
                self.callees.push(callee);
                self.callee_numbers.insert(callee, number);
                number
            }
        };
        let inst = self.emit(Op::Call(number, args.iter().copied().collect()), results);
        self.function.insts[inst].results.iter().copied().collect()
    }

    /// The address of read-only bytes.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Value {
        let data = match self.data_numbers.get(bytes) {
            Some(data) => *data,
            None => {
                let data = Data(self.data.len() as u32);
                self.data.push(bytes.to_vec());
                self.data_numbers.insert(bytes.to_vec(), data);
                data
            }
        };
        self.word(Op::DataAddress(data))
    }
}
