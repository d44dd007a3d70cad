//! What each expression of the core gives, and what is known after it.
//!
//! The forms that talk to the runtime are in `runtime_form`. Start with `Machine::expression`.

use crate::condition::{compare, distinct, relate, truth};
use crate::fact::{Account, Fact, Facts};
use crate::families::Event;
use crate::machine::{Machine, null};
use crate::value::{Region, Shape, Source, Truth, Value, region_source};
use ovsm_expand::builtin::{AccountField, Arithmetic, Builtin, Requirement};
use ovsm_expand::core::{Expr, ExprId, Key, Opening, Variable};
use ovsm_expand::ty::RecordType;
use ovsm_infer::Type;
use std::sync::Arc;

/// The key that owns the sysvars: `Sysvar1111111111111111111111111111111111111`.
const SYSVAR_OWNER: &str = "06a7d5171875f729c73d93408f216120067ed88c76e08c287fc1946000000000";

impl<'p> Machine<'p> {
    pub(crate) fn expression(&mut self, expr: ExprId, form: &'p Expr) -> Value {
        match form {
            Expr::Error | Expr::Unreachable | Expr::Fail(_) => {
                self.state.is_dead = true;
                Value::default()
            }
            Expr::Null => null(),
            // Code that was inferred has none.
            Expr::Guard(guard) => self.eval(guard.place),
            Expr::Bool(value) => {
                let known = |is: bool| is.then(Facts::default);
                Value {
                    truth: Some(Truth { if_true: known(*value), if_false: known(!*value) }),
                    ..Value::default()
                }
            }
            Expr::Int { negative, magnitude, .. } => match i128::try_from(*magnitude) {
                Ok(number) => Value::number(if *negative { -number } else { number }),
                Err(_) => Value::default(),
            },
            Expr::String(_) | Expr::Bytes(_) => Value::default(),
            Expr::Pubkey(key) => {
                let mut value = Value::from_source(Source::Constant);
                let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
                if hex == SYSVAR_OWNER {
                    value.sources.insert(Source::SysvarOwner);
                }
                value
            }
            Expr::Array(items) | Expr::Make(_, _, items) => {
                let values: Vec<Value> = items.iter().map(|item| self.eval(*item)).collect();
                Value::derived(&values)
            }
            Expr::Repeat(value, _)
            | Expr::IsVariant(value, ..)
            | Expr::HasType(value, _)
            | Expr::IsInteger(value)
            | Expr::Length(value) => {
                let value = self.eval(*value);
                Value::derived([&value])
            }
            Expr::LogRecord(value, _) => {
                let value = self.eval(*value);
                for source in value.all_sources() {
                    if let Source::Key(account) = source {
                        self.state.know([Fact::KeyLogged(account)]);
                    }
                }
                Value::derived([&value])
            }
            Expr::IsNull(value) => {
                let value = self.eval(*value);
                Value { is_vague: true, ..Value::derived([&value]) }
            }
            Expr::Present(value) | Expr::Sequence(value) | Expr::Ascribe(value, _) | Expr::Into(value, _) => {
                self.eval(*value)
            }
            Expr::Tabulate(sequence, place, body) => {
                let items = self.variable(Variable::Local(*sequence));
                self.assign(Variable::Local(*place), Value::default());
                let value = self.eval(*body);
                Value::derived([&items, &value])
            }
            Expr::Get(value, key) => self.get(*value, key),
            Expr::Put(variable, path, value) => self.put(*variable, path, *value),
            Expr::OpenAccount(previous, opening) => self.open(*previous, opening),
            Expr::RequireAccounts(_) => null(),
            Expr::Arguments(..) => Value::from_source(Source::Instruction),
            Expr::Chain(chain) => self.runtime_form(expr, chain),
            Expr::KeyOf(account) => {
                let account = self.eval(*account).as_account();
                Value::from_source(Source::Key(account))
            }
            Expr::OwnerOf(account) => {
                let account = self.eval(*account).as_account();
                Value::from_source(Source::Owner(account))
            }
            Expr::Local(local) => self.variable(Variable::Local(*local)),
            Expr::Global(def) => self.variable(Variable::Global(*def)),
            Expr::Block(items) => {
                let mut last = null();
                for item in items {
                    last = self.eval(*item);
                }
                last
            }
            Expr::Scope(_, body) => self.eval(*body),
            Expr::Bind(local, value) => {
                let is_opened = matches!(self.expr(*value), Some(Expr::OpenAccount(..)));
                let value = self.eval(*value);
                if is_opened && let Some(name) = self.local_name(*local) {
                    self.state.names.edit().insert(value.as_account(), name);
                }
                self.assign(Variable::Local(*local), value);
                null()
            }
            Expr::Define(def, value) => {
                let value = self.eval(*value);
                self.assign(Variable::Global(*def), value);
                null()
            }
            Expr::SetLocal(local, value) => {
                let value = self.eval(*value);
                self.assign(Variable::Local(*local), value.clone());
                value
            }
            Expr::SetGlobal(def, value) => {
                let value = self.eval(*value);
                self.assign(Variable::Global(*def), value.clone());
                value
            }
            Expr::If(clauses, otherwise) => {
                let is_bool = self.type_of(expr) == Type::Bool;
                self.choose(clauses, *otherwise, is_bool)
            }
            Expr::And(operands) => self.chain_of(operands, true),
            Expr::Or(operands) => self.chain_of(operands, false),
            Expr::Not(value) => {
                let value = self.eval(*value);
                let Truth { if_true, if_false } = truth(&value);
                Value {
                    truth: Some(Truth { if_true: if_false, if_false: if_true }),
                    ..Value::derived([&value])
                }
            }
            Expr::While(condition, body) => self.repeat(Some(*condition), *body),
            Expr::Loop(body) => self.repeat(None, *body),
            Expr::Exit(exit, body) => {
                let is_bool = self.type_of(expr) == Type::Bool;
                self.exit(*exit, *body, is_bool)
            }
            Expr::Leave(exit, value) => {
                let value = self.eval(*value);
                self.leave(*exit, value);
                Value::default()
            }
            Expr::Call(def, args) => {
                let args: Vec<Value> = args.iter().map(|arg| self.eval(*arg)).collect();
                if self.state.is_dead { Value::default() } else { self.call(*def, args) }
            }
            Expr::Builtin(builtin, args) => {
                let args: Vec<Value> = args.iter().map(|arg| self.eval(*arg)).collect();
                if self.state.is_dead { Value::default() } else { self.builtin(*builtin, &args) }
            }
        }
    }

