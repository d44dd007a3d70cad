//! Parsing the text form. Texts may be hostile: time and memory are linear in the length of the text, which is
//! bounded, and nothing is taken on trust. What the parser accepts has (but for the entry) only references to things
//! that exist; whether it makes sense is for [`crate::verify()`](crate::verify::verify).

use super::token::{Token, TokenError, Tokens};
use crate::failure::Failure;
use crate::function::{
    Block, BlockData, Data, Func, Function, Inst, InstData, Module, Type, Value, ValueData, ValueDef,
};
use crate::op::{Access, BinaryOp, CheckedOp, Condition, Op, Region, Target, Terminator, Width};
use ovsm_base::IntType;
use ovsm_base::index::{Index, IndexVec};
use ovsm_base::syscall::Syscall;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// The longest text that is parsed, in bytes.
pub const MAX_TEXT_LEN: usize = 1 << 24;

/// Parses the text of a module.
pub fn parse(text: &str) -> Result<Module, ParseError> {
    Parser::new(text).and_then(Parser::module).map_err(|error| ParseError::new(text, error))
}

/// Why a text is not a module.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{line}:{column}: {message}")]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong there.
    pub message: String,
}

impl ParseError {
    fn new(text: &str, error: Error) -> ParseError {
        let before = text.get(..error.offset).unwrap_or("");
        let line = before.rsplit('\n').next().unwrap_or("");
        ParseError {
            line: before.matches('\n').count() + 1,
            column: line.chars().count() + 1,
            message: error.message,
        }
    }
}

struct Error {
    message: String,
    offset: usize,
}

impl From<TokenError> for Error {
    fn from(error: TokenError) -> Error {
        Error { message: error.message.to_owned(), offset: error.offset }
    }
}

struct Parser<'t> {
    tokens: Tokens<'t>,
    /// The next token and its offset.
    token: Token<'t>,
    offset: usize,
    /// Uses of functions and constants, which may be defined later.
    func_uses: Uses<Func>,
    data_uses: Uses<Data>,
}

/// The first use of each label in a function or module.
type Uses<I> = FxHashMap<I, usize>;

/// What stands for what in the function that is being parsed. Until its end, operands are labels.
struct Labels {
    values: FxHashMap<Value, Value>,
    value_uses: Uses<Value>,
    blocks: FxHashMap<Block, Block>,
    block_uses: Uses<Block>,
}

type Operands<const N: usize> = SmallVec<[Value; N]>;

