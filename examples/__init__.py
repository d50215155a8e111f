"""Riverkeeper inside other programs: an example for each host, and what tries them (`python -m examples`)."""