    /// What lies at a place of memory.
    pub(crate) fn load(&mut self, address: &Value, offset: Option<i64>) -> Value {
        match address.shape {
            Shape::Address(region, start) => {
                let offset = start.zip(offset).and_then(|(start, offset)| start.checked_add(offset));
                if let Region::Data(account) = region {
                    self.state.know([Fact::DataRead(account), Fact::Used(account)]);
                }
                let mut value = Value::from_source(region_source(region, offset, self.state.epoch));
                value.shape = Shape::Loaded(region, offset);
                value.is_vague = address.is_vague;
                value
            }
            // Something of the program's own: it may hold whatever was written there.
            _ => {
                let mut value = Value { is_vague: true, ..Value::derived([address]) };
                value.sources.extend(&self.state.memory);
                value
            }
        }
    }

    /// Writes to a place of memory.
    pub(crate) fn store(&mut self, address: &Value, offset: Option<i64>, value: &Value) {
        if let Shape::Address(Region::Data(account), start) = address.shape {
            let offset = start.zip(offset).and_then(|(start, offset)| start.checked_add(offset));
            self.write(account, offset, value, false);
            return;
        }
        for source in address.all_sources() {
            if let Source::Data(account, ..) = source {
                self.state.know([Fact::Written(account), Fact::Wiped(account), Fact::Used(account)]);
            }
        }
        self.state.memory.extend(&value.all_sources());
    }

