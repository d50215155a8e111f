"""A webhook's secrets: the environment holds them, and the configuration the names of its variables."""

import os

import httpx

from dataflows.alerts.config import WebhookConfig
from dataflows.loopback import is_loopback
from engine.errors import ConfigError
from engine.secrecy import remember


def secrets(config: WebhookConfig) -> tuple[str, str | None]:
    """Address and token of a webhook.

    Raises:
        ConfigError: When one is not set, or is no address of https (of this machine: or of http); its value
            is not shown.
    """
    url = _secret(config.url_variable, "alerts.webhook.url_variable")
    _check_address(url, config.url_variable)
    token = config.token_variable
    return url, None if token is None else _secret(token, "alerts.webhook.token_variable")


def _secret(name: str, key: str) -> str:
    """What an environment variable holds.

    Raises:
        ConfigError: When it is not set, or empty.
    """
    value = os.environ.get(name, "").strip()
    if not value:
        raise ConfigError(
            f"{key}: the environment variable {name} is not set. Set it to the secret, or remove "
            f"[alerts.webhook]."
        )
    return remember(value, name)


def _check_address(url: str, variable: str) -> None:
    """Refuses what is no address, and one whose alerts and token everybody on the way can read."""
    begin = f"alerts.webhook.url_variable: expected an address that begins with https:// in {variable}, got "
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        raise ConfigError(f"{begin}{len(url)} characters that are no address") from None
    if parsed.scheme == "http" and parsed.host:
        if not is_loopback(parsed.host):
            raise ConfigError(f"{begin}http:// and a host that is not this machine (127.0.0.1 or localhost)")
    elif parsed.scheme != "https" or not parsed.host:
        raise ConfigError(f"{begin}{len(url)} characters that do not, or name no host")
