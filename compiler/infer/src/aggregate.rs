//! The types of what is made of parts: arrays, records, enums, options, and of their parts.

use crate::infer::{Inference, Use};
use crate::types::Type;
use crate::unify::Term;
use ovsm_base::suggest::nearest;
use ovsm_base::{Code, Diagnostic, IntType, Span};
use ovsm_expand::Builtin;
use ovsm_expand::core::{Expr, ExprId, Key, LocalId, Variable};
use ovsm_expand::ty::{Field, GenericType, RecordType};
use rustc_hash::FxHashMap;
use std::rc::Rc;
use std::sync::Arc;

const NULL: Term = Term::Known(Type::Null);
const BOOL: Term = Term::Known(Type::Bool);
const ERROR: Term = Term::Known(Type::Error);

impl<'a> Inference<'a> {
    pub(crate) fn aggregate(&mut self, node: &'a Expr, expr: ExprId) -> Term {
        match node {
            Expr::Bytes(_) => Term::Known(Type::Bytes),
            Expr::Pubkey(_) => Term::Known(Type::Pubkey),
            Expr::Array(items) => self.array(items),
            Expr::Repeat(value, count) => {
                let item = self.infer(*value, Use::Value);
                Term::Array(Rc::new(item), *count)
            }
            Expr::Tabulate(items, index, value) => self.tabulate(*items, *index, *value),
            Expr::Make(ty, number, values) => self.make(ty, *number, values),
            Expr::Get(value, key) => {
                let choices = self.choices_of(expr);
                let found = self.infer(*value, Use::Value);
                self.choose_read(&found, key, choices, self.span(expr));
                self.part(&found, key, self.span(*value), self.span(expr))
            }
            Expr::Put(variable, path, value) => {
                let choices = self.choices_of(expr);
                let mut part = match variable {
                    Variable::Local(local) => self.local(*local),
                    Variable::Global(def) => self.global(*def),
                };
                if let Term::Known(Type::Account(account)) = self.table.resolve(&part)
                    && !account.is_mutable
                {
                    self.is_account(expr, &part, true);
                }
                let mut unchecked = None;
                for (number, key) in path.iter().enumerate() {
                    if self.table.as_view(&part).is_some() {
                        self.unsupported(
                            self.span(expr),
                            "this is a view of items that belong to somebody else; it can not be changed",
                            "give it the type `(array T n)`, which holds its own items",
                        );
                    }
                    let whole = part.clone();
                    self.condition = None;
                    part = self.part(&part, key, self.span(expr), self.span(expr));
                    if let Some(name) = self.condition.take()
                        && !self.choose(&whole, number, choices)
                    {
                        unchecked = Some(name);
                    }
                }
                if let Some(name) = unchecked.filter(|_| !self.is_checking) {
                    self.unsupported(
                        self.span(expr),
                        &format!("the field `{name}` has a condition, and nothing here says how to check it"),
                        "name the record, where the variable is bound or here: `(setf (. (the Name p) field) value)`",
                    );
                }
                let found = self.infer(*value, Use::Value);
                self.expect(*value, &found, &part, "this part", None);
                NULL
            }
            Expr::IsVariant(value, ty, _) => {
                let found = self.infer(*value, Use::Value);
                let needed = self.table.stated(ty, &mut FxHashMap::default());
                self.expect(*value, &found, &needed, "the pattern", None);
                BOOL
            }
            Expr::HasType(value, ty) => {
                let found = self.infer(*value, Use::Value);
                self.has_type(*value, &found, ty);
                BOOL
            }
            Expr::IsNull(value) | Expr::IsInteger(value) => {
                self.infer(*value, Use::Value);
                BOOL
            }
            Expr::Present(value) => {
                let found = self.infer(*value, Use::Value);
                Term::Option(Rc::new(found))
            }
            Expr::Length(value) => {
                let found = self.infer(*value, Use::Value);
                let length = self.table.fresh(true);
                if matches!(self.table.represented(&found), Term::Known(Type::String | Type::Builder)) {
                    self.lengths.push((length.clone(), self.span(expr)));
                    return length;
                }
                match self.table.as_array(&found) {
                    Some((_, count)) => {
                        self.literals.push((length.clone(), false, u128::from(count), self.span(expr)));
                    }
                    None => {
                        let has_length = self.table.as_view(&found).is_some()
                            || self.table.as_vec(&found).is_some()
                            || self.table.represented(&found) == ERROR;
                        if !has_length {
                            self.no_sequence(*value, &found, "`length`");
                        }
                        self.lengths.push((length.clone(), self.span(expr)));
                    }
                }
                length
            }
            Expr::Sequence(value) => {
                let found = self.infer(*value, Use::Value);
                let is_sequence = self.table.own_items(&found).is_some()
                    || self.table.as_view(&found).is_some()
                    || self.table.represented(&found) == ERROR;
                if !is_sequence {
                    self.no_sequence(*value, &found, "the loop");
                    return ERROR;
                }
                found
            }
            Expr::OpenAccount(previous, opening) => {
                if let Some(previous) = previous {
                    let found = self.infer(*previous, Use::Value);
                    self.account(*previous, &found);
                }
                if let Some(repeated) = opening.repeated {
                    // It runs on some way only.
                    let fork = self.present.fork();
                    self.infer(repeated, Use::Discard);
                    self.present.back(fork);
                    self.forget_assigned(&[repeated]);
                }
                Term::Known(opening.ty.clone())
            }
            Expr::RequireAccounts(_) => NULL,
            // What they are is stated around it.
            Expr::Arguments(..) => self.stated(expr),
            Expr::LogRecord(record, _) => {
                let found = self.infer(*record, Use::Value);
                match self.table.represented(&found) {
                    Term::Known(Type::Error) => {}
                    Term::Known(ty @ Type::Record(_)) if ty.is_plain() => {}
                    _ => self.unsupported(
                        self.span(*record),
                        "this is no record of bytes: only records without views can be logged",
                        "define it with `event`, and make it here: `(emit (Incremented 1 2))`",
                    ),
                }
                NULL
            }
            Expr::KeyOf(account) | Expr::OwnerOf(account) => {
                let found = self.infer(*account, Use::Value);
                self.account(*account, &found);
                Term::Known(Type::Pubkey)
            }
            _ => ERROR,
        }
    }

