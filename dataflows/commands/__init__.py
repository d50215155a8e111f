"""The commands that need more than a few lines: check, init, contract infer."""
