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
use crate::op::{Access, BinaryOp, Condition, Op, Region, Terminator, Width};
use ovsm_expand::builtin::{AccountField, Requirement};
use ovsm_expand::core::{ExprId, Opening};

/// Up to this many accounts are found without a loop.
const FEW_ACCOUNTS: u32 = 4;
/// The runtime gives no instruction more: accounts are numbered by bytes, and 255 says that one is new.
const ALL_ACCOUNTS: u32 = 255;
/// Where the first account begins.
const FIRST_ACCOUNT: u64 = 8;
/// What an account begins with that is no second mention of an earlier one.
const NEW: u64 = 0xff;
const IS_SIGNER: i32 = 1;
const IS_WRITABLE: i32 = 2;
const EXECUTABLE: i32 = 3;
pub(crate) const KEY: u64 = 8;
pub(crate) const OWNER: u64 = 40;
pub(crate) const LAMPORTS: i32 = 72;
pub(crate) const DATA_LEN: i32 = 80;
pub(crate) const DATA: u64 = 88;
/// What follows the data: room to grow, then padding to a multiple of 8, then a word.
const AFTER_DATA: u64 = 10_240 + 8;

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
            let table = self.constant(Layout::address(offset));
            if entries >= ALL_ACCOUNTS {
                self.call(Callee::Runtime(Runtime::AllAccounts), &[input, table], &[]);
            } else {
                let walk = if entries <= FEW_ACCOUNTS { Runtime::FewAccounts } else { Runtime::AccountTable };
                let entries = self.constant(u64::from(entries));
                self.call(Callee::Runtime(walk), &[input, table, entries], &[]);
            }
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

    /// The address of an account, after checking its index; an account that was opened is its address.
    pub(crate) fn account(&mut self, index: ExprId, signatures: &dyn Signatures) -> Value {
        if let ovsm_infer::Type::Account(_) = self.ty(index) {
            let opened = self.value(index, signatures).first().copied();
            return opened.unwrap_or_else(|| self.constant(INPUT_BASE));
        }
        let index = self.value(index, signatures).first().copied();
        let index = match index {
            Some(index) => index,
            None => self.constant(u64::MAX),
        };
        let count = self.number_of_accounts();
        let outside = self.compare(Condition::UnsignedGreaterEqual, index, count);
        self.fail_if(outside, Failure::AccountIndex);
        match (self.function.as_const(index), self.layout.account_table) {
            (known, table @ None) | (known @ Some(0), table) => {
                // Without a table, only the first account has a number.
                if known != Some(0) && table.is_none() {
                    let outside = self.compare_const(Condition::NotEqual, index, 0);
                    self.fail_if(outside, Failure::AccountIndex);
                }
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

    /// The account after another one, or the first one, checked.
    pub(crate) fn open_account(
        &mut self,
        previous: Option<ExprId>,
        opening: &Opening,
        signatures: &dyn Signatures,
    ) -> Words {
        let account = match (previous, opening.number) {
            (_, Some(number)) if number > 0 => {
                let there = self.number_of_accounts();
                let is_missing = self.compare_const(Condition::UnsignedLessEqual, there, u64::from(number));
                self.fail_if(is_missing, Failure::AccountIndex);
                if number == 1 {
                    self.second_account()
                } else {
                    let (input, number) = (self.input_address(), self.constant(u64::from(number)));
                    let found =
                        self.call(Callee::Runtime(Runtime::FindAccount), &[input, number], &[Type::Word]);
                    found.first().copied().unwrap_or(input)
                }
            }
            (None, _) => {
                let input = self.input_address();
                self.binary_const(BinaryOp::Add, input, FIRST_ACCOUNT)
            }
            (Some(previous), _) => {
                let ty = self.ty(previous);
                let before = self.value(previous, signatures).first().copied();
                let before = before.unwrap_or_else(|| self.constant(INPUT_BASE));
                self.account_after(before, &ty)
            }
        };
        let ovsm_infer::Type::Account(ty) = &opening.ty else { return Words::new() };
        match opening.number {
            Some(_) => self.check_flags_of_any(account, opening.is_signer, ty.is_mutable),
            None => self.check_flags(account, opening, (previous.is_none(), ty.is_mutable), signatures),
        }
        self.check_data(account, ty, opening);
        Words::from_elem(account, 1)
    }

    /// The account with number 1, which may be the first one once more.
    fn second_account(&mut self) -> Value {
        let input = self.input_address();
        let first = self.binary_const(BinaryOp::Add, input, FIRST_ACCOUNT);
        let after = self.account_after(first, &ovsm_infer::Type::Error);
        let mark = self.load(Width::W1, Region::InputMeta, after, 0);
        let is_new = self.compare_const(Condition::Equal, mark, NEW);
        self.select(is_new, after, first)
    }

    /// Where the account after one begins: at a fixed distance if the length of its data is known.
    fn account_after(&mut self, account: Value, ty: &ovsm_infer::Type) -> Value {
        let known = match ty {
            ovsm_infer::Type::Account(ty) => ty.data_length(),
            _ => None,
        };
        match known {
            Some(size) => {
                let length = u64::from(size).next_multiple_of(8);
                self.binary_const(BinaryOp::Add, account, DATA + length + AFTER_DATA)
            }
            None => {
                let length = self.load(Width::W8, Region::Length, account, DATA_LEN);
                let up = self.binary_const(BinaryOp::Add, length, 7);
                let aligned = self.binary_const(BinaryOp::And, up, !7);
                let next = self.binary(BinaryOp::Add, account, aligned);
                self.binary_const(BinaryOp::Add, next, DATA + AFTER_DATA)
            }
        }
    }

    /// The account is no second mention of an earlier one, and signed and is writable if it has to. The flags lie beside
    /// each other, so that one comparison tells whether all is well; what is not is found out afterwards.
    fn check_flags(
        &mut self,
        account: Value,
        opening: &Opening,
        (is_first, is_mutable): (bool, bool),
        signatures: &dyn Signatures,
    ) {
        let is_signer = opening.is_signer;
        // There is none before the first one that it could be.
        let (width, offset, mask, wanted) = match (is_first, is_signer, is_mutable) {
            (true, false, false) => return,
            (true, true, false) => (Width::W1, IS_SIGNER, None, 1),
            (true, false, true) => (Width::W1, IS_WRITABLE, None, 1),
            (true, true, true) => (Width::W2, IS_SIGNER, None, 0x0101),
            (false, false, false) => (Width::W1, 0, None, NEW),
            (false, true, false) => (Width::W2, 0, None, 0x01ff),
            // No account that can be written is a program.
            (false, true, true) => (Width::W4, 0, None, 0x0001_01ff),
            (false, false, true) => (Width::W4, 0, Some(0x00ff_00ff), 0x0001_00ff),
        };
        let mut flags = self.load(width, Region::InputMeta, account, offset);
        if let Some(mask) = mask {
            flags = self.binary_const(BinaryOp::And, flags, mask);
        }
        let differs = self.compare_const(Condition::NotEqual, flags, wanted);
        let (mut bad, mut good) = (self.join(), self.join());
        self.branch(differs, &mut bad, &mut good);
        self.enter(bad);
        let is_second = match is_first {
            true => self.truth(false),
            false => {
                let mark = self.load(Width::W1, Region::InputMeta, account, 0);
                self.compare_const(Condition::NotEqual, mark, NEW)
            }
        };
        match opening.repeated.filter(|_| !is_first) {
            None => self.fail_if(is_second, Failure::DuplicateAccount),
            Some(repeated) => {
                let (mut second, mut first) = (self.join(), self.join());
                self.branch(is_second, &mut second, &mut first);
                self.enter(second);
                self.discard(repeated, signatures);
                if !self.is_dead() {
                    self.function.blocks[self.block].terminator = Terminator::Fail(Failure::DuplicateAccount);
                }
                self.rewind(&first);
                self.enter(first);
            }
        }
        if is_signer {
            let flag = self.load(Width::W1, Region::InputMeta, account, IS_SIGNER);
            let missing = self.compare_const(Condition::Equal, flag, 0);
            self.fail_if(missing, Failure::NotSigner);
        }
        self.function.blocks[self.block].terminator = Terminator::Fail(match (is_mutable, is_signer) {
            (true, _) => Failure::NotWritable,
            (false, true) => Failure::NotSigner,
            (false, false) => Failure::DuplicateAccount,
        });
        self.rewind(&good);
        self.enter(good);
    }

    /// The same, but the account may be one that is there already.
    fn check_flags_of_any(&mut self, account: Value, is_signer: bool, is_mutable: bool) {
        for (is_needed, offset, failure) in
            [(is_signer, IS_SIGNER, Failure::NotSigner), (is_mutable, IS_WRITABLE, Failure::NotWritable)]
        {
            if is_needed {
                let flag = self.load(Width::W1, Region::InputMeta, account, offset);
                let missing = self.compare_const(Condition::Equal, flag, 0);
                self.fail_if(missing, failure);
            }
        }
    }

    /// The data are of a type: length and first word are right, and the program owns the account unless any owner will do.
    fn check_data(&mut self, account: Value, ty: &ovsm_expand::ty::AccountType, opening: &Opening) {
        let Some(wanted) = ty.least_length() else { return };
        let length = self.load(Width::W8, Region::InputMeta, account, DATA_LEN);
        let condition = if ty.is_longer { Condition::UnsignedLess } else { Condition::NotEqual };
        let differs = self.compare_const(condition, length, u64::from(wanted));
        self.fail_if(differs, Failure::AccountData);
        if opening.is_owned {
            let program = self.program_id();
            for word in 0..4 {
                let owner = self.load(Width::W8, Region::InputMeta, account, OWNER as i32 + 8 * word);
                let own = self.load(Width::W8, Region::InputMeta, program, 8 * word);
                let differs = self.compare(Condition::NotEqual, owner, own);
                self.fail_if(differs, Failure::WrongOwner);
            }
        }
        if let Some(discriminator) = opening.discriminator {
            let first = self.load(Width::W8, Region::View, account, DATA as i32);
            let differs = self.compare_const(Condition::NotEqual, first, discriminator);
            self.fail_if(differs, Failure::AccountData);
        }
    }

    /// The arguments of the instruction.
    pub(crate) fn arguments(&mut self, ty: &ovsm_infer::Type, offset: u32, is_prefix: bool) -> Words {
        let length = self.instruction_data_length();
        let wanted = u64::from(ty.size().unwrap_or(0) + offset);
        let condition = if is_prefix { Condition::UnsignedLess } else { Condition::NotEqual };
        let misfits = self.compare_const(condition, length, wanted);
        self.fail_if(misfits, Failure::InstructionData);
        let data = self.instruction_data();
        let from = self.behind(data).after(offset);
        self.check_bytes(ty, from, Failure::InstructionData);
        self.load_value(ty, from)
    }

    /// The key at an offset of an account.
    pub(crate) fn key_of(&mut self, account: ExprId, offset: u64, signatures: &dyn Signatures) -> Words {
        let account = self.account(account, signatures);
        (0..4)
            .map(|word| self.load(Width::W8, Region::InputMeta, account, (offset + 8 * word) as i32))
            .collect()
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
