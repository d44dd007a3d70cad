//! A small notation for core, so that tests can write units by hand.
//!
//! `(let x 1 body)`, `(set x e)`, `(seq …)`, `(if a b c)`, `(and …)`, `(or …)`, `(while c b)`, `(loop b)`,
//! `(block l b)`, `(leave l v)`, `(fn (a b &optional (c 1) &rest d &key (k 2)) body)`, `(def g e)`, `(set-global g e)`,
//! `(update x native …)`, `(apply f … xs)`, `(try body e handler)`, `(protect b c)`, `(catch t b)`,
//! `(bind g v b)`, `(values …)`, `(all e)`; other lists call a local, a native or a global.

use crate::core::*;
use crate::machine::{Environment, Failure, Limits, Machine};
use ovsm_base::ids::FormId;
use ovsm_base::{Span, TextRange};
use ovsm_library::Host;
use ovsm_value::error::raise;
use ovsm_value::{ErrorKind, Raised, Unwind, Value};
use std::collections::BTreeMap;
use std::rc::Rc;

#[derive(Clone, Debug)]
enum Form {
    Atom(String, u32),
    List(Vec<Form>, u32),
}

fn parse(text: &str) -> Vec<Form> {
    let mut stack: Vec<(Vec<Form>, u32)> = vec![(Vec::new(), 0)];
    let mut rest = text.char_indices().peekable();
    while let Some((at, c)) = rest.next() {
        match c {
            '(' => stack.push((Vec::new(), at as u32)),
            ')' => {
                let (list, start) = stack.pop().unwrap();
                stack.last_mut().unwrap().0.push(Form::List(list, start));
            }
            c if c.is_whitespace() => {}
            '"' => {
                let mut word = String::from("\"");
                for (_, c) in rest.by_ref() {
                    if c == '"' {
                        break;
                    }
                    word.push(c);
                }
                stack.last_mut().unwrap().0.push(Form::Atom(word, at as u32));
            }
            c => {
                let mut word = String::from(c);
                while let Some((_, c)) = rest.next_if(|(_, c)| !c.is_whitespace() && *c != ')' && *c != '(') {
                    word.push(c);
                }
                stack.last_mut().unwrap().0.push(Form::Atom(word, at as u32));
            }
        }
    }
    assert_eq!(stack.len(), 1, "brackets in {text}");
    stack.pop().unwrap().0
}

/// A machine with the module-level variables that tests have named so far.
pub struct World {
    pub machine: Machine,
    pub globals: BTreeMap<String, GlobalId>,
}

struct Build<'a> {
    world: &'a mut World,
    unit: Unit,
    scope: Vec<(String, LocalId)>,
    blocks: Vec<(String, BlockId)>,
    function: FunctionId,
}

