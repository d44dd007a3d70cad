//! Effects of scripts: what a call of a function may do outside of the program.
//!
//! Which functions a value may be, or contain, is followed through variables, calls and built-in functions; a call has
//! the effects of all that its callee may be. A function that calls what it is given has no effect for that by itself:
//! whoever calls it has, with what it gives. What can not be followed may have any effect. All functions are looked at
//! until nothing changes. Each effect of a function has one reason: the built-in function, or the function that had it
//! first. Nothing here reports; start with [`Effects::of`].

use super::effect_set::{EffectSet, HostEffect};
use super::native_flow::{
    calls_arguments, gives_no_function, gives_store, is_callback, opens, raises, stores,
};
use ovsm_base::Span;
use ovsm_eval::core::{BlockId, Expr, ExprId, FunctionId, GlobalId, LocalId, Unit};
use ovsm_library::Effect;
use ovsm_value::{NativeId, Value};
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

/// Functions are looked at again until nothing changes, but not more often.
const MAX_ROUNDS: usize = 1_000;

/// How deep expressions are looked into.
const MAX_DEPTH: u32 = 2_000;

/// A value that may be more functions than this may be any.
const MOST_TARGETS: usize = 200;

/// A function of a unit.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct FunctionKey {
    unit: u32,
    function: FunctionId,
}

/// What a value may be, or contain, that can be called.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Target {
    Function(FunctionKey),
    Native(NativeId),
    /// What a parameter is given.
    Parameter(u32, LocalId),
    /// No function, but a collection, a keyword or a type: a call gives what is in it, or in the arguments.
    Data,
    Any,
}

type Targets = BTreeSet<Target>;

/// Where an effect comes from.
#[derive(Clone, Copy, Debug)]
enum Cause {
    Native(NativeId),
    Function(FunctionKey),
    /// Something is called that is not known.
    Unknown,
}

#[derive(Clone, Copy, Debug)]
struct Reason {
    cause: Cause,
    span: Option<Span>,
}

/// What is known of a function.
#[derive(Clone, Default, Debug)]
struct Summary {
    effects: EffectSet,
    reasons: [Option<Reason>; HostEffect::COUNT],
    /// The parameters that it calls, its own or those of functions around it.
    calls: BTreeSet<(u32, LocalId)>,
    /// What it gives to the parameters that it calls.
    gives: Targets,
    /// What its result may be.
    result: Targets,
}

/// What variables of modules may be.
type GlobalTargets = FxHashMap<GlobalId, Targets>;

/// The effects of the functions of units.
#[derive(Default)]
pub struct Effects {
    units: Vec<Rc<Unit>>,
    summaries: FxHashMap<FunctionKey, Summary>,
    globals: GlobalTargets,
    /// What the locals of each unit may be.
    locals: FxHashMap<(u32, LocalId), Targets>,
    /// The functions whose parameters locals are.
    parameters: FxHashMap<(u32, LocalId), FunctionId>,
    /// What leaves the blocks of each unit early.
    leaves: FxHashMap<(u32, BlockId), Vec<(ExprId, FunctionId)>>,
    /// The function of each block, and of each local.
    block_homes: FxHashMap<(u32, BlockId), FunctionId>,
    local_homes: FxHashMap<(u32, LocalId), FunctionId>,
    /// What errors of the program carry.
    raised: Targets,
    /// True if tables or cells may hold functions.
    stores_functions: bool,
    /// The variables of modules that code may assign which is evaluated and not known.
    assigned_by_eval: BTreeSet<GlobalId>,
    /// True once all is settled: what nothing is known of then may be any function.
    is_strict: bool,
    /// What was found out about expressions of the unit that is being looked at.
    memo: RefCell<FxHashMap<ExprId, Targets>>,
    /// The function around each function.
    around: FxHashMap<FunctionKey, FunctionId>,
    has_changed: bool,
}

/// An effect of a function, and why it has it.
#[derive(Clone, Debug)]
pub struct EffectReason {
    /// The effect.
    pub effect: HostEffect,
    /// The functions on the way, the last one built in: `f`, `g`, `read-file`.
    pub chain: Vec<Rc<str>>,
    /// Where the function calls the next one.
    pub first: Option<Span>,
    /// Where the last of them is called.
    pub span: Option<Span>,
}

/// What a definition of a function may do.
#[derive(Clone, Debug)]
pub struct FunctionEffects {
    /// Its name.
    pub name: Rc<str>,
    /// Where it is written.
    pub span: Option<Span>,
    /// Its effects, in the order of their names.
    pub reasons: Vec<EffectReason>,
    /// The parameters whose effects it has.
    pub of_parameters: Vec<Rc<str>>,
    /// The effects that it states, and where; none for "pure".
    pub stated: Option<(EffectSet, Option<Span>)>,
}

