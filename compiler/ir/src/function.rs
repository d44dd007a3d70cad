//! Modules, functions, blocks, instructions and values.

use crate::op::{Op, Terminator};
use ovsm_base::Span;
use ovsm_base::graph;
use ovsm_base::index::IndexVec;
use ovsm_base::index_type;
use smallvec::SmallVec;

index_type!(
    /// A function of a module.
    #[derive(Default)]
    Func, "f"
);
index_type!(
    /// A constant (read-only bytes) of a module.
    Data, "d"
);
index_type!(
    /// A basic block of a function. Block 0 is the entry; its parameters are the function's.
    Block, "b"
);
index_type!(
    /// An SSA value of a function.
    Value, "v"
);
index_type!(
    /// An instruction of a function.
    Inst, "i"
);

/// The type of a value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Type {
    /// A 64-bit word.
    Word,
    /// A truth value.
    Bool,
}

/// A whole program.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Module {
    /// All functions; every one is reachable from the entry after optimisation.
    pub functions: IndexVec<Func, Function>,
    /// Where the program starts. Its parameters are two words: the address of the serialised input
    /// (`0x4_0000_0000`) and the address of the instruction data.
    pub entry: Func,
    /// Read-only bytes.
    pub data: IndexVec<Data, Vec<u8>>,
    /// Bytes from `0x2_0000_0000` up (the bottom of the entry's stack frame) that lowering keeps for itself: the
    /// account table and the saved instruction-data address. Accesses to them have [`crate::Region::Frame`].
    pub frame_area: u32,
}

/// The predecessors of each block of a function.
pub type Predecessors = IndexVec<Block, SmallVec<[Block; 4]>>;

/// A function.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Function {
    /// The name in source text, for people; unique in the module.
    pub name: String,
    /// Types of the results.
    pub results: SmallVec<[Type; 2]>,
    /// True for the entry of a module while it is optimised, if nothing calls it: its first parameter is the address
    /// of the input. Not part of the text form.
    pub gets_input: bool,
    /// Blocks; block 0 is the entry.
    pub blocks: IndexVec<Block, BlockData>,
    /// Instructions; those that no block lists are dead.
    pub insts: IndexVec<Inst, InstData>,
    /// Values; those of dead instructions are dead.
    pub values: IndexVec<Value, ValueData>,
}

/// A basic block.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct BlockData {
    /// Parameters; each predecessor gives one argument for each.
    pub params: Vec<Value>,
    /// Instructions in order.
    pub insts: Vec<Inst>,
    /// How it ends.
    pub terminator: Terminator,
}

/// An instruction.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct InstData {
    /// What it does.
    pub op: Op,
    /// What it defines: one value for most operations, none for stores and checks, any number for calls.
    pub results: SmallVec<[Value; 1]>,
    /// The source text that it was made from.
    pub span: Option<Span>,
}

/// A value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ValueData {
    /// Its type.
    pub ty: Type,
    /// What defines it.
    pub def: ValueDef,
}

/// What defines a value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ValueDef {
    /// Parameter number `.1` of a block.
    Param(Block, u32),
    /// Result number `.1` of an instruction.
    Result(Inst, u32),
}

impl Function {
    /// The entry block of every function.
    pub const ENTRY: Block = Block(0);

    /// A function with an empty entry block that ends in [`Terminator::Unreachable`].
    pub fn new(name: impl Into<String>, params: &[Type], results: &[Type]) -> Function {
        let mut function = Function {
            name: name.into(),
            results: results.iter().copied().collect(),
            gets_input: false,
            blocks: IndexVec::new(),
            insts: IndexVec::new(),
            values: IndexVec::new(),
        };
        let entry = function.add_block();
        for ty in params {
            function.add_param(entry, *ty);
        }
        function
    }

    /// The parameters of the function.
    pub fn params(&self) -> &[Value] {
        self.blocks.get(Function::ENTRY).map_or(&[], |entry| &entry.params)
    }

    /// Adds an empty block that ends in [`Terminator::Unreachable`].
    pub fn add_block(&mut self) -> Block {
        self.blocks.push(BlockData {
            params: Vec::new(),
            insts: Vec::new(),
            terminator: Terminator::Unreachable,
        })
    }

    /// Adds a parameter to a block. The caller adds the arguments.
    pub fn add_param(&mut self, block: Block, ty: Type) -> Value {
        let number = self.blocks[block].params.len() as u32;
        let value = self.values.push(ValueData { ty, def: ValueDef::Param(block, number) });
        self.blocks[block].params.push(value);
        value
    }

    /// Makes an instruction that no block lists yet, with results of the given types.
    pub fn make_inst(&mut self, op: Op, results: &[Type], span: Option<Span>) -> Inst {
        let inst = self.insts.next_index();
        let results = results
            .iter()
            .enumerate()
            .map(|(n, ty)| self.values.push(ValueData { ty: *ty, def: ValueDef::Result(inst, n as u32) }))
            .collect();
        self.insts.push(InstData { op, results, span })
    }

    /// Appends an instruction to a block.
    pub fn append(&mut self, block: Block, op: Op, results: &[Type], span: Option<Span>) -> Inst {
        let inst = self.make_inst(op, results, span);
        self.blocks[block].insts.push(inst);
        inst
    }

    /// Appends an instruction with one result to a block.
    pub fn append_value(&mut self, block: Block, op: Op, ty: Type, span: Option<Span>) -> Value {
        let value = self.values.next_index();
        self.append(block, op, &[ty], span);
        value
    }

    /// The type of a value.
    pub fn ty(&self, value: Value) -> Type {
        self.values[value].ty
    }

    /// The operation that defines a value, if an instruction does.
    pub fn defining_op(&self, value: Value) -> Option<&Op> {
        match self.values.get(value)?.def {
            ValueDef::Result(inst, _) => self.insts.get(inst).map(|data| &data.op),
            ValueDef::Param(..) => None,
        }
    }

    /// The word that a value is, if a constant defines it.
    pub fn as_const(&self, value: Value) -> Option<u64> {
        match self.defining_op(value)? {
            Op::Const(word) => Some(*word),
            Op::BoolConst(truth) => Some(u64::from(*truth)),
            _ => None,
        }
    }

    /// Predecessors of each block, in block order; a block that branches twice to one target stands twice.
    pub fn predecessors(&self) -> Predecessors {
        let mut predecessors: Predecessors = self.blocks.indices().map(|_| SmallVec::new()).collect();
        for (block, data) in self.blocks.iter_enumerated() {
            for target in data.terminator.targets() {
                if let Some(list) = predecessors.get_mut(target.block) {
                    list.push(block);
                }
            }
        }
        predecessors
    }

    /// Reachable blocks in reverse post-order. Linear; no recursion.
    pub fn reverse_postorder(&self) -> Vec<Block> {
        graph::reverse_postorder(self.blocks.len(), |block| self.successors(block))
    }

    /// For each block, whether the entry reaches it. Linear; no recursion.
    pub fn reachable(&self) -> IndexVec<Block, bool> {
        graph::reachable(self.blocks.len(), |block| self.successors(block))
    }

    fn successors(&self, block: Block) -> [Option<Block>; 2] {
        match self.blocks.get(block).map(|data| &data.terminator) {
            Some(Terminator::Jump(target)) => [Some(target.block), None],
            Some(Terminator::Branch(_, then, otherwise)) => [Some(then.block), Some(otherwise.block)],
            Some(Terminator::Return(_) | Terminator::Fail(_) | Terminator::Unreachable) | None => [None; 2],
        }
    }
}
