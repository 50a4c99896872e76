//! Records for the tests of this crate.

use std::sync::Arc;

use countersign_jose::{Algorithm, SigningKey};
use countersign_kernel::{Clock, Entropy, Env, Origin, RequestId, SessionId, Timestamp, UserId};

use crate::{Actor, Event, Link, Place, Record};

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_763_763_515_123_456)
    }
}

impl Entropy for Fixed {
    fn fill(&self, target: &mut [u8]) {
        target.fill(7);
    }
}

pub(crate) fn env() -> Env {
    Env::new(Arc::new(Fixed), Arc::new(Fixed))
}

pub(crate) fn origin() -> Origin {
    let mut origin = Origin::local(RequestId::from_bytes([3; 16]));
    origin.address = "192.0.2.7".parse().ok();
    origin.user_agent = Some("Firefox/145".to_owned());
    origin
}

/// A record with every field set; `n` makes it different from others.
pub(crate) fn record(n: u8) -> Record {
    let user = UserId::from_bytes([n; 16]);
    Record::new(Event::SignInFailed, Actor::User(user), &origin(), env().now(), &env())
        .refused("wrong_password")
        .of(user)
        .in_session(SessionId::from_bytes([n; 16]))
        .with("try", n.to_string())
}

/// `n` records, chained.
pub(crate) fn chain(n: u8) -> Vec<(Place, Record)> {
    let mut last = Link::START;
    (1..=n)
        .map(|i| {
            let record = record(i);
            let place = Place::behind(last, &record);
            last = place.link;
            (place, record)
        })
        .collect()
}

/// A key that goes by its thumbprint; `n` makes it different from others.
pub(crate) fn signing_key(n: u8) -> SigningKey {
    SigningKey::generate(Algorithm::EdDSA, None, |target| target.fill(n)).unwrap()
}