    /// Reports a value that is no account.
    pub(crate) fn account(&mut self, value: ExprId, found: &Term) {
        let resolved = self.table.finish_known(found);
        if matches!(resolved, Term::Known(Type::Account(_) | Type::Error)) {
            return;
        }
        let mut diagnostic = Diagnostic::new(
            Code::TypeMismatch,
            format!("this is {}, but an account is needed", crate::report::describe(&resolved)),
        )
        .help("the names of `:accounts` are accounts");
        if let Some(span) = self.span(value) {
            diagnostic = diagnostic.label(span, "");
        }
        self.diagnostics.push(diagnostic);
    }

    /// True if a value is an account; reports one that may not be changed.
    pub(crate) fn is_account(&mut self, value: ExprId, found: &Term, is_changed: bool) -> bool {
        let Term::Known(Type::Account(account)) = self.table.resolve(found) else { return false };
        if is_changed && !account.is_mutable {
            let mut diagnostic = Diagnostic::new(
                Code::TypeMismatch,
                "this account was not declared `mut`, so it can not be changed",
            )
            .help("declare it: `(vault : (mut …))`; the runtime then has to be given it as writable");
            if let Some(span) = self.span(value) {
                diagnostic = diagnostic.label(span, "");
            }
            self.diagnostics.push(diagnostic);
        }
        true
    }

    fn array(&mut self, items: &'a [ExprId]) -> Term {
        let found: Vec<Term> = items.iter().map(|value| self.infer(*value, Use::Value)).collect();
        let resolved: Vec<Term> = found.iter().map(|found| self.table.resolve(found)).collect();
        let item = match self.common_type(&resolved, false) {
            Some(option) => option,
            None => self.table.fresh(false),
        };
        let first = items.first().and_then(|first| self.span(*first));
        for (value, found) in items.iter().zip(&found) {
            let label = first.map(|span| (span, "the first item decides the type"));
            self.expect(*value, found, &item, "the array", label);
        }
        match u32::try_from(items.len()) {
            Ok(count) => Term::Array(Rc::new(item), count),
            Err(_) => ERROR,
        }
    }

    fn tabulate(&mut self, items: LocalId, index: LocalId, value: ExprId) -> Term {
        let at = self.local(index);
        self.table.unify(&at, &Term::Known(Type::Int(IntType::U64)));
        self.enter_loop(&[value]);
        let fork = self.present.fork();
        let item = self.infer(value, Use::Value);
        self.present.back(fork);
        let sequence = self.local(items);
        if let Some((_, count)) = self.table.as_array(&sequence) {
            return Term::Array(Rc::new(item), count);
        }
        match self.table.as_vec(&sequence).is_some() || self.table.as_view(&sequence).is_some() {
            // How many items there are is known when it runs.
            true => Term::Vec(Rc::new(item)),
            false => ERROR,
        }
    }

    pub(crate) fn unsupported(&mut self, span: Option<Span>, message: &str, help: &str) {
        let mut diagnostic = Diagnostic::new(Code::UnsupportedForm, message).help(help);
        if let Some(span) = span {
            diagnostic = diagnostic.label(span, "");
        }
        self.diagnostics.push(diagnostic);
    }

