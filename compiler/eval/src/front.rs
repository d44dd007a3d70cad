//! The front of a session: modules, their definitions, and the order in which these are expanded.
//!
//! Each top-level form is expanded once. A macro that is needed earlier than its place in the file is expanded when it
//! is needed, with the functions that it uses: definitions of functions have no effect but to make a closure, so they
//! can run while the module is being compiled. Variables have no value at that time. Start with [`Front::load`].

mod defined_types;
mod documentation;
mod early;
mod exports;
mod given;
mod import_reports;
mod imports;
mod loader;
mod prelude;
mod signature;
mod unknown;

use crate::budget::Budget;
use crate::core::{Expr, GlobalId, Unit};
use crate::expand::{Expander, Expansion, defined_names};
use crate::library_forms::{self, LibraryForm};
use crate::machine::{Environment, Failure, Machine, UnitId};
use crate::module::{Global, GlobalKind, Meaning, Module, ModuleId, Setter};
use crate::sources::Sources;
use crate::syntax;
use early::is_function_definition;
pub use given::{ExpansionSize, GivenName};
use ovsm_base::{Code, Diagnostic, MacroOrigin, Span};
use ovsm_library::Host;
use ovsm_value::error::raise;
use ovsm_value::{ErrorKind, Raised, RecordType, Symbol, Value};
use rustc_hash::{FxHashMap, FxHashSet};
use signature::Signature;
use std::rc::Rc;

pub use loader::{Loader, NoModules};
pub(crate) use unknown::{Misspelt, Pending};

/// Looks at the code of forms that were loaded together, before any of it runs.
pub trait Checker {
    /// What is wrong with the units. `library` is what programs have used of the prelude so far.
    fn check(&mut self, units: &[Rc<Unit>], library: &[Rc<Unit>]) -> Vec<Diagnostic>;
}

/// Fuel of one macro call or one piece of code that runs while the program is compiled.
pub(crate) const COMPILE_FUEL: u64 = 20_000_000;

/// How many bytes one of them may ask for.
const COMPILE_MEMORY: usize = 1 << 28;

/// A call of a function of a module, to be checked when all functions are known.
pub struct CallSite {
    pub(crate) callee: GlobalId,
    pub(crate) name: Rc<str>,
    pub(crate) arguments: usize,
    /// The arguments that are literals.
    pub(crate) literals: Vec<Option<Value>>,
    pub(crate) span: Option<Span>,
    /// The macros that made it.
    pub(crate) origin: Option<Rc<MacroOrigin>>,
}

/// A name that nothing defines so far: its module, text and marks.
type PendingName = (ModuleId, Rc<str>, Rc<[u32]>);

