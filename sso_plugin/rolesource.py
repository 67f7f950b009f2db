"""Role credentials: from the AWS CLI's cache while they are fresh, else by GetRoleCredentials."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from .clock import format_timestamp
from .errors import NoAccess, PortalError, PortalRefusal, SsoPluginError
from .filecache import own_cache
from .outage import Outage
from .role_credentials import RoleCredentials, RoleIndex, role_key

if TYPE_CHECKING:
    from .answers import RoleKeys
    from .cache import Cache
    from .config import SsoProfile
    from .tokens import TokenSource

__all__ = ["RoleSource"]

_logger = logging.getLogger(__name__)


class RoleSource:
    """The credentials of one role: one file, shared with every process of this user."""

    def __init__(self, profile: SsoProfile, tokens: TokenSource, cache: Cache) -> None:
        self._profile = profile
        self._account_id = str(profile.account_id)
        self._role_name = str(profile.role_name)
        self._tokens = tokens
        self._clock = tokens.clock
        self._cache = cache
        self.key = role_key(profile, self._account_id)
        self._index = RoleIndex.of(tokens.key)
        self._outage = Outage(own_cache(), self.key, profile)

    def load(self) -> RoleCredentials | None:
        """Return credentials of the cache that still live. Goes nowhere."""
        entry = self._cache.get(self.key)
        found = RoleCredentials.from_entry(entry, self._account_id, self._clock)
        return found if found and self._clock.now() < found.lifetime.expires_at else None

    def prepare(self) -> None:
        """Import all that `fetch` needs. See `refresh.Source`."""
        import encodings.idna  # noqa: F401 - for names of hosts

        import filelock  # noqa: F401

        _ = self._tokens.portal

    def fetch(self, *, attended: bool = True) -> RoleCredentials:
        """Return credentials that are not due for renewal, asking the portal if need be.

        :param attended: whether a person may be asked to log in.
        :raises LoginRequired: if a person has to log in.
        :raises NoAccess: if the user does not have this role in this account.
        :raises PortalError: if the portal gives no answer, or another one.
        """
        if not attended:
            return RoleSource(self._profile, self._tokens.unattended, self._cache).fetch()
        began = time.time()
        found = self._load_fresh()
        if found:
            return found
        # A renewal or a login takes its time: nobody is kept at the lock of the role meanwhile.
        self._tokens.fetch()
        with self._cache.locked(self.key):
            return self._load_fresh() or self._ask_unless_down(began)

    def _ask_unless_down(self, began: float) -> RoleCredentials:
        failed = self._outage.since(began)
        if failed:
            raise failed
        try:
            return self._ask()
        except PortalError as exc:
            self._outage.note(exc)
            raise

    def _load_fresh(self) -> RoleCredentials | None:
        found = self.load()
        return found if found and self._clock.latest() < found.lifetime.renew_from else None

    def _ask(self) -> RoleCredentials:
        token = self._tokens.fetch().value
        try:
            try:
                keys = self._get(token)
            except PortalRefusal as exc:
                if exc.code != "UnauthorizedException":
                    raise
                # Revoked, or renewed by a program that does not take our lock.
                token = self._tokens.fetch(rejected=token).value
                keys = self._get(token)
        except PortalRefusal as exc:
            explained = self._explained(exc)
            if explained is None:
                raise
            raise explained from exc
        now = self._clock.now()
        if now >= keys.expires_at:
            raise PortalError(
                error_msg=f"The portal gave credentials for {self._name} that had expired",
                retryable=True,
            )
        fetched = RoleCredentials.granted(keys, self._account_id, now)
        self._cache.put(self.key, fetched.document())
        self._index.add(self.key)
        until = format_timestamp(fetched.lifetime.expires_at)
        _logger.debug("Fetched credentials for %s, valid until %s", self._name, until)
        return fetched

    def _get(self, token: str) -> RoleKeys:
        return self._tokens.portal.get_role_credentials(token, self._account_id, self._role_name)

    @property
    def _name(self) -> str:
        return f"the role {self._role_name} in the account {self._account_id}"

    def _explained(self, exc: PortalRefusal) -> Exception | None:
        if exc.code == "UnauthorizedException":
            return self._tokens.login_required("the portal does not accept its token")
        if exc.code not in ("ForbiddenException", "ResourceNotFoundException"):
            return None
        return NoAccess(
            error_msg=f"{self._profile.subject} asks for {self._name}, which this "
            f"user does not have. {self._alternatives()}",
            response=exc.response,
            operation_name=exc.operation_name,
        )

    def _alternatives(self) -> str:
        from .directory import Directory

        try:
            roles = Directory(self._tokens, pauses=()).role_names(self._account_id)
        except SsoPluginError as exc:
            _logger.debug("Cannot list the roles in %s: %s", self._account_id, exc)
            return "Check sso_account_id and sso_role_name."
        if not roles:
            return "Set sso_account_id to an account in which the user has a role."
        return f"Set sso_role_name to one of: {', '.join(sorted(roles))}."