    fn make(&mut self, ty: &Type, number: usize, values: &'a [ExprId]) -> Term {
        if let Type::Applied(generic, parameters) = ty {
            return self.make_generic(generic, parameters.len(), number, values);
        }
        let record: Option<Arc<RecordType>> = match ty {
            Type::Record(record) => Some(Arc::clone(record)),
            Type::Enum(parent) => parent.variants.get(number).cloned(),
            _ => None,
        };
        for (place, value) in values.iter().enumerate() {
            let found = self.infer(*value, Use::Value);
            let Some(record) = &record else { continue };
            let Some(field) = record.fields.get(place) else { continue };
            let why = format!("the field `{}` of `{}`", field.name, record.name);
            // Expansion has put the check of a condition around the value.
            self.expect(*value, &found, &Term::Known(field.ty.unrefined()), &why, None);
        }
        Term::Known(ty.clone())
    }

    /// A record of a generic definition: the values say what its arguments are.
    fn make_generic(
        &mut self,
        generic: &Arc<GenericType>,
        parameters: usize,
        number: usize,
        values: &'a [ExprId],
    ) -> Term {
        let arguments: Rc<[Term]> = (0..parameters).map(|_| self.table.fresh(false)).collect();
        for (place, value) in values.iter().enumerate() {
            let found = self.infer(*value, Use::Value);
            let Some(field) = generic.fields(number).get(place) else { continue };
            let needed = self.table.field_of(&field.ty, &arguments);
            let why = format!("the field `{}` of `{}`", field.name, generic.name);
            self.expect(*value, &found, &needed, &why, None);
        }
        Term::Applied(Arc::clone(generic), arguments)
    }

    /// The type of a part of a value.
    fn part(&mut self, whole: &Term, key: &'a Key, whole_span: Option<Span>, span: Option<Span>) -> Term {
        match key {
            Key::Field(name, stated) => {
                let needed =
                    stated.as_ref().map(|stated| self.table.stated(stated, &mut FxHashMap::default()));
                if let Some(needed) = needed
                    && self.table.represented(whole) != needed
                    && !self.unify_below(whole, &needed)
                {
                    let found = self.table.finish_known(whole);
                    let needed = self.table.for_message(&needed);
                    self.diagnostics.push(crate::report::mismatch(
                        whole_span,
                        found,
                        needed,
                        "the accessor",
                        None,
                    ));
                    return ERROR;
                }
                match self.table.represented(whole) {
                    Term::Known(Type::Record(record)) => self.field(&record, name, span),
                    Term::Applied(generic, arguments) if !generic.is_enum() => {
                        let Type::Record(record) = &generic.body else { return ERROR };
                        // Reports an unknown field, too.
                        match self.field(record, name, span) {
                            Term::Known(ty) if ty.is_open() => self.table.field_of(&ty, &arguments),
                            other => other,
                        }
                    }
                    Term::Known(Type::Account(account)) => match &account.record {
                        Some(record) => self.field(record, name, span),
                        None => {
                            let whole = self.table.resolve(whole);
                            self.no_part(&whole, &format!("the field `{name}`"), whole_span)
                        }
                    },
                    Term::Known(Type::Error) => ERROR,
                    other => {
                        self.give_up_on(whole, &other);
                        self.no_part(&other, &format!("the field `{name}`"), whole_span)
                    }
                }
            }
            Key::Payload(ty, variant, number) => {
                if let Type::Applied(generic, _) = ty {
                    return self.generic_payload(whole, ty, generic.fields(*variant).get(*number));
                }
                let field = match ty {
                    Type::Enum(parent) => parent.variants.get(*variant).and_then(|it| it.fields.get(*number)),
                    Type::Record(record) => record.fields.get(*number),
                    _ => None,
                };
                if self.table.represented(whole) != Term::Known(ty.clone()) {
                    self.table.unify(whole, &Term::Known(ty.clone()));
                }
                field.map_or(ERROR, |field| Term::Known(field.ty.unrefined()))
            }
            Key::Index(index) => {
                self.word(Builtin::MemLoad(8), *index);
                if let Some((item, count)) = self.table.as_array(whole) {
                    self.check_index(*index, count);
                    return item;
                }
                if let Some(item) = self.table.as_view(whole) {
                    return item;
                }
                if let Some(item) = self.table.as_vec(whole) {
                    return item;
                }
                match self.table.represented(whole) {
                    Term::Known(Type::Error) => ERROR,
                    other => {
                        self.give_up_on(whole, &other);
                        self.no_part(&other, "an item", whole_span)
                    }
                }
            }
        }
    }

    /// What a variant of a generic enum holds, or a generic record.
    fn generic_payload(&mut self, whole: &Term, ty: &Type, field: Option<&Field>) -> Term {
        let needed = self.table.stated(ty, &mut FxHashMap::default());
        self.unify_below(whole, &needed);
        match (self.table.as_applied(&needed), field) {
            (Some((_, arguments)), Some(field)) => self.table.field_of(&field.ty, &arguments),
            _ => ERROR,
        }
    }

