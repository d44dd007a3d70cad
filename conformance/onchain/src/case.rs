//! A program with accounts and instruction data, and what a run of it shows.

use ovsm_ir::passes::OptLevel;
use ovsm_query::{BuildOptions, Database, build};
use ovsm_sbpf::Version;
use solana_account::Account;
use solana_instruction::{AccountMeta, Instruction};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// Who owns an account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Owner {
    /// The program under test.
    Program,
    /// Some other program.
    Other,
    /// The system program: a wallet, or an account that nobody has made yet.
    System,
}

/// An account of a case.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccountSpec {
    /// Who owns it.
    pub owner: Owner,
    /// Its balance.
    pub lamports: u64,
    /// Its data.
    pub data: Vec<u8>,
    /// Whether it signs.
    pub signer: bool,
    /// Whether it is writable.
    pub writable: bool,
    /// The earlier account that it is the same as; then nothing else counts.
    pub duplicate_of: Option<usize>,
    /// Its address, if that matters: of seeds, or of a program that the runtime has.
    pub address: Option<Pubkey>,
    /// True if the runtime has it already.
    pub is_builtin: bool,
}

impl AccountSpec {
    /// A writable account of the program with some data and enough lamports to be rent-exempt.
    pub fn owned(data: Vec<u8>) -> AccountSpec {
        AccountSpec {
            owner: Owner::Program,
            lamports: 10_000_000,
            data,
            signer: false,
            writable: true,
            duplicate_of: None,
            address: None,
            is_builtin: false,
        }
    }

    /// The same, owned by another program.
    pub fn foreign(data: Vec<u8>) -> AccountSpec {
        AccountSpec { owner: Owner::Other, ..AccountSpec::owned(data) }
    }

    /// A wallet that signs.
    pub fn wallet(lamports: u64) -> AccountSpec {
        AccountSpec { owner: Owner::System, signer: true, lamports, ..AccountSpec::owned(Vec::new()) }
    }

    /// An account that nobody has made yet.
    pub fn absent(address: Pubkey) -> AccountSpec {
        AccountSpec {
            owner: Owner::System,
            lamports: 0,
            address: Some(address),
            ..AccountSpec::owned(Vec::new())
        }
    }

    /// A program or a sysvar that the runtime has.
    pub fn builtin(address: Pubkey) -> AccountSpec {
        AccountSpec { is_builtin: true, ..AccountSpec::absent(address).read_only() }
    }

    /// The same account at an address.
    pub fn at(self, address: Pubkey) -> AccountSpec {
        AccountSpec { address: Some(address), ..self }
    }

    /// The same as an earlier account.
    pub fn duplicate(of: usize) -> AccountSpec {
        AccountSpec { duplicate_of: Some(of), ..AccountSpec::owned(Vec::new()) }
    }

    /// The same account, signing.
    pub fn signing(self) -> AccountSpec {
        AccountSpec { signer: true, ..self }
    }

    /// The same account, not writable.
    pub fn read_only(self) -> AccountSpec {
        AccountSpec { writable: false, ..self }
    }

    /// The same account with another balance.
    pub fn with_lamports(self, lamports: u64) -> AccountSpec {
        AccountSpec { lamports, ..self }
    }
}

/// A program with its input.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it shows.
    pub name: &'static str,
    /// The program.
    pub source: String,
    /// The accounts, in order.
    pub accounts: Vec<AccountSpec>,
    /// The instruction data.
    pub data: Vec<u8>,
}

/// What a run shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Observed {
    /// The runtime's name for the failure, or `None` for success.
    pub error: Option<String>,
    /// Compute units.
    pub compute_units: u64,
    /// Lamports and data of each account, in order; a duplicate repeats its first.
    pub accounts: Vec<(u64, Vec<u8>)>,
}

/// The address of the program under test.
pub const PROGRAM: Pubkey = Pubkey::new_from_array([7; 32]);

/// The owner of accounts that are not the program's.
pub const OTHER: Pubkey = Pubkey::new_from_array([9; 32]);

/// The payer of every transaction.
pub fn payer() -> Keypair {
    Keypair::new_from_array([200; 32])
}

impl Case {
    /// Compiles the program.
    ///
    /// # Panics
    /// If it does not compile: a case is a test.
    pub fn elf(&self, version: Version, level: OptLevel) -> Vec<u8> {
        let mut db = Database::default();
        let file = db.add_file(self.name, self.source.as_str());
        match build(&db, file, &BuildOptions { level, version, symbols: true }) {
            Ok(artifact) => artifact.program.elf,
            Err(errors) => panic!("{}: {errors:#?}", self.name),
        }
    }

    /// The key pair of each account.
    pub fn keys(&self) -> Vec<Keypair> {
        let mut keys: Vec<Keypair> = Vec::new();
        for (number, account) in self.accounts.iter().enumerate() {
            keys.push(match account.duplicate_of {
                Some(first) => keys[first].insecure_clone(),
                None => Keypair::new_from_array([number as u8 + 1; 32]),
            });
        }
        keys
    }

    /// The address of each account.
    pub fn addresses(&self) -> Vec<Pubkey> {
        let own = self.accounts.iter().zip(self.keys());
        own.map(|(spec, key)| {
            let first = spec.duplicate_of.map_or(spec, |first| &self.accounts[first]);
            first.address.unwrap_or_else(|| key.pubkey())
        })
        .collect()
    }

    /// The address of each account that a run can change.
    pub fn observed_addresses(&self) -> Vec<Pubkey> {
        let all = self.accounts.iter().zip(self.addresses());
        all.filter(|(spec, _)| !spec.is_builtin).map(|(_, address)| address).collect()
    }

    /// Each distinct account that has to be put there, with its address.
    pub fn distinct_accounts(&self) -> Vec<(Pubkey, Account)> {
        let addresses = self.addresses();
        let distinct = self.accounts.iter().zip(&addresses).filter(|(spec, _)| {
            let is_there = spec.owner != Owner::System || spec.lamports > 0;
            spec.duplicate_of.is_none() && !spec.is_builtin && is_there
        });
        distinct
            .map(|(spec, key)| {
                let owner = match spec.owner {
                    Owner::Program => PROGRAM,
                    Owner::Other => OTHER,
                    Owner::System => Pubkey::default(),
                };
                let account = Account {
                    lamports: spec.lamports,
                    data: spec.data.clone(),
                    owner,
                    executable: false,
                    rent_epoch: u64::MAX,
                };
                (*key, account)
            })
            .collect()
    }

    /// The instruction.
    pub fn instruction(&self) -> Instruction {
        let metas = self
            .accounts
            .iter()
            .zip(self.addresses())
            .map(|(spec, pubkey)| {
                let first = match spec.duplicate_of {
                    Some(first) => &self.accounts[first],
                    None => spec,
                };
                AccountMeta { pubkey, is_signer: first.signer, is_writable: first.writable }
            })
            .collect();
        Instruction { program_id: PROGRAM, accounts: metas, data: self.data.clone() }
    }

    /// The payer and every account that signs.
    pub fn signers(&self) -> Vec<Keypair> {
        let mut signers = vec![payer()];
        for (spec, key) in self.accounts.iter().zip(self.keys()) {
            if spec.signer && spec.duplicate_of.is_none() {
                signers.push(key);
            }
        }
        signers
    }
}
