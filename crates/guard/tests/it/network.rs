//! Over real sockets: TLS, time limits, and what is let go.

use std::sync::Arc;
use std::time::Duration;

use countersign_guard::Verifier;
use countersign_guard::testing::TestIssuer;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::stage::code;

/// Serves this text as `/.well-known/jwks.json` to whoever speaks TLS and trusts the authority; its certificate, and the port.
async fn serve_tls(jwks: String) -> (String, u16) {
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap();
    let own = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = certificate.signed_by(&own, &Issuer::new(params, key)).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let secret = PrivateKeyDer::try_from(own.serialize_der()).unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], secret).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut asked = vec![0; 4_096];
            let length = stream.read(&mut asked).await.unwrap();
            let asked = String::from_utf8_lossy(&asked[..length]).into_owned();
            assert!(asked.starts_with("GET /.well-known/jwks.json HTTP/1.1\r\n"), "{asked}");
            assert!(asked.contains(&format!("host: localhost:{port}\r\n")), "{asked}");
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{jwks}", jwks.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
            let _ = stream.shutdown().await;
        }
    });
    (authority.pem(), port)
}

#[tokio::test]
async fn tls_is_spoken_with_whom_is_trusted_and_with_nobody_else() {
    let issuer = TestIssuer::start();
    let (authority, port) = serve_tls(issuer.jwks()).await;
    let settings = |host: &str| {
        let keys = format!("https://{host}:{port}/.well-known/jwks.json");
        Verifier::discover(issuer.url()).audience(issuer.audience()).env(issuer.env().clone()).keys_url(keys)
    };
    let token = issuer.token("ada").mint();

    let trusting = settings("localhost").root_certificates(authority.clone()).build().await.unwrap();
    assert_eq!(code(&trusting, &token).await, "ok");
    let strict = settings("localhost").build().await.unwrap();
    assert_eq!(code(&strict, &token).await, "OVERLOADED", "a private authority that nobody named");
    let elsewhere = settings("127.0.0.1").root_certificates(authority).build().await.unwrap();
    assert_eq!(code(&elsewhere, &token).await, "OVERLOADED", "the certificate is for another name");
}

#[tokio::test]
async fn an_issuer_on_a_loopback_port_is_followed() {
    let issuer = TestIssuer::on_loopback().await;
    let verifier = issuer.verifier().await;
    let token = issuer.token("ada").mint();
    assert_eq!(code(&verifier, &token).await, "ok");

    issuer.sign_out(&token).await;

    assert_eq!(code(&verifier, &token).await, "TOKEN_REVOKED");
    issuer.go_down();
    issuer.clock().advance(countersign_kernel::Lifetime::from_seconds(61));
    let other = issuer.token("grace").mint();
    assert_eq!(code(&verifier, &other).await, "OVERLOADED");
    issuer.come_back();
    issuer.advance(Duration::from_secs(1)).await;
    assert_eq!(code(&verifier, &other).await, "ok");
}

#[tokio::test]
async fn an_issuer_that_says_nothing_holds_up_the_start_for_the_time_limit() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let settings = Verifier::discover(url).audience("orders").timeout(Duration::from_millis(50));

    let built = tokio::time::timeout(Duration::from_secs(30), settings.build()).await.unwrap().unwrap();

    assert!(!built.status().has_keys);
    assert_eq!(code(&built, &TestIssuer::start().token("ada").mint()).await, "OVERLOADED");
}
