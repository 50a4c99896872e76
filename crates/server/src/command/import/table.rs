//! CSV: a header, and a user on each row.

use std::io::Read;

use csv::{ByteRecord, ReaderBuilder, StringRecord};
use serde_json::{Map, Value};

use super::meter::Metered;

/// How databases write that a cell has no value.
const NOTHING: [&str; 4] = ["", "NULL", "null", "\\N"];

/// One row, or why there is none.
pub(super) enum Row {
    /// Names and values; cells without a value are left out.
    Cells(Map<String, Value>),
    /// The row is not UTF-8.
    NotText,
}

/// Calls `each` with every row and its line, until it says no. Where the table has no header, `header` gives the names.
///
/// # Errors
/// The file cannot be read on. The text shows nothing of it.
pub(super) fn read(
    from: impl Read,
    separator: u8,
    header: Option<&[&str]>,
    mut each: impl FnMut(u64, Row) -> bool,
) -> Result<(), String> {
    let (metered, allowance) = Metered::new(from);
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator).from_reader(metered);
    let mut names: Option<Vec<String>> = header.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
    let mut record = ByteRecord::new();
    loop {
        // The reader may hold some of the next row already: that is little against what a row may have.
        allowance.renew();
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) => return Err(format!("this is no table: {}", describe(error))),
        }
        let line = record.position().map_or(0, csv::Position::line);
        let cells = StringRecord::from_byte_record(std::mem::take(&mut record));
        let row = match (cells, &names) {
            (Ok(cells), None) => {
                names = Some(cells.iter().map(|name| name.trim().to_owned()).collect());
                continue;
            }
            (Ok(cells), Some(names)) => Row::Cells(members(names, &cells)),
            (Err(_), None) => return Err("the header is not UTF-8".to_owned()),
            (Err(_), Some(_)) => Row::NotText,
        };
        if !each(line, row) {
            return Ok(());
        }
    }
}

/// Which of the usual separators the first line has most of.
pub(super) fn separator(line: &[u8]) -> u8 {
    let count = |separator: u8| line.iter().filter(|byte| **byte == separator).count();
    [b',', b';', b'\t'].into_iter().rev().max_by_key(|separator| count(*separator)).unwrap_or(b',')
}

fn members(names: &[String], cells: &StringRecord) -> Map<String, Value> {
    let pairs = names.iter().zip(cells.iter()).filter(|(_, cell)| !NOTHING.contains(&cell.trim()));
    pairs.map(|(name, cell)| (name.clone(), Value::String(cell.to_owned()))).collect()
}

fn describe(error: csv::Error) -> String {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error.to_string(),
        _ => "it cannot be read on".to_owned(),
    }
}
