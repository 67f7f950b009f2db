"""Parse the target of a request line: a path with a query, or a whole URL.

https://www.rfc-editor.org/rfc/rfc9112#section-3.2
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["RequestTarget", "parse_target"]

# No user information: RFC 9110, 4.2.4 calls it an error.
_ABSOLUTE = re.compile(r"https?://([^/?#@]+)(/[^?]*)?(?:\?(.*))?", re.IGNORECASE)


class RequestTarget(NamedTuple):
    """The parts of a request target, as they were sent."""

    host: str | None
    """The host and the port of a URL; None if the target is a path."""

    path: str
    query: str


def parse_target(target: str) -> RequestTarget | None:
    """Return the parts of a request target; None if it is invalid.

    `//host/x` is a path. Only a scheme makes a URL of it.
    """
    # `*` is the whole server, in a request with OPTIONS.
    if target.startswith("/") or target == "*":
        path, _, query = target.partition("?")
        return RequestTarget(None, path, query)

    url = _ABSOLUTE.fullmatch(target)
    return RequestTarget(url[1], url[2] or "/", url[3] or "") if url else None