    /// Makes a value one of a generic type, also if it is of a distinct type with the values of one.
    fn unify_below(&mut self, whole: &Term, needed: &Term) -> bool {
        match (self.table.represented(whole), self.table.resolve(needed)) {
            (whole @ Term::Known(_), needed @ Term::Applied(..)) => self.table.unify(&whole, &needed),
            _ => self.table.unify(whole, needed),
        }
    }

    /// A value whose type is missing was reported once.
    fn give_up_on(&mut self, whole: &Term, resolved: &Term) {
        if let Term::Variable(_) = resolved {
            self.table.unify(whole, &ERROR);
        }
    }

    /// Reports an index that is written out and is never there.
    fn check_index(&mut self, index: ExprId, count: u32) {
        let Some(Expr::Int { negative, magnitude, .. }) = self.body.exprs.get(index) else { return };
        let is_there = match negative {
            false => *magnitude < u128::from(count),
            true => *magnitude <= u128::from(count),
        };
        if !is_there {
            let sign = if *negative { "-" } else { "" };
            let mut diagnostic = Diagnostic::new(
                Code::IndexOutOfRange,
                format!("the array has {count} items, so none is at {sign}{magnitude}"),
            )
            .help("the first item is at 0; negative places count from the end");
            if let Some(span) = self.span(index) {
                diagnostic = diagnostic.label(span, "");
            }
            self.diagnostics.push(diagnostic);
        }
    }

    fn field(&mut self, record: &RecordType, name: &str, span: Option<Span>) -> Term {
        if let Some(field) = record.fields.iter().find(|field| field.name == name) {
            if field.ty.is_refined() {
                self.condition = Some(field.name.clone());
            }
            return Term::Known(field.ty.unrefined());
        }
        let names: Vec<&str> = record.fields.iter().map(|field| field.name.as_str()).collect();
        let mut diagnostic =
            Diagnostic::new(Code::UnknownField, format!("`{}` has no field `{name}`", record.name));
        diagnostic = match nearest(name, names.iter().copied()) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => diagnostic.help(format!("its fields are {}", list_of(&names))),
        };
        if let Some(span) = span {
            diagnostic = diagnostic.label(span, "");
        }
        self.diagnostics.push(diagnostic);
        ERROR
    }

    fn no_part(&mut self, whole: &Term, what: &str, span: Option<Span>) -> Term {
        let mut diagnostic = match whole {
            Term::Variable(_) => Diagnostic::new(
                Code::TypeNeeded,
                format!("the type of this value is not known here, so {what} can not be read"),
            )
            .help("state the type where the value is bound, as in `(point : Point)`"),
            Term::Option(_) | Term::Known(Type::Option(_)) => {
                Diagnostic::new(Code::TypeMismatch, format!("this may be null, so {what} can not be read"))
                    .help("test it first: `(if (null? x) … …)`; in the other branch it is there")
            }
            other => Diagnostic::new(
                Code::TypeMismatch,
                format!("this is {}, which does not have {what}", crate::report::describe(other)),
            )
            .help("fields belong to records, items to arrays and bytes"),
        };
        if let Some(span) = span {
            diagnostic = diagnostic.label(span, "");
        }
        self.diagnostics.push(diagnostic);
        ERROR
    }

    pub(crate) fn no_sequence(&mut self, value: ExprId, found: &Term, why: &str) {
        let resolved = self.table.finish_known(found);
        if resolved == ERROR {
            return;
        }
        let mut diagnostic = match resolved {
            Term::Variable(_) => Diagnostic::new(
                Code::TypeNeeded,
                format!("the type of this value is not known here, and {why} needs a sequence"),
            )
            .help("state the type where the value is bound, as in `(xs : (array u64))`"),
            other => Diagnostic::new(
                Code::TypeMismatch,
                format!("this is {}, but {why} needs a sequence", crate::report::describe(&other)),
            )
            .help("count with `(for (i (range a b)) …)` or `dotimes`; arrays and bytes are sequences"),
        };
        if let Some(span) = self.span(value) {
            diagnostic = diagnostic.label(span, "");
        }
        self.diagnostics.push(diagnostic);
    }

    /// A test whose answer follows from the type: it has to be known, and to be the same for every value.
    fn has_type(&mut self, value: ExprId, found: &Term, ty: &Type) {
        let resolved = self.table.resolve(found);
        if let (Term::Variable(_), _) | (Term::Applied(..), Type::Applied(..)) = (&resolved, ty) {
            let needed = self.table.stated(ty, &mut FxHashMap::default());
            self.expect(value, found, &needed, "the pattern", None);
        }
    }
}

fn list_of(names: &[&str]) -> String {
    match names {
        [] => "none".to_string(),
        names => names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
    }
}
