//! Calls of built-in functions, and variables that one updates.

use super::{Place, Translator};
use crate::builtin::{Builtin, Comparison, Entry};
use crate::core;
use ovsm_base::suggest::nearest;
use ovsm_base::syscall::Syscall;
use ovsm_base::{Code, Diagnostic, Span};
use ovsm_eval::core::{Expr, ExprId, LocalId};
use ovsm_value::{NativeId, Value};

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
            // A literal of a pattern.
            ("#matches", [value, literal]) => {
                let operands = vec![self.expr(*value, Place::VALUE), self.expr(*literal, Place::VALUE)];
                self.body.add(core::Expr::Builtin(Builtin::Compare(Comparison::Equal), operands), span)
            }
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
            "#object" => ("objects are".to_string(), "programs have integers, truth values and strings"),
            "#array" => ("arrays are".to_string(), "programs have integers, truth values and strings"),
            "#iterable" => (
                "sequences are".to_string(),
                "count with `(for (i (range a b)) …)`, `dotimes` or `(loop for i from a below b …)`",
            ),
            "print" | "println" => (
                format!("`{name}` is"),
                "log a text with `(sol_log_ \"…\")`, numbers with `(sol_log_64_ a b …)`",
            ),
            name if name.starts_with('#') => {
                ("this form is".to_string(), "it works on values that programs do not have")
            }
            name => (format!("`{name}` is"), "it works on values that programs do not have; scripts have it"),
        };
        self.unsupported(span, &format!("{what} not available in programs"), help)
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
        let read = self.body.add(core::Expr::Local(local), span);
        let value = self.native_of(id, read, operands, span);
        let set = self.body.add(core::Expr::SetLocal(local, value), span);
        self.after(prefix, set, span)
    }

    /// Operands that are evaluated before a variable is read: what is no constant or local gets a temporary.
    pub(super) fn operands_first(&mut self, operands: &'a [ExprId]) -> (Prefix, Vec<core::ExprId>) {
        let mut prefix = Vec::new();
        let mut values = Vec::new();
        for operand in operands {
            let span = self.span(*operand);
            let value = self.expr(*operand, Place::VALUE);
            if matches!(self.unit.exprs.get(*operand), Some(Expr::Constant(_))) {
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
        let Some(entry) = entry_of(id) else {
            let name = ovsm_library::get(id).map_or("this", |native| native.name);
            return self.not_in_programs(name, span);
        };
        let all = std::iter::once(first).chain(operands).collect();
        self.builtin(entry, all, span)
    }

    pub(super) fn after(&mut self, prefix: Prefix, value: core::ExprId, span: Option<Span>) -> core::ExprId {
        if prefix.is_empty() {
            return value;
        }
        let parts = prefix.into_iter().chain([value]).collect();
        self.body.add(core::Expr::Block(parts), span)
    }
}

/// The built-in of programs that a native is.
fn entry_of(id: NativeId) -> Option<&'static Entry> {
    let native = ovsm_library::get(id)?;
    std::iter::once(&native.name).chain(native.aliases).find_map(|name| Builtin::from_name(name))
}
