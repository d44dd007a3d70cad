//! Addresses that a caller can derive by itself, from constants, the addresses of other accounts, and arguments.

use crate::model::{DataType, Field, Instruction, InstructionAccount, Interface, Seed, Shape};

/// An address, with the instructions that have an account at it.
pub(crate) struct DerivedAddress<'a> {
    /// The name of the account, or of the instruction and the account if others of that name are derived in another way.
    pub(crate) name: String,
    /// What it is derived from.
    pub(crate) seeds: &'a [Seed],
    account: &'a str,
    instruction: &'a Instruction,
    /// The instructions that can fill it in, by their places.
    used_by: Vec<(usize, &'a str)>,
}

/// The addresses that callers can derive, in the order in which they are mentioned.
pub(crate) fn derived_addresses(interface: &Interface) -> Vec<DerivedAddress<'_>> {
    let mut found: Vec<DerivedAddress<'_>> = Vec::new();
    for (place, instruction) in interface.instructions.iter().enumerate() {
        for account in instruction.accounts.iter().filter(|account| account.is_derivable()) {
            let Some(seeds) = &account.seeds else { continue };
            let is_same = |it: &DerivedAddress<'_>| {
                it.seeds == seeds.as_slice()
                    && it.account == account.name
                    && argument_types(it.instruction, it.seeds) == argument_types(instruction, seeds)
            };
            let can_be_filled_in =
                !account.signer && account.address.is_none() && is_given(instruction, seeds);
            let use_of_it = can_be_filled_in.then_some((place, account.name.as_str()));
            if let Some(known) = found.iter_mut().find(|it| is_same(it)) {
                known.used_by.extend(use_of_it);
                continue;
            }
            let name = match found.iter().any(|it| it.name == account.name) {
                true => format!("{}-{}", instruction.name, account.name),
                false => account.name.clone(),
            };
            let used_by = use_of_it.into_iter().collect();
            found.push(DerivedAddress { name, account: &account.name, seeds, instruction, used_by });
        }
    }
    found
}

/// True if the caller always gives what the seeds need: no account among them is filled in or left out.
fn is_given(instruction: &Instruction, seeds: &[Seed]) -> bool {
    let is_open = |account: &InstructionAccount| {
        account.optional || account.address.is_some() || (account.is_derivable() && !account.signer)
    };
    seeds.iter().all(|seed| match seed {
        Seed::Account(name) => {
            instruction.accounts.iter().any(|account| account.name == *name && !is_open(account))
        }
        _ => true,
    })
}

/// The address of an account of the instruction at a place, if it can be derived.
pub(crate) fn derived_address<'a, 'i>(
    all: &'a [DerivedAddress<'i>],
    place: usize,
    account: &InstructionAccount,
) -> Option<&'a DerivedAddress<'i>> {
    all.iter().find(|it| it.used_by.contains(&(place, account.name.as_str())))
}

/// The types of the arguments among the seeds.
fn argument_types<'a>(instruction: &'a Instruction, seeds: &[Seed]) -> Vec<Option<&'a DataType>> {
    let arguments = seeds.iter().filter_map(|seed| match seed {
        Seed::Argument(name) | Seed::ArgumentField(name, _) => {
            Some(argument(instruction, name).map(|field| &field.ty))
        }
        _ => None,
    });
    arguments.collect()
}

fn argument<'a>(instruction: &'a Instruction, name: &str) -> Option<&'a Field> {
    instruction.arguments.iter().find(|field| field.name == *name)
}

impl DerivedAddress<'_> {
    /// An argument among the seeds.
    pub(crate) fn argument(&self, name: &str) -> Option<&Field> {
        argument(self.instruction, name)
    }

    /// A field of an argument among the seeds, with all fields of that argument.
    pub(crate) fn argument_field<'i>(
        &self,
        interface: &'i Interface,
        name: &str,
        field: &str,
    ) -> Option<(&'i Field, &'i [Field])> {
        let DataType::Named(record) = &self.argument(name)?.ty else { return None };
        let Shape::Record(fields) = &interface.named(record)?.shape else { return None };
        Some((fields.iter().find(|it| it.name == field)?, fields))
    }

    /// True if a name among the seeds is that of an argument.
    pub(crate) fn is_argument(&self, name: &str) -> bool {
        self.seeds.iter().any(|seed| match seed {
            Seed::Argument(argument) | Seed::ArgumentField(argument, _) => argument == name,
            _ => false,
        })
    }

    /// An account of the instruction that the address belongs to.
    pub(crate) fn account(&self, name: &str) -> Option<&InstructionAccount> {
        self.instruction.accounts.iter().find(|account| account.name == *name)
    }

    /// The names of the accounts and arguments among the seeds, each once.
    pub(crate) fn variables(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for seed in self.seeds {
            match seed {
                Seed::Account(name) | Seed::Argument(name) | Seed::ArgumentField(name, _)
                    if !names.contains(&name.as_str()) =>
                {
                    names.push(name);
                }
                _ => {}
            }
        }
        names
    }
}
