//! Expansion of the forms of a program, each on its own.
//!
//! A form of a program is expanded with what it may see of its module and of those that it imports: names that are
//! functions, variables and constants, and the forms of macros and of what macros call. The result is core; nothing of
//! the form itself runs.
//! Whoever compiles programs brings in the names and keeps what comes out. Start with [`ProgramSession::expand`].

use crate::core::{GlobalId, Unit};
use crate::expand::Expander;
use crate::front::{Front, NoModules};
use crate::machine::{Limits, Machine};
use crate::module::{Global, GlobalKind, Import, Meaning, ModuleId, PrefixRank};
use crate::syntax;
use ovsm_base::{Code, Diagnostic, FormId};
use ovsm_library::Host;
use ovsm_value::{RecordType, Value};
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// A session is made anew after so many forms, so that what macros left behind does not pile up.
const MAX_FORMS: u32 = 1_000;

/// What a form may see of a name of its module.
pub enum Known {
    /// A function that takes so many arguments, if that is a fixed number.
    Function(Option<usize>),
    /// A variable.
    Variable,
    /// A constant whose value is not known while the program is compiled.
    Constant,
    /// A constant with a value.
    Value(Value),
}

/// What a form became.
pub struct ExpandedForm {
    /// Its code.
    pub unit: Unit,
    /// What is wrong with it.
    pub diagnostics: Vec<Diagnostic>,
}

/// Expands forms of programs.
pub struct ProgramSession {
    machine: Machine,
    front: Front,
    names: FxHashMap<GlobalId, (ModuleId, Rc<str>)>,
    forms: u32,
}

/// An import of a module, as far as its words say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Link {
    /// The name of the module.
    pub module: String,
    /// The prefix of its names, if it is not the last part of that.
    pub alias: Option<String>,
    /// The names that need no prefix, if only some.
    pub only: Option<Vec<String>>,
}

impl Link {
    /// The prefix of the module's names.
    pub fn prefix(&self) -> &str {
        let last = || self.module.rsplit('/').next().unwrap_or(&self.module);
        self.alias.as_deref().unwrap_or_else(last)
    }

    /// True if all that the module exports can be named without a prefix.
    pub fn is_open(&self) -> bool {
        self.alias.is_none() && self.only.is_none()
    }

    fn is_of(&self, import: &Import) -> bool {
        let names = |only: &Vec<(Rc<str>, _)>| only.iter().map(|(name, _)| name.to_string()).collect();
        *self.module == *import.name
            && self.is_open() == import.is_open
            && self.only == import.only.as_ref().map(names)
    }

    /// True if the import lets a name be used without a prefix, if the module exports it.
    pub fn brings(&self, name: &str) -> bool {
        match &self.only {
            Some(only) => only.iter().any(|wanted| wanted == name),
            None => self.is_open(),
        }
    }
}

/// What a form defines under a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Defined {
    /// A function that takes so many arguments, if that is a fixed number.
    Function(Option<usize>),
    /// The same, and it comes with the definition of a type.
    Accessor(Option<usize>),
    /// A variable.
    Variable,
    /// A constant.
    Constant,
    /// A type, or the constructor of one.
    Type,
    /// A macro.
    Macro,
}

struct NoHost;

impl Host for NoHost {}

impl ProgramSession {
    /// A session without names of its own. `is_built_in` tells the functions that programs have built in.
    pub fn new(is_built_in: fn(&str) -> bool) -> ProgramSession {
        let mut machine = Machine::new(Limits::default());
        let mut front = Front::new(&mut machine, Box::new(NoModules), Box::new(NoHost));
        front.become_program();
        front.is_built_in = is_built_in;
        ProgramSession { machine, front, names: FxHashMap::default(), forms: 0 }
    }

    /// Forgets the module of the last form, and begins with one that has this identity.
    pub fn begin(&mut self, form: Option<FormId>) {
        self.forms += 1;
        if self.forms > MAX_FORMS {
            *self = ProgramSession::new(self.front.is_built_in);
        }
        self.front.forget_main();
        // The names that a form makes, and what it may spend, do not depend on those before it. Two forms may both make names that
        // others see.
        self.machine.begin_fresh(form.map_or(0, |form| form.0));
        self.front.budget = Default::default();
        self.names.clear();
    }

