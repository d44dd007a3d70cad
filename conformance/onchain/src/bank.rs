//! Runs a case in solana-program-test: a whole bank, with every feature on.

use crate::case::{Case, Observed, PROGRAM, payer};
use crate::lite::describe;
use solana_account::Account;
use solana_program_test::{BanksClient, ProgramTest};
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use solana_transaction::Transaction;

/// The second loader, under which a program can be preloaded as one account.
const LOADER_V2: Pubkey = Pubkey::from_str_const("BPFLoader2111111111111111111111111111111111");

/// Runs the program once.
///
/// # Panics
/// If the bank does not answer.
pub async fn run(case: &Case, elf: &[u8]) -> Observed {
    let mut test = ProgramTest::default();
    test.prefer_bpf(true);
    test.add_account(
        PROGRAM,
        Account {
            lamports: 10_000_000_000,
            data: elf.to_vec(),
            owner: LOADER_V2,
            executable: true,
            rent_epoch: u64::MAX,
        },
    );
    test.add_account(payer().pubkey(), Account { lamports: 1_000_000_000, ..Account::default() });
    for (key, account) in case.distinct_accounts() {
        test.add_account(key, account);
    }
    let (client, _, blockhash) = test.start().await;
    let signers = case.signers();
    let signers: Vec<&solana_keypair::Keypair> = signers.iter().collect();
    let transaction = Transaction::new_signed_with_payer(
        &[case.instruction()],
        Some(&payer().pubkey()),
        &signers,
        blockhash,
    );
    observe(case, &client, transaction).await
}

/// Sends a transaction and looks at what it did.
///
/// # Panics
/// If the bank does not answer.
pub(crate) async fn observe(case: &Case, client: &BanksClient, transaction: Transaction) -> Observed {
    let result = client.process_transaction_with_metadata(transaction).await.expect("the bank answers");
    let mut accounts = Vec::new();
    for address in case.observed_addresses() {
        let account = client.get_account(address).await.expect("the bank answers").unwrap_or_default();
        accounts.push((account.lamports, account.data));
    }
    Observed {
        error: result.result.err().map(|error| describe(&error)),
        compute_units: result.metadata.map_or(0, |metadata| metadata.compute_units_consumed),
        accounts,
    }
}
