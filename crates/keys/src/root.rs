//! Roots: secrets made at the first start, from which working keys are derived and never stored (DESIGN section 1).

use countersign_kernel::{Env, Secret};
use countersign_store::{Root, Store, Tx};

use crate::error::Error;
use crate::master::MasterKey;

/// The roots of this installation, 256 bits each. The same on all nodes and in every backup.
#[derive(Debug, Clone)]
pub struct Roots {
    /// For the MACs of refresh tokens.
    pub refresh: Secret<[u8; 32]>,
    /// For the MACs in cookies: CSRF, devices, the page session.
    pub cookies: Secret<[u8; 32]>,
    /// For keyed hashes by which something is found or counted: attempt ids, addresses.
    pub lookup: Secret<[u8; 32]>,
    /// For the keys that sign heartbeats of the revocation feed.
    pub feed: Secret<[u8; 32]>,
}

impl Roots {
    /// Opens the roots, and makes those that do not exist yet. Of racing first starts all get the same.
    ///
    /// # Errors
    /// [`Error::WrongMasterKey`] or [`Error::Damaged`] if one does not open: nothing is made or changed then;
    /// [`Error::Store`].
    pub async fn load_or_make(store: &dyn Store, master: &MasterKey, env: &Env) -> Result<Self, Error> {
        Ok(Self {
            refresh: load_or_make(store, master, env, REFRESH).await?,
            cookies: load_or_make(store, master, env, COOKIES).await?,
            lookup: load_or_make(store, master, env, LOOKUP).await?,
            feed: load_or_make(store, master, env, FEED).await?,
        })
    }

    /// Whether there are any, which the master key of this installation has sealed.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn are_made(store: &dyn Store) -> Result<bool, Error> {
        Ok(store.snapshot().await?.find_root(REFRESH).await?.is_some())
    }

    /// Opens the roots that are there, and makes none.
    ///
    /// # Errors
    /// [`Error::Absent`] if one is not there, [`Error::WrongMasterKey`] or [`Error::Damaged`] if it does not open; [`Error::Store`].
    pub(crate) async fn check(store: &dyn Store, master: &MasterKey) -> Result<(), Error> {
        let mut tx = store.snapshot().await?;
        for name in [REFRESH, COOKIES, LOOKUP] {
            let kept = tx.find_root(name).await?.ok_or_else(|| Error::Absent { what: what(name) })?;
            open(master, &kept)?;
        }
        // Made at the first start of a version that signs checkpoints, or has the feed: an older backup does not have them.
        for name in [AUDIT, FEED] {
            if let Some(kept) = tx.find_root(name).await? {
                open(master, &kept)?;
            }
        }
        // Nor these, of which there may be several.
        let mut number = FIRST_DATA;
        while find(tx.as_mut(), master, &data(number)).await?.is_some() {
            number = number.saturating_add(1);
        }
        Ok(())
    }
}

const REFRESH: &str = "refresh";
const COOKIES: &str = "cookies";
const LOOKUP: &str = "lookup";
const FEED: &str = "feed";
/// For the key that signs checkpoints of the audit chain.
pub(crate) const AUDIT: &str = "audit";
/// The number of the first data key's root.
pub(crate) const FIRST_DATA: u32 = 1;

/// The name of a data key's root.
pub(crate) fn data(number: u32) -> String {
    format!("data/{number}")
}

/// The root of this name; a new one where there is none yet.
pub(crate) async fn load_or_make(
    store: &dyn Store,
    master: &MasterKey,
    env: &Env,
    name: &str,
) -> Result<Secret<[u8; 32]>, Error> {
    let kept = match store.snapshot().await?.find_root(name).await? {
        Some(root) => root,
        None => {
            let fresh: Secret<[u8; 32]> = Secret::new(env.entropy().bytes());
            let sealed = master.seal(&context(name), fresh.expose(), env).map_err(|e| Error::opening(what(name), e))?;
            let mut tx = store.begin().await?;
            let created_at = tx.now();
            // Another node may have been faster: whatever is kept is the root, never what was just made.
            let kept = tx.keep_root(&Root { name: name.to_owned(), sealed, created_at }).await?;
            tx.commit().await?;
            kept
        }
    };
    open(master, &kept)
}

/// The root of this name, if it is there.
pub(crate) async fn find(tx: &mut dyn Tx, master: &MasterKey, name: &str) -> Result<Option<Secret<[u8; 32]>>, Error> {
    tx.find_root(name).await?.map(|kept| open(master, &kept)).transpose()
}

fn open(master: &MasterKey, kept: &Root) -> Result<Secret<[u8; 32]>, Error> {
    let name = &kept.name;
    let opened = master.open(&context(name), &kept.sealed).map_err(|e| Error::opening(what(name), e))?;
    <[u8; 32]>::try_from(opened.expose().as_slice()).map(Secret::new).map_err(|_| Error::Damaged { what: what(name) })
}

fn context(name: &str) -> String {
    format!("root/{name}")
}

fn what(name: &str) -> String {
    format!("root {name}")
}
