//! Looking at expansions: what the macro calls of a form become, step by step.
//!
//! Nothing here takes part in compiling. A step replaces the first macro call, from the outside in and from left to
//! right, by what it stands for. Local macros are left as they are: what they mean depends on the code around them.

use crate::front::Front;
use crate::machine::{Environment, Machine};
use crate::session::Session;
use crate::syntax;
use ovsm_value::{Symbol, Value};
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// One macro call that was replaced.
pub struct Step {
    /// The name of the macro.
    pub name: Rc<str>,
    /// The call, in written form.
    pub call: String,
    /// What it stands for.
    pub result: String,
    /// The form as a whole after the step.
    pub whole: String,
}

/// A top-level form and its expansion.
pub struct Expanded {
    /// The steps, at most as many as were asked for.
    pub steps: Vec<Step>,
    /// The form after the last step. What a macro makes several definitions of stands there as several forms.
    pub forms: Vec<String>,
}

/// True if a text is that of a program: one of its forms is a macro that only programs have, and that it does not define
/// itself.
pub fn is_program(path: &str, text: &str) -> bool {
    let forms = crate::Sources::default().add("main", path, text).forms;
    let defines = |name: &str| {
        forms.iter().any(|form| {
            let second = form.as_items().and_then(|items| items.get(1)).and_then(syntax::name);
            second == Some(name) && syntax::head(form).is_some_and(|head| head.starts_with("def"))
        })
    };
    forms.iter().filter_map(syntax::head).any(|head| crate::is_of_programs(head) && !defines(head))
}

impl Session {
    /// Expands the macro calls of every form of a text that was loaded before, at most `limit` of each form.
    ///
    /// # Errors
    /// The message of the first macro that fails.
    pub fn expand_text(&mut self, path: &str, text: &str, limit: usize) -> Result<Vec<Expanded>, String> {
        let forms = self.front.sources.add("main", path, text).forms;
        forms.iter().map(|form| self.expand_form(form, limit)).collect()
    }

    fn expand_form(&mut self, form: &Value, limit: usize) -> Result<Expanded, String> {
        let mut whole = form.clone();
        let mut steps = Vec::new();
        while steps.len() < limit {
            let Some(step) = next_step(&mut self.front, &mut self.machine, &whole)? else { break };
            whole = step.whole;
            let names = Names::of(&whole);
            steps.push(Step {
                name: step.name,
                call: names.shown(&step.call),
                result: names.shown(&step.result),
                whole: names.shown(&whole),
            });
        }
        let names = Names::of(&whole);
        let mut forms = Vec::new();
        match steps.is_empty() {
            true => forms.push(whole),
            false => spliced(whole, &mut forms),
        }
        let forms = forms.iter().map(|form| names.shown(form)).collect();
        Ok(Expanded { steps, forms })
    }
}

/// The forms that a form stands for at the top level.
fn spliced(form: Value, forms: &mut Vec<Value>) {
    match form.as_items() {
        Some([_, parts @ ..]) if matches!(syntax::head(&form), Some("do" | "progn")) => {
            parts.iter().for_each(|part| ovsm_base::stack::with_room(|| spliced(part.clone(), forms)));
        }
        _ => forms.push(form),
    }
}

struct Found {
    name: Rc<str>,
    call: Value,
    result: Value,
    whole: Value,
}

/// Replaces the first macro call of a form.
fn next_step(front: &mut Front, machine: &mut Machine, form: &Value) -> Result<Option<Found>, String> {
    ovsm_base::stack::with_room(|| {
        let Value::List(items) = form else { return within(front, machine, form) };
        if let Some(Value::Symbol(head)) = items.get(0) {
            let result =
                Environment::expand(front, machine, form, false).map_err(|raised| message(&raised))?;
            if !ovsm_value::compare::equal(&result, form) {
                let name = Rc::clone(&head.name);
                return Ok(Some(Found { name, call: form.clone(), result: result.clone(), whole: result }));
            }
        }
        within(front, machine, form)
    })
}

