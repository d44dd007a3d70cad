//! Objects, sets and hash tables.

use crate::arguments::{at, items, take};
use crate::context::Context;
use crate::native::{Effect, Example, Native};
use crate::places::{get, put};
use ovsm_value::compare::{Key, equal};
use ovsm_value::error::{raise, type_error};
use ovsm_value::{ErrorKind, Object, Raised, Set, Table, Text, Value};
use std::cell::RefCell;
use std::rc::Rc;

#[allow(clippy::too_many_arguments, reason = "a row of a table")]
const fn native(
    module: &'static str,
    name: &'static str,
    aliases: &'static [&'static str],
    min: u8,
    max: Option<u8>,
    signature: &'static str,
    doc: &'static str,
    examples: &'static [Example],
    run: crate::NativeFn,
) -> Native {
    Native { name, aliases, module, signature, doc, examples, min, max, effect: Effect::State, run }
}

const OBJECT: &str = "std/object";
const SET: &str = "std/set";
const TABLE: &str = "std/hash-table";

/// One that only computes, so that a variable that is given what it makes of the variable is updated in place. On an
/// error it leaves its first argument.
const fn pure(native: Native) -> Native {
    Native { effect: Effect::Pure, ..native }
}

/// The natives of this module.
#[rustfmt::skip]
pub const NATIVES: &[Native] = &[
    native(OBJECT, "object", &["make-object"], 0, None, "(key value …) -> object", "An object of keys and values in turn.", &[("(object :a 1 :b 2)", "{:a 1 :b 2}")], |_, arguments| {
        if !arguments.len().is_multiple_of(2) {
            return Err(raise(ErrorKind::Arity, "`object` needs a value for each key"));
        }
        let mut entries = Object::default();
        for pair in arguments.chunks_mut(2) {
            let value = take(pair, 1);
            entries.insert(key_of("object", at(pair, 0))?, value);
        }
        Ok(Value::object(entries))
    }),
    native(OBJECT, "keys", &[], 1, Some(1), "(object) -> array", "The keys as strings, in order; of a hash table, the keys themselves.", &[("(keys {:a 1 :b 2})", "[\"a\" \"b\"]")], |_, arguments| match at(arguments, 0) {
        Value::Table(table) => Ok(Value::array(borrow(table)?.keys().collect())),
        value => Ok(Value::array(object("keys", value)?.keys().map(|key| Value::String(Rc::clone(key))).collect())),
    }),
    native(OBJECT, "object-values", &["vals"], 1, Some(1), "(object) -> array", "The values, in order.", &[("(object-values {:a 1 :b 2})", "[1 2]")], |_, arguments| match at(arguments, 0) {
        Value::Table(table) => Ok(Value::array(borrow(table)?.values().collect())),
        value => Ok(Value::array(object("object-values", value)?.values().cloned().collect())),
    }),
    native(OBJECT, "entries", &["object-entries", "items"], 1, Some(1), "(object) -> array", "Arrays of key and value, in order.", &[("(entries {:a 1})", "[[\"a\" 1]]")], |_, arguments| match at(arguments, 0) {
        Value::Table(table) => Ok(Value::array(borrow(table)?.iter().map(|(key, value)| Value::array(vec![key, value])).collect())),
        value => {
            object("entries", value)?;
            Ok(Value::array(items("entries", value)?))
        }
    }),
    native(OBJECT, "from-entries", &["object-from-entries"], 1, Some(1), "(pairs) -> object", "An object of pairs of key and value.", &[("(from-entries [[:a 1] [:b 2]])", "{:a 1 :b 2}")], |_, arguments| {
        let mut entries = Object::default();
        for pair in items("from-entries", at(arguments, 0))? {
            match pair.as_items() {
                Some([key, value]) => entries.insert(key_of("from-entries", key)?, value.clone()),
                _ => return Err(type_error("from-entries", "pairs of key and value", &pair)),
            };
        }
        Ok(Value::object(entries))
    }),
    native(OBJECT, "zip-object", &["zipmap"], 2, Some(2), "(keys values) -> object", "An object of keys with the values at the same positions.", &[("(zip-object [:a :b] [1 2])", "{:a 1 :b 2}")], |_, arguments| {
        let (keys, values) = (items("zip-object", at(arguments, 0))?, items("zip-object", at(arguments, 1))?);
        let mut entries = Object::default();
        for (key, value) in keys.iter().zip(values) {
            entries.insert(key_of("zip-object", key)?, value);
        }
        Ok(Value::object(entries))
    }),
    pure(native(OBJECT, "merge", &[], 0, None, "(object…) -> object", "All entries; where a key is in several, the last wins.", &[("(merge {:a 1 :b 1} {:b 2})", "{:a 1 :b 2}"), ("(merge)", "{}")], |_, arguments| {
        if let Some(other) = arguments.iter().find(|argument| !matches!(argument, Value::Null | Value::Object(_))) {
            return Err(type_error("merge", "objects", other));
        }
        let mut whole: Rc<Object> = Rc::default();
        for (n, argument) in arguments.iter_mut().enumerate() {
            match std::mem::take(argument) {
                Value::Null => {}
                Value::Object(entries) if n == 0 => whole = entries,
                Value::Object(entries) => {
                    // One by one: `extend` makes room for exactly what comes, each time anew.
                    let own = Rc::make_mut(&mut whole);
                    for (key, value) in entries.iter() {
                        own.insert(Rc::clone(key), value.clone());
                    }
                }
                other => return Err(type_error("merge", "objects", &other)),
            }
        }
        Ok(Value::Object(whole))
    })),
    native(OBJECT, "deep-merge", &[], 0, None, "(object…) -> object", "All entries; objects under one key are merged in turn.", &[("(deep-merge {:a {:b 1}} {:a {:c 2}})", "{:a {:b 1 :c 2}}")], |_, arguments| {
        let mut whole = Value::object(Object::default());
        for argument in arguments {
            whole = deep_merge(whole, argument)?;
        }
        Ok(whole)
    }),
    pure(native(OBJECT, "dissoc", &["remove-key", "delete-key", "without-key"], 1, None, "(object key…) -> object", "The object without keys.", &[("(dissoc {:a 1 :b 2} :a)", "{:b 2}")], |_, arguments| {
        object("dissoc", at(arguments, 0))?;
        let mut whole = match take(arguments, 0) {
            Value::Object(entries) => entries,
            _ => Rc::default(),
        };
        for key in arguments.iter().skip(1) {
            if let Some(key) = key.as_key()
                && whole.contains_key(&key)
            {
                Rc::make_mut(&mut whole).remove(&key);
            }
        }
        Ok(Value::Object(whole))
    })),
    native(OBJECT, "select-keys", &["pick"], 2, Some(2), "(object keys) -> object", "The entries of some keys.", &[("(select-keys {:a 1 :b 2} [:b])", "{:b 2}")], |_, arguments| {
        let whole = object("select-keys", at(arguments, 0))?;
        let mut entries = Object::default();
        for key in items("select-keys", at(arguments, 1))? {
            if let Some(key) = key.as_key()
                && let Some(value) = whole.get(&key)
            {
                entries.insert(key, value.clone());
            }
        }
        Ok(Value::object(entries))
    }),
    native(OBJECT, "has-key?", &["has-key", "contains-key?"], 2, Some(2), "(object key) -> bool", "True if there is an entry of a key, also one of null.", &[("(has-key? {:a null} :a)", "true")], |_, arguments| match at(arguments, 0) {
        Value::Table(table) => Ok(Value::Bool(borrow(table)?.contains(at(arguments, 1)))),
        value => Ok(Value::Bool(at(arguments, 1).as_key().is_some_and(|key| object("has-key?", value).is_ok_and(|entries| entries.contains_key(&key))))),
    }),
    pure(native(OBJECT, "set-key", &[], 3, Some(3), "(object key value) -> object", "The object with another value under a key.", &[("(set-key {:a 1} :a 2)", "{:a 2}")], |context, arguments| {
        let value = take(arguments, 2);
        let key = take(arguments, 1);
        put(context, arguments, &key, value)
    })),
    pure(native(OBJECT, "assoc-in", &[], 3, Some(3), "(object path value) -> object", "The object with another value at the end of a path, or under one key.", &[("(assoc-in {:a {:b 1}} [:a :b] 2)", "{:a {:b 2}}"), ("(assoc-in {} :a 1)", "{:a 1}")], |context, arguments| {
        if at(arguments, 1).items_count().is_none() {
            let key = take(arguments, 1);
            if let Some(place) = arguments.get_mut(1) {
                *place = Value::array(vec![key]);
            }
        }
        run_native("#put-in", context, arguments)
    })),
    native(OBJECT, "update", &["update-key"], 3, None, "(object key function argument…) -> object", "The object with the value under a key replaced by what the function gives for it.", &[("(update {:a 1} :a 1+)", "{:a 2}")], |context, arguments| {
        let key = at(arguments, 1).clone();
        let function = at(arguments, 2).clone();
        let mut call = vec![get(at(arguments, 0), &key)?.unwrap_or_default()];
        call.extend(arguments.iter().skip(3).cloned());
        let value = context.call(&function, &call)?;
        put(context, arguments, &key, value)
    }),
    native(OBJECT, "update-in", &[], 3, None, "(object path function argument…) -> object", "The object with what is at the end of a path replaced by what the function gives for it.", &[("(update-in {:a {:b 1}} [:a :b] + 10)", "{:a {:b 11}}")], |context, arguments| {
        let mut value = at(arguments, 0).clone();
        for key in crate::arguments::slice("update-in", arguments, 1)? {
            value = get(&value, key)?.unwrap_or_default();
        }
        let function = at(arguments, 2).clone();
        let mut call = vec![value];
        call.extend(arguments.iter().skip(3).cloned());
        let value = context.call(&function, &call)?;
        let mut parts = [take(arguments, 0), take(arguments, 1), value];
        run_native("#put-in", context, &mut parts)
    }),
    native(OBJECT, "map-vals", &["map-values"], 2, Some(2), "(function object) -> object", "The object with each value replaced by what the function gives for it.", &[("(map-vals 1+ {:a 1})", "{:a 2}")], |context, arguments| {
        crate::arguments::function_first("map-vals", arguments)?;
        let function = take(arguments, 0);
        let mut entries = Object::default();
        for (key, value) in object("map-vals", at(arguments, 1))?.iter() {
            entries.insert(Rc::clone(key), context.call(&function, std::slice::from_ref(value))?);
        }
        Ok(Value::object(entries))
    }),
    native(OBJECT, "map-keys", &[], 2, Some(2), "(function object) -> object", "The object with each key replaced by what the function gives for it.", &[("(map-keys upper {:a 1})", "{:A 1}")], |context, arguments| {
        crate::arguments::function_first("map-keys", arguments)?;
        let function = take(arguments, 0);
        let mut entries = Object::default();
        for (key, value) in object("map-keys", at(arguments, 1))?.iter() {
            let key = context.call(&function, &[Value::String(Rc::clone(key))])?;
            entries.insert(key_of("map-keys", &key)?, value.clone());
        }
        Ok(Value::object(entries))
    }),
    native(OBJECT, "invert", &[], 1, Some(1), "(object) -> object", "The values as keys, the keys as values.", &[("(invert {:a \"x\"})", "{:x \"a\"}")], |_, arguments| {
        let mut entries = Object::default();
        for (key, value) in object("invert", at(arguments, 0))?.iter() {
            entries.insert(key_of("invert", value)?, Value::String(Rc::clone(key)));
        }
        Ok(Value::object(entries))
    }),
    native(OBJECT, "find-key", &["get-deep"], 2, Some(2), "(object key) -> any", "What is under a key, here or in the first nested object that has it; null if none has.", &[("(find-key {:a {:b 5}} :b)", "5")], |_, arguments| {
        let Some(key) = at(arguments, 1).as_key() else { return Err(type_error("find-key", "a keyword or string", at(arguments, 1))) };
        Ok(find_path(at(arguments, 0), &key).map(|(_, value)| value).unwrap_or_default())
    }),
    native(OBJECT, "get-path", &[], 2, Some(2), "(object key) -> object", "Where `find-key` finds a key: `{:value :path}`; null if nowhere.", &[("(get-path {:a {:b 5}} :b)", "{:value 5 :path [\"a\" \"b\"]}")], |_, arguments| {
        let Some(key) = at(arguments, 1).as_key() else { return Err(type_error("get-path", "a keyword or string", at(arguments, 1))) };
        Ok(match find_path(at(arguments, 0), &key) {
            None => Value::Null,
            Some((path, value)) => {
                let mut entries = Object::default();
                entries.insert(Rc::new(Text::new("value")), value);
                entries.insert(Rc::new(Text::new("path")), Value::array(path));
                Value::object(entries)
            }
        })
    }),
    native(OBJECT, "discover", &[], 1, Some(2), "(object) -> array", "All names of fields, also those of nested objects; with `:with-paths`, their paths joined by dots.", &[("(discover {:a {:b 1}})", "[\"a\" \"b\"]")], |_, arguments| {
        let mut names = Vec::new();
        discover(at(arguments, 0), "", arguments.len() == 2, &mut names);
        names.dedup();
        Ok(Value::array(names.into_iter().map(Value::string).collect()))
    }),
    native(SET, "set", &["to-set", "list->set"], 0, None, "(sequence) -> set", "The items of one sequence as a set; of an object, a key and a value, the object with that entry.", &[("(set [1 2 1])", "#{1 2}"), ("(set {:a 1} :a 2)", "{:a 2}")], |context, arguments| match arguments.len() {
        3 => {
            let value = take(arguments, 2);
            let key = take(arguments, 1);
            put(context, arguments, &key, value)
        }
        1 => Ok(set(items("set", at(arguments, 0))?)),
        0 => Ok(set(Vec::new())),
        _ => Err(raise(ErrorKind::Arity, "`set` takes a sequence, or an object, a key and a value")),
    }),
    native(SET, "union", &["set-union"], 0, None, "(set…) -> set", "The members of any.", &[("(union #{1} #{2})", "#{1 2}")], |_, arguments| {
        let mut all = Vec::new();
        for argument in arguments.iter() {
            all.extend(items("union", argument)?);
        }
        Ok(set(all))
    }),
    native(SET, "intersection", &["set-intersection"], 1, None, "(set…) -> set", "The members of all.", &[("(intersection #{1 2} #{2 3})", "#{2}")], |_, arguments| combine("intersection", arguments, |is_in_others| is_in_others)),
    native(SET, "difference", &["set-difference"], 1, None, "(set…) -> set", "The members of the first that no other has.", &[("(difference #{1 2} #{2 3})", "#{1}")], |_, arguments| {
        let mut rest = set(Vec::new());
        if let Value::Set(members) = &mut rest {
            for argument in arguments.iter().skip(1) {
                Rc::make_mut(members).items.extend(items("difference", argument)?.into_iter().map(|item| (Key(item), ())));
            }
        }
        let first = items("difference", at(arguments, 0))?;
        let Value::Set(members) = rest else { return Ok(Value::Null) };
        Ok(set(first.into_iter().filter(|item| !members.items.contains_key(&Key(item.clone()))).collect()))
    }),
    native(SET, "symmetric-difference", &[], 2, Some(2), "(set set) -> set", "The members of exactly one.", &[("(symmetric-difference #{1 2} #{2 3})", "#{1 3}")], |_, arguments| {
        let (a, b) = (items("symmetric-difference", at(arguments, 0))?, items("symmetric-difference", at(arguments, 1))?);
        let (Value::Set(in_a), Value::Set(in_b)) = (set(a.clone()), set(b.clone())) else { return Ok(Value::Null) };
        let own = a.into_iter().filter(|item| !in_b.items.contains_key(&Key(item.clone())));
        let other = b.into_iter().filter(|item| !in_a.items.contains_key(&Key(item.clone())));
        Ok(set(own.chain(other).collect()))
    }),
    native(SET, "subset?", &["subsetp"], 2, Some(2), "(set set) -> bool", "True if the second has all members of the first.", &[("(subset? #{1} #{1 2})", "true")], |_, arguments| subset(at(arguments, 0), at(arguments, 1))),
    native(SET, "superset?", &[], 2, Some(2), "(set set) -> bool", "True if the first has all members of the second.", &[("(superset? #{1 2} #{1})", "true")], |_, arguments| subset(at(arguments, 1), at(arguments, 0))),
    native(SET, "disjoint?", &[], 2, Some(2), "(set set) -> bool", "True if no member is in both.", &[("(disjoint? #{1} #{2})", "true")], |_, arguments| {
        let Value::Set(second) = set(items("disjoint?", at(arguments, 1))?) else { return Ok(Value::Null) };
        Ok(Value::Bool(items("disjoint?", at(arguments, 0))?.into_iter().all(|item| !second.items.contains_key(&Key(item)))))
    }),
    pure(native(SET, "set-add", &["adjoin", "conj"], 2, Some(2), "(set item) -> set", "The set with one more member; of an array or list, the items with it unless it is there.", &[("(set-add #{1} 2)", "#{1 2}")], |_, arguments| {
        if !matches!(at(arguments, 0), Value::Set(_)) && matches!(at(arguments, 1), Value::Set(_) | Value::Array(_) | Value::List(_)) && at(arguments, 0).items_count().is_none() {
            arguments.swap(0, 1);
        }
        // On an error the set stays where it is.
        if !matches!(at(arguments, 0), Value::Set(_) | Value::Array(_) | Value::List(_) | Value::Null) {
            return Err(type_error("set-add", "a set", at(arguments, 0)));
        }
        let item = take(arguments, 1);
        match take(arguments, 0) {
            Value::Set(mut members) => {
                Rc::make_mut(&mut members).items.insert(Key(item), ());
                Ok(Value::Set(members))
            }
            Value::Array(mut all) => {
                if !all.iter().any(|other| equal(&other, &item)) {
                    Rc::make_mut(&mut all).push(item);
                }
                Ok(Value::Array(all))
            }
            Value::List(mut all) => {
                if !all.iter().any(|other| equal(&other, &item)) {
                    Rc::make_mut(&mut all).push_front(item);
                }
                Ok(Value::List(all))
            }
            other => Err(type_error("set-add", "a set", &other)),
        }
    })),
    pure(native(SET, "set-remove", &["disj"], 2, Some(2), "(set item) -> set", "The set without a member.", &[("(set-remove #{1 2} 1)", "#{2}")], |_, arguments| {
        if !matches!(at(arguments, 0), Value::Set(_)) {
            return Err(type_error("set-remove", "a set", at(arguments, 0)));
        }
        let item = take(arguments, 1);
        match take(arguments, 0) {
            Value::Set(mut members) => {
                Rc::make_mut(&mut members).items.remove(&Key(item));
                Ok(Value::Set(members))
            }
            other => Err(type_error("set-remove", "a set", &other)),
        }
    })),
    native(TABLE, "make-hash-table", &[], 0, None, "() -> hash-table", "A new mutable table; the options of Common Lisp are accepted and need not be given.", &[("(hash-table-count (make-hash-table))", "0")], |_, _| Ok(Value::Table(Rc::default()))),
    native(TABLE, "gethash", &["hash-table-ref", "hash-get"], 2, Some(3), "(key table default) -> any", "What a table has under a key, the default or null if nothing; the first two operands may be exchanged.", &[("(gethash :a (hash-table :a 1))", "1")], |_, arguments| {
        if !matches!(at(arguments, 0), Value::Table(_)) {
            arguments.swap(0, 1);
        }
        match get(at(arguments, 0), at(arguments, 1))? {
            Some(value) => Ok(value),
            None => Ok(take(arguments, 2)),
        }
    }),
    native(TABLE, "puthash", &["hash-table-set!", "hash-set!"], 3, Some(3), "(table key value) -> any", "Puts a value under a key; gives the value. Common Lisp's order, key value table, is accepted too.", &[("(let ((t (hash-table))) (puthash t :a 1) (gethash t :a))", "1")], |_, arguments| {
        if !matches!(at(arguments, 0), Value::Table(_)) && matches!(at(arguments, 2), Value::Table(_)) {
            arguments.rotate_right(1);
        }
        let Value::Table(table) = at(arguments, 0) else {
            return Err(type_error("puthash", "a hash table", at(arguments, 0)));
        };
        // What is replaced may be the last holder of something that looks into this table.
        let old = table.try_borrow_mut().map_err(|_| busy())?.put(at(arguments, 1), at(arguments, 2));
        drop(old);
        Ok(take(arguments, 2))
    }),
    native(TABLE, "remhash", &["hash-table-delete!", "hash-remove!"], 2, Some(2), "(key table) -> bool", "Removes a key; tells whether it was there. The operands may be exchanged.", &[("(remhash :a (hash-table :a 1))", "true")], |_, arguments| {
        if !matches!(at(arguments, 0), Value::Table(_)) {
            arguments.swap(0, 1);
        }
        let key = take(arguments, 1);
        let table = table("remhash", at(arguments, 0))?;
        let old = table.try_borrow_mut().map_err(|_| busy())?.remove(&key);
        Ok(Value::Bool(old.is_some()))
    }),
    native(TABLE, "clrhash", &["hash-table-clear!"], 1, Some(1), "(table) -> hash-table", "Removes everything; gives the table.", &[("(hash-table-count (clrhash (hash-table :a 1)))", "0")], |_, arguments| {
        let table = table("clrhash", at(arguments, 0))?;
        let old = std::mem::take(&mut *table.try_borrow_mut().map_err(|_| busy())?);
        drop(old);
        Ok(take(arguments, 0))
    }),
    native(TABLE, "hash-table-count", &["hash-table-size"], 1, Some(1), "(table) -> int", "How many entries a table has.", &[("(hash-table-count (hash-table :a 1))", "1")], |_, arguments| Ok(Value::from_usize(borrow(&table("hash-table-count", at(arguments, 0))?)?.len()))),
    native(TABLE, "hash-table-keys", &[], 1, Some(1), "(table) -> array", "The keys, in order of insertion.", &[("(hash-table-keys (hash-table :a 1))", "[:a]")], |_, arguments| Ok(Value::array(borrow(&table("hash-table-keys", at(arguments, 0))?)?.keys().collect()))),
    native(TABLE, "hash-table-values", &[], 1, Some(1), "(table) -> array", "The values, in order of insertion of their keys.", &[("(hash-table-values (hash-table :a 1))", "[1]")], |_, arguments| Ok(Value::array(borrow(&table("hash-table-values", at(arguments, 0))?)?.values().collect()))),
    native(TABLE, "hash-table-entries", &["hash-table->alist"], 1, Some(1), "(table) -> array", "Arrays of key and value.", &[("(hash-table-entries (hash-table :a 1))", "[[:a 1]]")], |_, arguments| Ok(Value::array(borrow(&table("hash-table-entries", at(arguments, 0))?)?.iter().map(|(key, value)| Value::array(vec![key, value])).collect()))),
    native(TABLE, "hash-table->object", &[], 1, Some(1), "(table) -> object", "An object of the entries, whose keys must be names.", &[("(hash-table->object (hash-table :a 1))", "{:a 1}")], |_, arguments| {
        let mut entries = Object::default();
        for (key, value) in borrow(&table("hash-table->object", at(arguments, 0))?)?.iter() {
            entries.insert(key_of("hash-table->object", &key)?, value);
        }
        Ok(Value::object(entries))
    }),
    native(TABLE, "copy-hash-table", &[], 1, Some(1), "(table) -> hash-table", "A table of its own with the same entries.", &[("(hash-table-count (copy-hash-table (hash-table :a 1)))", "1")], |_, arguments| {
        let copy = borrow(&table("copy-hash-table", at(arguments, 0))?)?.clone();
        Ok(Value::Table(Rc::new(RefCell::new(copy))))
    }),
    native(TABLE, "maphash", &[], 2, Some(2), "(function table) -> null", "Calls the function with each key and value.", &[("(maphash (fn (k v) v) (hash-table :a 1))", "null")], |context, arguments| {
        crate::arguments::function_first("maphash", arguments)?;
        let function = take(arguments, 0);
        let entries: Vec<(Value, Value)> = borrow(&table("maphash", at(arguments, 1))?)?.iter().collect();
        for (key, value) in entries {
            context.call(&function, &[key, value])?;
        }
        Ok(Value::Null)
    }),
];

