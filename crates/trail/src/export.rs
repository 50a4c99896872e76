//! Exports the trail as JSON lines (the form: [`countersign_audit::export`]).

use std::io::Write;

use countersign_audit::Line;
use countersign_store::Store;

use crate::check::{PAGE, link_of};
use crate::error::Error;

/// Writes every sealed record with a greater number than `after`, in order, then the unsealed tail, one JSON object a line;
/// how many lines it were. Page by page: a trail of any length needs little memory.
///
/// # Errors
/// [`Error::Store`] if the store fails, [`Error::Output`] if `output` does; what was written so far is a good beginning.
pub async fn export(store: &dyn Store, after: u64, output: &mut (dyn Write + Send)) -> Result<u64, Error> {
    let mut after = after;
    let mut lines: u64 = 0;
    loop {
        let mut tx = store.snapshot().await?;
        let page = tx.list_sealed_audit_records(after, PAGE).await?;
        if page.is_empty() {
            for record in tx.list_unsealed_audit_records(u32::MAX).await? {
                writeln!(output, "{}", Line { link: None, record }.to_json())?;
                lines = lines.saturating_add(1);
            }
            output.flush()?;
            return Ok(lines);
        }
        drop(tx);
        for sealed in page {
            let link = link_of(&sealed)?;
            after = link.map_or(after, |link| after.max(link.seq));
            writeln!(output, "{}", Line { link, record: sealed.record }.to_json())?;
            lines = lines.saturating_add(1);
        }
    }
}
