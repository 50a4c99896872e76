//! Puts a backup back (docs/design/backup.md).
//!
//! Promises: everything is checked and prepared in a copy before anything is replaced, and the replacement is one rename; what was there
//! is kept aside; a database that somebody has open is not touched. What had ended by then stays ended: either the journal of
//! sign-outs is replayed on the copy, or every session in it is ended. Numbers of revocations and versions of persons go on above
//! whatever the lost time used, so nothing that was revoked then is mistaken for something new. Honest sessions go on: row 3
//! of the refresh table takes up those that have rotated since, and whatever lived in the backup has its idle time anew.

mod place;
mod replay;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign_audit::{Actor, Event, Record};
use countersign_kernel::{Env, Lifetime, Origin, RequestId, Secret, Timestamp, UserId, hex};
use countersign_keys::{KeyPolicy, Keyring, MasterKey, Standing, Withdrawn};
use countersign_store::{EndReason, Ended, KeyState, Store};
use countersign_store_sql::file;
use countersign_store_sql::{Database, Options, SqlStore};
use countersign_trail::{Sealed, seal};

use crate::backup::{self, BackupError, Manifest, Workshop};
use crate::data_lock::DataLock;
use crate::journal::{self, FileJournal, Line, Mark};
use replay::Tally;

/// What is to become of the sessions in a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sessions {
    /// What the journal in this directory says has ended since is ended; the others go on.
    Replay(PathBuf),
    /// Every one is ended, and what was signed since is withdrawn.
    EndAll,
}

/// Where a backup is put back.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) database: PathBuf,
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) master_key: Option<Secret<String>>,
    pub(crate) env: Env,
    /// How long an unused session lives.
    pub(crate) idle: Lifetime,
}

/// A backup that has been checked and lies ready. Dropped, it leaves everything as it is.
pub struct Restore {
    manifest: Manifest,
    target: Target,
    master: MasterKey,
    /// The key that came with the backup, where it has to be written into the data directory.
    new_key: bool,
    copy: PathBuf,
    workshop: Workshop,
    lock: DataLock,
}

/// What the journal would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// How many acts it holds that came after the backup.
    pub acts: usize,
    /// Numbers that it lacks, from which to which.
    pub missing: Option<(u64, u64)>,
    /// Lines that cannot be read.
    pub damaged: u64,
}

/// What became of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restored {
    /// Sessions that were ended.
    pub sessions_ended: u64,
    /// Sessions that lived in the backup and may be unused for longer than it says: nobody knows who used them since.
    pub sessions_renewed: u64,
    /// Accounts that were deleted again.
    pub accounts_deleted: u64,
    /// Accounts that were disabled or enabled again.
    pub accounts_switched: u64,
    /// Signing keys that were withdrawn.
    pub keys_withdrawn: Vec<String>,
    /// People who have changed their password since: the one of before is their password again.
    pub passwords_back: Vec<UserId>,
    /// People whose rights were changed since: they have those of before again.
    pub rights_back: Vec<UserId>,
    /// Audit records that the replaced database had and this one has not; none where that could not be read.
    pub records_lost: Option<u64>,
    /// Where the replaced database is kept; none where there was none.
    pub kept: Option<PathBuf>,
}

impl Restore {
    /// Takes the database for itself, copies the backup beside it and checks the copy.
    pub(crate) async fn prepare(from: &Path, target: Target) -> Result<Self, BackupError> {
        let folder = target.database.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if let Some(directory) = &target.data_dir {
            crate::data_dir::prepare(directory)?;
        }
        let Some(lock) = DataLock::alone(&target.database)? else {
            return Err(BackupError::InUse(target.database));
        };
        let (manifest, carried) = backup::read(from)?;
        let (master, new_key) = master_key(&manifest, carried, &target)?;
        let workshop = Workshop::make(folder, &target.env)?;
        let copy = workshop.path().join("copy.db");
        backup::extract(from, &copy)?;
        backup::examine(&copy, &master, &target.env).await?;
        Ok(Self { manifest, target, master, new_key, copy, workshop, lock })
    }

