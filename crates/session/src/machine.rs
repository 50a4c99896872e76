//! Machines: services that are let in by a key of their own, to the revocation feed alone.
//!
//! Promises: a key is shown once, when it is made, and of its secret of 256 bits only the SHA-256 is kept; it is found by its id and
//! compared in constant time; it opens what its scope names and nothing else; taking it away is one conditional write, ends
//! what is open by it, and both are on record. The text is `countersign_machine_`, the id, `_` and the secret, for scanners of
//! repositories to know it by.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_audit::{Actor, Event, Record};
use countersign_kernel::{MachineId, Origin, Secret};
use countersign_store::{Machine, MachineScope, Page, PageRequest};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::sessions::Sessions;

/// What became of the wish for a key.
#[derive(Debug)]
pub enum CreateMachineVerdict {
    /// The machine, and its key: this once.
    Created(Machine, Secret<String>),
    /// There is a machine of that name.
    Taken,
    /// No machine may be called so.
    Unlawful(&'static str),
}

impl Sessions {
    /// Makes a machine that may read the revocation feed. Its name has 1 to 64 letters, digits, `.`, `-` and `_`.
    ///
    /// # Errors
    /// [`Error::Store`]; nothing has changed then.
    pub async fn create_machine(
        &self,
        name: &str,
        actor: Actor,
        origin: &Origin,
    ) -> Result<CreateMachineVerdict, Error> {
        if let Some(why) = unlawful(name) {
            return Ok(CreateMachineVerdict::Unlawful(why));
        }
        let env = &self.0.env;
        let secret = Secret::new(env.entropy().bytes::<SECRET>());
        let mut tx = self.0.store.begin().await?;
        let machine = Machine {
            id: MachineId::new(env),
            name: name.to_owned(),
            scope: MachineScope::Revocations,
            key_hash: hash(secret.expose()),
            created_at: tx.now(),
        };
        if !tx.insert_machine(&machine).await? {
            return Ok(CreateMachineVerdict::Taken);
        }
        tx.audit(record(Event::MachineCreated, &machine, actor, origin, self));
        tx.commit().await?;
        let key = key_text(machine.id, &secret);
        Ok(CreateMachineVerdict::Created(machine, key))
    }

    /// The machines, oldest first.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn list_machines(&self, page: &PageRequest) -> Result<Page<Machine>, Error> {
        Ok(self.0.store.snapshot().await?.list_machines(page).await?)
    }

    /// Takes away the key of the machine with this id or name; the machine that it was. What it reads in this process ends at once,
    /// and within two seconds in every other.
    ///
    /// # Errors
    /// [`Error::Store`]; nothing has changed then.
    pub async fn revoke_machine(&self, named: &str, actor: Actor, origin: &Origin) -> Result<Option<Machine>, Error> {
        let mut tx = self.0.store.begin().await?;
        let machine = match named.parse() {
            Ok(id) => tx.find_machine(id).await?,
            Err(_) => tx.find_machine_by_name(named).await?,
        };
        let Some(machine) = machine else { return Ok(None) };
        if !tx.delete_machine(machine.id).await? {
            return Ok(None);
        }
        tx.audit(record(Event::MachineRevoked, &machine, actor, origin, self));
        tx.commit().await?;
        self.0.feed.cut(|id| id == machine.id);
        Ok(Some(machine))
    }

    /// The machine whose key this is, if it may do that.
    pub(crate) async fn admit_machine(&self, key: &str, scope: MachineScope) -> Result<Option<Machine>, Error> {
        let Some((id, presented)) = read_key(key) else { return Ok(None) };
        let machine = self.0.store.snapshot().await?.find_machine(id).await?;
        Ok(machine.filter(|machine| presented.matches(&machine.key_hash) && machine.scope == scope))
    }

