"""What one process has just learned of a portal that fails, for all that would ask too.

Forty scripts that find the portal down at the same moment are one request, not forty.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from .errors import PortalError, PortalRefusal, PortalUnreachable

if TYPE_CHECKING:
    from .cache import Cache
    from .config import SsoProfile

__all__ = ["Outage", "hold_off"]

_logger = logging.getLogger(__name__)

_FIRST_HOLD_OFF = 1.0
_LONGEST_HOLD_OFF = 60.0
_MANY = 1000
"""Failures in a row; more are not counted."""

_FORGOTTEN = 2 * _LONGEST_HOLD_OFF
"""Seconds after which a failure is not part of the same outage any more."""


def hold_off(failures: int) -> float:
    """Return the seconds to wait after so many failures in a row: 1, doubling to 60."""
    return float(min(_LONGEST_HOLD_OFF, _FIRST_HOLD_OFF * 2.0 ** (min(failures, _MANY) - 1)))


class Outage:
    """The failures of one request in a row, in our own folder. Times are local epoch seconds."""

    def __init__(self, cache: Cache, key: str, profile: SsoProfile) -> None:
        self._cache = cache
        self._key = f"outage-{key}"
        self._profile = profile

    def since(self, began: float) -> PortalError | None:
        """Return what another process met since this one began to wait, if it failed."""
        entry = self._cache.get(self._key)
        if entry is None or not began <= entry.stored_at <= time.time():
            return None
        _logger.debug("The process that was waited for found the portal failing")
        return self._error(entry.document)

    def holds_off(self) -> bool:
        """Tell whether it is too early to try again: for 1 second, doubling to 60."""
        failures, age = self._failures()
        return failures > 0 and age < hold_off(failures)

    def note(self, exc: PortalError) -> int:
        """Tell the others, and return how many failures there were before this one."""
        before, _ = self._failures()
        document = {
            "message": str(exc),
            "told": exc.told,
            "retryable": exc.retryable,
            "failures": before + 1,
        }
        if isinstance(exc, PortalRefusal):
            document |= {"code": exc.code, "operation": exc.operation_name}
        self._cache.put(self._key, document)
        return before

    def end(self) -> int:
        """Forget the failures, and return how many there were."""
        failures, _ = self._failures()
        if failures:
            self._cache.delete(self._key)
        return failures

    def _failures(self) -> tuple[int, float]:
        entry = self._cache.get(self._key)
        count = entry.document.get("failures") if entry else None
        age = time.time() - entry.stored_at if entry else 0.0
        if not isinstance(count, int) or not count >= 0 or not 0 <= age < _FORGOTTEN:
            return 0, 0.0
        return min(count, _MANY), age

    def _error(self, document: dict[str, object]) -> PortalError:
        """Tell of another process's failure in the name of this one's profile."""
        told, retryable = document.get("told"), bool(document.get("retryable"))
        message = f"{self._profile.subject} {told}: {self._profile.doctor_command}"
        if not told:
            message = str(document.get("message"))
        if "code" not in document:
            return PortalUnreachable(error_msg=message, retryable=retryable)
        return PortalRefusal(
            error_msg=message,
            response={"Error": {"Code": str(document["code"]), "Message": message}},
            operation_name=str(document.get("operation")),
            retryable=retryable,
        )
