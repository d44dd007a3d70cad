//! The forms that talk to the runtime, on the three runtimes: calls of other programs, addresses made of seeds, sysvars,
//! accounts that are made, closed and resized.

use ovsm_ir::passes::OptLevel;
use ovsm_onchain::case::PROGRAM;
use ovsm_onchain::{AccountSpec, Case, Observed, bank, lite, mollusk};
use ovsm_sbpf::Version;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

const SYSTEM: Pubkey = Pubkey::new_from_array([0; 32]);

fn case(name: &'static str, source: &str, accounts: Vec<AccountSpec>, data: &[u8]) -> Case {
    Case { name, source: source.to_string(), accounts, data: data.to_vec() }
}

async fn run(case: &Case) -> Observed {
    let mut agreed: Option<Observed> = None;
    for level in [OptLevel::O0, OptLevel::O2] {
        let mut of_level: Option<Observed> = None;
        for version in [Version::V3, Version::V0] {
            let elf = case.elf(version, level);
            for (runtime, observed) in [
                ("mollusk", mollusk::run(case, &elf)),
                ("litesvm", lite::run(case, &elf)),
                ("solana-program-test", bank::run(case, &elf).await),
            ] {
                let reference = of_level.get_or_insert_with(|| observed.clone());
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

const COUNTER: &str = r#"
(program counter)
(account Counter (authority : pubkey) (count : u64) (bump : u8))
(deferror CounterError (Unauthorized "not the authority"))
(instruction initialize ()
  :accounts ((authority : (mut signer))
             (counter : (init (account Counter)) :payer authority :seeds ["counter" authority])
             (system : (program (system-program-id))))
  (set! (. counter authority) (key authority))
  (set! (. counter bump) counter-bump))
(instruction increment ((by : u64))
  :accounts ((counter : (mut (account Counter)) :seeds ["counter" authority] :bump (. counter bump))
             (authority : signer))
  :constraints ((= (. counter authority) (key authority)) Unauthorized)
  (incf (. counter count) by))
(instruction finish ()
  :accounts ((counter : (mut (account Counter)) :close authority)
             (authority : (mut signer)))
  :constraints ((= (. counter authority) (key authority)) Unauthorized))
"#;

fn hash(text: &str) -> Vec<u8> {
    solana_sha256_hasher::hash(text.as_bytes()).to_bytes()[..8].to_vec()
}

fn counter_data(authority: &Pubkey, count: u64, bump: u8) -> Vec<u8> {
    let mut data = hash("account:Counter");
    data.extend_from_slice(authority.as_ref());
    data.extend_from_slice(&count.to_le_bytes());
    data.push(bump);
    data
}

fn key_of(accounts: &[AccountSpec], number: usize) -> Pubkey {
    case("keys", "0", accounts.to_vec(), &[]).keys()[number].pubkey()
}

#[tokio::test]
async fn an_account_is_made_at_its_address() {
    let wallet = AccountSpec::wallet(1_000_000_000);
    let authority = key_of(std::slice::from_ref(&wallet), 0);
    let (address, bump) = Pubkey::find_program_address(&[b"counter", authority.as_ref()], &PROGRAM);
    let accounts = |counter: AccountSpec| vec![wallet.clone(), counter, AccountSpec::builtin(SYSTEM)];
    let seen =
        run(&case("initialize", COUNTER, accounts(AccountSpec::absent(address)), &hash("global:initialize")))
            .await;
    assert_eq!(seen.error, None);
    assert_eq!(seen.accounts[1].1, counter_data(&authority, 0, bump));
    assert_eq!(seen.accounts[0].0 + seen.accounts[1].0, 1_000_000_000);
    assert!(seen.compute_units < 1_500 * (256 - u64::from(bump)) + 1_500, "{}", seen.compute_units);

    // Somebody has sent it lamports before: that must not keep anybody from making it.
    let funded = AccountSpec { lamports: 900_000, ..AccountSpec::absent(address) };
    let seen = run(&case("funded before", COUNTER, accounts(funded), &hash("global:initialize"))).await;
    assert_eq!(seen.error, None);
    assert_eq!(seen.accounts[1].1, counter_data(&authority, 0, bump));

    let elsewhere = AccountSpec::absent(Pubkey::new_from_array([77; 32]));
    let seen = run(&case("elsewhere", COUNTER, accounts(elsewhere), &hash("global:initialize"))).await;
    assert_eq!(seen.error.as_deref(), Some("InvalidSeeds"));

    let taken = AccountSpec::owned(counter_data(&authority, 5, bump)).at(address);
    let seen = run(&case("made before", COUNTER, accounts(taken), &hash("global:initialize"))).await;
    assert_eq!(seen.error.as_deref(), Some("AccountAlreadyInitialized"));
    assert_eq!(word(&seen.accounts[1].1, 40), 5);

    let mut without = accounts(AccountSpec::absent(address));
    without[2] = AccountSpec::foreign(vec![]).read_only();
    let seen = run(&case("another system program", COUNTER, without, &hash("global:initialize"))).await;
    assert_eq!(seen.error.as_deref(), Some("InvalidArgument"));
}

#[tokio::test]
async fn addresses_are_checked_with_their_bump() {
    let signer = AccountSpec::wallet(1_000_000_000);
    let accounts = |counter: AccountSpec| vec![counter, signer.clone()];
    let authority = key_of(&accounts(AccountSpec::owned(vec![])), 1);
    let (address, bump) = Pubkey::find_program_address(&[b"counter", authority.as_ref()], &PROGRAM);
    let data = [hash("global:increment"), 4u64.to_le_bytes().to_vec()].concat();
    let good = AccountSpec::owned(counter_data(&authority, 5, bump)).at(address);
    let seen = run(&case("increment", COUNTER, accounts(good), &data)).await;
    assert_eq!(seen.error, None);
    assert_eq!(word(&seen.accounts[0].1, 40), 9);
    assert!(seen.compute_units < 300, "{}", seen.compute_units);
    for (name, spec) in [
        ("another address", AccountSpec::owned(counter_data(&authority, 5, bump))),
        ("another bump", AccountSpec::owned(counter_data(&authority, 5, bump.wrapping_sub(1))).at(address)),
    ] {
        let seen = run(&case(name, COUNTER, accounts(spec), &data)).await;
        assert_eq!(seen.error.as_deref(), Some("InvalidSeeds"), "{name}");
        assert_eq!(word(&seen.accounts[0].1, 40), 5);
    }
}

#[tokio::test]
async fn a_closed_account_holds_nothing() {
    let accounts = |data: Vec<u8>| vec![AccountSpec::owned(data), AccountSpec::wallet(1_000)];
    let authority = key_of(&accounts(vec![]), 1);
    let seen =
        run(&case("finish", COUNTER, accounts(counter_data(&authority, 5, 1)), &hash("global:finish"))).await;
    assert_eq!(seen.error, None);
    assert_eq!(seen.accounts[0], (0, vec![]));
    assert_eq!(seen.accounts[1].0, 10_001_000);
    let other = accounts(counter_data(&Pubkey::new_from_array([5; 32]), 5, 1));
    let seen = run(&case("another authority", COUNTER, other, &hash("global:finish"))).await;
    assert_eq!(seen.error.as_deref(), Some("Custom(6000)"));
    assert_eq!(seen.accounts[0].0, 10_000_000);
}

#[tokio::test]
async fn lamports_go_through_the_system_program() {
    // The amount is all of the instruction data.
    let source = "(require-accounts 3)
        (system-transfer 0 1 (mem-load (instruction-data-ptr) 0))
        0";
    let accounts = |signs: bool| {
        let wallet = AccountSpec { signer: signs, ..AccountSpec::wallet(1_000_000_000) };
        vec![wallet, AccountSpec::foreign(vec![]), AccountSpec::builtin(SYSTEM)]
    };
    let seen = run(&case("transfer", source, accounts(true), &5_000_000u64.to_le_bytes())).await;
    assert_eq!(seen.error, None);
    assert_eq!((seen.accounts[0].0, seen.accounts[1].0), (995_000_000, 15_000_000));
    assert_eq!(seen.compute_units, 1_161);
    let seen = run(&case("unsigned", source, accounts(false), &5u64.to_le_bytes())).await;
    assert_eq!(seen.error.as_deref(), Some("PrivilegeEscalation"));
}

#[tokio::test]
async fn an_address_of_the_program_signs() {
    let source = r#"
        (require-accounts 3)
        (define found (find-program-address ["vault"]))
        (system-transfer 0 1 700 [["vault" (. found bump)]])
        (if (= (program-address ["vault" (. found bump)]) (. found key)) 0 1)"#;
    let (address, _) = Pubkey::find_program_address(&[b"vault"], &PROGRAM);
    let vault = AccountSpec { lamports: 10_000_000, ..AccountSpec::absent(address) };
    let accounts = vec![vault, AccountSpec::foreign(vec![]), AccountSpec::builtin(SYSTEM)];
    let seen = run(&case("vault signs", source, accounts.clone(), &[])).await;
    assert_eq!(seen.error, None);
    assert_eq!((seen.accounts[0].0, seen.accounts[1].0), (9_999_300, 10_000_700));
    let other = source.replace(r#"[["vault" (. found bump)]]"#, r#"[["other" (. found bump)]]"#);
    let seen = run(&case("others do not", &other, accounts, &[])).await;
    assert!(seen.error.is_some());
    assert_eq!(seen.accounts[0].0, 10_000_000);
}

/// What only the run knows the length of is a part of instruction data like everything else: transfers by the system program.
#[tokio::test]
async fn parts_of_instruction_data_may_have_any_length() {
    let source = r#"
        (define amounts (vec u64))
        (push! amounts 700)
        (define tag (vec u8))
        (push! tag 2 0)
        (define rest (string-builder))
        (append! rest "\u{0}")
        (defmacro call (data &optional (signers null))
          `(invoke-program (system-program-id) [[0 :mut :signer] [1 :mut]] ,data ,signers))
        (define found (find-program-address ["vault"]))
        (call [2u32 amounts] [["vault" (. found bump)]])
        (call [tag rest 0u8 1000u64] [[(str "va" "ult") (. found bump)]])
        (set! amounts (map (fn (amount) (* amount 3)) amounts))
        (call [tag 0u8 rest (bytes (str "d")) (the (array u8 7) [0 0 0 0 0 0 0])] [["vault" (. found bump)]])
        (push! tag 0 0 5 0 0 0 0 0 0 0)
        (call tag [["vault" (. found bump)]])
        (define late (the (array u64 1) [11]))
        (define later (vec u64))
        (push! later 13)
        (define none (vec u8))
        (call [2u32 none late (do (set! (get late 0) 90) none)] [["vault" (. found bump)]])
        (call [2u32 later (do (set! (get later 0) 90) none)] [["vault" (. found bump)]])
        (set! (get later 0) 17)
        (call [2u32 later] [["vault" (do (set! (get later 0) 90) (. found bump))]])
        (set-return-data amounts)
        (if (= (the u64 (returned-data (program-key))) 2100) 0 1)"#;
    let (address, _) = Pubkey::find_program_address(&[b"vault"], &PROGRAM);
    let vault = AccountSpec { lamports: 10_000_000, ..AccountSpec::absent(address) };
    let accounts = vec![vault, AccountSpec::foreign(vec![]), AccountSpec::builtin(SYSTEM)];
    let seen = run(&case("parts of any length", source, accounts, &[])).await;
    assert_eq!(seen.error, None);
    // What was changed after it was a part counts as it was.
    let sent = 700 + 1000 + u64::from(b'd') + 5 + 11 + 13 + 17;
    assert_eq!((seen.accounts[0].0, seen.accounts[1].0), (10_000_000 - sent, 10_000_000 + sent));
}

#[tokio::test]
async fn sysvars_and_returned_data_are_read() {
    let source = r#"
        (set-return-data 77u64)
        (define own (the u64 (returned-data (program-key))))
        (mem-store (account-data-ptr 0) 0 (rent-minimum 49))
        (mem-store (account-data-ptr 0) 8 (clock-epoch))
        (mem-store (account-data-ptr 0) 16 own)
        0"#;
    let seen = run(&case("sysvars", source, vec![AccountSpec::owned(vec![1; 24])], &[])).await;
    assert_eq!(seen.error, None);
    let data = &seen.accounts[0].1;
    assert_eq!((word(data, 0), word(data, 8), word(data, 16)), ((128 + 49) * 6960, 0, 77));
}

const INSTRUCTIONS: Pubkey = solana_pubkey::pubkey!("Sysvar1nstructions1111111111111111111111111");
const CLOCK: Pubkey = solana_pubkey::pubkey!("SysvarC1ock11111111111111111111111111111111");
const RENT: Pubkey = solana_pubkey::pubkey!("SysvarRent111111111111111111111111111111111");

#[tokio::test]
async fn a_program_reads_its_own_instruction() {
    let source = r#"
        (define own (instruction-at 1 (current-instruction-index 1)))
        (define to (account-data-ptr 0))
        (set-memory-value to (instruction-program-id own))
        (set-memory-value (+ to 32) (instruction-account-key own 1))
        (mem-store to 64 (length (instruction-bytes own)))
        (mem-store to 72 (u64 (get (instruction-bytes own) 2)))
        (mem-store to 80 (instruction-accounts-count own))
        (mem-store to 88 (if (instruction-account-writable? own 0) 1 0))
        (mem-store to 96 (if (instruction-account-writable? own 1) 1 0))
        (mem-store to 104 (if (instruction-account-signer? own 0) 1 0))
        (assert-not-cpi 1)
        0"#;
    let accounts = vec![AccountSpec::owned(vec![9; 112]), AccountSpec::builtin(INSTRUCTIONS)];
    let seen = run(&case("introspection", source, accounts, &[7, 8, 9])).await;
    assert_eq!(seen.error, None);
    let data = &seen.accounts[0].1;
    assert_eq!((&data[..32], &data[32..64]), (PROGRAM.as_ref(), INSTRUCTIONS.as_ref()));
    let words: Vec<u64> = (64..112).step_by(8).map(|at| word(data, at)).collect();
    assert_eq!(words, [3, 9, 2, 1, 0, 0]);
    let accounts = vec![AccountSpec::owned(vec![9; 112]), AccountSpec::owned(vec![1, 0, 4, 0, 0, 0, 0, 0])];
    let seen = run(&case("made up", source, accounts, &[7, 8, 9])).await;
    assert_eq!(seen.error.as_deref(), Some("InvalidArgument"));
}

#[tokio::test]
async fn sysvars_in_accounts_say_what_the_runtime_says() {
    let source = r#"
        (if (and (= (clock-epoch 0) (clock-epoch))
                 (= (clock-unix-timestamp 0) (clock-timestamp))
                 (= (rent-minimum-balance 1 49) (rent-minimum 49)))
          0
          1)"#;
    let accounts = vec![AccountSpec::builtin(CLOCK), AccountSpec::builtin(RENT)];
    assert_eq!(run(&case("sysvar accounts", source, accounts, &[])).await.error, None);
    let accounts = vec![AccountSpec::builtin(RENT), AccountSpec::builtin(CLOCK)];
    let seen = run(&case("the wrong sysvars", source, accounts, &[])).await;
    assert_eq!(seen.error.as_deref(), Some("InvalidArgument"));
}

#[tokio::test]
async fn older_forms_find_addresses_and_call() {
    let source = r#"
        (require-accounts 3)
        (define heap 0x300000000)
        (mem-store heap 0 0x746c756176)
        (define id (address-of (program-key)))
        (define found (derive-pda id ["vault"] (+ heap 8)))
        (define made (address-of (program-key)))
        (create-pda made id ["vault" (get (bytes-at (+ heap 8) 1) 0)])
        (mem-store4 heap 16 2)
        (mem-store heap 20 700)
        (cpi-invoke-signed 2 (+ heap 16) 12 [[0 1 1] [1 1 0]] [[[heap 5] [(+ heap 8) 1]]])
        (if (= (the pubkey (memory-value found)) (the pubkey (memory-value made))) 0 1)"#;
    let (address, _) = Pubkey::find_program_address(&[b"vault"], &PROGRAM);
    let vault = AccountSpec { lamports: 10_000_000, ..AccountSpec::absent(address) };
    let accounts = vec![vault, AccountSpec::foreign(vec![]), AccountSpec::builtin(SYSTEM)];
    let seen = run(&case("older forms", source, accounts, &[])).await;
    assert_eq!(seen.error, None);
    assert_eq!((seen.accounts[0].0, seen.accounts[1].0), (9_999_300, 10_000_700));
}

#[tokio::test]
async fn a_vec_grows_until_the_heap_is_full() {
    let source = "(define xs (vec u64))
        (dotimes (i (mem-load (instruction-data-ptr) 0)) (push! xs (* i i)))
        (mem-store (account-data-ptr 0) 0 (sum xs))
        0";
    let accounts = vec![AccountSpec::owned(vec![0; 8])];
    let seen = run(&case("a vec", source, accounts.clone(), &1_000u64.to_le_bytes())).await;
    assert_eq!(seen.error, None);
    assert_eq!(word(&seen.accounts[0].1, 0), (0..1_000).map(|i| i * i).sum::<u64>());
    let seen = run(&case("a full heap", source, accounts, &5_000u64.to_le_bytes())).await;
    assert_eq!(seen.error.as_deref(), Some("Custom(1331036170)"));
}

#[tokio::test]
async fn a_program_that_is_called_knows_it() {
    // It calls itself with one byte, without accounts; what is called refuses that.
    let source = r#"
        (define id (address-of (program-key)))
        (assert-not-cpi)
        (if (> (instruction-data-len) 1)
          (invoke (build-instruction id (instruction-data-ptr) 1) id 0)
          0)"#;
    let accounts = vec![AccountSpec::owned(vec![]), AccountSpec::builtin(PROGRAM)];
    let seen = run(&case("called", source, accounts.clone(), &[1, 2])).await;
    assert_eq!(seen.error.as_deref(), Some("IncorrectProgramId"));
    assert_eq!(run(&case("not called", source, accounts, &[1])).await.error, None);
}

#[tokio::test]
async fn accounts_grow_and_shrink() {
    let source = "(resize-account 0 (mem-load (instruction-data-ptr) 0)) 0";
    for length in [0, 8, 30, 10_000] {
        let data = (length as u64).to_le_bytes();
        let seen = run(&case(
            "resize",
            source,
            vec![AccountSpec::owned(vec![3; 16]).with_lamports(1_000_000_000)],
            &data,
        ))
        .await;
        assert_eq!(seen.error, None);
        let mut expected = vec![3; 16];
        expected.resize(length, 0);
        assert_eq!(seen.accounts[0].1, expected);
    }
    let too_long = 20_000u64.to_le_bytes();
    let seen = run(&case("too long", source, vec![AccountSpec::owned(vec![3; 16])], &too_long)).await;
    assert!(seen.error.is_some());
}

#[tokio::test]
async fn an_address_pays_for_an_account_that_holds_something() {
    let source = r#"
        (instruction make ()
          :accounts ((bank : (mut account) :seeds ["bank"])
                     (item : (mut account) :seeds ["item"])
                     (system : (program (system-program-id))))
          (create-account bank item 16u64 [["bank" bank-bump] ["item" item-bump]]))"#;
    let [bank, item] = [b"bank", b"item"].map(|seed| Pubkey::find_program_address(&[seed], &PROGRAM).0);
    for lamports in [0, 900_000, 5_000_000] {
        let accounts = vec![
            AccountSpec { lamports: 1_000_000_000, ..AccountSpec::absent(bank) },
            AccountSpec { lamports, ..AccountSpec::absent(item) },
            AccountSpec::builtin(SYSTEM),
        ];
        let seen = run(&case("paid by an address", source, accounts, &hash("global:make"))).await;
        assert_eq!(seen.error, None, "{lamports}");
        assert_eq!(seen.accounts[1].1, vec![0; 16]);
    }
}

#[tokio::test]
async fn an_early_end_closes_too() {
    let source = r#"
        (account Vault (n : u64))
        (instruction withdraw ((n : u64))
          :accounts ((p : (mut signer)) (vault : (mut (account Vault)) :close p))
          (when (= n 0) (return-from withdraw 0u64))
          (when (= n 1) (return 7u64))
          (set! (. vault n) n))"#;
    let data = [hash("account:Vault"), vec![0; 8]].concat();
    for (n, error) in [(0u64, None), (1, Some("Custom(7)")), (2, None)] {
        let accounts = vec![AccountSpec::wallet(1_000_000_000), AccountSpec::owned(data.clone())];
        let call = [hash("global:withdraw"), n.to_le_bytes().to_vec()].concat();
        let seen = run(&case("closed", source, accounts, &call)).await;
        assert_eq!(seen.error.as_deref(), error);
        assert_eq!(seen.accounts[1].1.is_empty(), error.is_none());
    }
}

#[tokio::test]
async fn what_an_account_grows_by_is_zero() {
    let source = "(resize-account 0 8) (resize-account 0 16) 0";
    let seen = run(&case("shrink and grow", source, vec![AccountSpec::owned(vec![3; 16])], &[])).await;
    assert_eq!(seen.error, None);
    assert_eq!(seen.accounts[0].1, [vec![3; 8], vec![0; 8]].concat());
}

#[tokio::test]
async fn an_array_of_an_account_is_a_value_for_a_callee() {
    let source = r#"
        (account Vault (keys : (array u8 32)) (n : u64))
        (defn pay ((before : (array u8 32)) (to : u64)) -> u64
          (syscall "sol_memset_" to 9u64 32u64)
          (u64 (get before 0)))
        (instruction f ()
          :accounts ((vault : (mut (account Vault))))
          (set! (. vault n) (pay (. vault keys) (+ (account-data-ptr vault) 8))))"#;
    let data = [hash("account:Vault"), vec![3; 32], vec![0; 8]].concat();
    let seen =
        run(&case("before and after", source, vec![AccountSpec::owned(data)], &hash("global:f"))).await;
    assert_eq!(seen.error, None);
    assert_eq!(seen.accounts[0].1[8..], [vec![9; 32], vec![3], vec![0; 7]].concat());
}

#[tokio::test]
async fn forms_of_older_programs_call_and_derive() {
    const TOKEN: Pubkey = Pubkey::from_str_const("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
    const ASSOCIATED: Pubkey = Pubkey::from_str_const("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");
    let source = "
        (define at (get-ata (account-data-ptr 0) (account-data-ptr 1) (account-data-ptr 2)))
        (syscall \"sol_memcpy_\" (account-data-ptr 3) at 32)
        0";
    let (wallet, mint) = ([5; 32], [6; 32]);
    let accounts = [wallet, TOKEN.to_bytes(), mint, [0; 32]].map(|key| AccountSpec::owned(key.to_vec()));
    let seen = run(&case("associated token address", source, accounts.to_vec(), &[])).await;
    assert_eq!(seen.error, None);
    let (expected, _) = Pubkey::find_program_address(&[&wallet, TOKEN.as_ref(), &mint], &ASSOCIATED);
    assert_eq!(seen.accounts[3].1, expected.to_bytes());

    let source = "(cpi-invoke 2 (instruction-data-ptr) (instruction-data-len) [[0 1 1] [1 1 0]]) 0";
    let accounts =
        vec![AccountSpec::wallet(1_000_000_000), AccountSpec::foreign(vec![]), AccountSpec::builtin(SYSTEM)];
    let transfer = [2u32.to_le_bytes().to_vec(), 77u64.to_le_bytes().to_vec()].concat();
    let seen = run(&case("call by numbers", source, accounts, &transfer)).await;
    assert_eq!(seen.error, None);
    assert_eq!((seen.accounts[0].0, seen.accounts[1].0), (999_999_923, 10_000_077));
}