/// A top-level form.
struct Form {
    module: ModuleId,
    syntax: Value,
    /// Where to read its syntax, if nothing has used a form of the preludes so far.
    unread: Option<&'static LibraryForm>,
    state: FormState,
    /// True for forms that only define functions: they may run early.
    is_early: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum FormState {
    Waiting,
    Busy,
    Done(Option<UnitId>),
}

/// The name and the type of a field whose type has a condition; nothing for other fields.
pub(crate) type RefinedField = Option<(Rc<str>, crate::module::Type)>;

/// The front of a session.
pub struct Front {
    pub(crate) modules: Vec<Module>,
    by_name: FxHashMap<Rc<str>, ModuleId>,
    loading: Vec<Rc<str>>,
    pub(crate) expansions: Vec<Expansion>,
    pub(crate) pending: Vec<Pending>,
    pending_names: FxHashMap<PendingName, GlobalId>,
    pub(crate) calls: Vec<CallSite>,
    pub(crate) suggestions: u32,
    /// What is left for the form that is being expanded.
    pub(crate) budget: Budget,
    /// How many forms are being expanded, each for another.
    pub(crate) expanding: u32,
    signatures: FxHashMap<GlobalId, Signature>,
    /// The names and stated types of variables: what is assigned to them is checked.
    pub(crate) stated: FxHashMap<GlobalId, (Rc<str>, Rc<crate::module::Type>)>,
    assigned: FxHashSet<GlobalId>,
    forms: Vec<Form>,
    /// The form that gives a variable its value.
    definitions: FxHashMap<GlobalId, usize>,
    /// The variables that a unit refers to.
    references: FxHashMap<u32, Vec<GlobalId>>,
    prepared: FxHashSet<GlobalId>,
    identities: u64,
    prelude_forms: FxHashMap<&'static str, usize>,
    /// The enums of the session: name, variants and their identities.
    enums: Vec<crate::module::Enum>,
    /// The types of records and variants, by their identity.
    pub(crate) records: FxHashMap<u64, Rc<RecordType>>,
    /// The variables that hold them.
    pub(crate) record_globals: FxHashMap<GlobalId, u64>,
    /// The fields of records of programs whose types, or parts of them, have conditions, by the identities of the records.
    pub(crate) refined_fields: FxHashMap<u64, Rc<[RefinedField]>>,
    /// What is known of generic records and variants, by their identities.
    pub(crate) generics: FxHashMap<u64, crate::expand::generics::Generic>,
    /// The functions that come with a type.
    pub(crate) accessors: FxHashSet<GlobalId>,
    /// What is wrong so far.
    pub diagnostics: Vec<Diagnostic>,
    /// Where forms stand.
    pub sources: Sources,
    loader: Box<dyn Loader>,
    pub(crate) host: Box<dyn Host>,
    /// True while macros run: the host then refuses everything.
    is_compiling: bool,
    silent: Silent,
    /// The tests that were defined: name, the variable that holds the function, and where.
    pub tests: Vec<Test>,
    /// Units of imported modules that have to run before what comes next.
    pub queued: Vec<UnitId>,
    /// The unit of the last form of the text that was loaded last.
    pub last_unit: Option<UnitId>,
    /// The module that `eval` sees.
    pub main: ModuleId,
    /// True if the forms are those of a program for Solana.
    pub(crate) is_program: bool,
    /// The first form of the preludes that only programs have.
    first_program_form: usize,
    /// Who looks at the code before it runs.
    pub checker: Option<Box<dyn Checker>>,
    /// How much code each macro call became, if that is asked for.
    pub expansion_sizes: Option<Vec<ExpansionSize>>,
    /// The places whose runs are counted, if they are: what `#cover` names by number.
    pub coverage: Option<Vec<Span>>,
    /// Units that it has not seen.
    unchecked: Vec<Rc<Unit>>,
    /// Units of the prelude.
    library_units: Vec<Rc<Unit>>,
    /// All other units, if somebody wants them.
    pub kept_units: Option<Vec<Rc<Unit>>>,
    /// All units by the numbers that the machine gave them, if units are kept: values of functions lead to their code.
    pub kept_code: Vec<(UnitId, Rc<Unit>)>,
    /// True for the names of functions that programs have built in.
    pub(crate) is_built_in: fn(&str) -> bool,
    /// True while a name is looked up that may not be used.
    pub(crate) is_peeking: bool,
    /// The forms whose expansions defined the names that macros introduced.
    pub(crate) homes: crate::marked_names::Homes,
    /// Imports that could not be done, of what is being loaded.
    failed_imports: Vec<imports::FailedImport>,
    /// Names that nothing defines because of them.
    pub(crate) failed_names: FxHashSet<GlobalId>,
    /// Places of names that were reported as ambiguous.
    ambiguous: FxHashSet<Span>,
    /// The modules that export a name, once somebody asked for them.
    exporters: Option<FxHashMap<String, Vec<String>>>,
    /// The modules of variables.
    owners: FxHashMap<GlobalId, ModuleId>,
    /// Names that are defined but were not brought in, for suggestions.
    pub(crate) other_names: Vec<String>,
    /// A form ran something while it was expanded, or may have that done: its functions have to be there.
    pub(crate) needs_bodies: bool,
}

/// A test of a program.
#[derive(Clone, Debug)]
pub struct Test {
    /// Its name.
    pub name: String,
    /// The variable that holds the function that runs it.
    pub function: GlobalId,
    /// Where it is defined.
    pub span: Option<Span>,
    /// True if it is to be run with many choices.
    pub is_property: bool,
}

struct Silent;

impl Host for Silent {}

impl Front {
    /// A front with the prelude and an empty main module.
    pub fn new(machine: &mut Machine, loader: Box<dyn Loader>, host: Box<dyn Host>) -> Front {
        let mut front = Front {
            modules: Vec::new(),
            by_name: FxHashMap::default(),
            loading: Vec::new(),
            expansions: Vec::new(),
            pending: Vec::new(),
            pending_names: FxHashMap::default(),
            calls: Vec::new(),
            suggestions: 40,
            budget: Budget::default(),
            expanding: 0,
            signatures: FxHashMap::default(),
            stated: FxHashMap::default(),
            assigned: FxHashSet::default(),
            forms: Vec::new(),
            definitions: FxHashMap::default(),
            references: FxHashMap::default(),
            prepared: FxHashSet::default(),
            identities: 0,
            prelude_forms: FxHashMap::default(),
            enums: Vec::new(),
            records: FxHashMap::default(),
            record_globals: FxHashMap::default(),
            refined_fields: FxHashMap::default(),
            generics: FxHashMap::default(),
            accessors: FxHashSet::default(),
            diagnostics: Vec::new(),
            sources: Sources::default(),
            loader,
            host,
            is_compiling: false,
            silent: Silent,
            tests: Vec::new(),
            queued: Vec::new(),
            last_unit: None,
            main: ModuleId(1),
            is_program: false,
            first_program_form: usize::MAX,
            checker: None,
            expansion_sizes: None,
            coverage: None,
            unchecked: Vec::new(),
            library_units: Vec::new(),
            kept_units: None,
            kept_code: Vec::new(),
            is_built_in: |_| false,
            is_peeking: false,
            homes: Default::default(),
            failed_imports: Vec::new(),
            failed_names: FxHashSet::default(),
            ambiguous: FxHashSet::default(),
            exporters: None,
            owners: FxHashMap::default(),
            other_names: Vec::new(),
            needs_bodies: false,
        };
        front.modules.push(Module::new("std/prelude"));
        front.modules.push(Module::new("main"));
        front.add_prelude(library_forms::prelude());
        let _ = machine;
        front
    }

