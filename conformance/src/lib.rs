//! Conformance runner.

pub mod sbpf_machine;
