"""Fetching role credentials: one GetRoleCredentials for all processes, for the current login."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from ..errors import (
    NoAccess,
    PortalError,
    PortalRefusal,
    SsoPluginError,
    StoreUnavailable,
    TokenLocked,
)
from ..portal.outage import Outage
from ..storage.keys import own_key
from ..timestamps import clock_time
from .role_credentials import RoleCredentials, is_of_login
from .schedule import Lifetime
from .token_source import TokenSource

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Callable

    from botocore.credentials import ReadOnlyCredentials

    from ..storage.cache import Hold
    from . import Origin
    from .access_token import AccessToken
    from .role_credentials import RoleFile
    from .token_source import AskPerson

__all__ = ["RoleRequest"]

_logger = logging.getLogger(__name__)

_MAX_LOGINS = 3
"""How many logins may replace each other during one `RoleRequest.fetch`."""

_REPLACE_INTERVAL = 300.0
"""Seconds between two replacements of rejected credentials, for all processes together.

Regions that are not enabled reject credentials that are valid everywhere else, so a replacement
may not help.
"""

_reported: set[str] = set()
"""The subjects whose credentials could not be sealed. Each is reported once in a process."""


class RoleRequest:
    """Fetches the credentials of one role if its file has none that are fresh.

    :param ask: asks a person to log in if there is no valid token; see `TokenSource`.
    """

    def __init__(self, file: RoleFile, ask: AskPerson | None) -> None:
        self._file = file
        self._login = file.login
        self._clock = file.login.clock
        self._tokens = TokenSource(file.login, ask)
        self._subject = file.login.profile.subject
        self._role_name = str(file.login.profile.role_name)
        self._name = f"the role {self._role_name} in the account {file.account_id}"
        self._own = file.login.stores.own
        self._outage = Outage(self._own, file.key, file.login.profile)

    def prepare(self) -> None:
        """Import all that `fetch` and `replace` need."""
        self._login.prepare()

    def fetch(self, *, attended: bool, minimum: float) -> RoleCredentials:
        """See `Source`."""
        found = self._if_fresh(self._file.load_if_changed(), minimum)
        return found or self._tokens.retry_after_login(
            lambda: self._fetch_unattended(minimum), attended=attended
        )

    def _fetch_unattended(self, minimum: float) -> RoleCredentials:
        began = time.time()
        # Before the lock: a renewal can take minutes, and other callers wait for it.
        token = self._tokens.fetch(attended=False)
        with self._locked(lambda: self._if_fresh(self._file.load_if_changed(), minimum)):
            self._pull_token()
            found = self._if_fresh(self._file.load(), minimum)
            fetched = found or self._request_unless_down(token, began)
        self._tokens.warn_before_end(token, fetched.lifetime.advisory_refresh_at)
        if found is None and self._login.profile.options.login == "wait":
            # Not at the top: most profiles do not need it.
            from .login_user import learn_user

            learn_user(self._login, fetched)
        return fetched

    def replace(self, rejected: str) -> RoleCredentials:
        """See `Source`."""
        found = self._load_other(rejected)
        if found:
            return found
        token = self._tokens.fetch(attended=False)
        with self._locked(lambda: self._load_other(rejected)):
            self._pull_token()
            return self._load_other(rejected) or self._request_other(token, rejected)

    def _locked(
        self, find: Callable[[], RoleCredentials | None]
    ) -> contextlib.AbstractContextManager[Hold]:
        """Lock the role, unless another process has stored what is wanted.

        A lock that another process holds for too long is skipped: a request can be repeated.

        :param find: returns the credentials that are wanted, if the file has them.
        """
        return self._file.cache.locked(self._file.key, until=lambda: find() is not None)

    def _pull_token(self) -> None:
        """Bring the token here that belongs to the role credentials of another machine.

        The login may also have ended there. And a store that was emptied gets the token back.
        """
        self._login.pull()

    def _request_unless_down(self, token: AccessToken, began: float) -> RoleCredentials:
        if failed := self._outage.since(began):
            raise failed
        refused = self._outage.refusal() if self._login.stores.server else None
        if refused is not None:
            raise refused
        try:
            return self._request(token)
        except (TokenLocked, StoreUnavailable):
            # No request was sent, so this is not an outage.
            raise
        except (PortalError, NoAccess) as exc:
            self._outage.note(exc)
            raise

    def _request_other(self, token: AccessToken, rejected: str) -> RoleCredentials:
        record = own_key("replaced", self._file.key)
        self._own.pull(record)
        last = self._own.get(record)
        if last is not None and 0 <= time.time() - last.stored_at < _REPLACE_INTERVAL:
            raise PortalError(
                subject=self._subject,
                problem=f"gets no other credentials for {self._name}: they were replaced less than "
                "5 minutes ago",
                fix="Check that the service and the region are enabled.",
            )
        began = 0.0 if self._outage.is_backing_off() else time.time()
        fetched = self._request_unless_down(token, began)
        self._own.put(record, {"accessKeyId": rejected})
        self._outage.end()
        return fetched

    def _load_other(self, rejected: str) -> RoleCredentials | None:
        found = self._file.load()
        return found if found and found.keys.access_key != rejected else None

    def _if_fresh(self, found: RoleCredentials | None, minimum: float) -> RoleCredentials | None:
        if found and self._clock.latest() < found.lifetime.long_enough_until(minimum):
            return found
        return None

    def _request(self, token: AccessToken) -> RoleCredentials:
        """Request credentials; repeat that if a new login has replaced the token meanwhile."""
        for _ in range(_MAX_LOGINS):
            token, found, expires_at = self._exchange(token)
            # The login may have ended meanwhile, on another machine.
            self._login.pull()
            origin = self._note_role(token)
            if origin is None or is_of_login(self._login, origin, 0):
                return self._store(found, expires_at, origin)
            # The login has ended. If there is no new one, this raises LoginRequired.
            token = self._tokens.fetch(attended=False)
        raise PortalError(
            subject=self._subject,
            problem=f"got no credentials for {self._name}: there was a new login during each of "
            f"{_MAX_LOGINS} requests",
            fix="Try again.",
            retryable=True,
        )

    def _note_role(self, token: AccessToken) -> Origin | None:
        """Note the role file in the index of its login, and return the origin for its content.

        That comes before the file is written: a logout deletes the files that the index names.
        """
        file = self._file
        origin = self._tokens.file.origin_of(token, file.key) if file.of_login else None
        if origin is None:
            self._tokens.file.index.add(file.key)
        return origin

    def _exchange(self, token: AccessToken) -> tuple[AccessToken, ReadOnlyCredentials, float]:
        """Return the credentials that the portal returns for a token, and when they expire.

        :param token: used unless its file has changed.
        :returns: the token that was used comes first.
        """
        portal, account_id = self._login.portal, self._file.account_id

        def send(token: AccessToken) -> tuple[AccessToken, ReadOnlyCredentials, float]:
            return token, *portal.get_role_credentials(token.value, account_id, self._role_name)

        try:
            return self._tokens.use(send, token, attended=False)
        except PortalRefusal as exc:
            if exc.code not in ("ForbiddenException", "ResourceNotFoundException"):
                raise
            raise self._no_access(exc) from exc

    def _store(
        self, found: ReadOnlyCredentials, expires_at: float, origin: Origin | None
    ) -> RoleCredentials:
        if self._clock.earliest() >= expires_at:
            raise PortalError(
                subject=self._subject,
                problem=f"got credentials for {self._name} that had already expired",
                fix=f"Run: {self._login.profile.doctor_command}",
                retryable=True,
            )
        file = self._file
        lifetime = Lifetime(self._clock.now(), expires_at)
        fetched = RoleCredentials(found, lifetime, file.account_id, origin)
        file.cache.put(file.key, fetched.document())
        self._report_if_not_sealed()
        self._login.pull()
        if origin is not None and not is_of_login(self._login, origin, 0):
            # A logout came directly before the write, and had nothing to delete.
            file.cache.delete(file.key)
        until = clock_time(expires_at)
        _logger.debug("Fetched credentials for %s, valid until %s", self._name, until)
        return fetched

    def _report_if_not_sealed(self) -> None:
        """Warn once that each process fetches its own credentials, because there is no key."""
        why = self._file.cache.why_no_key()
        if why and self._subject not in _reported:
            _reported.add(self._subject)
            _logger.warning(
                "%s keeps its credentials in the memory of this process only: %s",
                self._subject,
                why,
            )

    def _no_access(self, exc: PortalRefusal) -> NoAccess:
        return exc.as_kind(
            NoAccess,
            subject=self._subject,
            problem=f"asks for {self._name}, which this user does not have",
            fix=self._alternatives(),
        )

    def _alternatives(self) -> str:
        """Return how to fix a role that the user does not have."""
        try:
            roles = self._tokens.listings(attended=False).role_names(self._file.account_id)
        except SsoPluginError as exc:
            _logger.debug("Cannot list the roles in %s: %s", self._file.account_id, exc)
            return "Check sso_account_id and sso_role_name."
        if not roles:
            return "Set sso_account_id to an account in which the user has a role."
        return f"Set sso_role_name to one of: {', '.join(sorted(roles))}."
