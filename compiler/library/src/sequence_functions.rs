//! Functions over sequences that take a function: it stands first, or after the collection as in the original.

use crate::arguments::{Stream, at, function_first, items, stream, take};
use crate::context::Context;
use crate::native::{Effect, Example, Native};
use crate::sequence::same_kind;
use ovsm_value::compare::compare;
use ovsm_value::error::{raise, type_error};
use ovsm_value::write::describe;
use ovsm_value::{ErrorKind, IndexMap, Object, Raised, Sequence, Text, Value, number};
use std::cmp::Ordering;
use std::rc::Rc;

#[allow(clippy::too_many_arguments, reason = "a row of a table")]
const fn native(
    name: &'static str,
    aliases: &'static [&'static str],
    min: u8,
    max: Option<u8>,
    signature: &'static str,
    doc: &'static str,
    examples: &'static [Example],
    run: crate::NativeFn,
) -> Native {
    Native {
        name,
        aliases,
        module: "std/list",
        signature,
        doc,
        examples,
        min,
        max,
        effect: Effect::State,
        run,
    }
}

/// The natives of this module.
#[rustfmt::skip]
pub const NATIVES: &[Native] = &[
    native("map", &["mapcar", "map-array"], 2, None, "(function sequence …) -> sequence", "What the function gives for each item; of several sequences, for the items at the same position.", &[("(map 1+ [1 2])", "[2 3]"), ("(map [1 2] (fn (x) (* x x)))", "[1 4]"), ("(map + [1 2] [10 20])", "[11 22]")], |context, arguments| {
        function_first("map", arguments)?;
        let function = take(arguments, 0);
        let kind = at(arguments, 1).clone();
        if arguments.len() == 2 {
            let all = stream("map", &kind)?;
            reserve(context, all.len())?;
            let mut result = Sequence::with_capacity(all.len());
            for item in all {
                result.push(context.call_taking(&function, &mut [item])?);
            }
            return Ok(same_kind(&kind, result));
        }
        let all: Vec<Vec<Value>> = arguments.iter().skip(1).map(|argument| items("map", argument)).collect::<Result<_, _>>()?;
        let shortest = all.iter().map(Vec::len).min().unwrap_or(0);
        let mut result = Sequence::with_capacity(shortest);
        for n in 0..shortest {
            let call: Vec<Value> = all.iter().filter_map(|items| items.get(n).cloned()).collect();
            result.push(context.call(&function, &call)?);
        }
        Ok(same_kind(&kind, result))
    }),
    native("map-indexed", &[], 2, Some(2), "(function sequence) -> sequence", "What the function gives for each position and item.", &[("(map-indexed (fn (i x) [i x]) [:a])", "[[0 :a]]")], |context, arguments| {
        let (function, kind, all) = taken(context, "map-indexed", arguments)?;
        let mut result = Sequence::with_capacity(all.len());
        for (n, item) in all.into_iter().enumerate() {
            result.push(context.call(&function, &[Value::from_usize(n), item])?);
        }
        Ok(same_kind(&kind, result))
    }),
    native("for-each", &["mapc", "each"], 2, Some(2), "(function sequence) -> sequence", "Calls the function with each item; gives the sequence.", &[("(for-each identity [1])", "[1]")], |context, arguments| {
        let (function, kind, all) = taken(context, "for-each", arguments)?;
        for item in all {
            context.call(&function, &[item])?;
        }
        Ok(kind)
    }),
    native("mapcat", &["flat-map", "mapcan"], 2, Some(2), "(function sequence) -> sequence", "The items of all sequences that the function gives.", &[("(mapcat (fn (x) [x x]) [1 2])", "[1 1 2 2]")], |context, arguments| {
        let (function, kind, all) = taken(context, "mapcat", arguments)?;
        let mut result = Vec::new();
        for item in all {
            let given = context.call(&function, &[item])?;
            let more = items("mapcat", &given)?;
            reserve(context, more.len())?;
            result.extend(more);
        }
        Ok(same_kind(&kind, result))
    }),
    native("filter", &["remove-if-not", "keep-if"], 2, Some(2), "(function sequence) -> sequence", "The items for which the function is true; of an object, the entries, the function taking key and value.", &[("(filter even? [1 2 3 4])", "[2 4]"), ("(filter [1 2] odd?)", "[1]")], |context, arguments| filter(context, "filter", arguments, true)),
    native("remove-if", &["reject"], 2, Some(2), "(function sequence) -> sequence", "The items for which the function is false.", &[("(remove-if even? [1 2 3])", "[1 3]")], |context, arguments| filter(context, "remove-if", arguments, false)),
    native("find", &["find-if", "detect"], 2, Some(2), "(function sequence) -> any", "The first item for which the function is true; null if there is none.", &[("(find even? [1 2 3])", "2"), ("(find even? [1])", "null")], |context, arguments| {
        if !at(arguments, 0).is_callable() && !at(arguments, 1).is_callable() {
            // Common Lisp's `find` looks for an item.
            let found = items("find", at(arguments, 1))?.into_iter().find(|item| ovsm_value::compare::equal(item, at(arguments, 0)));
            return Ok(found.unwrap_or_default());
        }
        let (function, _, all) = taken(context, "find", arguments)?;
        for item in all {
            if context.call(&function, std::slice::from_ref(&item))?.is_true() {
                return Ok(item);
            }
        }
        Ok(Value::Null)
    }),
    native("find-index", &["position-if", "position"], 2, Some(2), "(function sequence) -> int", "The position of the first item for which the function is true; -1 if there is none.", &[("(find-index even? [1 2 3])", "1"), ("(find-index even? [1])", "-1")], |context, arguments| {
        if !at(arguments, 0).is_callable() && !at(arguments, 1).is_callable() {
            let found = items("position", at(arguments, 1))?.iter().position(|item| ovsm_value::compare::equal(item, at(arguments, 0)));
            return Ok(found.map_or(Value::Null, Value::from_usize));
        }
        let (function, _, all) = taken(context, "find-index", arguments)?;
        for (n, item) in all.into_iter().enumerate() {
            if context.call(&function, &[item])?.is_true() {
                return Ok(Value::from_usize(n));
            }
        }
        Ok(Value::Int(-1))
    }),
    native("some", &["any", "some?", "any?"], 2, Some(2), "(function sequence) -> bool", "True if the function is true for an item.", &[("(some even? [1 2])", "true"), ("(some even? [])", "false")], |context, arguments| {
        let (function, _, all) = taken(context, "some", arguments)?;
        for item in all {
            if context.call(&function, &[item])?.is_true() {
                return Ok(Value::Bool(true));
            }
        }
        Ok(Value::Bool(false))
    }),
    native("every", &["all", "every?", "all?"], 2, Some(2), "(function sequence) -> bool", "True if the function is true for every item.", &[("(every even? [2 4])", "true"), ("(every even? [])", "true")], |context, arguments| {
        let (function, _, all) = taken(context, "every", arguments)?;
        for item in all {
            if !context.call(&function, &[item])?.is_true() {
                return Ok(Value::Bool(false));
            }
        }
        Ok(Value::Bool(true))
    }),
    native("none?", &["notany"], 2, Some(2), "(function sequence) -> bool", "True if the function is true for no item.", &[("(none? even? [1 3])", "true")], |context, arguments| {
        let (function, _, all) = taken(context, "none?", arguments)?;
        for item in all {
            if context.call(&function, &[item])?.is_true() {
                return Ok(Value::Bool(false));
            }
        }
        Ok(Value::Bool(true))
    }),
    native("count", &["count-if"], 1, Some(2), "(function sequence) -> int", "How many items the function is true for; of one argument, how many items it has.", &[("(count even? [1 2 4])", "2"), ("(count [1 2])", "2")], |context, arguments| {
        if arguments.len() == 1 {
            return match crate::places::length(at(arguments, 0)) {
                Some(length) => Ok(Value::from_usize(length)),
                None => Err(type_error("count", "a sequence", at(arguments, 0))),
            };
        }
        if !at(arguments, 0).is_callable() && !at(arguments, 1).is_callable() {
            let found = items("count", at(arguments, 1))?.iter().filter(|item| ovsm_value::compare::equal(item, at(arguments, 0))).count();
            return Ok(Value::from_usize(found));
        }
        let (function, _, all) = taken(context, "count", arguments)?;
        let mut count = 0;
        for item in all {
            count += usize::from(context.call(&function, &[item])?.is_true());
        }
        Ok(Value::from_usize(count))
    }),
    native("partition", &[], 2, Some(2), "(function sequence) -> array", "Two sequences: the items for which the function is true, and the others.", &[("(partition even? [1 2 3 4])", "[[2 4] [1 3]]")], |context, arguments| {
        let (function, kind, all) = taken(context, "partition", arguments)?;
        let (mut yes, mut no) = (Vec::new(), Vec::new());
        for item in all {
            if context.call(&function, std::slice::from_ref(&item))?.is_true() {
                yes.push(item);
            } else {
                no.push(item);
            }
        }
        Ok(Value::array(vec![same_kind(&kind, yes), same_kind(&kind, no)]))
    }),
    native("partition-by", &[], 2, Some(2), "(function sequence) -> array", "Runs of neighbouring items for which the function gives equal values.", &[("(partition-by even? [1 3 2 5])", "[[1 3] [2] [5]]")], |context, arguments| {
        let (function, _, all) = taken(context, "partition-by", arguments)?;
        let mut runs: Vec<Vec<Value>> = Vec::new();
        let mut last: Option<Value> = None;
        for item in all {
            let key = context.call(&function, std::slice::from_ref(&item))?;
            match (&last, runs.last_mut()) {
                (Some(last), Some(run)) if ovsm_value::compare::equal(last, &key) => run.push(item),
                _ => runs.push(vec![item]),
            }
            last = Some(key);
        }
        Ok(Value::array(runs.into_iter().map(Value::array).collect()))
    }),
    native("take-while", &[], 2, Some(2), "(function sequence) -> sequence", "The first items, as long as the function is true.", &[("(take-while even? [2 4 5 6])", "[2 4]")], |context, arguments| {
        let (function, kind, all) = taken(context, "take-while", arguments)?;
        let mut result = Vec::new();
        for item in all {
            if !context.call(&function, std::slice::from_ref(&item))?.is_true() {
                break;
            }
            result.push(item);
        }
        Ok(same_kind(&kind, result))
    }),
    native("drop-while", &[], 2, Some(2), "(function sequence) -> sequence", "The items from the first on for which the function is false.", &[("(drop-while even? [2 4 5 6])", "[5 6]")], |context, arguments| {
        let (function, kind, all) = taken(context, "drop-while", arguments)?;
        let mut result = Vec::new();
        for item in all {
            if !result.is_empty() || !context.call(&function, std::slice::from_ref(&item))?.is_true() {
                result.push(item);
            }
        }
        Ok(same_kind(&kind, result))
    }),
    native("reduce", &["fold", "foldl", "fold-left"], 2, Some(3), "(function initial sequence) or (sequence initial function) -> any", "Calls the function with the result so far and each item, from the left. Without an initial value the first item is it.", &[("(reduce + 0 [1 2 3])", "6"), ("(reduce [1 2 3] 0 +)", "6"), ("(reduce max [1 3 2])", "3")], |context, arguments| {
        let (function, initial, all) = fold_arguments("reduce", arguments)?;
        let mut all = all;
        let mut result = match initial {
            Some(initial) => initial,
            None => match all.next() {
                Some(first) => first,
                // Without items and without an initial value, the function's own idea of nothing: `(+)` is 0.
                None => return context.call(&function, &[]),
            },
        };
        for item in all {
            result = context.call_taking(&function, &mut [result, item])?;
        }
        Ok(result)
    }),
    native("fold-right", &["foldr"], 2, Some(3), "(function initial sequence) or (sequence initial function) -> any", "Calls the function with each item and the result so far, from the right.", &[("(fold-right cons '() [1 2])", "(1 2)")], |context, arguments| {
        let (function, initial, all) = fold_arguments("fold-right", arguments)?;
        let mut all: Vec<Value> = all.collect();
        let mut result = match initial {
            Some(initial) => initial,
            None => match all.pop() {
                Some(last) => last,
                None => return context.call(&function, &[]),
            },
        };
        while let Some(item) = all.pop() {
            result = context.call_taking(&function, &mut [item, result])?;
        }
        Ok(result)
    }),
    native("scan", &["reductions"], 2, Some(3), "(function initial sequence) -> array", "All results of `reduce` on the way.", &[("(scan + 0 [1 2 3])", "[0 1 3 6]")], |context, arguments| {
        let (function, initial, all) = fold_arguments("scan", arguments)?;
        let mut all = all;
        let Some(mut last) = initial.or_else(|| all.next()) else { return Ok(Value::array(Vec::new())) };
        let mut result = vec![last.clone()];
        for item in all {
            last = context.call(&function, &[last, item])?;
            result.push(last.clone());
        }
        Ok(Value::array(result))
    }),
    native("sort", &["stable-sort"], 1, Some(2), "(sequence) or (function sequence) -> sequence", "The items in order: by `<`, or by a function of two items that is true, or negative, if the first comes before the second. Equal items keep their order.", &[("(sort [3 1 2])", "[1 2 3]"), ("(sort > [3 1 2])", "[3 2 1]"), ("(sort [3 1] (fn (a b) (- a b)))", "[1 3]")], |context, arguments| {
        if arguments.len() == 1 {
            let mut kind = take(arguments, 0);
            if let Value::Array(packed) | Value::List(packed) = &mut kind
                && packed.numbers().is_some()
                && let Some(numbers) = Rc::make_mut(packed).numbers_mut()
            {
                numbers.sort_unstable();
                context.charge(numbers.len() as u64)?;
                return Ok(kind);
            }
            let (is_list, mut all) = owned_items("sort", kind)?;
            sort_by_order("sort", &mut all)?;
            context.charge(all.len() as u64)?;
            return Ok(if is_list { Value::list(all) } else { Value::array(all) });
        }
        function_first("sort", arguments)?;
        let function = take(arguments, 0);
        let (is_list, mut all) = owned_items("sort", take(arguments, 1))?;
        // The two orders that are passed most often need no calls.
        let plain = match &function {
            Value::Native(id) => crate::native::get(*id).map(|native| native.name),
            _ => None,
        };
        match plain {
            Some("<") | Some("<=") => sort_by_order("sort", &mut all)?,
            Some(">") | Some(">=") => {
                // Reversing before and after keeps equal items in their order.
                all.reverse();
                sort_by_order("sort", &mut all)?;
                all.reverse();
            }
            _ => all = merge_sort(context, &function, all)?,
        }
        Ok(if is_list { Value::list(all) } else { Value::array(all) })
    }),
    native("sort-by", &[], 2, Some(3), "(function sequence :desc) -> sequence", "The items in the order of what the function gives for each; `:desc` or true for the opposite order.", &[("(sort-by length [\"aaa\" \"b\"])", "[\"b\" \"aaa\"]"), ("(sort-by identity [1 2] :desc)", "[2 1]")], |context, arguments| {
        let descending = match arguments.get(2) {
            None => false,
            Some(Value::Keyword(word)) => word.as_str() == "desc",
            Some(other) => other.is_true(),
        };
        let (function, kind, all) = taken(context, "sort-by", arguments)?;
        let mut keyed = Vec::with_capacity(all.len());
        for item in all {
            keyed.push((context.call(&function, std::slice::from_ref(&item))?, item));
        }
        let mut fault = None;
        keyed.sort_by(|(a, _), (b, _)| {
            let order = compare(a, b).unwrap_or_else(|| {
                fault.get_or_insert_with(|| not_ordered("sort-by", a, b));
                Ordering::Equal
            });
            if descending { order.reverse() } else { order }
        });
        match fault {
            Some(fault) => Err(fault),
            None => Ok(same_kind(&kind, keyed.into_iter().map(|(_, item)| item).collect::<Sequence>())),
        }
    }),
    native("group-by", &[], 2, Some(2), "(function sequence) -> object", "Arrays of items by what the function gives for them.", &[("(group-by even? [1 2 3])", "{:false [1 3] :true [2]}")], |context, arguments| {
        let (function, _, all) = taken(context, "group-by", arguments)?;
        let mut groups: IndexMap<Rc<Text>, Vec<Value>> = IndexMap::default();
        for item in all {
            let key = context.call(&function, std::slice::from_ref(&item))?;
            groups.entry(key_text(&key)).or_default().push(item);
        }
        Ok(Value::object(groups.into_iter().map(|(key, items)| (key, Value::array(items))).collect()))
    }),
    native("count-by", &[], 2, Some(2), "(function sequence) -> object", "How many items there are, by what the function gives for them.", &[("(count-by even? [1 2 3])", "{:false 2 :true 1}")], |context, arguments| {
        let (function, _, all) = taken(context, "count-by", arguments)?;
        let mut groups: IndexMap<Rc<Text>, i64> = IndexMap::default();
        for item in all {
            let key = context.call(&function, &[item])?;
            *groups.entry(key_text(&key)).or_default() += 1;
        }
        Ok(Value::object(groups.into_iter().map(|(key, count)| (key, Value::Int(count))).collect()))
    }),
    native("frequencies", &[], 1, Some(1), "(sequence) -> hash-table", "How often each item is there.", &[("(get (frequencies [1 2 1]) 1)", "2")], |_, arguments| {
        let mut table = ovsm_value::Table::default();
        for item in items("frequencies", at(arguments, 0))? {
            let count = table.get(&item).unwrap_or(Value::Int(0));
            table.insert(item, number::add(&count, &Value::Int(1))?);
        }
        Ok(Value::Table(Rc::new(std::cell::RefCell::new(table))))
    }),
    native("aggregate", &[], 2, Some(2), "(groups function) -> array", "What the function gives for each key and group of `group-by`.", &[("(aggregate {:a [1 2]} (fn (k xs) [k (length xs)]))", "[[\"a\" 2]]")], |context, arguments| {
        if at(arguments, 0).is_function() {
            arguments.swap(0, 1);
        }
        let Value::Object(entries) = at(arguments, 0).clone() else { return Err(type_error("aggregate", "an object", at(arguments, 0))) };
        let function = take(arguments, 1);
        let mut result = Vec::new();
        for (key, value) in entries.iter() {
            result.push(context.call(&function, &[Value::String(Rc::clone(key)), value.clone()])?);
        }
        Ok(Value::array(result))
    }),
    native("pluck", &[], 2, Some(2), "(objects key) -> array", "What each object has under a key, or null.", &[("(pluck [{:a 1} {:b 2}] :a)", "[1 null]")], |_, arguments| {
        let key = take(arguments, 1);
        let mut result = Vec::new();
        for object in items("pluck", at(arguments, 0))? {
            result.push(crate::places::get(&object, &key)?.unwrap_or_default());
        }
        Ok(Value::array(result))
    }),
    native("min-by", &[], 2, Some(2), "(function sequence) -> any", "The item for which the function gives the least value; null without items.", &[("(min-by abs [-3 2])", "2")], |context, arguments| best(context, "min-by", arguments, Ordering::Less)),
    native("max-by", &[], 2, Some(2), "(function sequence) -> any", "The item for which the function gives the greatest value; null without items.", &[("(max-by abs [-3 2])", "-3")], |context, arguments| best(context, "max-by", arguments, Ordering::Greater)),
    native("pipe", &[], 1, None, "(value function…) -> any", "The value given to the first function, what that gives to the second, and so on.", &[("(pipe 3 1+ abs)", "4")], |context, arguments| {
        let mut value = take(arguments, 0);
        for n in 1..arguments.len() {
            let function = take(arguments, n);
            value = context.call(&function, &[value])?;
        }
        Ok(value)
    }),
];

