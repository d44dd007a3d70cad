//! Calls of built-in functions, and variables that one updates.

use super::closure::Function;
use super::{Place, Translator};
use crate::builtin::{Builtin, Comparison, Entry};
use crate::core::{self, Key};
use crate::ty::Type;
use ovsm_base::suggest::nearest;
use ovsm_base::syscall::Syscall;
use ovsm_base::{Code, Diagnostic, Span};
use ovsm_eval::core::{Expr, ExprId, LocalId};
use ovsm_library::Effect;
use ovsm_value::{NativeId, Value};
use std::rc::Rc;

/// What has to be evaluated before a value: bindings of temporaries.
pub(super) type Prefix = Vec<core::ExprId>;

impl<'a> Translator<'a> {
    pub(super) fn native(
        &mut self,
        expr: ExprId,
        id: NativeId,
        operands: &'a [ExprId],
        span: Option<Span>,
    ) -> core::ExprId {
        let name = ovsm_library::get(id).map_or("", |native| native.name);
        match (name, operands) {
            ("not", [operand]) => {
                let operand = self.expr(*operand, Place::VALUE);
                self.body.add(core::Expr::Not(operand), span)
            }
            ("#check", _) => match self.check_of(expr) {
                Some((value, ty)) => {
                    let value = self.expr(value, Place::VALUE);
                    self.body.add(core::Expr::Ascribe(value, ty), span)
                }
                None => self.body.add(core::Expr::Error, span),
            },
            ("get" | "nth", [value, key]) => {
                let value = self.expr(*value, Place::VALUE);
                let key = self.key(*key);
                self.get(value, key, span)
            }
            ("first" | "second" | "third" | "fourth" | "fifth", [value]) => {
                let place =
                    ["first", "second", "third", "fourth", "fifth"].iter().position(|known| *known == name);
                let value = self.expr(*value, Place::VALUE);
                let index = self.constant_index(place.unwrap_or(0) as u128, false, span);
                self.get(value, Key::Index(index), span)
            }
            ("last", [value]) => {
                let value = self.expr(*value, Place::VALUE);
                let index = self.constant_index(1, true, span);
                self.get(value, Key::Index(index), span)
            }
            ("put", [value, key, part]) => self.with_part(*value, std::slice::from_ref(key), *part, span),
            ("#put-in", [value, path, part])
                if let Some(Expr::Native(id, keys)) = self.unit.exprs.get(*path)
                    && ovsm_library::get(*id).is_some_and(|native| native.name == "#array") =>
            {
                self.with_part(*value, keys, *part, span)
            }
            // An update whose result is checked as a whole: of a copy, which the variable gets then.
            ("push" | "without-last" | "append-to" | "emptied", [value, parts @ ..]) => {
                let value = self.expr(*value, Place::VALUE);
                let parts: Vec<core::ExprId> = parts.iter().map(|part| self.text_part(*part)).collect();
                let values = std::iter::once(value).chain(parts).collect();
                self.apply_once(Function::Native(id), values, span)
            }
            ("#array", items) => {
                let items = self.values(items);
                self.body.add(core::Expr::Array(items), span)
            }
            ("make-array", [count, value]) => self.repeat(*value, *count, span),
            ("to-array", [item, capacity @ ..]) if let Some(ty) = self.vec_item(*item) => {
                let capacity = self.values(capacity);
                let made = self.body.add(core::Expr::Builtin(Builtin::NewVec, capacity), span);
                let ty = core::TypeName { ty: Type::Vec(std::sync::Arc::new(ty)), span };
                self.body.add(core::Expr::Ascribe(made, ty), span)
            }
            ("#empty-vec", capacity) => {
                let capacity = self.values(capacity);
                self.body.add(core::Expr::Builtin(Builtin::NewVec, capacity), span)
            }
            // What is a sequence already, as everything that can be one in a program.
            ("to-array", [value]) => {
                let value = self.expr(*value, Place::VALUE);
                self.body.add(core::Expr::Sequence(value), span)
            }
            ("int?", [value]) => {
                let value = self.expr(*value, Place::VALUE);
                self.body.add(core::Expr::IsInteger(value), span)
            }
            ("length", [value]) => {
                let value = self.expr(*value, Place::VALUE);
                self.body.add(core::Expr::Length(value), span)
            }
            ("empty?", [value]) => {
                let value = self.expr(*value, Place::VALUE);
                let length = self.body.add(core::Expr::Length(value), span);
                let zero = self.constant_index(0, false, span);
                self.body
                    .add(core::Expr::Builtin(Builtin::Compare(Comparison::Equal), vec![length, zero]), span)
            }
            ("#iterable", [value]) | ("#sequence", [value, ..]) => {
                let value = self.expr(*value, Place::VALUE);
                self.body.add(core::Expr::Sequence(value), span)
            }
            ("log", operands) => {
                let parts = self.log_line(operands);
                self.body.add(core::Expr::Builtin(Builtin::LogText, parts), span)
            }
            ("str", operands) => {
                let parts = operands.iter().map(|part| self.text_part(*part)).collect();
                self.body.add(core::Expr::Builtin(Builtin::Text, parts), span)
            }
            ("string-builder", capacity) => {
                let capacity = self.values(capacity);
                self.body.add(core::Expr::Builtin(Builtin::NewBuilder, capacity), span)
            }
            ("null?", [value]) => {
                let value = self.expr(*value, Place::VALUE);
                self.body.add(core::Expr::IsNull(value), span)
            }
            ("#is-record", [value, constructor]) => match self.constructor(*constructor) {
                Some((ty, number)) => {
                    let value = self.expr(*value, Place::VALUE);
                    let expr = match ty {
                        ty @ Type::Enum(_) => core::Expr::IsVariant(value, ty, number),
                        Type::Applied(generic, arguments) if generic.is_enum() => {
                            core::Expr::IsVariant(value, Type::Applied(generic, arguments), number)
                        }
                        ty => core::Expr::HasType(value, ty),
                    };
                    self.body.add(expr, span)
                }
                None => self.not_in_programs(name, span),
            },
            ("#is", [value, descriptor]) => match self.unit.exprs.get(*descriptor) {
                Some(Expr::Constant(descriptor)) => {
                    let ty = self.described_type(descriptor, span).ty;
                    // The name of a generic type alone asks for any of its instances.
                    let is_any =
                        matches!(&ty, Type::Applied(_, arguments) if arguments.iter().all(is_unnamed));
                    if ty.is_open() && !is_any {
                        let message = "a value can not be tested for a type that is left open";
                        return self.unsupported(span, message, "name the type that it is tested for");
                    }
                    let value = self.expr(*value, Place::VALUE);
                    self.body.add(core::Expr::HasType(value, ty), span)
                }
                _ => self.not_in_programs(name, span),
            },
            ("#record-field", [value, constructor, key]) => {
                let ty = self.constructor(*constructor).map(|(ty, _)| ty);
                let value = self.expr(*value, Place::VALUE);
                match self.key(*key) {
                    Key::Field(name, _) => self.get(value, Key::Field(name, ty), span),
                    key => self.get(value, key, span),
                }
            }
            ("#field", [value, number, constructor]) => {
                let number = match self.unit.exprs.get(*number) {
                    Some(Expr::Constant(number)) => ovsm_value::number::to_i64(number).unwrap_or(0) as usize,
                    _ => 0,
                };
                match self.constructor(*constructor) {
                    Some((ty, variant)) => {
                        let value = self.expr(*value, Place::VALUE);
                        self.get(value, Key::Payload(ty, variant, number), span)
                    }
                    None => self.not_in_programs(name, span),
                }
            }
            ("pubkey", [text])
                if let Some(Expr::Constant(Value::String(text))) = self.unit.exprs.get(*text) =>
            {
                match ovsm_value::encoding::from_base58::<32>(text.as_str()) {
                    Some(key) => self.body.add(core::Expr::Pubkey(key), span),
                    None => self.report(
                        span,
                        Diagnostic::new(
                            Code::TypeMismatch,
                            "this text is no key: a key is 32 bytes in base58",
                        ),
                    ),
                }
            }
            ("bytes", [text])
                if let Some(Expr::Constant(Value::String(text))) = self.unit.exprs.get(*text) =>
            {
                let bytes = text.as_str().as_bytes().to_vec();
                self.body.add(core::Expr::Bytes(bytes), span)
            }
            ("bytes", [text]) => {
                let text = self.expr(*text, Place::VALUE);
                self.body.add(core::Expr::Builtin(Builtin::TextBytes, vec![text]), span)
            }
            // A literal of a pattern.
            ("#matches", [value, literal]) => {
                let operands = vec![self.expr(*value, Place::VALUE), self.expr(*literal, Place::VALUE)];
                self.body.add(core::Expr::Builtin(Builtin::Compare(Comparison::Equal), operands), span)
            }
            (
                "require-accounts"
                | "open-account"
                | "open-account-number"
                | "instruction-arguments"
                | "declare-instruction"
                | "declare-program"
                | "declare-account"
                | "declare-event"
                | "declare-errors"
                | "key-of"
                | "owner-of"
                | "fail-with"
                | "log-record",
                operands,
            ) => self.chain(name, operands, span),
            ("error", operands) => {
                let is_kind = |expr: &ExprId, name: &str| matches!(self.unit.exprs.get(*expr), Some(Expr::Constant(Value::Keyword(kind))) if kind.as_str() == name);
                let fault = match operands {
                    [kind, _, _] if is_kind(kind, "value") => core::Fault::NoCase,
                    [kind, _, _] if is_kind(kind, "refinement") => core::Fault::Refinement,
                    _ => core::Fault::Raised,
                };
                self.flow.end();
                self.body.add(core::Expr::Fail(fault), span)
            }
            _ if let Some(expr) = self.runtime_form(name, operands, span) => expr,
            _ if let Some(expr) = self.higher_order(name, operands, span) => expr,
            ("syscall", [name, arguments @ ..]) => self.syscall(*name, arguments, span),
            _ => {
                let Some(entry) = entry_of(id) else { return self.not_in_programs(name, span) };
                let operands = operands.iter().map(|operand| self.expr(*operand, Place::VALUE)).collect();
                self.builtin(entry, operands, span)
            }
        }
    }

