//! The generated Rust clients against the programs that they are clients of: instructions that they build run in litesvm,
//! accounts and events that the programs write are read by them, errors are found by their codes.
//!
//! The bytes of a few values are kept in `conformance/interface/vectors.json`; the TypeScript clients have to give the same.
//! `BLESS=1 cargo test --test clients` writes them.

use base64::Engine;
use counter_client as counter;
use litesvm::LiteSVM;
use litesvm::types::{FailedTransactionMetadata, TransactionMetadata};
use name_registry_client as registry;
use order_book_client as book;
use order_book_client::Data as _;
use ovsm_ir::passes::OptLevel;
use ovsm_onchain::Case;
use ovsm_sbpf::Version;
use registry::Data;
use solana_account::Account;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use solana_transaction::Transaction;
use std::collections::BTreeMap;
use vault_client as vault;

const PROGRAM: Pubkey = Pubkey::new_from_array([7; 32]);

fn path(name: &str) -> String {
    format!("{}/../../{name}", env!("CARGO_MANIFEST_DIR"))
}

struct Chain {
    svm: LiteSVM,
    payer: Keypair,
    program: Pubkey,
}

impl Chain {
    fn new(source: &str, program: Pubkey) -> Chain {
        let source = std::fs::read_to_string(path(source)).unwrap();
        let case = Case { name: "client", source, accounts: vec![], data: vec![] };
        let mut svm = LiteSVM::new();
        svm.add_program(program, &case.elf(Version::V3, OptLevel::O2)).unwrap();
        let payer = Keypair::new_from_array([200; 32]);
        svm.airdrop(&payer.pubkey(), 1_000_000_000).unwrap();
        Chain { svm, payer, program }
    }

    fn set(&mut self, key: Pubkey, data: Vec<u8>) {
        let account = Account {
            lamports: 10_000_000,
            data,
            owner: self.program,
            executable: false,
            rent_epoch: u64::MAX,
        };
        self.svm.set_account(key, account).unwrap();
    }

    fn data(&self, key: &Pubkey) -> Vec<u8> {
        self.svm.get_account(key).unwrap().data
    }

    fn send(
        &mut self,
        instruction: Instruction,
        signers: &[&Keypair],
    ) -> Result<TransactionMetadata, FailedTransactionMetadata> {
        // Equal transactions would be refused as sent before.
        self.svm.expire_blockhash();
        let mut all = vec![&self.payer];
        all.extend(signers);
        let transaction = Transaction::new_signed_with_payer(
            &[instruction],
            Some(&self.payer.pubkey()),
            &all,
            self.svm.latest_blockhash(),
        );
        self.svm.send_transaction(transaction)
    }
}

/// The code of the error that a program ended with.
fn code(failed: FailedTransactionMetadata) -> u32 {
    let text = format!("{:?}", failed.err);
    let digits = text.split("Custom(").nth(1).and_then(|rest| rest.split(')').next());
    digits.unwrap_or_else(|| panic!("{text}")).parse().unwrap()
}

/// What a transaction logged with `sol_log_data`.
fn logged(done: &TransactionMetadata) -> Vec<Vec<u8>> {
    let lines = done.logs.iter().filter_map(|line| line.strip_prefix("Program data: "));
    lines.map(|line| base64::engine::general_purpose::STANDARD.decode(line).unwrap()).collect()
}

