//! `match`: the first clause whose pattern fits.
//!
//! Each clause tests the value and leaves the whole form with its result; a clause that does not fit leaves its own block
//! and the next one is tried. Names of a pattern are bound while it is tested, so that guards see them.

use super::Expander;
use super::name::Meant;
use super::scope::{Binding, Space};
use crate::core::{BlockId, Expr, ExprId, LocalId};
use crate::module::Type;
use crate::syntax;
use ovsm_base::{Code, Diagnostic, Span, TextRange};
use ovsm_value::Value;
use std::rc::Rc;

const SHAPE: &str = "(match value (pattern body …) …)";

/// What the patterns so far take, for the reports about clauses that are never reached or that are missing.
#[derive(Default)]
struct Coverage {
    /// A clause takes everything.
    has_default: bool,
    /// A pattern that fits everything came.
    all: bool,
    /// Literals, as text, that came without a guard.
    literals: Vec<String>,
    /// Identities of variants that came whole.
    variants: Vec<u64>,
    /// Identities of variants that came with patterns for their fields, or with a guard: perhaps they take all.
    partial: Vec<u64>,
    /// The enum that the variants belong to: name and identities.
    parent: Option<crate::module::Enum>,
    /// Heads of patterns that look like variants and are none: a list with a name that begins with a capital letter.
    unknown: Vec<(Option<ovsm_base::Span>, Rc<str>)>,
}

/// `(match value (pattern body…) …)`.
pub(crate) fn run(expander: &mut Expander<'_>, form: &Value, arguments: &[Value]) -> ExprId {
    let Some((value, clauses)) = arguments.split_first() else {
        return expander.malformed(form, "the value is missing", SHAPE);
    };
    let value = expander.expr(value);
    let local = expander.local("value");
    let whole = expander.block();
    expander.left.insert(whole);
    let mut coverage = Coverage::default();
    let mut steps = Vec::new();
    for clause in clauses {
        let Some([pattern, body @ ..]) = clause.as_items() else {
            return expander.malformed(clause, "a clause begins with its pattern", SHAPE);
        };
        let (pattern, guard, body) = split_guard(pattern, body);
        report_unreachable(expander, clause, pattern, guard.is_some(), &mut coverage);
        let step = expander.scoped(|expander| {
            let next = expander.block();
            let mut bindings: Vec<LocalId> = Vec::new();
            let mut tests = Vec::new();
            if expander.is_default(pattern) && !matches!(pattern, Value::Bool(_)) {
                // `else` and its kin fit everything.
            } else {
                test(expander, pattern, local, next, &mut tests, &mut bindings);
            }
            if let Some(guard) = guard {
                let guard = expander.expr(guard);
                tests.push(unless(expander, guard, next));
            }
            let body = expander.body(body);
            tests.push(expander.leave(whole, body));
            let steps = expander.sequence(tests);
            let nulls: Vec<(LocalId, ExprId)> =
                bindings.into_iter().map(|local| (local, expander.null())).collect();
            let inner = if nulls.is_empty() { steps } else { expander.add(Expr::Let(nulls, steps)) };
            expander.add(Expr::Block(next, inner))
        });
        steps.push(step);
    }
    report_missing(expander, form, &coverage);
    // The memory of an account may hold what is no variant at all.
    if !coverage.all || expander.front.is_program && !coverage.has_default {
        let kind = expander.constant(Value::keyword("value"));
        let message = expander.constant(Value::string("no clause of `match` fits the value"));
        let data = expander.read(local);
        steps.push(expander.native("error", vec![kind, message, data]));
    }
    let steps = expander.sequence(steps);
    let block = expander.add(Expr::Block(whole, steps));
    expander.add(Expr::Let(vec![(local, value)], block))
}

/// The guard of a clause: `(pattern (when c) body…)` or `((p when c) body…)`.
fn split_guard<'f>(pattern: &'f Value, body: &'f [Value]) -> (&'f Value, Option<&'f Value>, &'f [Value]) {
    if let Some([inner, word, guard]) = pattern.as_items()
        && syntax::name(word) == Some("when")
    {
        return (inner, Some(guard), body);
    }
    match body {
        [first, rest @ ..] if !rest.is_empty() && syntax::head(first) == Some("when") => {
            match first.as_items() {
                Some([_, guard]) => (pattern, Some(guard), rest),
                _ => (pattern, None, body),
            }
        }
        [word, guard, rest @ ..] if matches!(syntax::name(word), Some("when")) => {
            (pattern, Some(guard), rest)
        }
        [Value::Keyword(word), guard, rest @ ..] if matches!(word.as_str(), "when" | "if") => {
            (pattern, Some(guard), rest)
        }
        _ => (pattern, None, body),
    }
}

