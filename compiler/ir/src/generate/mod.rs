//! Random modules for tests: well-formed, terminating, without undefined behaviour.
//!
//! A module is a function of a stream of choices (any bytes), so that a fuzzer or proptest can drive it and shrink
//! its findings: after the end of the stream the module is finished in the shortest way. Every generated module
//! passes the verifier, keeps the contracts of the operations (canonical operands, divisors that are not zero,
//! accesses in bounds of what their region promises) and stops after at most [`GenerateConfig::max_cost`] fuel.
//! It may end in a failure or an abort. What it computes it logs, so two engines that log alike computed alike; the
//! addresses of constants, in which engines differ, go nowhere but into loads and log calls.
//!
//! Start with [`generate_module`].

mod body;
mod choices;
mod operations;

use crate::function::{Data, Func, Function, Module, Type};
use body::Body;
use choices::Choices;
use ovsm_base::IntType;
use ovsm_base::index::Index;

/// Size of the area at the bottom of the frame that generated modules access.
const FRAME_AREA: u32 = 64;
/// Bytes of the heap that generated modules access: few, so that accesses overlap.
const HEAP_WINDOW: u32 = 256;
/// Bytes of the input that [`GenerateConfig::input_len`] must have for accesses to the parts of an account.
const FIRST_ACCOUNT: u32 = 96;

/// Bounds of a generated module.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GenerateConfig {
    /// At most this many functions besides the entry.
    pub functions: usize,
    /// At most this many parameters of each of them.
    pub max_params: usize,
    /// At most this many results of each of them.
    pub max_results: usize,
    /// Number of results of the entry, all words.
    pub entry_results: usize,
    /// At most about this many statements (a few instructions each) in the module.
    pub statements: usize,
    /// Fuel that suffices for each run.
    pub max_cost: u64,
    /// Bytes at the start of the input that the module may read and write; 0 for a module that leaves it alone. With
    /// 96 or more, the first account's record is accessed as such: the input must begin as that of a program whose
    /// first account is no duplicate does.
    pub input_len: u32,
    /// Generate `sol_memcpy_` and its kin.
    pub memory_syscalls: bool,
}

impl Default for GenerateConfig {
    fn default() -> GenerateConfig {
        GenerateConfig {
            functions: 4,
            max_params: 7,
            max_results: 3,
            entry_results: 1,
            statements: 80,
            max_cost: 20_000,
            input_len: FIRST_ACCOUNT,
            memory_syscalls: true,
        }
    }
}

/// Generates a module. The same choices and bounds give the same module.
pub fn generate_module(choices: &[u8], config: GenerateConfig) -> Module {
    let mut generator = Generator {
        choices: Choices::new(choices),
        config,
        statements: config.statements,
        data: Vec::new(),
        signatures: Vec::new(),
        shift: 0,
        count: 1,
    };
    generator.module()
}

/// The values that a parameter, result or operand may have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// A truth value.
    Bool,
    /// Any word.
    Word,
    /// A canonical word of a type of at most 64 bits.
    Int(IntType),
}

impl Kind {
    const INTS: [IntType; 8] = [
        IntType::U64,
        IntType::U8,
        IntType::I64,
        IntType::U32,
        IntType::I8,
        IntType::U16,
        IntType::I32,
        IntType::I16,
    ];

    fn ty(self) -> Type {
        match self {
            Kind::Bool => Type::Bool,
            Kind::Word | Kind::Int(_) => Type::Word,
        }
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Signature {
    params: Vec<Kind>,
    results: Vec<Kind>,
    /// Fuel that suffices for a call.
    cost: u64,
}

struct Generator<'c> {
    choices: Choices<'c>,
    config: GenerateConfig,
    /// How many more statements.
    statements: usize,
    /// Constants; all are ASCII text.
    data: Vec<Vec<u8>>,
    /// Signatures by rank: the entry is last, and each function calls only functions of lower rank.
    signatures: Vec<Signature>,
    /// Functions of rank `r` have number `(r + shift) % count`, so that the entry is anywhere.
    shift: usize,
    /// How many functions there will be.
    count: usize,
}

impl Generator<'_> {
    fn module(&mut self) -> Module {
        let count = 1 + self.choices.below(self.config.functions + 1);
        self.count = count;
        self.shift = self.choices.below(count);
        for _ in 0..self.choices.below(4) {
            let len = self.choices.below(12);
            let text = (0..len).map(|_| b' ' + self.choices.below(95) as u8).collect();
            self.data.push(text);
        }
        let mut functions: Vec<Option<Function>> = vec![None; count];
        for rank in 0..count {
            let entry = rank + 1 == count;
            let function = self.function(rank, entry);
            if let Some(place) = functions.get_mut(self.number(rank).index()) {
                *place = Some(function);
            }
        }
        Module {
            functions: functions.into_iter().flatten().collect(),
            entry: self.number(count - 1),
            data: self.data.iter().cloned().collect(),
            frame_area: FRAME_AREA,
        }
    }

    fn number(&self, rank: usize) -> Func {
        Func::from_u32(((rank + self.shift) % self.count) as u32)
    }

    fn function(&mut self, rank: usize, entry: bool) -> Function {
        let (params, results) = if entry {
            (vec![Kind::Word; 2], vec![Kind::Word; self.config.entry_results])
        } else {
            (self.kinds(self.config.max_params), self.kinds(self.config.max_results))
        };
        let name = if entry { "main".to_owned() } else { format!("function-{rank}") };
        let (function, cost) = Body::new(self, name, &params, &results).generate(entry);
        self.signatures.push(Signature { params, results, cost });
        function
    }

    fn kinds(&mut self, max: usize) -> Vec<Kind> {
        (0..self.choices.below(max + 1)).map(|_| self.kind()).collect()
    }

    fn kind(&mut self) -> Kind {
        match self.choices.below(4) {
            0 => Kind::Word,
            1 => Kind::Bool,
            _ => Kind::Int(self.choices.pick(&Kind::INTS)),
        }
    }

    /// A constant and the length of its text, if there is one.
    fn datum(&mut self) -> Option<(Data, u32)> {
        let number = self.choices.below(self.data.len().max(1));
        self.data.get(number).map(|text| (Data(number as u32), text.len() as u32))
    }
}

#[cfg(test)]
mod tests;
