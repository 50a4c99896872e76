//! Texts that are put together, with their values: one for either engine.

use std::fmt::Write as _;

use countersign_store::Error;
use rusqlite::ToSql;
use rusqlite::types::Value as Sqlite;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, FromRow};
use uuid::Uuid;

use crate::engine::run;
use crate::error::{Failure, from_driver};
use crate::row::FromSqlite;
use crate::tx::SqlTx;

/// With more values than this a write is one that takes long.
const SHORT: usize = 1_000;

/// Words, and values between them.
pub(crate) struct Text {
    /// Before each value, and after the last.
    words: Vec<String>,
    values: Vec<Value>,
    /// Whether it comes again and again, so that a write is worth keeping prepared.
    pub(crate) is_usual: bool,
}

/// A value, or none of its type.
pub(crate) enum Value {
    Number(Option<i64>),
    Words(Option<String>),
    Bytes(Option<Vec<u8>>),
    Id(Option<Uuid>),
}

impl Text {
    pub(crate) fn new(words: &str) -> Self {
        Self { words: vec![words.to_owned()], values: Vec::new(), is_usual: false }
    }

    /// Appends words.
    pub(crate) fn push(&mut self, words: &str) -> &mut Self {
        match self.words.last_mut() {
            Some(last) => last.push_str(words),
            None => self.words.push(words.to_owned()),
        }
        self
    }

    /// Appends a value.
    pub(crate) fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        self.words.push(String::new());
        self
    }

    /// Appends values with commas between, in brackets.
    pub(crate) fn bind_all<const N: usize>(&mut self, values: [Value; N]) -> &mut Self {
        let mut opening = "(";
        for value in values {
            self.push(opening).bind(value);
            opening = ",";
        }
        self.push(")")
    }

    /// Appends rows of values with commas between.
    pub(crate) fn rows<const N: usize>(&mut self, rows: impl IntoIterator<Item = [Value; N]>) -> &mut Self {
        let mut opening = "VALUES ";
        for row in rows {
            self.push(opening).bind_all(row);
            opening = ",";
        }
        self
    }

    /// For SQLite: values by their place. It looks for each name among all names, which for thousands takes long.
    fn by_place(&self) -> String {
        self.words.join("?")
    }

    /// For PostgreSQL: values by their number.
    fn by_number(&self) -> String {
        let mut words = self.words.iter();
        let mut text = words.next().cloned().unwrap_or_default();
        for (number, words) in (1..).zip(words) {
            let _ = write!(text, "${number}{words}");
        }
        text
    }
}

/// Binds the values to a query of sqlx.
macro_rules! bound {
    ($query:expr, $values:expr) => {{
        let mut query = $query;
        for value in $values {
            query = match value {
                Value::Number(number) => query.bind(*number),
                Value::Words(words) => query.bind(words.as_deref()),
                Value::Bytes(bytes) => query.bind(bytes.as_deref()),
                Value::Id(id) => query.bind(*id),
            };
        }
        query
    }};
}

impl SqlTx {
    /// Reads the rows of a text that limits their number.
    pub(crate) async fn list_by<R>(&mut self, text: &Text) -> Result<Vec<R>, Error>
    where
        R: FromSqlite + for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let values = &text.values;
        let listed = run!(self, |turn| turn.list_once(&text.by_place(), &borrowed(values)), |c| {
            let query = sqlx::query_as::<_, R>(AssertSqlSafe(text.by_number())).persistent(false);
            bound!(query, values).fetch_all(c).await
        });
        listed.map_err(from_driver)
    }

    /// Writes by this text; how many rows were touched.
    pub(crate) async fn change_by(&mut self, text: Text) -> Result<u64, Failure> {
        let values = &text.values;
        run!(
            self,
            |turn| if text.is_usual {
                turn.change(&text.by_place(), &borrowed(values))
            } else if values.len() <= SHORT {
                turn.change_once(&text.by_place(), &borrowed(values))
            } else {
                turn.change_at_length(text.by_place(), text.values.into_iter().map(Sqlite::from).collect()).await
            },
            |c| {
                let query = sqlx::query(AssertSqlSafe(text.by_number())).persistent(text.is_usual);
                bound!(query, values).execute(c).await.map(|done| done.rows_affected())
            }
        )
    }
}

fn borrowed(values: &[Value]) -> Vec<&dyn ToSql> {
    let each = values.iter().map(|value| match value {
        Value::Number(number) => number as &dyn ToSql,
        Value::Words(words) => words,
        Value::Bytes(bytes) => bytes,
        Value::Id(id) => id,
    });
    each.collect()
}

impl From<Value> for Sqlite {
    fn from(value: Value) -> Self {
        match value {
            Value::Number(number) => number.into(),
            Value::Words(words) => words.into(),
            Value::Bytes(bytes) => bytes.into(),
            Value::Id(id) => id.into(),
        }
    }
}

/// What becomes which value.
macro_rules! values {
    ($($of:ty => $variant:ident($as:expr);)*) => {
        $(
            impl From<$of> for Value {
                fn from(value: $of) -> Self {
                    Self::$variant(Some($as(value)))
                }
            }

            impl From<Option<$of>> for Value {
                fn from(value: Option<$of>) -> Self {
                    Self::$variant(value.map($as))
                }
            }
        )*
    };
}
values! {
    i64 => Number(i64::from);
    &str => Words(str::to_owned);
    &[u8] => Bytes(<[u8]>::to_vec);
    Uuid => Id(Uuid::from);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_numbered_in_their_order_wherever_they_stand() {
        let mut text = Text::new("INSERT INTO t (a, b) ");
        text.rows([[Value::from(1), "x".into()], [2.into(), None::<&str>.into()]]);
        text.push(" WHERE c = ").bind(Uuid::nil());

        assert_eq!(text.by_number(), "INSERT INTO t (a, b) VALUES ($1,$2),($3,$4) WHERE c = $5");
        assert_eq!(text.by_place(), "INSERT INTO t (a, b) VALUES (?,?),(?,?) WHERE c = ?");
        let values: Vec<Sqlite> = text.values.into_iter().map(Sqlite::from).collect();
        let written = [1.into(), "x".to_owned().into(), 2.into(), Sqlite::Null, Uuid::nil().into()];
        assert_eq!(values, written);
    }
}
