//! `(declare (cu-max 800) (stack-max 512))`: what a function, an instruction or the program may need at most.
//!
//! A declaration is read from the text of the form that it stands in and changes no code. [`malformed`] says what is wrong
//! with its writing, [`check`] holds a built program against it. Start with [`check`].

use crate::code::{BuildOptions, shared_values, target_options};
use crate::cost::{declared_instructions, explain};
use crate::db::SourceFile;
use crate::forms::{Form, parse};
use crate::modules::program_forms;
use ovsm_base::{Code, Diagnostic, FormId, Span, TextRange};
use ovsm_cst::{Node, NodeKind};
use ovsm_expand::GlobalKind;
use ovsm_ir::Module;
use ovsm_ir::passes::optimize_apart;
use ovsm_sbpf::cost::{Bound, Reason, Unbounded, function_bound};
use ovsm_sbpf::{FrameValue, Program};
use std::collections::BTreeMap;

/// So many expensive lines, or large values, are shown.
const SHOWN: usize = 3;

/// What may be needed at most, and where that is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Limit {
    /// Compute units of one call.
    Units(u64, Span),
    /// Bytes of the stack frame.
    Stack(u64, Span),
}

/// The limits of a form.
struct Budget<'db> {
    form: Form<'db>,
    /// The function; nothing for the program as a whole.
    name: Option<String>,
    limits: Vec<Limit>,
}

/// True if there may be a declaration.
fn is_mentioned(text: &str) -> bool {
    text.contains("cu-max") || text.contains("stack-max")
}

fn is_limit(node: Node<'_>) -> bool {
    matches!(node.head(), Some("cu-max" | "stack-max"))
}

/// The definition that a form writes out, without `pub` around it.
fn definition(root: Node<'_>) -> Node<'_> {
    match root.head() {
        Some("pub") => root.child(1).unwrap_or(root),
        _ => root,
    }
}

/// The name of the function that a node defines; declarations stand directly in it.
fn function_name(node: Node<'_>) -> Option<String> {
    match node.head()? {
        "defn" | "defun" | "instruction" => node.child(1)?.as_symbol().map(str::to_string),
        "define" => node.child(1)?.head().map(str::to_string),
        _ => None,
    }
}

/// The declarations of a form that count.
fn declarations(root: Node<'_>) -> Vec<Node<'_>> {
    if root.head() == Some("declare") {
        return vec![root];
    }
    let definition = definition(root);
    match function_name(definition) {
        Some(_) => definition.children().filter(|child| child.head() == Some("declare")).collect(),
        None => Vec::new(),
    }
}

fn limit(node: Node<'_>) -> Option<Limit> {
    let number = node.child(1).and_then(|number| number.integer()).filter(|_| node.child_count() == 2)?;
    let number = number.magnitude.filter(|_| !number.negative).and_then(|it| u64::try_from(it).ok())?;
    match node.head()? {
        "cu-max" => Some(Limit::Units(number, node.span())),
        _ => Some(Limit::Stack(number, node.span())),
    }
}

/// Limits that are not written as they have to be, or stand where they limit nothing.
pub(crate) fn malformed(db: &dyn salsa::Database, form: Form<'_>) -> Vec<Diagnostic> {
    if !is_mentioned(form.text(db)) {
        return Vec::new();
    }
    let Some(root) = parse(db, form).root(form.text(db)) else { return Vec::new() };
    if matches!(definition(root).head(), Some("defmacro" | "define-macro")) {
        return Vec::new();
    }
    let names = &crate::names::item(db, form).names;
    let is_template = names.iter().any(|(_, kind)| matches!(kind, GlobalKind::Template { .. }));
    // What is put in place of its calls has no costs of its own.
    let counting = if is_template { Vec::new() } else { declarations(root) };
    let is_code = |node: &Node<'_>| {
        let quoted = |node: Node<'_>| matches!(node.kind(), NodeKind::Quote | NodeKind::Quasiquote);
        std::iter::successors(Some(*node), |node| node.parent()).all(|node| !quoted(node))
    };
    root.descendants()
        .filter(|node| is_limit(*node) && node.parent().is_some_and(|it| it.head() == Some("declare")))
        .filter(is_code)
        .filter_map(|node| {
            let counts = counting.iter().any(|declare| node.parent().is_some_and(|it| it.id() == declare.id()));
            let rule = if !counts {
                "limits stand in a `declare` directly in the body of a function of the module or of an instruction, or \
                 at the top level for the program; a function that takes functions is part of its callers"
            } else if limit(node).is_none() {
                "a limit is a number that is written out: `(declare (cu-max 800) (stack-max 512))`"
            } else {
                return None;
            };
            Some(Diagnostic::at(Code::MalformedForm, node.span(), "this limits nothing").help(rule))
        })
        .collect()
}

/// True if the program declares limits.
pub(crate) fn has_budgets(db: &dyn salsa::Database, file: SourceFile) -> bool {
    program_forms(db, file).iter().any(|form| is_mentioned(form.text(db)))
}

fn budgets(db: &dyn salsa::Database, file: SourceFile) -> Vec<Budget<'_>> {
    let mut found = Vec::new();
    for form in program_forms(db, file).iter().filter(|form| is_mentioned(form.text(db))) {
        let Some(root) = parse(db, *form).root(form.text(db)) else { continue };
        let limits: Vec<Limit> = declarations(root)
            .into_iter()
            .flat_map(|declare| declare.children().filter(|child| is_limit(*child)))
            .filter_map(limit)
            .collect();
        let name = function_name(definition(root));
        // The limits of a generic function are those of each of its instances.
        let instances = name.iter().flat_map(|name| crate::instances::names_of_instances(db, file, name));
        for name in instances {
            found.push(Budget { form: *form, name: Some(name), limits: limits.clone() });
        }
        if !limits.is_empty() {
            found.push(Budget { form: *form, name, limits });
        }
    }
    found
}

