//! IR to sBPF: selection, register allocation, ELF, disassembler.
