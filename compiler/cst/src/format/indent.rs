//! How many arguments of a form stay on its first line, and what they are.
//!
//! Only the language's own forms are in the table here; a macro brings its number with its definition
//! ([`of_macro`]), and every other call has none. Start with [`Rule`].

use crate::view::Node;

/// What the formatter knows about the arguments of a form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Rule {
    /// So many arguments stay on the first line; each one after them gets a line of its own once there are two lines.
    pub(super) header: u32,
    pub(super) arguments: Arguments,
}

/// What the arguments of a form are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Arguments {
    /// Forms.
    Plain,
    /// As `Plain`, and keywords after the header are followed by their values.
    Options,
    /// The first one holds bindings of names to values; a name may come before it.
    Bindings,
    /// The first one is such a binding.
    Binding,
    /// The first one holds bindings of names to functions.
    Functions,
    /// The last one of the header holds parameters.
    Parameters,
    /// The first one holds names.
    Names,
    /// What follows the header are clauses that begin with a form.
    Tests,
    /// What follows the header are clauses that begin with values or patterns.
    Patterns,
    /// What follows the header are clauses that begin with a name and parameters.
    Handlers,
    /// Clauses that begin with words.
    Words,
    /// Modules, which are sorted.
    Modules,
    /// Data.
    Quoted,
}

/// The forms of the language that are not laid out like calls, sorted by name.
const RULES: [(&str, u32, Arguments); 70] = {
    use Arguments::*;
    [
        ("->", 1, Plain),
        ("->>", 1, Plain),
        ("account", 1, Options),
        ("as->", 2, Plain),
        ("block", 1, Plain),
        ("case", 1, Patterns),
        ("catch", 1, Plain),
        ("cond", 0, Tests),
        ("const", 1, Plain),
        ("defconstant", 1, Plain),
        ("defenum", 1, Options),
        ("deferror", 1, Options),
        ("define", 1, Parameters),
        ("define-struct", 1, Options),
        ("defmacro", 2, Parameters),
        ("defn", 2, Parameters),
        ("defparameter", 1, Plain),
        ("defrecord", 1, Options),
        ("defstruct", 1, Options),
        ("deftest", 1, Plain),
        ("deftype", 1, Plain),
        ("defun", 2, Parameters),
        ("defvar", 1, Plain),
        ("destructuring-bind", 2, Names),
        ("do", 0, Plain),
        ("dolist", 1, Binding),
        ("dotimes", 1, Binding),
        ("eval-when-compile", 0, Plain),
        ("event", 1, Options),
        ("finally", 0, Plain),
        ("flet", 1, Functions),
        ("fn", 1, Parameters),
        ("for", 1, Binding),
        ("handler-case", 1, Handlers),
        ("if", 1, Plain),
        ("import", 0, Modules),
        ("instruction", 2, Options),
        ("labels", 1, Functions),
        ("lambda", 1, Parameters),
        ("let", 1, Bindings),
        ("let*", 1, Bindings),
        ("letrec", 1, Bindings),
        ("loop", 0, Words),
        ("macrolet", 1, Functions),
        ("match", 1, Patterns),
        ("multiple-value-bind", 2, Names),
        ("multiple-value-call", 1, Plain),
        ("nth-value", 1, Plain),
        ("prog", 1, Bindings),
        ("prog*", 1, Bindings),
        ("prog1", 1, Plain),
        ("prog2", 2, Plain),
        ("progn", 0, Plain),
        ("program", 1, Options),
        ("pub", 1, Plain),
        ("quote", 1, Quoted),
        ("return-from", 1, Plain),
        ("set!", 1, Plain),
        ("setf", 1, Plain),
        ("symbol-macrolet", 1, Bindings),
        ("tagbody", 0, Plain),
        ("test", 1, Plain),
        ("the", 1, Plain),
        ("try", 0, Plain),
        ("typecase", 1, Patterns),
        ("unless", 1, Plain),
        ("until", 1, Plain),
        ("unwind-protect", 1, Plain),
        ("when", 1, Plain),
        ("while", 1, Plain),
    ]
};

/// The rule for the language's own forms.
pub(super) fn built_in(name: &str) -> Option<Rule> {
    let at = RULES.binary_search_by(|(other, ..)| (*other).cmp(name)).ok()?;
    let (_, header, arguments) = *RULES.get(at)?;
    Some(Rule { header, arguments })
}

/// The words that clauses of `loop` begin with, sorted.
const LOOP_WORDS: [&str; 31] = [
    "always",
    "and",
    "append",
    "appending",
    "as",
    "collect",
    "collecting",
    "count",
    "do",
    "doing",
    "else",
    "end",
    "finally",
    "for",
    "if",
    "initially",
    "maximize",
    "minimize",
    "named",
    "nconc",
    "never",
    "repeat",
    "return",
    "sum",
    "summing",
    "thereis",
    "unless",
    "until",
    "when",
    "while",
    "with",
];

/// True if a clause of `loop` begins with this word.
pub(super) fn is_loop_word(name: &str) -> bool {
    LOOP_WORDS.binary_search(&name).is_ok()
}

/// The name of a macro and how many of its arguments stay on the first line, if its definition tells:
/// `(declare (indent n))` in its body, or else the number of parameters before `&body`, or before `&rest body`.
pub(super) fn of_macro(definition: Node<'_>) -> Option<(String, u32)> {
    let definition = match definition.head()? {
        "pub" => definition.child(1)?,
        _ => definition,
    };
    if definition.head() != Some("defmacro") {
        return None;
    }
    let name = definition.child(1)?.as_symbol()?.to_string();
    for form in definition.children().skip(3).filter(|form| form.head() == Some("declare")) {
        for declaration in form.children().filter(|part| part.head() == Some("indent")) {
            if let Some(count) = declaration.child(1).and_then(|count| count.text().parse().ok()) {
                return Some((name, count));
            }
        }
    }
    let mut parameters = definition.child(2)?.children();
    let mut count = 0;
    loop {
        match parameters.next()?.as_symbol() {
            Some("&body") => return Some((name, count)),
            Some("&rest") => return parameters.next()?.is_symbol("body").then_some((name, count)),
            Some("&optional" | "&key") => {}
            _ => count += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ovsm_base::FormId;

    #[test]
    fn tables_are_sorted() {
        assert!(RULES.is_sorted_by(|(a, ..), (b, ..)| a < b));
        assert!(LOOP_WORDS.is_sorted());
    }

    #[test]
    fn macros_tell_their_number() {
        let number = |text: &str| {
            let tree = crate::parse(FormId(0), text);
            tree.root(text).and_then(of_macro)
        };
        assert_eq!(number("(defmacro unless2 (c &rest body) x)"), Some(("unless2".to_string(), 1)));
        assert_eq!(number("(pub (defmacro m [a b &body forms] x))"), Some(("m".to_string(), 2)));
        assert_eq!(number("(defmacro m (a &rest more) x)"), None);
        assert_eq!(number("(defmacro m (a b) (declare (indent 1)) x)"), Some(("m".to_string(), 1)));
        assert_eq!(number("(defn m (a &rest body) x)"), None);
        assert_eq!(number("(defmacro m)"), None);
    }
}
