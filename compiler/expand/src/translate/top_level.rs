//! What a form defines, and its code: the top level of the translation.

use super::{Place, Translator};
use crate::core::{Body, Expr as Core, ExprId as CoreId, TypeName};
use crate::declaration::Declaration;
use crate::env::{Env, GlobalKind};
use crate::expand::{DefinedFunction, Expansion, FormContext};
use crate::ty::Type;
use ovsm_base::{DefId, Diagnostic};
use ovsm_eval::core::{Expr, ExprId, FunctionCode, FunctionId, GlobalId};
use ovsm_value::Value;

/// A definition of a function in a form.
struct Definition<'a> {
    global: GlobalId,
    code: &'a FunctionCode,
    at: ExprId,
}

impl<'a> Translator<'a> {
    /// Translates a form. With `failed`, its faults were reported and its code means nothing.
    pub(super) fn top_level(&mut self, failed: bool) -> Expansion {
        let mut expansion = Expansion::default();
        let root = self.unit.functions.get(FunctionId(0)).map(|code| code.body);
        let is_macro = self.context.item.names.first().is_some_and(|(_, kind)| *kind == GlobalKind::Macro);
        // Nothing of the definition of a macro is part of the program.
        if let Some(root) = root
            && (!is_macro || self.context.item.is_expanded)
        {
            let (mut definitions, mut code) = (Vec::new(), Vec::new());
            self.split(root, &mut definitions, &mut code);
            code.retain(|expr| match self.declaration(*expr) {
                Some(declared) => {
                    let instruction = declared.as_ref().and_then(Declaration::instruction);
                    expansion.instructions.extend(instruction);
                    expansion.declarations.extend(declared);
                    false
                }
                None => true,
            });
            for definition in definitions {
                let function = self.defined_function(&definition, failed);
                expansion.functions.extend(function);
            }
            let defines_type = self.context.item.names.iter().any(|(_, kind)| *kind == GlobalKind::Type);
            let defines_template =
                self.context.item.names.iter().any(|(_, kind)| matches!(kind, GlobalKind::Template { .. }));
            let has_others = !expansion.functions.is_empty() || !expansion.declarations.is_empty();
            if !code.is_empty() || !has_others && !defines_type && !defines_template {
                expansion.code = self.code(&code, failed);
            }
            expansion.functions.extend(self.lifted_functions());
        }
        stand_in(&mut expansion, self.context, self.surroundings.env);
        expansion.diagnostics = std::mem::take(&mut self.diagnostics);
        expansion
    }

    /// Tells the definitions of functions in a form from its code.
    fn split(&self, root: ExprId, definitions: &mut Vec<Definition<'a>>, code: &mut Vec<ExprId>) {
        let mut work = vec![root];
        while let Some(expr) = work.pop() {
            match self.unit.exprs.get(expr) {
                Some(Expr::Sequence(items)) if !items.is_empty() && self.defines_several() => {
                    work.extend(items.iter().rev());
                }
                Some(Expr::SetGlobal(global, value)) => match self.unit.exprs.get(*value) {
                    Some(Expr::Lambda(function)) if self.is_function(*global) => {
                        if let Some(code) = self.unit.functions.get(*function) {
                            definitions.push(Definition { global: *global, code, at: expr });
                        }
                    }
                    // A call of the constructor is a conversion.
                    Some(Expr::Lambda(_)) if self.session.defined_type(*global).is_some() => {}
                    // The value of a type is the type.
                    Some(Expr::Constant(Value::RecordType(_) | Value::Record(_))) => {}
                    _ => code.push(expr),
                },
                // What a definition of a type gives.
                Some(Expr::Constant(Value::Symbol(_))) if self.defines_several() => {}
                _ => code.push(expr),
            }
        }
    }

    /// True if the form may define more than one name.
    fn defines_several(&self) -> bool {
        let item = self.context.item;
        item.is_expanded
            || item.names.len() > 1
            || item.names.iter().any(|(_, kind)| *kind == GlobalKind::Type)
    }

    fn is_template(&self, global: GlobalId) -> bool {
        let name = self.session.name(global);
        let own = name.and_then(|name| self.context.item.names.iter().find(|(own, _)| **own == **name));
        matches!(own, Some((_, GlobalKind::Template { .. })))
    }

    fn is_function(&self, global: GlobalId) -> bool {
        let (Some(name), Some(module)) = (self.session.name(global), self.session.module_of(global)) else {
            return false;
        };
        let own = self.context.item.names.iter().find(|(own, _)| **own == **name);
        match own {
            Some((_, kind)) => kind.is_function(),
            None => self.surroundings.get(module, name).is_some_and(|global| global.kind.is_function()),
        }
    }

