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
        let hold_long = |_| {
            let holding = hold(&runtime, &watch);
            while !watch.0.is_held.load(Ordering::SeqCst) {
                sleep(Duration::from_millis(1));
            }
            holding
        };
        let holding: Vec<_> = (0..workers + 2).map(hold_long).collect();

        timer(&runtime).recv_timeout(LONG).unwrap();
        drop(holding);
    }
}

#[test]
fn the_watcher_sleeps_while_nothing_runs_and_ends_with_the_last_who_is_watched() {
    let runtime = runtime(2);
    let watch = started(&runtime);
    for round in 1..=3 {
        watch.run(|| ());
        while watch.0.is_awake.load(Ordering::SeqCst) {
            sleep(Duration::from_millis(1));
        }
        assert_eq!(watch.0.ended.load(Ordering::SeqCst), round);
    }
    let watched = Arc::downgrade(&watch.0);
    drop(watch);

    assert!(watched.upgrade().is_none(), "the watcher keeps nothing alive");
}

#[test]
fn in_a_runtime_of_one_thread_everything_runs_where_it_is() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let watch = started(&runtime);

    let answer = runtime.block_on(async { watch.run(|| watch.run(|| watch.run(|| 7))) });

    assert_eq!(answer, 7);
}