impl<'t> Parser<'t> {
    fn new(text: &'t str) -> Result<Parser<'t>, Error> {
        if text.len() > MAX_TEXT_LEN {
            return Err(Error { message: "the text is too long".to_owned(), offset: 0 });
        }
        let mut parser = Parser {
            tokens: Tokens::new(text),
            token: Token::End,
            offset: 0,
            func_uses: Uses::default(),
            data_uses: Uses::default(),
        };
        parser.advance()?;
        Ok(parser)
    }

    fn module(mut self) -> Result<Module, Error> {
        let mut module = Module::default();
        if self.take_word("frame_area")? {
            module.frame_area = self.number_u32()?;
        }
        while self.take_word("data")? {
            self.next_label("d", module.data.next_index())?;
            self.punctuation("=")?;
            let Token::Bytes(bytes) = &mut self.token else { return Err(self.expected("a string")) };
            module.data.push(std::mem::take(bytes));
            self.advance()?;
        }
        if self.take_word("entry")? {
            module.entry = self.label("f")?;
        }
        while self.take_word("func")? {
            self.next_label("f", module.functions.next_index())?;
            let function = self.function()?;
            module.functions.push(function);
        }
        if self.token != Token::End {
            return Err(self.expected("`func` or the end"));
        }
        check_uses(&self.func_uses, |func| module.functions.get(*func).is_some())?;
        check_uses(&self.data_uses, |data| module.data.get(*data).is_some())?;
        type_call_results(&mut module);
        Ok(module)
    }

    fn function(&mut self) -> Result<Function, Error> {
        let Token::Name(name) = &mut self.token else { return Err(self.expected("a name")) };
        let name = std::mem::take(name);
        self.advance()?;
        let signature_offset = self.offset;
        let signature = self.params()?;
        self.punctuation("->")?;
        self.punctuation("(")?;
        let mut results = SmallVec::new();
        while !self.take(")")? {
            self.separator(results.is_empty())?;
            results.push(self.ty()?);
        }
        let mut function = Function {
            name,
            results,
            gets_input: false,
            blocks: IndexVec::new(),
            insts: IndexVec::new(),
            values: IndexVec::new(),
        };
        let mut labels = Labels {
            values: FxHashMap::default(),
            value_uses: Uses::default(),
            blocks: FxHashMap::default(),
            block_uses: Uses::default(),
        };
        self.punctuation("{")?;
        while !self.take("}")? {
            let params = self.block(&mut function, &mut labels)?;
            if function.blocks.len() == 1 && params != signature {
                let message = "the parameters of the first block are not those of the function";
                return Err(Error { message: message.to_owned(), offset: signature_offset });
            }
        }
        if function.blocks.is_empty() {
            return Err(Error { message: "the function has no block".to_owned(), offset: signature_offset });
        }
        labels.resolve(&mut function)?;
        Ok(function)
    }

    fn params(&mut self) -> Result<Vec<(Value, Type)>, Error> {
        self.punctuation("(")?;
        let mut params = Vec::new();
        while !self.take(")")? {
            self.separator(params.is_empty())?;
            let value = self.label("v")?;
            self.punctuation(":")?;
            params.push((value, self.ty()?));
        }
        Ok(params)
    }

    /// Gives the labels and types of the block's parameters.
    fn block(&mut self, function: &mut Function, labels: &mut Labels) -> Result<Vec<(Value, Type)>, Error> {
        let block = function.blocks.next_index();
        let offset = self.offset;
        if labels.blocks.insert(self.label("b")?, block).is_some() {
            return Err(Error { message: "the block stands twice".to_owned(), offset });
        }
        function.blocks.push(BlockData {
            params: Vec::new(),
            insts: Vec::new(),
            terminator: Terminator::Unreachable,
        });
        let params = if self.is("(") { self.params()? } else { Vec::new() };
        for (label, ty) in &params {
            let value = function.add_param(block, *ty);
            labels.define(*label, value, offset)?;
        }
        self.punctuation(":")?;
        loop {
            if let Some(terminator) = self.terminator(labels)? {
                function.blocks[block].terminator = terminator;
                return Ok(params);
            }
            let inst = self.inst(function, labels)?;
            function.blocks[block].insts.push(inst);
        }
    }

    fn inst(&mut self, function: &mut Function, labels: &mut Labels) -> Result<Inst, Error> {
        let mut defined: SmallVec<[(Value, usize); 1]> = SmallVec::new();
        if self.is_label("v") {
            while !self.take("=")? {
                self.separator(defined.is_empty())?;
                defined.push((self.label("v")?, self.offset));
            }
        }
        let offset = self.offset;
        let op = self.op(labels)?;
        let count = match op {
            Op::Call(..) => defined.len(),
            _ => usize::from(op.result_type().is_some()),
        };
        if defined.len() != count {
            let message = format!("the operation has {count} results, not {}", defined.len());
            return Err(Error { message, offset });
        }
        // The results of calls get their types when all functions are known.
        let ty = op.result_type().unwrap_or(Type::Word);
        let inst = function.insts.next_index();
        let mut results = SmallVec::new();
        for (n, (label, offset)) in defined.into_iter().enumerate() {
            let value = function.values.push(ValueData { ty, def: ValueDef::Result(inst, n as u32) });
            labels.define(label, value, offset)?;
            results.push(value);
        }
        Ok(function.insts.push(InstData { op, results, span: None }))
    }

    fn op(&mut self, labels: &mut Labels) -> Result<Op, Error> {
        let offset = self.offset;
        let word = self.word("an operation")?;
        let op = match word {
            "const" => {
                let negative = self.take("-")?;
                let number = self.number()?;
                Op::Const(if negative { number.wrapping_neg() } else { number })
            }
            "bool" => match self.word("`true` or `false`")? {
                "true" => Op::BoolConst(true),
                "false" => Op::BoolConst(false),
                _ => return Err(Error { message: "`true` or `false` is expected".to_owned(), offset }),
            },
            "data" => {
                let offset = self.offset;
                let data = self.label("d")?;
                self.data_uses.entry(data).or_insert(offset);
                Op::DataAddress(data)
            }
            "extend" => Op::Extend(self.int_type()?, self.value(labels)?),
            "not" => Op::Not(self.value(labels)?),
            "word" => Op::BoolToWord(self.value(labels)?),
            "load" => Op::Load(self.access(labels)?),
            "store" => {
                let access = self.access(labels)?;
                self.punctuation(",")?;
                Op::Store(access, self.value(labels)?)
            }
            "fail_if" => {
                let condition = self.value(labels)?;
                self.punctuation(",")?;
                Op::FailIf(condition, self.failure()?)
            }
            "call" => {
                let callee = self.func()?;
                Op::Call(callee, self.arguments(labels)?)
            }
            "syscall" => {
                let syscall = self.named("a syscall", Syscall::from_name)?;
                Op::Syscall(syscall, self.arguments(labels)?)
            }
            _ => {
                let binary = BinaryOp::ALL.into_iter().find(|op| op.name() == word);
                let condition = Condition::ALL.into_iter().find(|condition| condition.name() == word);
                let checked = CheckedOp::ALL.into_iter().find(|op| op.name() == word);
                let ty = if checked.is_some() { Some(self.int_type()?) } else { None };
                if binary.is_none() && condition.is_none() && checked.is_none() {
                    return Err(Error { message: format!("there is no operation `{word}`"), offset });
                }
                let a = self.value(labels)?;
                self.punctuation(",")?;
                let b = self.value(labels)?;
                match (binary, condition, checked.zip(ty)) {
                    (Some(op), _, _) => Op::Binary(op, a, b),
                    (_, Some(condition), _) => Op::Compare(condition, a, b),
                    (_, _, Some((op, ty))) => Op::Checked(op, ty, a, b),
                    (None, None, None) => return Err(self.expected("an operation")),
                }
            }
        };
        Ok(op)
    }

    /// Gives nothing, and takes nothing, if an instruction comes first.
    fn terminator(&mut self, labels: &mut Labels) -> Result<Option<Terminator>, Error> {
        let Token::Word(word) = self.token else { return Err(self.expected("an instruction")) };
        if !matches!(word, "jump" | "br" | "return" | "fail" | "unreachable") {
            return Ok(None);
        }
        self.advance()?;
        Ok(Some(match word {
            "jump" => Terminator::Jump(self.target(labels)?),
            "br" => {
                let condition = self.value(labels)?;
                self.punctuation(",")?;
                let then = self.target(labels)?;
                self.punctuation(",")?;
                Terminator::Branch(condition, then, self.target(labels)?)
            }
            "return" => {
                let mut values = SmallVec::new();
                if self.is_label("v") {
                    values.push(self.value(labels)?);
                    while self.take(",")? {
                        values.push(self.value(labels)?);
                    }
                }
                Terminator::Return(values)
            }
            "fail" => Terminator::Fail(self.failure()?),
            _ => Terminator::Unreachable,
        }))
    }

    fn target(&mut self, labels: &mut Labels) -> Result<Target, Error> {
        let offset = self.offset;
        let block = self.label("b")?;
        labels.block_uses.entry(block).or_insert(offset);
        let args = if self.is("(") { self.arguments(labels)? } else { SmallVec::new() };
        Ok(Target { block, args })
    }

    fn arguments(&mut self, labels: &mut Labels) -> Result<Operands<4>, Error> {
        self.punctuation("(")?;
        let mut values = SmallVec::new();
        while !self.take(")")? {
            self.separator(values.is_empty())?;
            values.push(self.value(labels)?);
        }
        Ok(values)
    }

    fn access(&mut self, labels: &mut Labels) -> Result<Access, Error> {
        self.punctuation(".")?;
        let width = |name: &str| {
            let bytes: u32 = name.strip_prefix('w')?.parse().ok()?;
            Width::ALL.into_iter().find(|width| width.bytes() == bytes)
        };
        let width = self.named("a width", width)?;
        self.punctuation(".")?;
        let region = |name: &str| Region::ALL.into_iter().find(|region| region.name() == name);
        let region = self.named("a region", region)?;
        let address = self.value(labels)?;
        let (minus, plus) = (self.take("-")?, self.take("+")?);
        let mut offset = 0;
        if minus || plus {
            let place = self.offset;
            let number = i64::try_from(self.number()?).ok();
            let signed = number.and_then(|number| i32::try_from(if minus { -number } else { number }).ok());
            offset =
                signed.ok_or(Error { message: "an offset has at most 32 bits".to_owned(), offset: place })?;
        }
        Ok(Access { width, region, address, offset })
    }

    fn value(&mut self, labels: &mut Labels) -> Result<Value, Error> {
        let offset = self.offset;
        let value = self.label("v")?;
        labels.value_uses.entry(value).or_insert(offset);
        Ok(value)
    }

    fn func(&mut self) -> Result<Func, Error> {
        let offset = self.offset;
        let func = self.label("f")?;
        self.func_uses.entry(func).or_insert(offset);
        Ok(func)
    }

    fn ty(&mut self) -> Result<Type, Error> {
        let types = [Type::Word, Type::Bool];
        self.named("a type", |name| types.into_iter().find(|ty| super::print::type_name(*ty) == name))
    }

    fn int_type(&mut self) -> Result<IntType, Error> {
        self.punctuation(".")?;
        self.named("an integer type", IntType::from_name)
    }

    fn failure(&mut self) -> Result<Failure, Error> {
        if self.take_word("custom")? {
            return Ok(Failure::Custom(self.number_u32()?));
        }
        if self.take_word("runtime")? {
            return Ok(Failure::Runtime(u8::try_from(self.number_u32()?).unwrap_or(u8::MAX)));
        }
        self.named("a failure", Failure::from_name)
    }

    /// A word that names something.
    fn named<T>(&mut self, what: &str, find: impl FnOnce(&str) -> Option<T>) -> Result<T, Error> {
        let offset = self.offset;
        let word = self.word(what)?;
        find(word).ok_or_else(|| Error { message: format!("`{word}` is not {what}"), offset })
    }

    fn word(&mut self, what: &str) -> Result<&'t str, Error> {
        let Token::Word(word) = self.token else { return Err(self.expected(what)) };
        self.advance()?;
        Ok(word)
    }

