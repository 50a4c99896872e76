//! The reverse proxies, as real processes with the very files of `deploy/`: only addresses and names are put in.

use std::env;
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use axum::http::Request;
use countersign_testkit::{Method, Reply, Transport};
use tempfile::TempDir;

/// What the files of `deploy/` call the issuer.
const ISSUER: &str = "https://auth.example.com";

/// Which proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Nginx,
    Caddy,
}

/// A running proxy. Dropped, it is killed.
pub(crate) struct Proxy {
    pub(crate) kind: Kind,
    pub(crate) address: SocketAddr,
    child: Child,
    folder: TempDir,
}

/// All of them before this API, asking there; none where the programs are missing, which the test says.
pub(crate) fn all(countersign: SocketAddr, api: SocketAddr) -> Vec<Proxy> {
    let (Some(nginx), Some(caddy)) = (program("NGINX"), program("CADDY")) else { return Vec::new() };
    [(Kind::Nginx, nginx), (Kind::Caddy, caddy)]
        .map(|(kind, program)| Proxy::start(kind, &program, countersign, api))
        .into_iter()
        .collect()
}

#[expect(clippy::disallowed_methods, reason = "where the programs are, is nothing that a test can know by itself")]
fn program(name: &str) -> Option<PathBuf> {
    let found = env::var_os(format!("COUNTERSIGN_TEST_{name}")).map(PathBuf::from);
    if found.is_none() {
        assert!(env::var_os("COUNTERSIGN_REQUIRE_PROXIES").is_none(), "COUNTERSIGN_TEST_{name} is not set");
        eprintln!("skipped: COUNTERSIGN_TEST_{name} names no program");
    }
    found
}

impl Proxy {
    fn start(kind: Kind, program: &Path, countersign: SocketAddr, api: SocketAddr) -> Self {
        // A port that was free may be taken by another test before the proxy has it.
        (0..5).find_map(|_| Self::try_start(kind, program, countersign, api)).unwrap_or_else(|| panic!("{kind:?}"))
    }

    fn try_start(kind: Kind, program: &Path, countersign: SocketAddr, api: SocketAddr) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let settings = settings(kind).replace("127.0.0.1:8420", &countersign.to_string());
        let settings = settings.replace("127.0.0.1:9000", &api.to_string()).replace(ISSUER, "http://localhost:8420");
        let mut command = Command::new(program);
        match kind {
            Kind::Nginx => {
                let site = settings.replace("listen 8080;", &format!("listen {address};"));
                assert!(site.contains(&address.to_string()));
                fs::write(folder.path().join("forward-auth.conf"), site).unwrap();
                fs::write(folder.path().join("nginx.conf"), NGINX).unwrap();
                command.args(["-e", "stderr", "-c", "nginx.conf", "-p"]).arg(folder.path());
            }
            Kind::Caddy => {
                let site = settings.replace("api.example.com {", &format!("http://{address} {{"));
                assert!(site.contains(&address.to_string()));
                fs::write(folder.path().join("Caddyfile"), format!("{CADDY}{site}")).unwrap();
                command.args(["run", "--adapter", "caddyfile", "--config"]).arg(folder.path().join("Caddyfile"));
                command.env("HOME", folder.path()).env("XDG_DATA_HOME", folder.path());
                command.env("XDG_CONFIG_HOME", folder.path());
            }
        }
        let log = fs::File::create(folder.path().join("log")).unwrap();
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).current_dir(folder.path());
        let mut proxy = Self { kind, address, child: command.spawn().unwrap(), folder };
        for _ in 0..1_000 {
            if TcpStream::connect(address).is_ok() {
                return Some(proxy);
            }
            if proxy.child.try_wait().unwrap().is_some() {
                eprintln!("{}", fs::read_to_string(proxy.folder.path().join("log")).unwrap());
                return None;
            }
            thread::sleep(Duration::from_millis(10));
        }
        None
    }

    /// Asks the API through it.
    pub(crate) async fn ask(&self, method: Method, path: &str, fields: &[(&str, &str)], body: &str) -> Reply {
        let mut request = Request::builder().method(method).uri(path).header("host", "api.example.com");
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let host = self.kind == Kind::Caddy;
        let mut request = request.body(body.to_owned().into()).unwrap();
        if host {
            request.headers_mut().insert("host", self.address.to_string().parse().unwrap());
        }
        Transport::Socket(self.address).send(request, self.address).await.unwrap()
    }

    /// Calls the API through it with this token.
    pub(crate) async fn call(&self, token: &str) -> Reply {
        self.ask(Method::GET, "/orders", &[("authorization", &format!("Bearer {token}"))], "").await
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn settings(kind: Kind) -> String {
    let name = match kind {
        Kind::Nginx => "nginx/forward-auth.conf",
        Kind::Caddy => "caddy/Caddyfile",
    };
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(name)).unwrap()
}

/// What stands around the file in an installation. One process, so that it is gone when it is killed.
const NGINX: &str = "
daemon off;
master_process off;
pid nginx.pid;
events {}
http {
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    include forward-auth.conf;
}
";

const CADDY: &str = "{
	admin off
	auto_https off
}
";
