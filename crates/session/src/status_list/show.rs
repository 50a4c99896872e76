//! Makes the list, and keeps it for a moment.

use countersign_kernel::{Lifetime, Timestamp};
use countersign_store::{self as store, StatusIndex};
use serde::Serialize;

use super::{STATUS_LIST_TTL, STATUS_LIST_TYPE, StatusList, StatusListToken, packed, set};
use crate::error::Error;
use crate::revocations::Names;
use crate::sessions::Sessions;

#[derive(Serialize)]
struct ListClaims<'a> {
    sub: &'a str,
    iat: i64,
    exp: i64,
    ttl: i64,
    status_list: Bits,
}

#[derive(Serialize)]
struct Bits {
    bits: u8,
    lst: String,
}

impl Sessions {
    /// The list as it is now, or was a few seconds ago; none where the policy has no list.
    ///
    /// # Errors
    /// [`Error::Store`] if the database does not answer, or the policy refuses tokens because what is known of revocations is too old;
    /// and the last list is too old as well.
    pub async fn status_list(&self) -> Result<Option<StatusListToken>, Error> {
        let Some(list) = &self.0.status else { return Ok(None) };
        let mut last = list.last.lock().await;
        let now = self.now();
        if let Some(kept) = last.as_ref().filter(|kept| now.since(kept.made_at) < AFRESH && kept.made_at <= now) {
            return Ok(Some(kept.clone()));
        }
        match self.make_status_list(list, now).await {
            Ok(made) => Ok(Some(last.insert(made).clone())),
            Err(error) => match last.as_ref().filter(|kept| now.since(kept.made_at) < STATUS_LIST_TTL) {
                Some(kept) => Ok(Some(kept.clone())),
                None => Err(error),
            },
        }
    }

    async fn make_status_list(&self, list: &StatusList, now: Timestamp) -> Result<StatusListToken, Error> {
        // A bit must not speak for a token that this process would itself refuse, knowing too little.
        if self.refuses_as_stale(now) {
            return Err(store::Error::Unavailable("what is known of revocations is too old".into()).into());
        }
        let mut tx = self.0.store.snapshot().await?;
        // Twice as long as what is given out: whatever it grows to while this list is kept is shown already.
        let shown = tx.status_list_size().await?.size.saturating_mul(2);
        let mut bytes = vec![0_u8; usize::try_from(shown / 8).unwrap_or(usize::MAX)];
        let mut after = None;
        loop {
            let page = tx.list_status_indexes(after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.index);
            for index in page.iter().filter(|index| self.0.live.check(&names(index), now).is_some()) {
                set(&mut bytes, index.index);
            }
        }
        drop(tx);
        let iat = now.as_seconds();
        let claims = ListClaims {
            sub: &list.uri,
            iat,
            exp: iat.saturating_add(EXPIRES.as_seconds()),
            ttl: STATUS_LIST_TTL.as_seconds(),
            status_list: Bits { bits: 1, lst: packed(&bytes).map_err(Error::Packing)? },
        };
        let jwt = self.signer().sign(STATUS_LIST_TYPE, &claims).map_err(Error::Signing)?;
        // The end of a signature is as good as a hash.
        let tag = jwt.get(jwt.len().saturating_sub(22)..).unwrap_or_default().into();
        Ok(StatusListToken { jwt: jwt.into(), tag, made_at: now })
    }
}

fn names(index: &StatusIndex) -> Names {
    let StatusIndex { token, session, user, ver, key, .. } = *index;
    Names { token, session, user, ver, key }
}

/// A list is made anew after this.
const AFRESH: Lifetime = Lifetime::from_seconds(3);

/// When a list that was kept is no longer one.
const EXPIRES: Lifetime = Lifetime::from_minutes(5);

const PAGE: u32 = 1_000;
