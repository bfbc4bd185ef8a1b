//! What is kept over a restart: SQLite, one batching writer.
