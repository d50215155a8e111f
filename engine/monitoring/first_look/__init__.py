"""The always-on counts: every example is counted, and each window has a first verdict when it closes."""
