//! What a name is documented as, for the prompt: from the text of its definition. Nothing is run. Start with
//! [`Front::documentation`].

use super::Front;
use crate::machine::Machine;
use crate::module::{Global, Meaning};
use ovsm_value::{NativeId, Value};
use std::rc::Rc;

impl Front {
    /// The parameters and the docstring of a function or macro of the program, of an imported module or of
    /// the prelude.
    pub(crate) fn documentation(&mut self, machine: &mut Machine, name: &str) -> Option<String> {
        let no_marks: Rc<[u32]> = Rc::from([]);
        let found = self.modules.get(self.main.0 as usize)?.get(name, &no_marks).cloned();
        let meaning = match found.or_else(|| self.imported_or_qualified(machine, self.main, name)) {
            Some(meaning) => meaning,
            None => self.prelude(machine, name)?,
        };
        let id = match meaning {
            Meaning::Global(Global { id, .. }) | Meaning::Macro(id, _) => id,
            _ => return None,
        };
        let form = &self.forms.get(*self.definitions.get(&id)?)?.syntax;
        let items = form.as_items()?;
        let head = match items.get(1)? {
            Value::List(signature) => ovsm_value::write::write(&Value::List(Rc::clone(signature))),
            _ => match items.get(2).and_then(Value::as_items) {
                Some([]) | None => format!("({name})"),
                Some(parameters) => {
                    let parameters: Vec<String> = parameters.iter().map(ovsm_value::write::write).collect();
                    format!("({name} {})", parameters.join(" "))
                }
            },
        };
        let doc = items.iter().skip(2).find_map(|item| match item {
            Value::String(text) => Some(unindented(text.as_str())),
            _ => None,
        });
        Some(match doc {
            Some(doc) => format!("{head}\n\n{doc}"),
            None => head,
        })
    }

    /// The built-in function that a name of the main module means, with or without a prefix.
    pub(crate) fn native_named(&mut self, machine: &mut Machine, name: &str) -> Option<NativeId> {
        match self.imported_or_qualified(machine, self.main, name)? {
            Meaning::Native(id) => Some(id),
            _ => None,
        }
    }
}

/// A docstring without the indentation that its later lines share.
fn unindented(text: &str) -> String {
    let later = text.lines().skip(1).filter(|line| !line.trim().is_empty());
    let indent = later.map(|line| line.len() - line.trim_start_matches(' ').len()).min().unwrap_or(0);
    let mut lines = text.lines();
    let mut out = lines.next().unwrap_or("").to_string();
    for line in lines {
        out.push('\n');
        out.push_str(line.get(indent..).unwrap_or(""));
    }
    out
}
