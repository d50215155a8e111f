"""Puts the library that cargo has built where this Python imports it from."""

import shutil
import sysconfig
from pathlib import Path

BUILT = Path(__file__).parent / "target" / "release"
NAMES = {
    "libriverkeeper_native.so": "riverkeeper_native.abi3.so",
    "libriverkeeper_native.dylib": "riverkeeper_native.abi3.so",
    "riverkeeper_native.dll": "riverkeeper_native.pyd",
}
"""What the library is called by cargo, and by Python."""

target = Path(sysconfig.get_path("platlib"))
for built, name in NAMES.items():
    if (BUILT / built).exists():
        # Replaced at once: a process that has loaded the old one goes on with it.
        shutil.copy2(BUILT / built, target / f".{name}")
        (target / f".{name}").replace(target / name)
