use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use countersign_kernel::Timestamp;
use countersign_store::{Effect, NewRevocation, Revocation, Target};

use super::*;

/// A disk that counts what it is asked, and fails as long as it is told to.
#[derive(Clone, Default)]
struct Counting {
    asked: Arc<AtomicUsize>,
    copied: Arc<AtomicUsize>,
    is_broken: Arc<AtomicBool>,
}

impl Disk for Counting {
    fn flush(&mut self) -> Result<(), Error> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.is_broken.load(Ordering::SeqCst) { Err(unavailable("broken")) } else { Ok(()) }
    }

    fn copy(&mut self) {
        self.copied.fetch_add(1, Ordering::SeqCst);
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

    round(&mut disk, &waiting, &tell).unwrap();

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

    round(&mut disk, &waiting, &tell).unwrap();

    for mut answer in failed {
        assert!(matches!(answer.try_recv(), Ok(Err(Error::Unavailable(_)))));
    }
    assert_eq!(told.lock().unwrap().len(), 2, "whoever reads sees it");
    disk.is_broken.store(false, Ordering::SeqCst);
    let mut next = send(&work, numbered(3));
    round(&mut disk, &waiting, &tell).unwrap();
    assert!(matches!(next.try_recv(), Ok(Ok(()))));
}

#[test]
fn the_wish_to_end_is_heard_after_what_came_before_it() {
    let mut disk = Counting::default();
    let (tell, _) = teller(&disk);
    let (work, waiting) = channel();
    let mut before = send(&work, numbered(1));
    work.send(Work::Stop).unwrap();

    assert!(round(&mut disk, &waiting, &tell).is_none());

    assert!(matches!(before.try_recv(), Ok(Ok(()))));
}

#[tokio::test]
async fn the_log_is_copied_after_every_so_many_rows_whoever_wrote_them() {
    let disk = Counting::default();
    let (tell, _) = teller(&disk);
    let flusher = Flusher::start(disk.clone(), tell).unwrap();
    flusher.note(ROWS - 1);
    flusher.take(numbered(0), 0).await.unwrap().unwrap();
    // Whatever was asked for before this one is done with it.
    flusher.take(numbered(0), 0).await.unwrap().unwrap();
    assert_eq!(disk.copied.load(Ordering::SeqCst), 0, "one row is missing");
    flusher.take(numbered(1), 1).await.unwrap().unwrap();
    // What is copied was asked for before this one.
    flusher.take(numbered(2), 1).await.unwrap().unwrap();
    flusher.note(3 * ROWS);
    flusher.take(numbered(3), 1).await.unwrap().unwrap();
    flusher.close().await;

    assert_eq!(
        disk.copied.load(Ordering::SeqCst),
        2,
        "as soon as it is due, and of three that are due at once one is enough"
    );
}

#[test]
fn what_is_copied_was_answered_before() {
    let mut disk = Counting::default();
    let (tell, _) = teller(&disk);
    let (work, waiting) = channel();
    work.send(Work::Copy).unwrap();
    let mut answer = send(&work, numbered(1));
    work.send(Work::Copy).unwrap();
    round(&mut disk, &waiting, &tell).unwrap();

    assert!(matches!(answer.try_recv(), Ok(Ok(()))));
    assert_eq!((disk.asked.load(Ordering::SeqCst), disk.copied.load(Ordering::SeqCst)), (1, 1));
    work.send(Work::Copy).unwrap();
    round(&mut disk, &waiting, &tell).unwrap();
    assert_eq!(
        (disk.asked.load(Ordering::SeqCst), disk.copied.load(Ordering::SeqCst)),
        (1, 2),
        "nobody waits for a flush"
    );
}

#[tokio::test]
async fn a_flusher_that_has_ended_says_so_and_answers_nobody_well() {
    let disk = Counting::default();
    let (tell, _) = teller(&disk);
    let flusher = Flusher::start(disk.clone(), tell).unwrap();
    flusher.take(numbered(1), 1).await.unwrap().unwrap();

    flusher.close().await;

    assert!(flusher.take(numbered(2), 1).await.is_err());
    assert_eq!(disk.asked.load(Ordering::SeqCst), 1);
}
