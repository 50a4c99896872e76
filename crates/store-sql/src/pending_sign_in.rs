//! Keeps sign-ins that wait for a second factor.

use async_trait::async_trait;
use countersign_kernel::{Timestamp, UserId};
use countersign_store::{Delivery, Error, PendingSignIn, PendingSignIns};
use uuid::Uuid;

use crate::engine::{change, change_many, change_or, find, take};
use crate::error::{lost_reference, refused};
use crate::row::{Place, join_words, micros, moment, row, split_words};
use crate::tx::SqlTx;

macro_rules! pending_columns {
    () => {
        "browser_hash, user_id, methods, delivery, remember, tries, created_at, expires_at"
    };
}

const INSERT: &str = "INSERT INTO pending_sign_ins \
     (token_hash, browser_hash, user_id, methods, delivery, remember, tries, created_at, expires_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
const FIND: &str =
    concat!("SELECT ", pending_columns!(), " FROM pending_sign_ins WHERE token_hash = $1 AND expires_at > $2");
const TRY: &str = concat!(
    "UPDATE pending_sign_ins SET tries = tries + 1 WHERE token_hash = $1 AND expires_at > $2 AND tries < $3 RETURNING ",
    pending_columns!()
);
const TAKE: &str = "DELETE FROM pending_sign_ins WHERE token_hash = $1 AND expires_at > $2";
const VOID: &str = "DELETE FROM pending_sign_ins WHERE user_id = $1";
const SWEEP: &str = "DELETE FROM pending_sign_ins WHERE token_hash IN \
     (SELECT token_hash FROM pending_sign_ins WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";

row! {
    struct PendingRow {
        browser_hash: Option<Vec<u8>>,
        user_id: Uuid,
        methods: String,
        delivery: String,
        remember: bool,
        tries: i64,
        created_at: i64,
        expires_at: i64,
    }
}

impl PendingRow {
    fn read(self, token_hash: &[u8; 32]) -> Result<PendingSignIn, Error> {
        let user = UserId::from_uuid(self.user_id);
        // By its person: the hash of a live secret is nothing for a log.
        let place = Place { table: "pending_sign_ins", id: &user };
        Ok(PendingSignIn {
            token_hash: *token_hash,
            browser_hash: self.browser_hash.map(|hash| place.bytes("browser_hash", &hash)).transpose()?,
            user,
            methods: split_words(&self.methods),
            delivery: match self.delivery.as_str() {
                "cookie" => Delivery::Cookie,
                "body" => Delivery::Body,
                _ => return Err(place.corrupt("delivery")),
            },
            remember: self.remember,
            tries: place.small("tries", self.tries)?,
            created_at: moment(self.created_at),
            expires_at: moment(self.expires_at),
        })
    }
}

#[async_trait]
impl PendingSignIns for SqlTx {
    async fn insert_pending_sign_in(&mut self, pending: &PendingSignIn) -> Result<(), Error> {
        if pending.methods.is_empty() {
            return Err(refused("a sign-in that waits has proven something"));
        }
        let methods = join_words(&pending.methods)?;
        let delivery = match pending.delivery {
            Delivery::Cookie => "cookie",
            Delivery::Body => "body",
        };
        let inserted = change_or!(
            lost_reference,
            self,
            INSERT,
            pending.token_hash.as_slice(),
            pending.browser_hash.as_ref().map(<[u8; 32]>::as_slice),
            pending.user.as_uuid(),
            methods.as_str(),
            delivery,
            pending.remember,
            i64::from(pending.tries),
            micros(pending.created_at),
            micros(pending.expires_at),
        )?;
        if inserted == 1 { Ok(()) } else { Err(refused("the sign-in that waits was not written")) }
    }

    async fn find_pending_sign_in(
        &mut self,
        token_hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<PendingSignIn>, Error> {
        let row = find!(self, PendingRow, FIND, token_hash.as_slice(), micros(now))?;
        row.map(|row| row.read(token_hash)).transpose()
    }

    async fn try_pending_sign_in(
        &mut self,
        token_hash: &[u8; 32],
        most: u32,
        now: Timestamp,
    ) -> Result<Option<PendingSignIn>, Error> {
        let row = take!(self, PendingRow, TRY, token_hash.as_slice(), micros(now), i64::from(most))?;
        row.map(|row| row.read(token_hash)).transpose()
    }

    async fn take_pending_sign_in(&mut self, token_hash: &[u8; 32], now: Timestamp) -> Result<bool, Error> {
        Ok(change!(self, TAKE, token_hash.as_slice(), micros(now))? == 1)
    }

    async fn void_pending_sign_ins(&mut self, user: UserId) -> Result<u64, Error> {
        change!(self, VOID, user.as_uuid())
    }

    async fn sweep_pending_sign_ins(&mut self, now: Timestamp, limit: u32) -> Result<u64, Error> {
        change_many!(self, SWEEP, micros(now), i64::from(limit))
    }
}
