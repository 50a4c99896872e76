#![no_main]

#[path = "../bodies/limit.rs"]
mod limit;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    limit::challenge_response(data);
});
