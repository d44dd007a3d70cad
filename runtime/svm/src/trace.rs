//! Which instructions of programs ran, and what they cost, from the runtime's own trace of registers.

use crate::measure;
use crate::profile::{Invocation, Profile};
use litesvm::{InvocationInspectCallback, LiteSVM};
use serde_json::Value;
use solana_program_runtime::invoke_context::InvokeContext;
use solana_pubkey::Pubkey;
use solana_sbpf::program::SBPFVersion;
use solana_sbpf::vm::ContextObject;
use solana_transaction::sanitized::SanitizedTransaction;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// How often each slot of each program ran, and what that cost.
#[derive(Clone, Default)]
pub struct Trace(Arc<Mutex<Notes>>);

#[derive(Default)]
struct Notes {
    counts: BTreeMap<Pubkey, Vec<u64>>,
    profile: Profile,
    /// The units of the transaction that runs when it began.
    begun: u64,
}

/// The place of the program counter among the registers.
const PROGRAM_COUNTER: usize = 11;

impl Trace {
    /// The counts of a program; empty if it did not run.
    pub fn counts(&self, program: &Pubkey) -> Vec<u64> {
        self.0.lock().ok().and_then(|notes| notes.counts.get(program).cloned()).unwrap_or_default()
    }

    /// A transaction has ended, and cost so much.
    pub fn settle(&self, units: u64) {
        if let Ok(mut notes) = self.0.lock() {
            notes.profile.settle(units);
        }
    }

    /// Where all units went.
    pub fn profile(&self) -> Value {
        self.0.lock().map_or(Value::Null, |notes| notes.profile.to_json())
    }
}

impl InvocationInspectCallback for Trace {
    fn before_invocation(
        &self,
        _: &LiteSVM,
        _: &SanitizedTransaction,
        _: &[u16],
        context: &mut InvokeContext<'_, '_>,
        _: bool,
    ) {
        // Calls of a transaction that was given up are no concern of this one.
        measure::take();
        if let Ok(mut notes) = self.0.lock() {
            notes.begun = context.get_remaining();
        }
    }

    fn after_invocation(
        &self,
        _: &LiteSVM,
        transaction: &SanitizedTransaction,
        _: &[u16],
        context: &InvokeContext<'_, '_>,
        is_traced: bool,
    ) {
        if !is_traced {
            return;
        }
        let calls = measure::take();
        let invocations: RefCell<Vec<Invocation>> = RefCell::default();
        context.iterate_vm_traces(&|instruction, executable, registers| {
            let (Ok(program), Ok(mut notes)) = (instruction.get_program_key(), self.0.lock()) else { return };
            // A program has at most 10 MiB, and so its counters are small.
            let slot_of = |row: &[u64; 12]| row.get(PROGRAM_COUNTER).copied().unwrap_or(0) as u32;
            let slots: Vec<u32> = registers.iter().map(slot_of).collect();
            let counts = notes.counts.entry(*program).or_default();
            for slot in slots.iter().map(|slot| *slot as usize) {
                if slot >= counts.len() {
                    counts.resize(slot + 1, 0);
                }
                if let Some(count) = counts.get_mut(slot) {
                    *count += 1;
                }
            }
            let is_top = instruction.get_stack_height() == 1;
            let is_told_apart = executable.get_sbpf_version() == SBPFVersion::V3;
            invocations.borrow_mut().push(Invocation {
                index: instruction.get_index_in_trace(),
                caller: (!is_top).then(|| instruction.get_index_of_caller()),
                program: *program,
                code: is_told_apart.then(|| executable.get_text_bytes().1.to_vec()),
                slots,
            });
        });
        if let Ok(mut notes) = self.0.lock() {
            let mut invocations = invocations.into_inner();
            invocations.sort_by_key(|invocation| invocation.index);
            let count = transaction.message().instructions().len();
            let last = invocations.iter().rev().find(|invocation| invocation.caller.is_none());
            let left = context.get_remaining();
            let end = last.is_some_and(|last| last.index + 1 == count).then_some(left);
            let begun = notes.begun;
            notes.profile.transaction(&invocations, &calls, (begun, end));
        }
    }
}
