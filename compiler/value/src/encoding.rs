//! Base58 of keys, as Solana writes them.

/// Encodes bytes with the Bitcoin alphabet. Quadratic: for keys and signatures.
pub fn base58(bytes: &[u8]) -> String {
    bs58::encode(bytes).into_string()
}

/// Decodes base58 text of exactly `N` bytes.
pub fn from_base58<const N: usize>(text: &str) -> Option<[u8; N]> {
    // A longer text can not be a key: do not spend quadratic time on it.
    if text.len() > N * 2 {
        return None;
    }
    bs58::decode(text).into_vec().ok()?.try_into().ok()
}
