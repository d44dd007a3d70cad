//! Every case on the three runtimes, as sBPF v3 and v0: results, accounts and compute units must be equal.

use ovsm_ir::passes::OptLevel;
use ovsm_onchain::{AccountSpec, Case, Observed, bank, lite, mollusk};
use ovsm_sbpf::Version;

fn case(name: &'static str, source: &str, accounts: Vec<AccountSpec>, data: &[u8]) -> Case {
    Case { name, source: source.to_string(), accounts, data: data.to_vec() }
}

fn program(name: &str) -> String {
    let path = format!("{}/../../spirits/{name}/src/main.ovsm", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Runs a case everywhere and returns what all runtimes agree on at -O2.
async fn run(case: &Case) -> Observed {
    let mut agreed: Option<Observed> = None;
    for level in [OptLevel::O0, OptLevel::O2] {
        let mut of_level: Option<Observed> = None;
        for version in [Version::V3, Version::V0] {
            let elf = case.elf(version, level);
            let runs = [
                ("mollusk", mollusk::run(case, &elf)),
                ("litesvm", lite::run(case, &elf)),
                ("solana-program-test", bank::run(case, &elf).await),
            ];
            for (runtime, observed) in runs {
                let reference = of_level.get_or_insert_with(|| observed.clone());
                // A fault burns what is left of the budget, which is not the same on all runtimes.
                let mut observed = observed;
                if observed.error.as_deref() == Some("ProgramFailedToComplete") {
                    observed.compute_units = reference.compute_units;
                }
                assert_eq!(&observed, reference, "{}: {runtime}, {version:?}, {level:?}", case.name);
            }
        }
        if let (Some(before), Some(now)) = (&agreed, &of_level) {
            assert_eq!((&before.error, &before.accounts), (&now.error, &now.accounts), "{}", case.name);
        }
        agreed = of_level;
    }
    agreed.expect("there are runs")
}

fn word(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
}

#[tokio::test]
async fn return_codes_reach_the_runtime() {
    let ok = run(&case("noop", "0", vec![], &[])).await;
    assert_eq!(ok.error, None);
    assert!(ok.compute_units <= 2, "{ok:?}");
    let custom = run(&case("custom", "(do (sol_log_ \"err\") 1)", vec![], &[])).await;
    assert_eq!(custom.error.as_deref(), Some("Custom(1)"));
    let overflow = run(&case("overflow", "(- (num-accounts) 1)", vec![], &[])).await;
    assert_eq!(overflow.error.as_deref(), Some("ArithmeticOverflow"));
    let division = run(&case("division", "(/ 5 (num-accounts))", vec![], &[])).await;
    assert_eq!(division.error.as_deref(), Some("Custom(1331036161)"));
    let fault = run(&case("fault", "(mem-load 64 0)", vec![], &[])).await;
    assert_eq!(fault.error.as_deref(), Some("ProgramFailedToComplete"));
}

#[tokio::test]
async fn accounts_are_found_past_duplicates() {
    let source = "(define sum (+ (account-lamports 0) (account-lamports 1)))
        (mem-store (account-data-ptr 0) 0 (account-lamports 2))
        (mem-store (account-data-ptr 0) 8 sum)
        (mem-store (account-data-ptr 0) 16 (account-data-len 3))
        0";
    let accounts = vec![
        AccountSpec::owned(vec![0; 24]),
        AccountSpec::duplicate(0),
        AccountSpec::foreign(vec![1; 13]).with_lamports(20_000_001).read_only(),
        AccountSpec::owned(vec![2; 5]),
        AccountSpec::duplicate(2),
    ];
    let seen = run(&case("duplicates", source, accounts, &[])).await;
    assert_eq!(seen.error, None);
    let data = &seen.accounts[0].1;
    assert_eq!((word(data, 0), word(data, 8), word(data, 16)), (20_000_001, 20_000_000, 5));
}

#[tokio::test]
async fn account_indices_are_checked() {
    let outside = run(&case("outside", "(account-lamports 1)", vec![AccountSpec::owned(vec![])], &[])).await;
    assert_eq!(outside.error.as_deref(), Some("NotEnoughAccountKeys"));
    let dynamic = "(account-lamports (mem-load1 (instruction-data-ptr) 0)) 0";
    let inside = run(&case("inside", dynamic, vec![AccountSpec::owned(vec![])], &[0])).await;
    assert_eq!(inside.error, None);
    let outside = run(&case("dynamic", dynamic, vec![AccountSpec::owned(vec![])], &[1])).await;
    assert_eq!(outside.error.as_deref(), Some("NotEnoughAccountKeys"));
}

#[tokio::test]
async fn requirements_hold_or_fail() {
    let source = "(assert-signer 0) (assert-writable 0) (assert-owner 0 (program-id-ptr)) 0";
    let good = vec![AccountSpec::owned(vec![]).signing()];
    assert_eq!(run(&case("good", source, good, &[])).await.error, None);
    let unsigned = vec![AccountSpec::owned(vec![])];
    let seen = run(&case("unsigned", source, unsigned, &[])).await;
    assert_eq!(seen.error.as_deref(), Some("MissingRequiredSignature"));
    let read_only = vec![AccountSpec::owned(vec![]).signing().read_only()];
    let seen = run(&case("read-only", source, read_only, &[])).await;
    assert_eq!(seen.error.as_deref(), Some("Immutable"));
    let foreign = vec![AccountSpec::foreign(vec![]).signing()];
    let seen = run(&case("foreign", source, foreign, &[])).await;
    assert_eq!(seen.error.as_deref(), Some("InvalidAccountOwner"));
}

#[tokio::test]
async fn lamports_move_between_accounts() {
    let source = "(define amount (mem-load (instruction-data-ptr) 0))
        (set-lamports 0 (- (account-lamports 0) amount))
        (set-lamports 1 (+ (account-lamports 1) amount))
        0";
    let accounts = vec![AccountSpec::owned(vec![]), AccountSpec::foreign(vec![])];
    let seen = run(&case("move", source, accounts.clone(), &1_000_000u64.to_le_bytes())).await;
    assert_eq!(seen.error, None);
    assert_eq!((seen.accounts[0].0, seen.accounts[1].0), (9_000_000, 11_000_000));
    let too_much = run(&case("too much", source, accounts, &10_000_001u64.to_le_bytes())).await;
    assert_eq!(too_much.error.as_deref(), Some("ArithmeticOverflow"));
    assert_eq!(too_much.accounts[0].0, 10_000_000);
}

#[tokio::test]
async fn functions_variables_and_recursion_work() {
    let source = "(define calls : u64 0)
        (defn fib ((n : u64)) -> u64
          (set! calls (+ calls 1))
          (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))
        (mem-store (account-data-ptr 0) 0 (fib 10))
        (mem-store (account-data-ptr 0) 8 calls)
        0";
    let seen = run(&case("fib", source, vec![AccountSpec::owned(vec![0; 16])], &[])).await;
    assert_eq!(seen.error, None);
    assert_eq!((word(&seen.accounts[0].1, 0), word(&seen.accounts[0].1, 8)), (55, 177));
}

#[tokio::test]
async fn hello_logs_and_succeeds() {
    let seen = run(&case("hello", &program("hello"), vec![], &[])).await;
    assert_eq!(seen.error, None);
    assert!(seen.compute_units >= 100, "{seen:?}");
}

#[tokio::test]
async fn counter_counts() {
    let data = 41u64.to_le_bytes().to_vec();
    let seen = run(&case("counter", &program("counter"), vec![AccountSpec::owned(data.clone())], &[])).await;
    assert_eq!(seen.error, None);
    assert_eq!(word(&seen.accounts[0].1, 0), 42);
    let foreign = vec![AccountSpec::foreign(data)];
    let seen = run(&case("counter of another program", &program("counter"), foreign, &[])).await;
    assert!(seen.error.is_some());
    assert_eq!(word(&seen.accounts[0].1, 0), 41);
    let full = vec![AccountSpec::owned(vec![0xff; 8])];
    let seen = run(&case("full counter", &program("counter"), full, &[])).await;
    assert!(seen.error.is_some());
    let none = run(&case("no account", &program("counter"), vec![], &[])).await;
    assert!(none.error.is_some());
}

#[tokio::test]
async fn vote_counts_once() {
    let accounts = |voted: u8, signs: bool| {
        let voter = AccountSpec::foreign(vec![]);
        let voter = if signs { voter.signing() } else { voter };
        vec![AccountSpec::owned(vec![0; 40]), voter, AccountSpec::owned(vec![voted, 0])]
    };
    let seen = run(&case("vote", &program("vote"), accounts(0, true), &[2])).await;
    assert_eq!(seen.error, None);
    assert_eq!(word(&seen.accounts[0].1, 8 + 16), 1);
    assert_eq!(seen.accounts[2].1, [1, 2]);
    for (name, accounts, data) in [
        ("voted before", accounts(1, true), [2]),
        ("not signed", accounts(0, false), [2]),
        ("no such candidate", accounts(0, true), [4]),
    ] {
        let before: Vec<Vec<u8>> = accounts.iter().map(|account| account.data.clone()).collect();
        let seen = run(&case(name, &program("vote"), accounts, &data)).await;
        assert!(seen.error.is_some(), "{name}");
        let after: Vec<Vec<u8>> = seen.accounts.into_iter().map(|(_, data)| data).collect();
        assert_eq!(before, after, "{name}");
    }
}

#[tokio::test]
async fn vault_math_is_exact() {
    let words = |words: [u64; 4]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    let account = || vec![AccountSpec::owned(vec![0; 16])];
    let seen =
        run(&case("deposit", &program("vault-math"), account(), &words([1 << 63, 1 << 63, 1 << 63, 30])))
            .await;
    assert_eq!(seen.error, None);
    let fee = ((1u128 << 63) * 30 / 10_000) as u64;
    assert_eq!((word(&seen.accounts[0].1, 0), word(&seen.accounts[0].1, 8)), ((1 << 63) - fee, fee));
    let seen =
        run(&case("too much", &program("vault-math"), account(), &words([u64::MAX, u64::MAX, 1, 0]))).await;
    assert_eq!(seen.error.as_deref(), Some("Custom(1331036163)"));
    let seen = run(&case("too dear", &program("vault-math"), account(), &words([1, 0, 0, 10_001]))).await;
    assert_eq!(seen.error.as_deref(), Some("Custom(4)"));
    let foreign = vec![AccountSpec::foreign(vec![0; 16])];
    let seen = run(&case("foreign vault", &program("vault-math"), foreign, &words([1, 0, 0, 0]))).await;
    assert_eq!(seen.error.as_deref(), Some("InvalidAccountOwner"));
}

/// `programs/vault`, with its authority as second account.
#[tokio::test]
async fn declared_accounts_and_instructions_are_checked() {
    let source = program("programs/vault");
    // The first bytes of the SHA-256 of `account:Vault` and `global:withdraw`.
    let vault_type = [211, 8, 232, 43, 2, 152, 117, 119];
    let withdraw = [183, 18, 70, 156, 148, 109, 161, 34];
    let two = vec![AccountSpec::owned(vec![]), AccountSpec::foreign(vec![])];
    let authority = case("keys", "0", two, &[]).keys()[1].insecure_clone();
    let vault_of = |key: &[u8]| {
        let mut data = vault_type.to_vec();
        data.extend_from_slice(key);
        data.extend_from_slice(&3u64.to_le_bytes());
        data
    };
    let own = vault_of(solana_signer::Signer::pubkey(&authority).as_ref());
    let data = |amount: u64| [withdraw.as_slice(), &amount.to_le_bytes()].concat();
    let rich = 10_000_000;
    let vault = || AccountSpec::owned(own.clone()).with_lamports(rich);
    let signer = || AccountSpec::foreign(vec![]).with_lamports(rich).signing();

    let seen = run(&case("withdraw", &source, vec![vault(), signer()], &data(600))).await;
    assert_eq!(seen.error, None);
    assert_eq!((seen.accounts[0].0, seen.accounts[1].0), (rich - 600, rich + 600));
    assert_eq!(word(&seen.accounts[0].1, 40), 603);
    assert_eq!(seen.compute_units, 58);

    let stranger = AccountSpec::owned(vault_of(&[5; 32])).with_lamports(rich);
    let foreign = AccountSpec::foreign(own.clone()).with_lamports(rich);
    let mut other_type = own.clone();
    other_type[0] ^= 1;
    let mut longer = own.clone();
    longer.push(0);
    for (name, accounts, data, error) in [
        ("another authority", vec![stranger, signer()], data(1), "Custom(6000)"),
        ("too much", vec![vault(), signer()], data(rich + 1), "Custom(6001)"),
        ("no signature", vec![vault(), AccountSpec::foreign(vec![])], data(1), "MissingRequiredSignature"),
        ("read-only vault", vec![vault().read_only(), signer()], data(1), "Immutable"),
        ("vault of another program", vec![foreign.read_only(), signer()], data(1), "Immutable"),
        ("another type", vec![AccountSpec::owned(other_type), signer()], data(1), "InvalidAccountData"),
        ("another length", vec![AccountSpec::owned(longer), signer()], data(1), "InvalidAccountData"),
        (
            "one account twice",
            vec![vault().signing(), AccountSpec::duplicate(0)],
            data(1),
            "Custom(1331036167)",
        ),
        ("one account", vec![vault()], data(1), "NotEnoughAccountKeys"),
        ("longer data", vec![vault(), signer()], [data(1), vec![0]].concat(), "InvalidInstructionData"),
        ("another instruction", vec![vault(), signer()], vec![0; 16], "InvalidInstructionData"),
        ("no data", vec![vault(), signer()], vec![], "InvalidInstructionData"),
    ] {
        let before: Vec<u64> = accounts.iter().map(|account| account.lamports).collect();
        let seen = run(&case(name, &source, accounts, &data)).await;
        assert_eq!(seen.error.as_deref(), Some(error), "{name}");
        let after: Vec<u64> = seen.accounts.iter().map(|(lamports, _)| *lamports).collect();
        assert_eq!(before.get(..after.len()), Some(after.as_slice()), "{name}");
    }
}