    /// Reads a module's text, expands all of it, and gives the units that make it up, in the order in which they run.
    /// What is wrong is added to [`Front::diagnostics`].
    pub fn load(&mut self, machine: &mut Machine, module: ModuleId, path: &str, text: &str) -> Vec<UnitId> {
        let name = self
            .modules
            .get(module.0 as usize)
            .map_or_else(|| Rc::from("main"), |module| Rc::clone(&module.name));
        let read = self.sources.add(&name, path, text);
        self.diagnostics.extend(read.diagnostics);
        let first = self.forms.len();
        for form in read.forms {
            let is_early = is_function_definition(&form);
            self.forms.push(Form { module, syntax: form, unread: None, state: FormState::Waiting, is_early });
        }
        let last = self.forms.len();
        self.report_duplicates(first, last);
        let is_type = |front: &Front, index: usize| {
            front.forms.get(index).is_some_and(|form| defined_types::is_type_definition(&form.syntax))
        };
        for index in first..last {
            if !is_type(self, index) {
                self.declare(machine, index);
            }
        }
        // Imports come first: what they bring in may be needed by a macro further up, and by types.
        for index in first..last {
            let is_import =
                self.forms.get(index).is_some_and(|form| syntax::head(&form.syntax) == Some("import"));
            if is_import {
                self.expand_form(machine, index);
            }
        }
        for index in first..last {
            if is_type(self, index) {
                self.declare(machine, index);
            }
        }
        for index in first..last {
            self.state_type(machine, index);
        }
        for index in first..last {
            self.expand_form(machine, index);
        }
        self.finish();
        self.report_imports(module);
        self.failed_imports.retain(|failed| !failed.is_of(module));
        self.last_unit =
            self.forms.get(first..last).and_then(|forms| forms.last()).and_then(|form| match form.state {
                FormState::Done(unit) => unit,
                _ => None,
            });
        let done = |early: bool| {
            self.forms
                .get(first..last)
                .unwrap_or(&[])
                .iter()
                .filter(move |form| form.is_early == early)
                .filter_map(|form| match form.state {
                    FormState::Done(unit) => unit,
                    _ => None,
                })
        };
        done(true).chain(done(false)).collect()
    }

    /// Expands one form of a module that is not read from a file as a whole: a line of a prompt, an `eval`.
    pub fn load_form(&mut self, machine: &mut Machine, module: ModuleId, form: Value) -> Option<UnitId> {
        let index = self.forms.len();
        let is_early = is_function_definition(&form);
        self.forms.push(Form { module, syntax: form, unread: None, state: FormState::Waiting, is_early });
        self.declare(machine, index);
        let unit = self.expand_form(machine, index);
        self.finish();
        self.failed_imports.retain(|failed| !failed.is_of(module));
        unit
    }

    /// Forgets the main module and all that was loaded besides the prelude, but for what the machine holds.
    pub(crate) fn forget_main(&mut self) {
        self.modules.truncate(1);
        self.modules.push(Module::new("main"));
        self.by_name.clear();
        self.loading.clear();
        self.expansions.clear();
        self.pending.clear();
        self.pending_names.clear();
        self.calls.clear();
        self.forms.retain(|form| form.module == ModuleId(0));
        self.enums.clear();
        // The preludes have records, too, and are not read again.
        let prelude = self.modules.first().map(|module| Rc::clone(&module.name));
        self.records.retain(|_, record| prelude.as_ref() == Some(&record.module));
        let records = &self.records;
        self.record_globals.retain(|_, identity| records.contains_key(identity));
        self.refined_fields.clear();
        self.generics.clear();
        self.stated.clear();
        self.accessors.clear();
        self.diagnostics.clear();
        self.tests.clear();
        self.queued.clear();
        self.other_names.clear();
        self.failed_imports.clear();
        self.failed_names.clear();
        self.ambiguous.clear();
        self.owners.clear();
        self.homes.forget();
        self.suggestions = 40;
    }

