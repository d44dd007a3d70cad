//! The 32-bit murmur hash by which sBPF names syscalls and (in v0) functions.

use ovsm_base::syscall::Syscall;

/// MurmurHash3, x86, 32 bits, seed 0.
pub fn murmur3_32(bytes: &[u8]) -> u32 {
    const C1: u32 = 0xcc9e_2d51;
    const C2: u32 = 0x1b87_3593;
    let scramble = |word: u32| word.wrapping_mul(C1).rotate_left(15).wrapping_mul(C2);
    let mut hash = 0u32;
    for chunk in bytes.chunks(4) {
        let word = chunk.iter().rev().fold(0u32, |word, byte| (word << 8) | u32::from(*byte));
        hash ^= scramble(word);
        if chunk.len() == 4 {
            hash = hash.rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64);
        }
    }
    hash ^= bytes.len() as u32;
    hash ^= hash >> 16;
    hash = hash.wrapping_mul(0x85eb_ca6b);
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

/// The hash that a v3 `call` of the syscall carries.
pub fn syscall_hash(syscall: Syscall) -> u32 {
    murmur3_32(syscall.name().as_bytes())
}

/// The syscall that a v3 `call` with this immediate names.
pub fn syscall_of_hash(hash: u32) -> Option<Syscall> {
    Syscall::all().find(|syscall| syscall_hash(*syscall) == hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_hashes() {
        assert_eq!(murmur3_32(b"abort"), 0xb6fc_1a11);
        assert_eq!(murmur3_32(b"sol_log_"), 0x2075_59bd);
    }

    #[test]
    fn no_two_syscalls_collide() {
        for syscall in Syscall::all() {
            assert_eq!(syscall_of_hash(syscall_hash(syscall)), Some(syscall));
            assert_eq!(syscall_hash(syscall), solana_sbpf::ebpf::hash_symbol_name(syscall.name().as_bytes()));
        }
    }
}
