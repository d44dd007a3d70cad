//! Places: what can be assigned, and the forms that assign.
//!
//! A place is a variable, or a part of what a place holds: a base and a path of keys. Assigning a part replaces the
//! whole value of the base, in place if nobody else holds it. Each operand of a place is evaluated once, from left to
//! right.

use super::name::Meant;
use super::typed_places::Variable;
use super::{Expander, hygiene};
use crate::core::{Expr, ExprId, GlobalId, LocalId};
use crate::module::{GlobalKind, Setter};
use crate::syntax;
use ovsm_base::{Code, Diagnostic};
use ovsm_value::{Symbol, Value};
use std::rc::Rc;

/// Where a place begins.
enum Base {
    Local(LocalId),
    Global(GlobalId),
    /// A value that is no variable: only tables and cells in it can be changed.
    Value(LocalId),
}

/// A place whose operands were evaluated.
struct Place {
    base: Base,
    path: Vec<LocalId>,
    /// The base is a cell; the path goes into what it holds.
    is_cell: bool,
    /// `(cdr x)`: everything after the first item.
    is_tail: bool,
    /// What is read where nothing is.
    default: Option<LocalId>,
    /// The operands, in the order in which they are evaluated.
    bindings: Vec<(LocalId, ExprId)>,
}

impl Expander<'_> {
    /// Takes a place apart; `None`, reported, if it is none.
    fn place(&mut self, form: &Value) -> Option<Place> {
        let start = |base| Place {
            base,
            path: Vec::new(),
            is_cell: false,
            is_tail: false,
            default: None,
            bindings: Vec::new(),
        };
        match form {
            Value::Symbol(symbol) => match self.meaning(symbol) {
                Meant::Local(local) if self.constants.contains(&local) => {
                    self.constant_assigned(symbol);
                    None
                }
                Meant::Local(local) => Some(start(Base::Local(local))),
                Meant::Global(global) if global.kind == GlobalKind::Constant => {
                    self.constant_assigned(symbol);
                    None
                }
                Meant::Global(global) if self.is_of_another_module(global, symbol) => {
                    self.imported_assigned(symbol);
                    None
                }
                Meant::Global(global) => Some(start(Base::Global(global.id))),
                Meant::SymbolMacro(form, expansion) => {
                    let mark = self.front.new_expansion(expansion);
                    self.place(&hygiene::mark(&form, mark))
                }
                Meant::Unknown => match self.unknown(symbol) {
                    expr if let Some(Expr::Global(id)) = self.unit.exprs.get(expr) => {
                        Some(start(Base::Global(*id)))
                    }
                    _ => None,
                },
                _ => {
                    let null = self.null();
                    self.assign(symbol, null);
                    None
                }
            },
            Value::List(items) => self.part(form, items.as_slice()),
            _ => {
                self.no_place(form);
                None
            }
        }
    }

    fn no_place(&mut self, form: &Value) {
        let text = ovsm_value::write::brief(form);
        self.report_at(
            syntax::span(form),
            Diagnostic::new(Code::NotAPlace, format!("`{text}` can not be assigned"))
                .help("a place is a variable or a part of one: `(get x key)`, `(nth x i)`, `(first x)`, `(. x field)`, `(cell-get c)`"),
        );
    }

    fn part(&mut self, form: &Value, items: &[Value]) -> Option<Place> {
        let (head, arguments) = items.split_first()?;
        // `(:key object)`.
        if let (Value::Keyword(_), [object]) = (head, arguments) {
            return self.at_key(object, KeyForm::Constant(head.clone()));
        }
        // `([] array index)` as the original has it.
        if let (Value::Array(empty), [array, index]) = (head, arguments)
            && empty.is_empty()
        {
            return self.at_key(array, KeyForm::Form(index));
        }
        let Value::Symbol(symbol) = head else {
            self.no_place(form);
            return None;
        };
        match self.meaning(symbol) {
            Meant::Macro(function, expansion) => {
                let expanded = self.expand_call(&symbol.name, &function, expansion, form, arguments)?;
                return self.place(&expanded);
            }
            Meant::Global(_) | Meant::Type(..) => {
                if let Some(setter) = self.front.setter(self.module, &symbol.name)
                    && let Setter::Field(field) = setter
                    && let [record] = arguments
                {
                    return self.at_key(record, KeyForm::Constant(Value::Keyword(syntax::interned(&field))));
                }
            }
            Meant::Local(_) => {
                if let [key] = arguments {
                    // `(object :key)`: an object that is called reads a key.
                    return self.at_key(head, KeyForm::Form(key));
                }
            }
            _ => {}
        }
        let index = |n: i64| KeyForm::Constant(Value::Int(n));
        match (&*symbol.name, arguments) {
            (
                "get" | "nth" | "elt" | "aref" | "svref" | "[]" | "char-at" | "char" | "getf",
                [collection, key],
            ) => {
                // `(nth index list)` as Common Lisp has it.
                match (&*symbol.name, collection) {
                    ("nth", Value::Int(_)) => self.at_key(key, KeyForm::Form(collection)),
                    _ => self.at_key(collection, KeyForm::Form(key)),
                }
            }
            ("get", [collection, key, default]) => {
                let place = self.at_key(collection, KeyForm::Form(key))?;
                Some(self.with_default(place, default))
            }
            ("gethash", [first, second, rest @ ..]) => {
                // Common Lisp puts the key first; the table is the operand that can be a place.
                let place = match first {
                    Value::Symbol(_) if !matches!(second, Value::Symbol(_)) => {
                        self.at_key(first, KeyForm::Form(second))
                    }
                    _ => self.at_key(second, KeyForm::Form(first)),
                }?;
                Some(match rest.first() {
                    Some(default) => self.with_default(place, default),
                    None => place,
                })
            }
            ("get-in", [collection, path]) => {
                let mut place = self.place_or_value(collection)?;
                match path {
                    Value::Array(keys) => {
                        for key in keys.as_slice() {
                            self.push_key(&mut place, KeyForm::Form(key));
                        }
                    }
                    _ => {
                        self.no_place(form);
                        return None;
                    }
                }
                Some(place)
            }
            (".", [object, fields @ ..]) if !fields.is_empty() => {
                let mut place = self.place_or_value(object)?;
                for field in fields {
                    let key = match field {
                        Value::Symbol(field) => {
                            KeyForm::Constant(Value::Keyword(syntax::interned(&field.name)))
                        }
                        field => KeyForm::Form(field),
                    };
                    self.push_key(&mut place, key);
                }
                Some(place)
            }
            ("first" | "car" | "head", [list]) => self.at_key(list, index(0)),
            ("second" | "cadr", [list]) => self.at_key(list, index(1)),
            ("third" | "caddr", [list]) => self.at_key(list, index(2)),
            ("fourth", [list]) => self.at_key(list, index(3)),
            ("fifth", [list]) => self.at_key(list, index(4)),
            ("last", [list]) => self.at_key(list, index(-1)),
            ("rest" | "cdr" | "tail", [list]) => {
                let mut place = self.place_or_value(list)?;
                place.is_tail = true;
                Some(place)
            }
            ("cell-get" | "deref", [cell]) => {
                let local = self.local("cell");
                let value = self.expr(cell);
                Some(Place {
                    base: Base::Value(local),
                    path: Vec::new(),
                    is_cell: true,
                    is_tail: false,
                    default: None,
                    bindings: vec![(local, value)],
                })
            }
            ("the", [_, inner]) => self.place(inner),
            _ => {
                self.no_place(form);
                None
            }
        }
    }

    fn place_or_value(&mut self, form: &Value) -> Option<Place> {
        let is_place = match form {
            Value::Symbol(symbol) => matches!(
                self.meaning(symbol),
                Meant::Local(_) | Meant::Global(_) | Meant::SymbolMacro(..) | Meant::Unknown
            ),
            Value::List(items) => match items.as_slice() {
                [Value::Keyword(_), _] => true,
                [Value::Symbol(head), ..] => {
                    matches!(
                        &*head.name,
                        "get"
                            | "nth"
                            | "elt"
                            | "aref"
                            | "."
                            | "cell-get"
                            | "deref"
                            | "the"
                            | "first"
                            | "car"
                            | "second"
                            | "third"
                            | "last"
                            | "gethash"
                            | "get-in"
                            | "cadr"
                            | "rest"
                            | "cdr"
                    ) || self.front.setter(self.module, &head.name).is_some()
                        || matches!(self.meaning(head), Meant::Macro(..))
                }
                _ => false,
            },
            _ => false,
        };
        if is_place {
            return self.place(form);
        }
        let local = self.local("value");
        let value = self.expr(form);
        Some(Place {
            base: Base::Value(local),
            path: Vec::new(),
            is_cell: false,
            is_tail: false,
            default: None,
            bindings: vec![(local, value)],
        })
    }

    fn at_key(&mut self, collection: &Value, key: KeyForm<'_>) -> Option<Place> {
        let mut place = self.place_or_value(collection)?;
        self.push_key(&mut place, key);
        Some(place)
    }

    fn with_default(&mut self, mut place: Place, default: &Value) -> Place {
        let local = self.local("default");
        let value = self.expr(default);
        place.bindings.push((local, value));
        place.default = Some(local);
        place
    }

    fn push_key(&mut self, place: &mut Place, key: KeyForm<'_>) {
        let value = match key {
            KeyForm::Constant(value) => self.constant(value),
            KeyForm::Form(form) => self.expr(form),
        };
        let local = self.local("key");
        place.bindings.push((local, value));
        place.path.push(local);
    }

    fn base_value(&mut self, place: &Place) -> ExprId {
        match place.base {
            Base::Local(local) | Base::Value(local) => self.read(local),
            Base::Global(global) => self.add(Expr::Global(global)),
        }
    }

    fn read_place_base(&mut self, place: &Place) -> ExprId {
        let mut value = self.base_value(place);
        if place.is_cell {
            value = self.native("cell-get", vec![value]);
        }
        for (n, key) in place.path.iter().enumerate() {
            let mut parts = vec![value, self.read(*key)];
            if let (Some(default), true) = (place.default, n + 1 == place.path.len()) {
                parts.push(self.read(default));
            }
            value = self.native("get", parts);
        }
        value
    }

    fn read_place(&mut self, place: &Place) -> ExprId {
        let value = self.read_place_base(place);
        if place.is_tail { self.native("rest", vec![value]) } else { value }
    }

    /// Replaces the base by a native of it and the arguments.
    fn update_base(&mut self, place: &Place, native: &str, arguments: Vec<ExprId>) -> ExprId {
        let id = self.native_id(native);
        match place.base {
            Base::Local(local) => self.update_variable(Variable::Local(local), id, arguments),
            Base::Global(global) => self.update_variable(Variable::Global(global), id, arguments),
            Base::Value(local) => {
                // Nothing holds the new value, unless the part is in a table.
                let mut parts = vec![self.read(local)];
                parts.extend(arguments);
                self.native(&format!("{native}-shared"), parts)
            }
        }
    }

    fn path(&mut self, place: &Place) -> ExprId {
        let keys = place.path.iter().map(|key| self.read(*key)).collect();
        self.native("#array", keys)
    }

    /// Assigns a value that stands in a local; gives nothing of use.
    fn write_place(&mut self, place: &Place, value: LocalId) -> ExprId {
        let value = self.read(value);
        if place.is_tail {
            // The first item stays.
            let whole = self.read_place_base(place);
            let first = self.native("first", vec![whole]);
            let joined = self.native("cons", vec![first, value]);
            let local = self.local("whole");
            let inner = Place {
                base: copy_base(&place.base),
                path: place.path.clone(),
                is_cell: place.is_cell,
                is_tail: false,
                default: None,
                bindings: Vec::new(),
            };
            let write = self.write_place(&inner, local);
            return self.add(Expr::Let(vec![(local, joined)], write));
        }
        if place.is_cell {
            let cell = self.base_value(place);
            let content = match place.path.is_empty() {
                true => value,
                false => {
                    let read = self.base_value(place);
                    let whole = self.native("cell-get", vec![read]);
                    let path = self.path(place);
                    self.native("#put-in", vec![whole, path, value])
                }
            };
            return self.native("cell-set!", vec![cell, content]);
        }
        if place.path.is_empty() {
            return match place.base {
                Base::Local(local) => self.assign_variable(Variable::Local(local), value),
                Base::Global(global) => self.assign_variable(Variable::Global(global), value),
                Base::Value(_) => value,
            };
        }
        if let ([key], false) = (place.path.as_slice(), matches!(place.base, Base::Value(_))) {
            let key = self.read(*key);
            return self.update_base(place, "put", vec![key, value]);
        }
        let path = self.path(place);
        self.update_base(place, "#put-in", vec![path, value])
    }

    /// Replaces what a place holds by a pure native of it and the arguments. Its value is the new one.
    fn update_place(&mut self, form: &Value, native: &str, arguments: &[Value], fixed: Vec<Value>) -> ExprId {
        if self.has_setter(form) {
            let mut parts = vec![self.expr(form)];
            parts.extend(arguments.iter().map(|argument| self.expr(argument)).collect::<Vec<_>>());
            parts.extend(fixed.into_iter().map(|value| self.constant(value)).collect::<Vec<_>>());
            let value = self.native(native, parts);
            return self.set_place(form, value);
        }
        let Some(place) = self.place(form) else { return self.null() };
        let mut extra: Vec<ExprId> = arguments.iter().map(|argument| self.expr(argument)).collect();
        for value in fixed {
            extra.push(self.constant(value));
        }
        let simple = place.path.is_empty() && !place.is_cell && !place.is_tail;
        if simple && place.bindings.is_empty() {
            return self.update_base(&place, native, extra);
        }
        let function_id = self.native_id(native);
        let (path, function) = (self.path(&place), self.constant(Value::Native(function_id)));
        let update_arguments: Vec<ExprId> =
            [path, function].into_iter().chain(extra.iter().copied()).collect();
        let variable = match place.base {
            Base::Local(local) => Some(Variable::Local(local)),
            Base::Global(global) => Some(Variable::Global(global)),
            Base::Value(_) => None,
        };
        // A part of a typed variable whose new value only a check can tell: the check is of the part alone.
        let needs_check = variable.and_then(|variable| self.stated(variable)).is_some_and(|(what, ty)| {
            let id = self.native_id("#update-in");
            self.kept(id, update_arguments.clone(), &what, &ty).is_none()
        });
        if place.is_cell || place.is_tail || place.default.is_some() || needs_check {
            let (mut bindings, values) = self.evaluated_before(function_id, &extra);
            let mut parts = vec![self.read_place(&place)];
            parts.extend(values);
            let value = self.native(native, parts);
            let local = self.local("new");
            let write = self.write_place(&place, local);
            let read = self.read(local);
            let steps = self.sequence(vec![write, read]);
            bindings.push((local, value));
            let inner = self.add(Expr::Let(bindings, steps));
            return self.add(Expr::Let(place.bindings, inner));
        }
        let update = self.update_base(&place, "#update-in", update_arguments);
        let read = self.read_place(&place);
        let steps = self.sequence(vec![update, read]);
        self.add(Expr::Let(place.bindings, steps))
    }

    /// Assigns a place. Gives the value.
    pub(crate) fn set_place(&mut self, form: &Value, value: ExprId) -> ExprId {
        if let Value::Symbol(symbol) = form {
            return self.assign(symbol, value);
        }
        // A place that the program defined.
        if let Value::List(items) = form
            && let [Value::Symbol(symbol), arguments @ ..] = items.as_slice()
        {
            if &*symbol.name == "values" {
                return self.set_values(arguments, value);
            }
            if let Some(Setter::Macro(id)) = self.front.setter(self.module, &symbol.name) {
                return self.set_by_macro(id, form, symbol, arguments, value);
            }
            if let Some(Setter::Function(id)) = self.front.setter(self.module, &symbol.name) {
                let mut parts: Vec<ExprId> = arguments.iter().map(|argument| self.expr(argument)).collect();
                parts.push(value);
                let callee = self.add(Expr::Global(id));
                return self.add(Expr::Call(callee, parts));
            }
        }
        let Some(place) = self.place(form) else { return self.null() };
        let local = self.local("new");
        let write = self.write_place(&place, local);
        let read = self.read(local);
        let steps = self.sequence(vec![write, read]);
        let mut bindings = place.bindings;
        bindings.push((local, value));
        self.add(Expr::Let(bindings, steps))
    }

    /// A place whose assignment a `defsetf` with a template makes: its operands and the value are known before.
    fn set_by_macro(
        &mut self,
        id: GlobalId,
        form: &Value,
        symbol: &Rc<Symbol>,
        arguments: &[Value],
        value: ExprId,
    ) -> ExprId {
        self.front.prepare_global(self.machine, id);
        let Some(function) = self.machine.global(id).cloned() else { return self.null() };
        let values: Vec<ExprId> = arguments.iter().map(|argument| self.expr(argument)).collect();
        self.scoped(|expander| {
            let mut bindings = Vec::new();
            let mut operands = Vec::new();
            for value in values.into_iter().chain([value]) {
                let symbol = super::definition::intern(&format!("operand {}", operands.len()), None);
                let local = expander.bind_symbol(&symbol);
                bindings.push((local, value));
                operands.push(Value::Symbol(Rc::new(symbol)));
            }
            let expansion = super::Expansion { module: expander.module, scope: super::Scopes::TOP };
            let body = match expander.expand_call(&symbol.name, &function, expansion, form, &operands) {
                Some(expanded) => expander.expanded(&symbol.name, &expanded),
                None => expander.null(),
            };
            expander.add(Expr::Let(bindings, body))
        })
    }

    /// True for a place that only its own setter can assign.
    fn has_setter(&self, form: &Value) -> bool {
        let Some(name) = syntax::head(form) else { return false };
        matches!(self.front.setter(self.module, name), Some(Setter::Function(_) | Setter::Macro(_)))
    }

    /// `(setf (values a b) form)`.
    fn set_values(&mut self, places: &[Value], value: ExprId) -> ExprId {
        let all = self.add(Expr::AllValues(value));
        let local = self.local("values");
        let mut steps = Vec::new();
        for (n, place) in places.iter().enumerate() {
            let index = self.constant(Value::from_usize(n));
            let parts = vec![self.read(local), index];
            let value = self.native("get", parts);
            steps.push(self.set_place(place, value));
        }
        let steps = self.sequence(steps);
        self.add(Expr::Let(vec![(local, all)], steps))
    }

    /// `(set! place value)` and `(setf place value place value …)`.
    pub(crate) fn setf_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        if arguments.is_empty() || !arguments.len().is_multiple_of(2) {
            return self.malformed(form, "each place needs a value", "(setf place value …)");
        }
        let mut steps = Vec::new();
        for pair in arguments.chunks(2) {
            let [place, value] = pair else { continue };
            let value = self.expr(value);
            steps.push(self.set_place(place, value));
        }
        self.sequence(steps)
    }

    /// `(incf place delta)` and `(decf place delta)`.
    pub(crate) fn incf_form(&mut self, form: &Value, arguments: &[Value], operation: &str) -> ExprId {
        match arguments {
            [place] => self.update_place(place, operation, &[], vec![Value::Int(1)]),
            [place, delta] => self.update_place(place, operation, std::slice::from_ref(delta), Vec::new()),
            _ => self.malformed(form, "a place and at most one number", "(incf place delta)"),
        }
    }

    /// `(push! place item)`; `(push item place)` as Common Lisp has it puts the item in front.
    pub(crate) fn push_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        match arguments {
            [place, items @ ..] if !items.is_empty() => {
                let mut last = None;
                let steps: Vec<ExprId> = items
                    .iter()
                    .map(|item| self.update_place(place, "push", std::slice::from_ref(item), Vec::new()))
                    .collect();
                let whole = self.sequence(steps);
                last.replace(whole);
                whole
            }
            _ => self.malformed(form, "a place and an item", "(push! place item)"),
        }
    }

    /// `(append! place part …)`: the texts of the parts, or their items, at the end of what the place holds.
    pub(crate) fn append_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        match arguments {
            [place, parts @ ..] if !parts.is_empty() => {
                self.update_place(place, "append-to", parts, Vec::new())
            }
            _ => self.malformed(form, "a place and what is put at its end", "(append! place part …)"),
        }
    }

    /// `(clear! place)`: empties what the place holds.
    pub(crate) fn clear_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        match arguments {
            [place] => self.update_place(place, "emptied", &[], Vec::new()),
            _ => self.malformed(form, "a place", "(clear! place)"),
        }
    }

    /// `(pop! place)`: removes the last item and gives it.
    pub(crate) fn pop_form(&mut self, form: &Value, arguments: &[Value], native: &str, read: &str) -> ExprId {
        let [place_form] = arguments else {
            return self.malformed(form, "`pop!` has one operand", "(pop! place)");
        };
        let Some(place) = self.place(place_form) else { return self.null() };
        let value = self.read_place(&place);
        let item = self.native(read, vec![value]);
        let local = self.local("item");
        let simple = place.path.is_empty() && !place.is_cell && !place.is_tail;
        let update = if simple {
            self.update_base(&place, native, Vec::new())
        } else if place.is_cell || place.is_tail {
            let value = self.read_place(&place);
            let shorter = self.native(native, vec![value]);
            let new = self.local("new");
            let write = self.write_place(&place, new);
            self.add(Expr::Let(vec![(new, shorter)], write))
        } else {
            let function = self.constant(Value::Native(self.native_id(native)));
            let parts = vec![self.path(&place), function];
            self.update_base(&place, "#update-in", parts)
        };
        let read = self.read(local);
        let steps = self.sequence(vec![update, read]);
        let mut bindings = place.bindings;
        bindings.push((local, item));
        self.add(Expr::Let(bindings, steps))
    }

    /// `(swap-places! a b)`, `(rotatef a b …)`: each place gets the value of the next, the last that of the first.
    pub(crate) fn rotate_form(&mut self, _form: &Value, arguments: &[Value]) -> ExprId {
        let mut bindings = Vec::new();
        for place in arguments {
            let value = self.expr(place);
            bindings.push((self.local("old"), value));
        }
        let mut steps = Vec::new();
        for (n, place) in arguments.iter().enumerate() {
            let from = bindings.get((n + 1) % arguments.len().max(1)).map(|(local, _)| *local);
            if let Some(from) = from {
                let value = self.read(from);
                steps.push(self.set_place(place, value));
            }
        }
        steps.push(self.null());
        let steps = self.sequence(steps);
        self.add(Expr::Let(bindings, steps))
    }

    /// `(shiftf a b … value)`: each place gets the value of the next; gives the old value of the first.
    pub(crate) fn shift_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        if arguments.len() < 2 {
            return self.malformed(form, "at least a place and a value", "(shiftf place … value)");
        }
        let mut bindings = Vec::new();
        for argument in arguments {
            let value = self.expr(argument);
            bindings.push((self.local("old"), value));
        }
        let mut steps = Vec::new();
        for (place, next) in
            arguments.iter().zip(bindings.iter().skip(1).map(|(local, _)| *local).collect::<Vec<_>>())
        {
            let value = self.read(next);
            steps.push(self.set_place(place, value));
        }
        if let Some((first, _)) = bindings.first() {
            steps.push(self.read(*first));
        }
        let steps = self.sequence(steps);
        self.add(Expr::Let(bindings, steps))
    }

    /// `(psetf a x b y)`: all values are known before the first place changes. Gives null.
    pub(crate) fn psetf_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        if !arguments.len().is_multiple_of(2) {
            return self.malformed(form, "each place needs a value", "(psetf place value …)");
        }
        let mut bindings = Vec::new();
        let mut steps = Vec::new();
        for pair in arguments.chunks(2) {
            let [_, value] = pair else { continue };
            let value = self.expr(value);
            bindings.push((self.local("value"), value));
        }
        let locals: Vec<LocalId> = bindings.iter().map(|(local, _)| *local).collect();
        for (pair, local) in arguments.chunks(2).zip(locals) {
            let [place, _] = pair else { continue };
            let value = self.read(local);
            steps.push(self.set_place(place, value));
        }
        steps.push(self.null());
        let steps = self.sequence(steps);
        self.add(Expr::Let(bindings, steps))
    }

    /// `(defsetf name function)` or `(defsetf name (parameter…) (value) body…)`: handled at the top level; elsewhere it is
    /// out of place.
    pub(crate) fn symbol_of<'f>(&self, form: &'f Value) -> Option<&'f Rc<Symbol>> {
        if let Value::Symbol(symbol) = form { Some(symbol) } else { None }
    }
}

enum KeyForm<'f> {
    Constant(Value),
    Form(&'f Value),
}

fn copy_base(base: &Base) -> Base {
    match base {
        Base::Local(local) => Base::Local(*local),
        Base::Global(global) => Base::Global(*global),
        Base::Value(local) => Base::Value(*local),
    }
}
