//! `loop`: Common Lisp's extended loop, compiled to a plain one.
//!
//! A loop is made of bindings that are evaluated once, steps at the start of each round (in which an iteration that is
//! over leaves the loop), and the body. Nothing is collected but what the clauses collect. Start with [`run`]; the
//! iterations are in `iteration.rs`, what is done in each round in `action.rs`.

mod action;
mod iteration;

use super::scope::{Binding, Space};
use super::{Expander, Loop};
use crate::core::{BlockId, Expr, ExprId, LocalId};
use crate::syntax;
use ovsm_base::{Code, Diagnostic};
use ovsm_value::{Symbol, Value};
use std::rc::Rc;

pub(super) const SHAPE: &str = "(loop for x in items collect x)";

/// The words that clauses begin with.
const WORDS: &[&str] = &[
    "for",
    "as",
    "with",
    "repeat",
    "while",
    "until",
    "always",
    "never",
    "thereis",
    "collect",
    "collecting",
    "append",
    "appending",
    "nconc",
    "nconcing",
    "count",
    "counting",
    "sum",
    "summing",
    "maximize",
    "maximizing",
    "minimize",
    "minimizing",
    "do",
    "doing",
    "when",
    "if",
    "unless",
    "initially",
    "finally",
    "return",
    "named",
];

/// A loop that is being put together.
struct Builder<'f> {
    /// What is left of the clauses.
    rest: &'f [Value],
    /// Evaluated once, in order.
    bindings: Vec<(LocalId, ExprId)>,
    /// Evaluated before the first round.
    initially: Vec<ExprId>,
    /// One round.
    round: Vec<ExprId>,
    /// In programs, so many steps at the start of a round move to its end, and stand before the first round too: what a variable
    /// begins with and what it goes on with are two steps then, and it has a value wherever it is read.
    peeled: usize,
    /// What stands before the first round in place of steps that move, by their numbers.
    first_steps: Vec<(usize, ExprId)>,
    /// True once something is done in a round besides steps and tests.
    acts: bool,
    /// Evaluated after the last round.
    finally: Vec<ExprId>,
    /// The patterns of the iterations that step at once with the current one.
    group: Vec<&'f Value>,
    /// True in the first round.
    first: Option<LocalId>,
    /// What accumulates without a name, and its first value.
    accumulator: Option<LocalId>,
    /// Variables that `into` names.
    named: Vec<(Rc<str>, LocalId)>,
    /// Variables of iterations that a form saw before they were bound.
    forward: Vec<(Rc<str>, LocalId)>,
    /// The value if nothing else gives one.
    default: Value,
    /// Left when the rounds are over.
    end: BlockId,
    /// Left with the value of the loop.
    exit: BlockId,
    /// Left when a round goes on with the next one.
    next: BlockId,
    failed: bool,
}

