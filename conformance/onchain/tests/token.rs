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
        for bank in &mut self.banks {
            let account =
                Account { lamports, data: vec![0; size], owner, executable: false, rent_epoch: u64::MAX };
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

#[test]
fn the_token_program_does_what_the_others_do() {
    let mut world = world();
    world.usual();
    let mut random = Random(42);
    for _ in 0..400 {
        world.any(&mut random);
    }
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
