#![no_main]

#[path = "../bodies/password.rs"]
mod password;

libfuzzer_sys::fuzz_target!(|data: &[u8]| password::legacy_hash(data));
