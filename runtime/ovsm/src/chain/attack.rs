//! Attacks on an instruction, made from what it declares: each has to fail.
//!
//! A call that succeeds is changed in one place at a time. What the declarations say has to hold is broken: a signature, a
//! flag, an owner, a type, a length, an address, the number of accounts, the form of the data. Each variant runs on a copy
//! of the bank, on which an account may be replaced first. Start with [`variants`].

use super::AccountBytes;
use super::layout::write_head;
use super::program::Loaded;
use ovsm_interface::model::{Instruction, InstructionAccount, Layout};

/// An account of a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Meta {
    /// Its key.
    pub key: [u8; 32],
    /// Whether it signs.
    pub signer: bool,
    /// Whether it may change.
    pub writable: bool,
}

/// A call as the runtime sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Raw {
    /// Its accounts, in order.
    pub accounts: Vec<Meta>,
    /// Its data.
    pub data: Vec<u8>,
}

impl Raw {
    /// Changes one of the accounts.
    fn change(&mut self, n: usize, change: impl FnOnce(&mut Meta)) {
        if let Some(meta) = self.accounts.get_mut(n) {
            change(meta);
        }
    }
}

/// A variant of a call that has to fail.
#[derive(Clone, Debug)]
pub struct Attack {
    /// What is wrong with it, for people.
    pub what: String,
    /// The call.
    pub call: Raw,
    /// Accounts that are replaced before it runs.
    pub set: Vec<([u8; 32], AccountBytes)>,
}

/// All variants. `accounts` are those of the call as they are, `strange` are keys of nobody, which may be used once each.
pub fn variants(
    program: &Loaded,
    instruction: &Instruction,
    call: &Raw,
    accounts: &[Option<AccountBytes>],
    strange: &[[u8; 32]],
) -> Vec<Attack> {
    let mut made = Maker { program, instruction, call, accounts, all: Vec::new() };
    for (n, declared) in instruction.accounts.iter().enumerate() {
        made.flags(n, declared);
        made.twice(n, declared);
        made.contents(n, declared);
        if let Some(strange) = strange.get(n) {
            made.address(n, declared, *strange);
        }
    }
    made.number_of_accounts();
    made.data();
    made.all
}

/// The key of a program that is none of those that anything here belongs to.
const FOREIGN_OWNER: [u8; 32] = [7; 32];

struct Maker<'a> {
    program: &'a Loaded,
    instruction: &'a Instruction,
    call: &'a Raw,
    accounts: &'a [Option<AccountBytes>],
    all: Vec<Attack>,
}

