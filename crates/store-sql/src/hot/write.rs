//! SQLite: the writer thread of refreshes, with group commit.
//!
//! Promises: each job's answer is that of its own conditional write, and comes after the commit that holds it; jobs run in
//! the order they came; a job whose caller has gone away is not begun; one that fails undoes nothing of the others'; where a
//! commit fails for want of the database, those who wait behind it are refused with it. Commits reach the operating system, so
//! that a crash of the process loses none, but not the disk (`synchronous = NORMAL`).

use std::path::Path;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::thread::JoinHandle;

use countersign_kernel::Histogram;
use countersign_store::{Error, RefreshWrite, User};
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use tokio::sync::{Mutex, mpsc, oneshot};
use uuid::Uuid;

use super::{row, sql};
use crate::error::{from_rusqlite, unavailable};
use crate::open::{BUSY_TIMEOUT, Durability};
use crate::session::columns::WriteColumns;

/// Writes of one commit.
const BATCH: usize = 64;
/// Writes that wait before their callers have to.
const QUEUE: usize = 1024;

pub(crate) struct Writer {
    jobs: mpsc::Sender<Job>,
    thread: StdMutex<Option<JoinHandle<()>>>,
}

enum Job {
    Write(Box<WriteJob>),
    Stop,
}

struct WriteJob {
    columns: WriteColumns,
    reply: oneshot::Sender<Result<Option<User>, Error>>,
}

impl Writer {
    /// Starts the thread. It takes its turn at `gate` for each commit.
    pub(crate) fn start(
        path: &Path,
        gate: Arc<Mutex<()>>,
        durability: Durability,
        groups: Arc<Histogram>,
    ) -> Result<Self, Error> {
        let mut connection = open(path, durability).map_err(from_rusqlite)?;
        let (jobs, mut waiting) = mpsc::channel(QUEUE);
        let run = move || while turn(&mut connection, &mut waiting, &gate, &groups).is_some() {};
        let thread = std::thread::Builder::new()
            .name("countersign-refresh-writer".to_owned())
            .spawn(run)
            .map_err(|error| Error::Unavailable(error.into()))?;
        Ok(Self { jobs, thread: StdMutex::new(Some(thread)) })
    }

