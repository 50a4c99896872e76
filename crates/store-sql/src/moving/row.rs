//! Rows as PostgreSQL's binary COPY has them: the same bytes go in, come out and are hashed.

use aws_lc_rs::digest::{Context, SHA256};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use super::Copied;
use super::error::MoveError;
use super::table::{Column, Kind, Table, finished, quoted};
use crate::error::from_rusqlite;

/// How much of a table is handed on at a time.
const CHUNK: usize = 256 * 1024;

/// What comes before the rows (PostgreSQL 15, "COPY", "Binary Format"): signature, no flags, no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// What comes after them.
const TRAILER: &[u8] = &(-1_i16).to_be_bytes();

/// Reads all of a table, in the order of its key, and hands it on piece by piece until somebody says that he wants no more.
pub(super) fn read(
    table: &Table,
    connection: &Connection,
    mut hand_on: impl FnMut(Vec<u8>) -> bool,
) -> Result<Copied, MoveError> {
    let text = format!("SELECT {} FROM {} ORDER BY {}", table.list(), quoted(&table.name), table.order(""));
    let mut statement = connection.prepare(&text).map_err(from_rusqlite)?;
    let mut rows = statement.query([]).map_err(from_rusqlite)?;
    let (mut digest, mut count) = (Context::new(&SHA256), 0_u64);
    let mut chunk = HEADER.to_vec();
    while let Some(found) = rows.next().map_err(from_rusqlite)? {
        put(&mut chunk, table, found)?;
        count = count.saturating_add(1);
        if chunk.len() >= CHUNK {
            digest.update(&chunk);
            if !hand_on(std::mem::take(&mut chunk)) {
                return Err(MoveError::CutOff);
            }
        }
    }
    chunk.extend_from_slice(TRAILER);
    digest.update(&chunk);
    if !hand_on(chunk) {
        return Err(MoveError::CutOff);
    }
    Ok(Copied { table: table.name.clone(), rows: count, digest: finished(digest) })
}

/// Appends a row.
fn put(into: &mut Vec<u8>, table: &Table, row: &Row<'_>) -> Result<(), MoveError> {
    let count = i16::try_from(table.columns.len()).map_err(|_| MoveError::Shape(table.name.clone()))?;
    into.extend_from_slice(&count.to_be_bytes());
    for (place, column) in table.columns.iter().enumerate() {
        let refused = |why| MoveError::Value { table: table.name.clone(), column: column.name.clone(), why };
        let value = row.get_ref(place).map_err(|_| refused("it cannot be read"))?;
        put_value(into, column, value).map_err(refused)?;
    }
    Ok(())
}

fn put_value(into: &mut Vec<u8>, column: &Column, value: ValueRef<'_>) -> Result<(), &'static str> {
    match (column.kind, value) {
        (_, ValueRef::Null) => {
            into.extend_from_slice(&(-1_i32).to_be_bytes());
            Ok(())
        }
        (Kind::Number, ValueRef::Integer(number)) => put_bytes(into, &number.to_be_bytes()),
        (Kind::Truth, ValueRef::Integer(truth @ (0 | 1))) => put_bytes(into, &[u8::from(truth == 1)]),
        (Kind::Bytes, ValueRef::Blob(bytes)) => put_bytes(into, bytes),
        (Kind::Uuid, ValueRef::Blob(bytes)) if bytes.len() == 16 => put_bytes(into, bytes),
        (Kind::Text, ValueRef::Text(text)) if text.contains(&0) => Err("PostgreSQL keeps no text with a zero in it"),
        (Kind::Text, ValueRef::Text(text)) if std::str::from_utf8(text).is_err() => Err("it is not UTF-8"),
        (Kind::Text, ValueRef::Text(text)) => put_bytes(into, text),
        _ => Err("it is of another type than its column"),
    }
}

fn put_bytes(into: &mut Vec<u8>, bytes: &[u8]) -> Result<(), &'static str> {
    let length = i32::try_from(bytes.len()).map_err(|_| "it is too long")?;
    into.extend_from_slice(&length.to_be_bytes());
    into.extend_from_slice(bytes);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes_of(kind: Kind, value: ValueRef<'_>) -> Result<Vec<u8>, &'static str> {
        let mut bytes = Vec::new();
        put_value(&mut bytes, &Column { name: "c".to_owned(), kind }, value).map(|()| bytes)
    }

    #[test]
    fn a_value_is_its_length_and_its_bytes() {
        assert_eq!(bytes_of(Kind::Text, ValueRef::Null).unwrap(), [255; 4]);
        assert_eq!(
            bytes_of(Kind::Number, ValueRef::Integer(-2)).unwrap(),
            [0, 0, 0, 8, 255, 255, 255, 255, 255, 255, 255, 254]
        );
        assert_eq!(bytes_of(Kind::Truth, ValueRef::Integer(1)).unwrap(), [0, 0, 0, 1, 1]);
        assert_eq!(bytes_of(Kind::Text, ValueRef::Text("é".as_bytes())).unwrap(), [0, 0, 0, 2, 0xc3, 0xa9]);
        assert_eq!(bytes_of(Kind::Bytes, ValueRef::Blob(&[])).unwrap(), [0; 4]);
    }

    #[test]
    fn what_postgres_would_not_keep_as_it_is_is_refused() {
        for (kind, value) in [
            (Kind::Text, ValueRef::Text(b"a\0b")),
            (Kind::Text, ValueRef::Text(b"\xff")),
            (Kind::Text, ValueRef::Blob(b"a")),
            (Kind::Uuid, ValueRef::Blob(b"short")),
            (Kind::Truth, ValueRef::Integer(2)),
            (Kind::Number, ValueRef::Real(1.0)),
        ] {
            assert!(bytes_of(kind, value).is_err(), "{kind:?} {value:?}");
        }
    }
}
