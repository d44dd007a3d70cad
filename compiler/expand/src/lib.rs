//! Tree to core: forms, names, desugaring.
