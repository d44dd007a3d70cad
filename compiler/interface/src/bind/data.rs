//! What a macro does with its arguments: what it binds, what it writes, and what its comment says of them.
//!
//! The same pieces are the data of a call, or are put at the end of a vec of bytes. Start with `Writer::written`.

use super::{Writer, comment, needed, type_text};
use crate::foreign::{Argument, Count, Encoding};

/// A part of what is written, with the name of the parameter.
pub(super) enum Given<'p> {
    Bytes(&'p [u8]),
    Argument(String, &'p Argument),
}

/// A piece of what is written.
pub(super) enum Datum {
    /// These bytes.
    Constant(Vec<u8>),
    /// A number of so many bits.
    Number(u32, String),
    /// A value of a type, of so many bytes.
    Value(String, String, u32),
    /// The items of a sequence; of so many bytes if they are of a type.
    Items(String, Option<(String, u32)>),
    /// The first or the second pieces, which depends on whether a parameter is there.
    Either(String, Vec<Datum>, Vec<Datum>),
}

/// What becomes of arguments.
#[derive(Default)]
pub(super) struct Written {
    /// Parameters of the macro.
    pub parameters: Vec<String>,
    /// What is said of each.
    pub words: Vec<String>,
    /// What is bound, so that it is evaluated once: one after the other.
    pub bindings: Vec<String>,
    /// What is written then.
    pub data: Vec<Datum>,
}

impl Writer<'_> {
    /// What becomes of the arguments of a macro.
    pub(super) fn written(&self, name: &str, given: &[Given<'_>]) -> Written {
        let mut written = Written::default();
        for part in given {
            let (parameter, argument) = match part {
                Given::Bytes(bytes) => {
                    written.data.push(Datum::Constant(bytes.to_vec()));
                    continue;
                }
                Given::Argument(parameter, argument) => (parameter, argument),
            };
            let (what, bindings, data) = self.argument(parameter, &argument.encoding);
            match argument.option {
                None => {
                    written.parameters.push(needed(name, parameter));
                    written.words.push(format!("`:{parameter}` is {what}"));
                    written.bindings.extend(bindings);
                    written.data.extend(data);
                }
                Some(bits) => {
                    written.parameters.push(format!("({parameter} null)"));
                    written.words.push(format!("`:{parameter}` is {what}, and may be left out"));
                    let bindings = bindings.join(" ");
                    if !bindings.is_empty() {
                        written.bindings.push(format!(",@(if (null? {parameter}) '() `({bindings}))"));
                    }
                    let tag = |there: u8| {
                        let mut bytes = vec![0; bits as usize / 8];
                        bytes.iter_mut().take(1).for_each(|first| *first = there);
                        Datum::Constant(bytes)
                    };
                    let data = std::iter::once(tag(1)).chain(data).collect();
                    written.data.push(Datum::Either(parameter.clone(), vec![tag(0)], data));
                }
            }
        }
        written
    }

    /// What an argument is in words, what is bound for it, and what is written.
    fn argument(&self, parameter: &str, encoding: &Encoding) -> (String, Vec<String>, Vec<Datum>) {
        let own = format!("own-{parameter}");
        let counted = |bits: u32, length: String, items: Datum| {
            let number = (bits > 0).then_some(Datum::Number(bits, length));
            number.into_iter().chain([items]).collect::<Vec<_>>()
        };
        let name_of = |name: &str| self.types.get(name).cloned().unwrap_or_default();
        let uneven_of = |name: &str| self.uneven.get(name).cloned().unwrap_or_default();
        match encoding {
            Encoding::Fixed(ty, bytes) => {
                let ty = type_text(ty, &self.types);
                (ty.clone(), Vec::new(), vec![Datum::Value(ty, format!(",{parameter}"), *bytes)])
            }
            Encoding::Text(bits) => {
                let bindings = vec![format!("({own} : string ,{parameter})")];
                let items = Datum::Items(format!("(bytes {own})"), None);
                ("a string".to_string(), bindings, counted(*bits, format!("(length (bytes {own}))"), items))
            }
            Encoding::Bytes(bits) => {
                let bindings = vec![bytes_binding(&own, parameter)];
                let items = Datum::Items(own.clone(), None);
                ("bytes".to_string(), bindings, counted(*bits, format!("(length {own})"), items))
            }
            Encoding::Raw(reason) => {
                let bindings = vec![bytes_binding(&own, parameter)];
                let what = format!("the bytes of the value as they are sent ({})", comment(reason));
                (what, bindings, vec![Datum::Items(own, None)])
            }
            Encoding::List(bits, item, bytes) => {
                let item = type_text(item, &self.types);
                let bindings = vec![format!("({own} : (array {item}) ,{parameter})")];
                let what = format!("any number of items, each {item}");
                let items = Datum::Items(own.clone(), Some((item, *bytes)));
                (what, bindings, counted(*bits, format!("(length {own})"), items))
            }
            Encoding::Uneven(name) => {
                let bindings = vec![format!("({own} ({} ,{parameter}))", uneven_of(name))];
                (name_of(name), bindings, vec![Datum::Items(own, None)])
            }
            Encoding::UnevenList(bits, name) => {
                let (item, writes) = (name_of(name), uneven_of(name));
                let all = format!(
                    "(bytes-of-{parameter} (let ((all (vec u8))) (for (item {own}) (append! all ({writes} item))) all))"
                );
                let bindings = vec![format!("({own} : (array {item}) ,{parameter})"), all];
                let items = Datum::Items(format!("bytes-of-{parameter}"), None);
                (
                    format!("any number of items, each {item}"),
                    bindings,
                    counted(*bits, format!("(length {own})"), items),
                )
            }
            Encoding::Open(name) => {
                let Some(names) = self.open.get(name.as_str()) else { return Default::default() };
                let bindings = vec![format!("({own} : {} ,{parameter})", names.value)];
                let what = format!("{}, which {} makes", names.value, names.makers());
                (what, bindings, vec![Datum::Items(format!("(. {own} bytes)"), None)])
            }
            Encoding::OpenList(count, name) => {
                let Some((names, list)) =
                    self.open.get(name.as_str()).and_then(|names| Some((names, names.list.as_ref()?)))
                else {
                    return Default::default();
                };
                let mut bindings = vec![format!(
                    "({own} : {} ,(if (array? {parameter}) `({} ,@{parameter}) {parameter}))",
                    list.value, list.make
                )];
                let items = Datum::Items(format!("(. {own} bytes)"), None);
                let shown = format!(
                    "as `[…]` with what {} makes, or {}, which `{}` makes",
                    names.makers(),
                    list.value,
                    list.make
                );
                let (many, data) = match count {
                    Count::Before(bits) => {
                        ("any number of", counted(*bits, format!("(. {own} count)"), items))
                    }
                    Count::Exactly(length) => {
                        // The number of an array that always has as many items is not written.
                        bindings
                            .push(format!("(checked (if (= (. {own} count) {length}u64) true (fail-as 3)))"));
                        return (format!("{length} times {}, {shown}", names.value), bindings, vec![items]);
                    }
                };
                (format!("{many} {}, {shown}", names.value), bindings, data)
            }
        }
    }
}

/// Binds a view of bytes; a literal of bytes becomes the array that it stands for.
fn bytes_binding(own: &str, parameter: &str) -> String {
    format!("({own} : (array u8) ,(if (bytes? {parameter}) (to-array {parameter}) {parameter}))")
}

/// Pieces as the data of a call.
pub(super) fn calls(data: &[Datum]) -> Vec<String> {
    let mut texts = Vec::new();
    for datum in data {
        match datum {
            Datum::Constant(bytes) => texts.extend(constants(bytes)),
            Datum::Number(bits, number) => texts.push(format!("(u{bits} {number})")),
            Datum::Value(ty, value, _) => texts.push(format!("(the {ty} {value})")),
            Datum::Items(items, _) => texts.push(items.clone()),
            Datum::Either(parameter, none, some) => texts.push(format!(
                ",@(if (null? {parameter}) '({}) `({}))",
                calls(none).join(" "),
                calls(some).join(" ")
            )),
        }
    }
    texts
}

/// Forms that put pieces at the end of the vec `out`.
pub(super) fn appends(data: &[Datum]) -> Vec<String> {
    let append = |ty: &str, value: &str, bytes: u32| {
        format!("(let ((it : {ty} {value})) (append! out (bytes-at (address-of it) {bytes})))")
    };
    let mut texts = Vec::new();
    for datum in data {
        match datum {
            Datum::Constant(bytes) => texts.extend(bytes.chunks(32).map(|bytes| {
                let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte}u8")).collect();
                format!("(push! out {})", bytes.join(" "))
            })),
            Datum::Number(8, number) => texts.push(format!("(push! out (u8 {number}))")),
            Datum::Number(bits, number) => {
                texts.push(append(&format!("u{bits}"), &format!("(u{bits} {number})"), bits / 8));
            }
            Datum::Value(ty, value, _) if ty == "u8" => texts.push(format!("(push! out (the u8 {value}))")),
            // It is checked and evaluated all the same.
            Datum::Value(ty, value, 0) => texts.push(format!("(the {ty} {value})")),
            Datum::Value(ty, value, bytes) => texts.push(append(ty, value, *bytes)),
            Datum::Items(items, None) => texts.push(format!("(append! out {items})")),
            Datum::Items(items, Some((ty, bytes))) => {
                texts.push(format!("(for (item {items}) {})", append(ty, "item", *bytes)));
            }
            Datum::Either(parameter, none, some) => texts.push(format!(
                ",@(if (null? {parameter}) '({}) `({}))",
                appends(none).join(" "),
                appends(some).join(" ")
            )),
        }
    }
    texts
}

