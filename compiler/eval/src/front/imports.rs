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
        for import in module.imports.iter().filter(|import| !import.is_used) {
            let mut diagnostic =
                Diagnostic::new(Code::UnusedImport, format!("nothing of `{}` is used", import.name))
                    .help("remove the import");
            if let Some(span) = import.span {
                diagnostic = diagnostic.label(span, "");
            }
            self.diagnostics.push(diagnostic);
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
                Some(names) => names.iter().any(|wanted| &**wanted == name),
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

    /// Imports a module, which is loaded if it was not yet.
    pub(crate) fn import(
        &mut self,
        machine: &mut Machine,
        into: ModuleId,
        symbol: &Symbol,
        alias: Option<Rc<str>>,
        only: Option<Vec<Rc<Symbol>>>,
    ) -> Result<(), Box<Diagnostic>> {
        let name = Rc::clone(&symbol.name);
        let target = self.module_named(machine, symbol)?;
        let short: Rc<str> = alias.clone().unwrap_or_else(|| name.rsplit('/').next().unwrap_or(&name).into());
        let exports =
            self.modules.get(target.0 as usize).map(|module| module.exports.clone()).unwrap_or_default();
        let is_library = self.modules.get(target.0 as usize).is_some_and(|module| module.is_library);
        for wanted in only.iter().flatten() {
            let is_there = match is_library {
                true => library_function(&name, &wanted.name).is_some(),
                false => exports.contains(&wanted.name),
            };
            if !is_there {
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
                return Err(Box::new(match (is_private, near) {
                    (true, _) => diagnostic.help(format!("export it there: `(export {})`", wanted.name)),
                    (false, Some(near)) => diagnostic.help(format!("did you mean `{near}`?")),
                    (false, None) => diagnostic.help("only exported names can be imported"),
                }));
            }
        }
        if let Some(module) = self.modules.get_mut(into.0 as usize) {
            module.aliases.insert(short, target);
            module.imports.push(Import {
                module: target,
                span: symbol.span,
                name,
                is_open: alias.is_none() && only.is_none(),
                only: only.map(|names| names.into_iter().map(|name| Rc::clone(&name.name)).collect()),
                is_used: false,
            });
        }
        Ok(())
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
            Ok(None) => Err(at(Diagnostic::new(Code::UnknownModule, format!("there is no module `{name}`"))
                .help("a module is a file below `src/` of the project, named without `.ovsm`; or one of `std/…`"))),
            Err(message) => Err(at(Diagnostic::new(Code::UnknownModule, format!("the module `{name}` can not be read: {message}")))),
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
