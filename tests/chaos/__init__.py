"""Processes that are killed, stopped and starved, and what is left of their trails."""