    /// Writes to the data of an account; a key, if its type says so.
    pub(crate) fn write(&mut self, account: Account, offset: Option<i64>, value: &Value, is_key: bool) {
        self.happen(&Event::Write { account, offset, value, is_key });
        for source in value.all_sources() {
            if let Source::Key(other) = source {
                self.state.know([Fact::KeyUsed(other)]);
            }
        }
        self.state.epoch += 1;
        let write =
            crate::state::Write { account, offset, epoch: self.state.epoch, number: value.as_number() };
        self.state.writes.insert(write);
        self.state.know([Fact::Written(account), Fact::Used(account), Fact::Changed]);
        if value.is_vague || value.all_sources().is_empty() {
            self.state.know([Fact::Wiped(account)]);
        }
    }

    /// Notes as what the data of an account are read by their address.
    pub(crate) fn read_as(&mut self, address: &Value, ty: &Type) {
        if let (Shape::Address(Region::Data(account), Some(0)), Type::Record(record)) = (&address.shape, ty) {
            self.read_as_record(*account, record, 0);
        }
    }

    /// Notes as what the data of an account are read, from a place in them on.
    fn read_as_record(&mut self, account: Account, record: &Arc<RecordType>, start: u32) {
        if has_key(record) {
            self.state.know([Fact::HasKeyField(account)]);
        }
        let used = (record.name.clone(), start);
        if !self.state.records.get(&account).is_some_and(|records| records.contains(&used)) {
            self.state.records.edit().entry(account).or_default().insert(used.clone());
        }
        self.records.entry(used).or_insert_with(|| Arc::clone(record));
    }

    fn get(&mut self, expr: ExprId, key: &Key) -> Value {
        let ty = self.type_of(expr);
        let value = self.eval(expr);
        if let Key::Index(index) = key {
            let index = self.eval(*index);
            return Value { shape: Shape::Unknown, ..Value::derived([&value, &index]) };
        }
        let Key::Field(name, _) = key else { return Value::derived([&value]) };
        match (&value.shape, &ty) {
            (Shape::Account(account), Type::Account(of)) => {
                let offset = of.record.as_ref().and_then(|record| record.field(name)).map(|(_, at)| at);
                let offset = offset.map(|at| i64::from(at) + i64::from(of.offset()));
                let (account, record) = (*account, of.record.clone());
                let address = Value::shaped(Shape::Address(Region::Data(account), Some(0)));
                // Data of another program's accounts are told apart by that program.
                if let Some(record) = record.filter(|_| self.state.facts.holds(Fact::OwnedHere(account))) {
                    self.read_as_record(account, &record, of.offset());
                }
                self.load(&address, offset)
            }
            (Shape::Loaded(region, Some(start)), Type::Record(record)) => {
                let offset = record.field(name).and_then(|(_, at)| start.checked_add(i64::from(at)));
                let epoch = value.sources.iter().find_map(|source| match source {
                    Source::Data(_, _, epoch) => Some(epoch),
                    _ => None,
                });
                let mut part = Value::from_source(region_source(*region, offset, epoch.unwrap_or(0)));
                part.shape = Shape::Loaded(*region, offset);
                part.is_vague = value.is_vague;
                part
            }
            _ => Value { shape: Shape::Unknown, ..Value::derived([&value]) },
        }
    }

    fn put(&mut self, variable: Variable, path: &[Key], value: ExprId) -> Value {
        for key in path {
            if let Key::Index(index) = key {
                self.eval(*index);
            }
        }
        let is_key = is_key_type(&self.type_of(value));
        let value = self.eval(value);
        if self.state.is_dead {
            return null();
        }
        let held = self.variable(variable);
        match held.shape {
            Shape::Account(account) => {
                let offset = self.place_of(variable, path);
                self.write(account, offset, &value, is_key);
            }
            _ => self.assign(variable, Value::derived([&held, &value])),
        }
        null()
    }

    /// Where a part of an account lies in its data, if that does not depend on a number.
    fn place_of(&self, variable: Variable, path: &[Key]) -> Option<i64> {
        let Variable::Local(local) = variable else { return None };
        let Type::Account(of) = self.type_of_local(local) else { return None };
        let (mut record, mut place) = (of.record.clone(), i64::from(of.offset()));
        for key in path {
            let Key::Field(name, _) = key else { return None };
            let of = record?;
            let (number, at) = of.field(name)?;
            place = place.checked_add(i64::from(at))?;
            record = match of.fields.get(number).map(|field| &field.ty) {
                Some(Type::Record(inner)) => Some(Arc::clone(inner)),
                _ => None,
            };
        }
        Some(place)
    }

