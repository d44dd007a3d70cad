//! Accounts and instruction data: reading the serialised input of a Solana program (loader ABI v1, aligned).
//!
//! The first account is at a fixed place. The others follow one another, and an account that is the same as an
//! earlier one is only a reference to it, so their places are found by walking: the entry does it once, before any
//! other code can change a length, and keeps them in a table. Every access checks its index.

use crate::Failure;
use crate::Type;
use crate::function::Value;
use crate::lower::function::Signatures;
use crate::lower::layout::Layout;
use crate::lower::runtime::Runtime;
use crate::lower::state::{Callee, State, Words};
use crate::machine::INPUT_BASE;
use crate::op::{Access, BinaryOp, Condition, Op, Region, Width};
use ovsm_expand::builtin::{AccountField, Requirement};
use ovsm_expand::core::ExprId;

/// Up to this many accounts are found without a loop.
const FEW_ACCOUNTS: u32 = 4;
/// Where the first account begins.
const FIRST_ACCOUNT: u64 = 8;
const IS_SIGNER: i32 = 1;
const IS_WRITABLE: i32 = 2;
const EXECUTABLE: i32 = 3;
const KEY: u64 = 8;
const OWNER: u64 = 40;
const LAMPORTS: i32 = 72;
const DATA_LEN: i32 = 80;
const DATA: u64 = 88;

