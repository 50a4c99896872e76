//! Instruction counts of judging, verifying, rotating and the wire form, under valgrind: nearly the same figure on every run.
//! `cargo bench -p countersign-session --bench instructions`; wants gungraun-runner.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    unused_qualifications,
    missing_docs,
    unreachable_pub,
    reason = "a benchmark fails by panicking"
)]

#[allow(dead_code, reason = "shared with the other benchmark")]
mod support;

use std::hint::black_box;
use std::sync::Arc;

use countersign_kernel::{Secret, Timestamp};
use countersign_session::judge::{JudgePolicy, Judged, Moment, Presented, judge};
use countersign_session::refresh_token::{RefreshKeys, RefreshToken};
use countersign_session::{AttemptIds, Identity, RefreshText, RotateVerdict, Sessions};
use countersign_store::{AttemptHash, Delivery, RefreshRow};
use gungraun::Callgrind;
use gungraun::prelude::*;
use tokio::runtime::{Builder, Runtime};

use support::Floor;

/// A floor on a runtime that lives as long as the process.
fn floor() -> Floor {
    let runtime = Box::leak(Box::new(Runtime::new().unwrap()));
    runtime.block_on(Floor::start(64))
}

fn row() -> RefreshRow {
    Runtime::new().unwrap().block_on(async { Floor::start(64).await.session().await.row })
}

/// A token, and a floor that has seen it if `seen`.
fn token(seen: bool) -> (Sessions, String) {
    let floor = floor();
    let tokens = Runtime::new().unwrap().block_on(floor.access_tokens(2));
    // The first verification of a process also warms the library up.
    floor.sessions.verify(&tokens[0]).unwrap();
    let token = tokens[usize::from(!seen)].clone();
    (floor.sessions.clone(), token)
}

fn wire() -> (RefreshKeys, RefreshToken, RefreshText, Timestamp) {
    let keys = RefreshKeys::new(Secret::new([7; 32]));
    let session = Runtime::new().unwrap().block_on(async { Floor::start(64).await.session().await });
    let (token, now) = (RefreshToken::of(&session), session.created_at);
    let text = keys.seal(&token);
    keys.open(text.expose(), now).unwrap();
    (keys, token, text, now)
}

#[library_benchmark]
#[bench::rotated(row())]
fn judge_row(row: RefreshRow) -> Judged {
    let presented = Presented { attempt: Some(AttemptHash([1; 16])), ..Presented::default() };
    judge(black_box(&row), &presented, Moment { now: row.made_at, settled: true }, &JudgePolicy::default())
}

#[library_benchmark]
#[bench::cold(token(false))]
#[bench::remembered(token(true))]
fn verify((sessions, token): (Sessions, String)) -> (Sessions, Arc<Identity>) {
    let identity = sessions.verify(black_box(&token)).unwrap();
    (sessions, identity)
}

/// A floor without memory of rotations, and the first token of a session.
fn session() -> (Floor, String) {
    let floor = floor();
    let runtime = Runtime::new().unwrap();
    let session = runtime.block_on(floor.session());
    let issued = runtime.block_on(floor.sessions.issue(&session, &floor.user, None)).unwrap();
    (floor, issued.refresh.unwrap().expose().to_owned())
}

// What this thread does and, by the second toggle, the transactions of the writer's. The first few prepare the statements of each
// connection: what one costs is a hundredth of the difference.
#[library_benchmark(config = LibraryBenchmarkConfig::default().tool(Callgrind::with_args(
    ["--toggle-collect=countersign_store_sql::hot::write::write_together"]
)))]
#[bench::a_few(session(), 8)]
#[bench::and_a_hundred_more(session(), 108)]
fn rotate_on_sqlite((floor, mut token): (Floor, String), times: u32) -> (Floor, String) {
    let (runtime, origin) = (Builder::new_current_thread().build().unwrap(), floor.origin());
    for _ in 0..times {
        let rotation = floor.sessions.rotate(&token, Delivery::Cookie, AttemptIds::default(), &origin);
        let RotateVerdict::Full(issued) = runtime.block_on(rotation).unwrap().verdict else { panic!("not rotated") };
        token = issued.refresh.unwrap().expose().to_owned();
    }
    (floor, token)
}

#[library_benchmark]
#[bench::again(wire())]
fn open_refresh_token(wire: (RefreshKeys, RefreshToken, RefreshText, Timestamp)) -> Option<RefreshToken> {
    wire.0.open(black_box(wire.2.expose()), wire.3)
}

#[library_benchmark]
#[bench::again(wire())]
fn seal_refresh_token(wire: (RefreshKeys, RefreshToken, RefreshText, Timestamp)) -> RefreshText {
    wire.0.seal(black_box(&wire.1))
}

library_benchmark_group!(
    name = sessions,
    benchmarks = [judge_row, verify, rotate_on_sqlite, open_refresh_token, seal_refresh_token]
);
main!(library_benchmark_groups = sessions);
