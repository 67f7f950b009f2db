"""Pages of a list, continued by tokens that say nothing and cannot be made up."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING, TypeVar

from .errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


class Pager:
    """Cuts lists into pages; a token is good only for the list it was given for."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(16)

    def page(
        self, items: Sequence[T], size: int, token: str | None, *, of: str
    ) -> tuple[Sequence[T], str | None]:
        """Return the page at `token` (without one, the first) and the token of the next."""
        start = self._start(token, of) if token is not None else 0
        end = start + size
        return items[start:end], self._token(end, of) if end < len(items) else None

    def _start(self, token: str, of: str) -> int:
        number, _, _ = token.partition("-")
        try:
            start = int(number, 16)
        except ValueError:
            start = -1

        if start < 0 or not hmac.compare_digest(self._token(start, of).encode(), token.encode()):
            raise ServiceError("InvalidRequestException", "Invalid next token provided")

        return start

    def _token(self, start: int, of: str) -> str:
        seal = hmac.new(self._key, f"{start} {of}".encode(), hashlib.sha256).hexdigest()
        return f"{start:x}-{seal}"
