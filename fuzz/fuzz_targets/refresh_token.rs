#![no_main]

#[allow(dead_code)]
#[path = "../bodies/session.rs"]
mod session;

libfuzzer_sys::fuzz_target!(|data: &[u8]| session::refresh_token(data));