    /// Adds a form of a module that may be needed by a macro.
    pub(crate) fn add_definition(&mut self, machine: &mut Machine, module: ModuleId, form: Value) {
        let index = self.forms.len();
        let is_early = is_function_definition(&form);
        let is_macro_call = self.is_macro_call(machine, module, &form);
        self.forms.push(Form { module, syntax: form, unread: None, state: FormState::Waiting, is_early });
        match is_macro_call {
            // What it defines is known once it is expanded.
            true => drop(self.expand_form(machine, index)),
            false => self.declare(machine, index),
        }
    }

    /// True if a form calls a macro at the top level.
    fn is_macro_call(&mut self, machine: &mut Machine, module: ModuleId, form: &Value) -> bool {
        match form.as_items() {
            Some([Value::Symbol(head), rest @ ..]) if matches!(&*head.name, "pub" | "progn") => {
                rest.iter().any(|form| self.is_macro_call(machine, module, form))
            }
            _ => syntax::head(form).is_some_and(|head| self.is_macro(machine, module, head)),
        }
    }

    /// True if a name is that of a macro, as a module sees it.
    pub(crate) fn is_macro(&mut self, machine: &mut Machine, module: ModuleId, name: &str) -> bool {
        let no_marks: Rc<[u32]> = Rc::from([]);
        let own = self.modules.get(module.0 as usize).and_then(|module| module.get(name, &no_marks).cloned());
        let meaning = match own {
            Some(meaning) => Some(meaning),
            None => self.imported_or_qualified(machine, module, name).or_else(|| self.prelude(machine, name)),
        };
        matches!(meaning, Some(Meaning::Macro(..)))
    }

    fn report_duplicates(&mut self, first: usize, last: usize) {
        let mut seen: FxHashMap<Rc<str>, Option<Span>> = FxHashMap::default();
        for index in first..last {
            let Some(form) = self.forms.get(index) else { continue };
            if matches!(syntax::head(&form.syntax), Some("pub")) {
                continue;
            }
            let span = syntax::span(&form.syntax);
            let Some(name) = defined_names(&form.syntax).into_iter().next() else { continue };
            match seen.get(&name) {
                None => {
                    seen.insert(name, span);
                }
                Some(earlier) => {
                    let mut diagnostic =
                        Diagnostic::new(Code::DuplicateDefinition, format!("`{name}` is defined twice"))
                            .help("give one of them another name, or assign with `set!`");
                    if let Some(span) = span {
                        diagnostic = diagnostic.label(span, "defined again here");
                    }
                    if let Some(earlier) = earlier {
                        diagnostic = diagnostic.label(*earlier, "first defined here");
                    }
                    self.diagnostics.push(diagnostic);
                }
            }
        }
    }

    /// Makes the names known that a form defines.
    fn declare(&mut self, machine: &mut Machine, index: usize) {
        self.read_form(index);
        let Some(form) = self.forms.get(index) else { return };
        let (module, syntax) = (form.module, form.syntax.clone());
        self.declare_syntax(machine, module, index, &syntax);
    }

    fn declare_syntax(&mut self, machine: &mut Machine, module: ModuleId, index: usize, form: &Value) {
        let Some([Value::Symbol(head), rest @ ..]) = form.as_items() else { return };
        if &*head.name == "pub" || &*head.name == "progn" {
            for form in rest {
                self.declare_syntax(machine, module, index, form);
            }
            return;
        }
        let symbol = match rest.first() {
            Some(Value::Symbol(symbol)) => Rc::clone(symbol),
            Some(Value::List(signature)) => match signature.get(0) {
                Some(Value::Symbol(symbol)) => Rc::clone(symbol),
                _ => return,
            },
            _ => return,
        };
        if crate::expand::is_special(&symbol.name) {
            return;
        }
        let kind = match &*head.name {
            "define" if matches!(rest.first(), Some(Value::List(_))) => GlobalKind::Function,
            "define" => GlobalKind::Variable,
            "defvar" | "defparameter" => GlobalKind::Dynamic,
            "const" | "defconstant" => GlobalKind::Constant,
            "defn" | "defun" => GlobalKind::Function,
            "defmacro" | "define-macro" => {
                let id = self.define_macro(machine, module, &symbol);
                self.definitions.insert(id, index);
                self.prepared.remove(&id);
                return;
            }
            "defrecord" | "defstruct" | "define-struct" | "defenum" | "deftype" => {
                // Their names have to be known as what they are before anything uses them.
                self.expand_form(machine, index);
                return;
            }
            _ => return,
        };
        let id = self.define_global(machine, module, &symbol, kind);
        self.definitions.insert(id, index);
        self.prepared.remove(&id);
    }