impl Build<'_> {
    fn add(&mut self, expr: Expr, at: u32) -> ExprId {
        self.unit.add(expr, Some(Span { form: FormId(0), range: TextRange { start: at, end: at + 1 } }))
    }

    fn fresh(&mut self, name: &str) -> LocalId {
        self.unit.locals.push(Local { name: name.into(), owner: self.function, span: None, annotation: None })
    }

    fn all(&mut self, forms: &[Form]) -> Vec<ExprId> {
        forms.iter().map(|form| self.form(form)).collect()
    }

    fn global(&mut self, name: &str) -> GlobalId {
        if let Some(id) = self.world.globals.get(name) {
            return *id;
        }
        let id = self.world.machine.add_global(name);
        self.world.globals.insert(name.to_string(), id);
        id
    }

    fn find(&self, name: &str) -> Option<LocalId> {
        self.scope.iter().rev().find(|(other, _)| other == name).map(|(_, local)| *local)
    }

    fn form(&mut self, form: &Form) -> ExprId {
        match form {
            Form::Atom(word, at) => self.atom(word, *at),
            Form::List(items, at) => self.list(items, *at),
        }
    }

    fn atom(&mut self, word: &str, at: u32) -> ExprId {
        let expr = if let Ok(number) = word.parse::<i64>() {
            Expr::Constant(Value::Int(number))
        } else if let Ok(number) = word.parse::<f64>() {
            Expr::Constant(Value::Float(number))
        } else if let Some(text) = word.strip_prefix('"') {
            Expr::Constant(Value::string(text))
        } else if let Some(name) = word.strip_prefix(':') {
            Expr::Constant(Value::keyword(name))
        } else if word == "null" {
            Expr::Constant(Value::Null)
        } else if word == "true" || word == "false" {
            Expr::Constant(Value::Bool(word == "true"))
        } else if word == "[]" {
            Expr::Constant(Value::array(Vec::new()))
        } else if let Some(local) = self.find(word) {
            Expr::Local(local)
        } else if let Some(native) =
            ovsm_library::find(word).filter(|_| !self.world.globals.contains_key(word))
        {
            Expr::Constant(Value::Native(native))
        } else {
            Expr::Global(self.global(word))
        };
        self.add(expr, at)
    }

    fn parameters(&mut self, forms: &[Form]) -> Parameters {
        let mut parameters = Parameters::default();
        let mut mode = "";
        for form in forms {
            let (name, default) = match form {
                Form::Atom(word, _) if word.starts_with('&') => {
                    mode = word;
                    if mode == "&key" {
                        parameters.keys = Some(Vec::new());
                    }
                    continue;
                }
                Form::Atom(word, at) => (word.clone(), self.add(Expr::Constant(Value::Null), *at)),
                Form::List(items, _) => (name_of(&items[0]), self.form(&items[1])),
            };
            let local = self.fresh(&name);
            self.scope.push((name.clone(), local));
            match mode {
                "" => parameters.required.push(local),
                "&optional" => parameters.optional.push(Optional { local, default, supplied: None }),
                "&rest" => parameters.rest = Some(local),
                _ => {
                    let key = KeyParameter { name: name.into(), local, default, supplied: None };
                    parameters.keys.get_or_insert_default().push(key);
                }
            }
        }
        parameters
    }

    fn lambda(&mut self, name: &str, items: &[Form]) -> FunctionId {
        let id = self.unit.functions.push(FunctionCode {
            name: name.into(),
            parameters: Parameters::default(),
            body: ExprId(0),
            span: None,
            doc: None,
            result: None,
            declared: None,
        });
        let outer = std::mem::replace(&mut self.function, id);
        let depth = self.scope.len();
        let Form::List(parameters, _) = &items[0] else { panic!("parameters") };
        let parameters = self.parameters(parameters);
        let body = self.all(&items[1..]);
        let body = self.add(Expr::Sequence(body), 0);
        self.scope.truncate(depth);
        self.function = outer;
        self.unit.functions[id].parameters = parameters;
        self.unit.functions[id].body = body;
        id
    }

    fn list(&mut self, items: &[Form], at: u32) -> ExprId {
        let head = match &items[0] {
            Form::Atom(word, _) => word.as_str(),
            Form::List(..) => "",
        };
        let rest = &items[1..];
        let expr = match head {
            "let" => {
                let name = name_of(&rest[0]);
                let value = self.form(&rest[1]);
                let local = self.fresh(&name);
                self.scope.push((name, local));
                let body = self.all(&rest[2..]);
                let body = self.add(Expr::Sequence(body), at);
                self.scope.pop();
                Expr::Let(vec![(local, value)], body)
            }
            "set" => {
                let value = self.form(&rest[1]);
                Expr::SetLocal(self.find(&name_of(&rest[0])).unwrap(), value)
            }
            "def" | "set-global" => {
                let name = name_of(&rest[0]);
                let global = self.global(&name);
                let value = match &rest[1] {
                    Form::List(items, _) if matches!(&items[0], Form::Atom(word, _) if word == "fn") => {
                        let function = self.lambda(&name, &items[1..]);
                        self.add(Expr::Lambda(function), at)
                    }
                    form => self.form(form),
                };
                Expr::SetGlobal(global, value)
            }
            "seq" => Expr::Sequence(self.all(rest)),
            "if" => {
                let all = self.all(rest);
                Expr::If(all[0], all[1], all[2])
            }
            "and" => Expr::And(self.all(rest)),
            "or" => Expr::Or(self.all(rest)),
            "while" => {
                let condition = self.form(&rest[0]);
                let body = self.all(&rest[1..]);
                let body = self.add(Expr::Sequence(body), at);
                Expr::While(condition, body)
            }
            "loop" => {
                let body = self.all(rest);
                Expr::Loop(self.add(Expr::Sequence(body), at))
            }
            "block" => {
                let block = BlockId(self.unit.blocks);
                self.unit.blocks += 1;
                self.blocks.push((name_of(&rest[0]), block));
                let body = self.all(&rest[1..]);
                let body = self.add(Expr::Sequence(body), at);
                self.blocks.pop();
                Expr::Block(block, body)
            }
            "leave" => {
                let name = name_of(&rest[0]);
                let block = self.blocks.iter().rev().find(|(other, _)| *other == name).unwrap().1;
                let value = self.form(&rest[1]);
                Expr::Leave(block, value)
            }
            "fn" => Expr::Lambda(self.lambda("anonymous", rest)),
            "apply" => {
                let callee = self.form(&rest[0]);
                Expr::Apply(callee, self.all(&rest[1..]))
            }
            "update" => {
                let name = name_of(&rest[0]);
                let native = ovsm_library::find(&name_of(&rest[1])).unwrap();
                let arguments = self.all(&rest[2..]);
                match self.find(&name) {
                    Some(local) => Expr::UpdateLocal(local, native, arguments),
                    None => Expr::UpdateGlobal(self.global(&name), native, arguments),
                }
            }
            "try" => {
                let body = self.form(&rest[0]);
                let name = name_of(&rest[1]);
                let error = self.fresh(&name);
                self.scope.push((name, error));
                let handler = self.form(&rest[2]);
                self.scope.pop();
                Expr::Try { body, error, handler }
            }
            "protect" => {
                let all = self.all(rest);
                Expr::Protect(all[0], all[1])
            }
            "catch" => {
                let all = self.all(rest);
                Expr::Catch(all[0], all[1])
            }
            "bind" => {
                let global = self.global(&name_of(&rest[0]));
                let all = self.all(&rest[1..]);
                Expr::DynamicBind(global, all[0], all[1])
            }
            "values" => Expr::Values(self.all(rest)),
            "all" => Expr::AllValues(self.form(&rest[0])),
            _ => match ovsm_library::find(head)
                .filter(|_| self.find(head).is_none() && !self.world.globals.contains_key(head))
            {
                Some(native) => Expr::Native(native, self.all(rest)),
                None if head == "array" => {
                    let items = self.all(rest);
                    let values = self.add(Expr::Values(items), at);
                    Expr::AllValues(values)
                }
                None => {
                    let callee = self.form(&items[0]);
                    Expr::Call(callee, self.all(rest))
                }
            },
        };
        self.add(expr, at)
    }
}

