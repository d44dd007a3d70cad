//! Types of accounts, as parameters of functions of programs state them: `account`, `(account T)`, `(raw T)`, `(mut …)`.
//!
//! They say what was checked where the account was opened, and check nothing themselves. Scripts have no accounts. Start with
//! [`Expander::account_type`].

use super::Expander;
use super::name::Meant;
use crate::module::Type;
use crate::syntax;
use ovsm_base::{Code, Diagnostic};
use ovsm_value::Value;
use std::rc::Rc;

impl Expander<'_> {
    /// The type of accounts that a word names; `None` if it names none. `Some(None)`: it is wrong, and reported.
    pub(super) fn account_word(&mut self, form: &Value, word: &str) -> Option<Option<Type>> {
        if !self.front.is_program {
            return None;
        }
        match word {
            "account" => Some(Some(Type::Account(None, false, false))),
            "signer" | "program" => {
                let diagnostic = Diagnostic::new(
                    Code::UnknownType,
                    format!("`{word}` is not the type of a parameter"),
                )
                .note("it is a check, which is made where `:accounts` of an instruction names the account")
                .help("write `account`, or `(mut account)`");
                self.report_at(syntax::span(form), diagnostic);
                Some(None)
            }
            _ => None,
        }
    }

    /// The same for a form with parts.
    pub(super) fn account_type(&mut self, form: &Value, head: &str, parts: &[Value]) -> Option<Option<Type>> {
        let is_own = matches!(form.as_items(), Some([Value::Symbol(head), ..])
            if matches!(self.meaning(head), Meant::Type(..)));
        if !self.front.is_program || is_own {
            return None;
        }
        match (head, parts) {
            ("account" | "raw", [record]) => {
                let record = self.type_of(record);
                Some(record.map(|record| Type::Account(Some(Rc::new(record)), false, head == "account")))
            }
            ("mut", [inner]) => Some(match self.type_of(inner) {
                None => None,
                Some(Type::Account(record, _, is_tagged)) => Some(Type::Account(record, true, is_tagged)),
                Some(_) => {
                    let diagnostic =
                        Diagnostic::new(Code::UnknownType, "`mut` stands around the type of an account")
                            .help("write `(mut (account T))`, `(mut (raw T))` or `(mut account)`");
                    self.report_at(syntax::span(form), diagnostic);
                    None
                }
            }),
            ("init", [_]) => {
                let diagnostic = Diagnostic::new(Code::UnknownType, "`init` is not the type of a parameter")
                    .note("it makes an account where `:accounts` of an instruction names it")
                    .help("write `(mut (account T))`");
                self.report_at(syntax::span(form), diagnostic);
                Some(None)
            }
            _ => None,
        }
    }
}