fn run_native(name: &str, context: &mut dyn Context, arguments: &mut [Value]) -> Result<Value, Raised> {
    match crate::native::find(name).and_then(crate::native::get) {
        Some(native) => (native.run)(context, arguments),
        None => Ok(Value::Null),
    }
}

fn key_of(operation: &str, value: &Value) -> Result<Rc<Text>, Raised> {
    match value {
        Value::Int(_) | Value::Fixed(..) | Value::Char(_) | Value::Bool(_) => {
            Ok(Rc::new(Text::new(ovsm_value::write::display(value))))
        }
        value => {
            value.as_key().ok_or_else(|| type_error(operation, "a keyword, string or symbol as a key", value))
        }
    }
}

fn object(operation: &str, value: &Value) -> Result<Rc<Object>, Raised> {
    match value {
        Value::Object(entries) => Ok(Rc::clone(entries)),
        Value::Null => Ok(Rc::default()),
        Value::Record(record) => {
            Ok(Rc::new(record.ty.fields.iter().cloned().zip(record.fields.iter().cloned()).collect()))
        }
        // An error is an object for whoever reads it: `{:kind :message :data :trace}`.
        error @ Value::Error(_) => {
            let mut entries = Object::default();
            for name in ["kind", "message", "data", "trace"] {
                let part = get(error, &Value::keyword(name))?.unwrap_or_default();
                entries.insert(Rc::new(Text::new(name)), part);
            }
            Ok(Rc::new(entries))
        }
        other => Err(type_error(operation, "an object", other)),
    }
}

