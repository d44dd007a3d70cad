//! Accounts have to be opened before the length of an account can change.
//!
//! An account is found from the one before it, by the length of its data. That is the length with which the runtime has laid out
//! the input; after a resizing or a call of another program it may be another one, and what stands at the computed place may be
//! bytes of an attacker's choice. So nothing may open accounts then, also no function that is called. Start with [`late_openings`].

use crate::db::SourceFile;
use crate::modules::program_forms;
use crate::names::expand;
use ovsm_base::{Code, DefId, Diagnostic, Span};
use ovsm_expand::core::{Body, Chain, ExitId, Expr, ExprId};
use rustc_hash::{FxHashMap, FxHashSet};

/// What a function may do, also by those that it calls.
#[derive(Clone, Copy, Default)]
struct Summary {
    opens: bool,
    resizes: bool,
}

/// Accounts that are opened too late.
#[salsa::tracked]
pub fn late_openings(db: &dyn salsa::Database, file: SourceFile) -> Vec<Diagnostic> {
    let bodies: Vec<(Option<DefId>, &Body)> =
        program_forms(db, file).iter().flat_map(|form| expand(db, *form).bodies()).collect();
    let summaries = summaries(&bodies);
    if !summaries.values().any(|summary| summary.opens) && !bodies.iter().any(|(_, body)| opens_itself(body))
    {
        return Vec::new();
    }
    let mut found = Vec::new();
    // The code of the top level runs as one.
    let mut top_level = Walk::new(&summaries);
    for (function, body) in &bodies {
        let Some(root) = body.root else { continue };
        match function {
            None => top_level.walk(body, root),
            Some(_) => {
                let mut walk = Walk::new(&summaries);
                walk.walk(body, root);
                found.extend(walk.found);
            }
        }
    }
    found.extend(top_level.found);
    found.into_iter().map(report).collect()
}

fn opens_itself(body: &Body) -> bool {
    body.exprs.iter().any(|expr| matches!(expr, Expr::OpenAccount(..)))
}

fn resizes(expr: &Expr) -> bool {
    matches!(expr, Expr::Chain(chain) if matches!(**chain, Chain::Invoke { .. } | Chain::Resize(..) | Chain::Close(..)))
}

/// What the functions do: a function does what its callees do.
fn summaries(bodies: &[(Option<DefId>, &Body)]) -> FxHashMap<DefId, Summary> {
    let mut callers: FxHashMap<DefId, Vec<DefId>> = FxHashMap::default();
    let mut summaries: FxHashMap<DefId, Summary> = FxHashMap::default();
    for (function, body) in bodies {
        let Some(function) = function else { continue };
        let own = Summary { opens: opens_itself(body), resizes: body.exprs.iter().any(resizes) };
        summaries.insert(*function, own);
        for callee in &body.callees {
            callers.entry(*callee).or_default().push(*function);
        }
    }
    let mut work: Vec<DefId> = summaries.keys().copied().collect();
    work.sort_unstable();
    while let Some(callee) = work.pop() {
        let Some(of_callee) = summaries.get(&callee).copied() else { continue };
        for caller in callers.get(&callee).into_iter().flatten() {
            if let Some(own) = summaries.get_mut(caller) {
                let before = (own.opens, own.resizes);
                own.opens |= of_callee.opens;
                own.resizes |= of_callee.resizes;
                if before != (own.opens, own.resizes) {
                    work.push(*caller);
                }
            }
        }
    }
    summaries
}

struct Walk<'a> {
    summaries: &'a FxHashMap<DefId, Summary>,
    /// The length of an account may have changed.
    has_resized: bool,
    /// The exits that were left when it may have.
    left: FxHashSet<ExitId>,
    found: Vec<Option<Span>>,
}

impl<'a> Walk<'a> {
    fn new(summaries: &'a FxHashMap<DefId, Summary>) -> Walk<'a> {
        Walk { summaries, has_resized: false, left: FxHashSet::default(), found: Vec::new() }
    }
}

impl Walk<'_> {
    /// Goes through an expression in the order of its evaluation. Where ways part, each begins with what was true before.
    fn walk(&mut self, body: &Body, expr: ExprId) {
        let Some(node) = body.exprs.get(expr) else { return };
        ovsm_base::stack::with_room(|| match node {
            Expr::If(clauses, otherwise) => {
                let mut after = false;
                for (condition, then) in clauses {
                    self.walk(body, *condition);
                    let before = self.has_resized;
                    self.walk(body, *then);
                    after |= self.has_resized;
                    self.has_resized = before;
                }
                if let Some(otherwise) = otherwise {
                    self.walk(body, *otherwise);
                }
                self.has_resized |= after;
            }
            // What is done about an account that is there already leaves the instruction.
            Expr::OpenAccount(previous, opening) => {
                previous.iter().for_each(|previous| self.walk(body, *previous));
                self.own(body, node, expr);
                let before = self.has_resized;
                opening.repeated.iter().for_each(|repeated| self.walk(body, *repeated));
                self.has_resized = before;
            }
            Expr::Leave(exit, value) => {
                self.walk(body, *value);
                if self.has_resized {
                    self.left.insert(*exit);
                }
            }
            Expr::Exit(exit, code) => {
                self.left.remove(exit);
                self.walk(body, *code);
                self.has_resized |= self.left.remove(exit);
            }
            Expr::While(condition, code) => {
                self.walk_round(body, &[*condition, *code]);
            }
            Expr::Loop(code) | Expr::Tabulate(_, _, code) => self.walk_round(body, &[*code]),
            node => {
                node.for_each_child(|child| self.walk(body, child));
                self.own(body, node, expr);
            }
        });
    }

    /// What a round does has been done by the rounds before it.
    fn walk_round(&mut self, body: &Body, parts: &[ExprId]) {
        self.has_resized |= parts.iter().any(|part| self.may_resize(body, *part));
        parts.iter().for_each(|part| self.walk(body, *part));
    }

    fn may_resize(&self, body: &Body, root: ExprId) -> bool {
        let mut seen: FxHashSet<ExprId> = FxHashSet::default();
        let mut work = vec![root];
        while let Some(expr) = work.pop() {
            let Some(node) = body.exprs.get(expr) else { continue };
            let by_call =
                matches!(node, Expr::Call(def, _) if self.summaries.get(def).is_some_and(|it| it.resizes));
            if resizes(node) || by_call {
                return true;
            }
            node.for_each_child(|child| {
                if seen.insert(child) {
                    work.push(child);
                }
            });
        }
        false
    }

    fn own(&mut self, body: &Body, node: &Expr, expr: ExprId) {
        let of_callee = match node {
            Expr::Call(def, _) => self.summaries.get(def).copied().unwrap_or_default(),
            node => Summary { opens: matches!(node, Expr::OpenAccount(..)), resizes: resizes(node) },
        };
        if self.has_resized && of_callee.opens {
            self.found.push(body.spans.get(expr).copied().flatten());
        }
        self.has_resized |= of_callee.resizes;
    }
}

fn report(span: Option<Span>) -> Diagnostic {
    let mut diagnostic = Diagnostic::new(
        Code::UnsupportedForm,
        "accounts are opened here after the length of an account may have changed, so they would not be found",
    )
    .note("accounts are found by the lengths that they had when the instruction began; calls of programs and resizing change them")
    .help("open all accounts first; let two instructions share a function that is given what it needs, instead of calling one another");
    if let Some(span) = span {
        diagnostic = diagnostic.label(span, "");
    }
    diagnostic
}
