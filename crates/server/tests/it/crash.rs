//! Kill -9 under load, again and again, on one data directory.
//!
//! After each kill the server starts on what is left, and everything that it had answered for still holds: who was signed
//! out is out, a new account is there, a new password counts, and nobody honest is asked to sign in. What it had not answered
//! may or may not have happened, but not by half.
//!
//! A process dies here, not the machine: what the operating system was told is not lost. The seed is printed; set
//! COUNTERSIGN_TEST_SEED to choose it. It fixes what people do, not how the machine interleaves it.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_kernel::{Entropy, Env};
use countersign_testkit::{Actor, Loot, Method, PASSWORD, Process, Reply, SeededEntropy, Value, json};
use futures_util::future::join_all;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::Notify;

use crate::support::server;

/// How often it is killed.
const KILLS: u32 = 50;

/// At which acknowledged act of the newcomers it is killed: from the first to this one. The residents never rest meanwhile.
const ACTS: u64 = 12;

/// How many people come and go at the same time.
const NEWCOMERS: u32 = 3;

/// What some change their password to.
const NEW_PASSWORD: &str = "heron-violin-77-quarry";

#[tokio::test]
async fn nothing_acknowledged_is_lost_and_nobody_honest_is_signed_out_by_fifty_kills() {
    let seed = seed();
    println!("COUNTERSIGN_TEST_SEED={seed}");
    let dice = Dice(SeededEntropy::new(seed));
    // How long one may wait for a hash is not the question here, and the machine may be busy.
    let server = server().setting("LIMITS__ENABLED", "false").setting("PASSWORDS__QUEUE_SECONDS", "30");
    let mut process = server.start().await;

    let mut residents = Vec::new();
    for (name, uses_ids) in [("ada", true), ("bob", true), ("cleo", false), ("dan", false)] {
        residents.push(Resident { actor: process.member(name).await, uses_ids, attempt: None, last: None });
    }
    let ledger = Rc::new(Ledger::default());

    for round in 0..KILLS {
        let load = Load { ledger: Rc::clone(&ledger), left: Cell::new(dice.below(ACTS) + 1), over: Notify::new() };
        put_under_load(&load, &process, &mut residents, &dice, round).await;
        process.kill();

        process = process.restart().await;
        assert!(is_sound(&process), "round {round}: the database is corrupt");
        for resident in &mut residents {
            resident.actor = process.meet_again(&resident.actor);
            resident.refresh_after_a_kill(round).await;
        }
        for claim in ledger.fresh.take() {
            claim.check(&process, round).await;
            ledger.settled.borrow_mut().push(claim);
        }
        if round % 10 == 9 {
            let _ = process.run(&["audit", "verify"]).expect(0);
        }
    }

    // What held after its own kill holds after all later ones.
    let settled = ledger.settled.take();
    for claim in settled.iter().filter(|claim| claim.is_cheap()) {
        claim.check(&process, KILLS).await;
    }
    assert!(settled.len() > 50, "only {} acts were acknowledged: this proves little", settled.len());
    assert_eq!(process.terminate().code(), Some(0));
    let report = process.run(&["audit", "verify", "--json"]).expect(0).json();
    assert_eq!(report["unsealed"], 0, "{report}");
}

/// Somebody honest who is there from the beginning and is never asked to sign in again.
struct Resident {
    actor: Actor,
    uses_ids: bool,
    attempt: Option<String>,
    last: Option<String>,
}

impl Resident {
    /// Refreshes as an SDK does, or as a client without attempt ids.
    async fn refresh(&mut self, dice: &Dice) -> io::Result<Reply> {
        let body = if self.uses_ids {
            let attempt = self.attempt.get_or_insert_with(|| dice.attempt_id()).clone();
            self.last.as_ref().map_or_else(
                || json!({"attemptId": attempt}),
                |last| json!({"attemptId": attempt, "lastAttemptId": last}),
            )
        } else {
            Value::Null
        };
        let reply = self.actor.refresh_call(body).try_send().await?;
        if reply.json()["rotated"] == true {
            self.last = self.attempt.take();
        }
        Ok(reply)
    }

    async fn refresh_after_a_kill(&mut self, round: u32) {
        let dice = Dice(SeededEntropy::new(u64::from(round)));
        let reply = self.refresh(&dice).await.unwrap();
        assert_eq!(reply.status(), 200, "round {round}: {} was signed out: {reply}", self.actor.email);
        let verified =
            self.actor.call(Method::GET, "/api/auth/verify").bearer(&reply.text_at("/accessToken")).send().await;
        assert_eq!(verified.status(), 200, "round {round}: {}: {verified}", self.actor.email);
    }
}

