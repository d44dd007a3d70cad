//! The banks, and the answers to requests.
//!
//! A new bank is a copy of one that was made when the server started: making one anew takes longer than most tests.

use crate::bank::Bank;
use crate::protocol::Request;
use crate::trace::Trace;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

/// So many banks can be there at once.
const MAX_BANKS: usize = 4096;

/// Everything that is remembered between requests.
pub struct Server {
    fresh: Bank,
    banks: BTreeMap<u32, Bank>,
    next: u32,
    wallets: BTreeSet<Pubkey>,
    payer: Pubkey,
    trace: Trace,
}

impl Server {
    /// A server without banks; with `trace`, it notes what of programs runs.
    pub fn new(trace: bool) -> Server {
        let notes = Trace::default();
        let payer = wallet("the payer of fees");
        let fresh = Bank::new(trace.then(|| notes.clone()), &payer);
        Server {
            fresh,
            banks: BTreeMap::new(),
            next: 1,
            wallets: BTreeSet::from([payer]),
            payer,
            trace: notes,
        }
    }

    /// The answer to a line, as a line.
    pub fn answer(&mut self, line: &str) -> String {
        let answer = serde_json::from_str::<Request>(line)
            .map_err(|error| format!("the request can not be read: {error}"))
            .and_then(|request| self.request(request));
        match answer {
            Ok(value) => json!({ "ok": value }),
            Err(error) => json!({ "error": error }),
        }
        .to_string()
    }

    fn request(&mut self, request: Request) -> Result<Value, String> {
        match request {
            Request::New {} => self.add(self.fresh.clone()),
            Request::Fork { chain } => {
                let copy = self.bank(chain)?.clone();
                self.add(copy)
            }
            Request::Forget { from } => {
                self.banks.split_off(&from);
                Ok(Value::Null)
            }
            Request::Wallet { name } => {
                let key = wallet(&name);
                self.wallets.insert(key);
                Ok(json!(key.to_string()))
            }
            Request::Key { name } => Ok(json!(Pubkey::new_from_array(digest("key of", &name)).to_string())),
            Request::Program { chain, key, elf } => {
                let (key, elf) = (key_of(&key)?, bytes_of(&elf)?);
                self.bank(chain)?.add_program(key, &elf)?;
                Ok(Value::Null)
            }
            Request::Get { chain, key } => {
                let account = self.bank(chain)?.account(&key_of(&key)?);
                serde_json::to_value(account).map_err(|error| error.to_string())
            }
            Request::Set { chain, key, account } => {
                self.bank(chain)?.set_account(key_of(&key)?, &account)?;
                Ok(Value::Null)
            }
            Request::Rent { chain, size } => Ok(json!(self.bank(chain)?.rent(size)?)),
            Request::Address { program, seeds } => {
                let seeds = seeds.iter().map(|seed| bytes_of(seed)).collect::<Result<Vec<_>, _>>()?;
                if seeds.len() > 15 || seeds.iter().any(|seed| seed.len() > 32) {
                    return Err("an address is made of at most 15 seeds of at most 32 bytes".to_string());
                }
                let seeds: Vec<&[u8]> = seeds.iter().map(Vec::as_slice).collect();
                match Pubkey::try_find_program_address(&seeds, &key_of(&program)?) {
                    Some((key, bump)) => Ok(json!({ "key": key.to_string(), "bump": bump })),
                    None => Err("no bump makes an address of these seeds".to_string()),
                }
            }
            Request::Clock { chain } => {
                serde_json::to_value(self.bank(chain)?.time()).map_err(|error| error.to_string())
            }
            Request::Warp { chain, slot, time, epoch } => {
                self.bank(chain)?.warp(slot, time, epoch)?;
                Ok(Value::Null)
            }
            Request::Send { chain, payer, instructions, probe } => {
                let payer = payer.as_deref().map(key_of).transpose()?.unwrap_or(self.payer);
                let instructions = crate::transaction::instructions(&instructions)?;
                let bank = self
                    .banks
                    .get_mut(&chain)
                    .ok_or_else(|| format!("there is no chain {chain}: it is of an earlier test"))?;
                let outcome = match probe {
                    None => bank.send(&instructions, &payer, &self.wallets)?,
                    Some(probe) => {
                        let keys =
                            probe.watch.iter().map(|key| key_of(key)).collect::<Result<Vec<_>, _>>()?;
                        let mut copy = bank.clone();
                        for (key, account) in &probe.set {
                            copy.set_account(key_of(key)?, account)?;
                        }
                        let before: Vec<_> = keys.iter().map(|key| copy.raw(key)).collect();
                        let mut outcome = copy.send(&instructions, &payer, &self.wallets)?;
                        let changed =
                            keys.iter().zip(before).filter(|(key, before)| copy.raw(key) != *before);
                        outcome.changed = changed.map(|(key, _)| key.to_string()).collect();
                        outcome
                    }
                };
                self.trace.settle(outcome.units);
                serde_json::to_value(outcome).map_err(|error| error.to_string())
            }
            Request::Profile {} => Ok(self.trace.profile()),
            Request::Trace { program } => Ok(json!(self.trace.counts(&key_of(&program)?))),
        }
    }

    fn add(&mut self, bank: Bank) -> Result<Value, String> {
        if self.banks.len() >= MAX_BANKS {
            return Err(format!("there are {MAX_BANKS} chains already"));
        }
        let number = self.next;
        self.next += 1;
        self.banks.insert(number, bank);
        Ok(json!(number))
    }

    fn bank(&mut self, number: u32) -> Result<&mut Bank, String> {
        self.banks
            .get_mut(&number)
            .ok_or_else(|| format!("there is no chain {number}: it is of an earlier test"))
    }
}

/// The key of a wallet: its secret is made of its name, so it is the same in each run.
fn wallet(name: &str) -> Pubkey {
    Keypair::new_from_array(digest("secret of", name)).pubkey()
}

fn digest(what: &str, name: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(format!("ovsm test: {what} {name}"));
    hash.finalize().into()
}

/// A key in base58.
///
/// # Errors
/// It is none.
pub fn key_of(text: &str) -> Result<Pubkey, String> {
    Pubkey::from_str(text).map_err(|_| format!("`{text}` is no key"))
}

/// Bytes in hexadecimal digits.
///
/// # Errors
/// They are none.
pub fn bytes_of(text: &str) -> Result<Vec<u8>, String> {
    let digit = |digit: u8| (digit as char).to_digit(16).map(|value| value as u8);
    let pairs = text.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    });
    pairs.collect::<Option<_>>().ok_or_else(|| "bytes are written as pairs of hexadecimal digits".to_string())
}

/// Bytes as hexadecimal digits.
pub fn text_of(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| DIGITS.get(usize::from(value)).map_or('0', |digit| *digit as char);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
