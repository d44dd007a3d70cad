//! What is said over the pipe: requests and answers, as JSON.
//!
//! Keys are written in base58, bytes in hexadecimal digits, amounts as numbers. A request is an object whose `op` tells what is wanted;
//! an answer is `{"ok": …}` or `{"error": "…"}`. Start with [`Request`].

use serde::{Deserialize, Serialize};

/// The version of the protocol. Whoever starts the server refuses another one.
pub const PROTOCOL: u32 = 1;

/// The line that comes first.
pub fn hello() -> String {
    serde_json::json!({
        "protocol": PROTOCOL,
        "server": concat!("ovsm-svm ", env!("CARGO_PKG_VERSION")),
        "runtime": "litesvm 0.16.0, agave 4.2.2",
    })
    .to_string()
}

/// What can be wanted.
#[derive(Deserialize, Debug)]
#[serde(tag = "op", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// A new bank; answers with its number.
    New {},
    /// A copy of a bank; answers with its number.
    Fork { chain: u32 },
    /// Forgets all banks from this number on.
    Forget { from: u32 },
    /// The key of a wallet, which can sign from then on.
    Wallet { name: String },
    /// A key that nobody has the secret of.
    Key { name: String },
    /// Loads a program.
    Program { chain: u32, key: String, elf: String },
    /// The account at a key; null if there is none.
    Get { chain: u32, key: String },
    /// Puts an account at a key.
    Set { chain: u32, key: String, account: AccountText },
    /// The least balance of an account of a size.
    Rent { chain: u32, size: u64 },
    /// The address that is made of seeds, and its bump.
    Address { program: String, seeds: Vec<String> },
    /// The time of a bank.
    Clock { chain: u32 },
    /// Sets the time of a bank.
    Warp { chain: u32, slot: Option<u64>, time: Option<i64>, epoch: Option<u64> },
    /// Runs a transaction.
    Send {
        chain: u32,
        payer: Option<String>,
        instructions: Vec<InstructionText>,
        /// Run it on a copy of the bank.
        #[serde(default)]
        probe: Option<Probe>,
    },
    /// How often each eight-byte slot of a program ran since the server started.
    Trace { program: String },
    /// Where the units of all transactions went since the server started: `rows` of `path` and `units`, a path being programs
    /// and slots from the outermost call to the innermost; and the units that went `elsewhere`, to programs of the runtime.
    Profile {},
}

/// What is done with the copy on which a transaction runs that is only tried.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// Accounts of which is told whether they change.
    pub watch: Vec<String>,
    /// Accounts that are put there first.
    pub set: Vec<(String, AccountText)>,
}

/// An account.
#[derive(Serialize, Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct AccountText {
    pub lamports: u64,
    pub owner: String,
    pub data: String,
    #[serde(default)]
    pub executable: bool,
}

/// An instruction of a transaction.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct InstructionText {
    pub program: String,
    pub accounts: Vec<MetaText>,
    pub data: String,
}

/// An account of an instruction.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct MetaText {
    pub key: String,
    #[serde(default)]
    pub signer: bool,
    #[serde(default)]
    pub writable: bool,
}

/// How a transaction ended.
#[derive(Serialize, Debug)]
pub struct Outcome {
    /// Null if it succeeded.
    pub error: Option<Failure>,
    pub units: u64,
    pub fee: u64,
    pub logs: Vec<String>,
    /// The program that gave data back, and the data.
    pub returned: Option<(String, String)>,
    /// Of a probe: which of the accounts it would change.
    pub changed: Vec<String>,
}

/// Why a transaction failed.
#[derive(Serialize, Debug)]
pub struct Failure {
    /// The instruction that failed, if it was one.
    pub instruction: Option<u8>,
    /// The error as the runtime calls it: `Custom(6000)`, `MissingRequiredSignature`.
    pub name: String,
}

/// The time of a bank.
#[derive(Serialize, Debug)]
pub struct Time {
    pub slot: u64,
    pub time: i64,
    pub epoch: u64,
}
