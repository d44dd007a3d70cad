//! The forms of programs that touch the input of an instruction. Scripts have no such input: the compiler refuses them
//! there, and the code here only says so for a call that reaches it as a value.

use crate::native::{Effect, Native, NativeFn};
use ovsm_value::error::raise;
use ovsm_value::{ErrorKind, Raised, Value};

const MODULE: &str = "solana/program";

const fn chain(
    name: &'static str,
    signature: &'static str,
    doc: &'static str,
    min: u8,
    max: Option<u8>,
) -> Native {
    const RUN: NativeFn = |_, _| refused();
    Native {
        name,
        aliases: &[],
        module: MODULE,
        signature,
        doc,
        examples: &[],
        min,
        max,
        effect: Effect::Chain,
        run: RUN,
    }
}

fn refused() -> Result<Value, Raised> {
    Err(raise(ErrorKind::Permission, "this function exists only in programs for Solana"))
}

/// The natives of this module.
pub const NATIVES: &[Native] = &[
    chain(
        "num-accounts",
        "() -> u64",
        "How many accounts the instruction has. Only in programs.",
        0,
        Some(0),
    ),
    chain(
        "require-accounts",
        "(n) -> null",
        "Fails unless the instruction has at least so many accounts. Only in programs.",
        1,
        Some(1),
    ),
    chain(
        "open-account",
        "(previous type discriminator &rest checks) -> account",
        "The account after another one, or the first one after `null`: checked not to be there twice, and, with `:signer` and \
         `:mut`, to have signed and to be writable. With a record as type, its owner, its length and its first word are checked \
         too. Only in programs.",
        3,
        None,
    ),
    chain(
        "open-account-number",
        "(number type discriminator &rest checks) -> account",
        "The account with a number, which may be the same as another one; checked as `open-account` does. Only in programs.",
        3,
        None,
    ),
    chain(
        "instruction-arguments",
        "(&optional offset prefix) -> record",
        "The arguments of the instruction, after the word that names it; their length is checked. Only in programs.",
        0,
        Some(2),
    ),
    chain(
        "declare-instruction",
        "(function discriminator &optional arguments accounts name) -> null",
        "Makes a function without parameters an instruction of the program. The interface of the program says that it takes \
         the fields of the record `arguments`, and the accounts that the quoted list declares, and that it has another name \
         than the function, if one is given. Only at the top level of programs.",
        2,
        Some(5),
    ),
    chain(
        "declare-program",
        "(name options) -> null",
        "Says in the interface of the program what it is called; the options are a quoted list of keywords and values. Only \
         at the top level of programs.",
        2,
        Some(2),
    ),
    chain(
        "declare-account",
        "(record discriminator) -> null",
        "Says in the interface of the program that it has accounts with the fields of a record, after eight bytes. Only at the \
         top level of programs.",
        2,
        Some(2),
    ),
    chain(
        "declare-event",
        "(record discriminator) -> null",
        "Says in the interface of the program that it logs a record, after eight bytes. Only at the top level of programs.",
        2,
        Some(2),
    ),
    chain(
        "declare-errors",
        "(group errors) -> null",
        "Says in the interface of the program which errors it has: a quoted list of names, codes and messages. Only at the \
         top level of programs.",
        2,
        Some(2),
    ),
    chain(
        "log-record",
        "(record word) -> null",
        "Logs the bytes of a record, after eight bytes that say which one it is, as `sol_log_data` does. Only in programs.",
        2,
        Some(2),
    ),
    chain(
        "invoke-program",
        "(program accounts data &optional signers) -> null",
        "Calls another program: `(invoke-program p [[from :mut :signer] [to :mut]] [2u32 amount] [[\"vault\" bump]])`. The data are \
         the bytes of the values one after the other, those of texts, vecs and views without their length; each item of \
         `signers` are the seeds of an address that signs. Only in programs.",
        3,
        Some(4),
    ),
    chain(
        "program-address",
        "(seeds &optional program) -> pubkey",
        "The address that seeds give, the last of which is the bump. Fails if they give none. Only in programs.",
        1,
        Some(2),
    ),
    chain(
        "find-program-address",
        "(seeds &optional program) -> ProgramAddress",
        "The address that seeds give with the largest bump that works: a record of `key` and `bump`. Only in programs.",
        1,
        Some(2),
    ),
    chain(
        "pda=",
        "(key seeds &optional program) -> bool",
        "True if a key, or that of an account, is the address of these seeds, the last of which is the bump. Costs a tenth of \
         `program-address`. Only in programs.",
        2,
        Some(3),
    ),
    chain(
        "sysvar-value",
        "(key offset) -> any",
        "Bytes of a sysvar, as the type that is stated around it: `(the i64 (sysvar-value (pubkey \"…\") 32))`. Only in programs.",
        2,
        Some(2),
    ),
    chain(
        "returned-data",
        "(program) -> any",
        "What the program that was called last returned, as the type that is stated around it; fails if it was another program, \
         or another length. Only in programs.",
        1,
        Some(1),
    ),
    chain(
        "set-return-data",
        "(value) -> null",
        "Returns the bytes of a value to the caller. Only in programs.",
        1,
        Some(1),
    ),
    chain(
        "initialize-account",
        "(account type discriminator) -> account",
        "Makes a new account, whose data are all zero, one of a type. Only in programs.",
        3,
        Some(3),
    ),
    chain(
        "close-account",
        "(account destination) -> null",
        "Moves all lamports of an account to another one, and gives the account back to the runtime. Only in programs.",
        2,
        Some(2),
    ),
    chain(
        "resize-account",
        "(account length) -> null",
        "Changes the length of the data of an account of the program. Only in programs.",
        2,
        Some(2),
    ),
    chain("program-key", "() -> pubkey", "The key of the running program. Only in programs.", 0, Some(0)),
    chain(
        "memory-value",
        "(address) -> any",
        "The value at an address, as the type that is stated around it: `(the pubkey (memory-value p))`. Only in programs.",
        1,
        Some(1),
    ),
    chain(
        "set-memory-value",
        "(address value) -> null",
        "Writes the bytes of a value to an address. Only in programs.",
        2,
        Some(2),
    ),
    chain(
        "address-of",
        "(value) -> u64",
        "The address of bytes that hold the value. Only in programs.",
        1,
        Some(1),
    ),
    chain("bytes-at", "(address length) -> bytes", "The bytes at an address. Only in programs.", 2, Some(2)),
    chain(
        "field-at",
        "(type address field) -> any",
        "A field of a record at an address: numbers as `u64` or `i64`, others as their address. Only in programs.",
        3,
        Some(3),
    ),
    chain(
        "set-field-at",
        "(type address field value) -> null",
        "Writes a number to a field of a record at an address. Only in programs.",
        4,
        Some(4),
    ),
    chain(
        "field-offset",
        "(type field) -> u64",
        "How many bytes lie before a field of a record. Only in programs.",
        2,
        Some(2),
    ),
    chain(
        "field-size",
        "(type field) -> u64",
        "How many bytes a field of a record takes. Only in programs.",
        2,
        Some(2),
    ),
    chain(
        "fail-as",
        "(kind) -> never",
        "Fails as a check of the language does: `:seeds`, `:wrong-account`, `:wrong-owner` or `:already-initialized`; or as \
         the runtime does: `(fail-as 10)` is its error number 10. Only in programs.",
        1,
        Some(1),
    ),
    Native {
        name: "size-of",
        aliases: &["struct-size", "borsh-size"],
        ..chain(
            "size-of",
            "(type) -> u64",
            "How many bytes a record takes in memory. Only in programs.",
            1,
            Some(1),
        )
    },
    chain("key-of", "(account) -> pubkey", "The key of an account. Only in programs.", 1, Some(1)),
    chain(
        "owner-of",
        "(account) -> pubkey",
        "The key of the program that owns an account. Only in programs.",
        1,
        Some(1),
    ),
    chain(
        "fail-with",
        "(code) -> never",
        "Ends the program with a code of its own, a constant that is not zero. Only in programs.",
        1,
        Some(1),
    ),
    chain("account-data-ptr", "(i) -> u64", "Address of its data. Only in programs.", 1, Some(1)),
    chain("account-data-len", "(i) -> u64", "Length of its data. Only in programs.", 1, Some(1)),
    chain("account-lamports", "(i) -> u64", "Its balance. Only in programs.", 1, Some(1)),
    chain("account-pubkey", "(i) -> u64", "Address of its key. Only in programs.", 1, Some(1)),
    chain("account-owner", "(i) -> u64", "Address of its owner's key. Only in programs.", 1, Some(1)),
    chain("account-is-signer", "(i) -> u64", "1 if it signed. Only in programs.", 1, Some(1)),
    chain("is-signer", "(i) -> u64", "1 if it signed. Only in programs.", 1, Some(1)),
    chain("account-is-writable", "(i) -> u64", "1 if writable. Only in programs.", 1, Some(1)),
    chain("is-writable", "(i) -> u64", "1 if writable. Only in programs.", 1, Some(1)),
    chain("account-executable", "(i) -> u64", "1 if a program. Only in programs.", 1, Some(1)),
    chain("set-lamports", "(i v) -> null", "Sets its balance. Only in programs.", 2, Some(2)),
    chain("assert-signer", "(i) -> null", "Fails unless it signed. Only in programs.", 1, Some(1)),
    chain("assert-writable", "(i) -> null", "Fails unless it is writable. Only in programs.", 1, Some(1)),
    chain(
        "assert-owner",
        "(i p) -> null",
        "Fails unless the key at p owns it. Only in programs.",
        2,
        Some(2),
    ),
    chain(
        "instruction-data-ptr",
        "() -> u64",
        "Address of the instruction data. Only in programs.",
        0,
        Some(0),
    ),
    chain(
        "instruction-data-len",
        "() -> u64",
        "Length of the instruction data. Only in programs.",
        0,
        Some(0),
    ),
    chain("program-id-ptr", "() -> u64", "Address of the program's own key. Only in programs.", 0, Some(0)),
    chain("input-ptr", "() -> u64", "Where the serialised input begins. Only in programs.", 0, Some(0)),
    chain("mem-load", "(p off) -> u64", "The 8 bytes at p+off, as u64. Only in programs.", 2, Some(2)),
    chain("mem-load1", "(p off) -> u64", "The byte at p+off, as u64. Only in programs.", 2, Some(2)),
    chain("mem-load2", "(p off) -> u64", "The 2 bytes at p+off, as u64. Only in programs.", 2, Some(2)),
    chain("mem-load4", "(p off) -> u64", "The 4 bytes at p+off, as u64. Only in programs.", 2, Some(2)),
    chain("mem-store", "(p off v) -> null", "Writes 8 bytes at p+off. Only in programs.", 3, Some(3)),
    chain(
        "mem-store1",
        "(p off v) -> null",
        "Writes the low byte of v at p+off. Only in programs.",
        3,
        Some(3),
    ),
    chain(
        "mem-store2",
        "(p off v) -> null",
        "Writes the low 2 bytes of v at p+off. Only in programs.",
        3,
        Some(3),
    ),
    chain(
        "mem-store4",
        "(p off v) -> null",
        "Writes the low 4 bytes of v at p+off. Only in programs.",
        3,
        Some(3),
    ),
    chain("sol_log_pubkey", "(p) -> null", "Logs the key at p in base58. Only in programs.", 1, Some(1)),
    chain(
        "syscall",
        "(name a …) -> u64",
        "Calls the runtime; gives its result. Only in programs.",
        1,
        Some(6),
    ),
];
