//! Names: what a symbol means, and what a reference to it becomes.

use super::Expander;
use super::scope::{Binding, Expansion, Scopes, Space};
use super::special::{self, Special};
use super::typed_places::Variable;
use crate::core::{Expr, ExprId, LocalId};
use crate::module::{Global, GlobalKind, Meaning, ModuleId, Type};
use ovsm_base::{Code, Diagnostic};
use ovsm_library::Effect;
use ovsm_value::{NativeId, Symbol, Value};
use std::rc::Rc;

/// What a symbol means.
pub(crate) enum Meant {
    Local(LocalId),
    Global(Global),
    Native(NativeId),
    Special(&'static Special),
    Macro(Value, Expansion),
    SymbolMacro(Value, Expansion),
    Type(Type, Option<crate::core::GlobalId>),
    Constant(Value),
    Unknown,
}

impl Expander<'_> {
    /// What a symbol means here.
    pub(crate) fn meaning(&mut self, symbol: &Symbol) -> Meant {
        self.meaning_from(symbol, self.scope, self.module)
    }

    /// What a symbol means that stands where a name may be bound: only if it is that of a type or of a dynamic variable,
    /// it is used there.
    pub(crate) fn meaning_of_binder(&mut self, symbol: &Symbol) -> Meant {
        let was_peeking = std::mem::replace(&mut self.front.is_peeking, true);
        let meant = self.meaning(symbol);
        self.front.is_peeking = was_peeking;
        match meant {
            Meant::Type(..) | Meant::Global(Global { kind: GlobalKind::Dynamic, .. }) => self.meaning(symbol),
            meant => meant,
        }
    }

    pub(crate) fn meaning_from(&mut self, symbol: &Symbol, scope: super::ScopeId, module: ModuleId) -> Meant {
        let mut marks: Rc<[u32]> = Rc::clone(&symbol.marks);
        let (mut scope, mut module) = (scope, module);
        loop {
            if let Some(binding) = self.scopes.find(scope, Space::Value, &symbol.name, &marks) {
                return match binding.clone() {
                    Binding::Local(local) => Meant::Local(local),
                    Binding::Macro(function, scope) => Meant::Macro(function, Expansion { module, scope }),
                    Binding::SymbolMacro(form, scope) => {
                        Meant::SymbolMacro(form, Expansion { module, scope })
                    }
                    Binding::Block(_) | Binding::Tag(..) => Meant::Unknown,
                };
            }
            if let Some(meant) = self.module_meaning(module, symbol, &marks) {
                return meant;
            }
            match marks.split_last() {
                None => break,
                Some((last, rest)) => {
                    if let Some(expansion) = self.front.expansions.get(*last as usize) {
                        (scope, module) = (expansion.scope, expansion.module);
                    }
                    marks = Rc::from(rest);
                }
            }
        }
        self.prelude_meaning(&symbol.name, module)
    }

    fn module_meaning(&mut self, module: ModuleId, symbol: &Symbol, marks: &Rc<[u32]>) -> Option<Meant> {
        if let Some(meaning) = self.front.modules.get(module.0 as usize)?.get(&symbol.name, marks) {
            let meaning = meaning.clone();
            return Some(self.meant(meaning));
        }
        if !marks.is_empty() {
            return None;
        }
        let meaning = self.front.imported(self.machine, module, symbol)?;
        Some(self.meant(meaning))
    }

    fn meant(&mut self, meaning: Meaning) -> Meant {
        match meaning {
            Meaning::Global(global) => Meant::Global(global),
            Meaning::Native(id) => Meant::Native(id),
            Meaning::Type(ty, constructor) => Meant::Type(ty, constructor),
            Meaning::Macro(id, module) => {
                self.front.prepare_global(self.machine, id);
                match self.machine.global(id) {
                    Some(function) => {
                        Meant::Macro(function.clone(), Expansion { module, scope: Scopes::TOP })
                    }
                    None => Meant::Unknown,
                }
            }
            Meaning::SymbolMacro(form) => {
                Meant::SymbolMacro(form, Expansion { module: self.module, scope: Scopes::TOP })
            }
        }
    }