/// Something that the server has acknowledged, and so must hold.
enum Claim {
    /// The account is there and its session lives.
    Registered(Actor),
    /// The session has ended.
    Ended(Actor, Loot),
    /// The account is there; what became of its session is in doubt.
    SignsIn(Actor),
    /// The new password counts and the old one does not; the other session has ended and this one lives.
    Password(Box<PasswordChange>),
    /// One of the two passwords counts: the change was not acknowledged.
    EitherPassword(Actor),
}

/// Whose password was changed, and the session of the same person that had to end.
struct PasswordChange {
    actor: Actor,
    other: Actor,
    loot: Loot,
}

impl Claim {
    async fn check(&self, process: &Process, round: u32) {
        match self {
            Self::Registered(actor) => {
                let actor = process.meet_again(actor);
                let reply = actor.refresh().await;
                assert_eq!(reply.status(), 200, "round {round}: the account {} is lost: {reply}", actor.email);
                assert_eq!(actor.get("/api/user/profile").await.text_at("/email"), actor.email);
            }
            Self::Ended(actor, loot) => is_ended(process, actor, loot, round).await,
            Self::SignsIn(actor) => {
                let reply = process.meet_again(actor).elsewhere().sign_in().await;
                assert_eq!(reply.status(), 200, "round {round}: the account {} is lost: {reply}", actor.email);
            }
            Self::Password(change) => {
                let PasswordChange { actor, other, loot } = change.as_ref();
                is_ended(process, other, loot, round).await;
                let here = process.meet_again(actor);
                assert_eq!(here.refresh().await.status(), 200, "round {round}: {}", actor.email);
                assert_eq!(passwords_that_count(&here).await, [NEW_PASSWORD], "round {round}: {}", actor.email);
            }
            Self::EitherPassword(actor) => {
                let counting = passwords_that_count(&process.meet_again(actor)).await;
                assert_eq!(counting.len(), 1, "round {round}: {} {counting:?}", actor.email);
            }
        }
    }

    /// Whether looking again is cheap: it hashes nothing.
    const fn is_cheap(&self) -> bool {
        matches!(self, Self::Registered(_) | Self::Ended(..))
    }
}

async fn passwords_that_count(actor: &Actor) -> Vec<&'static str> {
    let mut counting = Vec::new();
    for password in [PASSWORD, NEW_PASSWORD] {
        let reply = actor.elsewhere().sign_in_with(password).await;
        match reply.status() {
            200 => counting.push(password),
            401 => {}
            _ => panic!("{}: {reply}", actor.email),
        }
    }
    counting
}

async fn is_ended(process: &Process, actor: &Actor, loot: &Loot, round: u32) {
    let thief = process.meet_again(&actor.elsewhere());
    thief.take(loot);
    let (email, page, token) = (&actor.email, thief.get("/api/user/profile").await, thief.refresh().await);
    assert_eq!(page.code(), "TOKEN_REVOKED", "round {round}: {email} is signed in again: {page}");
    assert_eq!(token.code(), "TOKEN_REVOKED", "round {round}: {email} is signed in again: {token}");
}

/// What was acknowledged since the last start, and before.
#[derive(Default)]
struct Ledger {
    fresh: RefCell<Vec<Claim>>,
    settled: RefCell<Vec<Claim>>,
}

/// The load of one round.
struct Load {
    ledger: Rc<Ledger>,
    left: Cell<u64>,
    over: Notify,
}

impl Load {
    /// Counts an acknowledged act; the last one calls the killer.
    fn acknowledged(&self) {
        self.left.set(self.left.get().saturating_sub(1));
        if self.left.get() == 0 {
            self.over.notify_one();
        }
    }

    fn claim(&self, claim: Claim) {
        self.ledger.fresh.borrow_mut().push(claim);
    }
}

/// Lets everybody act at once until enough was acknowledged, and kills the process then: whatever is under way is cut off.
async fn put_under_load(load: &Load, process: &Process, residents: &mut [Resident], dice: &Dice, round: u32) {
    let of_residents: Vec<Dice> = residents.iter().map(|_| dice.split()).collect();
    let of_newcomers: Vec<Dice> = (0..NEWCOMERS).map(|_| dice.split()).collect();
    let staying = residents.iter_mut().zip(&of_residents).map(|(resident, dice)| async move {
        while let Ok(reply) = resident.refresh(dice).await {
            assert_eq!(reply.status(), 200, "round {round}: {} was signed out: {reply}", resident.actor.email);
        }
    });
    let coming = of_newcomers.iter().enumerate().map(|(lane, dice)| async move {
        for number in 0.. {
            let newcomer = process.stranger(&format!("r{round}-{lane}-{number}"));
            if come_and_go(load, &newcomer, dice).await.is_err() {
                return;
            }
        }
    });
    let killer = async {
        load.over.notified().await;
        process.signal("KILL");
    };
    let _ = tokio::join!(join_all(staying), join_all(coming), killer);
}