    /// The module of the form.
    pub fn main(&self) -> ModuleId {
        self.front.main
    }

    /// The module of a name, without any names so far unless it was asked for before.
    pub fn module(&mut self, name: &str) -> ModuleId {
        match is_of_library(name) {
            true => self.front.library_module(name),
            false => self.front.program_module(name),
        }
    }

    /// Lets a name of a module be used by others.
    pub fn export(&mut self, module: ModuleId, name: &str) {
        self.front.export(module, &name.into());
    }

    /// Lets a module use the names of another, as an import does. Names that are wanted may still be missing.
    /// With `is_known` false, there is no such module: what follows from that is reported where it is imported.
    pub fn link(&mut self, into: ModuleId, link: &Link, is_known: bool) {
        if !is_known {
            self.front.fail_import(into, link);
            return;
        }
        let target = self.module(&link.module);
        let Some(module) = self.front.modules.get_mut(into.0 as usize) else { return };
        let only = link.only.as_ref();
        let only = only.map(|names| names.iter().map(|name| (Rc::from(name.as_str()), None)).collect());
        let rank = PrefixRank::of(link.alias.is_some(), link.only.is_some());
        // That two want one prefix is reported where they are imported.
        let _ = module.set_prefix(link.prefix().into(), target, rank);
        module.imports.push(Import {
            module: target,
            span: None,
            name: link.module.as_str().into(),
            is_open: link.is_open(),
            only,
            used: Vec::new(),
            whole: None,
            is_used: false,
        });
    }

    /// Lets names that a module wants count as missing where they come from: that is reported where they are imported.
    pub fn miss(&mut self, into: ModuleId, names: &[&str]) {
        self.front.miss_names(into, names.iter().map(|name| Rc::from(*name)).collect());
    }

    /// True if nothing defines a variable because an import could not be done.
    pub fn is_missing(&self, global: GlobalId) -> bool {
        self.front.failed_names.contains(&global)
    }

    /// Lets the import of these modules, in order, be one that ends where it began: each imports the next.
    pub fn loading(&mut self, modules: &[String]) {
        self.front.pretend_to_load(modules);
    }

    /// Brings in a name of a module.
    pub fn define(&mut self, module: ModuleId, name: &str, known: Known) {
        let Value::Symbol(symbol) = syntax::symbol(name, None) else { return };
        let (kind, value, parameters) = match known {
            Known::Function(parameters) => (GlobalKind::Function, None, parameters),
            Known::Variable => (GlobalKind::Variable, None, None),
            Known::Constant => (GlobalKind::Constant, None, None),
            Known::Value(value) => (GlobalKind::Constant, Some(value), None),
        };
        let id = self.front.define_global(&mut self.machine, module, &symbol, kind);
        if let Some(parameters) = parameters {
            self.front.define_constructor(id, parameters, None);
        }
        if let Some(value) = value {
            self.machine.set_global(id, value);
        }
    }

    /// Says what type the definition of a variable states: what is assigned to it is checked. The names of the type must
    /// have been brought in.
    pub fn state(&mut self, module: ModuleId, name: &str, ty: &Value) {
        let Value::Symbol(symbol) = syntax::symbol(name, None) else { return };
        // What is wrong with the type is reported where it stands.
        let ty = Expander::new(&mut self.front, &mut self.machine, module).type_of(ty);
        let id = self.front.define_global(&mut self.machine, module, &symbol, GlobalKind::Variable);
        Expander::new(&mut self.front, &mut self.machine, module).state_global(id, ty.as_ref());
    }

    /// Brings in the form of a definition that runs while the program is compiled: a macro, or what one calls. Names
    /// that it defines need not be brought in otherwise.
    pub fn define_form(&mut self, module: ModuleId, form: Value) {
        self.front.add_definition(&mut self.machine, module, form);
    }

