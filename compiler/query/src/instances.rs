//! The instances of generic functions that a program has.
//!
//! The code that runs, and every function that leaves nothing open, is part of the program. What these call is found by their
//! types; a call of a generic function with other types than `int` is one of an instance, whose body is inferred for these
//! types, and whose calls are looked at in turn. How many there are is bounded, since each call of a generic function may give
//! two types to the next one. Start with [`instances`], then [`callers`].

use crate::code::{body_types, entry_types, layout};
use crate::db::SourceFile;
use crate::forms::Form;
use crate::modules::{program_forms, program_items};
use crate::names::expand;
use crate::types::{Def, ModuleTypes, dispatch, name_of, scheme};
use ovsm_base::{Code, DefId, Diagnostic, Span};
use ovsm_expand::core::Body;
use ovsm_infer::{BodyTypes, Instance, Signature, Unit, UnitKind, final_code, infer_instance};
use ovsm_ir::lower::{Lowered, Source};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A program has at most so many instances.
const MAX_INSTANCES: usize = 1_000;

/// An instance of a function of a module.
#[salsa::interned]
pub struct InstanceKey<'db> {
    /// The module's file.
    #[returns(copy)]
    pub file: SourceFile,
    /// The function, and its types.
    pub instance: Instance,
}

/// The body of an instance.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct InstanceBody {
    /// The code, if it is not that of the function: it calls instances in turn.
    pub body: Option<Body>,
    /// Its types.
    pub types: BodyTypes,
    /// What is wrong with it, for these types.
    pub diagnostics: Vec<Diagnostic>,
}

/// The instances of a module.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Instances {
    /// Each of them, by its identity.
    pub all: BTreeMap<DefId, Instance>,
    /// Generic functions that are called as they are, with `int` for what they leave open.
    pub defaults: BTreeSet<DefId>,
}

/// Who is the first to call an instance: the expression, and the instance that it is in, if it is in one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Caller {
    /// The instance.
    pub instance: Instance,
    /// Where it is called.
    pub span: Option<Span>,
    /// The instance whose body calls it.
    pub within: Option<Instance>,
}

/// The instances in the order in which they are found, and true if there are too many of them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Callers {
    /// The first callers.
    pub callers: Vec<Caller>,
    /// Where the first instance is called that is one too many.
    pub too_many: Option<Caller>,
    /// Generic functions that are called as they are.
    pub defaults: BTreeSet<DefId>,
}

/// What the code of a form calls: functions, and instances with the places of the calls.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Calls {
    functions: Vec<DefId>,
    instances: Vec<(Instance, Option<Span>)>,
}

impl Calls {
    fn of(body: &Body, types: &BodyTypes) -> Calls {
        let functions = match final_code(body, types) {
            Some(body) => body.callees,
            None => body.callees.clone(),
        };
        let span = |expr| body.spans.get(expr).copied().flatten();
        let instances = types.instances.iter().map(|(expr, instance)| (instance.clone(), span(*expr)));
        Calls { functions, instances: instances.collect() }
    }
}

/// What the bodies of a form call, in their order.
#[salsa::tracked]
pub fn calls<'db>(
    db: &'db dyn salsa::Database,
    file: SourceFile,
    form: Form<'db>,
) -> Vec<(Option<DefId>, Calls)> {
    // What a function that takes functions calls is called where its body stands.
    let is_template = |function: Option<DefId>| function.is_some_and(|it| expand(db, form).is_template(it));
    let bodies = expand(db, form).bodies().filter(|(function, _)| !is_template(*function));
    bodies
        .filter_map(|(function, body)| {
            Some((function, Calls::of(body, body_types(db, file, form, function)?)))
        })
        .collect()
}

/// The code of a form's bodies that is another one for stages after inference.
#[salsa::tracked]
pub fn rewritten<'db>(
    db: &'db dyn salsa::Database,
    file: SourceFile,
    form: Form<'db>,
) -> BTreeMap<Option<DefId>, Body> {
    let bodies = expand(db, form).bodies();
    bodies
        .filter_map(|(function, body)| {
            let types = body_types(db, file, form, function)?;
            Some((function, final_code(body, types)?))
        })
        .collect()
}

