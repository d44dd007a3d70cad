//! What an instruction checks of its accounts besides their flags and types, as its code does it after expansion.
//!
//! The code of an instruction opens its accounts one after the other, and then compares keys and owners with what they have
//! to be, one after the other. Whatever the source says for it, here is what is compared. Start with [`Handler::new`].

use crate::known::Typed;
use ovsm_base::DefId;
use ovsm_expand::builtin::{Builtin, Comparison};
use ovsm_expand::core::{Body, Chain, Expr, ExprId, Fault, Key, LocalId};
use std::collections::{BTreeMap, BTreeSet};

/// What an account is compared with.
#[derive(Clone, Default, Debug)]
pub(crate) struct Checks {
    /// What its key has to be.
    pub(crate) address: Option<ExprId>,
    /// What the key of its owner has to be.
    pub(crate) owner: Option<ExprId>,
    /// What its key is derived from, without the bump.
    pub(crate) seeds: Option<Vec<ExprId>>,
}

/// The code of an instruction.
pub(crate) struct Handler<'a> {
    pub(crate) code: Typed<'a>,
    /// The accounts, with their places.
    pub(crate) accounts: BTreeMap<LocalId, usize>,
    /// The arguments, with their names.
    pub(crate) arguments: BTreeMap<LocalId, String>,
    /// What is checked of each account.
    checks: Vec<Checks>,
    /// Derived addresses, while they are waiting to be compared.
    found: BTreeMap<LocalId, Vec<ExprId>>,
    given: Option<LocalId>,
}

impl<'a> Handler<'a> {
    /// Looks through the code that runs whenever the instruction does: up to the first place where it may be left. Functions that
    /// do instead what this one does, where something is rare, make the same checks.
    pub(crate) fn new(code: Typed<'a>, is_rare: &dyn Fn(DefId) -> bool) -> Handler<'a> {
        let mut handler = Handler {
            code,
            accounts: BTreeMap::new(),
            arguments: BTreeMap::new(),
            checks: Vec::new(),
            found: BTreeMap::new(),
            given: None,
        };
        if let Some(root) = code.body.root {
            handler.walk(root, is_rare);
        }
        handler
    }

    /// What is checked of the account with a number.
    pub(crate) fn checks(&self, place: usize) -> Checks {
        self.checks.get(place).cloned().unwrap_or_default()
    }

    /// The account that an expression is.
    pub(crate) fn account(&self, expr: ExprId) -> Option<usize> {
        let Expr::Local(local) = self.expr(expr)? else { return None };
        self.accounts.get(local).copied()
    }

    /// The argument that an expression is.
    pub(crate) fn argument(&self, expr: ExprId) -> Option<&str> {
        let Expr::Local(local) = self.expr(expr)? else { return None };
        self.arguments.get(local).map(String::as_str)
    }

    /// An expression without what only states its type.
    pub(crate) fn expr(&self, mut expr: ExprId) -> Option<&'a Expr> {
        let body: &'a Body = self.code.body;
        loop {
            match body.exprs.get(expr)? {
                Expr::Ascribe(inner, _) => expr = *inner,
                found => return Some(found),
            }
        }
    }

    fn walk(&mut self, expr: ExprId, is_rare: &dyn Fn(DefId) -> bool) {
        let mut work = vec![expr];
        while let Some(expr) = work.pop() {
            match self.code.body.exprs.get(expr) {
                Some(Expr::Block(items)) => work.extend(items.iter().rev()),
                Some(Expr::Scope(_, inner) | Expr::Exit(_, inner) | Expr::Ascribe(inner, _)) => {
                    work.push(*inner);
                }
                _ if self.may_leave(expr, is_rare) => return,
                Some(Expr::Bind(local, value)) => self.bound(*local, *value),
                _ => {}
            }
        }
    }

    /// True if what comes after an expression may not be reached though nothing fails.
    fn may_leave(&self, expr: ExprId, is_rare: &dyn Fn(DefId) -> bool) -> bool {
        let exprs = &self.code.body.exprs;
        let (mut work, mut inner, mut left) = (vec![expr], BTreeSet::new(), Vec::new());
        while let Some(expr) = work.pop() {
            let Some(node) = exprs.get(expr) else { continue };
            match node {
                Expr::Exit(exit, _) => {
                    inner.insert(*exit);
                }
                Expr::Leave(exit, value) => {
                    let is_by_rare = matches!(self.expr(*value), Some(Expr::Call(def, given)) if given.is_empty() && is_rare(*def));
                    if !is_by_rare {
                        left.push(*exit);
                    }
                }
                _ => {}
            }
            node.for_each_child(|child| work.push(child));
        }
        left.iter().any(|exit| !inner.contains(exit))
    }

    fn bound(&mut self, local: LocalId, value: ExprId) {
        match self.expr(value) {
            Some(Expr::OpenAccount(..)) => {
                self.accounts.insert(local, self.checks.len());
                self.checks.push(Checks::default());
            }
            Some(Expr::Arguments(..)) => self.given = Some(local),
            Some(Expr::Get(record, Key::Field(name, _))) => {
                if let (Some(Expr::Local(record)), Some(given)) = (self.expr(*record), self.given)
                    && *record == given
                {
                    self.arguments.insert(local, name.clone());
                }
            }
            Some(Expr::Chain(chain)) => {
                if let Chain::FindAddress(seeds, None) = &**chain {
                    self.found.insert(local, seeds.clone());
                }
            }
            Some(Expr::If(clauses, None)) => {
                if let [(condition, then)] = clauses.as_slice()
                    && let (Some(Expr::Not(condition)), Some(Expr::Fail(fault))) =
                        (self.expr(*condition), self.expr(*then))
                {
                    self.checked(*condition, *fault);
                }
            }
            _ => {}
        }
    }

    fn checked(&mut self, condition: ExprId, fault: Fault) -> Option<()> {
        match (self.expr(condition)?, fault) {
            (Expr::Chain(chain), Fault::Seeds) => {
                let Chain::IsAddress { key, seeds, program: None } = &**chain else { return None };
                let account = self.account(*key)?;
                let (_, seeds) = seeds.split_last()?;
                self.checks.get_mut(account)?.seeds.get_or_insert_with(|| seeds.to_vec());
            }
            (Expr::Builtin(Builtin::Compare(Comparison::Equal), operands), fault) => {
                let [is, wanted] = operands.as_slice() else { return None };
                match (self.expr(*is)?, fault) {
                    (Expr::KeyOf(account), Fault::WrongAccount) => {
                        let account = self.account(*account)?;
                        self.checks.get_mut(account)?.address.get_or_insert(*wanted);
                    }
                    (Expr::OwnerOf(account), Fault::WrongOwner) => {
                        let account = self.account(*account)?;
                        self.checks.get_mut(account)?.owner.get_or_insert(*wanted);
                    }
                    (Expr::KeyOf(account), Fault::Seeds) => {
                        let account = self.account(*account)?;
                        let Expr::Get(found, Key::Field(..)) = self.expr(*wanted)? else { return None };
                        let Expr::Local(found) = self.expr(*found)? else { return None };
                        let seeds = self.found.get(found)?.clone();
                        self.checks.get_mut(account)?.seeds.get_or_insert(seeds);
                    }
                    _ => return None,
                }
            }
            _ => return None,
        }
        Some(())
    }
}
