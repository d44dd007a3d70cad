//! What a built program costs, by function, source line and declared instruction: for reports, so with line numbers.
//!
//! The figures are those of the machine code as it is in the file; `ovsm_sbpf::cost` finds them. What a macro makes counts
//! on the line where the macro is called. Nothing here changes a program or prints. Start with [`costs`].

use crate::budget::{reason_place, units_limit};
use crate::code::Artifact;
use crate::db::SourceFile;
use crate::declared::interface;
use crate::forms::Form;
use crate::modules::program_forms;
use crate::names::expand;
use crate::source_map::source_map;
use crate::types::name_of;
use ovsm_base::line_index::LineIndex;
use ovsm_base::render::SourceMap;
use ovsm_interface::Interface;
use ovsm_interface::model::Cost;
use ovsm_sbpf::Program;
use ovsm_sbpf::cost::{Bound, Reason, Unbounded, function_bound, instruction_bound, slot_units};
use std::collections::BTreeMap;

/// The costs of a program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Costs {
    /// Each function; the entry first.
    pub functions: Vec<FunctionCost>,
    /// Each declared instruction, from the entry on.
    pub instructions: Vec<InstructionCost>,
    /// Instructions of the machine.
    pub machine_instructions: usize,
    /// Bytes of the text.
    pub text_bytes: usize,
    /// Bytes of the file.
    pub file_bytes: usize,
}

/// The costs of a function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FunctionCost {
    /// Its name.
    pub name: String,
    /// True for functions that the compiler brings along.
    pub is_runtime: bool,
    /// Instructions of the machine.
    pub machine_instructions: usize,
    /// Bytes of the text.
    pub bytes: usize,
    /// Bytes of the stack frame; those of the entry with what the whole program shares.
    pub frame_bytes: u32,
    /// The most that one call costs, calls inside included.
    pub bound: Result<Most, NoBound>,
    /// Its source lines; the most expensive first, and last what the compiler added.
    pub lines: Vec<LineCost>,
}

/// A source line.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Line {
    /// The number of its file among those of the program; 0 is the root.
    pub file: usize,
    /// Its number, from 1.
    pub number: u32,
}

/// The costs of a source line in one function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LineCost {
    /// The line; nothing for what the compiler added.
    pub line: Option<Line>,
    /// Instructions of the machine.
    pub machine_instructions: usize,
    /// Bytes of the text.
    pub bytes: usize,
    /// Units if each instruction is executed once, called functions not counted.
    pub units: u64,
    /// Units on the most expensive way through the function, called functions not counted.
    pub most: Option<u64>,
}

/// The costs of a declared instruction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InstructionCost {
    /// Its name.
    pub name: String,
    /// The most that a transaction pays for it.
    pub bound: Result<Most, NoBound>,
}

/// A bound.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Most {
    /// Units.
    pub units: u64,
    /// True if another program is called, whose units are not among them.
    pub calls_programs: bool,
    /// The line of the call.
    pub program_call: Option<Line>,
    /// The searches for addresses, if there are any.
    pub searches: Option<SearchCost>,
}

/// Searches for addresses among what a bound counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SearchCost {
    /// How many there are.
    pub count: u64,
    /// The most if each ends with its first try.
    pub units_at_once: u64,
    /// The line of the first.
    pub line: Option<Line>,
}

/// Why there is no bound.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NoBound {
    /// One sentence without a full stop.
    pub reason: String,
    /// The line that is the reason.
    pub line: Option<Line>,
}