fn reserve(context: &mut dyn Context, items: usize) -> Result<(), Raised> {
    context.reserve(items.saturating_mul(size_of::<Value>()))
}

/// The function, the collection and its items.
fn taken(
    context: &mut dyn Context,
    operation: &str,
    arguments: &mut [Value],
) -> Result<(Value, Value, Stream), Raised> {
    function_first(operation, arguments)?;
    let function = take(arguments, 0);
    let kind = take(arguments, 1);
    reserve(context, crate::places::length(&kind).unwrap_or(0))?;
    let all = stream(operation, &kind)?;
    Ok((function, kind, all))
}

fn filter(
    context: &mut dyn Context,
    operation: &str,
    arguments: &mut [Value],
    wanted: bool,
) -> Result<Value, Raised> {
    function_first(operation, arguments)?;
    if let Value::Object(entries) = at(arguments, 1).clone() {
        let function = take(arguments, 0);
        let mut kept = Object::default();
        for (key, value) in entries.iter() {
            if context.call(&function, &[Value::String(Rc::clone(key)), value.clone()])?.is_true() == wanted {
                kept.insert(Rc::clone(key), value.clone());
            }
        }
        return Ok(Value::object(kept));
    }
    let (function, kind, all) = taken(context, operation, arguments)?;
    let mut result = Sequence::default();
    for item in all {
        if context.call(&function, std::slice::from_ref(&item))?.is_true() == wanted {
            result.push(item);
        }
    }
    Ok(same_kind(&kind, result))
}

