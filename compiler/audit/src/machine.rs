//! The walk over a program: each expression once, calls put in place, ways that part and meet again.
//!
//! A loop is walked once, after what it assigns was made unknown; a check in its body counts. A function that calls itself is
//! not entered again. Work is bounded: a program that takes too much is not reported on at all. Start with [`audit`].

use crate::condition::truth;
use crate::fact::{Fact, Facts};
use crate::families::{self, Event, Family};
use crate::state::{Elsewhere, RecordUse, State};
use crate::value::{Truth, Value};
use ovsm_base::{DefId, Span};
use ovsm_expand::core::{Body, ExitId, Expr, ExprId, LocalId, Variable};
use ovsm_expand::ty::RecordType;
use ovsm_infer::{BodyTypes, Type};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How much work a walk may be.
const BUDGET: usize = 1_000_000;

/// How deep calls are put in place.
const MAX_CALLS: usize = 48;

/// Code with its types.
#[derive(Clone, Copy, Debug)]
pub struct Code<'p> {
    /// The code.
    pub body: &'p Body,
    /// Its types.
    pub types: &'p BodyTypes,
}

/// A program without errors.
pub struct Program<'p> {
    /// What runs, in order.
    pub main: Vec<Code<'p>>,
    /// Its functions.
    pub functions: BTreeMap<DefId, Code<'p>>,
}

/// A use of an account that nothing has checked.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Finding {
    /// What kind of use.
    pub family: Family,
    /// Where.
    pub span: Span,
    /// One sentence.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// What the program does with accounts that nothing has checked, in order of the families and places; nothing if that takes too
/// much work.
pub fn audit(program: &Program<'_>) -> Option<Vec<Finding>> {
    let mut machine = Machine {
        program,
        state: State::default(),
        code: None,
        frame: 0,
        frames: 0,
        calls: Vec::new(),
        exits: BTreeMap::new(),
        spans: Vec::new(),
        work: 0,
        nowhere: State { is_dead: true, ..State::default() },
        records: BTreeMap::new(),
        authorities: BTreeSet::new(),
    };
    for code in &program.main {
        machine.run(*code);
    }
    if machine.work > BUDGET {
        return None;
    }
    let mut findings = Vec::new();
    // A program that always fails changes nothing.
    if machine.state.is_dead {
        return Some(findings);
    }
    for ((family, span, message), pending) in machine.state.pending.iter() {
        let is_one = match &pending.if_elsewhere {
            None => true,
            Some(Elsewhere::HasKeyAt { record, place, length }) => {
                families::type_confusion::is_ambiguous(&machine.records, record, *place, *length)
            }
            Some(Elsewhere::IsAuthority { record, place }) => {
                machine.authorities.contains(&(record.clone(), *place))
            }
        };
        if !is_one {
            continue;
        }
        let (message, help) = (message.to_string(), pending.help.clone());
        findings.push(Finding { family: *family, span: *span, message, help });
    }
    Some(findings)
}

/// The walk.
pub(crate) struct Machine<'p> {
    program: &'p Program<'p>,
    pub(crate) state: State,
    code: Option<Code<'p>>,
    frame: u32,
    frames: u32,
    calls: Vec<DefId>,
    exits: BTreeMap<(u32, ExitId), (State, Value)>,
    spans: Vec<Span>,
    work: usize,
    /// The state where nothing leads.
    nowhere: State,
    /// The records as which the data of accounts are read anywhere.
    pub(crate) records: BTreeMap<RecordUse, Arc<RecordType>>,
    /// The places in records where a key lies that is compared with that of somebody who signs.
    authorities: BTreeSet<(RecordUse, i64)>,
}

impl<'p> Machine<'p> {
    fn run(&mut self, code: Code<'p>) -> Value {
        let outer = (self.code.replace(code), self.frame);
        self.frames += 1;
        self.frame = self.frames;
        let value = code.body.root.map(|root| self.eval(root)).unwrap_or_default();
        let frame = self.frame;
        self.state.frames.remove(&frame);
        (self.code, self.frame) = outer;
        value
    }

    /// The type of an expression.
    pub(crate) fn type_of(&self, expr: ExprId) -> Type {
        let types = self.code.and_then(|code| code.types.exprs.get(expr));
        types.cloned().unwrap_or(Type::Error)
    }

