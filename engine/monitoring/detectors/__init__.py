"""Detectors of River that look for a change at every event."""

import engine.models.lean_river  # noqa: F401 - before River, which this package imports
