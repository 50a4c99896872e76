//! The address of a PostgreSQL database: judged before anybody connects, and shown without its password.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use countersign_kernel::Secret;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::error::OpenError;

/// The options that an address may have. Another one is refused: a `sslmode` with a slip of the pen would otherwise pass for none.
const OPTIONS: [&str; 18] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
    "ssl-root-cert",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "user",
];

/// `postgres://user:password@host:port/database?options`, understood. Displayed without user, password and options.
#[derive(Clone)]
pub struct PostgresAddress {
    options: Box<PgConnectOptions>,
}

impl PostgresAddress {
    /// Reads an address.
    ///
    /// # Errors
    /// [`OpenError::Address`], which repeats nothing of it.
    pub fn parse(url: &Secret<String>) -> Result<Self, OpenError> {
        let refused = |why: &'static str| OpenError::Address(why.into());
        let text = url.expose();
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err(refused("it must begin with postgres://"));
        }
        let query = text.split_once('?').map_or("", |(_, query)| query);
        let names = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split('=').next().unwrap_or(pair));
        // Not even the name is repeated: it is part of the password where that has a `?` that is not encoded.
        if names.into_iter().any(|name| !OPTIONS.contains(&name) && !name.starts_with("options[")) {
            return Err(refused(
                "it has an option that is not known; known are sslmode, sslrootcert, sslcert, sslkey, application_name, options \
                 and those of the address itself; in user and password, encode ? as %3F, # as %23, / as %2F and @ as %40",
            ));
        }
        match PgConnectOptions::from_str(text) {
            Ok(options) => Ok(Self { options: Box::new(options) }),
            // What is wrong may quote the wrong place of an address that was split at a character of the password.
            Err(_) => Err(refused(
                "it must read postgres://user:password@host:port/database; in user and password, encode ? as %3F, # as %23, \
                 / as %2F and @ as %40",
            )),
        }
    }

    /// What is connected with.
    pub(super) fn into_options(self) -> PgConnectOptions {
        *self.options
    }

    /// Whether nobody on the way can read or answer in the server's place: it is this machine, or its certificate is checked.
    #[must_use]
    pub fn is_private(&self) -> bool {
        if matches!(self.options.get_ssl_mode(), PgSslMode::VerifyCa | PgSslMode::VerifyFull) {
            return true;
        }
        let host = self.options.get_host().trim_matches(['[', ']']);
        self.options.get_socket().is_some()
            || host.starts_with('/')
            || host == "localhost"
            || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

impl fmt::Display for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let database = self.options.get_database().unwrap_or_else(|| self.options.get_username());
        match self.options.get_socket() {
            Some(socket) => write!(f, "postgres://{}/{database}", socket.display()),
            None => write!(f, "postgres://{}:{}/{database}", self.options.get_host(), self.options.get_port()),
        }
    }
}

impl fmt::Debug for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresAddress({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<PostgresAddress, OpenError> {
        PostgresAddress::parse(&Secret::new(text.to_owned()))
    }

    #[test]
    fn an_address_is_shown_without_what_is_secret() {
        for (text, shown) in [
            ("postgres://ada:canary@db.example.com/auth?sslmode=verify-full", "postgres://db.example.com:5432/auth"),
            ("postgresql://ada:canary@10.0.0.7:6432/auth?application_name=canary", "postgres://10.0.0.7:6432/auth"),
            ("postgres://db:1234/auth?user=ada&password=canary", "postgres://db:1234/auth"),
            ("postgres://auth@%2Frun%2Fpostgresql/auth", "postgres:///run/postgresql/auth"),
        ] {
            let address = parse(text).unwrap();
            assert_eq!(address.to_string(), shown);
            assert!(!format!("{address:?}").contains("canary"));
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused_and_not_repeated() {
        for text in [
            "mysql://ada:canary@db/auth",
            "postgres://ada:canary@[db/auth",
            "postgres://ada:canary@db:port/auth",
            "postgres://ada:can?ary@db/auth",
            "postgres://ada:1?canary@db/auth",
            "postgres://ada:canary@db/auth?sslmod=verify-full",
            "postgres://ada:canary@db/auth?sslmode=canary",
        ] {
            let error = parse(text).unwrap_err();
            let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            assert!(!format!("{error} {error:?} {source}").contains("canary"), "{error:?}");
            assert!(source.contains("it "), "{text} is refused with words: {source}");
        }
    }

    #[test]
    fn only_this_machine_and_a_checked_certificate_are_private() {
        for (text, wanted) in [
            ("postgres://db/auth?sslmode=verify-full", true),
            ("postgres://db/auth?sslmode=verify-ca", true),
            ("postgres://db/auth?sslmode=require", false),
            ("postgres://db/auth", false),
            ("postgres://localhost/auth", true),
            ("postgres://127.0.0.1/auth", true),
            ("postgres://[::1]/auth", true),
            ("postgres://10.0.0.1/auth", false),
            ("postgres://auth@%2Frun%2Fpostgresql/auth", true),
        ] {
            assert_eq!(parse(text).unwrap().is_private(), wanted, "{text}");
        }
    }
}