/// The code of a body of a form as stages after inference see it: with calls of instances, and without distinct types.
pub(crate) fn final_body<'db>(
    db: &'db dyn salsa::Database,
    file: SourceFile,
    form: Form<'db>,
    function: Option<DefId>,
    body: &'db Body,
) -> &'db Body {
    rewritten(db, file, form).get(&function).unwrap_or(body)
}

/// The function that an instance is of.
pub(crate) fn generic_body<'db>(
    db: &'db dyn salsa::Database,
    file: SourceFile,
    function: DefId,
) -> Option<(Form<'db>, &'db Body)> {
    let form = *program_forms(db, file).get(*program_items(db, file).places.get(&function)?)?;
    Some((form, &expand(db, form).function(function)?.body))
}

/// The body of an instance.
#[salsa::tracked]
pub fn instance_body<'db>(db: &'db dyn salsa::Database, key: InstanceKey<'db>) -> InstanceBody {
    let (file, instance) = (key.file(db), key.instance(db));
    let Some((_, body)) = generic_body(db, file, instance.function) else { return InstanceBody::default() };
    let Some(scheme) = scheme(db, Def::new(db, file, instance.function)) else {
        return InstanceBody::default();
    };
    let unit = Unit { def: instance.function, kind: UnitKind::Function, body };
    let signature = scheme.signature_of(&instance.types);
    let mut found = infer_instance(unit, &signature, &ModuleTypes { db, file });
    let types = found.bodies.remove(&instance.function).unwrap_or_default();
    InstanceBody {
        body: final_code(body, &types),
        types,
        diagnostics: std::mem::take(&mut found.diagnostics),
    }
}

/// What the body of an instance calls.
#[salsa::tracked]
pub fn instance_calls<'db>(db: &'db dyn salsa::Database, key: InstanceKey<'db>) -> Calls {
    match generic_body(db, key.file(db), key.instance(db).function) {
        Some((_, body)) => Calls::of(body, &instance_body(db, key).types),
        None => Calls::default(),
    }
}

/// What the entry of a program with instructions calls.
#[salsa::tracked]
pub fn entry_calls(db: &dyn salsa::Database, file: SourceFile) -> Calls {
    match (dispatch(db, file), entry_types(db, file)) {
        (Some(body), Some(types)) => Calls::of(body, types),
        _ => Calls::default(),
    }
}

/// Who calls which instance first, from the code that runs on.
#[salsa::tracked]
pub fn callers(db: &dyn salsa::Database, file: SourceFile) -> Callers {
    let mut result = Callers::default();
    let mut generic: BTreeMap<DefId, &Calls> = BTreeMap::new();
    let mut work: VecDeque<(&Calls, Option<Instance>)> = VecDeque::new();
    for form in program_forms(db, file) {
        for (function, calls) in calls(db, file, *form) {
            match function {
                Some(def) if scheme(db, Def::new(db, file, *def)).is_some() => {
                    generic.insert(*def, calls);
                }
                _ => work.push_back((calls, None)),
            }
        }
    }
    work.push_back((entry_calls(db, file), None));
    let mut found: BTreeSet<DefId> = BTreeSet::new();
    while let Some((calls, within)) = work.pop_front() {
        for def in &calls.functions {
            if let Some(calls) = generic.get(def)
                && result.defaults.insert(*def)
            {
                work.push_back((calls, None));
            }
        }
        for (instance, span) in &calls.instances {
            if !found.insert(instance.def()) {
                continue;
            }
            let caller = Caller { instance: instance.clone(), span: *span, within: within.clone() };
            if result.callers.len() >= MAX_INSTANCES {
                result.too_many.get_or_insert(caller);
                return result;
            }
            let key = InstanceKey::new(db, file, instance.clone());
            work.push_back((instance_calls(db, key), Some(instance.clone())));
            result.callers.push(caller);
        }
    }
    result
}

/// The instances of a module.
#[salsa::tracked]
pub fn instances(db: &dyn salsa::Database, file: SourceFile) -> Instances {
    let callers = callers(db, file);
    let all = callers.callers.iter().map(|caller| (caller.instance.def(), caller.instance.clone()));
    Instances { all: all.collect(), defaults: callers.defaults.clone() }
}

/// True if a function is part of the program: one that leaves types open is only if it is called as it is.
pub(crate) fn is_part(db: &dyn salsa::Database, file: SourceFile, function: DefId) -> bool {
    scheme(db, Def::new(db, file, function)).is_none() || instances(db, file).defaults.contains(&function)
}

