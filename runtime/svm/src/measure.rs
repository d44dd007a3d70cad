//! What each call of the runtime charges: the syscalls as they are, with a look at the meter before and after.
//!
//! Which instructions ran says the runtime's trace of registers; what a syscall among them charged says nobody else. The
//! syscalls do what they do elsewhere, and nothing here changes what a program sees. Start with [`syscalls`].

use solana_program_runtime::invoke_context::{BuiltinFunctionRegisterer, InvokeContext};
use solana_sbpf::ebpf::hash_symbol_name;
use solana_sbpf::elf::ElfError;
use solana_sbpf::program::{BuiltinFunctionDefinition, BuiltinProgram};
use solana_sbpf::vm::ContextObject;
use solana_syscalls as syscall;
use std::cell::RefCell;
use std::marker::PhantomData;

/// A call of a syscall.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Charged {
    /// The invocation that called, by its place in the transaction's trace of invocations.
    pub caller: usize,
    /// The units that were left when it began, its own instruction already paid.
    pub before: u64,
    /// The units that were left when it ended.
    pub after: u64,
    /// The invocations inside of it: from this one,
    pub first: usize,
    /// up to this one, not included.
    pub end: usize,
}

impl Charged {
    /// What was charged, with what invocations inside of it cost.
    pub fn units(&self) -> u64 {
        self.before.saturating_sub(self.after)
    }
}

/// The syscalls that are not measured, since the runtime names their kinds to nobody. What they charge is found from what
/// was left before and after them.
const HASHES: [&str; 4] = ["sol_sha256", "sol_sha512", "sol_keccak256", "sol_blake3"];

/// True if the number of a call of a syscall means one that is not measured.
pub fn is_hash(number: u32) -> bool {
    HASHES.iter().any(|name| hash_symbol_name(name.as_bytes()) == number)
}

thread_local! {
    /// The calls of the transaction that runs, in the order in which they begin. One thread runs all transactions.
    static CALLS: RefCell<Vec<Charged>> = const { RefCell::new(Vec::new()) };
}

/// The calls since the last time, in the order in which they began.
pub fn take() -> Vec<Charged> {
    CALLS
        .with(|calls| calls.try_borrow_mut().map(|mut calls| std::mem::take(&mut *calls)).unwrap_or_default())
}

/// A syscall whose charge is noted.
struct Measured<S>(PhantomData<S>);

type Context = InvokeContext<'static, 'static>;

impl<S: BuiltinFunctionDefinition<Context>> BuiltinFunctionDefinition<Context> for Measured<S> {
    type Error = S::Error;

    fn rust(vm: &mut Context, a: u64, b: u64, c: u64, d: u64, e: u64) -> Result<u64, S::Error> {
        let before = vm.get_remaining();
        let first = vm.transaction_context.get_instruction_trace_length();
        let caller = vm.transaction_context.get_current_instruction_index().unwrap_or(0);
        let begun = CALLS.with(|calls| {
            let mut calls = calls.try_borrow_mut().ok()?;
            calls.push(Charged { caller, before, after: before, first, end: first });
            Some(calls.len() - 1)
        });
        let result = S::rust(vm, a, b, c, d, e);
        let after = vm.get_remaining();
        let end = vm.transaction_context.get_instruction_trace_length();
        CALLS.with(|calls| {
            if let (Ok(mut calls), Some(begun)) = (calls.try_borrow_mut(), begun)
                && let Some(call) = calls.get_mut(begun)
            {
                call.after = after;
                call.end = end;
            }
        });
        result
    }
}

/// Puts the measured syscall in place of the one of this name; a syscall that the runtime does not have stays away.
fn measured<S: BuiltinFunctionDefinition<Context>>(
    program: &mut BuiltinProgram<Context>,
    name: &str,
) -> Result<(), ElfError> {
    match program.unregister_function(name) {
        true => program.register_definition::<Measured<S>>(name),
        false => Ok(()),
    }
}

/// The syscalls that are measured, by name, with what puts the measured one in their place.
pub fn syscalls() -> Vec<(&'static str, BuiltinFunctionRegisterer)> {
    vec![
        ("abort", measured::<syscall::SyscallAbort>),
        ("sol_panic_", measured::<syscall::SyscallPanic>),
        ("sol_log_", measured::<syscall::SyscallLog>),
        ("sol_log_64_", measured::<syscall::SyscallLogU64>),
        ("sol_log_pubkey", measured::<syscall::SyscallLogPubkey>),
        ("sol_log_compute_units_", measured::<syscall::SyscallLogBpfComputeUnits>),
        ("sol_log_data", measured::<syscall::SyscallLogData>),
        ("sol_create_program_address", measured::<syscall::SyscallCreateProgramAddress>),
        ("sol_try_find_program_address", measured::<syscall::SyscallTryFindProgramAddress>),
        ("sol_secp256k1_recover", measured::<syscall::SyscallSecp256k1Recover>),
        ("sol_curve_validate_point", measured::<syscall::SyscallCurvePointValidation>),
        ("sol_curve_group_op", measured::<syscall::SyscallCurveGroupOps>),
        ("sol_curve_multiscalar_mul", measured::<syscall::SyscallCurveMultiscalarMultiplication>),
        ("sol_curve_decompress", measured::<syscall::SyscallCurveDecompress>),
        ("sol_curve_pairing_map", measured::<syscall::SyscallCurvePairingMap>),
        ("sol_get_clock_sysvar", measured::<syscall::SyscallGetClockSysvar>),
        ("sol_get_epoch_schedule_sysvar", measured::<syscall::SyscallGetEpochScheduleSysvar>),
        ("sol_get_fees_sysvar", measured::<syscall::SyscallGetFeesSysvar>),
        ("sol_get_rent_sysvar", measured::<syscall::SyscallGetRentSysvar>),
        ("sol_get_last_restart_slot", measured::<syscall::SyscallGetLastRestartSlotSysvar>),
        ("sol_get_epoch_rewards_sysvar", measured::<syscall::SyscallGetEpochRewardsSysvar>),
        ("sol_get_sysvar", measured::<syscall::SyscallGetSysvar>),
        ("sol_get_epoch_stake", measured::<syscall::SyscallGetEpochStake>),
        ("sol_memcpy_", measured::<syscall::SyscallMemcpy>),
        ("sol_memmove_", measured::<syscall::SyscallMemmove>),
        ("sol_memset_", measured::<syscall::SyscallMemset>),
        ("sol_memcmp_", measured::<syscall::SyscallMemcmp>),
        ("sol_get_processed_sibling_instruction", measured::<syscall::SyscallGetProcessedSiblingInstruction>),
        ("sol_get_stack_height", measured::<syscall::SyscallGetStackHeight>),
        ("sol_set_return_data", measured::<syscall::SyscallSetReturnData>),
        ("sol_get_return_data", measured::<syscall::SyscallGetReturnData>),
        ("sol_invoke_signed_c", measured::<syscall::SyscallInvokeSignedC>),
        ("sol_invoke_signed_rust", measured::<syscall::SyscallInvokeSignedRust>),
        ("sol_alloc_free_", measured::<syscall::SyscallAllocFree>),
        ("sol_alt_bn128_group_op", measured::<syscall::SyscallAltBn128>),
        ("sol_alt_bn128_compression", measured::<syscall::SyscallAltBn128Compression>),
        ("sol_big_mod_exp", measured::<syscall::SyscallBigModExp>),
        ("sol_poseidon", measured::<syscall::SyscallPoseidon>),
        ("sol_remaining_compute_units", measured::<syscall::SyscallRemainingComputeUnits>),
    ]
}
