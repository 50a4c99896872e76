//! The commitment to a record's personal fields, and their destruction.
//!
//! The commitment is SHA-256 over the text `countersign audit person 2`, a zero byte, the 16 bytes of the salt, and then
//! `address`, `userAgent` and `account`, each as an option of text ([`crate::chain`] has the forms).

use countersign_kernel::UserId;

use crate::blinding::Blinding;
use crate::canonical::Canonical;
use crate::hash::Hash;
use crate::record::{Actor, Record};

impl Record {
    /// The commitment to `address`, `userAgent` and `account` that the chain holds.
    #[must_use]
    pub fn commitment(&self) -> Hash {
        match self.blinding {
            Blinding::Erased(commitment) => commitment,
            Blinding::Salt(salt) => {
                let mut fields = Canonical::default();
                fields.option(self.address.as_deref(), Canonical::text);
                fields.option(self.user_agent.as_deref(), Canonical::text);
                fields.option(self.account.as_deref(), Canonical::text);
                Hash::of(&[DOMAIN, &salt.0, &fields.0])
            }
        }
    }

    /// Destroys the personal fields and their salt. The record keeps its place in the chain.
    pub fn erase(&mut self) {
        self.blinding = Blinding::Erased(self.commitment());
        self.address = None;
        self.user_agent = None;
        self.account = None;
    }

    /// Whether the personal fields are those of `person`: he acted, or it was done to him by nobody else who was signed in.
    /// What an administrator did to him came from the administrator's address.
    #[must_use]
    pub fn is_personal_to(&self, person: UserId) -> bool {
        match self.actor {
            Actor::User(actor) => actor == person,
            Actor::Anonymous | Actor::Operator | Actor::System => self.subject == Some(person),
        }
    }

    /// Whether nothing is said beside what the chain holds: an erased record has no personal fields.
    pub(crate) const fn says_only_what_is_bound(&self) -> bool {
        match self.blinding {
            Blinding::Salt(_) => true,
            Blinding::Erased(_) => self.address.is_none() && self.user_agent.is_none() && self.account.is_none(),
        }
    }
}

const DOMAIN: &[u8] = b"countersign audit person 2\0";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blinding::Salt;
    use crate::chain::Link;
    use crate::testing::record;

    #[test]
    fn an_erased_record_keeps_its_hash_and_none_of_its_personal_fields() {
        let whole = record(1);
        let mut erased = whole.clone();
        erased.account = Some("0123456789abcdef".to_owned());
        let before = Link::START.then(&erased);

        erased.erase();

        assert_eq!(Link::START.then(&erased), before);
        assert_eq!((erased.address, erased.user_agent, erased.account), (None, None, None));
        assert!(whole.address.is_some() && whole.user_agent.is_some());
    }

    #[test]
    fn to_erase_twice_changes_nothing() {
        let mut once = record(1);
        once.erase();
        let mut twice = once.clone();
        twice.erase();

        assert_eq!(once, twice);
    }

    #[test]
    fn the_same_fields_under_another_salt_have_another_commitment() {
        let mut other = record(1);
        other.blinding = Blinding::Salt(Salt([9; 16]));

        assert_ne!(record(1).commitment(), other.commitment());
    }

    // What an attacker who can write the database would do to put words into the mouth of an erased record.
    #[test]
    fn an_erased_record_that_says_something_again_fits_no_hash() {
        let mut erased = record(1);
        erased.erase();
        let honest = Link::START.then(&erased);
        erased.address = Some("203.0.113.9".to_owned());

        assert_ne!(Link::START.then(&erased), honest);
    }

    #[test]
    fn what_an_administrator_did_is_not_the_persons() {
        let (ada, admin) = (UserId::from_bytes([1; 16]), UserId::from_bytes([2; 16]));
        let by = |actor: Actor| Record { actor, subject: Some(ada), ..record(1) };

        assert!(by(Actor::User(ada)).is_personal_to(ada));
        assert!(by(Actor::Anonymous).is_personal_to(ada));
        assert!(by(Actor::System).is_personal_to(ada));
        assert!(!by(Actor::User(admin)).is_personal_to(ada));
        assert!(by(Actor::User(admin)).is_personal_to(admin));
    }
}
