//! The ports of countersign-store in SQLite and PostgreSQL, from one SQL text.
