//! The binary, driven as an operator and as clients drive it: processes, signals, files, sockets.
//!
//! Not tested here: prompts on a terminal, and what needs a second machine. The API itself is tested in `countersign-http`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "helpers of tests fail their test, and say where they skip it"
)]

mod admin_listener;
mod administration;
mod attack_tools;
mod attack_wire;
mod audit;
mod backup;
mod bare;
mod cable;
mod calibrate;
mod config;
mod crash;
mod crowd;
mod data_dir;
mod database_held;
mod deploy;
mod dev;
mod doctor;
mod forward_auth;
mod full_disk;
mod guard;
mod help;
mod import;
mod keys;
mod limits;
mod listener;
mod log_unread;
mod mail;
mod metrics;
mod migrate;
mod migrate_cut_off;
mod nodes;
mod open_files;
mod password;
mod reload;
mod restart;
mod revocation_feed;
mod role;
mod session;
mod slow_client;
mod status_list;
mod stop;
mod support;
mod systemd;
mod tls;
mod token;
mod trace;
mod user;
mod wire;
