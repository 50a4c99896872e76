//! Texts that are put together, with their values: one for either engine.

use countersign_store::Error;
use rusqlite::ToSql;
use rusqlite::types::Value as Sqlite;
use sqlx::FromRow;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use crate::engine::run;
use crate::error::{Failure, from_driver};
use crate::row::FromSqlite;
use crate::tx::SqlTx;

/// With more values than this a write is one that takes long.
const SHORT: usize = 1_000;

/// A text and the values of `$1`, `$2`, ….
pub(crate) struct Text {
    sql: String,
    values: Vec<Value>,
    /// Whether it comes again and again, so that it is worth keeping prepared.
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
    pub(crate) fn new(sql: &str) -> Self {
        Self { sql: sql.to_owned(), values: Vec::new(), is_usual: false }
    }

    /// Appends words.
    pub(crate) fn push(&mut self, sql: &str) -> &mut Self {
        self.sql.push_str(sql);
        self
    }

    /// Appends a value.
    pub(crate) fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        self.sql.push('$');
        self.sql.push_str(&self.values.len().to_string());
        self
    }

    /// Appends values with commas between, in brackets.
    pub(crate) fn bind_all<const N: usize>(&mut self, values: [Value; N]) -> &mut Self {
        let mut opening = '(';
        for value in values {
            self.sql.push(opening);
            self.bind(value);
            opening = ',';
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
        let Text { sql, values, is_usual } = text;
        let listed = run!(self, |turn| turn.list(sql, &borrowed(values)), |c| {
            let query = sqlx::query_as::<_, R>(sqlx::AssertSqlSafe(sql.as_str())).persistent(*is_usual);
            bound!(query, values).fetch_all(c).await
        });
        listed.map_err(from_driver)
    }

    /// Writes by this text; how many rows were touched.
    pub(crate) async fn change_by(&mut self, text: Text) -> Result<u64, Failure> {
        let Text { sql, values, is_usual } = text;
        run!(
            self,
            |turn| if values.len() <= SHORT {
                turn.change(&sql, &borrowed(&values))
            } else {
                turn.change_at_length(sql, values.into_iter().map(Sqlite::from).collect()).await
            },
            |c| {
                let query = sqlx::query(sqlx::AssertSqlSafe(sql.as_str())).persistent(is_usual);
                bound!(query, &values).execute(c).await.map(|done| done.rows_affected())
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

        assert_eq!(text.sql, "INSERT INTO t (a, b) VALUES ($1,$2),($3,$4) WHERE c = $5");
        let values: Vec<Sqlite> = text.values.into_iter().map(Sqlite::from).collect();
        let written = [1.into(), "x".to_owned().into(), 2.into(), Sqlite::Null, Uuid::nil().into()];
        assert_eq!(values, written);
    }
}
