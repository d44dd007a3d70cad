//! Types of which programs have no values: a record that holds the bytes of one, and a macro that makes it of its fields; one
//! for each variant of an enum. Lists of them count while they grow. A field that is such a type takes what its macro makes,
//! so that types may contain themselves. Start with `Writer::open_types`.

use super::data::{appends, room};
use super::{RESERVED, Writer};
use crate::foreign::{Open, Part};
use crate::names::{Scope, Style, spell};
use std::fmt::Write;

/// The names around a type.
pub(super) struct OpenNames {
    /// The record that holds its bytes.
    pub value: String,
    /// What makes one, in each of its ways.
    pub makers: Vec<String>,
    /// Those around a list of it, if there are lists.
    pub list: Option<ListNames>,
}

/// The names around lists of a type.
pub(super) struct ListNames {
    /// The record that holds their bytes.
    pub value: String,
    /// What makes one of items.
    pub make: String,
    /// What puts another item at its end.
    add: String,
}

impl OpenNames {
    /// What makes one, in words.
    pub(super) fn makers(&self) -> String {
        match self.makers.as_slice() {
            [one] => format!("`{one}`"),
            [first, .., last] => format!("one of `{first}` to `{last}`"),
            [] => "nothing".to_string(),
        }
    }
}

impl<'f> Writer<'f> {
    /// Writes what makes the bytes of types without values.
    pub(super) fn open_types(&mut self) {
        let foreign = self.foreign;
        for open in &foreign.open {
            let names = self.open_names(open);
            let _ = write!(
                self.text,
                "\n;;; The bytes of `{}`: {} makes them.\n(defrecord {} (bytes : (vec u8)))\n",
                super::comment(&open.name),
                names.makers(),
                names.value
            );
            if let Some(list) = &names.list {
                let _ = write!(
                    self.text,
                    "\n;;; Any number of {}, one after the other: `{}` makes them.\n(defrecord {} (count : u64) (bytes \
                     : (vec u8)))\n",
                    names.value, list.make, list.value
                );
            }
            self.open.insert(&open.name, names);
        }
        for open in &foreign.open {
            if self.text.len() > super::MAX_MODULE {
                return;
            }
            self.makers(open);
        }
    }

    fn open_names(&mut self, open: &Open) -> OpenNames {
        let mut spelled = |wanted: &str, style: Style| {
            let name = Self::name(&mut self.notes, &mut self.names, "the type", wanted, style);
            self.exports.push(name.clone());
            name
        };
        let wanted = format!("{} {}", self.prefix, open.name);
        let value = spelled(&wanted, Style::Pascal);
        // What is told from others by a number is so in all of its names: many of them can not be alike.
        let wanted = if value == spell(&wanted, Style::Pascal) { wanted } else { value.clone() };
        let list = open.is_listed.then(|| ListNames {
            value: spelled(&format!("{wanted} list"), Style::Pascal),
            make: spelled(&format!("{wanted} list"), Style::Kebab),
            add: spelled(&format!("{wanted} add"), Style::Kebab),
        });
        let maker = |(variant, _): &(Option<String>, Vec<Part>)| match variant {
            Some(variant) => spelled(&format!("{wanted} {variant}"), Style::Kebab),
            None => spelled(&wanted, Style::Kebab),
        };
        let makers = open.ways.iter().map(maker).collect();
        OpenNames { value, makers, list }
    }

    fn makers(&mut self, open: &Open) {
        let Some(names) = self.open.get(open.name.as_str()) else { return };
        let (value, makers) = (names.value.clone(), names.makers.clone());
        if let Some(ListNames { value: list, make, add }) = &names.list {
            let _ = write!(
                self.text,
                "\n;; lint: allow argument-evaluated-twice\n;;; Puts another item at the end of {list}.\n(defmacro {add} (items item)\n  `(let ((it : {value} \
                 ,item)) (incf (. ,items count)) (append! (. ,items bytes) (. it bytes))))\n\n;;; Items in \
                 {list}.\n(defmacro {make} (&rest items)\n  `(let ((all ({list} 0 (vec u8)))) ,@(map (fn (item) \
                 `({add} all ,item)) items) all))\n"
            );
        }
        for ((variant, parts), maker) in open.ways.iter().zip(makers) {
            let mut scope = Scope::without(RESERVED);
            let given = self.given(parts, &maker, &mut scope);
            let written = self.written(&maker, &given);
            let line = match variant {
                Some(variant) => format!("Makes {value}, the variant `{}`.", super::comment(variant)),
                None => format!("Makes {value}."),
            };
            self.documented(&[line], &written.words);
            let (sum, more) = room(&written.data);
            let room = match more.is_empty() {
                true => sum.to_string(),
                false => format!("(+ {sum} {})", more.join(" ")),
            };
            let parameters = match written.parameters.is_empty() {
                true => String::new(),
                false => format!("&key\n    {}", written.parameters.join("\n    ")),
            };
            let _ = write!(
                self.text,
                "(defmacro {maker} ({parameters})\n  `(let* ({} (out (vec u8 {room})))\n     {}\n     ({value} out)))\n",
                written.bindings.join("\n      "),
                appends(&written.data).join("\n     "),
            );
        }
    }

    /// The function that writes values of an enum whose variants, each with its fields and bytes, differ in size: their
    /// bytes follow one another in memory as they are sent, and behind the last one is nothing.
    pub(super) fn uneven_writer(&mut self, name: &str, variants: &[(String, usize, u32)]) -> String {
        let wanted = format!("{name} bytes");
        let writes = Self::name(&mut self.notes, &mut self.names, "the type", &wanted, Style::Kebab);
        self.exports.push(writes.clone());
        let arm = |(variant, fields, bytes): &(String, usize, u32)| match fields {
            0 => format!("({variant} {bytes}u64)"),
            fields => format!("(({variant}{}) {bytes}u64)", " _".repeat(*fields)),
        };
        let arms: Vec<String> = variants.iter().map(arm).collect();
        let _ = write!(
            self.text,
            "\n;;; The bytes of {name} as they are sent.\n(defn {writes} ((value : {name})) -> (vec u8)\n  (let* ((size \
             (match value\n    {}))\n    (out (vec u8 size)))\n    (append! out (bytes-at (address-of value) \
             size))\n    out))\n",
            arms.join("\n    ")
        );
        writes
    }
}
