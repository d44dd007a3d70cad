//! Code: layout, lowering per definition, and what is made of a whole program.

use crate::budget::{self, has_budgets};
use crate::check::diagnostics;
use crate::db::SourceFile;
use crate::forms::Form;
use crate::instances::{InstanceKey, final_body, instances, is_part, lower_instance, typed_instances};
use crate::modules::{program_forms, program_items};
use crate::names::{code_of, expand};
use crate::types::{
    Def, ModuleTypes, dispatch, dispatch_def, global_type, group_of, groups, infer, main_def, name_of,
    signature,
};
use ovsm_base::{Code, DefId, Diagnostic};
use ovsm_infer::{BodyTypes, Type};
use ovsm_ir::Module;
use ovsm_ir::lower::layout::Part;
use ovsm_ir::lower::{EntryKind, Layout, Lowered, Needs, Source};
use ovsm_ir::passes::{OptLevel, optimize};
use std::collections::BTreeMap;

/// What the bodies of a form need of the layout, in their order.
#[salsa::tracked]
pub fn needs<'db>(db: &'db dyn salsa::Database, file: SourceFile, form: Form<'db>) -> Vec<Needs> {
    let bodies = expand(db, form).bodies();
    bodies
        .map(|(function, body)| {
            let types = body_types(db, file, form, function);
            let body = final_body(db, file, form, function, body);
            types.map_or(Needs::default(), |types| Needs::of(body, types))
        })
        .collect()
}

/// Where shared variables live, and values that need memory.
#[salsa::tracked]
pub fn layout(db: &dyn salsa::Database, file: SourceFile) -> Layout {
    let parts = program_forms(db, file).iter().flat_map(|form| {
        let bodies = expand(db, *form).bodies();
        let needs = needs(db, file, *form).iter().copied();
        bodies
            .zip(needs)
            .filter(|((function, _), _)| {
                let is_apart =
                    |function| expand(db, *form).is_template(function) || !is_part(db, file, function);
                !function.is_some_and(is_apart)
            })
            .map(move |((function, body), needs)| Part {
                function,
                body: final_body(db, file, *form, function, body),
                needs,
            })
    });
    let instances = typed_instances(db, file);
    let instances = instances.iter().map(|it| Part {
        function: it.function,
        body: it.body,
        needs: Needs::of(it.body, it.types),
    });
    let parts = parts.chain(instances);
    let entry = dispatch(db, file).iter().map(|body| Part { function: None, body, needs: Needs::default() });
    let parts = parts.chain(entry);
    let ty = |def| {
        let ty = global_type(db, Def::new(db, file, def)).as_ref();
        ty.map_or(Type::Error, Type::represented)
    };
    Layout::new(parts, &ty)
}

/// The types of a body of a form: of a function, or of its code.
pub(crate) fn body_types<'db>(
    db: &'db dyn salsa::Database,
    file: SourceFile,
    form: Form<'db>,
    function: Option<DefId>,
) -> Option<&'db BodyTypes> {
    let owner = function.unwrap_or_else(|| main_def(db, file));
    let types = infer(db, group_of(db, Def::new(db, file, owner))?);
    types.bodies.get(&function.unwrap_or_else(|| code_of(db, form)))
}

/// The IR of the functions of a form.
#[salsa::tracked]
pub fn lower<'db>(
    db: &'db dyn salsa::Database,
    file: SourceFile,
    form: Form<'db>,
) -> BTreeMap<DefId, Lowered> {
    let types = ModuleTypes { db, file };
    let functions = expand(db, form).functions.iter();
    functions
        .filter(|function| {
            function.withheld.is_empty() && !function.is_template && is_part(db, file, function.def)
        })
        .filter_map(|function| {
            let def = function.def;
            let signature = &signature(db, Def::new(db, file, def)).as_ref()?.represented();
            let body = final_body(db, file, form, Some(def), &function.body);
            let source = Source { body, types: body_types(db, file, form, Some(def))? };
            let name = name_of(db, file, def);
            let layout = layout(db, file);
            Some((def, ovsm_ir::lower::lower_function(&name, source, signature, (def, layout), &types)))
        })
        .collect()
}

/// The forms whose code runs when the program does.
pub(crate) fn main_forms(db: &dyn salsa::Database, file: SourceFile) -> Vec<Form<'_>> {
    let forms = program_forms(db, file);
    groups(db, file).main.iter().filter_map(|place| forms.get(*place).copied()).collect()
}

