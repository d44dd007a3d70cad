//! Effects that functions state with `declare`, against those that they have. Start with [`check`].

use super::effects::{EffectReason, Effects};
use ovsm_base::{Code, Diagnostic};
use ovsm_eval::core::Unit;
use std::rc::Rc;

/// Reports functions that have effects which they do not state. `library` is what the units use of the prelude, and
/// `earlier` what they may use of loads before.
pub(super) fn check(units: &[Rc<Unit>], library: &[Rc<Unit>], earlier: &[Rc<Unit>]) -> Vec<Diagnostic> {
    let states = |unit: &Rc<Unit>| unit.functions.iter().any(|code| code.declared.is_some());
    if !units.iter().any(states) {
        return Vec::new();
    }
    let all: Vec<Rc<Unit>> = library.iter().chain(earlier).chain(units).cloned().collect();
    let mut diagnostics = Vec::new();
    let first = library.len() + earlier.len();
    for function in Effects::of(&all, library.len()).functions(first..all.len()) {
        let Some((stated, place)) = function.stated else { continue };
        for reason in function.reasons.iter().filter(|reason| !stated.has(reason.effect)) {
            let promised = match stated.is_empty() {
                true => "is stated to be pure".to_string(),
                false => {
                    let names: Vec<&str> = stated.iter().map(|effect| effect.name()).collect();
                    format!("states only the effects `{}`", names.join("`, `"))
                }
            };
            let name = reason.effect.name();
            let message = format!("`{}` {promised}, but it has the effect `{name}`", function.name);
            let mut diagnostic = Diagnostic::new(Code::UndeclaredEffect, message);
            if let Some(first) = reason.first.or(function.span) {
                let next = match reason.chain.get(1) {
                    Some(next) if reason.chain.len() > 2 => format!("by way of `{next}`"),
                    _ => format!("{} does it", last(reason)),
                };
                diagnostic = diagnostic.label(first, next);
            }
            if let Some(span) = reason.span.filter(|span| Some(*span) != reason.first) {
                diagnostic = diagnostic.label(span, format!("{} does it", last(reason)));
            }
            if let Some(place) = place {
                diagnostic = diagnostic.label(place, "stated here");
            }
            if reason.chain.len() > 2 {
                diagnostic = diagnostic.note(format!("it comes by way of {}", reason.chain.join(" → ")));
            }
            let help = format!(
                "add `{name}` to `(declare (effects …))`, or give the result of that call to the function"
            );
            diagnostics.push(diagnostic.help(help));
        }
    }
    diagnostics
}

fn last(reason: &EffectReason) -> String {
    match reason.chain.last() {
        Some(name) if name.contains(' ') => format!("calling {name}"),
        Some(name) => format!("`{name}`"),
        None => "this".to_string(),
    }
}