fn message(raised: &ovsm_value::Raised) -> String {
    match &**raised {
        ovsm_value::Unwind::Error(error) => error.message.clone(),
        _ => "a macro did not return".to_string(),
    }
}

/// Replaces the first macro call among the parts of a form that are code.
fn within(front: &mut Front, machine: &mut Machine, form: &Value) -> Result<Option<Found>, String> {
    for (n, part) in parts(form).iter().enumerate() {
        let found = match part {
            Part::Code(code) => next_step(front, machine, code)?,
            Part::Other => None,
            // What is around code, and is none itself: bindings, clauses.
            Part::Around(code) => around(front, machine, code)?,
        };
        if let Some(found) = found {
            return Ok(Some(Found { whole: with_part(form, n, found.whole), ..found }));
        }
    }
    Ok(None)
}

fn around(front: &mut Front, machine: &mut Machine, outer: &Around) -> Result<Option<Found>, String> {
    let items = outer.form.as_items().unwrap_or(&[]);
    for (n, item) in items.iter().enumerate().skip(outer.skipped) {
        let found = match outer.inner {
            None => next_step(front, machine, item)?,
            Some(_) if item.as_items().is_none() => None,
            // What follows a `:` is a type.
            Some(skipped) => {
                let is_typed = item.as_items().and_then(|it| it.get(1)).and_then(syntax::name) == Some(":");
                let skipped = if is_typed { skipped + 2 } else { skipped };
                around(front, machine, &Around { form: item.clone(), skipped, inner: None })?
            }
        };
        if let Some(found) = found {
            return Ok(Some(Found { whole: with_part(&outer.form, n, found.whole), ..found }));
        }
    }
    Ok(None)
}

fn with_part(form: &Value, n: usize, part: Value) -> Value {
    let mut parts = form.as_items().unwrap_or(&[]).to_vec();
    if let Some(old) = parts.get_mut(n) {
        *old = part;
    }
    match form {
        Value::Array(_) => Value::array(parts),
        _ => Value::list(parts),
    }
}

/// A part of a form.
enum Part {
    /// An expression.
    Code(Value),
    /// A name, a type, a pattern, parameters: a list there is no call.
    Other,
    /// A list of lists with expressions in them.
    Around(Around),
}

/// A list whose items are expressions, or lists of them.
struct Around {
    form: Value,
    /// How many of its items are no expressions.
    skipped: usize,
    /// The same for its items, if they are lists of expressions.
    inner: Option<usize>,
}

/// What the parts of a form are.
fn parts(form: &Value) -> Vec<Part> {
    let Some(items) = form.as_items() else { return Vec::new() };
    if matches!(form, Value::Array(_)) {
        return items.iter().cloned().map(Part::Code).collect();
    }
    let bindings = |n: usize| items.get(n).is_some_and(|item| item.as_items().is_some());
    let around = |item: &Value, skipped, inner| Part::Around(Around { form: item.clone(), skipped, inner });
    let mut follows_type_mark = false;
    let part = |(n, item): (usize, &Value)| {
        let is_type = std::mem::replace(
            &mut follows_type_mark,
            matches!(syntax::name(item), Some(":" | "->")) && n > 0,
        );
        match (syntax::head(form).unwrap_or(""), n) {
            _ if is_type => Part::Other,
            (
                "quote" | "quasiquote" | "defmacro" | "define-macro" | "defrecord" | "defstruct" | "defenum"
                | "deftype" | "import" | "export",
                _,
            ) => Part::Other,
            ("fn" | "lambda" | "defn" | "defun" | "define", 1)
            | ("defn" | "defun", 2)
            | ("the", 1)
            | ("is?", 2) => {
                // `(defn name (parameters) …)` and `(define name value)`.
                Part::Other
            }
            ("let" | "let*" | "letrec" | "prog" | "prog*", 1) => around(item, 0, Some(1)),
            ("let", 2) if !bindings(1) => around(item, 0, Some(1)),
            ("flet" | "labels", 1) => around(item, 0, Some(2)),
            ("macrolet" | "symbol-macrolet", 1) => Part::Other,
            ("for" | "dotimes" | "dolist", 1) => around(item, 1, None),
            ("cond", 1..) => around(item, 0, None),
            ("case" | "match" | "typecase", 2..) | ("catch", 1) => around(item, 1, None),
            _ => Part::Code(item.clone()),
        }
    };
    items.iter().enumerate().map(part).collect()
}