/// The types of the entry of a program with instructions.
pub(crate) fn entry_types(db: &dyn salsa::Database, file: SourceFile) -> Option<&BodyTypes> {
    dispatch(db, file).as_ref()?;
    let types = infer(db, group_of(db, Def::new(db, file, main_def(db, file)))?);
    types.bodies.get(&dispatch_def(db, file))
}

/// The type of a program's last value.
pub fn result_type(db: &dyn salsa::Database, file: SourceFile) -> Type {
    if let Some(types) = entry_types(db, file) {
        return types.result.clone().unwrap_or(Type::Null);
    }
    let last = main_forms(db, file).last().copied();
    let types = last.and_then(|form| body_types(db, file, form, None));
    types.and_then(|types| types.result.clone()).unwrap_or(Type::Null)
}

/// The IR of the top-level code.
pub(crate) fn lower_main(db: &dyn salsa::Database, file: SourceFile, kind: EntryKind) -> Lowered {
    let mut sources: Vec<Source<'_>> = main_forms(db, file)
        .into_iter()
        .filter_map(|form| {
            let body = final_body(db, file, form, None, expand(db, form).code.as_ref()?);
            Some(Source { body, types: body_types(db, file, form, None)? })
        })
        .collect();
    if let (Some(body), Some(types)) = (dispatch(db, file), entry_types(db, file)) {
        sources.push(Source { body, types });
    }
    let types = ModuleTypes { db, file };
    let result = result_type(db, file);
    ovsm_ir::lower::lower_main("entrypoint", &sources, &result, kind, layout(db, file), &types)
}

/// The program as IR, not optimised, with its warnings; or what is wrong with it.
pub fn lower_program(
    db: &dyn salsa::Database,
    file: SourceFile,
    kind: EntryKind,
) -> Result<(Module, Vec<Diagnostic>), Vec<Diagnostic>> {
    let mut found = diagnostics(db, file).clone();
    if found.iter().any(Diagnostic::is_error) {
        return Err(found);
    }
    let main = lower_main(db, file, kind);
    for diagnostic in &main.diagnostics {
        if !found.contains(diagnostic) {
            found.push(diagnostic.clone());
        }
    }
    if found.iter().any(Diagnostic::is_error) {
        return Err(found);
    }
    let functions: BTreeMap<DefId, &Lowered> = program_forms(db, file)
        .iter()
        .flat_map(|form| lower(db, file, *form))
        .map(|(def, lowered)| (*def, lowered))
        .chain(instances(db, file).all.iter().filter_map(|(def, instance)| {
            let key = InstanceKey::new(db, file, instance.clone());
            Some((*def, lower_instance(db, key).as_ref()?))
        }))
        .collect();
    found.extend(functions.values().flat_map(|lowered| lowered.diagnostics.iter().cloned()));
    if found.iter().any(Diagnostic::is_error) {
        return Err(found);
    }
    Ok((ovsm_ir::lower::link(&main, &|def| functions.get(&def).copied()), found))
}

/// What fills the bottom of the entry's frame: bytes and what for, the largest first, at most five.
pub(crate) fn shared_values(db: &dyn salsa::Database, file: SourceFile) -> Vec<(u32, String)> {
    let layout = layout(db, file);
    // Each thing ends where the next begins.
    let variables = layout.variables.iter().map(|(def, at)| (*at, format!("`{}`", name_of(db, file, *def))));
    let table = layout.account_table.map(|(at, accounts)| (at, format!("the places of {accounts} accounts")));
    let mut places: Vec<(u32, String)> = variables.chain(table).collect();
    places.sort();
    let ends = places.iter().skip(1).map(|(at, _)| *at).chain([layout.size]);
    let mut values: Vec<(u32, String)> =
        places.iter().zip(ends).map(|((at, what), end)| (end.saturating_sub(*at), what.clone())).collect();
    values.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    values.truncate(5);
    values
}

/// Where the name of a function stands.
fn name_span(db: &dyn salsa::Database, file: SourceFile, def: DefId) -> Option<ovsm_base::Span> {
    let place = program_items(db, file).places.get(&def)?;
    let form = program_forms(db, file).get(*place)?;
    let node = crate::forms::parse(db, *form).root(form.text(db))?;
    Some(ovsm_expand::item::name_node(node).unwrap_or(node).span())
}