impl State<'_> {
    /// What the entry does before the program's own code.
    pub(crate) fn prologue(&mut self) {
        let Some((input, data)) = self.entry else { return };
        if let Some(offset) = self.layout.instruction_data {
            let address = self.constant(Layout::address(offset));
            let access = Access { width: Width::W8, region: Region::Frame, address, offset: 0 };
            self.emit(Op::Store(access, data), &[]);
        }
        if let Some((offset, entries)) = self.layout.account_table {
            let walk = if entries <= FEW_ACCOUNTS { Runtime::FewAccounts } else { Runtime::AccountTable };
            let table = self.constant(Layout::address(offset));
            let entries = self.constant(u64::from(entries));
            self.call(Callee::Runtime(walk), &[input, table, entries], &[]);
        }
    }

    pub(crate) fn input_address(&mut self) -> Value {
        match self.entry {
            Some((input, _)) => input,
            None => self.constant(INPUT_BASE),
        }
    }

    pub(crate) fn number_of_accounts(&mut self) -> Value {
        let input = self.input_address();
        self.load(Width::W8, Region::InputMeta, input, 0)
    }

    pub(crate) fn load(&mut self, width: Width, region: Region, address: Value, offset: i32) -> Value {
        self.word(Op::Load(Access { width, region, address, offset }))
    }

    /// The address of an account, after checking its index.
    fn account(&mut self, index: ExprId, signatures: &dyn Signatures) -> Value {
        let index = self.value(index, signatures).first().copied();
        let index = match index {
            Some(index) => index,
            None => self.constant(u64::MAX),
        };
        let count = self.number_of_accounts();
        let outside = self.compare(Condition::UnsignedGreaterEqual, index, count);
        self.fail_if(outside, Failure::AccountIndex);
        match (self.function.as_const(index), self.layout.account_table) {
            (Some(0), _) | (_, None) => {
                let input = self.input_address();
                self.binary_const(BinaryOp::Add, input, FIRST_ACCOUNT)
            }
            (Some(index), Some((offset, entries))) if index < u64::from(entries) => {
                let address = self.constant(Layout::address(offset) + 8 * index);
                self.load(Width::W8, Region::Frame, address, 0)
            }
            (_, Some((offset, entries))) => {
                // The runtime gives no instruction more accounts than the table holds; a store of the program
                // through a stray pointer could make the count say otherwise.
                let outside = self.compare_const(Condition::UnsignedGreaterEqual, index, u64::from(entries));
                self.fail_if(outside, Failure::AccountIndex);
                let scaled = self.binary_const(BinaryOp::ShiftLeft, index, 3);
                let address = self.binary_const(BinaryOp::Add, scaled, Layout::address(offset));
                self.load(Width::W8, Region::Frame, address, 0)
            }
        }
    }

    pub(crate) fn account_field(
        &mut self,
        field: AccountField,
        index: ExprId,
        signatures: &dyn Signatures,
    ) -> Value {
        let account = self.account(index, signatures);
        let meta = Region::InputMeta;
        match field {
            AccountField::DataPtr => self.binary_const(BinaryOp::Add, account, DATA),
            AccountField::Pubkey => self.binary_const(BinaryOp::Add, account, KEY),
            AccountField::Owner => self.binary_const(BinaryOp::Add, account, OWNER),
            AccountField::DataLen => self.load(Width::W8, meta, account, DATA_LEN),
            AccountField::Lamports => self.load(Width::W8, Region::Lamports, account, LAMPORTS),
            AccountField::IsSigner => self.load(Width::W1, meta, account, IS_SIGNER),
            AccountField::IsWritable => self.load(Width::W1, meta, account, IS_WRITABLE),
            AccountField::Executable => self.load(Width::W1, meta, account, EXECUTABLE),
        }
    }

    pub(crate) fn set_lamports(&mut self, index: ExprId, value: ExprId, signatures: &dyn Signatures) {
        let address = self.account(index, signatures);
        if let Some(value) = self.value(value, signatures).first() {
            let access = Access { width: Width::W8, region: Region::Lamports, address, offset: LAMPORTS };
            self.emit(Op::Store(access, *value), &[]);
        }
    }

    pub(crate) fn require(
        &mut self,
        requirement: Requirement,
        args: &[ExprId],
        signatures: &dyn Signatures,
    ) -> Words {
        let Some(index) = args.first() else { return Words::new() };
        let account = self.account(*index, signatures);
        let (offset, failure) = match requirement {
            Requirement::Signer => (IS_SIGNER, Failure::NotSigner),
            Requirement::Writable => (IS_WRITABLE, Failure::NotWritable),
            Requirement::Owner => {
                let key = args.get(1).and_then(|key| self.value(*key, signatures).first().copied());
                if let Some(key) = key {
                    for word in 0..4 {
                        let own = self.load(Width::W8, Region::InputMeta, account, OWNER as i32 + 8 * word);
                        let wanted = self.load(Width::W8, Region::Any, key, 8 * word);
                        let differs = self.compare(Condition::NotEqual, own, wanted);
                        self.fail_if(differs, Failure::WrongOwner);
                    }
                }
                return Words::new();
            }
        };
        let flag = self.load(Width::W1, Region::InputMeta, account, offset);
        let missing = self.compare_const(Condition::Equal, flag, 0);
        self.fail_if(missing, failure);
        Words::new()
    }

    pub(crate) fn instruction_data(&mut self) -> Value {
        match (self.entry, self.layout.instruction_data) {
            (Some((_, data)), _) => data,
            (None, offset) => {
                let address = self.constant(Layout::address(offset.unwrap_or(0)));
                self.load(Width::W8, Region::Frame, address, 0)
            }
        }
    }

    pub(crate) fn instruction_data_length(&mut self) -> Value {
        let data = self.instruction_data();
        self.load(Width::W8, Region::InputMeta, data, -8)
    }

    pub(crate) fn program_id(&mut self) -> Value {
        let data = self.instruction_data();
        let length = self.load(Width::W8, Region::InputMeta, data, -8);
        self.binary(BinaryOp::Add, data, length)
    }

    pub(crate) fn syscall(&mut self, syscall: ovsm_base::syscall::Syscall, args: &[Value]) -> Value {
        let inst = self.emit(Op::Syscall(syscall, args.iter().copied().collect()), &[Type::Word]);
        self.function.insts[inst].results.first().copied().unwrap_or(Value(0))
    }
}
