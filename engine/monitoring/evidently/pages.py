"""A snapshot as a page of its own."""

import pathlib
import re

from engine.errors import EvaluatorError, OutputError
from engine.monitoring.evidently.library import library, quiet
from engine.page_policy import policy_tag
from engine.private_files import SHARED, write_whole

_DATA = re.compile(
    r"<script>\n    var \w+ = [^\n]*;\n    var additional_graphs_\w+ = [^\n]*;\n</script>", re.ASCII
)
"""The report in Evidently's page: two values as JSON, each on a line of its own, inside a script.

JSON has no line end within a line, so that nothing in the data can look like the end of these lines.
"""

_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_SCRIPTS = 4
"""The data, a line that names the global object, Evidently's library, and the call that draws."""

_LINK = re.compile(r"<(?=\s*/?\s*a\b)", re.IGNORECASE)
"""Where a name would begin or end a link: plotly draws links in the text of a figure."""

_WORD_JOINER = "\\u2060"


def render_html(snapshot: bytes, path: pathlib.Path) -> None:
    """Writes a verdict's snapshot as a page of its own (3.6 MB and more: all scripts are in it).

    Raises:
        EvaluatorError: Evidently's page is not built as it is known to be.
        OutputError: The disk refuses.
    """
    with quiet():
        page = library().evidently.Run.loads(snapshot.decode()).get_html_str(as_iframe=False)
    try:
        write_whole(path, safe_page(page).encode(), SHARED)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}; see to space and rights") from error


def safe_page(page: str) -> str:
    """Evidently's page, in which no name from the data runs: escaped, and under a policy.

    Evidently leaves `</script>` in a name as it is, which would end its script and begin one of the name's.
    The scripts that may run are named by their hashes, taken of the page without what came from the data.
    Style sheets and `style` attributes are free: plotly and Material UI make them while they draw.

    Raises:
        EvaluatorError: Evidently's page is not built as it is known to be.
    """
    found = [*_DATA.finditer(page)]
    begin, end = found[0].span() if found else (0, 0)
    before, after = page[:begin], page[end:]
    data = _escaped(page[begin + len("<script>") : end - len("</script>")])
    scripts = [data, *_SCRIPT.findall(after)]
    if len(found) != 1 or len(scripts) != _SCRIPTS or before.count("<head>") != 1:
        raise EvaluatorError(
            f"expected the data of Evidently's page once, to make it safe, and {_SCRIPTS} scripts; got it "
            f"{len(found)} times, and {len(scripts)} scripts; install the version of Evidently that "
            f"constraints.txt names"
        )
    head = f"<head>{policy_tag(scripts, None, data_urls=True)}"
    return f"{before.replace('<head>', head)}<script>{data}</script>{after}"


def _escaped(data: str) -> str:
    """JSON in a script: no tag, comment or CDATA section begins or ends in it, and no name is a link."""
    linkless = _LINK.sub(lambda found: found[0] + _WORD_JOINER, data)
    return linkless.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
