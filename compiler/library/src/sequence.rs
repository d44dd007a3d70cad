//! Arrays, lists, ranges and strings as sequences: parts, positions, putting together.
//!
//! What makes a new sequence keeps the kind of the one it is given: a list gives a list, a string a string where that
//! makes sense, everything else an array.

use crate::arguments::{at, count, index_error, integer, items, position, take};
use crate::context::Context;
use crate::native::{Effect, Example, Native};
use crate::places::length;
use ovsm_value::compare::{Key, equal};
use ovsm_value::error::{raise, type_error};
use ovsm_value::{ErrorKind, IndexMap, Raised, Range, Sequence, Value, number};
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
        effect: Effect::Pure,
        run,
    }
}

/// The natives of this module.
#[rustfmt::skip]
pub const NATIVES: &[Native] = &[
    native("length", &["len", "size"], 1, Some(1), "(sequence) -> int", "The number of items: of an array, list, string (characters), bytes, object, set, range or table. Null has none.", &[("(length [1 2 3])", "3"), ("(length \"λx\")", "2")], |_, arguments| {
        match length(at(arguments, 0)) {
            Some(length) => Ok(Value::from_usize(length)),
            None => Err(type_error("length", "a sequence, object or string", at(arguments, 0))),
        }
    }),
    native("empty?", &["emptyp"], 1, Some(1), "(sequence) -> bool", "True without items; true for null.", &[("(empty? [])", "true"), ("(empty? \"a\")", "false")], |_, arguments| {
        match length(at(arguments, 0)) {
            Some(length) => Ok(Value::Bool(length == 0)),
            None => Err(type_error("empty?", "a sequence, object or string", at(arguments, 0))),
        }
    }),
    native("first", &["car", "head"], 1, Some(1), "(sequence) -> any", "The first item; null if there is none.", &[("(first [1 2])", "1"), ("(first [])", "null")], |_, arguments| item("first", at(arguments, 0), 0)),
    native("second", &["cadr"], 1, Some(1), "(sequence) -> any", "The second item; null if there is none.", &[("(second [1 2])", "2")], |_, arguments| item("second", at(arguments, 0), 1)),
    native("third", &["caddr"], 1, Some(1), "(sequence) -> any", "The third item; null if there is none.", &[("(third [1 2 3])", "3")], |_, arguments| item("third", at(arguments, 0), 2)),
    native("fourth", &[], 1, Some(1), "(sequence) -> any", "The fourth item; null if there is none.", &[("(fourth [1 2 3 4])", "4")], |_, arguments| item("fourth", at(arguments, 0), 3)),
    native("fifth", &[], 1, Some(1), "(sequence) -> any", "The fifth item; null if there is none.", &[("(fifth [1 2 3 4 5])", "5")], |_, arguments| item("fifth", at(arguments, 0), 4)),
    native("last", &[], 1, Some(1), "(sequence) -> any", "The last item; null if there is none.", &[("(last [1 2])", "2"), ("(last [])", "null")], |_, arguments| item("last", at(arguments, 0), -1)),
    native("rest", &["cdr", "tail"], 1, Some(1), "(sequence) -> sequence", "All items but the first.", &[("(rest [1 2 3])", "[2 3]"), ("(rest [])", "[]")], |_, arguments| part("rest", at(arguments, 0), 1, usize::MAX)),
    native("cddr", &[], 1, Some(1), "(sequence) -> sequence", "All items but the first two.", &[("(cddr '(1 2 3))", "(3)")], |_, arguments| part("cddr", at(arguments, 0), 2, usize::MAX)),
    native("nthcdr", &["nthrest"], 2, Some(2), "(n sequence) -> sequence", "All items but the first `n`.", &[("(nthcdr 1 '(1 2 3))", "(2 3)")], |_, arguments| {
        counted(arguments)?;
        let n = count("nthcdr", arguments, 0)?;
        part("nthcdr", at(arguments, 1), n, usize::MAX)
    }),
    native("init", &["butlast"], 1, Some(1), "(sequence) -> sequence", "All items but the last.", &[("(init [1 2 3])", "[1 2]")], |_, arguments| {
        let length = length(at(arguments, 0)).unwrap_or(0);
        part("init", at(arguments, 0), 0, length.saturating_sub(1))
    }),
    native("take", &[], 2, Some(2), "(n sequence) -> sequence", "The first `n` items; the operands may be exchanged.", &[("(take 2 [1 2 3])", "[1 2]"), ("(take 9 [1])", "[1]")], |_, arguments| {
        counted(arguments)?;
        let n = count("take", arguments, 0)?;
        part("take", at(arguments, 1), 0, n)
    }),
    native("drop", &[], 2, Some(2), "(sequence n) -> sequence", "All items but the first `n`; the operands may be exchanged.", &[("(drop [1 2 3] 1)", "[2 3]")], |_, arguments| {
        counted(arguments)?;
        let n = count("drop", arguments, 0)?;
        part("drop", at(arguments, 1), n, usize::MAX)
    }),
    native("take-last", &[], 2, Some(2), "(n sequence) -> sequence", "The last `n` items.", &[("(take-last 2 [1 2 3])", "[2 3]")], |_, arguments| {
        counted(arguments)?;
        let n = count("take-last", arguments, 0)?;
        let length = length(at(arguments, 1)).unwrap_or(0);
        part("take-last", at(arguments, 1), length.saturating_sub(n), usize::MAX)
    }),
    native("drop-last", &[], 2, Some(2), "(n sequence) -> sequence", "All items but the last `n`.", &[("(drop-last 1 [1 2 3])", "[1 2]")], |_, arguments| {
        counted(arguments)?;
        let n = count("drop-last", arguments, 0)?;
        let length = length(at(arguments, 1)).unwrap_or(0);
        part("drop-last", at(arguments, 1), 0, length.saturating_sub(n))
    }),
    native("slice", &[], 2, Some(3), "(sequence from to) -> sequence", "The items from a position up to another, which is excluded. Negative positions count from the end; an `:index` error outside.", &[("(slice [1 2 3 4] 1 3)", "[2 3]"), ("(slice [1 2 3] -2)", "[2 3]")], |_, arguments| bounded("slice", arguments)),
    native("subseq", &[], 2, Some(3), "(sequence from to) -> sequence", "The same as `slice`.", &[("(subseq \"hello\" 1 3)", "\"el\"")], |_, arguments| bounded("subseq", arguments)),
    native("list", &[], 0, None, "(item…) -> list", "A list of the arguments.", &[("(list 1 2)", "(1 2)")], |_, arguments| Ok(Value::list(arguments.iter_mut().map(std::mem::take).collect()))),
    native("array", &["vector"], 0, None, "(item…) -> array", "An array of the arguments.", &[("(array 1 2)", "[1 2]")], |_, arguments| Ok(Value::array(arguments.iter_mut().map(std::mem::take).collect()))),
    native("to-array", &["vec", "list->array"], 1, Some(2), "(sequence) -> array", "The items as an array. `(vec u64)` and `(vec u64 capacity)`, with a type, make an empty one.", &[("(to-array '(1 2))", "[1 2]"), ("(to-array (range 0 3))", "[0 1 2]"), ("(vec u64)", "[]")], |context, arguments| {
        let value = take(arguments, 0);
        let is_type = match &value {
            Value::RecordType(_) => true,
            Value::Native(id) => crate::get(*id).is_some_and(|native| {
                matches!(native.name, "int" | "bool" | "pubkey") || ovsm_base::IntType::from_name(native.name).is_some()
            }),
            _ => false,
        };
        if is_type {
            return Ok(Value::array(Vec::new()));
        }
        if arguments.len() > 1 {
            return Err(type_error("vec", "a type, such as `u64`, before the capacity", &value));
        }
        reserve(context, length(&value).unwrap_or(0))?;
        Ok(match value {
            Value::Array(items) => Value::Array(items),
            other => Value::Array(Rc::new(crate::arguments::stream("to-array", &other)?.collect())),
        })
    }),
    native("to-list", &["array->list"], 1, Some(1), "(sequence) -> list", "The items as a list.", &[("(to-list [1 2])", "(1 2)")], |context, arguments| {
        reserve(context, length(at(arguments, 0)).unwrap_or(0))?;
        Ok(Value::List(Rc::new(crate::arguments::stream("to-list", at(arguments, 0))?.collect())))
    }),
    native("cons", &[], 2, Some(2), "(item sequence) -> sequence", "The sequence with one more item in front.", &[("(cons 1 '(2 3))", "(1 2 3)"), ("(cons 1 [2])", "[1 2]"), ("(cons 1 null)", "(1)")], |context, arguments| {
        let item = take(arguments, 0);
        in_front(context, "cons", take(arguments, 1), item)
    }),
    native("unshift", &["prepend"], 2, Some(2), "(sequence item) -> sequence", "The sequence with one more item in front.", &[("(unshift [2] 1)", "[1 2]")], |context, arguments| {
        let item = take(arguments, 1);
        in_front(context, "unshift", take(arguments, 0), item)
    }),
    native("shift", &[], 1, Some(1), "(sequence) -> any", "The first item, or null.", &[("(shift [1 2])", "1")], |_, arguments| item("shift", at(arguments, 0), 0)),
    native("append", &[], 0, None, "(sequence…) -> sequence", "All items, one sequence after the other; of the kind of the first.", &[("(append [1] [2 3])", "[1 2 3]"), ("(append '(1) '(2))", "(1 2)"), ("(append)", "[]")], |context, arguments| append(context, "append", arguments)),
    native("concat", &["concatenate"], 0, None, "(sequence…) -> sequence", "All items, one sequence after the other; of strings, one string.", &[("(concat \"a\" \"b\")", "\"ab\""), ("(concat [1] [2])", "[1 2]")], |context, arguments| {
        if arguments.first().is_some_and(|first| matches!(first, Value::Symbol(_))) {
            // Common Lisp states the type of the result first.
            return append(context, "concat", arguments.get_mut(1..).unwrap_or(&mut []));
        }
        append(context, "concat", arguments)
    }),
    native("reverse", &["nreverse"], 1, Some(1), "(sequence) -> sequence", "The items from the last to the first.", &[("(reverse [1 2 3])", "[3 2 1]"), ("(reverse \"abc\")", "\"cba\"")], |_, arguments| {
        Ok(match take(arguments, 0) {
            Value::String(text) => Value::string(text.as_str().chars().rev().collect::<String>()),
            Value::Array(mut items) => {
                Rc::make_mut(&mut items).reverse();
                Value::Array(items)
            }
            Value::List(mut items) => {
                Rc::make_mut(&mut items).reverse();
                Value::List(items)
            }
            other => {
                let mut all = items("reverse", &other)?;
                all.reverse();
                Value::array(all)
            }
        })
    }),
    native("repeat", &[], 2, Some(2), "(value n) -> sequence", "A string `n` times; an array's items `n` times; any other value, an array of it `n` times.", &[("(repeat \"ab\" 2)", "\"abab\""), ("(repeat 0 3)", "[0 0 0]")], |context, arguments| {
        if at(arguments, 0).is_integer() && !at(arguments, 1).is_integer() {
            arguments.swap(0, 1);
        }
        let n = count("repeat", arguments, 1)?;
        unrolled("repeat", arguments, 0)?;
        match at(arguments, 0) {
            Value::String(text) => {
                context.reserve(text.as_str().len().saturating_mul(n))?;
                Ok(Value::string(text.as_str().repeat(n)))
            }
            Value::Array(items) => {
                reserve(context, items.len().saturating_mul(n))?;
                Ok(Value::array(items.to_vec().into_iter().cycle().take(items.len().saturating_mul(n)).collect()))
            }
            other => {
                reserve(context, n)?;
                Ok(Value::array(vec![other.clone(); n]))
            }
        }
    }),
    native("make-array", &["make-list"], 1, Some(2), "(n value) -> array", "An array of `n` times a value, null if absent.", &[("(make-array 2 0)", "[0 0]")], |context, arguments| {
        let n = count("make-array", arguments, 0)?;
        reserve(context, n)?;
        Ok(Value::array(vec![at(arguments, 1).clone(); n]))
    }),
    native("range", &[], 1, Some(3), "(start end step) -> range", "The integers from a start up to an end, which is excluded; from 0 if only the end is given.", &[("(to-array (range 1 4))", "[1 2 3]"), ("(to-array (range 3))", "[0 1 2]"), ("(to-array (range 5 0 -2))", "[5 3 1]")], |_, arguments| {
        let (start, end) = match arguments.len() {
            1 => (0, integer("range", arguments, 0)?),
            _ => (integer("range", arguments, 0)?, integer("range", arguments, 1)?),
        };
        let step = if arguments.len() == 3 { integer("range", arguments, 2)? } else { 1 };
        if step == 0 {
            return Err(raise(ErrorKind::Value, "`range`: the step is 0"));
        }
        Ok(Value::Range(Rc::new(Range { start, end, step })))
    }),
    native("insert-at", &[], 3, Some(3), "(sequence index item) -> sequence", "The sequence with an item put in at a position.", &[("(insert-at [1 3] 1 2)", "[1 2 3]")], |context, arguments| {
        let index = integer("insert-at", arguments, 1)?;
        let item = take(arguments, 2);
        reserve(context, 1)?;
        let length = slice_length("insert-at", at(arguments, 0))?;
        let place = usize::try_from(index).ok().filter(|place| *place <= length).ok_or_else(|| index_error("insert-at", index, length))?;
        change(take(arguments, 0), |items| items.insert(place, item))
    }),
    native("remove-at", &[], 2, Some(2), "(sequence index) -> sequence", "The sequence without the item at a position.", &[("(remove-at [1 2 3] 1)", "[1 3]")], |_, arguments| {
        let index = integer("remove-at", arguments, 1)?;
        let length = slice_length("remove-at", at(arguments, 0))?;
        let place = position(index, length).ok_or_else(|| index_error("remove-at", index, length))?;
        change(take(arguments, 0), |items| {
            items.remove(place);
        })
    }),
    native("remove", &["without"], 2, Some(2), "(sequence item) -> sequence", "The sequence without the items that are equal to one; the operands may be exchanged.", &[("(remove [1 2 1] 1)", "[2]")], |_, arguments| {
        if at(arguments, 0).items_count().is_none() && at(arguments, 1).items_count().is_some() {
            arguments.swap(0, 1);
        }
        slice_length("remove", at(arguments, 0))?;
        let item = take(arguments, 1);
        change(take(arguments, 0), |items| items.retain(|other| !equal(other, &item)))
    }),
    native("compact", &[], 1, Some(1), "(sequence) -> sequence", "The sequence without nulls.", &[("(compact [1 null 2])", "[1 2]")], |_, arguments| {
        slice_length("compact", at(arguments, 0))?;
        change(take(arguments, 0), |items| items.retain(|item| !matches!(item, Value::Null)))
    }),
    native("distinct", &["unique", "remove-duplicates", "dedupe"], 1, Some(1), "(sequence) -> sequence", "The first of each group of equal items.", &[("(distinct [1 2 1 3 2])", "[1 2 3]")], |_, arguments| {
        let kind = at(arguments, 0).clone();
        let mut seen: IndexMap<Key, ()> = IndexMap::default();
        for item in items("distinct", &kind)? {
            seen.insert(Key(item), ());
        }
        Ok(same_kind(&kind, seen.into_keys().map(|key| key.0).collect::<Sequence>()))
    }),
    native("flatten", &[], 1, Some(1), "(sequence) -> sequence", "The items of the items: one level less.", &[("(flatten [1 [2 [3]]])", "[1 2 [3]]")], |context, arguments| {
        let kind = at(arguments, 0).clone();
        let mut result = Vec::new();
        for item in items("flatten", &kind)? {
            match item.as_items() {
                Some(inner) => {
                    reserve(context, inner.len())?;
                    result.extend_from_slice(inner);
                }
                None if matches!(item, Value::Range(_)) => result.extend(items("flatten", &item)?),
                None => result.push(item),
            }
        }
        Ok(same_kind(&kind, result))
    }),
    native("flatten-deep", &[], 1, Some(1), "(sequence) -> sequence", "All items at any depth.", &[("(flatten-deep [1 [2 [3]]])", "[1 2 3]")], |context, arguments| {
        let kind = at(arguments, 0).clone();
        let mut result = Vec::new();
        let mut work = items("flatten-deep", &kind)?;
        work.reverse();
        while let Some(item) = work.pop() {
            match item.as_items() {
                Some(inner) => {
                    reserve(context, inner.len())?;
                    work.extend(inner.iter().rev().cloned());
                }
                None if matches!(item, Value::Range(_)) => result.extend(items("flatten", &item)?),
                None => result.push(item),
            }
        }
        Ok(same_kind(&kind, result))
    }),
    native("zip", &[], 2, None, "(sequence sequence…) -> array", "Arrays of the items at the same position, as many as the shortest has.", &[("(zip [1 2] [:a :b :c])", "[[1 :a] [2 :b]]")], |context, arguments| {
        let all: Vec<Vec<Value>> = arguments.iter().map(|argument| items("zip", argument)).collect::<Result<_, _>>()?;
        let shortest = all.iter().map(Vec::len).min().unwrap_or(0);
        reserve(context, shortest.saturating_mul(all.len() + 4))?;
        let rows = (0..shortest).map(|n| Value::array(all.iter().filter_map(|items| items.get(n).cloned()).collect())).collect();
        Ok(Value::array(rows))
    }),
    native("interleave", &[], 2, None, "(sequence…) -> array", "The first items, then the second ones, as far as all have some.", &[("(interleave [1 2] [:a :b])", "[1 :a 2 :b]")], |_, arguments| {
        let all: Vec<Vec<Value>> = arguments.iter().map(|argument| items("interleave", argument)).collect::<Result<_, _>>()?;
        let shortest = all.iter().map(Vec::len).min().unwrap_or(0);
        Ok(Value::array((0..shortest).flat_map(|n| all.iter().filter_map(move |items| items.get(n).cloned())).collect()))
    }),
    native("chunk", &["partition-all"], 2, Some(2), "(n sequence) -> array", "Arrays of `n` items each; the last may be shorter.", &[("(chunk 2 [1 2 3])", "[[1 2] [3]]")], |_, arguments| {
        counted(arguments)?;
        let n = count("chunk", arguments, 0)?;
        if n == 0 {
            return Err(raise(ErrorKind::Value, "`chunk`: the size is 0"));
        }
        let all = items("chunk", at(arguments, 1))?;
        Ok(Value::array(all.chunks(n).map(|chunk| Value::array(chunk.to_vec())).collect()))
    }),
    native("window", &["windows"], 2, Some(2), "(n sequence) -> array", "Arrays of `n` neighbouring items, one for each place where they fit.", &[("(window 2 [1 2 3])", "[[1 2] [2 3]]")], |context, arguments| {
        counted(arguments)?;
        let n = count("window", arguments, 0)?;
        if n == 0 {
            return Err(raise(ErrorKind::Value, "`window`: the size is 0"));
        }
        let all = items("window", at(arguments, 1))?;
        reserve(context, all.len().saturating_mul(n.min(all.len())))?;
        Ok(Value::array(all.windows(n).map(|window| Value::array(window.to_vec())).collect()))
    }),
    native("contains?", &["contains", "includes", "elem", "includes?", "string-contains"], 2, Some(2), "(collection item) -> bool", "True if an item is equal to one, a text has a part, an object a key, a set a member.", &[("(contains? [1 2] 2)", "true"), ("(contains? \"hello\" \"ell\")", "true"), ("(contains? {:a 1} :a)", "true")], |_, arguments| {
        if !matches!(at(arguments, 0), Value::Array(_) | Value::List(_) | Value::String(_) | Value::Object(_) | Value::Set(_) | Value::Range(_) | Value::Table(_) | Value::Null | Value::Bytes(_)) {
            arguments.swap(0, 1);
        }
        contains(at(arguments, 0), at(arguments, 1)).map(Value::Bool)
    }),
    native("index-of", &["indexof", "indexOf", "position-of"], 2, Some(2), "(sequence item) -> int", "The first position of an item, or of a part of a text; -1 if it is not there.", &[("(index-of [5 6] 6)", "1"), ("(index-of \"hello\" \"l\")", "2"), ("(index-of [1] 9)", "-1")], |_, arguments| index_of("index-of", arguments, false)),
    native("last-index-of", &["lastIndexOf", "lastindexof"], 2, Some(2), "(sequence item) -> int", "The last position of an item, or of a part of a text; -1 if it is not there.", &[("(last-index-of [1 2 1] 1)", "2")], |_, arguments| index_of("last-index-of", arguments, true)),
    native("member", &["memq"], 2, Some(2), "(item sequence) -> sequence", "The part that begins with an item; null if it is not there.", &[("(member 2 [1 2 3])", "[2 3]"), ("(member 9 [1])", "null")], |_, arguments| {
        unrolled("member", arguments, 1)?;
        let found = crate::arguments::slice("member", arguments, 1)?.iter().position(|item| equal(item, at(arguments, 0)));
        match found {
            Some(place) => part("member", at(arguments, 1), place, usize::MAX),
            None => Ok(Value::Null),
        }
    }),
    native("assoc", &[], 2, None, "(key pairs) -> pair, or (object key value …) -> object", "The first pair whose first item is equal to a key, or null; given an object, the object with other values.", &[("(assoc :b [[:a 1] [:b 2]])", "[:b 2]"), ("(assoc {:a 1} :b 2)", "{:a 1 :b 2}")], |context, arguments| {
        if arguments.len() >= 3 {
            let mut whole = [take(arguments, 0)];
            for pair in arguments.get_mut(1..).unwrap_or(&mut []).chunks_mut(2) {
                if pair.len() < 2 {
                    return Err(raise(ErrorKind::Arity, "`assoc` needs a value for each key"));
                }
                let (key, value) = (take(pair, 0), take(pair, 1));
                whole = [crate::places::put(context, &mut whole, &key, value)?];
            }
            let [whole] = whole;
            return Ok(whole);
        }
        unrolled("assoc", arguments, 1)?;
        let key = at(arguments, 0);
        let found = crate::arguments::slice("assoc", arguments, 1)?
            .iter()
            .find(|pair| pair.as_items().and_then(|pair| pair.first()).is_some_and(|first| equal(first, key)));
        Ok(found.cloned().unwrap_or_default())
    }),
    native("fill", &[], 2, Some(2), "(sequence value) -> sequence", "The sequence with every item replaced by a value.", &[("(fill [1 2] 0)", "[0 0]")], |_, arguments| {
        let value = take(arguments, 1);
        slice_length("fill", at(arguments, 0))?;
        change(take(arguments, 0), |items| items.fill(value))
    }),
    native("rotate", &[], 2, Some(2), "(sequence n) -> sequence", "The sequence with the first `n` items moved to the end.", &[("(rotate [1 2 3] 1)", "[2 3 1]")], |_, arguments| {
        let n = integer("rotate", arguments, 1)?;
        let length = slice_length("rotate", at(arguments, 0))?;
        if length == 0 {
            return Ok(take(arguments, 0));
        }
        let by = n.rem_euclid(length as i64) as usize;
        change(take(arguments, 0), |items| items.rotate_left(by))
    }),
];

