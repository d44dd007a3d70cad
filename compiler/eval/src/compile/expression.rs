//! Values: constants, variables, closures, sequences and bindings.

use super::analyze::Variable;
use super::last_use::LastUse;
use super::{Compile, FunctionCompiler, Place, Target};
use crate::bytecode::{CaptureSource, Instruction as I, Register, Template};
use crate::core::{Expr, ExprId, FunctionId, GlobalId, LocalId, Unit};
use ovsm_base::index::Index;
use ovsm_base::stack::with_room;
use ovsm_value::Value;

impl<'u> FunctionCompiler<'u> {
    /// Makes the code of an expression. Registers that it takes are free again afterwards.
    pub(super) fn expr(&mut self, id: ExprId, target: Target) -> Compile {
        with_room(|| {
            let span = self.span.clone();
            let next = self.next;
            let own = self.next_last.take();
            let own = if target == Target::Tail { Some(LastUse::at_end()) } else { own };
            let last = std::mem::replace(&mut self.last, own);
            if let Some(own) = self.written_at(id) {
                self.span = own;
            }
            let result = self.dispatch(id, target);
            self.span = span;
            self.next = next;
            self.last = last;
            result
        })
    }

    fn dispatch(&mut self, id: ExprId, target: Target) -> Compile {
        let unit = self.unit;
        let Some(expr) = unit.exprs.get(id) else { return Ok(()) };
        match expr {
            Expr::Constant(value) => self.constant_to(value, target),
            Expr::Local(local) => self.local(*local, target),
            Expr::SetLocal(local, value) => self.set_local(*local, *value, target),
            Expr::Global(global) => {
                let register = self.value_register(target)?;
                self.emit(I::LoadGlobal(register, global.0));
                self.deliver(register, target)
            }
            Expr::SetGlobal(global, value) => self.set_global(*global, *value, target),
            Expr::Sequence(items) => self.sequence(items, target),
            Expr::Let(bindings, body) => self.bindings(bindings, *body, target),
            Expr::If(condition, yes, no) => self.if_else(*condition, *yes, *no, target),
            Expr::And(items) => self.and_or(items, true, target),
            Expr::Or(items) => self.and_or(items, false, target),
            Expr::While(condition, body) => self.while_loop(*condition, *body, target),
            Expr::Loop(body) => self.endless_loop(*body),
            Expr::Block(block, body) => self.block(*block, *body, target),
            Expr::Leave(block, value) => self.leave(*block, *value),
            Expr::Lambda(function) => self.lambda(*function, target),
            Expr::Call(callee, arguments) => self.call(*callee, arguments, target),
            Expr::Apply(callee, arguments) => self.apply(*callee, arguments, target),
            Expr::Native(native, arguments) => self.native(*native, arguments, target),
            Expr::UpdateLocal(local, native, arguments) => {
                self.update_local(*local, *native, arguments, target)
            }
            Expr::UpdateGlobal(global, native, arguments) => {
                self.update_global(*global, *native, arguments, target)
            }
            Expr::Try { body, error, handler } => self.try_catch(*body, *error, *handler, target),
            Expr::Protect(body, cleanup) => self.protect(*body, *cleanup, target),
            Expr::Catch(tag, body) => self.catch(*tag, *body, target),
            Expr::DynamicBind(global, value, body) => self.dynamic_bind(*global, *value, *body, target),
            Expr::Values(items) => self.values(items, target),
            Expr::AllValues(operand) => {
                let register = self.value_register(target)?;
                self.expr(*operand, Target::All(register))?;
                self.deliver(register, target)
            }
        }
    }

    /// A register for a value on its way to a target: the target itself if it is a register.
    pub(super) fn value_register(&mut self, target: Target) -> Compile<Register> {
        match target {
            Target::Register(register) => Ok(register),
            _ => self.register(),
        }
    }

