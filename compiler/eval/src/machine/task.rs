//! Tasks: functions that take turns. Only one runs at a time, and it runs until it waits, sleeps, yields or ends.
//!
//! A task has stacks of its own. Where it gives way, its activity of the loop ends with [`Unwind::Suspend`], its stacks
//! are kept, and the loop goes on with them later. That can be done only where the loop itself called the function that
//! gives way. Inside of a built-in function that calls back, and in the program itself, the others run on top of it
//! until it can go on. The order is fixed: tasks take turns in the order in which they became ready, sleepers by the
//! time at which they wake and then by the order in which they fell asleep. Nothing here looks at the clock. Start with
//! [`Machine::spawn`] and [`Machine::await_handle`].

use super::{Environment, Failure, Frame, Machine, Stacks, Trace};
use crate::bytecode::{Instruction, NOWHERE, WINDOW};
use ovsm_base::stack::with_room;
use ovsm_value::error::raise;
use ovsm_value::{ErrorKind, ErrorValue, Handle, Outcome, Raised, Unwind, Value};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

/// How many tasks may be there that have not ended.
const MOST_TASKS: usize = 10_000;

/// What starting or continuing a task costs.
const SWITCH_COST: u64 = 50;

/// What every line of control has for itself.
#[derive(Debug, Default)]
pub(super) struct Line {
    tags: Vec<Value>,
    activations: Vec<u64>,
    bindings: Vec<(u32, Option<Value>)>,
    values: Option<Value>,
    trace: Option<Trace>,
}

/// A task that has not ended and does not run.
#[derive(Debug)]
struct Task {
    handle: Rc<Handle>,
    progress: Progress,
    line: Line,
    /// Whose result it waits for.
    awaited: Option<Rc<Handle>>,
}

#[derive(Debug)]
enum Progress {
    New { function: Value, arguments: Vec<Value> },
    Parked(Box<Stacks>),
}

/// Why a task gives way.
#[derive(Debug)]
enum Reason {
    Await(Rc<Handle>),
    Sleep(u64),
    Yield,
}

/// All tasks.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    parked: BTreeMap<u64, Task>,
    ready: VecDeque<u64>,
    /// By the time at which they wake, and by the order in which they fell asleep.
    sleeping: BTreeMap<(u64, u64), u64>,
    /// Who waits for a task.
    waiting: BTreeMap<u64, Vec<u64>>,
    /// Whom a task waits for, also one on which others run.
    awaits: BTreeMap<u64, u64>,
    /// The tasks that run: each on top of the one before, with the activity of the loop that is its own.
    running: Vec<(u64, usize)>,
    /// Those that failed, and whose error nobody got so far.
    failed: Vec<Rc<Handle>>,
    reason: Option<Reason>,
    /// Milliseconds that were slept through so far.
    clock: u64,
    last: u64,
    falls: u64,
    /// How many frames the tasks have that do not run.
    frames: usize,
}

/// Where an activity of the loop begins.
pub(super) enum Began {
    /// At a program counter, with a base.
    At(usize, usize),
    /// It has ended before it began.
    Ended(Value),
}

/// How an activity of the loop begins.
pub(super) enum Start<'a> {
    /// With a call.
    Call { function: u32, callee: Value, arguments: &'a mut [Value] },
    /// Where it gave way, with what the function gives or raises that gave way.
    Resume(Result<Value, Raised>),
}

impl Machine {
    /// Makes a task of a call. It begins when the one who made it gives way.
    pub(super) fn spawn(&mut self, function: &Value, arguments: Vec<Value>) -> Result<Value, Raised> {
        if self.compile_memory.is_some() {
            return Err(raise(
                ErrorKind::Permission,
                "`async`: code that runs at compile time makes no tasks; call the function itself",
            ));
        }
        if self.tasks.parked.len() + self.tasks.running.len() >= MOST_TASKS {
            return Err(raise(
                ErrorKind::Limit,
                format!(
                    "`async`: there are {MOST_TASKS} tasks that have not ended; await some before you start more"
                ),
            ));
        }
        self.tasks.last += 1;
        let number = self.tasks.last;
        let handle = Rc::new(Handle::task(number));
        // It sees the dynamic variables as whoever made it.
        let mut bindings: Vec<(u32, Option<Value>)> = Vec::new();
        for (global, _) in &self.bindings {
            if bindings.iter().all(|(known, _)| known != global) {
                let value = self.globals.get(*global as usize).and_then(|slot| slot.value.clone());
                bindings.push((*global, value));
            }
        }
        let task = Task {
            handle: Rc::clone(&handle),
            progress: Progress::New { function: function.clone(), arguments },
            line: Line { bindings, ..Line::default() },
            awaited: None,
        };
        self.tasks.parked.insert(number, task);
        self.tasks.ready.push_back(number);
        Ok(Value::Handle(handle))
    }

