//! What an interface can not tell its readers: addresses that callers have to find out in another way.
//!
//! Nothing is left out in silence. Start with [`unsaid`].

use crate::model::{InstructionAccount, Interface, Seed};

/// Who reads an interface.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reader {
    /// Our own tools.
    Ovsm,
    /// Readers of Anchor's format.
    Anchor,
    /// Readers of the Codama standard.
    Codama,
    /// Those who use a client of ours.
    Client,
}

/// One sentence for each address that the reader can not derive although the program does.
pub fn unsaid(interface: &Interface, reader: Reader) -> Vec<String> {
    let mut found = Vec::new();
    for instruction in &interface.instructions {
        for account in &instruction.accounts {
            let Some(reason) = reason(interface, account, reader) else { continue };
            found.push(format!(
                "the account `{}` of `{}`: {reason}, so callers have to give its address",
                account.name, instruction.name
            ));
        }
    }
    found
}

fn reason(interface: &Interface, account: &InstructionAccount, reader: Reader) -> Option<String> {
    for seed in account.seeds.iter().flatten() {
        match (seed, reader) {
            (Seed::Expression(text), _) => {
                return Some(format!("only the program can compute the seed `{text}`"));
            }
            (Seed::AccountField(of, field), Reader::Codama | Reader::Client) => {
                return Some(format!("the seed `(. {of} {field})` lies in an account"));
            }
            (Seed::ArgumentField(of, field), Reader::Codama) => {
                return Some(format!("Codama has no word for the seed `(. {of} {field})`"));
            }
            (Seed::Program, Reader::Anchor) if interface.address.is_none() => {
                let reason =
                    "the seed `(program-key)` is the address of the program, which it does not state";
                return Some(reason.to_string());
            }
            _ => {}
        }
    }
    // An address that is no constant; the program of a `program` account may be one, too.
    let computed = account.options.iter().find(|(option, _)| option == "address" || option == "program");
    let (option, text) = computed.filter(|(_, text)| !text.is_empty() && account.computed.is_some())?;
    Some(format!("only the program can compute the key `{text}` that `{option}` asks for"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Instruction;

    #[test]
    fn each_reader_is_told_what_it_can_not_derive() {
        let with = |seed: Seed| {
            let account = InstructionAccount {
                name: "x".to_string(),
                seeds: Some(vec![seed]),
                ..InstructionAccount::default()
            };
            let instruction = Instruction {
                name: "i".to_string(),
                docs: Vec::new(),
                discriminator: vec![1],
                arguments: Vec::new(),
                accounts: vec![account],
                cost: None,
            };
            Interface { instructions: vec![instruction], ..Interface::new("p") }
        };
        let readers = [Reader::Ovsm, Reader::Anchor, Reader::Codama, Reader::Client];
        let counts = |seed: Seed| readers.map(|reader| unsaid(&with(seed.clone()), reader).len());
        let pair = || ("a".to_string(), "b".to_string());
        assert_eq!(counts(Seed::Bytes(vec![1])), [0, 0, 0, 0]);
        assert_eq!(counts(Seed::Expression("(f)".to_string())), [1, 1, 1, 1]);
        assert_eq!(counts(Seed::AccountField(pair().0, pair().1)), [0, 0, 1, 1]);
        assert_eq!(counts(Seed::ArgumentField(pair().0, pair().1)), [0, 0, 1, 0]);
        assert_eq!(counts(Seed::Program), [0, 1, 0, 0]);
        let text = unsaid(&with(Seed::Expression("(f)".to_string())), Reader::Codama);
        let wanted = "the account `x` of `i`: only the program can compute the seed `(f)`, so callers have to give its address";
        assert_eq!(text, [wanted]);
    }
}
