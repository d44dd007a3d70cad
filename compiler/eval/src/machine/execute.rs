//! The loop over instructions.

use super::fast::{
    append, captured_cell, clear, comparison, copy, float_operation, integer_in, integer_operation, is_plain,
    is_true, items_of, joins, let_go_of_function, load_capture, load_capture_cell, load_cell, own_item, put,
    put_copy, put_float, put_in_table, put_int, put_item, put_known, put_null, read_item, step, take_shared,
    write_cell,
};
use super::stack::{broken, grow_frames, overflow, undefined, window, window_after_growth};
use super::task::{Began, Start};
use super::unwind::{Handler, HandlerKind};
use super::update::extend;
use super::{Environment, Frame, Machine, Stacks};
use crate::bytecode::{Entry, GlobalSlot, Instruction, NOWHERE, Operation};
use ovsm_value::write::SmallText;
use ovsm_value::{NativeId, Raised, Text, Unwind, Value};
use std::rc::Rc;

impl Machine {
    /// Runs a function of the program until it ends.
    #[allow(clippy::too_many_lines, reason = "one loop, one match: the shape that compiles well")]
    pub(super) fn execute(
        &mut self,
        stacks: &mut Stacks,
        start: Start<'_>,
        environment: &mut dyn Environment,
    ) -> Result<Value, Raised> {
        let natives = self.natives;
        // An activity of the loop takes native stack: it counts as several functions.
        let below = self.depth;
        if below.saturating_add(64) > self.limits.max_depth {
            return Err(overflow());
        }
        let max_frames = (self.limits.max_depth - below).min(u32::MAX as usize).saturating_sub(1);
        if stacks.frames.capacity() > max_frames {
            stacks.frames.shrink_to(max_frames);
        }
        // A function that was entered, but could not begin.
        let mut entered = None;
        let (mut pc, mut base) = match self.begin(stacks, start)? {
            Began::At(pc, base) => (pc, base),
            Began::Ended(value) => return Ok(value),
        };

        loop {
            let Stacks { registers: stack, frames, handlers, pending, .. } = &mut *stacks;
            let mut code = self.code.as_slice();
            let Some(mut registers) = window(stack, base) else { return Err(broken()) };

            macro_rules! get {
                ($register:expr) => {
                    registers.get(usize::from($register)).unwrap_or(const { &Value::Null })
                };
            }
            macro_rules! set {
                ($register:expr, $value:expr) => {{
                    let value: Value = $value;
                    if let Some(place) = registers.get_mut(usize::from($register)) {
                        put(place, value);
                    }
                }};
            }
            macro_rules! set_int {
                ($register:expr, $number:expr) => {{
                    let number: i64 = $number;
                    if let Some(place) = registers.get_mut(usize::from($register)) {
                        put_int(place, number);
                    }
                }};
            }
            macro_rules! set_float {
                ($register:expr, $number:expr) => {{
                    let number: f64 = $number;
                    if let Some(place) = registers.get_mut(usize::from($register)) {
                        put_float(place, number);
                    }
                }};
            }
            macro_rules! set_null {
                ($register:expr) => {
                    if let Some(place) = registers.get_mut(usize::from($register)) {
                        put_null(place);
                    }
                };
            }
            // A copy that is written part by part where it goes, and not put together elsewhere first.
            macro_rules! set_copy {
                ($register:expr, $value:expr) => {
                    match $value {
                        Value::Int(number) => {
                            let number = *number;
                            set_int!($register, number)
                        }
                        Value::Float(number) => {
                            let number = *number;
                            set_float!($register, number)
                        }
                        other => {
                            if let Some(place) = registers.get_mut(usize::from($register)) {
                                put_copy(place, other);
                            }
                        }
                    }
                };
            }
            // The same from one register to another.
            macro_rules! copy_register {
                ($to:expr, $from:expr) => {
                    match get!($from) {
                        Value::Int(number) => {
                            let number = *number;
                            set_int!($to, number)
                        }
                        Value::Function(closure) => {
                            let closure = Rc::clone(closure);
                            set!($to, Value::Function(closure))
                        }
                        _ => {
                            let places = [usize::from($to), usize::from($from)];
                            if let Ok([to, from]) = registers.get_disjoint_mut(places) {
                                put_copy(to, from);
                            }
                        }
                    }
                };
            }
            macro_rules! take {
                ($register:expr) => {
                    registers.get_mut(usize::from($register)).map(std::mem::take).unwrap_or_default()
                };
            }
            // Between these two, nothing of the machine is borrowed.
            macro_rules! outside {
                ($result:expr) => {{
                    self.depth = below + frames.len() + 64;
                    let result = $result;
                    code = self.code.as_slice();
                    match result {
                        Ok(value) => value,
                        Err(raised) => break raised,
                    }
                }};
            }
            macro_rules! tick {
                () => {
                    if self.slice == 0 {
                        if let Err(raised) = self.refill() {
                            break raised;
                        }
                        code = self.code.as_slice();
                    }
                    self.slice -= 1;
                };
            }
            macro_rules! arithmetic {
                ($operation:ident, $checked:ident, $op:tt, $to:expr, $a:expr, $b:expr) => {{
                    match (get!($a), get!($b)) {
                        (Value::Int(a), Value::Int(b)) if let Some(number) = a.$checked(*b) => {
                            set_int!($to, number)
                        }
                        (Value::Float(a), Value::Float(b)) => {
                            let number = a $op b;
                            set_float!($to, number)
                        }
                        (a, b) => {
                            // A sequence that is replaced by its sum may be extended in place.
                            let (a, b) = if $to == $a && $a != $b && joins(a, b) {
                                let b = b.clone();
                                (take!($a), b)
                            } else {
                                (a.clone(), b.clone())
                            };
                            let value = outside!(self.operate(Operation::$operation, a, b, environment));
                            set!($to, value);
                        }
                    }
                }};
            }
            macro_rules! arithmetic_immediate {
                ($operation:ident, $checked:ident, $op:tt, $to:expr, $a:expr, $number:expr) => {{
                    match get!($a) {
                        Value::Int(a) if let Some(number) = a.$checked(i64::from($number)) => {
                            set_int!($to, number)
                        }
                        Value::Float(a) => {
                            let number = a $op f64::from($number);
                            set_float!($to, number)
                        }
                        a => {
                            let (a, b) = (a.clone(), Value::Int(i64::from($number)));
                            let value = outside!(self.operate(Operation::$operation, a, b, environment));
                            set!($to, value);
                        }
                    }
                }};
            }
            macro_rules! place_cell {
                ($register:expr) => {
                    match get!($register) {
                        Value::Cell(cell) => Some(cell),
                        _ => None,
                    }
                };
            }
            // Adds a small integer to what is in a shared place.
            macro_rules! step_cell {
                ($operation:ident, $checked:ident, $cell:expr, $number:expr) => {{
                    let Some(cell) = $cell else { break broken() };
                    let number = i64::from($number);
                    if step(cell, |old| old.$checked(number)).is_none() {
                        let cell = Rc::clone(cell);
                        let old = take_shared(&cell, false);
                        let new = Value::Int(number);
                        let value = outside!(self.operate(Operation::$operation, old, new, environment));
                        write_cell(&cell, &value);
                    }
                }};
            }
            macro_rules! compare {
                ($operation:ident, $op:tt, $a:expr, $b:expr) => {
                    match (get!($a), get!($b)) {
                        (Value::Int(a), Value::Int(b)) => a $op b,
                        (Value::Float(a), Value::Float(b)) => a $op b,
                        (a, b) => outside!(self.holds(Operation::$operation, a, b, environment)),
                    }
                };
            }
            macro_rules! compare_immediate {
                ($operation:ident, $op:tt, $a:expr, $number:expr) => {
                    match get!($a) {
                        Value::Int(a) => *a $op i64::from($number),
                        Value::Float(a) => *a $op f64::from($number),
                        a => {
                            let b = Value::Int(i64::from($number));
                            outside!(self.holds(Operation::$operation, a, &b, environment))
                        }
                    }
                };
            }
            macro_rules! jump_if {
                ($condition:expr, $target:expr) => {
                    if $condition {
                        tick!();
                        pc = $target as usize;
                    }
                };
            }
            macro_rules! jump_unless {
                ($condition:expr, $target:expr) => {
                    if !$condition {
                        pc = $target as usize;
                    }
                };
            }
            macro_rules! leave {
                ($from:expr, $size:expr) => {{
                    // An integer is read part by part, as it was written.
                    if let Value::Int(number) = get!($from) {
                        let number = *number;
                        leave_with!(Value::Int(number), number, set_int, $size)
                    } else {
                        let value = take!($from);
                        leave_with!(value, $size)
                    }
                }};
            }
            macro_rules! leave_with {
                ($value:expr, $size:expr) => {{
                    let value = $value;
                    leave_with!(value, value, set, $size)
                }};
                ($value:expr, $part:expr, $set:ident, $size:expr) => {{
                    // Four at a time; those after the last are empty.
                    let_go_of_function(registers);
                    let (fours, _) = registers.as_chunks_mut::<4>();
                    for four in fours.iter_mut().take(usize::from($size).div_ceil(4)) {
                        let [a, b, c, d] = &*four;
                        if !(is_plain(a) & is_plain(b) & is_plain(c) & is_plain(d)) {
                            four.iter_mut().for_each(put_null);
                        }
                    }
                    let Some(caller) = frames.pop() else { return Ok($value) };
                    pc = caller.pc as usize;
                    base = caller.base as usize;
                    match window(stack, base) {
                        Some(window) => registers = window,
                        None => break broken(),
                    }
                    if caller.to != NOWHERE {
                        $set!(caller.to, $part);
                    }
                }};
            }
            // Opens the frame of a callee whose arguments are in place.
            macro_rules! open {
                ($to:expr, $first:expr, $start:expr) => {{
                    tick!();
                    let callee = base + usize::from($first);
                    // There is never room for more frames than the limit.
                    if frames.len() == frames.capacity() && !grow_frames(frames, max_frames) {
                        break overflow();
                    }
                    match window(stack, callee) {
                        Some(window) => registers = window,
                        None => match window_after_growth(stack, callee) {
                            Some(window) => registers = window,
                            None => break overflow(),
                        },
                    }
                    frames.push(Frame { pc: pc as u32, base: base as u32, to: $to });
                    base = callee;
                    pc = $start as usize;
                }};
            }
            // Takes arguments out of the registers after a callee.
            macro_rules! arguments {
                ($first:expr, $count:expr) => {{
                    let first = usize::from($first) + 1;
                    let range = first..first + usize::from($count);
                    registers
                        .get_mut(range)
                        .unwrap_or(&mut [])
                        .iter_mut()
                        .map(std::mem::take)
                        .collect::<Vec<Value>>()
                }};
            }
            // Calls what is in a register with arguments that are in none.
            macro_rules! call_with {
                ($to:expr, $first:expr, $callee:expr, $arguments:expr) => {{
                    let callee: Value = $callee;
                    let mut arguments: Vec<Value> = $arguments;
                    if let Value::Function(closure) = &callee {
                        let code = closure.code;
                        let Some(entry) = self.entries.get(code as usize).copied() else { break broken() };
                        if entry.arguments != Entry::GENERAL
                            && usize::from(entry.arguments) != arguments.len()
                        {
                            break self.wrong_count(code, arguments.len());
                        }
                        open!($to, $first, entry.start);
                        if let Err(raised) = self.bind(code, registers, arguments) {
                            entered = Some(code);
                            break raised;
                        }
                        if entry.captures {
                            set!(0u8, callee);
                        }
                    } else {
                        let value = outside!(self.call_value(&callee, &mut arguments, environment));
                        if $to != NOWHERE {
                            set!($to, value);
                        }
                    }
                }};
            }
            macro_rules! tail_call_with {
                ($callee:expr, $arguments:expr, $size:expr) => {{
                    let callee: Value = $callee;
                    let mut arguments: Vec<Value> = $arguments;
                    if let Value::Function(closure) = &callee {
                        let code = closure.code;
                        let Some(entry) = self.entries.get(code as usize).copied() else { break broken() };
                        if entry.arguments != Entry::GENERAL
                            && usize::from(entry.arguments) != arguments.len()
                        {
                            break self.wrong_count(code, arguments.len());
                        }
                        tick!();
                        registers.iter_mut().take(usize::from($size)).for_each(|place| put_null(place));
                        if let Err(raised) = self.bind(code, registers, arguments) {
                            break raised;
                        }
                        if entry.captures {
                            set!(0u8, callee);
                        }
                        pc = entry.start as usize;
                    } else {
                        let value = outside!(self.call_value(&callee, &mut arguments, environment));
                        leave_with!(value, $size)
                    }
                }};
            }
            // Moves a callee and its arguments to the start of the frame and goes there.
            macro_rules! tail_call_fast {
                ($first:expr, $count:expr, $size:expr, $start:expr) => {{
                    tick!();
                    let (first, count, size) = (usize::from($first), usize::from($count), usize::from($size));
                    for n in 0..=count {
                        if let Value::Int(number) = get!((first + n) as u8) {
                            let number = *number;
                            set_int!(n as u8, number);
                        } else {
                            let value = take!((first + n) as u8);
                            set!(n as u8, value);
                        }
                    }
                    for place in registers.iter_mut().take(size).skip(count + 1) {
                        if !is_plain(place) {
                            clear(place);
                        }
                    }
                    pc = $start as usize;
                }};
            }
            macro_rules! watch {
                ($kind:expr, $live:expr, $target:expr) => {
                    handlers.push(Handler {
                        kind: $kind,
                        frames: frames.len() as u32,
                        base: base as u32,
                        live: $live,
                        target: $target,
                        pending: pending.len() as u32,
                    })
                };
            }
            // The item of a collection under a key that is in no register.
            macro_rules! read_item {
                ($operation:ident, $to:expr, $collection:expr, $key:expr) => {{
                    let key: &Value = $key;
                    if !read_item(registers, $to, $collection, key) {
                        let (collection, key) = (get!($collection).clone(), key.clone());
                        let value =
                            outside!(self.operate(Operation::$operation, collection, key, environment));
                        set!($to, value);
                    }
                }};
            }
            // Replaces a register by an operation of it and more that has no fast way.
            macro_rules! update_slowly {
                ($operation:ident, $place:expr, $($argument:expr),+) => {{
                    let native = u32::from(self.operations.native(Operation::$operation).0);
                    let mut arguments = [take!($place), $($argument),+];
                    match self.update(native, &mut arguments, environment) {
                        Ok(value) => set!($place, value),
                        Err((value, raised)) => {
                            set!($place, value);
                            break raised;
                        }
                    }
                    code = self.code.as_slice();
                }};
            }
            macro_rules! native_arguments {
                ($first:expr, $count:expr) => {{
                    let first = usize::from($first);
                    registers.get_mut(first..first + usize::from($count)).unwrap_or(&mut [])
                }};
            }

            use Instruction as I;
            let raised: Raised = loop {
                let Some(instruction) = code.get(pc) else { break broken() };
                pc += 1;
                match *instruction {
                    I::Move(to, from) => copy_register!(to, from),
                    I::Take(to, from) => {
                        if let Value::Int(number) = get!(from) {
                            let number = *number;
                            set_int!(to, number);
                        } else {
                            let value = take!(from);
                            set!(to, value);
                        }
                    }
                    I::Clear(register) => set_null!(register),
                    I::Null(to) => set_null!(to),
                    I::Bool(to, truth) => set!(to, Value::Bool(truth)),
                    I::Int(to, number) => set_int!(to, i64::from(number)),
                    I::Constant(to, n) => {
                        set_copy!(to, self.constants.get(n as usize).unwrap_or(const { &Value::Null }));
                    }

                    I::LoadGlobal(to, n) => match self.globals.get(n as usize) {
                        Some(slot) => match &slot.value {
                            Some(value) => set_copy!(to, value),
                            None => break undefined(&slot.name),
                        },
                        None => break broken(),
                    },
                    I::StoreGlobal(from, n) => {
                        let value = copy(get!(from));
                        if let Some(slot) = self.globals.get_mut(n as usize) {
                            let old = slot.value.replace(value);
                            drop(old);
                        }
                    }
                    I::NewCell(register) => {
                        let value = take!(register);
                        set!(register, Value::Cell(Rc::new(ovsm_value::Place::new(value))));
                    }
                    I::LoadCell(to, from) => {
                        load_cell(registers, to, from);
                    }
                    I::StoreCell(to, from) => {
                        if let Value::Cell(cell) = get!(to) {
                            write_cell(cell, get!(from));
                        }
                    }
                    I::LoadCapture(to, n) => load_capture(registers, to, n),
                    I::LoadCaptureCell(to, n) => load_capture_cell(registers, to, n),
                    I::StoreCaptureCell(from, n) => {
                        if let Some(cell) = captured_cell(get!(0u8), n) {
                            write_cell(cell, get!(from));
                        }
                    }
                    I::AddCell(cell, n) => step_cell!(Add, checked_add, place_cell!(cell), n),
                    I::SubCell(cell, n) => step_cell!(Sub, checked_sub, place_cell!(cell), n),
                    I::AddCaptureCell(n, capture) => {
                        step_cell!(Add, checked_add, captured_cell(get!(0u8), capture), n)
                    }
                    I::SubCaptureCell(n, capture) => {
                        step_cell!(Sub, checked_sub, captured_cell(get!(0u8), capture), n)
                    }
                    I::AddGlobal(n, global) => {
                        outside!(self.step_global(Operation::Add, global, n, environment));
                    }
                    I::SubGlobal(n, global) => {
                        outside!(self.step_global(Operation::Sub, global, n, environment));
                    }
                    I::Closure(to, n) => {
                        let Some(closure) = self.make_closure(registers, n) else { break broken() };
                        set!(to, closure);
                    }

                    I::Add(to, a, b) => arithmetic!(Add, checked_add, +, to, a, b),
                    I::Sub(to, a, b) => arithmetic!(Sub, checked_sub, -, to, a, b),
                    I::Mul(to, a, b) => arithmetic!(Mul, checked_mul, *, to, a, b),
                    I::AddImmediate(to, a, n) => arithmetic_immediate!(Add, checked_add, +, to, a, n),
                    I::SubImmediate(to, a, n) => arithmetic_immediate!(Sub, checked_sub, -, to, a, n),
                    I::MulImmediate(to, a, n) => arithmetic_immediate!(Mul, checked_mul, *, to, a, n),
                    I::Binary(operation, to, a, b) => {
                        let (x, y) = (get!(a), get!(b));
                        if let Some(number) = integer_operation(operation, x, y) {
                            set_int!(to, number);
                        } else if let Some(truth) = comparison(operation, x, y) {
                            set!(to, Value::Bool(truth));
                        } else if let Some(number) = float_operation(operation, x, y) {
                            set_float!(to, number);
                        } else if let (Operation::Nth, Value::Int(n)) = (operation, y) {
                            let n = *n;
                            read_item!(Nth, to, a, &Value::Int(n));
                        } else {
                            let (a, b) = (x.clone(), y.clone());
                            let value = outside!(self.operate(operation, a, b, environment));
                            set!(to, value);
                        }
                    }
                    I::BinaryImmediate(Operation::Nth, to, a, n) => {
                        read_item!(Nth, to, a, &Value::Int(i64::from(n)));
                    }
                    I::BinaryImmediate(Operation::Get, to, a, n) => {
                        read_item!(Get, to, a, &Value::Int(i64::from(n)));
                    }
                    I::BinaryImmediate(operation, to, a, n) => {
                        let (x, y) = (get!(a), &Value::Int(i64::from(n)));
                        if let Some(number) = integer_operation(operation, x, y) {
                            set_int!(to, number);
                        } else if let Some(truth) = comparison(operation, x, y) {
                            set!(to, Value::Bool(truth));
                        } else {
                            let (a, b) = (x.clone(), y.clone());
                            let value = outside!(self.operate(operation, a, b, environment));
                            set!(to, value);
                        }
                    }
                    I::Not(to, a) => {
                        let truth = !is_true(get!(a));
                        set!(to, Value::Bool(truth));
                    }

                    I::Jump(target) => pc = target as usize,
                    I::JumpBack(target) => {
                        tick!();
                        pc = target as usize;
                    }
                    I::Tick => {
                        tick!();
                    }
                    I::JumpIf(a, target) => {
                        if is_true(get!(a)) {
                            pc = target as usize;
                        }
                    }
                    I::JumpUnless(a, target) => {
                        if !is_true(get!(a)) {
                            pc = target as usize;
                        }
                    }
                    I::JumpIfLess(a, b, target) => jump_if!(compare!(Less, <, a, b), target),
                    I::JumpIfLessEqual(a, b, target) => jump_if!(compare!(LessEqual, <=, a, b), target),
                    I::JumpIfGreater(a, b, target) => jump_if!(compare!(Greater, >, a, b), target),
                    I::JumpIfGreaterEqual(a, b, target) => jump_if!(compare!(GreaterEqual, >=, a, b), target),
                    I::JumpIfEqual(a, b, target) => jump_if!(compare!(Equal, ==, a, b), target),
                    I::JumpIfNotEqual(a, b, target) => jump_if!(compare!(NotEqual, !=, a, b), target),
                    I::JumpUnlessLess(a, b, target) => jump_unless!(compare!(Less, <, a, b), target),
                    I::JumpUnlessLessEqual(a, b, target) => {
                        jump_unless!(compare!(LessEqual, <=, a, b), target)
                    }
                    I::JumpUnlessGreater(a, b, target) => jump_unless!(compare!(Greater, >, a, b), target),
                    I::JumpUnlessGreaterEqual(a, b, target) => {
                        jump_unless!(compare!(GreaterEqual, >=, a, b), target)
                    }
                    I::JumpUnlessEqual(a, b, target) => jump_unless!(compare!(Equal, ==, a, b), target),
                    I::JumpUnlessNotEqual(a, b, target) => jump_unless!(compare!(NotEqual, !=, a, b), target),
                    I::JumpIfLessImmediate(a, n, target) => {
                        jump_if!(compare_immediate!(Less, <, a, n), target)
                    }
                    I::JumpIfLessEqualImmediate(a, n, target) => {
                        jump_if!(compare_immediate!(LessEqual, <=, a, n), target)
                    }
                    I::JumpIfGreaterImmediate(a, n, target) => {
                        jump_if!(compare_immediate!(Greater, >, a, n), target)
                    }
                    I::JumpIfGreaterEqualImmediate(a, n, target) => {
                        jump_if!(compare_immediate!(GreaterEqual, >=, a, n), target)
                    }
                    I::JumpIfEqualImmediate(a, n, target) => {
                        jump_if!(compare_immediate!(Equal, ==, a, n), target)
                    }
                    I::JumpIfNotEqualImmediate(a, n, target) => {
                        jump_if!(compare_immediate!(NotEqual, !=, a, n), target)
                    }
                    I::JumpUnlessLessImmediate(a, n, target) => {
                        jump_unless!(compare_immediate!(Less, <, a, n), target)
                    }
                    I::JumpUnlessLessEqualImmediate(a, n, target) => {
                        jump_unless!(compare_immediate!(LessEqual, <=, a, n), target)
                    }
                    I::JumpUnlessGreaterImmediate(a, n, target) => {
                        jump_unless!(compare_immediate!(Greater, >, a, n), target)
                    }
                    I::JumpUnlessGreaterEqualImmediate(a, n, target) => {
                        jump_unless!(compare_immediate!(GreaterEqual, >=, a, n), target)
                    }
                    I::JumpUnlessEqualImmediate(a, n, target) => {
                        jump_unless!(compare_immediate!(Equal, ==, a, n), target)
                    }
                    I::JumpUnlessNotEqualImmediate(a, n, target) => {
                        jump_unless!(compare_immediate!(NotEqual, !=, a, n), target)
                    }

                    I::StepJumpIfLess(counter, by, limit, target) => {
                        if let (Value::Int(old), Value::Int(limit)) = (get!(counter), get!(limit))
                            && let Some(new) = old.checked_add(i64::from(by))
                        {
                            let again = new < *limit;
                            set_int!(counter, new);
                            pc += 2;
                            jump_if!(again, target);
                        }
                    }

                    I::Get(to, a, b) => {
                        if let Value::Int(n) = get!(b) {
                            let n = *n;
                            read_item!(Get, to, a, &Value::Int(n));
                        } else {
                            let key = get!(b).clone();
                            read_item!(Get, to, a, &key);
                        }
                    }
                    I::GetConstant(to, a, n) => {
                        let Some(key) = self.constants.get(n as usize) else { break broken() };
                        read_item!(Get, to, a, key);
                    }
                    I::Put(place, key, value) => {
                        let key = copy(get!(key));
                        let item = take!(value);
                        let item = put_item(registers, place, &key, item);
                        if let Some(item) = item {
                            update_slowly!(Put, place, key, item);
                        }
                    }
                    I::PutConstant(place, value, n) => {
                        let Some(key) = self.constants.get(n as usize) else { break broken() };
                        if !put_known(registers, place, key, value) {
                            let (key, item) = (key.clone(), get!(value).clone());
                            update_slowly!(Put, place, key, item);
                        }
                    }
                    I::AddField(place, number, n) => {
                        let Some(key) = self.constants.get(n as usize) else { break broken() };
                        let item =
                            registers.get_mut(usize::from(place)).and_then(|own| own_item(own, key, None));
                        if let Some(Value::Int(item)) = item
                            && let Some(sum) = item.checked_add(i64::from(number))
                        {
                            *item = sum;
                            if let Some(I::Jump(target)) = code.get(pc) {
                                pc = *target as usize;
                            }
                        } else {
                            pc += 1;
                        }
                    }
                    I::Push(place, item) => {
                        let item = take!(item);
                        let unique = match registers.get_mut(usize::from(place)) {
                            Some(Value::Array(items) | Value::List(items)) => Rc::get_mut(items),
                            _ => None,
                        };
                        match unique {
                            Some(items) => items.push(item),
                            None => update_slowly!(Push, place, item),
                        }
                    }
                    I::PutTable(table, key, value) => {
                        if !put_in_table(registers, table, key, value) {
                            let arguments = [table, key, value].map(|register| get!(register).clone());
                            outside!(self.operate_on(Operation::PutTable, arguments, environment));
                        }
                    }
                    I::Append(place, from) => {
                        if !append(registers, place, from) {
                            let more = get!(from).clone();
                            update_slowly!(Text, place, more);
                        }
                    }
                    I::Text(to, from) => match SmallText::of(get!(from)) {
                        Some(small) => set!(to, Value::String(Text::from_small(&small))),
                        None => {
                            let from = get!(from).clone();
                            let value = outside!(self.operate_on(Operation::Text, [from], environment));
                            set!(to, value);
                        }
                    },

                    I::Native(to, first, count, native) => {
                        let Some(native) = natives.get(native as usize) else { break broken() };
                        outside!(self.run_native_to(native, registers, (to, first, count), environment));
                    }
                    I::NativeApply(to, array, native) => {
                        let mut arguments = items_of(take!(array));
                        let value =
                            outside!(self.call_native(NativeId(native as u16), &mut arguments, environment));
                        set!(to, value);
                    }
                    I::UpdateRegister(place, first, count, native) => {
                        outside!(self.update_register(registers, (place, first, count), native, environment));
                    }
                    I::UpdateCell(place, first, count, native) => {
                        let Value::Cell(cell) = get!(place).clone() else { break broken() };
                        outside!(self.update_cell(&cell, registers, (first, count), native, environment));
                    }
                    I::UpdateCapture(first, count, native) => {
                        let Some(I::Extra(n)) = code.get(pc).copied() else { break broken() };
                        pc += 1;
                        let Some(cell) = captured_cell(get!(0u8), n).map(Rc::clone) else { break broken() };
                        outside!(self.update_cell(&cell, registers, (first, count), native, environment));
                    }
                    I::UpdateGlobal(first, count, native) => {
                        let Some(I::Extra(n)) = code.get(pc).copied() else { break broken() };
                        pc += 1;
                        outside!(self.update_global(n, registers, (first, count), native, environment));
                    }
                    I::Extra(_) => {}
                    I::MakeArray(to, first, count) => {
                        let items = native_arguments!(first, count).iter_mut().map(std::mem::take).collect();
                        set!(to, Value::array(items));
                    }
                    I::Extend(to, first, count) => extend(registers, to, first, count),

                    I::Call(to, first, count) => {
                        if let Value::Function(closure) = get!(first)
                            && let Some(entry) = self.entries.get(closure.code as usize)
                            && entry.arguments == count
                        {
                            let start = entry.start;
                            open!(to, first, start);
                        } else if let Value::Function(_) = get!(first) {
                            let arguments = arguments!(first, count);
                            let callee = take!(first);
                            call_with!(to, first, callee, arguments);
                        } else {
                            let callee = take!(first);
                            let arguments = native_arguments!(first + 1, count);
                            let value = outside!({
                                let result = self.call_value(&callee, arguments, environment);
                                for argument in arguments {
                                    put_null(argument);
                                }
                                result
                            });
                            if to != NOWHERE {
                                set!(to, value);
                            }
                        }
                    }
                    I::CallLocal(to, first, count, from) => {
                        if let Value::Function(closure) = get!(from)
                            && let Some(entry) = self.entries.get(closure.code as usize)
                            && entry.arguments == count
                        {
                            let start = entry.start;
                            if entry.captures {
                                let closure = Rc::clone(closure);
                                set!(first, Value::Function(closure));
                            }
                            open!(to, first, start);
                        } else {
                            let callee = get!(from).clone();
                            let arguments = arguments!(first, count);
                            call_with!(to, first, callee, arguments);
                        }
                    }
                    I::CallGlobal(to, first, count, n) => {
                        let Some(slot) = self.globals.get(n as usize) else { break broken() };
                        let Some(callee) = &slot.value else { break undefined(&slot.name) };
                        if let Value::Function(closure) = callee
                            && let Some(entry) = self.entries.get(closure.code as usize)
                            && entry.arguments == count
                        {
                            let start = entry.start;
                            if entry.captures {
                                set!(first, callee.clone());
                            }
                            open!(to, first, start);
                        } else {
                            let callee = callee.clone();
                            let arguments = arguments!(first, count);
                            call_with!(to, first, callee, arguments);
                        }
                    }
                    I::CallGlobalStep(to, first, count, from, by, n) => {
                        if let Some(GlobalSlot { value: Some(callee), .. }) = self.globals.get(usize::from(n))
                            && let Value::Function(closure) = callee
                            && let Some(entry) = self.entries.get(closure.code as usize)
                            && entry.arguments == count
                            && let Value::Int(old) = get!(from)
                            && let Some(argument) = old.checked_add(i64::from(by))
                        {
                            let start = entry.start;
                            if entry.captures {
                                set!(first, callee.clone());
                            }
                            set_int!(first + count, argument);
                            pc += 2;
                            open!(to, first, start);
                        }
                    }
                    I::TailCall(first, count, size) => {
                        if let Value::Function(closure) = get!(first)
                            && let Some(entry) = self.entries.get(closure.code as usize)
                            && entry.arguments == count
                        {
                            let start = entry.start;
                            tail_call_fast!(first, count, size, start);
                        } else {
                            let arguments = arguments!(first, count);
                            let callee = take!(first);
                            tail_call_with!(callee, arguments, size);
                        }
                    }
                    I::TailCallGlobal(first, count, size, n) => {
                        let Some(slot) = self.globals.get(n as usize) else { break broken() };
                        let Some(callee) = &slot.value else { break undefined(&slot.name) };
                        if let Value::Function(closure) = callee
                            && let Some(entry) = self.entries.get(closure.code as usize)
                            && entry.arguments == count
                        {
                            let start = entry.start;
                            set!(first, if entry.captures { callee.clone() } else { Value::Null });
                            tail_call_fast!(first, count, size, start);
                        } else {
                            let callee = callee.clone();
                            let arguments = arguments!(first, count);
                            tail_call_with!(callee, arguments, size);
                        }
                    }
                    I::Apply(to, first, count) => {
                        let mut arguments = arguments!(first, count);
                        outside!(self.spread(&mut arguments));
                        let callee = take!(first);
                        call_with!(to, first, callee, arguments);
                    }
                    I::TailApply(first, count, size) => {
                        let mut arguments = arguments!(first, count);
                        outside!(self.spread(&mut arguments));
                        let callee = take!(first);
                        tail_call_with!(callee, arguments, size);
                    }
                    I::Return(from, size) => leave!(from, size),
                    I::ReturnIfLess(a, bound, from, target) => {
                        if let (Value::Int(a), Some(I::Return(_, size))) = (get!(a), code.get(pc + 1)) {
                            if *a < i64::from(bound) {
                                leave!(from, *size)
                            } else {
                                pc = target as usize;
                            }
                        }
                    }
                    I::ReturnSum(a, b, size) => match (get!(a), get!(b)) {
                        (Value::Int(a), Value::Int(b)) if let Some(number) = a.checked_add(*b) => {
                            leave_with!(Value::Int(number), number, set_int, size)
                        }
                        (Value::Float(a), Value::Float(b)) => {
                            let number = a + b;
                            leave_with!(Value::Float(number), number, set_float, size)
                        }
                        (a, b) => {
                            let (a, b) = (a.clone(), b.clone());
                            let value = outside!(self.operate(Operation::Add, a, b, environment));
                            leave_with!(value, size)
                        }
                    },
                    I::ReturnCaptureCell(size, n) => {
                        let number = captured_cell(get!(0u8), n).and_then(|cell| integer_in(cell));
                        if let Some(number) = number {
                            leave_with!(Value::Int(number), number, set_int, size)
                        } else {
                            let value = captured_cell(get!(0u8), n).map(|cell| take_shared(cell, false));
                            leave_with!(value.unwrap_or_default(), size)
                        }
                    }
                    I::ReturnCaptureCellStep(by, size, n) => {
                        let sum = captured_cell(get!(0u8), n)
                            .and_then(|cell| step(cell, |old| old.checked_add(i64::from(by))));
                        if let Some(number) = sum {
                            leave_with!(Value::Int(number), number, set_int, size)
                        }
                    }
                    I::ReturnValues(from, size) => {
                        let all = take!(from);
                        let first = all.as_items().and_then(<[Value]>::first).cloned().unwrap_or_default();
                        let wanted = frames.last().is_some_and(|frame| {
                            matches!(code.get(frame.pc as usize), Some(I::CollectValues(_)))
                        });
                        if wanted {
                            self.values = Some(all);
                        }
                        leave_with!(first, size)
                    }
                    I::CollectValues(to) => {
                        let all = self.values.take();
                        set!(to, all.unwrap_or_else(|| Value::array(vec![take!(to)])));
                    }

                    I::PushTry(register, live, target) => watch!(HandlerKind::Try(register), live, target),
                    I::PushCatch(register, live, target) => {
                        let tag = take!(register);
                        self.tags.push(tag);
                        watch!(HandlerKind::Catch(register), live, target);
                    }
                    I::PushProtect(live, target) => watch!(HandlerKind::Protect, live, target),
                    I::PushBlock(register, live, target) => {
                        let activation = self.new_activation();
                        code = self.code.as_slice();
                        set_int!(register, activation as i64);
                        watch!(HandlerKind::Block(register, activation), live, target);
                    }
                    I::PushBind(register, n) => {
                        let value = take!(register);
                        let old = self.globals.get_mut(n as usize).and_then(|slot| slot.value.replace(value));
                        self.bindings.push((n, old));
                        code = self.code.as_slice();
                        watch!(HandlerKind::Bind, 0, 0);
                    }
                    I::PopHandler => {
                        if let Some(handler) = handlers.pop() {
                            self.retire(handler.kind);
                            code = self.code.as_slice();
                        }
                    }
                    I::EndProtect => {
                        handlers.pop();
                        pending.push(None);
                    }
                    I::Resume => {
                        if let Some(Some((raised, trace))) = pending.pop() {
                            self.trace = trace;
                            break raised;
                        }
                    }
                    I::DropPending => drop(pending.pop()),
                    I::Leave(activation, value) => {
                        let Value::Int(activation) = *get!(activation) else { break broken() };
                        let value = take!(value);
                        break Box::new(Unwind::Leave { activation: activation as u64, label: 0, value });
                    }
                }
            };
            if matches!(*raised, Unwind::Suspend) {
                stacks.place = (pc, base);
                return Err(raised);
            }
            let raised = self.settle(raised);
            self.note(&raised, pc, entered.take(), &stacks.frames);
            let resumption = self.unwind(stacks, base, raised)?;
            (pc, base) = (resumption.pc, resumption.base);
        }
    }
}
