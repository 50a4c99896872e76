//! Wall clock of whole requests, from the router's door to the answer, without a socket.
//! `cargo bench -p countersign --bench front_door`.

#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "a benchmark fails by panicking")]

mod support;

use criterion::{Criterion, criterion_group, criterion_main};

use support::FrontDoor;

fn requests(c: &mut Criterion) {
    let door = FrontDoor::open();
    c.bench_function("GET /api/auth/verify, token seen before", |b| b.iter(|| door.verify()));
    c.bench_function("POST /api/auth/refresh, SQLite", |b| b.iter(|| door.refresh()));
    assert_eq!(door.refresh(), 200);
}

criterion_group!(benches, requests);
criterion_main!(benches);
