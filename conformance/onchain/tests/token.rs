//! `programs/token` beside the two token programs of the chain, SPL Token and p-token: the same instructions in the same
//! order, among them many that must fail. After each, all accounts have to be the same, byte by byte, and all three have to
//! have done it or refused it. What is used every day must not cost more than in p-token.

use litesvm::LiteSVM;
use ovsm_ir::passes::OptLevel;
use ovsm_onchain::Case;
use ovsm_sbpf::Version;
use solana_account::Account;
use solana_instruction::{AccountMeta, Instruction};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use solana_transaction::Transaction;
use std::collections::{BTreeMap, BTreeSet};

const TOKEN: Pubkey = Pubkey::from_str_const("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
const RENT: Pubkey = Pubkey::from_str_const("SysvarRent111111111111111111111111111111111");
const NATIVE: Pubkey = Pubkey::from_str_const("So11111111111111111111111111111111111111112");
const MINT_SIZE: usize = 82;
const ACCOUNT_SIZE: usize = 165;
/// What an account of a token holds at least, with the rent of the test.
const ACCOUNT_RENT: u64 = 2_039_280;
const MINT_RENT: u64 = 1_461_600;
const MULTISIG_SIZE: usize = 355;
const MULTISIG_RENT: u64 = 3_361_680;

/// The three programs at one address, in banks of their own.
struct Banks {
    banks: [LiteSVM; 3],
    known: Vec<Pubkey>,
    payer: Keypair,
    /// Compute units of each kind of instruction that succeeded: the least of ours, and of p-token.
    units: BTreeMap<&'static str, (u64, u64)>,
    succeeded: usize,
    failed: usize,
    /// Errors that neither of the others gives.
    other_errors: BTreeSet<String>,
}

fn key(number: u8) -> Keypair {
    Keypair::new_from_array([number; 32])
}

impl Banks {
    fn new() -> Banks {
        let path = format!("{}/../../spirits/programs/token/src/main.ovsm", env!("CARGO_MANIFEST_DIR"));
        let source = std::fs::read_to_string(&path).unwrap();
        let case = Case { name: "token", source, accounts: vec![], data: vec![] };
        let mut own = LiteSVM::new();
        own.add_program(TOKEN, &case.elf(Version::V3, OptLevel::O2)).unwrap();
        let p_token = LiteSVM::new();
        let mut features = LiteSVM::mainnet_feature_set();
        features.deactivate(&agave_feature_set::replace_spl_token_with_p_token::id());
        let spl = LiteSVM::default()
            .with_feature_set(features)
            .with_builtins()
            .with_lamports(1_000_000_000_000)
            .with_sysvars()
            .with_default_programs()
            .with_sigverify(false);
        let payer = key(200);
        let mut banks = Banks {
            banks: [own, p_token, spl],
            known: Vec::new(),
            payer,
            units: BTreeMap::new(),
            succeeded: 0,
            failed: 0,
            other_errors: BTreeSet::new(),
        };
        let payer = banks.payer.pubkey();
        for bank in &mut banks.banks {
            bank.airdrop(&payer, 100_000_000_000).unwrap();
        }
        banks
    }

    /// Puts an account into all banks.
    fn put(&mut self, address: Pubkey, lamports: u64, size: usize, owner: Pubkey) {
        self.put_data(address, lamports, vec![0; size], owner);
    }

    fn put_data(&mut self, address: Pubkey, lamports: u64, data: Vec<u8>, owner: Pubkey) {
        for bank in &mut self.banks {
            let account =
                Account { lamports, data: data.clone(), owner, executable: false, rent_epoch: u64::MAX };
            bank.set_account(address, account).unwrap();
        }
        if !self.known.contains(&address) {
            self.known.push(address);
        }
    }

    fn data(&self, address: &Pubkey) -> Vec<u8> {
        self.banks[0].get_account(address).unwrap_or_default().data
    }

    fn amount(&self, address: &Pubkey) -> u64 {
        let data = self.data(address);
        data.get(64..72).map_or(0, |bytes| u64::from_le_bytes(bytes.try_into().unwrap()))
    }

    /// Sends an instruction to all banks and compares what they did. True if it succeeded.
    fn send(
        &mut self,
        name: &'static str,
        data: &[u8],
        accounts: &[AccountMeta],
        signers: &[&Keypair],
    ) -> bool {
        let instruction = Instruction { program_id: TOKEN, accounts: accounts.to_vec(), data: data.to_vec() };
        let mut outcomes = Vec::new();
        let payer = self.payer.insecure_clone();
        let mut all: Vec<&Keypair> = vec![&payer];
        all.extend(signers);
        for bank in &mut self.banks {
            bank.expire_blockhash();
            let hash = bank.latest_blockhash();
            let transaction = Transaction::new_signed_with_payer(
                std::slice::from_ref(&instruction),
                Some(&payer.pubkey()),
                &all,
                hash,
            );
            outcomes.push(match bank.send_transaction(transaction) {
                Ok(meta) => (None, meta.compute_units_consumed),
                Err(failed) => (Some(format!("{:?}", failed.err)), failed.meta.compute_units_consumed),
            });
        }
        let [(own, own_units), (p_token, p_units), (spl, _)] = outcomes.as_slice() else { panic!() };
        let told = format!("{name} {data:?}: {own:?} {p_token:?} {spl:?}");
        assert_eq!(own.is_none(), p_token.is_none(), "{told}");
        assert_eq!(own.is_none(), spl.is_none(), "{told}");
        // The errors need not be the same, but mostly are.
        if own != p_token && own != spl {
            self.other_errors.insert(format!("{name}: {own:?}, not {p_token:?}"));
        }
        for address in &self.known {
            let [a, b, c] = [0, 1, 2].map(|bank| {
                let account = self.banks[bank].get_account(address).unwrap_or_default();
                (account.lamports, account.data, account.owner)
            });
            assert_eq!(a, b, "{told}: {address}");
            assert_eq!(a, c, "{told}: {address}");
        }
        match own {
            None => {
                self.succeeded += 1;
                let entry = self.units.entry(name).or_insert((u64::MAX, u64::MAX));
                *entry = (entry.0.min(*own_units), entry.1.min(*p_units));
            }
            Some(_) => self.failed += 1,
        }
        own.is_none()
    }
}

fn writable(key: Pubkey) -> AccountMeta {
    AccountMeta::new(key, false)
}

fn readable(key: Pubkey) -> AccountMeta {
    AccountMeta::new_readonly(key, false)
}

fn signing(key: Pubkey) -> AccountMeta {
    AccountMeta::new_readonly(key, true)
}

fn with(tag: u8, amount: u64) -> Vec<u8> {
    [vec![tag], amount.to_le_bytes().to_vec()].concat()
}

fn checked(tag: u8, amount: u64, decimals: u8) -> Vec<u8> {
    [with(tag, amount), vec![decimals]].concat()
}

/// Two mints, each with three accounts of three owners, made by every form of the instructions that make them.
struct World {
    banks: Banks,
    owners: Vec<Keypair>,
    mints: Vec<Pubkey>,
    accounts: Vec<Pubkey>,
}

fn world() -> World {
    let mut banks = Banks::new();
    let owners: Vec<Keypair> = (1..=4).map(key).collect();
    let mints: Vec<Pubkey> = (11..=12).map(|number| key(number).pubkey()).collect();
    let accounts: Vec<Pubkey> = (21..=26).map(|number| key(number).pubkey()).collect();
    for owner in &owners {
        banks.put(owner.pubkey(), 1_000_000_000, 0, Pubkey::default());
    }
    for mint in &mints {
        banks.put(*mint, MINT_RENT, MINT_SIZE, TOKEN);
    }
    for account in &accounts {
        banks.put(*account, ACCOUNT_RENT, ACCOUNT_SIZE, TOKEN);
    }
    let authority = owners[0].pubkey();
    let plain =
        |tag: u8, decimals: u8| [vec![tag, decimals], authority.to_bytes().to_vec(), vec![0]].concat();
    let frozen = [plain(20, 2)[..34].to_vec(), vec![1], authority.to_bytes().to_vec()].concat();
    // Bad ones first: nothing may come of them.
    assert!(!banks.send("short mint", &plain(20, 6)[..20], &[writable(mints[0])], &[]));
    assert!(!banks.send("freeze authority missing", &frozen[..50], &[writable(mints[0])], &[]));
    assert!(!banks.send("mint in an account of another size", &plain(20, 6), &[writable(accounts[0])], &[]));
    assert!(!banks.send("read-only mint", &plain(20, 6), &[readable(mints[0])], &[]));
    assert!(!banks.send("no account", &plain(20, 6), &[], &[]));
    assert!(banks.send("InitializeMint2", &plain(20, 6), &[writable(mints[0])], &[]));
    assert!(banks.send("InitializeMint2 with freeze authority", &frozen, &[writable(mints[1])], &[]));
    assert!(!banks.send("mint made before", &plain(20, 6), &[writable(mints[0])], &[]));
    let third = key(13).pubkey();
    banks.put(third, MINT_RENT, MINT_SIZE, TOKEN);
    assert!(!banks.send("another sysvar", &plain(0, 6), &[writable(third), readable(mints[0])], &[]));
    assert!(banks.send("InitializeMint", &plain(0, 6), &[writable(third), readable(RENT)], &[]));
    let poor = key(14).pubkey();
    banks.put(poor, MINT_RENT - 1, MINT_SIZE, TOKEN);
    assert!(!banks.send("mint without rent", &plain(20, 6), &[writable(poor)], &[]));

    let of = |tag: u8, owner: &Keypair| [vec![tag], owner.pubkey().to_bytes().to_vec()].concat();
    assert!(!banks.send("no mint", &of(18, &owners[0]), &[writable(accounts[0]), readable(authority)], &[]));
    assert!(!banks.send("short owner", &[18, 1], &[writable(accounts[0]), readable(mints[0])], &[]));
    for (number, account) in accounts.iter().enumerate() {
        let (mint, owner) = (mints[number / 3], &owners[number % 3]);
        assert!(match number % 3 {
            0 => banks.send("InitializeAccount3", &of(18, owner), &[writable(*account), readable(mint)], &[]),
            1 => {
                let metas = [writable(*account), readable(mint), readable(owner.pubkey()), readable(RENT)];
                banks.send("InitializeAccount", &[1], &metas, &[])
            }
            _ => {
                let metas = [writable(*account), readable(mint), readable(RENT)];
                banks.send("InitializeAccount2", &of(16, owner), &metas, &[])
            }
        });
    }
    assert!(!banks.send(
        "account made before",
        &of(18, &owners[1]),
        &[writable(accounts[0]), readable(mints[0])],
        &[]
    ));
    World { banks, owners, mints, accounts }
}

/// A generator that gives the same numbers everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u64) as usize]
    }
}

