"""Whether a host is this machine alone: what is sent there, no network sees."""

import socket
from contextlib import suppress
from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Whether a host is the loopback. Of names only `localhost` is: others may come to mean another host.

    >>> [is_loopback(host) for host in ("127.0.0.1", "[::1]", "10.0.0.1", "loopback.example")]
    [True, True, False, False]
    """
    if host != "localhost":
        with suppress(ValueError):
            return ip_address(host.removeprefix("[").removesuffix("]")).is_loopback
        return False
    try:
        found = socket.getaddrinfo(host, None)
    except OSError:
        return False
    return all(ip_address(str(one[4][0])).is_loopback for one in found)
