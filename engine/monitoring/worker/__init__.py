"""The background process that evaluates windows, and the evaluator that drives it."""