/// The costs of a built program.
pub fn costs(db: &dyn salsa::Database, file: SourceFile, artifact: &Artifact) -> Costs {
    let program = &artifact.program;
    let positions = source_map(db, file);
    let indices: Vec<LineIndex> = positions.files().iter().map(|(_, text)| LineIndex::new(text)).collect();
    let line = |span| {
        let (file, range) = positions.resolve(span)?;
        let file = file.0 as usize;
        Some(Line { file, number: indices.get(file)?.line_column(range.start).line })
    };
    let line_of = |at: usize| line(program.spans.get(at).copied().flatten()?);
    let reason_line = |unbounded: &Unbounded| {
        let span = program.spans.get(unbounded.at).copied().flatten()?;
        line(reason_place(db, file, span, unbounded.reason))
    };
    let most = |bound: &Result<Bound, Unbounded>| match bound {
        Ok(bound) => Ok(Most {
            units: bound.units,
            calls_programs: bound.program_call.is_some(),
            program_call: bound.program_call.and_then(line_of),
            searches: bound.searches.map(|searches| SearchCost {
                count: searches.count,
                units_at_once: searches.units_at_once,
                line: line_of(searches.at),
            }),
        }),
        Err(unbounded) => Err(NoBound { reason: explain(unbounded.reason), line: reason_line(unbounded) }),
    };
    let units = slot_units(program);
    let functions = program.functions.iter().enumerate().map(|(number, function)| {
        let bound = function_bound(program, number);
        let mut lines: BTreeMap<Option<Line>, LineCost> = BTreeMap::new();
        for at in function.first_pc..function.first_pc + function.slots {
            let line = line_of(at);
            let cost = lines.entry(line).or_insert(LineCost {
                line,
                machine_instructions: 0,
                bytes: 0,
                units: 0,
                most: bound.is_ok().then_some(0),
            });
            let once = units.get(at).copied().unwrap_or(0);
            cost.machine_instructions += usize::from(once > 0);
            cost.bytes += 8;
            cost.units += once;
            if let (Some(most), Ok(bound)) = (&mut cost.most, &bound) {
                *most += bound.by_slot.get(at).copied().unwrap_or(0);
            }
        }
        let mut lines: Vec<LineCost> = lines.into_values().collect();
        lines
            .sort_by_key(|cost| (cost.line.is_none(), std::cmp::Reverse((cost.most, cost.units)), cost.line));
        FunctionCost {
            name: function.name.clone(),
            is_runtime: is_runtime(&function.name),
            machine_instructions: lines.iter().map(|line| line.machine_instructions).sum(),
            bytes: 8 * function.slots,
            frame_bytes: function.frame_bytes + if number == 0 { artifact.module.frame_area } else { 0 },
            bound: most(&bound),
            lines,
        }
    });
    Costs {
        functions: functions.collect(),
        instructions: declared_instructions(db, file)
            .into_iter()
            .map(|declared| InstructionCost { bound: most(&declared.bound(program)), name: declared.name })
            .collect(),
        machine_instructions: program.instructions(),
        text_bytes: 8 * program.functions.iter().map(|function| function.slots).sum::<usize>(),
        file_bytes: program.elf.len(),
    }
}

/// The interface of a program, with what each instruction costs in this build.
pub fn interface_with_costs(db: &dyn salsa::Database, file: SourceFile, artifact: &Artifact) -> Interface {
    let mut interface = interface(db, file).clone();
    let declared = declared_instructions(db, file);
    // Both are in the order of the declarations; callers may know one by another name.
    for (instruction, found) in interface.instructions.iter_mut().zip(&declared) {
        let bound = found.bound(&artifact.program).ok();
        instruction.cost = Some(Cost {
            units: bound.as_ref().map(|bound| bound.units),
            calls_programs: bound.as_ref().is_some_and(|bound| bound.program_call.is_some()),
            units_with_one_try_each: bound.and_then(|bound| Some(bound.searches?.units_at_once)),
            limit: units_limit(db, file, found.form, &found.name),
        });
    }
    interface
}

/// True for functions of the compiler's own library.
fn is_runtime(name: &str) -> bool {
    name.starts_with("runtime.")
}

/// A declared instruction.
pub(crate) struct Declared<'db> {
    /// The form that declares it.
    pub(crate) form: Form<'db>,
    /// The name of its function.
    pub(crate) name: String,
    /// What its data begins with, and how many bytes that is.
    discriminator: (u64, u32),
}

impl Declared<'_> {
    /// The most that a run of it costs, from the entry on.
    pub(crate) fn bound(&self, program: &Program) -> Result<Bound, Unbounded> {
        instruction_bound(program, self.discriminator.0, self.discriminator.1)
    }
}

/// The instructions that a program declares.
pub(crate) fn declared_instructions(db: &dyn salsa::Database, file: SourceFile) -> Vec<Declared<'_>> {
    let forms = program_forms(db, file).iter();
    forms
        .flat_map(|form| {
            expand(db, *form).instructions.iter().map(|instruction| Declared {
                form: *form,
                name: name_of(db, file, instruction.handler),
                discriminator: (instruction.discriminator, instruction.discriminator_size),
            })
        })
        .collect()
}

/// A reason in words.
pub(crate) fn explain(reason: Reason) -> String {
    match reason {
        Reason::Loop => "nothing says how often this loop runs at most".to_string(),
        Reason::Recursion => "a function calls itself here, and nothing says how often".to_string(),
        Reason::Length(syscall) => {
            format!("`{}` costs more for more bytes, and their number is not known here", syscall.name())
        }
        Reason::OtherProgram => "another program is called here, and nothing says what it costs".to_string(),
        Reason::TooLong => "it is so long that no bound was found".to_string(),
        Reason::Indirect => "it is not written out what is called here".to_string(),
    }
}
