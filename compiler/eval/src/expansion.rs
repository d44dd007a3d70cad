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
    /// The form after the last step.
    pub text: String,
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
        let text = Names::of(&whole).shown(&whole);
        Ok(Expanded { steps, text })
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
        if matches!(syntax::head(form), Some("quote" | "quasiquote" | "defmacro" | "define-macro")) {
            return Ok(None);
        }
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

/// Replaces the first macro call among the parts of a form.
fn within(front: &mut Front, machine: &mut Machine, form: &Value) -> Result<Option<Found>, String> {
    let (items, is_list) = match form {
        Value::List(items) => (items, true),
        Value::Array(items) => (items, false),
        _ => return Ok(None),
    };
    for (n, item) in items.as_slice().iter().enumerate() {
        if let Some(found) = next_step(front, machine, item)? {
            let mut parts = items.as_slice().to_vec();
            if let Some(part) = parts.get_mut(n) {
                *part = found.whole;
            }
            let whole = if is_list { Value::list(parts) } else { Value::array(parts) };
            return Ok(Some(Found { whole, ..found }));
        }
    }
    Ok(None)
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
            Value::List(items) => Value::list(items.as_slice().iter().map(|item| self.plain(item)).collect()),
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