    fn builtin(&mut self, entry: &Entry, operands: Vec<core::ExprId>, span: Option<Span>) -> core::ExprId {
        let given = operands.len();
        if given < usize::from(entry.min) || entry.max.is_some_and(|max| given > usize::from(max)) {
            return self.report(
                span,
                Diagnostic::new(
                    Code::WrongArity,
                    format!("`{}` takes another number of arguments in programs, not {given}", entry.name),
                )
                .note(entry.doc),
            );
        }
        self.body.add(core::Expr::Builtin(entry.builtin, operands), span)
    }

    fn not_in_programs(&mut self, name: &str, span: Option<Span>) -> core::ExprId {
        let (what, help) = match name {
            "#object" => {
                ("objects are".to_string(), "define a record: `(defrecord Point (x : u64) (y : u64))`")
            }
            "#list" | "#splice" | "#template" => {
                ("lists are".to_string(), "use an array, `[a b c]`, whose length is known")
            }
            "#splice-array" | "sort" | "slice" => (
                format!("`{name}` is"),
                "the length of an array is part of its type; use a larger array and a count",
            ),
            "print" | "println" => (
                format!("`{name}` has the effect `io`: effects on the host are"),
                "log a text with `(sol_log_ \"…\")`, numbers with `(sol_log_64_ a b …)`",
            ),
            name if name.starts_with('#') => {
                ("this form is".to_string(), "it works on values that programs do not have")
            }
            name => match host_effect(name) {
                Some((effect, help)) => {
                    (format!("`{name}` has the effect `{effect}`: effects on the host are"), help)
                }
                None => {
                    (format!("`{name}` is"), "it works on values that programs do not have; scripts have it")
                }
            },
        };
        self.unsupported(span, &format!("{what} not available in programs"), help)
    }

