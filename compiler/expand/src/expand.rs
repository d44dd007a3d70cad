//! Expansion of one top-level form of a program into a static core body.
//!
//! The expander of `ovsm-eval` does the work that scripts and programs share: names, hygiene, macros, every form. What
//! the form may see of its module comes from an [`Env`]: the names that its text contains, and for macros also their
//! definitions and what these call. The result is translated to the core of programs by `translate`.

use crate::core::Body;
use crate::declaration::Declaration;
use crate::env::{Definition, Env, Global, GlobalKind, Import, Literal, ModuleKey};
use crate::item::Item;
use crate::translate::translate;
use ovsm_base::{Code, DefId, Diagnostic, FormId};
use ovsm_cst::Node;
use ovsm_eval::ModuleId;
use ovsm_eval::program::{self, Defined, Known, Link, ProgramSession};
use ovsm_value::Value;
use ovsm_value::number::FixedType;
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

/// A form becomes at most so many instances of functions that are put in place of their calls. More are more code than a
/// program can hold.
const MAX_INSTANCES: u64 = 4_000;

/// A form reports at most so many faults: the next ones hardly help, and a hostile file could make millions.
const MAX_DIAGNOSTICS: usize = 200;

/// What a form became.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Expansion {
    /// The functions that it defines.
    pub functions: Vec<DefinedFunction>,
    /// Its code that runs when the program does; `None` if it only defines functions.
    pub code: Option<Body>,
    /// The instructions that it declares.
    pub instructions: Vec<Instruction>,
    /// What it says about the program's interface, in order.
    pub declarations: Vec<Declaration>,
    /// What is wrong with it.
    pub diagnostics: Vec<Diagnostic>,
    /// What it uses of the imports that it sees: the number of the import, and the name, or none if it is used with a
    /// prefix.
    pub used_imports: Vec<(usize, Option<String>)>,
}

/// An instruction of the program: the function that runs it, and what its data begin with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Instruction {
    /// The function.
    pub handler: DefId,
    /// The first bytes of the instruction data, little endian.
    pub discriminator: u64,
    /// How many bytes these are: 1 to 8.
    pub discriminator_size: u32,
}

/// A function that a form defines.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DefinedFunction {
    /// Which.
    pub def: DefId,
    /// Its name.
    pub name: String,
    /// Its code.
    pub body: Body,
    /// True if it takes functions: its code is there to be checked, and is put in place of each call.
    pub is_template: bool,
    /// True if it was a local function of the form.
    pub is_lifted: bool,
    /// Why it can not be part of a program; matters if the program calls it.
    pub withheld: Vec<Diagnostic>,
}

impl Expansion {
    /// The bodies, with the identities of their functions.
    pub fn bodies(&self) -> impl Iterator<Item = (Option<DefId>, &Body)> + Clone {
        let functions = self.functions.iter().map(|function| (Some(function.def), &function.body));
        functions.chain(self.code.iter().map(|code| (None, code)))
    }

    /// True for a function that is put in place of its calls, and no part of the program by itself.
    pub fn is_template(&self, def: DefId) -> bool {
        self.function(def).is_some_and(|function| function.is_template)
    }

    /// The function with an identity.
    pub fn function(&self, def: DefId) -> Option<&DefinedFunction> {
        self.functions.iter().find(|function| function.def == def)
    }
}

/// The names that a form sees of its module, and of others.
pub(crate) struct Surroundings<'a> {
    /// The modules that were brought in, that of the form first, with what was looked up in them.
    modules: Vec<Visible>,
    pub(crate) env: &'a dyn Env,
}

/// A module that a form sees something of.
struct Visible {
    key: ModuleKey,
    id: ModuleId,
    globals: FxHashMap<Rc<str>, Global>,
    /// What it imports, once that was asked for.
    imports: Option<Rc<[Import]>>,
}

