//! Imports and exports: which names of other modules a module sees.

use super::{Front, Pending};
use crate::machine::Machine;
use crate::module::{Import, Meaning, Module, ModuleId};
use ovsm_base::{Code, Diagnostic, Span};
use ovsm_value::Symbol;
use std::rc::Rc;

impl Front {
    pub(super) fn report_unused_imports(&mut self, module: ModuleId) {
        let Some(module) = self.modules.get(module.0 as usize) else { return };
        for import in &module.imports {
            if !import.is_used {
                let mut diagnostic =
                    Diagnostic::new(Code::UnusedImport, format!("nothing of `{}` is used", import.name))
                        .help("remove the import");
                if let Some(span) = import.span {
                    diagnostic = diagnostic.label(span, "");
                }
                if let Some(whole) = import.whole {
                    diagnostic = diagnostic.fix("remove the import", whole, "");
                }
                self.diagnostics.push(diagnostic);
                continue;
            }
            let unused =
                import.only.iter().flatten().filter(|(name, _)| !import.used.iter().any(|used| used == name));
            for (name, span) in unused {
                let mut diagnostic = Diagnostic::new(
                    Code::UnusedImport,
                    format!("`{name}` of `{}` is imported, but not used", import.name),
                )
                .help("remove the name");
                if let Some(span) = span {
                    diagnostic = diagnostic.label(*span, "").fix(format!("remove `{name}`"), *span, "");
                }
                self.diagnostics.push(diagnostic);
            }
        }
    }

    pub(crate) fn export(&mut self, module: ModuleId, name: &Rc<str>) {
        if let Some(module) = self.modules.get_mut(module.0 as usize)
            && !module.exports.contains(name)
        {
            module.exports.push(Rc::clone(name));
        }
    }

    /// Reports an export of a name that the module does not define; a macro may still define it.
    pub(crate) fn check_export(&mut self, machine: &mut Machine, module: ModuleId, symbol: &Symbol) {
        let is_defined = self
            .modules
            .get(module.0 as usize)
            .is_some_and(|module| module.get(&symbol.name, &symbol.marks).is_some());
        if !is_defined {
            let id = self.pending_global(machine, module, symbol);
            let mut diagnostic =
                Diagnostic::new(Code::UnknownName, format!("`{}` is exported, but not defined", symbol.name))
                    .help("define it, or remove it from the exports");
            if let Some(span) = symbol.span {
                diagnostic = diagnostic.label(span, "");
            }
            self.pending.push(Pending { id, module, diagnostic });
        }
    }

    /// What a name means that a module imports.
    pub(crate) fn imported(&mut self, module: ModuleId, name: &str) -> Option<Meaning> {
        let imports = &self.modules.get(module.0 as usize)?.imports;
        let mut found = None;
        for (n, import) in imports.iter().enumerate() {
            let is_wanted = match &import.only {
                Some(names) => names.iter().any(|(wanted, _)| &**wanted == name),
                None => import.is_open,
            };
            if !is_wanted {
                continue;
            }
            let Some(source) = self.modules.get(import.module.0 as usize) else { continue };
            if source.is_library {
                if let Some(native) = library_function(&source.name, name) {
                    found = Some((n, Meaning::Native(native)));
                    break;
                }
                continue;
            }
            if source.exports.iter().any(|export| &**export == name)
                && let Some(meaning) = source.names.get(name)
            {
                found = Some((n, meaning.clone()));
                break;
            }
        }
        let (n, meaning) = found?;
        if let Some(import) =
            self.modules.get_mut(module.0 as usize).and_then(|module| module.imports.get_mut(n))
        {
            import.is_used = true;
            if import.only.is_some() && !import.used.iter().any(|used| &**used == name) {
                import.used.push(name.into());
            }
        }
        Some(meaning)
    }

