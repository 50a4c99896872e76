//! The text form of private keys (RFC 7468), read strictly and offline.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::error::Error;

/// What the label of a PEM block says of the DER inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `PRIVATE KEY`: PKCS#8 (RFC 5208, RFC 5958).
    Pkcs8,
    /// `EC PRIVATE KEY`: SEC 1 (RFC 5915).
    Sec1,
    /// `RSA PRIVATE KEY`: PKCS#1 (RFC 8017).
    Pkcs1,
}

/// The one private key that `text` holds. An `EC PARAMETERS` block beside it, as OpenSSL writes it, is passed over.
///
/// # Errors
/// [`Error::Key`] if there is none, more than one, or it is encrypted, public or damaged.
pub(crate) fn private_key(text: &str) -> Result<(Kind, Zeroizing<Vec<u8>>), Error> {
    let mut found = None;
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    while let Some(line) = lines.next() {
        let label = line
            .strip_prefix("-----BEGIN ")
            .and_then(|rest| rest.strip_suffix("-----"))
            .ok_or(Error::Key("text outside the PEM blocks"))?;
        let der = body(label, &mut lines)?;
        let kind = match label {
            "PRIVATE KEY" => Kind::Pkcs8,
            "EC PRIVATE KEY" => Kind::Sec1,
            "RSA PRIVATE KEY" => Kind::Pkcs1,
            "EC PARAMETERS" => continue,
            "ENCRYPTED PRIVATE KEY" => return Err(Error::Key(ENCRYPTED)),
            "PUBLIC KEY" | "RSA PUBLIC KEY" | "CERTIFICATE" => return Err(Error::Key("a private key is needed here")),
            _ => return Err(Error::Key("PEM block of an unknown kind")),
        };
        if found.replace((kind, der)).is_some() {
            return Err(Error::Key("more than one private key in the PEM text"));
        }
    }
    found.ok_or(Error::Key("no private key in the PEM text"))
}

/// The bytes up to the closing line of the block.
fn body<'a>(label: &str, lines: &mut impl Iterator<Item = &'a str>) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut text = Zeroizing::new(String::with_capacity(4096));
    for line in lines {
        if line.starts_with("Proc-Type:") || line.starts_with("DEK-Info:") {
            return Err(Error::Key(ENCRYPTED));
        }
        if let Some(end) = line.strip_prefix("-----END ") {
            if end.strip_suffix("-----") != Some(label) {
                break;
            }
            return STANDARD
                .decode(text.as_bytes())
                .map(Zeroizing::new)
                .map_err(|_| Error::Key("the PEM block is not base64"));
        }
        text.push_str(line);
    }
    Err(Error::Key("the PEM block does not end"))
}

const ENCRYPTED: &str = "the key is encrypted: decrypt it first";