    /// The task that runs, if it can give way where it is.
    fn can_give_way(&self) -> bool {
        self.tasks.running.last().is_some_and(|(_, level)| *level == self.level)
    }

    fn give_way(&mut self, reason: Reason) -> Raised {
        self.tasks.reason = Some(reason);
        Box::new(Unwind::Suspend)
    }

    /// The result of a task, once it has one; what it raised is raised here.
    pub(super) fn await_handle(
        &mut self,
        handle: &Rc<Handle>,
        environment: &mut dyn Environment,
    ) -> Result<Value, Raised> {
        if let Some(result) = self.result_of(handle) {
            return result;
        }
        let target = handle.number;
        let current = self.tasks.running.last().map(|(number, _)| *number);
        let is_known = self.tasks.parked.contains_key(&target)
            || self.tasks.running.iter().any(|(number, _)| *number == target);
        if !is_known {
            return Err(raise(
                ErrorKind::Value,
                format!("`await`: task {target} was given up when the run that made it failed"),
            ));
        }
        if let Some(current) = current {
            self.refuse_cycle(current, target)?;
            if self.can_give_way() {
                return Err(self.give_way(Reason::Await(Rc::clone(handle))));
            }
            self.tasks.awaits.insert(current, target);
        }
        let result = self.run_until(handle, environment);
        if let Some(current) = current {
            self.tasks.awaits.remove(&current);
        }
        result?;
        self.result_of(handle).unwrap_or_else(|| Err(stuck(target)))
    }

    /// What became of a task that has ended. Its error is known to somebody from now on.
    fn result_of(&mut self, handle: &Rc<Handle>) -> Option<Result<Value, Raised>> {
        match handle.outcome()? {
            Outcome::Pending => None,
            Outcome::Value(value) => Some(Ok(value)),
            Outcome::Error(error) => {
                self.tasks.failed.retain(|failed| !Rc::ptr_eq(failed, handle));
                Some(Err(Box::new(Unwind::Error(error))))
            }
        }
    }

    fn refuse_cycle(&self, current: u64, target: u64) -> Result<(), Raised> {
        let mut chain = vec![current, target];
        let mut next = target;
        while next != current {
            match self.tasks.awaits.get(&next) {
                Some(awaited) => {
                    next = *awaited;
                    chain.push(next);
                }
                None => return Ok(()),
            }
        }
        let chain: Vec<String> = chain.iter().map(|number| format!("task {number}")).collect();
        Err(raise(
            ErrorKind::Value,
            format!("`await`: tasks that wait for each other never end: {}", chain.join(" → ")),
        ))
    }

    /// Runs others until a task has ended. Whoever asks stays where it is, below them.
    fn run_until(&mut self, handle: &Rc<Handle>, environment: &mut dyn Environment) -> Result<(), Raised> {
        let is_program = self.tasks.running.is_empty();
        while matches!(handle.outcome(), Some(Outcome::Pending)) {
            // What runs on top of a task keeps that from going on, so it begins with what is waited for.
            let wanted = if is_program { None } else { self.last_awaited(handle.number) };
            if let Some(number) = wanted
                && self.tasks.ready.contains(&number)
            {
                self.tasks.ready.retain(|ready| *ready != number);
                self.advance(number, environment)?;
                if self.tasks.ready.back() != Some(&number) {
                    continue;
                }
            }
            match self.tasks.ready.pop_front() {
                Some(number) => self.advance(number, environment)?,
                None => match self.tasks.sleeping.keys().next() {
                    Some((time, _)) => self.sleep_until(*time, environment)?,
                    None => return Err(stuck(handle.number)),
                },
            }
        }
        Ok(())
    }