impl Surroundings<'_> {
    /// The definition of a name of a module.
    pub(crate) fn get(&self, module: ModuleId, name: &str) -> Option<Global> {
        let visible = self.modules.iter().find(|visible| visible.id == module)?;
        match visible.globals.get(name) {
            Some(global) => Some(global.clone()),
            None => self.env.lookup(visible.key, name),
        }
    }

    /// The name that tells a module from all others of the program; none for those of the library.
    pub(crate) fn module_name(&self, module: ModuleId) -> String {
        let visible = self.modules.iter().find(|visible| visible.id == module);
        visible.map_or_else(String::new, |visible| self.env.module_name(visible.key))
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
    // What forms use of the preludes is read and compiled once; nothing of a form stays in it.
    static SESSION: RefCell<Option<ProgramSession>> = const { RefCell::new(None) };
}

/// What a form is among the forms of its module.
#[derive(Clone, Copy)]
pub struct FormContext<'a> {
    /// What it defines.
    pub item: &'a Item,
    /// What it is the first to define.
    pub own: &'a [DefId],
    /// The functions that macros mention and no code of the program does: they may use all of the language, unless an
    /// expansion calls them.
    pub at_compile_time: &'a BTreeSet<DefId>,
}

/// Expands a top-level form.
pub fn expand_form(node: Node<'_>, context: FormContext<'_>, env: &dyn Env) -> Expansion {
    let Some(form) = program::syntax_of(node) else {
        // The reader has reported it, unless it is a number that fits no type.
        let mut expansion =
            Expansion { diagnostics: crate::literal::out_of_range(node), ..Expansion::default() };
        crate::translate::top_level::stand_in(&mut expansion, context, env);
        return expansion;
    };
    with_session(|session| {
        session.begin(Some(node.span().form));
        let (surroundings, instances) = bring_in(session, &form, context.item, env);
        if instances.total > MAX_INSTANCES {
            return too_many_instances(node, &instances, context, env);
        }
        let mut expanded = session.expand(&form);
        if expanded.diagnostics.iter().any(|diagnostic| diagnostic.code == Code::UnknownName) {
            // Again, with all names at hand that could be meant.
            session.begin(Some(node.span().form));
            bring_in(session, &form, context.item, env);
            expanded = session.expand_with_suggestions(&form, env.names());
        }
        let failed = expanded.diagnostics.iter().any(Diagnostic::is_error);
        let mut expansion =
            translate(&expanded.unit, session, &surroundings, context, node.span().form, failed);
        let mut diagnostics = expanded.diagnostics;
        diagnostics.append(&mut expansion.diagnostics);
        diagnostics.truncate(MAX_DIAGNOSTICS);
        expansion.diagnostics = diagnostics;
        let used = session.used_links().into_iter();
        expansion.used_imports =
            used.map(|(number, name)| (number, name.map(|name| name.to_string()))).collect();
        expansion
    })
}

/// A form that puts more functions in place of calls than a program can hold. Nothing of it is expanded. Where a function that
/// it calls does so by itself, that is reported there.
fn too_many_instances(
    node: Node<'_>,
    instances: &Instances,
    context: FormContext<'_>,
    env: &dyn Env,
) -> Expansion {
    let mut expansion = Expansion::default();
    if instances.most <= MAX_INSTANCES {
        let is_named = |node: &Node<'_>| node.as_symbol() == Some(&*instances.name);
        let at = node.descendants().find(is_named).unwrap_or(node).span();
        let message = format!("this form becomes more than {MAX_INSTANCES} functions that take functions");
        expansion.diagnostics.push(
            Diagnostic::new(Code::TooManyInstances, message)
                .label(at, "each call of this one counts, with those in its body")
                .note("a function that takes functions is put in place of each call, so where each calls another one twice, each doubles the program")
                .help("call the next function once, in a loop or with a `fn` that does both; or give a number that says what to do instead of a function"),
        );
    }
    crate::translate::top_level::stand_in(&mut expansion, context, env);
    expansion
}

