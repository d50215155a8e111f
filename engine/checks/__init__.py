"""The contract suite for models: what the engine asks of any model, ours or a user's.

`riverkeeper check` runs it on a sample of the flow's own data; a test suite can call `check_model` with a
factory. docs/models.md says what each law is for.
"""

from engine.checks.suite import check_model
from engine.checks.trial import BrokenLaw

__all__ = ["BrokenLaw", "check_model"]
