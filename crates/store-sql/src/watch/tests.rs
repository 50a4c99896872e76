use std::sync::mpsc::{Receiver, Sender, channel};

use tokio::runtime::Runtime;

use super::*;

const LONG: Duration = Duration::from_secs(10);

fn runtime(workers: usize) -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build().unwrap()
}

/// Holds a thread of the runtime, the one that listens to timers, until the sender is dropped.
fn hold(runtime: &Runtime, watch: &Watch) -> Sender<()> {
    let ((holding, held), (is_held, has_begun)) = (channel::<()>(), channel());
    let watch = watch.clone();
    runtime.spawn(async move {
        tokio::time::sleep(Duration::from_millis(1)).await;
        watch.run(|| {
            is_held.send(()).unwrap();
            held.recv()
        })
    });
    has_begun.recv_timeout(LONG).unwrap();
    holding
}

/// What hears from a timer of the runtime.
fn timer(runtime: &Runtime) -> Receiver<()> {
    let (rung, rings) = channel();
    runtime.spawn(async move {
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        rung.send(())
    });
    rings
}

fn started(runtime: &Runtime) -> Watch {
    let _within = runtime.enter();
    Watch::start().unwrap()
}

#[test]
fn whoever_is_held_holds_nobody_else() {
    let runtime = runtime(2);
    let watch = started(&runtime);
    let rings = timer(&runtime);
    let holding = hold(&runtime, &watch);

    rings.recv_timeout(LONG).unwrap();
    timer(&runtime).recv_timeout(LONG).unwrap();
    drop(holding);
}

#[test]
fn with_as_many_held_as_there_are_threads_the_others_go_on() {
    for workers in [2, 3] {
        let runtime = runtime(workers);
        let watch = started(&runtime);
        // As the watcher finds out sooner or later.
        let hold_long = |_| {
            let holding = hold(&runtime, &watch);
            watch.0.is_held.store(true, Ordering::SeqCst);
            holding
        };
        let holding: Vec<_> = (0..workers + 2).map(hold_long).collect();

        timer(&runtime).recv_timeout(LONG).unwrap();
        drop(holding);
    }
}

#[test]
fn the_watcher_sleeps_as_long_as_nothing_runs() {
    let shared = Shared::new(1);
    let (running, others) = Running::begin(&shared);
    assert_eq!(others, 0);
    assert_eq!(Running::begin(&shared).1, 1);
    assert!(!shared.may_sleep());
    assert!(shared.is_awake.load(Ordering::SeqCst));

    drop(running);
    assert!(shared.may_sleep());
    assert!(!shared.is_awake.load(Ordering::SeqCst));

    let _running = Running::begin(&shared);
    assert!(shared.is_awake.load(Ordering::SeqCst), "he is woken");
}

#[test]
fn something_is_held_where_it_runs_and_nothing_has_ended() {
    let shared = Shared::new(1);
    assert!(!shared.look(0), "nothing runs");
    let running = Running::begin(&shared).0;
    assert!(shared.look(0) && shared.is_held.load(Ordering::SeqCst));

    drop(Running::begin(&shared));
    assert!(!shared.look(0), "another one has ended");
    assert!(shared.look(1), "and no other since");
    drop(running);
    assert!(!shared.look(2) && !shared.is_held.load(Ordering::SeqCst));
}

#[test]
fn the_watcher_keeps_nothing_alive() {
    let runtime = runtime(2);
    let watch = started(&runtime);
    let watched = Arc::downgrade(&watch.0);
    watch.run(|| ());
    drop(watch);

    // He holds it for moments only, and ends when it is gone.
    while watched.strong_count() > 0 {
        std::thread::yield_now();
    }
}

#[test]
fn in_a_runtime_of_one_thread_everything_runs_where_it_is() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let watch = started(&runtime);

    let answer = runtime.block_on(async { watch.run(|| watch.run(|| watch.run(|| 7))) });

    assert_eq!(answer, 7);
}
