"""The attributes of renewed credentials: a thread that signs reads attributes that fit together.

A generation is one set of credentials, between two renewals. ``get_frozen_credentials`` returns all
attributes of the newest one. But many programs read ``token`` first, hash a large body, and then
read ``access_key`` and ``secret_key``.
"""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from botocore.credentials import DeferredRefreshableCredentials, ReadOnlyCredentials

from ..redact import hide_frames
from ..timestamps import format_timestamp, to_datetime

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..clock import Clock
    from .credential_source import Source
    from .role_credentials import RoleCredentials

__all__ = ["CredentialsOfGenerations", "attempt_timeout"]

_logger = logging.getLogger(__name__)

_LOCK_TIMEOUT = 30.0
"""Seconds that a caller with rejected credentials waits while another thread renews them."""

_SIGNING_TIME = 60.0
"""Seconds for which a thread still reads the generation that it read last."""


class CredentialsOfGenerations(DeferredRefreshableCredentials):
    """Credentials whose attributes are of one generation for a minute, in each thread.

    The minute begins when the thread last read a generation that was the newest. It ends early if
    AWS has rejected the generation, or it is about to expire.

    :param source: returns where they come from. Called on first use.
    """

    _refresh_lock: threading.Lock

    def __init__(self, source: Callable[[], Source], clock: Clock, method: str) -> None:
        self._make_source = source
        self._made_source: Source | None = None
        self._clock = clock
        self._current: RoleCredentials | None = None
        self._rejected: str | None = None
        self._rejections = 0
        self._no_replacement_until = float("-inf")
        self._reads = threading.local()
        super().__init__(
            self._fetch_metadata, method, lambda: datetime.fromtimestamp(clock.now(), timezone.utc)
        )

    @property
    def _source(self) -> Source:
        if self._made_source is None:
            self._made_source = self._make_source()
        return self._made_source

    def has_key(self, access_key: str) -> bool:
        """Return whether this is the current access key."""
        return self._current is not None and self._current.keys.access_key == access_key

    @property
    def expires_at(self) -> float | None:
        """When the current credentials expire, in epoch seconds of the server."""
        return self._current.lifetime.expires_at if self._current else None

    def may_be_replaced(self, access_key: str) -> bool:
        """Return whether credentials with this access key may be replaced after a rejection."""
        current = self._current
        if current is None or current.keys.access_key != access_key:
            return True
        return self._clock.now() >= max(
            current.lifetime.replaceable_from, self._no_replacement_until
        )

    def pause_replacement(self, seconds: float) -> None:
        """Replace no rejected credentials for a time."""
        self._no_replacement_until = self._clock.now() + seconds

    def replace_rejected(self, access_key: str) -> bool:
        """Replace credentials that AWS has rejected; return whether other ones are in use now.

        :param access_key: the access key that the rejected request was signed with.
        """
        if self.may_be_replaced(access_key) and self._refresh_lock.acquire(timeout=_LOCK_TIMEOUT):
            try:
                if self.has_key(access_key) and self.may_be_replaced(access_key):
                    self._replace(access_key)
            finally:
                self._refresh_lock.release()
        return not self.has_key(access_key)

    def _replace(self, access_key: str) -> None:
        """Fetch other credentials. Precondition: the refresh lock is held."""
        try:
            fetched = self._source.replace(access_key)
        except Exception as exc:  # noqa: BLE001 - the caller gets the error of the service
            self._rejections += 1
            self.pause_replacement(attempt_timeout(self._rejections))
            _logger.warning("Cannot replace credentials that AWS has rejected: %s", exc)
            return
        _logger.info("Replaced credentials that AWS has rejected")
        self._rejections, self._rejected = 0, access_key
        self._publish(fetched)

    def _publish(self, fetched: RoleCredentials) -> None:
        """Use new credentials from now on."""
        # Plain strings, as in botocore's own credentials. None of them is in a local variable,
        # which a traceback may show.
        self._access_key = str(fetched.keys.access_key)
        self._secret_key = str(fetched.keys.secret_key)
        self._token = str(fetched.keys.token)
        self._account_id = str(fetched.account_id)
        self._expiry_time = to_datetime(fetched.lifetime.expires_at)
        self._frozen_credentials = _frozen(fetched)
        self._current = fetched

    def _fetch_metadata(self) -> dict[str, Any]:
        """Return new credentials in the form of botocore's ``refresh_using``."""
        fetched = self._source.fetch()
        return {
            "access_key": fetched.keys.access_key,
            "secret_key": fetched.keys.secret_key,
            "token": fetched.keys.token,
            "expiry_time": format_timestamp(fetched.lifetime.expires_at),
            "account_id": fetched.account_id,
        }

    def _generation(self) -> RoleCredentials:
        """Return the generation that this thread reads now."""
        self._refresh()  # type: ignore[attr-defined]  # the stubs leave it out
        newest, now = self._current, self._clock.now()
        read: RoleCredentials | None = getattr(self._reads, "generation", None)
        if read is not None and read is not newest and self._is_usable(read, now):
            return read
        assert newest is not None  # noqa: S101 - _refresh has raised otherwise
        self._reads.generation, self._reads.at = newest, now
        return newest

    def _is_usable(self, read: RoleCredentials, now: float) -> bool:
        ends_at: float = min(self._reads.at + _SIGNING_TIME, read.lifetime.mandatory_refresh_at)
        return now < ends_at and read.keys.access_key != self._rejected

    def _set(self, **values: str) -> None:
        """Set one of the keys, as in botocore's own credentials."""
        if self._current is not None:
            self._set_current(self._current._replace(keys=self._current.keys._replace(**values)))

    def _set_current(self, changed: RoleCredentials) -> None:
        self._current = changed
        self._reads.generation, self._reads.at = changed, self._clock.now()

    @property
    def access_key(self) -> str:
        """The access key of the generation that this thread reads."""
        return str(self._generation().keys.access_key)

    @access_key.setter
    def access_key(self, value: str) -> None:
        self._set(access_key=value)

    @property
    def secret_key(self) -> str:
        """The secret key of the generation that this thread reads."""
        return str(self._generation().keys.secret_key)

    @secret_key.setter
    def secret_key(self, value: str) -> None:
        self._set(secret_key=value)

    @property
    def token(self) -> str:
        """The session token of the generation that this thread reads."""
        return str(self._generation().keys.token)

    @token.setter
    def token(self, value: str) -> None:
        self._set(token=value)

    @property
    def account_id(self) -> str:
        """The account id of the generation that this thread reads."""
        return str(self._generation().account_id)

    @account_id.setter
    def account_id(self, value: str) -> None:
        if self._current is not None:
            self._set_current(self._current._replace(account_id=value))


def attempt_timeout(failures: int) -> float:
    """See `portal.outage.attempt_timeout`, which is imported only after a failure."""
    from ..portal.outage import attempt_timeout as seconds

    return seconds(failures)


@hide_frames
def _frozen(generation: RoleCredentials) -> ReadOnlyCredentials:
    """Return one generation as botocore's own type, with plain strings."""
    keys = generation.keys
    values = (keys.access_key, keys.secret_key, str(keys.token), generation.account_id)
    # In older versions of botocore it has no account_id.
    return ReadOnlyCredentials(*map(str, values[: len(ReadOnlyCredentials._fields)]))
