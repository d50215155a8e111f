"""Detectors of River that look for a change at every event."""
