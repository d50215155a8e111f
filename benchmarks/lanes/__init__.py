"""The native lane against the engine without it: the same bytes, the same state, whoever takes a record."""