impl Effects {
    /// Finds the effects of all functions of the units, the first of which are those of the library.
    pub fn of(units: &[Rc<Unit>], library_count: usize) -> Effects {
        let mut effects = Effects { units: units.to_vec(), ..Effects::default() };
        for unit in 0..effects.units.len() {
            effects.survey(unit as u32);
        }
        effects.survey_eval(library_count);
        effects.settle();
        effects.is_strict = true;
        effects.settle();
        if effects.has_changed {
            // It never settled: nothing is known.
            for summary in effects.summaries.values_mut() {
                summary.effects = summary.effects.with(HostEffect::Any);
            }
        }
        effects
    }

    fn settle(&mut self) {
        for round in 0..MAX_ROUNDS {
            self.has_changed = false;
            // Callers may stand before or after what they call: both orders in turn settle sooner.
            let is_backward = round % 2 == 1;
            for n in 0..self.units.len() {
                let unit = if is_backward { self.units.len() - 1 - n } else { n };
                self.look_at_unit(unit as u32, is_backward);
            }
            if !self.has_changed {
                break;
            }
        }
    }

    /// Notes what code that is evaluated may assign: every variable that the program defines.
    fn survey_eval(&mut self, library_count: usize) {
        let eval = ovsm_library::find("eval");
        let own = self.units.iter().skip(library_count);
        let evaluates = own.clone().flat_map(|unit| unit.exprs.iter()).any(|expr| match expr {
            Expr::Native(id, _) | Expr::UpdateLocal(_, id, _) | Expr::UpdateGlobal(_, id, _) => {
                Some(*id) == eval
            }
            Expr::Constant(value) => constant_targets(value)
                .iter()
                .any(|target| matches!(target, Target::Native(id) if Some(*id) == eval)),
            _ => false,
        });
        if evaluates {
            let assigned = own.flat_map(|unit| unit.exprs.iter()).filter_map(|expr| match expr {
                Expr::SetGlobal(global, _) | Expr::UpdateGlobal(global, ..) => Some(*global),
                _ => None,
            });
            self.assigned_by_eval = assigned.collect();
        }
    }

    /// All functions of some units that have a name or state their effects.
    pub fn functions(&self, units: std::ops::Range<usize>) -> Vec<FunctionEffects> {
        let known = self.units.iter().enumerate().skip(units.start).take(units.len());
        let keys = known.flat_map(|(n, unit)| {
            let functions = unit.functions.iter_enumerated().skip(1);
            functions.map(move |(function, _)| FunctionKey { unit: n as u32, function })
        });
        keys.filter_map(|key| self.describe(key)).collect()
    }

    /// The functions that units give to variables of modules, in the order of the text.
    pub fn definitions(&self) -> Vec<FunctionEffects> {
        let mut found = Vec::new();
        for (n, unit) in self.units.iter().enumerate() {
            for expr in unit.exprs.iter() {
                let Expr::SetGlobal(_, value) = expr else { continue };
                let mut value = *value;
                while let Some(Expr::Let(_, body)) = unit.exprs.get(value) {
                    value = *body;
                }
                if let Some(Expr::Lambda(function)) = unit.exprs.get(value) {
                    found.extend(self.describe(FunctionKey { unit: n as u32, function: *function }));
                }
            }
        }
        found
    }

    /// The effects of the code of units outside of functions.
    pub fn top_level(&self) -> Vec<FunctionEffects> {
        let units = 0..self.units.len() as u32;
        units.filter_map(|unit| self.describe(FunctionKey { unit, function: FunctionId(0) })).collect()
    }

    fn describe(&self, key: FunctionKey) -> Option<FunctionEffects> {
        let unit = self.units.get(key.unit as usize)?;
        let code = unit.functions.get(key.function)?;
        let known = self.summaries.get(&key)?;
        let reasons = known.effects.iter().map(|effect| self.reason(key, effect)).collect();
        let own = known.calls.iter().filter(|(of, local)| self.owner(*of, *local) == Some(key));
        let names = own.filter_map(|(_, local)| Some(Rc::clone(&unit.locals.get(*local)?.name)));
        let stated = code.declared.as_ref().map(|declared| {
            let effects = declared.effects.iter().filter_map(|name| HostEffect::named(name));
            (effects.collect(), declared.span)
        });
        let name = Rc::clone(&code.name);
        Some(FunctionEffects { name, span: code.span, reasons, of_parameters: names.collect(), stated })
    }

