#![no_main]

#[allow(dead_code)]
#[path = "../bodies/jose.rs"]
mod jose;

libfuzzer_sys::fuzz_target!(|data: &[u8]| jose::jws_verify(data));
