//! The table of special forms.

use super::{Expander, loop_form, match_form};
use crate::core::ExprId;
use ovsm_value::Value;
use rustc_hash::FxHashMap;
use std::sync::LazyLock;

/// A special form.
pub(crate) struct Special {
    /// Its name.
    pub(crate) name: &'static str,
    /// Expands a use of it: the whole form, and its operands.
    pub(crate) run: fn(&mut Expander<'_>, &Value, &[Value]) -> ExprId,
    /// How it is written.
    pub(crate) shape: &'static str,
}

macro_rules! table {
    ($($name:literal $shape:literal $run:expr;)*) => {
        &[$(Special { name: $name, shape: $shape, run: $run }),*]
    };
}

/// Every special form, in the order of the reference.
pub(crate) static TABLE: &[Special] = table! {
    "define" "(define name value)" |e, f, a| e.define_form(f, a);
    "defvar" "(defvar *name* value)" |e, f, a| e.defvar_form(f, a);
    "defparameter" "(defparameter *name* value)" |e, f, a| e.defvar_form(f, a);
    "const" "(const name value)" |e, f, a| e.const_form(f, a);
    "defconstant" "(defconstant name value)" |e, f, a| e.const_form(f, a);
    "defn" "(defn name (parameter …) body …)" |e, f, a| e.defn_form(f, a);
    "defun" "(defun name (parameter …) body …)" |e, f, a| e.defn_form(f, a);
    "defmacro" "(defmacro name (parameter …) body …)" |e, f, a| e.defmacro_form(f, a);
    "define-macro" "(define-macro name (parameter …) body …)" |e, f, a| e.defmacro_form(f, a);
    "define-symbol-macro" "(define-symbol-macro name form)" |e, f, a| e.define_symbol_macro_form(f, a);
    "defrecord" "(defrecord Name field …)" |e, f, a| e.definition_only(f, a, Expander::record_form);
    "defstruct" "(defstruct name field …)" |e, f, a| e.definition_only(f, a, Expander::record_form);
    "define-struct" "(define-struct name field …)" |e, f, a| e.definition_only(f, a, Expander::record_form);
    "defenum" "(defenum Name variant …)" |e, f, a| e.definition_only(f, a, Expander::enum_form);
    "deftype" "(deftype Name type)" |e, f, a| e.definition_only(f, a, Expander::type_form);
    "defsetf" "(defsetf name (parameter …) (value) body …)" |e, f, a| e.definition_only(f, a, Expander::defsetf_form);
    "deftest" "(deftest name body …)" |e, f, a| e.definition_only(f, a, Expander::deftest_form);
    "deftest-each" "(deftest-each name [a b …] ([1 2 …] …) body …)" |e, f, a| e.definition_only(f, a, Expander::deftest_each_form);
    "defproperty" "(defproperty name ((x generator) …) body …)" |e, f, a| e.definition_only(f, a, Expander::defproperty_form);
    "assert-error" "(assert-error kind body …)" |e, f, a| e.assert_error_form(f, a);
    "import" "(import module …)" |e, f, a| e.definition_only(f, a, Expander::import_form);
    "export" "(export name …)" |e, f, a| e.definition_only(f, a, Expander::export_form);
    "pub" "(pub (defn …))" |e, f, a| e.pub_form(f, a);
    "declare" "(declare …)" |e, f, a| e.misplaced_declaration(f, a);
    "declaim" "(declaim …)" |e, _, _| e.null();
    "lambda" "(lambda (parameter …) body …)" |e, f, a| e.lambda_form(f, a);
    "fn" "(fn (parameter …) body …)" |e, f, a| e.lambda_form(f, a);
    "function" "#'name" |e, f, a| e.function_quote_form(f, a);
    "let" "(let ((name value) …) body …)" |e, f, a| e.let_form(f, a);
    "let*" "(let* ((name value) …) body …)" |e, f, a| e.let_star_form(f, a);
    "letrec" "(letrec ((name value) …) body …)" |e, f, a| e.letrec_form(f, a);
    "letrec*" "(letrec* ((name value) …) body …)" |e, f, a| e.letrec_form(f, a);
    "flet" "(flet ((name (parameter …) body …) …) body …)" |e, f, a| e.functions_form(f, a, false);
    "labels" "(labels ((name (parameter …) body …) …) body …)" |e, f, a| e.functions_form(f, a, true);
    "destructuring-bind" "(destructuring-bind pattern value body …)" |e, f, a| e.destructuring_bind_form(f, a);
    "multiple-value-bind" "(multiple-value-bind (name …) values body …)" |e, f, a| e.multiple_value_bind_form(f, a);
    "multiple-value-call" "(multiple-value-call function form …)" |e, f, a| e.multiple_value_call_form(f, a);
    "multiple-value-list" "(multiple-value-list form)" |e, f, a| e.multiple_value_list_form(f, a);
    "multiple-value-prog1" "(multiple-value-prog1 form …)" |e, f, a| e.prog1_form(f, a, 0);
    "multiple-value-setq" "(multiple-value-setq (name …) form)" |e, f, a| e.multiple_value_setq_form(f, a);
    "nth-value" "(nth-value n form)" |e, f, a| e.nth_value_form(f, a);
    "values" "(values value …)" |e, _, a| e.values_form(a);
    "values-list" "(values-list list)" |e, f, a| e.values_list_form(f, a);
    "progn" "(progn form …)" |e, _, a| e.body(a);
    "begin" "(begin form …)" |e, _, a| e.body(a);
    "do" "(do form …)" |e, f, a| e.do_form(f, a, false);
    "do*" "(do* ((name first next) …) (test result …) body …)" |e, f, a| e.do_form(f, a, true);
    "prog1" "(prog1 first form …)" |e, f, a| e.prog1_form(f, a, 0);
    "prog2" "(prog2 first second form …)" |e, f, a| e.prog1_form(f, a, 1);
    "prog" "(prog ((name value) …) tag-or-form …)" |e, f, a| e.prog_form(f, a, false);
    "prog*" "(prog* ((name value) …) tag-or-form …)" |e, f, a| e.prog_form(f, a, true);
    "if" "(if condition then else)" |e, f, a| e.if_form(f, a);
    "when" "(when condition body …)" |e, f, a| e.when_form(f, a, false);
    "unless" "(unless condition body …)" |e, f, a| e.when_form(f, a, true);
    "cond" "(cond (test body …) … (else body …))" |e, f, a| e.cond_form(f, a);
    "case" "(case value (key body …) … (else body …))" |e, f, a| e.case_form(f, a);
    "ecase" "(ecase value (key body …) …)" |e, f, a| e.ecase_form(f, a);
    "typecase" "(typecase value (type body …) … (else body …))" |e, f, a| e.typecase_form(f, a);
    "match" "(match value (pattern body …) …)" match_form::run;
    "and" "(and form …)" |e, _, a| e.and_form(a);
    "or" "(or form …)" |e, _, a| e.or_form(a);
    "while" "(while condition body …)" |e, f, a| e.while_form(f, a, false);
    "until" "(until condition body …)" |e, f, a| e.while_form(f, a, true);
    "for" "(for (name items) body …)" |e, f, a| e.for_form(f, a);
    "dolist" "(dolist (name items) body …)" |e, f, a| e.dolist_form(f, a);
    "dotimes" "(dotimes (name count) body …)" |e, f, a| e.dotimes_form(f, a);
    "loop" "(loop clause …)" loop_form::run;
    "break" "(break value)" |e, f, a| e.break_form(f, a, true);
    "continue" "(continue)" |e, f, a| e.break_form(f, a, false);
    "block" "(block name body …)" |e, f, a| e.block_form(f, a);
    "return" "(return value)" |e, f, a| e.return_form(f, a);
    "return-from" "(return-from name value)" |e, f, a| e.return_from_form(f, a);
    "tagbody" "(tagbody tag-or-form …)" |e, f, a| e.tagbody_form(f, a);
    "go" "(go tag)" |e, f, a| e.go_form(f, a);
    "set!" "(set! place value)" |e, f, a| e.setf_form(f, a);
    "setf" "(setf place value …)" |e, f, a| e.setf_form(f, a);
    "setq" "(setq name value …)" |e, f, a| e.setf_form(f, a);
    "incf" "(incf place delta)" |e, f, a| e.incf_form(f, a, "+");
    "decf" "(decf place delta)" |e, f, a| e.incf_form(f, a, "-");
    "inc!" "(inc! place delta)" |e, f, a| e.incf_form(f, a, "+");
    "dec!" "(dec! place delta)" |e, f, a| e.incf_form(f, a, "-");
    "push!" "(push! place item)" |e, f, a| e.push_form(f, a);
    "append!" "(append! place part …)" |e, f, a| e.append_form(f, a);
    "clear!" "(clear! place)" |e, f, a| e.clear_form(f, a);
    "pop!" "(pop! place)" |e, f, a| e.pop_form(f, a, "without-last", "last");
    "rotatef" "(rotatef place …)" |e, f, a| e.rotate_form(f, a);
    "shiftf" "(shiftf place … value)" |e, f, a| e.shift_form(f, a);
    "psetf" "(psetf place value …)" |e, f, a| e.psetf_form(f, a);
    "psetq" "(psetq name value …)" |e, f, a| e.psetf_form(f, a);
    "swap-places!" "(swap-places! place place)" |e, f, a| e.rotate_form(f, a);
    "try" "(try body … (catch name handler …) (finally cleanup …))" |e, f, a| e.try_form(f, a);
    "handler-case" "(handler-case body (kind (name) handler …) …)" |e, f, a| e.handler_case_form(f, a);
    "ignore-errors" "(ignore-errors body …)" |e, f, a| e.ignore_errors_form(f, a);
    "catch" "(catch tag body …)" |e, f, a| e.catch_form(f, a);
    "throw" "(throw tag value)" |e, f, a| e.throw_form(f, a);
    "unwind-protect" "(unwind-protect body cleanup …)" |e, f, a| e.unwind_protect_form(f, a);
    "assert" "(assert condition message)" |e, f, a| e.assert_form(f, a);
    "quote" "'form" |e, f, a| e.quote_form(f, a);
    "quasiquote" "`template" |e, f, a| e.quasiquote_form(f, a);
    "unquote" ",form" |e, f, a| e.unquote_form(f, a);
    "unquote-splicing" ",@form" |e, f, a| e.unquote_form(f, a);
    "inject" "(inject name)" |e, f, a| e.inject_form(f, a);
    "macrolet" "(macrolet ((name (parameter …) body …) …) body …)" |e, f, a| e.macrolet_form(f, a);
    "symbol-macrolet" "(symbol-macrolet ((name form) …) body …)" |e, f, a| e.symbol_macrolet_form(f, a);
    "eval-when-compile" "(eval-when-compile body …)" |e, f, a| e.eval_when_compile_form(f, a);
    "the" "(the type form)" |e, f, a| e.the_form(f, a, true);
    ":" "(: form type)" |e, f, a| e.the_form(f, a, false);
    "is?" "(is? value type)" |e, f, a| e.is_form(f, a);
    "typep" "(typep value type)" |e, f, a| e.is_form(f, a);
    "->" "(-> value form …)" |e, f, a| e.thread_form(f, a, false);
    "->>" "(->> value form …)" |e, f, a| e.thread_form(f, a, true);
    "as->" "(as-> value name form …)" |e, f, a| e.thread_as_form(f, a);
    "some->" "(some-> value form …)" |e, f, a| e.thread_some_form(f, a);
    "." "(. object field …)" |e, f, a| e.field_form(f, a);
    "apply" "(apply function argument … list)" |e, f, a| e.apply_form(f, a);
    "funcall" "(funcall function argument …)" |e, f, a| e.funcall_form(f, a);
    "#object" "{…}" |e, f, a| e.object_form(f, a);
    "#set" "#{…}" |e, _, a| e.set_form(a);
};

static BY_NAME: LazyLock<FxHashMap<&'static str, &'static Special>> =
    LazyLock::new(|| TABLE.iter().map(|special| (special.name, special)).collect());

/// The special form of a name.
pub(crate) fn find(name: &str) -> Option<&'static Special> {
    BY_NAME.get(name).copied()
}

/// Names of all special forms that source text can contain.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|special| special.name).filter(|name| !name.starts_with('#'))
}
