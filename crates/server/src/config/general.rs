//! Where the server listens, what it is called, and where its data are.

use std::net::SocketAddr;
use std::path::PathBuf;

use countersign::{PostgresAddress, PublicUrl, ValkeyAddress};
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
    "`sqlite://PATH`, or `postgres://user:password@host:port/database` (PostgreSQL 15 or later) for more than one node; without it, \
     `countersign.db` in the data directory. Over a network add `?sslmode=verify-full&sslrootcert=FILE`.",
)
.secret();

static VALKEY: Setting<Option<Valkey>> = Setting::new(
    "valkey",
    "`redis://user:password@host:port/number`, with TLS `rediss://…`: a Valkey or Redis server (6 or later) through which nodes share \
     limits and tell each other of revocations. It holds nothing that cannot be lost: while it does not answer, each node counts for \
     itself. Without it each node does so always.",
)
.secret();

static MASTER_KEY: Setting<Option<Secret<String>>> = Setting::new(
    "master_key",
    "The key that seals signing keys and roots: 256 bits in base64url. Without it, the file `master.key` in the data \
     directory, made at the first start with mode 0600. All nodes of one database need the same.",
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
#[derive(Debug, Clone)]
pub enum Database {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL server, with the address as it was given, which has its password.
    Postgres(PostgresAddress, Secret<String>),
}

impl Value for Database {
    fn read(raw: &Raw, _: &Bounds) -> Option<Self> {
        let text = raw.text()?;
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            let url = Secret::new(text.to_owned());
            return PostgresAddress::parse(&url).ok().map(|address| Self::Postgres(address, url));
        }
        let path = text.strip_prefix("sqlite://").or_else(|| text.strip_prefix("sqlite:"))?;
        (!path.is_empty() && !path.contains('?')).then(|| Self::Sqlite(path.into()))
    }

    fn expected(_: &Bounds) -> String {
        "sqlite://PATH or postgres://user:password@host:port/database?options, with known options, and in user and password ? as \
         %3F, # as %23, / as %2F and @ as %40"
            .to_owned()
    }

    fn show(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite://{}", path.display()),
            Self::Postgres(address, _) => format!("{address} (user, password and options not shown)"),
        }
    }
}

/// Where Valkey is.
#[derive(Debug, Clone)]
pub struct Valkey {
    /// The address, to be shown.
    pub address: ValkeyAddress,
    /// As it was given, which has its password.
    pub url: Secret<String>,
}

impl Value for Valkey {
    fn read(raw: &Raw, _: &Bounds) -> Option<Self> {
        let url = Secret::new(raw.text()?.to_owned());
        ValkeyAddress::parse(&url).ok().map(|address| Self { address, url })
    }

    fn expected(_: &Bounds) -> String {
        "redis://user:password@host:port/number, or rediss:// for TLS (valkey:// and valkeys:// mean the same), without options, and in \
         user and password ? as %3F, # as %23, / as %2F and @ as %40"
            .to_owned()
    }

    fn show(&self) -> String {
        format!("{} (user and password not shown)", self.address)
    }
}

/// Addresses, data directory, database, Valkey, master key.
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
    /// The database, where it is not the SQLite file in the data directory.
    pub database: Option<Database>,
    /// Valkey, where nodes share limits.
    pub valkey: Option<Valkey>,
    /// The master key, where it does not come from its file in the data directory.
    pub master_key: Option<Secret<String>>,
    /// Networks whose forwarding headers are believed.
    pub trusted_proxies: Vec<IpNet>,
}

impl General {
    /// The SQLite file; none where the database is a server's.
    #[must_use]
    pub fn database_file(&self) -> Option<PathBuf> {
        match &self.database {
            None => Some(self.data_dir.join("countersign.db")),
            Some(Database::Sqlite(path)) => Some(path.clone()),
            Some(Database::Postgres(..)) => None,
        }
    }

    /// The database as an operator may be shown it, without its password.
    #[must_use]
    pub fn database_shown(&self) -> String {
        match &self.database {
            Some(Database::Postgres(address, _)) => address.to_string(),
            Some(Database::Sqlite(path)) => path.display().to_string(),
            None => self.data_dir.join("countersign.db").display().to_string(),
        }
    }

    /// Whether what goes to Valkey can be read or answered on the way.
    #[must_use]
    pub fn is_valkey_exposed(&self) -> bool {
        self.valkey.as_ref().is_some_and(|valkey| !valkey.address.is_private())
    }

    /// Whether what goes to the database can be read or answered on the way.
    #[must_use]
    pub fn is_database_exposed(&self) -> bool {
        matches!(&self.database, Some(Database::Postgres(address, _)) if !address.is_private())
    }
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
    Ok(General {
        listen,
        listen_is_chosen: found.is_set(&LISTEN.definition),
        public_url: public_url(found, purpose)?,
        data_dir: found.read(&DATA_DIR)?,
        database: found.find(&DATABASE)?,
        valkey: found.find(&VALKEY)?,
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