/// The memory that so many values take.
fn reserve(context: &mut dyn Context, items: usize) -> Result<(), Raised> {
    context.reserve(items.saturating_mul(size_of::<Value>()))
}

/// Puts a count first that stands second.
fn counted(arguments: &mut [Value]) -> Result<(), Raised> {
    if !at(arguments, 0).is_integer() && at(arguments, 1).is_integer() {
        arguments.swap(0, 1);
    }
    Ok(())
}

fn item(operation: &str, value: &Value, index: i64) -> Result<Value, Raised> {
    match value {
        Value::Object(_) | Value::Set(_) => {
            let all = items(operation, value)?;
            Ok(position(index, all.len()).and_then(|n| all.get(n)).cloned().unwrap_or_default())
        }
        Value::Array(_)
        | Value::List(_)
        | Value::String(_)
        | Value::Range(_)
        | Value::Bytes(_)
        | Value::Null
        | Value::Record(_) => Ok(crate::places::get(value, &Value::Int(index))?.unwrap_or_default()),
        other => Err(type_error(operation, "a sequence", other)),
    }
}

/// The items from one position up to another, clamped, in the kind of the sequence.
fn part(operation: &str, value: &Value, from: usize, to: usize) -> Result<Value, Raised> {
    Ok(match value {
        Value::Array(items) => Value::Array(Rc::new(items.slice(from, to))),
        Value::List(items) => Value::List(Rc::new(items.slice(from, to))),
        Value::String(text) => Value::string(text.slice(from, to)),
        Value::Bytes(bytes) => {
            let to = to.min(bytes.len());
            Value::bytes(bytes.get(from.min(to)..to).unwrap_or(&[]).to_vec())
        }
        Value::Range(range) => {
            let length = range.len();
            let (from, to) = (from.min(length), to.min(length));
            let at = |n: usize| {
                i64::try_from(i128::from(range.start) + i128::from(range.step) * n as i128)
                    .unwrap_or(range.end)
            };
            Value::Range(Rc::new(Range {
                start: at(from),
                end: if to >= length { range.end } else { at(to.max(from)) },
                step: range.step,
            }))
        }
        Value::Null => Value::list(Vec::new()),
        other => {
            let all = items(operation, other)?;
            let to = to.min(all.len());
            Value::array(all.get(from.min(to)..to).unwrap_or(&[]).to_vec())
        }
    })
}