/// What an instruction declares as the most compute units that it costs.
pub(crate) fn units_limit(
    db: &dyn salsa::Database,
    file: SourceFile,
    form: Form<'_>,
    name: &str,
) -> Option<u64> {
    let budgets = budgets(db, file).into_iter();
    let of_it = budgets.filter(|budget| budget.form == form && budget.name.as_deref() == Some(name));
    let units = of_it.flat_map(|budget| budget.limits).filter_map(|limit| match limit {
        Limit::Units(most, _) => Some(most),
        Limit::Stack(..) => None,
    });
    units.min()
}

/// What needs more than it declares. `original` is the program before it was optimised, `optimized` after.
pub(crate) fn check(
    db: &dyn salsa::Database,
    file: SourceFile,
    options: &BuildOptions,
    (original, optimized): (&Module, &Module),
    program: &Program,
) -> Vec<Diagnostic> {
    let instructions = declared_instructions(db, file);
    let mut found = Vec::new();
    for budget in budgets(db, file) {
        let name = budget.name.as_deref();
        let instruction =
            instructions.iter().find(|it| it.form == budget.form && Some(it.name.as_str()) == name);
        let measured = Measured::new(name, options, (original, optimized), program);
        let Some(measured) = measured else { continue };
        let what = match (name, instruction) {
            (None, _) => "the program".to_string(),
            (Some(name), Some(_)) => format!("the instruction `{name}`"),
            (Some(name), None) => format!("`{name}`"),
        };
        for limit in &budget.limits {
            match *limit {
                Limit::Units(most, span) => {
                    let (program, bound) = match instruction {
                        Some(declared) => (program, declared.bound(program)),
                        None => (&measured.program, function_bound(&measured.program, measured.number)),
                    };
                    found.extend(units_error(db, file, &what, (most, span), program, bound));
                }
                Limit::Stack(most, span) => {
                    found.extend(stack_error(db, file, &what, (most, span), &measured));
                }
            }
        }
    }
    found
}

/// A program in which a function is one.
struct Measured {
    program: Program,
    number: usize,
    bytes: u32,
    values: Vec<FrameValue>,
}

