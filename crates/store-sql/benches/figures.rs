//! What a session costs in the file, and what a rotation costs on PostgreSQL against the barest statement that could do it.
//! `cargo bench -p countersign-store-sql --bench figures`; prints `value|at most|what` lines for `cargo xtask bench`.
//!
//! PostgreSQL is measured where `COUNTERSIGN_TEST_POSTGRES` names a server on this machine: CPU of this process and of the
//! server's together. The bare statement works on rows of the same width, over as many connections with the same settings.
#![expect(clippy::expect_used, clippy::print_stdout, clippy::disallowed_methods, reason = "a benchmark")]

mod support;

use std::sync::Arc;

use countersign_kernel::{Lifetime, Secret};
use countersign_store::{Answered, AttemptHash, RefreshRow, RefreshWrite, Session, Spent};
use countersign_store_contract::Subject;
use countersign_store_sql::testing::Temporary;
use countersign_store_sql::{Database, Options, SqlStore};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use uuid::Uuid;

use support::{CpuClock, cpu_of_this_process};

const USER_AGENT: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";
const SESSIONS: usize = 20_000;
const TASKS: usize = 64;
const ROTATIONS: usize = 150;
const ROUNDS: usize = 3;

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    let bytes = runtime.block_on(session_in_file());
    println!("{bytes:.0}|600|session in the database (SQLite file, indexes included), bytes");
    match std::env::var("COUNTERSIGN_TEST_POSTGRES") {
        Ok(server) => runtime.block_on(rotation_on_postgres(&server)),
        Err(_) => println!("left out: PostgreSQL, for COUNTERSIGN_TEST_POSTGRES names no server"),
    }
}

/// Growth of the file for each session that has been refreshed for a while, in bytes.
async fn session_in_file() -> f64 {
    let folder = Temporary::new().expect("a folder");
    let (env, clock) = Subject::environment();
    let database = Database::Sqlite { path: folder.path() };
    let store = SqlStore::open(database, env.clone(), Options::default()).await.expect("a store");
    let subject = Subject { store, env, clock };
    let mut sessions = sessions(&subject, 0).await;
    let before = pages(&folder).await;
    sessions.extend(self::sessions(&subject, SESSIONS).await);
    for session in sessions {
        let write = refreshed(&subject, &session);
        let written = subject.store.write_refresh_and_find_user(&write).await.expect("a write");
        assert!(written.is_some(), "nobody else writes this session");
    }
    #[expect(clippy::cast_precision_loss, reason = "a small file")]
    let (grown, count) = ((pages(&folder).await - before) as f64, SESSIONS as f64);
    grown * 4_096.0 / count
}

async fn sessions(subject: &Subject, count: usize) -> Vec<Session> {
    let name = format!("ada{count}");
    let ada = subject.user_with_roles(&name, &["admin"]).await.expect("a person");
    let mut tx = subject.begin().await.expect("a transaction");
    let mut sessions = Vec::with_capacity(count);
    for _ in 0..count {
        let session = Session { user_agent: Some(USER_AGENT.to_owned()), ..subject.new_session(ada) };
        tx.insert_session(&session).await.expect("a session");
        sessions.push(session);
    }
    tx.commit().await.expect("a commit");
    sessions
}

/// As a client with attempt ids leaves it: the last spent generation, and the one before it, which a refresh finds not yet too old.
fn refreshed(subject: &Subject, session: &Session) -> RefreshWrite {
    let answered = |n| vec![Answered { id: AttemptHash([n; 16]), mints: 1 }];
    let (now, before) = (subject.now(), subject.now() - Lifetime::from_minutes(15));
    let recent = vec![
        Spent { first: 998, last: 998, spent_at: before, passed_at: Some(now), answered: answered(1) },
        Spent { first: 999, last: 999, spent_at: now, passed_at: None, answered: answered(2) },
    ];
    let written = subject.rotation(session);
    let row = RefreshRow { generation: 1_000, recent, answered: answered(3), uses_ids: true, ..written.row };
    RefreshWrite { row, ..written }
}

async fn pages(folder: &Temporary) -> i64 {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path());
    let mut connection = options.connect().await.expect("the file");
    sqlx::query_scalar("PRAGMA page_count").fetch_one(&mut connection).await.expect("a count")
}

