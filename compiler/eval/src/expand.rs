//! Expansion of a top-level form into core.
//!
//! Syntax goes in, a [`Unit`] comes out; macros are run on the way, by the same machine that runs the program, as pure
//! code with bounded fuel. Each special form is a function of one of the submodules, listed in `special.rs`. What is
//! wrong is reported and becomes null, so that one fault does not hide the others. Start with [`Expander::expr`].

mod account_types;
mod binding;
mod body;
mod control;
mod counting;
mod definition;
mod destructure;
mod errors;
mod field_checks;
mod function;
pub(crate) mod generics;
mod hygiene;
mod loop_form;
mod macros;
mod match_form;
pub(crate) mod name;
mod places;
mod quasiquote;
mod read_conditions;
mod records;
mod refinement;
mod scope;
mod special;
mod testing;
mod threading;
mod typed_places;
mod types;
mod values;
mod vec_form;

pub(crate) use definition::defined_names;
pub use field_checks::{FieldCheck, FieldCheckKind};
pub(crate) use name::clip;
pub use read_conditions::is_read_from_bytes;
pub use scope::Expansion;
pub use types::program_descriptor as type_descriptor;

use crate::core::{BlockId, Expr, ExprId, FunctionCode, FunctionId, Local, LocalId, Unit};
use crate::front::Front;
use crate::machine::Machine;
use crate::module::ModuleId;
use crate::syntax;
use ovsm_base::{Code, Diagnostic, MacroOrigin, Span};
use ovsm_value::sequence::Origin;
use ovsm_value::{NativeId, Symbol, Value};
use rustc_hash::{FxHashMap, FxHashSet};
use scope::{Binding, ScopeId, Scopes, Space};
use std::rc::Rc;

/// Expressions nest at most so deeply after expansion.
const MAX_DEPTH: u32 = 2_000;

/// A form becomes at most so many expressions.
const MAX_EXPRESSIONS: usize = 2_000_000;

/// Code tells at most so many of the macros that made it.
const MAX_PLACES: usize = 5;

/// A form reports at most so many faults.
const MAX_DIAGNOSTICS: usize = 100;

/// What expands one top-level form.
pub struct Expander<'a> {
    pub(crate) front: &'a mut Front,
    pub(crate) machine: &'a mut Machine,
    pub(crate) module: ModuleId,
    pub(crate) unit: Unit,
    pub(crate) scopes: Scopes,
    pub(crate) scope: ScopeId,
    pub(crate) function: FunctionId,
    /// Where the form is that is being expanded, for parts that do not know where they are.
    pub(crate) near: Option<Span>,
    /// The blocks that `break` and `continue` leave, innermost last.
    pub(crate) loops: Vec<Loop>,
    /// The functions around, with the blocks that `return` leaves, innermost last.
    pub(crate) returns: Vec<BlockId>,
    /// Blocks that something leaves; the others need no code.
    pub(crate) left: FxHashSet<BlockId>,
    /// True while the form stands at the top level of its module.
    pub(crate) is_top: bool,
    /// Macros that are being expanded, outermost first.
    pub(crate) expanding: Vec<(Rc<str>, Option<Span>)>,
    /// What [`Expander::made_at`] found out last.
    last_place: Option<KnownPlace>,
    /// True for the code of a macro.
    pub(crate) is_macro_body: bool,
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// The lists around the form that is being expanded, where they were written: the address of their items, and the
    /// place of each. Literals are found in them.
    written: Vec<(usize, Rc<Origin>)>,
    /// The locals that something assigns, of what is expanded so far.
    pub(crate) assigned: FxHashSet<LocalId>,
    /// The stated types of locals: what is assigned to them later is checked.
    stated: FxHashMap<LocalId, Rc<crate::module::Type>>,
    /// The definitions whose fields are being checked.
    checking: Vec<u64>,
    /// True for a form that becomes part of a program, and does not run while it is compiled.
    is_translated: bool,
    /// What functions do is left out: only what the form defines is asked for.
    is_outline: bool,
    /// Locals whose definition comes later in their body, and those of them that something reads before.
    pub(crate) unset: FxHashSet<LocalId>,
    pub(crate) read_early: FxHashSet<LocalId>,
    /// Locals that may not be assigned.
    pub(crate) constants: FxHashSet<LocalId>,
    depth: u32,
    full: bool,
}

/// A place and the innermost macro call around it, with where the code there comes from.
type KnownPlace = ((Span, usize, Option<Span>), (Option<Span>, Option<Rc<MacroOrigin>>));

