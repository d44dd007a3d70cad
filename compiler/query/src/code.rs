//! Code: layout, lowering per definition, and what is made of a whole program.

use crate::check::diagnostics;
use crate::db::SourceFile;
use crate::forms::{Form, forms};
use crate::names::{def_of, expand};
use crate::types::{
    Def, ModuleTypes, global_type, group_of, groups, infer, main_def, name_of, needs, signature,
};
use ovsm_base::{DefId, Diagnostic};
use ovsm_infer::{BodyTypes, Type};
use ovsm_ir::Module;
use ovsm_ir::lower::layout::Part;
use ovsm_ir::lower::{EntryKind, Layout, Lowered, Source};
use ovsm_ir::passes::{OptLevel, optimize};
use std::collections::BTreeMap;

/// Where shared variables live.
#[salsa::tracked]
pub fn layout(db: &dyn salsa::Database, file: SourceFile) -> Layout {
    let parts = forms(db, file).iter().map(|form| {
        let expansion = expand(db, *form);
        let function = expansion.is_function.then(|| def_of(db, *form));
        Part { function, body: &expansion.body }
    });
    let ty = |def| global_type(db, Def::new(db, file, def)).unwrap_or(Type::Error);
    Layout::new(parts, &ty)
}

/// The types of the body of a form.
fn body_types<'db>(db: &'db dyn salsa::Database, form: Form<'db>) -> Option<&'db BodyTypes> {
    let file = form.file(db);
    let def = def_of(db, form);
    let owner = if needs(db, form).is_function { def } else { main_def(db, file) };
    let types = infer(db, group_of(db, Def::new(db, file, owner))?);
    types.bodies.get(&def)
}

/// The IR of a function; `None` for what is no function.
#[salsa::tracked]
pub fn lower<'db>(db: &'db dyn salsa::Database, form: Form<'db>) -> Option<Lowered> {
    let file = form.file(db);
    let def = def_of(db, form);
    let expansion = expand(db, form);
    let signature = signature(db, Def::new(db, file, def)).as_ref()?;
    let source = Source { body: &expansion.body, types: body_types(db, form)? };
    let name = name_of(db, file, def);
    let types = ModuleTypes { db, file };
    expansion
        .is_function
        .then(|| ovsm_ir::lower::lower_function(&name, source, signature, layout(db, file), &types))
}

/// The forms whose code runs when the program does.
fn main_forms(db: &dyn salsa::Database, file: SourceFile) -> Vec<Form<'_>> {
    let forms = forms(db, file);
    groups(db, file).main.iter().filter_map(|place| forms.get(*place).copied()).collect()
}

/// The type of a program's last value.
pub fn result_type(db: &dyn salsa::Database, file: SourceFile) -> Type {
    let last = main_forms(db, file).last().copied();
    last.and_then(|form| body_types(db, form)).and_then(|types| types.result).unwrap_or(Type::Null)
}

/// The IR of the top-level code.
pub(crate) fn lower_main(db: &dyn salsa::Database, file: SourceFile, kind: EntryKind) -> Lowered {
    let sources: Vec<Source<'_>> = main_forms(db, file)
        .into_iter()
        .filter_map(|form| Some(Source { body: &expand(db, form).body, types: body_types(db, form)? }))
        .collect();
    let types = ModuleTypes { db, file };
    let result = result_type(db, file);
    ovsm_ir::lower::lower_main("entrypoint", &sources, result, kind, layout(db, file), &types)
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
    let size = layout(db, file).size;
    if u64::from(size) > ovsm_ir::machine::STACK_SIZE as u64 / 2 + 1024 {
        found.push(
            Diagnostic::new(
                ovsm_base::Code::FrameTooLarge,
                format!("the variables that functions share and the account table take {size} bytes of the entry's stack frame"),
            )
            .help("pass values as arguments instead of sharing variables"),
        );
    }
    if found.iter().any(Diagnostic::is_error) {
        return Err(found);
    }
    let functions: BTreeMap<DefId, &Lowered> = forms(db, file)
        .iter()
        .filter_map(|form| Some((def_of(db, *form), lower(db, *form).as_ref()?)))
        .collect();
    found.extend(functions.values().flat_map(|lowered| lowered.diagnostics.iter().cloned()));
    if found.iter().any(Diagnostic::is_error) {
        return Err(found);
    }
    Ok((ovsm_ir::lower::link(&main, &|def| functions.get(&def).copied()), found))
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
    optimize(&mut module, options.level);
    let target = ovsm_sbpf::Options {
        version: options.version,
        optimize: options.level != OptLevel::O0,
        symbols: options.symbols,
        ..ovsm_sbpf::Options::default()
    };
    match ovsm_sbpf::compile(&module, &target) {
        Ok(program) => Ok(Artifact { module, program, diagnostics }),
        Err(errors) => {
            diagnostics.extend(errors);
            Err(diagnostics)
        }
    }
}
