//! Which functions were active when something was raised.

use super::{Failure, Frame, Machine};
use crate::bytecode::Instruction;
use ovsm_value::error::TraceFrame;
use ovsm_value::{ErrorValue, Raised, Unwind, Value};
use std::rc::Rc;

/// The active functions of a raise that is under way.
#[derive(Clone, Debug)]
pub(super) struct Trace {
    /// The error; none for a limit.
    error: Option<Rc<ErrorValue>>,
    inner: Vec<TraceFrame>,
    outer: Vec<TraceFrame>,
    omitted: usize,
    /// True if the innermost function was called where the next one stands.
    is_called_there: bool,
    /// The outermost activity of the loop whose functions are in it.
    level: usize,
}

impl Trace {
    fn add(&mut self, frame: TraceFrame) {
        if self.inner.len() < Failure::INNER {
            self.inner.push(frame);
            return;
        }
        self.outer.push(frame);
        if self.outer.len() > Failure::OUTER {
            self.outer.remove(0);
            self.omitted += 1;
        }
    }

    fn is_of(&self, unwind: &Unwind) -> bool {
        match (unwind, &self.error) {
            (Unwind::Error(error), Some(own)) => Rc::ptr_eq(error, own),
            (Unwind::Stop(_), None) => true,
            _ => false,
        }
    }
}

impl Machine {
    /// Notes the functions of this activity for something that was raised, or came from a built-in function.
    #[cold]
    pub(super) fn note(&mut self, raised: &Raised, pc: usize, entered: Option<u32>, frames: &[Frame]) {
        let error = match &**raised {
            Unwind::Error(error) => Some(Rc::clone(error)),
            Unwind::Stop(_) => None,
            _ => return,
        };
        let level = self.level;
        let mut trace = match self.trace.take() {
            Some(trace) if trace.is_of(raised) => trace,
            _ => Trace {
                error,
                inner: Vec::new(),
                outer: Vec::new(),
                omitted: 0,
                is_called_there: false,
                level: usize::MAX,
            },
        };
        if trace.level > level {
            trace.level = level;
            // Program counters stand after the instruction that raised or called.
            let callers = frames.iter().rev().map(|frame| (frame.pc as usize, None));
            if trace.inner.is_empty()
                && trace.error.as_ref().is_some_and(|error| error.is_of_call)
                && let Some(caller) = frames.last()
            {
                trace.is_called_there =
                    self.function_called_before(caller.pc as usize) == Some(self.function_at(pc, entered));
            }
            let mut stops = std::iter::once((pc, entered)).chain(callers);
            let room = Failure::INNER.saturating_sub(trace.inner.len());
            for (pc, entered) in stops.by_ref().take(room) {
                trace.add(self.frame(pc, entered));
            }
            let skipped = (frames.len() + 1).saturating_sub(room + Failure::OUTER);
            trace.omitted += skipped;
            for (pc, entered) in stops.skip(skipped) {
                trace.add(self.frame(pc, entered));
            }
        }
        self.trace = Some(trace);
    }

    /// The function whose code is before a place, unless another was entered, but has not begun.
    fn function_at(&self, after: usize, entered: Option<u32>) -> usize {
        entered.map_or_else(
            || self.entries.partition_point(|entry| (entry.start as usize) < after).wrapping_sub(1),
            |entered| entered as usize,
        )
    }

    /// The function of the module that the instruction before a place calls. A call in place of a function leaves no
    /// trace, so who called last need not be who called this one.
    fn function_called_before(&self, after: usize) -> Option<usize> {
        let Some(Instruction::CallGlobal(.., global)) = self.code.get(after.wrapping_sub(1)) else {
            return None;
        };
        match self.globals.get(*global as usize)?.value.as_ref()? {
            Value::Function(closure) => Some(closure.code as usize),
            _ => None,
        }
    }

    fn frame(&self, after: usize, entered: Option<u32>) -> TraceFrame {
        let function = self.function_at(after, entered);
        let origin = self.spans.get(after.wrapping_sub(1)).cloned().unwrap_or_default();
        TraceFrame {
            function: self.functions.get(function).map_or_else(|| "".into(), |info| info.name.clone()),
            span: origin.span,
            origin: origin.macros,
        }
    }

    /// Gives an error that is caught its trace, unless it has one from an earlier raise.
    pub(super) fn attach_trace(&mut self, error: &Rc<ErrorValue>) {
        let Some(trace) = self.trace.take() else { return };
        if let (Ok(mut place), Some(own)) = (error.trace.try_borrow_mut(), &trace.error)
            && Rc::ptr_eq(own, error)
            && place.is_empty()
        {
            *place = trace.inner;
            place.extend(trace.outer);
        }
    }

    /// What a run failed with, and where.
    pub(super) fn failure(&mut self, raised: Raised) -> Failure {
        let trace = self.trace.take().filter(|trace| trace.is_of(&raised));
        let is_called_there = trace.as_ref().is_some_and(|trace| trace.is_called_there);
        let (mut frames, mut omitted) = match trace {
            Some(trace) => {
                let mut frames = trace.inner;
                frames.extend(trace.outer);
                (frames, trace.omitted)
            }
            None => (Vec::new(), 0),
        };
        // An error that was caught and raised again tells where it came from.
        if let Unwind::Error(error) = &*raised {
            let first = error.trace.borrow().clone();
            if !first.is_empty() {
                (frames, omitted) = (first, 0);
            }
        }
        // Who gave a function what it does not take is to blame.
        let caller = frames.get(1).filter(|frame| is_called_there && frame.span.is_some());
        let stated = caller.and_then(|_| frames.first()?.span);
        let first = caller.or_else(|| frames.iter().find(|frame| frame.span.is_some()));
        let (span, origin) = first.map_or((None, None), |frame| (frame.span, frame.origin.clone()));
        Failure { unwind: *raised, span, origin, stated, trace: frames, omitted }
    }
}
