//! The host: what answers syscalls.
//!
//! [`ScriptHost`] is the host of programs that run outside a validator. It does what the runtime does for the
//! syscalls that need no chain (logs, memory, return data, abort) and refuses the rest: it never invents an answer.

use super::memory::Memory;
use super::{Fault, base58, base64};
use ovsm_base::syscall::Syscall;

/// What answers syscalls.
pub trait Host {
    /// Answers one syscall. `args` has zeros after the arguments that it takes; `fuel` is what the engine has left,
    /// for the syscalls that tell.
    fn syscall(
        &mut self,
        syscall: Syscall,
        args: [u64; 5],
        memory: &mut Memory,
        fuel: u64,
    ) -> Result<u64, Fault>;
}

/// One message that a program logged.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Log {
    /// Text of `sol_log_`, `sol_log_64_` or `sol_log_pubkey`, without the runtime's prefix.
    Text(String),
    /// Base64 fields of `sol_log_data`, separated by blanks.
    Data(String),
    /// A line of the runtime itself.
    Runtime(String),
}

impl Log {
    /// The line as the runtime logs it.
    pub fn line(&self) -> String {
        match self {
            Log::Text(text) => format!("Program log: {text}"),
            Log::Data(text) => format!("Program data: {text}"),
            Log::Runtime(text) => text.clone(),
        }
    }

    /// The message without the runtime's prefix.
    pub fn message(&self) -> &str {
        match self {
            Log::Text(text) | Log::Data(text) | Log::Runtime(text) => text,
        }
    }
}

/// The host of a program that runs outside a validator.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScriptHost {
    logs: Vec<Log>,
    log_bytes: usize,
    log_limit: usize,
    truncated: bool,
    return_data: Vec<u8>,
    program_id: [u8; 32],
}

impl Default for ScriptHost {
    fn default() -> ScriptHost {
        ScriptHost::new([0; 32])
    }
}

impl ScriptHost {
    /// Bytes of logs that the runtime keeps of a transaction.
    pub const CHAIN_LOG_LIMIT: usize = 10_000;
    /// Bytes of logs that a script may write.
    pub const DEFAULT_LOG_LIMIT: usize = 1 << 20;
    /// Bytes of return data that the runtime takes.
    pub const MAX_RETURN_DATA: u64 = 1024;
    const MAX_SEGMENTS: u64 = 1 << 16;

    /// A host for the program with this id.
    pub fn new(program_id: [u8; 32]) -> ScriptHost {
        ScriptHost {
            logs: Vec::new(),
            log_bytes: 0,
            log_limit: ScriptHost::DEFAULT_LOG_LIMIT,
            truncated: false,
            return_data: Vec::new(),
            program_id,
        }
    }

    /// The same host with another limit on the bytes of all log lines. As in the runtime, the first line that does
    /// not fit is replaced by `Log truncated`, and so are all after it that do not fit, silently.
    #[must_use]
    pub fn with_log_limit(mut self, bytes: usize) -> ScriptHost {
        self.log_limit = bytes;
        self
    }

    /// What was logged so far.
    pub fn logs(&self) -> &[Log] {
        &self.logs
    }

    /// What was logged so far, in the runtime's words.
    pub fn lines(&self) -> Vec<String> {
        self.logs.iter().map(Log::line).collect()
    }

    /// Hands out the logs since the last call, so that a terminal can show them while the program runs on. The limit
    /// counts from here again: it bounds what is held.
    pub fn take_logs(&mut self) -> Vec<Log> {
        self.log_bytes = 0;
        std::mem::take(&mut self.logs)
    }

    /// What the program returned with `sol_set_return_data`.
    pub fn return_data(&self) -> &[u8] {
        &self.return_data
    }

    fn log(&mut self, log: Log) {
        let bytes = self.log_bytes.saturating_add(log.line().len());
        if bytes < self.log_limit {
            self.log_bytes = bytes;
            self.logs.push(log);
        } else if !self.truncated {
            self.truncated = true;
            self.logs.push(Log::Runtime("Log truncated".to_owned()));
        }
    }

