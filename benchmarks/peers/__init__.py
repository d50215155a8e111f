"""Other tools for online learning, from Python, on the same rows; each in an environment of its own."""
