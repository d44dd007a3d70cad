//! What a program says about itself is not part of it: with its provenance and its interface in the file, a program is taken
//! by all runtimes, does the same and costs the same.

use ovsm_ir::passes::OptLevel;
use ovsm_onchain::{AccountSpec, Case, bank, lite, mollusk};
use ovsm_query::{BuildOptions, Database, Description, build, describe};
use ovsm_sbpf::Version;

/// The program without and with all that it can say about itself.
fn files(source: &str, version: Version) -> [Vec<u8>; 2] {
    let mut db = Database::default();
    let file = db.add_file("main.ovsm", source);
    let options = BuildOptions { level: OptLevel::O2, version, symbols: true };
    let mut artifact = build(&db, file, &options).unwrap_or_else(|errors| panic!("{errors:#?}"));
    let plain = artifact.program.elf.clone();
    let description = Description { interface: true, lock: Some([9; 32]) };
    describe(&db, file, &options, &description, &mut artifact).unwrap();
    assert!(artifact.program.elf.len() > plain.len() + 1_000);
    [plain, artifact.program.elf]
}

#[tokio::test]
async fn described_programs_run_everywhere_at_the_same_cost() {
    let path = format!("{}/../../spirits/programs/counter/src/main.ovsm", env!("CARGO_MANIFEST_DIR"));
    let source = std::fs::read_to_string(path).unwrap();
    let claim = counter_client::instruction::Claim::DISCRIMINATOR;
    let empty = counter_client::Counter { authority: Default::default(), count: 0 }.encode();
    let accounts = vec![AccountSpec::owned(empty), AccountSpec::foreign(vec![]).signing()];
    let case = Case { name: "described", source, accounts, data: claim.to_vec() };
    for version in [Version::V3, Version::V0] {
        let [plain, described] = files(&case.source, version);
        let expected = mollusk::run(&case, &plain);
        assert_eq!(expected.error, None);
        for elf in [&plain, &described] {
            assert_eq!(mollusk::run(&case, elf), expected, "mollusk, {version:?}");
            assert_eq!(lite::run(&case, elf), expected, "litesvm, {version:?}");
            assert_eq!(bank::run(&case, elf).await, expected, "solana-program-test, {version:?}");
        }
    }
}
