//! The texts. Where the engines differ, both stand here side by side.

use crate::session::columns::{session_columns, write_refresh};
use crate::user::columns::user_columns;

/// The session with its person; for rusqlite the order of the columns counts: first all of the session's.
pub(super) const SESSION_AND_USER: &str = concat!(
    "SELECT ",
    session_columns!(),
    ", ",
    user_columns!(),
    " FROM sessions JOIN users ON users.id = sessions.user_id WHERE sessions.id = $1"
);

/// The person.
pub(crate) const USER: &str = concat!("SELECT ", user_columns!(), " FROM users WHERE users.id = $1");

/// The person with this address, and the hash of the password behind the person's columns.
pub(super) const USER_AND_PASSWORD: &str = concat!(
    "SELECT ",
    user_columns!(),
    ", passwords.phc FROM users LEFT JOIN passwords ON passwords.user_id = users.id WHERE users.email_key = $1"
);

/// The hash of the person's password.
pub(crate) const PASSWORD: &str = "SELECT phc FROM passwords WHERE user_id = $1";

/// Whether the person has an authenticator app; how many passkeys; how many recovery codes.
pub(crate) const ENROLMENT: &str = "SELECT EXISTS (SELECT 1 FROM totps WHERE user_id = $1 AND confirmed_at IS NOT NULL), \
     (SELECT COUNT(*) FROM passkeys WHERE user_id = $1), (SELECT COUNT(*) FROM recovery_codes WHERE user_id = $1)";

/// The newest revocation and the number of key changes.
pub(super) const HEADS: &str = "SELECT revocation_head.seq, revocation_head.hash, signing_key_head.changes \
                                FROM revocation_head CROSS JOIN signing_key_head";

/// SQLite: the write; the person is read by [`USER`] in the same transaction.
pub(super) const WRITE_ON_SQLITE: &str = concat!(write_refresh!(), " RETURNING user_id");

/// PostgreSQL: the write and the person in one statement, because a transaction of several costs two to three times as much.
pub(super) const WRITE_ON_POSTGRES: &str =
    concat!(write_refresh!(" FROM users", " AND users.id = sessions.user_id"), " RETURNING ", user_columns!());

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    #[test]
    fn no_statement_of_these_scans_a_table() {
        let connection = Connection::open_in_memory().unwrap();
        for migration in crate::migrate::MIGRATIONS.iter() {
            connection.execute_batch(migration.sql.as_str()).unwrap();
        }
        for text in [SESSION_AND_USER, USER, USER_AND_PASSWORD, PASSWORD, WRITE_ON_SQLITE] {
            let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {text}")).unwrap();
            let mut rows = statement.raw_query();
            let mut steps = 0;
            while let Some(row) = rows.next().unwrap() {
                let step: String = row.get(3).unwrap();
                assert!(!step.starts_with("SCAN"), "{step} in {text}");
                steps += 1;
            }
            assert!(steps > 0, "no plan for {text}");
        }
    }
}
