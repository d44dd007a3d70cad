//! Runs a case in litesvm, with the feature set of mainnet.

use crate::case::{Case, Observed, PROGRAM, payer};
use litesvm::LiteSVM;
use solana_signer::Signer;
use solana_transaction::{Transaction, TransactionError};

/// Runs the program once.
///
/// # Panics
/// If the runtime does not take the program or an account.
pub fn run(case: &Case, elf: &[u8]) -> Observed {
    let mut svm = LiteSVM::new();
    svm.add_program(PROGRAM, elf).expect("the program loads");
    svm.airdrop(&payer().pubkey(), 1_000_000_000).expect("the payer gets lamports");
    for (key, account) in case.distinct_accounts() {
        svm.set_account(key, account).expect("the account is set");
    }
    let signers = case.signers();
    let signers: Vec<&solana_keypair::Keypair> = signers.iter().collect();
    let transaction = Transaction::new_signed_with_payer(
        &[case.instruction()],
        Some(&payer().pubkey()),
        &signers,
        svm.latest_blockhash(),
    );
    let (error, compute_units) = match svm.send_transaction(transaction) {
        Ok(meta) => (None, meta.compute_units_consumed),
        Err(failed) => (Some(describe(&failed.err)), failed.meta.compute_units_consumed),
    };
    let accounts = case
        .observed_addresses()
        .iter()
        .map(|address| {
            let account = svm.get_account(address).unwrap_or_default();
            (account.lamports, account.data)
        })
        .collect();
    Observed { error, compute_units, accounts }
}

/// The instruction's error, without the transaction's wrapping.
pub(crate) fn describe(error: &TransactionError) -> String {
    match error {
        TransactionError::InstructionError(_, error) => format!("{error:?}"),
        other => format!("{other:?}"),
    }
}
