"""Reject requests from web pages: any site can make a browser send requests to this machine."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from werkzeug import Request

__all__ = ["is_foreign", "is_loopback"]


def is_loopback(host: str) -> bool:
    """Return whether a host name or address always is this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def is_foreign(request: Request) -> bool:
    """Return whether a request names another host, or comes from a page of another origin."""
    origin = request.headers.get("Origin")
    try:
        host = urlsplit(f"//{request.host}").hostname or ""
        return not is_loopback(host) or (
            origin is not None and urlsplit(origin).netloc != request.host
        )
    except ValueError:
        return True