/// Values that the program has no room for: in the first frame, and in memory.
#[salsa::tracked]
pub fn layout_errors(db: &dyn salsa::Database, file: SourceFile) -> Vec<Diagnostic> {
    let layout = layout(db, file);
    let mut found = Vec::new();
    let size = layout.size;
    if u64::from(size) > ovsm_ir::machine::STACK_SIZE as u64 / 2 + 1024 {
        let message = format!(
            "the variables that functions share and the account table take {size} bytes of the entry's stack frame"
        );
        let error = Diagnostic::new(Code::FrameTooLarge, message);
        let shared = shared_values(db, file).into_iter();
        found.push(
            shared
                .fold(error, |error, (bytes, what)| error.note(format!("{bytes} bytes are for {what}")))
                .help("pass values as arguments instead of sharing variables"),
        );
        return found;
    }
    let heap = ovsm_ir::machine::HEAP_SIZE as u64;
    if layout.memory_size > heap {
        let mut diagnostic = Diagnostic::new(
            Code::FrameTooLarge,
            format!(
                "the arrays of the program take {} bytes of memory, and a program has {heap}",
                layout.memory_size
            ),
        );
        let mut functions = layout.memory_of_functions();
        functions.sort_by_key(|(function, bytes)| (std::cmp::Reverse(*bytes), *function));
        for (place, (function, bytes)) in functions.iter().take(5).enumerate() {
            let Some(def) = function else {
                diagnostic = diagnostic.note(format!("{bytes} bytes are for the top level"));
                continue;
            };
            let instance = instances(db, file).all.get(def).map(|instance| instance.function);
            let def = instance.unwrap_or(*def);
            diagnostic = diagnostic.note(format!("{bytes} bytes are for `{}`", name_of(db, file, def)));
            if place == 0
                && let Some(span) = name_span(db, file, def)
            {
                diagnostic = diagnostic.label(span, "most of them are for this");
            }
        }
        found.push(
            diagnostic
                .note("each function has room of its own for what it makes of arrays: copies, results, arguments")
                .help("use smaller arrays, or work in the account, item by item: `(set! (get (. a items) i) v)`"),
        );
    }
    for def in &layout.recursive {
        let instance = instances(db, file).all.get(def).map(|instance| instance.function);
        let def = &instance.unwrap_or(*def);
        let name = name_of(db, file, *def);
        let mut diagnostic = Diagnostic::new(
            Code::UnsupportedForm,
            format!("`{name}` calls itself and has an array of its own, for which there is one place only"),
        )
        .help("give it the array as an argument, or write a loop");
        if let Some(span) = name_span(db, file, *def) {
            diagnostic = diagnostic.label(span, "");
        }
        found.push(diagnostic);
    }
    found
}

/// How to build a Solana program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BuildOptions {
    /// How much to optimise.
    pub level: OptLevel,
    /// The version of sBPF.
    pub version: ovsm_sbpf::Version,
    /// Whether to write section headers and symbols.
    pub symbols: bool,
}

/// A built program.
#[derive(Clone, Debug)]
pub struct Artifact {
    /// The program's IR after optimisation.
    pub module: Module,
    /// The machine code and what is known about it.
    pub program: ovsm_sbpf::Program,
    /// Warnings.
    pub diagnostics: Vec<Diagnostic>,
}

/// Builds a Solana program; or what is wrong with it.
pub fn build(
    db: &dyn salsa::Database,
    file: SourceFile,
    options: &BuildOptions,
) -> Result<Artifact, Vec<Diagnostic>> {
    let (mut module, mut diagnostics) = lower_program(db, file, EntryKind::ReturnCode)?;
    let original = has_budgets(db, file).then(|| module.clone());
    optimize(&mut module, options.level);
    match ovsm_sbpf::compile(&module, &target_options(options)) {
        Ok(program) => {
            if let Some(original) = &original {
                diagnostics.extend(budget::check(db, file, options, (original, &module), &program));
            }
            match diagnostics.iter().any(Diagnostic::is_error) {
                true => Err(diagnostics),
                false => Ok(Artifact { module, program, diagnostics }),
            }
        }
        Err(errors) => {
            diagnostics.extend(errors.into_iter().map(|error| budget::explain_frame(db, file, error)));
            Err(diagnostics)
        }
    }
}

/// What the backend is told.
pub(crate) fn target_options(options: &BuildOptions) -> ovsm_sbpf::Options {
    ovsm_sbpf::Options {
        version: options.version,
        optimize: options.level != OptLevel::O0,
        small: options.level == OptLevel::Os,
        symbols: options.symbols,
        ..ovsm_sbpf::Options::default()
    }
}
