//! Hashes of strings (their UTF-8) and bytes. `sha256` and `sha512` give hexadecimal text, their `-bytes` forms the bytes
//! themselves. Nothing here is secret-keyed. Start with [`NATIVES`].

use crate::arguments::at;
use crate::context::Context;
use crate::encoding::{data, hex};
use crate::native::Native;
use crate::operands::pure;
use ovsm_value::{Raised, Value};
use sha2::{Digest, Sha256, Sha512};
use sha3::Keccak256;

const MODULE: &str = "std/hash";
const ONE: (u8, Option<u8>) = (1, Some(1));

/// The natives of this module.
pub const NATIVES: &[Native] = &[
    pure(
        MODULE,
        "sha256",
        ONE,
        "(data) -> string",
        "The SHA-256 hash of a string or bytes, in hexadecimal.",
        &[("(sha256 \"\")", "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"")],
        |context, arguments| Ok(Value::string(hex(&sha256(context, "sha256", arguments)?))),
    ),
    pure(
        MODULE,
        "sha256-bytes",
        ONE,
        "(data) -> bytes",
        "The SHA-256 hash of a string or bytes: 32 bytes.",
        &[(
            "(hex-encode (sha256-bytes b\"abc\"))",
            "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"",
        )],
        |context, arguments| Ok(Value::bytes(sha256(context, "sha256-bytes", arguments)?)),
    ),
    pure(
        MODULE,
        "keccak256",
        ONE,
        "(data) -> string",
        "The Keccak-256 hash of a string or bytes, in hexadecimal: that of Ethereum and of Solana's `sol_keccak256`, not SHA3-256.",
        &[("(keccak256 \"\")", "\"c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470\"")],
        |context, arguments| Ok(Value::string(hex(&keccak256(context, "keccak256", arguments)?))),
    ),
    pure(
        MODULE,
        "keccak256-bytes",
        ONE,
        "(data) -> bytes",
        "The Keccak-256 hash of a string or bytes: 32 bytes.",
        &[(
            "(hex-encode (keccak256-bytes b\"abc\"))",
            "\"4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45\"",
        )],
        |context, arguments| Ok(Value::bytes(keccak256(context, "keccak256-bytes", arguments)?)),
    ),
    pure(
        MODULE,
        "sha512",
        ONE,
        "(data) -> string",
        "The SHA-512 hash of a string or bytes, in hexadecimal.",
        &[(
            "(sha512 \"abc\")",
            "\"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f\"",
        )],
        |context, arguments| Ok(Value::string(hex(&sha512(context, "sha512", arguments)?))),
    ),
    pure(
        MODULE,
        "sha512-bytes",
        ONE,
        "(data) -> bytes",
        "The SHA-512 hash of a string or bytes: 64 bytes.",
        &[(
            "(base64-encode (sha512-bytes \"\"))",
            "\"z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==\"",
        )],
        |context, arguments| Ok(Value::bytes(sha512(context, "sha512-bytes", arguments)?)),
    ),
    pure(
        MODULE,
        "crc32",
        ONE,
        "(data) -> int",
        "The CRC-32 check sum (of zip and Ethernet) of a string or bytes.",
        &[("(crc32 \"123456789\")", "3421780262")],
        |context, arguments| {
            let data = paid(context, "crc32", arguments)?;
            let mut sum = u32::MAX;
            for byte in data {
                sum ^= u32::from(*byte);
                for _ in 0..8 {
                    sum = if sum & 1 == 1 { sum >> 1 ^ 0xEDB8_8320 } else { sum >> 1 };
                }
            }
            Ok(Value::Int(i64::from(!sum)))
        },
    ),
];

/// The data that is hashed, paid for.
fn paid<'a>(context: &mut dyn Context, operation: &str, arguments: &'a [Value]) -> Result<&'a [u8], Raised> {
    let data = data(operation, at(arguments, 0))?;
    context.charge(50 + data.len() as u64 / 2)?;
    Ok(data)
}

fn sha256(context: &mut dyn Context, operation: &str, arguments: &[Value]) -> Result<Vec<u8>, Raised> {
    Ok(Sha256::digest(paid(context, operation, arguments)?).to_vec())
}

fn keccak256(context: &mut dyn Context, operation: &str, arguments: &[Value]) -> Result<Vec<u8>, Raised> {
    Ok(Keccak256::digest(paid(context, operation, arguments)?).to_vec())
}

fn sha512(context: &mut dyn Context, operation: &str, arguments: &[Value]) -> Result<Vec<u8>, Raised> {
    Ok(Sha512::digest(paid(context, operation, arguments)?).to_vec())
}

#[cfg(test)]
mod tests {
    use crate::testing::call;
    use ovsm_value::Value;

    #[test]
    fn published_vectors() {
        let abc = [Value::string("abc")];
        assert_eq!(
            call("sha256", &abc),
            "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\""
        );
        assert!(call("sha512", &abc).starts_with("\"ddaf35a193617aba"));
        assert_eq!(call("crc32", &[Value::string("123456789")]), "3421780262");
        assert_eq!(call("crc32", &[Value::bytes(vec![])]), "0");
        assert_eq!(call("sha256", &[Value::Int(1)]), "error type");
    }
}
