//! Compaction: dropping dead instructions and values, and numbering the rest in order of the text.
//!
//! Passes take instructions out of blocks and leave their records behind; this drops the records. Two modules with
//! one text are equal after it, spans apart.

use crate::function::{Block, Function, Inst, Module, Value, ValueData, ValueDef};
use ovsm_base::index::IndexVec;

impl Module {
    /// Compacts each function. Functions and constants keep their numbers.
    pub fn compact(&mut self) {
        self.functions.iter_mut().for_each(Function::compact);
    }
}

impl Function {
    /// Drops instructions that no block lists and values that nothing defines, and renumbers the others in order of
    /// the blocks: parameters, then results. Blocks keep their numbers. The function must be well-formed.
    pub fn compact(&mut self) {
        // A use of a value that nothing defines would keep this, which is out of range.
        let mut numbers = IndexVec::<Value, Value>::from_elem(Value(u32::MAX), self.values.len());
        let mut values = IndexVec::new();
        let mut insts = IndexVec::new();
        let old_insts = std::mem::take(&mut self.insts);
        for (block, data) in self.blocks.iter_mut().enumerate() {
            let block = Block(block as u32);
            for (n, param) in data.params.iter_mut().enumerate() {
                let ty = self.values[*param].ty;
                let number = values.push(ValueData { ty, def: ValueDef::Param(block, n as u32) });
                numbers[*param] = number;
                *param = number;
            }
            for listed in &mut data.insts {
                let inst: Inst = insts.next_index();
                let mut record = old_insts[*listed].clone();
                for (n, result) in record.results.iter_mut().enumerate() {
                    let ty = self.values[*result].ty;
                    let number = values.push(ValueData { ty, def: ValueDef::Result(inst, n as u32) });
                    numbers[*result] = number;
                    *result = number;
                }
                insts.push(record);
                *listed = inst;
            }
        }
        self.values = values;
        self.insts = insts;
        let renumber = |value: Value| numbers.get(value).copied().unwrap_or(value);
        for inst in self.insts.iter_mut() {
            inst.op.map_operands(renumber);
        }
        for block in self.blocks.iter_mut() {
            block.terminator.map_operands(renumber);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::Type;
    use crate::op::{BinaryOp, Op, Terminator};

    #[test]
    fn dead_records_go_and_the_rest_is_renumbered() {
        let mut function = Function::new("f", &[Type::Word], &[Type::Word]);
        let argument = function.params()[0];
        let entry = Function::ENTRY;
        let dead = function.make_inst(Op::Const(1), &[Type::Word], None);
        let two = function.append_value(entry, Op::Const(2), Type::Word, None);
        let sum = function.append_value(entry, Op::Binary(BinaryOp::Add, two, argument), Type::Word, None);
        function.blocks[entry].terminator = Terminator::Return([sum].into_iter().collect());
        assert_eq!((dead, sum), (Inst(0), Value(3)));
        function.compact();
        assert_eq!((function.insts.len(), function.values.len()), (2, 3));
        assert_eq!(function.insts[Inst(1)].op, Op::Binary(BinaryOp::Add, Value(1), Value(0)));
        assert_eq!(function.values[Value(2)].def, ValueDef::Result(Inst(1), 0));
        assert_eq!(function.blocks[entry].insts, [Inst(0), Inst(1)]);
        assert_eq!(function.blocks[entry].terminator, Terminator::Return([Value(2)].into_iter().collect()));
        let once = function.clone();
        function.compact();
        assert_eq!(function, once);
    }
}
