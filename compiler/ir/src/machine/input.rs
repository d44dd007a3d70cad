//! The serialised input of a program (ABI v1, aligned: what loaders v2 and v3 pass): writing it before a run, and
//! reading the accounts back after it.

use super::memory::INPUT_BASE;

/// How many bytes an account's data may grow by during a run; they follow the data in the input.
pub const GROWTH: usize = 10 * 1024;

/// Offsets from an account's first byte.
const KEY: usize = 8;
const OWNER: usize = 40;
const LAMPORTS: usize = 72;
const DATA_LEN: usize = 80;
const DATA: usize = 88;

/// An account that is given to a program.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AccountInput {
    /// Its address.
    pub key: [u8; 32],
    /// The program that owns it.
    pub owner: [u8; 32],
    /// Its balance.
    pub lamports: u64,
    /// Its data.
    pub data: Vec<u8>,
    /// It signed the transaction.
    pub signer: bool,
    /// The transaction may change it.
    pub writable: bool,
    /// It is a program.
    pub executable: bool,
    /// It is the same account as the one with this number, which stands before it; all other fields are ignored.
    pub duplicate_of: Option<u8>,
}

/// What a program left of an account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccountState {
    /// Its balance.
    pub lamports: u64,
    /// Its data.
    pub data: Vec<u8>,
    /// The program that owns it.
    pub owner: [u8; 32],
}

/// The serialised input of a program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Input {
    bytes: Vec<u8>,
    instruction_data: u64,
}

impl Default for Input {
    /// The input of a script: no accounts, no instruction data, a zero program id.
    fn default() -> Input {
        Input::serialise(&[], &[], &[0; 32])
    }
}

impl Input {
    /// Serialises accounts, instruction data and the program's id.
    pub fn serialise(accounts: &[AccountInput], instruction_data: &[u8], program_id: &[u8; 32]) -> Input {
        let mut bytes = (accounts.len() as u64).to_le_bytes().to_vec();
        for account in accounts {
            if let Some(first) = account.duplicate_of {
                bytes.extend([first, 0, 0, 0, 0, 0, 0, 0]);
                continue;
            }
            let flags = [account.signer, account.writable, account.executable];
            bytes.push(0xff);
            bytes.extend(flags.map(u8::from));
            bytes.extend([0; 4]);
            bytes.extend(account.key);
            bytes.extend(account.owner);
            bytes.extend(account.lamports.to_le_bytes());
            bytes.extend((account.data.len() as u64).to_le_bytes());
            bytes.extend(&account.data);
            bytes.resize((bytes.len() + GROWTH).next_multiple_of(8), 0);
            // The rent epoch is always this.
            bytes.extend([0xff; 8]);
        }
        bytes.extend((instruction_data.len() as u64).to_le_bytes());
        let address = INPUT_BASE + bytes.len() as u64;
        bytes.extend(instruction_data);
        bytes.extend(program_id);
        Input { bytes, instruction_data: address }
    }

    /// An input region with arbitrary bytes; the instruction data are its end and empty.
    pub fn from_bytes(bytes: Vec<u8>) -> Input {
        let instruction_data = INPUT_BASE + bytes.len() as u64;
        Input { bytes, instruction_data }
    }

    /// The bytes of the region.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes of the region.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The address of the instruction data. Their length is the word before them.
    pub fn instruction_data_address(&self) -> u64 {
        self.instruction_data
    }
}

/// Reads the accounts back from the input region that a run of these accounts left behind, duplicates included.
/// `None` if the program destroyed the structure: a length beyond the room for growth.
pub fn read_accounts(accounts: &[AccountInput], region: &[u8]) -> Option<Vec<AccountState>> {
    let mut states: Vec<AccountState> = Vec::with_capacity(accounts.len());
    let mut start = 8usize;
    for account in accounts {
        if let Some(first) = account.duplicate_of {
            let state = states.get(usize::from(first))?.clone();
            states.push(state);
            start += 8;
            continue;
        }
        let account_bytes = region.get(start..)?;
        let word = |offset: usize| {
            account_bytes.get(offset..)?.first_chunk().map(|bytes: &[u8; 8]| u64::from_le_bytes(*bytes))
        };
        let len = usize::try_from(word(DATA_LEN)?).ok()?;
        if len > account.data.len() + GROWTH {
            return None;
        }
        states.push(AccountState {
            lamports: word(LAMPORTS)?,
            data: account_bytes.get(DATA..)?.get(..len)?.to_vec(),
            owner: *account_bytes.get(OWNER..)?.first_chunk()?,
        });
        // The structure follows the length that the account came with, not the one that it has now.
        start += (DATA + account.data.len() + GROWTH).next_multiple_of(8) + 8;
    }
    Some(states)
}