    /// The way from a function to the one that has the effect by itself.
    fn reason(&self, key: FunctionKey, effect: HostEffect) -> EffectReason {
        let name = |key: FunctionKey| {
            let code = self.units.get(key.unit as usize).and_then(|unit| unit.functions.get(key.function));
            code.map_or_else(|| Rc::from("?"), |code| Rc::clone(&code.name))
        };
        let mut chain = Vec::new();
        let (mut first, mut span) = (None, None);
        let mut next = Some(key);
        let mut seen = BTreeSet::new();
        while let Some(key) = next.take().filter(|key| seen.insert(*key)) {
            if key.function != FunctionId(0) {
                chain.push(name(key));
            }
            let reason = self.summaries.get(&key).and_then(|summary| summary.reasons.get(effect.position()));
            let Some(Some(reason)) = reason else { break };
            span = reason.span.or(span);
            first = first.or(span);
            match reason.cause {
                Cause::Native(id) => {
                    chain.push(
                        ovsm_library::get(id).map_or_else(|| Rc::from("?"), |native| native.name.into()),
                    );
                }
                Cause::Function(function) => next = Some(function),
                Cause::Unknown => chain.push("a function that is not known".into()),
            }
        }
        EffectReason { effect, chain, first, span }
    }

    /// Notes whose parameters are whose, what leaves blocks, and which function is in which.
    fn survey(&mut self, n: u32) {
        let Some(unit) = self.units.get(n as usize).cloned() else { return };
        for (function, code) in unit.functions.iter_enumerated() {
            let all = &code.parameters;
            for local in parameter_locals(&unit, function) {
                self.parameters.insert((n, local), function);
                self.local_homes.insert((n, local), function);
                self.locals.entry((n, local)).or_default().insert(Target::Parameter(n, local));
            }
            // Functions inside of it.
            let mut work = vec![code.body];
            work.extend(all.optional.iter().map(|optional| optional.default));
            work.extend(all.keys.iter().flatten().map(|key| key.default));
            while let Some(expr) = work.pop() {
                match unit.exprs.get(expr) {
                    Some(Expr::Lambda(inner)) => {
                        self.around.insert(FunctionKey { unit: n, function: *inner }, function);
                    }
                    Some(Expr::Leave(block, value)) => {
                        self.leaves.entry((n, *block)).or_default().push((*value, function));
                    }
                    Some(Expr::Block(block, _)) => drop(self.block_homes.insert((n, *block), function)),
                    Some(Expr::Let(bindings, _)) => {
                        let locals = bindings.iter().map(|(local, _)| ((n, *local), function));
                        self.local_homes.extend(locals);
                    }
                    Some(Expr::Try { error, .. }) => drop(self.local_homes.insert((n, *error), function)),
                    _ => {}
                }
                if let Some(node) = unit.exprs.get(expr) {
                    node.for_each_child(|child| work.push(child));
                }
            }
        }
    }

    /// The function whose parameter a local is.
    fn owner(&self, unit: u32, local: LocalId) -> Option<FunctionKey> {
        let function = *self.parameters.get(&(unit, local))?;
        Some(FunctionKey { unit, function })
    }

    /// True if a function is another one, or stands around it.
    fn is_around(&self, outer: FunctionKey, inner: FunctionKey) -> bool {
        let mut key = inner;
        loop {
            if key == outer {
                return true;
            }
            match self.around.get(&key) {
                Some(function) if *function != key.function => key.function = *function,
                _ => return false,
            }
        }
    }

    fn look_at_unit(&mut self, n: u32, is_backward: bool) {
        let Some(unit) = self.units.get(n as usize).cloned() else { return };
        self.memo.borrow_mut().clear();
        let mut functions: Vec<_> = unit.functions.iter_enumerated().collect();
        if is_backward {
            functions.reverse();
        }
        for (function, code) in functions {
            let key = FunctionKey { unit: n, function };
            for optional in &code.parameters.optional {
                self.assign_local(key, &unit, optional.local, optional.default);
            }
            for keyword in code.parameters.keys.iter().flatten() {
                self.assign_local(key, &unit, keyword.local, keyword.default);
            }
            let mut found = self.summaries.get(&key).cloned().unwrap_or_default();
            let mut work = vec![code.body];
            work.extend(code.parameters.optional.iter().map(|optional| optional.default));
            work.extend(code.parameters.keys.iter().flatten().map(|key| key.default));
            while let Some(expr) = work.pop() {
                let Some(node) = unit.exprs.get(expr) else { continue };
                self.look_at(key, &unit, expr, node, &mut found);
                node.for_each_child(|child| work.push(child));
            }
            merge(&mut found.result, self.targets(n, &unit, code.body, 0));
            let known = self.summaries.entry(key).or_default();
            self.has_changed |= known.effects != found.effects
                || known.calls != found.calls
                || known.gives != found.gives
                || known.result != found.result;
            *known = found;
        }
    }

