"""The recent failures of the portal, shared by all processes of a user.

If forty scripts need the same token while the portal is down, one of them sends a request and the
others raise its error. After a failure all processes back off: for 1 second, doubling to 60.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import UnauthorizedSSOTokenError

from ..errors import (
    NoAccess,
    PortalError,
    PortalRefusal,
    RenewalRefusal,
    also_as,
    plain_kind,
)
from ..printable import one_line
from ..storage.keys import own_key
from .unreachable import UNREACHABLE, PortalEndpointError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..config.profile import SsoProfile
    from ..storage.cache import Cache
    from ..storage.documents import Entry
    from ..storage.reading import Document

__all__ = ["Outage", "attempt_timeout"]

_logger = logging.getLogger(__name__)

_MIN_BACK_OFF = 1.0
_MAX_BACK_OFF = 60.0
"""Seconds to wait after the first failure, and at most."""

_MAX_COUNT = 1000
"""Consecutive failures; more are not counted. Also the bound for other numbers in the file."""

_DOCTOR_COMMAND = "{doctor_command}"
"""What the file has instead of the doctor command, which depends on the reader's profile."""

_MAX_TEXT = 2000
"""Characters of a text that are read from the file."""

_EXPIRY = 2 * _MAX_BACK_OFF
"""Seconds after which the next failure is the first of a new outage."""

_REFUSAL_EXPIRY = 15.0
"""Seconds for which machines that share a store do not repeat a request that was refused."""


def attempt_timeout(failures: int) -> float:
    """Return the seconds to wait after a number of consecutive failures: 1, doubling to 60."""
    return float(min(_MAX_BACK_OFF, _MIN_BACK_OFF * 2.0 ** (min(failures, _MAX_COUNT) - 1)))


class Outage:
    """The consecutive failures of one request, in a file. Times are local epoch seconds.

    :param key: the cache key of the token or role that was requested.
    """

    def __init__(self, cache: Cache, key: str, profile: SsoProfile) -> None:
        self._cache = cache
        self._key = own_key("outage", key)
        self._profile = profile

    def since(self, began: float) -> PortalError | None:
        """Return the error of a process that failed since ``began``; None if none did.

        :param began: when this process began to wait for the other one.
        """
        failed = self._failed_since(began)
        return failed if isinstance(failed, PortalError) else None

    def refusal(self) -> PortalError | NoAccess | None:
        """Return the error of a recent request of any machine that the portal refused for good.

        A request for a role that the user does not have is not repeated by hundreds of machines.
        """
        failed = self._failed_since(time.time() - _REFUSAL_EXPIRY)
        is_refusal = isinstance(failed, PortalRefusal) and not failed.retryable
        return failed if is_refusal or isinstance(failed, NoAccess) else None

    def is_backing_off(self) -> bool:
        """Return whether it is too early for the next attempt: see `attempt_timeout`."""
        failures, age = self._failures()
        return failures > 0 and age < attempt_timeout(failures)

    def note(self, exc: PortalError | NoAccess) -> int:
        """Record a failure for other processes. Return the number of failures before it."""
        before, _ = self._failures()
        document: Document = {
            "kind": _name_of(exc),
            "unauthorized": isinstance(exc, UnauthorizedSSOTokenError),
            "message": str(exc),
            "problem": exc.problem,
            "fix": exc.fix.replace(self._profile.doctor_command, _DOCTOR_COMMAND),
            "retryable": isinstance(exc, PortalError) and exc.retryable,
            "failures": before + 1,
        }
        if isinstance(exc, PortalRefusal | NoAccess):
            document |= _refusal_document(exc)
        self._cache.put(self._key, document)
        return before

    def end(self) -> int:
        """Delete the recorded failures. Return how many there were."""
        failures, _ = self._failures()
        if failures:
            self._cache.delete(self._key)
        return failures

    def _failed_since(self, began: float) -> PortalError | NoAccess | None:
        entry = self._load()
        if entry is None or not began <= entry.stored_at <= time.time():
            return None
        _logger.debug("Another process sent the request, and the portal failed")
        return self._error(entry.document)

    def _load(self) -> Entry | None:
        self._cache.pull(self._key)
        return self._cache.get(self._key)

    def _failures(self) -> tuple[int, float]:
        entry = self._load()
        count = entry.document.get("failures") if entry else None
        age = time.time() - entry.stored_at if entry else 0.0
        if not isinstance(count, int) or not count >= 0 or not 0 <= age < _EXPIRY:
            return 0, 0.0
        return min(count, _MAX_COUNT), age

    def _error(self, document: Mapping[str, object]) -> PortalError | NoAccess:
        """Return another process's error, with this process's profile as its subject."""
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
        refused: type[PortalRefusal | NoAccess] = _REFUSALS.get(name, PortalRefusal)
        return also_as(refused, *bases)(
            response=_response(document, message),
            operation_name=_text(document, "operation"),
            **what,
        )


_KINDS: dict[str, type[PortalError]] = {**UNREACHABLE, "PortalError": PortalError}
_REFUSALS: dict[str, type[PortalRefusal | NoAccess]] = {
    "NoAccess": NoAccess,
    "PortalRefusal": PortalRefusal,
    "RenewalRefusal": RenewalRefusal,
}
"""The classes of errors, by their names in the file."""


def _name_of(exc: PortalError | NoAccess) -> str:
    kinds = {**_KINDS, **_REFUSALS}
    return next((name for name, kind in kinds.items() if plain_kind(exc) is kind), "PortalError")


def _refusal_document(exc: PortalRefusal | NoAccess) -> Document:
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
    """Return the response of a `ClientError`, as far as the file has it."""
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
    return one_line(held, _MAX_TEXT) if isinstance(held, str) else ""


def _number(document: Mapping[str, object], key: str) -> int:
    held = document.get(key)
    return held if type(held) is int and 0 <= held < _MAX_COUNT else 0
