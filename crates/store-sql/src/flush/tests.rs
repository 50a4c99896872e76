use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use countersign_kernel::Timestamp;
use countersign_store::{Effect, NewRevocation, Revocation, Target};

use super::*;

/// A disk that counts what it is asked, and fails as long as it is told to.
#[derive(Clone, Default)]
struct Counting {
    asked: Arc<AtomicUsize>,
    is_broken: Arc<AtomicBool>,
}

impl Disk for Counting {
    fn flush(&mut self) -> Result<(), Error> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.is_broken.load(Ordering::SeqCst) { Err(unavailable("broken")) } else { Ok(()) }
    }
}

fn numbered(seq: u64) -> Committed {
    let now = Timestamp::from_seconds(1_800_000_000);
    let target = Target::Session(countersign_kernel::SessionId::from_bytes([7; 16]));
    let record = NewRevocation { target, effect: Effect::Ended, at: now, until: now, reason: "signed_out".to_owned() };
    Committed { revocations: vec![Revocation { seq, hash: 0, record }], records: Vec::new() }
}

/// What a teller was told, each with the number of flushes before it.
type Told = Arc<Mutex<Vec<(u64, usize)>>>;

fn teller(disk: &Counting) -> (Tell, Told) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let (kept, asked) = (Arc::clone(&told), Arc::clone(&disk.asked));
    let tell = move |committed: &Committed| {
        let numbers = committed.revocations.iter().map(|one| (one.seq, asked.load(Ordering::SeqCst)));
        kept.lock().unwrap().extend(numbers);
    };
    (Box::new(tell), told)
}

fn send(work: &Sender<Work>, committed: Committed) -> oneshot::Receiver<Result<(), Error>> {
    let (reply, answer) = oneshot::channel();
    work.send(Work::Flush(Commit { committed, reply })).unwrap();
    answer
}

#[test]
fn all_that_wait_share_one_flush_and_are_told_of_in_order_after_it() {
    let mut disk = Counting::default();
    let (tell, told) = teller(&disk);
    let (work, waiting) = channel();
    let answers: Vec<_> = [3, 1, 2].map(|seq| send(&work, numbered(seq))).into();
    let quiet = send(&work, Committed::default());

    turn(&mut disk, &waiting, &tell).unwrap();

    for mut answer in answers.into_iter().chain([quiet]) {
        assert!(matches!(answer.try_recv(), Ok(Ok(()))));
    }
    assert_eq!(disk.asked.load(Ordering::SeqCst), 1);
    assert_eq!(*told.lock().unwrap(), [(3, 1), (1, 1), (2, 1)], "in the order in which they came, after the flush");
}

#[test]
fn who_waits_for_a_flush_that_fails_is_told_so_and_what_was_committed_is_still_told_of() {
    let mut disk = Counting::default();
    let (tell, told) = teller(&disk);
    let (work, waiting) = channel();
    disk.is_broken.store(true, Ordering::SeqCst);
    let failed: Vec<_> = [1, 2].map(|seq| send(&work, numbered(seq))).into();

    turn(&mut disk, &waiting, &tell).unwrap();

    for mut answer in failed {
        assert!(matches!(answer.try_recv(), Ok(Err(Error::Unavailable(_)))));
    }
    assert_eq!(told.lock().unwrap().len(), 2, "whoever reads sees it");
    disk.is_broken.store(false, Ordering::SeqCst);
    let mut next = send(&work, numbered(3));
    turn(&mut disk, &waiting, &tell).unwrap();
    assert!(matches!(next.try_recv(), Ok(Ok(()))));
}

#[test]
fn the_wish_to_end_is_heard_after_what_came_before_it() {
    let mut disk = Counting::default();
    let (tell, _) = teller(&disk);
    let (work, waiting) = channel();
    let mut before = send(&work, numbered(1));
    work.send(Work::Stop).unwrap();

    assert!(turn(&mut disk, &waiting, &tell).is_none());

    assert!(matches!(before.try_recv(), Ok(Ok(()))));
}

#[tokio::test]
async fn a_flusher_that_has_ended_says_so_and_answers_nobody_well() {
    let disk = Counting::default();
    let (tell, _) = teller(&disk);
    let flusher = Flusher::start(disk.clone(), tell).unwrap();
    flusher.take(numbered(1)).await.unwrap().unwrap();

    flusher.close().await;

    assert!(flusher.take(numbered(2)).await.is_err());
    assert_eq!(disk.asked.load(Ordering::SeqCst), 1);
}

/// A database with a log that has something in it.
fn written() -> (tempfile::TempDir, PathBuf, Connection) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("countersign.db");
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (7);")
        .unwrap();
    (folder, path, connection)
}

#[test]
fn a_log_that_could_not_be_flushed_is_brought_home_before_anybody_is_answered_well() {
    let (_folder, path, writer) = written();
    let (real, away) = (PathBuf::from(format!("{}-wal", path.display())), path.with_extension("away"));
    let mut log = Log { patience: Duration::ZERO, ..Log::of(&path).unwrap() };
    log.flush().unwrap();
    assert!(real.metadata().unwrap().len() > 0);

    // What the kernel says of a disk that takes nothing, a log that cannot be opened says as well.
    std::fs::rename(&real, &away).unwrap();
    assert!(log.flush().is_err());
    std::fs::rename(&away, &real).unwrap();
    let reader = Connection::open(&path).unwrap();
    reader.execute_batch("BEGIN; SELECT n FROM t;").unwrap();
    writer.execute_batch("INSERT INTO t VALUES (8);").unwrap();

    log.flush().unwrap_err();
    assert!(log.is_suspect, "a reader of an older moment keeps the log from coming home");
    reader.execute_batch("COMMIT").unwrap();
    log.flush().unwrap();

    assert_eq!(real.metadata().unwrap().len(), 0, "all of it is in the database");
    assert!(!log.is_suspect);
    writer.execute_batch("INSERT INTO t VALUES (9);").unwrap();
    log.flush().unwrap();
    assert!(real.metadata().unwrap().len() > 0, "the log is flushed again, not brought home each time");
}

#[test]
fn the_log_is_beside_the_file_itself_not_beside_a_link_to_it() {
    let (folder, path, _writer) = written();
    let elsewhere = folder.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    let link = elsewhere.join("link.db");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let linked = Connection::open(&link).unwrap();
    linked.execute_batch("INSERT INTO t VALUES (8);").unwrap();

    Log::of(&link).unwrap().flush().unwrap();

    assert_eq!(std::fs::read_dir(&elsewhere).unwrap().count(), 1, "the link alone");
}
