"""The versions of the trail's tables, for Alembic; `versions` has one file for each."""
