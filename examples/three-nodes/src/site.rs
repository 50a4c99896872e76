//! Everything that is started, in order. It ends the other way round.

use std::fmt;
use std::fs::Permissions;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use countersign_guard::Env;
use tempfile::TempDir;

use crate::api;
use crate::part::Part;
use crate::programs::Programs;
use crate::server::Server;
use crate::start;

/// All that runs. Dropped, it ends in the order of these members; the folder with all data goes last.
pub(crate) struct Site {
    /// Where nginx listens.
    pub(crate) public: SocketAddr,
    /// Where the nodes listen.
    pub(crate) nodes: [SocketAddr; 3],
    /// Where the guarded API listens.
    pub(crate) api: SocketAddr,
    /// For commands beside the nodes.
    pub(crate) server: Server,
    _running: Running,
}

struct Running {
    _nginx: Part,
    _nodes: Vec<Part>,
    _valkey: Part,
    _postgres: Part,
    _folder: TempDir,
}

impl Site {
    /// Starts everything.
    pub(crate) async fn start(programs: &Programs) -> Result<Self> {
        let folder = folder()?;
        let [postgres_at, valkey_at, public, a, b, c] = free_addresses()?;
        let nodes_at = [a, b, c];
        let postgres = start::postgres(programs, folder.path(), postgres_at).await?;
        let valkey = start::valkey(programs, folder.path(), valkey_at).await?;
        let server = Server::new(public, postgres_at, valkey_at)?;
        let nodes = start::nodes(&server, folder.path(), nodes_at).await?;
        let nginx = start::nginx(programs, folder.path(), public, nodes_at).await?;
        let machine_key = server.run(&["machine", "create", "orders"])?;
        let api = api::serve(server.public_url(), machine_key.trim()).await?;
        let running = Running { _nginx: nginx, _nodes: nodes, _valkey: valkey, _postgres: postgres, _folder: folder };
        Ok(Self { public, nodes: nodes_at, api, server, _running: running })
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nodes = self.nodes.map(|node| format!("http://{node}")).join(" ");
        writeln!(f, "nginx            {}", self.server.public_url())?;
        writeln!(f, "nodes            {nodes}")?;
        write!(f, "guarded API      http://{}/orders", self.api)
    }
}

/// A folder for all data and logs. PostgreSQL, which may run as somebody else, must get to its own below it.
fn folder() -> Result<TempDir> {
    let folder = tempfile::Builder::new().prefix("three-nodes.").tempdir()?;
    open_to_all(folder.path())?;
    Ok(folder)
}

fn open_to_all(folder: &Path) -> Result<()> {
    Ok(std::fs::set_permissions(folder, Permissions::from_mode(0o755))?)
}

/// Addresses of the loopback where nobody listens, all different.
///
/// Their ports are below those that the kernel hands out by itself: nobody is given one before its part has it.
fn free_addresses<const N: usize>() -> Result<[SocketAddr; N]> {
    let (chance, mut listeners) = (Env::system(), Vec::new());
    for _ in 0..1_000 {
        let port = 20_000 + u16::from_le_bytes(chance.entropy().bytes::<2>()) % 10_000;
        listeners.extend(TcpListener::bind((Ipv4Addr::LOCALHOST, port)));
        if listeners.len() == N {
            break;
        }
    }
    let addresses = listeners.iter().map(TcpListener::local_addr).collect::<Result<Vec<_>, _>>()?;
    addresses.try_into().ok().context("no ports are free")
}