/// The function, the initial value and the items of a fold, in either order of the operands.
fn fold_arguments(
    operation: &str,
    arguments: &mut [Value],
) -> Result<(Value, Option<Value>, Stream), Raised> {
    let (function, initial, sequence) = match arguments {
        [a, b] => match a.is_function() {
            true => (std::mem::take(a), None, std::mem::take(b)),
            false => (std::mem::take(b), None, std::mem::take(a)),
        },
        [a, b, c] => match a.is_function() && !(c.is_function() && a.items_count().is_some()) {
            true => {
                // `(reduce f sequence initial)` is another order that people write.
                let is_sequence = |value: &Value| {
                    matches!(value, Value::Array(_) | Value::List(_) | Value::Range(_) | Value::Set(_))
                };
                if is_sequence(b) && !is_sequence(c) {
                    (std::mem::take(a), Some(std::mem::take(c)), std::mem::take(b))
                } else {
                    (std::mem::take(a), Some(std::mem::take(b)), std::mem::take(c))
                }
            }
            false => (std::mem::take(c), Some(std::mem::take(b)), std::mem::take(a)),
        },
        _ => {
            return Err(raise(
                ErrorKind::Arity,
                format!("`{operation}` takes a function, an initial value and a sequence"),
            ));
        }
    };
    if !function.is_callable() {
        return Err(type_error(operation, "a function", &function));
    }
    let all = stream(operation, &sequence)?;
    Ok((function, initial, all))
}

