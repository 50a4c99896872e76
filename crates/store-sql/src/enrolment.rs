//! Reads what people have set up.

use async_trait::async_trait;
use countersign_kernel::UserId;
use countersign_store::{Enrolment, Enrolments, Error};

use crate::engine::find;
use crate::hot::sql::ENROLMENT;
use crate::row::Place;
use crate::tx::SqlTx;

#[async_trait]
impl Enrolments for SqlTx {
    async fn find_enrolment(&mut self, user: UserId) -> Result<Enrolment, Error> {
        let row = find!(self, (bool, i64, i64), ENROLMENT, user.as_uuid())?;
        let Some((totp, passkeys, recovery_codes)) = row else { return Ok(Enrolment::default()) };
        let count = |table, count| Place { table, id: &user }.count("count", count);
        Ok(Enrolment {
            totp,
            passkeys: count("passkeys", passkeys)?,
            recovery_codes: count("recovery_codes", recovery_codes)?,
        })
    }
}