/// A loop around.
#[derive(Clone, Copy)]
pub struct Loop {
    /// What `break` leaves.
    pub exit: BlockId,
    /// What `continue` leaves.
    pub next: BlockId,
}

/// What became of a form.
pub struct Expanded {
    /// Its code.
    pub unit: Unit,
    /// What is wrong with it.
    pub diagnostics: Vec<Diagnostic>,
}

impl<'a> Expander<'a> {
    /// An expander for one form of a module.
    pub fn new(front: &'a mut Front, machine: &'a mut Machine, module: ModuleId) -> Expander<'a> {
        Expander {
            front,
            machine,
            module,
            unit: Unit::default(),
            scopes: Scopes::default(),
            scope: Scopes::TOP,
            function: FunctionId(0),
            near: None,
            loops: Vec::new(),
            returns: Vec::new(),
            left: FxHashSet::default(),
            is_top: true,
            expanding: Vec::new(),
            last_place: None,
            is_macro_body: false,
            diagnostics: Vec::new(),
            written: Vec::new(),
            assigned: FxHashSet::default(),
            stated: FxHashMap::default(),
            checking: Vec::new(),
            is_translated: false,
            is_outline: false,
            unset: FxHashSet::default(),
            read_early: FxHashSet::default(),
            constants: FxHashSet::default(),
            depth: 0,
            full: false,
        }
    }

    /// True while the form that is being expanded is the whole top-level form, and no part of it.
    pub(crate) fn is_direct(&self) -> bool {
        self.depth <= 1
    }

    /// Expands a form at the top level of its module.
    pub fn top_level(mut self, form: &Value) -> Expanded {
        self.near = syntax::span(form);
        let outer = self.front.homes.enter(self.near.map(|span| span.form));
        let top = FunctionCode::unwritten("top level".into(), self.near);
        self.unit.functions.push(top);
        let body = self.top_form(form);
        self.front.homes.leave(outer);
        if let Some(function) = self.unit.functions.get_mut(FunctionId(0)) {
            function.body = body;
        }
        if self.is_translated {
            self.add_field_checks();
        }
        Expanded { unit: self.unit, diagnostics: self.diagnostics }
    }

    /// Expands a form of a program that is going to be translated; without what its functions do, if only what it defines is asked
    /// for.
    pub(crate) fn program_form(mut self, form: &Value, is_outline: bool) -> Expanded {
        self.is_translated = true;
        self.is_outline = is_outline;
        self.top_level(form)
    }

    /// Expands the macro call that a form is, once; `None` if it is none.
    pub(crate) fn expand_once(mut self, form: &Value) -> Result<Option<Value>, String> {
        let Value::List(items) = form else { return Ok(None) };
        let [Value::Symbol(head), arguments @ ..] = items.as_slice() else { return Ok(None) };
        let name::Meant::Macro(function, expansion) = self.meaning(head) else { return Ok(None) };
        match self.expand_call(&head.name, &function, expansion, form, arguments) {
            Some(expanded) => Ok(Some(expanded)),
            None => Err(self
                .diagnostics
                .first()
                .map_or_else(String::new, |diagnostic| diagnostic.message.clone())),
        }
    }

    /// Expands an expression.
    pub(crate) fn expr(&mut self, form: &Value) -> ExprId {
        if self.depth >= MAX_DEPTH || self.unit.exprs.len() >= MAX_EXPRESSIONS {
            return self.too_much(form);
        }
        self.depth += 1;
        let is_top = std::mem::replace(&mut self.is_top, false);
        let near = self.near;
        self.near = syntax::span(form).or_else(|| self.atom_span(form)).or(near);
        let is_written = self.enter_written(form);
        let mut expr = ovsm_base::stack::with_room(|| self.expr_inner(form));
        if is_written {
            self.written.pop();
            if self.front.coverage.is_some() {
                expr = self.counted(form, expr);
            }
        }
        self.near = near;
        self.is_top = is_top;
        self.depth -= 1;
        expr
    }

    /// The same expression, with its runs counted: for a call that stands in the text of the program.
    fn counted(&mut self, form: &Value, expr: ExprId) -> ExprId {
        let is_code = matches!(form, Value::List(_))
            && !matches!(syntax::head(form), Some("defmacro" | "define-macro"))
            && !matches!(
                self.unit.exprs.get(expr),
                Some(Expr::Lambda(_) | Expr::Constant(_) | Expr::SetGlobal(..) | Expr::Leave(..)) | None
            );
        match is_code.then(|| self.count_of(form)).flatten() {
            Some(count) => self.add(Expr::Sequence(vec![count, expr])),
            None => expr,
        }
    }

    /// True for a form that stands in the text of the program as code, or that a macro was given: not for a part of its
    /// template.
    pub(crate) fn is_in_text(&self, form: &Value) -> bool {
        if self.is_macro_body {
            return false;
        }
        match (self.expanding.first(), syntax::span(form)) {
            (None, _) => true,
            (Some((_, Some(call))), Some(span)) => {
                call.form == span.form && call.range.cover(span.range) == call.range
            }
            _ => false,
        }
    }

    /// Counts that a form of the program is reached. The body of a macro runs while the program is compiled, so it does
    /// not count.
    pub(crate) fn count_of(&mut self, form: &Value) -> Option<ExprId> {
        if !self.is_in_text(form) {
            return None;
        }
        let span = syntax::span(form)?;
        let places = self.front.coverage.as_mut()?;
        places.push(span);
        let number = places.len() - 1;
        let number = self.constant(Value::from_usize(number));
        Some(self.native("#cover", vec![number]))
    }

    /// Remembers a list whose parts know where they stand.
    fn enter_written(&mut self, form: &Value) -> bool {
        let (Value::List(items) | Value::Array(items)) = form else { return false };
        let Some(origin) = items.origin.as_ref().filter(|origin| !origin.parts.is_empty()) else {
            return false;
        };
        self.written.push((std::ptr::from_ref(items.as_slice()).cast::<Value>().addr(), Rc::clone(origin)));
        true
    }

    /// Where a literal stands: it does not know by itself, but the list around it does.
    pub(crate) fn atom_span(&self, form: &Value) -> Option<Span> {
        let address = std::ptr::from_ref(form).addr();
        self.written.iter().rev().take(4).find_map(|(start, origin)| {
            let offset = address.checked_sub(*start)?;
            origin.parts.get(offset / size_of::<Value>()).copied()
        })
    }

    fn too_much(&mut self, form: &Value) -> ExprId {
        if !self.full {
            self.full = true;
            let deep = self.depth >= MAX_DEPTH;
            let code = if deep { Code::NestingTooDeep } else { Code::ProgramTooLarge };
            let message = match deep {
                true => "the code is nested too deeply after expansion",
                false => "this form expands to too much code",
            };
            self.report_at(
                syntax::span(form),
                Diagnostic::new(code, message).help("move some of it into functions"),
            );
        }
        self.null()
    }

    fn expr_inner(&mut self, form: &Value) -> ExprId {
        match form {
            Value::Symbol(symbol) => self.name(symbol),
            Value::List(items) => match items.as_slice() {
                [] => self.constant(form.clone()),
                [head, arguments @ ..] => self.combination(form, head, arguments),
            },
            Value::Array(items) => self.array(items.as_slice()),
            Value::Object(entries) => {
                let mut parts = Vec::with_capacity(entries.len() * 2);
                for (key, value) in entries.iter() {
                    let key = self.constant(Value::String(Rc::clone(key)));
                    parts.push(key);
                    let value = self.expr(value);
                    parts.push(value);
                }
                self.native("#object", parts)
            }
            other => self.constant(other.clone()),
        }
    }

    /// `[a b c]`, or a range `[a .. b]`.
    fn array(&mut self, items: &[Value]) -> ExprId {
        if let [from, dots, to] = items
            && syntax::name(dots) == Some("..")
        {
            let parts = vec![self.expr(from), self.expr(to)];
            return self.native("range", parts);
        }
        let is_constant = |item: &Value| {
            !matches!(item, Value::Symbol(_) | Value::List(_) | Value::Array(_) | Value::Object(_))
        };
        if items.iter().all(is_constant) {
            return self.constant(Value::array(items.to_vec()));
        }
        let parts = items.iter().map(|item| self.expr(item)).collect();
        self.native("#array", parts)
    }

    fn combination(&mut self, form: &Value, head: &Value, arguments: &[Value]) -> ExprId {
        if let Value::Symbol(symbol) = head {
            return match self.meaning(symbol) {
                name::Meant::Special(special) => (special.run)(self, form, arguments),
                name::Meant::Macro(function, expansion) => {
                    match self.expand_call(&symbol.name, &function, expansion, form, arguments) {
                        Some(expanded) => self.expanded(&symbol.name, &expanded),
                        None => self.null(),
                    }
                }
                name::Meant::Native(id) => {
                    if let Some(shown) = self.shown_assertion(id, arguments) {
                        return shown;
                    }
                    let made = if &*symbol.name == "vec" { self.vec_of_type(arguments) } else { None };
                    made.unwrap_or_else(|| self.call_native(id, symbol, arguments))
                }
                _ => {
                    let callee = self.name(symbol);
                    self.call(callee, symbol, arguments)
                }
            };
        }
        if let Value::Keyword(_) = head {
            // `(:name object default)` reads the object.
            if let [object, default @ ..] = arguments
                && default.len() <= 1
            {
                let mut parts = vec![self.expr(object), self.constant(head.clone())];
                parts.extend(default.iter().map(|default| self.expr(default)).collect::<Vec<_>>());
                return self.native("get", parts);
            }
        }
        match (head, arguments) {
            // `([] array index)` as the original has it, and Common Lisp's predicate `null`.
            (Value::Array(items), [array, index]) if items.is_empty() => {
                let parts = vec![self.expr(array), self.expr(index)];
                return self.native("nth", parts);
            }
            (Value::Null, [value]) => {
                let value = self.expr(value);
                return self.native("null?", vec![value]);
            }
            _ => {}
        }
        if matches!(
            head,
            Value::Null
                | Value::Bool(_)
                | Value::Int(_)
                | Value::Float(_)
                | Value::String(_)
                | Value::Char(_)
                | Value::Array(_)
        ) {
            let text = ovsm_value::write::brief(head);
            return self.report_null(
                form,
                Diagnostic::new(Code::NotCallable, format!("`{text}` is not a function"))
                    .help("a list of data is written `'(…)` or `[…]`"),
            );
        }
        let callee = self.expr(head);
        let arguments = arguments.iter().map(|argument| self.expr(argument)).collect();
        self.add(Expr::Call(callee, arguments))
    }

    /// Expands what a macro gave, with the macro on the list of those being expanded.
    pub(crate) fn expanded(&mut self, name: &Rc<str>, form: &Value) -> ExprId {
        self.expanding.push((Rc::clone(name), self.near));
        let expr = self.expr(form);
        self.expanding.pop();
        expr
    }

    /// Adds an expression at the place of the current form.
    pub(crate) fn add(&mut self, expr: Expr) -> ExprId {
        if let Expr::SetLocal(local, _) | Expr::UpdateLocal(local, ..) = &expr {
            self.assigned.insert(*local);
        }
        if self.expanding.is_empty() {
            return self.unit.add(expr, self.near);
        }
        let (span, origin) = self.made_at(self.near);
        let expr = self.unit.add(expr, span);
        if let Some(origin) = origin {
            self.unit.origins.insert(expr, origin);
        }
        expr
    }

    /// Where code comes from that stands at a place: the same place if a person wrote it there, otherwise the call of
    /// the macro that made it.
    pub(crate) fn made_at(&mut self, near: Option<Span>) -> (Option<Span>, Option<Rc<MacroOrigin>>) {
        let (Some(mut span), false) = (near, self.expanding.is_empty()) else { return (near, None) };
        let key = (span, self.expanding.len(), self.expanding.last().and_then(|(_, at)| *at));
        if let Some((known, found)) = &self.last_place
            && *known == key
        {
            return found.clone();
        }
        let mut places: Vec<(Rc<str>, Span)> = Vec::new();
        let mut call: Option<Rc<str>> = None;
        let is_inside = |span: Span, at: Span| {
            at != span && at.form == span.form && at.range.cover(span.range) == at.range
        };
        for (number, (name, at)) in self.expanding.iter().enumerate().rev() {
            let Some(at) = *at else { continue };
            // What stands inside of the call is one of its arguments, also of a call around it, whose macro passed it on.
            let around = self.expanding.iter().take(number).filter_map(|(_, at)| *at);
            if is_inside(span, at) || around.into_iter().any(|at| is_inside(span, at)) {
                continue;
            }
            if at != span {
                places.push((Rc::clone(name), span));
                call = Some(Rc::clone(name));
            }
            span = at;
        }
        places.retain(|(_, place)| !self.front.sources.is_of_library(*place));
        places.truncate(MAX_PLACES);
        let found = (Some(span), call.map(|call| Rc::new(MacroOrigin { call, places })));
        self.last_place = Some((key, found.clone()));
        found
    }

    /// A known value.
    pub(crate) fn constant(&mut self, value: Value) -> ExprId {
        self.add(Expr::Constant(value))
    }

    /// `null`.
    pub(crate) fn null(&mut self) -> ExprId {
        self.constant(Value::Null)
    }

    /// A call of the built-in function of a name, which is one of the library's table.
    pub(crate) fn native(&mut self, name: &str, arguments: Vec<ExprId>) -> ExprId {
        match ovsm_library::find(name) {
            Some(id) => self.add(Expr::Native(id, arguments)),
            None => {
                let message = format!("the library has no `{name}`");
                self.report_at(self.near, Diagnostic::new(Code::InternalError, message));
                self.null()
            }
        }
    }

    pub(crate) fn native_id(&self, name: &str) -> NativeId {
        ovsm_library::find(name).unwrap_or(NativeId(u16::MAX))
    }

    /// A new local of the current function.
    pub(crate) fn local(&mut self, name: &str) -> LocalId {
        self.unit.locals.push(Local {
            name: name.into(),
            owner: self.function,
            span: self.near,
            annotation: None,
        })
    }

    /// A new local that a symbol names from here on in the current scope.
    pub(crate) fn bind_symbol(&mut self, symbol: &Symbol) -> LocalId {
        let local = self.unit.locals.push(Local {
            name: Rc::clone(&symbol.name),
            owner: self.function,
            span: symbol.span.or(self.near),
            annotation: None,
        });
        self.scopes.bind(self.scope, Space::Value, &symbol.name, &symbol.marks, Binding::Local(local));
        local
    }

    /// Reads a local.
    pub(crate) fn read(&mut self, local: LocalId) -> ExprId {
        self.add(Expr::Local(local))
    }

    /// Evaluates in order.
    pub(crate) fn sequence(&mut self, mut items: Vec<ExprId>) -> ExprId {
        match items.pop() {
            None => self.null(),
            Some(only) if items.is_empty() => only,
            Some(last) => {
                items.push(last);
                self.add(Expr::Sequence(items))
            }
        }
    }

    /// A new block.
    pub(crate) fn block(&mut self) -> BlockId {
        self.unit.blocks += 1;
        BlockId(self.unit.blocks - 1)
    }

    /// Runs a step in a new scope.
    pub(crate) fn scoped<R>(&mut self, step: impl FnOnce(&mut Self) -> R) -> R {
        let outer = self.scope;
        self.scope = self.scopes.open(outer);
        let result = step(self);
        self.scope = outer;
        result
    }

    /// Reports a fault at a place; inside an expansion, with the calls that led there.
    pub(crate) fn report_at(&mut self, span: Option<Span>, mut diagnostic: Diagnostic) {
        if self.diagnostics.len() >= MAX_DIAGNOSTICS {
            return;
        }
        if diagnostic.labels.is_empty()
            && let Some(span) = span.or(self.near)
        {
            diagnostic = diagnostic.label(span, "");
        }
        let diagnostic = self.explained(diagnostic);
        self.diagnostics.push(diagnostic);
    }

    /// A diagnostic with the call of the macro that made the code that it is about: what a person can change is the
    /// call; the place inside of the macro comes after it.
    pub(crate) fn explained(&mut self, diagnostic: Diagnostic) -> Diagnostic {
        let at = diagnostic.labels.first().map(|label| label.span);
        match self.made_at(at) {
            (Some(call), Some(origin)) => origin.explain(call, diagnostic),
            _ => diagnostic,
        }
    }

    /// Reports a fault of a form and gives null in its place.
    pub(crate) fn report_null(&mut self, form: &Value, diagnostic: Diagnostic) -> ExprId {
        self.report_at(syntax::span(form), diagnostic);
        self.null()
    }

    /// Reports that a form is not written as its rule says.
    pub(crate) fn malformed(&mut self, form: &Value, message: &str, shape: &str) -> ExprId {
        self.report_null(
            form,
            Diagnostic::new(Code::MalformedForm, message).help(format!("the form is written `{shape}`")),
        )
    }
}

/// True for names of special forms.
pub(crate) fn is_special(name: &str) -> bool {
    special::find(name).is_some()
}

/// The names of special forms.
pub(crate) fn special_names() -> impl Iterator<Item = &'static str> {
    special::names()
}

/// How a special form is written.
pub(crate) fn special_shape(name: &str) -> Option<&'static str> {
    special::find(name).map(|special| special.shape)
}
