//! The dynamic values of OVSM and what can be said of any value: its type, truth, equality, order, hash and text.
//!
//! Values are immutable to the program; a collection that nobody else holds is updated in place (copy on write by
//! reference count). Nothing here runs code, touches a host, or knows the syntax tree; deep values are walked and
//! dropped without deep native stacks. Start with [`Value`], then [`number`] for arithmetic and [`mod@write`] for text.

pub mod allocation;
pub mod collection;
pub mod compare;
pub mod decimal;
pub mod encoding;
pub mod error;
pub mod function;
pub mod handle;
pub mod large;
pub mod number;
pub mod ordered_map;
pub mod record;
mod release;
pub mod sequence;
pub mod table;
pub mod text;
pub mod value;
pub mod walk;
pub mod write;

pub use collection::{Object, Place, Range, Set};
pub use error::{ErrorKind, ErrorValue, Raised, Unwind};
pub use function::{Closure, NativeId};
pub use handle::{Handle, Outcome};
pub use ordered_map::OrderedMap;
pub use record::{Record, RecordType};
pub use sequence::Sequence;
pub use table::Table;
pub use text::{Symbol, Text};
pub use value::Value;

/// Maps keyed by values or texts, in order of insertion.
pub type IndexMap<K, V> = indexmap::IndexMap<K, V, rustc_hash::FxBuildHasher>;