    /// What an expression itself does, without its parts.
    fn look_at(&mut self, key: FunctionKey, unit: &Unit, expr: ExprId, node: &Expr, found: &mut Summary) {
        let span = unit.spans.get(expr).copied().flatten();
        match node {
            Expr::Call(callee, arguments) => {
                let given: Vec<Targets> =
                    arguments.iter().map(|argument| self.targets(key.unit, unit, *argument, 0)).collect();
                let targets = self.callees(key.unit, unit, *callee, 0);
                // A closure may give something to a function that it was made with, which is among the targets.
                let more = self.given_to_others(&targets);
                for target in targets {
                    self.call(key, target, &given, span, found);
                    if !more.is_empty() {
                        let all = given.iter().flatten().chain(&more).copied().collect();
                        self.call_with_any(key, target, &all, span, found);
                    }
                }
            }
            Expr::Apply(callee, arguments) => {
                let targets = self.callees(key.unit, unit, *callee, 0);
                let mut all = self.given_to_others(&targets);
                for argument in arguments {
                    all.extend(self.targets(key.unit, unit, *argument, 0));
                }
                for target in targets {
                    self.call_with_any(key, target, &all, span, found);
                }
            }
            Expr::Native(id, arguments) => {
                if is_quiet(unit, *id, arguments) {
                    return;
                }
                let mut all = Targets::new();
                let mut callbacks = Targets::new();
                for (n, argument) in arguments.iter().enumerate() {
                    let targets = self.targets(key.unit, unit, *argument, 0);
                    let is_function = |target: &Target| match target {
                        Target::Function(callee) => !self.calls_own(*callee),
                        Target::Native(id) => !calls_arguments(*id),
                        _ => false,
                    };
                    let node = unit.exprs.get(*argument);
                    if ovsm_library::get(*id).is_some_and(|native| is_callback(native, n))
                        && matches!(node, Some(Expr::Lambda(_) | Expr::Constant(_) | Expr::Global(_)))
                        && !targets.is_empty()
                        && targets.iter().all(is_function)
                    {
                        callbacks.extend(targets.iter().copied());
                    }
                    all.extend(targets);
                }
                // Beside a function that calls nothing that it is given, the other arguments are data.
                if !callbacks.is_empty() {
                    add(found, native_effects(*id), Cause::Native(*id), span);
                    self.keep(key, *id, &all);
                    for callback in callbacks {
                        self.call_with_any(key, callback, &all, span, found);
                    }
                    return;
                }
                self.call_with_any(key, Target::Native(*id), &all, span, found);
            }
            Expr::UpdateLocal(_, id, arguments) | Expr::UpdateGlobal(_, id, arguments) => {
                let mut all: Targets = arguments
                    .iter()
                    .flat_map(|argument| self.targets(key.unit, unit, *argument, 0))
                    .collect();
                self.call_with_any(key, Target::Native(*id), &all, span, found);
                all.extend(self.native_result(*id, std::iter::once(all.clone())));
                match node {
                    Expr::UpdateGlobal(global, ..) => self.assign_global(key, *global, all),
                    Expr::UpdateLocal(local, ..) => self.hold(key, *local, all),
                    _ => {}
                }
            }
            Expr::SetGlobal(global, value) | Expr::DynamicBind(global, value, _) => {
                let targets = self.targets(key.unit, unit, *value, 0);
                self.assign_global(key, *global, targets);
            }
            Expr::Let(bindings, _) => {
                for (local, value) in bindings {
                    self.assign_local(key, unit, *local, *value);
                }
            }
            Expr::SetLocal(local, value) => self.assign_local(key, unit, *local, *value),
            Expr::Try { error, .. } => {
                let raised = self.raised.iter().copied().chain([Target::Data]).collect();
                self.hold(key, *error, raised);
            }
            _ => {}
        }
    }

    fn assign_local(&mut self, key: FunctionKey, unit: &Unit, local: LocalId, value: ExprId) {
        let targets = self.targets(key.unit, unit, value, 0);
        self.hold(key, local, targets);
    }

    fn hold(&mut self, key: FunctionKey, local: LocalId, targets: Targets) {
        if targets.is_empty() {
            return;
        }
        let home = self.local_homes.get(&(key.unit, local));
        let home = home.map(|function| FunctionKey { unit: key.unit, function: *function });
        let targets = self.escaped(targets, key, home);
        let known = self.locals.entry((key.unit, local)).or_default();
        self.has_changed |= merge(known, targets);
    }

    fn assign_global(&mut self, key: FunctionKey, global: GlobalId, targets: Targets) {
        let targets = self.escaped(targets, key, None);
        let known = self.globals.entry(global).or_default();
        self.has_changed |= merge(known, targets);
    }

