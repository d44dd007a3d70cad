//! `for`, `with` and `repeat`: what drives a loop.

use super::{Builder, SHAPE, leave_end, outside_rounds, symbol_of};
use crate::core::{Expr, ExprId, LocalId};
use crate::expand::Expander;
use ovsm_value::Value;

/// One `for`: what is tested, and what its pattern is bound to, in each round.
struct Iteration<'f> {
    pattern: &'f Value,
    /// What moves on in every round but the first, before anything else.
    before: Option<ExprId>,
    /// Leaves the loop if the iteration is over.
    test: Option<ExprId>,
    value: ExprId,
    /// The value in the first round, if that stands by itself.
    first: Option<ExprId>,
    /// What moves on, after the value was taken.
    advance: Option<ExprId>,
}

impl<'f> Builder<'f> {
    /// `for a … and b …`: iterations that step at once.
    pub(super) fn iterations(&mut self, expander: &mut Expander<'_>, form: &Value) {
        let mut group = Vec::new();
        self.group.clear();
        loop {
            match self.iteration(expander, form) {
                Some(iteration) => group.push(iteration),
                None => {
                    self.failed = true;
                    return;
                }
            }
            if self.take_word(&["and"]).is_none() {
                break;
            }
            self.take_word(&["for", "as"]);
        }
        // All values are known before the first variable changes.
        let mut assignments: Vec<(&Value, LocalId)> = Vec::new();
        let mut is_peeled = false;
        for iteration in group {
            self.round.extend(iteration.before);
            self.round.extend(iteration.test);
            let local = expander.local("step");
            let null = expander.null();
            self.bindings.push((local, null));
            let set = expander.add(Expr::SetLocal(local, iteration.value));
            if let Some(first) = iteration.first {
                is_peeled = true;
                let set = expander.add(Expr::SetLocal(local, first));
                self.first_steps.push((self.round.len(), set));
            }
            self.round.push(set);
            self.round.extend(iteration.advance);
            assignments.push((iteration.pattern, local));
        }
        expander.scope = expander.scopes.open(expander.scope);
        for (pattern, local) in assignments {
            self.assign(expander, pattern, local);
        }
        if is_peeled {
            self.peeled = self.round.len();
        }
    }

    /// Gives the names of a pattern new values in each round; the variables themselves last as long as the loop.
    fn assign(&mut self, expander: &mut Expander<'_>, pattern: &Value, value: LocalId) {
        let read = expander.read(value);
        if let Value::Symbol(symbol) = pattern {
            let known = self.forward.iter().position(|(known, _)| *known == symbol.name);
            let local = match known {
                Some(at) => {
                    let (_, local) = self.forward.swap_remove(at);
                    let binding = crate::expand::scope::Binding::Local(local);
                    let space = crate::expand::scope::Space::Value;
                    expander.scopes.bind(expander.scope, space, &symbol.name, &symbol.marks, binding);
                    local
                }
                None => {
                    let local = expander.bind_symbol(symbol);
                    let null = expander.null();
                    self.bindings.push((local, null));
                    local
                }
            };
            let set = expander.add(Expr::SetLocal(local, read));
            self.round.push(set);
            return;
        }
        let mut parts = Vec::new();
        expander.destructure(pattern, read, false, &mut parts);
        for (local, part) in parts {
            let null = expander.null();
            self.bindings.push((local, null));
            let set = expander.add(Expr::SetLocal(local, part));
            self.round.push(set);
        }
    }

