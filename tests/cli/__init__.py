"""The `benson` command, driven as a subprocess: what a user sees, and nothing of what is inside."""