    /// What a function puts into a place of another function around it, or of a module: the parameters of the functions
    /// between are known to nobody there, so that they may be anything.
    fn escaped(&self, targets: Targets, key: FunctionKey, home: Option<FunctionKey>) -> Targets {
        let is_lost = |(unit, local): (u32, LocalId)| {
            self.owner(unit, local).is_some_and(|owner| home.is_none_or(|home| !self.is_around(owner, home)))
        };
        let mut all = Targets::new();
        for target in targets {
            match target {
                Target::Parameter(unit, local) if is_lost((unit, local)) => drop(all.insert(Target::Any)),
                Target::Function(_) => {
                    // Whatever a closure was made with outside of its maker is among the targets already.
                    let is_inside = |(unit, local): &(u32, LocalId)| {
                        self.owner(*unit, *local).is_some_and(|owner| self.is_around(owner, key))
                    };
                    let needs = self.needs(target);
                    if needs.iter().any(|parameter| is_inside(parameter) && is_lost(*parameter)) {
                        all.insert(Target::Any);
                    }
                    all.insert(target);
                }
                _ => drop(all.insert(target)),
            }
        }
        all
    }

    /// The parameters of functions around a function that it, or what it gives, has to do with.
    fn needs(&self, target: Target) -> BTreeSet<(u32, LocalId)> {
        let mut needed = BTreeSet::new();
        for target in self.opened(&Targets::from([target])) {
            let Target::Function(key) = target else { continue };
            let Some(known) = self.summaries.get(&key) else { continue };
            let given = known.gives.iter().chain(&known.result).filter_map(|target| match target {
                Target::Parameter(unit, local) => Some((*unit, *local)),
                _ => None,
            });
            let all = given.chain(known.calls.iter().copied());
            needed.extend(all.filter(|(unit, local)| self.owner(*unit, *local) != Some(key)));
        }
        needed
    }

    /// What functions give to parameters that are not their own.
    fn given_to_others(&self, targets: &Targets) -> Targets {
        let mut all = Targets::new();
        for target in targets {
            let Target::Function(key) = target else { continue };
            let Some(known) = self.summaries.get(key) else { continue };
            if known.calls.iter().any(|(unit, local)| self.owner(*unit, *local) != Some(*key)) {
                let is_own = |target: &&Target| matches!(target, Target::Parameter(of, local) if self.owner(*of, *local) == Some(*key));
                all.extend(known.gives.iter().filter(|target| !is_own(target)));
            }
        }
        all
    }

    /// What a function gives to the parameters that it calls, where its own are known.
    fn gives(&self, callee: FunctionKey, argument: impl Fn(LocalId) -> Targets) -> Targets {
        let mut all = Targets::new();
        for target in self.summaries.get(&callee).into_iter().flat_map(|known| &known.gives) {
            match target {
                Target::Parameter(of, local) if self.owner(*of, *local) == Some(callee) => {
                    all.extend(argument(*local));
                }
                _ => drop(all.insert(*target)),
            }
        }
        all
    }

    /// What a built-in function keeps or raises of what it is given.
    fn keep(&mut self, key: FunctionKey, id: NativeId, all: &Targets) {
        let Some(native) = ovsm_library::get(id) else { return };
        let may_be_called = |target: &Target| !matches!(target, Target::Data);
        if stores(native) && !self.stores_functions && all.iter().any(may_be_called) {
            self.stores_functions = true;
            self.has_changed = true;
        }
        if raises(native) {
            let raised = self.escaped(all.clone(), key, None);
            let mut known = std::mem::take(&mut self.raised);
            self.has_changed |= merge(&mut known, raised);
            self.raised = known;
        }
    }

    /// A call whose arguments are known one by one.
    fn call(
        &mut self,
        key: FunctionKey,
        target: Target,
        given: &[Targets],
        span: Option<Span>,
        found: &mut Summary,
    ) {
        let Target::Function(callee) = target else {
            let all = given.iter().flatten().copied().collect();
            return self.call_with_any(key, target, &all, span, found);
        };
        let Some(known) = self.summaries.get(&callee) else { return };
        add(found, known.effects, Cause::Function(callee), span);
        let calls = known.calls.clone();
        let Some(unit) = self.units.get(callee.unit as usize).cloned() else { return };
        if calls.is_empty() {
            return;
        }
        let gives = self.gives(callee, |local| argument_of(&unit, callee.function, local, given));
        for (of, local) in calls {
            if self.owner(of, local) != Some(callee) {
                self.call_parameter(key, of, local, &gives, found);
                continue;
            }
            for target in self.opened(&argument_of(&unit, callee.function, local, given)) {
                self.call_with_any(key, target, &gives, span, found);
            }
        }
    }

