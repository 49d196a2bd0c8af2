//! The SQLite database: the only place with SQL.
