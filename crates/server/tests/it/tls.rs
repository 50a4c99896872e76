//! TLS that the server ends itself: seen by a client that trusts a certificate authority of the test's own.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::bare::{Bare, command};

/// Somebody whom the clients trust.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// A new certificate for localhost and its key, in PEM.
    fn issue(&self) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    fn client(&self, versions: &[&'static SupportedProtocolVersion]) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        TlsConnector::from(Arc::new(config))
    }
}

fn keep(folder: &Path, (certificate, key): &(String, String)) {
    fs::write(folder.join("cert.pem"), certificate).unwrap();
    // As a renewal does it: written elsewhere, then moved.
    fs::write(folder.join("key.new"), key).unwrap();
    fs::set_permissions(folder.join("key.new"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::rename(folder.join("key.new"), folder.join("key.pem")).unwrap();
}

const VARIABLES: &[(&str, &str)] = &[
    ("COUNTERSIGN_PUBLIC_URL", "https://localhost"),
    ("COUNTERSIGN_TLS__CERTIFICATE", "cert.pem"),
    ("COUNTERSIGN_TLS__KEY", "key.pem"),
    ("COUNTERSIGN_HTTP__HEADER_SECONDS", "1"),
];

fn start(pair: &(String, String)) -> Bare {
    let folder = TempDir::new().unwrap();
    keep(folder.path(), pair);
    Bare::start(folder, VARIABLES)
}

type Stream = TlsStream<tokio::net::TcpStream>;

async fn connect(server: &Bare, client: &TlsConnector) -> Stream {
    let stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    client.connect(ServerName::try_from("localhost").unwrap(), stream).await.unwrap()
}

fn leaf(stream: &Stream) -> CertificateDer<'static> {
    stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
}

/// Asks on an open connection, and leaves it open.
async fn ask(stream: &mut Stream) -> String {
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    while !answer.contains("\"ok\"") {
        let mut piece = [0; 1024];
        let read = stream.read(&mut piece).await.unwrap();
        assert!(read > 0, "it ended: {answer}");
        answer.push_str(std::str::from_utf8(&piece[..read]).unwrap());
    }
    answer
}

const BOTH: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];

#[tokio::test]
async fn it_speaks_tls_1_2_and_1_3_and_http_1_1_alone() {
    let authority = Authority::new();
    let server = start(&authority.issue());
    for version in BOTH {
        let mut stream = connect(&server, &authority.client(&[version])).await;

        let answer = ask(&mut stream).await;

        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.to_ascii_lowercase().contains("strict-transport-security"), "{answer}");
        assert_eq!(stream.get_ref().1.protocol_version(), Some(version.version));
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    }
    assert!(server.log().contains("listening on https://"), "{}", server.log());
}

#[tokio::test]
async fn a_renewed_certificate_is_taken_up_and_no_connection_is_dropped() {
    let authority = Authority::new();
    let (first, second) = (authority.issue(), authority.issue());
    let server = start(&first);
    let client = authority.client(BOTH);
    let mut early = connect(&server, &client).await;
    let before = leaf(&early);
    let _ = ask(&mut early).await;

    keep(server.folder.path(), &second);
    server.until_log("another certificate is in force");

    let mut late = connect(&server, &client).await;
    assert_ne!(leaf(&late), before);
    let _ = ask(&mut late).await;
    let _ = ask(&mut early).await;
}

#[tokio::test]
async fn a_pair_that_does_not_fit_leaves_the_one_before_in_force() {
    let authority = Authority::new();
    let (first, second) = (authority.issue(), authority.issue());
    let server = start(&first);
    let client = authority.client(BOTH);
    let before = leaf(&connect(&server, &client).await);

    keep(server.folder.path(), &(second.0.clone(), first.1));
    server.until_log("cannot be used: the one before stays in force");
    let mut stream = connect(&server, &client).await;
    assert_eq!(leaf(&stream), before);
    let _ = ask(&mut stream).await;

    keep(server.folder.path(), &second);
    server.until_log("another certificate is in force");
    assert_ne!(leaf(&connect(&server, &client).await), before);
    assert!(!server.log().contains("PRIVATE KEY"));
}

#[tokio::test]
async fn plain_http_at_the_door_gets_no_answer() {
    let authority = Authority::new();
    let server = start(&authority.issue());
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();

    let mut answer = Vec::new();
    // The end may come as a reset.
    let _ = stream.read_to_end(&mut answer);

    assert!(!answer.windows(4).any(|bytes| bytes == b"HTTP"), "{answer:?}");
    assert!(answer.len() <= 7, "an alert at most: {answer:?}");
}

#[tokio::test]
async fn a_handshake_that_does_not_come_is_cut_off() {
    let authority = Authority::new();
    let server = start(&authority.issue());
    for begun in [&b""[..], b"\x16\x03\x01"] {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.write_all(begun).unwrap();
        stream.set_read_timeout(Some(std::time::Duration::from_secs(30))).unwrap();

        let mut answer = Vec::new();
        let ended = stream.read_to_end(&mut answer);

        let is_timeout = ended.as_ref().is_err_and(|e| e.kind() == std::io::ErrorKind::WouldBlock);
        assert!(!is_timeout, "{begun:?}: {ended:?}");
        assert!(answer.is_empty(), "{answer:?}");
    }
}

#[tokio::test]
async fn it_drains_with_connections_open() {
    let authority = Authority::new();
    let mut server = start(&authority.issue());
    let mut idle = connect(&server, &authority.client(BOTH)).await;
    let _ = ask(&mut idle).await;

    server.signal("TERM");

    assert_eq!(server.code(), Some(0), "{}", server.log());
    assert!(!server.log().contains("cut off"), "{}", server.log());
}

#[test]
fn what_cannot_be_used_is_refused_at_the_start() {
    let authority = Authority::new();
    let (first, second) = (authority.issue(), authority.issue());
    let run = |prepare: &dyn Fn(&Path), variables: &[(&str, &str)]| {
        let folder = TempDir::new().unwrap();
        keep(folder.path(), &first);
        prepare(folder.path());
        let ran = command(folder.path(), variables).output().unwrap();
        (ran.status.code(), String::from_utf8_lossy(&ran.stderr).into_owned())
    };
    type Spoil<'a> = &'a dyn Fn(&Path);
    let cases: [(Spoil<'_>, &str); 5] = [
        (&|folder| fs::write(folder.join("key.pem"), &second.1).unwrap(), "cannot be used together"),
        (&|folder| fs::write(folder.join("cert.pem"), "no PEM").unwrap(), "holds no certificate"),
        (&|folder| fs::write(folder.join("key.pem"), &first.0).unwrap(), "holds no private key"),
        (&|folder| fs::remove_file(folder.join("key.pem")).unwrap(), "could not read key.pem"),
        (
            &|folder| fs::set_permissions(folder.join("key.pem"), fs::Permissions::from_mode(0o644)).unwrap(),
            "chmod 600 key.pem",
        ),
    ];
    for (prepare, words) in cases {
        let (code, said) = run(prepare, VARIABLES);
        assert_eq!(code, Some(2), "{words}: {said}");
        assert!(said.contains(words), "{words}: {said}");
        assert!(!said.contains("PRIVATE KEY"), "{said}");
    }
    let alone = [("COUNTERSIGN_PUBLIC_URL", "https://localhost"), ("COUNTERSIGN_TLS__KEY", "key.pem")];
    let (code, said) = run(&|_| {}, &alone);
    assert!(code == Some(2) && said.contains("it needs TLS__CERTIFICATE"), "{said}");
}
