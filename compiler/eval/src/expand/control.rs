//! Control: conditions, cases, loops, blocks, jumps.

use super::scope::{Binding, Space};
use super::{Expander, Loop};
use crate::core::{BlockId, Expr, ExprId, LocalId};
use crate::syntax;
use ovsm_base::{Code, Diagnostic};
use ovsm_value::{Symbol, Value};
use std::rc::Rc;

impl Expander<'_> {
    /// `(if condition then else)`.
    pub(crate) fn if_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        let (condition, then, otherwise) = match arguments {
            [condition, then] => (condition, then, None),
            [condition, then, otherwise] => (condition, then, Some(otherwise)),
            _ => {
                return self.malformed(
                    form,
                    "`if` has a condition and one or two branches",
                    "(if condition then else)",
                );
            }
        };
        let condition = self.expr(condition);
        let then = self.expr(then);
        let otherwise = match otherwise {
            Some(otherwise) => self.expr(otherwise),
            None => self.null(),
        };
        self.add(Expr::If(condition, then, otherwise))
    }

    /// `(when condition body…)` and `(unless condition body…)`.
    pub(crate) fn when_form(&mut self, form: &Value, arguments: &[Value], negated: bool) -> ExprId {
        let Some((condition, body)) = arguments.split_first() else {
            return self.malformed(form, "the condition is missing", "(when condition body …)");
        };
        let condition = self.expr(condition);
        let body = self.body(body);
        let null = self.null();
        let (then, otherwise) = if negated { (null, body) } else { (body, null) };
        self.add(Expr::If(condition, then, otherwise))
    }

    /// True for `else`, `otherwise`, `t` and `true`, as the test of a last clause.
    pub(crate) fn is_default(&mut self, test: &Value) -> bool {
        match test {
            Value::Bool(true) => true,
            Value::Keyword(name) => matches!(name.as_str(), "else" | "otherwise" | "default"),
            Value::Symbol(symbol) => {
                matches!(&*symbol.name, "else" | "otherwise" | "t" | "default")
                    && self.find_block(symbol, Space::Value).is_none()
            }
            _ => false,
        }
    }

    /// `(cond (test body…) … (else body…))`.
    pub(crate) fn cond_form(&mut self, _form: &Value, arguments: &[Value]) -> ExprId {
        const SHAPE: &str = "(cond (test body …) … (else body …))";
        let mut clauses: Vec<(ExprId, Option<ExprId>)> = Vec::new();
        let mut default = None;
        for (n, clause) in arguments.iter().enumerate() {
            let Some([test, body @ ..]) = clause.as_items() else {
                return self.malformed(clause, "a clause begins with its test", SHAPE);
            };
            if self.is_default(test) {
                if n + 1 < arguments.len() {
                    return self.malformed(clause, "the clauses after this one are never tried", SHAPE);
                }
                default = Some(self.body(body));
                break;
            }
            let test = self.expr(test);
            let body = if body.is_empty() { None } else { Some(self.body(body)) };
            clauses.push((test, body));
        }
        let mut result = match default {
            Some(default) => default,
            None => self.null(),
        };
        for (test, body) in clauses.into_iter().rev() {
            result = match body {
                Some(body) => self.add(Expr::If(test, body, result)),
                None => self.add(Expr::Or(vec![test, result])),
            };
        }
        result
    }

    /// `(case value (key body…) ((key key) body…) (else body…))`.
    pub(crate) fn case_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        self.case_clauses(form, arguments, "(case value (key body …) … (else body …))", false)
    }

    /// `(ecase value (key body…)…)`: a value that is no key is an error.
    pub(crate) fn ecase_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        self.case_clauses(form, arguments, "(ecase value (key body …) …)", true)
    }

    fn case_clauses(&mut self, form: &Value, arguments: &[Value], shape: &str, must_match: bool) -> ExprId {
        let Some((value, clauses)) = arguments.split_first() else {
            return self.malformed(form, "the value is missing", shape);
        };
        let value = self.expr(value);
        let local = self.local("value");
        let mut tests: Vec<(ExprId, ExprId)> = Vec::new();
        let mut result = None;
        for clause in clauses {
            let Some([keys, body @ ..]) = clause.as_items() else {
                return self.malformed(clause, "a clause begins with its key", shape);
            };
            if !must_match && self.is_default(keys) && !matches!(keys, Value::Bool(_)) {
                result = Some(self.body(body));
                break;
            }
            let keys: Vec<Value> = match keys {
                Value::List(list) if matches!(syntax::head(keys), Some("quote")) => {
                    list.as_slice().iter().skip(1).cloned().collect()
                }
                Value::List(items) | Value::Array(items) => items.as_slice().to_vec(),
                key => vec![key.clone()],
            };
            let mut choices = Vec::new();
            for key in &keys {
                let key = self.case_key(key);
                let parts = vec![self.read(local), key];
                choices.push(self.native("=", parts));
            }
            let test = match choices.as_slice() {
                [] => self.constant(Value::Bool(false)),
                [only] => *only,
                _ => self.add(Expr::Or(choices)),
            };
            let body = self.body(body);
            tests.push((test, body));
        }
        let mut result = match result {
            Some(result) => result,
            None if must_match => {
                let read = self.read(local);
                self.native("#no-case", vec![read])
            }
            None => self.null(),
        };
        for (test, body) in tests.into_iter().rev() {
            result = self.add(Expr::If(test, body, result));
        }
        self.add(Expr::Let(vec![(local, value)], result))
    }

    /// A key of a `case`: a literal, a variable, or a symbol that stands for itself.
    fn case_key(&mut self, key: &Value) -> ExprId {
        match key {
            Value::Symbol(symbol) => match self.meaning(symbol) {
                super::name::Meant::Local(_)
                | super::name::Meant::Global(_)
                | super::name::Meant::Constant(_) => self.expr(key),
                _ => self.constant(key.clone()),
            },
            Value::List(items) if syntax::head(key) == Some("quote") => {
                let quoted = syntax::data(items.get(1).unwrap_or(&Value::Null));
                self.constant(quoted)
            }
            key => self.constant(syntax::data(key)),
        }
    }

    /// `(while condition body…)`, `(until condition body…)`.
    pub(crate) fn while_form(&mut self, form: &Value, arguments: &[Value], negated: bool) -> ExprId {
        let Some((condition, body)) = arguments.split_first() else {
            return self.malformed(form, "the condition is missing", "(while condition body …)");
        };
        let mut condition = self.expr(condition);
        if negated {
            condition = self.native("not", vec![condition]);
        }
        self.in_loop(|expander, _| {
            let body = expander.body(body);
            (
                body,
                Box::new(move |expander: &mut Expander<'_>, body| expander.add(Expr::While(condition, body))),
            )
        })
    }

    /// A loop: `step` gives the body and how the loop is made of it once `continue` has its block.
    #[allow(clippy::type_complexity, reason = "the two halves of a loop")]
    pub(crate) fn in_loop(
        &mut self,
        step: impl FnOnce(&mut Self, Loop) -> (ExprId, Box<dyn FnOnce(&mut Self, ExprId) -> ExprId>),
    ) -> ExprId {
        let (exit, next) = (self.block(), self.block());
        self.loops.push(Loop { exit, next });
        self.returns.push(exit);
        let (mut body, finish) = step(self, Loop { exit, next });
        self.returns.pop();
        self.loops.pop();
        if self.left.contains(&next) {
            body = self.add(Expr::Block(next, body));
        }
        let mut whole = finish(self, body);
        if self.left.contains(&exit) {
            whole = self.add(Expr::Block(exit, whole));
        }
        whole
    }

    /// `(for (x items) body…)`, `(for x in items body…)`, `(dolist (x items result) body…)`.
    pub(crate) fn for_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        const SHAPE: &str = "(for (name items) body …)";
        let (pattern, items, result, body) = match arguments {
            [pattern, word, items, body @ ..] if syntax::name(word) == Some("in") => {
                (pattern, items, None, body)
            }
            [header, body @ ..] => match header.as_items() {
                Some([pattern, items]) => (pattern, items, None, body),
                Some([pattern, word, items]) if syntax::name(word) == Some("in") => {
                    (pattern, items, None, body)
                }
                Some([pattern, items, result]) => (pattern, items, Some(result), body),
                _ => return self.malformed(form, "the variable and the items are missing", SHAPE),
            },
            [] => return self.malformed(form, "the variable and the items are missing", SHAPE),
        };
        if self.front.is_program
            && let Some(range) = self.literal_range(items)
        {
            return self.count_through(&range, result, |expander, item| {
                let mut bindings = Vec::new();
                expander.destructure(pattern, item, true, &mut bindings);
                let body = expander.body_here(body);
                expander.add(Expr::Let(bindings, body))
            });
        }
        let items = self.expr(items);
        self.each(items, result, |expander, item| {
            let mut bindings = Vec::new();
            expander.destructure(pattern, item, true, &mut bindings);
            let body = expander.body_here(body);
            expander.add(Expr::Let(bindings, body))
        })
    }

    /// `(dolist (x items result) body…)`: its value is the result form, or null.
    pub(crate) fn dolist_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        match arguments.split_first() {
            Some((header, body)) if header.as_items().is_some_and(|items| items.len() == 2) => {
                let mut items = header.as_items().unwrap_or(&[]).to_vec();
                items.push(Value::Null);
                let mut with_result = vec![Value::list(items)];
                with_result.extend(body.iter().cloned());
                self.for_form(form, &with_result)
            }
            _ => self.for_form(form, arguments),
        }
    }

    /// Runs a body for each item of a sequence.
    pub(super) fn each(
        &mut self,
        items: ExprId,
        result: Option<&Value>,
        body: impl FnOnce(&mut Self, ExprId) -> ExprId,
    ) -> ExprId {
        let (sequence, index, length) = (self.local("items"), self.local("index"), self.local("length"));
        let items = self.native("#iterable", vec![items]);
        let zero = self.constant(Value::Int(0));
        let read = self.read(sequence);
        let count = self.native("length", vec![read]);
        let parts = vec![self.read(index), self.read(length)];
        let condition = self.native("<", parts);
        let item = self.local("item");
        let whole = self.in_loop(|expander, _| {
            let body = expander.scoped(|expander| {
                let read = expander.read(item);
                body(expander, read)
            });
            let finish = move |expander: &mut Expander<'_>, body: ExprId| {
                // The index moves on before the body runs, so that the value of the body is that of the loop.
                let parts = vec![expander.read(sequence), expander.read(index)];
                let value = expander.native("get", parts);
                let one = expander.constant(Value::Int(1));
                let parts = vec![expander.read(index), one];
                let next = expander.native("+", parts);
                let step = expander.add(Expr::SetLocal(index, next));
                let steps = expander.sequence(vec![step, body]);
                let round = expander.add(Expr::Let(vec![(item, value)], steps));
                expander.add(Expr::While(condition, round))
            };
            (body, Box::new(finish))
        });
        let whole = match result {
            None => whole,
            Some(result) => {
                let result = self.expr(result);
                // What `return` gives is the value; the result form is for a loop that ends by itself.
                match self.unit.exprs.get(whole) {
                    Some(Expr::Block(exit, inner)) => {
                        let (exit, inner) = (*exit, *inner);
                        let steps = self.sequence(vec![inner, result]);
                        self.add(Expr::Block(exit, steps))
                    }
                    _ => self.sequence(vec![whole, result]),
                }
            }
        };
        self.add(Expr::Let(vec![(sequence, items), (index, zero), (length, count)], whole))
    }

    /// `(dotimes (i n result) body…)`.
    pub(crate) fn dotimes_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        const SHAPE: &str = "(dotimes (name count) body …)";
        let Some(([Value::Symbol(symbol), count, result @ ..], body)) =
            arguments.split_first().and_then(|(header, body)| Some((header.as_items()?, body)))
        else {
            return self.malformed(form, "the variable and the count are missing", SHAPE);
        };
        let count = self.expr(count);
        let (counter, limit) = (self.local("counter"), self.local("count"));
        let zero = self.constant(Value::Int(0));
        let parts = vec![self.read(counter), self.read(limit)];
        let condition = self.native("<", parts);
        let whole = self.in_loop(|expander, _| {
            let body = expander.scoped(|expander| {
                let local = expander.bind_symbol(symbol);
                let value = expander.read(counter);
                let body = expander.body_here(body);
                expander.add(Expr::Let(vec![(local, value)], body))
            });
            let finish = move |expander: &mut Expander<'_>, body: ExprId| {
                let one = expander.constant(Value::Int(1));
                let parts = vec![expander.read(counter), one];
                let next = expander.native("+", parts);
                let step = expander.add(Expr::SetLocal(counter, next));
                let steps = expander.sequence(vec![body, step]);
                expander.add(Expr::While(condition, steps))
            };
            (body, Box::new(finish))
        });
        let result = match result.first() {
            Some(result) => self.scoped(|expander| {
                let local = expander.bind_symbol(symbol);
                let value = expander.read(counter);
                let result = expander.expr(result);
                expander.add(Expr::Let(vec![(local, value)], result))
            }),
            None => self.null(),
        };
        // A `break` or `return` with a value gives that value; without one the result form is not reached either.
        let whole = match self.unit.exprs.get(whole) {
            Some(Expr::Block(exit, inner)) => {
                let (exit, inner) = (*exit, *inner);
                let steps = self.sequence(vec![inner, result]);
                self.add(Expr::Block(exit, steps))
            }
            _ => self.sequence(vec![whole, result]),
        };
        self.add(Expr::Let(vec![(counter, zero), (limit, count)], whole))
    }

    /// `(break value)` and `(continue)`.
    pub(crate) fn break_form(&mut self, form: &Value, arguments: &[Value], is_break: bool) -> ExprId {
        let name = if is_break { "break" } else { "continue" };
        let Some(target) = self.loops.last().copied() else {
            return self.report_null(
                form,
                Diagnostic::new(Code::MisplacedJump, format!("`{name}` stands outside of a loop"))
                    .help("it leaves the innermost `while`, `for`, `loop` … of the same function; `return` leaves a function"),
            );
        };
        if arguments.len() > usize::from(is_break) {
            return self.malformed(form, &format!("`{name}` has too many operands"), &format!("({name})"));
        }
        let value = match arguments.first() {
            Some(value) => self.expr(value),
            None => self.null(),
        };
        let block = if is_break { target.exit } else { target.next };
        self.leave(block, value)
    }

    pub(crate) fn leave(&mut self, block: BlockId, value: ExprId) -> ExprId {
        self.left.insert(block);
        self.add(Expr::Leave(block, value))
    }

    /// `(block name body…)`.
    pub(crate) fn block_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        let (name, body) = match arguments {
            [Value::Symbol(name), body @ ..] => (Some(name), body),
            [Value::Null, body @ ..] => (None, body),
            _ => return self.malformed(form, "the name is missing", "(block name body …)"),
        };
        let block = self.block();
        let body = self.scoped(|expander| match name {
            Some(name) => {
                expander.scopes.bind(
                    expander.scope,
                    Space::Block,
                    &name.name,
                    &name.marks,
                    Binding::Block(block),
                );
                expander.body_here(body)
            }
            None => {
                expander.returns.push(block);
                let body = expander.body_here(body);
                expander.returns.pop();
                body
            }
        });
        self.add(Expr::Block(block, body))
    }

    /// `(return value)`: leaves the innermost loop, `(block null …)` or function.
    pub(crate) fn return_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        let value = match arguments {
            [] => self.null(),
            [value] => self.expr(value),
            _ => return self.malformed(form, "`return` has one operand", "(return value)"),
        };
        match self.returns.last().copied() {
            Some(block) => self.leave(block, value),
            None => self.report_null(
                form,
                Diagnostic::new(Code::MisplacedJump, "`return` stands outside of a loop, block or function")
                    .help("`(exit 0)` ends a script"),
            ),
        }
    }

    /// `(return-from name value)`.
    pub(crate) fn return_from_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        let (name, value) = match arguments {
            [name] => (name, None),
            [name, value] => (name, Some(value)),
            _ => return self.malformed(form, "the name of the block is missing", "(return-from name value)"),
        };
        let value = match value {
            Some(value) => self.expr(value),
            None => self.null(),
        };
        match name {
            Value::Null => self.return_null(form, value),
            Value::Symbol(symbol) => match self.find_block(symbol, Space::Block) {
                Some(Binding::Block(block)) => self.leave(block, value),
                _ => self.report_null(
                    form,
                    Diagnostic::new(
                        Code::MisplacedJump,
                        format!("no block `{}` is around this", symbol.name),
                    )
                    .help("it leaves a `(block name …)` or the function of that name around it"),
                ),
            },
            _ => self.malformed(form, "the name of the block must be a symbol", "(return-from name value)"),
        }
    }

    fn return_null(&mut self, form: &Value, value: ExprId) -> ExprId {
        match self.returns.last().copied() {
            Some(block) => self.leave(block, value),
            None => {
                self.malformed(form, "no block is around this", "(block null … (return-from null value))")
            }
        }
    }

    /// `(tagbody tag form… tag form…)`: a loop over the parts, entered at the part that `go` names.
    pub(crate) fn tagbody_form(&mut self, _form: &Value, arguments: &[Value]) -> ExprId {
        let (place, exit, again) = (self.local("tag"), self.block(), self.block());
        let is_tag = |form: &Value| matches!(form, Value::Symbol(_) | Value::Int(_) | Value::Keyword(_));
        let parts = self.scoped(|expander| {
            let mut number = 0;
            for form in arguments.iter().filter(|form| is_tag(form)) {
                number += 1;
                let tag = tag_symbol(form);
                let binding = Binding::Tag(place, number, again);
                expander.scopes.bind(expander.scope, Space::Tag, &tag.name, &tag.marks, binding);
            }
            let mut parts: Vec<Vec<ExprId>> = vec![Vec::new()];
            for form in arguments {
                if is_tag(form) {
                    parts.push(Vec::new());
                } else {
                    let expr = expander.expr(form);
                    if let Some(part) = parts.last_mut() {
                        part.push(expr);
                    }
                }
            }
            parts
        });
        let mut steps = Vec::new();
        for (number, part) in parts.into_iter().enumerate() {
            if part.is_empty() {
                continue;
            }
            let body = self.sequence(part);
            let this = self.constant(Value::from_usize(number));
            let operands = vec![self.read(place), this];
            let test = self.native("<=", operands);
            let null = self.null();
            steps.push(self.add(Expr::If(test, body, null)));
        }
        let null = self.null();
        self.left.insert(exit);
        steps.push(self.add(Expr::Leave(exit, null)));
        let body = self.sequence(steps);
        let body = self.add(Expr::Block(again, body));
        let body = self.add(Expr::Loop(body));
        let whole = self.add(Expr::Block(exit, body));
        let zero = self.constant(Value::Int(0));
        self.add(Expr::Let(vec![(place, zero)], whole))
    }

    /// `(go tag)`.
    pub(crate) fn go_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        let [tag] = arguments else { return self.malformed(form, "the tag is missing", "(go tag)") };
        let symbol = tag_symbol(tag);
        match self.find_block(&symbol, Space::Tag) {
            Some(Binding::Tag(place, number, again)) => {
                let number = self.constant(Value::Int(number));
                let set = self.add(Expr::SetLocal(place, number));
                let null = self.null();
                let leave = self.leave(again, null);
                self.sequence(vec![set, leave])
            }
            _ => self.report_null(
                form,
                Diagnostic::new(Code::MisplacedJump, format!("no tag `{}` is around this", symbol.name))
                    .help("it jumps to a tag of a `tagbody`, `prog` or `prog*` around it"),
            ),
        }
    }

    /// `(prog ((a 1) …) tag form…)`: a `let` around a `tagbody` that `return` leaves.
    pub(crate) fn prog_form(&mut self, form: &Value, arguments: &[Value], sequential: bool) -> ExprId {
        let Some((bindings, rest)) = arguments.split_first() else {
            return self.malformed(form, "the bindings are missing", "(prog ((name value) …) tag-or-form …)");
        };
        let block = self.block();
        self.returns.push(block);
        let mut inner = vec![self.special_symbol("tagbody")];
        inner.extend(rest.iter().cloned());
        let parts = [bindings.clone(), Value::list(inner)];
        let body = match sequential {
            true => self.let_star_form(form, &parts),
            false => self.let_form(form, &parts),
        };
        self.returns.pop();
        self.add(Expr::Block(block, body))
    }

    /// `(do ((var init step) …) (test result…) body…)`, or the forms in order.
    pub(crate) fn do_form(&mut self, form: &Value, arguments: &[Value], sequential: bool) -> ExprId {
        let is_loop = |bindings: &Value, end: &Value| {
            matches!(bindings, Value::List(items) if items.as_slice().iter().all(|item| matches!(item, Value::List(_))))
                && matches!(end, Value::List(items) if !items.is_empty())
        };
        match arguments {
            [bindings @ Value::List(list), end, body @ ..]
                if is_loop(bindings, end)
                    && (sequential || !list.is_empty() && list.as_slice().iter().all(is_do_binding)) =>
            {
                self.do_loop(form, list.as_slice(), end, body, sequential)
            }
            _ if sequential => {
                self.malformed(form, "this is no loop", "(do* ((name first next) …) (test result …) body …)")
            }
            forms => self.body(forms),
        }
    }

    fn do_loop(
        &mut self,
        form: &Value,
        bindings: &[Value],
        end: &Value,
        body: &[Value],
        sequential: bool,
    ) -> ExprId {
        let Some([test, results @ ..]) = end.as_items() else {
            return self.malformed(
                form,
                "the test is missing",
                "(do ((name first next) …) (test result …) body …)",
            );
        };
        self.scoped(|expander| {
            let mut locals: Vec<(LocalId, ExprId)> = Vec::new();
            let mut symbols: Vec<(LocalId, &Rc<Symbol>)> = Vec::new();
            let mut steps: Vec<(LocalId, &Value)> = Vec::new();
            for binding in bindings {
                let Some([Value::Symbol(symbol), rest @ ..]) = binding.as_items() else {
                    return expander.malformed(
                        binding,
                        "a variable has a name and a first value",
                        "(name first next)",
                    );
                };
                let first = match rest.first() {
                    Some(first) => expander.expr(first),
                    None => expander.null(),
                };
                let local = match sequential {
                    true => expander.bind_symbol(symbol),
                    false => expander.local(&symbol.name),
                };
                locals.push((local, first));
                symbols.push((local, symbol));
                if let Some(step) = rest.get(1) {
                    steps.push((local, step));
                }
            }
            if !sequential {
                for (local, symbol) in symbols {
                    expander.scopes.bind(
                        expander.scope,
                        Space::Value,
                        &symbol.name,
                        &symbol.marks,
                        Binding::Local(local),
                    );
                }
            }
            let test = expander.expr(test);
            let condition = expander.native("not", vec![test]);
            let results: Vec<ExprId> = results.iter().map(|result| expander.expr(result)).collect();
            let result = expander.sequence(results);
            let mut next = Vec::new();
            if sequential {
                for (local, step) in steps {
                    let value = expander.expr(step);
                    next.push(expander.add(Expr::SetLocal(local, value)));
                }
            } else {
                // All next values are known before the first variable changes.
                let mut fresh = Vec::new();
                for (local, step) in steps {
                    let value = expander.expr(step);
                    let temporary = expander.local("next");
                    fresh.push((temporary, value));
                    let read = expander.read(temporary);
                    next.push(expander.add(Expr::SetLocal(local, read)));
                }
                if !fresh.is_empty() {
                    let assignments = expander.sequence(std::mem::take(&mut next));
                    next.push(expander.add(Expr::Let(fresh, assignments)));
                }
            }
            let whole = expander.in_loop(|expander, _| {
                let mut inner = vec![expander.special_symbol("tagbody")];
                inner.extend(body.iter().cloned());
                let body = expander.expr(&Value::list(inner));
                let finish = move |expander: &mut Expander<'_>, body: ExprId| {
                    let mut parts = vec![body];
                    parts.extend(next);
                    let body = expander.sequence(parts);
                    let repeat = expander.add(Expr::While(condition, body));
                    expander.sequence(vec![repeat, result])
                };
                (body, Box::new(finish))
            });
            expander.add(Expr::Let(locals, whole))
        })
    }

    /// A symbol that means the special form of that name, whatever the program defines.
    pub(crate) fn special_symbol(&self, name: &str) -> Value {
        syntax::symbol(name, self.near)
    }
}

fn is_do_binding(binding: &Value) -> bool {
    matches!(binding.as_items(), Some([Value::Symbol(_), _] | [Value::Symbol(_), _, _]))
        && !matches!(syntax::head(binding), Some(head) if super::special::find(head).is_some())
}

/// A tag as a symbol: numbers and keywords can be tags too.
fn tag_symbol(tag: &Value) -> Symbol {
    match tag {
        Value::Symbol(symbol) => (**symbol).clone(),
        other => Symbol { name: ovsm_value::write::write(other).into(), marks: Rc::from([]), span: None },
    }
}
