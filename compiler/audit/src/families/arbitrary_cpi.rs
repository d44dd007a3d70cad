//! `arbitrary-cpi`: the program that is called is an account of the instruction, or its key is one of the arguments, and that is
//! compared with nothing.
//!
//! It is then the program of whoever sends the instruction, with the accounts and signatures of this one. Start with
//! [`look`].

use super::{Event, Family};
use crate::fact::{Account, Fact};
use crate::state::{Pending, State};
use crate::value::{Shape, Source};
use ovsm_base::Span;

pub(crate) fn look(state: &mut State, event: &Event<'_>, span: Span) {
    let Event::Invoke { program, .. } = event else { return };
    if program.is_vague {
        return;
    }
    let mut accounts: Vec<Account> = match program.shape {
        Shape::Number(_) | Shape::Account(_) => vec![program.as_account()],
        _ => Vec::new(),
    };
    accounts.extend(program.sources.iter().filter_map(|source| match source {
        Source::Key(account) => Some(account),
        _ => None,
    }));
    let is_key = !matches!(program.shape, Shape::Number(_) | Shape::Account(_));
    if is_key && program.sources.contains(&Source::Instruction) {
        let message = "whoever sends the instruction says which program is called".to_string();
        let help = "name the program by its key, as in `(system-program-id)`, or compare the key with one"
            .to_string();
        let allowed_by = vec![Fact::ArgumentCompared];
        state.raise((Family::ArbitraryCpi, span, message), Pending { allowed_by, help, if_elsewhere: None });
    }
    for account in accounts {
        if account == Account::Some {
            continue;
        }
        let message = format!("{} is called, and nothing checks which program it is", state.named(account));
        let allowed_by = vec![Fact::KeyKnown(account)];
        let help =
            "name the program by its key, as in `(system-program-id)`, compare its key, or declare it as `(program key)`"
                .to_string();
        state.raise((Family::ArbitraryCpi, span, message), Pending { allowed_by, help, if_elsewhere: None });
    }
}
