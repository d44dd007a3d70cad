//! Runs a case in mollusk: the program runtime alone, with every feature on.

use crate::case::{Case, Observed, PROGRAM};
use mollusk_svm::Mollusk;
use mollusk_svm::program::loader_keys::LOADER_V3;

/// Runs the program once.
pub fn run(case: &Case, elf: &[u8]) -> Observed {
    let mut mollusk = Mollusk::default();
    mollusk.add_program_with_loader_and_elf(&PROGRAM, &LOADER_V3, elf);
    let mut accounts = case.distinct_accounts();
    for (spec, address) in case.accounts.iter().zip(case.addresses()) {
        if accounts.iter().any(|(known, _)| *known == address) {
            continue;
        }
        let builtins = [
            mollusk_svm::program::keyed_account_for_system_program(),
            mollusk.sysvars.keyed_account_for_clock_sysvar(),
            mollusk.sysvars.keyed_account_for_rent_sysvar(),
        ];
        let builtin = builtins.into_iter().find(|(known, _)| spec.is_builtin && *known == address);
        match builtin {
            Some(builtin) => accounts.push(builtin),
            // The program itself and the instructions are put there when it runs.
            None if spec.is_builtin => {}
            None => accounts.push((address, solana_account::Account::default())),
        }
    }
    let result = mollusk.process_instruction(&case.instruction(), &accounts);
    let accounts = case
        .observed_addresses()
        .iter()
        .map(|address| {
            let account = result.get_account(address).cloned().unwrap_or_default();
            (account.lamports, account.data)
        })
        .collect();
    Observed {
        error: result.raw_result.err().map(|error| format!("{error:?}")),
        compute_units: result.compute_units_consumed,
        accounts,
    }
}
