//! Keeps mailed links.

use async_trait::async_trait;
use countersign_kernel::{Timestamp, UserId, hex};
use countersign_store::{Error, LinkPurpose, MailedLink, MailedLinks};
use uuid::Uuid;

use crate::engine::{change, change_many, change_or, find, take};
use crate::error::{lost_reference, refused};
use crate::row::{Place, micros, moment, row};
use crate::tx::SqlTx;

macro_rules! link_columns {
    () => {
        "secret_hash, purpose, user_id, address, address_key, code_hash, tries_left, handle_hash, knows_password, was_proven, \
         asked_with, created_at, expires_at, used_at"
    };
}

/// What a new link voids. The purpose that is kept once an address stands in `$3`.
const REPLACE: &str =
    "DELETE FROM mailed_links WHERE purpose = $1 AND owner = $2 AND (purpose <> $3 OR address_key = $4)";
const INSERT: &str = "INSERT INTO mailed_links (secret_hash, purpose, owner, user_id, address, address_key, code_hash, tries_left, \
     handle_hash, knows_password, was_proven, asked_with, created_at, expires_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) \
     ON CONFLICT (purpose, owner, address_key) DO UPDATE SET secret_hash = excluded.secret_hash, address = excluded.address, \
     code_hash = excluded.code_hash, tries_left = excluded.tries_left, handle_hash = excluded.handle_hash, \
     knows_password = excluded.knows_password, was_proven = excluded.was_proven, asked_with = excluded.asked_with, created_at = excluded.created_at, \
     expires_at = excluded.expires_at, used_at = NULL";
const FIND: &str = concat!(
    "SELECT ",
    link_columns!(),
    " FROM mailed_links WHERE secret_hash = $1 AND used_at IS NULL AND expires_at > $2"
);
const TAKE: &str = concat!(
    "UPDATE mailed_links SET used_at = $3 WHERE secret_hash = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3 RETURNING ",
    link_columns!()
);
const TRY_CODE: &str = concat!(
    "UPDATE mailed_links SET tries_left = tries_left - 1 WHERE purpose = $1 AND owner = $2 AND user_id IS NOT NULL \
     AND code_hash IS NOT NULL AND tries_left > 0 AND used_at IS NULL AND expires_at > $3 RETURNING ",
    link_columns!()
);
const FIND_BY_HANDLE: &str =
    concat!("SELECT ", link_columns!(), " FROM mailed_links WHERE handle_hash = $1 AND expires_at > $2 LIMIT 1");
/// What was used stays for whoever waits for it, and is good for nothing.
const VOID: &str = "DELETE FROM mailed_links WHERE user_id = $1 AND purpose <> $2 AND used_at IS NULL";
const IS_KEPT: &str = "SELECT EXISTS (SELECT 1 FROM mailed_links WHERE address_key = $1 AND purpose = $2 AND used_at IS NULL \
     AND expires_at > $3 AND owner <> $4)";
const SWEEP: &str = "DELETE FROM mailed_links WHERE secret_hash IN \
     (SELECT secret_hash FROM mailed_links WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";

row! {
    struct LinkRow {
        secret_hash: Vec<u8>,
        purpose: String,
        user_id: Option<Uuid>,
        address: String,
        address_key: String,
        code_hash: Option<Vec<u8>>,
        tries_left: i64,
        handle_hash: Option<Vec<u8>>,
        knows_password: bool,
        was_proven: bool,
        asked_with: Option<String>,
        created_at: i64,
        expires_at: i64,
        used_at: Option<i64>,
    }
}

impl TryFrom<LinkRow> for MailedLink {
    type Error = Error;