    /// Brings a value of its own from a register to a target.
    pub(super) fn deliver(&mut self, from: Register, target: Target) -> Compile {
        match target {
            Target::Effect => {}
            Target::Register(to) if to == from => {}
            Target::Register(to) => self.emit(I::Take(to, from)),
            Target::Tail => {
                // If the last instruction made the value, and no jump leads in between, one does both.
                let is_apart = self.last_label.max(self.start) == self.compiled.code.len();
                match self.compiled.code.last_mut() {
                    Some(last) if !is_apart => match *last {
                        I::Add(to, a, b) if to == from => *last = I::ReturnSum(a, b, 0),
                        I::LoadCaptureCell(to, n) if to == from => {
                            *last = I::ReturnCaptureCell(0, n);
                            self.return_with_step(n);
                        }
                        _ => self.emit(I::Return(from, 0)),
                    },
                    _ => self.emit(I::Return(from, 0)),
                }
            }
            Target::All(to) => self.emit(I::MakeArray(to, from, 1)),
        }
        Ok(())
    }

    /// Brings a copy of a variable's register to a target.
    fn deliver_copy(&mut self, from: Register, target: Target) -> Compile {
        match target {
            Target::Effect => {}
            Target::Register(to) if to == from => {}
            Target::Register(to) => self.emit(I::Move(to, from)),
            // The frame ends: nobody reads the variable any more.
            Target::Tail => self.emit(I::Return(from, 0)),
            Target::All(to) => {
                self.emit(I::Move(to, from));
                self.emit(I::MakeArray(to, to, 1));
            }
        }
        Ok(())
    }

    fn constant_to(&mut self, value: &Value, target: Target) -> Compile {
        if target == Target::Effect {
            return Ok(());
        }
        let to = self.value_register(target)?;
        match value {
            Value::Null => self.emit(I::Null(to)),
            Value::Bool(truth) => self.emit(I::Bool(to, *truth)),
            Value::Int(number) if i32::try_from(*number).is_ok() => self.emit(I::Int(to, *number as i32)),
            value => {
                let constant = self.constant(value.clone());
                self.emit(I::Constant(to, constant));
            }
        }
        self.deliver(to, target)
    }

    pub(super) fn null_to(&mut self, target: Target) -> Compile {
        self.constant_to(&Value::Null, target)
    }

    pub(super) fn place_of(&self, local: LocalId) -> Place {
        // A local without a place is read before it is bound: register 0 stands in for it.
        self.variables.get(&self.analysis.local(local)).copied().unwrap_or(Place::Register(0))
    }

    fn local(&mut self, local: LocalId, target: Target) -> Compile {
        if target == Target::Effect {
            return Ok(());
        }
        match self.place_of(local) {
            Place::Register(register)
                if matches!(target, Target::Register(to) if to != register) && self.is_last_use(local) =>
            {
                self.deliver(register, target)
            }
            Place::Register(register) => self.deliver_copy(register, target),
            Place::Known(constant) => self.expr(constant, target),
            place => {
                let to = self.value_register(target)?;
                self.load(place, to);
                self.deliver(to, target)
            }
        }
    }

    /// Reads a variable into a register.
    pub(super) fn load(&mut self, place: Place, to: Register) {
        match place {
            Place::Register(register) => self.emit(I::Move(to, register)),
            Place::Cell(register) => self.emit(I::LoadCell(to, register)),
            Place::Capture(n) => self.emit(I::LoadCapture(to, n)),
            Place::CaptureCell(n) => self.emit(I::LoadCaptureCell(to, n)),
            // Only what is never assigned is known, and only places that are assigned are loaded.
            Place::Known(_) => self.emit(I::Null(to)),
            Place::Together(function) => self.load_together(function, to),
        }
    }

    /// A function of the group of this one. It is made anew from what this one has captured: were it captured itself,
    /// the two would hold each other for ever.
    fn load_together(&mut self, function: FunctionId, to: Register) {
        if let Some(constant) = self.shared_function(function) {
            self.emit(I::Constant(to, constant));
        } else if function == self.function {
            self.emit(I::Move(to, 0));
        } else {
            let number = self.template(function, &[]);
            self.emit(I::Closure(to, number));
        }
    }