    /// Notes the type that a definition of a variable states, before anything that assigns the variable is expanded.
    /// What is wrong with it is reported where the definition itself is.
    fn state_type(&mut self, machine: &mut Machine, index: usize) {
        let Some(form) = self.forms.get(index) else { return };
        let (module, syntax) = (form.module, form.syntax.clone());
        let definitions: &[Value] = match (syntax::head(&syntax), syntax.as_items()) {
            (Some("pub"), Some([_, definitions @ ..])) => definitions,
            _ => std::slice::from_ref(&syntax),
        };
        for definition in definitions {
            let Some([_, Value::Symbol(symbol), colon, ty, _]) = definition.as_items() else { continue };
            if syntax::head(definition) != Some("define") || syntax::name(colon) != Some(":") {
                continue;
            }
            let Some(Meaning::Global(global)) = self
                .modules
                .get(module.0 as usize)
                .and_then(|module| module.get(&symbol.name, &symbol.marks))
                .cloned()
            else {
                continue;
            };
            let mut expander = Expander::new(self, machine, module);
            if let Some(ty) = expander.type_of(ty) {
                expander.state_global(global.id, Some(&ty));
            }
        }
    }

    /// Expands and loads a form, unless that was done.
    fn expand_form(&mut self, machine: &mut Machine, index: usize) -> Option<UnitId> {
        let form = self.forms.get_mut(index)?;
        match form.state {
            FormState::Done(unit) => return unit,
            FormState::Busy => return None,
            FormState::Waiting => form.state = FormState::Busy,
        }
        let (module, syntax) = (form.module, form.syntax.clone());
        let unit = self.compile(machine, module, &syntax);
        if let Some(form) = self.forms.get_mut(index) {
            form.state = FormState::Done(unit);
        }
        unit
    }

    fn compile(&mut self, machine: &mut Machine, module: ModuleId, form: &Value) -> Option<UnitId> {
        if self.expanding == 0 {
            self.budget = Budget::default();
        }
        self.expanding += 1;
        // What is in the prelude is expanded for the first form that needs it, and at nobody's cost.
        let own = (module == ModuleId(0)).then(|| std::mem::take(&mut self.budget));
        let was_peeking = std::mem::replace(&mut self.is_peeking, false);
        let expanded = Expander::new(self, machine, module).top_level(form);
        self.is_peeking = was_peeking;
        if let Some(own) = own {
            self.budget = own;
        }
        self.expanding -= 1;
        let failed = expanded.diagnostics.iter().any(Diagnostic::is_error);
        self.diagnostics.extend(expanded.diagnostics);
        if failed {
            return None;
        }
        let unit = Rc::new(expanded.unit);
        match machine.load(&unit) {
            Ok(id) => {
                self.references.insert(id.0, references(&unit));
                if self.kept_units.is_some() {
                    self.kept_code.push((id, Rc::clone(&unit)));
                }
                if self.checker.is_some() {
                    match module {
                        ModuleId(0) => self.library_units.push(Rc::clone(&unit)),
                        _ => self.unchecked.push(Rc::clone(&unit)),
                    }
                }
                // A definition gives its own names their values; everything else assigns.
                let mut own = if is_function_definition(form) { defined_names(form) } else { Vec::new() };
                for expr in unit.exprs.iter() {
                    if let Expr::SetGlobal(global, _) | Expr::UpdateGlobal(global, ..) = expr {
                        match own.iter().position(|name| **name == *machine.global_name(*global)) {
                            Some(place) => drop(own.swap_remove(place)),
                            None => drop(self.assigned.insert(*global)),
                        }
                    }
                }
                Some(id)
            }
            Err(diagnostic) => {
                self.diagnostics.push(*diagnostic);
                None
            }
        }
    }

