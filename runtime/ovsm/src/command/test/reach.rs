//! What each test of a script can reach, as expanded code: the fingerprints by which a change is told from none.
//!
//! The code of a form is its core, written without places, documentation and names of local variables; so comments, layout and
//! docstrings are no change, and a macro is one where its expansions differ. A test reaches the forms that define what it
//! names, and what these name in turn; what assigns a variable that it reaches; and code that runs when a file is loaded.
//! What looks names up while it runs reaches everything. Nothing here runs a program. Start with [`fingerprints`].

use ovsm_eval::Session;
use ovsm_eval::core::{Expr, ExprId, FunctionId, GlobalId, Parameters, Unit};
use ovsm_value::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// The built-in functions that reach code by what they are given.
const DYNAMIC: [&str; 3] = ["eval", "macroexpand", "macroexpand-1"];

/// The built-in functions that make a value of others, and can not fail.
const MAKERS: [&str; 4] = ["#array", "#list", "#object", "#set"];

/// A form: its code, and what it has to do with variables.
#[derive(Default)]
struct Form {
    code: String,
    defines: BTreeSet<GlobalId>,
    names: BTreeSet<GlobalId>,
    assigns: BTreeSet<GlobalId>,
    /// Symbols that are data: they may name a function.
    symbols: BTreeSet<String>,
    /// True if it does nothing but give names their values.
    is_definition: bool,
    is_dynamic: bool,
}

/// What each test of a session that has loaded a file depends on, by the name of the test. `everything` is what a test sees
/// that looks names up while it runs.
pub fn fingerprints(session: &Session, everything: &str) -> BTreeMap<String, String> {
    let units = session.front.units_with_library();
    let names = global_names(session, &units);
    let code = &session.front.kept_code;
    let code = code.iter().filter_map(|(id, unit)| Some((session.machine.first_function(*id)?, &**unit)));
    let code: BTreeMap<u32, &Unit> = code.collect();
    let own = units.iter().skip(session.front.library_count());
    let forms: Vec<Form> = own.map(|unit| form(unit, &names, &code)).collect();
    let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let (mut defining, mut assigning) = (BTreeMap::new(), BTreeMap::new());
    let tests: BTreeSet<GlobalId> = session.front.tests.iter().map(|test| test.function).collect();
    for (n, form) in forms.iter().enumerate() {
        for global in &form.defines {
            defining.entry(*global).or_insert_with(Vec::new).push(n);
            by_name.entry(session.machine.global_name(*global)).or_default().push(n);
        }
        // That another test runs before is nothing that a test may rely on.
        if form.defines.is_disjoint(&tests) {
            for global in &form.assigns {
                assigning.entry(*global).or_insert_with(Vec::new).push(n);
            }
        }
    }
    let always: Vec<usize> =
        (0..forms.len()).filter(|n| !forms.get(*n).is_some_and(|it| it.is_definition)).collect();
    let mut result = BTreeMap::new();
    for test in &session.front.tests {
        let of_test = defining.get(&test.function).cloned().unwrap_or_default();
        let mut seen: BTreeSet<usize> = always.iter().copied().chain(of_test).collect();
        let mut work: Vec<usize> = seen.iter().copied().collect();
        let mut is_dynamic = false;
        while let Some(form) = work.pop() {
            let Some(form) = forms.get(form) else { continue };
            is_dynamic |= form.is_dynamic;
            let by_global =
                form.names.iter().flat_map(|global| [defining.get(global), assigning.get(global)]);
            let by_symbol = form.symbols.iter().map(|symbol| by_name.get(symbol.as_str()));
            for target in by_global.chain(by_symbol).flatten().flatten() {
                if seen.insert(*target) {
                    work.push(*target);
                }
            }
        }
        let mut print = String::new();
        let mut add = |code: &str| {
            print.push_str(code);
            print.push('\n');
        };
        // The order of definitions says nothing; that of code that runs does, and so does that of values of one name.
        let mut definitions: BTreeSet<&str> = BTreeSet::new();
        for n in seen {
            let Some(form) = forms.get(n) else { continue };
            let is_only = |global: &GlobalId| defining.get(global).is_none_or(|all| all.len() == 1);
            if form.is_definition && form.defines.iter().all(is_only) {
                definitions.insert(&form.code);
            } else {
                std::mem::take(&mut definitions).into_iter().for_each(&mut add);
                add(&form.code);
            }
        }
        definitions.into_iter().for_each(&mut add);
        if is_dynamic {
            print.push_str(everything);
        }
        result.insert(test.name.clone(), print);
    }
    result
}