impl World {
    /// The usual path of every instruction.
    fn usual(&mut self) {
        let World { banks, owners, mints, accounts } = self;
        let [alice, bob, carol, _] = owners.as_slice() else { panic!() };
        let (mint, a, b) = (mints[0], accounts[0], accounts[1]);
        let make = [writable(mint), writable(a), signing(alice.pubkey())];
        assert!(banks.send("MintTo", &with(7, 1_000_000), &make, &[alice]));
        assert!(banks.send("MintToChecked", &checked(14, 5_000, 6), &make, &[alice]));
        let go = [writable(a), writable(b), signing(alice.pubkey())];
        assert!(banks.send("Transfer", &with(3, 300), &go, &[alice]));
        let check = [writable(a), readable(mint), writable(b), signing(alice.pubkey())];
        assert!(banks.send("TransferChecked", &checked(12, 300, 6), &check, &[alice]));
        let allow = [writable(a), readable(carol.pubkey()), signing(alice.pubkey())];
        assert!(banks.send("Approve", &with(4, 500), &allow, &[alice]));
        let delegated = [writable(a), writable(b), signing(carol.pubkey())];
        assert!(banks.send("Transfer by delegate", &with(3, 200), &delegated, &[carol]));
        assert!(!banks.send("more than allowed", &with(3, 301), &delegated, &[carol]));
        assert!(banks.send("Transfer of all that is allowed", &with(3, 300), &delegated, &[carol]));
        assert!(!banks.send("nothing allowed any more", &with(3, 1), &delegated, &[carol]));
        assert!(banks.send("Approve", &with(4, 500), &allow, &[alice]));
        assert!(banks.send("Revoke", &[5], &[writable(a), signing(alice.pubkey())], &[alice]));
        assert!(!banks.send("revoked", &with(3, 1), &delegated, &[carol]));
        let burn = [writable(b), writable(mint), signing(bob.pubkey())];
        assert!(banks.send("Burn", &with(8, 100), &burn, &[bob]));
        assert!(banks.send("BurnChecked", &checked(15, 100, 6), &burn, &[bob]));
        // To itself: the account is there twice.
        let own = [writable(a), writable(a), signing(alice.pubkey())];
        assert!(banks.send("Transfer to itself", &with(3, 5), &own, &[alice]));
        assert!(banks.send("Transfer of nothing", &with(3, 0), &go, &[alice]));
        let close = [writable(b), writable(bob.pubkey()), signing(bob.pubkey())];
        assert!(!banks.send("not empty", &[9], &close, &[bob]));
        let rest = banks.amount(&b);
        assert!(banks.send(
            "Transfer",
            &with(3, rest),
            &[writable(b), writable(a), signing(bob.pubkey())],
            &[bob]
        ));
        assert!(!banks.send("into itself", &[9], &[writable(b), writable(b), signing(bob.pubkey())], &[bob]));
        assert!(banks.send("CloseAccount", &[9], &close, &[bob]));
        assert!(!banks.send("closed before", &[9], &close, &[bob]));
        banks.put(b, ACCOUNT_RENT, ACCOUNT_SIZE, TOKEN);
        let data = [vec![18], bob.pubkey().to_bytes().to_vec()].concat();
        assert!(banks.send("InitializeAccount3", &data, &[writable(b), readable(mint)], &[]));
        // Wrapped lamports.
        banks.put(NATIVE, MINT_RENT, MINT_SIZE, TOKEN);
        let (w, v) = (key(31).pubkey(), key(32).pubkey());
        banks.put(w, ACCOUNT_RENT + 70_000, ACCOUNT_SIZE, TOKEN);
        banks.put(v, ACCOUNT_RENT, ACCOUNT_SIZE, TOKEN);
        for account in [w, v] {
            let data = [vec![18], alice.pubkey().to_bytes().to_vec()].concat();
            assert!(banks.send(
                "InitializeAccount3 of lamports",
                &data,
                &[writable(account), readable(NATIVE)],
                &[]
            ));
        }
        let go = [writable(w), writable(v), signing(alice.pubkey())];
        assert!(banks.send("Transfer of lamports", &with(3, 30_000), &go, &[alice]));
        assert!(!banks.send(
            "Burn of lamports",
            &with(8, 1),
            &[writable(w), writable(NATIVE), signing(alice.pubkey())],
            &[alice]
        ));
        let close = [writable(w), writable(alice.pubkey()), signing(alice.pubkey())];
        assert!(banks.send("CloseAccount of lamports", &[9], &close, &[alice]));
    }