    /// Writes if the condition holds; then the person, read in the same transaction.
    pub(crate) async fn write(&self, write: &RefreshWrite) -> Result<Option<User>, Error> {
        let columns = WriteColumns::try_from(write)?;
        let (reply, answer) = oneshot::channel();
        let job = Job::Write(Box::new(WriteJob { columns, reply }));
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

/// Waits for work, does as much as fits into one commit, and answers; none when there will be no more.
fn turn(
    connection: &mut Connection,
    waiting: &mut mpsc::Receiver<Job>,
    gate: &Mutex<()>,
    groups: &Histogram,
) -> Option<()> {
    let Job::Write(first) = waiting.blocking_recv()? else { return None };
    let mut batch = vec![*first];
    let mut stopped = false;
    let answers = {
        let _turn = gate.blocking_lock();
        // Only now: more have come while others had the turn.
        while batch.len() < BATCH && !stopped {
            match waiting.try_recv() {
                Ok(Job::Write(job)) => batch.push(*job),
                Ok(Job::Stop) => stopped = true,
                Err(_) => break,
            }
        }
        batch.retain(|job| !job.reply.is_closed());
        if !batch.is_empty() {
            groups.record_number(batch.len() as u64);
        }
        write_batch(connection, &batch)
    };
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

fn write_batch(connection: &mut Connection, batch: &[WriteJob]) -> Vec<Result<Option<User>, Error>> {
    match write_together(connection, batch) {
        Ok(users) => users.into_iter().map(Ok).collect(),
        Err(error) if batch.len() == 1 => vec![Err(error)],
        // Trying each would wait for the lock as often, and keep everyone else waiting.
        Err(error) if error.is_transient() => {
            let others = batch.iter().skip(1).map(|_| Err(unavailable("the commit that held this refresh failed")));
            std::iter::once(Err(error)).chain(others).collect()
        }
        // Nothing of it was written. One at a time, so that only the one that cannot be fails.
        Err(_) => batch.iter().map(|job| write_alone(connection, job)).collect(),
    }
}

fn write_alone(connection: &mut Connection, job: &WriteJob) -> Result<Option<User>, Error> {
    write_together(connection, std::slice::from_ref(job)).map(|users| users.into_iter().flatten().next())
}

fn write_together(connection: &mut Connection, batch: &[WriteJob]) -> Result<Vec<Option<User>>, Error> {
    if batch.is_empty() {
        return Ok(Vec::new());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(from_rusqlite)?;
    let users = batch.iter().map(|job| write_one(&transaction, &job.columns)).collect::<Result<_, _>>()?;
    transaction.commit().map_err(from_rusqlite)?;
    Ok(users)
}

fn write_one(transaction: &Transaction<'_>, columns: &WriteColumns) -> Result<Option<User>, Error> {
    let Some(user) = update(transaction, columns).map_err(from_rusqlite)? else { return Ok(None) };
    let read = || -> rusqlite::Result<_> {
        let mut statement = transaction.prepare_cached(sql::USER)?;
        row::bind(&mut statement, &[&user])?;
        let mut rows = statement.raw_query();
        rows.next()?.map(row::user).transpose()
    };
    read().map_err(from_rusqlite)?.map(User::try_from).transpose()
}

/// The conditional write; whose session it is, where it was written.
fn update(transaction: &Transaction<'_>, columns: &WriteColumns) -> rusqlite::Result<Option<Uuid>> {
    let mut statement = transaction.prepare_cached(sql::WRITE_ON_SQLITE)?;
    row::bind(
        &mut statement,
        &[
            &columns.id,
            &columns.judged_version,
            &columns.generation,
            &columns.made_at,
            &columns.period,
            &columns.delivered,
            &columns.answered,
            &columns.recent,
            &columns.uses_ids,
            &columns.bound_key,
            &columns.idle_deadline,
            &columns.absolute_deadline,
            &columns.ended_at,
            &columns.ended_reason,
            &columns.seen_at,
            &columns.version,
            &columns.last_seen_at,
            &columns.address,
            &columns.judged_generation,
            &columns.judged_seen_at,
        ],
    )?;
    let mut rows = statement.raw_query();
    let user = rows.next()?.map(|row| row.get(0)).transpose()?;
    // A statement with RETURNING has done all its work only when it has been run to its end.
    while rows.next()?.is_some() {}
    Ok(user)
}

fn open(path: &Path, durability: Durability) -> rusqlite::Result<Connection> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    let synchronous = match durability {
        Durability::Real => "NORMAL",
        #[cfg(feature = "testing")]
        Durability::None => "OFF",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.execute_batch("PRAGMA foreign_keys = ON; PRAGMA cache_size = -512;")?;
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use countersign_kernel::{Lifetime, SessionId, Timestamp};
    use countersign_store::RefreshRow;

    use super::*;

    fn job() -> (Job, oneshot::Receiver<Result<Option<User>, Error>>) {
        let (now, day) = (Timestamp::from_seconds(1_800_000_000), Lifetime::from_days(1));
        let opened = RefreshRow::opened(now, 7, now + day, now + day);
        let (judged, row) = (opened.state(), RefreshRow { version: 2, ..opened });
        let id = SessionId::from_bytes([7; 16]);
        let write = RefreshWrite { id, judged, row, last_seen_at: now, address: None };
        let (reply, answer) = oneshot::channel();
        (Job::Write(Box::new(WriteJob { columns: WriteColumns::try_from(&write).unwrap(), reply })), answer)
    }

    fn send(jobs: &mpsc::Sender<Job>, count: usize) -> Vec<oneshot::Receiver<Result<Option<User>, Error>>> {
        let sent = (0..count).map(|_| {
            let (job, answer) = job();
            jobs.try_send(job).map_err(|_| "full").unwrap();
            answer
        });
        sent.collect()
    }

    #[test]
    fn who_waits_behind_a_commit_that_found_no_database_is_refused_with_it_and_the_next_is_served() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("countersign.db");
        let other = Connection::open(&path).unwrap();
        other.pragma_update(None, "journal_mode", "WAL").unwrap();
        other.execute_batch(include_str!("../../migrations/0001_core.sql")).unwrap();
        let mut connection = open(&path, Durability::Real).unwrap();
        connection.busy_timeout(std::time::Duration::ZERO).unwrap();
        let (jobs, mut waiting) = mpsc::channel(QUEUE);
        let (gate, groups) = (Mutex::new(()), Histogram::of_sizes());
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let refused = send(&jobs, 2 * BATCH + 3);

        // One turn is one commit, and one wait for the lock.
        turn(&mut connection, &mut waiting, &gate, &groups).unwrap();

        for mut answer in refused {
            assert!(matches!(answer.try_recv(), Ok(Err(Error::Unavailable(_)))), "{answer:?}");
        }
        other.execute_batch("ROLLBACK").unwrap();
        let served = send(&jobs, BATCH + 1);
        turn(&mut connection, &mut waiting, &gate, &groups).unwrap();
        turn(&mut connection, &mut waiting, &gate, &groups).unwrap();
        for mut answer in served {
            assert!(
                matches!(answer.try_recv(), Ok(Ok(None))),
                "there is no such session, and that was said: {answer:?}"
            );
        }
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
}
