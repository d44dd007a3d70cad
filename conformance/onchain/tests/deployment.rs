//! Programs that were deployed by the upgradeable loader do what they do elsewhere, for the same units, and can be upgraded.

use ovsm_ir::passes::OptLevel;
use ovsm_onchain::deployment::Deployment;
use ovsm_onchain::{AccountSpec, Case, Observed, bank, lite, mollusk};
use ovsm_sbpf::Version;
use solana_keypair::Keypair;

/// Adds a number to a counter, so often as the version says, and fails if it gets too large.
fn counter(times: u64) -> String {
    format!(
        "(assert-owner 0 (program-id-ptr))
        (define step (* {times} (mem-load (instruction-data-ptr) 0)))
        (define sum (+ (mem-load (account-data-ptr 0) 0) step))
        (sol_log_ \"counting\")
        (mem-store (account-data-ptr 0) 0 sum)
        (if (> sum 1000) 7 0)"
    )
}

fn case(times: u64, start: u64, by: u64) -> Case {
    let accounts = vec![AccountSpec::owned(start.to_le_bytes().to_vec())];
    Case { name: "counter", source: counter(times), accounts, data: by.to_le_bytes().to_vec() }
}

/// What the other runtimes agree on.
async fn elsewhere(case: &Case, elf: &[u8]) -> Observed {
    let reference = bank::run(case, elf).await;
    assert_eq!(lite::run(case, elf), reference);
    assert_eq!(mollusk::run(case, elf), reference);
    reference
}

async fn deployed_and_upgraded(version: Version) {
    let first = case(1, 100, 5);
    let elf = first.elf(version, OptLevel::O2);
    let mut deployment = Deployment::new(first.distinct_accounts(), &elf, version).await;
    assert!(deployment.deployed_bytes().await.starts_with(&elf));
    let seen = deployment.run(&first).await;
    assert_eq!(seen, elsewhere(&first, &elf).await);
    assert_eq!((seen.error.as_deref(), &seen.accounts[0].1[..8]), (None, &105u64.to_le_bytes()[..]));
    // What fails is undone, and fails in the same way everywhere.
    let too_much = case(1, 105, 900);
    let seen = deployment.run(&too_much).await;
    assert_eq!(seen, elsewhere(&too_much, &elf).await);
    assert_eq!(
        (seen.error.as_deref(), &seen.accounts[0].1[..8]),
        (Some("Custom(7)"), &105u64.to_le_bytes()[..])
    );
    // The upgraded program finds the accounts of the one before.
    let second = case(3, 105, 5);
    let upgraded = second.elf(version, OptLevel::O2);
    assert_ne!(upgraded, elf);
    deployment.upgrade(&upgraded).await;
    let seen = deployment.run(&second).await;
    assert_eq!(seen, elsewhere(&second, &upgraded).await);
    assert_eq!(seen.accounts[0].1[..8], 120u64.to_le_bytes());
    // A file that is no program, and an authority that is none, change nothing.
    let mut broken = upgraded.clone();
    broken[0x20..0x28].fill(0xff);
    let authority = Keypair::new_from_array([202; 32]);
    assert_eq!(deployment.refusal(&broken, &authority).await.as_deref(), Some("InvalidAccountData"));
    let other = Keypair::new_from_array([77; 32]);
    assert_eq!(deployment.refusal(&elf, &other).await.as_deref(), Some("IncorrectAuthority"));
    let third = case(3, 120, 6);
    let seen = deployment.run(&third).await;
    assert_eq!(seen, elsewhere(&third, &upgraded).await);
    assert_eq!(seen.accounts[0].1[..8], 138u64.to_le_bytes());
}

#[tokio::test]
async fn programs_of_version_3_are_deployed_and_upgraded() {
    deployed_and_upgraded(Version::V3).await;
}

#[tokio::test]
async fn programs_of_version_0_are_deployed_and_upgraded() {
    deployed_and_upgraded(Version::V0).await;
}

/// What the compiler writes by default is what clusters take that have every feature; version 0 is for those before.
#[tokio::test]
async fn clusters_with_every_feature_take_version_3_only() {
    let case = case(1, 100, 5);
    for (version, said) in [(Version::V3, Ok(())), (Version::V0, Err("InvalidAccountData".to_string()))] {
        let elf = case.elf(version, OptLevel::O2);
        let (_, deployed) = Deployment::attempt(case.distinct_accounts(), &elf, false).await;
        assert_eq!(deployed, said, "{version:?}");
    }
}

/// A real program, large enough that it is written in several pieces: also at the other levels of optimisation.
#[tokio::test]
async fn a_larger_program_is_deployed_in_pieces() {
    let path = format!("{}/../../spirits/programs/marketplace/src/main.ovsm", env!("CARGO_MANIFEST_DIR"));
    let source = std::fs::read_to_string(path).unwrap();
    let case =
        Case { name: "marketplace", source, accounts: vec![AccountSpec::wallet(5)], data: vec![1, 2, 3] };
    for level in [OptLevel::O0, OptLevel::O2, OptLevel::O3] {
        let elf = case.elf(Version::V3, level);
        assert!(elf.len() > 3 * 900, "{}", elf.len());
        let mut deployment = Deployment::new(case.distinct_accounts(), &elf, Version::V3).await;
        assert!(deployment.deployed_bytes().await.starts_with(&elf));
        let seen = deployment.run(&case).await;
        assert!(seen.error.is_some());
        assert_eq!(seen, elsewhere(&case, &elf).await, "{level:?}");
    }
}