impl Maker<'_> {
    fn add(&mut self, what: String, change: impl FnOnce(&mut Raw)) {
        let mut call = self.call.clone();
        change(&mut call);
        if call != *self.call {
            self.all.push(Attack { what, call, set: Vec::new() });
        }
    }

    fn add_with(&mut self, what: String, key: [u8; 32], account: AccountBytes) {
        self.all.push(Attack { what, call: self.call.clone(), set: vec![(key, account)] });
    }

    /// The number of accounts that have the key of account `n`: flags are those of the key, so a flag that is taken from
    /// one of them stays if another one has it.
    fn same(&self, n: usize) -> usize {
        let key = self.call.accounts.get(n).map(|meta| meta.key);
        self.call.accounts.iter().filter(|meta| Some(meta.key) == key).count()
    }

    fn flags(&mut self, n: usize, declared: &InstructionAccount) {
        if self.same(n) != 1 {
            return;
        }
        let name = &declared.name;
        if declared.signer {
            self.add(format!("`{name}` does not sign"), |call| {
                call.change(n, |meta| meta.signer = false);
            });
        }
        if declared.writable {
            self.add(format!("`{name}` is read-only"), |call| {
                call.change(n, |meta| meta.writable = false);
            });
        }
    }

    /// The same account in two places: with the flags of both, so that nothing else is wrong.
    fn twice(&mut self, n: usize, declared: &InstructionAccount) {
        for (m, other) in self.instruction.accounts.iter().enumerate() {
            if m == n || declared.optional || other.optional {
                continue;
            }
            let Some(key) = self.call.accounts.get(m).map(|meta| meta.key) else { continue };
            self.add(format!("`{}` is the account `{}` once more", declared.name, other.name), |call| {
                call.change(n, |meta| meta.key = key);
                let signer = call.accounts.iter().any(|meta| meta.key == key && meta.signer)
                    && self.call.accounts.get(m).is_some_and(|meta| meta.signer);
                call.accounts.iter_mut().filter(|meta| meta.key == key).for_each(|meta| meta.signer = signer);
            });
        }
    }

    fn layout(&self, declared: &InstructionAccount) -> Option<&Layout> {
        self.program.compiled.interface.account(declared.account.as_deref()?)
    }

    /// What is in an account of a declared type: its owner, its type, its length.
    fn contents(&mut self, n: usize, declared: &InstructionAccount) {
        let Some(layout) = self.layout(declared).cloned() else { return };
        let Some(meta) = self.call.accounts.get(n).cloned() else { return };
        let name = &declared.name;
        let is_made = declared.options.iter().any(|(option, _)| option == "init");
        let owner = self.program.key;
        let Some(account) =
            self.accounts.get(n).cloned().flatten().filter(|account| !account.data.is_empty())
        else {
            if is_made {
                let mut data = vec![0; layout.size as usize];
                write_head(&mut data, &layout.discriminator);
                let there = AccountBytes { lamports: 1_000_000_000, owner, data, executable: false };
                self.add_with(format!("`{name}` is there already"), meta.key, there);
            }
            return;
        };
        if is_made {
            return;
        }
        let foreign = AccountBytes { owner: FOREIGN_OWNER, ..account.clone() };
        self.add_with(format!("`{name}` belongs to another program"), meta.key, foreign);
        let mut retyped = |what: String, head: [u8; 8]| {
            let mut other = account.clone();
            write_head(&mut other.data, &head);
            self.add_with(what, meta.key, other);
        };
        retyped(format!("`{name}` was never made: its data are of no type"), [0; 8]);
        let mut head = layout.discriminator;
        if let Some(last) = head.last_mut() {
            *last ^= 1;
        }
        retyped(format!("`{name}` is of an unknown type"), head);
        for other in &self.program.compiled.interface.accounts.clone() {
            if other.discriminator == layout.discriminator {
                continue;
            }
            // Exactly what an account of that type would be, and one that is as long as the right one.
            for size in [other.size as usize, layout.size as usize] {
                let mut data = account.data.clone();
                data.resize(size, 0);
                write_head(&mut data, &other.discriminator);
                let what = format!("`{name}` is a `{}` of {size} bytes", other.name);
                self.add_with(what, meta.key, AccountBytes { data, ..account.clone() });
            }
        }
        let mut longer = account.clone();
        longer.data.push(0);
        self.add_with(format!("`{name}` is a byte longer"), meta.key, longer);
        let mut shorter = account.clone();
        shorter.data.pop();
        self.add_with(format!("`{name}` is a byte shorter"), meta.key, shorter);
        let empty = AccountBytes { data: Vec::new(), ..account };
        self.add_with(format!("`{name}` is empty"), meta.key, empty);
    }

    /// An account with the right contents at an address that is not the right one.
    fn address(&mut self, n: usize, declared: &InstructionAccount, strange: [u8; 32]) {
        let is_fixed = declared.address.is_some();
        if (declared.seeds.is_none() && !is_fixed) || declared.signer {
            return;
        }
        let what = match is_fixed {
            true => format!("`{}` is at another address than the declared one", declared.name),
            false => format!("`{}` is not at the address that its seeds make", declared.name),
        };
        let mut call = self.call.clone();
        call.change(n, |meta| meta.key = strange);
        let account = self.accounts.get(n).cloned().flatten();
        let set = account.map(|account| (strange, account)).into_iter().collect();
        self.all.push(Attack { what, call, set });
    }

    fn number_of_accounts(&mut self) {
        let count = self.instruction.accounts.iter().filter(|account| !account.optional).count();
        for fewer in 0..count {
            self.add(format!("only the first {fewer} of {count} accounts are given"), |call| {
                call.accounts.truncate(fewer);
            });
        }
    }

    #[allow(clippy::option_map_unit_fn, reason = "what is too short has no name to change")]
    fn data(&mut self) {
        self.add("the data are a byte longer".to_string(), |call| call.data.push(0));
        self.add("the data are a byte shorter".to_string(), |call| {
            call.data.pop();
        });
        self.add("the data are empty".to_string(), |call| call.data.clear());
        let known: Vec<Vec<u8>> = self
            .program
            .compiled
            .interface
            .instructions
            .iter()
            .map(|known| known.discriminator.clone())
            .collect();
        // Instructions are named by eight bytes, or by one.
        let named = if known.iter().all(|known| known.len() == 1) { 1 } else { 8 };
        if self.call.data.len() > named {
            self.add("the data are the name of the instruction alone".to_string(), |call| {
                call.data.truncate(named)
            });
        }
        let unknown = [vec![0; named], vec![0xff; named]];
        for unknown in
            unknown.into_iter().filter(|unknown| !known.iter().any(|known| unknown.starts_with(known)))
        {
            let digits = ovsm_interface::model::hex(&unknown);
            self.add(format!("the data name the unknown instruction {digits}"), |call| {
                call.data.get_mut(..named).map(|head| head.copy_from_slice(&unknown));
            });
        }
    }
}
