"""What results are called: streams, and the key of all keys. Importing it imports no River."""

STREAMS = (
    "predictions",
    "dead_letters",
    "contract_violations",
    "preliminary_verdicts",
    "drifts",
    "reports",
    "rates",
    "decisions",
    "versions",
    "alerts",
    "summary",
)

ALL_KEYS = "*"
"""The key of the summary over all keys."""
