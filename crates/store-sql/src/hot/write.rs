//! SQLite: the writes of refreshes, in place or with group commit.
//!
//! Promises: each write's answer is that of its own condition, and comes after the commit that holds it; where nobody has the turn, it is
//! written where it is asked for; those who find it taken, and all who come before they are done, wait for a thread that commits up to 64
//! of them at once, in the order they came; a job whose caller has gone away is not begun; one that fails undoes nothing of the others';
//! where a commit fails for want of the database, those who wait behind it are refused with it. Commits reach the operating system, so
//! that a crash of the process loses none, but not the disk.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use countersign_kernel::Histogram;
use countersign_store::{Error, RefreshWrite, User};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::{row, sql};
use crate::error::{from_rusqlite, unavailable};
use crate::flush::Flusher;
use crate::open::BUSY_TIMEOUT;
use crate::row::bind;
use crate::session::columns::WriteColumns;
use crate::turn::Gate;

/// Writes of one commit.
const BATCH: usize = 64;
/// Writes that wait before their callers have to.
const QUEUE: usize = 1024;

pub(crate) struct Writer {
    shared: Arc<Shared>,
    jobs: mpsc::Sender<Job>,
    thread: StdMutex<Option<JoinHandle<()>>>,
}

/// What the thread and those who write in place need.
struct Shared {
    gate: Gate,
    flusher: Arc<Flusher>,
    groups: Arc<Histogram>,
    /// How many writes the thread has before it.
    queued: Arc<AtomicUsize>,
    /// How long another process's lock is waited for.
    patience: Duration,
}

enum Job {
    Write(Box<WriteJob>),
    Stop,
}

struct WriteJob {
    columns: WriteColumns,
    reply: oneshot::Sender<Answer>,
    _queued: Queued,
}

/// A write that the thread has before it, as long as this lives.
struct Queued(Arc<AtomicUsize>);