    /// The expression.
    pub(crate) fn expr(&self, expr: ExprId) -> Option<&'p Expr> {
        self.code?.body.exprs.get(expr)
    }

    /// Tells the families what happens here.
    pub(crate) fn happen(&mut self, event: &Event<'_>) {
        if let Some(span) = self.spans.last().copied()
            && !self.state.is_dead
        {
            self.note_authorities();
            families::look(&mut self.state, event, span);
        }
    }

    /// Notes which keys in data somebody who signs is compared with.
    fn note_authorities(&mut self) {
        for fact in self.state.facts.iter() {
            if let Fact::KeyKept(key, kept, Some(place)) = fact
                && self.state.facts.holds(Fact::Signed(key))
                && let Some(record) = self.state.opened.get(&kept)
            {
                self.authorities.insert((record.clone(), place));
            }
        }
    }

    /// What the program calls a local.
    pub(crate) fn local_name(&self, local: LocalId) -> Option<String> {
        self.code?.body.locals.get(local).map(|local| local.name.clone())
    }

    /// The type of a local.
    pub(crate) fn type_of_local(&self, local: LocalId) -> Type {
        self.code.and_then(|code| code.types.locals.get(local)).cloned().unwrap_or(Type::Error)
    }

    /// Walks over an expression.
    pub(crate) fn eval(&mut self, expr: ExprId) -> Value {
        self.work += 1;
        if self.state.is_dead || self.work > BUDGET {
            return Value::default();
        }
        let span = self.code.and_then(|code| code.body.spans.get(expr).copied().flatten());
        self.spans.extend(span);
        let value = ovsm_base::stack::with_room(|| match self.expr(expr) {
            Some(form) => self.expression(expr, form),
            None => Value::default(),
        });
        if span.is_some() {
            self.spans.pop();
        }
        value
    }

    fn take_state(&mut self) -> State {
        std::mem::replace(&mut self.state, self.nowhere.clone())
    }

    fn copy(&mut self) -> State {
        self.work += self.state.weight() / 8;
        self.state.clone()
    }

    /// What a variable holds: a local is one of the running call.
    pub(crate) fn variable(&self, variable: Variable) -> Value {
        match variable {
            Variable::Local(local) => self.state.local(self.frame, local),
            Variable::Global(def) => self.state.globals.get(&def).cloned().unwrap_or_default(),
        }
    }

    /// Gives a variable a value.
    pub(crate) fn assign(&mut self, variable: Variable, value: Value) {
        match variable {
            Variable::Local(local) => self.state.set_local(self.frame, local, value),
            Variable::Global(def) => {
                self.state.globals.edit().insert(def, value);
            }
        }
    }

    /// The first clause whose condition is true.
    pub(crate) fn choose(
        &mut self,
        clauses: &[(ExprId, ExprId)],
        otherwise: Option<ExprId>,
        is_bool: bool,
    ) -> Value {
        let mut ways = Vec::with_capacity(clauses.len() + 1);
        for (condition, then) in clauses {
            let condition = self.eval(*condition);
            let truth = truth(&condition);
            let before = self.copy();
            self.state.assume(truth.if_true.as_ref());
            let value = self.eval(*then);
            ways.push((std::mem::replace(&mut self.state, before), value));
            self.state.assume(truth.if_false.as_ref());
        }
        let value = match otherwise {
            Some(otherwise) => self.eval(otherwise),
            None => null(),
        };
        ways.push((self.take_state(), value));
        self.meet(ways, is_bool)
    }

    /// Where ways meet.
    fn meet(&mut self, ways: Vec<(State, Value)>, is_bool: bool) -> Value {
        let mut met = self.nowhere.clone();
        let mut result: Option<Value> = None;
        for (state, mut value) in ways {
            if state.is_dead {
                continue;
            }
            self.work += state.weight() / 8;
            if is_bool {
                value.truth = Some(truth(&value));
            }
            result = Some(match result {
                None => value,
                Some(other) => other.merge(&met.facts, &value, &state.facts),
            });
            met.join(state);
        }
        self.state = met;
        result.unwrap_or_default()
    }

    /// Operands one after the other, as long as they are true, or as long as they are false.
    pub(crate) fn chain_of(&mut self, operands: &[ExprId], is_and: bool) -> Value {
        let mut ways = Vec::with_capacity(operands.len());
        let last = operands.len().saturating_sub(1);
        for (n, operand) in operands.iter().enumerate() {
            let value = self.eval(*operand);
            if n == last {
                ways.push((self.take_state(), value));
                break;
            }
            let known = truth(&value);
            let (stays, goes) = match is_and {
                true => (known.if_true, known.if_false),
                false => (known.if_false, known.if_true),
            };
            let mut left = self.copy();
            left.assume(goes.as_ref());
            // What left knows which truth it left with.
            let none_or = |is_other: bool| if is_other { None } else { Some(Facts::default()) };
            let truth = Truth { if_true: none_or(is_and), if_false: none_or(!is_and) };
            let decided = Value { truth: Some(truth), ..value };
            ways.push((left, decided));
            self.state.assume(stays.as_ref());
        }
        self.meet(ways, true)
    }

    /// A loop with a condition, or without.
    pub(crate) fn repeat(&mut self, condition: Option<ExprId>, body: ExprId) -> Value {
        for root in condition.into_iter().chain([body]) {
            self.forget_assigned(root);
        }
        let Some(condition) = condition else {
            self.eval(body);
            // It is left from inside only.
            self.state.is_dead = true;
            return Value::default();
        };
        let truth = truth(&self.eval(condition));
        let mut skipped = self.copy();
        skipped.assume(truth.if_false.as_ref());
        self.state.assume(truth.if_true.as_ref());
        self.eval(body);
        // A check in the body counts, as if the body ran at least once.
        let facts = self.state.facts.clone();
        let is_body_left = self.state.is_dead;
        self.state.join(skipped);
        if !is_body_left && !self.state.is_dead {
            self.state.know_all(&facts);
        }
        null()
    }

    /// What a loop assigns is not what it was before.
    fn forget_assigned(&mut self, root: ExprId) {
        let mut left = vec![root];
        while let Some(expr) = left.pop() {
            self.work += 1;
            let Some(form) = self.expr(expr) else { continue };
            let variable = match form {
                Expr::SetLocal(local, _) => Some(Variable::Local(*local)),
                Expr::SetGlobal(def, _) => Some(Variable::Global(*def)),
                Expr::Call(..) => {
                    self.forget_globals();
                    None
                }
                _ => None,
            };
            if let Some(variable) = variable {
                let widened = Value::default().join(&self.variable(variable));
                self.assign(variable, Value { truth: None, ..widened });
            }
            form.for_each_child(|child| left.push(child));
        }
    }

    /// What a call may assign is not what it was before, unless it is no number: addresses are told apart by what they are of.
    fn forget_globals(&mut self) {
        let is_number =
            |value: &Value| value.as_number().is_some() || !value.cases.is_empty() || value.truth.is_some();
        if !self.state.globals.values().any(is_number) {
            return;
        }
        for value in self.state.globals.edit().values_mut().filter(|value| is_number(value)) {
            *value = Value { is_vague: true, ..Value::derived([&*value]) };
        }
    }

    /// Evaluates code that may be left early.
    pub(crate) fn exit(&mut self, exit: ExitId, body: ExprId, is_bool: bool) -> Value {
        let key = (self.frame, exit);
        let value = self.eval(body);
        let here = self.take_state();
        let mut ways = vec![(here, value)];
        ways.extend(self.exits.remove(&key));
        self.meet(ways, is_bool)
    }

    /// Leaves code early.
    pub(crate) fn leave(&mut self, exit: ExitId, value: Value) {
        if self.state.is_dead {
            return;
        }
        let key = (self.frame, exit);
        let here = self.copy();
        match self.exits.remove(&key) {
            Some((mut state, known)) => {
                let joined = known.merge(&state.facts, &value, &here.facts);
                state.join(here);
                self.exits.insert(key, (state, joined));
            }
            None => {
                self.exits.insert(key, (here, value));
            }
        }
        self.state.is_dead = true;
    }

    /// Puts a call in place.
    pub(crate) fn call(&mut self, def: DefId, args: Vec<Value>) -> Value {
        let code = self.program.functions.get(&def).copied();
        let known = code.filter(|_| self.calls.len() < MAX_CALLS && !self.calls.contains(&def));
        let Some(code) = known else {
            self.forget_globals();
            return Value { is_vague: true, ..Value::derived(&args) };
        };
        self.calls.push(def);
        let frame = self.frames + 1;
        for ((local, _), value) in code.body.locals.iter_enumerated().zip(args) {
            self.state.set_local(frame, local, value);
        }
        let value = self.run(code);
        self.calls.pop();
        value
    }
}

/// The value null, which is not true.
pub(crate) fn null() -> Value {
    Value { truth: Some(Truth { if_true: None, if_false: Some(Facts::default()) }), ..Value::default() }
}
