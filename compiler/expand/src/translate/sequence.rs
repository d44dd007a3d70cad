//! Functions that take functions: `map`, `reduce`, `for-each` and their kin become loops, with the function in place.

use super::closure::{Argument, Function};
use super::{Place, Translator};
use crate::builtin::{Arithmetic, Builtin, Comparison, Overflow};
use crate::core::{Expr as Core, ExprId as CoreId, Key, LocalId as CoreLocal};
use crate::env::GlobalKind;
use ovsm_base::{IntType, Span};
use ovsm_eval::core::ExprId;

/// The parts of a loop over the items of a sequence.
struct Round {
    items: CoreLocal,
    index: CoreLocal,
    parts: Vec<CoreId>,
}

impl<'a> Translator<'a> {
    /// A call of a function that takes a function; `None` if it is none of those that become loops.
    pub(super) fn higher_order(
        &mut self,
        name: &str,
        operands: &'a [ExprId],
        span: Option<Span>,
    ) -> Option<CoreId> {
        match (name, operands) {
            (
                "map" | "map-indexed" | "for-each" | "some" | "every" | "none?" | "count" | "find"
                | "find-index" | "filter" | "remove-if",
                [first, second],
            ) => {
                let (function, items) = match (self.function_of(*first), self.function_of(*second)) {
                    (Some(function), _) => (function, *second),
                    (None, Some(function)) => (function, *first),
                    (None, None) => return None,
                };
                Some(match name {
                    "map" => self.map(function, items, false, span),
                    "map-indexed" => self.map(function, items, true, span),
                    "for-each" => self.for_each(function, items, span),
                    "count" => self.count(function, items, span),
                    "find" => self.find(function, items, span),
                    "find-index" => self.find_index(function, items, span),
                    "filter" | "remove-if" => self.filter(function, items, name == "filter", span),
                    "none?" => {
                        let some = self.some(function, items, true, span);
                        self.body.add(Core::Not(some), span)
                    }
                    _ => self.some(function, items, name == "some", span),
                })
            }
            ("reduce", [first, initial, last]) => {
                // The operands are evaluated as they are written.
                Some(match (self.function_of(*first), self.function_of(*last)) {
                    (Some(function), _) => self.reduce(function, (*initial, *last), true, span),
                    (None, Some(function)) => self.reduce(function, (*initial, *first), false, span),
                    (None, None) => return None,
                })
            }
            ("reverse", [items]) => {
                let Round { items, index, mut parts } = self.round(*items, span);
                let whole = self.read_core(items, span);
                let length = self.body.add(Core::Length(whole), span);
                let (place, one) = (self.read_core(index, span), self.literal(1, span));
                let subtract = Builtin::Arithmetic(Arithmetic::Sub, Overflow::Wrapping);
                let last = self.body.add(Core::Builtin(subtract, vec![length, one]), span);
                let place = self.body.add(Core::Builtin(subtract, vec![last, place]), span);
                let whole = self.read_core(items, span);
                let item = self.get(whole, Key::Index(place), span);
                parts.push(self.body.add(Core::Tabulate(items, index, item), span));
                Some(self.body.add(Core::Block(parts), span))
            }
            ("append" | "concat", _) => {
                let parts = self.values(operands);
                let empty = self.body.add(Core::Builtin(Builtin::NewVec, Vec::new()), span);
                let all = std::iter::once(empty).chain(parts).collect();
                Some(self.body.add(Core::Builtin(Builtin::Append, all), span))
            }
            ("sum", [items]) => {
                let add = Builtin::Arithmetic(Arithmetic::Add, Overflow::Checked);
                let mut round = self.round(*items, span);
                let zero = self.literal(0, span);
                let total = self.bound("total", zero, span, &mut round.parts);
                let item = self.item(&round, span);
                let read = self.read_core(total, span);
                let sum = self.body.add(Core::Builtin(add, vec![read, item]), span);
                let set = self.body.add(Core::SetLocal(total, sum), span);
                let read = self.read_core(total, span);
                Some(self.rounds(round, set, Some(read), span))
            }
            _ => None,
        }
    }

    /// The function applied in a round. The round may never run: what the function assigns is not counted on afterwards,
    /// and what it leaves is not left for sure.
    fn apply(&mut self, function: Function, values: Vec<CoreId>, span: Option<Span>) -> CoreId {
        let before = self.flow.clone();
        let value = self.apply_once(function, values, span);
        self.flow = before;
        value
    }

