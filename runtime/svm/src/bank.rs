//! One bank: litesvm with a time and a payer that are the same in every run.

use crate::measure;
use crate::protocol::{AccountText, Failure, Outcome, Time};
use crate::server::{bytes_of, key_of, text_of};
use crate::trace::Trace;
use crate::transaction::transaction;
use litesvm::LiteSVM;
use solana_account::Account;
use solana_clock::Clock;
use solana_epoch_schedule::EpochSchedule;
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use solana_transaction_error::TransactionError;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// When a bank begins, in seconds since 1970.
const START: i64 = 1_700_000_000;

/// What the payer of fees has.
const PAYER_LAMPORTS: u64 = 1_000_000_000_000;

/// The largest data of an account.
const MAX_DATA: usize = 10 << 20;

/// A bank. Copies are cheap: accounts share their data until one changes.
#[derive(Clone)]
pub struct Bank {
    svm: LiteSVM,
    /// The programs that were loaded, by key, to tell whether one is the same again.
    programs: BTreeMap<Pubkey, Arc<[u8]>>,
    /// How many transactions were sent.
    sent: u64,
}

impl Bank {
    /// A bank with the programs that every bank has, and somebody who pays fees.
    pub fn new(trace: Option<Trace>, payer: &Pubkey) -> Bank {
        let mut svm = LiteSVM::new_debuggable(trace.is_some())
            .with_transaction_history(0)
            .with_log_bytes_limit(None)
            .with_sigverify(false)
            .with_blockhash_check(false);
        if let Some(trace) = trace {
            for (name, syscall) in measure::syscalls() {
                svm = svm.with_custom_syscall(name, syscall);
            }
            // Programs keep the syscalls that were there when they were loaded.
            svm = svm.with_default_programs();
            svm.set_invocation_inspect_callback(trace);
        }
        let mut clock = svm.get_sysvar::<Clock>();
        clock.unix_timestamp = START;
        clock.epoch_start_timestamp = START;
        // As the main network has them: 432,000 slots each from the first one on.
        let epochs = EpochSchedule::without_warmup();
        svm.set_sysvar(&epochs);
        clock.epoch = epochs.get_epoch(clock.slot);
        clock.leader_schedule_epoch = clock.epoch.saturating_add(1);
        svm.set_sysvar(&clock);
        let account = Account { lamports: PAYER_LAMPORTS, ..Account::default() };
        // It is no sysvar, and so it can be set.
        let _ = svm.set_account(*payer, account);
        Bank { svm, programs: BTreeMap::new(), sent: 0 }
    }

    /// Loads a program, unless it is there already.
    ///
    /// # Errors
    /// The loader refuses it.
    pub fn add_program(&mut self, key: Pubkey, elf: &[u8]) -> Result<(), String> {
        if self.programs.get(&key).is_some_and(|known| **known == *elf) {
            return Ok(());
        }
        self.svm.add_program(key, elf).map_err(|error| format!("the program can not be loaded: {error}"))?;
        self.programs.insert(key, elf.into());
        Ok(())
    }

    /// The account at a key.
    pub fn account(&self, key: &Pubkey) -> Option<AccountText> {
        self.raw(key).map(|account| AccountText {
            lamports: account.lamports,
            owner: account.owner.to_string(),
            data: text_of(&account.data),
            executable: account.executable,
        })
    }

    /// The account at a key, unless it is empty.
    pub fn raw(&self, key: &Pubkey) -> Option<Account> {
        self.svm.get_account(key).filter(|account| account.lamports > 0 || !account.data.is_empty())
    }

    /// Puts an account at a key.
    ///
    /// # Errors
    /// It is too large, or no account can be there.
    pub fn set_account(&mut self, key: Pubkey, text: &AccountText) -> Result<(), String> {
        let data = bytes_of(&text.data)?;
        if data.len() > MAX_DATA {
            return Err(format!("an account holds {MAX_DATA} bytes at most"));
        }
        let account = Account {
            lamports: text.lamports,
            data,
            owner: key_of(&text.owner)?,
            executable: text.executable,
            rent_epoch: u64::MAX,
        };
        self.svm.set_account(key, account).map_err(|error| format!("the account can not be set: {error}"))
    }

    /// The least balance of an account of a size.
    ///
    /// # Errors
    /// No account has that size.
    pub fn rent(&self, size: u64) -> Result<u64, String> {
        match usize::try_from(size) {
            Ok(size) if size <= MAX_DATA => Ok(self.svm.minimum_balance_for_rent_exemption(size)),
            _ => Err(format!("an account holds {MAX_DATA} bytes at most")),
        }
    }

    /// What time it is.
    pub fn time(&self) -> Time {
        let clock = self.svm.get_sysvar::<Clock>();
        Time { slot: clock.slot, time: clock.unix_timestamp, epoch: clock.epoch }
    }

    /// Sets the time. Without an epoch, it is the one of the slot.
    ///
    /// # Errors
    /// It would go back.
    pub fn warp(&mut self, slot: Option<u64>, time: Option<i64>, epoch: Option<u64>) -> Result<(), String> {
        let mut clock = self.svm.get_sysvar::<Clock>();
        if slot.is_some_and(|slot| slot < clock.slot) {
            return Err(format!("it is slot {} already, and slots do not go back", clock.slot));
        }
        clock.unix_timestamp = time.unwrap_or(clock.unix_timestamp);
        // What a test said of the epoch holds until the slots have caught up.
        let of_slot = |slot| self.svm.get_sysvar::<EpochSchedule>().get_epoch(slot).max(clock.epoch);
        let epoch = epoch.or(slot.map(of_slot)).unwrap_or(clock.epoch);
        clock.slot = slot.unwrap_or(clock.slot);
        if epoch != clock.epoch {
            clock.epoch_start_timestamp = clock.unix_timestamp;
        }
        clock.epoch = epoch;
        clock.leader_schedule_epoch = clock.epoch.saturating_add(1);
        self.svm.set_sysvar(&clock);
        Ok(())
    }

    /// Runs a transaction.
    ///
    /// # Errors
    /// No transaction can be made of the instructions; one that fails is an outcome.
    pub fn send(
        &mut self,
        instructions: &[Instruction],
        payer: &Pubkey,
        wallets: &BTreeSet<Pubkey>,
    ) -> Result<Outcome, String> {
        self.sent += 1;
        let blockhash = self.svm.latest_blockhash();
        let transaction = transaction(instructions, payer, wallets, blockhash, self.sent)?;
        let (error, meta) = match self.svm.send_transaction(transaction) {
            Ok(meta) => (None, meta),
            Err(failed) => (Some(failure(&failed.err)), failed.meta),
        };
        let returned = meta.return_data;
        let is_returned = error.is_none() && !returned.data.is_empty();
        Ok(Outcome {
            error,
            units: meta.compute_units_consumed,
            fee: meta.fee,
            logs: meta.logs,
            returned: is_returned.then(|| (returned.program_id.to_string(), text_of(&returned.data))),
            changed: Vec::new(),
        })
    }
}

fn failure(error: &TransactionError) -> Failure {
    match error {
        TransactionError::InstructionError(instruction, error) => {
            Failure { instruction: Some(*instruction), name: format!("{error:?}") }
        }
        other => Failure { instruction: None, name: format!("{other:?}") },
    }
}
