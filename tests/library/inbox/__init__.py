"""Inboxes without Prefect: listing, reading, moving, taking."""
