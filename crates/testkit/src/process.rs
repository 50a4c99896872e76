//! The built binary with a data directory of its own.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use countersign_kernel::{Env, SystemClock};
use tempfile::TempDir;

use crate::actor::Actor;
use crate::browser::World;
use crate::described::Site;
use crate::ran::Ran;
use crate::transport::Transport;

/// How long a start or an end may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until a log holds these words so often: lines are gathered for some milliseconds before they are written. The bound is wide
/// because the machine may be busy.
///
/// # Panics
/// It never does.
#[expect(clippy::panic, reason = "a test harness fails its test")]
pub fn until_log(log: impl Fn() -> String, words: &str, times: usize) {
    for _ in 0..3_000 {
        if log().matches(words).count() >= times {
            return;
        }
        thread::sleep(Duration::from_millis(20));
    }
    panic!("it never said {words:?}:\n{}", log())
}

/// Settings of a [`Process`].
#[derive(Debug)]
#[must_use]
pub struct ProcessBuilder {
    binary: PathBuf,
    mode: String,
    public_url: String,
    variables: Vec<(String, String)>,
    shell: Option<String>,
    folder: Option<Arc<TempDir>>,
}

/// A running server process. Dropped, it is killed; its data directory goes with the last process that uses it.
pub struct Process {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where its administrators' listener is, if it has one.
    pub admin: Option<SocketAddr>,
    builder: ProcessBuilder,
    folder: Arc<TempDir>,
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
}