    /// Gives a function or macro its value while the module is being compiled, with all functions that it uses.
    pub(crate) fn prepare_global(&mut self, machine: &mut Machine, id: GlobalId) {
        let mut work = vec![id];
        while let Some(id) = work.pop() {
            if !self.prepared.insert(id) {
                continue;
            }
            let Some(index) = self.definitions.get(&id).copied() else { continue };
            let is_early = self.forms.get(index).is_some_and(|form| form.is_early);
            if !is_early {
                continue;
            }
            let Some(unit) = self.expand_form(machine, index) else {
                // Being expanded right now: whoever does that runs it.
                self.prepared.remove(&id);
                continue;
            };
            if machine.global(id).is_none() {
                let _ = self.run_pure(machine, unit);
            }
            work.extend(self.references.get(&unit.0).into_iter().flatten().copied());
        }
    }

    fn run_pure(&mut self, machine: &mut Machine, unit: UnitId) -> Result<Value, Failure> {
        self.within_bounds(machine, |machine, front| machine.run(unit, front))
    }

    /// Runs code while the program is compiled: it reaches nothing outside, and has bounded fuel and memory. All such
    /// runs of one form together have a bound, too.
    fn within_bounds(
        &mut self,
        machine: &mut Machine,
        run: impl FnOnce(&mut Machine, &mut Front) -> Result<Value, Failure>,
    ) -> Result<Value, Failure> {
        let outer = std::mem::replace(&mut self.is_compiling, true);
        let left = machine.fuel_left();
        let bound = COMPILE_FUEL.min(left).min(self.budget.fuel);
        machine.set_fuel(bound);
        let memory = machine.bound_memory(Some(COMPILE_MEMORY));
        let result = run(machine, self);
        machine.bound_memory(memory);
        let used = bound.saturating_sub(machine.fuel_left());
        machine.set_fuel(left.saturating_sub(used));
        self.budget.fuel = self.budget.fuel.saturating_sub(used);
        self.is_compiling = outer;
        result
    }

    /// Runs a macro function within bounds.
    pub(crate) fn run_macro(
        &mut self,
        machine: &mut Machine,
        function: &Value,
        arguments: &[Value],
    ) -> Result<Value, Failure> {
        self.within_bounds(machine, |machine, front| machine.call(function, arguments, front))
    }

    /// The value of a form that runs while the module is compiled.
    pub(crate) fn compile_time_value(
        &mut self,
        machine: &mut Machine,
        module: ModuleId,
        form: &Value,
    ) -> Result<Value, Vec<Diagnostic>> {
        self.needs_bodies |= module != ModuleId(0);
        let before = self.diagnostics.len();
        let Some(unit) = self.compile(machine, module, form) else {
            return Err(self.diagnostics.split_off(before.min(self.diagnostics.len())));
        };
        for global in self.references.get(&unit.0).cloned().unwrap_or_default() {
            self.prepare_global(machine, global);
        }
        self.run_pure(machine, unit).map_err(|failure| {
            let message = match &failure.unwind {
                ovsm_value::Unwind::Error(error) => {
                    format!("this fails while the program is compiled: {}", error.message)
                }
                ovsm_value::Unwind::Stop(ovsm_value::error::StopReason::Memory) => {
                    "this takes too much memory while the program is compiled".to_string()
                }
                _ => "this does not end while the program is compiled".to_string(),
            };
            let mut diagnostic = Diagnostic::new(Code::MacroFailed, message);
            if let Some(span) = failure.span.or_else(|| syntax::span(form)) {
                diagnostic = diagnostic.label(span, "");
            }
            vec![diagnostic]
        })
    }

    /// The names of the main module and the prelude.
    pub(crate) fn names(&self) -> Vec<String> {
        let own = self.modules.get(self.main.0 as usize).into_iter().flat_map(|module| module.names.keys());
        own.map(|name| name.to_string())
            .chain(self.prelude_forms.keys().map(|name| name.to_string()))
            .collect()
    }

    /// The names that a module defines, in no order.
    pub(crate) fn names_of(&self, module: ModuleId) -> impl Iterator<Item = Rc<str>> {
        self.modules.get(module.0 as usize).into_iter().flat_map(|module| module.names.keys().cloned())
    }

    /// The units that were kept, with those of the prelude that they use before them.
    pub fn units_with_library(&self) -> Vec<Rc<Unit>> {
        self.library_units.iter().chain(self.kept_units.iter().flatten()).cloned().collect()
    }

    /// How many of [`Front::units_with_library`] are of the library.
    pub fn library_count(&self) -> usize {
        self.library_units.len()
    }

