//! The queue, step by step: the clock stops each hashing thread when it takes a job up, until the test lets it go on.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use countersign_kernel::{Clock, Env, Lifetime, SystemEntropy, Timestamp};
use countersign_password::{HashError, Hasher, HasherConfig, Params, Password};
use tokio::task::JoinHandle;

/// A clock that moves when it is told to. Hashing threads wait at it while the gate is shut.
#[derive(Default)]
struct Gate {
    is_shut: Mutex<bool>,
    opened: Condvar,
    seconds: AtomicI64,
}

impl Gate {
    fn shut(&self) {
        *self.is_shut.lock().unwrap() = true;
    }

    fn open(&self) {
        *self.is_shut.lock().unwrap() = false;
        self.opened.notify_all();
    }
}

impl Clock for Gate {
    fn now(&self) -> Timestamp {
        if thread::current().name().is_some_and(|name| name.starts_with("hash-")) {
            drop(self.opened.wait_while(self.is_shut.lock().unwrap(), |is_shut| *is_shut).unwrap());
        }
        Timestamp::from_seconds(1_800_000_000 + self.seconds.load(Ordering::SeqCst))
    }
}

/// One thread, and room for two that wait: 50 µs is the first estimate of the cheapest hash, and the clock teaches nothing.
fn gated() -> (Arc<Gate>, Arc<Hasher>) {
    gated_within(Lifetime::from_micros(100))
}

fn gated_within(queue_deadline: Lifetime) -> (Arc<Gate>, Arc<Hasher>) {
    let gate = Arc::new(Gate::default());
    let env = Env::new(Arc::clone(&gate) as Arc<dyn Clock>, Arc::new(SystemEntropy));
    let config = HasherConfig { params: Params::CHEAPEST, workers: 1, memory_budget_kib: 1_024, queue_deadline };
    (gate, Arc::new(Hasher::new(&config, env).unwrap()))
}

fn call(hasher: &Arc<Hasher>) -> JoinHandle<Result<(), HashError>> {
    let hasher = Arc::clone(hasher);
    tokio::spawn(async move { hasher.verify_nobody(&Password::received("kuzm tevx").unwrap()).await })
}

/// Lets the calls get as far as they can.
async fn until(holds: impl Fn() -> bool) {
    while !holds() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn those_who_went_away_make_room_and_nobody_else_does() {
    let (gate, hasher) = gated();
    gate.shut();
    let running = call(&hasher);
    until(|| hasher.work().running == 1).await;
    let (waiting, gone) = (call(&hasher), call(&hasher));
    until(|| hasher.work().waiting == 2).await;
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());

    let late = call(&hasher);
    until(|| hasher.work().abandoned == 1).await;
    let refused = call(&hasher).await.unwrap();

    assert!(matches!(refused, Err(HashError::Busy(_))), "one runs and two wait: {refused:?}");
    gate.open();
    for served in [running, waiting, late] {
        served.await.unwrap().unwrap();
    }
    let work = hasher.work();
    assert_eq!((work.done, work.refused, work.abandoned, work.waiting, work.running), (3, 1, 1, 0, 0));
}

#[tokio::test]
async fn whoever_waited_for_far_longer_than_the_deadline_is_refused_without_a_hash() {
    let (gate, hasher) = gated();
    gate.shut();
    let late = call(&hasher);
    until(|| hasher.work().running == 1).await;

    gate.seconds.store(2, Ordering::SeqCst);
    gate.open();
    let busy = late.await.unwrap();

    assert!(matches!(busy, Err(HashError::Busy(_))), "{busy:?}");
    let work = hasher.work();
    assert_eq!((work.done, work.refused, work.running), (0, 1, 0));
    call(&hasher).await.unwrap().unwrap();
}

#[tokio::test]
async fn whoever_was_admitted_is_served_though_it_took_longer_than_estimated() {
    let (gate, hasher) = gated_within(Lifetime::from_millis(1_500));
    gate.shut();
    let running = call(&hasher);
    until(|| hasher.work().running == 1).await;

    gate.seconds.store(2, Ordering::SeqCst);
    gate.open();

    running.await.unwrap().unwrap();
    assert_eq!((hasher.work().done, hasher.work().refused), (1, 0));
}

#[tokio::test]
async fn a_hasher_that_is_dropped_leaves_no_thread_behind() {
    let (gate, hasher) = gated();
    call(&hasher).await.unwrap().unwrap();
    let clock = Arc::downgrade(&gate);

    drop((gate, hasher));

    // The threads hold the clock until they end.
    until(|| clock.strong_count() == 0).await;
}