/// The items, without a copy if nobody else holds them; and whether it is a list.
fn owned_items(operation: &str, value: Value) -> Result<(bool, Vec<Value>), Raised> {
    Ok(match value {
        Value::Array(mut items) => (false, Rc::make_mut(&mut items).take_vec()),
        Value::List(mut items) => (true, Rc::make_mut(&mut items).take_vec()),
        other => (false, items(operation, &other)?),
    })
}

#[cold]
fn not_ordered(operation: &str, a: &Value, b: &Value) -> Raised {
    raise(ErrorKind::Type, format!("`{operation}` can not order {} and {}", describe(a), describe(b)))
}

fn sort_by_order(operation: &str, all: &mut [Value]) -> Result<(), Raised> {
    if all.iter().all(|item| matches!(item, Value::Int(_))) {
        let mut numbers: Vec<i64> = all.iter().filter_map(number::to_i64).collect();
        numbers.sort_unstable();
        for (place, number) in all.iter_mut().zip(numbers) {
            *place = Value::Int(number);
        }
        return Ok(());
    }
    let mut fault = None;
    all.sort_by(|a, b| {
        compare(a, b).unwrap_or_else(|| {
            if !(a.is_number() && b.is_number()) {
                fault.get_or_insert_with(|| not_ordered(operation, a, b));
            }
            Ordering::Equal
        })
    });
    fault.map_or(Ok(()), Err)
}

