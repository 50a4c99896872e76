//! The binary, driven as an operator and as clients drive it: processes, signals, files, sockets.
//!
//! Not tested here: prompts on a terminal, and what needs a second machine. The API itself is tested in `countersign-http`.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests fail their test")]

mod admin_listener;
mod attack_wire;
mod audit;
mod backup;
mod config;
mod crash;
mod data_dir;
mod dev;
mod help;
mod keys;
mod listener;
mod restart;
mod role;
mod session;
mod stop;
mod support;
mod token;
mod user;