    /// What a name means that no module defines: a special form, a built-in, a definition of the prelude, or a name with the
    /// prefix of a module that the name's own module imports.
    fn prelude_meaning(&mut self, name: &str, module: ModuleId) -> Meant {
        match name {
            "t" => return Meant::Constant(Value::Bool(true)),
            "pi" => return Meant::Constant(Value::Float(std::f64::consts::PI)),
            _ => {}
        }
        if let Some(special) = special::find(name) {
            return Meant::Special(special);
        }
        if let Some(id) = ovsm_library::find(name).filter(|_| !self.front.is_of_programs(name)) {
            return Meant::Native(id);
        }
        if let Some(meaning) = self.front.prelude(self.machine, name) {
            return self.meant(meaning);
        }
        if let Some((alias, export)) = name.split_once('/')
            && !alias.is_empty()
            && !export.is_empty()
            && let Some(meaning) = self.front.qualified(self.machine, module, alias, export)
        {
            return self.meant(meaning);
        }
        Meant::Unknown
    }

    /// A reference to a name.
    pub(crate) fn name(&mut self, symbol: &Symbol) -> ExprId {
        let near = self.near;
        self.near = symbol.span.or(near);
        let expr = match self.meaning(symbol) {
            Meant::Local(local) if self.unset.contains(&local) => {
                self.read_early.insert(local);
                let parts = vec![self.read(local), self.constant(Value::string(&*symbol.name))];
                self.native("#defined", parts)
            }
            Meant::Local(local) => self.add(Expr::Local(local)),
            Meant::Global(global) => self.add(Expr::Global(global.id)),
            Meant::Native(id) => self.constant(Value::Native(id)),
            Meant::Constant(value) => self.constant(value),
            Meant::Type(_, Some(constructor)) => self.add(Expr::Global(constructor)),
            Meant::SymbolMacro(form, expansion) => {
                let mark = self.front.new_expansion(expansion);
                let form = super::hygiene::mark(&form, mark);
                self.expanded(&symbol.name, &form)
            }
            Meant::Special(_) | Meant::Macro(..) => {
                let what = if matches!(self.meaning(symbol), Meant::Special(_)) { "form" } else { "macro" };
                self.report_at(
                    symbol.span,
                    Diagnostic::new(
                        Code::FunctionAsValue,
                        format!("`{}` is a {what}, not a value", clip(&symbol.name)),
                    )
                    .help(format!(
                        "call it: `({0} …)`, or pass a function: `(fn (x) ({0} x))`",
                        clip(&symbol.name)
                    )),
                );
                self.null()
            }
            Meant::Type(_, None) | Meant::Unknown => self.unknown(symbol),
        };
        self.near = near;
        expr
    }

