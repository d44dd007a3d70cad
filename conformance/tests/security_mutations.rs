//! The checks that declarations make, one by one: without any of them, a program is reported or does not compile.
//!
//! Each check is taken out of the declaration: `signer` becomes `account`, `:seeds` and `:address` go, the owner may be any, a type
//! loses the word that says which one it is, `(program key)` becomes `program`, a constraint on keys goes, accounts of one type may
//! repeat. What is not reported then is listed with the reason. What a constraint says of amounts and times is what a program is
//! about, and no lint can know it. Start with `each_check_of_a_declaration_is_missed`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

use ovsm_base::{Diagnostic, FormId};
use ovsm_cst::parse_file;
use ovsm_query::audit::FAMILIES;
use ovsm_query::{Database, audit, diagnostics};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// What is not reported without a check, and why. The last ones matter: there a lint would have to know what the program is for.
#[rustfmt::skip]
const SILENT: &[(&str, &[&str])] = &[
    ("the account is changed: the runtime lets only its owner do that", &[
        "account-data-matching 0 withdraw: vault may have any owner",
        "amm deposit: pool may have any owner",
        "amm swap: pool may have any owner",
        "amm withdraw: pool may have any owner",
        "auction bid: auction may have any owner",
        "auction cancel: auction may have any owner",
        "auction finish: auction may have any owner",
        "auction raise: auction may have any owner",
        "auction raise: bid may have any owner",
        "auction settle: auction may have any owner",
        "auction settle: bid may have any owner",
        "auction withdraw: auction may have any owner",
        "auction withdraw: bid may have any owner",
        "bump-not-canonical 0 update: state may have any owner",
        "counter claim: counter may have any owner",
        "counter increment: counter may have any owner",
        "duplicate-mutable-accounts 0 update: one may have any owner",
        "duplicate-mutable-accounts 0 update: other may have any owner",
        "escrow decide: escrow may have any owner",
        "escrow refund: escrow may have any owner",
        "escrow release: escrow may have any owner",
        "marketplace buy: listing may have any owner",
        "marketplace change-market: market may have any owner",
        "marketplace change-price: listing may have any owner",
        "marketplace delist: listing may have any owner",
        "missing-owner-check 0 pay: pot may have any owner",
        "missing-signer-check 0 update: vault may have any owner",
        "pda-escrow extend: escrow may have any owner",
        "pda-escrow reclaim: escrow may have any owner",
        "pda-escrow refund: escrow may have any owner",
        "pda-escrow release: escrow may have any owner",
        "registry accept: entry may have any owner",
        "registry offer: entry may have any owner",
        "registry release: entry may have any owner",
        "registry update: entry may have any owner",
        "reputation change: profile may have any owner",
        "reputation change: rating may have any owner",
        "reputation rate: profile may have any owner",
        "reputation take-back: profile may have any owner",
        "reputation take-back: rating may have any owner",
        "sysvar-spoofing 0 stamp: stamp may have any owner",
        "token-escrow cancel: offer may have any owner",
        "token-escrow take: offer may have any owner",
        "type-confusion 0 reward: user may have any owner",
        "unsafe-close 0 shut: vault may have any owner",
        "vault withdraw: vault may have any owner",
        "vote cast-vote: ballot may have any owner",
        "vote cast-vote: poll may have any owner",
    ]),
    ("no other type of the program is as long, and has a key at the same place that is compared", &[
        "account-data-matching 0 Vault may be any type",
        "amm Pool may be any type",
        "auction Auction may be any type",
        "auction Bid may be any type",
        "bump-not-canonical 0 State may be any type",
        "counter Counter may be any type",
        "duplicate-mutable-accounts 0 User may be any type",
        "escrow Escrow may be any type",
        "marketplace Listing may be any type",
        "marketplace Market may be any type",
        "missing-owner-check 0 Config may be any type",
        "missing-owner-check 0 Pot may be any type",
        "missing-signer-check 0 Vault may be any type",
        "pda-escrow Escrow may be any type",
        "pda-sharing 0 Pool may be any type",
        "registry Entry may be any type",
        "reinitialisation 0 User may be any type",
        "reputation Profile may be any type",
        "reputation Rating may be any type",
        "sysvar-spoofing 0 Stamp may be any type",
        "token-escrow Offer may be any type",
        "type-confusion 0 Metadata may be any type",
        "unsafe-close 0 Vault may be any type",
        "vault Vault may be any type",
        "vote Ballot may be any type",
        "vote Poll may be any type",
    ]),
    ("the program that is called makes this check: it asks for the signature, or owns the account", &[
        "amm deposit: owner need not sign",
        "amm open: shares-mint need not sign",
        "amm swap: owner need not sign",
        "amm withdraw: owner need not sign",
        "arbitrary-cpi 0 pay: authority need not sign",
        "auction cancel: vault may have any owner",
        "auction raise: bidder need not sign",
        "auction settle: leader-tokens may have any owner",
        "auction settle: vault may have any owner",
        "marketplace buy: buyer need not sign",
        "marketplace buy: vault may have any owner",
        "marketplace delist: vault may have any owner",
        "sol-vault deposit: depositor need not sign",
        "sol-vault deposit: vault may have any owner",
        "sol-vault withdraw: vault may have any owner",
        "token-escrow cancel: vault may have any owner",
        "token-escrow take: maker-gets may have any owner",
        "token-escrow take: taker need not sign",
        "token-escrow take: vault may have any owner",
    ]),
    ("calls name this program by its key; the account only has to be there", &[
        "amm open: associated may be any program",
        "amm open: system may be any program",
        "auction bid: system may be any program",
        "auction open: associated may be any program",
        "auction open: system may be any program",
        "auction raise: system may be any program",
        "escrow open: system may be any program",
        "marketplace buy: system may be any program",
        "marketplace list-token: associated may be any program",
        "marketplace list-token: system may be any program",
        "marketplace open-market: system may be any program",
        "pda-escrow open: system may be any program",
        "registry register: system may be any program",
        "reinitialisation 0 initialize: system may be any program",
        "reputation open-profile: system may be any program",
        "reputation rate: system may be any program",
        "sol-vault deposit: system may be any program",
        "sol-vault withdraw: system may be any program",
        "token-escrow make: associated may be any program",
        "token-escrow make: system may be any program",
    ]),
    ("the program signs for the account with its seeds, and an account of another address does not get that signature", &[
        "pda-sharing 0 withdraw: pool may have any owner",
        "amm deposit: pool may have any address of the program",
        "amm swap: pool may have any address of the program",
        "amm withdraw: pool may have any address of the program",
        "auction cancel: auction may have any address of the program",
        "auction settle: auction may have any address of the program",
        "marketplace buy: listing may have any address of the program",
        "marketplace delist: listing may have any address of the program",
        "pda-sharing 0 withdraw: pool may have any address of the program",
        "sol-vault withdraw: vault may have any address of the program",
        "token-escrow cancel: offer may have any address of the program",
        "token-escrow take: offer may have any address of the program",
    ]),
    ("the seeds are what the account itself says, or always the same: all accounts of the type have such an address", &[
        "bump-not-canonical 0 update: state may have any address of the program",
        "registry accept: entry may have any address of the program",
        "registry offer: entry may have any address of the program",
        "registry release: entry may have any address of the program",
        "registry update: entry may have any address of the program",
        "reputation change: profile may have any address of the program",
        "reputation rate: profile may have any address of the program",
        "reputation take-back: profile may have any address of the program",
    ]),
    ("nothing but the key of the account is used, as a seed of an address that is checked", &[
        "marketplace change-price: market may have any owner",
        "marketplace delist: market may have any owner",
    ]),
    ("the instruction changes nothing", &[
        "type-confusion 0 show: metadata may have any owner",
    ]),
    ("the one who need not sign gets the lamports: programs let anybody ask for that, and whether this one may is up to it", &[
        "auction finish: seller need not sign",
        "auction withdraw: bidder need not sign",
        "missing-owner-check 0 pay: authority need not sign",
        "pda-escrow reclaim: buyer need not sign",
        "pda-escrow refund: seller need not sign",
        "registry release: owner need not sign",
        "reputation take-back: rater need not sign",
        "sol-vault withdraw: depositor need not sign",
        "unsafe-close 0 shut: authority need not sign",
        "vault withdraw: authority need not sign",
    ]),
    ("the one who need not sign is given something; nobody else gains by it", &[
        "counter claim: authority need not sign",
        "registry accept: heir need not sign",
    ]),
    ("which token account is meant is up to the program: the token program looks only whose it is", &[
        "amm deposit: shares-mint may have any key",
        "amm deposit: vault-a may have any key",
        "amm deposit: vault-b may have any key",
        "amm swap: vault-a may have any key",
        "amm swap: vault-b may have any key",
        "amm withdraw: shares-mint may have any key",
        "amm withdraw: vault-a may have any key",
        "amm withdraw: vault-b may have any key",
        "auction cancel: vault may have any key",
        "marketplace buy: vault may have any key",
        "marketplace delist: vault may have any key",
        "token-escrow cancel: vault may have any key",
        "token-escrow take: vault may have any key",
    ]),
    ("somebody who is known has signed, and says who gets it: whether they may is up to the program", &[
        "sol-vault deposit: vault may have any address of the program",
        "escrow decide: without (= (. escrow buyer) (key buyer))",
        "escrow decide: without (= (. escrow seller) (key seller))",
        "escrow refund: without (= (. escrow buyer) (key buyer))",
        "escrow release: without (= (. escrow seller) (key seller))",
        "pda-sharing 0 withdraw: without (= (. pool destination) (key destination))",
    ]),
    ("the data name the account that gets it, so anybody might be meant to ask for it: a signer who is used for nothing may be a mere caller", &[
        "escrow refund: without (= (. escrow seller) (key seller))",
        "pda-sharing 0 withdraw: without (= (. pool authority) (key authority))",
    ]),
    ("a rule of the program: nothing else of it tells that the rule is meant", &[
        "auction bid: without (!= (. auction seller) (key bidder))",
        "auction raise: bid may have any address of the program",
        "auction settle: without (= (. auction leader) (key leader))",
        "auction withdraw: without (!= (. auction leader) (key bidder))",
        "marketplace buy: treasury may have any key",
        "reputation rate: without (!= (. profile subject) (key rater))",
        "token-escrow take: without (= (. maker-gets owner) (key maker))",
    ]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// What is said about a program: lints, or `error` if it does not compile.
fn said(text: &str) -> BTreeSet<String> {
    let mut db = Database::default();
    let file = db.add_file("program.ovsm", text);
    if diagnostics(&db, file).iter().any(Diagnostic::is_error) {
        return BTreeSet::from(["error".to_string()]);
    }
    // What is allowed is allowed for the whole program.
    let found = audit(&db, file).unwrap();
    found
        .into_iter()
        .map(|(finding, ..)| finding.family.name().to_string())
        .filter(|name| !text.contains(&format!("; lint: allow {name}\n")))
        .collect()
}

/// A check that is taken out: what it is, and what stands instead of which parts of the text.
type Change = (String, Vec<(Range<usize>, String)>);

/// All checks of the declared instructions of a program.
fn checks(text: &str) -> Vec<Change> {
    let tree = parse_file(FormId::new("program", "", "", 0), text);
    let range = |node: ovsm_cst::Node<'_>| {
        let range = node.range();
        range.start as usize..range.end as usize
    };
    let mut changes = Vec::new();
    for form in tree.roots(text).filter(|form| form.head() == Some("instruction")) {
        let parts: Vec<_> = form.children().collect();
        let name = parts[1].text();
        let mut at = 3;
        let mut may_repeat = false;
        while at + 1 < parts.len() && parts[at].as_keyword().is_some() {
            let value = parts[at + 1];
            match parts[at].text() {
                ":constraints" => {
                    let items: Vec<_> = value.children().collect();
                    for pair in items.chunks(2).filter(|pair| pair[0].text().contains("(key ")) {
                        let gone = range(pair[0]).start..range(pair[1]).end;
                        let label = pair[0].text().split_whitespace().collect::<Vec<_>>().join(" ");
                        changes.push((format!("{name}: without {label}"), vec![(gone, String::new())]));
                    }
                }
                ":accounts" => {
                    let mut types = BTreeSet::new();
                    for entry in value.children() {
                        let ty = entry.text().find("(mut (account ").map(|at| &entry.text()[at..]);
                        let of = ty.and_then(|ty| ty[14..].split(')').next());
                        may_repeat |= of.is_some_and(|of| !types.insert(of.to_string()));
                        account_checks(text, name, entry.text(), range(entry).start, &mut changes);
                    }
                }
                _ => {}
            }
            at += 2;
        }
        if may_repeat && !form.text().contains(":repeats") {
            let end = range(parts[2]).end;
            changes.push((format!("{name}: with repeats"), vec![(end..end, " :repeats true".to_string())]));
        }
    }
    for form in tree.roots(text).filter(|form| form.head() == Some("account")) {
        let name = form.child(1).unwrap();
        // The same layout, with a word in front of it that nothing compares.
        let fields = &text[range(name).end..range(form).end];
        let new = format!("(defrecord {0}-of-any-type (first-word : u64) {fields}\n", name.text());
        let mut parts = vec![(range(form).end..range(form).end, format!("\n{new}"))];
        let used = format!("(account {})", name.text());
        for (at, _) in text.match_indices(&used).filter(|(at, _)| !text[..*at].ends_with("(init ")) {
            parts.push((at..at + used.len(), format!("(raw {}-of-any-type)", name.text())));
        }
        changes.push((format!("{} may be any type", name.text()), parts));
    }
    changes
}

/// The checks of an account of an instruction, from its text and where that stands.
fn account_checks(text: &str, instruction: &str, entry: &str, start: usize, changes: &mut Vec<Change>) {
    let name = entry[1..].split_whitespace().next().unwrap();
    let label = |what: &str| format!("{instruction}: {name} {what}");
    let is_made = entry.contains("(init ");
    if let Some(at) =
        entry.find("signer)").or_else(|| entry.find("signer ").filter(|at| *at > name.len() + 1))
    {
        let gone = start + at..start + at + "signer".len();
        changes.push((label("need not sign"), vec![(gone, "account".to_string())]));
    }
    if let Some(at) = entry.find("(program (") {
        let end = at + entry[at..].find("))").unwrap() + 2;
        changes.push((label("may be any program"), vec![(start + at..start + end, "program".to_string())]));
    }
    let option = |keyword: &str| {
        let at = entry.find(keyword)?;
        let value = at + keyword.len() + 1;
        Some(start + at..start + value + length_of_form(&text[start + value..]))
    };
    if let Some(seeds) = option(":seeds").filter(|_| !is_made) {
        let mut parts = vec![(seeds, String::new())];
        parts.extend(option(":bump").map(|bump| (bump, String::new())));
        changes.push((label("may have any address of the program"), parts));
    }
    if let Some(address) = option(":address") {
        changes.push((label("may have any key"), vec![(address, String::new())]));
    }
    let is_typed = (entry.contains("(account ") || entry.contains("(raw ")) && !is_made;
    let end = start + entry.len() - 1;
    let owner = option(":owner").or_else(|| is_typed.then_some(end..end));
    if let Some(owner) = owner.filter(|owner| !text[owner.clone()].ends_with("any")) {
        changes.push((label("may have any owner"), vec![(owner, " :owner any".to_string())]));
    }
}

/// How long the form is that a text begins with.
fn length_of_form(text: &str) -> usize {
    let mut depth = 0;
    for (at, letter) in text.char_indices() {
        match letter {
            '(' | '[' => depth += 1,
            ')' | ']' if depth == 0 => return at,
            ')' | ']' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            letter if letter.is_whitespace() && depth == 0 => return at,
            _ => {}
        }
    }
    text.len()
}

fn programs() -> BTreeMap<String, String> {
    let mut programs = BTreeMap::new();
    for entry in std::fs::read_dir(root().join("spirits/programs")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        programs.insert(name, std::fs::read_to_string(path.join("src/main.ovsm")).unwrap());
    }
    for family in FAMILIES {
        let path = root().join(format!("conformance/security/{}.md", family.name()));
        let page = std::fs::read_to_string(path).unwrap();
        for (number, part) in page.split("```ovsm recommended\n").skip(1).enumerate() {
            let text = part.split("\n```").next().unwrap().to_string();
            programs.insert(format!("{} {number}", family.name()), text);
        }
    }
    programs
}

#[test]
fn each_check_of_a_declaration_is_missed() {
    let mut silent = BTreeSet::new();
    let mut reported = BTreeSet::new();
    for (program, text) in programs() {
        assert!(said(&text).is_empty(), "{program}");
        for (label, mut parts) in checks(&text) {
            parts.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
            let mut changed = text.clone();
            for (range, new) in parts {
                changed.replace_range(range, &new);
            }
            let said = said(&changed);
            match said.is_empty() {
                true => silent.insert(format!("{program} {label}")),
                false => reported.insert(format!("{program} {label}")),
            };
        }
    }
    assert!(reported.len() >= 65, "{}", reported.len());
    let listed: BTreeSet<String> =
        SILENT.iter().flat_map(|(_, labels)| labels.iter().map(|label| label.to_string())).collect();
    let new: Vec<&String> = silent.difference(&listed).collect();
    let stale: Vec<&String> = listed.difference(&silent).collect();
    assert!(new.is_empty(), "nothing is said without these checks, and no reason is listed: {new:#?}");
    assert!(stale.is_empty(), "these are reported, or gone: {stale:#?}");
}
