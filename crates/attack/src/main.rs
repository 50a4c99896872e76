//! `countersign-attack tokens|guesses|oracle URL [OPTION…]`: attacks a running server and says what came of it.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a development tool talks to its terminal")]

use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use countersign_attack::guesses::Extent;
use countersign_attack::{Report, Target, guesses, oracle, tokens};

const HELP: &str = "\
countersign-attack ATTACK URL [OPTION…]

  tokens URL           forge access tokens: algorithms, keys, claims, encodings, places
      --key FILE       the server's own Ed25519 key (PKCS#8 PEM), for tokens that are authentic and wrong
  guesses URL          guess passwords past the limits: one address, many, forged ones, many accounts, bursts
      --trusted        the server believes the forwarding headers of 127.0.0.1: guess through IPv6 networks as well
      --admin URL      the administrators' listener, to count the hashes that were really computed
  oracle URL           learn who has an account, by words and by time; the server's limits must be off
      --pairs N        so many questions about either address at each door: 300 without it
  key FILE             write a new Ed25519 key for `countersign keys import FILE --activate`

The exit code is 0 where nothing was found, 1 where something was, 2 where it could not be tried.
";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments).await {
        Ok(Some(report)) => {
            print!("{report}");
            if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Ok(None) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("countersign-attack: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: &[String]) -> Result<Option<Report>> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let option = |name: &str| words.iter().position(|word| *word == name).and_then(|at| words.get(at + 1).copied());
    match words.as_slice() {
        ["tokens", url, ..] => {
            let key = option("--key").map(|path| std::fs::read_to_string(path).context("--key")).transpose()?;
            Ok(Some(tokens::run(&Target::parse(url)?, key.as_deref()).await?))
        }
        ["guesses", url, ..] => {
            let extent = Extent {
                is_trusted: words.contains(&"--trusted"),
                admin: option("--admin").map(Target::parse).transpose()?,
            };
            Ok(Some(guesses::run(&Target::parse(url)?, &extent).await?))
        }
        ["oracle", url, ..] => {
            let pairs = option("--pairs").map(|pairs| pairs.parse().context("--pairs")).transpose()?;
            Ok(Some(oracle::run(&Target::parse(url)?, pairs.unwrap_or(300)).await?))
        }
        ["key", path] => {
            std::fs::write(path, tokens::new_key()?)?;
            Ok(None)
        }
        [] | ["help" | "--help" | "-h", ..] => {
            print!("{HELP}");
            Ok(None)
        }
        _ => bail!("see `countersign-attack help`"),
    }
}