    /// A name that nothing defines so far. At the top level a macro may still define it: it is looked up again when the
    /// whole module is known.
    pub(crate) fn unknown(&mut self, symbol: &Symbol) -> ExprId {
        let id = self.front.pending_global(self.machine, self.module, symbol);
        if self.front.follows_from_a_failed_import(self.module, &symbol.name) {
            self.front.failed_names.insert(id);
            return self.add(Expr::Global(id));
        }
        let near = symbol.span.or(self.near);
        let private = symbol.name.split_once('/').and_then(|(alias, name)| {
            Some((name.to_string(), self.front.private_to(self.module, alias, name)?))
        });
        if let Some((name, owner)) = private {
            let diagnostic = self.front.private_name(owner, &name);
            let diagnostic = match near {
                Some(near) => diagnostic.label(near, ""),
                None => diagnostic,
            };
            let diagnostic = self.explained(diagnostic);
            let module = self.module;
            self.front.pending.push(crate::front::Pending {
                id,
                module,
                name: None,
                diagnostic,
                misspelt: None,
            });
            return self.add(Expr::Global(id));
        }
        if !self.front.is_program && crate::is_of_programs(&symbol.name) {
            let message = format!("`{}` exists only in programs for Solana, not in scripts", symbol.name);
            let help = "`ovsmc build` compiles a program; `ovsm test` runs its tests";
            let mut diagnostic = Diagnostic::new(Code::UnsupportedForm, message).help(help);
            if let Some(near) = near {
                diagnostic = diagnostic.label(near, "");
            }
            let diagnostic = self.explained(diagnostic);
            let name = Some(Rc::clone(&symbol.name));
            let pending = crate::front::Pending { id, module: self.module, name, diagnostic, misspelt: None };
            self.front.pending.push(pending);
            return self.add(Expr::Global(id));
        }
        let mut diagnostic =
            Diagnostic::new(Code::UnknownName, format!("`{}` is not defined", clip(&symbol.name)));
        if let Some(near) = near {
            diagnostic = diagnostic.label(near, "");
        }
        let diagnostic = self.explained(diagnostic);
        let name = Some(Rc::clone(&symbol.name));
        let locals = self.scopes.names(self.scope);
        let misspelt = Some(crate::front::Misspelt { near, locals });
        self.front.pending.push(crate::front::Pending {
            id,
            module: self.module,
            name,
            diagnostic,
            misspelt,
        });
        self.add(Expr::Global(id))
    }

    /// Calls a function by its name.
    pub(crate) fn call(&mut self, callee: ExprId, symbol: &Symbol, arguments: &[Value]) -> ExprId {
        let mut parts: Vec<ExprId> = arguments.iter().map(|argument| self.expr(argument)).collect();
        if let Some(Expr::Global(id)) = self.unit.exprs.get(callee) {
            let id = *id;
            let literals = parts
                .iter()
                .map(|part| match self.unit.exprs.get(*part) {
                    Some(Expr::Constant(value)) => Some(value.clone()),
                    _ => None,
                })
                .collect();
            let (span, origin) = self.made_at(self.near);
            self.front.calls.push(crate::front::CallSite {
                callee: id,
                name: Rc::clone(&symbol.name),
                arguments: arguments.len(),
                literals,
                span,
                origin,
            });
        }
        if self.front.is_program
            && let Some(Expr::Global(id)) = self.unit.exprs.get(callee)
        {
            let id = *id;
            self.refined_fields(id, &mut parts);
            if let ([value], Meant::Type(ty, _)) = (parts.as_slice(), self.meaning(symbol))
                && matches!(ty, Type::Refined(..))
                && ty.has_condition()
            {
                let what = format!("`{}`", symbol.name);
                let Type::Refined(_, base, None, _) = &ty else { return self.refined(*value, &ty, &what) };
                // A type of its own: what meets the conditions below becomes one.
                parts = vec![self.refined(*value, base, &what)];
            }
        }
        self.add(Expr::Call(callee, parts))
    }

    /// The name of an enum in `(vec Shape)`. An enum has no constructor that could stand for it, so one of its variants does.
    fn enum_as_item(&mut self, argument: &Value) -> Option<ExprId> {
        let Value::Symbol(symbol) = argument else { return None };
        let Meant::Type(Type::Record(_, identities), None) = self.meaning(symbol) else { return None };
        let variant = self.front.records.get(identities.first()?).cloned()?;
        Some(self.constant(Value::RecordType(variant)))
    }

