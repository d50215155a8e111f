"""Predict, hold, score, then learn."""
