use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;

const SESSION: &str = "ses_1";

/// An answer: a refresh token of this generation, an access token alone, or a refusal.
fn answer(status: u16, generation: Option<u64>, code: &str) -> Answer {
    let mut token = [0; 70];
    token[22..30].copy_from_slice(&generation.unwrap_or(0).to_be_bytes());
    let body = serde_json::json!({
        "code": code,
        "rotated": generation.is_some(),
        "refreshToken": generation.map(|_| URL_SAFE_NO_PAD.encode(token)),
        "session": {"expiresIn": 259_200, "idleExpiresIn": 86_400},
    });
    let body = body.to_string();
    let head = format!("HTTP/1.1 {status} X\r\nX-Refresh-Case: any\r\nContent-Length: {}\r\n\r\n", body.len());
    Answer::read(format!("{head}{body}").as_bytes()).unwrap()
}

/// An oracle that knows of one session, and what it says of each answer.
struct Court(Oracle);

impl Court {
    fn new() -> Self {
        let mut oracle = Oracle::default();
        oracle.opened(SESSION, 0, 0, &answer(200, Some(0), ""));
        Self(oracle)
    }

    /// Whoever presents `presented` at this second is given this.
    fn hears(&mut self, at: At, party: Party, presented: u64, ids: [Option<&str>; 2], said: Answer) -> Option<Kind> {
        let [attempt, last] = ids;
        let (at, answer) = (at * SECOND, &said);
        let fact = Fact { session: SESSION, party, presented, attempt, last, at, server: at, age: at, answer };
        self.0.hear(&fact).map(|(kind, _)| kind)
    }

    fn rotates(&mut self, at: At, party: Party, presented: u64, id: Option<&str>) -> Option<Kind> {
        self.hears(at, party, presented, [id, None], answer(200, Some(presented + 1), ""))
    }

    fn is_thin(&mut self, at: At, party: Party, presented: u64, id: Option<&str>) -> Option<Kind> {
        self.hears(at, party, presented, [id, None], answer(200, None, ""))
    }

    fn is_told(&mut self, at: At, party: Party, presented: u64, code: &str) -> Option<Kind> {
        self.hears(at, party, presented, [None; 2], answer(401, None, code))
    }
}

#[test]
fn an_honest_session_may_be_refused_after_its_deadline_and_not_before() {
    for (at, code, wrong) in [
        (60, "TOKEN_REUSED", true),
        (60, "TOKEN_INVALID", true),
        (86_399, "TOKEN_EXPIRED", true),
        (86_400, "TOKEN_EXPIRED", false),
    ] {
        let said = Court::new().is_told(at, Party::Owner, 0, code);
        assert_eq!(said, wrong.then_some(Kind::FalseSignOut), "{code} at {at}");
    }
}

#[test]
fn a_session_that_was_opened_after_the_backup_is_unknown_and_no_other_may_be() {
    for (is_in_backup, wrong) in [(false, None), (true, Some(Kind::FalseSignOut))] {
        let mut court = Court::new();
        if is_in_backup {
            court.0.backed_up();
        }
        court.0.put_back();
        assert_eq!(court.is_told(60, Party::Owner, 0, "TOKEN_INVALID"), wrong);
    }
}

#[test]
fn a_copied_session_may_be_ended_only_once_the_copy_was_used() {
    for (is_used, wrong) in [(true, None), (false, Some(Kind::FalseSignOut))] {
        let mut court = Court::new();
        court.0.copied(SESSION, BTreeSet::new());
        if is_used {
            court.0.is_used(SESSION);
        }
        assert_eq!(court.is_told(60, Party::Owner, 0, "TOKEN_REUSED"), wrong);
    }
}

#[test]
fn nobody_is_answered_after_the_end() {
    let mut court = Court::new();
    court.0.is_used(SESSION);
    assert_eq!(court.is_told(60, Party::Thief, 0, "TOKEN_REUSED"), None);
    assert_eq!(court.is_thin(60, Party::Owner, 0, None), None, "judged at the same moment, perhaps before");
    assert_eq!(court.is_thin(61, Party::Owner, 0, None), Some(Kind::Undead));
}