impl ProcessBuilder {
    /// Sets the environment variable `COUNTERSIGN_` + `name`.
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.variables.push((format!("COUNTERSIGN_{name}"), value.to_owned()));
        self
    }

    /// Runs these commands of the shell in the process before it becomes the server: `ulimit -n 300`.
    pub fn after(mut self, shell: &str) -> Self {
        self.shell = Some(shell.to_owned());
        self
    }

    /// Runs this command instead of `serve`: `dev`.
    pub fn mode(mut self, mode: &str) -> Self {
        mode.clone_into(&mut self.mode);
        self
    }

    /// What the system is called; `http://localhost:8420` without it.
    pub fn public_url(mut self, url: &str) -> Self {
        url.clone_into(&mut self.public_url);
        self
    }

    /// Starts it and waits until it is ready.
    ///
    /// # Panics
    /// It ends, or is not ready in time; the message shows its log.
    #[expect(clippy::panic, reason = "a test harness fails its test")]
    pub async fn start(self) -> Process {
        let folder = self.folder();
        match Process::spawn(self, folder).await {
            Ok(process) => process,
            Err(log) => panic!("the server did not start:\n{log}"),
        }
    }

    /// Runs a command beside or without a server, with the same settings and data directory.
    #[must_use]
    pub fn run(&mut self, arguments: &[&str], input: &str) -> Ran {
        let folder = self.folder();
        self.folder = Some(Arc::clone(&folder));
        run(self, folder.path(), arguments, input)
    }

    #[expect(clippy::expect_used, reason = "a test harness fails its test")]
    fn folder(&self) -> Arc<TempDir> {
        let fresh = || Arc::new(tempfile::tempdir().expect("there is room for a folder"));
        self.folder.clone().unwrap_or_else(fresh)
    }

    fn command(&self, folder: &Path, arguments: &[impl AsRef<OsStr>]) -> Command {
        let mut command = match &self.shell {
            Some(shell) => {
                let mut command = Command::new("/bin/sh");
                command.args(["-c", &format!("{shell}; exec \"$0\" \"$@\"")]).arg(&self.binary);
                command
            }
            None => Command::new(&self.binary),
        };
        command.args(arguments).current_dir(folder).env_clear();
        command.env("COUNTERSIGN_LISTEN", "127.0.0.1:0").env("COUNTERSIGN_LOG__FORMAT", "json");
        if self.mode != "dev" {
            command.env("COUNTERSIGN_PUBLIC_URL", &self.public_url);
        }
        for (name, value) in &self.variables {
            command.env(name, value);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

impl Process {
    /// Begins a server from the binary at `path`: `env!("CARGO_BIN_EXE_countersign")` in the tests of its crate.
    pub fn builder(path: impl Into<PathBuf>) -> ProcessBuilder {
        ProcessBuilder {
            binary: path.into(),
            mode: "serve".to_owned(),
            public_url: "http://localhost:8420".to_owned(),
            variables: Vec::new(),
            shell: None,
            folder: None,
        }
    }

    /// Somebody with this name who comes over the network.
    #[must_use]
    pub fn stranger(&self, name: &str) -> Actor {
        Actor::new(self.world(self.address), name)
    }

    /// Somebody who has registered and is signed in.
    ///
    /// # Panics
    /// The registration was refused.
    pub async fn member(&self, name: &str) -> Actor {
        let actor = self.stranger(name);
        let _ = actor.register().await.expect(201);
        actor
    }

    /// The same person, met again after a restart: an actor keeps its cookies but must learn the new address.
    #[must_use]
    pub fn meet_again(&self, actor: &Actor) -> Actor {
        actor.moved_to(self.world(self.address))
    }

    /// Somebody at the administrators' listener.
    ///
    /// # Panics
    /// There is none.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test harness fails its test")]
    pub fn operator(&self) -> Actor {
        let world = self.world(self.admin.expect("an administrators' listener"));
        Actor::new(World { site: Site::Foreign, ..world }, "operator")
    }

    /// The folder that the process works in; its data are in `countersign-data`.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Everything that it has printed.
    #[must_use]
    pub fn log(&self) -> String {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }

    /// Waits until it has printed these words so often.
    ///
    /// # Panics
    /// It never does.
    pub fn until_log(&self, words: &str, times: usize) {
        until_log(|| self.log(), words, times);
    }

    /// Runs a command beside the server, with the same settings and data directory.
    #[must_use]
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, "")
    }

    /// The same, with this on its standard input.
    #[must_use]
    pub fn run_with(&self, arguments: &[&str], input: &str) -> Ran {
        run(&self.builder, self.folder.path(), arguments, input)
    }

    /// Begins a command beside the server, with the same settings and data directory, for whoever ends it.
    ///
    /// # Panics
    /// It does not start.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test harness fails its test")]
    pub fn begin(&self, arguments: &[&str]) -> Child {
        self.builder.command(self.folder.path(), arguments).spawn().expect("the binary is there")
    }

    /// Ends it at once, as a power failure would.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks it to end, and waits.
    ///
    /// # Panics
    /// It does not end in time.
    pub fn terminate(&mut self) -> ExitStatus {
        self.signal("TERM");
        self.wait_for_end()
    }

    #[expect(clippy::panic, reason = "a test harness fails its test")]
    fn wait_for_end(&mut self) -> ExitStatus {
        let mut waited = Duration::ZERO;
        while waited < PATIENCE {
            if let Ok(Some(status)) = self.child.try_wait() {
                return status;
            }
            thread::sleep(STEP);
            waited += STEP;
        }
        panic!("the server did not end:\n{}", self.log())
    }

    /// Sends it a signal: `TERM`, `INT`, `STOP`, `CONT`.
    pub fn signal(&self, name: &str) {
        let _ = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status();
    }

    /// Ends it if it runs, and starts it again on the same data.
    ///
    /// # Panics
    /// It does not start.
    #[expect(clippy::panic, reason = "a test harness fails its test")]
    pub async fn restart(mut self) -> Self {
        self.kill();
        let builder = ProcessBuilder {
            binary: self.builder.binary.clone(),
            mode: self.builder.mode.clone(),
            public_url: self.builder.public_url.clone(),
            variables: self.builder.variables.clone(),
            shell: self.builder.shell.clone(),
            folder: None,
        };
        match Self::spawn(builder, Arc::clone(&self.folder)).await {
            Ok(process) => process,
            Err(log) => panic!("the server did not start again:\n{log}"),
        }
    }

    /// The same on other settings: `COUNTERSIGN_` + `name` is `value` from now on.
    ///
    /// # Panics
    /// It does not start.
    pub async fn restart_with(mut self, name: &str, value: &str) -> Self {
        self.builder.variables.push((format!("COUNTERSIGN_{name}"), value.to_owned()));
        self.restart().await
    }

    /// Waits until it has ended by itself.
    ///
    /// # Panics
    /// It does not end in time.
    pub fn ended(&mut self) -> ExitStatus {
        self.wait_for_end()
    }

    async fn spawn(builder: ProcessBuilder, folder: Arc<TempDir>) -> Result<Self, String> {
        let spawned = builder.command(folder.path(), &[&builder.mode]).spawn();
        let mut child = spawned.map_err(|error| format!("{}: {error}", builder.binary.display()))?;
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let (said, heard) = mpsc::channel();
        listen(child.stdout.take(), &lines, Some(said));
        listen(child.stderr.take(), &lines, None);
        let log = || lines.lock().unwrap_or_else(PoisonError::into_inner).join("\n");
        let (mut address, mut admin) = (None, None);
        // The administrators' listener is named first.
        while address.is_none() {
            let Ok(line) = heard.recv_timeout(PATIENCE) else { return Err(log()) };
            let line: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
            let text = |member: &str| line.get(member).and_then(serde_json::Value::as_str);
            let named =
                |door: &str| text("address").filter(|_| text("door") == Some(door)).and_then(|a| a.parse().ok());
            address = named("public");
            admin = admin.or_else(|| named("admin"));
        }
        let Some(address) = address else { return Err(log()) };
        let process = Self { address, admin, builder, folder, child, lines };
        let visitor = process.stranger("visitor");
        for _ in 0..400 {
            let asked = visitor.call(http::Method::GET, "/readyz?exclude=valkey").try_send().await;
            if asked.is_ok_and(|reply| reply.status() == 200) {
                return Ok(process);
            }
            tokio::time::sleep(STEP).await;
        }
        Err(process.log())
    }

    fn world(&self, address: SocketAddr) -> World {
        let public_url = match self.builder.mode.as_str() {
            "dev" => format!("http://localhost:{}", self.address.port()),
            _ => self.builder.public_url.clone(),
        };
        World {
            transport: Transport::Socket(address),
            public_url,
            clock: Arc::new(SystemClock::start()),
            env: Env::system(),
            // `dev` leads browsers from one name of this machine to the other.
            site: if self.builder.mode == "dev" { Site::Shared } else { Site::Own },
        }
    }
}

/// How often something that will come is looked for.
const STEP: Duration = Duration::from_millis(10);

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

#[expect(clippy::expect_used, reason = "a test harness fails its test")]
fn run(builder: &ProcessBuilder, folder: &Path, arguments: &[&str], input: &str) -> Ran {
    let mut child = builder.command(folder, arguments).spawn().expect("the binary is there");
    if let Some(mut stdin) = child.stdin.take() {
        // A command that reads nothing may have ended already.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output().expect("a child can be waited for");
    Ran {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn listen(
    from: Option<impl Read + Send + 'static>,
    lines: &Arc<Mutex<Vec<String>>>,
    said: Option<mpsc::Sender<String>>,
) {
    let Some(from) = from else { return };
    let lines = Arc::clone(lines);
    thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if let Some(said) = &said {
                let _ = said.send(line.clone());
            }
            lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    });
}