/// Leaves a block unless a condition is true.
fn unless(expander: &mut Expander<'_>, condition: ExprId, block: BlockId) -> ExprId {
    let null = expander.null();
    let leave = expander.leave(block, null);
    let null = expander.null();
    expander.add(Expr::If(condition, null, leave))
}

/// The tests of a pattern against a local: they leave `next` where it does not fit.
fn test(
    expander: &mut Expander<'_>,
    pattern: &Value,
    value: LocalId,
    next: BlockId,
    tests: &mut Vec<ExprId>,
    bindings: &mut Vec<LocalId>,
) {
    ovsm_base::stack::with_room(|| test_inner(expander, pattern, value, next, tests, bindings));
}

fn test_inner(
    expander: &mut Expander<'_>,
    pattern: &Value,
    value: LocalId,
    next: BlockId,
    tests: &mut Vec<ExprId>,
    bindings: &mut Vec<LocalId>,
) {
    match pattern {
        Value::Symbol(symbol) if &*symbol.name == "_" => {}
        Value::Symbol(symbol) => {
            if let Meant::Type(Type::Record(..), Some(constructor)) = expander.meaning_of_binder(symbol) {
                let parts = vec![expander.read(value), expander.add(Expr::Global(constructor))];
                let is = expander.native("#is-record", parts);
                tests.push(unless(expander, is, next));
                return;
            }
            // In an alternative, the same name stands for the same variable.
            let known = expander
                .scopes
                .find(expander.scope, Space::Value, &symbol.name, &symbol.marks)
                .and_then(|binding| if let Binding::Local(local) = binding { Some(*local) } else { None })
                .filter(|local| bindings.contains(local));
            let local = match known {
                Some(local) => local,
                None => {
                    let local = expander.bind_symbol(symbol);
                    bindings.push(local);
                    local
                }
            };
            let read = expander.read(value);
            tests.push(expander.add(Expr::SetLocal(local, read)));
        }
        Value::Array(items) => sequence(expander, items.as_slice(), value, next, tests, bindings),
        Value::Object(entries) => {
            let read = expander.read(value);
            let is = expander.native("#is-object", vec![read]);
            tests.push(unless(expander, is, next));
            for (key, part) in entries.iter() {
                let key = expander.constant(Value::Keyword(Rc::clone(key)));
                let parts = vec![expander.read(value), key];
                let has = expander.native("#has-key", parts);
                tests.push(unless(expander, has, next));
                let Some(Expr::Constant(key)) = expander.unit.exprs.get(key).cloned() else { continue };
                let parts = vec![expander.read(value), expander.constant(key)];
                let read = expander.native("get", parts);
                part_of(expander, part, read, next, tests, bindings);
            }
        }
        Value::List(items) => list(expander, pattern, items.as_slice(), value, next, tests, bindings),
        literal => {
            let literal = expander.constant(literal.clone());
            equal(expander, literal, value, next, tests);
        }
    }
}

fn equal(
    expander: &mut Expander<'_>,
    literal: ExprId,
    value: LocalId,
    next: BlockId,
    tests: &mut Vec<ExprId>,
) {
    let parts = vec![expander.read(value), literal];
    let is = expander.native("#matches", parts);
    tests.push(unless(expander, is, next));
}

/// Tests a part of a value.
fn part_of(
    expander: &mut Expander<'_>,
    pattern: &Value,
    part: ExprId,
    next: BlockId,
    tests: &mut Vec<ExprId>,
    bindings: &mut Vec<LocalId>,
) {
    // What does not matter is not looked at: of an account, it would be checked.
    if matches!(pattern, Value::Symbol(symbol) if &*symbol.name == "_") {
        return;
    }
    let local = expander.local("part");
    bindings.push(local);
    tests.push(expander.add(Expr::SetLocal(local, part)));
    test(expander, pattern, local, next, tests, bindings);
}

fn sequence(
    expander: &mut Expander<'_>,
    items: &[Value],
    value: LocalId,
    next: BlockId,
    tests: &mut Vec<ExprId>,
    bindings: &mut Vec<LocalId>,
) {
    let is_rest = |item: &Value| matches!(syntax::name(item), Some("&" | "&rest" | "..."));
    let fixed = items.iter().position(is_rest);
    let (before, rest) = match fixed {
        Some(at) => (items.get(..at).unwrap_or(&[]), items.get(at + 1..)),
        None => (items, None),
    };
    let parts = vec![
        expander.read(value),
        expander.constant(Value::from_usize(before.len())),
        expander.constant(Value::Bool(rest.is_some())),
    ];
    let is = expander.native("#is-sequence", parts);
    tests.push(unless(expander, is, next));
    for (n, item) in before.iter().enumerate() {
        let parts = vec![expander.read(value), expander.constant(Value::from_usize(n))];
        let read = expander.native("get", parts);
        part_of(expander, item, read, next, tests, bindings);
    }
    if let Some([rest]) = rest {
        let parts = vec![expander.read(value), expander.constant(Value::from_usize(before.len()))];
        let tail = expander.native("#tail", parts);
        part_of(expander, rest, tail, next, tests, bindings);
    }
}

