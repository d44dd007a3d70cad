//! What the forms that talk to the runtime give: calls of other programs, addresses, memory.
//!
//! Start with `Machine::runtime_form`.

use crate::fact::{Account, Fact, Facts};
use crate::families::{Event, GivenAccount};
use crate::machine::{Machine, null};
use crate::value::{Shape, Source, Truth, Value, are_placing};
use ovsm_base::IntType;
use ovsm_expand::core::{Chain, ExprId};
use ovsm_infer::Type;

impl<'p> Machine<'p> {
    pub(crate) fn runtime_form(&mut self, expr: ExprId, form: &'p Chain) -> Value {
        match form {
            Chain::Invoke { program, accounts, data, signers } => {
                let program = self.eval(*program);
                let mut given = Vec::new();
                for account in accounts {
                    let value = self.eval(account.account);
                    given.push(GivenAccount {
                        account: value.as_account(),
                        is_writable: account.is_writable,
                        is_signer: account.is_signer,
                    });
                }
                let data: Vec<Value> = data.iter().map(|part| self.eval(*part)).collect();
                let seeds: Vec<Vec<(Value, Type)>> = signers.iter().map(|seeds| self.seeds(seeds)).collect();
                self.invoke(&program, &given, &data, &seeds);
                null()
            }
            Chain::Address(seeds, program) => {
                let seeds = self.seeds(seeds);
                self.address(&seeds, *program);
                found(&seeds)
            }
            Chain::FindAddress(seeds, program) => {
                let seeds = self.seeds(seeds);
                program.map(|program| self.eval(program));
                found(&seeds)
            }
            Chain::IsAddress { key, seeds, program } => {
                let key = self.eval(*key);
                let seeds = self.seeds(seeds);
                self.address(&seeds, *program);
                let mut facts = Facts::default();
                for source in key.all_sources() {
                    match source {
                        Source::Key(account) => {
                            facts.insert(Fact::KeyKnown(account));
                            let sources = found(&seeds).sources;
                            if are_placing(&sources, account) {
                                facts.insert(Fact::Placed(account));
                            }
                            for source in sources {
                                if let Source::Seed(seed) = source {
                                    facts.insert(Fact::SeedOf(seed, account));
                                }
                            }
                        }
                        Source::Data(account, ..) => {
                            facts.insert(Fact::AuthorityCompared(account));
                            facts.insert(Fact::DataCompared(account));
                        }
                        _ => {}
                    }
                }
                let truth = Truth { if_true: Some(facts), if_false: Some(Facts::default()) };
                Value { truth: Some(truth), ..Value::default() }
            }
            Chain::Sysvar(..) => Value::default(),
            Chain::ProgramKey => Value::from_source(Source::Program),
            Chain::ReturnedData(value) | Chain::SetReturnData(value) => {
                let value = self.eval(*value);
                Value::derived([&value])
            }
            Chain::Initialize(account, _) => {
                let account = self.eval(*account).as_account();
                self.state.know([Fact::Created(account), Fact::DataCompared(account)]);
                null()
            }
            Chain::Close(account, destination) => {
                let account = self.eval(*account).as_account();
                let destination = self.eval(*destination).as_account();
                let value = Value::from_source(Source::Lamports(account));
                self.happen(&Event::Close { account, destination });
                self.state.know([Fact::Closed(account), Fact::Debited(account), Fact::Used(account)]);
                self.happen(&Event::Lamports { account: destination, value: &value });
                self.state.pay(account);
                self.state.pay(destination);
                self.state.know([Fact::Used(destination), Fact::Changed]);
                null()
            }
            Chain::Resize(account, length) => {
                let account = self.eval(*account).as_account();
                self.eval(*length);
                self.state.know([Fact::Written(account), Fact::Wiped(account), Fact::Used(account)]);
                null()
            }
            Chain::Memory(address) => {
                let address = self.eval(*address);
                let ty = self.type_of(expr);
                self.read_as(&address, &ty);
                self.load(&address, Some(0))
            }
            Chain::SetMemory(address, value) => {
                let address = self.eval(*address);
                let value = self.eval(*value);
                self.store(&address, Some(0), &value);
                null()
            }
            Chain::AddressOf(value) => {
                let value = self.eval(*value);
                Value { is_vague: true, ..Value::derived([&value]) }
            }
            Chain::BytesAt(address, length) => {
                let address = self.eval(*address);
                let length = self.eval(*length);
                if matches!(address.shape, Shape::Address(..)) {
                    return self.load(&address, Some(0));
                }
                Value { is_vague: true, ..Value::derived([&address, &length]) }
            }
            Chain::Field { record, address, field, value } => {
                let address = self.eval(*address);
                self.read_as(&address, record);
                let offset = match record {
                    Type::Record(of) => of.field(field).map(|(_, at)| i64::from(at)),
                    _ => None,
                };
                match value {
                    Some(value) => {
                        let value = self.eval(*value);
                        self.store(&address, offset, &value);
                        null()
                    }
                    None => self.load(&address, offset),
                }
            }
        }
    }

    fn seeds(&mut self, seeds: &[ExprId]) -> Vec<(Value, Type)> {
        let mut values = Vec::new();
        for seed in seeds {
            let value = self.eval(*seed);
            for source in value.all_sources() {
                if let Source::Key(account) = source {
                    self.state.know([Fact::KeyUsed(account)]);
                }
            }
            values.push((value, self.type_of(*seed)));
        }
        values
    }

    /// An address from seeds, the last of which is the bump.
    fn address(&mut self, seeds: &[(Value, Type)], program: Option<ExprId>) {
        program.map(|program| self.eval(program));
        if let Some((bump, Type::Int(IntType::U8))) = seeds.last() {
            self.happen(&Event::Address { bump });
        }
    }

    fn invoke(
        &mut self,
        program: &Value,
        accounts: &[GivenAccount],
        data: &[Value],
        signers: &[Vec<(Value, Type)>],
    ) {
        if self.state.is_dead {
            return;
        }
        self.happen(&Event::Invoke { program, accounts, data, signers });
        // What the callee may have changed is read again.
        self.state.epoch += 1;
        self.state.pay(Account::Some);
        self.state.know([Fact::Changed]);
        if let Account::Number(_) = program.as_account() {
            self.state.know([Fact::Used(program.as_account())]);
        }
        for given in accounts {
            let account = given.account;
            self.state.know([Fact::Used(account), Fact::KeyUsed(account)]);
            if given.is_writable || account != Account::Some {
                self.state.know([Fact::Given(account)]);
            }
            // The runtime makes sure of the signature, unless this program signs for the account.
            if given.is_signer && signers.is_empty() {
                self.state.know([Fact::Signed(account)]);
            }
            if given.is_signer && given.is_writable {
                self.state.know([Fact::Created(account)]);
            }
        }
    }
}

/// An address that seeds give.
fn found(seeds: &[(Value, Type)]) -> Value {
    let mut value = Value::from_source(Source::Found);
    for (seed, _) in seeds {
        if seed.is_vague {
            value.sources.insert(Source::SeedGiven);
            continue;
        }
        let sources = seed.all_sources().into_iter().filter_map(|source| match source {
            Source::Key(account) => Some(Source::Seed(account)),
            Source::Data(account, ..) => Some(Source::SeedData(account)),
            // The bump, and what is written out.
            Source::Found | Source::Constant | Source::Program => None,
            _ => Some(Source::SeedGiven),
        });
        value.sources.extend(&sources.collect());
    }
    value
}
