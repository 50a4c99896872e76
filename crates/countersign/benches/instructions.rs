//! Instruction counts of whole requests, under valgrind: of the thread that serves them, without the writer's.
//! `cargo bench -p countersign --bench instructions`; wants gungraun-runner.

#![allow(
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    reason = "a benchmark fails by panicking"
)]

mod support;

use axum::response::Response;
use gungraun::prelude::*;

use support::FrontDoor;

#[library_benchmark]
#[bench::seen_before(FrontDoor::open())]
fn verify(door: FrontDoor) -> (FrontDoor, Response) {
    let response = door.verify();
    (door, response)
}

#[library_benchmark]
#[bench::rotates_on_sqlite(FrontDoor::open())]
fn refresh(door: FrontDoor) -> (FrontDoor, u16) {
    let status = door.refresh();
    (door, status)
}

library_benchmark_group!(name = requests, benchmarks = [verify, refresh]);
main!(library_benchmark_groups = requests);