    /// What the backup says of itself.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Where the journal of the database is that would be replaced.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        journal::beside(&self.target.database)
    }

    /// What a journal would do.
    ///
    /// # Errors
    /// [`BackupError::NoJournal`], or it cannot be read.
    pub fn reach(&self, journal: &Path) -> Result<Reach, BackupError> {
        let since = self.since(journal)?;
        let missing = since.gap.map(|gap| (gap.first, gap.last));
        Ok(Reach { acts: since.lines.len(), missing, damaged: since.damaged })
    }

    /// Settles what has ended and puts the copy in the place of the database.
    ///
    /// # Errors
    /// [`BackupError`]; the database is then what it was.
    pub async fn finish(self, sessions: &Sessions) -> Result<Restored, BackupError> {
        let before = file::facts(&self.target.database, Timestamp::EPOCH).await.ok();
        let store =
            SqlStore::open(Database::Sqlite { path: self.copy.clone() }, self.target.env.clone(), Options::default());
        let store = store.await?;
        let settled = self.settle(&store, sessions, before).await;
        store.close().await;
        let (mut restored, mark) = settled?;

        let beside = self.journal();
        if let Sessions::Replay(journal) = sessions {
            let tag = mark.at.as_seconds().to_string();
            journal::copy_into(journal, &beside, &tag).map_err(|source| BackupError::file(journal, source))?;
        }
        // Before the replacement: a mark without one is passed over by whoever reads the journal; the reverse would be a gap.
        FileJournal::mark(&beside, &mark).map_err(|source| BackupError::file(&beside, source))?;
        if self.new_key
            && let Some(directory) = &self.target.data_dir
        {
            crate::data_dir::keep_master_key(directory, &self.master, &self.target.env)?;
        }
        restored.kept = place::put(&self.copy, &self.target.database, mark.at).await?;
        drop((self.workshop, self.lock));
        Ok(restored)
    }

    /// Everything that is done to the copy; what came of it, and the journal's mark.
    async fn settle(
        &self,
        store: &Arc<SqlStore>,
        sessions: &Sessions,
        before: Option<file::Facts>,
    ) -> Result<(Restored, Line), BackupError> {
        let since = match sessions {
            Sessions::Replay(journal) => Some(self.covering(store, journal).await?),
            Sessions::EndAll => None,
        };
        let beside = self.journal();
        let known = if beside.is_dir() { self.since(&beside)?.last } else { 0 };
        let used = [
            self.manifest.revocations,
            known,
            since.as_ref().map_or(0, |s| s.last),
            before.map_or(0, |f| f.revocations),
        ];
        let mut last = used.into_iter().max().unwrap_or(0);
        if since.is_none() {
            // Nobody can say how many there were.
            last = last.saturating_add(UNSEEN);
        }
        let mut tx = store.begin().await?;
        tx.raise_revocation_head(last).await?;
        tx.commit().await?;

        let tally = match &since {
            Some(since) => replay::replay(store.as_ref(), &since.lines).await?,
            None => Tally { sessions_ended: self.end_all(store).await?, ..Tally::default() },
        };
        let sessions_renewed = self.renew(store).await?;
        let keys_withdrawn = self.withdraw(store, sessions, &tally).await?;
        let records_lost = before.map(|facts| {
            let had = facts.audit_seq.saturating_add(facts.audit_unsealed);
            had.saturating_sub(sealed_of(&self.manifest))
        });
        let restored = Restored {
            sessions_ended: tally.sessions_ended,
            sessions_renewed,
            accounts_deleted: tally.accounts_deleted,
            accounts_switched: tally.accounts_switched,
            keys_withdrawn,
            passwords_back: tally.passwords_back,
            rights_back: tally.rights_back,
            records_lost,
            kept: None,
        };
        self.write_down(store, sessions, &restored, before).await?;
        let head = store.heads().await?.0.seq;
        let mark = Mark::Restored { at: head, ended_all: since.is_none() };
        Ok((restored, Line::marking(store.now(), known, mark)))
    }

    /// The lines of a journal that holds all that ended since the backup.
    async fn covering(&self, store: &SqlStore, path: &Path) -> Result<journal::Since, BackupError> {
        let since = self.since(path)?;
        let Some(gap) = since.gap else { return Ok(since) };
        // What has been pruned was older than any session can be, so where no session lives nothing is missed.
        if file::facts(&self.copy, store.now()).await?.living_sessions == 0 {
            return Ok(since);
        }
        Err(BackupError::Gap { path: path.to_owned(), first: gap.first, last: gap.last })
    }

    fn since(&self, path: &Path) -> Result<journal::Since, BackupError> {
        if !path.is_dir() {
            return Err(BackupError::NoJournal(path.to_owned()));
        }
        journal::since(path, self.manifest.revocations).map_err(|source| BackupError::file(path, source))
    }

    async fn end_all(&self, store: &SqlStore) -> Result<u64, BackupError> {
        let mut tx = store.begin().await?;
        let ended = tx.end_every_session(Ended { at: tx.now(), reason: EndReason::Restored }).await?;
        tx.commit().await?;
        Ok(ended)
    }

    /// Gives whatever lived in the backup its idle time anew. It may have been used in the time that is lost, up to this moment, and its owner
    /// been promised as much; an answer without a refresh token leaves him nothing to show for it.
    async fn renew(&self, store: &SqlStore) -> Result<u64, BackupError> {
        let mut tx = store.begin().await?;
        // Where it cannot be read, only what still lives is renewed.
        let made_at = Timestamp::parse_rfc3339(&self.manifest.made_at).unwrap_or(tx.now());
        let renewed = tx.renew_idle_deadlines(made_at, tx.now() + self.target.idle).await?;
        tx.commit().await?;
        Ok(renewed)
    }

    /// Withdraws the keys that were withdrawn since; where every session ends, all keys: what was signed since for sessions that this
    /// database never knew must not be believed by resource servers either.
    async fn withdraw(
        &self,
        store: &Arc<SqlStore>,
        sessions: &Sessions,
        tally: &Tally,
    ) -> Result<Vec<String>, BackupError> {
        let port = Arc::clone(store) as Arc<dyn Store>;
        let rows = store.snapshot().await?.list_signing_keys().await?;
        let signing = rows.iter().find(|key| key.state == KeyState::Active).and_then(|key| key.algorithm.parse().ok());
        let default = KeyPolicy::default();
        let policy = KeyPolicy { algorithm: signing.unwrap_or(default.algorithm), ..default };
        let keyring = Keyring::start(port, self.master.clone(), self.target.env.clone(), policy).await?;
        let origin = Origin::local(RequestId::new(&self.target.env));
        let mut withdrawn = Vec::new();
        for key in keyring.list() {
            let is_meant = *sessions == Sessions::EndAll || tally.keys_withdrawn.contains(&key.id);
            if is_meant
                && key.standing != Standing::Withdrawn
                && let Withdrawn::Done { .. } = keyring.withdraw(&key.kid, None, Actor::Operator, &origin).await?
            {
                withdrawn.push(key.kid);
            }
        }
        Ok(withdrawn)
    }

    /// Voids links, codes, questions to authenticators and sign-ins that wait, some of which may have been used since, forgets devices,
    /// some of which may have been forgotten since, writes the record of all this, and seals it.
    async fn write_down(
        &self,
        store: &SqlStore,
        sessions: &Sessions,
        restored: &Restored,
        before: Option<file::Facts>,
    ) -> Result<(), BackupError> {
        let mut tx = store.begin().await?;
        while tx.sweep_one_time_tokens(Timestamp::from_micros(i64::MAX), BATCH).await? > 0 {}
        while tx.sweep_passkey_challenges(Timestamp::from_micros(i64::MAX), BATCH).await? > 0 {}
        while tx.sweep_pending_sign_ins(Timestamp::from_micros(i64::MAX), BATCH).await? > 0 {}
        while tx.sweep_remembered_devices(Timestamp::from_micros(i64::MAX), BATCH).await? > 0 {}
        let env = &self.target.env;
        let origin = Origin::local(RequestId::new(env));
        let record = Record::new(Event::BackupRestored, Actor::Operator, &origin, tx.now(), env)
            .because(if *sessions == Sessions::EndAll { "ended_all_sessions" } else { "journal_replayed" })
            .with("backup_made_at", &self.manifest.made_at)
            .with("sessions_ended", restored.sessions_ended.to_string())
            .with("sessions_renewed", restored.sessions_renewed.to_string())
            .with("accounts_deleted", restored.accounts_deleted.to_string())
            .with_name("sha256", &self.manifest.sha256)
            .with_name("trail_goes_on_from", &self.manifest.audit_head);
        // The trail of the lost time is not in this database: whoever reads it is told how far it went.
        let lost = restored.records_lost.map_or_else(|| "unknown".to_owned(), |lost| lost.to_string());
        let record = record.with("records_lost", lost);
        tx.audit(match before {
            Some(facts) => record.with_name("trail_was_at", &head_text(&facts)),
            None => record,
        });
        tx.commit().await?;
        while let Sealed::Batch { count: BATCH, .. } = seal(store, BATCH).await? {}
        Ok(())
    }
}

