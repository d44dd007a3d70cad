//! Control flow: conditions as branches, `if`, `and`, `or`, `not`, `while`.

use crate::function::Value;
use crate::lower::function::Signatures;
use crate::lower::keys::KeySource;
use crate::lower::state::{Join, OpenExit, State, Variable, Words};
use crate::op::{BinaryOp, Condition};
use ovsm_expand::Builtin;
use ovsm_expand::builtin::Comparison;
use ovsm_expand::core::{ExitId, Expr, ExprId, Variable as Place};
use ovsm_infer::Type as SourceType;

/// True for types of several words whose values are equal if their words are.
fn is_row_of_words(ty: &SourceType) -> bool {
    match ty {
        SourceType::Pubkey => true,
        SourceType::Record(record) => {
            !ty.is_by_address()
                && record.fields.iter().all(|field| {
                    matches!(field.ty, SourceType::Int(_) | SourceType::Bool | SourceType::Pubkey)
                })
        }
        _ => false,
    }
}

impl State<'_> {
    /// Ends the block by going to `yes` if the expression is true and to `no` if not. Afterwards the state is that
    /// of no particular path: the caller rewinds to a join and enters it.
    pub(crate) fn condition(
        &mut self,
        expr: ExprId,
        yes: &mut Join,
        no: &mut Join,
        signatures: &dyn Signatures,
    ) {
        let body = self.body;
        let Some(node) = body.exprs.get(expr) else { return };
        let outer = self.span;
        self.span = body.spans.get(expr).copied().flatten().or(outer);
        ovsm_base::stack::with_room(|| self.condition_node(node, expr, yes, no, signatures));
        self.span = outer;
    }

    fn condition_node(
        &mut self,
        node: &Expr,
        expr: ExprId,
        yes: &mut Join,
        no: &mut Join,
        signatures: &dyn Signatures,
    ) {
        match node {
            Expr::Bool(truth) => self.jump(if *truth { yes } else { no }),
            Expr::Not(operand) => self.condition(*operand, no, yes, signatures),
            Expr::And(operands) | Expr::Or(operands) => {
                let all = matches!(node, Expr::And(_));
                let (last, rest) = match operands.split_last() {
                    Some((last, rest)) => (*last, rest),
                    None => return,
                };
                for operand in rest {
                    let mut next = self.join();
                    match all {
                        true => self.condition(*operand, &mut next, no, signatures),
                        false => self.condition(*operand, yes, &mut next, signatures),
                    }
                    self.rewind(&next);
                    self.enter(next);
                }
                self.condition(last, yes, no, signatures);
            }
            // Both ways leave the scope here, so its locals are forgotten by whoever goes on.
            Expr::Scope(_, code) => self.condition(*code, yes, no, signatures),
            Expr::Block(items) if !items.is_empty() => {
                if let Some((last, rest)) = items.split_last() {
                    for item in rest {
                        self.discard(*item, signatures);
                    }
                    self.condition(*last, yes, no, signatures);
                }
            }
            Expr::If(clauses, otherwise) => {
                for (test, then) in clauses {
                    let mut then_join = self.join();
                    let mut else_join = self.join();
                    self.condition(*test, &mut then_join, &mut else_join, signatures);
                    self.rewind(&then_join);
                    self.enter(then_join);
                    self.condition(*then, yes, no, signatures);
                    self.rewind(&else_join);
                    self.enter(else_join);
                }
                match otherwise {
                    Some(otherwise) => self.condition(*otherwise, yes, no, signatures),
                    None => self.jump(no),
                }
            }
            Expr::Builtin(
                Builtin::Compare(comparison @ (Comparison::Equal | Comparison::NotEqual)),
                args,
            ) if args.len() == 2 && args.iter().all(|arg| self.ty(*arg) == SourceType::Pubkey) => {
                let keys: Vec<KeySource> =
                    args.iter().filter_map(|arg| self.key_source(*arg, signatures)).collect();
                let [a, b] = keys.as_slice() else { return };
                let (same, different) = match comparison {
                    Comparison::Equal => (yes, no),
                    _ => (no, yes),
                };
                for number in 0..4 {
                    let mut next = self.join();
                    let (own, other) = (self.key_word(a, number), self.key_word(b, number));
                    let equal = self.compare(Condition::Equal, own, other);
                    self.branch(equal, &mut next, different);
                    self.rewind(&next);
                    self.enter(next);
                }
                self.jump(same);
            }
            Expr::Builtin(
                Builtin::Compare(comparison @ (Comparison::Equal | Comparison::NotEqual)),
                args,
            ) if args.len() == 2 && args.first().is_some_and(|arg| is_row_of_words(&self.ty(*arg))) => {
                let values: Vec<Words> = args.iter().map(|arg| self.operand(*arg, signatures)).collect();
                let [a, b] = values.as_slice() else { return };
                let (same, different) = match comparison {
                    Comparison::Equal => (yes, no),
                    _ => (no, yes),
                };
                // The first words that differ decide.
                for (a, b) in a.iter().zip(b) {
                    let mut next = self.join();
                    let equal = match self.function.ty(*a) {
                        crate::Type::Word => self.compare(Condition::Equal, *a, *b),
                        crate::Type::Bool => {
                            let (a, b) = (self.as_word(*a), self.as_word(*b));
                            self.compare(Condition::Equal, a, b)
                        }
                    };
                    self.branch(equal, &mut next, different);
                    self.rewind(&next);
                    self.enter(next);
                }
                self.jump(same);
            }
            Expr::Builtin(Builtin::Compare(comparison), args) if args.len() == 2 => {
                let truth = self.comparison(*comparison, args, signatures);
                self.branch(truth, yes, no);
            }
            _ => {
                let value = self.value(expr, signatures);
                let truth = self.truth_of(&value, &self.ty(expr));
                self.branch(truth, yes, no);
            }
        }
    }

    /// Whether a value counts as true.
    pub(crate) fn truth_of(&mut self, value: &[Value], ty: &SourceType) -> Value {
        match (ty, value) {
            (SourceType::Option(_), [_]) if ty.is_by_address() => {
                let flagged = self.flagged(ty, Words::from_slice(value));
                match (ty, flagged.as_slice()) {
                    (SourceType::Option(item), [is_there, rest @ ..]) => {
                        let inner = self.truth_of(rest, item);
                        self.both(*is_there, inner)
                    }
                    _ => self.truth(false),
                }
            }
            (SourceType::Bool, [truth]) => *truth,
            (SourceType::Int(_), [low, high]) => {
                let any = self.binary(BinaryOp::Or, *low, *high);
                self.compare_const(Condition::NotEqual, any, 0)
            }
            (SourceType::String | SourceType::Bytes | SourceType::Slice(_), [_, length]) => {
                self.compare_const(Condition::NotEqual, *length, 0)
            }
            (SourceType::Vec(_) | SourceType::Builder, [_, length, _]) => {
                self.compare_const(Condition::NotEqual, *length, 0)
            }
            (SourceType::Option(item), [is_there, rest @ ..]) => {
                let inner = self.truth_of(rest, item);
                self.both(*is_there, inner)
            }
            (SourceType::Array(_, length), _) => self.truth(*length != 0),
            (SourceType::Record(_) | SourceType::Enum(_) | SourceType::Pubkey, _) => self.truth(true),
            (_, [word]) => self.compare_const(Condition::NotEqual, *word, 0),
            _ => self.truth(false),
        }
    }

    /// `if` and `cond`; with the type of its value if that is used.
    pub(crate) fn choice(
        &mut self,
        clauses: &[(ExprId, ExprId)],
        otherwise: Option<ExprId>,
        ty: Option<&SourceType>,
        signatures: &dyn Signatures,
    ) -> Words {
        let used = ty.is_some();
        let result = self.new_variable();
        let mut end = self.join();
        for (test, then) in clauses {
            let mut then_join = self.join();
            let mut else_join = self.join();
            self.condition(*test, &mut then_join, &mut else_join, signatures);
            self.rewind(&then_join);
            self.enter(then_join);
            self.arm(Some(*then), result, used, signatures);
            self.jump(&mut end);
            self.rewind(&else_join);
            self.enter(else_join);
        }
        match (otherwise, ty) {
            // What is not there is null.
            (None, Some(ty)) => {
                let null = self.absent(ty);
                self.write(result, null);
            }
            _ => self.arm(otherwise, result, used, signatures),
        }
        self.jump(&mut end);
        self.rewind(&end);
        self.enter(end);
        self.read(result).unwrap_or_default()
    }

    fn arm(&mut self, expr: Option<ExprId>, result: Variable, used: bool, signatures: &dyn Signatures) {
        match expr {
            Some(expr) if used => {
                let value = self.value(expr, signatures);
                self.write(result, value);
            }
            Some(expr) => self.discard(expr, signatures),
            None => {}
        }
    }

    /// `and` (`all`) and `or`, whose value is that of the deciding operand.
    pub(crate) fn junction(&mut self, operands: &[ExprId], all: bool, signatures: &dyn Signatures) -> Words {
        let result = self.new_variable();
        let mut end = self.join();
        for (n, operand) in operands.iter().enumerate() {
            let value = self.value(*operand, signatures);
            self.write(result, value.clone());
            if n + 1 == operands.len() {
                self.jump(&mut end);
                break;
            }
            let truth = self.truth_of(&value, &self.ty(*operand));
            let mut next = self.join();
            match all {
                true => self.branch(truth, &mut next, &mut end),
                false => self.branch(truth, &mut end, &mut next),
            }
            self.rewind(&next);
            self.enter(next);
        }
        self.rewind(&end);
        self.enter(end);
        self.read(result).unwrap_or_default()
    }

    pub(crate) fn discard_junction(&mut self, operands: &[ExprId], all: bool, signatures: &dyn Signatures) {
        let mut end = self.join();
        for (n, operand) in operands.iter().enumerate() {
            if n + 1 == operands.len() {
                self.discard(*operand, signatures);
                self.jump(&mut end);
                break;
            }
            let mut next = self.join();
            match all {
                true => self.condition(*operand, &mut next, &mut end, signatures),
                false => self.condition(*operand, &mut end, &mut next, signatures),
            }
            self.rewind(&next);
            self.enter(next);
        }
        self.rewind(&end);
        self.enter(end);
    }

    /// Evaluates a condition for its effects.
    pub(crate) fn discard_condition(&mut self, operand: ExprId, signatures: &dyn Signatures) {
        let mut end = self.join();
        let mut yes = self.join();
        let mut no = self.join();
        self.condition(operand, &mut yes, &mut no, signatures);
        self.rewind(&yes);
        self.enter(yes);
        self.jump(&mut end);
        self.rewind(&no);
        self.enter(no);
        self.jump(&mut end);
        self.rewind(&end);
        self.enter(end);
    }

    /// `not`, as a value.
    pub(crate) fn negation(&mut self, operand: ExprId, signatures: &dyn Signatures) -> Words {
        // A junction or a choice may have operands of several types: only its branches say what it is worth.
        if matches!(
            self.body.exprs[operand],
            Expr::And(_) | Expr::Or(_) | Expr::If(..) | Expr::Block(_) | Expr::Scope(..)
        ) {
            let result = self.new_variable();
            let mut end = self.join();
            let mut yes = self.join();
            let mut no = self.join();
            self.condition(operand, &mut yes, &mut no, signatures);
            for (join, truth) in [(yes, false), (no, true)] {
                self.rewind(&join);
                self.enter(join);
                let value = self.truth(truth);
                self.write(result, Words::from_slice(&[value]));
                self.jump(&mut end);
            }
            self.rewind(&end);
            self.enter(end);
            return self.read(result).unwrap_or_default();
        }
        let value = self.value(operand, signatures);
        let truth = self.truth_of(&value, &self.ty(operand));
        Words::from_elem(self.not(truth), 1)
    }

    pub(crate) fn while_loop(&mut self, condition: ExprId, code: ExprId, signatures: &dyn Signatures) {
        let variables = self.assigned_in(&[condition, code]);
        let header = self.loop_header(&variables);
        let mut body = self.join();
        let mut exit = self.join();
        self.condition(condition, &mut body, &mut exit, signatures);
        self.rewind(&body);
        self.enter(body);
        self.discard(code, signatures);
        self.jump_back(header, &variables);
        self.rewind(&exit);
        self.enter(exit);
    }

    /// A loop that only something in it leaves.
    pub(crate) fn endless_loop(&mut self, code: ExprId, signatures: &dyn Signatures) {
        let variables = self.assigned_in(&[code]);
        let header = self.loop_header(&variables);
        self.discard(code, signatures);
        self.jump_back(header, &variables);
        self.give_up();
    }

    /// Code that [`Self::leave`] can end early. Its value is the one that it is left with, or that of the code.
    pub(crate) fn exit(
        &mut self,
        exit: ExitId,
        code: ExprId,
        used: bool,
        signatures: &dyn Signatures,
    ) -> Words {
        let result = self.new_variable();
        let end = self.join();
        let key = (self.first_local, exit);
        let outer = self.exits.insert(key, OpenExit { join: end, result, used });
        self.arm(Some(code), result, used, signatures);
        let Some(OpenExit { mut join, .. }) = self.exits.remove(&key) else { return Words::new() };
        if let Some(outer) = outer {
            self.exits.insert(key, outer);
        }
        self.jump(&mut join);
        self.rewind(&join);
        self.enter(join);
        self.read(result).unwrap_or_default()
    }

    /// Ends the code of an exit with a value.
    pub(crate) fn leave(&mut self, exit: ExitId, value: ExprId, signatures: &dyn Signatures) {
        let key = (self.first_local, exit);
        let Some((result, used)) = self.exits.get(&key).map(|open| (open.result, open.used)) else { return };
        self.arm(Some(value), result, used, signatures);
        if let Some(mut open) = self.exits.remove(&key) {
            self.jump(&mut open.join);
            self.exits.insert(key, open);
        }
        self.give_up();
    }

    /// The variables with a value that the expressions assign, sorted.
    pub(crate) fn assigned_in(&self, roots: &[ExprId]) -> Vec<Variable> {
        let mut variables = Vec::new();
        let mut work = roots.to_vec();
        while let Some(expr) = work.pop() {
            let Some(node) = self.body.exprs.get(expr) else { continue };
            match node {
                Expr::SetLocal(local, _) | Expr::Put(Place::Local(local), ..) => {
                    variables.push(Variable(self.first_local + local.0));
                }
                Expr::SetGlobal(def, _) | Expr::Put(Place::Global(def), ..) => {
                    variables.extend(self.globals.get(def).copied());
                }
                _ => {}
            }
            node.for_each_child(|child| work.push(child));
        }
        variables.sort_unstable();
        variables.dedup();
        variables.retain(|variable| self.read(*variable).is_some());
        variables
    }
}
