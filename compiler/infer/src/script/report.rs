//! What is reported, and why a value is what it is.

use super::FunctionTy;
use super::expression::Analysis;
use super::kinds::Kinds;
use super::ty::Ty;
use ovsm_base::{Code, Diagnostic, Fix, Span, TextRange};
use ovsm_eval::core::{Expr, ExprId};
use ovsm_value::number::FixedType;
use ovsm_value::{ErrorKind, RecordType, Value};

/// A type with its article, for a sentence.
pub(super) fn article(ty: &Ty) -> String {
    let text = ty.to_string();
    match text.chars().next() {
        _ if text == "null" => "`null`".to_string(),
        Some('(' | '\'') => format!("`{text}`"),
        Some('a' | 'e' | 'i' | 'o') => format!("an {text}"),
        Some(c) if c.is_ascii_uppercase() => format!("a `{text}`"),
        _ => format!("a {text}"),
    }
}

impl Analysis<'_> {
    fn report(&mut self, code: Code, message: String, place: ExprId, found: &Ty, around: Option<Span>) {
        if !self.is_reporting() {
            return;
        }
        let mut diagnostic = Diagnostic::new(code, message);
        let span = self.span(place).or(around);
        if let Some(span) = span {
            diagnostic = diagnostic.label(span, format!("this is {}", article(found)));
        }
        for (ty, origin) in self.origins(place).into_iter().take(3) {
            if Some(origin) != span {
                diagnostic = diagnostic.label(origin, format!("because it is given {} here", article(&ty)));
            }
        }
        self.diagnostics.push(self.unit.explained(place, diagnostic));
    }

    fn help(&mut self, help: String) {
        if self.is_reporting()
            && let Some(diagnostic) = self.diagnostics.last_mut()
        {
            diagnostic.help = Some(help.into());
        }
    }

    /// Where the variable that an expression reads was given its values.
    fn origins(&self, place: ExprId) -> Vec<(Ty, Span)> {
        match self.unit.exprs.get(place) {
            Some(Expr::Local(local) | Expr::UpdateLocal(local, ..)) => {
                self.locals.get(*local).map_or_else(Vec::new, |facts| facts.origins.clone())
            }
            Some(Expr::Global(global) | Expr::UpdateGlobal(global, ..)) => {
                self.checker.globals.get(global).map_or_else(Vec::new, |facts| facts.origins.clone())
            }
            _ => Vec::new(),
        }
    }

    /// An operation that fails whenever the script runs.
    pub(super) fn report_certain(
        &mut self,
        kind: &ErrorKind,
        message: &str,
        place: ExprId,
        around: Option<Span>,
    ) {
        let mut diagnostic = Diagnostic::new(Code::CertainFailure, format!("this always fails: {message}"));
        if let Some(span) = around.or(self.span(place)) {
            diagnostic = diagnostic.label(span, "it runs whenever the script does");
        }
        let help = match kind {
            ErrorKind::DivisionByZero => "divide by another number, or put the call into a `try`",
            _ => "take a wider type, as in `(u64 x)`, or the operation that wraps: `+%` `-%` `*%`",
        };
        self.diagnostics.push(self.unit.explained(place, diagnostic.help(help)));
    }

    /// A type variable of a result that no parameter names.
    pub(super) fn report_untied(&mut self, name: &str, function: &str, span: Option<Span>) {
        if !self.is_reporting() {
            return;
        }
        let message = format!(
            "the result of `{function}` is `'{name}`, but the type of no parameter names `'{name}`: nothing says what it is"
        );
        let mut diagnostic = Diagnostic::new(Code::UnknownType, message);
        if let Some(span) = span {
            diagnostic = diagnostic.label(span, "");
        }
        let help = format!("state `any`, or give a parameter the type `'{name}`");
        self.diagnostics.push(diagnostic.help(help));
    }

    pub(super) fn report_callee(&mut self, callee: ExprId, found: &Ty, span: Option<Span>) {
        let message = format!("{} is called like a function", article(found));
        self.report(Code::NotCallable, message, callee, found, span);
        self.help(
            "a list of data is written `'(…)` or `[…]`; a value is read without parentheses".to_string(),
        );
    }

    pub(super) fn report_native(
        &mut self,
        name: &str,
        wanted: Kinds,
        place: ExprId,
        found: &Ty,
        span: Option<Span>,
    ) {
        let shown = if name.starts_with('#') { "this form".to_string() } else { format!("`{name}`") };
        let wanted = Ty::from(wanted.without(Kinds::SIGNATURE));
        let message = match name {
            "#sequence" => format!("what is taken apart is a sequence, but this is {}", article(found)),
            "#iterable" => format!("a loop goes through a sequence, but this is {}", article(found)),
            _ if wanted.kinds.0.count_ones() > 5 => format!("{shown} can not take {} here", article(found)),
            _ => format!("{shown} takes {} here, but this is {}", article(&wanted), article(found)),
        };
        self.report(Code::TypeMismatch, message, place, found, span);
        let conversion = match (found.kinds, wanted.kinds) {
            (Kinds::STRING, wanted) if !wanted.is_apart_from(Kinds::INT) => {
                Some(("int", "reads a number from a text"))
            }
            (_, wanted) if wanted == Kinds::STRING => Some(("str", "makes a text of any value")),
            _ => None,
        };
        if let Some((function, does)) = conversion {
            self.help(format!("`({function} {})` {does}", self.shown(place)));
            self.fix_by_call(place, function, span);
        }
    }

    pub(super) fn report_argument(
        &mut self,
        function: &str,
        parameter: &str,
        wanted: &Ty,
        place: ExprId,
        found: &Ty,
        span: Option<Span>,
    ) {
        let message = format!(
            "the parameter `{parameter}` of `{function}` is {}, but this is {}",
            article(wanted),
            article(found)
        );
        self.report(Code::TypeMismatch, message, place, found, span);
    }

    /// A value that is to be a field of another type.
    pub(super) fn report_field(
        &mut self,
        record: &str,
        field: &str,
        wanted: &Ty,
        place: ExprId,
        found: &Ty,
        span: Option<Span>,
    ) {
        let message = format!(
            "the field `{field}` of `{record}` is {}, but this is {}",
            article(wanted),
            article(found)
        );
        self.report(Code::TypeMismatch, message, place, found, span);
    }

    /// A field that a record does not have.
    pub(super) fn report_no_field(
        &mut self,
        record: &RecordType,
        key: &Value,
        place: ExprId,
        found: &Ty,
        span: Option<Span>,
    ) {
        let Some(key) = key.as_key() else { return };
        let fields: Vec<&str> = record.fields.iter().map(|field| field.as_str()).collect();
        let message = format!("the record `{}` has no field `{}`", record.name, key.as_str());
        self.report(Code::TypeMismatch, message, place, found, span);
        match ovsm_base::suggest::nearest(key.as_str(), fields.iter().copied()) {
            Some(near) => self.help(format!("did you mean `{near}`?")),
            None if fields.is_empty() => self.help("it has no fields".to_string()),
            None => self.help(format!("it has `{}`", fields.join("`, `"))),
        }
    }

    /// A function that a built-in function calls with one item, and that takes none, or more.
    pub(super) fn report_called_with(
        &mut self,
        name: &str,
        function: &FunctionTy,
        (least, most): (usize, usize),
        place: ExprId,
        span: Option<Span>,
    ) {
        let takes = if least == most { least.to_string() } else { format!("{least} to {most}") };
        let plural = if most == 1 { "" } else { "s" };
        let message = format!(
            "`{name}` calls its function with 1 argument, but `{}` takes {takes} argument{plural}",
            function.name
        );
        self.report(Code::WrongArity, message, place, &Kinds::FUNCTION.into(), span);
    }

    /// A function that does not take the items of a sequence.
    #[allow(clippy::too_many_arguments, reason = "a sentence with as many parts")]
    pub(super) fn report_item(
        &mut self,
        name: &str,
        function: &str,
        parameter: &str,
        wanted: &Ty,
        place: ExprId,
        item: &Ty,
        span: Option<Span>,
    ) {
        let message = format!(
            "`{name}` gives `{function}` each item, {}, but the parameter `{parameter}` is {}",
            article(item),
            article(wanted)
        );
        self.report(Code::TypeMismatch, message, place, &Kinds::FUNCTION.into(), span);
    }

    /// A literal that does not fit the width of a parameter.
    pub(super) fn report_range(
        &mut self,
        parameter: &str,
        wanted: FixedType,
        place: ExprId,
        span: Option<Span>,
    ) {
        let (low, high) = wanted.bounds();
        let message =
            format!("the parameter `{parameter}` is a `{}`, which holds {low} to {high}", wanted.name());
        self.report(Code::LiteralOutOfRange, message, place, &Kinds::INT.into(), span);
    }

    pub(super) fn report_stated(
        &mut self,
        what: &str,
        wanted: &Ty,
        place: ExprId,
        found: &Ty,
        span: Option<Span>,
    ) {
        let message = format!("{what} must be {}, but this is {}", article(wanted), article(found));
        self.report(Code::TypeMismatch, message, place, found, span);
        if let (Some(fixed), true) = (wanted.fixed, found.kinds == Kinds::FIXED) {
            self.help(format!("convert it: `({} {})`", fixed.name(), self.shown(place)));
            self.fix_by_call(place, fixed.name(), span);
        }
    }

    pub(super) fn report_widths(
        &mut self,
        name: &str,
        (first, second): (FixedType, FixedType),
        places: &[ExprId],
        span: Option<Span>,
    ) {
        let message = format!(
            "`{name}` takes two numbers of one type, but these are `{}` and `{}`",
            first.name(),
            second.name()
        );
        let [one, other] = places else { return };
        let found = Ty { fixed: Some(second), ..Kinds::FIXED.into() };
        self.report(Code::TypeMismatch, message, *other, &found, span);
        // The one whose every number the other type holds, else the second.
        let holds = |wide: FixedType, narrow: FixedType| {
            let ((low, high), (least, most)) = (wide.bounds(), narrow.bounds());
            low <= least && high >= most
        };
        let (place, to) = match holds(second, first) && !holds(first, second) {
            true => (*one, second),
            false => (*other, first),
        };
        self.help(format!("convert one of them: `({} {})`", to.name(), self.shown(place)));
        self.fix_by_call(place, to.name(), span);
    }

    /// How a sentence calls an expression.
    fn shown(&self, place: ExprId) -> &str {
        match self.unit.exprs.get(place) {
            Some(Expr::Local(local)) => self.unit.locals.get(*local).map_or("…", |local| &local.name),
            _ => "…",
        }
    }

    /// Offers to put a call around an expression, if that is written in the text of the program.
    fn fix_by_call(&mut self, place: ExprId, function: &str, around: Option<Span>) {
        let Some(span) = self.span(place) else { return };
        // Something without a place of its own has that of the form around it.
        if !self.is_reporting() || Some(span) == around || self.unit.origins.contains_key(&place) {
            return;
        }
        let at = |offset| Span::new(span.form, TextRange::new(offset, offset));
        let edits =
            vec![(at(span.range.start), format!("({function} ")), (at(span.range.end), ")".to_string())];
        if let Some(diagnostic) = self.diagnostics.last_mut() {
            diagnostic.fixes.push(Fix { title: format!("convert it by `{function}`"), edits });
        }
    }

    /// A call of a local function with too few or too many arguments.
    pub(super) fn report_count(
        &mut self,
        name: &str,
        (least, most): (usize, usize),
        given: usize,
        callee: ExprId,
        span: Option<Span>,
    ) {
        if !self.is_reporting() {
            return;
        }
        let takes = if least == most { least.to_string() } else { format!("{least} to {most}") };
        let plural = if most == 1 { "" } else { "s" };
        let verb = if given == 1 { "is" } else { "are" };
        let message = format!("`{name}` takes {takes} argument{plural}, but {given} {verb} given");
        let mut diagnostic = Diagnostic::new(Code::WrongArity, message);
        if let Some(span) = span.or(self.span(callee)) {
            diagnostic = diagnostic.label(span, "");
        }
        self.diagnostics.push(self.unit.explained(callee, diagnostic));
        self.help("see its definition for what it takes".to_string());
    }

    /// Numbers of two distinct types in one operation.
    pub(super) fn report_distinct(
        &mut self,
        name: &str,
        (first, second): (&str, &str),
        places: &[ExprId],
        found: &Ty,
        span: Option<Span>,
    ) {
        let Some(place) = places.get(1) else { return };
        let message =
            format!("`{name}` takes two numbers of one type, but these are `{first}` and `{second}`");
        self.report(Code::TypeMismatch, message, *place, found, span);
        self.help(format!("convert one of them: `({first} x)`, or both to the number below, as `(u64 x)`"));
    }
}