    /// What `alias/name` means.
    pub(crate) fn qualified(&mut self, module: ModuleId, alias: &str, name: &str) -> Option<Meaning> {
        let module = self.modules.get_mut(module.0 as usize)?;
        let target = *module.aliases.get(alias)?;
        for import in &mut module.imports {
            if import.module == target {
                import.is_used = true;
            }
        }
        let source = self.modules.get(target.0 as usize)?;
        if source.is_library {
            return library_function(&source.name, name).map(Meaning::Native);
        }
        source.exports.iter().any(|export| &**export == name).then(|| source.names.get(name).cloned())?
    }

    /// The module that has a name of this qualified spelling for itself only.
    pub(crate) fn private_to(&self, module: ModuleId, alias: &str, name: &str) -> Option<Rc<str>> {
        let target = *self.modules.get(module.0 as usize)?.aliases.get(alias)?;
        let source = self.modules.get(target.0 as usize)?;
        let is_private = !source.is_library
            && source.names.contains_key(name)
            && !source.exports.iter().any(|export| &**export == name);
        is_private.then(|| Rc::clone(&source.name))
    }

    /// Imports a module, which is loaded if it was not yet. What is wrong with the names that are wanted is given back;
    /// the others are imported.
    ///
    /// # Errors
    /// There is no such module, or it can not be imported here.
    pub(crate) fn import(
        &mut self,
        machine: &mut Machine,
        into: ModuleId,
        symbol: &Symbol,
        alias: Option<Rc<str>>,
        only: Option<Vec<Rc<Symbol>>>,
        whole: Option<Span>,
    ) -> Result<Vec<Diagnostic>, Box<Diagnostic>> {
        let mut found = Vec::new();
        let name = Rc::clone(&symbol.name);
        let target = self.module_named(machine, symbol)?;
        let short: Rc<str> = alias.clone().unwrap_or_else(|| name.rsplit('/').next().unwrap_or(&name).into());
        let exports =
            self.modules.get(target.0 as usize).map(|module| module.exports.clone()).unwrap_or_default();
        let is_library = self.modules.get(target.0 as usize).is_some_and(|module| module.is_library);
        let mut missing: Vec<Rc<str>> = Vec::new();
        for wanted in only.iter().flatten() {
            let is_there = match is_library {
                true => library_function(&name, &wanted.name).is_some(),
                false => exports.contains(&wanted.name),
            };
            if !is_there {
                missing.push(Rc::clone(&wanted.name));
                let is_private = self
                    .modules
                    .get(target.0 as usize)
                    .is_some_and(|module| module.names.contains_key(&wanted.name));
                let message = match is_private {
                    true => format!("`{}` is private to `{name}`", wanted.name),
                    false => format!("`{name}` has no `{}`", wanted.name),
                };
                let near = ovsm_base::suggest::nearest(&wanted.name, exports.iter().map(|name| &**name));
                let mut diagnostic = Diagnostic::new(Code::UnknownImport, message);
                if let Some(span) = wanted.span {
                    diagnostic = diagnostic.label(span, "");
                }
                found.push(match (is_private, near) {
                    (true, _) => diagnostic.help(format!("export it there: `(export {})`", wanted.name)),
                    (false, Some(near)) => {
                        let diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
                        match wanted.span {
                            Some(span) => diagnostic.fix(format!("write `{near}`"), span, near),
                            None => diagnostic,
                        }
                    }
                    (false, None) => diagnostic.help("only exported names can be imported"),
                });
                // One report is enough: where the name is used, it counts as defined.
                let is_free = self
                    .modules
                    .get(into.0 as usize)
                    .is_some_and(|module| module.get(&wanted.name, &wanted.marks).is_none());
                if is_free {
                    self.define_global(machine, into, wanted, crate::module::GlobalKind::Variable);
                }
            }
        }
        if let Some(module) = self.modules.get_mut(into.0 as usize) {
            module.aliases.insert(short, target);
            module.imports.push(Import {
                module: target,
                span: symbol.span,
                name,
                is_open: alias.is_none() && only.is_none(),
                only: only.map(|names| {
                    names
                        .into_iter()
                        .filter(|name| !missing.contains(&name.name))
                        .map(|name| (Rc::clone(&name.name), name.span))
                        .collect()
                }),
                used: Vec::new(),
                whole,
                is_used: !missing.is_empty(),
            });
        }
        Ok(found)
    }

