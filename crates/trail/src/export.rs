//! Exports the trail as JSON lines (the form: [`countersign_audit::export`]).

use std::io::Write;

use countersign_audit::{Header, Line, Link, RecordLine};
use countersign_kernel::Timestamp;
use countersign_keys::AuditKey;
use countersign_store::{ChainRow, Store};

use crate::check::PAGE;
use crate::error::Error;

/// Which records are wanted: numbers, or moments of commit, or both; all where nothing is given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Range {
    /// Those with a greater number.
    pub after: Option<u64>,
    /// Those with this number or a smaller one.
    pub through: Option<u64>,
    /// Those from the first one on that was committed at or after this moment.
    pub since: Option<Timestamp>,
    /// Those up to the last one that was committed before this moment.
    pub until: Option<Timestamp>,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exported {
    /// The number of the first record; greater than `last` where there was none.
    pub first: u64,
    /// The number of the last sealed record.
    pub last: u64,
    /// How many checkpoints.
    pub checkpoints: u64,
    /// How many records that wait for the sealer: only where the range has no end.
    pub unsealed: u64,
}

/// Writes the header, the checkpoints and the records of a range, in order, then the unsealed tail, one JSON object a line.
/// Page by page: a trail of any length needs little memory, and no transaction is held over the whole.
///
/// # Errors
/// [`Error::Store`] if the store fails, [`Error::Output`] if `output` does; what was written so far is a good beginning.
pub async fn export(
    store: &dyn Store,
    key: &AuditKey,
    range: Range,
    output: &mut (dyn Write + Send),
) -> Result<Exported, Error> {
    let plan = Plan::make(store, range).await?;
    let jwk = serde_json::from_str(&key.public_jwk()).ok();
    let mut header = Header::new(store.now(), jwk, plan.after, plan.last);
    header.base = plan.base;
    header.checkpoints = plan.checkpoints;
    writeln!(output, "{}", header.to_json())?;

    let within = |seq: u64| (plan.after.seq..=plan.last.seq).contains(&seq);
    let mut number = 0;
    loop {
        let page = store.snapshot().await?.list_audit_checkpoints(number, PAGE).await?;
        let Some(last) = page.last() else { break };
        number = last.checkpoint.number;
        for row in page.iter().filter(|row| within(row.checkpoint.link.seq) && row.checkpoint.number <= plan.newest) {
            writeln!(output, "{}", Line::Checkpoint(row.signed.clone()).to_json())?;
        }
    }

    let mut after = plan.after.seq;
    while after < plan.last.seq {
        let page = store.snapshot().await?.list_audit_chain(after, PAGE).await?;
        if page.is_empty() {
            break;
        }
        for row in page {
            after = after.max(row.place.link.seq);
            if within(row.place.link.seq) {
                writeln!(output, "{}", text_of(row))?;
            }
        }
    }
    let mut unsealed: u64 = 0;
    if range.through.is_none() && range.until.is_none() {
        for record in store.snapshot().await?.list_unsealed_audit_records(u32::MAX).await? {
            writeln!(output, "{}", RecordLine { place: None, record }.to_json())?;
            unsealed = unsealed.saturating_add(1);
        }
    }
    output.flush()?;
    let first = plan.after.seq.saturating_add(1);
    Ok(Exported { first, last: plan.last.seq, checkpoints: plan.checkpoints, unsealed })
}

/// A record that somebody has spoilt becomes a line that no check will take for a record.
fn text_of(row: ChainRow) -> String {
    match row.record {
        Ok(record) => RecordLine { place: Some(row.place), record }.to_json(),
        Err(column) => format!(r#"{{"seq":{},"spoilt":"{column}"}}"#, row.place.link.seq),
    }
}

/// What an export will hold, settled before its first line.
struct Plan {
    after: Link,
    last: Link,
    base: Option<String>,
    checkpoints: u64,
    /// The greatest number of a checkpoint at that moment.
    newest: u64,
}

impl Plan {
    async fn make(store: &dyn Store, range: Range) -> Result<Self, Error> {
        let mut tx = store.snapshot().await?;
        let base = tx.audit_base().await?;
        let start = base.as_ref().map_or(Link::START, |base| base.checkpoint.link);
        let head = tx.audit_head().await?;
        let mut after = range.after.unwrap_or(0).max(start.seq);
        let mut through = range.through.unwrap_or(u64::MAX).min(head.seq);
        if range.since.is_some() || range.until.is_some() {
            match tx.audit_span(range.since, range.until).await? {
                Some((first, last)) => {
                    after = after.max(first.saturating_sub(1));
                    through = through.min(last);
                }
                None => through = after,
            }
        }
        let after = after.min(through.max(start.seq));
        let after = if after == start.seq {
            start
        } else {
            let row = tx.list_audit_chain(after, 1).await?.into_iter().next();
            row.map_or(head, |row| Link { seq: after, hash: row.place.prev })
        };
        let last = if through == head.seq {
            head
        } else if through <= after.seq {
            after
        } else {
            let row = tx.list_audit_chain(through.saturating_sub(1), 1).await?.into_iter().next();
            row.map_or(head, |row| row.place.link)
        };

        let (mut checkpoints, mut newest) = (0_u64, 0);
        loop {
            let page = tx.list_audit_checkpoints(newest, PAGE).await?;
            let Some(end) = page.last() else { break };
            newest = end.checkpoint.number;
            let within = page.iter().filter(|row| (after.seq..=last.seq).contains(&row.checkpoint.link.seq)).count();
            checkpoints = checkpoints.saturating_add(u64::try_from(within).unwrap_or(u64::MAX));
        }
        let base = base.filter(|_| after == start).map(|base| base.signed);
        Ok(Self { after, last, base, checkpoints, newest })
    }
}
