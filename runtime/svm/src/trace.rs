//! Which instructions of programs ran, from the runtime's own trace of registers.

use litesvm::{InvocationInspectCallback, LiteSVM};
use solana_program_runtime::invoke_context::InvokeContext;
use solana_pubkey::Pubkey;
use solana_transaction::sanitized::SanitizedTransaction;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// How often each slot of each program ran.
#[derive(Clone, Default)]
pub struct Trace(Arc<Mutex<BTreeMap<Pubkey, Vec<u64>>>>);

/// The place of the program counter among the registers.
const PROGRAM_COUNTER: usize = 11;

impl Trace {
    /// The counts of a program; empty if it did not run.
    pub fn counts(&self, program: &Pubkey) -> Vec<u64> {
        self.0.lock().ok().and_then(|counts| counts.get(program).cloned()).unwrap_or_default()
    }
}

impl InvocationInspectCallback for Trace {
    fn before_invocation(
        &self,
        _: &LiteSVM,
        _: &SanitizedTransaction,
        _: &[u16],
        _: &mut InvokeContext<'_, '_>,
        _: bool,
    ) {
    }

    fn after_invocation(
        &self,
        _: &LiteSVM,
        _: &SanitizedTransaction,
        _: &[u16],
        context: &InvokeContext<'_, '_>,
        is_traced: bool,
    ) {
        if !is_traced {
            return;
        }
        context.iterate_vm_traces(&|instruction, _, registers| {
            let (Ok(program), Ok(mut all)) = (instruction.get_program_key(), self.0.lock()) else { return };
            let counts = all.entry(*program).or_default();
            for row in registers {
                // A program has at most 10 MiB, and so its counters are small.
                let slot = row.get(PROGRAM_COUNTER).copied().unwrap_or(0) as usize;
                if slot >= counts.len() {
                    counts.resize(slot + 1, 0);
                }
                if let Some(count) = counts.get_mut(slot) {
                    *count += 1;
                }
            }
        });
    }
}