/// Registers and does one thing more. An error is the death of the process: what was asked for then is in doubt.
async fn come_and_go(load: &Load, actor: &Actor, dice: &Dice) -> io::Result<()> {
    enter(actor, "/api/auth/register", json!({"email": actor.email, "password": PASSWORD, "name": "N"}), 201).await?;
    load.acknowledged();
    match dice.below(6) {
        0 => end(load, actor, "/api/auth/logout").await,
        1 => end(load, actor, "/api/auth/logout-all").await,
        2 => end_another(load, actor).await,
        3 => change_password(load, actor).await,
        _ => {
            load.claim(Claim::Registered(actor.clone()));
            Ok(())
        }
    }
}

async fn end(load: &Load, actor: &Actor, path: &str) -> io::Result<()> {
    let loot = actor.loot();
    let Ok(reply) = actor.call(Method::POST, path).try_send().await else {
        load.claim(Claim::SignsIn(actor.clone()));
        return Err(io::ErrorKind::BrokenPipe.into());
    };
    assert_eq!(reply.status(), 200, "{reply}");
    load.acknowledged();
    load.claim(Claim::Ended(actor.clone(), loot));
    Ok(())
}

async fn end_another(load: &Load, actor: &Actor) -> io::Result<()> {
    load.claim(Claim::Registered(actor.clone()));
    let (other, session) = sign_in_elsewhere(load, actor).await?;
    let path = format!("/api/user/sessions/{session}");
    let reply = actor.call(Method::DELETE, &path).try_send().await?;
    assert_eq!(reply.status(), 204, "{reply}");
    load.acknowledged();
    let loot = other.loot();
    load.claim(Claim::Ended(other, loot));
    Ok(())
}

async fn change_password(load: &Load, actor: &Actor) -> io::Result<()> {
    let signed_in = sign_in_elsewhere(load, actor).await;
    let Ok((other, _)) = signed_in else {
        load.claim(Claim::Registered(actor.clone()));
        return signed_in.map(drop);
    };
    let body = json!({"currentPassword": PASSWORD, "newPassword": NEW_PASSWORD});
    let Ok(reply) = actor.call(Method::POST, "/api/user/password").json(body).try_send().await else {
        load.claim(Claim::EitherPassword(actor.clone()));
        return Err(io::ErrorKind::BrokenPipe.into());
    };
    assert_eq!(reply.status(), 200, "{reply}");
    load.acknowledged();
    let loot = other.loot();
    load.claim(Claim::Password(Box::new(PasswordChange { actor: actor.clone(), other, loot })));
    Ok(())
}

async fn sign_in_elsewhere(load: &Load, actor: &Actor) -> io::Result<(Actor, String)> {
    let other = actor.elsewhere();
    let reply = enter(&other, "/api/auth/login", json!({"email": actor.email, "password": PASSWORD}), 200).await?;
    load.acknowledged();
    Ok((other, reply.text_at("/session/id")))
}

/// Registers or signs in, and keeps the tokens. (`Actor::register` fails its test where the server dies.)
async fn enter(actor: &Actor, path: &str, body: Value, status: u16) -> io::Result<Reply> {
    let reply = actor.call(Method::POST, path).anonymous().json(body).try_send().await?;
    assert_eq!(reply.status(), status, "{}: {reply}", actor.email);
    actor.set_access_token(&reply.text_at("/accessToken"));
    Ok(reply)
}

fn is_sound(process: &Process) -> bool {
    let path = process.folder().join("countersign-data/countersign.db");
    let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let verdict: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    let mut orphans = database.prepare("PRAGMA foreign_key_check").unwrap();
    verdict == "ok" && !orphans.exists([]).unwrap()
}

/// Chance of a seed.
struct Dice(SeededEntropy);

impl Dice {
    fn word(&self) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn below(&self, bound: u64) -> u64 {
        self.word() % bound
    }

    fn split(&self) -> Self {
        Self(SeededEntropy::new(self.word()))
    }

    fn attempt_id(&self) -> String {
        let mut bytes = [0; 16];
        self.0.fill(&mut bytes);
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

#[expect(clippy::disallowed_methods, reason = "a seed may be chosen from outside")]
fn seed() -> u64 {
    let chosen = std::env::var("COUNTERSIGN_TEST_SEED").ok().and_then(|text| text.parse().ok());
    chosen.unwrap_or_else(|| u64::from_le_bytes(Env::system().entropy().bytes()))
}