    /// Suggests a module of the library, or one that was imported before.
    fn similar_module(&self, symbol: &Symbol, diagnostic: Diagnostic) -> Diagnostic {
        let library = ovsm_library::table().iter().map(|native| native.module);
        let mut names: Vec<&str> = self.by_name.keys().map(|name| &**name).chain(library).collect();
        names.sort_unstable();
        names.dedup();
        let names = names.into_iter().filter(|name| *name != "std/internal");
        match (ovsm_base::suggest::nearest(&symbol.name, names), symbol.span) {
            (Some(near), Some(span)) => {
                diagnostic.help(format!("did you mean `{near}`?")).fix(format!("write `{near}`"), span, near)
            }
            _ => diagnostic,
        }
    }

    fn module_named(&mut self, machine: &mut Machine, symbol: &Symbol) -> Result<ModuleId, Box<Diagnostic>> {
        let name = Rc::clone(&symbol.name);
        let at = |diagnostic: Diagnostic| match symbol.span {
            Some(span) => Box::new(diagnostic.label(span, "")),
            None => Box::new(diagnostic),
        };
        if let Some(at) = self.loading.iter().position(|loading| *loading == name) {
            let mut cycle: Vec<&str> = self.loading.iter().skip(at).map(|name| &**name).collect();
            cycle.push(&name);
            return Err(Box::new(
                Diagnostic::new(
                    Code::ImportCycle,
                    format!("modules import each other: {}", cycle.join(" → ")),
                )
                .help("move what both need into a third module"),
            )
            .into_at(symbol.span));
        }
        if let Some(id) = self.by_name.get(&name) {
            return Ok(*id);
        }
        if name.starts_with("std/") {
            let is_known =
                &*name == COMPAT || ovsm_library::table().iter().any(|native| native.module == &*name);
            if is_known {
                let mut module = Module::new(&name);
                module.is_library = true;
                self.modules.push(module);
                let id = ModuleId(self.modules.len() as u32 - 1);
                self.by_name.insert(name, id);
                return Ok(id);
            }
        }
        match self.loader.load(&name) {
            Ok(Some((path, text))) => {
                self.modules.push(Module::new(&name));
                let id = ModuleId(self.modules.len() as u32 - 1);
                self.loading.push(Rc::clone(&name));
                let units = self.load(machine, id, &path, &text);
                self.loading.pop();
                self.by_name.insert(name, id);
                self.queued.extend(units);
                Ok(id)
            }
            Ok(None) => {
                let diagnostic =
                    Diagnostic::new(Code::UnknownModule, format!("there is no module `{name}`")).help(
                        "a module is a file below `src/` of the project, named without `.ovsm`; or one of `std/…`",
                    );
                Err(at(self.similar_module(symbol, diagnostic)))
            }
            Err(message) => Err(at(Diagnostic::new(
                Code::UnknownModule,
                format!("the module `{name}` can not be read: {message}"),
            ))),
        }
    }
}

/// The built-in function of a name, if it belongs to a module of the library.
fn library_function(module: &str, name: &str) -> Option<ovsm_value::NativeId> {
    ovsm_library::find(name).filter(|native| {
        ovsm_library::get(*native).is_some_and(|native| match module {
            // Other names of functions, as other languages have them.
            COMPAT => native.aliases.contains(&name),
            module => native.module == module,
        })
    })
}

/// The module of the other names of built-in functions.
const COMPAT: &str = "std/compat";

trait IntoAt {
    fn into_at(self, span: Option<Span>) -> Self;
}

impl IntoAt for Box<Diagnostic> {
    fn into_at(self, span: Option<Span>) -> Box<Diagnostic> {
        match span {
            Some(span) => Box::new(self.label(span, "")),
            None => self,
        }
    }
}
