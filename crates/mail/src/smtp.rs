//! Hands mails to a mail server by SMTP (RFC 5321), over TLS.
//!
//! Promises: `smtps://` speaks TLS from the first byte; `smtp://` demands STARTTLS (RFC 3207) before it says anything else, and a
//! server without it gets no mail and no password; on a loopback host alone it does without. Certificates are checked against the
//! web's authorities, and one of the operator's own where he gives it.

use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use countersign_kernel::Secret;
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use url::Url;

use crate::error::{Error, Undelivered};
use crate::message::Message;
use crate::transport::Transport;

/// How long one exchange with the server may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A mail server.
#[derive(Debug, Clone)]
pub struct Smtp(AsyncSmtpTransport<Tokio1Executor>);

impl Smtp {
    /// The server at `smtps://user:password@host:port` or `smtp://…`. `authority` is a certificate in PEM to be believed besides
    /// the web's own. Nothing is sent and nobody is asked yet.
    ///
    /// # Errors
    /// [`Error::Server`]; the text never holds the address, which may hold a password.
    pub fn new(url: &Secret<String>, authority: Option<&[u8]>) -> Result<Self, Error> {
        let url = Url::parse(url.expose()).map_err(|_| Error::Server("expected smtps://user:password@host:port"))?;
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or(Error::Server("the address of the mail server has no host"))?;
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(Error::Server(
                "the address of the mail server has more than scheme, user, password, host and port",
            ));
        }
        let mut tls = TlsParameters::builder(host.trim_matches(['[', ']']).to_owned());
        if let Some(pem) = authority {
            let certificate = Certificate::from_pem(pem);
            tls = tls
                .add_root_certificate(certificate.map_err(|_| Error::Server("the authority is no PEM certificate"))?);
        }
        let tls = tls.build_rustls().map_err(|_| Error::Server("TLS could not be set up for the mail server"))?;
        let (tls, port) = match url.scheme() {
            "smtps" => (Tls::Wrapper(tls), 465),
            "smtp" if is_loopback(host) => (Tls::Opportunistic(tls), 25),
            "smtp" => (Tls::Required(tls), 587),
            _ => return Err(Error::Server("the address of a mail server begins with smtps:// or smtp://")),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(url.port().unwrap_or(port))
            .tls(tls)
            .timeout(Some(PATIENCE))
            .pool_config(PoolConfig::new().max_size(MOST_CONNECTIONS).idle_timeout(IDLE));
        if !url.username().is_empty() {
            let decode = |text: &str| {
                url::form_urlencoded::parse(text.replace('+', "%2B").as_bytes())
                    .next()
                    .map(|(text, _)| text.into_owned())
            };
            let user = decode(url.username()).unwrap_or_default();
            let password = url.password().and_then(decode).unwrap_or_default();
            builder = builder.credentials(Credentials::new(user, password));
        }
        Ok(Self(builder.build()))
    }
}

/// Whether the server is this machine. Of a scheme that browsers do not know, a URL's host is not read as an address.
fn is_loopback(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[async_trait]
impl Transport for Smtp {
    async fn send(&self, message: &Message) -> Result<(), Undelivered> {
        match self.0.send(message.encoded.clone()).await {
            Ok(_) => Ok(()),
            Err(error) => Err(Undelivered { is_final: error.is_permanent(), reason: reason(&error) }),
        }
    }
}

/// What the server said, as its code and class alone: its words may repeat an address.
fn reason(error: &lettre::transport::smtp::Error) -> String {
    match error.status() {
        Some(code) => format!("the mail server answered {code}"),
        None if error.is_timeout() => "the mail server did not answer in time".to_owned(),
        None if error.is_tls() => "no TLS connection with the mail server".to_owned(),
        None if error.is_client() => "the mail server cannot do what this mail or its sign-in needs".to_owned(),
        None => "the mail server could not be reached".to_owned(),
    }
}

const MOST_CONNECTIONS: u32 = 4;
const IDLE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(url: &str) -> String {
        Smtp::new(&Secret::new(url.to_owned()), None).map_or_else(|error| error.to_string(), |_| String::new())
    }

    #[test]
    fn this_machine_is_known_by_its_names() {
        for host in ["localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["mail.example.com", "localhost.example.com", "192.0.2.1", "[2001:db8::1]", ""] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[tokio::test]
    async fn an_address_is_a_scheme_a_host_and_no_more() {
        for good in [
            "smtps://mail.example.com",
            "smtp://ada:p%40ss@mail.example.com:2525",
            "smtp://localhost:2525",
            "smtp://[::1]:25",
        ] {
            assert_eq!(refusal(good), "", "{good}");
        }
        for wrong in ["", "mail.example.com", "http://mail.example.com", "smtp://", "smtp://mail.example.com/?tls=none"]
        {
            assert_ne!(refusal(wrong), "", "{wrong}");
        }
        assert!(!refusal("smtp://ada:canary@mail.example.com/x").contains("canary"));
    }
}
