//! The low-level forms: memory, logs and syscalls.

use crate::function::Value;
use crate::lower::function::Signatures;
use crate::lower::state::{State, Words};
use crate::op::{Access, BinaryOp, Op, Region, Width};
use ovsm_base::syscall::Syscall;
use ovsm_expand::Builtin;
use ovsm_expand::core::{Expr, ExprId};

impl State<'_> {
    /// Built-ins that reach outside the program's own values.
    pub(crate) fn chain_builtin(
        &mut self,
        builtin: Builtin,
        args: &[ExprId],
        signatures: &dyn Signatures,
    ) -> Words {
        let one = |value: Value| Words::from_slice(&[value]);
        match (builtin, args) {
            (Builtin::NumAccounts, _) => one(self.number_of_accounts()),
            (Builtin::InputPtr, _) => one(self.input_address()),
            (Builtin::InstructionDataPtr, _) => one(self.instruction_data()),
            (Builtin::InstructionDataLen, _) => one(self.instruction_data_length()),
            (Builtin::ProgramIdPtr, _) => one(self.program_id()),
            (Builtin::Account(field), [index]) => one(self.account_field(field, *index, signatures)),
            (Builtin::SetLamports, [index, value]) => {
                self.set_lamports(*index, *value, signatures);
                Words::new()
            }
            (Builtin::Require(requirement), _) => self.require(requirement, args, signatures),
            (Builtin::MemLoad(bytes), [pointer, offset]) => {
                let (address, offset) = self.address(*pointer, *offset, signatures);
                one(self.load(width(bytes), Region::Any, address, offset))
            }
            (Builtin::MemStore(bytes), [pointer, offset, value]) => {
                let (address, offset) = self.address(*pointer, *offset, signatures);
                if let Some(value) = self.value(*value, signatures).first() {
                    let access = Access { width: width(bytes), region: Region::Any, address, offset };
                    self.emit(Op::Store(access, *value), &[]);
                }
                Words::new()
            }
            (Builtin::Log, _) => {
                let words: Vec<Value> = args.iter().flat_map(|arg| self.value(*arg, signatures)).collect();
                self.call_syscall("sol_log_", &words);
                Words::new()
            }
            (Builtin::Log64, _) => {
                let mut words: Vec<Value> =
                    args.iter().flat_map(|arg| self.value(*arg, signatures)).collect();
                while words.len() < 5 {
                    words.push(self.constant(0));
                }
                self.call_syscall("sol_log_64_", &words);
                Words::new()
            }
            (Builtin::LogPubkey, _) => {
                let words: Vec<Value> = args.iter().flat_map(|arg| self.value(*arg, signatures)).collect();
                self.call_syscall("sol_log_pubkey", &words);
                Words::new()
            }
            (Builtin::Syscall, [name, rest @ ..]) => {
                let words: Vec<Value> = rest.iter().flat_map(|arg| self.value(*arg, signatures)).collect();
                let body = self.body;
                match body.exprs.get(*name) {
                    Some(Expr::String(name)) => self.call_syscall(name, &words),
                    _ => Words::new(),
                }
            }
            _ => Words::new(),
        }
    }

    fn call_syscall(&mut self, name: &str, args: &[Value]) -> Words {
        match Syscall::from_name(name) {
            Some(syscall) => Words::from_elem(self.syscall(syscall, args), 1),
            None => Words::new(),
        }
    }

    /// A base address and a constant offset for `pointer + offset`.
    fn address(&mut self, pointer: ExprId, offset: ExprId, signatures: &dyn Signatures) -> (Value, i32) {
        let pointer = self.value(pointer, signatures).first().copied();
        let offset = self.value(offset, signatures).first().copied();
        let pointer = pointer.unwrap_or_else(|| self.constant(0));
        let offset = offset.unwrap_or_else(|| self.constant(0));
        match self.function.as_const(offset).map(|word| i16::try_from(word as i64)) {
            Some(Ok(small)) => (pointer, i32::from(small)),
            _ => (self.binary(BinaryOp::Add, pointer, offset), 0),
        }
    }
}

fn width(bytes: u8) -> Width {
    match bytes {
        1 => Width::W1,
        2 => Width::W2,
        4 => Width::W4,
        _ => Width::W8,
    }
}
