"""What one process has just learned of a portal that fails, for all that would ask too.

Forty scripts that find the portal down at the same moment are one request, not forty.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import UnauthorizedSSOTokenError

from ..errors import (
    PortalError,
    PortalRefusal,
    RenewalRefusal,
    also_as,
    plain_kind,
)
from ..printable import one_line
from ..storage.file_cache import own_cache
from ..storage.keys import own_key
from .unreachable import UNREACHABLE, PortalEndpointError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..config.profile import SsoProfile
    from ..storage.cache import Cache, Document

__all__ = ["Outage", "attempt_timeout"]

_logger = logging.getLogger(__name__)

_FIRST_HOLD_OFF = 1.0
_LONGEST_HOLD_OFF = 60.0
_MANY = 1000
"""Failures in a row; more are not counted."""

_DOCTOR_COMMAND = "{doctor_command}"
"""Stands in the file for the command of each reader's own profile."""

_LONGEST_TEXT = 2000
"""Characters of a text in the file."""

_FORGOTTEN = 2 * _LONGEST_HOLD_OFF
"""Seconds after which a failure is not part of the same outage any more."""


def attempt_timeout(failures: int) -> float:
    """Return the seconds to wait after so many failures in a row: 1, doubling to 60."""
    return float(min(_LONGEST_HOLD_OFF, _FIRST_HOLD_OFF * 2.0 ** (min(failures, _MANY) - 1)))


class Outage:
    """The failures of one request in a row, in our own folder. Times are local epoch seconds."""

    def __init__(self, cache: Cache, key: str, profile: SsoProfile) -> None:
        self._cache = cache
        self._key = own_key("outage", key)
        self._profile = profile

    @classmethod
    def of(cls, profile: SsoProfile, key: str) -> Outage:
        """Return the failures of what has a cache key: the token of a login, or a role."""
        return cls(own_cache(), key, profile)

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
        return failures > 0 and age < attempt_timeout(failures)

    def note(self, exc: PortalError) -> int:
        """Tell the others, and return how many failures there were before this one."""
        before, _ = self._failures()
        document: Document = {
            "kind": _name_of(exc),
            "unauthorized": isinstance(exc, UnauthorizedSSOTokenError),
            "message": str(exc),
            "problem": exc.problem,
            "fix": exc.fix.replace(self._profile.doctor_command, _DOCTOR_COMMAND),
            "retryable": exc.retryable,
            "failures": before + 1,
        }
        if isinstance(exc, PortalRefusal):
            document |= _refusal_document(exc)
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

    def _error(self, document: Mapping[str, object]) -> PortalError:
        """Return another process's failure in the name of this one's profile."""
        name, problem, message = (_text(document, key) for key in ("kind", "problem", "message"))
        what: dict[str, Any] = {"retryable": document.get("retryable") is True}
        if problem:
            fix = _text(document, "fix").replace(_DOCTOR_COMMAND, self._profile.doctor_command)
            what |= {"subject": self._profile.subject, "problem": problem, "fix": fix}
        else:
            what["error_msg"] = message
        bases = [UnauthorizedSSOTokenError] if document.get("unauthorized") is True else []
        if "code" not in document:
            kind = also_as(_KINDS.get(name, PortalEndpointError), *bases)
            return kind(**what)
        return also_as(_REFUSALS.get(name, PortalRefusal), *bases)(
            response=_response(document, message),
            operation_name=_text(document, "operation"),
            **what,
        )


_KINDS: dict[str, type[PortalError]] = {**UNREACHABLE, "PortalError": PortalError}
_REFUSALS = {"PortalRefusal": PortalRefusal, "RenewalRefusal": RenewalRefusal}
"""The errors that a file may name."""


def _name_of(exc: PortalError) -> str:
    kinds = {**_KINDS, **_REFUSALS}
    return next((name for name, kind in kinds.items() if plain_kind(exc) is kind), "PortalError")


def _refusal_document(exc: PortalRefusal) -> Document:
    metadata = exc.response.get("ResponseMetadata", {})
    return {
        "code": exc.code,
        "operation": exc.operation_name,
        "said": exc.response.get("Error", {}).get("Message"),
        "status": metadata.get("HTTPStatusCode"),
        "request_id": metadata.get("RequestId"),
        "attempts": metadata.get("RetryAttempts"),
        "exhausted": metadata.get("MaxAttemptsReached", False),
    }


def _response(document: Mapping[str, object], message: str) -> dict[str, Any]:
    """Return the response of a `ClientError`, as far as it was noted."""
    said = _text(document, "said") if isinstance(document.get("said"), str) else message
    return {
        "Error": {"Code": _text(document, "code"), "Message": said},
        "ResponseMetadata": {
            "RequestId": _text(document, "request_id"),
            "HTTPStatusCode": _number(document, "status"),
            "HTTPHeaders": {},
            "RetryAttempts": _number(document, "attempts"),
            **({"MaxAttemptsReached": True} if document.get("exhausted") is True else {}),
        },
    }


def _text(document: Mapping[str, object], key: str) -> str:
    held = document.get(key)
    return one_line(held, _LONGEST_TEXT) if isinstance(held, str) else ""


def _number(document: Mapping[str, object], key: str) -> int:
    held = document.get(key)
    return held if type(held) is int and 0 <= held < _MANY else 0
