"""What a page that is written here may do: load nothing, ask nobody, and run no script but its own.

Names in a page come from data. They are escaped; the policy is the second wall, should an escape be missing.
"""

import base64
import hashlib
from collections.abc import Iterable


def policy(scripts: Iterable[str] = (), styles: Iterable[str] | None = (), *, data_urls: bool = False) -> str:
    """A Content Security Policy.

    Args:
        scripts: The text of each inline script that may run; no other does.
        styles: The text of each inline style sheet that may apply; `None` for any, and `style` attributes.
        data_urls: Whether pictures and fonts may stand in the page itself, as `data:` addresses.
    """
    rules = {
        "default-src": "'none'",
        "script-src": _sources(scripts),
        "style-src": "'unsafe-inline'" if styles is None else _sources(styles),
        **({"img-src": "data:", "font-src": "data:"} if data_urls else {}),
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {sources}" for name, sources in rules.items())


def policy_tag(
    scripts: Iterable[str] = (), styles: Iterable[str] | None = (), *, data_urls: bool = False
) -> str:
    """The policy as an element: the first of a page's head, since it holds for what comes after it.

    >>> policy_tag().startswith('<meta http-equiv="Content-Security-Policy" content="default-src ')
    True
    """
    rules = policy(scripts, styles, data_urls=data_urls)
    return f'<meta http-equiv="Content-Security-Policy" content="{rules}">'


def _sources(texts: Iterable[str]) -> str:
    return " ".join(dict.fromkeys(map(inline_hash, texts))) or "'none'"


def inline_hash(text: str) -> str:
    """How a policy names an inline script or style sheet.

    >>> inline_hash("")
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
    """
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