    /// Reports what could only be known at the end: names that nothing defines, calls that do not fit.
    pub(crate) fn finish(&mut self) {
        for pending in std::mem::take(&mut self.pending) {
            let is_defined = !self.pending_names.values().any(|id| *id == pending.id);
            if !is_defined {
                let pending = self.with_suggestion(pending);
                let diagnostic = self.with_missing_import(pending);
                self.diagnostics.push(diagnostic);
            }
        }
        // A later line of a prompt may define the name: it then gets the variable that was made for it.
        for call in std::mem::take(&mut self.calls) {
            if self.assigned.contains(&call.callee) {
                continue;
            }
            let Some(signature) = self.signatures.get(&call.callee) else { continue };
            let found = signature.fault(&call);
            if let Some(mut diagnostic) = found {
                if let Some(span) = call.span {
                    diagnostic = diagnostic.label(span, "");
                    if !signature.is_of_library(&self.sources) {
                        diagnostic = signature.explain(diagnostic);
                    }
                    if let Some(origin) = &call.origin {
                        diagnostic = origin.explain(span, diagnostic);
                    }
                }
                self.diagnostics.push(diagnostic);
            }
        }
        self.suggestions = 40;
        self.check_units();
    }

    /// Lets the checker look at what was loaded, once all modules that belong together are there.
    fn check_units(&mut self) {
        if !self.loading.is_empty() || self.unchecked.is_empty() {
            return;
        }
        let units = std::mem::take(&mut self.unchecked);
        let Some(mut checker) = self.checker.take() else { return };
        let found = checker.check(&units, &self.library_units);
        if let Some(kept) = &mut self.kept_units {
            kept.extend(units);
        }
        self.diagnostics.extend(found);
        self.checker = Some(checker);
    }

    /// Notes a test; a second one of the same name takes the place of the first.
    pub(crate) fn define_test(
        &mut self,
        name: &str,
        function: GlobalId,
        span: Option<Span>,
        is_property: bool,
    ) {
        self.tests.retain(|test| test.name != name);
        self.tests.push(Test { name: name.to_string(), function, span, is_property });
    }

    /// Lets a form that is being expanded count as a definition of functions, which may run early.
    pub(crate) fn define_now(&mut self, id: GlobalId) {
        if let Some((index, form)) =
            self.forms.iter_mut().enumerate().rev().find(|(_, form)| form.state == FormState::Busy)
        {
            form.is_early = true;
            self.definitions.insert(id, index);
            self.prepared.remove(&id);
        }
    }

    /// The variable of a name that nothing defines so far.
    pub(crate) fn pending_global(
        &mut self,
        machine: &mut Machine,
        module: ModuleId,
        symbol: &Symbol,
    ) -> GlobalId {
        let key = (module, Rc::clone(&symbol.name), Rc::clone(&symbol.marks));
        *self.pending_names.entry(key).or_insert_with(|| machine.add_global(&symbol.name))
    }

    /// Gives a name of a module a variable; the one that it has, if it has one.
    pub(crate) fn define_global(
        &mut self,
        machine: &mut Machine,
        module: ModuleId,
        symbol: &Symbol,
        kind: GlobalKind,
    ) -> GlobalId {
        let known = match self
            .modules
            .get(module.0 as usize)
            .and_then(|module| module.get(&symbol.name, &symbol.marks))
        {
            Some(Meaning::Global(global)) => Some(global.id),
            Some(Meaning::Macro(id, _)) => Some(*id),
            Some(Meaning::Type(_, Some(id))) => Some(*id),
            _ => None,
        };
        let pending = self.pending_names.remove(&(module, Rc::clone(&symbol.name), Rc::clone(&symbol.marks)));
        let id = known.or(pending).unwrap_or_else(|| machine.add_global(&symbol.name));
        self.owners.insert(id, module);
        if kind != GlobalKind::Function {
            self.signatures.remove(&id);
        }
        self.define_meaning(module, symbol, Meaning::Global(Global { id, kind }));
        id
    }

    /// True if a name of a module is a variable that may be assigned.
    pub(crate) fn is_assignable(&self, module: ModuleId, symbol: &Symbol) -> bool {
        let module = self.modules.get(module.0 as usize);
        match module.and_then(|module| module.get(&symbol.name, &symbol.marks)) {
            Some(Meaning::Global(global)) => global.kind != GlobalKind::Constant,
            _ => false,
        }
    }

    /// The module that a variable belongs to.
    pub(crate) fn owner(&self, id: GlobalId) -> Option<ModuleId> {
        self.owners.get(&id).copied()
    }