impl Measured {
    /// Finds a function, or the entry. What was put in place of its calls is compiled once more by itself. `None` if the
    /// program does not call it.
    fn new(
        name: Option<&str>,
        options: &BuildOptions,
        (original, optimized): (&Module, &Module),
        program: &Program,
    ) -> Option<Measured> {
        let find = |program: &Program| match name {
            None => Some(0),
            Some(name) => program.functions.iter().position(|function| function.name == name),
        };
        let target = ovsm_sbpf::Options { frame_values: true, ..target_options(options) };
        let program = match find(program) {
            Some(_) => ovsm_sbpf::compile(optimized, &target).ok()?,
            None => {
                let apart = original
                    .functions
                    .iter_enumerated()
                    .find(|(_, function)| Some(function.name.as_str()) == name)
                    .map(|(func, _)| func)?;
                let mut module = original.clone();
                optimize_apart(&mut module, options.level, Some(apart));
                ovsm_sbpf::compile(&module, &target).ok()?
            }
        };
        let number = find(&program)?;
        let function = program.functions.get(number)?;
        let shared = if number == 0 { optimized.frame_area } else { 0 };
        let (bytes, values) = (function.frame_bytes.saturating_add(shared), function.frame_values.clone());
        Some(Measured { program, number, bytes, values })
    }
}

fn units_error(
    db: &dyn salsa::Database,
    file: SourceFile,
    what: &str,
    (most, span): (u64, Span),
    program: &Program,
    bound: Result<Bound, Unbounded>,
) -> Option<Diagnostic> {
    let at = |slot: usize| program.spans.get(slot).copied().flatten();
    let bound = bound.and_then(|bound| match bound.program_call {
        Some(at) => Err(Unbounded { at, reason: Reason::OtherProgram }),
        None => Ok(bound),
    });
    match bound {
        Ok(bound) if bound.units <= most => None,
        Ok(bound) => {
            let message =
                format!("{what} can cost {} compute units, and declares at most {most}", bound.units);
            let mut diagnostic = Diagnostic::new(Code::OverBudget, message).label(span, "declared here");
            for (span, units) in expensive_lines(db, file, program, &bound) {
                diagnostic = diagnostic.label(first_line(db, file, span), format!("this line costs {units}"));
            }
            Some(diagnostic.help("`ovsmc cost` shows every line; make it cheaper, or declare more"))
        }
        Err(unbounded) => {
            let message = format!("{what} declares at most {most} compute units, and has no bound");
            let reason = explain(unbounded.reason);
            let diagnostic = Diagnostic::new(Code::OverBudget, message).label(span, "declared here");
            let diagnostic = match at(unbounded.at) {
                Some(place) => diagnostic.label(reason_place(db, file, place, unbounded.reason), reason),
                None => diagnostic.note(reason),
            };
            let help = match unbounded.reason {
                Reason::Loop => {
                    "give the loop a constant count, or leave the limit out and measure in a test"
                }
                _ => "leave the limit out, and measure in a test",
            };
            Some(diagnostic.help(help))
        }
    }
}

/// The part of a place on its first line.
fn first_line(db: &dyn salsa::Database, file: SourceFile, span: Span) -> Span {
    let form = program_forms(db, file).iter().find(|form| *form.id(db) == span.form);
    let range = span.range.start as usize..span.range.end as usize;
    let newline = form.and_then(|form| form.text(db).get(range)).and_then(|text| text.find('\n'));
    let end =
        newline.and_then(|at| u32::try_from(at).ok()).map_or(span.range.end, |at| span.range.start + at);
    Span::new(span.form, TextRange::new(span.range.start, end))
}

/// The most expensive lines of a bound: for each the most expensive place on it, and the units of the line.
fn expensive_lines(
    db: &dyn salsa::Database,
    file: SourceFile,
    program: &Program,
    bound: &Bound,
) -> Vec<(Span, u64)> {
    let texts: BTreeMap<FormId, &String> =
        program_forms(db, file).iter().map(|form| (*form.id(db), form.text(db))).collect();
    let mut lines: BTreeMap<(FormId, usize), BTreeMap<Span, u64>> = BTreeMap::new();
    for (span, units) in program.spans.iter().zip(&bound.by_slot) {
        let Some(span) = span.filter(|_| *units > 0) else { continue };
        let text = texts.get(&span.form).and_then(|text| text.get(..span.range.start as usize)).unwrap_or("");
        let line = text.bytes().filter(|byte| *byte == b'\n').count();
        *lines.entry((span.form, line)).or_default().entry(span).or_default() += units;
    }
    let mut lines: Vec<(Span, u64)> = lines
        .into_values()
        .filter_map(|places| {
            let sum = places.values().sum();
            let (span, _) =
                places.into_iter().max_by_key(|(span, units)| (*units, std::cmp::Reverse(*span)))?;
            Some((span, sum))
        })
        .collect();
    lines.sort_by_key(|(span, units)| (std::cmp::Reverse(*units), *span));
    lines.truncate(SHOWN);
    lines
}