/// The offset in the input region of each account's key; for a duplicate, that of the account it stands for.
pub fn key_offsets(accounts: &[AccountInput]) -> Vec<usize> {
    let mut offsets: Vec<usize> = Vec::with_capacity(accounts.len());
    let mut start = 8;
    for account in accounts {
        match account.duplicate_of {
            Some(first) => {
                offsets.push(offsets.get(usize::from(first)).copied().unwrap_or(0));
                start += 8;
            }
            None => {
                offsets.push(start + KEY);
                start += (DATA + account.data.len() + GROWTH).next_multiple_of(8) + 8;
            }
        }
    }
    offsets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts() -> Vec<AccountInput> {
        let first = AccountInput {
            key: [1; 32],
            owner: [2; 32],
            lamports: 77,
            data: vec![5, 6, 7],
            signer: true,
            writable: true,
            ..AccountInput::default()
        };
        let duplicate = AccountInput { duplicate_of: Some(0), ..AccountInput::default() };
        let last = AccountInput { key: [3; 32], executable: true, ..AccountInput::default() };
        vec![first, duplicate, last]
    }

    #[test]
    fn the_layout_is_that_of_the_runtime() {
        let input = Input::serialise(&accounts(), &[1, 2], &[9; 32]);
        let bytes = input.bytes();
        assert_eq!(bytes[..16], [3, 0, 0, 0, 0, 0, 0, 0, 0xff, 1, 1, 0, 0, 0, 0, 0]);
        assert_eq!(bytes[16..48], [1; 32]);
        assert_eq!(bytes[48..80], [2; 32]);
        assert_eq!(bytes[80], 77);
        assert_eq!(bytes[88..99], [3, 0, 0, 0, 0, 0, 0, 0, 5, 6, 7]);
        // An account takes 10,336 bytes and its data, in whole words.
        let duplicate = 8 + 8 + 10_336;
        assert_eq!(bytes[duplicate - 8..duplicate], [0xff; 8]);
        assert_eq!(bytes[duplicate..duplicate + 8], [0; 8]);
        assert_eq!(bytes[duplicate + 8..duplicate + 12], [0xff, 0, 0, 1]);
        let data = duplicate + 8 + 10_336 + 8;
        assert_eq!(bytes[data - 8..data + 2], [2, 0, 0, 0, 0, 0, 0, 0, 1, 2]);
        assert_eq!(bytes[data + 2..], [9; 32]);
        assert_eq!(input.instruction_data_address(), INPUT_BASE + data as u64);
        assert_eq!(key_offsets(&accounts()), [16, 16, duplicate + 16]);
    }

    #[test]
    fn accounts_come_back() {
        let accounts = accounts();
        let mut bytes = Input::serialise(&accounts, &[], &[0; 32]).into_bytes();
        bytes[80] = 78;
        bytes[88] = 5;
        bytes[100] = 1;
        let states = read_accounts(&accounts, &bytes).unwrap();
        assert_eq!(states[0], AccountState { lamports: 78, data: vec![5, 6, 7, 0, 1], owner: [2; 32] });
        assert_eq!(states[1], states[0]);
        assert_eq!(states[2], AccountState { lamports: 0, data: vec![], owner: [0; 32] });
        bytes[90] = 1;
        assert_eq!(read_accounts(&accounts, &bytes), None);
        assert_eq!(read_accounts(&accounts, &bytes[..50]), None);
    }
}
