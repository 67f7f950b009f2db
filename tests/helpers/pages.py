"""Requests to loopback servers."""

from __future__ import annotations

import json
import urllib.request
from typing import Any


def open_page(url: str) -> str:
    """Return the text of a page, as a browser would get it."""
    with urllib.request.urlopen(url, timeout=60) as response:
        body: bytes = response.read()
    return body.decode()


def get_credentials(url: str, token: str = "", host: str | None = None) -> dict[str, Any]:
    """Send a request to a container endpoint, and return the document in the response."""
    headers = {"Authorization": token, **({"Host": host} if host else {})}
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=60) as response:
        document: dict[str, Any] = json.load(response)
    return document
