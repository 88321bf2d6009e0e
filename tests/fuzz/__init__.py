"""Coverage-guided fuzzing of the way in, and of the judgements behind it."""
