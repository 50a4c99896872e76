//! Does again what the journal says was done after a backup.
//!
//! Promises: what had ended is ended, whoever was deleted is deleted, whoever was disabled is disabled, and each of their revocations
//! that still matters is in the log again, under a new number. Doing it twice changes nothing further. What cannot be done again
//! (the new password is nowhere) is told.

use std::collections::BTreeSet;

use countersign_audit::Event;
use countersign_kernel::{KeyId, UserId};
use countersign_store::{EndReason, Ended, Error, NewRevocation, Store, Target, Tx, UserStatus};

use crate::journal::{Account, Act, Line, Mark};

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) sessions_ended: u64,
    pub(super) accounts_deleted: u64,
    pub(super) accounts_switched: u64,
    pub(super) keys_withdrawn: BTreeSet<KeyId>,
    pub(super) passwords_back: Vec<UserId>,
    pub(super) rights_back: Vec<UserId>,
}

/// Replays the lines in their order, a few at a time.
pub(super) async fn replay(store: &dyn Store, lines: &[Line]) -> Result<Tally, Error> {
    let mut tally = Tally::default();
    for batch in lines.chunks(BATCH) {
        let mut tx = store.begin().await?;
        for line in batch {
            for revoked in &line.revoked {
                again(tx.as_mut(), revoked.record(), &mut tally).await?;
            }
            for act in &line.acts {
                act_again(tx.as_mut(), act, &mut tally).await?;
            }
            if let Some(Mark::Restored { ended_all: true, .. }) = line.mark {
                let ended = Ended { at: line.at, reason: EndReason::Restored };
                tally.sessions_ended += tx.end_every_session(ended).await?;
            }
        }
        tx.commit().await?;
    }
    for people in [&mut tally.passwords_back, &mut tally.rights_back] {
        people.sort_unstable();
        people.dedup();
    }
    Ok(tally)
}

async fn again(tx: &mut dyn Tx, record: NewRevocation, tally: &mut Tally) -> Result<(), Error> {
    let reason = EndReason::parse(&record.reason).unwrap_or(EndReason::Restored);
    let ended = Ended { at: record.at, reason };
    let is_ending = record.effect == countersign_store::Effect::Ended;
    match record.target {
        Target::Session(session) if is_ending => {
            tally.sessions_ended += u64::from(tx.end_session(session, ended).await?.is_some());
        }
        Target::Person { user, below, except } => {
            // Also where the sessions live on: tokens of the lost time carry it, and one that is yet to come is refused.
            tx.raise_user_ver_to(user, below).await?;
            if is_ending {
                // Every session in the backup is older than the act.
                tally.sessions_ended += tx.end_sessions_of(user, except, ended).await?;
            }
        }
        Target::Key(key) => {
            tally.keys_withdrawn.insert(key);
        }
        Target::Session(_) | Target::Token(_) => {}
    }
    if record.until > tx.now() {
        tx.revoke(record);
    }
    Ok(())
}

async fn act_again(tx: &mut dyn Tx, act: &Act, tally: &mut Tally) -> Result<(), Error> {
    let Some(user) = act.subject else { return Ok(()) };
    match act.account() {
        Some(Account::Deleted) => {
            // What the backup still has of the person goes again. Tries at the address before there was an account name nobody,
            // and their hash is not known here: they go with their age.
            tx.erase_audit_person(user, "").await?;
            tally.accounts_deleted += u64::from(tx.delete_user(user).await?);
        }
        Some(Account::Disabled) => {
            let switched = tx.set_user_status(user, UserStatus::Disabled).await?;
            tally.accounts_switched += u64::from(switched.is_some());
        }
        Some(Account::Enabled) => {
            let switched = tx.set_user_status(user, UserStatus::Active).await?;
            tally.accounts_switched += u64::from(switched.is_some());
        }
        None if tx.find_user(user).await?.is_none() => {}
        None if act.event == Event::PasswordChanged => tally.passwords_back.push(user),
        None => tally.rights_back.push(user),
    }
    Ok(())
}

/// Lines of one transaction.
const BATCH: usize = 100;