/// What a call of a macro at the top level defines; nothing if the head is no macro.
pub fn expanded_item(node: Node<'_>, env: &dyn Env) -> Item {
    let none = Item::default();
    let heads = called_heads(node);
    if heads.is_empty() {
        return none;
    }
    with_session(|session| {
        let is_own =
            |head: &&str| env.lookup(ModuleKey::OWN, head).map(|global| global.kind == GlobalKind::Macro);
        let may_be_imported = |head: &&str| is_own(head).is_none() && !env.imports(ModuleKey::OWN).is_empty();
        let is_macro = heads.iter().any(|head| {
            is_own(head).unwrap_or_else(|| session.is_prelude_macro(head)) || may_be_imported(head)
        });
        if !is_macro {
            return Item::default();
        }
        let Some(form) = program::syntax_of(node) else { return Item::default() };
        session.begin(Some(node.span().form));
        bring_in(session, &form, &none, env);
        if !heads.iter().any(|head| session.is_macro(head)) {
            return Item::default();
        }
        let before: FxHashSet<Rc<str>> = session.defined().into_iter().map(|(name, _)| name).collect();
        // What a macro of the program makes may depend on what its macros did in the bodies before.
        let is_of_program =
            heads.iter().any(|head| is_own(head).is_some() || !session.is_prelude_macro(head));
        let outline = if is_of_program { None } else { session.outline(&form) };
        let unit = match outline {
            Some(outline) => outline.unit,
            None if is_of_program => session.expand(&form).unit,
            None => {
                session.begin(Some(node.span().form));
                bring_in(session, &form, &none, env);
                session.expand(&form).unit
            }
        };
        let literals = literals(&unit, session);
        let taking_functions = functions_of_functions(&unit, session);
        let names = session.defined().into_iter().filter(|(name, _)| !before.contains(name));
        let mut names: Vec<(String, GlobalKind)> = names
            .map(|(name, defined)| {
                let params = |count: Option<usize>| count.map(|count| count as u32);
                if let Some(literal) = literals.get(&name) {
                    return (name.to_string(), GlobalKind::Literal(literal.clone()));
                }
                let kind = match defined {
                    Defined::Function(count) => GlobalKind::Function { params: params(count) },
                    Defined::Accessor(count) => GlobalKind::Accessor { params: params(count) },
                    Defined::Variable => GlobalKind::Variable,
                    Defined::Constant => GlobalKind::Constant,
                    Defined::Type => GlobalKind::Type,
                    Defined::Macro => GlobalKind::Macro,
                };
                (name.to_string(), kind)
            })
            .collect();
        // The call is put in place of those of the function, so that has to be all that it defines.
        if let [(name, kind @ GlobalKind::Function { .. })] = names.as_mut_slice()
            && taking_functions.contains(name.as_str())
            && let GlobalKind::Function { params } = *kind
        {
            *kind = GlobalKind::Template { params };
        }
        let exports = session.exports().iter().map(|name| name.to_string()).collect();
        Item { names, is_expanded: true, exports }
    })
}