    /// Calls a built-in function, with its number of arguments checked.
    pub(crate) fn call_native(&mut self, id: NativeId, symbol: &Symbol, arguments: &[Value]) -> ExprId {
        let Some(native) = ovsm_library::get(id) else { return self.null() };
        if native.name == "to-array"
            && !self.front.is_program
            && let Some((Value::Symbol(symbol), capacity)) = arguments.split_first()
            && let Meant::Type(Type::Refined(..), _) = self.meaning(symbol)
        {
            let mut steps: Vec<ExprId> = capacity.iter().map(|argument| self.expr(argument)).collect();
            steps.push(self.native("#array", Vec::new()));
            return self.sequence(steps);
        }
        let enumeration = arguments.first().filter(|_| native.name == "to-array");
        let enumeration = enumeration.and_then(|argument| self.enum_as_item(argument));
        let skipped = usize::from(enumeration.is_some());
        let rest = arguments.iter().skip(skipped);
        let mut parts: Vec<ExprId> = enumeration.into_iter().collect();
        parts.extend(rest.map(|argument| self.expr(argument)));
        let given = parts.len();
        if given < usize::from(native.min) || native.max.is_some_and(|max| given > usize::from(max)) {
            let diagnostic = wrong_arity(&symbol.name, native.min.into(), native.max.map(usize::from), given)
                .help(format!(
                    "it is called as `({} {}`",
                    native.name,
                    native.signature.trim_start_matches('(')
                ));
            self.report_at(symbol.span, diagnostic);
            return self.null();
        }
        if native.effect == Effect::Chain && !self.front.is_program {
            self.report_at(
                symbol.span,
                Diagnostic::new(
                    Code::UnsupportedForm,
                    format!("`{}` exists only in programs for Solana", clip(&symbol.name)),
                )
                .help("build the program with `ovsmc build`; a script has no accounts and no instruction"),
            );
            return self.null();
        }
        if let ("pubkey", [Value::String(text)]) = (native.name, arguments)
            && ovsm_value::encoding::from_base58::<32>(text.as_str()).is_none()
        {
            self.report_at(
                self.near,
                Diagnostic::new(Code::MalformedForm, "this is not the base58 text of a public key")
                    .help("a key has 32 bytes: 32 to 44 characters without 0, O, I and l"),
            );
        }
        if &*symbol.name == "format" {
            self.check_format(arguments);
        }
        // The machine has instructions for two operands.
        if parts.len() > 2 && matches!(native.name, "+" | "-" | "*") {
            let mut parts = parts.into_iter();
            let Some(mut result) = parts.next() else { return self.null() };
            for part in parts {
                result = self.add(Expr::Native(id, vec![result, part]));
            }
            return result;
        }
        self.add(Expr::Native(id, parts))
    }

    /// Checks a literal control string against the arguments.
    fn check_format(&mut self, arguments: &[Value]) {
        let [_, Value::String(control), rest @ ..] = arguments else { return };
        let message = match ovsm_library::format::arguments_needed(control.as_str()) {
            Err(error) => error.to_string(),
            Ok((least, _)) if rest.len() < least => {
                format!(
                    "the control string takes {least} arguments, but {} {} given",
                    rest.len(),
                    if rest.len() == 1 { "is" } else { "are" }
                )
            }
            Ok(_) => return,
        };
        self.report_at(
            self.near,
            Diagnostic::new(Code::MalformedForm, message)
                .help("`~a` shows a value, `~%` ends a line, `~~` is a tilde"),
        );
    }

