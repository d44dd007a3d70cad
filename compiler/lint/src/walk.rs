//! Which lists of a file are code: lints look at these only. Quoted data, patterns, the keys of `case`, types, names that
//! are imported and lists of bindings are no calls, however they look; a step of `->` is a call with an operand more than
//! stands there; and what a macro of the program is given may become anything, so nothing is changed there by itself.
//! Nothing here reports anything. Start with [`visit`].

use crate::context::Context;
use ovsm_cst::{Node, NodeKind};

/// How a lint looks at a list.
type Look = fn(&mut Context<'_>, Node<'_>);

/// Looks at each list of a form that is code.
pub(crate) fn visit(context: &mut Context<'_>, root: Node<'_>, look: Look) {
    Walk { context, look }.code(root);
}

struct Walk<'w, 'f> {
    context: &'w mut Context<'f>,
    look: Look,
}

impl Walk<'_, '_> {
    fn code(&mut self, node: Node<'_>) {
        ovsm_base::stack::with_room(|| match node.kind() {
            NodeKind::Quote | NodeKind::Quasiquote | NodeKind::DatumComment | NodeKind::Error => {}
            NodeKind::List => {
                (self.look)(self.context, node);
                self.inside(node);
            }
            NodeKind::Object if node.is_refinement() => {}
            _ => self.all(node, 0),
        });
    }

    /// The children of a node from one on, as code.
    fn all(&mut self, node: Node<'_>, from: usize) {
        for child in node.children().skip(from) {
            self.code(child);
        }
    }

    /// What stands in a list that is code.
    fn inside(&mut self, node: Node<'_>) {
        let Some(head) = node.head() else { return self.all(node, 0) };
        if self.context.file.macros.contains(head) {
            return self.guarded(node);
        }
        if self.context.file.bound.contains(head) {
            return self.all(node, 1);
        }
        match head {
            "quote" | "quasiquote" | "import" | "export" | "declare" | "declaim" | "defrecord"
            | "defstruct" | "define-struct" | "defenum" | "deftype" | "inject" => {}
            "let" | "let*" | "letrec" | "letrec*" | "prog" | "prog*" | "do*" | "symbol-macrolet" => {
                self.bindings(node.child(1));
                self.all(node, 2);
            }
            "defproperty" => {
                self.bindings(node.child(2));
                self.all(node, 3);
            }
            "for" | "dolist" | "dotimes" => {
                self.binding(node.child(1));
                self.all(node, 2);
            }
            "fn" | "lambda" => self.function(node, 1),
            "defn" | "defun" | "defmacro" | "define-macro" => self.function(node, 2),
            "define" if node.child(1).is_some_and(|name| name.kind() == NodeKind::List) => {
                self.function(node, 1);
            }
            "define" | "defvar" | "defparameter" | "const" | "defconstant" if node.child_count() > 3 => {
                // `(define name : type value)`.
                self.all(node, if node.child(2).is_some_and(|colon| colon.is_symbol(":")) { 4 } else { 2 });
            }
            "defsetf" => self.all(node, 4),
            "flet" | "labels" | "macrolet" => {
                for function in node.child(1).into_iter().flat_map(Node::children) {
                    self.function(function, 1);
                }
                self.all(node, 2);
            }
            "destructuring-bind" | "multiple-value-bind" | "multiple-value-setq" | "the" | "assert-error" => {
                self.all(node, 2);
            }
            "is?" | "typep" | ":" => {
                if let Some(value) = node.child(1) {
                    self.code(value);
                }
            }
            "cond" => {
                for clause in node.children().skip(1) {
                    self.all(clause, 0);
                }
            }
            "case" | "ecase" | "typecase" | "match" | "handler-case" => {
                if let Some(value) = node.child(1) {
                    self.code(value);
                }
                for clause in node.children().skip(2) {
                    self.clause(clause, head == "handler-case");
                }
            }
            "->" | "->>" | "some->" => self.steps(node),
            _ => self.all(node, 1),
        }
    }

    /// What a macro of the program is given.
    fn guarded(&mut self, node: Node<'_>) {
        let before = std::mem::replace(&mut self.context.is_given_to_macro, true);
        self.all(node, 1);
        self.context.is_given_to_macro = before;
    }

    /// A function whose parameters are the child with this number.
    fn function(&mut self, node: Node<'_>, parameters: usize) {
        self.bindings(node.child(parameters));
        let has_result = node.child(parameters + 1).is_some_and(|arrow| arrow.is_symbol("->"));
        self.all(node, parameters + if has_result { 3 } else { 1 });
    }

    /// `((name value) …)`: only the values are code.
    fn bindings(&mut self, list: Option<Node<'_>>) {
        for binding in list.into_iter().flat_map(Node::children) {
            self.binding(Some(binding));
        }
    }

    fn binding(&mut self, binding: Option<Node<'_>>) {
        let Some(binding) = binding.filter(|binding| binding.kind() == NodeKind::List) else { return };
        let has_type = binding.child(1).is_some_and(|colon| colon.is_symbol(":"));
        self.all(binding, if has_type { 3 } else { 1 });
    }

    /// `(key body …)`, of `match` perhaps with a guard, of `handler-case` with a list of names.
    fn clause(&mut self, clause: Node<'_>, has_names: bool) {
        let guard = clause.child(1).filter(|guard| guard.head() == Some("when"));
        match guard {
            Some(guard) if guard.child_count() == 2 => {
                self.all(guard, 1);
                self.all(clause, 2);
            }
            _ => self.all(clause, if has_names { 2 } else { 1 }),
        }
    }

    /// `(-> value step …)`. A step that is a form or a macro is put together from what is here and what was before.
    fn steps(&mut self, node: Node<'_>) {
        if let Some(value) = node.child(1) {
            self.code(value);
        }
        for step in node.children().skip(2) {
            match step.head() {
                Some(name)
                    if ovsm_library::find(name).is_some() && !self.context.file.macros.contains(name) =>
                {
                    self.all(step, 1);
                }
                Some(_) => self.guarded(step),
                None => self.all(step, 0),
            }
        }
    }
}