fn bounded(operation: &str, arguments: &mut [Value]) -> Result<Value, Raised> {
    let value = at(arguments, 0);
    let length = length(value).ok_or_else(|| type_error(operation, "a sequence", value))?;
    let bound = |n: usize, absent: usize| -> Result<usize, Raised> {
        if matches!(at(arguments, n), Value::Null) {
            return Ok(absent);
        }
        let index = integer(operation, arguments, n)?;
        let place = if index < 0 { index.saturating_add(length as i64) } else { index };
        usize::try_from(place)
            .ok()
            .filter(|place| *place <= length)
            .ok_or_else(|| index_error(operation, index, length))
    };
    let (from, to) = (bound(1, 0)?, bound(2, length)?);
    if from > to {
        return Err(raise(
            ErrorKind::Index,
            format!("`{operation}`: the start {from} is after the end {to}"),
        ));
    }
    part(operation, value, from, to)
}

/// Replaces an argument that is a range by the array of its items.
fn unrolled(operation: &str, arguments: &mut [Value], position: usize) -> Result<(), Raised> {
    if let Some(place @ Value::Range(_)) = arguments.get_mut(position) {
        *place = Value::array(items(operation, place)?);
    }
    Ok(())
}

/// True if an item can certainly be put in front of a value.
pub(crate) fn may_stand_in_front(sequence: &Value) -> bool {
    matches!(sequence, Value::Array(_) | Value::List(_) | Value::Null)
}

