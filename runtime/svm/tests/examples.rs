//! The example programs: each has tests, and they pass on Solana's own runtime, with the compute units that are stored.
//!
//! Needs the `ovsm` of this repository: the variable `OVSM` says where it is. Nothing here knows what a program does; that is
//! for the tests in its folder.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

use std::path::{Path, PathBuf};
use std::process::Command;

fn programs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spirits/programs")
}

#[track_caller]
fn tests_pass(name: &str) {
    let ovsm = std::env::var_os("OVSM").expect("the variable OVSM says where `ovsm` is");
    let output = Command::new(ovsm)
        .args(["test", "--svm", env!("CARGO_BIN_EXE_ovsm-svm")])
        .current_dir(programs().join(name))
        .output()
        .unwrap();
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains(" passed, 0 failed") && !text.starts_with("0 passed"), "{text}");
}

macro_rules! examples {
    ($($test:ident $name:literal)*) => {
        $(
            #[test]
            fn $test() {
                tests_pass($name);
            }
        )*

        const TESTED: &[&str] = &[$($name),*];
    };
}

examples! {
    amm "amm"
    auction "auction"
    counter "counter"
    escrow "escrow"
    marketplace "marketplace"
    pda_escrow "pda-escrow"
    registry "registry"
    reputation "reputation"
    sol_vault "sol-vault"
    token "token"
    token_escrow "token-escrow"
    vault "vault"
    vote "vote"
}

#[test]
fn every_program_with_tests_is_tested_here() {
    let mut found: Vec<String> = std::fs::read_dir(programs())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().join("tests").is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    found.sort();
    assert_eq!(found, TESTED);
}