    fn iteration(&mut self, expander: &mut Expander<'_>, form: &Value) -> Option<Iteration<'f>> {
        let pattern = self.form(expander, form, "for")?;
        self.group.push(pattern);
        if self.take_word(&["of-type"]).is_some() {
            self.form(expander, form, "of-type")?;
        }
        let Some(word) = self.word() else {
            expander.malformed(
                form,
                "`for` needs `in`, `across`, `on`, `=`, `from`, `to` … after its variable",
                SHAPE,
            );
            return None;
        };
        match word {
            "in" | "across" => {
                self.skip(1);
                self.over_items(expander, form, pattern)
            }
            "on" => {
                self.skip(1);
                self.over_tails(expander, form, pattern)
            }
            "=" => {
                self.skip(1);
                let first = self.form(expander, form, "=")?;
                let value = if self.take_word(&["then"]).is_some() {
                    let then = self.form(expander, form, "then")?;
                    // What stands twice in a program may be evaluated twice, but not left half done.
                    if expander.front.is_program && !self.acts && !expander.left.contains(&self.next) {
                        let first = Some(expander.expr(first));
                        let value = self.seeing(expander, then);
                        return Some(Iteration {
                            pattern,
                            before: None,
                            test: None,
                            value,
                            first,
                            advance: None,
                        });
                    }
                    let is_first = self.first_round(expander);
                    let first = expander.expr(first);
                    // The variable itself is seen by what comes after the first round.
                    let then = self.seeing(expander, then);
                    expander.add(Expr::If(is_first, first, then))
                } else {
                    expander.expr(first)
                };
                Some(Iteration { pattern, before: None, test: None, value, first: None, advance: None })
            }
            "being" => {
                self.skip(1);
                self.being(expander, form, pattern)
            }
            "from" | "upfrom" | "downfrom" | "to" | "upto" | "downto" | "below" | "above" | "by" => {
                self.counter(expander, form, pattern)
            }
            other => {
                let message = format!("`for` of `loop` knows no `{}`", crate::expand::name::clip(other));
                expander.malformed(form, &message, SHAPE);
                None
            }
        }
    }

    /// Expands the form after `then`, which sees the variables of its own iteration and of its group. They are bound
    /// by name already: the variables of a loop are made anew when their pattern is assigned, so the name has to mean
    /// the same variable here and there.
    fn seeing(&mut self, expander: &mut Expander<'_>, then: &'f Value) -> ExprId {
        let mut names: Vec<&Value> = self.group.clone();
        // The other variables of a group that steps at once.
        let mut rest = self.rest.iter().peekable();
        while let Some(item) = rest.next() {
            let is_and = matches!(item, Value::Symbol(symbol) if &*symbol.name == "and");
            if is_and && let Some(name) = rest.peek() {
                names.push(name);
            }
        }
        let outer = expander.scope;
        expander.scope = expander.scopes.open(outer);
        for name in names {
            if let Some(symbol) = symbol_of(name) {
                let local = match self.forward.iter().find(|(known, _)| *known == symbol.name) {
                    Some((_, local)) => *local,
                    None => {
                        let local = expander.local(&symbol.name);
                        let null = expander.null();
                        self.bindings.push((local, null));
                        self.forward.push((std::rc::Rc::clone(&symbol.name), local));
                        local
                    }
                };
                expander.scopes.bind(
                    expander.scope,
                    crate::expand::scope::Space::Value,
                    &symbol.name,
                    &symbol.marks,
                    crate::expand::scope::Binding::Local(local),
                );
            }
        }
        let then = expander.expr(then);
        expander.scope = outer;
        then
    }

    fn over_items(
        &mut self,
        expander: &mut Expander<'_>,
        form: &Value,
        pattern: &'f Value,
    ) -> Option<Iteration<'f>> {
        let items = self.form(expander, form, "in")?;
        let items = outside_rounds(expander, items);
        let items = expander.native("#iterable", vec![items]);
        let by = self.step_of_list(expander, form)?;
        Some(self.indexed(expander, pattern, items, by, "get"))
    }

