"""Versions of models that never stand still, and the audit log: who served when, and why."""
