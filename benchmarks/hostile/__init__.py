"""Hostile files, and a watch on what reading them does: `python -m benchmarks.hostile`."""
