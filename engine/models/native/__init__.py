"""River models as machine code, where the optional distribution `riverkeeper-native` is installed.

`compile_model` recognises a River model and compiles it; the River object stays what is saved, copied and
shown, and is brought up to date from the compiled form (docs/native.md).
"""

from engine.models.native.compiled import REFUSED, STEP_REFUSED, Compiled, compile_model, crate_version

__all__ = ["REFUSED", "STEP_REFUSED", "Compiled", "compile_model", "crate_version"]
