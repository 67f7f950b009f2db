"""Keeps web pages out: a browser on this machine may be made to send requests by any site."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from werkzeug import Request


def is_loopback(host: str) -> bool:
    """Say whether a host name or address can only mean this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def is_foreign(request: Request) -> bool:
    """Say whether a request was made for another host, or by a page of another origin."""
    origin = request.headers.get("Origin")
    try:
        host = urlsplit(f"//{request.host}").hostname or ""
        return not is_loopback(host) or (
            origin is not None and urlsplit(origin).netloc != request.host
        )
    except ValueError:
        return True
