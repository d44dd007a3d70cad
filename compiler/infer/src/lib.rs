//! Core to typed core.
