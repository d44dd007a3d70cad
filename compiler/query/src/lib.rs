//! The incremental database: the compiler's API.