fn name_of(form: &Form) -> String {
    match form {
        Form::Atom(word, _) => word.clone(),
        Form::List(..) => panic!("a name expected"),
    }
}

/// An environment without a world.
pub struct Nowhere;

impl Host for Nowhere {}

impl Environment for Nowhere {
    fn host(&mut self) -> &mut dyn Host {
        self
    }

    fn read(&mut self, _: &str) -> Result<Vec<Value>, Raised> {
        Err(raise(ErrorKind::Parse, "no reader here"))
    }

    fn evaluate(&mut self, _: &mut Machine, form: &Value) -> Result<Value, Raised> {
        Ok(form.clone())
    }

    fn expand(&mut self, _: &mut Machine, form: &Value, _: bool) -> Result<Value, Raised> {
        Ok(form.clone())
    }
}

impl World {
    pub fn new() -> World {
        World::with(Limits::default())
    }

    pub fn with(limits: Limits) -> World {
        World { machine: Machine::new(limits), globals: BTreeMap::new() }
    }

    /// Runs forms one after the other, each as a unit; the value of the last.
    pub fn run(&mut self, text: &str) -> Result<Value, Failure> {
        let mut value = Value::Null;
        for form in parse(text) {
            let unit = self.build(&form);
            let id = self.machine.load(&Rc::new(unit)).map_err(|diagnostic| Failure {
                unwind: Unwind::Error(Rc::new(ovsm_value::ErrorValue::new(
                    ErrorKind::Limit,
                    diagnostic.message,
                ))),
                span: None,
                origin: None,
                stated: None,
                trace: Vec::new(),
                omitted: 0,
            })?;
            value = self.machine.run(id, &mut Nowhere)?;
        }
        Ok(value)
    }

    fn build(&mut self, form: &Form) -> Unit {
        let mut build = Build {
            world: self,
            unit: Unit::default(),
            scope: Vec::new(),
            blocks: Vec::new(),
            function: FunctionId(0),
        };
        build.unit.functions.push(FunctionCode {
            name: "top".into(),
            parameters: Parameters::default(),
            body: ExprId(0),
            span: None,
            doc: None,
            result: None,
            declared: None,
        });
        let body = build.form(form);
        build.unit.functions[FunctionId(0)].body = body;
        build.unit
    }

    /// The written value, or the kind and message of the error, or how else it ended.
    pub fn show(&mut self, text: &str) -> String {
        match self.run(text) {
            Ok(value) => ovsm_value::write::write(&value),
            Err(failure) => match failure.unwind {
                Unwind::Error(error) => format!("{}: {}", error.kind.name(), error.message),
                other => format!("{other:?}"),
            },
        }
    }
}

/// Runs forms in a new world; see [`World::show`].
pub fn show(text: &str) -> String {
    World::new().show(text)
}
