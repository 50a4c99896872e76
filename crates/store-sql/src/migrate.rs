//! Brings a database up to date. Migrations only go forward and are the same text on both engines.

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{Connection as _, PgConnection, SqliteConnection};

use crate::error::{OpenError, from_sqlx};

pub(crate) static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// Runs what is missing, all of it in one transaction that holds the writer's lock: of two processes that open a new file at
/// once one migrates and the other finds it done.
pub(crate) async fn sqlite(connection: &mut SqliteConnection) -> Result<(), OpenError> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(from_sqlx)?;
    MIGRATIONS.run_direct(None, &mut *transaction, false).await.map_err(explain)?;
    transaction.commit().await.map_err(from_sqlx)?;
    Ok(())
}

/// Runs what is missing, each migration in its transaction, under an advisory lock that sqlx takes.
pub(crate) async fn postgres(connection: &mut PgConnection) -> Result<(), OpenError> {
    MIGRATIONS.run_direct(None, connection, false).await.map_err(explain)
}

/// The greatest migration that this program knows.
pub(crate) fn known() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

fn explain(error: MigrateError) -> OpenError {
    let known = known();
    match error {
        MigrateError::VersionMissing(found) if found > known => OpenError::Newer { found, known },
        MigrateError::VersionMissing(version) | MigrateError::VersionMismatch(version) => OpenError::Foreign(version),
        MigrateError::Execute(error) => OpenError::Store(from_sqlx(error)),
        other => OpenError::Migration(Box::new(other)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// No release had less: from here on every change is one beside which the release before goes on.
    const FIRST_RELEASE: i64 = 40;

    /// Whether those who know nothing of it can go on reading and writing. `migration` is all of which it is a part.
    fn only_adds(statement: &str, migration: &str) -> bool {
        let words: Vec<String> = statement.split_whitespace().map(str::to_uppercase).collect();
        let begins = |with: &str| words.join(" ").starts_with(with);
        let added = migration.to_uppercase();
        // Whoever inserts does not name the new column.
        let fills_itself = !words.iter().any(|word| word == "NULL") || words.iter().any(|word| word == "DEFAULT");
        begins("CREATE TABLE ")
            || begins("CREATE INDEX ")
            || begins("INSERT INTO ")
            || (begins("UPDATE ")
                && words.get(3).is_some_and(|column| added.contains(&format!("ADD COLUMN {column} "))))
            || (begins("ALTER TABLE ")
                && words.get(3..5) == Some(&["ADD".to_owned(), "COLUMN".to_owned()])
                && fills_itself)
    }

    #[test]
    fn what_takes_away_or_asks_for_more_is_told_from_what_only_adds() {
        for good in ["CREATE TABLE a (id UUID)", "ALTER TABLE a\n  ADD COLUMN b TEXT", "CREATE INDEX c ON a (b)"] {
            assert!(only_adds(good, good), "{good}");
        }
        assert!(only_adds("ALTER TABLE a ADD COLUMN b BIGINT NOT NULL DEFAULT 0", ""));
        assert!(
            only_adds("UPDATE a SET b = c", "ALTER TABLE a ADD COLUMN b TEXT; UPDATE a SET b = c;"),
            "what is new is filled"
        );
        for bad in [
            "DROP TABLE a",
            "ALTER TABLE a DROP COLUMN b",
            "ALTER TABLE a RENAME COLUMN b TO c",
            "ALTER TABLE a ADD COLUMN b BIGINT NOT NULL",
            "ALTER TABLE a ADD CONSTRAINT b CHECK (c > 0)",
            "CREATE UNIQUE INDEX c ON a (b)",
            "UPDATE a SET b = 1",
            "DELETE FROM a",
        ] {
            assert!(!only_adds(bad, bad), "{bad}");
        }
    }

    #[test]
    fn every_migration_only_adds() {
        let mut seen = 0;
        for migration in MIGRATIONS.iter().filter(|migration| migration.version > FIRST_RELEASE) {
            let lines = migration.sql.as_str().lines().filter(|line| !line.trim_start().starts_with("--"));
            let text = lines.collect::<Vec<_>>().join("\n");
            // Each is one transaction: one that held a table in use and waited for another could wait for a node that waits for it.
            let altered: BTreeSet<_> =
                text.split("ALTER TABLE ").skip(1).filter_map(|rest| rest.split_whitespace().next()).collect();
            assert!(altered.len() <= 1, "migration {} changes {altered:?}", migration.version);
            for statement in text.split(';').map(str::trim).filter(|statement| !statement.is_empty()) {
                assert!(only_adds(statement, &text), "migration {}: {statement}", migration.version);
                seen += 1;
            }
        }
        assert!(seen > 5, "only {seen}");
    }
}
