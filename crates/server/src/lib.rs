//! The countersign server: configuration, wiring, listeners, commands. The binary calls [`command::main`].
//!
//! This crate alone reads files, the environment and arguments, and chooses engines; it builds itself through the facade
//! crate `countersign` as any embedder does.

pub mod command;
pub mod config;
pub mod dev_mail;
#[cfg(feature = "driven-clock")]
pub mod driven;
pub mod listen;
pub mod metrics;
pub mod notify;
pub mod open_files;
pub mod telemetry;
pub mod wire;