    pub(super) fn apply_once(
        &mut self,
        function: Function,
        values: Vec<CoreId>,
        span: Option<Span>,
    ) -> CoreId {
        match function {
            Function::Local(function) => {
                let values = values.into_iter().map(Argument::Value).collect();
                self.call_local(function, values, span, Place::VALUE)
            }
            Function::Chosen(choice) => self.call_chosen(choice, values, span),
            Function::Opaque => self.unknown_result(values, span),
            Function::Global(global) => match self.global(global) {
                Some((def, GlobalKind::Function { params } | GlobalKind::Accessor { params })) => {
                    if let Some(count) =
                        params.map(|count| count as usize).filter(|count| *count != values.len())
                    {
                        let name =
                            self.session.name(global).map_or_else(String::new, |name| name.to_string());
                        self.wrong_count(&name, count, values.len(), span);
                        return self.body.add(Core::Error, span);
                    }
                    self.body.callees.push(def);
                    self.body.add(Core::Call(def, values), span)
                }
                _ => self.body.add(Core::Error, span),
            },
            Function::Native(id) => {
                // What a built-in function takes over is its own: a local has a copy of what others hold.
                let takes_over = ["push", "without-last", "append-to", "emptied"];
                let is_update = ovsm_library::get(id).is_some_and(|native| takes_over.contains(&native.name));
                let mut prefix = Vec::new();
                let mut values = values.into_iter();
                match values.next() {
                    Some(first) if is_update => {
                        let own = self.bound("own", first, span, &mut prefix);
                        let read = self.read_core(own, span);
                        let value = self.native_of(id, read, values.collect(), span);
                        let set = self.body.add(Core::SetLocal(own, value), span);
                        self.after(prefix, set, span)
                    }
                    Some(first) => self.native_of(id, first, values.collect(), span),
                    None => self.body.add(Core::Error, span),
                }
            }
        }
    }

    fn literal(&mut self, value: u128, span: Option<Span>) -> CoreId {
        self.body.add(Core::Int { negative: false, magnitude: value, suffix: None }, span)
    }

    fn read_core(&mut self, local: CoreLocal, span: Option<Span>) -> CoreId {
        self.body.add(Core::Local(local), span)
    }

    fn bound(&mut self, name: &str, value: CoreId, span: Option<Span>, parts: &mut Vec<CoreId>) -> CoreLocal {
        let local = self.temporary(name, span);
        parts.push(self.body.add(Core::Bind(local, value), span));
        local
    }

    /// Starts a loop over the items of a sequence.
    fn round(&mut self, items: ExprId, span: Option<Span>) -> Round {
        let value = self.expr(items, Place::VALUE);
        let value = self.body.add(Core::Sequence(value), self.span(items).or(span));
        let mut parts = Vec::new();
        let items = self.bound("items", value, span, &mut parts);
        let zero = self
            .body
            .add(Core::Int { negative: false, magnitude: 0, suffix: Some(ovsm_base::IntType::U64) }, span);
        let index = self.bound("index", zero, span, &mut parts);
        Round { items, index, parts }
    }

    fn item(&mut self, round: &Round, span: Option<Span>) -> CoreId {
        let (items, index) = (self.read_core(round.items, span), self.read_core(round.index, span));
        self.get(items, Key::Index(index), span)
    }

    /// Ends it: the body runs for each item, then comes the value.
    fn rounds(&mut self, round: Round, body: CoreId, value: Option<CoreId>, span: Option<Span>) -> CoreId {
        let Round { items, index, mut parts } = round;
        let (at, whole) = (self.read_core(index, span), self.read_core(items, span));
        let length = self.body.add(Core::Length(whole), span);
        let less = Builtin::Compare(Comparison::Less);
        let condition = self.body.add(Core::Builtin(less, vec![at, length]), span);
        let (at, one) = (self.read_core(index, span), self.literal(1, span));
        let add = Builtin::Arithmetic(Arithmetic::Add, Overflow::Wrapping);
        let next = self.body.add(Core::Builtin(add, vec![at, one]), span);
        let step = self.body.add(Core::SetLocal(index, next), span);
        let body = self.body.add(Core::Block(vec![body, step]), span);
        parts.push(self.body.add(Core::While(condition, body), span));
        parts.push(match value {
            Some(value) => value,
            None => self.body.add(Core::Null, span),
        });
        self.body.add(Core::Block(parts), span)
    }

    /// `map`, and `map-indexed`, whose function is given the place as well.
    fn map(&mut self, function: Function, items: ExprId, with_place: bool, span: Option<Span>) -> CoreId {
        let Round { items, index, mut parts } = self.round(items, span);
        let round = Round { items, index, parts: Vec::new() };
        let mut values = Vec::new();
        if with_place {
            let place = self.read_core(index, span);
            values.push(self.body.add(Core::Builtin(Builtin::Convert(IntType::I64), vec![place]), span));
        }
        values.push(self.item(&round, span));
        let value = self.apply(function, values, span);
        parts.push(self.body.add(Core::Tabulate(items, index, value), span));
        self.body.add(Core::Block(parts), span)
    }

    fn for_each(&mut self, function: Function, items: ExprId, span: Option<Span>) -> CoreId {
        let round = self.round(items, span);
        let item = self.item(&round, span);
        let body = self.apply(function, vec![item], span);
        self.rounds(round, body, None, span)
    }

