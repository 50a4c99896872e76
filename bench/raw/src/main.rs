//! The raw costs that `cargo xtask bench` compares with: one EdDSA signature check, and one Argon2id hash at the default
//! parameters with kept memory. Each for as many seconds as the argument says; prints a name and µs of CPU a line.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark reads the clock and talks to its caller"
)]

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, ParsedPublicKey};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let seconds = std::env::args().nth(1).and_then(|seconds| seconds.parse().ok()).ok_or("usage: raw SECONDS")?;
    let time = Duration::from_secs(seconds);
    println!("signature {:.2}", signature(time)?);
    println!("hash {:.2}", hash(time)?);
    Ok(())
}

/// The key is parsed once, as in the product, and what is signed is as long as an access token.
fn signature(time: Duration) -> Outcome<f64> {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32])?;
    let key = ParsedPublicKey::new(&ED25519, pair.public_key().as_ref())?;
    let message = [b'a'; 560];
    let signature = pair.sign(&message);
    cpu_of_one(time, 256, || Ok(key.verify_sig(black_box(&message), signature.as_ref())?))
}

fn hash(time: Duration) -> Outcome<f64> {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(19_456, 2, 1, Some(32)).map_err(text)?);
    let mut memory = vec![Block::new(); argon2.params().block_count()];
    let mut output = [0; 32];
    cpu_of_one(time, 1, || {
        let memory = memory.as_mut_slice();
        Ok(argon2
            .hash_password_into_with_memory(black_box(b"kuzm tevx"), &[7; 16], &mut output, memory)
            .map_err(text)?)
    })
}

fn text(error: argon2::Error) -> String {
    error.to_string()
}

/// CPU of one `act`, in µs. The clock is read after each `batch`.
fn cpu_of_one(time: Duration, batch: u32, mut act: impl FnMut() -> Outcome<()>) -> Outcome<f64> {
    act()?;
    let (begun, before) = (Instant::now(), cpu_ns()?);
    let mut done = 0;
    while begun.elapsed() < time {
        for _ in 0..batch {
            act()?;
        }
        done += batch;
    }
    Ok((cpu_ns()? - before) / 1e3 / f64::from(done.max(1)))
}

/// CPU time of this, the only thread.
fn cpu_ns() -> Outcome<f64> {
    let stat = fs::read_to_string("/proc/self/schedstat")?;
    Ok(stat.split_whitespace().next().ok_or("/proc/self/schedstat")?.parse()?)
}