    /// The constant that a local function is which captures nothing.
    fn shared_function(&mut self, function: FunctionId) -> Option<u32> {
        let captures = self.analysis.captures.get(function.index())?;
        if !captures.is_empty() || !self.analysis.groups.is_member(function) {
            return None;
        }
        if let Some(constant) = self.compiled.shared.get(&function) {
            return Some(*constant);
        }
        let closure = ovsm_value::Closure {
            code: self.origin.functions + function.0,
            name: self.unit.functions.get(function)?.name.clone(),
            captures: Box::default(),
        };
        let constant = self.constant(Value::Function(std::rc::Rc::new(closure)));
        self.compiled.shared.insert(function, constant);
        Some(constant)
    }

    /// How to make a closure here; `made` tells where variables are that were put into registers for it.
    fn template(&mut self, function: FunctionId, made: &[(Variable, Register)]) -> u32 {
        let unit = self.unit;
        let captures = self.analysis.captures.get(function.index()).map_or(&[][..], Vec::as_slice);
        let source = |variable: &Variable| match made.iter().find(|(known, _)| known == variable) {
            Some((_, register)) => CaptureSource::Register(*register),
            None => self.source(*variable),
        };
        let template = Template {
            function: self.origin.functions + function.0,
            name: unit.functions.get(function).map_or_else(|| "".into(), |code| code.name.clone()),
            captures: captures.iter().map(source).collect(),
        };
        self.compiled.templates.push(template);
        self.origin.templates + self.compiled.templates.len() as u32 - 1
    }