/// A text for each variable that tells it from all others: its module, its name, and its number among equals.
fn global_names(session: &Session, units: &[std::rc::Rc<Unit>]) -> BTreeMap<GlobalId, String> {
    let mut globals: BTreeSet<GlobalId> = BTreeSet::new();
    for unit in units {
        for expr in unit.exprs.iter() {
            if let Expr::Global(id)
            | Expr::SetGlobal(id, _)
            | Expr::UpdateGlobal(id, ..)
            | Expr::DynamicBind(id, ..) = expr
            {
                globals.insert(*id);
            }
        }
    }
    let mut seen: BTreeMap<(String, &str), u32> = BTreeMap::new();
    let mut names = BTreeMap::new();
    for id in globals {
        let module = session.front.module_of_global(id).unwrap_or_default().to_string();
        let name = session.machine.global_name(id);
        let number = seen.entry((module.clone(), name)).or_default();
        names.insert(id, format!("{module}:{name}:{number}"));
        *number += 1;
    }
    names
}

fn form(unit: &Unit, names: &BTreeMap<GlobalId, String>, code: &BTreeMap<u32, &Unit>) -> Form {
    let mut writer = Writer { unit, names, code, written: BTreeSet::new(), form: Form::default() };
    if let Some(top) = unit.functions.get(FunctionId(0)) {
        writer.form.is_definition = writer.is_definition(top.body);
        writer.define(top.body);
        writer.expr(top.body);
    }
    writer.form
}

/// Writes the code of a unit.
struct Writer<'a> {
    unit: &'a Unit,
    names: &'a BTreeMap<GlobalId, String>,
    /// The units that have become code, by the numbers of their first functions.
    code: &'a BTreeMap<u32, &'a Unit>,
    /// The functions whose values are written already, by number.
    written: BTreeSet<u32>,
    form: Form,
}

