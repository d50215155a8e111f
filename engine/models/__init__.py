"""River models from a specification, and safe saving and loading."""

import engine.models.lean_river  # noqa: F401 - before River, which this package imports
