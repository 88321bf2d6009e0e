"""Archives: moved whole or not at all, read as before, and proved with what stayed."""
