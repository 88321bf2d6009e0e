"""What `benson verify` finds, and what nobody gets past it."""