fn stack_error(
    db: &dyn salsa::Database,
    file: SourceFile,
    what: &str,
    (most, span): (u64, Span),
    measured: &Measured,
) -> Option<Diagnostic> {
    if u64::from(measured.bytes) <= most {
        return None;
    }
    let message = format!("{what} needs {} bytes of stack, and declares at most {most}", measured.bytes);
    let diagnostic = Diagnostic::new(Code::OverBudget, message).label(span, "declared here");
    let mut diagnostic = name_values(db, file, &measured.values, SHOWN, diagnostic);
    if measured.number == 0 {
        for (bytes, what) in shared_values(db, file).into_iter().take(SHOWN) {
            diagnostic = diagnostic.note(format!("{bytes} bytes are for {what}"));
        }
    }
    Some(diagnostic.help("keep fewer values at the same time, split the function, or declare more"))
}

/// Labels the values that fill a frame, by name.
fn name_values(
    db: &dyn salsa::Database,
    file: SourceFile,
    values: &[FrameValue],
    count: usize,
    diagnostic: Diagnostic,
) -> Diagnostic {
    let placed = values.iter().filter_map(|value| Some((value.span?, value.bytes))).take(count);
    placed.fold(diagnostic, |diagnostic, (span, bytes)| {
        let text = match name_at(db, file, span) {
            Some(name) => format!("`{name}`: {bytes} bytes"),
            None => format!("{bytes} bytes for what this gives"),
        };
        diagnostic.label(span, text)
    })
}

/// Names the values that fill a frame which is too large.
pub(crate) fn explain_frame(db: &dyn salsa::Database, file: SourceFile, mut error: Diagnostic) -> Diagnostic {
    if error.code == Code::FrameTooLarge {
        for label in &mut error.labels {
            if let Some(name) = name_at(db, file, label.span) {
                label.text = format!("`{name}`: {}", label.text);
            }
        }
    }
    error
}

/// Where the reason for a missing bound is shown: at the loop instead of inside.
pub(crate) fn reason_place(db: &dyn salsa::Database, file: SourceFile, span: Span, reason: Reason) -> Span {
    const LOOPS: [&str; 8] = ["while", "until", "for", "loop", "do", "dotimes", "dolist", "tagbody"];
    let form = program_forms(db, file).iter().find(|form| *form.id(db) == span.form);
    let root = form.and_then(|form| parse(db, *form).root(form.text(db)));
    let (Some(root), Reason::Loop) = (root, reason) else { return span };
    root.descendants()
        .filter(|node| node.head().is_some_and(|head| LOOPS.contains(&head)))
        .filter(|node| node.range().start <= span.range.start && span.range.end <= node.range().end)
        .filter_map(|node| node.child(0))
        .max_by_key(|head| head.range().start)
        .map_or(span, |head| head.span())
}

/// The name that the value of an expression gets, or that the expression is.
fn name_at(db: &dyn salsa::Database, file: SourceFile, span: Span) -> Option<String> {
    let form = program_forms(db, file).iter().find(|form| *form.id(db) == span.form)?;
    let root = parse(db, *form).root(form.text(db))?;
    let node = root.descendants().find(|node| node.span() == span)?;
    if let Some(name) = node.as_symbol() {
        return Some(name.to_string());
    }
    let parent = node.parent()?;
    let is_value = |place: usize| parent.child(place).is_some_and(|child| child.id() == node.id());
    match parent.head() {
        Some("define" | "const" | "defconstant" | "set!" | "defvar") => {
            parent.child(1).filter(|_| is_value(parent.child_count().saturating_sub(1)))?.as_symbol()
        }
        Some(name) => {
            let head = parent.parent().and_then(|bindings| bindings.parent()).and_then(|it| it.head());
            head.filter(|head| head.starts_with("let") && is_value(1)).map(|_| name)
        }
        None => None,
    }
    .map(str::to_string)
}