    /// Assigns what a symbol names. Null, reported, if it can not be assigned.
    pub(crate) fn assign(&mut self, symbol: &Symbol, value: ExprId) -> ExprId {
        match self.meaning(symbol) {
            Meant::Local(local) if self.constants.contains(&local) => self.constant_assigned(symbol),
            Meant::Local(local) => self.assign_variable(Variable::Local(local), value),
            Meant::Global(Global { kind: GlobalKind::Constant, .. }) | Meant::Constant(_) => {
                self.constant_assigned(symbol)
            }
            Meant::Global(global) if self.is_of_another_module(global, symbol) => {
                self.imported_assigned(symbol);
                self.null()
            }
            Meant::Global(global) => self.assign_variable(Variable::Global(global.id), value),
            Meant::Type(_, Some(id))
                if self.is_of_another_module(Global { id, kind: GlobalKind::Constant }, symbol) =>
            {
                self.imported_assigned(symbol);
                self.null()
            }
            Meant::Type(_, Some(id)) => self.add(Expr::SetGlobal(id, value)),
            Meant::SymbolMacro(form, expansion) => {
                let mark = self.front.new_expansion(expansion);
                let form = super::hygiene::mark(&form, mark);
                let local = self.local("value");
                let read = self.read(local);
                let set = self.set_place(&form, read);
                self.add(Expr::Let(vec![(local, value)], set))
            }
            Meant::Native(_) | Meant::Special(_) | Meant::Macro(..) => {
                let message = format!("`{}` is a built-in and can not be assigned", clip(&symbol.name));
                self.report_at(
                    symbol.span,
                    Diagnostic::new(Code::AssignToConstant, message)
                        .help("define a variable of your own with `define`"),
                );
                self.null()
            }
            Meant::Type(_, None) | Meant::Unknown => {
                let id = match self.unknown(symbol) {
                    expr if let Some(Expr::Global(id)) = self.unit.exprs.get(expr) => *id,
                    _ => return self.null(),
                };
                self.add(Expr::SetGlobal(id, value))
            }
        }
    }

    pub(crate) fn constant_assigned(&mut self, symbol: &Symbol) -> ExprId {
        let message = format!("`{}` is a constant", clip(&symbol.name));
        self.report_at(
            symbol.span,
            Diagnostic::new(Code::AssignToConstant, message)
                .help("use `define` instead of `const` if it is to change"),
        );
        self.null()
    }

    /// Whether a variable belongs to a module that neither this code nor a macro that made it belongs to. Variables
    /// of `defvar` are there to be set by others.
    pub(crate) fn is_of_another_module(&self, global: Global, symbol: &Symbol) -> bool {
        let Some(owner) = self.front.owner(global.id).filter(|owner| *owner != self.module) else {
            return false;
        };
        let made_by_its_macro = symbol.marks.iter().any(|mark| {
            self.front.expansions.get(*mark as usize).is_some_and(|expansion| expansion.module == owner)
        });
        global.kind != GlobalKind::Dynamic && !made_by_its_macro
    }

    pub(crate) fn imported_assigned(&mut self, symbol: &Symbol) {
        let message =
            format!("`{}` belongs to another module and can not be assigned here", clip(&symbol.name));
        self.report_at(
            symbol.span,
            Diagnostic::new(Code::AssignToImported, message)
                .help("export a function there that assigns it, or define a variable of your own"),
        );
    }

    /// The local block of a name.
    pub(crate) fn find_block(&self, symbol: &Symbol, space: Space) -> Option<Binding> {
        let mut marks: Rc<[u32]> = Rc::clone(&symbol.marks);
        let mut scope = self.scope;
        loop {
            if let Some(binding) = self.scopes.find(scope, space, &symbol.name, &marks) {
                return Some(binding.clone());
            }
            let (last, rest) = marks.split_last()?;
            if let Some(expansion) = self.front.expansions.get(*last as usize) {
                scope = expansion.scope;
            }
            marks = Rc::from(rest);
        }
    }
}

/// The report of a wrong number of arguments.
pub(crate) fn wrong_arity(name: &str, min: usize, max: Option<usize>, given: usize) -> Diagnostic {
    let plural = |n: usize| if n == 1 { "" } else { "s" };
    let takes = match max {
        Some(max) if max == min => format!("{min} argument{}", plural(min)),
        Some(max) => format!("{min} to {max} arguments"),
        None => format!("at least {min} argument{}", plural(min)),
    };
    Diagnostic::new(
        Code::WrongArity,
        format!(
            "`{}` takes {takes}, but {given} {} given",
            clip(name),
            if given == 1 { "is" } else { "are" }
        ),
    )
}

/// Names in messages are cut: a name can be as long as the file.
pub(crate) fn clip(name: &str) -> String {
    const LIMIT: usize = 60;
    if name.chars().count() <= LIMIT {
        return name.to_string();
    }
    let mut text: String = name.chars().take(LIMIT).collect();
    text.push('…');
    text
}