/// How many bytes pieces take, as far as that is known where the module is written, and forms that give the rest.
pub(super) fn room(data: &[Datum]) -> (u64, Vec<String>) {
    let mut sum = 0u64;
    let mut more = Vec::new();
    for datum in data {
        match datum {
            Datum::Constant(bytes) => sum += bytes.len() as u64,
            Datum::Number(bits, _) => sum += u64::from(*bits / 8),
            Datum::Value(_, _, bytes) => sum += u64::from(*bytes),
            Datum::Items(items, None) => more.push(format!("(length {items})")),
            Datum::Items(items, Some((_, bytes))) => more.push(format!("(* {bytes} (length {items}))")),
            Datum::Either(parameter, none, some) => {
                let (some, forms) = room(some);
                let (none, _) = room(none);
                let forms = match forms.is_empty() {
                    true => format!("{some}"),
                    false => format!("(+ {some} {})", forms.join(" ")),
                };
                more.push(format!(",(if (null? {parameter}) {none} `{forms})"));
            }
        }
    }
    (sum, more)
}

/// Bytes as numbers: eight at once where there are as many.
fn constants(bytes: &[u8]) -> Vec<String> {
    let eights = bytes.chunks_exact(8);
    let rest: Vec<String> = eights.remainder().iter().map(|byte| format!("{byte}u8")).collect();
    let number = |eight: &[u8]| eight.iter().rev().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    eights.map(|eight| format!("0x{:016x}u64", number(eight))).chain(rest).collect()
}