    fn defined_function(&mut self, definition: &Definition<'a>, failed: bool) -> Option<DefinedFunction> {
        let name = self.session.name(definition.global)?.to_string();
        let def = self.surroundings.env.identity(&name);
        let comes_with_a_type = self
            .context
            .item
            .names
            .iter()
            .any(|(own, kind)| *own == name && matches!(kind, GlobalKind::Accessor { .. }));
        let known = self.diagnostics.len();
        let may_fail = comes_with_a_type || self.context.at_compile_time.contains(&def);
        self.may_lift = !failed && !may_fail;
        self.defining = Some((definition.global, definition.code));
        let mut body = self.function(definition.code, definition.at, failed);
        self.may_lift = !failed;
        let mut withheld = Vec::new();
        let has_errors = |found: &[Diagnostic]| found.iter().any(Diagnostic::is_error);
        if may_fail && !failed && has_errors(self.diagnostics.get(known..).unwrap_or(&[])) {
            // It matters only if the program calls it.
            withheld = self.diagnostics.split_off(known);
            body = self.function(definition.code, definition.at, true);
            self.diagnostics.truncate(known);
        }
        self.defining = None;
        let is_template = self.is_template(definition.global);
        Some(DefinedFunction { def, name, body, is_template, is_lifted: false, withheld })
    }

    fn function(&mut self, code: &'a FunctionCode, at: ExprId, failed: bool) -> Body {
        self.begin();
        if !failed {
            self.check_parameters(code);
        }
        let unknown = TypeName { ty: Type::Error, span: None };
        for parameter in &code.parameters.required {
            let annotation = self.unit.locals.get(*parameter).and_then(|local| local.annotation.as_ref());
            if matches!(annotation, Some((ovsm_eval::Type::Function(_), _))) {
                self.opaque_function(*parameter);
                continue;
            }
            let local = self.bind(*parameter);
            if failed && let Some(local) = self.body.locals.get_mut(local) {
                local.annotation.get_or_insert(unknown.clone());
            }
        }
        self.body.params = code.parameters.required.len() as u32;
        let mut root = code.body;
        if let Some((inner, ty)) = self.check_of(root) {
            self.body.result = Some(ty);
            root = inner;
        }
        let root = match failed {
            true => {
                self.body.result.get_or_insert(unknown);
                self.body.add(Core::Error, self.span(at))
            }
            false => self.expr(root, Place::VALUE),
        };
        self.body.root = Some(root);
        self.finish()
    }

    fn code(&mut self, code: &[ExprId], failed: bool) -> Option<Body> {
        self.begin();
        let root = match code {
            [] => return None,
            [only] if failed => self.body.add(Core::Error, self.span(*only)),
            [only] => self.expr(*only, Place::VALUE),
            _ if failed => self.body.add(Core::Error, None),
            [first @ .., last] => {
                let mut parts: Vec<CoreId> =
                    first.iter().map(|expr| self.expr(*expr, Place::DISCARD)).collect();
                parts.push(self.expr(*last, Place::VALUE));
                self.body.add(Core::Block(parts), None)
            }
        };
        self.body.root = Some(root);
        Some(self.finish())
    }

    /// Starts another body.
    pub(super) fn begin(&mut self) {
        self.body = Body::default();
        self.locals.clear();
        self.declared.clear();
        self.flow = super::Flow::default();
        self.left.clear();
        self.exits.clear();
        self.active.clear();
        self.aliases.clear();
        self.choices.clear();
        self.inlining = 0;
        self.depth = 0;
        self.full = false;
    }

    pub(super) fn finish(&mut self) -> Body {
        self.bind_nullable();
        let mut body = std::mem::take(&mut self.body);
        body.callees.sort_unstable();
        body.callees.dedup();
        body.globals.sort_unstable();
        body.globals.dedup();
        body
    }
}

/// A faulty definition still defines its variable, so that nobody asks others for it.
pub(crate) fn stand_in(expansion: &mut Expansion, context: FormContext<'_>, env: &dyn Env) {
    let is_variable = |kind: &GlobalKind| matches!(kind, GlobalKind::Variable | GlobalKind::Constant);
    let wanted: Vec<DefId> = context
        .item
        .names
        .iter()
        .filter(|(_, kind)| is_variable(kind))
        .map(|(name, _)| env.identity(name))
        .collect();
    let defined: Vec<DefId> = expansion
        .code
        .iter()
        .flat_map(|body| body.exprs.iter())
        .filter_map(|expr| if let Core::Define(def, _) = expr { Some(*def) } else { None })
        .collect();
    for def in wanted {
        // A name that is defined twice is reported, and the first definition counts.
        if defined.contains(&def) || !context.own.contains(&def) {
            continue;
        }
        let body = expansion.code.get_or_insert_with(Body::default);
        let value = body.add(Core::Error, None);
        let define = body.add(Core::Define(def, value), None);
        body.root = Some(match body.root {
            Some(root) => body.add(Core::Block(vec![root, define]), None),
            None => define,
        });
        body.globals.push(def);
        body.globals.sort_unstable();
    }
}