    fn log_data(&mut self, syscall: Syscall, address: u64, count: u64, memory: &Memory) -> Result<(), Fault> {
        if count > ScriptHost::MAX_SEGMENTS {
            return Err(refused(syscall, "too many fields"));
        }
        aligned(syscall, address, 8, count)?;
        let fields = memory.bytes(address, count * 16)?;
        let mut text = String::new();
        for (n, field) in fields.chunks_exact(16).enumerate() {
            let word = |at: usize| {
                let bytes = field.get(at..).and_then(<[u8]>::first_chunk);
                bytes.map_or(0, |bytes: &[u8; 8]| u64::from_le_bytes(*bytes))
            };
            let bytes = memory.bytes(word(0), word(8))?;
            // All fields may name the same large range: stop as soon as the line can not be kept.
            if text.len() < self.log_limit {
                if n > 0 {
                    text.push(' ');
                }
                text.push_str(&base64::encode(bytes));
            }
        }
        self.log(Log::Data(text));
        Ok(())
    }

    fn get_return_data(
        &self,
        syscall: Syscall,
        [address, room, id_address]: [u64; 3],
        memory: &mut Memory,
    ) -> Result<u64, Fault> {
        let len = room.min(self.return_data.len() as u64);
        if len != 0 {
            if overlap(address, len, id_address, 32) {
                return Err(refused(syscall, "the two outputs overlap"));
            }
            memory.bytes_mut(id_address, 32)?;
            let (data, _) = self.return_data.split_at_checked(len as usize).unwrap_or_default();
            memory.bytes_mut(address, len)?.copy_from_slice(data);
            memory.bytes_mut(id_address, 32)?.copy_from_slice(&self.program_id);
        }
        Ok(self.return_data.len() as u64)
    }
}

impl Host for ScriptHost {
    fn syscall(
        &mut self,
        syscall: Syscall,
        args: [u64; 5],
        memory: &mut Memory,
        fuel: u64,
    ) -> Result<u64, Fault> {
        let [a, b, c, d, e] = args;
        match syscall.name() {
            "abort" => return Err(Fault::Aborted),
            "sol_panic_" => {
                let file = text(syscall, memory.bytes(a, b)?)?;
                return Err(Fault::Panicked { file, line: c, column: d });
            }
            "sol_log_" => {
                let message = text(syscall, memory.bytes(a, b)?)?;
                self.log(Log::Text(message));
            }
            "sol_log_64_" => self.log(Log::Text(format!("{a:#x}, {b:#x}, {c:#x}, {d:#x}, {e:#x}"))),
            "sol_log_pubkey" => {
                let key = base58::encode(memory.bytes(a, 32)?);
                self.log(Log::Text(key));
            }
            "sol_log_compute_units_" => {
                self.log(Log::Runtime(format!("Program consumption: {fuel} units remaining")));
            }
            "sol_log_data" => self.log_data(syscall, a, b, memory)?,
            "sol_memcpy_" if overlap(a, c, b, c) => {
                return Err(refused(syscall, "the source and the destination overlap"));
            }
            "sol_memcpy_" | "sol_memmove_" => {
                let bytes = memory.bytes(b, c)?.to_vec();
                memory.bytes_mut(a, c)?.copy_from_slice(&bytes);
            }
            "sol_memset_" => memory.bytes_mut(a, c)?.fill(b as u8),
            "sol_memcmp_" => {
                let pairs = memory.bytes(a, c)?.iter().zip(memory.bytes(b, c)?);
                let order = pairs.map(|(x, y)| i32::from(*x) - i32::from(*y)).find(|order| *order != 0);
                aligned(syscall, d, 4, 1)?;
                memory.bytes_mut(d, 4)?.copy_from_slice(&order.unwrap_or(0).to_le_bytes());
            }
            "sol_set_return_data" => {
                if b > ScriptHost::MAX_RETURN_DATA {
                    return Err(refused(syscall, "the return data are too long"));
                }
                self.return_data = memory.bytes(a, b)?.to_vec();
            }
            "sol_get_return_data" => return self.get_return_data(syscall, [a, b, c], memory),
            "sol_get_stack_height" => return Ok(1),
            "sol_remaining_compute_units" => return Ok(fuel),
            _ => return Err(refused(syscall, "it exists only inside a validator")),
        }
        Ok(0)
    }
}

