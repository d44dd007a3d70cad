//! On-chain conformance.
