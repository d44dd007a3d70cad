//! What a body needs of the program's [`Layout`](crate::lower::Layout): memory for its values, and the table of accounts.

use crate::lower::slots::Slots;
use ovsm_expand::Builtin;
use ovsm_expand::core::{Body, Chain, Expr, ExprId};
use ovsm_infer::{BodyTypes, Type};

/// The most accounts that an instruction can have (SIMD-0406).
pub const MAX_ACCOUNTS: u32 = 255;

/// What a body needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Needs {
    /// The bytes of its values that lie in memory.
    pub memory: u32,
    /// Accounts are found by numbers below this one.
    pub accounts: u32,
}

impl Needs {
    /// The needs of a body. Linear in its size.
    pub fn of(body: &Body, types: &BodyTypes) -> Needs {
        let mut accounts = 0;
        for expr in body.exprs.iter() {
            for_each_account(expr, |account| {
                // An account that was opened, or the key of a program, is found without its number.
                if matches!(types.type_of(account), Type::Int(_)) {
                    accounts = accounts.max(match body.exprs.get(account) {
                        Some(Expr::Int { negative: false, magnitude, .. })
                            if *magnitude < u128::from(MAX_ACCOUNTS) =>
                        {
                            *magnitude as u32 + 1
                        }
                        _ => MAX_ACCOUNTS,
                    });
                }
            });
        }
        Needs { memory: Slots::new(body, types).size, accounts }
    }
}

/// Calls `f` on each operand that may be the number of an account.
fn for_each_account(expr: &Expr, mut f: impl FnMut(ExprId)) {
    match expr {
        Expr::Builtin(Builtin::Account(_) | Builtin::SetLamports | Builtin::Require(_), args) => {
            args.first().copied().into_iter().for_each(f);
        }
        Expr::KeyOf(account) | Expr::OwnerOf(account) => f(*account),
        Expr::Chain(chain) => match &**chain {
            Chain::Invoke { program, accounts, .. } => {
                f(*program);
                accounts.iter().for_each(|account| f(account.account));
            }
            Chain::Address(_, program) | Chain::FindAddress(_, program) => {
                program.iter().copied().for_each(f);
            }
            Chain::IsAddress { key, program, .. } => {
                f(*key);
                program.iter().copied().for_each(f);
            }
            Chain::ReturnedData(account) | Chain::Initialize(account, _) | Chain::Resize(account, _) => {
                f(*account);
            }
            Chain::Close(account, destination) => {
                f(*account);
                f(*destination);
            }
            Chain::Sysvar(..)
            | Chain::SetReturnData(_)
            | Chain::ProgramKey
            | Chain::Memory(_)
            | Chain::SetMemory(..)
            | Chain::AddressOf(_)
            | Chain::BytesAt(..)
            | Chain::Field { .. } => {}
        },
        _ => {}
    }
}
