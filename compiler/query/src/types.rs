//! Types: which definitions are inferred together, and what comes of it.

use crate::db::SourceFile;
use crate::forms::Form;
use crate::instances::{instance_name, instance_signature};
use crate::modules::{program_forms, program_items};
use crate::names::{code_of, expand};
use ovsm_base::DefId;
use ovsm_expand::Instruction;
use ovsm_expand::core::{Body, Expr};
use ovsm_infer::{Group, GroupTypes, Scheme, Signature, Type, TypeEnv, Unit, UnitKind};
use std::collections::BTreeMap;

/// A definition of a module.
#[salsa::interned]
pub struct Def<'db> {
    /// The module's file.
    #[returns(copy)]
    pub file: SourceFile,
    /// Which definition.
    #[returns(copy)]
    pub id: DefId,
}

/// Definitions of a module that are inferred together, sorted.
#[salsa::interned]
pub struct GroupKey<'db> {
    /// The module's file.
    #[returns(copy)]
    pub file: SourceFile,
    /// The members.
    pub members: Vec<DefId>,
}

/// What the bodies of a form need the types of, and what they state themselves: all that grouping has to know.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Needs {
    /// The functions that the form defines.
    pub functions: Vec<FunctionNeeds>,
    /// What its code needs, if it has any.
    pub code: Option<(Vec<DefId>, Vec<DefId>)>,
    /// Variables that its code defines with the types that it states.
    pub variables: Vec<(DefId, Type)>,
}

/// What a function needs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FunctionNeeds {
    /// Which.
    pub def: DefId,
    /// Functions that are called.
    pub callees: Vec<DefId>,
    /// Variables that are used.
    pub globals: Vec<DefId>,
    /// The signature, if it states all of it.
    pub signature: Option<Signature>,
}

/// The identity of a module's top-level code.
pub(crate) fn main_def(db: &dyn salsa::Database, file: SourceFile) -> DefId {
    DefId::new(file.module(db), "")
}

/// Whose types the bodies of a form are: its functions, and the top level if it has code.
pub(crate) fn owners<'db>(
    db: &'db dyn salsa::Database,
    file: SourceFile,
    form: Form<'db>,
) -> impl Iterator<Item = DefId> + 'db {
    let needs = needs(db, form);
    let main = main_def(db, file);
    needs.functions.iter().map(|function| function.def).chain(needs.code.iter().map(move |_| main))
}

/// What a form needs; the same as long as its bodies call and use the same.
#[salsa::tracked]
pub fn needs<'db>(db: &'db dyn salsa::Database, form: Form<'db>) -> Needs {
    let expansion = expand(db, form);
    let functions = expansion
        .functions
        .iter()
        .map(|function| FunctionNeeds {
            def: function.def,
            callees: function.body.callees.clone(),
            globals: function.body.globals.clone(),
            signature: Signature::annotated(&function.body),
        })
        .collect();
    let Some(code) = &expansion.code else { return Needs { functions, ..Needs::default() } };
    let variables = code
        .exprs
        .iter()
        .filter_map(|expr| match expr {
            Expr::Define(def, value) => match code.exprs.get(*value) {
                Some(Expr::Ascribe(_, stated)) if !stated.ty.is_open() => Some((*def, stated.ty.clone())),
                _ => None,
            },
            _ => None,
        })
        .collect();
    Needs { functions, code: Some((code.callees.clone(), code.globals.clone())), variables }
}

/// The entry of a program with instructions; `None` if it has none.
#[salsa::tracked]
pub fn dispatch(db: &dyn salsa::Database, file: SourceFile) -> Option<Body> {
    let instructions: Vec<Instruction> = program_forms(db, file)
        .iter()
        .flat_map(|form| expand(db, *form).instructions.iter().copied())
        .collect();
    (!instructions.is_empty()).then(|| ovsm_expand::dispatch::body(&instructions))
}

/// The identity of the entry's code.
pub(crate) fn dispatch_def(db: &dyn salsa::Database, file: SourceFile) -> DefId {
    DefId::new(file.module(db), "(entry)")
}

