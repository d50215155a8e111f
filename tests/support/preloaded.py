"""Imports Evidently as a run does, ahead of the first report."""

from engine.monitoring.evidently.library import library

library()
