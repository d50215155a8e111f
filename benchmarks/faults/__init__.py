"""Faults in real streams: what supervision recovers of what could be recovered."""
