//! The dynamic engine: what runs scripts, tests, the prompt and every macro.
//!
//! Source text becomes syntax, syntax becomes [`core`] (macros run on the way), core becomes register bytecode, and the
//! machine runs it. Values are those of `ovsm-value`, built-in functions those of `ovsm-library`. The outside world is
//! reached through the host that a session is given, and nothing else. Start with [`Session`].

mod budget;
mod bytecode;
mod compile;
pub mod core;
mod expand;
mod expansion;
mod failure;
mod front;
mod library_forms;
pub mod machine;
mod marked_names;
mod module;
pub mod program;
mod session;
mod sources;
mod syntax;

pub use expand::{FieldCheck, FieldCheckKind, is_read_from_bytes, type_descriptor};
pub use expansion::{Expanded, Step, is_program};
pub use front::{Checker, ExpansionSize, Front, GivenName, Loader, NoModules, Test};
pub use machine::{Environment, Failure, Limits, Machine};
pub use marked_names::written_name;
pub use module::{ModuleId, Type};
pub use session::{Ended, Session};
pub use sources::Sources;

/// The part of the library that is written in OVSM and that every module sees.
const PRELUDE: &str = ovsm_library::PRELUDE;

/// What every program sees besides: the names of modules, and their texts.
const PROGRAM_PRELUDES: [(&str, &str); 6] = [
    (
        "solana/program",
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../stdlib/solana/program.ovsm")),
    ),
    ("solana/system", include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../stdlib/solana/system.ovsm"))),
    ("solana/sysvar", include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../stdlib/solana/sysvar.ovsm"))),
    (
        "solana/classic",
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../stdlib/solana/classic.ovsm")),
    ),
    (
        "solana/introspection",
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../stdlib/solana/introspection.ovsm")),
    ),
    ("solana/token", include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../stdlib/solana/token.ovsm"))),
];

/// True if a name is a macro that programs have and scripts do not.
fn is_of_programs(name: &str) -> bool {
    let is_it = |line: &str| {
        let rest = line.strip_prefix("(defmacro ").and_then(|rest| rest.strip_prefix(name));
        rest.is_some_and(|rest| rest.starts_with(' '))
    };
    PROGRAM_PRELUDES.iter().any(|(_, text)| text.lines().any(is_it))
}
