//! Does the upkeep by itself.
//!
//! Each beat has a task of its own, so that a slow sweep never delays a revocation. A beat that fails is logged when it
//! begins to fail and when it works again, not each time. The tasks end when the last handle is gone.

use std::future::Future;
use std::sync::{Arc, Weak};
use std::time::Duration;

use countersign_kernel::Counter;
use countersign_store_sql::RevocationListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::engine::Engine;
use crate::error::Error;

/// How often other processes' revocations and keys are looked for. A revocation is known everywhere in under a second.
const PULSE: Duration = Duration::from_millis(200);

/// How long a hurried pulse waits for more of the same: a storm of sign-outs is read in pieces, not one by one.
const GATHER: Duration = Duration::from_millis(5);

/// How often mail is looked for that is due.
const POST: Duration = Duration::from_millis(500);

/// How long until the database is listened to again.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);

/// The running tasks.
#[derive(Debug)]
pub(crate) struct Janitor {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Janitor {
    /// Starts every beat.
    pub(crate) fn start(engine: &Arc<Engine>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let weak = || Arc::downgrade(engine);
        let (hurry, never) = (engine.sessions.hurry(), || Arc::new(Notify::new()));
        let mut tasks = vec![
            tokio::spawn(beat("pulse", PULSE, hurry, weak(), stopped.clone(), |e| async move { e.pulse().await })),
            tokio::spawn(beat("second", Duration::from_secs(1), never(), weak(), stopped.clone(), |e| async move {
                e.every_second().await
            })),
            tokio::spawn(beat("minute", Duration::from_secs(60), never(), weak(), stopped.clone(), |e| async move {
                e.every_minute().await
            })),
            tokio::spawn(beat("mail", POST, never(), weak(), stopped, |e| async move { e.deliver().await })),
        ];
        if let Some(listener) = engine.store.revocation_listener() {
            let (heard, reader) = (Arc::clone(&engine.heard), engine.sessions.hurry());
            tasks.push(tokio::spawn(listen(listener, heard, reader, stop.subscribe())));
        }
        Self { stop, tasks }
    }

    /// Lets each beat finish and ends the tasks.
    pub(crate) async fn stop(self) {
        let _ = self.stop.send(true);
        for task in self.tasks {
            let _ = task.await;
        }
    }
}

/// Has the log read as soon as the database says that it has grown. The pulse finds whatever is not heard.
async fn listen(
    listener: RevocationListener,
    heard: Arc<Counter>,
    reader: Arc<Notify>,
    mut stopped: watch::Receiver<bool>,
) {
    let wake = |is_news: bool| {
        if is_news {
            heard.one();
        }
        reader.notify_one();
    };
    loop {
        let listening = async {
            // Why it ended does not matter: the pulse asks the same database, and says what is wrong with it.
            let _ = listener.listen(wake).await;
            tokio::time::sleep(LISTEN_AGAIN).await;
        };
        tokio::select! {
            biased;
            _ = stopped.changed() => return,
            () = listening => {}
        }
    }
}

async fn beat<T, F, Fut>(
    name: &'static str,
    every: Duration,
    hurry: Arc<Notify>,
    engine: Weak<T>,
    mut stopped: watch::Receiver<bool>,
    work: F,
) where
    F: Fn(Arc<T>) -> Fut,
    Fut: Future<Output = Result<(), Error>> + Send + 'static,
{
    // The start has just read everything: the first turn can wait.
    let mut turns = interval_at(Instant::now() + every, every);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_failing = false;
    loop {
        tokio::select! {
            biased;
            // Also when nobody is left who could say so.
            _ = stopped.changed() => return,
            _ = turns.tick() => {}
            () = hurry.notified() => tokio::time::sleep(GATHER).await,
        }
        let Some(engine) = engine.upgrade() else { return };
        // On a task of its own: were a round ever to panic, the next one would come all the same.
        let failure = match tokio::spawn(work(engine)).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(error) => Some(error.to_string()),
        };
        match failure {
            None if is_failing => tracing::info!(beat = name, "upkeep works again: {name}"),
            Some(ref error) if is_failing => tracing::debug!(beat = name, error, "upkeep still fails: {name}"),
            Some(ref error) => tracing::warn!(beat = name, error, "upkeep fails: {name}"),
            None => {}
        }
        is_failing = failure.is_some();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    const SOON: Duration = Duration::from_millis(1);

    #[tokio::test]
    async fn a_round_that_fails_or_panics_does_not_end_the_beat() {
        let rounds = Arc::new(AtomicU32::new(0));
        let (_stop, stopped) = watch::channel(false);
        let (done, mut heard) = tokio::sync::mpsc::unbounded_channel();

        let task = tokio::spawn(beat("test", SOON, Arc::default(), Arc::downgrade(&rounds), stopped, move |rounds| {
            let done = done.clone();
            async move {
                match rounds.fetch_add(1, Ordering::Relaxed) {
                    0 => Err(Error::Database),
                    1 => panic!("a round goes wrong"),
                    round => {
                        done.send(round).unwrap_or_default();
                        Ok(())
                    }
                }
            }
        }));

        assert_eq!(heard.recv().await, Some(2));
        task.abort();
    }

    #[tokio::test]
    async fn a_beat_that_is_hurried_does_not_wait_for_its_turn() {
        let (hurry, rounds) = (Arc::new(Notify::new()), Arc::new(()));
        let (_stop, stopped) = watch::channel(false);
        let (done, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let never = Duration::from_secs(86_400);
        let task = tokio::spawn(beat("test", never, Arc::clone(&hurry), Arc::downgrade(&rounds), stopped, move |_| {
            let done = done.clone();
            async move {
                done.send(()).unwrap_or_default();
                Ok(())
            }
        }));

        for _ in 0..2 {
            hurry.notify_one();
            assert_eq!(heard.recv().await, Some(()));
        }
        task.abort();
    }

    #[tokio::test]
    async fn a_beat_ends_with_the_last_handle() {
        let rounds = Arc::new(());
        let (_stop, stopped) = watch::channel(false);
        let task =
            tokio::spawn(beat("test", SOON, Arc::default(), Arc::downgrade(&rounds), stopped, |_| async { Ok(()) }));

        drop(rounds);

        task.await.unwrap();
    }

    #[tokio::test]
    async fn a_beat_finishes_its_round_before_it_stops() {
        let finished = Arc::new(AtomicU32::new(0));
        let (stop, stopped) = watch::channel(false);
        let (begun, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let (go, gate) = watch::channel(false);
        let task =
            tokio::spawn(beat("test", SOON, Arc::default(), Arc::downgrade(&finished), stopped, move |finished| {
                let (begun, mut gate) = (begun.clone(), gate.clone());
                async move {
                    begun.send(()).unwrap_or_default();
                    let _ = gate.wait_for(|open| *open).await;
                    finished.fetch_add(1, Ordering::Relaxed);
                    Ok(())
                }
            }));
        heard.recv().await.unwrap();

        stop.send(true).unwrap();
        go.send(true).unwrap();
        task.await.unwrap();

        assert_eq!(finished.load(Ordering::Relaxed), 1);
    }
}
