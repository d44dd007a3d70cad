//! Patterns that take a value apart: arrays, lists, objects, with rests, defaults and keywords.

use super::Expander;
use super::scope::Space;
use crate::core::{Expr, ExprId, LocalId};
use crate::syntax;
use ovsm_base::{Code, Diagnostic};
use ovsm_value::{Symbol, Text, Value};
use std::rc::Rc;

impl Expander<'_> {
    /// Binds the names of a pattern in the current scope. A strict pattern fails on a value of another length; a lenient
    /// one gives null for what is missing and leaves out what is too much.
    pub(crate) fn destructure(
        &mut self,
        pattern: &Value,
        value: ExprId,
        strict: bool,
        bindings: &mut Vec<(LocalId, ExprId)>,
    ) {
        ovsm_base::stack::with_room(|| self.destructure_inner(pattern, value, strict, bindings));
    }

    /// Reports a name that a pattern, or the patterns beside it, bind twice.
    fn check_bound_once(&mut self, symbol: &Symbol) {
        if self.scopes.is_bound_here(self.scope, Space::Value, &symbol.name, &symbol.marks) {
            self.report_at(
                symbol.span,
                Diagnostic::new(Code::DuplicateParameter, format!("`{}` is bound twice here", symbol.name))
                    .help("give one of them another name; `_` takes what nobody needs"),
            );
        }
    }

    fn destructure_inner(
        &mut self,
        pattern: &Value,
        value: ExprId,
        strict: bool,
        bindings: &mut Vec<(LocalId, ExprId)>,
    ) {
        match pattern {
            Value::Symbol(symbol) if &*symbol.name == "_" => {
                let local = self.local("_");
                bindings.push((local, value));
            }
            Value::Symbol(symbol) => {
                self.check_bound_once(symbol);
                let local = self.bind_symbol(symbol);
                bindings.push((local, value));
            }
            Value::Array(items) => self.destructure_items(items.as_slice(), value, strict, bindings),
            Value::List(items) => self.destructure_items(items.as_slice(), value, true, bindings),
            Value::Object(entries) => {
                let whole = self.local("object");
                bindings.push((whole, value));
                for (key, part) in entries.iter() {
                    if key.as_str() == "keys"
                        && let Some(names) = part.as_items()
                    {
                        // `{:keys [a b]}` binds the keys of those names.
                        for name in names {
                            let key = syntax::name(name).unwrap_or("_");
                            let read = self.read_key(whole, &Rc::new(Text::new(key)));
                            self.destructure(name, read, strict, bindings);
                        }
                        continue;
                    }
                    let read = self.read_key(whole, key);
                    self.destructure(part, read, strict, bindings);
                }
            }
            Value::Null => {
                // `()` and `null` match anything empty.
                let local = self.local("_");
                bindings.push((local, value));
            }
            other => self.report_at(
                syntax::span(other),
                Diagnostic::new(Code::MalformedForm, "this can not be bound")
                    .help("a pattern is a name, `_`, `[a b & rest]` or `{:key name}`"),
            ),
        }
    }

    fn read_key(&mut self, object: LocalId, key: &Rc<Text>) -> ExprId {
        let parts = vec![self.read(object), self.constant(Value::Keyword(Rc::clone(key)))];
        self.native("get", parts)
    }

    fn destructure_items(
        &mut self,
        items: &[Value],
        value: ExprId,
        strict: bool,
        bindings: &mut Vec<(LocalId, ExprId)>,
    ) {
        let is_word = |item: &Value| {
            matches!(syntax::name(item), Some("&" | "&rest" | "&body" | "&optional" | "&key" | "."))
        };
        let required = items.iter().take_while(|item| !is_word(item)).count();
        let optional = match items.get(required).and_then(syntax::name) {
            Some("&optional") => items.iter().skip(required + 1).take_while(|item| !is_word(item)).count(),
            _ => 0,
        };
        let open = items
            .iter()
            .any(|item| matches!(syntax::name(item), Some("&" | "&rest" | "&body" | "&key" | ".")));
        let whole = self.local("sequence");
        let least = self.constant(Value::from_usize(if strict { required } else { 0 }));
        let most = self.constant(match strict && !open {
            true => Value::from_usize(required + optional),
            false => Value::Null,
        });
        let checked = self.native("#sequence", vec![value, least, most]);
        bindings.push((whole, checked));
        let mut position = 0;
        let mut mode = "";
        for item in items {
            if let Some(word @ ("&" | "&rest" | "&body" | "&optional" | "&key" | ".")) = syntax::name(item) {
                mode = word;
                continue;
            }
            let index = self.constant(Value::from_usize(position));
            match mode {
                "" => {
                    let parts = vec![self.read(whole), index];
                    let read = self.native("get", parts);
                    self.destructure(item, read, strict, bindings);
                    position += 1;
                }
                "&optional" => {
                    let (pattern, default) = match item {
                        Value::List(pair) if pair.len() == 2 => {
                            (pair.get(0).cloned().unwrap_or_default(), pair.get(1).cloned())
                        }
                        item => (item.clone(), None),
                    };
                    let length = self.read(whole);
                    let length = self.native("length", vec![length]);
                    let is_there = self.native("<", vec![index, length]);
                    let at = self.constant(Value::from_usize(position));
                    let parts = vec![self.read(whole), at];
                    let read = self.native("get", parts);
                    let default = match default {
                        Some(default) => self.expr(&default),
                        None => self.null(),
                    };
                    let choice = self.add(Expr::If(is_there, read, default));
                    self.destructure(&pattern, choice, strict, bindings);
                    position += 1;
                }
                "&key" => {
                    let (name, default) = match item {
                        Value::List(pair) => (pair.get(0).cloned().unwrap_or_default(), pair.get(1).cloned()),
                        item => (item.clone(), None),
                    };
                    let key = self.constant(Value::keyword(syntax::name(&name).unwrap_or("_")));
                    let default = match default {
                        Some(default) => self.expr(&default),
                        None => self.null(),
                    };
                    let parts = vec![self.read(whole), index, key, default];
                    let read = self.native("#property", parts);
                    self.destructure(&name, read, strict, bindings);
                }
                _ => {
                    let parts = vec![self.read(whole), index];
                    let rest = self.native("#tail", parts);
                    self.destructure(item, rest, strict, bindings);
                }
            }
        }
    }

    /// `(destructuring-bind pattern value body…)`.
    pub(crate) fn destructuring_bind_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        let [pattern, value, body @ ..] = arguments else {
            return self.malformed(
                form,
                "the pattern or the value is missing",
                "(destructuring-bind pattern value body …)",
            );
        };
        let value = self.expr(value);
        self.scoped(|expander| {
            let mut bindings = Vec::new();
            expander.destructure(pattern, value, true, &mut bindings);
            let body = expander.body_here(body);
            expander.add(Expr::Let(bindings, body))
        })
    }
}
