//! From the instructions of a request to a transaction, as a wallet would make it.

use crate::protocol::InstructionText;
use crate::server::{bytes_of, key_of};
use solana_hash::Hash;
use solana_instruction::{AccountMeta, Instruction};
use solana_message::{Message, VersionedMessage};
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use solana_transaction::versioned::VersionedTransaction;
use std::collections::BTreeSet;

/// What the network carries at most.
const MAX_BYTES: usize = 1232;

/// The instructions of a request.
///
/// # Errors
/// What is written wrong.
pub fn instructions(texts: &[InstructionText]) -> Result<Vec<Instruction>, String> {
    let mut all = Vec::with_capacity(texts.len());
    for text in texts {
        let mut accounts = Vec::with_capacity(text.accounts.len());
        for meta in &text.accounts {
            accounts.push(AccountMeta {
                pubkey: key_of(&meta.key)?,
                is_signer: meta.signer,
                is_writable: meta.writable,
            });
        }
        all.push(Instruction { program_id: key_of(&text.program)?, accounts, data: bytes_of(&text.data)? });
    }
    Ok(all)
}

/// The transaction of some instructions. Nothing is signed, for the bank does not look at signatures; that somebody has
/// the secrets of all keys that would sign is found out here.
///
/// # Errors
/// A signature that nobody can give, or more bytes than the network carries.
pub fn transaction(
    instructions: &[Instruction],
    payer: &Pubkey,
    wallets: &BTreeSet<Pubkey>,
    blockhash: Hash,
    number: u64,
) -> Result<VersionedTransaction, String> {
    let message = Message::new_with_blockhash(instructions, Some(payer), &blockhash);
    let signers = usize::from(message.header.num_required_signatures);
    for key in message.account_keys.iter().take(signers) {
        if !wallets.contains(key) {
            return Err(format!(
                "`{key}` has to sign, and nobody here has its secret: only wallets can sign, and programs for the \
                 addresses that are made of their seeds"
            ));
        }
    }
    let size = size_of(&message);
    if size > MAX_BYTES {
        return Err(format!("the transaction has {size} bytes, and the network carries {MAX_BYTES} at most"));
    }
    // Each transaction has an identity of its own.
    let mut signature = [0u8; 64];
    signature.iter_mut().zip(number.to_le_bytes()).for_each(|(place, byte)| *place = byte);
    Ok(VersionedTransaction {
        signatures: vec![Signature::from(signature); signers],
        message: VersionedMessage::Legacy(message),
    })
}

/// The bytes of a transaction on the wire.
fn size_of(message: &Message) -> usize {
    let short = |length: usize| {
        if length < 0x80 {
            1
        } else if length < 0x4000 {
            2
        } else {
            3
        }
    };
    let signatures = usize::from(message.header.num_required_signatures);
    let mut size = short(signatures) + 64 * signatures + 3;
    size += short(message.account_keys.len()) + 32 * message.account_keys.len() + 32;
    size += short(message.instructions.len());
    for instruction in &message.instructions {
        size += 1 + short(instruction.accounts.len()) + instruction.accounts.len();
        size += short(instruction.data.len()) + instruction.data.len();
    }
    size
}
