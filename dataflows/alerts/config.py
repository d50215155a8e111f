"""Where alerts go."""

import re
from typing import Literal

from pydantic import Field, field_validator

from engine.alerts.config import AlertsConfig
from engine.records.config import Section

_NAME = re.compile(r"[A-Za-z_]\w*")


class WebhookConfig(Section):
    """A web address that alerts are posted to, such as Slack's. Best effort: it never holds up the stream.

    Address and token are secrets, so only the names of the environment variables that hold them stand here.
    """

    url_variable: str = Field(
        description="The environment variable that holds the address: of https, or of this machine."
    )
    token_variable: str | None = Field(
        default=None,
        description="The environment variable that holds a token, sent as 'Authorization: Bearer <token>'.",
    )
    format: Literal["slack", "json"] = Field(
        default="slack",
        description="slack: `text` and `blocks`, as Slack and Mattermost take them. json: the line of "
        "alerts.jsonl, with `text` beside it.",
    )
    timeout: float = Field(
        default=5.0,
        gt=0,
        description="Seconds that a try may take in all: to find the host, connect, send and be answered.",
    )
    retries: int = Field(
        default=8,
        ge=0,
        description="How often an alert is tried again, after 1, 2, 4 ... 60 seconds or what the receiver "
        "asks for, before it is given up.",
    )
    queue_limit: int = Field(
        default=100, ge=1, description="Alerts that may wait; with more, the oldest is dropped and counted."
    )
    flush: float = Field(
        default=10.0, ge=0, description="Seconds to wait at the end of the input for those that still wait."
    )

    @field_validator("url_variable", "token_variable")
    @classmethod
    def _name(cls, value: str | None) -> str | None:
        if value is not None and not _NAME.fullmatch(value):
            raise ValueError(
                f"the name of an environment variable, such as SLACK_URL, got {len(value)} other characters; "
                f"the secret itself belongs into that variable"
            )
        return value


class DestinationsConfig(AlertsConfig):
    """Which problems are reported, how often, and where. The run's folder always has them: `alerts.jsonl`."""

    log: bool = Field(default=True, description="One line each in the log (logger `riverkeeper.alerts`).")
    webhook: WebhookConfig | None = Field(default=None)


def destinations(config: DestinationsConfig) -> str:
    """Where alerts go, in words.

    >>> destinations(DestinationsConfig(webhook=WebhookConfig(url_variable="SLACK_URL")))
    'alerts.jsonl, the log, the webhook in SLACK_URL (slack)'
    """
    webhook = config.webhook
    found = ["alerts.jsonl", *(["the log"] if config.log else [])]
    if webhook is not None:
        found.append(f"the webhook in {webhook.url_variable} ({webhook.format})")
    return ", ".join(found)
