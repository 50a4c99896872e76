//! The promises of every storage port, as tests that any engine must pass.