#[test]
fn the_counter_counts_for_its_client() {
    let mut chain = Chain::new("spirits/programs/counter/src/main.ovsm", PROGRAM);
    let (owner, other, key) =
        (Keypair::new_from_array([1; 32]), Keypair::new_from_array([2; 32]), Pubkey::new_from_array([3; 32]));
    let empty = counter::Counter { authority: Pubkey::default(), count: 0 };
    chain.set(key, empty.encode());
    let claim = counter::instruction::Claim { counter: key, authority: owner.pubkey() };
    chain.send(claim.instruction_at(&PROGRAM), &[&owner]).unwrap();
    let increment = |authority: &Keypair, by: u64| {
        counter::instruction::Increment { counter: key, authority: authority.pubkey(), by }
            .instruction_at(&PROGRAM)
    };
    let done = chain.send(increment(&owner, 41), &[&owner]).unwrap();
    let events = logged(&done);
    assert_eq!(counter::Incremented::decode(&events[0]), Ok(counter::Incremented { by: 41, count: 41 }));
    let counted = counter::Counter::decode(&chain.data(&key)).unwrap();
    assert_eq!(counted, counter::Counter { authority: owner.pubkey(), count: 41 });
    let failed = code(chain.send(increment(&other, 1), &[&other]).unwrap_err());
    let error = counter::error::ProgramError::from_code(failed).unwrap();
    assert_eq!(error, counter::error::ProgramError::Unauthorized);
    assert_eq!(error.to_string(), "the signer is not the authority of the counter");
    assert_eq!(counter::Counter::decode(&chain.data(&key)).unwrap().count, 41);
}

#[test]
fn the_vault_pays_out_for_its_client() {
    let mut chain = Chain::new("spirits/programs/vault/src/main.ovsm", PROGRAM);
    let (owner, key) = (Keypair::new_from_array([1; 32]), Pubkey::new_from_array([3; 32]));
    chain.svm.airdrop(&owner.pubkey(), 1_000_000).unwrap();
    chain.set(key, vault::Vault { authority: owner.pubkey(), withdrawn: 5 }.encode());
    let withdraw = |amount: u64| {
        vault::instruction::Withdraw { vault: key, authority: owner.pubkey(), amount }
            .instruction_at(&PROGRAM)
    };
    chain.send(withdraw(1_000), &[&owner]).unwrap();
    assert_eq!(vault::Vault::decode(&chain.data(&key)).unwrap().withdrawn, 1_005);
    assert_eq!(chain.svm.get_account(&owner.pubkey()).unwrap().lamports, 1_001_000);
    let failed = code(chain.send(withdraw(u64::MAX), &[&owner]).unwrap_err());
    assert_eq!(failed, vault::error::ProgramError::NotEnough.code());
    // Data of another type are not taken for a vault.
    assert_eq!(vault::Vault::decode(&[0; 48]), Err(vault::DecodeError::Discriminator));
    assert_eq!(vault::Vault::decode(&[0; 47]), Err(vault::DecodeError::Length));
}

fn entry(owner: Pubkey) -> registry::Entry {
    registry::Entry {
        owner,
        visibility: registry::Visibility::Public,
        target: registry::Target::Key { key: Pubkey::new_from_array([4; 32]) },
        parent: Some(Pubkey::new_from_array([5; 32])),
        limit: None,
        places: [registry::Place { x: -2, y: 70_000 }, registry::Place { x: 3, y: -4 }],
        label: *b"0123456789abcdef",
        is_open: false,
        balance: u128::MAX - 1,
        bump: 254,
    }
}

fn change(owner: Pubkey, key: Pubkey) -> registry::instruction::Change {
    registry::instruction::Change {
        entry: key,
        owner,
        target: registry::Target::Sum { amount: 77, place: registry::Place { x: -1, y: i32::MIN } },
        limit: Some(9),
        label: *b"fedcba9876543210",
        is_open: true,
        balance: 1 << 100,
    }
}

