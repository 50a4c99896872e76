//! What a refresh and an ordinary act cost on SQLite, with real durability: `cargo bench -p countersign-store-sql`.
//!
//! Time per operation on this machine's disk; compare only figures of one run.
#![expect(clippy::expect_used, reason = "a benchmark that cannot run has no result")]

use std::hint::black_box;
use std::sync::Arc;

use countersign_audit::Event;
use countersign_kernel::Lifetime;
use countersign_store::{Effect, NewRevocation, Session, Target};
use countersign_store_contract::Subject;
use countersign_store_sql::testing::Temporary;
use countersign_store_sql::{Database, Options, SqlStore};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tokio::runtime::Runtime;
use tokio::sync::Mutex;

/// Sessions in the table, and tasks that refresh at once.
const SESSIONS: usize = 10_000;
const TASKS: usize = 64;

struct Bench {
    runtime: Runtime,
    subject: Subject,
    sessions: Vec<Session>,
    _folder: Temporary,
}

fn bench() -> Bench {
    let runtime = Runtime::new().expect("a runtime");
    let folder = Temporary::new().expect("a folder");
    let (env, clock) = Subject::environment();
    let database = Database::Sqlite { path: folder.path() };
    let (subject, sessions) = runtime.block_on(async {
        let store = SqlStore::open(database, env.clone(), Options::default()).await.expect("a store");
        let subject = Subject { store, env, clock };
        let ada = subject.user_with_roles("ada", &["admin"]).await.expect("a person");
        let mut tx = subject.begin().await.expect("a transaction");
        let mut sessions = Vec::with_capacity(SESSIONS);
        for _ in 0..SESSIONS {
            let session = subject.new_session(ada);
            tx.insert_session(&session).await.expect("a session");
            sessions.push(session);
        }
        tx.commit().await.expect("a commit");
        (subject, sessions)
    });
    Bench { runtime, subject, sessions, _folder: folder }
}

fn hot_read(criterion: &mut Criterion) {
    let bench = bench();
    let ids: Vec<_> = bench.sessions.iter().map(|session| session.id).collect();
    let mut next = ids.iter().cycle();
    criterion.bench_function("hot read, one task", |bencher| {
        bencher.iter(|| {
            let id = *next.next().expect("a cycle");
            black_box(bench.runtime.block_on(bench.subject.store.find_session_and_user(id)).expect("a read"))
        });
    });
    criterion.bench_function("heads", |bencher| {
        bencher.iter(|| black_box(bench.runtime.block_on(bench.subject.store.heads()).expect("a read")));
    });
}

/// Each task rotates a session of its own: read, write, read the person.
async fn rotate(subject: Subject, session: Arc<Mutex<Session>>) {
    let mut session = session.lock().await;
    let (current, _) =
        subject.store.find_session_and_user(session.id).await.expect("a read").expect("the session is there");
    let write = subject.rotation(&current);
    let written = subject.store.write_refresh_and_find_user(&write).await.expect("a write");
    assert!(written.is_some(), "nobody else writes this session");
    session.row = write.row;
}

fn hot_write(criterion: &mut Criterion) {
    let bench = bench();
    let sessions: Vec<_> = bench.sessions.iter().take(TASKS).cloned().map(|s| Arc::new(Mutex::new(s))).collect();
    let mut group = criterion.benchmark_group("hot read and write");
    for tasks in [1, TASKS] {
        group.throughput(Throughput::Elements(u64::try_from(tasks).unwrap_or(1)));
        group.bench_function(format!("{tasks} tasks"), |bencher| {
            bencher.iter(|| {
                bench.runtime.block_on(async {
                    let rotations: Vec<_> = sessions
                        .iter()
                        .take(tasks)
                        .map(|session| tokio::spawn(rotate(bench.subject.clone(), Arc::clone(session))))
                        .collect();
                    for rotation in rotations {
                        rotation.await.expect("a rotation");
                    }
                });
            });
        });
    }
    group.finish();
}

/// A sign-out: end the session, put down a revocation and an audit record, commit to the disk.
fn ordinary_transaction(criterion: &mut Criterion) {
    let bench = bench();
    let subject = &bench.subject;
    let user = bench.sessions.first().map(|session| session.user).expect("a person");
    criterion.bench_function("ordinary transaction", |bencher| {
        bencher.iter(|| {
            bench.runtime.block_on(async {
                let mut tx = subject.begin().await.expect("a transaction");
                let ver = tx.raise_user_ver(user).await.expect("a write").expect("a person");
                tx.audit(subject.record(Event::SignedOutEverywhere).of(user));
                tx.revoke(NewRevocation {
                    target: Target::Person { user, below: ver, except: None },
                    effect: Effect::Ended,
                    at: subject.now(),
                    until: subject.now() + Lifetime::from_minutes(20),
                    reason: "signed_out".to_owned(),
                });
                tx.commit().await.expect("a commit");
            });
        });
    });
    criterion.bench_function("snapshot and one read", |bencher| {
        bencher.iter(|| {
            bench.runtime.block_on(async {
                let mut tx = subject.store.snapshot().await.expect("a snapshot");
                black_box(tx.find_user(user).await.expect("a read"))
            })
        });
    });
}

criterion_group!(benches, hot_read, hot_write, ordinary_transaction);
criterion_main!(benches);