    /// A call with arguments of which only all together are known.
    fn call_with_any(
        &mut self,
        key: FunctionKey,
        target: Target,
        all: &Targets,
        span: Option<Span>,
        found: &mut Summary,
    ) {
        match target {
            Target::Any => add(found, EffectSet::from(HostEffect::Any), Cause::Unknown, span),
            Target::Parameter(unit, local) => return self.call_parameter(key, unit, local, all, found),
            Target::Data => return,
            Target::Native(id) => {
                add(found, native_effects(id), Cause::Native(id), span);
                self.keep(key, id, all);
                if !calls_arguments(id) {
                    return;
                }
            }
            Target::Function(callee) => {
                let Some(known) = self.summaries.get(&callee) else { return };
                add(found, known.effects, Cause::Function(callee), span);
                let calls = known.calls.clone();
                if !calls.is_empty() {
                    let gives = self.gives(callee, |_| all.clone());
                    for (of, local) in calls {
                        if self.owner(of, local) != Some(callee) {
                            self.call_parameter(key, of, local, &gives, found);
                        }
                    }
                }
                if !self.calls_own(callee) {
                    return;
                }
            }
        }
        // What it is given may be called there.
        let mut all = all.clone();
        if let Target::Function(_) = target {
            all.extend(self.given_by(target));
        }
        for argument in self.callable(&all) {
            if argument != target {
                self.call_with_any(key, argument, &Targets::new(), span, found);
            }
        }
    }

    /// What a function gives to the parameters that it calls, without its own.
    fn given_by(&self, target: Target) -> Targets {
        match target {
            Target::Function(key) => self.gives(key, |_| Targets::new()),
            _ => Targets::new(),
        }
    }

    /// Functions that are called with each other: those that they give each other too.
    fn callable(&self, targets: &Targets) -> Targets {
        let mut all = self.opened(targets);
        loop {
            let given: Targets = all.iter().flat_map(|target| self.given_by(*target)).collect();
            if given.is_subset(&all) {
                return all;
            }
            all.extend(self.opened(&given));
        }
    }

    /// Functions, those that they give, those that these give, and so on.
    fn opened(&self, targets: &Targets) -> Targets {
        let mut all = targets.clone();
        let mut work: Vec<Target> = targets.iter().copied().collect();
        while let Some(target) = work.pop() {
            let Target::Function(key) = target else { continue };
            for given in self.summaries.get(&key).into_iter().flat_map(|known| &known.result) {
                let is_own =
                    matches!(given, Target::Parameter(of, local) if self.owner(*of, *local) == Some(key));
                if !is_own && all.insert(*given) {
                    work.push(*given);
                }
            }
        }
        all
    }

    /// True if a function calls what it is given.
    fn calls_own(&self, key: FunctionKey) -> bool {
        let known = self.summaries.get(&key);
        known.is_some_and(|known| known.calls.iter().any(|(of, local)| self.owner(*of, *local) == Some(key)))
    }

    /// A parameter is called: of the function itself, or of one around it. Of others, whoever made the closure knows.
    fn call_parameter(
        &self,
        key: FunctionKey,
        unit: u32,
        local: LocalId,
        given: &Targets,
        found: &mut Summary,
    ) {
        if self.owner(unit, local).is_some_and(|owner| self.is_around(owner, key)) {
            found.calls.insert((unit, local));
            merge(&mut found.gives, given.clone());
        }
    }

    /// What a callee may be. In the end, what nothing is known of may be any function.
    fn callees(&self, n: u32, unit: &Unit, callee: ExprId, depth: u32) -> Targets {
        let targets = self.targets(n, unit, callee, depth);
        if targets.is_empty() && self.is_strict { Targets::from([Target::Any]) } else { targets }
    }

    /// What an expression may be, or contain, that can be called.
    fn targets(&self, n: u32, unit: &Unit, expr: ExprId, depth: u32) -> Targets {
        let Some(node) = unit.exprs.get(expr) else { return Targets::new() };
        if let Some(known) = self.memo.borrow().get(&expr) {
            return known.clone();
        }
        if depth > MAX_DEPTH {
            return Targets::from([Target::Any]);
        }
        let found = ovsm_base::stack::with_room(|| self.targets_of(n, unit, node, depth));
        self.memo.borrow_mut().insert(expr, found.clone());
        found
    }

