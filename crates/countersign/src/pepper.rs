//! Whether every stored password hash can be judged with the peppers that a server was given.

use countersign_password::{PepperId, Peppers};
use countersign_store::{PepperUse, Store};

use crate::error::Error;

/// Refuses a start after which people would be told that their right passwords are wrong; says which hashes nobody can use.
///
/// # Errors
/// [`Error::PeppersMissing`], or the database failed.
pub(crate) async fn check(store: &dyn Store, peppers: &Peppers, warns: bool) -> Result<(), Error> {
    let uses = store.snapshot().await?.list_pepper_uses().await?;
    let id = |found: &PepperUse| found.pepper_id.parse::<PepperId>().ok();
    let missing: Vec<String> =
        uses.iter().filter(|found| !id(found).is_some_and(|id| peppers.knows(id))).map(said).collect();
    if !missing.is_empty() {
        return Err(Error::PeppersMissing(missing.join(", ")));
    }
    for found in uses.iter().filter(|found| warns && id(found).is_some_and(|id| peppers.has_lost(id))) {
        let (pepper, hashes) = (&found.pepper_id, found.hashes);
        tracing::warn!(pepper, hashes, "the pepper {pepper} is lost: {hashes} people must reset their passwords");
    }
    Ok(())
}

fn said(found: &PepperUse) -> String {
    format!("{} ({})", found.pepper_id, found.hashes)
}