#[test]
fn an_end_outlives_the_backup_that_is_put_back() {
    let mut court = Court::new();
    court.0.backed_up();
    court.0.is_used(SESSION);
    assert_eq!(court.is_told(60, Party::Thief, 0, "TOKEN_REUSED"), None);
    court.0.put_back();
    assert_eq!(court.is_told(61, Party::Owner, 0, "TOKEN_REVOKED"), None);
    assert_eq!(court.is_thin(62, Party::Owner, 0, None), Some(Kind::Undead));
    assert_eq!(court.0.audit(&BTreeMap::new()), [], "what was found is in the log that is lost");
}

#[test]
fn a_thief_is_not_answered_when_the_owner_has_gone_beyond_his_reach() {
    let mut court = Court::new();
    court.0.copied(SESSION, BTreeSet::new());
    court.0.is_used(SESSION);
    assert_eq!(court.rotates(60, Party::Owner, 0, Some("a")), None);
    assert_eq!(court.is_thin(70, Party::Thief, 0, None), None);
    assert_eq!(court.rotates(120, Party::Owner, 1, Some("b")), None);

    assert_eq!(court.is_thin(149, Party::Thief, 0, None), None, "within W");
    assert_eq!(court.is_thin(150, Party::Thief, 0, None), Some(Kind::MissedTheft));
}

#[test]
fn whoever_knows_an_id_reaches_as_far_as_it_was_answered() {
    let mut court = Court::new();
    court.0.copied(SESSION, BTreeSet::from(["a".to_owned()]));
    court.0.is_used(SESSION);
    assert_eq!(court.rotates(60, Party::Owner, 0, Some("a")), None);
    assert_eq!(court.rotates(120, Party::Owner, 1, Some("b")), None);
    assert_eq!(court.is_thin(150, Party::Thief, 0, Some("a")), None);

    assert_eq!(court.rotates(180, Party::Owner, 2, Some("c")), None);
    assert_eq!(court.is_thin(210, Party::Thief, 0, Some("a")), Some(Kind::MissedTheft));
}

#[test]
fn what_a_thief_was_given_for_a_copied_id_is_within_the_owners_reach() {
    // The owner sleeps, and his id was copied before it was ever answered.
    for (copied, wrong) in [("a", None), ("b", Some(Kind::MissedTheft))] {
        let mut court = Court::new();
        court.0.copied(SESSION, BTreeSet::from([copied.to_owned()]));
        court.0.is_used(SESSION);
        for (at, presented) in [(60, 0), (120, 1), (180, 2)] {
            assert_eq!(court.rotates(at, Party::Thief, presented, Some("a")), None);
        }
        let again = court.hears(600, Party::Owner, 0, [Some("a"), None], answer(200, Some(3), ""));
        assert_eq!(again, wrong, "{copied}");
    }
}

#[test]
fn a_thief_is_never_given_the_owners_third_generation() {
    let mut court = Court::new();
    court.0.copied(SESSION, BTreeSet::new());
    court.0.is_used(SESSION);
    for (at, presented) in [(10, 0), (15, 1), (20, 2)] {
        assert_eq!(court.rotates(at, Party::Owner, presented, Some("a")), None);
    }
    assert_eq!(court.hears(21, Party::Thief, 0, [None; 2], answer(200, Some(2), "")), None);
    assert_eq!(court.hears(22, Party::Thief, 0, [None; 2], answer(200, Some(3), "")), Some(Kind::MissedTheft));
}

#[test]
fn the_audit_log_must_hold_what_was_found_and_nothing_else() {
    let logged = |times: u32| BTreeMap::from([(SESSION.to_owned(), times)]);
    let mut court = Court::new();
    assert_eq!((court.0.audit(&logged(0)).len(), court.0.audit(&logged(1)).len()), (0, 1));

    court.0.is_used(SESSION);
    assert_eq!(court.is_told(60, Party::Thief, 0, "TOKEN_REUSED"), None);
    assert_eq!([0, 1, 2].map(|times| court.0.audit(&logged(times)).len()), [1, 0, 1]);
    assert_eq!(court.0.thefts(), (1, 1));
}
