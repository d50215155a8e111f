"""A snapshot as a page of its own."""

import pathlib
import re

from engine.errors import EvaluatorError
from engine.monitoring.evidently.library import library, quiet

_DATA = re.compile(r"(?<=<script>\n)    var \w+ = .*;\n    var additional_graphs_\w+ = .*;(?=\n</script>)")
"""The report in Evidently's page: two values as JSON, each on a line of its own, inside a script."""


def render_html(snapshot: bytes, path: pathlib.Path) -> None:
    """Writes a verdict's snapshot as a page of its own (3.6 MB and more: all scripts are in it).

    Raises:
        EvaluatorError: Evidently's page is not built as it is known to be.
    """
    with quiet():
        page = library().evidently.Run.loads(snapshot.decode()).get_html_str(as_iframe=False)
    # Evidently leaves `</script>` in a name as it is, which would end its script and begin one of the name's.
    safe, found = _DATA.subn(lambda data: data[0].replace("<", "\\u003c"), page)
    if found != 1:
        raise EvaluatorError(
            f"expected the data of Evidently's page once, to make it safe, got it {found} times"
        )
    path.write_text(safe, encoding="utf-8")
