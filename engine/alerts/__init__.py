"""Alerts: which problems are reported, when, and in which words."""
