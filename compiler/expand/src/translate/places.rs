//! Parts of values: reading them, and replacing them in what a variable holds.

use super::{Place, Translator};
use crate::core::{Expr as Core, ExprId as CoreId, Key, Variable};
use crate::ty::Type;
use ovsm_base::Span;
use ovsm_eval::core::{Expr, ExprId, GlobalId, LocalId};
use ovsm_value::{NativeId, Value};

/// What replaces a part.
struct Replacement<'a> {
    keys: Vec<&'a ExprId>,
    /// A function of the old part and further operands; else the value itself.
    function: Option<NativeId>,
    operands: &'a [ExprId],
}

impl<'a> Translator<'a> {
    /// What a key expression means.
    pub(super) fn key(&mut self, key: ExprId) -> Key {
        // The operands of a place stand in locals of their own.
        let constant = match self.unit.exprs.get(key) {
            Some(Expr::Constant(value)) => Some(value),
            Some(Expr::Local(local)) => self.constants.get(local),
            _ => None,
        };
        match constant {
            Some(Value::Keyword(name) | Value::String(name)) => Key::Field(name.as_str().to_string(), None),
            _ => Key::Index(self.expr(key, Place::VALUE)),
        }
    }

    /// A part of a value.
    pub(super) fn get(&mut self, value: CoreId, key: Key, span: Option<Span>) -> CoreId {
        let name = match &key {
            Key::Field(name, None) => Some(name.clone()),
            // A pattern; the value may be an account. What a check looks at is none.
            Key::Payload(Type::Record(record), _, number) if !self.is_checking => {
                record.fields.get(*number).map(|field| field.name.clone())
            }
            _ => None,
        };
        let get = self.body.add(Core::Get(value, key), span);
        match name {
            Some(name) => self.guarded_read(get, &name, span),
            None => get,
        }
    }

    /// A part of a local that is updated; `None` if it is no part.
    pub(super) fn put_local(
        &mut self,
        local: LocalId,
        id: NativeId,
        operands: &'a [ExprId],
        span: Option<Span>,
    ) -> Option<CoreId> {
        let replacement = self.replacement(id, operands)?;
        let Some(local) = self.locals.get(&local).copied() else {
            return Some(self.body.add(Core::Error, span));
        };
        if self.is_too_early(local) {
            return Some(self.used_too_early(local, span));
        }
        Some(self.put(Variable::Local(local), replacement, span))
    }

    /// The same for a module-level variable.
    pub(super) fn put_global(
        &mut self,
        global: GlobalId,
        id: NativeId,
        operands: &'a [ExprId],
        span: Option<Span>,
    ) -> Option<CoreId> {
        let replacement = self.replacement(id, operands)?;
        let Some((def, _)) = self.global(global) else { return Some(self.foreign(global, span)) };
        self.body.globals.push(def);
        Some(self.put(Variable::Global(def), replacement, span))
    }

    fn replacement(&self, id: NativeId, operands: &'a [ExprId]) -> Option<Replacement<'a>> {
        let path = |path: &'a ExprId| match self.unit.exprs.get(*path) {
            Some(Expr::Native(_, keys)) => keys.iter().collect(),
            _ => Vec::new(),
        };
        match (ovsm_library::get(id)?.name, operands) {
            ("put", [key, _]) => {
                Some(Replacement { keys: vec![key], function: None, operands: operands.get(1..)? })
            }
            ("#put-in", [keys, _]) => {
                Some(Replacement { keys: path(keys), function: None, operands: operands.get(1..)? })
            }
            ("#update-in", [keys, function, ..]) => match self.unit.exprs.get(*function) {
                Some(Expr::Constant(Value::Native(id))) => {
                    Some(Replacement { keys: path(keys), function: Some(*id), operands: operands.get(2..)? })
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn put(&mut self, variable: Variable, replacement: Replacement<'a>, span: Option<Span>) -> CoreId {
        let keys: Vec<Key> = replacement.keys.iter().map(|key| self.key(**key)).collect();
        let value = match replacement.function {
            None => match replacement.operands {
                [value] => self.expr(*value, Place::VALUE),
                _ => self.body.add(Core::Error, span),
            },
            Some(function) => {
                // The operands come first, as with a whole variable.
                let (prefix, operands) = self.operands_first(replacement.operands);
                let mut old = self.body.add(
                    match variable {
                        Variable::Local(local) => Core::Local(local),
                        Variable::Global(def) => Core::Global(def),
                    },
                    span,
                );
                for key in &replacement.keys {
                    let key = self.key(**key);
                    old = self.get(old, key, span);
                }
                let value = self.native_of(function, old, operands, span);
                self.after(prefix, value, span)
            }
        };
        self.guarded_put(variable, keys, value, span)
    }

    /// A value with a part replaced.
    pub(super) fn with_part(
        &mut self,
        value: ExprId,
        path: &'a [ExprId],
        part: ExprId,
        span: Option<Span>,
    ) -> CoreId {
        let value = self.expr(value, Place::VALUE);
        let whole = self.temporary("whole", span);
        let bind = self.body.add(Core::Bind(whole, value), span);
        let path = path.iter().map(|key| self.key(*key)).collect();
        let part = self.expr(part, Place::VALUE);
        let put = self.guarded_put(Variable::Local(whole), path, part, span);
        let read = self.body.add(Core::Local(whole), span);
        self.body.add(Core::Block(vec![bind, put, read]), span)
    }
}
