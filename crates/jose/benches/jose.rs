//! Wall clock of signing and verifying a token, per algorithm, and of the bare signature check to compare with.
//! `cargo bench -p countersign-jose --bench jose`.

#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "a benchmark fails by panicking")]

mod support;

use std::hint::black_box;

use countersign_jose::{Algorithm, base64url, verify};
use criterion::{Criterion, criterion_group, criterion_main};

use support::{rules, scene};

fn tokens(c: &mut Criterion) {
    for algorithm in Algorithm::ALL {
        let scene = scene(algorithm);
        let mut group = c.benchmark_group(algorithm.name());
        group.bench_function("sign", |b| b.iter(|| scene.key.sign("at+jwt", black_box(&scene.claims)).unwrap()));
        group.bench_function("verify", |b| b.iter(|| verify(black_box(&scene.token), &scene.keys, &rules()).unwrap()));
        let (signed, signature) = scene.token.rsplit_once('.').unwrap();
        let (key, signature) = (scene.key.verifying_key(), base64url::decode(signature).unwrap());
        group.bench_function("bare signature", |b| {
            b.iter(|| key.verify_signature(black_box(signed.as_bytes()), &signature).unwrap());
        });
        group.finish();
    }
}

criterion_group!(benches, tokens);
criterion_main!(benches);