impl Writer<'_> {
    /// True if a form only gives names values that nothing has to run for.
    fn is_definition(&self, expr: ExprId) -> bool {
        match self.unit.exprs.get(expr) {
            Some(Expr::SetGlobal(_, value)) => self.is_plain(*value),
            Some(Expr::Sequence(items)) => {
                ovsm_base::stack::with_room(|| items.iter().all(|item| self.is_definition(*item)))
            }
            _ => self.is_plain(expr),
        }
    }

    fn is_plain(&self, expr: ExprId) -> bool {
        match self.unit.exprs.get(expr) {
            Some(Expr::Constant(_) | Expr::Lambda(_)) => true,
            Some(Expr::Native(id, items)) => {
                ovsm_library::get(*id).is_some_and(|native| MAKERS.contains(&native.name))
                    && ovsm_base::stack::with_room(|| items.iter().all(|item| self.is_plain(*item)))
            }
            _ => false,
        }
    }

    /// Notes what a form defines: what it gives a value outside of functions.
    fn define(&mut self, expr: ExprId) {
        let mut work = vec![expr];
        while let Some(expr) = work.pop() {
            let Some(node) = self.unit.exprs.get(expr) else { continue };
            if let Expr::SetGlobal(global, _) = node {
                self.form.defines.insert(*global);
            }
            node.for_each_child(|child| work.push(child));
        }
    }

    fn global(&mut self, id: GlobalId) {
        let name = self.names.get(&id).map_or("", String::as_str);
        self.form.code.push_str(name);
    }

    fn word(&mut self, word: impl std::fmt::Display) {
        // A text takes everything.
        let _ = write!(self.form.code, "{word} ");
    }

    fn expr(&mut self, expr: ExprId) {
        let unit = self.unit;
        let Some(node) = unit.exprs.get(expr) else { return };
        self.form.code.push('(');
        match node {
            Expr::Constant(value) => self.constant(value),
            Expr::Local(local) => self.word(format_args!("local {}", local.0)),
            Expr::SetLocal(local, _) => self.word(format_args!("set {}", local.0)),
            Expr::Global(id) => {
                self.form.names.insert(*id);
                self.word("global");
                self.global(*id);
            }
            Expr::SetGlobal(id, _) => {
                self.word("set-global");
                self.global(*id);
                self.form.assigns.insert(*id);
                self.form.names.insert(*id);
            }
            Expr::UpdateGlobal(id, native, _) => {
                self.word("update-global");
                self.global(*id);
                self.form.assigns.insert(*id);
                self.form.names.insert(*id);
                self.native(*native);
            }
            Expr::DynamicBind(id, ..) => {
                self.word("bind");
                self.global(*id);
                self.form.names.insert(*id);
            }
            Expr::Let(bindings, _) => {
                self.word("let");
                for (local, _) in bindings {
                    self.word(local.0);
                }
            }
            Expr::Block(block, _) => self.word(format_args!("block {}", block.0)),
            Expr::Leave(block, _) => self.word(format_args!("leave {}", block.0)),
            Expr::Lambda(function) => self.lambda(*function),
            Expr::Native(native, _) => self.native(*native),
            Expr::UpdateLocal(local, native, _) => {
                self.word(format_args!("update {}", local.0));
                self.native(*native);
            }
            Expr::Try { error, .. } => self.word(format_args!("try {}", error.0)),
            Expr::Sequence(_) => self.word("do"),
            Expr::If(..) => self.word("if"),
            Expr::And(_) => self.word("and"),
            Expr::Or(_) => self.word("or"),
            Expr::While(..) => self.word("while"),
            Expr::Loop(_) => self.word("loop"),
            Expr::Call(..) => self.word("call"),
            Expr::Apply(..) => self.word("apply"),
            Expr::Protect(..) => self.word("protect"),
            Expr::Catch(..) => self.word("catch"),
            Expr::Values(_) => self.word("values"),
            Expr::AllValues(_) => self.word("all-values"),
        }
        ovsm_base::stack::with_room(|| node.for_each_child(|child| self.expr(child)));
        self.form.code.push(')');
    }

    fn native(&mut self, id: ovsm_value::NativeId) {
        let name = ovsm_library::get(id).map_or("", |native| native.name);
        self.form.is_dynamic |= DYNAMIC.contains(&name);
        self.word(name);
    }

    fn lambda(&mut self, function: FunctionId) {
        let unit = self.unit;
        let Some(code) = unit.functions.get(function) else { return };
        self.word(format_args!("lambda {}", code.name));
        let Parameters { required, optional, rest, keys, allow_other_keys } = &code.parameters;
        for local in required {
            self.word(local.0);
        }
        for parameter in optional {
            self.word(format_args!(
                "&optional {} {:?}",
                parameter.local.0,
                parameter.supplied.map(|it| it.0)
            ));
            self.expr(parameter.default);
        }
        for key in keys.iter().flatten() {
            self.word(format_args!("&key {} {} {:?}", key.name, key.local.0, key.supplied.map(|it| it.0)));
            self.expr(key.default);
        }
        self.word(format_args!("{:?} {} {allow_other_keys}", rest.map(|it| it.0), keys.is_some()));
        ovsm_base::stack::with_room(|| self.expr(code.body));
    }

    fn constant(&mut self, value: &Value) {
        match value {
            Value::Native(id) => self.native(*id),
            Value::RecordType(ty) => {
                self.word(format_args!("type {}:{} {:?}", ty.module, ty.name, ty.parent));
                for (field, ty) in ty.fields.iter().zip(&ty.types) {
                    self.word(field.as_str());
                    self.constants(std::slice::from_ref(ty));
                }
            }
            Value::Symbol(symbol) => {
                self.form.symbols.insert(symbol.name.to_string());
                self.word(ovsm_value::write::write(value));
            }
            Value::Array(items) | Value::List(items) => {
                self.word(format_args!("{} {}", value_word(value), items.len()));
                self.constants(items.as_slice());
            }
            // A condition of a type, and what code gives that runs while the file is compiled.
            Value::Function(closure) => {
                self.word(format_args!("function {}", closure.name));
                if self.written.insert(closure.code) {
                    self.function(closure.code);
                    self.constants(&closure.captures);
                }
            }
            Value::Object(entries) => {
                self.word(format_args!("object {}", entries.len()));
                for (key, value) in entries.iter() {
                    self.word(ovsm_value::write::write(&Value::String(std::rc::Rc::clone(key))));
                    self.constants(std::slice::from_ref(value));
                }
            }
            Value::Record(record) => {
                self.word(format_args!("record {}", record.ty.full_name()));
                self.constants(&record.fields);
            }
            value => {
                let text = ovsm_value::write::write(value);
                // Symbols inside of sets.
                if !matches!(value, Value::String(_)) {
                    let words = text.split(|c: char| c.is_whitespace() || "()[]{}#'`,".contains(c));
                    self.form.symbols.extend(words.filter(|word| !word.is_empty()).map(str::to_string));
                }
                self.word(format_args!("{} {text}", value_word(value)));
            }
        }
    }

    fn constants(&mut self, values: &[Value]) {
        ovsm_base::stack::with_room(|| values.iter().for_each(|value| self.constant(value)));
    }

    /// The code of a function, by its number.
    fn function(&mut self, code: u32) {
        let Some((first, unit)) = self.code.range(..=code).next_back() else { return };
        let outer = std::mem::replace(&mut self.unit, unit);
        self.lambda(FunctionId(code - first));
        self.unit = outer;
    }
}

fn value_word(value: &Value) -> &'static str {
    match value {
        Value::Array(_) => "array",
        Value::List(_) => "list",
        _ => "value",
    }
}