/// Options, enums, records, arrays: what the client writes the program reads, and the other way round.
#[test]
fn every_type_of_data_goes_there_and_back() {
    let mut chain = Chain::new("conformance/interface/registry.ovsm", registry::ID);
    let (owner, key) = (Keypair::new_from_array([1; 32]), Pubkey::new_from_array([3; 32]));
    chain.set(key, entry(owner.pubkey()).encode());
    let change = change(owner.pubkey(), key);
    let done = chain.send(change.instruction(), &[&owner]).unwrap();
    let expected = registry::Entry {
        target: change.target,
        limit: change.limit,
        label: change.label,
        is_open: change.is_open,
        balance: change.balance,
        ..entry(owner.pubkey())
    };
    assert_eq!(registry::Entry::decode(&chain.data(&key)), Ok(expected));
    let event = registry::EntryChanged { entry: key, target: change.target, limit: change.limit };
    assert_eq!(registry::EntryChanged::decode(&logged(&done)[0]), Ok(event));
    // Back to values that are shorter in other encodings.
    let less = registry::instruction::Change { target: registry::Target::Nothing, limit: None, ..change };
    chain.send(less.instruction(), &[&owner]).unwrap();
    let now = registry::Entry::decode(&chain.data(&key)).unwrap();
    assert_eq!((now.target, now.limit, now.balance), (registry::Target::Nothing, None, 1 << 100));
}

fn order() -> book::Order {
    book::Order { side: 1, price: 1 << 40, amount: 70_000 }
}

fn full_book(authority: Pubkey) -> book::Book {
    let old = book::Order { side: 0, price: 3, amount: 4 };
    book::Book { bump: 254, authority, sequence: 9, orders: [old, order(), old], decimals: 6 }
}

fn note() -> book::Note {
    let last = book::Order { side: 0, price: 5, amount: 6 };
    book::Note { open: true, total: u128::MAX - 70_000, limit: None, last, marks: [1, 2, 3] }
}

fn place(authority: Pubkey, keys: [Pubkey; 3], order: book::Order) -> book::instruction::Place {
    let [book, note, slot] = keys;
    book::instruction::Place { book, note, slot, authority, place: 2, order, fee: 30 }
}

/// Records with room between their fields: in accounts, in others, in arrays, in arguments, in events.
#[test]
fn aligned_records_go_there_and_back() {
    let mut chain = Chain::new("conformance/interface/order-book.ovsm", book::ID);
    let owner = Keypair::new_from_array([1; 32]);
    let keys = [3, 4, 5].map(|byte| Pubkey::new_from_array([byte; 32]));
    let slot = book::Slot { number: 8, order: book::Order { side: 9, price: 9, amount: 9 }, taken: false };
    chain.set(keys[0], full_book(owner.pubkey()).encode());
    chain.set(keys[1], note().encode());
    chain.set(keys[2], slot.encode());
    let mut instruction = place(owner.pubkey(), keys, order()).instruction();
    // What a caller writes between the fields means nothing, and goes nowhere.
    instruction.data[8 + 1 + 3] = 0xff;
    let done = chain.send(instruction, &[&owner]).unwrap();
    let mut expected = full_book(owner.pubkey());
    (expected.orders[2], expected.sequence) = (order(), 10);
    assert_eq!(chain.data(&keys[0]), expected.encode());
    let total = u128::MAX;
    let expected = book::Note { total, limit: Some(1 << 40), last: order(), ..note() };
    assert_eq!(chain.data(&keys[1]), expected.encode());
    let expected = book::Slot { order: order(), taken: true, ..slot };
    assert_eq!(chain.data(&keys[2]), expected.encode());
    let event = book::Placed { place: 2, order: order(), fee: 30 };
    assert_eq!(logged(&done), [event.encode()]);
    assert_eq!((book::Book::LENGTH, book::Book::SIZE, book::Slot::LENGTH), (136, 128, 34));
}