pub(crate) fn in_front(
    context: &mut dyn Context,
    operation: &str,
    sequence: Value,
    item: Value,
) -> Result<Value, Raised> {
    reserve(context, 1)?;
    Ok(match sequence {
        Value::Array(mut items) => {
            Rc::make_mut(&mut items).push_front(item);
            Value::Array(items)
        }
        Value::List(mut items) => {
            Rc::make_mut(&mut items).push_front(item);
            Value::List(items)
        }
        Value::Null => Value::list(vec![item]),
        Value::Range(range) => {
            let mut items: Sequence = range.iter().map(Value::Int).collect();
            items.push_front(item);
            Value::Array(Rc::new(items))
        }
        // A pair of two values, as Common Lisp writes `(a . b)`.
        other
            if other.is_number()
                || matches!(other, Value::Keyword(_) | Value::Symbol(_) | Value::Bool(_)) =>
        {
            Value::list(vec![item, other])
        }
        other => return Err(type_error(operation, "a sequence", &other)),
    })
}

fn append(context: &mut dyn Context, operation: &str, arguments: &mut [Value]) -> Result<Value, Raised> {
    let Some((first, rest)) = arguments.split_first_mut() else { return Ok(Value::array(Vec::new())) };
    match first {
        Value::String(text) => {
            if let Some(other) = rest.iter().find(|other| !matches!(other, Value::String(_) | Value::Char(_)))
            {
                return Err(type_error(operation, "strings, since the first is one", other));
            }
            let bytes = rest.iter().filter_map(Value::as_str).map(str::len).sum();
            context.reserve(bytes)?;
            let mut text = std::mem::take(text);
            for other in rest {
                match other {
                    Value::Char(c) => Rc::make_mut(&mut text).push_str(c.encode_utf8(&mut [0; 4])),
                    other => Rc::make_mut(&mut text).push_str(other.as_str().unwrap_or("")),
                }
            }
            Ok(Value::String(text))
        }
        Value::Bytes(bytes) => {
            let mut bytes = std::mem::take(bytes);
            for other in rest {
                let Value::Bytes(more) = other else {
                    return Err(type_error(operation, "bytes, since the first is bytes", other));
                };
                context.reserve(more.len())?;
                Value::own_bytes(&mut bytes).extend_from_slice(more);
            }
            Ok(Value::Bytes(bytes))
        }
        _ => {
            let mut total: usize = 0;
            for other in rest.iter() {
                if !matches!(
                    other,
                    Value::Array(_) | Value::List(_) | Value::Range(_) | Value::Set(_) | Value::Null
                ) {
                    return Err(type_error(operation, "sequences", other));
                }
                total = total.saturating_add(length(other).unwrap_or(0));
            }
            reserve(context, total)?;
            let mut whole = match std::mem::take(first) {
                whole @ (Value::Array(_) | Value::List(_)) => whole,
                Value::Null => match rest.first() {
                    Some(Value::Array(_)) => Value::array(Vec::new()),
                    _ => Value::list(Vec::new()),
                },
                other @ (Value::Range(_) | Value::Set(_)) => Value::array(items(operation, &other)?),
                other => {
                    let error = type_error(operation, "sequences", &other);
                    *first = other;
                    return Err(error);
                }
            };
            if let Value::Array(store) | Value::List(store) = &mut whole {
                let store = Rc::make_mut(store);
                for other in rest {
                    match other {
                        Value::Array(more) | Value::List(more) => store.append(more),
                        other => items(operation, other)?.into_iter().for_each(|item| store.push(item)),
                    }
                }
            }
            Ok(whole)
        }
    }
}