/// What is wrong with the imports of a module beside those that can not be done: from the forms of the imports, what all
/// the module's forms use of them, and the names that the module defines itself.
pub fn import_reports(
    imports: &[Node<'_>],
    used: &[(Link, Option<String>)],
    own: &[String],
    env: &dyn Env,
) -> Vec<Diagnostic> {
    let forms: Vec<Value> = imports.iter().filter_map(|node| program::syntax_of(*node)).collect();
    with_session(|session| {
        session.begin(None);
        for import in env.imports(ModuleKey::OWN) {
            let Some(target) = import.target else { continue };
            let id = session.module(&import.link.module);
            let names = import.link.only.iter().flatten().chain(own);
            for name in names.filter(|name| env.is_exported(target, name)) {
                let Some(global) = env.lookup(target, name) else { continue };
                session.define(id, name, known(&global.kind));
                session.export(id, name);
            }
        }
        session.import_reports(&forms, used, own)
    })
}

/// The names that are called at the top level of a form: its head, or those of the definitions that it lets others use.
fn called_heads(node: Node<'_>) -> Vec<&str> {
    match crate::forms::head(node) {
        Some("pub") => node.children().skip(1).flat_map(called_heads).collect(),
        head => head.into_iter().collect(),
    }
}

/// The constants of a form whose values are literals.
fn literals(unit: &ovsm_eval::core::Unit, session: &ProgramSession) -> FxHashMap<Rc<str>, Literal> {
    use ovsm_eval::core::Expr;
    let int = |negative: bool, magnitude: u128, ty: Option<ovsm_base::IntType>| Literal::Int {
        negative,
        magnitude,
        ty,
    };
    let literal = |value: &Value| match value {
        Value::Int(number) => Some(int(*number < 0, number.unsigned_abs().into(), None)),
        Value::Fixed(ty, word) if !ty.is_signed() => Some(int(false, u128::from(*word), Some(*ty))),
        Value::Bool(truth) => Some(Literal::Bool(*truth)),
        _ => None,
    };
    let constants: FxHashSet<Rc<str>> = session
        .defined()
        .into_iter()
        .filter(|(_, defined)| *defined == Defined::Constant)
        .map(|(name, _)| name)
        .collect();
    unit.exprs
        .iter()
        .filter_map(|expr| match expr {
            Expr::SetGlobal(global, value) => {
                let name = session.name(*global).filter(|name| constants.contains(*name))?;
                match unit.exprs.get(*value) {
                    Some(Expr::Constant(value)) => Some((Rc::clone(name), literal(value)?)),
                    _ => None,
                }
            }
            _ => None,
        })
        .collect()
}

/// The functions of a form that take functions.
fn functions_of_functions(unit: &ovsm_eval::core::Unit, session: &ProgramSession) -> FxHashSet<Rc<str>> {
    use ovsm_eval::core::Expr;
    let takes_function = |function: &ovsm_eval::core::FunctionCode| {
        function.parameters.required.iter().any(|parameter| {
            let annotation = unit.locals.get(*parameter).and_then(|local| local.annotation.as_ref());
            matches!(annotation, Some((ovsm_eval::Type::Function(_), _)))
        })
    };
    unit.exprs
        .iter()
        .filter_map(|expr| match expr {
            Expr::SetGlobal(global, value) => match unit.exprs.get(*value) {
                Some(Expr::Lambda(function)) if takes_function(unit.functions.get(*function)?) => {
                    session.name(*global).cloned()
                }
                _ => None,
            },
            _ => None,
        })
        .collect()
}

/// Makes ready what the first form of the thread would have to wait for.
pub fn warm_up() {
    with_session(|_| ());
}

fn with_session<T>(run: impl FnOnce(&mut ProgramSession) -> T) -> T {
    let mut session = SESSION
        .take()
        .unwrap_or_else(|| ProgramSession::new(|name| crate::Builtin::from_name(name).is_some()));
    let result = run(&mut session);
    SESSION.set(Some(session));
    result
}

/// Brings in what the names of a form mean, but for those that it defines itself: of types, of macros, and of the
/// functions that these may call, the whole definition.
fn bring_in<'a>(
    session: &mut ProgramSession,
    form: &Value,
    item: &Item,
    env: &'a dyn Env,
) -> (Surroundings<'a>, Instances) {
    let mut bringing = Bringing {
        item,
        own: crate::item::defined_name(form),
        surroundings: Surroundings { modules: Vec::new(), env },
        visited: FxHashSet::default(),
        brought: FxHashSet::default(),
        instances: FxHashMap::default(),
        session,
    };
    let main = bringing.session.main();
    bringing.module(ModuleKey::OWN, main);
    bringing.own_imports();
    let instances = bringing.names_of(0, &program::symbols(form), false);
    (bringing.surroundings, instances)
}

/// How many functions that take functions a form becomes, as its text says: those that it names, with those that they name.
#[derive(Clone, Default)]
struct Instances {
    total: u64,
    /// Those of the name that has most of them, and that name.
    most: u64,
    name: Rc<str>,
}

impl Instances {
    /// Adds the uses of a name, each of which becomes so many.
    fn add(&mut self, name: &Rc<str>, times: u64, each: Option<&u64>) {
        let each = each.copied().unwrap_or(0);
        self.total = self.total.saturating_add(each.saturating_mul(times));
        if each > self.most {
            (self.most, self.name) = (each, Rc::clone(name));
        }
    }
}