impl std::fmt::Debug for Restore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Restore").field("manifest", &self.manifest).finish_non_exhaustive()
    }
}

/// The master key that the backup needs, and whether it has to be written into the data directory.
fn master_key(
    manifest: &Manifest,
    carried: Option<Secret<String>>,
    target: &Target,
) -> Result<(MasterKey, bool), BackupError> {
    let file = target.data_dir.as_deref().map(crate::data_dir::master_key_file);
    let here = match (&target.master_key, &target.data_dir) {
        (Some(text), _) => Some(MasterKey::from_text(text.expose()).map_err(crate::error::Error::from)?),
        (None, Some(directory)) => crate::data_dir::find_master_key(directory)?,
        (None, None) => None,
    };
    let (key, is_new) = match (here, carried) {
        (Some(key), _) => (key, false),
        (None, Some(text)) => (MasterKey::from_text(text.expose()).map_err(crate::error::Error::from)?, true),
        (None, None) => {
            let fingerprint = manifest.master_key_fingerprint.clone();
            return Err(BackupError::MasterKeyMissing { fingerprint, file: file.unwrap_or_default() });
        }
    };
    let found = key.fingerprint_text();
    if found != manifest.master_key_fingerprint {
        return Err(BackupError::OtherMasterKey { wanted: manifest.master_key_fingerprint.clone(), found });
    }
    Ok((key, is_new))
}

/// The number in `1042:9f86…`.
fn sealed_of(manifest: &Manifest) -> u64 {
    manifest.audit_head.split_once(':').and_then(|(seq, _)| seq.parse().ok()).unwrap_or(0)
}

fn head_text(facts: &file::Facts) -> String {
    format!("{}:{}", facts.audit_seq, hex::encode(&facts.audit_hash))
}

/// More revocations than can have been made in a time of which nothing is known.
const UNSEEN: u64 = 1 << 20;

const BATCH: u32 = 500;