    /// Ends what is open by keys that were taken away elsewhere.
    pub(crate) async fn follow_machines(&self) -> Result<(), Error> {
        if !self.0.feed.has_subscribers() {
            return Ok(());
        }
        let mut tx = self.0.store.snapshot().await?;
        let (mut known, mut page) = (Vec::new(), PageRequest::first(200));
        loop {
            let Page { items, next } = tx.list_machines(&page).await?;
            known.extend(items.iter().map(|machine| machine.id));
            match next {
                Some(cursor) => page = PageRequest::after(cursor, 200),
                None => break,
            }
        }
        self.0.feed.keep_only(&known);
        Ok(())
    }
}

fn record(event: Event, machine: &Machine, actor: Actor, origin: &Origin, sessions: &Sessions) -> Record {
    let record = Record::new(event, actor, origin, sessions.now(), &sessions.0.env);
    record.with("machine", machine.id.to_string()).with("name", machine.name.clone())
}

/// Why no machine may be called so.
fn unlawful(name: &str) -> Option<&'static str> {
    let is_letter = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    if name.is_empty() || name.len() > 64 || !name.bytes().all(is_letter) {
        return Some("a machine's name has 1 to 64 letters, digits, '.', '-' and '_'");
    }
    // Or `machine revoke` would not know which is meant.
    name.parse::<MachineId>().is_ok().then_some("a machine cannot be called like an id")
}

fn key_text(id: MachineId, secret: &Secret<[u8; SECRET]>) -> Secret<String> {
    let id = id.to_string();
    let bare = id.split_once('_').map_or(id.as_str(), |(_, bare)| bare);
    let secret = Zeroizing::new(URL_SAFE_NO_PAD.encode(secret.expose()));
    Secret::new(format!("{KEY_PREFIX}{bare}_{}", *secret))
}

/// The id in a key, and the hash of its secret.
fn read_key(key: &str) -> Option<(MachineId, Secret<[u8; 32]>)> {
    let (bare, secret) = key.strip_prefix(KEY_PREFIX)?.split_once('_')?;
    let id = format!("{}_{bare}", MachineId::PREFIX).parse().ok()?;
    let secret = Zeroizing::new(URL_SAFE_NO_PAD.decode(secret).ok()?);
    let secret: &[u8; SECRET] = secret.as_slice().try_into().ok()?;
    Some((id, Secret::new(hash(secret))))
}

fn hash(secret: &[u8; SECRET]) -> [u8; 32] {
    let digest = digest(&SHA256, secret);
    let mut hash = [0; 32];
    for (to, from) in hash.iter_mut().zip(digest.as_ref()) {
        *to = *from;
    }
    hash
}

/// What the key of every machine begins with.
const KEY_PREFIX: &str = "countersign_machine_";
/// The secret's length in bytes.
const SECRET: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_and_nothing_like_it_does() {
        let (id, secret) = (MachineId::from_bytes([7; 16]), Secret::new([9; SECRET]));
        let key = key_text(id, &secret);
        let key = key.expose();

        let (read, presented) = read_key(key).unwrap();
        assert_eq!(read, id);
        assert!(presented.matches(&hash(&[9; SECRET])) && !presented.matches(&hash(&[8; SECRET])));
        let bare = key.strip_prefix(KEY_PREFIX).unwrap();
        assert_eq!((bare.len(), bare.find('_')), (26 + 1 + 43, Some(26)), "as scanners are told");
        for wrong in [
            bare.to_owned(),
            key.to_uppercase(),
            format!("{key}="),
            format!("{key}A"),
            format!(" {key}"),
            key[..key.len() - 1].to_owned(),
            key.replacen('_', "-", 1),
            format!("{KEY_PREFIX}{id}_{}", &bare[27..]),
        ] {
            assert!(read_key(&wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_name_is_short_and_plain_and_no_id() {
        let long = "x".repeat(65);
        for (name, is_lawful) in [
            ("orders", true),
            ("Orders-2.eu_west", true),
            (&long[..64], true),
            (&long, false),
            ("", false),
            ("two words", false),
            ("bücher", false),
            ("mch_00000000000000000000000000", false),
        ] {
            assert_eq!(unlawful(name).is_none(), is_lawful, "{name}");
        }
    }
}