struct Bringing<'a, 's> {
    session: &'s mut ProgramSession,
    item: &'s Item,
    own: Option<String>,
    surroundings: Surroundings<'a>,
    /// Names of modules that were looked at: as themselves, and in a definition that is needed as a whole.
    visited: FxHashSet<(usize, Rc<str>, bool)>,
    /// Forms that were brought in; one may define several names.
    brought: FxHashSet<FormId>,
    /// How many instances a use of a definition becomes; none for one that is still being looked at.
    instances: FxHashMap<(usize, Rc<str>), u64>,
}

impl Bringing<'_, '_> {
    /// Brings in a module, without its names: its number among those that are visible.
    fn module(&mut self, key: ModuleKey, id: ModuleId) -> usize {
        let modules = &mut self.surroundings.modules;
        if let Some(known) = modules.iter().position(|visible| visible.key == key) {
            return known;
        }
        modules.push(Visible { key, id, globals: FxHashMap::default(), imports: None });
        modules.len() - 1
    }

    fn key(&self, module: usize) -> ModuleKey {
        self.surroundings.modules.get(module).map_or(ModuleKey::OWN, |visible| visible.key)
    }

    /// What a module imports; the session knows it afterwards.
    fn imports(&mut self, module: usize) -> Rc<[Import]> {
        let Some(visible) = self.surroundings.modules.get_mut(module) else { return Rc::from([]) };
        if let Some(imports) = &visible.imports {
            return Rc::clone(imports);
        }
        let imports: Rc<[Import]> = self.surroundings.env.imports(visible.key).into();
        visible.imports = Some(Rc::clone(&imports));
        let id = visible.id;
        for import in imports.iter() {
            self.session.link(id, &import.link, import.is_known());
            if let Some(target) = import.target {
                let module = import.link.module.as_str();
                let is_missing = |name: &&str| {
                    !self.surroundings.env.is_exported(target, name) && !program::library_has(module, name)
                };
                let missing: Vec<&str> =
                    import.link.only.iter().flatten().map(String::as_str).filter(is_missing).collect();
                self.session.miss(id, &missing);
            }
        }
        imports
    }

    /// Lets the session know what the form imports, if it is an import: that has to be there, also if nothing of it is
    /// named, and may import the form's module in its turn.
    fn own_imports(&mut self) {
        for import in self.surroundings.env.own_imports() {
            let module = &import.link.module;
            if let Some(cycle) = self.surroundings.env.cycle(module) {
                self.session.loading(&cycle);
            }
            let Some(target) = import.target else { continue };
            let id = self.session.module(module);
            let number = self.module(target, id);
            for name in import.link.only.iter().flatten() {
                self.imported(number, &Rc::from(name.as_str()), false);
            }
        }
    }

    /// Brings in the names that a form of a module contains. With `whole`, it is a definition that will run while the program is
    /// compiled.
    fn names_of(&mut self, module: usize, names: &[(Rc<str>, u64)], whole: bool) -> Instances {
        let imports = self.imports(module);
        let mut instances = Instances::default();
        for (name, times) in names {
            if module == 0 && self.is_own(name) {
                continue;
            }
            if self.own_name(module, name, whole) {
                instances.add(name, *times, self.instances.get(&(module, Rc::clone(name))));
                continue;
            }
            for import in imports.iter() {
                let Some(target) = import.target else { continue };
                let inner: Option<Rc<str>> = match name.split_once('/') {
                    Some((prefix, inner)) if prefix == import.link.prefix() => Some(inner.into()),
                    _ => None,
                };
                let outer = import.link.brings(name).then(|| Rc::clone(name));
                for inner in inner.into_iter().chain(outer) {
                    let id = self.session.module(&import.link.module);
                    let number = self.module(target, id);
                    self.imported(number, &inner, whole);
                    instances.add(name, *times, self.instances.get(&(number, inner)));
                }
            }
        }
        instances
    }

    /// Brings in a name of a module that another uses, if the module has it.
    fn imported(&mut self, module: usize, name: &Rc<str>, whole: bool) {
        let key = self.key(module);
        if self.own_name(module, name, whole)
            && self.surroundings.env.is_exported(key, name)
            && let Some(visible) = self.surroundings.modules.get(module)
        {
            self.session.export(visible.id, name);
        }
    }

