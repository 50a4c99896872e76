//! rusqlite's rows.

use rusqlite::Row;

use crate::session::columns::SessionRow;
use crate::user::columns::UserRow;

/// Columns of a session in front of those of its person.
const SESSION_COLUMNS: usize = 27;
/// Columns of a person in front of the hash of the password.
const USER_COLUMNS: usize = 10;

/// The session of a row of `SESSION_AND_USER`.
pub(super) fn session(row: &Row<'_>) -> rusqlite::Result<SessionRow> {
    Ok(SessionRow {
        session_id: row.get(0)?,
        user_id: row.get(1)?,
        delivery: row.get(2)?,
        remember: row.get(3)?,
        generation: row.get(4)?,
        made_at: row.get(5)?,
        period: row.get(6)?,
        delivered: row.get(7)?,
        answered: row.get(8)?,
        recent: row.get(9)?,
        uses_ids: row.get(10)?,
        bound_key: row.get(11)?,
        idle_deadline: row.get(12)?,
        absolute_deadline: row.get(13)?,
        ended_at: row.get(14)?,
        ended_reason: row.get(15)?,
        seen_at: row.get(16)?,
        version: row.get(17)?,
        amr: row.get(18)?,
        auth_time: row.get(19)?,
        device_id: row.get(20)?,
        user_agent: row.get(21)?,
        address: row.get(22)?,
        first_address: row.get(23)?,
        noticed: row.get(24)?,
        created_at: row.get(25)?,
        last_seen_at: row.get(26)?,
    })
}

/// The person of a row of `SESSION_AND_USER`.
pub(super) fn user_after_session(row: &Row<'_>) -> rusqlite::Result<UserRow> {
    user_from(row, SESSION_COLUMNS)
}

/// The person of a row of `USER`.
pub(super) fn user(row: &Row<'_>) -> rusqlite::Result<UserRow> {
    user_from(row, 0)
}

/// The person of a row of `USER_AND_PASSWORD`, and the hash.
pub(super) fn user_and_password(row: &Row<'_>) -> rusqlite::Result<(UserRow, Option<String>)> {
    Ok((user_from(row, 0)?, row.get(USER_COLUMNS)?))
}

fn user_from(row: &Row<'_>, first: usize) -> rusqlite::Result<UserRow> {
    Ok(UserRow {
        user_id: row.get(first)?,
        email: row.get(first + 1)?,
        email_verified: row.get(first + 2)?,
        name: row.get(first + 3)?,
        status: row.get(first + 4)?,
        ver: row.get(first + 5)?,
        device_epoch: row.get(first + 6)?,
        roles: row.get(first + 7)?,
        permissions: row.get(first + 8)?,
        user_created_at: row.get(first + 9)?,
    })
}
