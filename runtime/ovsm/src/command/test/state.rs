//! What the tests of a file share with the runner while they run.

use super::property::Choices;
use super::snapshot::Snapshots;
use crate::chain::Chain;
use ovsm_library::TestHost;
use ovsm_value::Value;
use std::cell::RefCell;
use std::rc::Rc;

/// The state of the tests of a file.
#[derive(Default)]
pub struct TestState {
    /// The choices of the property that runs.
    pub choices: Choices,
    /// The snapshots of the file.
    pub snapshots: Snapshots,
    /// Whether snapshots take new values.
    pub update: bool,
    /// The test that runs.
    pub test: String,
    /// How many snapshots without a name it has compared.
    pub unnamed: u32,
    /// How often each place was reached.
    pub counts: Vec<u64>,
    /// Where Solana programs run.
    pub chain: Chain,
}

/// The same state, for the host of the session.
pub struct SharedState(pub Rc<RefCell<TestState>>);

impl TestHost for SharedState {
    fn choose(&mut self, below: u64) -> u64 {
        self.0.borrow_mut().choices.choose(below)
    }

    fn drawn(&mut self, name: &str, value: String) {
        self.0.borrow_mut().choices.drawn.push((name.to_string(), value));
    }

    fn snapshot(&mut self, name: Option<&str>, text: &str) -> Result<(), String> {
        let mut state = self.0.borrow_mut();
        let name = match name {
            Some(name) => format!("{} / {name}", state.test),
            None => {
                state.unnamed += 1;
                match state.unnamed {
                    1 => state.test.clone(),
                    n => format!("{} / {n}", state.test),
                }
            }
        };
        let update = state.update;
        state.snapshots.compare(&name, text, update)
    }

    fn cover(&mut self, place: u32) {
        let counts = &mut self.0.borrow_mut().counts;
        let place = place as usize;
        if counts.len() <= place {
            counts.resize(place + 1, 0);
        }
        if let Some(count) = counts.get_mut(place) {
            *count += 1;
        }
    }

    fn chain(&mut self, what: &str, arguments: &[Value]) -> Result<Value, String> {
        let mut state = self.0.borrow_mut();
        match (what, arguments) {
            ("snapshot-units", [name, units]) => {
                let name = name.as_str().unwrap_or_default();
                let name = format!("{} / {name} compute units", state.test);
                let units = ovsm_value::number::to_i64(units).unwrap_or(0);
                let update = state.update;
                state.snapshots.compare_units(&name, units.unsigned_abs(), update).map(|()| Value::Null)
            }
            _ => state.chain.request(what, arguments),
        }
    }
}
