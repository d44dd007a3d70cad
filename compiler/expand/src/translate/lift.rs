//! Local functions that call themselves before the last place: they become functions of the program.
//!
//! A local function is put in place of its calls, which one that calls itself can only be if the call is a jump. If it uses
//! nothing of the code around it but functions that are known, it can stand by itself: for each combination of functions that
//! it is given there is one function of the program, which takes the other arguments. So a function that takes functions may
//! call itself anywhere, as long as it passes them on. Start with [`Translator::call_lifted`].

use super::closure::{Argument, Function};
use super::{Place, Translator};
use crate::core::{Expr as Core, ExprId as CoreId};
use crate::expand::DefinedFunction;
use ovsm_base::{DefId, Span};
use ovsm_eval::core::{Expr, ExprId, FunctionId, LocalId};
use rustc_hash::FxHashSet;

/// A form makes at most so many functions of the program.
const MAX_LIFTED: usize = 500;

/// A local function that became one of the program.
pub(super) struct Lifted {
    function: FunctionId,
    /// What the parameters and other locals stand for that are functions; sorted.
    known: Vec<(LocalId, Function)>,
    def: DefId,
    name: String,
}

impl<'a> Translator<'a> {
    /// A call of a function that calls itself where something is left to do; `None` if it does not, or can not stand by
    /// itself.
    pub(super) fn call_lifted(
        &mut self,
        function: FunctionId,
        arguments: &[Argument],
        span: Option<Span>,
    ) -> Option<CoreId> {
        if !self.may_lift || !self.calls_itself_early(function) {
            return None;
        }
        let parameters = &self.unit.functions.get(function)?.parameters.required;
        let mut known: Vec<(LocalId, Function)> = Vec::new();
        let mut values: Vec<CoreId> = Vec::new();
        for (parameter, argument) in parameters.iter().zip(arguments) {
            match argument {
                // A value where a function has to be is reported where functions are put in place.
                Argument::Value(_) if self.is_stated_function(*parameter) => return None,
                Argument::Value(value) => values.push(*value),
                Argument::Function(function) => known.push((*parameter, *function)),
            }
        }
        if known.iter().any(|(_, function)| *function == Function::Opaque) {
            let value = self.unknown_result(values, span);
            let body = self.unit.functions.get(function)?.body;
            return Some(match self.check_of(body) {
                Some((_, ty)) => self.body.add(Core::Ascribe(value, ty), span),
                None => value,
            });
        }
        let given: Vec<Function> = known.iter().map(|(_, given)| *given).collect();
        let mut seen = FxHashSet::default();
        for needed in std::iter::once(Function::Local(function)).chain(given) {
            self.is_known(needed, &mut known, &mut seen)?;
        }
        known.sort_unstable_by_key(|(local, _)| *local);
        let same = |lifted: &&Lifted| lifted.function == function && lifted.known == known;
        let def = match self.lifted.iter().find(same) {
            Some(lifted) => lifted.def,
            None if self.lifted.len() >= MAX_LIFTED => return None,
            None => {
                let name = self.unit.functions.get(function).map_or("", |code| &*code.name);
                let name = format!("{name}@{:016x}.f{}", self.home.0, self.lifted.len());
                let def = self.surroundings.env.identity(&name);
                self.lifted.push(Lifted { function, known, def, name });
                def
            }
        };
        self.body.callees.push(def);
        Some(self.body.add(Core::Call(def, values), span))
    }

    fn is_stated_function(&self, parameter: LocalId) -> bool {
        let annotation = self.unit.locals.get(parameter).and_then(|local| local.annotation.as_ref());
        matches!(annotation, Some((ovsm_eval::Type::Function(_), _)))
    }

    /// The functions of the program that local ones became.
    pub(super) fn lifted_functions(&mut self) -> Vec<DefinedFunction> {
        let mut functions = Vec::new();
        while let Some(lifted) = self.lifted.get(functions.len()) {
            let (def, name, function) = (lifted.def, lifted.name.clone(), lifted.function);
            let known = lifted.known.clone();
            let unit = self.unit;
            let Some(code) = unit.functions.get(function) else { break };
            self.begin();
            self.check_parameters(code);
            self.aliases.extend(known.iter().copied());
            for parameter in &code.parameters.required {
                if !self.aliases.contains_key(parameter) {
                    self.bind(*parameter);
                    self.body.params += 1;
                }
            }
            let mut root = code.body;
            if let Some((inner, ty)) = self.check_of(root) {
                self.body.result = Some(ty);
                root = inner;
            }
            let root = self.expr(root, Place::VALUE);
            self.body.root = Some(root);
            let body = self.finish();
            functions.push(DefinedFunction {
                def,
                name,
                body,
                is_template: false,
                is_lifted: true,
                withheld: Vec::new(),
            });
        }
        functions
    }

