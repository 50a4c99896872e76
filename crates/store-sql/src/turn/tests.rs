use std::task::{Context, Waker};

use super::*;
use crate::flush::NoDisk;

const WRITE: &str = "INSERT INTO t VALUES ($1)";

/// A database with an empty table, its gate, and somebody else's connection to it.
fn opened() -> (tempfile::TempDir, Gate, Connection) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("countersign.db");
    let other = Connection::open(&path).unwrap();
    other.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (n INTEGER)").unwrap();
    (folder, Gate::open(&path, Durability::Real, Watch::start().unwrap()).unwrap(), other)
}

async fn begin(gate: &Gate) -> Result<Turn, Error> {
    gate.begin(Arc::new(Flusher::start(NoDisk, Box::new(|_| {})).unwrap())).await
}

fn written(other: &Connection) -> i64 {
    other.query_row("SELECT COUNT(*) FROM t", [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn what_an_error_has_rolled_back_runs_nothing_more() {
    let (_folder, gate, other) = opened();
    let turn = begin(&gate).await.unwrap();
    turn.change(WRITE, &[&1]).unwrap();
    // As a full disk makes SQLite do.
    turn.change("ROLLBACK", &[]).unwrap();

    assert!(matches!(turn.change(WRITE, &[&2]), Err(Failure::Store(Error::Unavailable(_)))));
    assert!(turn.list::<(i64,)>("SELECT n FROM t", &[]).is_err());
    assert!(matches!(turn.commit(Committed::default()), Err(Error::Unavailable(_))));

    assert_eq!(written(&other), 0);
    begin(&gate).await.unwrap().change(WRITE, &[&3]).unwrap();
}

/// On one thread: whoever waited on it for the lock would wait in vain.
#[tokio::test]
async fn another_process_is_waited_for_without_keeping_the_thread() {
    let (_folder, gate, other) = opened();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut begun = Box::pin(begin(&gate));
    assert!(begun.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    other.execute_batch("ROLLBACK").unwrap();

    begun.await.unwrap().change(WRITE, &[&1]).unwrap();
}

#[tokio::test(start_paused = true)]
async fn another_process_is_not_waited_for_for_ever() {
    let (_folder, gate, other) = opened();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();

    assert!(matches!(begin(&gate).await, Err(Error::Unavailable(_))));

    other.execute_batch("ROLLBACK").unwrap();
    begin(&gate).await.unwrap();
}

#[tokio::test]
async fn what_takes_long_is_written_as_any_other() {
    let (_folder, gate, other) = opened();
    let mut turn = begin(&gate).await.unwrap();
    let values = vec![owned(&7).unwrap()];
    assert_eq!(turn.change_at_length(WRITE.to_owned(), values).await.unwrap(), 1);
    assert_eq!(turn.find::<(i64,)>("SELECT n FROM t", &[]).unwrap(), Some((7,)));
    turn.commit(Committed::default()).unwrap().unwrap().await.unwrap().unwrap();

    assert_eq!(written(&other), 1);
}

#[tokio::test]
async fn what_takes_long_and_whose_caller_went_away_is_rolled_back() {
    let (_folder, gate, other) = opened();
    let mut turn = begin(&gate).await.unwrap();
    {
        let work = turn.change_at_length(WRITE.to_owned(), vec![owned(&7).unwrap()]);
        assert!(std::pin::pin!(work).poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    assert!(matches!(turn.change(WRITE, &[&8]), Err(Failure::Store(Error::Unavailable(_)))), "it is cut off");

    // While the one that was cut off still has the turn, so to speak.
    let next = begin(&gate).await.unwrap();
    next.change(WRITE, &[&9]).unwrap();
    next.commit(Committed::default()).unwrap();
    drop(turn);

    assert_eq!(written(&other), 1);
}

#[tokio::test]
async fn a_closed_database_gives_no_turn() {
    let (_folder, gate, _other) = opened();
    gate.close().await;

    assert!(matches!(begin(&gate).await, Err(Error::Unavailable(_))));
}

#[test]
fn the_connection_is_in_use_as_long_as_somebody_has_the_turn() {
    let (_folder, gate, _other) = opened();
    let turn = gate.try_lock();
    assert_eq!(gate.reading().in_use, 1);
    drop(turn);
    assert_eq!(gate.reading().in_use, 0);
}