/// Names that macros bind get a number, so that they are not mistaken for those of the program.
struct Names {
    numbers: FxHashMap<(Rc<str>, Rc<[u32]>), usize>,
}

impl Names {
    /// The names that a form binds on behalf of macros.
    fn of(form: &Value) -> Names {
        let mut names = Names { numbers: FxHashMap::default() };
        names.find(form);
        names
    }

    fn find(&mut self, form: &Value) {
        ovsm_base::stack::with_room(|| {
            let (Value::List(items) | Value::Array(items)) = form else { return };
            let items = items.as_slice();
            match (syntax::head(form), items.get(1)) {
                (Some("let" | "let*" | "letrec" | "flet" | "labels" | "prog" | "prog*"), Some(bindings)) => {
                    for binding in bindings.as_items().unwrap_or(&[]) {
                        self.bind(binding.as_items().and_then(<[Value]>::first).unwrap_or(binding));
                    }
                }
                (Some("fn" | "lambda" | "for" | "dotimes" | "dolist"), Some(list)) => {
                    list.as_items().unwrap_or(&[]).iter().for_each(|name| self.bind(name));
                }
                (Some("define" | "defn" | "defun"), Some(name)) => {
                    self.bind(name);
                    name.as_items().unwrap_or(&[]).iter().for_each(|name| self.bind(name));
                    items
                        .get(2)
                        .and_then(Value::as_items)
                        .unwrap_or(&[])
                        .iter()
                        .for_each(|name| self.bind(name));
                }
                _ => {}
            }
            items.iter().for_each(|item| self.find(item));
        });
    }

    fn bind(&mut self, name: &Value) {
        if let Value::Symbol(symbol) = name
            && !symbol.marks.is_empty()
            && !symbol.marks.contains(&Symbol::COMPUTED)
        {
            let next = self.numbers.len() + 1;
            self.numbers.entry((Rc::clone(&symbol.name), Rc::clone(&symbol.marks))).or_insert(next);
        }
    }

    fn shown(&self, form: &Value) -> String {
        ovsm_value::write::write(&self.plain(form))
    }

    fn plain(&self, form: &Value) -> Value {
        ovsm_base::stack::with_room(|| match form {
            Value::Symbol(symbol) => {
                match self.numbers.get(&(Rc::clone(&symbol.name), Rc::clone(&symbol.marks))) {
                    Some(number) => syntax::symbol(&format!("{}%{number}", symbol.name), None),
                    None => syntax::symbol(&symbol.name, None),
                }
            }
            Value::List(items) => {
                // `(. place field)`: the names of fields are bound by nobody.
                let fields = if syntax::head(form) == Some(".") { 2 } else { usize::MAX };
                let plain = |(n, item): (usize, &Value)| match item {
                    Value::Symbol(symbol) if n >= fields => syntax::symbol(&symbol.name, None),
                    item => self.plain(item),
                };
                Value::list(items.as_slice().iter().enumerate().map(plain).collect())
            }
            Value::Array(items) => {
                Value::array(items.as_slice().iter().map(|item| self.plain(item)).collect())
            }
            Value::Object(entries) => Value::object(
                entries.iter().map(|(key, value)| (Rc::clone(key), self.plain(value))).collect(),
            ),
            other => other.clone(),
        })
    }
}
