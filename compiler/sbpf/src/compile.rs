//! From a module to a program: conventions from the call graph, functions in rows, callees first, and then the whole laid out
//! and linked.
//!
//! Start with [`compile`].

use crate::assembly::Assembly;
use crate::convention::Convention;
use crate::elf::{self, Image};
use crate::emit::{self, Reference};
use crate::isa::Version;
use crate::layout::Copies;
use crate::program::{FunctionReport, Program};
use crate::{
    assemble, callgraph, crosswise, frame, hoist, islands, layout, order, peephole, regalloc, select, tails,
};
use ovsm_base::index::IndexVec;
use ovsm_base::{Code, Diagnostic, threads};
use ovsm_ir::{Func, Module};

/// How to compile.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Options {
    /// Instruction set and container.
    pub version: Version,
    /// Spend time on better code.
    pub optimize: bool,
    /// Rather few instructions in the file than few on the way through them.
    pub small: bool,
    /// Take syscalls to leave r1 to r5 as they are, which both engines do but the published rules do not promise.
    pub syscall_preserves_args: bool,
    /// Write the names of functions, with the sections that this needs.
    pub symbols: bool,
    /// Find out what lies in each frame; changes nothing else.
    pub frame_values: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            version: Version::V3,
            optimize: true,
            small: false,
            syscall_preserves_args: true,
            symbols: true,
            frame_values: false,
        }
    }
}

/// The largest file that a program account can hold.
const MAX_FILE_BYTES: usize = 10 << 20;

