//! Imports and exports: which names of other modules a module sees.

use super::import_reports::{named_twice, repeated_module, repeated_name};
use super::{Front, Pending};
use crate::machine::Machine;
use crate::module::{Import, Meaning, Module, ModuleId, PrefixRank};
use ovsm_base::{Code, Diagnostic, Span};
use ovsm_value::Symbol;
use std::rc::Rc;

/// How much an import says that a name is wanted; the greatest wins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// It came with a whole module of the library, and means what it means anyway.
    BuiltIn,
    /// It came with a whole module.
    Whole,
    /// `:only` names it.
    Named,
}

/// An import that could not be done: what follows from it is not worth a word.
pub(super) struct FailedImport {
    into: ModuleId,
    /// The prefixes of qualified names.
    prefixes: Vec<Rc<str>>,
    is_open: bool,
    /// The names of `:only`.
    names: Vec<Rc<str>>,
}

impl FailedImport {
    pub(super) fn is_of(&self, module: ModuleId) -> bool {
        self.into == module
    }
}

impl Front {
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
            self.pending.push(Pending { id, module, name: None, diagnostic, misspelt: None });
        }
    }

    /// What a name means that a module imports. A name of `:only` goes before one that came with a whole module.
    pub(crate) fn imported(
        &mut self,
        machine: &mut Machine,
        module: ModuleId,
        symbol: &Symbol,
    ) -> Option<Meaning> {
        let name = &*symbol.name;
        let imports: Vec<(usize, ModuleId, bool)> = self
            .modules
            .get(module.0 as usize)?
            .imports
            .iter()
            .enumerate()
            .filter_map(|(n, import)| match &import.only {
                Some(names) => {
                    names.iter().any(|(wanted, _)| &**wanted == name).then_some((n, import.module, true))
                }
                None => import.is_open.then_some((n, import.module, false)),
            })
            .collect();
        let mut found: Option<(usize, ModuleId, Rank, Meaning)> = None;
        let mut rival = None;
        for (n, source, is_named) in imports {
            let Some(meaning) = self.shown(machine, source, name) else { continue };
            let rank = match is_named {
                true => Rank::Named,
                false if self.hides_a_built_in(source, name, &meaning) => continue,
                false if matches!(meaning, Meaning::Native(_)) => Rank::BuiltIn,
                false => Rank::Whole,
            };
            match &found {
                Some((_, first, known_rank, known)) if *known_rank >= rank => {
                    let is_rival = rank == Rank::Whole
                        && *known_rank == rank
                        && *first != source
                        && !known.is_same(&meaning);
                    if is_rival {
                        rival.get_or_insert((*first, source));
                    }
                }
                _ => {
                    rival = None;
                    found = Some((n, source, rank, meaning));
                }
            }
        }
        let (n, _, _, meaning) = found?;
        if self.is_peeking {
            return Some(meaning);
        }
        if let Some(import) =
            self.modules.get_mut(module.0 as usize).and_then(|module| module.imports.get_mut(n))
        {
            import.is_used = true;
            if !import.used.iter().any(|used| &**used == name) {
                import.used.push(name.into());
            }
        }
        if let Some((first, second)) = rival {
            let importing = self.modules.get_mut(module.0 as usize);
            for import in importing.into_iter().flat_map(|module| &mut module.imports) {
                import.is_used |= import.module == second;
            }
            self.report_ambiguous(module, symbol, first, second);
        }
        Some(meaning)
    }

    /// A whole module of the library does not change what the built-in functions mean: its names that are also theirs
    /// are reached by a prefix or by `:only`.
    fn hides_a_built_in(&self, source: ModuleId, name: &str, meaning: &Meaning) -> bool {
        !matches!(meaning, Meaning::Native(_))
            && self.modules.get(source.0 as usize).is_some_and(|module| module.is_library)
            && (ovsm_library::find(name).is_some() || crate::expand::is_special(name))
    }

    /// What a module shows to others under a name.
    fn shown(&mut self, machine: &mut Machine, module: ModuleId, name: &str) -> Option<Meaning> {
        let source = self.modules.get(module.0 as usize)?;
        if let Some(meaning) = source.names.get(name)
            && source.exports.iter().any(|export| &**export == name)
        {
            return Some(meaning.clone());
        }
        let library = source.is_library.then(|| ovsm_library::module(&source.name))??;
        if let Some(native) = library.native(name) {
            return Some(Meaning::Native(native));
        }
        library.has_of_prelude(name).then(|| self.prelude(machine, name))?
    }

    /// Counts a name as used, if an import of a module brings it.
    pub(crate) fn mention(&mut self, machine: &mut Machine, module: ModuleId, name: &str) {
        let Some(importing) = self.modules.get(module.0 as usize) else { return };
        let prefix = name.split_once('/').and_then(|(alias, _)| importing.aliases.get(alias)).copied();
        let imports = importing.imports.iter().enumerate();
        let mentioned: Vec<(usize, ModuleId, bool)> = imports
            .filter_map(|(n, import)| {
                let is_named = import.only.iter().flatten().any(|(only, _)| &**only == name);
                let is_prefixed = prefix == Some(import.module);
                (is_named || is_prefixed || import.is_open).then_some((
                    n,
                    import.module,
                    is_named || is_prefixed,
                ))
            })
            .collect();
        for (n, source, is_certain) in mentioned {
            let is_brought = is_certain
                || self
                    .shown(machine, source, name)
                    .is_some_and(|meaning| !self.hides_a_built_in(source, name, &meaning));
            if let Some(import) = self.modules.get_mut(module.0 as usize).and_then(|it| it.imports.get_mut(n))
                && is_brought
            {
                import.is_used = true;
                if prefix.is_none() && !import.used.iter().any(|used| &**used == name) {
                    import.used.push(name.into());
                }
            }
        }
    }

    /// What `alias/name` means.
    pub(crate) fn qualified(
        &mut self,
        machine: &mut Machine,
        module: ModuleId,
        alias: &str,
        name: &str,
    ) -> Option<Meaning> {
        let importing = self.modules.get_mut(module.0 as usize)?;
        let target = *importing.aliases.get(alias)?;
        for import in &mut importing.imports {
            if import.module == target {
                import.is_used = true;
            }
        }
        self.shown(machine, target, name)
    }

    /// What a name means that comes from another module, with or without a prefix.
    pub(super) fn imported_or_qualified(
        &mut self,
        machine: &mut Machine,
        module: ModuleId,
        name: &str,
    ) -> Option<Meaning> {
        let qualified =
            name.split_once('/').filter(|(alias, export)| !alias.is_empty() && !export.is_empty());
        match (qualified, crate::syntax::symbol(name, None)) {
            (Some((alias, export)), _) => self.qualified(machine, module, alias, export),
            (None, ovsm_value::Value::Symbol(symbol)) => self.imported(machine, module, &symbol),
            _ => None,
        }
    }

    /// The module that has a name of this qualified spelling for itself only.
    pub(crate) fn private_to(&self, module: ModuleId, alias: &str, name: &str) -> Option<ModuleId> {
        let target = *self.modules.get(module.0 as usize)?.aliases.get(alias)?;
        let source = self.modules.get(target.0 as usize)?;
        let is_private =
            source.names.contains_key(name) && !source.exports.iter().any(|export| &**export == name);
        is_private.then_some(target)
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
        let short: Rc<str> = alias.clone().unwrap_or_else(|| last_part(&name));
        let target = match self.module_named(machine, symbol) {
            Ok(target) => target,
            Err(fault) => {
                let is_open = alias.is_none() && only.is_none();
                let names = only.iter().flatten().map(|wanted| Rc::clone(&wanted.name)).collect();
                // The prefix may be written rightly where the name of the module is not.
                let meant = fault.fixes.iter().flat_map(|fix| &fix.edits).map(|(_, text)| last_part(text));
                let prefixes = std::iter::once(short).chain(meant.filter(|_| alias.is_none())).collect();
                self.failed_imports.push(FailedImport { into, prefixes, is_open, names });
                return Err(fault);
            }
        };
        let spans: Vec<Option<Span>> = only.iter().flatten().map(|wanted| wanted.span).collect();
        let mut names: Vec<(Rc<str>, Option<Span>)> = Vec::new();
        let mut is_faulty = false;
        for (n, wanted) in only.iter().flatten().enumerate() {
            let cut = self.item_cut(&spans, n);
            if names.iter().any(|(name, _)| *name == wanted.name) {
                found.push(repeated_name(wanted, &name, cut));
                continue;
            }
            let Some(meaning) = self.shown(machine, target, &wanted.name) else {
                is_faulty = true;
                found.push(self.missing_name(target, wanted, cut));
                // One report is enough: where the name is used, it counts as defined.
                let is_free = self
                    .modules
                    .get(into.0 as usize)
                    .is_some_and(|module| module.get(&wanted.name, &wanted.marks).is_none());
                if is_free {
                    self.define_global(machine, into, wanted, crate::module::GlobalKind::Variable);
                }
                continue;
            };
            match self.named_elsewhere(machine, into, target, &wanted.name, &meaning) {
                Some((other, span)) => {
                    is_faulty = true;
                    found.push(named_twice(wanted, &name, &other, span, cut));
                }
                None => names.push((Rc::clone(&wanted.name), wanted.span)),
            }
        }
        let rank = PrefixRank::of(alias.is_some(), only.is_some());
        let import = Import {
            module: target,
            span: symbol.span,
            name,
            is_open: alias.is_none() && only.is_none(),
            only: only.map(|_| names),
            used: Vec::new(),
            whole,
            is_used: is_faulty,
        };
        if let Some(module) = self.modules.get_mut(into.0 as usize) {
            // Importing a module again is worth a word if it brings nothing new.
            let same_alias = module.aliases.get(&short) == Some(&target);
            let earlier =
                module.imports.iter().find(|earlier| earlier.module == target && earlier.holds(&import));
            match earlier {
                Some(earlier) if same_alias && !is_faulty => {
                    found.push(repeated_module(&import, earlier));
                    return Ok(found);
                }
                _ => {}
            }
            let taken = module.set_prefix(Rc::clone(&short), target, rank);
            let (wanted, span) = (Rc::clone(&import.name), import.span);
            module.imports.push(import);
            if let Err(other) = taken {
                found.push(self.prefix_taken(&short, &wanted, other, span));
            }
        }
        Ok(found)
    }

    /// Whether an unknown name may be one that an import would have brought that is reported already.
    pub(crate) fn follows_from_a_failed_import(&self, module: ModuleId, name: &str) -> bool {
        self.failed_imports.iter().filter(|failed| failed.into == module).any(|failed| {
            match name.split_once('/') {
                Some((alias, export)) if !alias.is_empty() && !export.is_empty() => {
                    failed.prefixes.iter().any(|prefix| &**prefix == alias)
                }
                _ => failed.is_open || failed.names.iter().any(|known| &**known == name),
            }
        })
    }

    /// Another import that names the same name, which means something else there: its module, and where.
    fn named_elsewhere(
        &mut self,
        machine: &mut Machine,
        into: ModuleId,
        target: ModuleId,
        name: &str,
        meaning: &Meaning,
    ) -> Option<(Rc<str>, Option<Span>)> {
        let imports = &self.modules.get(into.0 as usize)?.imports;
        let others: Vec<(ModuleId, Rc<str>, Option<Span>)> = imports
            .iter()
            .filter(|import| import.module != target)
            .filter_map(|import| {
                let (_, span) = import.only.iter().flatten().find(|(other, _)| &**other == name)?;
                Some((import.module, Rc::clone(&import.name), *span))
            })
            .collect();
        others.into_iter().find_map(|(module, other, span)| {
            let known = self.shown(machine, module, name)?;
            (!known.is_same(meaning)).then_some((other, span))
        })
    }

    /// The name of the module that a variable belongs to.
    pub fn module_of_global(&self, id: crate::core::GlobalId) -> Option<&str> {
        self.modules.get(self.owner(id)?.0 as usize).map(|module| &*module.name)
    }

    /// The module of the library of this name, without what it has in OVSM.
    pub(crate) fn library_module(&mut self, name: &str) -> ModuleId {
        let id = self.program_module(name);
        if let Some(module) = self.modules.get_mut(id.0 as usize) {
            module.is_library = true;
        }
        id
    }

    /// The module of this name, which is made if there is none.
    pub(crate) fn program_module(&mut self, name: &str) -> ModuleId {
        if let Some(id) = self.by_name.get(name) {
            return *id;
        }
        self.modules.push(Module::new(name));
        let id = ModuleId(self.modules.len() as u32 - 1);
        self.by_name.insert(name.into(), id);
        id
    }

    /// Lets an import count as one that could not be done.
    pub(crate) fn fail_import(&mut self, into: ModuleId, link: &crate::program::Link) {
        self.failed_imports.push(FailedImport {
            into,
            prefixes: vec![link.prefix().into()],
            is_open: link.is_open(),
            names: link.only.iter().flatten().map(|name| Rc::from(name.as_str())).collect(),
        });
    }

    /// Lets names of an import count as missing.
    pub(crate) fn miss_names(&mut self, into: ModuleId, names: Vec<Rc<str>>) {
        self.failed_imports.push(FailedImport { into, prefixes: Vec::new(), is_open: false, names });
    }

    /// Lets modules count as being loaded.
    pub(crate) fn pretend_to_load(&mut self, modules: &[String]) {
        self.loading = modules.iter().map(|name| Rc::from(name.as_str())).collect();
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
        if let Some(library) = ovsm_library::module(&name) {
            let id = self.library_module(&name);
            // Programs for Solana have what is built in.
            if let Some(text) = library.source.filter(|_| !self.is_program) {
                self.loading.push(Rc::clone(&name));
                let units = self.load(machine, id, &format!("{name}.ovsm"), text);
                self.loading.pop();
                self.queued.extend(units);
            }
            return Ok(id);
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

/// The last part of the name of a module: the prefix of its names.
fn last_part(module: &str) -> Rc<str> {
    module.rsplit('/').next().unwrap_or(module).into()
}

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