    fn take_word(&mut self, word: &str) -> Result<bool, Error> {
        let found = self.token == Token::Word(word);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn number(&mut self) -> Result<u64, Error> {
        let Token::Number(number) = self.token else { return Err(self.expected("a number")) };
        self.advance()?;
        Ok(number)
    }

    fn number_u32(&mut self) -> Result<u32, Error> {
        let offset = self.offset;
        let too_large = |_| Error { message: "the number is too large".to_owned(), offset };
        self.number()?.try_into().map_err(too_large)
    }

    fn is_label(&self, prefix: &str) -> bool {
        matches!(self.token, Token::Word(word) if label_number(word, prefix).is_some())
    }

    /// `v12` and the like.
    fn label<I: Index>(&mut self, prefix: &str) -> Result<I, Error> {
        let number = match self.token {
            Token::Word(word) => label_number(word, prefix),
            _ => None,
        };
        let number = number.ok_or_else(|| self.expected(&format!("`{prefix}` and a number")))?;
        self.advance()?;
        Ok(I::from_u32(number))
    }

    /// The label of the next of the things that are numbered in order.
    fn next_label<I: Index>(&mut self, prefix: &str, next: I) -> Result<(), Error> {
        let offset = self.offset;
        if self.label::<I>(prefix)? != next {
            let message = format!("`{prefix}{}` is expected here", next.as_u32());
            return Err(Error { message, offset });
        }
        Ok(())
    }

    fn is(&self, punctuation: &str) -> bool {
        self.token == Token::Punctuation(punctuation)
    }

    fn take(&mut self, punctuation: &str) -> Result<bool, Error> {
        let found = self.is(punctuation);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn punctuation(&mut self, punctuation: &str) -> Result<(), Error> {
        if self.take(punctuation)? { Ok(()) } else { Err(self.expected(&format!("`{punctuation}`"))) }
    }

    /// The comma before each item but the first.
    fn separator(&mut self, first: bool) -> Result<(), Error> {
        if first { Ok(()) } else { self.punctuation(",") }
    }

    fn advance(&mut self) -> Result<(), Error> {
        (self.token, self.offset) = self.tokens.next()?;
        Ok(())
    }

    fn expected(&self, what: &str) -> Error {
        Error { message: format!("{what} is expected"), offset: self.offset }
    }
}

impl Labels {
    fn define(&mut self, label: Value, value: Value, offset: usize) -> Result<(), Error> {
        match self.values.insert(label, value) {
            None => Ok(()),
            Some(_) => Err(Error { message: format!("`{label}` is defined twice"), offset }),
        }
    }

    /// Replaces labels by what they stand for.
    fn resolve(&self, function: &mut Function) -> Result<(), Error> {
        check_uses(&self.value_uses, |label| self.values.contains_key(label))?;
        check_uses(&self.block_uses, |label| self.blocks.contains_key(label))?;
        let value = |label: Value| self.values.get(&label).copied().unwrap_or(label);
        for inst in function.insts.iter_mut() {
            inst.op.map_operands(value);
        }
        for block in function.blocks.iter_mut() {
            block.terminator.map_operands(value);
            for target in block.terminator.targets_mut() {
                target.block = self.blocks.get(&target.block).copied().unwrap_or(target.block);
            }
        }
        Ok(())
    }
}

fn label_number(word: &str, prefix: &str) -> Option<u32> {
    let digits = word.strip_prefix(prefix)?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    if plain { digits.parse().ok() } else { None }
}

/// Reports the first use in the text of something that does not exist.
fn check_uses<I: Index + std::fmt::Display>(
    uses: &Uses<I>,
    exists: impl Fn(&I) -> bool,
) -> Result<(), Error> {
    let unknown = uses.iter().filter(|(label, _)| !exists(label)).min_by_key(|(_, offset)| **offset);
    match unknown {
        None => Ok(()),
        Some((label, offset)) => Err(Error { message: format!("`{label}` does not exist"), offset: *offset }),
    }
}

/// Gives the results of each call the types that its callee has, as far as their numbers agree.
fn type_call_results(module: &mut Module) {
    let signatures: IndexVec<Func, SmallVec<[Type; 2]>> =
        module.functions.iter().map(|function| function.results.clone()).collect();
    for function in module.functions.iter_mut() {
        for inst in function.insts.iter() {
            let Op::Call(callee, _) = &inst.op else { continue };
            let Some(types) = signatures.get(*callee) else { continue };
            for (value, ty) in inst.results.iter().zip(types) {
                function.values[*value].ty = *ty;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::print;
    use proptest::prelude::*;

    fn error(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    #[test]
    fn numbers_of_values_and_blocks_follow_the_text() {
        let text = "func f0 @f(v7: word) -> (word) { b5(v7: word): jump b9(v3) b9(v1: word): return v1
                    b2: v3 = const -1 jump b9(v3) }";
        let expected = "frame_area 0\nentry f0\n\nfunc f0 @f(v0: word) -> (word) {\nb0(v0: word):\n  jump b1(v2)\n\
                        b1(v1: word):\n  return v1\nb2:\n  v2 = const 0xffffffffffffffff\n  jump b1(v2)\n}\n";
        assert_eq!(print(&parse(text).unwrap()), expected);
    }

    #[test]
    fn calls_take_their_types_from_later_functions() {
        let module = parse(
            "func f0 @a() -> () { b0: v0, v1 = call f1() return }
             func f1 @b() -> (bool, word) { b0: v0 = bool true v1 = word v0 return v0, v1 }",
        )
        .unwrap();
        let caller = &module.functions[Func(0)];
        assert_eq!((caller.ty(Value(0)), caller.ty(Value(1))), (Type::Bool, Type::Word));
    }

    #[test]
    fn errors_tell_where_and_what() {
        let f = |body: &str| error(&format!("func f0 @f(v0: word) -> () {{\nb0(v0: word):\n{body}\n}}"));
        for (body, expected) in [
            ("v1 = add v0", "4:1: `,` is expected"),
            ("v1 = frob v0", "3:6: there is no operation `frob`"),
            ("v1 = add v0, v2 return", "3:14: `v2` does not exist"),
            ("v0 = const 1 return", "3:4: `v0` is defined twice"),
            ("v1 = data d0 return", "3:11: `d0` does not exist"),
            ("call f3() return", "3:6: `f3` does not exist"),
            ("jump b7", "3:6: `b7` does not exist"),
            ("jump b0 b0: return", "3:9: the block stands twice"),
            ("const 1 return", "3:1: the operation has 1 results, not 0"),
            ("v1 = store.w8.any v0, v0 return", "3:6: the operation has 0 results, not 1"),
            ("v1, v2 = const 1 return", "3:10: the operation has 1 results, not 2"),
            ("v1 = load.w3.any v0 return", "3:11: `w3` is not a width"),
            ("v1 = load.w8.sea v0 return", "3:14: `sea` is not a region"),
            ("v1 = load.w8.any v0+2147483648 return", "3:21: an offset has at most 32 bits"),
            ("v1 = load.w8.any v0-2147483649 return", "3:21: an offset has at most 32 bits"),
            ("v1 = load.w8.any v0+9223372036854775808 return", "3:21: an offset has at most 32 bits"),
            ("v1 = syscall sol_x() return", "3:14: `sol_x` is not a syscall"),
            ("v1 = checked_add.u7 v0, v0 return", "3:18: `u7` is not an integer type"),
            ("fail doom", "3:6: `doom` is not a failure"),
            ("v1 = bool yes return", "3:6: `true` or `false` is expected"),
            ("v4294967296 = const 1 return", "3:1: there is no operation `v4294967296`"),
            ("v+1 = const 1 return", "3:1: there is no operation `v`"),
            ("v1 = const 18446744073709551616 return", "3:12: not an integer of 64 bits"),
            ("return }", "4:1: `func` or the end is expected"),
            ("", "4:1: an instruction is expected"),
        ] {
            assert_eq!(f(body), expected, "{body}");
        }
        assert_eq!(error("func f1 @f() -> () { b0: return }"), "1:6: `f0` is expected here");
        assert_eq!(error("data d1 = \"\""), "1:6: `d0` is expected here");
        assert_eq!(error("frame_area 4294967296"), "1:12: the number is too large");
        assert_eq!(error("func f0 @f() -> () { }"), "1:11: the function has no block");
        assert_eq!(
            error("func f0 @f(v0: word) -> () { b0(v0: bool): return }"),
            "1:11: the parameters of the first block are not those of the function"
        );
        assert_eq!(error("data d0 = \"λ\" x"), "1:15: `func` or the end is expected");
        assert_eq!(error(&" ".repeat(MAX_TEXT_LEN + 1)), "1:1: the text is too long");
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused(text in "\\PC*") {
            let _ = parse(&text);
        }

        #[test]
        fn mixed_up_words_are_parsed_or_refused_and_verified(
            words in proptest::collection::vec(
                proptest::sample::select(
                    &[
                        "func f0 @f(", "v0: word", "v1: word", ", ", ") -> (", ") {", "b0(", "):", "b1:", "v2 = const 7",
                        "v2", "v3 = add v2, v2", "return", "br v2, b1, b1", "jump b1", "}", "unreachable",
                        "fail overflow", "call f0(v2)", "v4 = load.w8.any v2+1", "data d0 = \"x\"", "entry f0",
                        "func f0 @f(v0: word, v1: word) -> () { b0(v0: word, v1: word):",
                    ][..],
                ),
                0..24,
            )
        ) {
            if let Ok(module) = parse(&words.join(" ")) {
                let _ = crate::verify::verify(&module);
                prop_assert_eq!(parse(&print(&module)), Ok(module));
            }
        }
    }
}
