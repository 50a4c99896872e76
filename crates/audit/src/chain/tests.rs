use std::collections::BTreeSet;

use countersign_kernel::{AuditId, RequestId, SessionId, Timestamp, UserId};

use super::*;
use crate::blinding::{Blinding, Salt};
use crate::event::{Event, Outcome};
use crate::testing;

/// Takes the canonical bytes apart by the table of the module doc, with none of the code that wrote them.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take(&mut self, n: usize) -> Vec<u8> {
        let (head, rest) = self.0.split_at(n);
        self.0 = rest;
        head.to_vec()
    }

    fn id(&mut self) -> [u8; 16] {
        self.take(16).try_into().unwrap()
    }

    fn length(&mut self) -> usize {
        u32::from_be_bytes(self.take(4).try_into().unwrap()) as usize
    }

    fn text(&mut self) -> String {
        let length = self.length();
        String::from_utf8(self.take(length)).unwrap()
    }

    fn option<T>(&mut self, read: impl Fn(&mut Self) -> T) -> Option<T> {
        match self.take(1)[..] {
            [0] => None,
            [1] => Some(read(self)),
            _ => panic!("neither 0 nor 1"),
        }
    }

    fn record(&mut self) -> Record {
        assert_eq!(self.take(1), [2], "version");
        Record {
            id: AuditId::from_bytes(self.id()),
            at: Timestamp::from_micros(i64::from_be_bytes(self.take(8).try_into().unwrap())),
            event: Event::parse(&self.text()).unwrap(),
            outcome: Outcome::parse(&self.text()).unwrap(),
            reason: self.option(Self::text),
            actor: match self.text().as_str() {
                "anonymous" => Actor::Anonymous,
                "operator" => Actor::Operator,
                "system" => Actor::System,
                "user" => Actor::User(UserId::from_bytes(self.id())),
                other => panic!("{other}"),
            },
            subject: self.option(Self::id).map(UserId::from_bytes),
            session: self.option(Self::id).map(SessionId::from_bytes),
            address: None,
            user_agent: None,
            account: None,
            blinding: Blinding::Erased(Hash(self.take(32).try_into().unwrap())),
            request: self.option(Self::id).map(RequestId::from_bytes),
            detail: (0..self.length()).map(|_| (self.text(), self.text())).collect(),
        }
    }
}

/// Records that differ from each other in one field only.
fn siblings() -> Vec<Record> {
    let base = testing::record(1);
    let changed = |change: fn(&mut Record)| {
        let mut record = base.clone();
        change(&mut record);
        record
    };
    vec![
        changed(|_| {}),
        changed(|r| r.id = AuditId::from_bytes([9; 16])),
        changed(|r| r.at = Timestamp::from_micros(r.at.as_micros() + 1)),
        changed(|r| r.event = Event::SignedIn),
        changed(|r| r.outcome = Outcome::Success),
        changed(|r| r.reason = None),
        changed(|r| r.reason = Some(String::new())),
        changed(|r| r.actor = Actor::Anonymous),
        changed(|r| r.actor = Actor::Operator),
        changed(|r| r.actor = Actor::System),
        changed(|r| r.actor = Actor::User(UserId::from_bytes([2; 16]))),
        changed(|r| r.subject = None),
        changed(|r| r.session = None),
        changed(|r| r.address = None),
        changed(|r| r.user_agent = None),
        changed(|r| std::mem::swap(&mut r.address, &mut r.user_agent)),
        changed(|r| r.account = Some("a".to_owned())),
        changed(|r| r.blinding = Blinding::Salt(Salt([8; 16]))),
        changed(|r| r.request = None),
        changed(|r| r.detail.clear()),
        changed(|r| {
            r.detail.insert("tr".to_owned(), "y1".to_owned());
        }),
    ]
}

#[test]
fn the_documented_form_reads_back_to_the_record() {
    for record in siblings() {
        let bytes = canonical_bytes(&record);
        let mut reader = Reader(&bytes);
        let mut bare = record;
        bare.erase();

        assert_eq!(reader.record(), bare, "all but what the commitment stands for");
        assert!(reader.0.is_empty(), "nothing is left over");
    }
}

#[test]
fn each_field_counts_in_the_hash() {
    let hashes: BTreeSet<String> = siblings().iter().map(|r| Hash::ZERO.then(r).to_string()).collect();

    assert_eq!(hashes.len(), siblings().len());
}

#[test]
fn the_hash_depends_on_all_before_it() {
    let (a, b) = (testing::record(1), testing::record(2));

    let forward = Link::START.then(&a).then(&b);
    let backward = Link::START.then(&b).then(&a);

    assert_eq!((forward.seq, backward.seq), (2, 2));
    assert_ne!(forward.hash, backward.hash);
}

#[test]
fn version_2_never_changes() {
    // Made once by an independent program from the table in the module doc. If this fails, every chain out there breaks:
    // make a version 3 instead.
    let record = testing::record(1);

    assert_eq!(Hash::ZERO.then(&record).to_string(), VERSION_2);
}

const VERSION_2: &str = "b67ae125b9d615d3c6661e7a8f18521d4ab607382dda9ddd9e08d104683d456c";

#[test]
fn a_hash_reads_back_from_its_text_and_from_no_other() {
    let hash = Hash::ZERO.then(&testing::record(1));
    let text = hash.to_string();

    assert_eq!(Hash::parse(&text), Some(hash));
    for wrong in
        [text.to_uppercase(), text[1..].to_owned(), format!("{text}0"), text.replace(&text[..2], "g0"), "é".repeat(32)]
    {
        assert_eq!(Hash::parse(&wrong), None, "{wrong}");
    }
}
