use std::sync::mpsc;

use countersign_kernel::Env;
use countersign_store::Committed;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::*;
use crate::clock::DatabaseClock;
use crate::engine::change;
use crate::error::unavailable;
use crate::flush::Disk;
use crate::shared::Shared;
use crate::tx::{Mode, SqlTx};

/// A disk that says when it is asked, and takes its time until it is told what to answer.
struct Slow {
    asked: UnboundedSender<()>,
    answers: mpsc::Receiver<Result<(), Error>>,
}

impl Disk for Slow {
    fn flush(&mut self) -> Result<(), Error> {
        self.asked.send(()).unwrap();
        self.answers.recv().unwrap()
    }
}

async fn on_slow_disk() -> (tempfile::TempDir, Sqlite, UnboundedReceiver<()>, mpsc::Sender<Result<(), Error>>) {
    let folder = tempfile::tempdir().unwrap();
    let groups = Arc::new(Histogram::of_sizes());
    let path = folder.path().join("countersign.db");
    let nobody = || Box::new(|_: &Committed| {});
    let opened = Sqlite::open(&path, &Options::default(), Durability::Real, groups, nobody()).await;
    let mut sqlite = opened.unwrap();
    let ((asked, is_asked), (answer, answers)) = (unbounded_channel(), mpsc::channel());
    sqlite.flusher = Arc::new(Flusher::start(Slow { asked, answers }, nobody()).unwrap());
    (folder, sqlite, is_asked, answer)
}

async fn begin(sqlite: &Sqlite) -> SqlTx {
    let clock = DatabaseClock::new(Env::system(), crate::clock::ClockSource::default());
    let shared = Arc::new(Shared::new(clock));
    let now = shared.clock.now();
    SqlTx::new(sqlite.begin().await.unwrap(), shared, Mode::Write, now)
}

async fn write(sqlite: &Sqlite) -> Result<SqlTx, Error> {
    let mut tx = begin(sqlite).await;
    change!(tx, "UPDATE revocation_head SET seq = seq + 1").map(|_| tx)
}

#[tokio::test]
async fn a_commit_waits_for_the_disk_and_nobody_else_does() {
    let (_folder, sqlite, mut is_asked, answer) = on_slow_disk().await;
    let first = tokio::spawn(write(&sqlite).await.unwrap().finish());
    is_asked.recv().await.unwrap();

    // The disk is busy with the first; the second has its turn all the same, and sees it.
    let second = write(&sqlite).await.unwrap();
    assert!(!first.is_finished());
    assert_eq!(sqlite.hot_readers.heads().unwrap().0.seq, 1);
    let second = tokio::spawn(second.finish());
    answer.send(Ok(())).unwrap();
    first.await.unwrap().unwrap();

    is_asked.recv().await.unwrap();
    assert!(!second.is_finished());
    answer.send(Err(unavailable("broken"))).unwrap();
    assert!(matches!(second.await.unwrap(), Err(Error::Unavailable(_))));
}

#[tokio::test]
async fn a_disk_that_does_not_answer_is_not_waited_for_for_ever() {
    let (_folder, sqlite, mut is_asked, answer) = on_slow_disk().await;
    let commit = tokio::spawn(write(&sqlite).await.unwrap().finish());
    is_asked.recv().await.unwrap();

    // Time goes on by itself from here.
    tokio::time::pause();
    assert!(matches!(commit.await.unwrap(), Err(Error::Unavailable(_))));

    answer.send(Ok(())).unwrap();
}

#[tokio::test]
async fn what_wrote_nothing_needs_no_disk() {
    let (_folder, sqlite, mut is_asked, _answer) = on_slow_disk().await;

    begin(&sqlite).await.finish().await.unwrap();

    assert!(is_asked.try_recv().is_err());
}

#[tokio::test]
async fn a_log_does_not_grow_with_what_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("countersign.db");
    let groups = Arc::new(Histogram::of_sizes());
    let sqlite = Sqlite::open(&path, &Options::default(), Durability::Real, groups, Box::new(|_| {})).await.unwrap();
    for commit in 1..=10_000 {
        let turn = sqlite.gate.begin(Arc::clone(&sqlite.flusher)).await.unwrap();
        turn.change("UPDATE revocation_head SET seq = seq + 1", &[]).unwrap();
        let flushed = turn.commit(Committed::default()).unwrap().unwrap();
        // What is to be copied is asked for before the next commit.
        if commit % 500 == 0 {
            flushed.await.unwrap().unwrap();
        }
    }

    let pages = std::fs::metadata(folder.path().join("countersign.db-wal")).unwrap().len() / 4096;
    assert!(pages < 6500, "{pages}: at 4,096 writers wait until all of it is copied");
}
