//! Printing a module. Numbers are those of the module; unlisted instructions do not show. Works on any module,
//! well-formed or not.

use crate::function::{Func, Function, InstData, Module, Type, Value};
use crate::op::{Access, Op, Target, Terminator};
use ovsm_base::index::IndexVec;
use std::fmt::{Display, Formatter, Result, Write};

/// The text of a module.
pub fn print(module: &Module) -> String {
    ModuleText(module).to_string()
}

/// The text of one function, as it stands in that of its module.
pub fn print_function(number: Func, function: &Function) -> String {
    FunctionText(number, function).to_string()
}

/// The word for a type.
pub(super) const fn type_name(ty: Type) -> &'static str {
    match ty {
        Type::Word => "word",
        Type::Bool => "bool",
    }
}

/// True for a character that a function's name may have outside quotes.
pub(super) const fn is_plain(character: char) -> bool {
    character.is_ascii_graphic() && !matches!(character, '(' | ')' | ',' | '"' | '\\' | ';')
}

struct ModuleText<'m>(&'m Module);

impl Display for ModuleText<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let module = self.0;
        writeln!(f, "frame_area {}", module.frame_area)?;
        for (number, bytes) in module.data.iter_enumerated() {
            writeln!(f, "data {number} = {}", DataText(bytes))?;
        }
        writeln!(f, "entry {}", module.entry)?;
        for (number, function) in module.functions.iter_enumerated() {
            write!(f, "\n{}", FunctionText(number, function))?;
        }
        Ok(())
    }
}

struct FunctionText<'m>(Func, &'m Function);

impl Display for FunctionText<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let FunctionText(number, function) = self;
        let params = Params(function, function.params());
        let results =
            Commas(&function.results, |ty: &Type, f: &mut Formatter<'_>| f.write_str(type_name(*ty)));
        writeln!(f, "func {number} {}({params}) -> ({results}) {{", NameText(&function.name))?;
        for (block, data) in function.blocks.iter_enumerated() {
            if data.params.is_empty() {
                writeln!(f, "{block}:")?;
            } else {
                writeln!(f, "{block}({}):", Params(function, &data.params))?;
            }
            for inst in &data.insts {
                match function.insts.get(*inst) {
                    Some(data) => writeln!(f, "  {}", InstText(data))?,
                    None => writeln!(f, "  ; no instruction {inst}")?,
                }
            }
            writeln!(f, "  {}", TerminatorText(&data.terminator))?;
        }
        f.write_str("}\n")
    }
}

struct InstText<'m>(&'m InstData);

impl Display for InstText<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let InstData { op, results, .. } = self.0;
        if !results.is_empty() {
            write!(f, "{} = ", Values(results))?;
        }
        match op {
            // Addresses and the like read better in base 16.
            Op::Const(word) if *word < 1 << 16 => write!(f, "const {word}"),
            Op::Const(word) => write!(f, "const {word:#x}"),
            Op::BoolConst(truth) => write!(f, "bool {truth}"),
            Op::DataAddress(data) => write!(f, "data {data}"),
            Op::Binary(op, a, b) => write!(f, "{} {a}, {b}", op.name()),
            Op::Checked(op, ty, a, b) => write!(f, "{}.{ty} {a}, {b}", op.name()),
            Op::Extend(ty, a) => write!(f, "extend.{ty} {a}"),
            Op::Compare(condition, a, b) => write!(f, "{} {a}, {b}", condition.name()),
            Op::Not(a) => write!(f, "not {a}"),
            Op::BoolToWord(a) => write!(f, "word {a}"),
            Op::Load(access) => write!(f, "load.{}", AccessText(access)),
            Op::Store(access, value) => write!(f, "store.{}, {value}", AccessText(access)),
            Op::FailIf(condition, failure) => write!(f, "fail_if {condition}, {failure}"),
            Op::Call(callee, args) => write!(f, "call {callee}({})", Values(args)),
            Op::Syscall(syscall, args) => write!(f, "syscall {}({})", syscall.name(), Values(args)),
        }
    }
}

struct AccessText<'m>(&'m Access);

impl Display for AccessText<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Access { width, region, address, offset } = self.0;
        write!(f, "w{}.{} {address}", width.bytes(), region.name())?;
        if *offset != 0 { write!(f, "{offset:+}") } else { Ok(()) }
    }
}

struct TerminatorText<'m>(&'m Terminator);

impl Display for TerminatorText<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self.0 {
            Terminator::Jump(target) => write!(f, "jump {}", TargetText(target)),
            Terminator::Branch(condition, then, otherwise) => {
                write!(f, "br {condition}, {}, {}", TargetText(then), TargetText(otherwise))
            }
            Terminator::Return(values) if values.is_empty() => f.write_str("return"),
            Terminator::Return(values) => write!(f, "return {}", Values(values)),
            Terminator::Fail(failure) => write!(f, "fail {failure}"),
            Terminator::Unreachable => f.write_str("unreachable"),
        }
    }
}

