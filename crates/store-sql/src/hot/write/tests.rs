use countersign_kernel::{Lifetime, SessionId, Timestamp};
use countersign_store::RefreshRow;

use super::*;
use crate::flush::NoDisk;
use crate::open::Durability;
use crate::watch::Watch;

/// An empty database, what is shared in a process that waits for no other, and such another one.
fn opened() -> (tempfile::TempDir, Shared, Connection) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("countersign.db");
    let other = Connection::open(&path).unwrap();
    other.pragma_update(None, "journal_mode", "WAL").unwrap();
    other.execute_batch(include_str!("../../../migrations/0001_core.sql")).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let _within = runtime.enter();
    let gate = Gate::open(&path, Durability::Real, Watch::start().unwrap()).unwrap();
    let flusher = Arc::new(Flusher::start(NoDisk, Box::new(|_| {})).unwrap());
    let (groups, queued) = (Arc::new(Histogram::of_sizes()), Arc::default());
    (folder, Shared { gate, flusher, groups, queued, patience: Duration::ZERO }, other)
}

fn columns() -> WriteColumns {
    let (now, day) = (Timestamp::from_seconds(1_800_000_000), Lifetime::from_days(1));
    let opened = RefreshRow::opened(now, 7, now + day, now + day);
    let (judged, row) = (opened.state(), RefreshRow { version: 2, ..opened });
    let id = SessionId::from_bytes([7; 16]);
    let write = RefreshWrite { id, judged, row, last_seen_at: now, address: None };
    WriteColumns::try_from(&write).unwrap()
}

fn send(jobs: &mpsc::Sender<Job>, count: usize) -> Vec<oneshot::Receiver<Result<Option<User>, Error>>> {
    let sent = (0..count).map(|_| {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(WriteJob { columns: columns(), reply, _queued: Queued::count(&Arc::default()) });
        jobs.try_send(Job::Write(job)).map_err(|_| "full").unwrap();
        answer
    });
    sent.collect()
}

#[test]
fn who_waits_behind_a_commit_that_found_no_database_is_refused_with_it_and_the_next_is_served() {
    let (_folder, shared, other) = opened();
    let (jobs, mut waiting) = mpsc::channel(QUEUE);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = send(&jobs, 2 * BATCH + 3);

    // One round is one commit, and one wait for the lock.
    round(&shared, &mut waiting).unwrap();

    for mut answer in refused {
        assert!(matches!(answer.try_recv(), Ok(Err(Error::Unavailable(_)))), "{answer:?}");
    }
    other.execute_batch("ROLLBACK").unwrap();
    let served = send(&jobs, BATCH + 1);
    round(&shared, &mut waiting).unwrap();
    round(&shared, &mut waiting).unwrap();
    for mut answer in served {
        assert!(matches!(answer.try_recv(), Ok(Ok(None))), "there is no such session, and that was said: {answer:?}");
    }
}

#[test]
fn it_is_written_in_place_unless_somebody_has_the_turn_or_the_lock() {
    let (_folder, shared, other) = opened();
    let columns = columns();

    // There is no such session, and that is the answer.
    assert!(matches!(shared.write_in_place(&columns), Some(Ok(None))));
    let turn = shared.gate.try_lock();
    assert!(shared.write_in_place(&columns).is_none(), "somebody has the turn");
    drop(turn);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(shared.write_in_place(&columns).is_none(), "another process has the lock");
    other.execute_batch("ROLLBACK").unwrap();
    let queued = Queued::count(&shared.queued);
    assert!(shared.write_in_place(&columns).is_none(), "others wait already");
    drop(queued);
    assert!(matches!(shared.write_in_place(&columns), Some(Ok(None))));
}

#[test]
fn the_wish_to_end_is_heard_among_those_who_are_refused() {
    let (jobs, mut waiting) = mpsc::channel(QUEUE);
    let before = send(&jobs, 2);
    jobs.try_send(Job::Stop).map_err(|_| "full").unwrap();

    assert!(refuse_waiting(&mut waiting));

    assert!(before.into_iter().all(|mut answer| matches!(answer.try_recv(), Ok(Err(Error::Unavailable(_))))));
    assert!(!refuse_waiting(&mut waiting), "nobody is left");
}