    fn constant_index(&mut self, magnitude: u128, negative: bool, span: Option<Span>) -> core::ExprId {
        self.body.add(core::Expr::Int { negative, magnitude, suffix: None }, span)
    }

    /// The type that the first operand of `vec` names, if it is one: its items.
    fn vec_item(&mut self, expr: ExprId) -> Option<Type> {
        match self.unit.exprs.get(expr)? {
            Expr::Constant(Value::Native(id)) => match ovsm_library::get(*id)?.name {
                "bool" => Some(Type::Bool),
                "pubkey" => Some(Type::Pubkey),
                name => crate::forms::int_type(name).map(Type::Int),
            },
            Expr::Constant(Value::RecordType(variant)) => {
                let item = ovsm_eval::Type::Record(Rc::clone(&variant.name), Rc::from([variant.identity]));
                Some(self.described_type(&ovsm_eval::type_descriptor(&item), self.span(expr)).ty)
            }
            Expr::Global(global) if self.session.record_of(*global).is_some() => {
                self.constructor(expr).map(|(ty, _)| ty)
            }
            Expr::Global(global) => {
                let ty = self.session.defined_type(*global)?;
                let descriptor = ovsm_eval::type_descriptor(&ovsm_eval::Type::Vec(Rc::new(ty.clone())));
                match self.described_type(&descriptor, self.span(expr)).ty {
                    Type::Vec(item) => Some((*item).clone()),
                    other => Some(other),
                }
            }
            _ => None,
        }
    }