/// `(loop …)`.
pub(crate) fn run(expander: &mut Expander<'_>, form: &Value, arguments: &[Value]) -> ExprId {
    if arguments.iter().all(|argument| matches!(argument, Value::List(_))) {
        return expander.in_loop(|expander, _| {
            let body = expander.body(arguments);
            (body, Box::new(|expander: &mut Expander<'_>, body| expander.add(Expr::Loop(body))))
        });
    }
    expander.scoped(|expander| extended(expander, form, arguments))
}

fn extended(expander: &mut Expander<'_>, form: &Value, arguments: &[Value]) -> ExprId {
    let (end, exit, next) = (expander.block(), expander.block(), expander.block());
    let mut builder = Builder {
        rest: arguments,
        bindings: Vec::new(),
        initially: Vec::new(),
        round: Vec::new(),
        peeled: 0,
        first_steps: Vec::new(),
        acts: false,
        finally: Vec::new(),
        group: Vec::new(),
        first: None,
        accumulator: None,
        named: Vec::new(),
        forward: Vec::new(),
        default: Value::Null,
        end,
        exit,
        next,
        failed: false,
    };
    if builder.word() == Some("named")
        && let Some(Value::Symbol(name)) = builder.rest.get(1)
    {
        expander.scopes.bind(expander.scope, Space::Block, &name.name, &name.marks, Binding::Block(exit));
        builder.rest = builder.rest.get(2..).unwrap_or(&[]);
    }
    builder.bind_accumulators(expander, arguments);
    expander.loops.push(Loop { exit, next });
    expander.returns.push(exit);
    while !builder.rest.is_empty() && !builder.failed {
        builder.clause(expander, form);
    }
    expander.returns.pop();
    expander.loops.pop();
    builder.finish(expander)
}

impl<'f> Builder<'f> {
    /// The word that comes next, if it is one.
    fn word(&self) -> Option<&'f str> {
        match self.rest.first()? {
            Value::Symbol(symbol) => Some(&symbol.name),
            Value::Keyword(name) => Some(name.as_str()),
            _ => None,
        }
    }

    /// Passes over a word that is one of these; tells whether it was there.
    fn take_word(&mut self, words: &[&str]) -> Option<&'f str> {
        let word = self.word().filter(|word| words.contains(word))?;
        self.skip(1);
        Some(word)
    }

    fn skip(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or(&[]);
    }

    /// The form that comes next; reported if there is none.
    fn form(&mut self, expander: &mut Expander<'_>, whole: &Value, after: &str) -> Option<&'f Value> {
        let form = self.rest.first();
        match form {
            Some(_) => self.skip(1),
            None => {
                self.failed = true;
                expander.malformed(whole, &format!("`{after}` of `loop` needs an operand"), SHAPE);
            }
        }
        form
    }

    /// Binds the variables that `into` names: all clauses see them.
    fn bind_accumulators(&mut self, expander: &mut Expander<'_>, arguments: &[Value]) {
        let is_word = |value: &Value, word: &str| match value {
            Value::Symbol(symbol) => &*symbol.name == word,
            Value::Keyword(name) => name.as_str() == word,
            _ => false,
        };
        let mut kind = "";
        for pair in arguments.windows(2) {
            let [a, b] = pair else { continue };
            for word in ["collect", "append", "nconc", "sum", "count", "maximize", "minimize"] {
                if is_word(a, word)
                    || is_word(a, &format!("{word}ing"))
                    || is_word(a, &format!("{}ing", word.trim_end_matches('e')))
                {
                    kind = word;
                }
            }
            if let (true, Value::Symbol(name)) = (is_word(a, "into"), b)
                && !self.named.iter().any(|(known, _)| *known == name.name)
            {
                let local = expander.bind_symbol(name);
                let first = self.first_of(expander, kind);
                self.bindings.push((local, first));
                self.named.push((Rc::clone(&name.name), local));
            }
        }
    }

    /// What an accumulator begins with.
    fn first_of(&self, expander: &mut Expander<'_>, kind: &str) -> ExprId {
        match kind {
            "sum" | "count" => expander.constant(Value::Int(0)),
            "maximize" | "minimize" => expander.null(),
            // An array of a program has one length.
            _ if expander.front.is_program => expander.native("append", Vec::new()),
            _ => expander.constant(Value::array(Vec::new())),
        }
    }

    fn clause(&mut self, expander: &mut Expander<'_>, form: &Value) {
        let place = self.rest.first();
        let Some(word) = self.word() else {
            self.failed = true;
            expander.malformed(place.unwrap_or(form), "a clause of `loop` begins with a word", SHAPE);
            return;
        };
        match word {
            "for" | "as" => {
                self.skip(1);
                self.iterations(expander, form);
            }
            "with" => {
                self.skip(1);
                self.with(expander, form);
            }
            "repeat" => {
                self.skip(1);
                self.repeat(expander, form);
            }
            "while" | "until" => {
                self.skip(1);
                let Some(test) = self.form(expander, form, word) else { return };
                let test = expander.expr(test);
                let leave = leave_end(expander, self.end);
                let null = expander.null();
                let step = match word {
                    "while" => Expr::If(test, null, leave),
                    _ => Expr::If(test, leave, null),
                };
                let step = expander.add(step);
                self.round.push(step);
            }
            "always" | "never" | "thereis" => {
                self.skip(1);
                self.decide(expander, form, word);
            }
            "initially" | "finally" => {
                self.skip(1);
                if word == "finally" {
                    self.take_word(&["do", "doing"]);
                }
                // `finally return x` as well as `finally (return x)`.
                if word == "finally" && self.take_word(&["return"]).is_some() {
                    if let Some(value) = self.form(expander, form, "return") {
                        let value = outside_rounds(expander, value);
                        let exit = self.exit;
                        let leave = expander.leave(exit, value);
                        self.finally.push(leave);
                    }
                    return;
                }
                while let Some(step @ Value::List(_)) = self.rest.first() {
                    self.skip(1);
                    let step = outside_rounds(expander, step);
                    if word == "initially" { self.initially.push(step) } else { self.finally.push(step) }
                }
            }
            _ => match self.action(expander, form) {
                Some(step) => {
                    self.acts = true;
                    self.round.push(step);
                }
                None if self.failed => {}
                None => {
                    self.failed = true;
                    let near = ovsm_base::suggest::nearest(word, WORDS.iter().copied());
                    let mut diagnostic = Diagnostic::new(
                        Code::MalformedForm,
                        format!("`{}` begins no clause of `loop`", super::name::clip(word)),
                    );
                    diagnostic = match near {
                        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                        None => diagnostic.help(format!("the clauses begin with {}", WORDS.join(", "))),
                    };
                    expander.report_at(place.and_then(syntax::span), diagnostic);
                }
            },
        }
    }

    /// `always`, `never` and `thereis` decide the value.
    fn decide(&mut self, expander: &mut Expander<'_>, form: &Value, word: &str) {
        let Some(test) = self.form(expander, form, word) else { return };
        let test = expander.expr(test);
        let null = expander.null();
        let exit = self.exit;
        let step = if word == "thereis" {
            let local = expander.local("found");
            let read = expander.read(local);
            let leave = expander.leave(exit, read);
            let is = expander.read(local);
            let choice = expander.add(Expr::If(is, leave, null));
            expander.add(Expr::Let(vec![(local, test)], choice))
        } else {
            self.default = Value::Bool(true);
            let no = expander.constant(Value::Bool(false));
            let leave = expander.leave(exit, no);
            match word {
                "always" => expander.add(Expr::If(test, null, leave)),
                _ => expander.add(Expr::If(test, leave, null)),
            }
        };
        self.round.push(step);
    }

    /// The local that is true in the first round.
    fn first_round(&mut self, expander: &mut Expander<'_>) -> ExprId {
        let local = match self.first {
            Some(local) => local,
            None => {
                let local = expander.local("first");
                let yes = expander.constant(Value::Bool(true));
                self.bindings.push((local, yes));
                self.first = Some(local);
                local
            }
        };
        expander.read(local)
    }

    fn finish(mut self, expander: &mut Expander<'_>) -> ExprId {
        if self.failed {
            return expander.null();
        }
        let next = self.next;
        let body = self.round.split_off(self.peeled);
        let steps = std::mem::replace(&mut self.round, body);
        if let Some(first) = self.first {
            // The flag falls after the iterations have looked at it, which are all before the body ends.
            let no = expander.constant(Value::Bool(false));
            self.round.push(expander.add(Expr::SetLocal(first, no)));
        }
        let mut round = expander.sequence(self.round);
        if expander.left.contains(&next) {
            round = expander.add(Expr::Block(next, round));
            if let Some(first) = self.first {
                let no = expander.constant(Value::Bool(false));
                let fall = expander.add(Expr::SetLocal(first, no));
                round = expander.sequence(vec![round, fall]);
            }
        }
        let mut before = steps.clone();
        for (at, first) in self.first_steps {
            if let Some(step) = before.get_mut(at) {
                *step = first;
            }
        }
        if !steps.is_empty() {
            round = expander.sequence(std::iter::once(round).chain(steps).collect());
        }
        let mut whole = expander.add(Expr::Loop(round));
        if !before.is_empty() {
            before.push(whole);
            whole = expander.sequence(before);
        }
        if expander.left.contains(&self.end) {
            whole = expander.add(Expr::Block(self.end, whole));
        }
        let mut steps = self.initially;
        steps.push(whole);
        steps.extend(self.finally);
        steps.push(match self.accumulator {
            Some(local) => expander.read(local),
            None => expander.constant(self.default),
        });
        let mut whole = expander.sequence(steps);
        if !self.bindings.is_empty() {
            whole = expander.add(Expr::Let(self.bindings, whole));
        }
        // What stands before the rounds, such as the value of a `with`, may leave the loop too.
        match expander.left.contains(&self.exit) {
            true => expander.add(Expr::Block(self.exit, whole)),
            false => whole,
        }
    }
}

/// Expands what is evaluated before the first round or after the last one: `break` and `continue` there are not those of
/// this loop.
fn outside_rounds(expander: &mut Expander<'_>, form: &Value) -> ExprId {
    let own = expander.loops.pop();
    let expr = expander.expr(form);
    expander.loops.extend(own);
    expr
}

/// Ends the rounds.
fn leave_end(expander: &mut Expander<'_>, end: BlockId) -> ExprId {
    let null = expander.null();
    expander.leave(end, null)
}

/// A symbol, for a variable that a clause names.
fn symbol_of(value: &Value) -> Option<&Rc<Symbol>> {
    if let Value::Symbol(symbol) = value { Some(symbol) } else { None }
}
