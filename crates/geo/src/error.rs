//! Why a table cannot be used.

use std::io;
use std::path::PathBuf;

/// Why a file cannot be used. The text names the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It is not there, or may not be read.
    #[error("could not read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// It is no MaxMind-format file, or a damaged one.
    #[error("{} is no sound MaxMind-format file", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