fn slice_length(operation: &str, value: &Value) -> Result<usize, Raised> {
    match value {
        Value::Array(items) | Value::List(items) => Ok(items.len()),
        Value::Range(range) => Ok(range.len()),
        other => Err(type_error(operation, "an array or a list", other)),
    }
}

/// Changes the items of an array, list or range, in place if nobody else holds them.
fn change(value: Value, step: impl FnOnce(&mut Vec<Value>)) -> Result<Value, Raised> {
    Ok(match value {
        Value::Array(mut items) => {
            let items_of = Rc::make_mut(&mut items);
            let mut all = items_of.take_vec();
            step(&mut all);
            *items_of = Sequence::new(all);
            Value::Array(items)
        }
        Value::List(mut items) => {
            let items_of = Rc::make_mut(&mut items);
            let mut all = items_of.take_vec();
            step(&mut all);
            *items_of = Sequence::new(all);
            Value::List(items)
        }
        other => {
            let mut all = items("sequence", &other)?;
            step(&mut all);
            Value::array(all)
        }
    })
}

/// Items as a list if the sequence that they come from is one, else as an array.
pub fn same_kind(kind: &Value, items: impl Into<Sequence>) -> Value {
    let items = Rc::new(items.into());
    if matches!(kind, Value::List(_)) { Value::List(items) } else { Value::Array(items) }
}