    /// The end of the chain of tasks that wait for each other.
    fn last_awaited(&self, number: u64) -> Option<u64> {
        let mut last = number;
        while let Some(awaited) = self.tasks.awaits.get(&last) {
            last = *awaited;
        }
        Some(last)
    }

    /// Lets each task that is ready run once.
    fn run_round(&mut self, environment: &mut dyn Environment) -> Result<(), Raised> {
        for _ in 0..self.tasks.ready.len() {
            if let Some(number) = self.tasks.ready.pop_front() {
                self.advance(number, environment)?;
            }
        }
        Ok(())
    }

    /// Lets the others run once.
    pub(super) fn yield_turn(&mut self, environment: &mut dyn Environment) -> Result<(), Raised> {
        if self.can_give_way() {
            return Err(self.give_way(Reason::Yield));
        }
        self.run_round(environment)
    }

    /// Waits, and lets the others run meanwhile.
    pub(super) fn pause(
        &mut self,
        milliseconds: u64,
        environment: &mut dyn Environment,
    ) -> Result<(), Raised> {
        let until = self.tasks.clock.saturating_add(milliseconds);
        if self.can_give_way() {
            return Err(self.give_way(Reason::Sleep(until)));
        }
        loop {
            self.run_round(environment)?;
            if self.tasks.clock >= until {
                return Ok(());
            }
            let next = match self.tasks.ready.is_empty() {
                true => self.tasks.sleeping.keys().next().map_or(until, |(time, _)| until.min(*time)),
                // Somebody has work that never ends: time goes on all the same.
                false => self.tasks.clock + 1,
            };
            self.sleep_until(next, environment)?;
        }
    }

    /// Sleeps until a time, and wakes who sleeps until then.
    fn sleep_until(&mut self, time: u64, environment: &mut dyn Environment) -> Result<(), Raised> {
        // In short pieces, so that a limit or the user can end it.
        while self.tasks.clock < time {
            let piece = (time - self.tasks.clock).min(50);
            let slept = environment.host().sleep(piece);
            slept.map_err(|error| ovsm_library::host_failure("sleep", error))?;
            self.tasks.clock += piece;
            if piece == 50 {
                self.charge(10_000)?;
            }
        }
        while let Some(entry) = self.tasks.sleeping.first_entry()
            && entry.key().0 <= self.tasks.clock
        {
            let number = entry.remove();
            self.tasks.ready.push_back(number);
        }
        Ok(())
    }

    /// Lets a task run until it gives way or ends.
    ///
    /// # Errors
    /// What ends the whole run.
    fn advance(&mut self, number: u64, environment: &mut dyn Environment) -> Result<(), Raised> {
        self.charge(SWITCH_COST)?;
        let Some(mut task) = self.tasks.parked.remove(&number) else { return Ok(()) };
        self.tasks.awaits.remove(&number);
        let start = task.awaited.take().map_or(Ok(Value::Null), |awaited| {
            self.result_of(&awaited).unwrap_or_else(|| Err(stuck(awaited.number)))
        });
        let outer = self.leave_line();
        self.enter_line(std::mem::take(&mut task.line));
        let depth = self.depth;
        self.depth = depth.saturating_add(self.tasks.frames);
        self.level += 1;
        self.tasks.running.push((number, self.level));
        let (result, stacks) = self.run_task(task.progress, start, environment);
        self.tasks.running.pop();
        self.level -= 1;
        self.depth = depth;
        let is_suspended = matches!(&result, Err(raised) if matches!(**raised, Unwind::Suspend));
        if let Err(raised) = &result
            && let Unwind::Error(error) = &**raised
        {
            self.attach_trace(error);
        }
        let line = self.leave_line();
        self.enter_line(outer);
        match (result, stacks) {
            (Err(_), Some(stacks)) if is_suspended => {
                self.tasks.frames += stacks.frames.len();
                let progress = Progress::Parked(stacks);
                self.park(Task { handle: task.handle, progress, line, awaited: None });
                Ok(())
            }
            (Err(raised), stacks) => {
                self.recycle(stacks, true);
                match *raised {
                    Unwind::Error(error) => {
                        task.handle.end(Outcome::Error(error));
                        self.tasks.failed.push(Rc::clone(&task.handle));
                        self.wake_waiting(number);
                        Ok(())
                    }
                    other => Err(Box::new(other)),
                }
            }
            (Ok(value), stacks) => {
                self.recycle(stacks, false);
                task.handle.end(Outcome::Value(value));
                self.wake_waiting(number);
                Ok(())
            }
        }
    }