    /// Notes what a function needs to be known of the code around it; `None` if it needs something else.
    fn is_known(
        &self,
        function: Function,
        known: &mut Vec<(LocalId, Function)>,
        seen: &mut FxHashSet<FunctionId>,
    ) -> Option<()> {
        let id = match function {
            Function::Local(id) => id,
            Function::Global(_) | Function::Native(_) => return Some(()),
            Function::Opaque | Function::Chosen(_) => return None,
        };
        if !seen.insert(id) {
            return Some(());
        }
        for local in self.free_locals(id)? {
            if let Some(function) = self.functions.get(&local) {
                ovsm_base::stack::with_room(|| self.is_known(Function::Local(*function), known, seen))?;
                continue;
            }
            let alias = *self.aliases.get(&local)?;
            match known.iter().find(|(other, _)| *other == local) {
                Some((_, other)) if *other == alias => {}
                // It means another function inside than it does here.
                Some(_) => return None,
                None => {
                    known.push((local, alias));
                    ovsm_base::stack::with_room(|| self.is_known(alias, known, seen))?;
                }
            }
        }
        Some(())
    }

    /// The locals that a function uses and does not bind; `None` if it leaves a block around it.
    fn free_locals(&self, function: FunctionId) -> Option<Vec<LocalId>> {
        let mut own: FxHashSet<FunctionId> = FxHashSet::default();
        let (mut used, mut blocks, mut left) = (Vec::new(), FxHashSet::default(), Vec::new());
        let mut inner = vec![function];
        while let Some(function) = inner.pop() {
            if !own.insert(function) {
                continue;
            }
            let code = self.unit.functions.get(function)?;
            let mut work: Vec<ExprId> = vec![code.body];
            while let Some(expr) = work.pop() {
                let node = self.unit.exprs.get(expr)?;
                match node {
                    Expr::Local(local) | Expr::SetLocal(local, _) | Expr::UpdateLocal(local, ..) => {
                        used.push(*local);
                    }
                    Expr::Lambda(function) => inner.push(*function),
                    Expr::Block(block, _) => drop(blocks.insert(*block)),
                    Expr::Leave(block, _) => left.push(*block),
                    _ => {}
                }
                node.for_each_child(|child| work.push(child));
            }
        }
        if left.iter().any(|block| !blocks.contains(block)) {
            return None;
        }
        used.retain(|local| self.unit.locals.get(*local).is_some_and(|local| !own.contains(&local.owner)));
        used.sort_unstable();
        used.dedup();
        Some(used)
    }

    /// True if a call of a function in its own text, or in that of a local function that it uses, is certainly not the last
    /// thing that it does.
    fn calls_itself_early(&mut self, function: FunctionId) -> bool {
        if let Some(known) = self.early.get(&function) {
            return *known;
        }
        let mut is_early = false;
        let mut seen = FxHashSet::default();
        let mut work: Vec<(ExprId, bool)> = Vec::new();
        work.extend(self.unit.functions.get(function).map(|code| (code.body, true)));
        while let Some((expr, is_last)) = work.pop() {
            let Some(node) = self.unit.exprs.get(expr) else { continue };
            match node {
                Expr::Local(local) if self.functions.get(local) == Some(&function) => is_early |= !is_last,
                Expr::Lambda(inner) if *inner != function && seen.insert(*inner) => {
                    work.extend(self.unit.functions.get(*inner).map(|code| (code.body, false)));
                }
                // By way of another one.
                Expr::Local(local)
                    if let Some(inner) = self.functions.get(local)
                        && seen.insert(*inner) =>
                {
                    work.extend(self.unit.functions.get(*inner).map(|code| (code.body, false)));
                }
                Expr::Call(callee, arguments) => {
                    work.push((*callee, is_last));
                    work.extend(arguments.iter().map(|argument| (*argument, false)));
                }
                Expr::Sequence(items) | Expr::And(items) | Expr::Or(items) => {
                    let last = items.len().saturating_sub(1);
                    work.extend(items.iter().enumerate().map(|(n, item)| (*item, is_last && n == last)));
                }
                Expr::Let(bindings, body) => {
                    work.extend(bindings.iter().map(|(_, value)| (*value, false)));
                    work.push((*body, is_last));
                }
                Expr::If(condition, then, otherwise) => {
                    work.extend([(*condition, false), (*then, is_last), (*otherwise, is_last)]);
                }
                Expr::Block(_, value) | Expr::Leave(_, value) => work.push((*value, is_last)),
                Expr::Native(id, operands)
                    if ovsm_library::get(*id).is_some_and(|native| native.name == "#check") =>
                {
                    work.extend(operands.first().map(|value| (*value, is_last)));
                }
                node => node.for_each_child(|child| work.push((child, false))),
            }
        }
        self.early.insert(function, is_early);
        is_early
    }
}
