//! The secret half of a signing key, as its row keeps it.
//!
//! What is sealed is one byte that says what it is, and the bytes themselves. The seal's context holds the id, the kid, the
//! algorithm and a hash of the public key: nobody who can write rows can make a key of ours vouch for another public key, or a
//! withdrawn key sign again.

use aws_lc_rs::digest;
use countersign_jose::{Algorithm, SigningKey, VerifyingKey};
use countersign_kernel::{Env, KeyId, Secret, hex};
use countersign_store::signing_key::{KeyState, SigningKey as Row};

use crate::error::Error;
use crate::master::MasterKey;

const SIGNS: u8 = 1;
const WITHDRAWN: u8 = 2;

/// What a row's sealed bytes are.
pub(crate) enum Material {
    /// A private or symmetric key.
    Signs(Secret<Vec<u8>>),
    /// Of a key that was withdrawn: nothing, or the octets of an HS256 key, by which its old tokens are still recognised.
    Withdrawn(Secret<Vec<u8>>),
}

/// A key that is in no row yet.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) id: KeyId,
    pub(crate) kid: String,
    pub(crate) algorithm: Algorithm,
    public_jwk: Option<String>,
    sealed: Vec<u8>,
}

impl Draft {
    /// Makes a new key, named by its id. An RSA key takes tenths of a second and is made off the runtime's threads.
    pub(crate) async fn make(algorithm: Algorithm, master: &MasterKey, env: &Env) -> Result<Self, Error> {
        let id = KeyId::new(env);
        let own = env.clone();
        let generate = move || {
            SigningKey::generate(algorithm, Some(&id.to_string()), |target| own.entropy().fill(target))
                .map_err(|_| Error::Crypto("generating"))
        };
        let key = if algorithm.is_rsa() {
            tokio::task::spawn_blocking(generate).await.map_err(|_| Error::Crypto("generating"))??
        } else {
            generate()?
        };
        Self::of(id, &key, master, env)
    }

    /// Seals `key` under the row id `id`.
    pub(crate) fn of(id: KeyId, key: &SigningKey, master: &MasterKey, env: &Env) -> Result<Self, Error> {
        let (kid, algorithm) = (key.kid().to_owned(), key.algorithm());
        let public_jwk = key.public_jwk().map(countersign_jose::Jwk::to_json);
        let private = key.private_bytes().map_err(|_| Error::Crypto("encoding"))?;
        let context = context(id, algorithm.name(), public_jwk.as_deref(), &kid);
        let sealed = seal(master, env, &context, SIGNS, &private)?;
        Ok(Self { id, kid, algorithm, public_jwk, sealed })
    }

    /// The row in which it begins its life. Its times are set when it is written.
    pub(crate) fn row(&self, state: KeyState) -> Row {
        Row {
            id: self.id,
            kid: self.kid.clone(),
            algorithm: self.algorithm.name().to_owned(),
            state,
            sealed: self.sealed.clone(),
            public_jwk: self.public_jwk.clone(),
            created_at: countersign_kernel::Timestamp::EPOCH,
            activated_at: None,
            retired_at: None,
            gone_after: None,
        }
    }
}

/// Opens a row's sealed bytes.
pub(crate) fn open(master: &MasterKey, row: &Row) -> Result<Material, Error> {
    let what = || format!("signing key {}", row.kid);
    let context = context(row.id, &row.algorithm, row.public_jwk.as_deref(), &row.kid);
    let opened = master.open(&context, &row.sealed).map_err(|e| Error::opening(what(), e))?;
    match opened.expose().split_first() {
        Some((&SIGNS, secret)) => Ok(Material::Signs(Secret::new(secret.to_vec()))),
        Some((&WITHDRAWN, secret)) => Ok(Material::Withdrawn(Secret::new(secret.to_vec()))),
        _ => Err(Error::Damaged { what: what() }),
    }
}

/// The row without what could sign: the private key is gone from this database, not merely marked.
pub(crate) fn without_private_key(master: &MasterKey, env: &Env, row: &Row) -> Result<Row, Error> {
    let (Material::Signs(secret) | Material::Withdrawn(secret)) = open(master, row)?;
    let kept: &[u8] = if row.public_jwk.is_none() { secret.expose() } else { &[] };
    let context = context(row.id, &row.algorithm, row.public_jwk.as_deref(), &row.kid);
    let sealed = seal(master, env, &context, WITHDRAWN, kept)?;
    Ok(Row { sealed, ..row.clone() })
}

/// What checks the row's signatures.
pub(crate) fn verifying_key(row: &Row, material: &Material) -> Result<VerifyingKey, Error> {
    let unusable = |source| Error::Unusable { kid: row.kid.clone(), source };
    let key = match (&row.public_jwk, material) {
        (Some(jwk), _) => VerifyingKey::from_jwk(jwk),
        (None, Material::Signs(secret) | Material::Withdrawn(secret)) => VerifyingKey::hs256(secret.expose(), &row.kid),
    }
    .map_err(unusable)?;
    if key.kid() == row.kid && key.algorithm().name() == row.algorithm {
        Ok(key)
    } else {
        Err(Error::Damaged { what: format!("signing key {}", row.kid) })
    }
}

/// What signs; [`Error::NoActiveKey`] for a key that was withdrawn.
pub(crate) fn signing_key(row: &Row, material: &Material) -> Result<SigningKey, Error> {
    let unusable = |source| Error::Unusable { kid: row.kid.clone(), source };
    let Material::Signs(secret) = material else { return Err(Error::NoActiveKey) };
    let algorithm = row.algorithm.parse().map_err(unusable)?;
    SigningKey::from_private_bytes(secret.expose(), algorithm, Some(&row.kid)).map_err(unusable)
}

fn seal(master: &MasterKey, env: &Env, context: &str, kind: u8, secret: &[u8]) -> Result<Vec<u8>, Error> {
    let mut plain = Vec::with_capacity(secret.len().saturating_add(1));
    plain.push(kind);
    plain.extend_from_slice(secret);
    let plain = Secret::new(plain);
    master.seal(context, plain.expose(), env).map_err(|e| Error::opening("new signing key", e))
}

/// The kid, the only part of free form, stands last.
fn context(id: KeyId, algorithm: &str, public_jwk: Option<&str>, kid: &str) -> String {
    let mut context = format!("signing_key/{id}/{algorithm}/");
    context.push_str(&hex::encode(digest::digest(&digest::SHA256, public_jwk.unwrap_or_default().as_bytes()).as_ref()));
    context.push('/');
    context.push_str(kid);
    context
}

#[cfg(test)]
mod tests;
