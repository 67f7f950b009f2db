"""What one process has just learned of a portal that fails, for those that waited to ask too.

Forty scripts that find the portal down at the same moment are one request, not forty.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from .errors import PortalError, PortalRefusal, PortalUnreachable

if TYPE_CHECKING:
    from .cache import Cache

__all__ = ["Outage"]

_logger = logging.getLogger(__name__)


class Outage:
    """The last failure of one request, in our own folder."""

    def __init__(self, cache: Cache, key: str) -> None:
        self._cache = cache
        self._key = f"outage-{key}"

    def check(self, began: float) -> None:
        """Raise what another process met since this one began to wait.

        :param began: local epoch seconds.
        """
        entry = self._cache.get(self._key)
        if entry is None or not began <= entry.stored_at <= time.time():
            return
        _logger.debug("The process that was waited for found the portal failing")
        raise _error(entry.document)

    def note(self, exc: PortalError) -> None:
        """Tell the others."""
        document = {"message": str(exc), "retryable": exc.retryable}
        if isinstance(exc, PortalRefusal):
            document |= {"code": exc.code, "operation": exc.operation_name}
        self._cache.put(self._key, document)


def _error(document: dict[str, object]) -> PortalError:
    message, retryable = str(document.get("message")), bool(document.get("retryable"))
    if "code" not in document:
        return PortalUnreachable(error_msg=message, retryable=retryable)
    return PortalRefusal(
        error_msg=message,
        response={"Error": {"Code": str(document["code"]), "Message": message}},
        operation_name=str(document.get("operation")),
        retryable=retryable,
    )