    /// `(make-array n value)`: an array of copies.
    fn repeat(&mut self, value: ExprId, count: ExprId, span: Option<Span>) -> core::ExprId {
        let value = self.expr(value, Place::VALUE);
        let known = self.expr(count, Place::VALUE);
        match self.body.exprs.get(known) {
            Some(core::Expr::Int { negative: false, magnitude, .. }) => match u32::try_from(*magnitude) {
                Ok(count) => self.body.add(core::Expr::Repeat(value, count), span),
                Err(_) => self.unsupported(span, "an array of this length is too large", "use a smaller one"),
            },
            _ => self.unsupported(
                self.span(count).or(span),
                "the length of an array has to be known when the program is compiled",
                "write a number, or a constant that is one",
            ),
        }
    }

    fn syscall(&mut self, name: ExprId, arguments: &[ExprId], span: Option<Span>) -> core::ExprId {
        let name_span = self.span(name).or(span);
        let Some(Expr::Constant(Value::String(text))) = self.unit.exprs.get(name) else {
            return self.report(
                name_span,
                Diagnostic::new(Code::LiteralStringNeeded, "the name of a syscall must be a string literal")
                    .help("write it out, as in `(syscall \"sol_log_compute_units_\")`"),
            );
        };
        let Some(syscall) = Syscall::from_name(text.as_str()) else {
            let near = nearest(text.as_str(), Syscall::all().map(Syscall::name)).map(str::to_string);
            let shown: String = text.as_str().chars().take(60).collect();
            let mut diagnostic =
                Diagnostic::new(Code::UnknownSyscall, format!("`{shown}` is not a syscall of Solana"));
            if let Some(near) = near {
                diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
                if let Some(at) = self.span(name).filter(|at| Some(*at) != span) {
                    diagnostic = diagnostic.fix(format!("write `{near}`"), at, format!("\"{near}\""));
                }
            }
            return self.report(name_span, diagnostic);
        };
        if arguments.len() != syscall.arity() {
            let arity = syscall.arity();
            return self.report(
                span,
                Diagnostic::new(
                    Code::WrongArity,
                    format!(
                        "`{}` takes {arity} argument{}, not {}",
                        syscall.name(),
                        if arity == 1 { "" } else { "s" },
                        arguments.len()
                    ),
                ),
            );
        }
        let mut all = vec![self.body.add(core::Expr::String(text.as_str().to_string()), name_span)];
        all.extend(arguments.iter().map(|arg| self.expr(*arg, Place::VALUE)).collect::<Vec<_>>());
        self.body.add(core::Expr::Builtin(Builtin::Syscall, all), span)
    }

    /// Replaces a local by a built-in function of it.
    pub(super) fn update(
        &mut self,
        local: LocalId,
        id: NativeId,
        operands: &'a [ExprId],
        span: Option<Span>,
    ) -> core::ExprId {
        let (prefix, operands) = self.operands_first(operands);
        let Some(local) = self.locals.get(&local).copied() else {
            return self.body.add(core::Expr::Error, span);
        };
        if self.is_too_early(local) {
            return self.used_too_early(local, span);
        }
        let read = self.body.add(core::Expr::Local(local), span);
        let value = self.native_of(id, read, operands, span);
        let set = self.body.add(core::Expr::SetLocal(local, value), span);
        self.after(prefix, set, span)
    }

