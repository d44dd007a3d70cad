//! Lists: which function, built-in or form a list applies.

use crate::builtin::{self, Builtin};
use crate::core::{Expr, ExprId};
use crate::env::GlobalKind;
use crate::expand::{Expander, LocalFunction, clip};
use crate::forms::{self, Function};
use crate::scope::Binding;
use ovsm_base::suggest::nearest;
use ovsm_base::syscall::Syscall;
use ovsm_base::{Code, Diagnostic};
use ovsm_cst::{Node, NodeKind};

impl<'t> Expander<'t, '_> {
    pub(crate) fn list(&mut self, node: Node<'t>) -> ExprId {
        let mut children = node.children();
        let Some(head) = children.next() else {
            return self.report(
                Diagnostic::at(Code::EmptyApplication, node.span(), "`()` calls nothing")
                    .help("remove it, or write `null`"),
            );
        };
        let args: Vec<Node<'t>> = children.collect();
        match head.kind() {
            NodeKind::Symbol => self.application(node, head, head.text(), &args),
            NodeKind::List if forms::is_lambda(head) => {
                let parts: Vec<Node<'t>> = head.children().skip(1).collect();
                let function = forms::function(None, &parts);
                self.functions.push(LocalFunction { function, scope: self.scope, running: false });
                self.call_local(node, "lambda", self.functions.len() - 1, &args)
            }
            NodeKind::Error => {
                let items: Vec<ExprId> = args.iter().map(|arg| self.expr(*arg)).collect();
                drop(items);
                self.body.add(Expr::Error, Some(node.span()))
            }
            _ => self.report(
                Diagnostic::at(Code::NotCallable, head.span(), "this is not a function")
                    .primary("only a name or a `lambda` can be called"),
            ),
        }
    }

    pub(crate) fn application(
        &mut self,
        node: Node<'t>,
        head: Node<'t>,
        name: &'t str,
        args: &[Node<'t>],
    ) -> ExprId {
        match self.scopes.lookup(self.scope, name) {
            Some(Binding::Function(number)) => return self.call_local(node, name, number, args),
            Some(Binding::Local(_)) => return self.not_callable(head, name, "a variable"),
            None => {}
        }
        if let Some(expr) = self.special_form(node, name, args) {
            return expr;
        }
        if let Some(global) = self.env.lookup(name) {
            return match global.kind {
                GlobalKind::Function { params } => {
                    let args: Vec<ExprId> = args.iter().map(|arg| self.expr(*arg)).collect();
                    self.body.callees.push(global.def);
                    if args.len() != params as usize {
                        return self.wrong_arity(node, name, args.len(), &params.to_string(), params == 1);
                    }
                    self.body.add(Expr::Call(global.def, args), Some(node.span()))
                }
                GlobalKind::Variable => self.not_callable(head, name, "a variable"),
                GlobalKind::Literal(_) | GlobalKind::Constant => self.not_callable(head, name, "a constant"),
            };
        }
        if let Some(entry) = Builtin::from_name(name) {
            return self.builtin(node, entry, args);
        }
        if forms::UNAVAILABLE_FORMS.contains(&name) {
            return self.report(
                Diagnostic::at(
                    Code::UnsupportedForm,
                    head.span(),
                    format!("`{name}` is not available in this version"),
                )
                .note("the forms of this version are listed in the book's reference"),
            );
        }
        for arg in args {
            self.expr(*arg);
        }
        self.unknown_name(head, name)
    }

    pub(crate) fn not_callable(&mut self, head: Node<'t>, name: &str, what: &str) -> ExprId {
        self.report(
            Diagnostic::at(
                Code::NotCallable,
                head.span(),
                format!("`{}` is {what}, not a function", clip(name)),
            )
            .help("to use its value, write it without the parentheses"),
        )
    }

    pub(crate) fn wrong_arity(
        &mut self,
        node: Node<'t>,
        name: &str,
        given: usize,
        takes: &str,
        singular: bool,
    ) -> ExprId {
        let plural = if singular { "" } else { "s" };
        self.report(Diagnostic::at(
            Code::WrongArity,
            node.span(),
            format!("`{}` takes {takes} argument{plural}, not {given}", clip(name)),
        ))
    }

    pub(crate) fn builtin(&mut self, node: Node<'t>, entry: &builtin::Entry, args: &[Node<'t>]) -> ExprId {
        let builtin = entry.builtin;
        if builtin == Builtin::Syscall {
            return self.syscall(node, args);
        }
        let exprs: Vec<ExprId> = args.iter().map(|arg| self.expr(*arg)).collect();
        let (min, max) = (entry.min as usize, entry.max.map(usize::from));
        if exprs.len() < min || max.is_some_and(|max| exprs.len() > max) {
            let takes = match max {
                Some(max) if max == min => min.to_string(),
                Some(max) => format!("{min} to {max}"),
                None => format!("at least {min}"),
            };
            let expr = self.wrong_arity(node, entry.name, exprs.len(), &takes, takes.ends_with('1'));
            if let Some(diagnostic) = self.diagnostics.last_mut() {
                diagnostic.notes.push(entry.doc.to_string());
            }
            return expr;
        }
        self.body.add(Expr::Builtin(builtin, exprs), Some(node.span()))
    }

    pub(crate) fn syscall(&mut self, node: Node<'t>, args: &[Node<'t>]) -> ExprId {
        let Some((name_node, rest)) = args.split_first() else {
            return self.wrong_arity(node, "syscall", 0, "1 to 6", false);
        };
        let exprs: Vec<ExprId> = rest.iter().map(|arg| self.expr(*arg)).collect();
        let Some(name) = name_node.string_value() else {
            return self.report(
                Diagnostic::at(
                    Code::LiteralStringNeeded,
                    name_node.span(),
                    "the name of a syscall must be a string literal",
                )
                .help("write it out, as in `(syscall \"sol_log_compute_units_\")`"),
            );
        };
        let Some(syscall) = Syscall::from_name(&name) else {
            let near = nearest(&name, Syscall::all().map(Syscall::name)).map(str::to_string);
            let mut diagnostic = Diagnostic::at(
                Code::UnknownSyscall,
                name_node.span(),
                format!("`{}` is not a syscall of Solana", clip(&name)),
            );
            if let Some(near) = near {
                diagnostic = diagnostic.help(format!("did you mean `{near}`?")).fix(
                    format!("write `{near}`"),
                    name_node.span(),
                    format!("\"{near}\""),
                );
            }
            return self.report(diagnostic);
        };
        if exprs.len() != syscall.arity() {
            let arity = syscall.arity();
            return self.wrong_arity(node, syscall.name(), exprs.len(), &arity.to_string(), arity == 1);
        }
        let name = self.body.add(Expr::String(name), Some(name_node.span()));
        let mut all = vec![name];
        all.extend(exprs);
        self.body.add(Expr::Builtin(Builtin::Syscall, all), Some(node.span()))
    }

    /// Expands a call of a local function: its parameters become locals, its body stands in place of the call.
    pub(crate) fn call_local(
        &mut self,
        node: Node<'t>,
        name: &str,
        number: usize,
        args: &[Node<'t>],
    ) -> ExprId {
        let values: Vec<ExprId> = args.iter().map(|arg| self.expr(*arg)).collect();
        let Some(local) = self.functions.get_mut(number) else {
            return self.body.add(Expr::Error, Some(node.span()));
        };
        if local.running {
            return self.report(
                Diagnostic::at(
                    Code::UnsupportedForm,
                    node.span(),
                    format!(
                        "`{}` is a local function that calls itself, which this version does not have",
                        clip(name)
                    ),
                )
                .help("define it at the top level"),
            );
        }
        local.running = true;
        let definition_scope = local.scope;
        let function = Function {
            name: local.function.name,
            list: local.function.list,
            params: local.function.params.clone(),
            result: local.function.result,
            body: local.function.body.clone(),
        };
        let caller_scope = std::mem::replace(&mut self.scope, definition_scope);
        let params = self.params(&function, false);
        let expr = if params.len() != values.len() {
            self.scope = caller_scope;
            self.wrong_arity(node, name, values.len(), &params.len().to_string(), params.len() == 1)
        } else {
            let mut items: Vec<ExprId> = params
                .into_iter()
                .zip(values)
                .map(|(param, value)| self.body.add(Expr::Bind(param, value), Some(node.span())))
                .collect();
            let mut value = self.sequence(&function.body, node);
            if let Some(result) = function.result {
                let ty = self.type_name(result);
                value = self.body.add(Expr::Ascribe(value, ty), Some(node.span()));
            }
            items.push(value);
            self.scope = caller_scope;
            self.body.add(Expr::Block(items), Some(node.span()))
        };
        if let Some(local) = self.functions.get_mut(number) {
            local.running = false;
        }
        expr
    }
}
