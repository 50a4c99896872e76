//! SQLite: single reads, run where they are asked for.
//!
//! A point read takes some ten microseconds, less than handing it to another thread; in a write-ahead log no reader waits for
//! a writer.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use countersign_kernel::{Secret, SessionId, UserId};
use countersign_store::{Error, PasswordHash, RevocationHead, Session, User};
use rusqlite::{Connection, OpenFlags, Row, ToSql};

use super::{row, sql};
use crate::error::{from_rusqlite, unavailable};
use crate::mark::IS_MOVED;
use crate::open::BUSY_TIMEOUT;
use crate::revocation::columns::head_of;
use crate::row::{Place, bind};
use crate::watch::Watch;

thread_local! {
    /// Where this thread begins to look for a free connection: what it read last lies in the cache of its core.
    static START: usize = {
        static THREADS: AtomicUsize = AtomicUsize::new(0);
        THREADS.fetch_add(1, Ordering::Relaxed)
    };
}

/// A few connections that only read. None in a slot: closed.
pub(crate) struct Readers {
    slots: Vec<Mutex<Option<Connection>>>,
    watch: Watch,
}

impl Readers {
    pub(crate) fn open(path: &Path, count: u32, watch: Watch) -> Result<Self, Error> {
        let slots = (0..count.max(1)).map(|_| open(path).map(Some).map(Mutex::new)).collect::<Result<_, _>>();
        Ok(Self { slots: slots.map_err(from_rusqlite)?, watch })
    }

    pub(crate) fn session_and_user(&self, id: SessionId) -> Result<Option<(Session, User)>, Error> {
        let read = |row: &Row<'_>| Ok((row::session(row)?, row::user_after_session(row)?));
        match self.find(sql::SESSION_AND_USER, &[&id.as_uuid()], read)? {
            Some((session, user)) => Ok(Some((session.try_into()?, user.try_into()?))),
            None => Ok(None),
        }
    }

    pub(crate) fn user(&self, id: UserId) -> Result<Option<User>, Error> {
        self.find(sql::USER, &[&id.as_uuid()], row::user)?.map(User::try_from).transpose()
    }

    pub(crate) fn user_and_password(&self, email_key: &str) -> Result<Option<(User, Option<PasswordHash>)>, Error> {
        match self.find(sql::USER_AND_PASSWORD, &[&email_key], row::user_and_password)? {
            Some((user, phc)) => Ok(Some((user.try_into()?, phc.map(|phc| PasswordHash(Secret::new(phc)))))),
            None => Ok(None),
        }
    }

    pub(crate) fn heads(&self) -> Result<(RevocationHead, u64), Error> {
        let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        let place = Place { table: "signing_key_head", id: &"the head" };
        let (seq, hash, changes) = place.some("changes", self.find(sql::HEADS, &[], read)?)?;
        Ok((head_of(seq, hash)?, place.count("changes", changes)?))
    }

    /// Whether the file was moved and is closed.
    pub(crate) fn is_moved(&self) -> Result<bool, Error> {
        Ok(self.find(IS_MOVED, &[], |row| row.get(0))?.unwrap_or_default())
    }

    pub(crate) fn close(&self) {
        for slot in &self.slots {
            drop(lock(slot).take());
        }
    }

    fn find<T>(
        &self,
        text: &'static str,
        values: &[&dyn ToSql],
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, Error> {
        let read = || {
            let slot = self.slot().ok_or_else(closed)?;
            let connection = slot.as_ref().ok_or_else(closed)?;
            one(connection, text, values, read).map_err(from_rusqlite)
        };
        self.watch.run(read)
    }

    /// The thread's own connection if it is free, another that is, or else the own one when it is.
    fn slot(&self) -> Option<MutexGuard<'_, Option<Connection>>> {
        let start = START.with(|start| start.checked_rem(self.slots.len()))?;
        let (before, from) = self.slots.split_at_checked(start)?;
        let free = from.iter().chain(before).find_map(|slot| slot.try_lock().ok());
        free.or_else(|| from.first().map(lock))
    }
}

/// At most one row.
fn one<T>(
    connection: &Connection,
    text: &'static str,
    values: &[&dyn ToSql],
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Option<T>> {
    let mut statement = connection.prepare_cached(text)?;
    bind(&mut statement, values)?;
    let mut rows = statement.raw_query();
    rows.next()?.map(read).transpose()
}

/// A panic while reading leaves nothing half-done behind.
fn lock(slot: &Mutex<Option<Connection>>) -> MutexGuard<'_, Option<Connection>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

fn closed() -> Error {
    unavailable("the database is closed")
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -256;")?;
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_reads_through_its_own_connection_and_through_another_while_that_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("countersign.db");
        drop(Connection::open(&path).unwrap());
        let readers = Readers::open(&path, 2, Watch::start().unwrap()).unwrap();
        let own = || std::ptr::from_ref(&*readers.slot().unwrap());
        let first = own();
        assert_eq!(own(), first);
        let taken = readers.slot().unwrap();
        assert_eq!(std::ptr::from_ref(&*taken), first);
        assert_ne!(own(), first);
        drop(taken);
        assert_eq!(own(), first);
    }

    #[test]
    fn page_caches_share_no_mutex() {
        let connection = Connection::open_in_memory().unwrap();
        let used = |option: &str| {
            let used =
                connection.query_row("SELECT sqlite_compileoption_used(?1)", [option], |row| row.get::<_, bool>(0));
            used.unwrap()
        };
        // One that is there, so that another is not missed for want of its name.
        assert!(used("ENABLE_STAT4"));
        assert!(!used("ENABLE_MEMORY_MANAGEMENT"));
    }
}
