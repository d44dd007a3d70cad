//! A stable 64-bit hash (FNV-1a) for identities that are stored and compared across runs and hosts.
//!
//! Not for hash tables (use `rustc-hash`) and not for anything that an attacker must not be able to collide.

/// FNV-1a over byte slices. Parts are separated, so `("ab", "c")` and `("a", "bc")` differ.
#[derive(Clone, Copy, Debug)]
pub struct StableHasher(u64);

impl Default for StableHasher {
    fn default() -> Self {
        StableHasher(0xcbf2_9ce4_8422_2325)
    }
}

impl StableHasher {
    /// Adds one part.
    pub fn part(mut self, bytes: &[u8]) -> StableHasher {
        for byte in bytes.iter().chain(&(bytes.len() as u32).to_le_bytes()) {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        self
    }

    /// The hash of all parts so far.
    pub const fn finish(self) -> u64 {
        self.0
    }
}