/// A stable merge sort that calls a function of the program, which may raise.
fn merge_sort(context: &mut dyn Context, function: &Value, all: Vec<Value>) -> Result<Vec<Value>, Raised> {
    let comes_before = |context: &mut dyn Context, a: &Value, b: &Value| -> Result<bool, Raised> {
        Ok(match context.call(function, &[a.clone(), b.clone()])? {
            Value::Bool(truth) => truth,
            Value::Int(order) => order < 0,
            other if other.is_number() => number::sign(&other) == Ordering::Less,
            other => other.is_true(),
        })
    };
    let length = all.len();
    let mut from = all;
    let mut width = 1;
    while width < length {
        let mut to = Vec::with_capacity(length);
        let mut rest = from.into_iter().peekable();
        while rest.peek().is_some() {
            let left: Vec<Value> = rest.by_ref().take(width).collect();
            let right: Vec<Value> = rest.by_ref().take(width).collect();
            let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
            while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
                // The right one goes first only if it must: equal items keep their order.
                let next = if comes_before(context, b, a)? && !comes_before(context, a, b)? {
                    right.next()
                } else {
                    left.next()
                };
                to.extend(next);
            }
            to.extend(left);
            to.extend(right);
        }
        from = to;
        width = width.saturating_mul(2);
    }
    Ok(from)
}

/// A value as the key of an object: names as they are, other values as they are shown.
fn key_text(value: &Value) -> Rc<Text> {
    value.as_key().unwrap_or_else(|| Rc::new(Text::new(ovsm_value::write::display(value))))
}

fn best(
    context: &mut dyn Context,
    operation: &str,
    arguments: &mut [Value],
    wanted: Ordering,
) -> Result<Value, Raised> {
    let (function, _, all) = taken(context, operation, arguments)?;
    let mut best: Option<(Value, Value)> = None;
    for item in all {
        let key = context.call(&function, std::slice::from_ref(&item))?;
        let is_better = match &best {
            None => true,
            Some((found, _)) => {
                compare(&key, found).ok_or_else(|| not_ordered(operation, &key, found))? == wanted
            }
        };
        if is_better {
            best = Some((key, item));
        }
    }
    Ok(best.map(|(_, item)| item).unwrap_or_default())
}
