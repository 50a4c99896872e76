//! Instruction counts of signing and verifying, under valgrind: the same figure on every run.
//! `cargo bench -p countersign-jose --bench instructions`; wants gungraun-runner.

#![allow(
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    reason = "a benchmark fails by panicking"
)]

mod support;

use std::hint::black_box;

use countersign_jose::{Algorithm, Error, Verified};
use gungraun::prelude::*;

use support::{Scene, rules, scene};

/// A scene whose library is warm: the first signature of a process also seeds a generator.
fn warm(algorithm: Algorithm) -> Scene {
    let scene = scene(algorithm);
    countersign_jose::verify(&scene.token, &scene.keys, &rules()).unwrap();
    scene
}

#[library_benchmark]
#[bench::eddsa(warm(Algorithm::EdDSA))]
#[bench::es256(warm(Algorithm::ES256))]
#[bench::hs256(warm(Algorithm::HS256))]
fn sign(scene: Scene) -> (Scene, Result<String, Error>) {
    let token = scene.key.sign("at+jwt", black_box(&scene.claims));
    (scene, token)
}

#[library_benchmark]
#[bench::eddsa(warm(Algorithm::EdDSA))]
#[bench::es256(warm(Algorithm::ES256))]
#[bench::rs256(warm(Algorithm::RS256))]
#[bench::hs256(warm(Algorithm::HS256))]
fn verify(scene: Scene) -> (Scene, Result<Verified, Error>) {
    let verified = countersign_jose::verify(black_box(&scene.token), &scene.keys, &rules());
    (scene, verified)
}

library_benchmark_group!(name = tokens, benchmarks = [sign, verify]);
main!(library_benchmark_groups = tokens);