    fn over_tails(
        &mut self,
        expander: &mut Expander<'_>,
        form: &Value,
        pattern: &'f Value,
    ) -> Option<Iteration<'f>> {
        let items = self.form(expander, form, "on")?;
        let items = outside_rounds(expander, items);
        let items = expander.native("#iterable", vec![items]);
        let by = self.step_of_list(expander, form)?;
        Some(self.indexed(expander, pattern, items, by, "#tail"))
    }

    /// `by #'cddr`: how many items a step passes.
    fn step_of_list(&mut self, expander: &mut Expander<'_>, form: &Value) -> Option<i64> {
        if self.take_word(&["by"]).is_none() {
            return Some(1);
        }
        let step = self.form(expander, form, "by")?;
        let name = match step {
            Value::List(items) => items.get(1).and_then(crate::syntax::name),
            step => crate::syntax::name(step),
        };
        match (name, step) {
            (Some("cdr" | "rest"), _) => Some(1),
            (Some("cddr"), _) => Some(2),
            (_, Value::Int(n)) if *n > 0 => Some(*n),
            _ => {
                expander.malformed(step, "a step over items is `cdr`, `cddr` or a number", SHAPE);
                None
            }
        }
    }

    fn indexed(
        &mut self,
        expander: &mut Expander<'_>,
        pattern: &'f Value,
        items: ExprId,
        by: i64,
        read: &str,
    ) -> Iteration<'f> {
        let (sequence, index, length) =
            (expander.local("items"), expander.local("index"), expander.local("length"));
        let zero = expander.constant(Value::Int(0));
        let whole = expander.read(sequence);
        let count = expander.native("length", vec![whole]);
        self.bindings.extend([(sequence, items), (index, zero), (length, count)]);
        let parts = vec![expander.read(index), expander.read(length)];
        let goes_on = expander.native("<", parts);
        let parts = vec![expander.read(sequence), expander.read(index)];
        let value = expander.native(read, parts);
        let step = expander.constant(Value::Int(by));
        let parts = vec![expander.read(index), step];
        let next = expander.native("+", parts);
        let advance = expander.add(Expr::SetLocal(index, next));
        let test = Some(self.unless(expander, goes_on));
        Iteration { pattern, before: None, test, value, first: None, advance: Some(advance) }
    }

    /// Ends the rounds unless a condition is true.
    fn unless(&mut self, expander: &mut Expander<'_>, condition: ExprId) -> ExprId {
        let leave = leave_end(expander, self.end);
        let null = expander.null();
        expander.add(Expr::If(condition, null, leave))
    }

    /// `being the hash-keys of table using (hash-value v)`.
    fn being(
        &mut self,
        expander: &mut Expander<'_>,
        form: &Value,
        pattern: &'f Value,
    ) -> Option<Iteration<'f>> {
        self.take_word(&["the", "each"]);
        let kind = self.take_word(&[
            "hash-keys",
            "hash-key",
            "hash-values",
            "hash-value",
            "keys",
            "values",
            "elements",
            "element",
            "entries",
        ]);
        let Some(kind) = kind else {
            expander.malformed(form, "`being the` is followed by `hash-keys of` or `hash-values of`", SHAPE);
            return None;
        };
        if self.take_word(&["of", "in"]).is_none() {
            expander.malformed(form, "`of` and the table are missing", SHAPE);
            return None;
        }
        let table = self.form(expander, form, "of")?;
        let table = outside_rounds(expander, table);
        let native = match kind {
            "hash-keys" | "hash-key" | "keys" => "keys",
            "hash-values" | "hash-value" | "values" => "object-values",
            "entries" => "entries",
            _ => "#iterable",
        };
        let items = expander.native(native, vec![table]);
        Some(self.indexed(expander, pattern, items, 1, "get"))
    }

    fn counter(
        &mut self,
        expander: &mut Expander<'_>,
        form: &Value,
        pattern: &'f Value,
    ) -> Option<Iteration<'f>> {
        let (mut from, mut to, mut by) = (None, None, None);
        let (mut down, mut exclusive) = (false, false);
        while let Some(word) =
            self.take_word(&["from", "upfrom", "downfrom", "to", "upto", "downto", "below", "above", "by"])
        {
            let operand = self.form(expander, form, word)?;
            let local = expander.local(word);
            let value = outside_rounds(expander, operand);
            self.bindings.push((local, value));
            match word {
                "from" | "upfrom" => from = Some(local),
                "downfrom" => {
                    from = Some(local);
                    down = true;
                }
                "to" | "upto" => to = Some(local),
                "downto" => {
                    to = Some(local);
                    down = true;
                }
                "below" => {
                    to = Some(local);
                    exclusive = true;
                }
                "above" => {
                    to = Some(local);
                    (down, exclusive) = (true, true);
                }
                _ => by = Some(local),
            }
        }
        let counter = expander.local("counter");
        let first = match from {
            Some(from) => expander.read(from),
            None => expander.constant(Value::Int(0)),
        };
        self.bindings.push((counter, first));
        let test = to.map(|to| {
            let parts = vec![expander.read(counter), expander.read(to)];
            let comparison = match (down, exclusive) {
                (false, false) => "<=",
                (false, true) => "<",
                (true, false) => ">=",
                (true, true) => ">",
            };
            let goes_on = expander.native(comparison, parts);
            self.unless(expander, goes_on)
        });
        let value = expander.read(counter);
        let step = match by {
            Some(by) => expander.read(by),
            None => expander.constant(Value::Int(1)),
        };
        let parts = vec![expander.read(counter), step];
        let next = expander.native(if down { "-" } else { "+" }, parts);
        let advance = expander.add(Expr::SetLocal(counter, next));
        let is_last = to.and_then(|to| self.is_last(expander, counter, to, by, down, exclusive));
        let Some(is_last) = is_last else {
            return Some(Iteration {
                pattern,
                before: None,
                test,
                value,
                first: None,
                advance: Some(advance),
            });
        };
        // After the last round there is no next number: it may not be one of the type.
        let ends = self.leave_if(expander, is_last);
        let steps = expander.sequence(vec![ends, advance]);
        let is_first = self.first_round(expander);
        let null = expander.null();
        let before = expander.add(Expr::If(is_first, null, steps));
        Some(Iteration { pattern, before: Some(before), test, value, first: None, advance: None })
    }

    /// Whether a counter is at its last number; `None` if the next one always exists.
    fn is_last(
        &mut self,
        expander: &mut Expander<'_>,
        counter: LocalId,
        to: LocalId,
        by: Option<LocalId>,
        down: bool,
        exclusive: bool,
    ) -> Option<ExprId> {
        let (counter, to) = (expander.read(counter), expander.read(to));
        match by {
            None if exclusive => None,
            None => Some(expander.native("=", vec![counter, to])),
            Some(by) if !expander.front.is_program => {
                let by = expander.read(by);
                let (from, to) = if down { (to, counter) } else { (counter, to) };
                (!exclusive).then(|| expander.native("#is-last", vec![from, to, by]))
            }
            Some(by) => {
                let distance = expander.native("-", if down { vec![counter, to] } else { vec![to, counter] });
                let by = expander.read(by);
                Some(expander.native(if exclusive { "<=" } else { "<" }, vec![distance, by]))
            }
        }
    }

    /// Ends the rounds if a condition is true.
    fn leave_if(&mut self, expander: &mut Expander<'_>, condition: ExprId) -> ExprId {
        let leave = leave_end(expander, self.end);
        let null = expander.null();
        expander.add(Expr::If(condition, leave, null))
    }

    /// `with a = 1 and b = 2`.
    pub(super) fn with(&mut self, expander: &mut Expander<'_>, form: &Value) {
        let mut group = Vec::new();
        loop {
            let Some(pattern) = self.form(expander, form, "with") else { return };
            let value = match self.take_word(&["="]) {
                Some(_) => {
                    let Some(value) = self.form(expander, form, "=") else { return };
                    outside_rounds(expander, value)
                }
                None => expander.null(),
            };
            group.push((pattern, value));
            if self.take_word(&["and"]).is_none() {
                break;
            }
        }
        expander.scope = expander.scopes.open(expander.scope);
        for (pattern, value) in group {
            let mut parts = Vec::new();
            expander.destructure(pattern, value, false, &mut parts);
            self.bindings.extend(parts);
        }
    }

    /// `repeat n`.
    pub(super) fn repeat(&mut self, expander: &mut Expander<'_>, form: &Value) {
        let Some(count) = self.form(expander, form, "repeat") else { return };
        let count = outside_rounds(expander, count);
        let left = expander.local("left");
        self.bindings.push((left, count));
        let zero = expander.constant(Value::Int(0));
        let parts = vec![expander.read(left), zero];
        let goes_on = expander.native(">", parts);
        let test = self.unless(expander, goes_on);
        self.round.push(test);
        let one = expander.constant(Value::Int(1));
        let parts = vec![expander.read(left), one];
        let next = expander.native("-", parts);
        let step = expander.add(Expr::SetLocal(left, next));
        self.round.push(step);
    }
}