    /// One instruction of any kind, good or bad.
    fn any(&mut self, random: &mut Random) {
        let World { banks, owners, mints, accounts } = self;
        let owner_of = |banks: &Banks, account: &Pubkey| {
            let data = banks.data(account);
            owners.iter().position(|owner| data.get(32..64) == Some(owner.pubkey().as_ref()))
        };
        let source = *random.pick(accounts);
        let mut destination = *random.pick(accounts);
        if random.below(3) > 0 {
            // Of the same mint.
            let place = accounts.iter().position(|account| *account == source).unwrap();
            destination = accounts[place / 3 * 3 + random.below(3) as usize];
        }
        let place = accounts.iter().position(|account| *account == source).unwrap();
        let mint = if random.below(8) > 0 { mints[place / 3] } else { *random.pick(mints) };
        let decimals = if random.below(8) > 0 { [6, 2][place / 3] } else { 9 };
        let authority = match owner_of(banks, &source) {
            Some(owner) if random.below(4) > 0 => &owners[owner],
            _ => random.pick(owners),
        };
        let amount = match random.below(6) {
            0 => 0,
            1 => u64::MAX,
            2 => banks.amount(&source),
            3 => banks.amount(&source).wrapping_add(1),
            _ => random.below(2_000),
        };
        let signs = random.below(10) > 0;
        let last = AccountMeta::new_readonly(authority.pubkey(), signs);
        let signers: Vec<&Keypair> = if signs { vec![authority] } else { vec![] };
        let delegate = random.pick(owners).pubkey();
        match random.below(9) {
            0 | 1 => banks.send(
                "Transfer",
                &with(3, amount),
                &[writable(source), writable(destination), last],
                &signers,
            ),
            2 => {
                let metas = [writable(source), readable(mint), writable(destination), last];
                banks.send("TransferChecked", &checked(12, amount, decimals), &metas, &signers)
            }
            3 => banks.send(
                "Approve",
                &with(4, amount),
                &[writable(source), readable(delegate), last],
                &signers,
            ),
            4 => {
                let maker = if random.below(6) > 0 { &owners[0] } else { authority };
                let metas = [writable(mint), writable(source), signing(maker.pubkey())];
                banks.send("MintTo", &with(7, amount % 100_000), &metas, &[maker])
            }
            5 => banks.send("Burn", &with(8, amount), &[writable(source), writable(mint), last], &signers),
            6 => {
                let metas = [writable(source), writable(mint), last];
                banks.send("BurnChecked", &checked(15, amount, decimals), &metas, &signers)
            }
            7 => {
                // p-token lets a delegate give back what it may do; SPL Token and this program do not.
                let data = banks.data(&source);
                let by_delegate = data.get(72) == Some(&1)
                    && data.get(76..108) == Some(authority.pubkey().as_ref())
                    && data.get(32..64) != Some(authority.pubkey().as_ref());
                !by_delegate && banks.send("Revoke", &[5], &[writable(source), last], &signers)
            }
            _ => {
                let metas = [writable(source), writable(delegate), last];
                let closed = banks.send("CloseAccount", &[9], &metas, &signers);
                if closed {
                    banks.put(source, ACCOUNT_RENT, ACCOUNT_SIZE, TOKEN);
                    let data = [vec![18], authority.pubkey().to_bytes().to_vec()].concat();
                    banks.send(
                        "InitializeAccount3",
                        &data,
                        &[writable(source), readable(mints[place / 3])],
                        &[],
                    );
                }
                closed
            }
        };
    }
}

