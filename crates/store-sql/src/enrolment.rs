//! Reads what people have set up.

use async_trait::async_trait;
use countersign_kernel::UserId;
use countersign_store::{Enrolment, Enrolments, Error};

use crate::engine::find;
use crate::row::Place;
use crate::tx::SqlTx;

pub(crate) const FIND: &str = "SELECT EXISTS (SELECT 1 FROM totps WHERE user_id = $1 AND confirmed_at IS NOT NULL), \
     (SELECT COUNT(*) FROM passkeys WHERE user_id = $1), (SELECT COUNT(*) FROM recovery_codes WHERE user_id = $1)";

/// Whether there is an authenticator app; how many passkeys; how many recovery codes.
pub(crate) type EnrolmentRow = (bool, i64, i64);

#[async_trait]
impl Enrolments for SqlTx {
    async fn find_enrolment(&mut self, user: UserId) -> Result<Enrolment, Error> {
        let row = match self.connection.in_place() {
            Some(readers) => readers.enrolment(user)?,
            None => find!(self, EnrolmentRow, FIND, user.as_uuid())?,
        };
        let Some((totp, passkeys, recovery_codes)) = row else { return Ok(Enrolment::default()) };
        let count = |table, count| Place { table, id: &user }.count("count", count);
        Ok(Enrolment {
            totp,
            passkeys: count("passkeys", passkeys)?,
            recovery_codes: count("recovery_codes", recovery_codes)?,
        })
    }
}
