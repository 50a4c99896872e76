//! The one-time link that makes the first administrator.
//!
//! Promises: it is offered only while there is no active administrator; a new offer voids the old one; of racing claims one
//! succeeds; it is void after half an hour, and as soon as there is an administrator by another way; failed tries are counted by
//! account, so that nobody fills the audit trail with them.

use aws_lc_rs::digest;
use countersign_audit::{Actor, Event};
use countersign_kernel::{Lifetime, Origin, Secret, hex};
use countersign_limit::Refused;
use countersign_session::Identity;
use countersign_store::{OneTimeToken, Purpose, User};

use crate::accounts::{Accounts, Told, retrying};
use crate::error::Error;
use crate::limits::Charge;
use crate::role::ADMIN;

/// How long the link works.
const LIFETIME: Lifetime = Lifetime::from_minutes(30);

/// What became of a claim.
#[derive(Debug)]
pub enum ClaimVerdict {
    /// The person is an administrator now.
    Claimed(Box<User>),
    /// The link is unknown, used, replaced or too old, or there is an administrator already.
    Invalid,
    /// The account's address is not confirmed, and roles are given to confirmed ones alone here. The link works on.
    Unverified,
    /// Too many tries.
    Limited(Refused),
}

impl Accounts {
    /// A new link's secret (256 bits as 64 hexadecimal characters), if nobody can administer.
    ///
    /// # Errors
    /// [`Error::Store`]; the old link works on then.
    pub async fn offer_admin(&self, origin: &Origin) -> Result<Option<Secret<String>>, Error> {
        let bytes = Secret::new(self.env().entropy().bytes::<32>());
        let secret = Secret::new(hex::encode(bytes.expose()));
        let offered = retrying(|| async {
            let mut tx = self.store().begin().await?;
            if tx.has_other_active_with_role(ADMIN, None).await? {
                return Ok(false);
            }
            let now = tx.now();
            let token = OneTimeToken {
                secret_hash: hash_of(secret.expose()),
                purpose: Purpose::ClaimAdmin,
                user: None,
                created_at: now,
                expires_at: now + LIFETIME,
            };
            tx.insert_one_time_token(&token).await?;
            let record = self.record(tx.as_ref(), Event::AdminClaimOffered, Actor::System, origin);
            tx.audit(record);
            tx.commit().await?;
            Ok(true)
        })
        .await?;
        Ok(offered.then_some(secret))
    }

    /// Makes whoever is signed in an administrator, for the link's secret.
    ///
    /// # Errors
    /// [`Error`] if the store fails; the link works on then.
    pub async fn claim_admin(
        &self,
        identity: &Identity,
        secret: &Secret<String>,
        origin: &Origin,
    ) -> Result<Told<ClaimVerdict>, Error> {
        let charge = match Charge::take(self, self.buckets().claim_admin(&identity.user.to_bytes())).await {
            Ok(charge) => charge,
            Err(refused) => {
                let actor = Actor::User(identity.user);
                self.audit_limit(&refused, actor, Some(identity.user), origin, "claim_admin").await?;
                let readings = refused.readings.clone();
                return Ok((ClaimVerdict::Limited(refused), readings));
            }
        };
        let verdict = retrying(|| self.write_claim(identity, secret, origin)).await?;
        let is_good = matches!(verdict, ClaimVerdict::Claimed(_));
        Ok((verdict, if is_good { charge.give_back(self).await } else { charge.keep() }))
    }

    async fn write_claim(
        &self,
        identity: &Identity,
        secret: &Secret<String>,
        origin: &Origin,
    ) -> Result<ClaimVerdict, Error> {
        let mut tx = self.store().begin().await?;
        let now = tx.now();
        if self.wants_verified_email() && tx.find_user(identity.user).await?.is_some_and(|user| !user.email_verified) {
            return Ok(ClaimVerdict::Unverified);
        }
        let token = tx.consume_one_time_token(&hash_of(secret.expose()), Purpose::ClaimAdmin, now).await?;
        let person = tx.find_user(identity.user).await?.filter(User::is_active);
        let is_free = !tx.has_other_active_with_role(ADMIN, None).await?;
        let actor = Actor::User(identity.user);
        let (Some(_), Some(person), true) = (token, person, is_free) else {
            let record = self.record(tx.as_ref(), Event::AccessDenied, actor, origin);
            tx.audit(record.of(identity.user).in_session(identity.session).refused("admin_claim"));
            tx.commit().await?;
            return Ok(ClaimVerdict::Invalid);
        };
        let roles: Vec<String> = [ADMIN.to_owned()].into_iter().chain(person.roles).collect();
        let ver = tx.set_user_roles(identity.user, &roles).await?.ok_or(Error::KeptChanging)?;
        self.sessions().supersede_in(tx.as_mut(), &[(identity.user, ver)], "admin_claimed").await?;
        let user = tx.find_user(identity.user).await?.ok_or(Error::KeptChanging)?;
        let record = self.record(tx.as_ref(), Event::AdminClaimed, actor, origin);
        tx.audit(record.of(user.id).in_session(identity.session).with("role", ADMIN));
        tx.commit().await?;
        Ok(ClaimVerdict::Claimed(Box::new(user)))
    }
}

fn hash_of(secret: &str) -> [u8; 32] {
    digest::digest(&digest::SHA256, secret.as_bytes()).as_ref().first_chunk().copied().unwrap_or_default()
}