    fn try_from(row: LinkRow) -> Result<Self, Error> {
        let id = hex::encode(row.secret_hash.get(..8).unwrap_or_default());
        let place = Place { table: "mailed_links", id: &id };
        let hash = |column, bytes: Option<Vec<u8>>| bytes.map(|bytes| place.bytes(column, &bytes)).transpose();
        Ok(Self {
            secret_hash: place.bytes("secret_hash", &row.secret_hash)?,
            purpose: place.some("purpose", LinkPurpose::parse(&row.purpose))?,
            user: row.user_id.map(UserId::from_uuid),
            address: row.address,
            address_key: row.address_key,
            code_hash: hash("code_hash", row.code_hash)?,
            tries_left: place.small("tries_left", row.tries_left)?,
            handle_hash: hash("handle_hash", row.handle_hash)?,
            knows_password: row.knows_password,
            was_proven: row.was_proven,
            asked_with: row.asked_with,
            created_at: moment(row.created_at),
            expires_at: moment(row.expires_at),
            used_at: row.used_at.map(moment),
        })
    }
}

#[async_trait]
impl MailedLinks for SqlTx {
    async fn insert_mailed_link(&mut self, link: &MailedLink) -> Result<(), Error> {
        let user = link.user.map(UserId::as_uuid);
        let owner = user.unwrap_or(Uuid::nil());
        let purpose = link.purpose.as_str();
        // Of nobody's links each address has one. The statement runs for everybody: strangers must not be quicker.
        let one_an_address = if user.is_some() { LinkPurpose::UndoEmail.as_str() } else { purpose };
        change!(self, REPLACE, purpose, owner, one_an_address, link.address_key.as_str())?;
        let inserted = change_or!(
            lost_reference,
            self,
            INSERT,
            link.secret_hash.as_slice(),
            purpose,
            owner,
            user,
            link.address.as_str(),
            link.address_key.as_str(),
            link.code_hash.as_ref().map(<[u8; 32]>::as_slice),
            i64::from(link.tries_left),
            link.handle_hash.as_ref().map(<[u8; 32]>::as_slice),
            link.knows_password,
            link.was_proven,
            link.asked_with.as_deref(),
            micros(link.created_at),
            micros(link.expires_at),
        )?;
        if inserted == 1 { Ok(()) } else { Err(refused("the mailed link was not written")) }
    }

    async fn find_mailed_link(&mut self, secret_hash: &[u8; 32], now: Timestamp) -> Result<Option<MailedLink>, Error> {
        find!(self, LinkRow, FIND, secret_hash.as_slice(), micros(now))?.map(MailedLink::try_from).transpose()
    }

    async fn take_mailed_link(
        &mut self,
        secret_hash: &[u8; 32],
        purpose: LinkPurpose,
        now: Timestamp,
    ) -> Result<Option<MailedLink>, Error> {
        let row = take!(self, LinkRow, TAKE, secret_hash.as_slice(), purpose.as_str(), micros(now))?;
        row.map(MailedLink::try_from).transpose()
    }

    async fn try_mailed_code(
        &mut self,
        user: Option<UserId>,
        purpose: LinkPurpose,
        now: Timestamp,
    ) -> Result<Option<MailedLink>, Error> {
        let owner = user.map_or(Uuid::nil(), UserId::as_uuid);
        let row = take!(self, LinkRow, TRY_CODE, purpose.as_str(), owner, micros(now))?;
        row.map(MailedLink::try_from).transpose()
    }

    async fn find_mailed_link_by_handle(
        &mut self,
        handle_hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<MailedLink>, Error> {
        find!(self, LinkRow, FIND_BY_HANDLE, handle_hash.as_slice(), micros(now))?.map(MailedLink::try_from).transpose()
    }

    async fn void_links(&mut self, user: UserId) -> Result<u64, Error> {
        change!(self, VOID, user.as_uuid(), LinkPurpose::UndoEmail.as_str())
    }

    async fn is_address_kept(
        &mut self,
        address_key: &str,
        except: Option<UserId>,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let except = except.map_or(Uuid::nil(), UserId::as_uuid);
        let kept = find!(self, (bool,), IS_KEPT, address_key, LinkPurpose::UndoEmail.as_str(), micros(now), except)?;
        Ok(kept.is_some_and(|(kept,)| kept))
    }

    async fn sweep_mailed_links(&mut self, now: Timestamp, limit: u32) -> Result<u64, Error> {
        change_many!(self, SWEEP, micros(now), i64::from(limit))
    }
}