/// Compiles a verified module.
pub fn compile(module: &Module, options: &Options) -> Result<Program, Vec<Diagnostic>> {
    let graph = callgraph::CallGraph::new(module).map_err(|error| vec![error])?;
    let mut conventions = graph.conventions(module).map_err(|error| vec![error])?;
    let mut codes: IndexVec<Func, Option<(emit::Code, Frame)>> =
        IndexVec::from_elem(None, module.functions.len());
    let mut errors = Vec::new();
    for level in graph.levels() {
        for (func, compiled) in compile_level(module, level, &conventions, options) {
            match compiled {
                Ok((code, frame, clobbers)) => {
                    if !graph.is_recursive(func)
                        && let Some(convention) = conventions.get_mut(func)
                    {
                        convention.clobbers = clobbers;
                    }
                    if let Some(slot) = codes.get_mut(func) {
                        *slot = Some((code, frame));
                    }
                }
                Err(error) => errors.push(error),
            }
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    link(module, options, &conventions, codes).map_err(|error| vec![error])
}

/// Bytes of a frame, and what lies there if that is asked for.
type Frame = (u32, Vec<frame::FrameValue>);

type Compiled = (emit::Code, Frame, u8);

/// Functions with fewer instructions together than this are not worth more than one thread.
const WORTH_THREADS: usize = 1_000;

/// Compiles functions of which none waits for another one; on several threads if that is worth it.
fn compile_level(
    module: &Module,
    level: Vec<Func>,
    conventions: &IndexVec<Func, Convention>,
    options: &Options,
) -> Vec<(Func, Result<Compiled, Diagnostic>)> {
    let size = |func: Func| module.functions.get(func).map_or(0, |function| function.insts.len());
    let compile = |func: Func| compile_function(module, func, conventions, options);
    if level.len() < 2 || level.iter().map(|func| size(*func)).sum::<usize>() < WORTH_THREADS {
        return level.into_iter().map(|func| (func, compile(func))).collect();
    }
    let mut results: Vec<_> = level.into_iter().map(|func| (func, None)).collect();
    let mut pieces: Vec<_> = results.iter_mut().collect();
    // The largest first, so that no thread is left with it at the end.
    pieces.sort_by_key(|(func, _)| std::cmp::Reverse(size(*func)));
    threads::each(pieces, |(func, result)| *result = Some(compile(*func)));
    results.into_iter().filter_map(|(func, result)| Some((func, result?))).collect()
}

fn compile_function(
    module: &Module,
    func: Func,
    conventions: &IndexVec<Func, Convention>,
    options: &Options,
) -> Result<Compiled, Diagnostic> {
    let name = module.functions.get(func).map_or("", |function| function.name.as_str());
    let convention = conventions.get(func).copied().unwrap_or_default();
    let preserves = options.syscall_preserves_args;
    let mut selected = select::select(module, func, options.version)?;
    if options.optimize {
        order::tidy(&mut selected);
        crosswise::copy_first(&mut selected);
        hoist::constants(&mut selected);
    }
    let allocation = regalloc::allocate(&selected, convention, conventions, preserves, name)?;
    let reserved = if convention.is_entry { module.frame_area } else { 0 };
    frame::check(&selected, &allocation, convention, conventions, preserves, (name, reserved))?;
    let mut assembly = assemble::assemble(&selected, &allocation, convention, conventions)?;
    if options.optimize {
        layout::clean(&mut assembly);
        peephole::close_loops(&mut assembly, convention, conventions, preserves);
        peephole::improve(&mut assembly, convention, conventions, preserves);
    }
    let copies = match (options.optimize, options.small) {
        (false, _) => Copies::None,
        (true, true) => Copies::Exits,
        (true, false) => Copies::Blocks,
    };
    layout::shape(&mut assembly, copies);
    if options.optimize {
        peephole::improve(&mut assembly, convention, conventions, preserves);
        layout::clean(&mut assembly);
        peephole::choose(&mut assembly, convention, conventions, preserves);
    }
    if options.optimize && options.small && tails::merge(&mut assembly) {
        layout::clean(&mut assembly);
    }
    let mut blocks = layout::order(&assembly);
    if copies == Copies::Blocks {
        layout::copy_tests(&mut assembly, &mut blocks);
        peephole::improve(&mut assembly, convention, conventions, preserves);
    }
    if options.optimize {
        layout::share_exits(&mut assembly, &mut blocks);
    }
    let clobbers = clobbers(&assembly, &blocks, conventions, preserves);
    let code = islands::emit_with_islands(&mut assembly, blocks, func, options.version).map_err(|_| {
        let message = format!("`{name}` is too long for the jumps of sBPF");
        Diagnostic::new(Code::ProgramTooLarge, message).help("split the function")
    })?;
    let values = match options.frame_values && allocation.spill_bytes() > 0 {
        true => frame::values(&selected, convention, conventions, preserves),
        false => Vec::new(),
    };
    Ok((code, (assembly.frame_bytes, values), clobbers))
}

/// Which of r0 to r5 the function may change, as a bit set.
fn clobbers(
    assembly: &Assembly,
    blocks: &[crate::assembly::Label],
    conventions: &IndexVec<Func, Convention>,
    preserves: bool,
) -> u8 {
    let of = |func: Func| conventions.get(func).map_or(0x3f, |convention| convention.clobbers);
    let written = blocks
        .iter()
        .filter_map(|label| assembly.blocks.get(*label))
        .flat_map(|block| &block.body)
        .fold(0u16, |set, (asm, _)| set | Assembly::writes(asm, of, preserves));
    (written & 0x3f) as u8
}

fn link(
    module: &Module,
    options: &Options,
    conventions: &IndexVec<Func, Convention>,
    codes: IndexVec<Func, Option<(emit::Code, Frame)>>,
) -> Result<Program, Diagnostic> {
    let (rodata, data_offsets) = ovsm_ir::machine::data_layout(module);
    let mut image = Image { rodata, ..Image::default() };
    let mut spans = Vec::new();
    let mut functions = Vec::new();
    let mut starts = IndexVec::<Func, usize>::from_elem(0, module.functions.len());
    let mut calls = Vec::new();
    // The entry first, then the others as they stand in the module.
    let rest = module.functions.indices().filter(|func| *func != module.entry);
    for func in std::iter::once(module.entry).chain(rest) {
        let Some(Some((code, (frame_bytes, frame_values)))) = codes.get(func) else { continue };
        let first_pc = image.text.len();
        if let Some(start) = starts.get_mut(func) {
            *start = first_pc;
        }
        for (at, reference) in &code.references {
            let at = first_pc + at;
            match reference {
                Reference::Function(callee) => calls.push((at, *callee)),
                Reference::Syscall(syscall) => image.syscalls.push((at, *syscall)),
                Reference::Data(data) => {
                    let offset = data_offsets.get(*data).copied().unwrap_or(0);
                    image.data_references.push((at, offset));
                }
            }
        }
        image.text.extend(&code.slots);
        spans.extend(&code.spans);
        functions.push(FunctionReport {
            name: module.functions.get(func).map(|function| function.name.clone()).unwrap_or_default(),
            first_pc,
            slots: code.slots.len(),
            frame_bytes: *frame_bytes,
            frame_values: frame_values.clone(),
            can_fail: conventions.get(func).is_some_and(|convention| convention.can_fail),
        });
    }
    let (total, constants) = (image.text.len(), image.rodata.len());
    for (at, callee) in calls {
        let target = starts.get(callee).copied().unwrap_or(0) as i64;
        if let Some(slot) = image.text.get_mut(at) {
            slot.imm = i32::try_from(target - at as i64 - 1).map_err(|_| too_large(total, constants))?;
        }
    }
    for (at, syscall) in &image.syscalls {
        if let Some(slot) = image.text.get_mut(*at) {
            match options.version {
                Version::V3 => slot.imm = crate::murmur::syscall_hash(*syscall) as i32,
                Version::V0 => {
                    slot.src = 1;
                    slot.imm = -1;
                }
            }
        }
    }
    if image.rodata.len() > MAX_FILE_BYTES || image.text.len() > MAX_FILE_BYTES / 8 {
        return Err(too_large(total, constants));
    }
    if options.symbols {
        image.symbols =
            functions.iter().map(|report| (report.name.clone(), report.first_pc, report.slots)).collect();
    }
    let text = image.text.clone();
    let syscalls = image.syscalls.clone();
    let elf = elf::write(image.clone(), options.version);
    if elf.len() > MAX_FILE_BYTES {
        return Err(too_large(total, constants));
    }
    let (version, frame_area) = (options.version, module.frame_area);
    Ok(Program { elf, functions, spans, version, frame_area, text, syscalls, image })
}

/// Adds sections that are not loaded. A program without symbols has no sections, and stays as it is.
///
/// # Errors
/// E0306 if the file becomes too large.
pub fn add_notes(program: &mut Program, notes: Vec<(&'static str, Vec<u8>)>) -> Result<(), Diagnostic> {
    program.image.notes = notes;
    let elf = elf::write(program.image.clone(), program.version);
    if elf.len() > MAX_FILE_BYTES {
        return Err(too_large(program.text.len(), program.image.rodata.len()));
    }
    program.elf = elf;
    Ok(())
}

fn too_large(slots: usize, constants: usize) -> Diagnostic {
    let message =
        format!("the program is too large: {slots} instructions and {constants} bytes of constants");
    Diagnostic::new(Code::ProgramTooLarge, message).note("a program account holds at most 10 MiB")
}