/// A function of the program with its types.
#[derive(Clone, Copy)]
pub(crate) struct TypedBody<'db> {
    /// The function or instance; `None` for code of the top level.
    pub(crate) function: Option<DefId>,
    /// Its code, with calls of instances.
    pub(crate) body: &'db Body,
    /// Its types.
    pub(crate) types: &'db BodyTypes,
}

/// Every instance with its types.
pub(crate) fn typed_instances(db: &dyn salsa::Database, file: SourceFile) -> Vec<TypedBody<'_>> {
    let all = instances(db, file).all.iter();
    all.filter_map(|(def, instance)| {
        let (_, generic) = generic_body(db, file, instance.function)?;
        let found = instance_body(db, InstanceKey::new(db, file, instance.clone()));
        let body = found.body.as_ref().unwrap_or(generic);
        Some(TypedBody { function: Some(*def), body, types: &found.types })
    })
    .collect()
}

/// What is wrong with instances: each fault with the call that makes the instance. And if there are too many.
pub(crate) fn instance_diagnostics(db: &dyn salsa::Database, file: SourceFile) -> Vec<Diagnostic> {
    let callers = callers(db, file);
    let mut found = Vec::new();
    for caller in &callers.callers {
        let key = InstanceKey::new(db, file, caller.instance.clone());
        for diagnostic in &instance_body(db, key).diagnostics {
            found.push(with_caller(db, file, diagnostic.clone(), caller));
        }
    }
    if let Some(caller) = &callers.too_many {
        let message = format!(
            "the program calls generic functions with more than {MAX_INSTANCES} combinations of types"
        );
        let diagnostic = Diagnostic::new(Code::TooManyInstances, message)
            .note("a generic function is compiled once for each combination of types that it is called with")
            .help("state types where the functions do not have to be generic; a generic function that calls others with larger types makes them many");
        found.push(with_caller(db, file, diagnostic, caller));
    }
    found
}

fn with_caller(
    db: &dyn salsa::Database,
    file: SourceFile,
    mut diagnostic: Diagnostic,
    caller: &Caller,
) -> Diagnostic {
    let name = |instance: &Instance| {
        format!("`{}` with {}", name_of(db, file, instance.function), instance.arguments())
    };
    if let Some(span) = caller.span {
        diagnostic = diagnostic.label(span, format!("this calls {}", name(&caller.instance)));
    }
    match &caller.within {
        Some(within) => diagnostic.note(format!("the call stands in {}", name(within))),
        None => diagnostic,
    }
}

/// The signature of an instance.
pub(crate) fn instance_signature(
    db: &dyn salsa::Database,
    file: SourceFile,
    def: DefId,
) -> Option<Signature> {
    let instance = instances(db, file).all.get(&def)?;
    let scheme = scheme(db, Def::new(db, file, instance.function)).as_ref()?;
    Some(scheme.signature_of(&instance.types))
}

/// The name of an instance: that of the function, and its types.
pub(crate) fn instance_name(db: &dyn salsa::Database, file: SourceFile, def: DefId) -> Option<String> {
    let instance = instances(db, file).all.get(&def)?;
    Some(format!("{}<{}>", name_of(db, file, instance.function), instance.arguments()))
}

/// The names of the instances of the functions of a name.
pub(crate) fn names_of_instances(db: &dyn salsa::Database, file: SourceFile, function: &str) -> Vec<String> {
    let all = instances(db, file).all.iter();
    all.filter(|(_, instance)| name_of(db, file, instance.function) == function)
        .filter_map(|(def, _)| instance_name(db, file, *def))
        .collect()
}

/// The IR of an instance.
#[salsa::tracked]
pub fn lower_instance<'db>(db: &'db dyn salsa::Database, key: InstanceKey<'db>) -> Option<Lowered> {
    let (file, instance) = (key.file(db), key.instance(db));
    let def = instance.def();
    let (_, generic) = generic_body(db, file, instance.function)?;
    let found = instance_body(db, key);
    let source = Source { body: found.body.as_ref().unwrap_or(generic), types: &found.types };
    let signature = instance_signature(db, file, def)?.represented();
    let name = instance_name(db, file, def)?;
    let types = ModuleTypes { db, file };
    Some(ovsm_ir::lower::lower_function(&name, source, &signature, (def, layout(db, file)), &types))
}
