"""What results are called: streams, files, and the key of all keys. Importing it imports no River."""

import re

STREAMS = (
    "predictions",
    "dead_letters",
    "contract_violations",
    "preliminary_verdicts",
    "drifts",
    "reports",
    "decisions",
    "versions",
    "alerts",
    "summary",
)

ALL_KEYS = "*"
"""The key of the summary over all keys."""


def file_name(name: str) -> str:
    """A name as a file name: a key may hold slashes and dots.

    >>> file_name("m0.w12"), file_name("../a/b")
    ('m0.w12', '%2E%2E%2Fa%2Fb')
    """
    return re.sub(
        r"[^A-Za-z0-9_.-]|^\.+",
        lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode(errors="surrogatepass")),
        name,
    )