fn table(operation: &str, value: &Value) -> Result<Rc<RefCell<Table>>, Raised> {
    if let Value::Table(table) = value {
        Ok(Rc::clone(table))
    } else {
        Err(type_error(operation, "a hash table", value))
    }
}

fn borrow(table: &Rc<RefCell<Table>>) -> Result<std::cell::Ref<'_, Table>, Raised> {
    table.try_borrow().map_err(|_| busy())
}

fn busy() -> Raised {
    raise(ErrorKind::Value, "the hash table is being changed")
}

fn set(items: Vec<Value>) -> Value {
    Value::Set(Rc::new(Set { items: items.into_iter().map(|item| (Key(item), ())).collect() }))
}

fn combine(operation: &str, arguments: &[Value], keep: fn(bool) -> bool) -> Result<Value, Raised> {
    let first = items(operation, at(arguments, 0))?;
    let mut others = Vec::new();
    for argument in arguments.iter().skip(1) {
        if let Value::Set(members) = set(items(operation, argument)?) {
            others.push(members);
        }
    }
    let is_in_all =
        |item: &Value| others.iter().all(|members| members.items.contains_key(&Key(item.clone())));
    Ok(set(first.into_iter().filter(|item| keep(is_in_all(item))).collect()))
}

fn subset(small: &Value, large: &Value) -> Result<Value, Raised> {
    let Value::Set(large) = set(items("subset?", large)?) else { return Ok(Value::Null) };
    Ok(Value::Bool(items("subset?", small)?.into_iter().all(|item| large.items.contains_key(&Key(item)))))
}

