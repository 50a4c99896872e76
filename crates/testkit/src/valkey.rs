//! A Valkey or Redis server of one test, on a port of its own.
//!
//! It ends with its value, and with the process of the test however that ends. Leans on nothing else of this crate, so that tests of
//! floors below can take it up as a file.

use std::env;
use std::fmt;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

/// A running server, or one that was ended and can be started again at the same address.
pub struct ValkeyServer {
    program: String,
    arguments: Vec<String>,
    address: SocketAddr,
    keeper: Option<Child>,
    pid: String,
}

impl ValkeyServer {
    /// A server with nothing in it; none where `COUNTERSIGN_TEST_VALKEY` names no program, which the test says.
    #[must_use]
    pub fn start() -> Option<Self> {
        Self::with(&[])
    }

    /// The same, with these arguments.
    ///
    /// # Panics
    /// It does not start, or `COUNTERSIGN_REQUIRE_VALKEY` says that it must.
    #[must_use]
    #[expect(
        clippy::expect_used,
        clippy::print_stderr,
        reason = "a test harness fails its test, and says what it skips"
    )]
    #[expect(
        clippy::disallowed_methods,
        reason = "where the program is, is the one thing a test cannot know by itself"
    )]
    pub fn with(arguments: &[&str]) -> Option<Self> {
        let Ok(program) = env::var("COUNTERSIGN_TEST_VALKEY") else {
            assert!(env::var_os("COUNTERSIGN_REQUIRE_VALKEY").is_none(), "COUNTERSIGN_TEST_VALKEY is not set");
            eprintln!("skipped: COUNTERSIGN_TEST_VALKEY names no program");
            return None;
        };
        let address = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let mut server = Self { program, arguments, address, keeper: None, pid: String::new() };
        server.start_again();
        Some(server)
    }

    /// What nodes are told.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// Starts it at the same address, empty, and waits until it answers.
    ///
    /// # Panics
    /// It does not.
    #[expect(clippy::expect_used, clippy::panic, reason = "a test harness fails its test")]
    pub fn start_again(&mut self) {
        let mut keeper = Command::new("sh")
            .args(["-c", SCRIPT, &self.program, "--port", &self.address.port().to_string()])
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .args(&self.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        let mut line = String::new();
        let out = keeper.stdout.take().expect("an output");
        BufReader::new(out).read_line(&mut line).expect("its process id");
        line.trim().clone_into(&mut self.pid);
        self.keeper = Some(keeper);
        for _ in 0..1_000 {
            if self
                .try_command(&["PING"])
                .is_ok_and(|answer| answer.starts_with("+PONG") || answer.starts_with("-NOAUTH"))
            {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("{} does not answer at {}", self.program, self.address);
    }

    /// Ends it at once: what it held is gone.
    pub fn kill(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            let _ = keeper.wait();
        }
    }

    /// Sends it a signal: `STOP`, `CONT`.
    pub fn signal(&self, name: &str) {
        let _ = Command::new("kill").args([format!("-{name}"), self.pid.clone()]).status();
    }

    /// Runs a command; its answer as it came over the wire.
    ///
    /// # Panics
    /// There is no answer.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test harness fails its test")]
    pub fn command(&self, words: &[&str]) -> String {
        self.try_command(words).expect("an answer")
    }

    fn try_command(&self, words: &[&str]) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(self.address)?;
        let mut request = format!("*{}\r\n", words.len());
        for word in words {
            request.push_str(&format!("${}\r\n{word}\r\n", word.len()));
        }
        // After that one it closes, which is how the end of the answer is known.
        request.push_str("*1\r\n$4\r\nQUIT\r\n");
        stream.write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        Ok(answer.strip_suffix("+OK\r\n").map(str::to_owned).unwrap_or(answer))
    }
}

impl Drop for ValkeyServer {
    fn drop(&mut self) {
        self.kill();
    }
}

impl fmt::Debug for ValkeyServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ValkeyServer").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Keeps the server for as long as its standard input is open.
const SCRIPT: &str = r#""$0" "$@" >/dev/null 2>&1 </dev/null & echo $!; cat >/dev/null; kill -9 $!; wait"#;
