//! Solana's syscalls: names and argument counts (agave 4.2). The compiler refuses every other name, because the
//! loader of sBPF v3 does not check them.

/// One syscall.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Syscall(u8);

struct Entry {
    name: &'static str,
    arity: u8,
}

const fn entry(name: &'static str, arity: u8) -> Entry {
    Entry { name, arity }
}

const TABLE: &[Entry] = &[
    entry("abort", 0),
    entry("sol_panic_", 4),
    entry("sol_log_", 2),
    entry("sol_log_64_", 5),
    entry("sol_log_pubkey", 1),
    entry("sol_log_compute_units_", 0),
    entry("sol_log_data", 2),
    entry("sol_memcpy_", 3),
    entry("sol_memmove_", 3),
    entry("sol_memset_", 3),
    entry("sol_memcmp_", 4),
    entry("sol_create_program_address", 4),
    entry("sol_try_find_program_address", 5),
    entry("sol_sha256", 3),
    entry("sol_keccak256", 3),
    entry("sol_blake3", 3),
    entry("sol_secp256k1_recover", 4),
    entry("sol_get_clock_sysvar", 1),
    entry("sol_get_rent_sysvar", 1),
    entry("sol_get_epoch_schedule_sysvar", 1),
    entry("sol_get_epoch_rewards_sysvar", 1),
    entry("sol_get_last_restart_slot", 1),
    entry("sol_get_sysvar", 4),
    entry("sol_set_return_data", 2),
    entry("sol_get_return_data", 3),
    entry("sol_get_stack_height", 0),
    entry("sol_get_processed_sibling_instruction", 5),
    entry("sol_invoke_signed_c", 5),
    entry("sol_invoke_signed_rust", 5),
    entry("sol_remaining_compute_units", 0),
    entry("sol_curve_validate_point", 3),
    entry("sol_curve_group_op", 5),
    entry("sol_curve_multiscalar_mul", 5),
    entry("sol_alt_bn128_group_op", 4),
    entry("sol_alt_bn128_compression", 4),
    entry("sol_poseidon", 5),
];

impl Syscall {
    /// The syscall with this name.
    pub fn from_name(name: &str) -> Option<Syscall> {
        TABLE.iter().position(|entry| entry.name == name).map(|n| Syscall(n as u8))
    }

    /// Every syscall.
    pub fn all() -> impl Iterator<Item = Syscall> {
        (0..TABLE.len() as u8).map(Syscall)
    }

    /// The name, as the loader hashes it.
    pub fn name(self) -> &'static str {
        TABLE.get(self.0 as usize).map_or("abort", |entry| entry.name)
    }

    /// How many arguments it reads, 0 to 5.
    pub fn arity(self) -> usize {
        TABLE.get(self.0 as usize).map_or(0, |entry| entry.arity as usize)
    }

    /// True if it never returns.
    pub fn diverges(self) -> bool {
        matches!(self.name(), "abort" | "sol_panic_")
    }
}

impl std::fmt::Debug for Syscall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