/// The groups of a module.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Groups {
    /// The members of each group; those that are needed first come first.
    pub groups: Vec<Vec<DefId>>,
    /// The group of each definition.
    pub of: BTreeMap<DefId, usize>,
    /// Types of variables that state theirs.
    pub variables: BTreeMap<DefId, Type>,
    /// Signatures of functions that state theirs.
    pub signatures: BTreeMap<DefId, Signature>,
    /// The places of the forms whose code runs when the program does.
    pub main: Vec<usize>,
}

/// The groups of a module.
#[salsa::tracked]
pub fn groups(db: &dyn salsa::Database, file: SourceFile) -> Groups {
    let main = main_def(db, file);
    let mut result = Groups::default();
    for (place, form) in program_forms(db, file).iter().enumerate() {
        let needs = needs(db, *form);
        if needs.code.is_some() {
            result.main.push(place);
        }
        result.variables.extend(needs.variables.iter().cloned());
        for function in &needs.functions {
            if let Some(signature) = &function.signature {
                result.signatures.insert(function.def, signature.clone());
            }
        }
    }
    let mut graph: BTreeMap<DefId, Vec<DefId>> = BTreeMap::from([(main, Vec::new())]);
    for form in program_forms(db, file) {
        let needs = needs(db, *form);
        let unknown = |callee: &&DefId| !result.signatures.contains_key(callee);
        if let Some((callees, _)) = &needs.code {
            graph.entry(main).or_default().extend(callees.iter().filter(unknown));
        }
        for function in &needs.functions {
            let edges = graph.entry(function.def).or_default();
            edges.extend(function.callees.iter().filter(unknown));
            if function.globals.iter().any(|global| !result.variables.contains_key(global)) {
                edges.push(main);
            }
        }
    }
    if let Some(entry) = dispatch(db, file) {
        let unknown = |callee: &&DefId| !result.signatures.contains_key(callee);
        graph.entry(main).or_default().extend(entry.callees.iter().filter(unknown));
    }
    result.groups = ovsm_infer::group::components(&graph);
    for (number, members) in result.groups.iter().enumerate() {
        for member in members {
            result.of.insert(*member, number);
        }
    }
    result
}

/// The group of a definition.
#[salsa::tracked(returns(copy))]
pub fn group_of<'db>(db: &'db dyn salsa::Database, def: Def<'db>) -> Option<GroupKey<'db>> {
    let groups = groups(db, def.file(db));
    let members = groups.groups.get(*groups.of.get(&def.id(db))?)?;
    Some(GroupKey::new(db, def.file(db), members.clone()))
}

/// The forms of a group, in source order.
#[salsa::tracked]
pub fn group_forms<'db>(db: &'db dyn salsa::Database, group: GroupKey<'db>) -> Vec<Form<'db>> {
    let file = group.file(db);
    let (forms, places) = (program_forms(db, file), &program_items(db, file).places);
    let main = main_def(db, file);
    let mut wanted: Vec<usize> = Vec::new();
    for member in group.members(db) {
        match *member == main {
            true => wanted.extend(&groups(db, file).main),
            false => wanted.extend(places.get(member)),
        }
    }
    wanted.sort_unstable();
    wanted.dedup();
    wanted.into_iter().filter_map(|place| forms.get(place).copied()).collect()
}