    fn targets_of(&self, n: u32, unit: &Unit, node: &Expr, depth: u32) -> Targets {
        let of = |expr: ExprId| self.targets(n, unit, expr, depth + 1);
        match node {
            Expr::Constant(value) => constant_targets(value),
            Expr::Lambda(function) => {
                Targets::from([Target::Function(FunctionKey { unit: n, function: *function })])
            }
            Expr::Global(global) => {
                let mut all = self.globals.get(global).cloned().unwrap_or_default();
                if self.assigned_by_eval.contains(global)
                    || self.is_strict && !self.globals.contains_key(global)
                {
                    all.insert(Target::Any);
                }
                all
            }
            Expr::Local(local) => self.locals.get(&(n, *local)).cloned().unwrap_or_default(),
            Expr::SetLocal(_, value) | Expr::SetGlobal(_, value) => of(*value),
            Expr::Sequence(items) => items.last().map(|last| of(*last)).unwrap_or_default(),
            Expr::Let(_, body) | Expr::DynamicBind(_, _, body) | Expr::Protect(body, _) => of(*body),
            Expr::Block(block, body) => {
                let mut all = of(*body);
                let home = self.block_homes.get(&(n, *block)).copied();
                for (value, function) in self.leaves.get(&(n, *block)).into_iter().flatten() {
                    let targets = of(*value);
                    all.extend(match home {
                        Some(home) if home != *function => {
                            let key = |function| FunctionKey { unit: n, function };
                            self.escaped(targets, key(*function), Some(key(home)))
                        }
                        _ => targets,
                    });
                }
                all
            }
            Expr::If(_, then, otherwise) => of(*then).into_iter().chain(of(*otherwise)).collect(),
            Expr::While(_, body) => of(*body),
            Expr::Try { body, handler, .. } => of(*body).into_iter().chain(of(*handler)).collect(),
            Expr::And(items) | Expr::Or(items) | Expr::Values(items) => {
                items.iter().flat_map(|item| of(*item)).collect()
            }
            Expr::AllValues(value) => of(*value),
            Expr::Native(id, arguments) => self.native_result(*id, arguments.iter().map(|item| of(*item))),
            Expr::UpdateLocal(local, id, arguments) => {
                let mut all = self.native_result(*id, arguments.iter().map(|item| of(*item)));
                all.extend(self.locals.get(&(n, *local)).into_iter().flatten().copied());
                all
            }
            Expr::UpdateGlobal(global, id, arguments) => {
                let mut all = self.native_result(*id, arguments.iter().map(|item| of(*item)));
                all.extend(self.globals.get(global).into_iter().flatten().copied());
                all
            }
            Expr::Call(callee, arguments) | Expr::Apply(callee, arguments) => {
                let given: Vec<Targets> = arguments.iter().map(|argument| of(*argument)).collect();
                let is_apply = matches!(node, Expr::Apply(..));
                let callees = self.callees(n, unit, *callee, depth + 1);
                let mut all: Targets =
                    callees.iter().flat_map(|callee| self.result(*callee, &given, is_apply)).collect();
                if callees.contains(&Target::Data) {
                    all.extend(callees);
                }
                all
            }
            Expr::Catch(..) => Targets::from([Target::Any]),
            Expr::Loop(_) | Expr::Leave(..) => Targets::new(),
        }
    }

    /// What a call may give.
    fn result(&self, callee: Target, given: &[Targets], is_apply: bool) -> Targets {
        match callee {
            Target::Native(id) => self.native_result(id, given.iter().cloned()),
            Target::Function(key) => {
                let Some(known) = self.summaries.get(&key) else { return Targets::new() };
                let Some(unit) = self.units.get(key.unit as usize) else { return Targets::new() };
                let mut all = Targets::new();
                for target in &known.result {
                    match target {
                        Target::Parameter(of, local) if self.owner(*of, *local) == Some(key) => {
                            all.extend(argument_or_all(unit, key.function, *local, given, is_apply));
                        }
                        Target::Function(_) => {
                            all.insert(*target);
                            // The closure has to do with what the function around it was given.
                            for (of, local) in self.needs(*target) {
                                if self.owner(of, local) == Some(key) {
                                    all.extend(argument_or_all(unit, key.function, local, given, is_apply));
                                }
                            }
                        }
                        other => drop(all.insert(*other)),
                    }
                }
                all
            }
            // It is in what is given for the parameter, or in its arguments.
            Target::Parameter(..) => given.iter().flatten().copied().chain([callee]).collect(),
            Target::Data => given.iter().flatten().copied().chain([callee]).collect(),
            Target::Any => Targets::from([Target::Any]),
        }
    }

