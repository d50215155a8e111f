"""How much is tried: some of it in each run, all of it and more in a long one (`make test-long`)."""

import os

from hypothesis import settings

LONG = os.environ.get("RIVERKEEPER_TESTS") == "long"

SHARE = 4.0 if LONG else 0.25
"""Examples that a law is tried with, as a share of what it asks for."""

FEWEST = 10
"""Examples of a law that asks for as many, however small the share."""


def scale(law: object) -> None:
    """Gives a test of Hypothesis its share of the examples that it asks for."""
    # There is no public way to change the settings of a test from outside.
    name = "_hypothesis_internal_use_settings"
    asked: settings = getattr(law, name, None) or settings()
    fewest = min(FEWEST, asked.max_examples)
    setattr(law, name, settings(asked, max_examples=max(fewest, round(asked.max_examples * SHARE))))
