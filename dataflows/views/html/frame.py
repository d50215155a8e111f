"""The frame of a page: its head, and the policy under which nothing on it runs or loads."""

from importlib.resources import files

from dataflows.escape import in_html
from engine.page_policy import policy_tag


def framed(title: str, body: str) -> str:
    """A whole page, as HTML with everything in it.

    Args:
        title: Its title, as text.
        body: What it shows, as HTML.
    """
    style = files("dataflows.views.html").joinpath("style.css").read_text(encoding="utf-8")
    return (
        f'<!doctype html><html lang="en"><head>{policy_tag(styles=[style])}<meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{in_html(title)}</title><style>{style}</style></head><body>{body}</body></html>\n"
    )
