//! Quasiquote: templates that become code which builds a form.

use super::Expander;
use crate::core::{Expr, ExprId};
use crate::syntax::{self, Head};
use ovsm_base::{Code, Diagnostic};
use ovsm_value::Value;
use std::rc::Rc;

impl Expander<'_> {
    /// `(quasiquote template)`.
    pub(crate) fn quasiquote_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        match arguments {
            [template] => {
                if self.is_macro_body {
                    self.mention_imports(template);
                }
                self.template(template, 1)
            }
            _ => self.malformed(form, "a quasiquote has one operand", "`template"),
        }
    }

    /// The names in the template of a macro are used, whether or not the macro is called here.
    fn mention_imports(&mut self, template: &Value) {
        let has_imports =
            self.front.modules.get(self.module.0 as usize).is_some_and(|module| !module.imports.is_empty());
        if has_imports {
            for (name, _) in crate::program::symbols(template) {
                self.front.mention(self.machine, self.module, &name);
            }
        }
    }

    /// A template at a depth of nested quasiquotes.
    fn template(&mut self, template: &Value, depth: u32) -> ExprId {
        if !has_unquote(template) {
            let value = syntax::data(template);
            return self.add(Expr::Constant(value));
        }
        ovsm_base::stack::with_room(|| self.template_inner(template, depth))
    }

    fn template_inner(&mut self, template: &Value, depth: u32) -> ExprId {
        match template {
            Value::List(items) => {
                let items = items.as_slice();
                match (syntax::head(template), items) {
                    (Some("unquote"), [_, form]) if depth == 1 => return self.expr(form),
                    (Some(head @ ("unquote" | "quasiquote")), [_, form]) => {
                        let depth = if head == "quasiquote" { depth + 1 } else { depth - 1 };
                        let head = self.constant(items.first().cloned().unwrap_or_default());
                        let inner = self.template(form, depth);
                        return self.native("#list", vec![head, inner]);
                    }
                    (Some(Head::OBJECT), [_, rest @ ..]) => {
                        return self.parts(rest, depth, "#object", "#splice-object");
                    }
                    (Some(Head::SET), [_, rest @ ..]) => {
                        return self.parts(rest, depth, "#set", "#splice-set");
                    }
                    _ => {}
                }
                let list = self.parts(items, depth, "#list", "#splice");
                match (self.is_macro_body, syntax::span(template)) {
                    // What a macro gives knows where its template stands.
                    (true, Some(span)) => {
                        let place = self.constant(syntax::list(Vec::new(), Some(span)));
                        self.native("#template", vec![place, list])
                    }
                    _ => list,
                }
            }
            Value::Array(items) => self.parts(items.as_slice(), depth, "#array", "#splice-array"),
            Value::Object(entries) => {
                let mut parts = Vec::new();
                for (key, value) in entries.iter() {
                    parts.push(self.constant(Value::String(Rc::clone(key))));
                    parts.push(self.template(value, depth));
                }
                self.native("#object", parts)
            }
            other => self.constant(other.clone()),
        }
    }

    /// The parts of a collection: put together by one native, or, where something is spliced in, by another that takes
    /// sequences.
    fn parts(&mut self, items: &[Value], depth: u32, plain: &str, splicing: &str) -> ExprId {
        let is_splice = |item: &Value| {
            depth == 1
                && syntax::head(item) == Some("unquote-splicing")
                && matches!(item.as_items(), Some([_, _]))
        };
        if !items.iter().any(is_splice) {
            let parts = items.iter().map(|item| self.splice_or_template(item, depth)).collect();
            return self.native(plain, parts);
        }
        let mut groups = Vec::new();
        let mut group: Vec<ExprId> = Vec::new();
        for item in items {
            if is_splice(item) {
                if !group.is_empty() {
                    let parts = std::mem::take(&mut group);
                    groups.push(self.native("#list", parts));
                }
                if let Some([_, form]) = item.as_items() {
                    let spliced = self.expr(form);
                    groups.push(spliced);
                }
            } else {
                group.push(self.template(item, depth));
            }
        }
        if !group.is_empty() {
            groups.push(self.native("#list", group));
        }
        self.native(splicing, groups)
    }

    fn splice_or_template(&mut self, item: &Value, depth: u32) -> ExprId {
        if syntax::head(item) == Some("unquote-splicing")
            && let Some([head, form]) = item.as_items()
        {
            let head = self.constant(head.clone());
            let inner = self.template(form, depth.saturating_sub(1).max(1));
            return self.native("#list", vec![head, inner]);
        }
        self.template(item, depth)
    }

    /// `,x` outside of a template.
    pub(crate) fn unquote_form(&mut self, form: &Value, _arguments: &[Value]) -> ExprId {
        self.report_null(
            form,
            Diagnostic::new(Code::MalformedForm, "an unquote stands outside of a quasiquote")
                .help("`,x` and `,@x` stand inside of a template that begins with a backquote"),
        )
    }
}

fn has_unquote(form: &Value) -> bool {
    match form {
        Value::List(items) => {
            matches!(syntax::head(form), Some("unquote" | "unquote-splicing"))
                || ovsm_base::stack::with_room(|| items.as_slice().iter().any(has_unquote))
        }
        Value::Array(items) => ovsm_base::stack::with_room(|| items.as_slice().iter().any(has_unquote)),
        Value::Object(entries) => entries.values().any(has_unquote),
        _ => false,
    }
}
