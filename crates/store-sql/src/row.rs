//! Between columns and nouns: rows of either driver, numbers that fit, lists of words, and the one way to say that a row is impossible.

use std::fmt::Display;

use countersign_kernel::Timestamp;
use countersign_store::Error;
use rusqlite::types::FromSql;
use rusqlite::{Row, Statement, ToSql};

use crate::error::refused;

/// Where a value stands, so that an impossible one can be named.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) table: &'static str,
    pub(crate) id: &'a dyn Display,
}

impl Place<'_> {
    /// The value in `column` is one that no version of this program writes.
    pub(crate) fn corrupt(self, column: &'static str) -> Error {
        Error::Corrupt { table: self.table, column, id: self.id.to_string() }
    }

    /// A value that must be there.
    pub(crate) fn some<T>(self, column: &'static str, value: Option<T>) -> Result<T, Error> {
        value.ok_or_else(|| self.corrupt(column))
    }

    /// A number that is never negative.
    pub(crate) fn count(self, column: &'static str, value: i64) -> Result<u64, Error> {
        u64::try_from(value).map_err(|_| self.corrupt(column))
    }

    /// A number of 32 bits.
    pub(crate) fn small(self, column: &'static str, value: i64) -> Result<u32, Error> {
        u32::try_from(value).map_err(|_| self.corrupt(column))
    }

    /// Bytes of a fixed length.
    pub(crate) fn bytes<const N: usize>(self, column: &'static str, value: &[u8]) -> Result<[u8; N], Error> {
        value.try_into().map_err(|_| self.corrupt(column))
    }
}

/// A count as a column keeps it.
pub(crate) fn to_column(count: u64) -> Result<i64, Error> {
    i64::try_from(count).map_err(|_| refused("a number exceeds 63 bits"))
}

/// A moment as a column keeps it.
pub(crate) const fn micros(moment: Timestamp) -> i64 {
    moment.as_micros()
}

/// A moment from a column.
pub(crate) const fn moment(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

/// The words of a column that holds them with one space between.
pub(crate) fn split_words(text: &str) -> Vec<String> {
    text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Words as one column keeps them.
pub(crate) fn join_words(words: &[String]) -> Result<String, Error> {
    if words.iter().any(|word| word.is_empty() || word.contains(' ')) {
        return Err(refused("a word in a list is empty or has a space"));
    }
    Ok(words.join(" "))
}

/// Binds `values[n - 1]` to `$n`, or to the `n`th place where places have no names. SQLite takes `$n` for a name and numbers names as they
/// come, so that the first to stand in the text would get the first value.
pub(crate) fn bind(statement: &mut Statement<'_>, values: &[&dyn ToSql]) -> rusqlite::Result<()> {
    for index in 1..=statement.parameter_count() {
        let number = match statement.parameter_name(index) {
            Some(name) => name.strip_prefix('$').and_then(|number| number.parse().ok()),
            None => Some(index),
        };
        let value = number
            .and_then(|number: usize| values.get(number.checked_sub(1)?))
            .ok_or(rusqlite::Error::InvalidParameterCount(index, values.len()))?;
        statement.raw_bind_parameter(index, value)?;
    }
    Ok(())
}

/// A row as rusqlite reads it.
pub(crate) trait FromSqlite: Sized {
    /// Where the fields are among the columns of the answer.
    fn places(statement: &Statement<'_>) -> rusqlite::Result<Vec<usize>>;

    /// Reads the fields at these places.
    fn read(row: &Row<'_>, places: &[usize]) -> rusqlite::Result<Self>;
}

/// The next field of a row.
pub(crate) fn next<T: FromSql>(row: &Row<'_>, places: &mut std::slice::Iter<'_, usize>) -> rusqlite::Result<T> {
    row.get(*places.next().ok_or(rusqlite::Error::InvalidColumnIndex(0))?)
}

/// A struct that either driver reads, each field from the column of its name.
macro_rules! row {
    ($(#[$meta:meta])* $vis:vis struct $name:ident { $($field_vis:vis $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(sqlx::FromRow)]
        $vis struct $name {
            $($field_vis $field: $type,)*
        }

        impl $crate::row::FromSqlite for $name {
            fn places(statement: &rusqlite::Statement<'_>) -> rusqlite::Result<Vec<usize>> {
                [$(stringify!($field)),*].into_iter().map(|name| statement.column_index(name)).collect()
            }

            fn read(row: &rusqlite::Row<'_>, places: &[usize]) -> rusqlite::Result<Self> {
                let mut places = places.iter();
                Ok(Self { $($field: $crate::row::next(row, &mut places)?,)* })
            }
        }
    };
}
pub(crate) use row;

/// Tuples are read in the order of the columns.
macro_rules! tuple {
    ($($type:ident),*) => {
        impl<$($type: FromSql),*> FromSqlite for ($($type,)*) {
            fn places(statement: &Statement<'_>) -> rusqlite::Result<Vec<usize>> {
                Ok((0..statement.column_count()).collect())
            }

            fn read(row: &Row<'_>, places: &[usize]) -> rusqlite::Result<Self> {
                let mut places = places.iter();
                Ok(($(next::<$type>(row, &mut places)?,)*))
            }
        }
    };
}
tuple!(A);
tuple!(A, B);
tuple!(A, B, C);

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    #[test]
    fn parameters_are_bound_by_their_number_not_their_place() {
        let connection = Connection::open_in_memory().unwrap();
        let mut statement = connection.prepare("SELECT $2, $1, $2").unwrap();

        bind(&mut statement, &[&"one", &"two"]).unwrap();

        let mut rows = statement.raw_query();
        let row = rows.next().unwrap().unwrap();
        let read: [String; 3] = [row.get(0).unwrap(), row.get(1).unwrap(), row.get(2).unwrap()];
        assert_eq!(read, ["two", "one", "two"]);
    }

    #[test]
    fn parameters_without_names_are_bound_by_their_place() {
        let connection = Connection::open_in_memory().unwrap();
        let mut statement = connection.prepare("SELECT ?, ?").unwrap();

        bind(&mut statement, &[&"one", &"two"]).unwrap();

        let mut rows = statement.raw_query();
        let row = rows.next().unwrap().unwrap();
        let read: [String; 2] = [row.get(0).unwrap(), row.get(1).unwrap()];
        assert_eq!(read, ["one", "two"]);
    }

    #[test]
    fn a_parameter_without_a_value_is_refused() {
        let connection = Connection::open_in_memory().unwrap();
        for text in ["SELECT $2", "SELECT $0", "SELECT ?1", "SELECT :name", "SELECT ?, ?"] {
            let mut statement = connection.prepare(text).unwrap();
            assert!(bind(&mut statement, &[&1]).is_err(), "{text}");
        }
    }
}