impl Queued {
    fn count(all: &Arc<AtomicUsize>) -> Self {
        all.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(all))
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Writer {
    /// Starts the thread. It takes its turn at `gate` for each commit.
    pub(crate) fn start(gate: Gate, flusher: Arc<Flusher>, groups: Arc<Histogram>) -> Result<Self, Error> {
        let shared = Arc::new(Shared { gate, flusher, groups, queued: Arc::default(), patience: BUSY_TIMEOUT });
        let (jobs, mut waiting) = mpsc::channel(QUEUE);
        let of_thread = Arc::clone(&shared);
        let run = move || while round(&of_thread, &mut waiting).is_some() {};
        let thread = std::thread::Builder::new()
            .name("countersign-refresh-writer".to_owned())
            .spawn(run)
            .map_err(|error| Error::Unavailable(error.into()))?;
        Ok(Self { shared, jobs, thread: StdMutex::new(Some(thread)) })
    }

    /// Writes if the condition holds; then the person, read in the same transaction.
    pub(crate) async fn write(&self, write: &RefreshWrite) -> Result<Option<User>, Error> {
        let columns = WriteColumns::try_from(write)?;
        if let Some(answer) = self.shared.write_in_place(&columns) {
            return answer;
        }
        let (reply, answer) = oneshot::channel();
        let _queued = Queued::count(&self.shared.queued);
        let job = Job::Write(Box::new(WriteJob { columns, reply, _queued }));
        self.jobs.send(job).await.map_err(|_| unavailable("the database is closed"))?;
        answer.await.unwrap_or_else(|_| Err(unavailable("the database is closed")))
    }

    /// How many writes wait to be begun.
    pub(crate) fn waiting(&self) -> usize {
        self.jobs.max_capacity().saturating_sub(self.jobs.capacity())
    }

    /// Lets the thread finish what waits, and ends it.
    pub(crate) async fn close(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // An error says that it has ended already.
            let _ = self.jobs.send(Job::Stop).await;
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

impl Shared {
    /// None where it has to wait: for the turn, for another process, or for whatever keeps the database; and where others wait already: a
    /// commit of many costs less.
    fn write_in_place(&self, columns: &WriteColumns) -> Option<Answer> {
        if self.queued.load(Ordering::Relaxed) > 0 {
            return None;
        }
        let mut held = self.gate.try_lock()?;
        let connection = held.as_mut()?;
        match self.gate.watch.run(|| write_alone(connection, columns)) {
            Err(Error::Unavailable(_)) => None,
            answer => {
                self.note(1);
                Some(answer)
            }
        }
    }

    /// Takes the turn for these jobs and what else waits; an answer for each.
    fn write_waiting(&self, batch: &mut Vec<WriteJob>, waiting: &mut mpsc::Receiver<Job>) -> (Vec<Answer>, bool) {
        let mut held = self.gate.blocking_lock();
        // Only now: more have come while others had the turn.
        let mut stopped = false;
        while batch.len() < BATCH && !stopped {
            match waiting.try_recv() {
                Ok(Job::Write(job)) => batch.push(*job),
                Ok(Job::Stop) => stopped = true,
                Err(_) => break,
            }
        }
        batch.retain(|job| !job.reply.is_closed());
        let answers = match held.as_mut() {
            Some(connection) => self.write_patiently(connection, batch),
            None => batch.iter().map(|_| Err(unavailable("the database is closed"))).collect(),
        };
        (answers, stopped)
    }

    fn write_patiently(&self, connection: &mut Connection, batch: &[WriteJob]) -> Vec<Answer> {
        // The connection is everybody's, and nobody else may be kept by another process's lock.
        let _ = connection.busy_timeout(self.patience);
        let answers = write_batch(connection, batch);
        let _ = connection.busy_timeout(Duration::ZERO);
        if !batch.is_empty() {
            self.note(batch.len() as u64);
        }
        answers
    }

    fn note(&self, writes: u64) {
        self.groups.record_number(writes);
        self.flusher.note(writes);
    }
}

type Answer = Result<Option<User>, Error>;

/// Waits for work, does as much as fits into one commit, and answers; none when there will be no more.
fn round(shared: &Shared, waiting: &mut mpsc::Receiver<Job>) -> Option<()> {
    let Job::Write(first) = waiting.blocking_recv()? else { return None };
    let mut batch = vec![*first];
    let (answers, mut stopped) = shared.write_waiting(&mut batch, waiting);
    let is_gone = answers.iter().any(|answer| matches!(answer, Err(Error::Unavailable(_))));
    for (job, answer) in batch.into_iter().zip(answers) {
        // The caller may have gone away: the write stands, and the refresh table recovers by itself.
        let _ = job.reply.send(answer);
    }
    if is_gone {
        stopped |= refuse_waiting(waiting);
    }
    (!stopped).then_some(())
}

/// Answers everybody who waits: the next commit could take as long to fail as this one did, and the one after it again.
/// Whether one of them wants the thread to end.
fn refuse_waiting(waiting: &mut mpsc::Receiver<Job>) -> bool {
    for _ in 0..QUEUE {
        match waiting.try_recv() {
            Ok(Job::Write(job)) => {
                let _ = job.reply.send(Err(unavailable("the commit before this refresh failed")));
            }
            Ok(Job::Stop) => return true,
            Err(_) => return false,
        }
    }
    false
}

fn write_batch(connection: &mut Connection, batch: &[WriteJob]) -> Vec<Answer> {
    let columns: Vec<&WriteColumns> = batch.iter().map(|job| &job.columns).collect();
    match write_together(connection, &columns) {
        Ok(users) => users.into_iter().map(Ok).collect(),
        Err(error) if batch.len() == 1 => vec![Err(error)],
        // Trying each would wait for the lock as often, and keep everyone else waiting.
        Err(error) if error.is_transient() => {
            let others = batch.iter().skip(1).map(|_| Err(unavailable("the commit that held this refresh failed")));
            std::iter::once(Err(error)).chain(others).collect()
        }
        // Nothing of it was written. One at a time, so that only the one that cannot be fails.
        Err(_) => columns.iter().map(|columns| write_alone(connection, columns)).collect(),
    }
}

fn write_alone(connection: &mut Connection, columns: &WriteColumns) -> Answer {
    write_together(connection, &[columns]).map(|users| users.into_iter().flatten().next())
}

fn write_together(connection: &mut Connection, batch: &[&WriteColumns]) -> Result<Vec<Option<User>>, Error> {
    if batch.is_empty() {
        return Ok(Vec::new());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(from_rusqlite)?;
    let users = batch.iter().map(|columns| write_one(&transaction, columns)).collect::<Result<_, _>>()?;
    transaction.commit().map_err(from_rusqlite)?;
    Ok(users)
}

fn write_one(transaction: &Transaction<'_>, columns: &WriteColumns) -> Result<Option<User>, Error> {
    let Some(user) = update(transaction, columns).map_err(from_rusqlite)? else { return Ok(None) };
    let read = || -> rusqlite::Result<_> {
        let mut statement = transaction.prepare_cached(sql::USER)?;
        bind(&mut statement, &[&user])?;
        let mut rows = statement.raw_query();
        rows.next()?.map(row::user).transpose()
    };
    read().map_err(from_rusqlite)?.map(User::try_from).transpose()
}

/// The conditional write; whose session it is, where it was written.
fn update(transaction: &Transaction<'_>, columns: &WriteColumns) -> rusqlite::Result<Option<Uuid>> {
    let mut statement = transaction.prepare_cached(sql::WRITE_ON_SQLITE)?;
    bind(&mut statement, &columns.values())?;
    let mut rows = statement.raw_query();
    let user = rows.next()?.map(|row| row.get(0)).transpose()?;
    // A statement with RETURNING has done all its work only when it has been run to its end.
    while rows.next()?.is_some() {}
    Ok(user)
}

#[cfg(test)]
mod tests;