fn refused(syscall: Syscall, reason: &str) -> Fault {
    Fault::SyscallFailed { syscall, reason: reason.to_owned() }
}

fn text(syscall: Syscall, bytes: &[u8]) -> Result<String, Fault> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| refused(syscall, "the text is not UTF-8"))
}

/// The runtime wants typed arguments at their alignment, unless there are none.
fn aligned(syscall: Syscall, address: u64, alignment: u64, count: u64) -> Result<(), Fault> {
    if count != 0 && !address.is_multiple_of(alignment) {
        return Err(refused(syscall, "an address is not aligned"));
    }
    Ok(())
}

fn overlap(a: u64, a_len: u64, b: u64, b_len: u64) -> bool {
    if a > b { a - b < b_len } else { b - a < a_len }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::{HEAP_BASE, Input, RODATA_BASE};
    use crate::op::Width;

    struct Bench {
        host: ScriptHost,
        memory: Memory,
    }

    impl Bench {
        fn new(rodata: &[u8]) -> Bench {
            Bench { host: ScriptHost::new([7; 32]), memory: Memory::new(rodata.to_vec(), Input::default()) }
        }

        fn call(&mut self, name: &str, args: &[u64]) -> Result<u64, Fault> {
            let mut all = [0; 5];
            all[..args.len()].copy_from_slice(args);
            self.host.syscall(Syscall::from_name(name).unwrap(), all, &mut self.memory, 123)
        }
    }

    fn reason(result: Result<u64, Fault>) -> String {
        match result {
            Err(Fault::SyscallFailed { reason, .. }) => reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn logs_are_in_the_words_of_the_runtime() {
        let mut rodata = b"hello\xff\0\0".to_vec();
        rodata.extend([0; 32]);
        let mut bench = Bench::new(&rodata);
        assert_eq!(bench.call("sol_log_", &[RODATA_BASE, 5]), Ok(0));
        assert_eq!(bench.call("sol_log_64_", &[1, 2, 3, 4, u64::MAX]), Ok(0));
        assert_eq!(bench.call("sol_log_pubkey", &[RODATA_BASE + 8]), Ok(0));
        assert_eq!(bench.call("sol_log_compute_units_", &[]), Ok(0));
        assert_eq!(
            bench.host.lines(),
            [
                "Program log: hello",
                "Program log: 0x1, 0x2, 0x3, 0x4, 0xffffffffffffffff",
                "Program log: 11111111111111111111111111111111",
                "Program consumption: 123 units remaining",
            ]
        );
        assert_eq!(bench.host.logs()[0].message(), "hello");
        assert_eq!(reason(bench.call("sol_log_", &[RODATA_BASE, 6])), "the text is not UTF-8");
        assert!(matches!(bench.call("sol_log_", &[0, 1]), Err(Fault::MemoryAccess { .. })));
        assert_eq!(bench.host.take_logs().len(), 4);
        assert_eq!(bench.host.logs(), []);
    }

    #[test]
    fn logged_data_are_base64_fields() {
        let mut rodata = Vec::new();
        for word in [RODATA_BASE + 32, 2, 0, 0, 0x0201] {
            rodata.extend(u64::to_le_bytes(word));
        }
        let mut bench = Bench::new(&rodata);
        assert_eq!(bench.call("sol_log_data", &[RODATA_BASE, 2]), Ok(0));
        assert_eq!(bench.host.lines(), ["Program data: AQI= "]);
        assert_eq!(reason(bench.call("sol_log_data", &[RODATA_BASE + 1, 1])), "an address is not aligned");
        assert_eq!(reason(bench.call("sol_log_data", &[RODATA_BASE, u64::MAX])), "too many fields");
    }

    #[test]
    fn logs_are_bounded() {
        let mut bench = Bench::new(&[]);
        bench.host = bench.host.with_log_limit(60);
        for _ in 0..1000 {
            bench.call("sol_log_64_", &[0; 5]).unwrap();
        }
        let line = "Program log: 0x0, 0x0, 0x0, 0x0, 0x0";
        assert_eq!(bench.host.lines(), [line, "Log truncated"]);
    }

    #[test]
    fn memory_syscalls() {
        let mut bench = Bench::new(b"abcdefgh");
        assert_eq!(bench.call("sol_memcpy_", &[HEAP_BASE, RODATA_BASE, 8]), Ok(0));
        assert_eq!(&bench.memory.heap()[..9], b"abcdefgh\0");
        assert_eq!(bench.call("sol_memmove_", &[HEAP_BASE + 2, HEAP_BASE, 6]), Ok(0));
        assert_eq!(&bench.memory.heap()[..9], b"ababcdef\0");
        let overlapping = bench.call("sol_memcpy_", &[HEAP_BASE + 2, HEAP_BASE, 6]);
        assert_eq!(reason(overlapping), "the source and the destination overlap");
        assert_eq!(bench.call("sol_memcpy_", &[HEAP_BASE + 6, HEAP_BASE, 6]), Ok(0));
        assert_eq!(bench.call("sol_memset_", &[HEAP_BASE, 0x141, 3]), Ok(0));
        assert_eq!(&bench.memory.heap()[..4], b"AAAb");
        assert!(matches!(
            bench.call("sol_memset_", &[RODATA_BASE, 0, 1]),
            Err(Fault::MemoryAccess { write: true, .. })
        ));
        let result = HEAP_BASE + 64;
        assert_eq!(bench.call("sol_memcmp_", &[RODATA_BASE, HEAP_BASE, 8, result]), Ok(0));
        assert_eq!(bench.memory.load(result, Width::W4), Ok(u64::from(b'a' - b'A')));
        assert_eq!(bench.call("sol_memcmp_", &[HEAP_BASE, RODATA_BASE, 8, result]), Ok(0));
        assert_eq!(bench.memory.load(result, Width::W4), Ok(u64::from(-32i32 as u32)));
        let unaligned = bench.call("sol_memcmp_", &[HEAP_BASE, RODATA_BASE, 8, result + 1]);
        assert_eq!(reason(unaligned), "an address is not aligned");
    }

    #[test]
    fn return_data() {
        let mut bench = Bench::new(b"abcdefgh");
        assert_eq!(bench.call("sol_get_return_data", &[0, 10, 0]), Ok(0));
        assert_eq!(bench.call("sol_set_return_data", &[RODATA_BASE, 8]), Ok(0));
        assert_eq!(bench.host.return_data(), b"abcdefgh");
        assert_eq!(bench.call("sol_get_return_data", &[HEAP_BASE, 3, HEAP_BASE + 3]), Ok(8));
        assert_eq!(&bench.memory.heap()[..5], b"abc\x07\x07");
        let overlapping = bench.call("sol_get_return_data", &[HEAP_BASE, 4, HEAP_BASE + 3]);
        assert_eq!(reason(overlapping), "the two outputs overlap");
        assert_eq!(
            reason(bench.call("sol_set_return_data", &[RODATA_BASE, 1025])),
            "the return data are too long"
        );
    }

    #[test]
    fn ends_and_refusals() {
        let mut bench = Bench::new(b"file.lisp");
        assert_eq!(bench.call("abort", &[]), Err(Fault::Aborted));
        let panicked = Fault::Panicked { file: "file.lisp".into(), line: 3, column: 4 };
        assert_eq!(bench.call("sol_panic_", &[RODATA_BASE, 9, 3, 4]), Err(panicked));
        assert_eq!(bench.call("sol_get_stack_height", &[]), Ok(1));
        assert_eq!(bench.call("sol_remaining_compute_units", &[]), Ok(123));
        let refused = bench.call("sol_invoke_signed_c", &[]);
        assert_eq!(
            refused.unwrap_err().to_string(),
            "syscall sol_invoke_signed_c failed: it exists only inside a validator"
        );
    }
}
