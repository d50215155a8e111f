"""Tries the examples: an environment for each, a kill in the middle, and a comparison."""