    /// Brings in a name that a module defines itself; false if it does not.
    fn own_name(&mut self, module: usize, name: &Rc<str>, whole: bool) -> bool {
        let Some(visible) = self.surroundings.modules.get(module) else { return false };
        if !self.visited.insert((module, Rc::clone(name), whole)) {
            return visible.globals.contains_key(name);
        }
        let id = visible.id;
        let Some(global) = self.surroundings.get(id, name) else { return false };
        if let Some(visible) = self.surroundings.modules.get_mut(module) {
            visible.globals.insert(Rc::clone(name), global.clone());
        }
        match &global.kind {
            GlobalKind::Macro | GlobalKind::Type | GlobalKind::Accessor { .. } => {
                self.definition(module, name)
            }
            // A macro runs now, and so do the functions that it calls.
            GlobalKind::Function { .. } if whole => self.definition(module, name),
            GlobalKind::Template { .. } => self.template(module, name, whole),
            kind if !self.visited.contains(&(module, Rc::clone(name), !whole)) => {
                self.session.define(id, name, known(kind));
                if *kind == GlobalKind::Variable {
                    self.stated_type(module, name);
                }
            }
            _ => {}
        }
        true
    }

    /// Brings in the type that the definition of a variable states.
    fn stated_type(&mut self, module: usize, name: &Rc<str>) {
        let Some(visible) = self.surroundings.modules.get(module) else { return };
        let (key, id) = (visible.key, visible.id);
        if let Some(ty) = self.surroundings.env.annotation(key, name) {
            ovsm_base::stack::with_room(|| self.names_of(module, &program::symbols(&ty), true));
            self.session.state(id, name, &ty);
        }
    }

    /// Brings in a definition, after what it mentions: types come before what has fields of them.
    fn definition(&mut self, module: usize, name: &Rc<str>) {
        let Some(visible) = self.surroundings.modules.get(module) else { return };
        let (key, id) = (visible.key, visible.id);
        let Some(definition) = self.surroundings.env.definition(key, name) else { return };
        if self.brought.insert(definition.form) {
            let inner = ovsm_base::stack::with_room(|| self.names_of(module, &definition.names, true));
            self.instances.insert((module, Rc::clone(name)), inner.total);
            self.session.define_form(id, definition.syntax);
        }
    }

    /// Brings in a function that takes functions, as a macro: each call becomes the definition, as a local function, and a
    /// call of that. What it calls itself is brought in, too.
    fn template(&mut self, module: usize, name: &Rc<str>, whole: bool) {
        let Some(visible) = self.surroundings.modules.get(module) else { return };
        let (key, id) = (visible.key, visible.id);
        let Some(Definition { form, syntax: definition, names }) =
            self.surroundings.env.definition(key, name)
        else {
            return;
        };
        let inner = ovsm_base::stack::with_room(|| self.names_of(module, &names, whole));
        self.instances.insert((module, Rc::clone(name)), inner.total.saturating_add(1));
        let template = || match crate::item::defined_name(&definition) {
            Some(_) => program::template(&definition),
            None => Some(program::template_by_call(&definition, name)),
        };
        if self.brought.insert(form)
            && let Some(template) = template()
        {
            self.session.define_form(id, template);
        }
    }

    fn is_own(&self, name: &str) -> bool {
        self.own.as_deref() == Some(name) || self.item.names.iter().any(|(own, _)| own == name)
    }
}

fn known(kind: &GlobalKind) -> Known {
    match kind {
        GlobalKind::Function { params }
        | GlobalKind::Template { params }
        | GlobalKind::Accessor { params } => Known::Function(params.map(|params| params as usize)),
        GlobalKind::Variable => Known::Variable,
        GlobalKind::Literal(literal) => match literal_value(literal) {
            Some(value) => Known::Value(value),
            None => Known::Constant,
        },
        GlobalKind::Constant | GlobalKind::Macro | GlobalKind::Type => Known::Constant,
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
                Some(ty) => FixedType(*ty).make(&number),
                None => Some(Value::integer(number)),
            }
        }
    }
}
