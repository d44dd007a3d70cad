//! What a syscall charges beside the unit of its call, as agave 4.2 does.
//!
//! Some charges depend on lengths. Where one is not known here, its largest possible value is taken; where there is no
//! such value, there is no bound. Start with [`charge`].

use super::Reason;
use super::state::{Known, State};
use ovsm_base::syscall::Syscall;

/// A length beyond the memory of a program says nothing.
const MAX_LENGTH: u64 = 16 << 20;
/// At most the bytes of so many slices are added up.
const MAX_SLICES: u64 = 64;
/// The largest data of a call, and of what it returns.
const MAX_CALL_DATA: u64 = 10 * 1024;
const MAX_RETURN_DATA: u64 = 1024;
/// What one try to find an address charges; about half of all searches end with the first.
pub(super) const TRY: u64 = 1500;
/// One try before the loop, and one for each bump.
pub(super) const MAX_TRIES: u64 = 256;
/// At most so many accounts can be given to a call.
const MAX_METAS: u64 = 255;
const MAX_INFOS: u64 = 255;

/// The search for an address that has no secret: it tries one bump after the other.
const SEARCH: &str = "sol_try_find_program_address";

/// True if the charge depends on how often something is tried, which nobody knows before.
pub(super) fn is_search(syscall: Syscall) -> bool {
    syscall.name() == SEARCH
}

/// What a call of `syscall` charges in `state`.
pub(super) fn charge(syscall: Syscall, state: &State) -> Result<u64, Reason> {
    let length = |register: u8| {
        state.at_most(register).filter(|length| *length <= MAX_LENGTH).ok_or(Reason::Length(syscall))
    };
    let count = |register: u8| state.get(register).ok_or(Reason::Length(syscall));
    Ok(match syscall.name() {
        "abort" => 0,
        "sol_panic_" => length(2)?,
        "sol_log_" => length(2)?.max(100),
        "sol_log_data" => {
            let count = count(2)?;
            let bytes = slices(state, 1, count, |length| length).ok_or(Reason::Length(syscall))?;
            100u64.saturating_add(count.saturating_mul(100)).saturating_add(bytes)
        }
        "sol_memcpy_" | "sol_memmove_" | "sol_memset_" | "sol_memcmp_" => (length(3)? / 250).max(10),
        "sol_create_program_address" => TRY,
        name if name == SEARCH => TRY * MAX_TRIES,
        "sol_sha256" | "sol_keccak256" | "sol_blake3" => {
            let count = count(2)?;
            let bytes = slices(state, 1, count, |length| (length / 2).max(10));
            85u64.saturating_add(bytes.ok_or(Reason::Length(syscall))?)
        }
        "sol_secp256k1_recover" => 25_000,
        "sol_get_clock_sysvar" | "sol_get_epoch_schedule_sysvar" => 140,
        "sol_get_rent_sysvar" => 124,
        "sol_get_epoch_rewards_sysvar" => 196,
        "sol_get_last_restart_slot" => 108,
        "sol_get_sysvar" => 100u64.saturating_add((length(4)? / 250).max(10)),
        "sol_set_return_data" => 100 + state.at_most(2).unwrap_or(u64::MAX).min(MAX_RETURN_DATA) / 250,
        "sol_get_return_data" => 100 + (state.at_most(2).unwrap_or(u64::MAX).min(MAX_RETURN_DATA) + 32) / 250,
        "sol_invoke_signed_c" | "sol_invoke_signed_rust" => {
            // The number of accounts and the length of the data in the C layout of an instruction.
            let field = |offset: u64| state.get(1).and_then(|at| state.word(at.checked_add(offset)?));
            let is_c = syscall.name() == "sol_invoke_signed_c";
            let metas = field(16).filter(|_| is_c).unwrap_or(MAX_METAS).min(MAX_METAS);
            let data = field(32).filter(|_| is_c).unwrap_or(MAX_CALL_DATA).min(MAX_CALL_DATA);
            let infos = state.get(3).unwrap_or(MAX_INFOS).min(MAX_INFOS);
            946 + (data + 34 * metas) / 250 + 80 * infos / 250
        }
        "sol_get_processed_sibling_instruction" => return Err(Reason::Length(syscall)),
        "sol_curve_validate_point" => 169,
        "sol_curve_group_op" => 2208,
        "sol_curve_multiscalar_mul" => 2303u64.saturating_add(length(4)?.saturating_mul(788)),
        "sol_alt_bn128_group_op" => match state.get(1) {
            Some(0 | 1) => 334,
            Some(2) => 3840,
            _ => {
                let bytes = length(3)?;
                36_364u64 + 85 + 32 + bytes.saturating_add((bytes / 192).saturating_mul(12_121)).min(1 << 40)
            }
        },
        "sol_alt_bn128_compression" => 13_610,
        "sol_poseidon" => {
            let inputs = length(4)?.min(1 << 16);
            61 * inputs * inputs + 542
        }
        // Logging of numbers, a key or the units; what is left; the depth of calls.
        _ => 100,
    })
}

/// The least that a call charges whose lengths are not known.
pub(super) fn least(syscall: Syscall) -> u64 {
    let mut state = State::default();
    for register in 1..6 {
        state.set(register, Some(Known::is(0)));
    }
    charge(syscall, &state).unwrap_or(100)
}

/// True if the units of another program are added to the charge.
pub(super) fn calls_a_program(syscall: Syscall) -> bool {
    syscall.name().starts_with("sol_invoke_signed")
}

/// True if memory is as it was afterwards.
pub(super) fn only_reads(syscall: Syscall) -> bool {
    let name = syscall.name();
    name.starts_with("sol_log") || name == "sol_set_return_data" || name == "sol_remaining_compute_units"
}

/// The sum of `each` over the lengths of `count` slices, address and length each, from where the register points.
fn slices(state: &State, register: u8, count: u64, each: impl Fn(u64) -> u64) -> Option<u64> {
    if count > MAX_SLICES {
        return None;
    }
    let start = state.get(register)?;
    (0..count).try_fold(0u64, |sum, number| {
        let length = state.word(start.checked_add(16 * number + 8)?)?;
        Some(sum.saturating_add(each(length)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ovsm_ir::Width;

    #[test]
    fn lengths_count_where_they_are_known() {
        let log = Syscall::from_name("sol_log_").unwrap();
        let mut state = State::default();
        assert_eq!(charge(log, &state), Err(Reason::Length(log)));
        state.set(2, Some(Known::is(7)));
        assert_eq!(charge(log, &state), Ok(100));
        state.set(2, Some(Known::is(170)));
        assert_eq!(charge(log, &state), Ok(170));
    }

    #[test]
    fn slices_are_read_from_memory() {
        let data = Syscall::from_name("sol_log_data").unwrap();
        let mut state = State::default();
        state.set(1, Some(Known::is(0x2000)));
        state.set(2, Some(Known::is(1)));
        assert_eq!(charge(data, &state), Err(Reason::Length(data)));
        state.store_at(Some(0x2008), Width::W8, Some(Known::is(24)));
        assert_eq!(charge(data, &state), Ok(224));
    }

    #[test]
    fn every_syscall_has_a_charge_or_a_reason() {
        for syscall in Syscall::all() {
            match charge(syscall, &State::default()) {
                Ok(units) => assert!(units <= 1500 * 256, "{syscall:?}"),
                Err(reason) => assert_eq!(reason, Reason::Length(syscall)),
            }
        }
    }
}