fn deep_merge(a: Value, b: &Value) -> Result<Value, Raised> {
    match (a, b) {
        (a, Value::Null) => Ok(a),
        (Value::Object(mut whole), Value::Object(more)) => {
            for (key, value) in more.iter() {
                let merged = match whole.get(key) {
                    Some(old @ Value::Object(_)) if matches!(value, Value::Object(_)) => {
                        let old = old.clone();
                        ovsm_base::stack::with_room(|| deep_merge(old, value))?
                    }
                    _ => value.clone(),
                };
                Rc::make_mut(&mut whole).insert(Rc::clone(key), merged);
            }
            Ok(Value::Object(whole))
        }
        (_, other) => Err(type_error("deep-merge", "objects", other)),
    }
}

/// Depth first, after the direct hit.
fn find_path(value: &Value, key: &Rc<Text>) -> Option<(Vec<Value>, Value)> {
    let children: Vec<(Value, &Value)> = match value {
        Value::Object(entries) => {
            if let Some(found) = entries.get(key) {
                return Some((vec![Value::String(Rc::clone(key))], found.clone()));
            }
            entries.iter().map(|(key, value)| (Value::String(Rc::clone(key)), value)).collect()
        }
        Value::Array(items) | Value::List(items) => {
            items.as_slice().iter().enumerate().map(|(n, item)| (Value::from_usize(n), item)).collect()
        }
        _ => return None,
    };
    for (step, child) in children {
        if let Some((mut path, found)) = ovsm_base::stack::with_room(|| find_path(child, key)) {
            path.insert(0, step);
            return Some((path, found));
        }
    }
    None
}

fn discover(value: &Value, prefix: &str, with_paths: bool, names: &mut Vec<String>) {
    match value {
        Value::Object(entries) => {
            for (key, child) in entries.iter() {
                let path = if prefix.is_empty() {
                    key.as_str().to_string()
                } else {
                    format!("{prefix}.{}", key.as_str())
                };
                let name = if with_paths { path.clone() } else { key.as_str().to_string() };
                if !names.contains(&name) {
                    names.push(name);
                }
                ovsm_base::stack::with_room(|| discover(child, &path, with_paths, names));
            }
        }
        Value::Array(items) | Value::List(items) => {
            for child in items.as_slice() {
                ovsm_base::stack::with_room(|| discover(child, prefix, with_paths, names));
            }
        }
        _ => {}
    }
}
