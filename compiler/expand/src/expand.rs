//! Expansion of one top-level form of a program into a static core body.
//!
//! The expander of `ovsm-eval` does the work that scripts and programs share: names, hygiene, macros, every form. What
//! the form may see of its module comes from an [`Env`]: the names that its text contains, and for macros also their
//! definitions and what these call. The result is translated to the core of programs by `translate`.

use crate::core::Body;
use crate::env::{Env, Global, GlobalKind, Literal};
use crate::translate::translate;
use ovsm_base::{Code, DefId, Diagnostic};
use ovsm_cst::Node;
use ovsm_eval::program::{self, Known, ProgramSession};
use ovsm_value::Value;
use ovsm_value::number::FixedType;
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::RefCell;
use std::rc::Rc;

/// A form reports at most so many faults: the next ones hardly help, and a hostile file could make millions.
const MAX_DIAGNOSTICS: usize = 200;

/// What a form became.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expansion {
    /// Its code.
    pub body: Body,
    /// True if it is a function; its body then runs only when called.
    pub is_function: bool,
    /// What is wrong with it.
    pub diagnostics: Vec<Diagnostic>,
    /// Why it can not be part of a program; matters if the program calls it.
    pub withheld: Vec<Diagnostic>,
}

/// The names that a form sees of its module.
pub(crate) struct Surroundings {
    globals: FxHashMap<Rc<str>, Global>,
}

impl Surroundings {
    /// The definition of a name.
    pub(crate) fn get(&self, name: &str) -> Option<&Global> {
        self.globals.get(name)
    }

    /// True if a definition is that of a macro.
    pub(crate) fn is_macro(&self, def: DefId) -> bool {
        self.globals.values().any(|global| global.def == def && global.kind == GlobalKind::Macro)
    }

    /// True if a definition is that of a variable, or of a constant that is no literal.
    pub(crate) fn is_variable(&self, def: DefId) -> bool {
        let mut kinds = self.globals.values().filter(|global| global.def == def).map(|global| &global.kind);
        kinds.any(|kind| matches!(kind, GlobalKind::Variable | GlobalKind::Constant))
    }
}

/// The names that a form contains, sorted.
pub fn names_of(node: Node<'_>) -> Vec<String> {
    let mut names: Vec<String> = node
        .descendants()
        .filter(|node| node.kind() == ovsm_cst::NodeKind::Symbol)
        .map(|node| node.text().to_string())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

thread_local! {
    // Making one reads the prelude; nothing of a form stays in it.
    static SESSION: RefCell<Option<ProgramSession>> = const { RefCell::new(None) };
}

/// Expands a top-level form. `def` is the identity of what the form defines. With `at_compile_time`, it is a function
/// that macros mention and no code of the program does: it may use all of the language, unless an expansion calls it.
pub fn expand_form(node: Node<'_>, def: DefId, at_compile_time: bool, env: &dyn Env) -> Expansion {
    let none = Expansion {
        body: Body::default(),
        is_function: false,
        diagnostics: Vec::new(),
        withheld: Vec::new(),
    };
    let Some(form) = program::syntax_of(node) else {
        // The reader has reported it, unless it is a number that fits no type.
        return Expansion { diagnostics: crate::literal::out_of_range(node), ..none };
    };
    let mut session = SESSION
        .take()
        .unwrap_or_else(|| ProgramSession::new(|name| crate::Builtin::from_name(name).is_some()));
    session.begin();
    let surroundings = bring_in(&mut session, &form, env);
    let mut expanded = session.expand(&form);
    if expanded.diagnostics.iter().any(|diagnostic| diagnostic.code == Code::UnknownName) {
        // Again, with all names at hand that could be meant.
        session.begin();
        bring_in(&mut session, &form, env);
        session.suggest(env.names());
        expanded = session.expand(&form);
    }
    let failed = expanded.diagnostics.iter().any(Diagnostic::is_error);
    let mut expansion = translate(&expanded.unit, &session, &surroundings, def, failed);
    let mut diagnostics = expanded.diagnostics;
    if at_compile_time && !failed && expansion.diagnostics.iter().any(Diagnostic::is_error) {
        let withheld = std::mem::take(&mut expansion.diagnostics);
        expansion = translate(&expanded.unit, &session, &surroundings, def, true);
        expansion.withheld = withheld;
        expansion.diagnostics.clear();
    }
    diagnostics.append(&mut expansion.diagnostics);
    diagnostics.truncate(MAX_DIAGNOSTICS);
    expansion.diagnostics = diagnostics;
    SESSION.set(Some(session));
    expansion
}

/// Brings in what the names of a form mean: of macros, and of the functions that they may call, the whole definition.
fn bring_in(session: &mut ProgramSession, form: &Value, env: &dyn Env) -> Surroundings {
    let mut surroundings = Surroundings { globals: FxHashMap::default() };
    let mut seen: FxHashSet<Rc<str>> = FxHashSet::default();
    let mut at_compile_time: Vec<Value> = Vec::new();
    let own = crate::item::defined_name(form);
    for name in program::symbols(form) {
        if !seen.insert(Rc::clone(&name)) {
            continue;
        }
        let Some(global) = env.lookup(&name) else { continue };
        match &global.kind {
            GlobalKind::Macro if own.as_deref() != Some(&*name) => {
                at_compile_time.extend(env.definition(&name))
            }
            GlobalKind::Macro => {}
            kind => session.define(&name, known(kind)),
        }
        surroundings.globals.insert(name, global);
    }
    // A macro runs now, so the definitions of the functions that it uses are needed, and of the macros in its templates.
    let mut brought: FxHashSet<Rc<str>> = FxHashSet::default();
    while let Some(definition) = at_compile_time.pop() {
        let Some(defined) = crate::item::defined_name(&definition) else { continue };
        if !brought.insert(Rc::from(&*defined)) {
            continue;
        }
        for name in program::symbols(&definition) {
            if brought.contains(&name) || own.as_deref() == Some(&*name) {
                continue;
            }
            let global = match surroundings.globals.get(&name) {
                Some(global) => global.clone(),
                None => {
                    if !seen.insert(Rc::clone(&name)) {
                        continue;
                    }
                    let Some(global) = env.lookup(&name) else { continue };
                    surroundings.globals.insert(Rc::clone(&name), global.clone());
                    global
                }
            };
            match &global.kind {
                GlobalKind::Macro | GlobalKind::Function { .. } => {
                    at_compile_time.extend(env.definition(&name))
                }
                kind => session.define(&name, known(kind)),
            }
        }
        session.define_form(&defined, definition);
    }
    surroundings
}

fn known(kind: &GlobalKind) -> Known {
    match kind {
        GlobalKind::Function { params } => Known::Function(params.map(|params| params as usize)),
        GlobalKind::Variable => Known::Variable,
        GlobalKind::Literal(literal) => match literal_value(literal) {
            Some(value) => Known::Value(value),
            None => Known::Constant,
        },
        GlobalKind::Constant | GlobalKind::Macro => Known::Constant,
    }
}

fn literal_value(literal: &Literal) -> Option<Value> {
    match literal {
        Literal::Bool(truth) => Some(Value::Bool(*truth)),
        Literal::String(text) => Some(Value::string(text.clone())),
        Literal::Int { negative, magnitude, ty } => {
            let number = num_bigint::BigInt::from(*magnitude);
            let number = if *negative { -number } else { number };
            match ty {
                Some(ty) => FixedType::Int(*ty).make(&number),
                None => Some(Value::integer(number)),
            }
        }
    }
}
