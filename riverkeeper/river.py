"""Keepers as River estimators, so that `from riverkeeper.river import Kept` works too."""

from engine.keeper.river import Kept, KeptDetector, KeptRegressor

__all__ = ["Kept", "KeptDetector", "KeptRegressor"]
