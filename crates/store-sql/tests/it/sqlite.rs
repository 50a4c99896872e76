//! What is particular to SQLite: the file, other processes, the writer thread.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::task::{Context, Waker};

use countersign_audit::Event;
use countersign_kernel::{Env, SessionId, UserId};
use countersign_store::{Answered, AttemptHash, Effect, Error, Hot, NewRevocation, Spent, Store, Target};
use countersign_store_contract::Subject;
use countersign_store_sql::testing::Temporary;
use countersign_store_sql::{Database, OpenError, Options, SqlStore};
use rusqlite::Connection;

async fn open(guard: &Temporary, env: &Env) -> Result<Arc<SqlStore>, OpenError> {
    SqlStore::open(Database::Sqlite { path: guard.path() }, env.clone(), Options::default()).await
}

async fn subject() -> (Subject, Temporary) {
    let (env, clock) = Subject::environment();
    let (store, guard) = SqlStore::temporary(env.clone()).await.unwrap();
    (Subject { store, env, clock }, guard)
}

/// A second process, as far as SQLite can tell.
fn stranger(path: &Path) -> Connection {
    Connection::open(path).unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn nobody_else_can_read_the_files() {
    let (subject, guard) = subject().await;
    subject.user("ada").await.unwrap();

    for suffix in ["", "-wal", "-shm"] {
        let path = guard.path().with_file_name(format!("countersign.db{suffix}"));
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[tokio::test]
async fn a_file_in_a_missing_folder_is_named() {
    let path = Path::new("/nowhere/countersign.db").to_owned();

    let error = SqlStore::open(Database::Sqlite { path }, Env::system(), Options::default()).await.err().unwrap();
    assert_eq!(error.to_string(), "could not create the database file /nowhere/countersign.db");
}

#[tokio::test]
async fn what_was_committed_is_there_after_a_restart() {
    let guard = Temporary::new().unwrap();
    let (env, clock) = Subject::environment();
    let store = open(&guard, &env).await.unwrap();
    let subject = Subject { store: store.clone(), env: env.clone(), clock };
    let ada = subject.user("ada").await.unwrap();
    let session = subject.session(ada).await.unwrap();
    let write = subject.rotation(&session);
    assert!(store.write_refresh_and_find_user(&write).await.unwrap().is_some());
    store.close().await;
    assert!(!guard.path().with_file_name("countersign.db-wal").exists(), "the log is tidied away");

    let store = open(&guard, &env).await.unwrap();
    let (session, user) = store.find_session_and_user(session.id).await.unwrap().unwrap();
    assert_eq!((session.row, user.id), (write.row, ada));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_first_starts_make_one_database() {
    let guard = Arc::new(Temporary::new().unwrap());
    let starts: Vec<_> = (0..8)
        .map(|_| {
            let guard = Arc::clone(&guard);
            tokio::spawn(async move { open(&guard, &Env::system()).await.map(drop) })
        })
        .collect();

    for start in starts {
        start.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_and_left_alone() {
    let (subject, guard) = subject().await;
    subject.store.close().await;
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES (9999, 'from the future', TRUE, x'00', 0)";
    stranger(&guard.path()).execute(newer, []).unwrap();
    let before = fs::read(guard.path()).unwrap();

    let error = open(&guard, &subject.env).await.err().unwrap();
    assert!(matches!(error, OpenError::Newer { found: 9999, .. }), "{error:?}");
    assert!(error.to_string().starts_with("the database was written by a newer version of this program"));
    assert_eq!(fs::read(guard.path()).unwrap(), before);
}

#[tokio::test]
async fn a_database_with_other_migrations_is_refused() {
    let (subject, guard) = subject().await;
    subject.store.close().await;
    stranger(&guard.path()).execute("UPDATE _sqlx_migrations SET checksum = x'00' WHERE version = 1", []).unwrap();

    let error = open(&guard, &subject.env).await.err().unwrap();
    assert!(matches!(error, OpenError::Foreign(1)), "{error:?}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let guard = Temporary::new().unwrap();
    fs::write(guard.path(), "not a database, but long enough to have a header of its own ".repeat(20)).unwrap();

    assert!(matches!(open(&guard, &Env::system()).await, Err(OpenError::Store(Error::Refused(_)))));
}

/// Each impossible value, and where it is said to be.
#[tokio::test]
async fn an_impossible_row_is_named() {
    let (subject, guard) = subject().await;
    let ada = subject.user("ada").await.unwrap();
    let session = subject.session(ada).await.unwrap();
    let stranger = stranger(&guard.path());
    for (column, wrong, right) in [
        ("answered", "x'0109'", "x'0100'"),
        ("recent", "x''", "x'0100'"),
        ("bound_key", "x'00'", "NULL"),
        ("generation", "-1", "0"),
        ("period", "4294967296", "7"),
        ("version", "-1", "0"),
    ] {
        stranger.execute_batch(&format!("UPDATE sessions SET {column} = {wrong}")).unwrap();
        for error in [
            subject.find_session(session.id).await.unwrap_err(),
            subject.store.find_session_and_user(session.id).await.unwrap_err(),
        ] {
            assert_eq!(error.to_string(), format!("impossible row in sessions.{column} of {}", session.id));
        }
        stranger.execute_batch(&format!("UPDATE sessions SET {column} = {right}")).unwrap();
    }
    stranger.execute_batch("UPDATE users SET ver = -1").unwrap();
    let error = subject.store.find_user_now(ada).await.unwrap_err();
    assert_eq!(error.to_string(), format!("impossible row in users.ver of {ada}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_waits_for_another_process() {
    let (subject, guard) = subject().await;
    let ada = subject.user("ada").await.unwrap();
    let session = subject.session(ada).await.unwrap();
    let stranger = stranger(&guard.path());
    stranger.execute_batch("BEGIN IMMEDIATE; UPDATE users SET name = 'by the command line'").unwrap();

    let ordinary = tokio::spawn({
        let subject = subject.clone();
        async move {
            let mut tx = subject.begin().await?;
            tx.raise_user_ver(ada).await?;
            tx.commit().await
        }
    });
    let hot = tokio::spawn({
        let (subject, write) = (subject.clone(), subject.rotation(&session));
        async move { subject.store.write_refresh_and_find_user(&write).await }
    });
    assert_eq!(subject.find_user(ada).await.unwrap().unwrap().ver, 1, "reads do not wait");
    stranger.execute_batch("COMMIT").unwrap();

    ordinary.await.unwrap().unwrap();
    assert!(hot.await.unwrap().unwrap().is_some());
    let user = subject.store.find_user_now(ada).await.unwrap().unwrap();
    assert_eq!((user.name.as_str(), user.ver), ("by the command line", 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_number_revocations_together() {
    let (subject, guard) = subject().await;
    let other = Subject { store: open(&guard, &subject.env).await.unwrap(), ..subject.clone() };

    let numbers = subject
        .race(40, |subject, number| {
            let store = if number % 2 == 0 { Arc::clone(&subject.store) } else { Arc::clone(&other.store) };
            async move {
                let mut tx = store.begin().await?;
                tx.revoke(NewRevocation {
                    target: Target::Session(SessionId::new(&subject.env)),
                    effect: Effect::Ended,
                    at: subject.now(),
                    until: subject.now(),
                    reason: "test".to_owned(),
                });
                tx.commit().await
            }
        })
        .await
        .unwrap();

    assert_eq!(numbers.len(), 40);
    assert_eq!(subject.store.heads().await.unwrap(), other.store.heads().await.unwrap());
    assert_eq!(other.store.heads().await.unwrap().0.seq, 40);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_whose_caller_went_away_is_not_begun() {
    let (subject, _guard) = subject().await;
    let session = subject.session(subject.user("ada").await.unwrap()).await.unwrap();
    let write = subject.rotation(&session);
    let turn = subject.begin().await.unwrap();
    let mut abandoned = subject.store.write_refresh_and_find_user(&write);
    assert!(abandoned.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(abandoned);
    drop(turn);

    assert!(subject.store.write_refresh_and_find_user(&write).await.unwrap().is_some(), "the version is still free");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_begin_whose_caller_went_away_holds_up_nobody() {
    let (subject, _guard) = subject().await;
    let turn = subject.begin().await.unwrap();
    for _ in 0..5 {
        let mut abandoned = subject.store.begin();
        assert!(abandoned.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    drop(turn);

    subject.user("ada").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_that_fails_undoes_nobody_elses() {
    let (subject, guard) = subject().await;
    let mut sessions = Vec::new();
    for name in ["ada", "bob", "eve"] {
        let user = subject.user(name).await.unwrap();
        sessions.push(subject.session(user).await.unwrap());
    }
    stranger(&guard.path()).execute_batch("UPDATE users SET device_epoch = -1 WHERE name = 'bob'").unwrap();

    // All three wait at the gate and are then one commit.
    let turn = subject.begin().await.unwrap();
    let writes: Vec<_> = sessions.iter().map(|session| subject.rotation(session)).collect();
    let mut answers: Vec<_> = writes.iter().map(|write| subject.store.write_refresh_and_find_user(write)).collect();
    for answer in &mut answers {
        assert!(answer.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    drop(turn);

    let mut written = Vec::new();
    for answer in answers {
        written.push(answer.await.map(|user| user.is_some()).map_err(|error| error.to_string()));
    }
    let bob = sessions[1].user;
    assert_eq!(written, [Ok(true), Err(format!("impossible row in users.device_epoch of {bob}")), Ok(true)]);
    let generation = subject.find_session(sessions[1].id).await.unwrap().unwrap().row.generation;
    assert_eq!(generation, 0, "an error means that nothing happened");
}

#[tokio::test]
async fn a_deleted_person_is_not_in_the_file_any_more() {
    let (subject, guard) = subject().await;
    for number in 0..50 {
        subject.user(&format!("somebody-else-{number}")).await.unwrap();
    }
    let ada = subject.user("unmistakable-ada").await.unwrap();
    let mut tx = subject.begin().await.unwrap();
    assert!(tx.delete_user(ada).await.unwrap());
    tx.commit().await.unwrap();
    subject.store.close().await;

    let file = fs::read(guard.path()).unwrap();
    let needle = b"unmistakable-ada";
    assert!(!file.windows(needle.len()).any(|window| window == needle));
}

/// PERFORMANCE.md: at most 600 bytes a session. Two spent generations with an id each are more than most have.
#[tokio::test]
async fn a_session_costs_at_most_600_bytes() {
    let (subject, guard) = subject().await;
    let ada = subject.user("ada").await.unwrap();
    let size = || {
        let stranger = stranger(&guard.path());
        let pages: u32 = stranger.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        pages * 4096
    };
    let before = size();
    let answered = vec![Answered { id: AttemptHash([7; 16]), mints: 1 }];
    let spent = |last| Spent {
        first: last,
        last,
        spent_at: subject.now(),
        passed_at: Some(subject.now()),
        answered: answered.clone(),
    };
    let mut tx = subject.begin().await.unwrap();
    for _ in 0..2_000 {
        let mut session = subject.new_session(ada);
        session.user_agent =
            Some("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0".to_owned());
        session.row.generation = 90;
        session.row.delivered = Some(89);
        session.row.answered = answered.clone();
        session.row.recent = vec![spent(88), spent(89)];
        session.row.uses_ids = true;
        tx.insert_session(&session).await.unwrap();
    }
    tx.commit().await.unwrap();

    let each = (size() - before) / 2_000;
    assert!((300..=600).contains(&each), "{each} bytes");
}

#[tokio::test]
async fn an_audit_record_of_nobody_we_know_is_kept() {
    let (subject, _guard) = subject().await;
    let mut tx = subject.begin().await.unwrap();
    tx.audit(subject.record(Event::SignInFailed).of(UserId::new(&subject.env)));
    tx.commit().await.unwrap();

    assert_eq!(subject.store.snapshot().await.unwrap().list_unsealed_audit_records(9).await.unwrap().len(), 1);
}
