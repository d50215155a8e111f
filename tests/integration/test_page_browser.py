"""Pages in a real browser: names from data run nothing, and the page still draws under its policy."""

import re
from pathlib import Path

import pytest

from dataflows.views.explain.story import read_story
from dataflows.views.html.decision import story_page
from dataflows.views.html.page import run_page
from engine.monitoring.config import MonitoringConfig
from engine.monitoring.evidently import evaluate_window
from engine.monitoring.evidently.library import library, quiet
from engine.monitoring.evidently.pages import safe_page
from engine.monitoring.types import EvaluationJob, Table
from engine.page_policy import inline_hash
from tests.dataflows.views.test_html import HOSTILE, write
from tests.engine.core.test_serialize import decision, preliminary, report, summary
from tests.support.browser import BROWSER, browsed
from tests.support.verdicts import columns

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(BROWSER is None, reason="needs Chromium (Debian: apt-get install chromium)"),
]

RUN = "document.documentElement.dataset.ran=1"
NAMES = [
    f"</script><script>{RUN}</script>",
    f"<!--<script>{RUN}",
    f']]><img src=x onerror="{RUN}">',
    f"\u2028\u2029{RUN}//",
    f'"onerror="{RUN}" x="',
    f"javascript:{RUN}",
    f'<a href="javascript:{RUN}">x</a>',
    "<A href='https://evil.example/'>x</a>",
    f"<svg onload={RUN}>",
]
"""What columns, categories, keys, models and reasons are called."""

POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')


def opened(folder: Path, page: str) -> tuple[str, list[str]]:
    """A page when its scripts have run, and what the browser's console says."""
    file = folder / "page.html"
    file.write_text(page, encoding="utf-8")
    return browsed(file.as_uri(), folder)


def ran(drawn: str) -> bool:
    """Whether a name has run: it would have left a mark on the page."""
    return "data-ran" in drawn[: drawn.index(">", drawn.index("<html")) + 1]


def test_the_page_of_a_run_opens_without_a_word_on_the_console(tmp_path: Path) -> None:
    name = HOSTILE + "".join(NAMES)
    write(tmp_path, report(key=name), preliminary(key=name), decision(key=name), summary(key=name))
    drawn, said = opened(tmp_path, run_page(tmp_path))
    assert said == []
    assert not ran(drawn)
    assert "<svg" in drawn
    assert f"<title>{tmp_path.name}: run report</title>" in drawn


def test_the_page_of_a_decision_opens_without_a_word_on_the_console(tmp_path: Path) -> None:
    name = "".join(NAMES)
    write(tmp_path, report(key=name), decision(key=name))
    drawn, said = opened(tmp_path, story_page(read_story(tmp_path, None, name)))
    assert said == []
    assert not ran(drawn)
    assert "<svg" in drawn


def test_the_policy_of_our_pages_holds_without_the_escapes(tmp_path: Path) -> None:
    write(tmp_path, report())
    page = run_page(tmp_path).replace("</body>", f"<script>{RUN}</script>{''.join(NAMES)}</body>")
    drawn, said = opened(tmp_path, page)
    assert not ran(drawn)
    assert said, "what is refused is on the console"
    assert ran(opened(tmp_path, POLICY.sub("", page))[0]), "a page that can fail"


@pytest.fixture(scope="module")
def evidently() -> str:
    """Evidently's own page of a window in which every name wants to run."""
    table, reference = columns(1), columns(99)
    for one in (table, reference):
        one["carrier"] = [NAMES[place % len(NAMES)] for place in range(300)]
        one.update(dict.fromkeys(NAMES, one["hour"]))
    names = "".join(NAMES)
    job = EvaluationJob(names, 7, Table(table), Table(reference), names, business={names: 2.0})
    snapshot = evaluate_window(job, MonitoringConfig(), "binary").snapshot
    with quiet():
        page: str = library().evidently.Run.loads(snapshot.decode()).get_html_str(as_iframe=False)
    return page


def test_evidentlys_page_draws_and_no_name_in_it_runs(tmp_path: Path, evidently: str) -> None:
    drawn, said = opened(tmp_path, safe_page(evidently))
    assert said == [], "its own scripts and styles are within the policy"
    assert not ran(drawn)
    assert drawn.count("js-plotly-plot") > len(NAMES), "a figure of each column"
    assert not re.search(r'<a [^>]*href="(https://evil|javascript)', drawn)


def test_evidentlys_page_as_it_comes_runs_a_name_and_the_policy_alone_stops_it(
    tmp_path: Path, evidently: str
) -> None:
    assert ran(opened(tmp_path, evidently)[0]), "a page that can fail"
    [policy] = POLICY.findall(safe_page(evidently))
    assert inline_hash(RUN) not in policy
    drawn, said = opened(tmp_path, evidently.replace("<head>", f"<head>{policy}", 1))
    assert not ran(drawn)
    assert said