    fn reduce(
        &mut self,
        function: Function,
        (initial, items): (ExprId, ExprId),
        initial_first: bool,
        span: Option<Span>,
    ) -> CoreId {
        let mut before = Vec::new();
        let (total, mut round) = if initial_first {
            let initial = self.expr(initial, Place::VALUE);
            let total = self.bound("total", initial, span, &mut before);
            (total, self.round(items, span))
        } else {
            let mut round = self.round(items, span);
            before.append(&mut round.parts);
            let initial = self.expr(initial, Place::VALUE);
            (self.bound("total", initial, span, &mut before), round)
        };
        before.append(&mut round.parts);
        round.parts = before;
        let (read, item) = (self.read_core(total, span), self.item(&round, span));
        let value = self.apply(function, vec![read, item], span);
        let set = self.body.add(Core::SetLocal(total, value), span);
        let read = self.read_core(total, span);
        self.rounds(round, set, Some(read), span)
    }

    fn count(&mut self, function: Function, items: ExprId, span: Option<Span>) -> CoreId {
        let mut round = self.round(items, span);
        let zero = self.literal(0, span);
        let total = self.bound("count", zero, span, &mut round.parts);
        let item = self.item(&round, span);
        let test = self.apply(function, vec![item], span);
        let (read, one) = (self.read_core(total, span), self.literal(1, span));
        let add = Builtin::Arithmetic(Arithmetic::Add, Overflow::Checked);
        let more = self.body.add(Core::Builtin(add, vec![read, one]), span);
        let set = self.body.add(Core::SetLocal(total, more), span);
        let body = self.body.add(Core::If(vec![(test, set)], None), span);
        let read = self.read_core(total, span);
        self.rounds(round, body, Some(read), span)
    }

    /// `some` and `every`: whether the function is true for an item, or for each.
    fn some(&mut self, function: Function, items: ExprId, some: bool, span: Option<Span>) -> CoreId {
        let round = self.round(items, span);
        let exit = self.exit();
        let item = self.item(&round, span);
        let mut test = self.apply(function, vec![item], span);
        if !some {
            test = self.body.add(Core::Not(test), span);
        }
        let found = self.body.add(Core::Bool(some), span);
        let leave = self.body.add(Core::Leave(exit, found), span);
        let body = self.body.add(Core::If(vec![(test, leave)], None), span);
        let otherwise = self.body.add(Core::Bool(!some), span);
        let rounds = self.rounds(round, body, Some(otherwise), span);
        self.body.add(Core::Exit(exit, rounds), span)
    }

    /// The items for which the function is true, or false, in a new vec that has room for all of them.
    fn filter(&mut self, function: Function, items: ExprId, keeps: bool, span: Option<Span>) -> CoreId {
        let mut round = self.round(items, span);
        let whole = self.read_core(round.items, span);
        let length = self.body.add(Core::Length(whole), span);
        let room = self.body.add(Core::Builtin(Builtin::NewVec, vec![length]), span);
        let kept = self.bound("kept", room, span, &mut round.parts);
        // Whatever the function does to the sequence, the item is the one that it saw.
        let item = self.item(&round, span);
        let mut parts = Vec::new();
        let seen = self.bound("item", item, span, &mut parts);
        let read = self.read_core(seen, span);
        let mut test = self.apply(function, vec![read], span);
        if !keeps {
            test = self.body.add(Core::Not(test), span);
        }
        let (into, item) = (self.read_core(kept, span), self.read_core(seen, span));
        let longer = self.body.add(Core::Builtin(Builtin::Push, vec![into, item]), span);
        let set = self.body.add(Core::SetLocal(kept, longer), span);
        parts.push(self.body.add(Core::If(vec![(test, set)], None), span));
        let body = self.body.add(Core::Block(parts), span);
        let read = self.read_core(kept, span);
        self.rounds(round, body, Some(read), span)
    }

    /// The first item for which the function is true, or null.
    fn find(&mut self, function: Function, items: ExprId, span: Option<Span>) -> CoreId {
        let round = self.round(items, span);
        let exit = self.exit();
        let item = self.item(&round, span);
        let mut parts = Vec::new();
        let seen = self.bound("item", item, span, &mut parts);
        let read = self.read_core(seen, span);
        let test = self.apply(function, vec![read], span);
        let found = self.read_core(seen, span);
        let found = self.body.add(Core::Present(found), span);
        let leave = self.body.add(Core::Leave(exit, found), span);
        parts.push(self.body.add(Core::If(vec![(test, leave)], None), span));
        let body = self.body.add(Core::Block(parts), span);
        let rounds = self.rounds(round, body, None, span);
        self.body.add(Core::Exit(exit, rounds), span)
    }

    /// The place of the first item for which the function is true, or -1.
    fn find_index(&mut self, function: Function, items: ExprId, span: Option<Span>) -> CoreId {
        let round = self.round(items, span);
        let exit = self.exit();
        let item = self.item(&round, span);
        let test = self.apply(function, vec![item], span);
        let at = self.read_core(round.index, span);
        let at = self.body.add(Core::Builtin(Builtin::Convert(IntType::I64), vec![at]), span);
        let leave = self.body.add(Core::Leave(exit, at), span);
        let body = self.body.add(Core::If(vec![(test, leave)], None), span);
        let none = Core::Int { negative: true, magnitude: 1, suffix: Some(IntType::I64) };
        let none = self.body.add(none, span);
        let rounds = self.rounds(round, body, Some(none), span);
        self.body.add(Core::Exit(exit, rounds), span)
    }
}
