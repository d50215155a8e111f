"""The life of a run: setup, identity, commands, progress, shutdown."""