/// Owners with several signers, good and bad.
impl World {
    /// The address of a multisig account, which five of eleven keys sign for.
    fn several(&mut self) {
        let World { banks, owners, mints, accounts } = self;
        let signers: Vec<Keypair> = (41..=51).map(key).collect();
        let at = |number: u8| key(number).pubkey();
        let keys = |numbers: &[usize]| -> Vec<AccountMeta> {
            numbers.iter().map(|number| readable(signers[*number].pubkey())).collect()
        };
        let with_keys = |first: &[AccountMeta], numbers: &[usize]| [first.to_vec(), keys(numbers)].concat();
        let all: Vec<usize> = (0..11).collect();
        for number in 60..=69 {
            banks.put(at(number), MULTISIG_RENT, MULTISIG_SIZE, TOKEN);
        }
        // What does not become one.
        let one = [writable(at(60))];
        assert!(!banks.send("multisig of nobody", &[19, 1], &one, &[]));
        assert!(!banks.send("multisig that none has to sign for", &[19, 0], &with_keys(&one, &[0]), &[]));
        assert!(!banks.send("multisig of twelve of eleven", &[19, 12], &with_keys(&one, &all), &[]));
        let twelve = with_keys(&with_keys(&one, &all), &[0]);
        assert!(!banks.send("multisig of twelve", &[19, 2], &twelve, &[]));
        assert!(!banks.send("multisig without number", &[19], &with_keys(&one, &[0]), &[]));
        assert!(!banks.send("multisig without account", &[19, 1], &[], &[]));
        let other_size = with_keys(&[writable(accounts[0])], &[0, 1]);
        assert!(!banks.send("multisig in an account of another size", &[19, 1], &other_size, &[]));
        banks.put(at(70), MULTISIG_RENT - 1, MULTISIG_SIZE, TOKEN);
        assert!(!banks.send("multisig without rent", &[19, 1], &with_keys(&[writable(at(70))], &[0]), &[]));
        banks.put(at(71), MULTISIG_RENT, MULTISIG_SIZE, Pubkey::default());
        assert!(!banks.send(
            "multisig of another program",
            &[19, 1],
            &with_keys(&[writable(at(71))], &[0]),
            &[]
        ));
        let wrong_rent = with_keys(&[writable(at(60)), readable(mints[0])], &[0]);
        assert!(!banks.send("multisig, another sysvar", &[2, 1], &wrong_rent, &[]));
        let mut data = vec![0; MULTISIG_SIZE];
        data[2] = 2;
        banks.put_data(at(72), MULTISIG_RENT, data, TOKEN);
        assert!(!banks.send("multisig made up", &[19, 1], &with_keys(&[writable(at(72))], &[0]), &[]));
        // What does; a key may be there twice, and more may be needed than there are.
        assert!(banks.send("InitializeMultisig2", &[19, 2], &with_keys(&one, &[0, 1, 2]), &[]));
        assert!(!banks.send("multisig made before", &[19, 2], &with_keys(&one, &[0, 1, 2]), &[]));
        let rent = [writable(at(61)), readable(RENT)];
        assert!(banks.send("InitializeMultisig", &[2, 3], &with_keys(&rent, &[3, 4, 5, 6]), &[]));
        let large = with_keys(&[writable(at(62))], &all);
        assert!(banks.send("InitializeMultisig2 of eleven", &[19, 5], &large, &[]));
        let twice = with_keys(&[writable(at(63))], &[0, 1, 0]);
        assert!(banks.send("InitializeMultisig2 with a key twice", &[19, 2], &twice, &[]));
        let of_two = with_keys(&[writable(at(64))], &[0, 1]);
        assert!(banks.send("InitializeMultisig2 that asks for too many", &[19, 3], &of_two, &[]));
        let itself = with_keys(&[writable(at(65)), readable(at(65))], &[1]);
        assert!(banks.send("InitializeMultisig2 with itself", &[19, 1], &itself, &[]));

        // The authority, the accounts after it, whether it is enough. A number above 100 is a key that does not sign.
        let cases: &[(u8, &[usize], bool)] = &[
            (60, &[0, 1], true),
            (60, &[0, 1, 2], true),
            (60, &[2, 0], true),
            (60, &[], false),
            (60, &[1], false),
            (60, &[1, 1], false),
            (60, &[1, 3], false),
            (60, &[3, 1, 4, 2], true),
            (60, &[0, 101], false),
            (60, &[0, 1, 102], false),
            (60, &[0, 1, 103], true),
            (60, &[101, 0], false),
            (61, &[3, 4, 5], true),
            (61, &[6, 5, 4], true),
            (61, &[3, 4], false),
            (61, &[3, 4, 4], false),
            (62, &[0, 2, 4, 6, 8], true),
            (62, &[10, 9, 8, 7, 6], true),
            (62, &[0, 2, 4, 6], false),
            (62, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10], true),
            (63, &[0], true),
            (63, &[1], false),
            (63, &[0, 0], true),
            (64, &[0, 1], false),
            (65, &[1], true),
            // Never made: no key signs for it.
            (66, &[0, 1], false),
        ];
        let (mint, source, target) = (mints[0], at(80), at(81));
        for (number, (multisig, given, is_enough)) in cases.iter().enumerate() {
            let multisig = at(*multisig);
            let names: Vec<AccountMeta> = given
                .iter()
                .map(|it| AccountMeta::new_readonly(signers[it % 100].pubkey(), *it < 100))
                .collect();
            let mut order: Vec<usize> = given.iter().filter(|it| **it < 100).copied().collect();
            order.sort_unstable();
            order.dedup();
            let signing: Vec<&Keypair> = order.iter().map(|it| &signers[*it]).collect();
            let metas =
                |first: &[AccountMeta]| [first.to_vec(), vec![readable(multisig)], names.clone()].concat();
            let make = |owner: Pubkey| [vec![18], owner.to_bytes().to_vec()].concat();
            for account in [source, target] {
                banks.put(account, ACCOUNT_RENT, ACCOUNT_SIZE, TOKEN);
                let to = [writable(account), readable(mint)];
                assert!(banks.send("InitializeAccount3", &make(multisig), &to, &[]));
            }
            let mint_to = [writable(mint), writable(source), readable(owners[0].pubkey())];
            let mint_to: Vec<AccountMeta> = mint_to
                .into_iter()
                .map(|it| AccountMeta { is_signer: it.pubkey == owners[0].pubkey(), ..it })
                .collect();
            assert!(banks.send("MintTo", &with(7, 10_000), &mint_to, &[&owners[0]]));
            let mut does = |name: &'static str, data: &[u8], first: &[AccountMeta]| {
                let done = banks.send(name, data, &metas(first), &signing);
                assert_eq!(done, *is_enough, "{name} {number}");
            };
            let go = [writable(source), writable(target)];
            does("Transfer by several", &with(3, 100), &go);
            let checks = [writable(source), readable(mint), writable(target)];
            does("TransferChecked by several", &checked(12, 100, 6), &checks);
            does("Transfer by several to itself", &with(3, 5), &[writable(source), writable(source)]);
            does("Approve by several", &with(4, 500), &[writable(source), readable(owners[1].pubkey())]);
            does("Approve by several to themselves", &with(4, 5), &[writable(source), readable(multisig)]);
            does("Revoke by several", &[5], &[writable(source)]);
            does("Burn by several", &with(8, 10), &[writable(source), writable(mint)]);
            does("BurnChecked by several", &checked(15, 10, 6), &[writable(source), writable(mint)]);
            does("more than there is, by several", &with(3, 0), &go);
            // As a delegate.
            let own = at(82);
            banks.put(own, ACCOUNT_RENT, ACCOUNT_SIZE, TOKEN);
            let to = [writable(own), readable(mint)];
            assert!(banks.send("InitializeAccount3", &make(owners[2].pubkey()), &to, &[]));
            let into = [writable(mint), writable(own), mint_to[2].clone()];
            assert!(banks.send("MintTo", &with(7, 1_000), &into, &[&owners[0]]));
            let allow = [writable(own), readable(multisig), self::signing(owners[2].pubkey())];
            assert!(banks.send("Approve", &with(4, 300), &allow, &[&owners[2]]));
            let mut does = |name: &'static str, data: &[u8], first: &[AccountMeta], expected: bool| {
                let done = banks.send(name, data, &metas(first), &signing);
                assert_eq!(done, expected, "{name} {number}");
            };
            let out = [writable(own), writable(target)];
            does("Transfer by several delegates", &with(3, 100), &out, *is_enough);
            does("more than several are allowed", &with(3, 201), &out, false);
            does("Burn by several delegates", &with(8, 200), &[writable(own), writable(mint)], *is_enough);
            // As what mints.
            let by_several = at(83);
            banks.put(by_several, MINT_RENT, MINT_SIZE, TOKEN);
            let data = [vec![20, 6], multisig.to_bytes().to_vec(), vec![0]].concat();
            assert!(banks.send("InitializeMint2", &data, &[writable(by_several)], &[]));
            let other = at(84);
            banks.put(other, ACCOUNT_RENT, ACCOUNT_SIZE, TOKEN);
            assert!(banks.send(
                "InitializeAccount3",
                &make(owners[2].pubkey()),
                &[writable(other), readable(by_several)],
                &[]
            ));
            let into = [writable(by_several), writable(other)];
            for (name, data) in
                [("MintTo by several", with(7, 5)), ("MintToChecked by several", checked(14, 5, 6))]
            {
                let done = banks.send(name, &data, &metas(&into), &signing);
                assert_eq!(done, *is_enough, "{name} {number}");
            }
            // The account is emptied and closed.
            banks.put(target, ACCOUNT_RENT, ACCOUNT_SIZE, TOKEN);
            assert!(banks.send(
                "InitializeAccount3",
                &make(multisig),
                &[writable(target), readable(mint)],
                &[]
            ));
            let close = [writable(target), writable(owners[3].pubkey())];
            let done = banks.send("CloseAccount by several", &[9], &metas(&close), &signing);
            assert_eq!(done, *is_enough, "close {number}");
            banks.put(target, ACCOUNT_RENT, ACCOUNT_SIZE, TOKEN);
            let to = [writable(target), readable(mint)];
            assert!(banks.send("InitializeAccount3", &make(multisig), &to, &[]));
            let close = [writable(target), writable(multisig)];
            let done = banks.send("CloseAccount by several for themselves", &[9], &metas(&close), &signing);
            assert_eq!(done, *is_enough, "close for itself {number}");
            // Another authority with signers enough.
            let not_owner = [vec![writable(source), writable(own), readable(at(60))], names.clone()].concat();
            let is_owner = multisig == at(60) && *is_enough;
            assert_eq!(banks.send("Transfer, another multisig", &with(3, 1), &not_owner, &signing), is_owner);
        }
        // Accounts that only look like one: of another size, of another program, made up with too many keys.
        let good = self.banks.data(&at(60));
        let banks = &mut self.banks;
        let lookalikes = [
            (at(90), good.clone(), Pubkey::default()),
            (at(91), good[..354].to_vec(), TOKEN),
            (at(92), [good.clone(), vec![0]].concat(), TOKEN),
            (at(93), [&good[..2], &[2], &good[3..]].concat(), TOKEN),
            (at(94), [&good[..2], &[0], &good[3..]].concat(), TOKEN),
            (at(95), [&[2, 12], &good[2..]].concat(), TOKEN),
            (at(96), [&[0, 3], &good[2..]].concat(), TOKEN),
            (at(97), [&[2, 0], &good[2..]].concat(), TOKEN),
        ];
        let (first, second) = (&signers[0], &signers[1]);
        for (number, (address, data, owner)) in lookalikes.into_iter().enumerate() {
            let own = key(90 + number as u8);
            banks.put_data(address, MULTISIG_RENT * 2, data, owner);
            for account in [source, target] {
                banks.put(account, ACCOUNT_RENT, ACCOUNT_SIZE, TOKEN);
                let data = [vec![18], address.to_bytes().to_vec()].concat();
                assert!(banks.send("InitializeAccount3", &data, &[writable(account), readable(mint)], &[]));
            }
            for signs in [false, true] {
                let authority = AccountMeta::new_readonly(address, signs);
                let mut signing_now = vec![first, second];
                signing_now.extend(signs.then_some(&own));
                let metas = [
                    writable(source),
                    writable(target),
                    authority,
                    signing(first.pubkey()),
                    signing(second.pubkey()),
                ];
                let done = banks.send(
                    "Transfer of nothing by what looks like several",
                    &with(3, 0),
                    &metas,
                    &signing_now,
                );
                // The first three are ordinary owners then; the last but one asks for nobody.
                assert_eq!(done, (number < 3 && signs) || number == 6, "{number} {signs}");
            }
        }
        // A multisig account that signs itself is still several.
        let own = key(60);
        let metas = [writable(at(85)), writable(at(86)), signing(own.pubkey())];
        for account in [at(85), at(86)] {
            banks.put(account, ACCOUNT_RENT, ACCOUNT_SIZE, TOKEN);
            let data = [vec![18], own.pubkey().to_bytes().to_vec()].concat();
            assert!(banks.send("InitializeAccount3", &data, &[writable(account), readable(mint)], &[]));
        }
        assert!(!banks.send("several that sign alone", &with(3, 0), &metas, &[&own]));
    }
}

#[test]
fn the_token_program_does_what_the_others_do() {
    let mut world = world();
    world.usual();
    let mut random = Random(42);
    for _ in 0..400 {
        world.any(&mut random);
    }
    world.several();
    let banks = &world.banks;
    println!("{} instructions succeeded, {} failed", banks.succeeded, banks.failed);
    let mut table = String::new();
    for (name, (own, p_token)) in &banks.units {
        table.push_str(&format!("{name}: {own} / {p_token}\n"));
    }
    println!("errors of their own: {:#?}", banks.other_errors);
    println!("compute units, OVSM / p-token:\n{table}");
    assert!(banks.succeeded > 200 && banks.failed > 100);
    for name in [
        "InitializeMint2",
        "InitializeAccount3",
        "MintTo",
        "Transfer",
        "TransferChecked",
        "Transfer by delegate",
        "Approve",
        "Burn",
        "CloseAccount",
    ] {
        let (own, p_token) = banks.units[name];
        assert!(own <= p_token, "{name}: {own}, and {p_token} in p-token");
    }
    // Accounts that stand twice take the way that was compiled for them.
    for (name, (own, p_token)) in &banks.units {
        assert!(own * 5 <= p_token * 6, "{name}: {own}, and {p_token} in p-token");
    }
}