    /// Operands that are evaluated before a variable is read: what is no constant or local gets a temporary.
    pub(super) fn operands_first(&mut self, operands: &'a [ExprId]) -> (Prefix, Vec<core::ExprId>) {
        let mut prefix = Vec::new();
        let mut values = Vec::new();
        for (number, operand) in operands.iter().enumerate() {
            let span = self.span(*operand);
            let value = self.text_part(*operand);
            // Nothing comes between the last one and the variable.
            let is_last = number + 1 == operands.len();
            let is_variable =
                matches!(self.body.exprs.get(value), Some(core::Expr::Local(_) | core::Expr::Global(_)));
            if matches!(self.unit.exprs.get(*operand), Some(Expr::Constant(_))) || is_last && is_variable {
                values.push(value);
                continue;
            }
            let temporary = self.temporary("operand", span);
            prefix.push(self.body.add(core::Expr::Bind(temporary, value), span));
            values.push(self.body.add(core::Expr::Local(temporary), span));
        }
        (prefix, values)
    }

    /// A built-in function of a value and further operands.
    pub(super) fn native_of(
        &mut self,
        id: NativeId,
        first: core::ExprId,
        operands: Vec<core::ExprId>,
        span: Option<Span>,
    ) -> core::ExprId {
        let name = ovsm_library::get(id).map_or("this", |native| native.name);
        match (name, operands.as_slice()) {
            ("not", []) => return self.body.add(core::Expr::Not(first), span),
            ("length", []) => return self.body.add(core::Expr::Length(first), span),
            ("null?", []) => return self.body.add(core::Expr::IsNull(first), span),
            ("get" | "nth", [index]) => return self.get(first, Key::Index(*index), span),
            ("push", [item]) => {
                return self.body.add(core::Expr::Builtin(Builtin::Push, vec![first, *item]), span);
            }
            ("without-last", []) => {
                return self.body.add(core::Expr::Builtin(Builtin::WithoutLast, vec![first]), span);
            }
            ("append-to", parts) => {
                let all = std::iter::once(first).chain(parts.iter().copied()).collect();
                return self.body.add(core::Expr::Builtin(Builtin::Append, all), span);
            }
            ("emptied", []) => {
                return self.body.add(core::Expr::Builtin(Builtin::Emptied, vec![first]), span);
            }
            _ => {}
        }
        let Some(entry) = entry_of(id) else { return self.not_in_programs(name, span) };
        let all = std::iter::once(first).chain(operands).collect();
        self.builtin(entry, all, span)
    }

    pub(super) fn after(&mut self, prefix: Prefix, value: core::ExprId, span: Option<Span>) -> core::ExprId {
        if prefix.is_empty() {
            return value;
        }
        let bound = prefix
            .iter()
            .filter_map(|bind| match self.body.exprs.get(*bind) {
                Some(core::Expr::Bind(local, _)) => Some(*local),
                _ => None,
            })
            .collect();
        let parts = prefix.into_iter().chain([value]).collect();
        let block = self.body.add(core::Expr::Block(parts), span);
        self.body.add(core::Expr::Scope(bound, block), span)
    }
}

/// The built-in of programs that a native is.
fn entry_of(id: NativeId) -> Option<&'static Entry> {
    let native = ovsm_library::get(id)?;
    std::iter::once(&native.name).chain(native.aliases).find_map(|name| Builtin::from_name(name))
}

/// The effect on the host that a built-in function has, and what programs have instead.
fn host_effect(name: &str) -> Option<(&'static str, &'static str)> {
    let native = ovsm_library::find(name).and_then(ovsm_library::get)?;
    Some(match native.effect {
        Effect::Io | Effect::Environment => (
            "io",
            "log a text with `(sol_log_ \"…\")`; what a program has to know comes with its instruction",
        ),
        Effect::Time => {
            ("time", "ask the cluster: `(clock-timestamp)` of `solana/sysvar` gives the time of the block")
        }
        Effect::Random => (
            "random",
            "everybody has to come to the same result: let the client choose, and pass the number on",
        ),
        Effect::Storage => (
            "storage",
            "a program has accounts and no files: keep data in an account, or pass them on with the instruction",
        ),
        Effect::Spawn => ("spawn", "a program does one thing after the other: call the function itself"),
        Effect::Pure | Effect::State | Effect::Chain => return None,
    })
}

/// True for a type that is left open without a name.
fn is_unnamed(ty: &Type) -> bool {
    matches!(ty, Type::Variable(name) if name.contains("#unnamed"))
}
