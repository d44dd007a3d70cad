//! The special forms.

use crate::builtin::Builtin;
use crate::core::{Expr, ExprId};
use crate::env::GlobalKind;
use crate::expand::{Expander, clip};
use crate::forms::{self, symbol};
use crate::scope::Binding;
use ovsm_base::{Code, Diagnostic};
use ovsm_cst::{Node, NodeKind};

impl<'t> Expander<'t, '_> {
    pub(crate) fn special_form(&mut self, node: Node<'t>, name: &str, args: &[Node<'t>]) -> Option<ExprId> {
        let span = Some(node.span());
        Some(match name {
            "define" | "const" | "defn" | "defun" => {
                if forms::definition(node).is_none() {
                    self.malformed(node.span(), "the definition has no name", "(define name value)")
                } else {
                    self.report(
                        Diagnostic::at(
                            Code::MisplacedDefinition,
                            node.span(),
                            format!("`{name}` stands where a value is needed"),
                        )
                        .help("definitions stand at the top level or in a body, as in `(do (define x 1) …)`"),
                    )
                }
            }
            "lambda" | "fn" => self.report(
                Diagnostic::at(
                    Code::FunctionAsValue,
                    node.span(),
                    "a function is only called, or bound by `define` or `let`, in this version",
                )
                .help("call it at once, as in `((lambda (x) (+ x 1)) 2)`, or give it a name"),
            ),
            "set!" => self.assignment(node, args),
            "let" => self.let_form(node, args, false),
            "let*" => self.let_form(node, args, true),
            "do" | "progn" => self.sequence(args, node),
            "if" => match args {
                [condition, then] => {
                    let clauses = vec![(self.expr(*condition), self.expr(*then))];
                    self.body.add(Expr::If(clauses, None), span)
                }
                [condition, then, otherwise] => {
                    let clauses = vec![(self.expr(*condition), self.expr(*then))];
                    let otherwise = self.expr(*otherwise);
                    self.body.add(Expr::If(clauses, Some(otherwise)), span)
                }
                _ => self.malformed(
                    node.span(),
                    "`if` takes a condition and one or two values",
                    "(if condition then else)",
                ),
            },
            "when" | "unless" => match args.split_first() {
                Some((test, body)) => {
                    let mut condition = self.expr(*test);
                    if name == "unless" {
                        condition = self.body.add(Expr::Not(condition), Some(test.span()));
                    }
                    let then = self.sequence(body, node);
                    self.body.add(Expr::If(vec![(condition, then)], None), span)
                }
                None => self.malformed(
                    node.span(),
                    &format!("`{name}` has no condition"),
                    &format!("({name} condition body …)"),
                ),
            },
            "cond" => self.cond(node, args),
            "and" | "or" => {
                let operands: Vec<ExprId> = args.iter().map(|arg| self.expr(*arg)).collect();
                match operands.as_slice() {
                    [] => self.body.add(Expr::Bool(name == "and"), span),
                    _ if name == "and" => self.body.add(Expr::And(operands), span),
                    _ => self.body.add(Expr::Or(operands), span),
                }
            }
            "not" => match args {
                [operand] => {
                    let operand = self.expr(*operand);
                    self.body.add(Expr::Not(operand), span)
                }
                _ => self.wrong_arity(node, "not", args.len(), "1", true),
            },
            "while" => match args.split_first() {
                Some((condition, body)) => {
                    let condition = self.expr(*condition);
                    let body = self.sequence(body, node);
                    self.body.add(Expr::While(condition, body), span)
                }
                None => self.malformed(node.span(), "`while` has no condition", "(while condition body …)"),
            },
            "the" | ":" => {
                let (ty, value) = match args {
                    [ty, value] if name == "the" => (*ty, *value),
                    [value, ty] => (*ty, *value),
                    _ => {
                        return Some(self.malformed(
                            node.span(),
                            &format!("`{name}` takes a type and a value"),
                            if name == "the" { "(the type value)" } else { "(: value type)" },
                        ));
                    }
                };
                let ty = self.type_name(ty);
                let value = self.expr(value);
                self.body.add(Expr::Ascribe(value, ty), span)
            }
            _ => return None,
        })
    }

    pub(crate) fn assignment(&mut self, node: Node<'t>, args: &[Node<'t>]) -> ExprId {
        let span = Some(node.span());
        let [target, value] = args else {
            return self.malformed(node.span(), "`set!` takes a variable and a value", "(set! name value)");
        };
        let value = self.expr(*value);
        let Some(name) = symbol(*target) else {
            if target.kind() == NodeKind::Error {
                return self.body.add(Expr::Error, span);
            }
            return self.malformed(target.span(), "only a variable can be assigned", "(set! name value)");
        };
        match self.scopes.lookup(self.scope, name) {
            Some(Binding::Local(local)) => return self.body.add(Expr::SetLocal(local, value), span),
            Some(Binding::Function(_)) => return self.assign_to_constant(*target, name, "a function"),
            None => {}
        }
        match self.env.lookup(name) {
            Some(global) => match global.kind {
                GlobalKind::Variable => {
                    self.body.globals.push(global.def);
                    self.body.add(Expr::SetGlobal(global.def, value), span)
                }
                GlobalKind::Function { .. } => self.assign_to_constant(*target, name, "a function"),
                GlobalKind::Literal(_) | GlobalKind::Constant => {
                    self.assign_to_constant(*target, name, "a constant")
                }
            },
            None if Builtin::from_name(name).is_some() || forms::SPECIAL_FORMS.contains(&name) => {
                self.assign_to_constant(*target, name, "part of the language")
            }
            None => self.unknown_name(*target, name),
        }
    }

    pub(crate) fn assign_to_constant(&mut self, target: Node<'t>, name: &str, what: &str) -> ExprId {
        self.report(
            Diagnostic::at(
                Code::AssignToConstant,
                target.span(),
                format!("`{}` is {what} and can not be assigned", clip(name)),
            )
            .help("use `define` for what changes"),
        )
    }

    pub(crate) fn let_form(&mut self, node: Node<'t>, args: &[Node<'t>], sequential: bool) -> ExprId {
        const SHAPE: &str = "(let ((name value) …) body …)";
        let Some((list, body)) = args.split_first() else {
            return self.malformed(node.span(), "`let` has no bindings", SHAPE);
        };
        if !matches!(list.kind(), NodeKind::List | NodeKind::Array) {
            return self.malformed(list.span(), "these are not bindings", SHAPE);
        }
        let outer = self.scope;
        let mut items = Vec::new();
        for binding in list.children() {
            let parts: Vec<Node<'t>> = match binding.kind() {
                NodeKind::List | NodeKind::Array => binding.children().collect(),
                NodeKind::Error => continue,
                _ => {
                    items.push(self.malformed(binding.span(), "this is not a binding", SHAPE));
                    continue;
                }
            };
            let Some((name, rest)) = parts.split_first() else {
                items.push(self.malformed(binding.span(), "this binding is empty", SHAPE));
                continue;
            };
            if symbol(*name).is_none() {
                items.push(self.malformed(name.span(), "a binding needs a name", SHAPE));
                continue;
            }
            self.check_defined_name_locally(*name);
            let variable = forms::variable(*name, rest);
            let value_scope = if sequential { self.scope } else { outer };
            items.push(self.bind(&variable, binding, value_scope));
        }
        items.push(self.sequence(body, node));
        self.scope = outer;
        self.body.add(Expr::Block(items), Some(node.span()))
    }

    /// A local may hide a built-in silently, but not a form.
    pub(crate) fn check_defined_name_locally(&mut self, name: Node<'t>) {
        if let Some(text) = symbol(name)
            && forms::SPECIAL_FORMS.contains(&text)
        {
            self.report(
                Diagnostic::at(
                    Code::ReservedName,
                    name.span(),
                    format!("`{text}` is a form of the language"),
                )
                .help("choose another name"),
            );
        }
    }

    pub(crate) fn cond(&mut self, node: Node<'t>, args: &[Node<'t>]) -> ExprId {
        const SHAPE: &str = "(cond (condition body …) … (else body …))";
        let mut clauses = Vec::new();
        let mut otherwise = None;
        for (n, clause) in args.iter().enumerate() {
            if !matches!(clause.kind(), NodeKind::List | NodeKind::Array) {
                return self.malformed(clause.span(), "this is not a clause", SHAPE);
            }
            let parts: Vec<Node<'t>> = clause.children().collect();
            let Some((test, body)) = parts.split_first() else {
                return self.malformed(clause.span(), "this clause is empty", SHAPE);
            };
            if matches!(symbol(*test), Some("else" | "otherwise")) || test.as_keyword() == Some("else") {
                if n + 1 != args.len() {
                    return self.malformed(clause.span(), "`else` must be the last clause", SHAPE);
                }
                otherwise = Some(self.sequence(body, *clause));
                continue;
            }
            let condition = self.expr(*test);
            if body.is_empty() {
                return self.malformed(clause.span(), "this clause has no body", SHAPE);
            }
            let last = n + 1 == args.len();
            let always = matches!(self.body.exprs.get(condition), Some(Expr::Bool(true)));
            let value = self.sequence(body, *clause);
            if last && always {
                otherwise = Some(value);
            } else {
                clauses.push((condition, value));
            }
        }
        match (clauses.is_empty(), otherwise) {
            (true, Some(value)) => value,
            (true, None) => self.body.add(Expr::Null, Some(node.span())),
            (false, otherwise) => self.body.add(Expr::If(clauses, otherwise), Some(node.span())),
        }
    }
}
