//! The memory of a running program: four regions at Solana's addresses, any alignment, little endian.
//!
//! Read-only data stand at `0x1_0000_0000` here, as in sBPF v0, so that a null pointer faults; the address of a
//! constant is the one address in which engines may differ.

use super::Fault;
use super::input::Input;
use super::layout::data_layout;
use crate::function::Module;
use crate::op::Width;

/// Address of the read-only data.
pub const RODATA_BASE: u64 = 0x1_0000_0000;
/// Address of the entry's stack frame.
pub const STACK_BASE: u64 = 0x2_0000_0000;
/// Address of the heap.
pub const HEAP_BASE: u64 = 0x3_0000_0000;
/// Address of the serialised input.
pub const INPUT_BASE: u64 = 0x4_0000_0000;
/// Size of the entry's stack frame in bytes; programs have no memory in other frames.
pub const STACK_SIZE: usize = 4096;
/// Size of the heap in bytes.
pub const HEAP_SIZE: usize = 32 * 1024;

/// The memory of a running program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Memory {
    rodata: Vec<u8>,
    stack: Vec<u8>,
    heap: Vec<u8>,
    input: Vec<u8>,
    instruction_data: u64,
}

impl Memory {
    /// Memory with the given read-only data and input, and a zeroed stack frame and heap.
    pub fn new(rodata: Vec<u8>, input: Input) -> Memory {
        let instruction_data = input.instruction_data_address();
        Memory {
            rodata,
            stack: vec![0; STACK_SIZE],
            heap: vec![0; HEAP_SIZE],
            input: input.into_bytes(),
            instruction_data,
        }
    }

    /// Memory for one run of a module: its constants as [`data_layout`] places them, and the input.
    pub fn for_module(module: &Module, input: Input) -> Memory {
        Memory::new(data_layout(module).0, input)
    }

    /// The address of the instruction data, which is the entry's second argument.
    pub fn instruction_data_address(&self) -> u64 {
        self.instruction_data
    }

    /// The word with the `width` bytes at `address`, zero-extended.
    #[inline]
    pub fn load(&self, address: u64, width: Width) -> Result<u64, Fault> {
        let tail = self.region(address).and_then(|region| region.get((address as u32) as usize..));
        let word = tail.and_then(|tail| match width {
            Width::W1 => tail.first().map(|byte| u64::from(*byte)),
            Width::W2 => tail.first_chunk().map(|bytes| u64::from(u16::from_le_bytes(*bytes))),
            Width::W4 => tail.first_chunk().map(|bytes| u64::from(u32::from_le_bytes(*bytes))),
            Width::W8 => tail.first_chunk().map(|bytes| u64::from_le_bytes(*bytes)),
        });
        match word {
            Some(word) => Ok(word),
            None => Err(outside(address, u64::from(width.bytes()), false)),
        }
    }

    /// Writes the low `width` bytes of `word` at `address`.
    #[inline]
    pub fn store(&mut self, address: u64, width: Width, word: u64) -> Result<(), Fault> {
        let tail = self.region_mut(address).and_then(|region| region.get_mut((address as u32) as usize..));
        let done = tail.and_then(|tail| {
            match width {
                Width::W1 => *tail.first_mut()? = word as u8,
                Width::W2 => *tail.first_chunk_mut()? = (word as u16).to_le_bytes(),
                Width::W4 => *tail.first_chunk_mut()? = (word as u32).to_le_bytes(),
                Width::W8 => *tail.first_chunk_mut()? = word.to_le_bytes(),
            }
            Some(())
        });
        match done {
            Some(()) => Ok(()),
            None => Err(outside(address, u64::from(width.bytes()), true)),
        }
    }

    /// The `len` bytes at `address`. An empty range is readable anywhere.
    pub fn bytes(&self, address: u64, len: u64) -> Result<&[u8], Fault> {
        if len == 0 {
            return Ok(&[]);
        }
        let start = (address as u32) as usize;
        self.region(address)
            .and_then(|region| region.get(start..start.checked_add(usize::try_from(len).ok()?)?))
            .ok_or_else(|| outside(address, len, false))
    }

