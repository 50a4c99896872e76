//! A directory that receives one `.eml` file a message: for a mail server of another kind to take them from, and for tests.
//!
//! Promises: a file appears whole or not at all; a message that is handed over twice is one file; only the server's own user can
//! read it, because links are in it.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use tokio::io::AsyncWriteExt as _;

use crate::error::{Error, Undelivered};
use crate::message::Message;
use crate::transport::Transport;

/// A directory of `.eml` files.
#[derive(Debug, Clone)]
pub struct Directory(PathBuf);

impl Directory {
    /// Uses this directory, made where it does not exist.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path).map_err(|error| Error::File(path.to_owned(), error))?;
        Ok(Self(path.to_owned()))
    }

    async fn write(&self, message: &Message) -> std::io::Result<()> {
        let (partial, whole) =
            (self.0.join(format!(".{}.part", message.id)), self.0.join(format!("{}.eml", message.id)));
        let mut options = tokio::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        options.mode(0o600);
        let mut file = options.open(&partial).await?;
        file.write_all(&message.to_bytes()).await?;
        file.sync_all().await?;
        drop(file);
        tokio::fs::rename(&partial, &whole).await
    }
}

#[async_trait]
impl Transport for Directory {
    async fn send(&self, message: &Message) -> Result<(), Undelivered> {
        self.write(message).await.map_err(|error| Undelivered { is_final: false, reason: error.to_string() })
    }
}