async fn rotation_on_postgres(server: &str) {
    let mut operator = PgConnection::connect(server).await.expect("the server answers");
    sqlx::query("CREATE SCHEMA figures").execute(&mut operator).await.expect("a schema");
    let separator = if server.contains('?') { '&' } else { '?' };
    let url = format!("{server}{separator}options[search_path]=figures");
    let (env, clock) = Subject::environment();
    let database = Database::Postgres { url: Secret::new(url.clone()) };
    let store = SqlStore::open(database, env.clone(), Options::default()).await.expect("a store");
    let subject = Subject { store, env, clock };
    let mut sessions = sessions(&subject, TASKS * 16).await;
    for session in &mut sessions {
        let write = refreshed(&subject, session);
        subject.store.write_refresh_and_find_user(&write).await.expect("a write");
    }
    let bare = bare(&url).await;

    let mut least = [f64::INFINITY; 3];
    for round in 0..=ROUNDS {
        let clock = CpuClock::of_server(&mut operator).await;
        let costs = [
            cost("one bare UPDATE ... RETURNING", &clock, &sessions, |part| {
                update(bare.clone(), part.iter().map(|session| session.id.as_uuid()).collect())
            })
            .await,
            cost("rotation on PostgreSQL of a session that is read first", &clock, &sessions, |part| {
                rotate(subject.clone(), part)
            })
            .await,
            cost("rotation on PostgreSQL of a session that was written here last", &clock, &sessions, |part| {
                rotate_again(subject.clone(), part)
            })
            .await,
        ];
        // The first round opens connections, fills caches and prepares statements.
        if round > 0 {
            least.iter_mut().zip(costs).for_each(|(least, cost)| *least = least.min(cost));
        }
    }
    let [least_bare, least_read, least_rotation] = least;
    println!("read first: {:.2} times one bare UPDATE ... RETURNING", least_read / least_bare);
    println!("{:.2}|1.8|rotation on PostgreSQL: times one bare UPDATE ... RETURNING", least_rotation / least_bare);
    let _ = sqlx::query("DROP SCHEMA figures CASCADE").execute(&mut operator).await;
}

/// Runs a task for each part of the sessions, and prints what one of its turns took; own and the server's CPU together, in µs.
async fn cost<F: Future<Output = ()> + Send + 'static>(
    what: &str,
    clock: &CpuClock,
    sessions: &[Session],
    task: impl Fn(Vec<Session>) -> F,
) -> f64 {
    let (own, server) = (cpu_of_this_process(), clock.read());
    let mut tasks = JoinSet::new();
    for part in sessions.chunks(sessions.len() / TASKS) {
        tasks.spawn(task(part.to_vec()));
    }
    tasks.join_all().await;
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    let count = (TASKS * ROTATIONS) as f64;
    let (own, server) = ((cpu_of_this_process() - own) / count, (clock.read() - server) / count);
    println!("{what}: {own:.0} µs own, {server:.0} µs of the server");
    own + server
}

/// A copy of the sessions, and connections to it like those of the hot path.
async fn bare(url: &str) -> PgPool {
    let options: PgConnectOptions = url.parse().expect("an address");
    let options = options.options([("synchronous_commit", "off")]).disable_statement_logging();
    let connections = Options::default().hot_connections;
    let pool = PgPoolOptions::new().max_connections(connections).test_before_acquire(false);
    let pool = pool.connect_with(options).await.expect("a pool");
    for text in ["CREATE TABLE bare (LIKE sessions INCLUDING ALL)", "INSERT INTO bare SELECT * FROM sessions"] {
        sqlx::query(text).execute(&pool).await.expect("a table");
    }
    pool
}

async fn update(pool: PgPool, ids: Vec<Uuid>) {
    let text = "UPDATE bare SET version = version + 1 WHERE id = $1 RETURNING user_id";
    for id in ids.iter().cycle().take(ROTATIONS) {
        let _: Uuid = sqlx::query_scalar(text).bind(id).fetch_one(&pool).await.expect("a row");
    }
}

/// Write and read the person, as the refresh of a session does that this process has refreshed before.
async fn rotate_again(subject: Subject, sessions: Vec<Session>) {
    let mut remembered = Vec::new();
    for session in sessions {
        remembered.extend(subject.store.find_session_and_user(session.id).await.expect("a read"));
    }
    for turn in 0..ROTATIONS {
        let at = turn % remembered.len();
        let Some((session, _)) = remembered.get_mut(at) else { return };
        let write = subject.rotation(session);
        let written = subject.store.write_refresh_and_find_user(&write).await.expect("a write");
        assert!(written.is_some(), "nobody else writes it");
        session.row = write.row;
    }
}

/// Read, write, read the person, as any other refresh does.
async fn rotate(subject: Subject, sessions: Vec<Session>) {
    let sessions: Vec<_> = sessions.iter().map(|session| session.id).collect();
    let store = Arc::clone(&subject.store);
    for id in sessions.iter().cycle().take(ROTATIONS) {
        let (current, _) = store.find_session_and_user(*id).await.expect("a read").expect("the session is there");
        let written = store.write_refresh_and_find_user(&subject.rotation(&current)).await.expect("a write");
        assert!(written.is_some(), "nobody else writes this session");
    }
}
