//! Data keys: what secrets in rows are sealed under, such as those of authenticator apps.
//!
//! Promises: each data key is a root of its own (`data/1`, `data/2`, …), sealed under the master key like every root, so that a
//! database alone opens nothing, and another master key has nothing to seal anew but the roots; what is sealed opens under its own
//! key, for its own context, and nowhere else ([`MasterKey::seal`] has the form); a new key seals from now on, and the old ones open
//! what they sealed until it is sealed anew. Nodes that have not heard of a key look for it when they meet its number.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use countersign_kernel::{Env, Secret};
use countersign_store::Store;

use crate::error::Error;
use crate::master::MasterKey;
use crate::root::{FIRST_DATA, data, find, load_or_make};

/// Sealed bytes, and the number of the key that they open under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedData {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The key's number, from 1 on.
    pub key: u32,
}

/// The data keys of this installation. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct DataKeys(Arc<Inner>);

struct Inner {
    keys: ArcSwap<BTreeMap<u32, MasterKey>>,
    store: Arc<dyn Store>,
    master: MasterKey,
    env: Env,
}

impl DataKeys {
    /// Opens the keys, and makes the first where there is none. Of racing first starts all get the same.
    ///
    /// # Errors
    /// As [`crate::Roots::load_or_make`].
    pub async fn load_or_make(store: Arc<dyn Store>, master: MasterKey, env: Env) -> Result<Self, Error> {
        let first = load_or_make(store.as_ref(), &master, &env, &data(FIRST_DATA)).await?;
        let keys = BTreeMap::from([(FIRST_DATA, MasterKey::from_key(first))]);
        let all = Self(Arc::new(Inner { keys: ArcSwap::from_pointee(keys), store, master, env }));
        all.reload().await?;
        Ok(all)
    }

    /// The number of the key that seals.
    #[must_use]
    pub fn newest(&self) -> u32 {
        self.0.keys.load().last_key_value().map_or(FIRST_DATA, |(number, _)| *number)
    }

    /// Seals `plain` under the newest key for one place only: `context` names it, for example `totp/usr_…`.
    ///
    /// # Errors
    /// [`Error::Crypto`].
    pub fn seal(&self, context: &str, plain: &[u8]) -> Result<SealedData, Error> {
        let keys = self.0.keys.load();
        let (number, key) = keys.last_key_value().ok_or(Error::Absent { what: what(FIRST_DATA) })?;
        let bytes = key.seal(context, plain, &self.0.env).map_err(|error| Error::opening(what(*number), error))?;
        Ok(SealedData { bytes, key: *number })
    }

    /// Opens what was sealed for the same context, by whichever node.
    ///
    /// # Errors
    /// [`Error::Absent`] if there is no such key, [`Error::Damaged`] if the bytes were changed or belong elsewhere; [`Error::Store`].
    pub async fn open(&self, context: &str, sealed: &SealedData) -> Result<Secret<Vec<u8>>, Error> {
        if !self.0.keys.load().contains_key(&sealed.key) {
            self.reload().await?;
        }
        let keys = self.0.keys.load_full();
        let key = keys.get(&sealed.key).ok_or_else(|| Error::Absent { what: what(sealed.key) })?;
        // Of another key is what was moved here from another row: its number is this one's.
        key.open(context, &sealed.bytes).map_err(|_| Error::Damaged { what: context.to_owned() })
    }

    /// Takes up the keys that other nodes have made since.
    ///
    /// # Errors
    /// [`Error::WrongMasterKey`], [`Error::Damaged`]; [`Error::Store`].
    pub async fn reload(&self) -> Result<(), Error> {
        let mut keys = BTreeMap::clone(&self.0.keys.load());
        let known = keys.len();
        let mut tx = self.0.store.snapshot().await?;
        let mut number = self.newest().saturating_add(1);
        while let Some(root) = find(tx.as_mut(), &self.0.master, &data(number)).await? {
            keys.insert(number, MasterKey::from_key(root));
            number = number.saturating_add(1);
        }
        if keys.len() > known {
            // Keys are only ever added: of two who reload at once the later may have seen fewer, and looks again when it matters.
            self.0.keys.store(Arc::new(keys));
        }
        Ok(())
    }

    /// Makes the next key, which seals from now on; its number. Of racing calls all get the same.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Crypto`]; [`Error::Damaged`].
    pub async fn rotate(&self) -> Result<u32, Error> {
        self.reload().await?;
        let next = self.newest().saturating_add(1);
        load_or_make(self.0.store.as_ref(), &self.0.master, &self.0.env, &data(next)).await?;
        self.reload().await?;
        Ok(next)
    }
}

impl fmt::Debug for DataKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataKeys({} of them)", self.0.keys.load().len())
    }
}

fn what(number: u32) -> String {
    format!("root {}", data(number))
}
