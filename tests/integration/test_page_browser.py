"""The page of a run in a real browser: it opens, says nothing on the console, and asks nobody anything."""

import shutil
import subprocess
from pathlib import Path

import pytest

from dataflows.views.html.page import run_page
from tests.dataflows.views.test_html import HOSTILE, write
from tests.engine.core.test_serialize import decision, preliminary, report, summary

pytestmark = pytest.mark.integration

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
]


@pytest.mark.skipif(BROWSER is None, reason="needs Chromium (Debian: apt-get install chromium)")
@pytest.mark.parametrize("spoilt", [False, True], ids=["page", "a page that can fail"])
def test_the_page_opens_in_a_browser_without_a_word_on_the_console(tmp_path: Path, spoilt: bool) -> None:
    run = tmp_path / "run"
    run.mkdir()
    write(run, report(key=HOSTILE), preliminary(key=HOSTILE), decision(key=HOSTILE), summary(key=HOSTILE))
    page = run_page(run)
    if spoilt:  # an image that the policy of the page forbids
        page = page.replace("</body>", '<img src="http://127.0.0.1:9/x.png"></body>')
    (run / "report.html").write_text(page, encoding="utf-8")
    done = subprocess.run(  # noqa: S603 - the browser that was found
        [
            str(BROWSER),
            *QUIET,
            f"--user-data-dir={tmp_path / 'profile'}",
            "--dump-dom",
            (run / "report.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
    if spoilt:
        assert said
        return
    assert said == []
    assert "<svg" in done.stdout
    assert "<title>run: run report</title>" in done.stdout, "no script has changed it"
