//! The head of the revocation log as columns.

use countersign_store::{Error, RevocationHead};

use crate::row::Place;

/// The head from its columns; the hash is 64 bits kept as a signed number.
pub(crate) fn head_of(seq: i64, hash: i64) -> Result<RevocationHead, Error> {
    let seq = Place { table: "revocation_head", id: &"the head" }.count("seq", seq)?;
    Ok(RevocationHead { seq, hash: hash.cast_unsigned() })
}