    /// The `len` bytes at `address`, for writing. An empty range is writable anywhere.
    #[inline]
    pub fn bytes_mut(&mut self, address: u64, len: u64) -> Result<&mut [u8], Fault> {
        if len == 0 {
            return Ok(&mut []);
        }
        let start = (address as u32) as usize;
        self.region_mut(address)
            .and_then(|region| region.get_mut(start..start.checked_add(usize::try_from(len).ok()?)?))
            .ok_or_else(|| outside(address, len, true))
    }

    /// The read-only data.
    pub fn rodata(&self) -> &[u8] {
        &self.rodata
    }

    /// The heap.
    pub fn heap(&self) -> &[u8] {
        &self.heap
    }

    /// The entry's stack frame.
    pub fn stack(&self) -> &[u8] {
        &self.stack
    }

    /// The input region, as the program left it.
    pub fn input(&self) -> &[u8] {
        &self.input
    }

    #[inline]
    fn region(&self, address: u64) -> Option<&[u8]> {
        match address >> 32 {
            1 => Some(&self.rodata),
            2 => Some(&self.stack),
            3 => Some(&self.heap),
            4 => Some(&self.input),
            _ => None,
        }
    }

    #[inline]
    fn region_mut(&mut self, address: u64) -> Option<&mut [u8]> {
        match address >> 32 {
            2 => Some(&mut self.stack),
            3 => Some(&mut self.heap),
            4 => Some(&mut self.input),
            _ => None,
        }
    }
}

/// Apart, so that the way without a fault stays short.
#[cold]
fn outside(address: u64, len: u64, write: bool) -> Fault {
    Fault::MemoryAccess { address, len, write }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory() -> Memory {
        Memory::new(vec![1, 2, 3, 4, 5, 6, 7, 8], Input::from_bytes(vec![9; 16]))
    }

    #[test]
    fn loads_are_little_endian_at_any_alignment() {
        let memory = memory();
        assert_eq!(memory.load(RODATA_BASE + 1, Width::W1), Ok(2));
        assert_eq!(memory.load(RODATA_BASE + 1, Width::W2), Ok(0x0302));
        assert_eq!(memory.load(RODATA_BASE + 3, Width::W4), Ok(0x0706_0504));
        assert_eq!(memory.load(RODATA_BASE, Width::W8), Ok(0x0807_0605_0403_0201));
    }

    #[test]
    fn stores_write_only_their_width() {
        let mut memory = memory();
        for (width, end) in [(Width::W1, 4), (Width::W2, 5), (Width::W4, 7), (Width::W8, 11)] {
            let mut memory = memory.clone();
            memory.store(HEAP_BASE + 3, width, u64::MAX).unwrap();
            let expected: Vec<u8> = (0..16).map(|n| if (3..end).contains(&n) { 0xff } else { 0 }).collect();
            assert_eq!(&memory.heap()[..16], expected);
        }
        memory.store(STACK_BASE + 4088, Width::W8, 7).unwrap();
        assert_eq!(memory.load(STACK_BASE + 4088, Width::W8), Ok(7));
    }

    #[test]
    fn accesses_past_the_ends_fault() {
        let mut memory = memory();
        let fault = |address, len, write| Fault::MemoryAccess { address, len, write };
        assert_eq!(memory.load(0, Width::W1), Err(fault(0, 1, false)));
        assert_eq!(memory.load(RODATA_BASE - 1, Width::W2), Err(fault(RODATA_BASE - 1, 2, false)));
        assert_eq!(memory.load(RODATA_BASE + 1, Width::W8), Err(fault(RODATA_BASE + 1, 8, false)));
        assert_eq!(memory.load(u64::MAX, Width::W8), Err(fault(u64::MAX, 8, false)));
        assert_eq!(memory.store(RODATA_BASE, Width::W1, 0), Err(fault(RODATA_BASE, 1, true)));
        let end = HEAP_BASE + HEAP_SIZE as u64;
        assert_eq!(memory.store(end - 1, Width::W2, 0), Err(fault(end - 1, 2, true)));
        assert_eq!(memory.store(STACK_BASE + 4096, Width::W1, 0), Err(fault(STACK_BASE + 4096, 1, true)));
        assert_eq!(memory.bytes(INPUT_BASE, u64::MAX), Err(fault(INPUT_BASE, u64::MAX, false)));
        assert_eq!(memory.bytes(0, 0), Ok(&[][..]));
        assert_eq!(memory.bytes(INPUT_BASE, 16).map(<[u8]>::len), Ok(16));
    }
}