    /// True if the name is that of a macro in the module of the form.
    pub fn is_macro(&mut self, name: &str) -> bool {
        self.front.is_macro(&mut self.machine, self.front.main, name)
    }

    /// The names that the module of the form exports so far; sorted.
    pub fn exports(&self) -> Vec<Rc<str>> {
        let main = self.front.modules.get(self.front.main.0 as usize);
        let mut names = main.map_or_else(Vec::new, |module| module.exports.clone());
        names.sort_unstable();
        names
    }

    /// What the form used of the links of its module: the number of the link, and the name, or none if it was used with a
    /// prefix.
    pub fn used_links(&self) -> Vec<(usize, Option<Rc<str>>)> {
        let Some(main) = self.front.modules.get(self.front.main.0 as usize) else { return Vec::new() };
        let mut used = Vec::new();
        for (number, import) in main.imports.iter().enumerate().filter(|(_, import)| import.is_used) {
            used.push((number, None));
            used.extend(import.used.iter().map(|name| (number, Some(Rc::clone(name)))));
        }
        used
    }

    /// What is wrong with the imports of a module beside those that can not be done, from the forms of the imports, what
    /// all its forms used of them, and the names that the module defines itself. The modules that are imported must be
    /// known, with their names.
    pub fn import_reports(
        &mut self,
        forms: &[Value],
        used: &[(Link, Option<String>)],
        own: &[String],
    ) -> Vec<Diagnostic> {
        let main = self.front.main;
        for form in forms {
            Expander::new(&mut self.front, &mut self.machine, main).top_level(form);
        }
        for name in own {
            self.define(main, name, Known::Variable);
        }
        if let Some(module) = self.front.modules.get_mut(main.0 as usize) {
            for import in &mut module.imports {
                let used: Vec<_> = used.iter().filter(|(link, _)| link.is_of(import)).collect();
                import.is_used |= !used.is_empty();
                import.used.extend(used.iter().filter_map(|(_, name)| Some(Rc::from(name.as_deref()?))));
            }
        }
        self.front.diagnostics.clear();
        self.front.report_imports(main);
        std::mem::take(&mut self.front.diagnostics)
    }

    /// True if the prelude has a macro of this name.
    pub fn is_prelude_macro(&mut self, name: &str) -> bool {
        matches!(self.front.prelude(&mut self.machine, name), Some(Meaning::Macro(..)))
    }

    /// The names of the module, with what they mean, that the forms so far have defined; sorted.
    pub fn defined(&self) -> Vec<(Rc<str>, Defined)> {
        let Some(module) = self.front.modules.get(self.front.main.0 as usize) else { return Vec::new() };
        let marked = crate::marked_names::of(module, &self.front);
        let marked = marked.iter().map(|(name, meaning)| (name, *meaning));
        let mut defined: Vec<(Rc<str>, Defined)> = module
            .names
            .iter()
            .filter(|(name, _)| !name.contains('/'))
            .chain(marked)
            .filter_map(|(name, meaning)| {
                let defined = match meaning {
                    Meaning::Global(Global { id, .. }) if self.front.accessors.contains(id) => {
                        Defined::Accessor(self.front.fixed_arity(*id))
                    }
                    Meaning::Global(Global { id, kind: GlobalKind::Function }) => {
                        Defined::Function(self.front.fixed_arity(*id))
                    }
                    Meaning::Global(Global { kind: GlobalKind::Constant, .. }) => Defined::Constant,
                    Meaning::Global(_) => Defined::Variable,
                    Meaning::Type(..) => Defined::Type,
                    Meaning::Macro(..) => Defined::Macro,
                    Meaning::SymbolMacro(_) | Meaning::Native(_) => return None,
                };
                Some((Rc::clone(name), defined))
            })
            .collect();
        defined.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        defined
    }

    /// Expands a form. Where a name is not defined, nothing says which one may have been meant.
    pub fn expand(&mut self, form: &Value) -> ExpandedForm {
        self.front.suggestions = 0;
        self.expand_here(form, false)
    }

