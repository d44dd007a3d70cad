//! How control leaves expressions without a value: handlers, and the search for one.

use super::trace::Trace;
use super::{Machine, Stacks};
use ovsm_value::compare::equal;
use ovsm_value::error::raise;
use ovsm_value::{ErrorKind, Raised, Unwind, Value};
use std::rc::Rc;

/// Somebody who watches how an expression ends.
#[derive(Debug)]
pub(super) struct Handler {
    pub kind: HandlerKind,
    /// How many callers there were.
    pub frames: u32,
    pub base: u32,
    /// Registers from this one on are emptied.
    pub live: u8,
    /// Where to go on.
    pub target: u32,
    /// How many cleanups were running.
    pub pending: u32,
}

#[derive(Debug)]
pub(super) enum HandlerKind {
    Try(u8),
    /// The tag is the last one of the machine.
    Catch(u8),
    Protect,
    Block(u8, u64),
    /// The binding is the last one of the machine.
    Bind,
}

/// A cleanup that is running: how its body ended, unless with a value.
pub(super) type Pending = Option<(Raised, Option<Trace>)>;

/// Where a run goes on.
pub(super) struct Resumption {
    pub pc: usize,
    pub base: usize,
}

impl Machine {
    /// The number of a block that is entered.
    pub(super) fn new_activation(&mut self) -> u64 {
        let activation = self.next_activation;
        self.next_activation += 1;
        self.activations.push(activation);
        activation
    }

    /// Undoes what a handler set up.
    pub(super) fn retire(&mut self, kind: HandlerKind) {
        match kind {
            HandlerKind::Try(_) | HandlerKind::Protect => {}
            HandlerKind::Catch(_) => {
                self.tags.pop();
            }
            HandlerKind::Block(..) => {
                self.activations.pop();
            }
            HandlerKind::Bind => {
                if let Some((global, old)) = self.bindings.pop()
                    && let Some(slot) = self.globals.get_mut(global as usize)
                {
                    slot.value = old;
                }
            }
        }
    }

    /// A throw that nobody waits for is an error, and so is a leave of a block that has ended.
    #[cold]
    pub(super) fn settle(&mut self, raised: Raised) -> Raised {
        match &*raised {
            Unwind::Throw(tag, _) if !self.tags.iter().any(|other| equal(other, tag)) => raise(
                ErrorKind::Throw,
                format!(
                    "nothing catches the throw to {}; put `(catch {} …)` around it",
                    brief(tag),
                    brief(tag)
                ),
            ),
            Unwind::Leave { activation, .. } if self.activations.binary_search(activation).is_err() => {
                raise(ErrorKind::Value, "the block has ended, so that it can not be left any more")
            }
            _ => raised,
        }
    }

    /// Goes from handler to handler until one takes over.
    ///
    /// # Errors
    /// There is none in this activity.
    #[cold]
    pub(super) fn unwind(
        &mut self,
        stacks: &mut Stacks,
        base: usize,
        raised: Raised,
    ) -> Result<Resumption, Raised> {
        while let Some(handler) = stacks.handlers.pop() {
            let register = match (&handler.kind, &*raised) {
                (HandlerKind::Try(register), Unwind::Error(_)) => Some(*register),
                (HandlerKind::Catch(register), Unwind::Throw(tag, _))
                    if self.tags.last().is_some_and(|own| equal(own, tag)) =>
                {
                    Some(*register)
                }
                (HandlerKind::Block(register, own), Unwind::Leave { activation, .. })
                    if own == activation =>
                {
                    Some(*register)
                }
                (HandlerKind::Protect, unwind) if !matches!(unwind, Unwind::Stop(_)) => Some(0),
                _ => None,
            };
            let is_protect = matches!(handler.kind, HandlerKind::Protect);
            let Handler { kind, frames, base: target_base, live, target, pending } = handler;
            self.retire(kind);
            let Some(register) = register else { continue };
            stacks.frames.truncate(frames as usize);
            stacks.pending.truncate(pending as usize);
            let from = target_base as usize + usize::from(live);
            let to = base + crate::bytecode::WINDOW;
            for register in stacks.registers.get_mut(from..to).unwrap_or(&mut []) {
                *register = Value::Null;
            }
            if is_protect {
                let trace = self.trace.take();
                stacks.pending.push(Some((raised, trace)));
            } else {
                let value = match *raised {
                    Unwind::Error(error) => {
                        self.attach_trace(&error);
                        Value::Error(Rc::clone(&error))
                    }
                    Unwind::Throw(_, value) | Unwind::Leave { value, .. } => value,
                    Unwind::Stop(_) | Unwind::Exit(_) | Unwind::Suspend => Value::Null,
                };
                if let Some(place) = stacks.registers.get_mut(target_base as usize + usize::from(register)) {
                    *place = value;
                }
            }
            return Ok(Resumption { pc: target as usize, base: target_base as usize });
        }
        Err(raised)
    }
}

fn brief(value: &Value) -> String {
    ovsm_value::write::brief(value)
}
