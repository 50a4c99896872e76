//! `countersign audit export`.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use countersign_audit::{Event, Record};
use countersign_kernel::RequestId;
use countersign_trail::{Exported, Range};
use serde_json::json;

use super::ExportArgs;
use crate::command::context::{Context, OPERATOR};
use crate::command::failure::{Exit, Failure};

pub(super) async fn run(args: &ExportArgs, context: &Context) -> Result<(), Failure> {
    let store = context.system.store();
    let now = store.now();
    let range = Range {
        after: args.after,
        through: args.through,
        since: args.since.map(|moment| moment.when(now)),
        until: args.until.map(|moment| moment.when(now)),
    };
    if args.through.is_none() && args.until.is_none() {
        // Then the end of the export is signed too.
        context.system.checkpoint().await?;
    }
    let Some(path) = &args.out else {
        let mut output = BufWriter::new(std::io::stdout());
        return match write(range, context, &mut output).await {
            Ok(exported) => note(exported, context).await,
            // `countersign audit export | head` is no failure.
            Err(countersign_trail::Error::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(error.into()),
        };
    };
    let part = Part::create(path, context)?;
    let mut output = BufWriter::new(part.file.try_clone()?);
    let exported = write(range, context, &mut output).await?;
    drop(output);
    part.finish(path)?;
    note(exported, context).await?;
    let Exported { first, last, checkpoints, unsealed } = exported;
    let line = format!("{}: records {first} to {last}, {checkpoints} checkpoints", path.display());
    let value = json!({"file": path, "first": first, "last": last, "checkpoints": checkpoints, "unsealed": unsealed});
    context.output.say(&line, &value)
}

async fn write(
    range: Range,
    context: &Context,
    output: &mut (dyn Write + Send),
) -> Result<Exported, countersign_trail::Error> {
    let store = context.system.store();
    countersign_trail::export(store.as_ref(), context.system.audit_key(), range, output).await
}

/// Whoever reads the trail leaves a trace in it.
async fn note(exported: Exported, context: &Context) -> Result<(), Failure> {
    let store = context.system.store();
    let mut tx = store.begin().await?;
    let record = Record::new(Event::AuditExported, OPERATOR, &context.origin(), tx.now(), context.system.env());
    tx.audit(record.with("first", exported.first.to_string()).with("last", exported.last.to_string()));
    Ok(tx.commit().await?)
}

/// A file beside the one to be, which takes its name when it is whole. Dropped before that, it goes.
struct Part {
    file: File,
    path: PathBuf,
    is_whole: bool,
}

impl Part {
    /// For its owner alone: an export holds addresses of people.
    fn create(path: &Path, context: &Context) -> Result<Self, Failure> {
        let name = path.file_name().ok_or_else(|| Failure::usage(format!("{} names no file", path.display())))?;
        let part = path.with_file_name(format!(".{}.{}", name.to_string_lossy(), RequestId::new(context.system.env())));
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part);
        let file = file.map_err(|error| Failure::new(Exit::Failed, format!("{}: {error}", path.display())))?;
        Ok(Self { file, path: part, is_whole: false })
    }

    fn finish(mut self, path: &Path) -> Result<(), Failure> {
        self.file.sync_all()?;
        std::fs::rename(&self.path, path)?;
        self.is_whole = true;
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.is_whole {
            // Nothing more can be done than to try.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
