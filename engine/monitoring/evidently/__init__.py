"""Evidently, and the only package that knows it.

Importing Evidently takes seconds, so it is imported when it is first needed (see `library`). A window's
verdict is of numbers that are ours (`engine.monitoring.measurements`), the same that Evidently computes; here
they become Evidently's report. Every window gets a *light* one (`light`), which needs no Evidently; its
*full* presets (`full`) are run where they are asked for.
"""

from engine.monitoring.evidently.extras import check_extras
from engine.monitoring.evidently.pages import render_html
from engine.monitoring.evidently.window_report import evaluate_window, warm

__all__ = ["check_extras", "evaluate_window", "render_html", "warm"]
