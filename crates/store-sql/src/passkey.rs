//! Keeps passkeys.

use async_trait::async_trait;
use countersign_kernel::{PasskeyId, UserId};
use countersign_store::passkey::{HANDLE_LENGTH, MAX_PASSKEYS};
use countersign_store::{Error, Passkey, PasskeyUse, Passkeys};
use uuid::Uuid;

use crate::engine::{change, change_or, find, list, take, take_or};
use crate::error::{lost_reference, refused};
use crate::row::{Place, join_words, micros, moment, row, split_words};
use crate::tx::SqlTx;

/// The columns of a passkey.
macro_rules! columns {
    () => {
        "id, user_id, credential_id, credential, name, transports, counter, backup_eligible, backed_up, created_at, \
         last_used_at"
    };
}

/// Writes nothing where there is a handle, and gives it back in either case.
const HANDLE: &str = "INSERT INTO passkey_handles (user_id, handle) VALUES ($1, $2) \
     ON CONFLICT (user_id) DO UPDATE SET handle = passkey_handles.handle RETURNING handle";
const FIND_HANDLE: &str = "SELECT handle FROM passkey_handles WHERE user_id = $1";
const INSERT: &str = concat!(
    "INSERT INTO passkeys (",
    columns!(),
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (credential_id) DO NOTHING"
);
const FIND_BY_CREDENTIAL: &str = concat!("SELECT ", columns!(), " FROM passkeys WHERE credential_id = $1");
const LIST: &str = concat!("SELECT ", columns!(), " FROM passkeys WHERE user_id = $1 ORDER BY id LIMIT $2");
/// WebAuthn Level 3 section 7.2, step 22: a counter moves on, unless neither side counts.
const USE: &str = "UPDATE passkeys SET counter = $2, backed_up = $3, last_used_at = $4 \
     WHERE id = $1 AND (counter < $2 OR (counter = 0 AND $2 = 0))";
const RENAME: &str = concat!("UPDATE passkeys SET name = $3 WHERE user_id = $1 AND id = $2 RETURNING ", columns!());
const DELETE: &str = concat!("DELETE FROM passkeys WHERE user_id = $1 AND id = $2 RETURNING ", columns!());
const DELETE_ALL: &str = "DELETE FROM passkeys WHERE user_id = $1";

row! {
    struct PasskeyRow {
        id: Uuid,
        user_id: Uuid,
        credential_id: Vec<u8>,
        credential: String,
        name: String,
        transports: String,
        counter: i64,
        backup_eligible: bool,
        backed_up: bool,
        created_at: i64,
        last_used_at: Option<i64>,
    }
}

impl TryFrom<PasskeyRow> for Passkey {
    type Error = Error;

    fn try_from(row: PasskeyRow) -> Result<Self, Error> {
        let id = PasskeyId::from_uuid(row.id);
        let place = Place { table: "passkeys", id: &id };
        Ok(Self {
            id,
            user: UserId::from_uuid(row.user_id),
            credential_id: row.credential_id,
            credential: row.credential,
            name: row.name,
            transports: split_words(&row.transports),
            counter: place.small("counter", row.counter)?,
            backup_eligible: row.backup_eligible,
            backed_up: row.backed_up,
            created_at: moment(row.created_at),
            last_used_at: row.last_used_at.map(moment),
        })
    }
}

#[async_trait]
impl Passkeys for SqlTx {
    async fn passkey_handle(
        &mut self,
        user: UserId,
        fresh: &[u8; HANDLE_LENGTH],
    ) -> Result<[u8; HANDLE_LENGTH], Error> {
        let row = take_or!(lost_reference, self, (Vec<u8>,), HANDLE, user.as_uuid(), fresh.as_slice())?;
        let (handle,) = row.ok_or_else(|| refused("the handle was not written"))?;
        Place { table: "passkey_handles", id: &user }.bytes("handle", &handle)
    }

    async fn find_passkey_handle(&mut self, user: UserId) -> Result<Option<[u8; HANDLE_LENGTH]>, Error> {
        let row = find!(self, (Vec<u8>,), FIND_HANDLE, user.as_uuid())?;
        row.map(|(handle,)| Place { table: "passkey_handles", id: &user }.bytes("handle", &handle)).transpose()
    }

    async fn insert_passkey(&mut self, passkey: &Passkey) -> Result<bool, Error> {
        let transports = join_words(&passkey.transports)?;
        let inserted = change_or!(
            lost_reference,
            self,
            INSERT,
            passkey.id.as_uuid(),
            passkey.user.as_uuid(),
            passkey.credential_id.as_slice(),
            passkey.credential.as_str(),
            passkey.name.as_str(),
            transports.as_str(),
            i64::from(passkey.counter),
            passkey.backup_eligible,
            passkey.backed_up,
            micros(passkey.created_at),
            passkey.last_used_at.map(micros),
        )?;
        Ok(inserted == 1)
    }

    async fn find_passkey_by_credential(&mut self, credential_id: &[u8]) -> Result<Option<Passkey>, Error> {
        find!(self, PasskeyRow, FIND_BY_CREDENTIAL, credential_id)?.map(Passkey::try_from).transpose()
    }

    async fn list_passkeys(&mut self, user: UserId) -> Result<Vec<Passkey>, Error> {
        let rows = list!(self, PasskeyRow, LIST, user.as_uuid(), i64::from(MAX_PASSKEYS))?;
        rows.into_iter().map(Passkey::try_from).collect()
    }

    async fn use_passkey(&mut self, id: PasskeyId, seen: &PasskeyUse) -> Result<bool, Error> {
        let counter = i64::from(seen.counter);
        Ok(change!(self, USE, id.as_uuid(), counter, seen.backed_up, micros(seen.at))? == 1)
    }

    async fn rename_passkey(&mut self, user: UserId, id: PasskeyId, name: &str) -> Result<Option<Passkey>, Error> {
        let row = take!(self, PasskeyRow, RENAME, user.as_uuid(), id.as_uuid(), name)?;
        row.map(Passkey::try_from).transpose()
    }

    async fn delete_passkey(&mut self, user: UserId, id: PasskeyId) -> Result<Option<Passkey>, Error> {
        let row = take!(self, PasskeyRow, DELETE, user.as_uuid(), id.as_uuid())?;
        row.map(Passkey::try_from).transpose()
    }

    async fn delete_passkeys(&mut self, user: UserId) -> Result<u64, Error> {
        change!(self, DELETE_ALL, user.as_uuid())
    }
}
