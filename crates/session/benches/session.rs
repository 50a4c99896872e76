//! Judging, rotating on SQLite, and verifying: wall-clock. `cargo bench -p countersign-session --bench session`.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs, unreachable_pub, reason = "a benchmark fails by panicking")]

mod support;

use std::hint::black_box;
use std::sync::Arc;

use countersign_kernel::{Env, SessionId};
use countersign_session::judge::{JudgePolicy, Moment, Presented, judge};
use countersign_session::{AttemptIds, LiveSet, RotateVerdict};
use countersign_store::{AttemptHash, Delivery, Effect, NewRevocation, Target};
use criterion::{Criterion, criterion_group, criterion_main};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use support::Floor;

fn judging(c: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let floor = runtime.block_on(Floor::start(64));
    let row = runtime.block_on(floor.session()).row;
    let presented = Presented { attempt: Some(AttemptHash([1; 16])), ..Presented::default() };
    let moment = Moment { now: row.made_at, settled: true };
    let policy = JudgePolicy::default();

    c.bench_function("judge, row 5", |b| b.iter(|| judge(black_box(&row), black_box(&presented), moment, &policy)));
}

fn verifying(c: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    // Fewer remembered than there are: in turn, each has been forgotten when it comes again.
    let floor = runtime.block_on(Floor::start(64));
    let tokens = runtime.block_on(floor.access_tokens(8_192));
    let mut turn = tokens.iter().cycle();
    c.bench_function("verify, cold", |b| b.iter(|| floor.sessions.verify(turn.next().unwrap()).unwrap()));

    let floor = runtime.block_on(Floor::start(8_192));
    let token = runtime.block_on(floor.access_tokens(1)).remove(0);
    c.bench_function("verify, remembered", |b| b.iter(|| floor.sessions.verify(black_box(&token)).unwrap()));

    let identity = floor.sessions.verify(&token).unwrap();
    let (live, now) = (crowded(100_000, &floor.env), floor.sessions.now());
    c.bench_function("live set of 100,000, check", |b| b.iter(|| live.check(black_box(&identity.names()), now)));
}

fn crowded(count: usize, env: &Env) -> LiveSet {
    let live = LiveSet::new();
    let (at, until) = (env.now(), env.now() + countersign_kernel::Lifetime::from_hours(1));
    for _ in 0..count {
        let target = Target::Session(SessionId::new(env));
        live.add(&NewRevocation { target, effect: Effect::Ended, at, until, reason: String::new() });
    }
    live
}

fn rotating(c: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let floor = Arc::new(runtime.block_on(Floor::start(64)));
    let mut token = runtime.block_on(first_token(&floor));
    c.bench_function("rotate on SQLite, one after another", |b| {
        b.iter(|| token = runtime.block_on(rotate(&floor, &token)));
    });

    let mut tokens: Vec<String> = (0..64).map(|_| runtime.block_on(first_token(&floor))).collect();
    c.bench_function("rotate on SQLite, 64 sessions at once", |b| {
        b.iter(|| tokens = runtime.block_on(rotate_all(&floor, std::mem::take(&mut tokens))));
    });
}

async fn first_token(floor: &Floor) -> String {
    let session = floor.session().await;
    floor.sessions.issue(&session, &floor.user, None).await.unwrap().refresh.unwrap().expose().to_owned()
}

async fn rotate(floor: &Floor, token: &str) -> String {
    let answer = floor.sessions.rotate(token, Delivery::Cookie, AttemptIds::default(), &floor.origin()).await.unwrap();
    match answer.verdict {
        RotateVerdict::Full(issued) => issued.refresh.unwrap().expose().to_owned(),
        other => panic!("{other:?}"),
    }
}

async fn rotate_all(floor: &Arc<Floor>, tokens: Vec<String>) -> Vec<String> {
    let mut tasks = JoinSet::new();
    for token in tokens {
        let floor = Arc::clone(floor);
        tasks.spawn(async move { rotate(&floor, &token).await });
    }
    tasks.join_all().await
}

criterion_group!(benches, judging, verifying, rotating);
criterion_main!(benches);