    /// What a built-in function may give: it makes no functions, so it can give those that are in what it is given, and
    /// what functions give that it calls.
    fn native_result(&self, id: NativeId, given: impl Iterator<Item = Targets>) -> Targets {
        let Some(native) = ovsm_library::get(id) else { return Targets::new() };
        if opens(native) {
            return Targets::from([Target::Any]);
        }
        if gives_no_function(native) {
            return Targets::new();
        }
        // What is under a key is not the key.
        let key = if matches!(native.name, "get" | "nth") { 1 } else { usize::MAX };
        let parts = given.enumerate().filter(|(n, _)| *n != key);
        let mut all: Targets = parts.flat_map(|(_, targets)| targets).collect();
        all.insert(Target::Data);
        if self.stores_functions && gives_store(native) {
            all.insert(Target::Any);
        }
        if !calls_arguments(id) {
            return all;
        }
        let mut results = self.opened(&all);
        let is_open = |target: &Target| match target {
            Target::Native(id) => ovsm_library::get(*id).is_some_and(opens),
            _ => false,
        };
        if results.iter().any(is_open) {
            results.insert(Target::Any);
        }
        results
    }
}

/// Adds what a value may be; true if that is new. What may be any function is just that.
fn merge(known: &mut Targets, more: Targets) -> bool {
    if known.contains(&Target::Any) {
        return false;
    }
    let before = known.len();
    known.extend(more);
    if known.len() > MOST_TARGETS || known.contains(&Target::Any) {
        *known = Targets::from([Target::Any]);
        return true;
    }
    known.len() > before
}

/// Adds effects; the first reason of each stays.
fn add(found: &mut Summary, effects: EffectSet, cause: Cause, span: Option<Span>) {
    for effect in effects.iter() {
        if !found.effects.has(effect)
            && let Some(reason) = found.reasons.get_mut(effect.position())
        {
            *reason = Some(Reason { cause, span });
        }
    }
    found.effects = found.effects.or(effects);
}

fn parameter_locals(unit: &Unit, function: FunctionId) -> Vec<LocalId> {
    let Some(code) = unit.functions.get(function) else { return Vec::new() };
    let all = &code.parameters;
    let optional = all.optional.iter().map(|optional| optional.local);
    let keys = all.keys.iter().flatten().map(|key| key.local);
    all.required.iter().copied().chain(optional).chain(all.rest).chain(keys).collect()
}

/// What a parameter of a function is given by a call.
fn argument_of(unit: &Unit, function: FunctionId, local: LocalId, given: &[Targets]) -> Targets {
    let Some(code) = unit.functions.get(function) else { return Targets::new() };
    let all = &code.parameters;
    let optional = all.optional.iter().map(|optional| optional.local);
    let mut positional = all.required.iter().copied().chain(optional);
    match positional.position(|parameter| parameter == local) {
        Some(n) => given.get(n).cloned().unwrap_or_default(),
        None => given.iter().skip(all.required.len() + all.optional.len()).flatten().copied().collect(),
    }
}

fn argument_or_all(
    unit: &Unit,
    function: FunctionId,
    local: LocalId,
    given: &[Targets],
    is_apply: bool,
) -> Targets {
    match is_apply {
        true => given.iter().flatten().copied().collect(),
        false => argument_of(unit, function, local, given),
    }
}

/// The functions in a constant.
fn constant_targets(value: &Value) -> Targets {
    match value {
        Value::Native(id) => Targets::from([Target::Native(*id)]),
        Value::Function(_) => Targets::from([Target::Any]),
        Value::Array(_) | Value::List(_) => {
            let items = value.as_items().into_iter().flatten().take(1000);
            items.flat_map(constant_targets).chain([Target::Data]).collect()
        }
        Value::Keyword(_) | Value::RecordType(_) | Value::Object(_) => Targets::from([Target::Data]),
        _ => Targets::new(),
    }
}

/// The effects of a built-in function by itself.
pub fn native_effects(id: NativeId) -> EffectSet {
    let Some(native) = ovsm_library::get(id) else { return EffectSet::default() };
    let effect = match native.effect {
        Effect::Pure | Effect::State | Effect::Chain => match native.name {
            "eval" => HostEffect::Any,
            _ => return EffectSet::default(),
        },
        Effect::Io | Effect::Environment => HostEffect::Io,
        Effect::Time => HostEffect::Time,
        Effect::Random => HostEffect::Random,
        Effect::Storage => HostEffect::Storage,
        Effect::Spawn => HostEffect::Spawn,
    };
    effect.into()
}

/// True for a call of `format` that gives a text and prints nothing.
fn is_quiet(unit: &Unit, id: NativeId, arguments: &[ExprId]) -> bool {
    let is_format = ovsm_library::get(id).is_some_and(|native| native.name == "format");
    let destination = arguments.first().and_then(|first| unit.exprs.get(*first));
    is_format && matches!(destination, Some(Expr::Constant(Value::Null | Value::Bool(false))))
}