    fn open(&mut self, previous: Option<ExprId>, opening: &'p Opening) -> Value {
        let previous = previous.map(|previous| self.eval(previous).as_account());
        let account = match (opening.number, previous) {
            (Some(number), _) => Account::Number(number),
            (None, None) => Account::Number(0),
            (None, Some(Account::Number(number))) => Account::Number(number.saturating_add(1)),
            (None, Some(Account::Some)) => Account::Some,
        };
        if let Some(repeated) = opening.repeated {
            let before = self.state.clone();
            self.eval(repeated);
            let other = std::mem::replace(&mut self.state, before);
            self.state.join(other);
        }
        if opening.number.is_none() {
            self.state.know([Fact::InRow(account)]);
        }
        if opening.is_signer {
            self.state.know([Fact::Signed(account)]);
        }
        if let Some(discriminator) = opening.discriminator {
            self.state.know([
                Fact::TagCompared(account),
                Fact::TagIs(account, 0, u128::from(discriminator).into()),
            ]);
        }
        if let Type::Account(of) = &opening.ty
            && let Some(record) = &of.record
        {
            self.state.know([Fact::Used(account)]);
            self.state.know(of.data_length().map(|length| Fact::LengthIs(account, length)));
            // Whose account it is, is looked at only if it has a type.
            if opening.is_owned {
                self.state.know([Fact::OwnerKnown(account), Fact::OwnedHere(account)]);
                if has_key(record) {
                    self.state.know([Fact::HasKeyField(account)]);
                }
                let used = (record.name.clone(), of.offset());
                self.records.entry(used.clone()).or_insert_with(|| Arc::clone(record));
                self.state.opened.edit().insert(account, used);
            }
        }
        Value::shaped(Shape::Account(account))
    }

    fn builtin(&mut self, builtin: Builtin, args: &[Value]) -> Value {
        let arg = |n: usize| args.get(n).cloned().unwrap_or_default();
        let offset = |n: usize| args.get(n).and_then(Value::as_number).and_then(|it| i64::try_from(it).ok());
        match builtin {
            Builtin::Compare(comparison) => {
                let truth = compare(comparison, args);
                Value { truth: Some(truth), ..Value::derived(args) }
            }
            Builtin::Arithmetic(operation, _) => self.arithmetic(operation, args),
            Builtin::Decrement => Value { shape: Shape::Difference, ..Value::derived(args) },
            Builtin::Convert(_) | Builtin::ConvertWrap(_) => arg(0),
            Builtin::Account(field) => self.account_field(field, arg(0).as_account()),
            Builtin::SetLamports => {
                let (account, value) = (arg(0).as_account(), arg(1));
                let is_debit = value.shape == Shape::Difference || value.as_number() == Some(0);
                self.happen(&Event::Lamports { account, value: &value });
                self.state.pay(account);
                self.state.know([Fact::Used(account), Fact::Changed]);
                if is_debit {
                    self.state.know([Fact::Debited(account)]);
                }
                null()
            }
            Builtin::Require(requirement) => {
                let account = arg(0).as_account();
                match requirement {
                    Requirement::Signer => self.state.know([Fact::Signed(account)]),
                    Requirement::Writable => {}
                    Requirement::Owner => {
                        let owner = Value::from_source(Source::Owner(account));
                        let (same, _) = relate(&owner, &arg(1));
                        self.state.know_all(&same);
                    }
                }
                null()
            }
            Builtin::InstructionDataPtr => Value::shaped(Shape::Address(Region::Instruction, Some(0))),
            Builtin::ProgramIdPtr => Value::shaped(Shape::Address(Region::Program, Some(0))),
            Builtin::MemLoad(_) => self.load(&arg(0), offset(1)),
            Builtin::MemStore(_) => {
                self.store(&arg(0), offset(1), &arg(2));
                null()
            }
            Builtin::Syscall => self.syscall(args),
            // The whole input: whatever is found by it may be any account.
            Builtin::InputPtr => Value { is_vague: true, ..Value::default() },
            _ => Value::derived(args),
        }
    }