    fn run_task(
        &mut self,
        progress: Progress,
        result: Result<Value, Raised>,
        environment: &mut dyn Environment,
    ) -> (Result<Value, Raised>, Option<Box<Stacks>>) {
        match progress {
            Progress::New { function: callee, mut arguments } => {
                let Value::Function(closure) = &callee else {
                    // A built-in function can not give way itself.
                    self.level += 1;
                    let result = with_room(|| self.call_value(&callee, &mut arguments, environment));
                    self.level -= 1;
                    return (result.map_err(|raised| self.settle(raised)), None);
                };
                let function = closure.code;
                let mut stacks = Box::new(self.spare.pop().unwrap_or_default());
                if stacks.registers.len() < WINDOW {
                    stacks.registers.resize(WINDOW, Value::Null);
                }
                let start = Start::Call { function, callee, arguments: &mut arguments };
                let result = with_room(|| self.execute(&mut stacks, start, environment));
                (result, Some(stacks))
            }
            Progress::Parked(mut stacks) => {
                self.tasks.frames = self.tasks.frames.saturating_sub(stacks.frames.len());
                let start = Start::Resume(result);
                let result = with_room(|| self.execute(&mut stacks, start, environment));
                (result, Some(stacks))
            }
        }
    }

    fn recycle(&mut self, stacks: Option<Box<Stacks>>, has_failed: bool) {
        let Some(mut stacks) = stacks else { return };
        if has_failed {
            stacks.clear();
        }
        self.keep_stacks(*stacks);
    }

    fn park(&mut self, mut task: Task) {
        let number = task.handle.number;
        match self.tasks.reason.take() {
            Some(Reason::Await(awaited)) => {
                self.tasks.awaits.insert(number, awaited.number);
                self.tasks.waiting.entry(awaited.number).or_default().push(number);
                task.awaited = Some(awaited);
            }
            Some(Reason::Sleep(until)) => {
                self.tasks.falls += 1;
                self.tasks.sleeping.insert((until, self.tasks.falls), number);
            }
            Some(Reason::Yield) | None => self.tasks.ready.push_back(number),
        }
        self.tasks.parked.insert(number, task);
    }

    fn wake_waiting(&mut self, number: u64) {
        let waiting = self.tasks.waiting.remove(&number);
        self.tasks.ready.extend(waiting.into_iter().flatten());
    }

    /// Takes away what belongs to the line of control that ran so far.
    fn leave_line(&mut self) -> Line {
        let mut bindings = std::mem::take(&mut self.bindings);
        for (global, value) in bindings.iter_mut().rev() {
            if let Some(slot) = self.globals.get_mut(*global as usize) {
                std::mem::swap(&mut slot.value, value);
            }
        }
        Line {
            tags: std::mem::take(&mut self.tags),
            activations: std::mem::take(&mut self.activations),
            bindings,
            values: self.values.take(),
            trace: self.trace.take(),
        }
    }

    fn enter_line(&mut self, line: Line) {
        let Line { tags, activations, mut bindings, values, trace } = line;
        for (global, value) in bindings.iter_mut() {
            if let Some(slot) = self.globals.get_mut(*global as usize) {
                std::mem::swap(&mut slot.value, value);
            }
        }
        (self.tags, self.activations, self.bindings) = (tags, activations, bindings);
        (self.values, self.trace) = (values, trace);
    }

    /// Where an activity of the loop begins.
    pub(super) fn begin(&mut self, stacks: &mut Stacks, start: Start<'_>) -> Result<Began, Raised> {
        match start {
            Start::Call { function, callee, arguments } => {
                let Some(entry) = self.entries.get(function as usize).copied() else {
                    return Err(super::stack::broken());
                };
                let Some(registers) = super::stack::window(&mut stacks.registers, 0) else {
                    return Err(super::stack::broken());
                };
                self.take_arguments(function, entry, registers, arguments)?;
                let [own, ..] = registers;
                *own = callee;
                Ok(Began::At(entry.start as usize, 0))
            }
            Start::Resume(result) => {
                let (pc, base) = stacks.place;
                match result {
                    Ok(value) => self.go_on(stacks, (pc, base), value),
                    Err(raised) => {
                        let raised = self.settle(raised);
                        self.note(&raised, pc, None, &stacks.frames);
                        let resumption = self.unwind(stacks, base, raised)?;
                        Ok(Began::At(resumption.pc, resumption.base))
                    }
                }
            }
        }
    }