fn list(
    expander: &mut Expander<'_>,
    pattern: &Value,
    items: &[Value],
    value: LocalId,
    next: BlockId,
    tests: &mut Vec<ExprId>,
    bindings: &mut Vec<LocalId>,
) {
    let Some((head, parts)) = items.split_first() else {
        return sequence(expander, items, value, next, tests, bindings);
    };
    match (syntax::name(head), parts) {
        (Some("quote"), [quoted]) => {
            let literal = expander.constant(syntax::data(quoted));
            return equal(expander, literal, value, next, tests);
        }
        (Some("or"), choices) => {
            // Each choice that fits leaves the block of the alternatives; if none does, the clause does not fit.
            let done = expander.block();
            expander.left.insert(done);
            let mut steps = Vec::new();
            for choice in choices {
                let other = expander.block();
                let mut inner = Vec::new();
                test(expander, choice, value, other, &mut inner, bindings);
                let null = expander.null();
                inner.push(expander.leave(done, null));
                let inner = expander.sequence(inner);
                steps.push(expander.add(Expr::Block(other, inner)));
            }
            let null = expander.null();
            steps.push(expander.leave(next, null));
            let steps = expander.sequence(steps);
            tests.push(expander.add(Expr::Block(done, steps)));
            return;
        }
        (Some("and"), all) => {
            for part in all {
                test(expander, part, value, next, tests, bindings);
            }
            return;
        }
        (Some("not"), [part]) => {
            let other = expander.block();
            let mut inner = Vec::new();
            test(expander, part, value, other, &mut inner, bindings);
            let null = expander.null();
            inner.push(expander.leave(next, null));
            let inner = expander.sequence(inner);
            tests.push(expander.add(Expr::Block(other, inner)));
            return;
        }
        (Some("list" | "array"), items) => return sequence(expander, items, value, next, tests, bindings),
        (Some("is" | "the" | ":"), [ty, rest @ ..]) if rest.len() <= 1 => {
            if let Some(ty) = expander.type_of(ty) {
                let read = expander.read(value);
                let is = expander.type_test(read, &ty);
                tests.push(unless(expander, is, next));
            }
            if let [part] = rest {
                test(expander, part, value, next, tests, bindings);
            }
            return;
        }
        (Some(super::super::syntax::Head::OBJECT), _) => {
            expander.malformed(
                pattern,
                "the keys of an object pattern are keywords or strings",
                "{:key pattern …}",
            );
            return;
        }
        _ => {}
    }
    if let Value::Symbol(symbol) = head
        && let Meant::Type(Type::Record(..), Some(constructor)) = expander.meaning_of_binder(symbol)
    {
        let operands = vec![expander.read(value), expander.add(Expr::Global(constructor))];
        let is = expander.native("#is-record", operands);
        tests.push(unless(expander, is, next));
        if let Some(fields) = expander.front.field_count(constructor)
            && fields != parts.len()
        {
            expander.report_at(
                syntax::span(pattern),
                Diagnostic::new(
                    Code::WrongArity,
                    format!("`{}` has {fields} fields, but the pattern names {}", symbol.name, parts.len()),
                )
                .help("`_` stands for a field that does not matter"),
            );
        }
        for (n, part) in parts.iter().enumerate() {
            let mut operands = vec![expander.read(value), expander.constant(Value::from_usize(n))];
            if expander.front.is_program {
                // Programs have no types at run time: which record it is has to be said.
                operands.push(expander.add(Expr::Global(constructor)));
            }
            let field = expander.native("#field", operands);
            part_of(expander, part, field, next, tests, bindings);
        }
        return;
    }
    sequence(expander, items, value, next, tests, bindings);
}