#[test]
fn derived_accounts_are_filled_in() {
    let owner = Pubkey::new_from_array([1; 32]);
    let rename = registry::instruction::Rename {
        entry: None,
        owner,
        settings: None,
        child: owner,
        system: None,
        log: None,
        made: None,
        fresh: Pubkey::new_from_array([6; 32]),
        token: None,
        clock: None,
        closed: Pubkey::new_from_array([8; 32]),
        number: 258,
        place: registry::Place { x: 1, y: 2 },
    };
    let instruction = rename.instruction();
    let keys: Vec<Pubkey> = instruction.accounts.iter().map(|meta| meta.pubkey).collect();
    let seeds: [&[u8]; 3] = [b"entry", owner.as_ref(), &[2, 1, 0, 0]];
    assert_eq!(keys[0], Pubkey::find_program_address(&seeds, &registry::ID).0);
    assert_eq!(keys[2], Pubkey::find_program_address(&[b"settings"], &registry::ID).0);
    assert_eq!(keys[4], Pubkey::default());
    // The program itself stands for an account that is left out.
    assert_eq!(keys[5], registry::ID);
    let rent: Pubkey = "SysvarRent111111111111111111111111111111111".parse().unwrap();
    let seeds: [&[u8]; 4] = [b"made", &[2, 1], owner.as_ref(), rent.as_ref()];
    assert_eq!(keys[6], Pubkey::find_program_address(&seeds, &registry::ID).0);
    assert!(instruction.accounts[7].is_signer && instruction.accounts[7].is_writable);
    assert_eq!(keys[8].to_string(), "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
    assert_eq!(keys[9].to_string(), "SysvarC1ock11111111111111111111111111111111");
    let given = registry::instruction::Rename { entry: Some(owner), ..rename };
    assert_eq!(given.instruction().accounts[0].pubkey, owner);
    assert_eq!(instruction.data.len(), 8 + 4 + registry::Place::SIZE);
}

#[test]
fn bytes_that_are_no_values_are_refused() {
    let good = entry(Pubkey::default()).encode();
    assert!(registry::Entry::decode(&good).is_ok());
    let mut refused = 0;
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] = 0xff;
        match registry::Entry::decode(&bad) {
            Ok(read) => assert_eq!(read.encode().len(), good.len()),
            Err(error) if at < 8 => assert_eq!(error, registry::DecodeError::Discriminator),
            Err(error) => {
                assert_eq!(error, registry::DecodeError::Value);
                refused += 1;
            }
        }
    }
    // The tags of two enums and two options, and a truth value.
    assert_eq!(refused, 5);
}

#[test]
fn the_vectors_are_those_of_the_clients() {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let owner = Pubkey::new_from_array([1; 32]);
    let key = Pubkey::new_from_array([3; 32]);
    let rename = registry::instruction::Rename {
        entry: None,
        owner,
        settings: None,
        child: key,
        system: None,
        log: None,
        made: None,
        fresh: Pubkey::new_from_array([6; 32]),
        token: None,
        clock: None,
        closed: Pubkey::new_from_array([8; 32]),
        number: 258,
        place: registry::Place { x: 1, y: 2 },
    };
    let increment = counter::instruction::Increment { counter: key, authority: owner, by: 300 };
    let accounts = |instruction: &Instruction| {
        let metas = instruction.accounts.iter();
        metas
            .map(|it| format!("{} {} {}", it.pubkey, it.is_signer, it.is_writable))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let vectors: BTreeMap<&str, String> = BTreeMap::from([
        ("registry.Entry", hex(&entry(owner).encode())),
        ("registry.change.data", hex(&change(owner, key).instruction().data)),
        ("registry.change.accounts", accounts(&change(owner, key).instruction())),
        ("registry.rename.data", hex(&rename.instruction().data)),
        ("registry.rename.accounts", accounts(&rename.instruction())),
        ("order-book.Book", hex(&full_book(owner).encode())),
        ("order-book.Note", hex(&note().encode())),
        ("order-book.place.data", hex(&place(owner, [key; 3], order()).instruction().data)),
        ("counter.Counter", hex(&counter::Counter { authority: owner, count: u64::MAX }.encode())),
        ("counter.Incremented", hex(&counter::Incremented { by: 1, count: 2 }.encode())),
        ("counter.increment.data", hex(&increment.instruction_at(&PROGRAM).data)),
        ("counter.increment.accounts", accounts(&increment.instruction_at(&PROGRAM))),
    ]);
    let text = serde_json::to_string_pretty(&vectors).unwrap() + "\n";
    let file = path("conformance/interface/vectors.json");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap_or_default(), text, "run this test with BLESS=1");
}
