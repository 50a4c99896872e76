//! Where the server listens, what it is called, and where its data are.

use std::net::SocketAddr;
use std::path::PathBuf;

use countersign::PublicUrl;
use countersign_kernel::Secret;
use ipnet::IpNet;

use super::found::Found;
use super::refusal::{Refusal, Refused};
use super::setting::Setting;
use super::value::{Bounds, Raw, Value};
use super::{Section, Use};

static LISTEN: Setting<SocketAddr> = Setting::new(
    "listen",
    "Address of the public listener. Port 0 picks a free one, and the log says which. `dev` takes loopback addresses only.",
)
.or("127.0.0.1:8420");

static PUBLIC_URL: Setting<Option<String>> = Setting::new(
    "public_url",
    "The address that browsers use: the origin of cookies, CSRF checks and links, and the issuer of tokens. Plain http is \
     refused unless its host is loopback. `dev` has the default `http://localhost:` and its port; `serve` has none.",
);

static DATA_DIR: Setting<PathBuf> =
    Setting::new("data_dir", "Directory of the SQLite file and of the secrets. Made with mode 0700.")
        .or("./countersign-data");

static DATABASE: Setting<Option<Database>> = Setting::new(
    "database",
    "`sqlite://PATH`; without it, `countersign.db` in the data directory. `postgres://` is not built yet.",
)
.secret();

static VALKEY: Setting<Option<Secret<String>>> =
    Setting::new("valkey", "`redis://…`: limits and revocations shared between nodes.").secret().unbuilt("Valkey is");

static MASTER_KEY: Setting<Option<Secret<String>>> = Setting::new(
    "master_key",
    "The key that seals signing keys and roots: 256 bits in base64url. Without it, the file `master.key` in the data \
     directory, made at the first start with mode 0600.",
)
.secret();

static TRUSTED_PROXIES: Setting<Vec<IpNet>> = Setting::new(
    "trusted_proxies",
    "Networks whose forwarding headers are believed. Without them a request comes from the peer that sent it.",
)
.or("")
.reloads();

/// The section.
pub static SECTION: Section = Section {
    title: "General",
    settings: &[
        &LISTEN.definition,
        &PUBLIC_URL.definition,
        &DATA_DIR.definition,
        &DATABASE.definition,
        &VALKEY.definition,
        &MASTER_KEY.definition,
        &TRUSTED_PROXIES.definition,
    ],
};

/// Where the database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL server: understood, and refused by name until it is built.
    Postgres,
}

impl Value for Database {
    fn read(raw: &Raw, _: &Bounds) -> Option<Self> {
        let text = raw.text()?;
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Some(Self::Postgres);
        }
        let path = text.strip_prefix("sqlite://").or_else(|| text.strip_prefix("sqlite:"))?;
        (!path.is_empty() && !path.contains('?')).then(|| Self::Sqlite(path.into()))
    }

    fn expected(_: &Bounds) -> String {
        "sqlite://PATH".to_owned()
    }

    fn show(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite://{}", path.display()),
            Self::Postgres => "postgres://(not shown)".to_owned(),
        }
    }
}

/// Addresses, data directory, database, master key.
#[derive(Debug)]
pub struct General {
    /// Address of the public listener.
    pub listen: SocketAddr,
    /// Whether the operator chose that address; a default may give way to a free port in `dev`.
    pub listen_is_chosen: bool,
    /// The address that browsers use; none where `dev` makes it from its port, or a command does not need it.
    pub public_url: Option<PublicUrl>,
    /// The data directory.
    pub data_dir: PathBuf,
    /// The SQLite file, where it is not the one in the data directory.
    pub database: Option<PathBuf>,
    /// The master key, where it does not come from its file in the data directory.
    pub master_key: Option<Secret<String>>,
    /// Networks whose forwarding headers are believed.
    pub trusted_proxies: Vec<IpNet>,
}

/// Reads the section.
///
/// # Errors
/// A value is not acceptable, or is missing for this use.
pub fn read(found: &Found, purpose: Use) -> Result<General, Refused> {
    let listen = found.read(&LISTEN)?;
    if purpose == Use::Dev && !listen.ip().is_loopback() {
        let origin = found.origin(&LISTEN.definition);
        let reason =
            format!("`dev` is open to this machine only and does not listen on {listen}; use `countersign serve`");
        return Err(Refusal::because(&LISTEN.definition, &origin, reason).into());
    }
    let data_dir = found.read(&DATA_DIR)?;
    let database = match found.find(&DATABASE)? {
        None => None,
        Some(Database::Sqlite(path)) => Some(path),
        Some(Database::Postgres) => {
            let origin = found.origin(&DATABASE.definition);
            return Err(Refusal::unbuilt(&DATABASE.definition, &origin, "PostgreSQL is").into());
        }
    };
    Ok(General {
        listen,
        listen_is_chosen: found.is_set(&LISTEN.definition),
        public_url: public_url(found, purpose)?,
        data_dir,
        database,
        master_key: found.find(&MASTER_KEY)?,
        trusted_proxies: found.read(&TRUSTED_PROXIES)?,
    })
}

fn public_url(found: &Found, purpose: Use) -> Result<Option<PublicUrl>, Refusal> {
    let definition = &PUBLIC_URL.definition;
    match found.find(&PUBLIC_URL)? {
        Some(text) => {
            PublicUrl::parse(&text).map(Some).map_err(|e| Refusal::because(definition, &found.origin(definition), e))
        }
        None if purpose == Use::Serve => Err(Refusal::new(
            "PUBLIC_URL is not set: give the address that browsers use, for example `public_url = \"https://auth.example.com\"` \
             in countersign.toml or COUNTERSIGN_PUBLIC_URL; to try things out on this machine, run `countersign dev`",
        )),
        None => Ok(None),
    }
}