fn contains(collection: &Value, item: &Value) -> Result<bool, Raised> {
    Ok(match collection {
        Value::Null => false,
        Value::String(text) => match item {
            Value::String(part) => text.as_str().contains(part.as_str()),
            Value::Char(c) => text.as_str().contains(*c),
            other => return Err(type_error("contains?", "a string to look for in a string", other)),
        },
        Value::Object(entries) => item.as_key().is_some_and(|key| entries.contains_key(&key)),
        Value::Set(set) => set.items.contains_key(&Key(item.clone())),
        Value::Table(table) => table.try_borrow().is_ok_and(|table| table.contains(item)),
        Value::Range(range) => match number::to_i64(item) {
            Some(n) if range.step == 1 => n >= range.start && n < range.end,
            Some(n) => range.iter().any(|other| other == n),
            None => false,
        },
        Value::Array(items) | Value::List(items) => items.iter().any(|other| equal(&other, item)),
        Value::Bytes(bytes) => number::to_i64(item)
            .and_then(|byte| u8::try_from(byte).ok())
            .is_some_and(|byte| bytes.contains(&byte)),
        other => return Err(type_error("contains?", "a collection", other)),
    })
}

fn index_of(operation: &str, arguments: &[Value], from_end: bool) -> Result<Value, Raised> {
    let (sequence, item) = (at(arguments, 0), at(arguments, 1));
    let found = match sequence {
        Value::String(text) => {
            let part = match item {
                Value::String(part) => part.as_str().to_string(),
                Value::Char(c) => c.to_string(),
                other => return Err(type_error(operation, "a string to look for in a string", other)),
            };
            let byte = if from_end { text.as_str().rfind(&part) } else { text.as_str().find(&part) };
            byte.map(|byte| text.as_str().get(..byte).unwrap_or("").chars().count())
        }
        sequence => {
            let all = items(operation, sequence)?;
            match from_end {
                true => all.iter().rposition(|other| equal(other, item)),
                false => all.iter().position(|other| equal(other, item)),
            }
        }
    };
    Ok(found.map_or(Value::Int(-1), Value::from_usize))
}