/// The types of a group.
#[salsa::tracked]
pub fn infer<'db>(db: &'db dyn salsa::Database, group: GroupKey<'db>) -> GroupTypes {
    let members = group_forms(db, group);
    let (file, wanted) = (group.file(db), group.members(db));
    let has_main = wanted.contains(&main_def(db, file));
    let last_code = members.iter().rposition(|form| expand(db, *form).code.is_some());
    let entry = dispatch(db, file).as_ref().filter(|_| has_main);
    let mut units = Vec::new();
    for (place, form) in members.iter().enumerate() {
        let expansion = expand(db, *form);
        for function in expansion.functions.iter().filter(|function| wanted.contains(&function.def)) {
            units.push(Unit { def: function.def, kind: UnitKind::Function, body: &function.body });
        }
        if let Some(body) = expansion.code.as_ref().filter(|_| has_main) {
            let kind = match Some(place) == last_code && entry.is_none() && is_code(db, *form) {
                true => UnitKind::Result,
                false => UnitKind::Statement,
            };
            units.push(Unit { def: code_of(db, *form), kind, body });
        }
    }
    if let Some(body) = entry {
        units.push(Unit { def: dispatch_def(db, file), kind: UnitKind::Result, body });
    }
    ovsm_infer::infer_group(&Group { units }, &ModuleTypes { db, file })
}

/// True for forms that are no definition.
pub(crate) fn is_code<'db>(db: &'db dyn salsa::Database, form: Form<'db>) -> bool {
    crate::names::item(db, form).is_code()
}

/// The signature of a function.
#[salsa::tracked]
pub fn signature<'db>(db: &'db dyn salsa::Database, def: Def<'db>) -> Option<Signature> {
    if let Some(signature) = groups(db, def.file(db)).signatures.get(&def.id(db)) {
        return Some(signature.clone());
    }
    let types = infer(db, group_of(db, def)?);
    let id = def.id(db);
    types.signatures.get(&id).cloned()
}

/// What a function leaves open, if anything.
#[salsa::tracked]
pub fn scheme<'db>(db: &'db dyn salsa::Database, def: Def<'db>) -> Option<Scheme> {
    let id = def.id(db);
    if groups(db, def.file(db)).signatures.contains_key(&id) {
        return None;
    }
    infer(db, group_of(db, def)?).schemes.get(&id).cloned()
}

/// The type of a variable.
#[salsa::tracked]
pub fn global_type<'db>(db: &'db dyn salsa::Database, def: Def<'db>) -> Option<Type> {
    let file = def.file(db);
    if let Some(ty) = groups(db, file).variables.get(&def.id(db)) {
        return Some(ty.clone());
    }
    let main = Def::new(db, file, main_def(db, file));
    let types = infer(db, group_of(db, main)?);
    let id = def.id(db);
    types.globals.get(&id).cloned()
}

/// The name of a definition, for messages.
pub(crate) fn name_of(db: &dyn salsa::Database, file: SourceFile, def: DefId) -> String {
    let name = program_items(db, file).names.get(&def).map(|name| ovsm_eval::written_name(name));
    name.map_or_else(|| "code".to_string(), str::to_string)
}

/// The types of a module, as stages ask for them.
pub(crate) struct ModuleTypes<'db> {
    pub(crate) db: &'db dyn salsa::Database,
    pub(crate) file: SourceFile,
}

impl TypeEnv for ModuleTypes<'_> {
    fn signature(&self, def: DefId) -> Option<Signature> {
        signature(self.db, Def::new(self.db, self.file, def)).clone()
    }

    fn scheme(&self, def: DefId) -> Option<Scheme> {
        scheme(self.db, Def::new(self.db, self.file, def)).clone()
    }

    fn global(&self, def: DefId) -> Option<Type> {
        global_type(self.db, Def::new(self.db, self.file, def)).clone()
    }

    fn name(&self, def: DefId) -> String {
        name_of(self.db, self.file, def)
    }
}

impl ovsm_ir::lower::function::Signatures for ModuleTypes<'_> {
    fn signature(&self, def: DefId) -> Option<Signature> {
        let signature =
            TypeEnv::signature(self, def).or_else(|| instance_signature(self.db, self.file, def))?;
        Some(signature.represented())
    }

    fn global(&self, def: DefId) -> Option<Type> {
        TypeEnv::global(self, def).map(|ty| ty.represented())
    }

    fn name(&self, def: DefId) -> String {
        match program_items(self.db, self.file).names.contains_key(&def) {
            true => TypeEnv::name(self, def),
            false => instance_name(self.db, self.file, def).unwrap_or_else(|| TypeEnv::name(self, def)),
        }
    }
}