    /// Expands a form as far as it says what it defines: what functions do is left out. Nothing if that can not be told
    /// from the rest, since the form runs some of its own code while it is expanded.
    pub fn outline(&mut self, form: &Value) -> Option<ExpandedForm> {
        self.front.suggestions = 0;
        self.front.needs_bodies = false;
        let expanded = self.expand_here(form, true);
        (!self.front.needs_bodies).then_some(expanded)
    }

    /// Expands a form. Names that may have been meant are looked for among its own and these.
    pub fn expand_with_suggestions(&mut self, form: &Value, names: Vec<String>) -> ExpandedForm {
        self.front.other_names = names;
        self.expand_here(form, false)
    }

    fn expand_here(&mut self, form: &Value, is_outline: bool) -> ExpandedForm {
        let main = self.front.main;
        self.front.begin_budget();
        let expanded = Expander::new(&mut self.front, &mut self.machine, main).program_form(form, is_outline);
        self.front.end_budget();
        self.names.clear();
        for (number, module) in self.front.modules.iter().enumerate().skip(1) {
            let marked = crate::marked_names::of(module, &self.front);
            let marked = marked.iter().map(|(name, meaning)| (name, *meaning));
            for (name, meaning) in module.names.iter().chain(marked) {
                if let Meaning::Global(Global { id, .. }) | Meaning::Macro(id, _) | Meaning::Type(_, Some(id)) =
                    meaning
                    && !name.contains('/')
                {
                    self.names.insert(*id, (ModuleId(number as u32), Rc::clone(name)));
                }
            }
        }
        let mut diagnostics = expanded.diagnostics;
        // A function that only a macro names is known by its form: how it is called is known once that is expanded.
        let called: Vec<_> = self.front.calls.iter().map(|call| call.callee).collect();
        let calls = std::mem::take(&mut self.front.calls);
        for callee in called {
            self.front.prepare_global(&mut self.machine, callee);
        }
        self.front.calls = calls;
        // What is wrong with another form is reported there; a name that is missing because of it is not.
        let is_broken = self.front.diagnostics.iter().any(Diagnostic::is_error);
        let own = syntax::span(form).map(|span| span.form);
        let is_own = |diagnostic: &Diagnostic| {
            diagnostic.code == Code::AmbiguousImport
                && diagnostic.labels.first().map(|label| label.span.form) == own
        };
        diagnostics.extend(std::mem::take(&mut self.front.diagnostics).into_iter().filter(is_own));
        self.front.finish();
        let mut late = std::mem::take(&mut self.front.diagnostics);
        if is_broken {
            late.retain(|diagnostic| diagnostic.code != Code::UnknownName);
        }
        diagnostics.extend(late);
        ExpandedForm { unit: expanded.unit, diagnostics }
    }

    /// The name that a variable has in its module.
    pub fn name(&self, global: GlobalId) -> Option<&Rc<str>> {
        self.names.get(&global).map(|(_, name)| name)
    }

    /// The module that a variable belongs to; none for those of the prelude.
    pub fn module_of(&self, global: GlobalId) -> Option<ModuleId> {
        self.names.get(&global).map(|(module, _)| *module)
    }

    /// The type of the record or variant whose constructor a variable holds.
    pub fn record_of(&self, global: GlobalId) -> Option<&Rc<RecordType>> {
        self.front.records.get(self.front.record_globals.get(&global)?)
    }

    /// The type that a variable of a module is the constructor of, for those of `deftype`.
    pub fn defined_type(&self, global: GlobalId) -> Option<&crate::Type> {
        let (module, name) = self.names.get(&global)?;
        match self.front.modules.get(module.0 as usize)?.names.get(name)? {
            Meaning::Type(ty @ crate::Type::Refined(..), Some(id)) if *id == global => Some(ty),
            _ => None,
        }
    }

    /// The type of a record or variant by its identity.
    pub fn record(&self, identity: u64) -> Option<&Rc<RecordType>> {
        self.front.records.get(&identity)
    }

