"""Predict, hold, score, then learn."""

import engine.models.lean_river  # noqa: F401 - before River, which this package imports
