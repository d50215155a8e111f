"""How Hypothesis searches: without deadlines, since speed is the benchmarks' affair; the same way in CI."""

import os

from hypothesis import settings

settings.register_profile("search", deadline=None)
settings.register_profile("repeat", deadline=None, derandomize=True)
settings.load_profile("repeat" if os.environ.get("CI") else "search")
