//! What calling each function of a module may do besides giving results.
//!
//! Computed from the bodies, to a fixed point where functions call each other in a circle. An over-approximation:
//! passes only ever ask what a call can not do.

use crate::function::{Func, Function, Module};
use crate::op::{Op, Region, Terminator};
use ovsm_base::index::IndexVec;

/// A set of regions.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Regions(u8);

impl Regions {
    /// No region.
    pub const NONE: Regions = Regions(0);
    /// Every region.
    pub const ALL: Regions = Regions(0b1111_1111);
    /// What a syscall may touch: anything but the compiler's own frame area.
    pub const SYSCALL: Regions = Regions(Regions::ALL.0 & !Regions::of(Region::Frame).0);

    /// One region.
    pub const fn of(region: Region) -> Regions {
        Regions(match region {
            Region::Any => 1,
            Region::InputMeta => 2,
            Region::Lamports => 4,
            Region::Frame => 8,
            Region::Rodata => 16,
            Region::Local => 32,
            Region::View => 64,
            Region::Length => 128,
        })
    }

    /// Both sets.
    pub const fn union(self, other: Regions) -> Regions {
        Regions(self.0 | other.0)
    }

    /// True if it has no region.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// True if writing to these regions may change what a load from `region` sees.
    pub fn may_alias(self, region: Region) -> bool {
        Region::ALL
            .into_iter()
            .any(|written| self.0 & Regions::of(written).0 != 0 && written.may_alias(region))
    }
}

/// What a call may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Effect {
    /// Regions that it may read.
    pub reads: Regions,
    /// Regions that it may write.
    pub writes: Regions,
    /// It may end the program: fail, fault, or call a syscall that does.
    pub aborts: bool,
    /// It may run forever.
    pub endless: bool,
    /// It may call the runtime.
    pub runtime: bool,
}

impl Effect {
    /// Anything at all.
    pub const ANY: Effect =
        Effect { reads: Regions::ALL, writes: Regions::ALL, aborts: true, endless: true, runtime: true };
    /// Nothing at all.
    pub const NONE: Effect =
        Effect { reads: Regions::NONE, writes: Regions::NONE, aborts: false, endless: false, runtime: false };

    /// True if a call whose results nobody uses can go.
    pub fn is_removable(self) -> bool {
        self.writes.is_empty() && !self.aborts && !self.is_visible()
    }

    /// True if it can be told from outside when it happens, besides by what it writes and whether it fails.
    pub fn is_visible(self) -> bool {
        self.endless || self.runtime
    }

    /// True if nothing but its arguments matters, and nothing but its results: a call with the same arguments as an
    /// earlier one, which returned, gives the same results.
    pub fn is_repeatable(self) -> bool {
        self.reads.is_empty() && self.writes.is_empty() && !self.runtime
    }

    /// Both effects.
    pub fn union(self, other: Effect) -> Effect {
        Effect {
            reads: self.reads.union(other.reads),
            writes: self.writes.union(other.writes),
            aborts: self.aborts || other.aborts,
            endless: self.endless || other.endless,
            runtime: self.runtime || other.runtime,
        }
    }
}

/// The effect of each function of a module.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    functions: IndexVec<Func, Effect>,
}

impl Effects {
    /// Knows nothing: every call may do anything.
    pub fn unknown() -> Effects {
        Effects::default()
    }

    /// The effects of the functions of `module`.
    pub fn of(module: &Module) -> Effects {
        let order = super::call_graph::callees_first(module);
        let mut effects = Effects { functions: IndexVec::from_elem(Effect::ANY, module.functions.len()) };
        let mut position = IndexVec::from_elem(u32::MAX, module.functions.len());
        for (number, &func) in order.iter().enumerate() {
            position[func] = number as u32;
            effects.functions[func] = Effect::NONE;
        }
        // Effects only grow, by a handful of steps each, so this ends. Where no function calls a later one, the first time is the last.
        loop {
            let (mut stable, mut has_circles) = (true, false);
            for (number, &func) in order.iter().enumerate() {
                let function = &module.functions[func];
                let mut effect = effects.body(function);
                // A call to a function that is not before this one closes a circle.
                let closes_circle = super::call_graph::callees(function)
                    .iter()
                    .any(|callee| position.get(*callee).is_none_or(|place| *place >= number as u32));
                effect.endless |= closes_circle;
                has_circles |= closes_circle;
                if effects.functions[func] != effect {
                    effects.functions[func] = effect;
                    stable = false;
                }
            }
            if stable || !has_circles {
                return effects;
            }
        }
    }

    /// The effect of a call to `func`.
    pub fn call(&self, func: Func) -> Effect {
        self.functions.get(func).copied().unwrap_or(Effect::ANY)
    }

    /// The effect of one operation.
    pub fn op(&self, op: &Op) -> Effect {
        match op {
            Op::Load(access) => Effect {
                reads: Regions::of(access.region),
                aborts: access.region == Region::Any,
                ..Effect::NONE
            },
            Op::Store(access, _) => Effect {
                writes: Regions::of(access.region),
                aborts: access.region == Region::Any,
                ..Effect::NONE
            },
            Op::Checked(..) | Op::FailIf(..) => Effect { aborts: true, ..Effect::NONE },
            Op::Call(func, _) => self.call(*func),
            Op::Syscall(..) => Effect {
                reads: Regions::SYSCALL,
                writes: Regions::SYSCALL,
                aborts: true,
                endless: false,
                runtime: true,
            },
            Op::Const(_)
            | Op::BoolConst(_)
            | Op::DataAddress(_)
            | Op::Binary(..)
            | Op::Extend(..)
            | Op::Compare(..)
            | Op::Not(_)
            | Op::BoolToWord(_) => Effect::NONE,
        }
    }

    fn body(&self, function: &Function) -> Effect {
        let mut effect = Effect::NONE;
        let order = function.reverse_postorder();
        let mut position = IndexVec::from_elem(u32::MAX, function.blocks.len());
        for (number, &block) in order.iter().enumerate() {
            position[block] = number as u32;
        }
        for &block in &order {
            let data = &function.blocks[block];
            for &inst in &data.insts {
                effect = effect.union(self.op(&function.insts[inst].op));
            }
            effect.aborts |= matches!(data.terminator, Terminator::Fail(_) | Terminator::Unreachable);
            // A loop may not end.
            effect.endless |=
                data.terminator.targets().any(|target| position[target.block] <= position[block]);
        }
        effect
    }
}
