//! The types of the built-ins.

use crate::infer::{Inference, Use};
use crate::types::Type;
use crate::unify::Term;
use ovsm_base::{Code, Diagnostic, IntType};
use ovsm_expand::Builtin;
use ovsm_expand::builtin::{Comparison, Requirement};
use ovsm_expand::core::{Expr, ExprId};
use std::rc::Rc;

const U64: Term = Term::Known(Type::Int(IntType::U64));
const NULL: Term = Term::Known(Type::Null);
const BOOL: Term = Term::Known(Type::Bool);

impl Inference<'_> {
    pub(crate) fn builtin(&mut self, builtin: Builtin, args: &[ExprId]) -> Term {
        match builtin {
            Builtin::Arithmetic(..)
            | Builtin::Divide(_)
            | Builtin::Increment
            | Builtin::Decrement
            | Builtin::Min
            | Builtin::Max
            | Builtin::Abs
            | Builtin::Bitwise(_)
            | Builtin::BitNot => self.same_integers(builtin, args),
            Builtin::ShiftLeft | Builtin::ShiftRight => {
                let mut terms = args.iter();
                let value = match terms.next() {
                    Some(value) => self.integer_operand(builtin, *value),
                    None => Term::Known(Type::Error),
                };
                for amount in terms {
                    self.word(builtin, *amount);
                }
                value
            }
            Builtin::Compare(comparison) => {
                self.comparison(builtin, comparison, args);
                BOOL
            }
            Builtin::Convert(ty) | Builtin::ConvertWrap(ty) => {
                for arg in args {
                    self.integer_operand(builtin, *arg);
                }
                Term::Known(Type::Int(ty))
            }
            Builtin::NumAccounts
            | Builtin::InstructionDataPtr
            | Builtin::InstructionDataLen
            | Builtin::ProgramIdPtr
            | Builtin::InputPtr => U64,
            Builtin::Account(_) => {
                if let [account] = args {
                    let found = self.infer(*account, Use::Value);
                    if !self.is_account(*account, &found, false) {
                        self.word_of(builtin, *account, found);
                    }
                }
                U64
            }
            Builtin::SetLamports => {
                if let [account, value] = args {
                    let found = self.infer(*account, Use::Value);
                    if !self.is_account(*account, &found, true) {
                        self.word_of(builtin, *account, found);
                    }
                    self.word(builtin, *value);
                }
                NULL
            }
            Builtin::MemLoad(_) => {
                self.words(builtin, args);
                U64
            }
            Builtin::MemStore(_)
            | Builtin::Log64
            | Builtin::LogPubkey
            | Builtin::Require(Requirement::Signer | Requirement::Writable | Requirement::Owner) => {
                self.words(builtin, args);
                NULL
            }
            Builtin::Log => {
                match args {
                    [text] => {
                        let found = self.infer(*text, Use::Value);
                        let needed = Term::Known(Type::String);
                        self.expect(*text, &found, &needed, "`sol_log_`", None);
                    }
                    _ => self.words(builtin, args),
                }
                NULL
            }
            Builtin::NewVec => {
                self.words(builtin, args);
                Term::Vec(Rc::new(self.table.fresh(false)))
            }
            Builtin::Push | Builtin::WithoutLast | Builtin::Append | Builtin::Emptied => {
                self.update_place(builtin, args)
            }
            Builtin::NewBuilder => {
                self.words(builtin, args);
                Term::Known(Type::Builder)
            }
            Builtin::Text => {
                self.texts(args);
                Term::Known(Type::String)
            }
            Builtin::LogText => {
                self.texts(args);
                NULL
            }
            Builtin::TextBytes => {
                if let [text] = args {
                    let found = self.infer(*text, Use::Value);
                    self.expect(*text, &found, &Term::Known(Type::String), "`bytes`", None);
                }
                Term::Known(Type::Bytes)
            }
            Builtin::Syscall => {
                for (n, arg) in args.iter().enumerate() {
                    if n == 0 {
                        // The name; expansion has checked it.
                        self.infer(*arg, Use::Value);
                    } else {
                        self.word(builtin, *arg);
                    }
                }
                U64
            }
        }
    }

    /// All operands and the result are of one integer type.
    fn same_integers(&mut self, builtin: Builtin, args: &[ExprId]) -> Term {
        let mut result = None;
        for arg in args {
            let found = self.integer_operand(builtin, *arg);
            let needed = result.get_or_insert_with(|| found.clone()).clone();
            let label = args
                .first()
                .and_then(|first| self.span(*first))
                .map(|span| (span, "the first operand decides the type"));
            let why = format!("`{}`", builtin.name());
            self.expect(*arg, &found, &needed, &why, label);
        }
        match result {
            Some(result) => result,
            None => self.table.fresh(true),
        }
    }

    fn comparison(&mut self, builtin: Builtin, comparison: Comparison, args: &[ExprId]) {
        let ordered = !matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        let mut first = None;
        let mut found_all = Vec::with_capacity(args.len());
        let with_null = args.iter().any(|arg| matches!(self.body.exprs.get(*arg), Some(Expr::Null)));
        for arg in args {
            let found = match (ordered, with_null) {
                (true, _) => self.integer_operand(builtin, *arg),
                (false, true) => self.infer_nullable(*arg),
                (false, false) => self.infer(*arg, Use::Value),
            };
            found_all.push(found);
        }
        // A value is compared with one that may be null as if it might be null itself.
        let option = found_all.iter().find(|found| self.table.as_option(found).is_some()).cloned();
        if option.is_some() {
            first = option;
        }
        // Builders are equal if their texts are.
        if found_all.iter().any(|found| self.table.resolve(found) == Term::Known(Type::Builder)) {
            first = Some(Term::Known(Type::String));
        }
        for (arg, found) in args.iter().zip(found_all) {
            let needed = first.get_or_insert_with(|| found.clone()).clone();
            // Integers are compared by value, whatever their types; a literal takes the type of its neighbour.
            if self.is_integer_of_a_type(&found) && self.is_integer_of_a_type(&needed) {
                first = Some(found);
                continue;
            }
            let label = args
                .first()
                .and_then(|first| self.span(*first))
                .map(|span| (span, "this is compared with it"));
            let why = format!("`{}`", builtin.name());
            self.expect(*arg, &found, &needed, &why, label);
        }
    }

    /// True if a type is known to be an integer, and which one. Values of a distinct type are compared with each other only.
    fn is_integer_of_a_type(&mut self, term: &Term) -> bool {
        matches!(self.table.resolve(term), Term::Known(Type::Int(_)))
    }

    /// Each operand is an integer of at most 64 bits, of its own type.
    fn words(&mut self, builtin: Builtin, args: &[ExprId]) {
        for arg in args {
            self.word(builtin, *arg);
        }
    }

    pub(crate) fn word(&mut self, builtin: Builtin, arg: ExprId) {
        let found = self.integer_operand(builtin, arg);
        let span = self.span(arg);
        self.words.push((builtin, found, span));
    }

    fn integer_operand(&mut self, builtin: Builtin, arg: ExprId) -> Term {
        let found = self.infer(arg, Use::Value);
        self.integer(builtin, arg, found)
    }

    /// An operand whose type was found out.
    fn word_of(&mut self, builtin: Builtin, arg: ExprId, found: Term) {
        let found = self.integer(builtin, arg, found);
        let span = self.span(arg);
        self.words.push((builtin, found, span));
    }

    fn integer(&mut self, builtin: Builtin, arg: ExprId, found: Term) -> Term {
        if self.table.require_integer(&found) {
            return found;
        }
        let resolved = self.table.resolve(&found);
        let mut diagnostic = Diagnostic::new(
            Code::NotAnInteger,
            format!(
                "`{}` needs integers, and this is {}",
                builtin.name(),
                crate::report::describe(&resolved)
            ),
        );
        if let Some(span) = self.span(arg) {
            diagnostic = diagnostic.label(span, format!("this is {}", crate::report::describe(&resolved)));
        }
        let may_be_null = self.table.as_option(&resolved).is_some();
        diagnostic = diagnostic.help(match resolved {
            _ if may_be_null => "test it before: `(if (null? x) 0 (+ x 1))`",
            Term::Known(Type::Bool) => "a truth value becomes a number by `(if x 1 0)`",
            _ => "give it an integer",
        });
        self.diagnostics.push(diagnostic);
        Term::Known(Type::Error)
    }
}