    fn account_field(&mut self, field: AccountField, account: Account) -> Value {
        let address = |region| Value::shaped(Shape::Address(region, Some(0)));
        match field {
            AccountField::DataPtr => address(Region::Data(account)),
            AccountField::Pubkey => address(Region::Key(account)),
            AccountField::Owner => address(Region::Owner(account)),
            AccountField::DataLen => Value::from_source(Source::Length(account)),
            AccountField::IsSigner => Value::from_source(Source::Signature(account)),
            AccountField::Lamports => {
                self.state.know([Fact::Used(account)]);
                let shape = match account {
                    Account::Number(_) => Shape::Balance(account, self.state.last_payment(account)),
                    Account::Some => Shape::Unknown,
                };
                Value { shape, ..Value::from_source(Source::Lamports(account)) }
            }
            AccountField::IsWritable | AccountField::Executable => Value::default(),
        }
    }

    fn arithmetic(&mut self, operation: Arithmetic, args: &[Value]) -> Value {
        let mut result = Value::derived(args);
        if operation == Arithmetic::Mul {
            return result;
        }
        let is_sum = operation == Arithmetic::Add;
        let numbers: Option<Vec<i128>> = args.iter().map(Value::as_number).collect();
        if let Some(numbers) = numbers {
            let sum = numbers.iter().enumerate().try_fold(0i128, |sum, (n, number)| {
                if is_sum || n == 0 && numbers.len() > 1 {
                    sum.checked_add(*number)
                } else {
                    sum.checked_sub(*number)
                }
            });
            if let Some(sum) = sum {
                result.shape = Shape::Number(sum);
            }
            return result;
        }
        // All of a balance, taken from it.
        if let [Value { shape: whole @ Shape::Balance(..), .. }, Value { shape: part, .. }] = args
            && whole == part
            && !is_sum
        {
            return Value { shape: Shape::Number(0), ..result };
        }
        let mut addresses = args.iter().enumerate().filter_map(|(n, arg)| match arg.shape {
            Shape::Address(region, offset) => Some((n, region, offset)),
            _ => None,
        });
        match (addresses.next(), addresses.next()) {
            (Some((place, region, start)), None) if is_sum || place == 0 => {
                let others = args.iter().enumerate().filter(|(n, _)| *n != place);
                let offset = others.fold(start, |sum, (_, other)| {
                    let number = i64::try_from(other.as_number()?).ok()?;
                    if is_sum { sum?.checked_add(number) } else { sum?.checked_sub(number) }
                });
                Value { is_vague: result.is_vague, ..Value::shaped(Shape::Address(region, offset)) }
            }
            _ if is_sum => result,
            _ => Value { shape: Shape::Difference, ..result },
        }
    }

    /// A call of the runtime by its name: what it is given counts as compared and as written.
    fn syscall(&mut self, args: &[Value]) -> Value {
        for (n, one) in args.iter().enumerate() {
            for two in args.iter().skip(n + 1) {
                let (same, other) = relate(one, two);
                self.state.know(same.iter().chain(other.iter()));
            }
            for source in one.all_sources() {
                if let Source::Data(account, ..) = source {
                    let facts = [Fact::Used(account), Fact::Written(account), Fact::TagCompared(account)];
                    self.state.know(facts);
                    self.state.know([Fact::Wiped(account)]);
                }
                if let Source::Key(account) = source {
                    self.state.know([Fact::KeyUsed(account), Fact::KeyKnown(account), Fact::Used(account)]);
                    self.state.know([distinct(account, Account::Some)]);
                }
            }
            self.state.memory.extend(&one.all_sources());
        }
        Value { is_vague: true, ..Value::derived(args) }
    }
}

/// True if one of the fields is a key, or may be one.
fn has_key(record: &RecordType) -> bool {
    record.fields.iter().any(|field| is_key_type(&field.ty))
}

/// True for the types of keys, and of what may be one.
fn is_key_type(ty: &Type) -> bool {
    match ty {
        Type::Pubkey => true,
        Type::Option(item) => **item == Type::Pubkey,
        _ => false,
    }
}
