//! IR to register bytecode, and its interpreter.
