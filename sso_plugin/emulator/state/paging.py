"""Pages of a list, with tokens for the next page that clients cannot forge."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING, TypeVar

from .service_errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Pager"]

T = TypeVar("T")


class Pager:
    """Cuts lists into pages. A token is valid only for the list that it was issued for."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(16)

    def page(
        self, items: Sequence[T], size: int, token: str | None, *, list_id: str
    ) -> tuple[Sequence[T], str | None]:
        """Return the page of a token, by default the first, and the token of the next page."""
        start = self._start(token, list_id) if token is not None else 0
        end = start + size
        return items[start:end], self._token(end, list_id) if end < len(items) else None

    def _start(self, token: str, list_id: str) -> int:
        number, _, _ = token.partition("-")
        try:
            start = int(number, 16)
        except ValueError:
            start = -1

        if start < 0 or not hmac.compare_digest(
            self._token(start, list_id).encode(), token.encode()
        ):
            raise ServiceError("InvalidRequestException", "Invalid next token provided")

        return start

    def _token(self, start: int, list_id: str) -> str:
        signature = hmac.new(self._key, f"{start} {list_id}".encode(), hashlib.sha256).hexdigest()
        return f"{start:x}-{signature}"
