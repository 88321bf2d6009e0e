"""The trail: one conformance suite over every store, and what only SQLite can do wrong."""
