//! Ends sessions and supersedes tokens.