struct TargetText<'m>(&'m Target);

impl Display for TargetText<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Target { block, args } = self.0;
        if args.is_empty() { write!(f, "{block}") } else { write!(f, "{block}({})", Values(args)) }
    }
}

struct Params<'m>(&'m Function, &'m [Value]);

impl Display for Params<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let values: &IndexVec<Value, _> = &self.0.values;
        let param = |value: &Value, f: &mut Formatter<'_>| {
            let ty = values.get(*value).map_or("unknown", |data| type_name(data.ty));
            write!(f, "{value}: {ty}")
        };
        Commas(self.1, param).fmt(f)
    }
}

struct Values<'m>(&'m [Value]);

impl Display for Values<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        Commas(self.0, |value: &Value, f: &mut Formatter<'_>| write!(f, "{value}")).fmt(f)
    }
}

/// Items with `, ` between them.
struct Commas<'m, T, F>(&'m [T], F);

impl<T, F: Fn(&T, &mut Formatter<'_>) -> Result> Display for Commas<'_, T, F> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        for (n, item) in self.0.iter().enumerate() {
            if n > 0 {
                f.write_str(", ")?;
            }
            (self.1)(item, f)?;
        }
        Ok(())
    }
}

struct NameText<'m>(&'m str);

impl Display for NameText<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_char('@')?;
        if !self.0.is_empty() && self.0.chars().all(is_plain) {
            return f.write_str(self.0);
        }
        f.write_char('"')?;
        for character in self.0.chars() {
            match character {
                '"' | '\\' => write!(f, "\\{character}")?,
                ' '..='~' => f.write_char(character)?,
                _ => write!(f, "\\u{{{:x}}}", u32::from(character))?,
            }
        }
        f.write_char('"')
    }
}

struct DataText<'m>(&'m [u8]);

impl Display for DataText<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_char('"')?;
        for byte in self.0 {
            match byte {
                b'"' | b'\\' => write!(f, "\\{}", char::from(*byte))?,
                b'\n' => f.write_str("\\n")?,
                b'\t' => f.write_str("\\t")?,
                b'\r' => f.write_str("\\r")?,
                b' '..=b'~' => f.write_char(char::from(*byte))?,
                _ => write!(f, "\\x{byte:02x}")?,
            }
        }
        f.write_char('"')
    }
}

#[cfg(test)]
mod tests {
    use crate::text::{parse, print, print_function};

    /// Everything that the text form has, as it is printed.
    const ALL: &str = r#"frame_area 64
data d0 = "hello\n\x00\"\\\t\r\xff~"
data d1 = ""
entry f1

func f0 @"two words\u{3bb}\"\\"(v0: word, v1: bool) -> (bool, word) {
b0(v0: word, v1: bool):
  v2 = not v1
  return v2, v0
}

func f1 @main/1->x!(v0: word, v1: word) -> () {
b0(v0: word, v1: word):
  v2 = const 42
  v3 = const 0xffffffffffffffff
  v4 = bool false
  v5 = data d0
  v6 = load.w8.any v0+8
  v7 = load.w1.input v0-2147483648
  v8 = load.w2.lamports v0+2147483647
  v9 = load.w4.rodata v5
  v10 = checked_add.u64 v2, v3
  v11 = checked_sub.i8 v2, v3
  v12 = checked_mul.u32 v2, v3
  v13 = extend.i32 v12
  v14 = word v4
  v15 = ashr v13, v14
  v16 = sge v15, v14
  store.w8.frame v0+8, v4
  fail_if v16, division_by_zero
  v17, v18 = call f0(v15, v16)
  call f1(v0, v1)
  v19 = syscall sol_log_64_(v2, v2, v2, v2, v2)
  br v16, b1(v18), b3
b1(v20: word):
  v21 = syscall abort()
  unreachable
b2:
  fail wrong_owner
b3:
  jump b2
}
"#;

    #[test]
    fn what_is_parsed_prints_as_it_was() {
        let module = parse(ALL).unwrap();
        assert_eq!(print(&module), ALL);
        let function = print_function(module.entry, &module.functions[module.entry]);
        assert!(ALL.ends_with(&function));
    }

    #[test]
    fn modules_that_are_not_well_formed_print_too() {
        let mut module = parse(ALL).unwrap();
        let main = &mut module.functions[crate::Func(1)];
        main.values = Default::default();
        main.insts = Default::default();
        assert!(print(&module).contains("; no instruction i0\n"));
        assert!(print(&module).contains("b1(v20: unknown):\n"));
    }
}