    pub(crate) fn define_macro(
        &mut self,
        machine: &mut Machine,
        module: ModuleId,
        symbol: &Symbol,
    ) -> GlobalId {
        // Those of the prelude are made for the first form that uses them.
        self.needs_bodies |= module != ModuleId(0);
        let id = self.define_global(machine, module, symbol, GlobalKind::Constant);
        self.define_meaning(module, symbol, Meaning::Macro(id, module));
        id
    }

    pub(crate) fn define_meaning(&mut self, module: ModuleId, symbol: &Symbol, meaning: Meaning) {
        self.homes.note(symbol, &meaning);
        if let Some(module) = self.modules.get_mut(module.0 as usize) {
            module.define(&symbol.name, &symbol.marks, meaning);
        }
    }

    pub(crate) fn define_setter(&mut self, module: ModuleId, name: &str, setter: Setter) {
        if let Some(module) = self.modules.get_mut(module.0 as usize) {
            module.setters.insert(name.into(), setter);
        }
    }

    pub(crate) fn setter(&self, module: ModuleId, name: &str) -> Option<Setter> {
        let module = self.modules.get(module.0 as usize)?;
        if let Some(setter) = module.setters.get(name) {
            return Some(setter.clone());
        }
        module
            .imports
            .iter()
            .filter_map(|import| self.modules.get(import.module.0 as usize))
            .find_map(|module| module.setters.get(name).cloned())
    }

    /// A new expansion; its number is the mark.
    pub(crate) fn new_expansion(&mut self, expansion: Expansion) -> u32 {
        self.expansions.push(expansion);
        self.expansions.len() as u32 - 1
    }

    pub(crate) fn fresh_identity(&mut self, module: ModuleId, name: &str) -> u64 {
        let _ = (module, name);
        self.identities += 1;
        self.identities
    }
}

/// The variables that a unit refers to.
fn references(unit: &Unit) -> Vec<GlobalId> {
    let mut globals: Vec<GlobalId> = unit
        .exprs
        .iter()
        .filter_map(|expr| match expr {
            Expr::Global(id) => Some(*id),
            _ => None,
        })
        .collect();
    globals.sort_unstable();
    globals.dedup();
    globals
}

impl Environment for Front {
    fn host(&mut self) -> &mut dyn Host {
        if self.is_compiling { &mut self.silent } else { &mut *self.host }
    }

    fn read(&mut self, text: &str) -> Result<Vec<Value>, Raised> {
        let read = self.sources.add_data("read", "<read>", text);
        match read.diagnostics.iter().find(|diagnostic| diagnostic.is_error()) {
            Some(diagnostic) => Err(raise(ErrorKind::Parse, diagnostic.message.clone())),
            None => {
                let records = |name: &str| self.record_named(name);
                let forms = read.forms.iter().map(|form| syntax::read_data(form, &records));
                forms.collect::<Result<_, String>>().map_err(|message| raise(ErrorKind::Parse, message))
            }
        }
    }

    fn evaluate(&mut self, machine: &mut Machine, form: &Value) -> Result<Value, Raised> {
        let before = self.diagnostics.len();
        let unit = self.load_form(machine, self.main, form.clone());
        let found: Vec<Diagnostic> = self.diagnostics.drain(before..).collect();
        // Who evaluates a form may expect it to fail: what always fails does so when it runs.
        let is_fault =
            |diagnostic: &&Diagnostic| diagnostic.is_error() && diagnostic.code != Code::CertainFailure;
        if let Some(diagnostic) = found.iter().find(is_fault) {
            let kind = match diagnostic.code {
                Code::UnknownName => ErrorKind::Undefined,
                Code::WrongArity => ErrorKind::Arity,
                Code::TypeMismatch => ErrorKind::Type,
                _ => ErrorKind::Parse,
            };
            return Err(raise(kind, diagnostic.message.clone()));
        }
        let Some(unit) = unit else { return Ok(Value::Null) };
        let units: Vec<UnitId> = std::mem::take(&mut self.queued).into_iter().chain([unit]).collect();
        let mut value = Value::Null;
        for unit in units {
            value = machine.run_inside(unit, self)?;
        }
        Ok(value)
    }

    fn expand(&mut self, machine: &mut Machine, form: &Value, repeatedly: bool) -> Result<Value, Raised> {
        let mut form = form.clone();
        for _ in 0..500 {
            let module = self.main;
            match Expander::new(self, machine, module).expand_once(&form) {
                Ok(Some(expanded)) => form = expanded,
                Ok(None) => return Ok(form),
                Err(message) => return Err(raise(ErrorKind::User, message)),
            }
            if !repeatedly {
                return Ok(form);
            }
        }
        Err(raise(ErrorKind::Limit, "the expansion does not end"))
    }
}
