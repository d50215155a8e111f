"""One page for a run: scores, verdicts, drift and decisions, in one file that works offline."""