fn report_unreachable(
    expander: &mut Expander<'_>,
    clause: &Value,
    pattern: &Value,
    has_guard: bool,
    coverage: &mut Coverage,
) {
    let mut is_dead = coverage.all;
    let takes_all = match pattern {
        Value::Symbol(symbol) => {
            let is_type =
                matches!(expander.meaning_of_binder(symbol), Meant::Type(Type::Record(..), Some(_)));
            if is_type {
                let identity = variant(expander, pattern, coverage);
                if let Some(identity) = identity {
                    is_dead |= coverage.variants.contains(&identity);
                    if !has_guard {
                        coverage.variants.push(identity);
                    }
                }
            }
            !is_type
        }
        Value::Keyword(_) if expander.is_default(pattern) => true,
        Value::List(items) => {
            let whole = items.as_slice().iter().skip(1).all(|part| matches!(part, Value::Symbol(_)));
            if let Some(identity) = variant(expander, items.get(0).unwrap_or(&Value::Null), coverage) {
                is_dead |= coverage.variants.contains(&identity);
                if whole && !has_guard {
                    coverage.variants.push(identity);
                } else {
                    coverage.partial.push(identity);
                }
            } else if let Some(Value::Symbol(head)) = items.get(0)
                && head.name.starts_with(|c: char| c.is_uppercase())
            {
                coverage.unknown.push((head.span.or(syntax::span(clause)), Rc::clone(&head.name)));
            }
            false
        }
        Value::Array(_) | Value::Object(_) => false,
        literal => {
            let text = ovsm_value::write::write(literal);
            is_dead |= coverage.literals.contains(&text);
            if !has_guard {
                coverage.literals.push(text);
            }
            false
        }
    };
    if is_dead {
        expander.report_at(
            syntax::span(clause),
            Diagnostic::new(
                Code::UnreachableClause,
                "this clause is never reached: an earlier one takes everything that it would",
            )
            .help("remove it, or move it up"),
        );
    }
    coverage.all |= takes_all && !has_guard;
    coverage.has_default |= takes_all && !has_guard;
    // A match that names every variant of an enum needs no default.
    if let Some((_, all)) = &coverage.parent {
        coverage.all |= all.iter().all(|(_, identity)| coverage.variants.contains(identity));
    }
}

/// The identity of the variant that a symbol names; its enum is noted.
fn variant(expander: &mut Expander<'_>, head: &Value, coverage: &mut Coverage) -> Option<u64> {
    let Value::Symbol(symbol) = head else { return None };
    let Meant::Type(Type::Record(_, identities), Some(_)) = expander.meaning_of_binder(symbol) else {
        return None;
    };
    let identity = *identities.first()?;
    if coverage.parent.is_none() {
        coverage.parent = expander.front.enum_of(identity);
    }
    Some(identity)
}

fn report_missing(expander: &mut Expander<'_>, form: &Value, coverage: &Coverage) {
    let Some((name, all)) = &coverage.parent else { return };
    for (span, unknown) in &coverage.unknown {
        let names = || all.iter().map(|(variant, _)| &**variant);
        let help = match ovsm_base::suggest::nearest(unknown, names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!(
                "it has `{}`; a pattern of an array is written `[a b]`",
                names().collect::<Vec<_>>().join("`, `")
            ),
        };
        let message = format!("the enum `{name}` has no variant `{unknown}`");
        expander.report_at(*span, Diagnostic::new(Code::UnknownName, message).help(help));
    }
    if coverage.all {
        return;
    }
    let missing: Vec<&(Rc<str>, u64)> = all
        .iter()
        .filter(|(_, identity)| !coverage.variants.contains(identity) && !coverage.partial.contains(identity))
        .collect();
    if missing.is_empty() {
        return;
    }
    let names: Vec<String> = missing.iter().map(|(variant, _)| format!("`{variant}`")).collect();
    let mut diagnostic = Diagnostic::new(
        Code::NonExhaustiveMatch,
        format!("`match` over `{name}` has no clause for {}", names.join(", ")),
    )
    .help("add a clause for each, or a last one with the pattern `_`");
    // What a person wrote ends with its parenthesis: the clauses go before that.
    if let (Some(span), true) = (syntax::span(form), expander.is_in_text(form) && !expander.front.is_program)
        && let Some(end) = span.range.end.checked_sub(1)
    {
        let clauses: String = missing.iter().map(|variant| clause_for(expander, variant)).collect();
        let place = Span::new(span.form, TextRange::new(end, end));
        diagnostic = diagnostic.fix("add the missing clauses", place, clauses);
    }
    expander.report_at(syntax::span(form), diagnostic);
}

/// A clause for a variant that is not handled yet, on a line of its own.
fn clause_for(expander: &Expander<'_>, (variant, identity): &(Rc<str>, u64)) -> String {
    let fields = expander.front.records.get(identity).map_or(&[][..], |ty| ty.fields.as_slice());
    let pattern = match fields {
        [] => variant.to_string(),
        fields => {
            let fields: Vec<&str> = fields.iter().map(|field| field.as_str()).collect();
            format!("({variant} {})", fields.join(" "))
        }
    };
    format!("\n  ({pattern} (error \"`{variant}` is not handled\"))")
}