    /// The name and the variants of the enum that a variant belongs to.
    pub fn variants(&self, identity: u64) -> Option<(Rc<str>, Vec<Rc<RecordType>>)> {
        let (name, variants) = self.front.enum_of(identity)?;
        let variants =
            variants.iter().map(|(_, identity)| self.record(*identity).cloned()).collect::<Option<_>>()?;
        Some((name, variants))
    }

    /// A module by the name that the types of its records have; the empty one is that of the form.
    pub fn module_named(&self, name: &str) -> Option<ModuleId> {
        match name {
            "" => Some(self.front.main),
            name => self.front.module_of_name(name),
        }
    }

    /// The name of any variable, for messages.
    pub fn global_name(&self, global: GlobalId) -> &str {
        self.machine.global_name(global)
    }
}

/// True for the modules that come with the language.
pub fn is_of_library(module: &str) -> bool {
    ovsm_library::module(module).is_some()
}

/// The modules of the library that programs can import and that are written in the language, with their texts; sorted.
pub fn library_sources() -> impl Iterator<Item = (&'static str, &'static str)> {
    let modules = ovsm_library::modules().iter();
    modules
        .filter(|module| module.name.starts_with("std/"))
        .filter_map(|module| Some((module.name, module.source?)))
}

/// True if a module of the library has a name that is built in, or one of the prelude.
pub fn library_has(module: &str, name: &str) -> bool {
    let module = ovsm_library::module(module);
    module.is_some_and(|module| module.native(name).is_some() || module.has_of_prelude(name))
}

/// The syntax of a node of a tree; `None` if it has faults, which the reader reported.
pub fn syntax_of(node: ovsm_cst::Node<'_>) -> Option<Value> {
    syntax::from_node(node)
}

/// The macro that puts a function in place of its calls: `(let () (defn f …) (f argument …))`, from the definition of the
/// function. The names in it mean what they mean at the definition.
pub fn template(definition: &Value) -> Option<Value> {
    let definition = within_pub(definition);
    let name = match definition.as_items()? {
        [_, name @ Value::Symbol(_), ..] => name.clone(),
        [_, Value::List(signature), ..] => signature.get(0)?.clone(),
        _ => return None,
    };
    Some(template_of(definition, name))
}

/// The same from a call of a macro that defines nothing but the function of this name.
pub fn template_by_call(call: &Value, name: &str) -> Value {
    let call = within_pub(call);
    template_of(call, syntax::symbol(name, syntax::span(call)))
}

fn within_pub(definition: &Value) -> &Value {
    match definition.as_items() {
        Some([head, inner]) if syntax::name(head) == Some("pub") => inner,
        _ => definition,
    }
}

fn template_of(definition: &Value, name: Value) -> Value {
    let span = syntax::span(definition);
    let word = |text: &str| syntax::symbol(text, span);
    let list = |items: Vec<Value>| syntax::list(items, span);
    let arguments = word("arguments");
    let call = list(vec![name.clone(), list(vec![word("unquote-splicing"), arguments.clone()])]);
    let body = list(vec![word("let"), Value::list(Vec::new()), definition.clone(), call]);
    let template = list(vec![word("quasiquote"), body]);
    list(vec![word("defmacro"), name, list(vec![word("&rest"), arguments]), template])
}

/// Every symbol of a form that its text contains, in order of appearance, with how often it does.
pub fn symbols(form: &Value) -> Vec<(Rc<str>, u64)> {
    let mut places: FxHashMap<Rc<str>, usize> = FxHashMap::default();
    let mut found: Vec<(Rc<str>, u64)> = Vec::new();
    let mut work = vec![form];
    while let Some(form) = work.pop() {
        match form {
            Value::Symbol(symbol) => {
                let place = *places.entry(Rc::clone(&symbol.name)).or_insert(found.len());
                match found.get_mut(place) {
                    Some((_, times)) => *times += 1,
                    None => found.push((Rc::clone(&symbol.name), 1)),
                }
            }
            Value::List(items) | Value::Array(items) => work.extend(items.as_slice().iter().rev()),
            Value::Object(entries) => work.extend(entries.values()),
            _ => {}
        }
    }
    found
}