    /// The constant that an expression is, or that the variable is which it reads.
    pub(super) fn known(&self, id: ExprId) -> Option<&'u Value> {
        let unit: &'u Unit = self.unit;
        let id = match unit.exprs.get(id)? {
            Expr::Local(local) => match self.place_of(*local) {
                Place::Known(constant) => constant,
                _ => return None,
            },
            _ => id,
        };
        match unit.exprs.get(id)? {
            Expr::Constant(value) => Some(value),
            _ => None,
        }
    }

    fn set_local(&mut self, local: LocalId, value: ExprId, target: Target) -> Compile {
        let unit = self.unit;
        if let Some(Expr::Native(native, arguments)) = unit.exprs.get(value)
            && let Some((first, rest)) = arguments.split_first()
            && matches!(unit.exprs.get(*first), Some(Expr::Local(read)) if *read == local)
            && Self::is_pure(*native)
            && self.is_worth_updating(*native, rest, matches!(self.place_of(local), Place::Register(_)))
            && !rest.iter().any(|argument| self.mentions(*argument, local))
        {
            return self.update_local(local, *native, rest, target);
        }
        if let Some(Expr::Native(native, arguments)) = unit.exprs.get(value)
            && let Some((first, rest)) = arguments.split_first()
            && matches!(unit.exprs.get(*first), Some(Expr::Local(read)) if *read == local)
            && self.step_local(local, *native, rest, target)?
        {
            return Ok(());
        }
        if !matches!(self.place_of(local), Place::Register(_))
            && let Some((item, onto)) = self.consed(value)
            && matches!(unit.exprs.get(onto), Some(Expr::Local(read)) if *read == local)
            && !self.mentions(item, local)
            && let Some(native) = ovsm_library::find("#cons-onto")
        {
            return self.update_local(local, native, &[item], target);
        }
        match self.place_of(local) {
            Place::Register(register) => {
                if self.writes_last(value) {
                    self.before_assigning(local);
                    self.expr(value, Target::Register(register))?;
                } else {
                    let fresh = self.register()?;
                    self.expr(value, Target::Register(fresh))?;
                    self.emit(I::Take(register, fresh));
                }
                self.deliver_copy(register, target)
            }
            place => {
                let fresh = self.value_register(target)?;
                self.expr(value, Target::Register(fresh))?;
                match place {
                    Place::Cell(register) => self.emit(I::StoreCell(register, fresh)),
                    Place::CaptureCell(n) => self.emit(I::StoreCaptureCell(fresh, n)),
                    Place::Register(_) | Place::Capture(_) | Place::Known(_) | Place::Together(_) => {}
                }
                self.drop_unused(fresh, target);
                self.deliver(fresh, target)
            }
        }
    }

    /// Empties a register whose value is of no use any more, so that it does not count as a holder.
    pub(super) fn drop_unused(&mut self, register: Register, target: Target) {
        if target == Target::Effect {
            self.emit(I::Clear(register));
        }
    }

    /// The operands of `(cons item onto)`.
    fn consed(&self, value: ExprId) -> Option<(ExprId, ExprId)> {
        let Expr::Native(native, operands) = self.unit.exprs.get(value)? else { return None };
        let [item, onto] = operands.as_slice() else { return None };
        (ovsm_library::get(*native)?.name == "cons").then_some((*item, *onto))
    }

    fn set_global(&mut self, global: GlobalId, value: ExprId, target: Target) -> Compile {
        let unit = self.unit;
        if let Some(Expr::Native(native, arguments)) = unit.exprs.get(value)
            && let Some((first, rest)) = arguments.split_first()
            && matches!(unit.exprs.get(*first), Some(Expr::Global(read)) if *read == global)
            && Self::is_pure(*native)
            && self.is_worth_updating(*native, rest, false)
            && rest.iter().all(|argument| self.is_simple(*argument))
        {
            return self.update_global(global, *native, rest, target);
        }
        if let Some(Expr::Native(native, arguments)) = unit.exprs.get(value)
            && let Some((first, rest)) = arguments.split_first()
            && matches!(unit.exprs.get(*first), Some(Expr::Global(read)) if *read == global)
            && self.step_global(global, *native, rest, target)?
        {
            return Ok(());
        }
        if let Some((item, onto)) = self.consed(value)
            && matches!(unit.exprs.get(onto), Some(Expr::Global(read)) if *read == global)
            && self.is_simple(item)
            && let Some(native) = ovsm_library::find("#cons-onto")
        {
            return self.update_global(global, native, &[item], target);
        }
        let fresh = self.value_register(target)?;
        self.expr(value, Target::Register(fresh))?;
        self.emit(I::StoreGlobal(fresh, global.0));
        self.drop_unused(fresh, target);
        self.deliver(fresh, target)
    }

    fn sequence(&mut self, items: &[ExprId], target: Target) -> Compile {
        let Some((last, rest)) = items.split_last() else { return self.null_to(target) };
        for item in rest {
            self.expr(*item, Target::Effect)?;
        }
        self.expr(*last, target)
    }

    fn bindings(&mut self, bindings: &[(LocalId, ExprId)], body: ExprId, target: Target) -> Compile {
        if target == Target::Effect
            && let Some(step) = self.field_step(bindings, body)
        {
            return self.add_field(step, |this| this.bind_all(bindings, body, target));
        }
        self.bind_all(bindings, body, target)
    }

    fn bind_all(&mut self, bindings: &[(LocalId, ExprId)], body: ExprId, target: Target) -> Compile {
        let mut registers = Vec::new();
        for (n, (local, value)) in bindings.iter().enumerate() {
            let variable = self.analysis.local(*local);
            let rest = bindings.get(n + 1..).unwrap_or(&[]).iter().map(|(_, value)| *value);
            if !self.analysis.is_assigned(variable)
                && let Some(other) = self.other_name(*value, &rest.chain([body]).collect::<Vec<_>>())
                && let place @ Place::Register(1..) = self.place_of(other)
            {
                self.variables.insert(variable, place);
                continue;
            }
            if let Some(Expr::Constant(_)) = self.unit.exprs.get(*value)
                && !self.analysis.is_assigned(variable)
                && !self.analysis.is_captured(variable)
                && self.analysis.groups.function_of(variable).is_none()
            {
                self.variables.insert(variable, Place::Known(*value));
                continue;
            }
            let register = self.register()?;
            self.expr(*value, Target::Register(register))?;
            self.bind(variable, register);
            if self.analysis.is_assigned(variable)
                || self.analysis.groups.function_of(variable).is_some()
                || !self.is_small(*value)
            {
                registers.push(register);
            }
        }
        self.expr(body, target)?;
        if target != Target::Tail {
            for register in registers {
                self.emit(I::Clear(register));
            }
        }
        Ok(())
    }

    /// True if the value is certainly no collection: it may stay in a register that nobody reads.
    pub(super) fn is_small(&self, value: ExprId) -> bool {
        match self.unit.exprs.get(value) {
            Some(Expr::Constant(value)) => !value.holds_values(),
            Some(Expr::Native(native, arguments)) => self.is_number_operation(*native, arguments.len()),
            Some(Expr::Local(local)) => self.analysis.is_number(*local),
            _ => false,
        }
    }

    /// True if the code of the expression writes its target register as its last step, and only then.
    pub(super) fn writes_last(&self, value: ExprId) -> bool {
        match self.unit.exprs.get(value) {
            Some(Expr::If(_, yes, no)) => with_room(|| self.writes_last(*yes) && self.writes_last(*no)),
            Some(
                Expr::Constant(_)
                | Expr::Local(_)
                | Expr::Global(_)
                | Expr::Native(..)
                | Expr::Call(..)
                | Expr::Apply(..)
                | Expr::Lambda(_),
            ) => true,
            _ => false,
        }
    }

    /// True if the local is read or assigned anywhere in the expression.
    pub(super) fn mentions(&self, id: ExprId, local: LocalId) -> bool {
        let Some(expr) = self.unit.exprs.get(id) else { return false };
        match expr {
            Expr::Local(other) | Expr::SetLocal(other, _) | Expr::UpdateLocal(other, ..)
                if *other == local =>
            {
                return true;
            }
            Expr::Lambda(function) => {
                let variable = self.analysis.local(local);
                return self
                    .analysis
                    .captures
                    .get(function.index())
                    .is_some_and(|list| list.contains(&variable));
            }
            // A function that shares the local may assign it.
            Expr::Call(..) | Expr::Apply(..) if self.analysis.is_shared(self.analysis.local(local)) => {
                return true;
            }
            Expr::Native(native, _) | Expr::UpdateLocal(_, native, _) | Expr::UpdateGlobal(_, native, _)
                if !Self::is_pure(*native) && self.analysis.is_shared(self.analysis.local(local)) =>
            {
                return true;
            }
            _ => {}
        }
        let mut found = false;
        expr.for_each_child(|child| found = found || with_room(|| self.mentions(child, local)));
        found
    }

    /// True if evaluating the expression assigns nothing and calls nothing that might.
    fn is_simple(&self, id: ExprId) -> bool {
        let Some(expr) = self.unit.exprs.get(id) else { return true };
        let allowed = match expr {
            Expr::Constant(_)
            | Expr::Local(_)
            | Expr::If(..)
            | Expr::And(_)
            | Expr::Or(_)
            | Expr::Sequence(_) => true,
            // It may be read: the arguments are evaluated before it is taken.
            Expr::Global(_) => true,
            Expr::Native(native, _) => Self::is_pure(*native),
            _ => false,
        };
        let mut simple = allowed;
        if simple {
            expr.for_each_child(|child| simple = simple && with_room(|| self.is_simple(child)));
        }
        simple
    }

    fn lambda(&mut self, function: FunctionId, target: Target) -> Compile {
        if let Some(constant) = self.shared_function(function) {
            let to = self.value_register(target)?;
            self.emit(I::Constant(to, constant));
            return self.deliver(to, target);
        }
        // What a closure inside takes of the group of this function has to be made first.
        let captures = self.analysis.captures.get(function.index()).map_or(&[][..], Vec::as_slice);
        let mut made = Vec::new();
        for variable in captures {
            if let Some(place @ Place::Together(other)) = self.variables.get(variable).copied()
                && (other != self.function || self.shared_function(other).is_some())
            {
                let register = self.register()?;
                self.load(place, register);
                made.push((*variable, register));
            }
        }
        let number = self.template(function, &made);
        let to = self.value_register(target)?;
        self.emit(I::Closure(to, number));
        for (_, register) in made {
            self.emit(I::Clear(register));
        }
        self.deliver(to, target)
    }
}
