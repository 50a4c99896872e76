//! The raw hash against the hasher: what queue, threads and wiping cost. `cargo bench -p countersign-password`.

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark fails by panicking")]

use std::hint::black_box;

use argon2::{Algorithm, Argon2, Block, Version};
use countersign_kernel::Env;
use countersign_password::{Hasher, HasherConfig, Params, Password};
use criterion::{Criterion, criterion_group, criterion_main};

fn hashes(c: &mut Criterion) {
    let params = Params::FLOOR;
    let raw = argon2::Params::new(params.memory_kib, params.iterations, params.parallelism, Some(32)).unwrap();
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, raw);
    let mut group = c.benchmark_group("password");
    group.sample_size(20);

    group.bench_function("raw, fresh memory", |b| {
        let mut output = [0; 32];
        b.iter(|| argon2.hash_password_into(black_box(b"kuzm tevx"), &[7; 16], &mut output).unwrap());
    });
    group.bench_function("raw, kept memory", |b| {
        let mut output = [0; 32];
        let mut memory = vec![Block::new(); argon2.params().block_count()];
        b.iter(|| {
            let memory = memory.as_mut_slice();
            argon2.hash_password_into_with_memory(black_box(b"kuzm tevx"), &[7; 16], &mut output, memory).unwrap();
        });
    });
    group.bench_function("hasher", |b| {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let hasher = Hasher::new(&HasherConfig::default(), Env::system()).unwrap();
        let password = Password::received("kuzm tevx").unwrap();
        b.iter(|| runtime.block_on(hasher.verify_nobody(black_box(&password))).unwrap());
    });
    group.finish();
}

criterion_group!(benches, hashes);
criterion_main!(benches);