    /// Does what is left of the instruction whose function gave way: its value goes where it belongs.
    fn go_on(&self, stacks: &mut Stacks, (pc, base): (usize, usize), value: Value) -> Result<Began, Raised> {
        use Instruction as I;
        let instruction = self.code.get(pc.wrapping_sub(1)).copied();
        let (pc, base, to) = match instruction {
            Some(
                I::Native(to, ..)
                | I::NativeApply(to, ..)
                | I::Call(to, ..)
                | I::CallLocal(to, ..)
                | I::CallGlobal(to, ..)
                | I::Apply(to, ..),
            ) => (pc, base, to),
            Some(I::TailCall(_, _, size) | I::TailCallGlobal(_, _, size, _) | I::TailApply(_, _, size)) => {
                for place in stacks.registers.iter_mut().skip(base).take(usize::from(size).max(1)) {
                    *place = Value::Null;
                }
                // Without a caller, this was the function of the task itself.
                let Some(Frame { pc, base, to }) = stacks.frames.pop() else {
                    return Ok(Began::Ended(value));
                };
                (pc as usize, base as usize, to)
            }
            _ => {
                return Err(raise(
                    ErrorKind::Value,
                    "a task can not wait while it computes the new value of a place; wait first, and then assign",
                ));
            }
        };
        if to != NOWHERE
            && let Some(place) = stacks.registers.get_mut(base + usize::from(to))
        {
            *place = value;
        }
        Ok(Began::At(pc, base))
    }

    /// Lets the whole run of a script end: all tasks, and the errors that nobody got.
    ///
    /// # Errors
    /// A limit, or the error of a task that nobody awaited.
    pub fn finish_tasks(&mut self, environment: &mut dyn Environment) -> Result<(), Failure> {
        if self.tasks.parked.is_empty() && self.tasks.failed.is_empty() {
            return Ok(());
        }
        let watch = self.walk_watch();
        let result = ovsm_value::walk::watched(watch, || self.run_all(environment));
        let failed = std::mem::take(&mut self.tasks.failed);
        self.give_up_tasks();
        result.map_err(|raised| self.failure(raised))?;
        let mut errors = failed.iter().filter_map(|handle| match handle.outcome() {
            Some(Outcome::Error(error)) => Some((handle.number, error)),
            _ => None,
        });
        let Some((number, first)) = errors.next() else { return Ok(()) };
        let mut details = first.details.clone();
        details.push_str(&format!("\ntask {number} failed with it, and nobody awaited that task"));
        for (number, error) in errors.take(10) {
            let message = error.message.lines().next().unwrap_or("").to_string();
            details.push_str(&format!("\ntask {number} failed, too: {message}"));
        }
        let error = ErrorValue {
            kind: first.kind.clone(),
            message: first.message.clone(),
            details: details.trim_start().to_string(),
            data: first.data.clone(),
            is_of_call: first.is_of_call,
            trace: std::cell::RefCell::new(first.trace.borrow().clone()),
        };
        Err(self.failure(Box::new(Unwind::Error(Rc::new(error)))))
    }

    fn run_all(&mut self, environment: &mut dyn Environment) -> Result<(), Raised> {
        while !self.tasks.parked.is_empty() {
            match self.tasks.ready.pop_front() {
                Some(number) => self.advance(number, environment)?,
                None => match self.tasks.sleeping.keys().next() {
                    Some((time, _)) => self.sleep_until(*time, environment)?,
                    None => return Err(stuck(self.tasks.last)),
                },
            }
        }
        Ok(())
    }

    /// Forgets all tasks: the run that made them has failed.
    pub fn give_up_tasks(&mut self) {
        let Tasks { last, clock, .. } = self.tasks;
        self.tasks = Tasks { last, clock, ..Tasks::default() };
    }
}

/// Nothing can run that would end a task.
#[cold]
fn stuck(number: u64) -> Raised {
    raise(
        ErrorKind::Value,
        format!(
            "`await`: task {number} can not end, since what it waits for is itself waiting inside of a built-in function such as `map`; await outside of that"
        ),
    )
}
