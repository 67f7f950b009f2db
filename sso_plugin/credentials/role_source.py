"""Role credentials: from the AWS CLI's cache while they are fresh, else by GetRoleCredentials."""

from __future__ import annotations

import functools
import logging
import time
from typing import TYPE_CHECKING

from botocore.exceptions import UnauthorizedSSOTokenError

from ..errors import NoAccess, PortalError, PortalRefusal, SsoPluginError, TokenLocked, also
from ..storage.file_cache import own_cache
from ..timestamps import format_timestamp
from .role_credentials import RoleCredentials, role_key

if TYPE_CHECKING:
    from ..config.profile import SsoProfile
    from ..portal.answers import RoleKeys
    from ..portal.outage import Outage
    from ..storage.cache import Cache
    from .access_token import AccessToken, Origin
    from .token_source import TokenSource

__all__ = ["RoleSource"]

_logger = logging.getLogger(__name__)

_LOGINS = 3
"""How many logins may replace each other while one process asks for credentials."""

_REPLACE_EVERY = 300.0
"""Seconds. Regions that are not enabled reject keys that are good everywhere else."""


class RoleSource:
    """The credentials of one role: one file, shared with every process of this user.

    :param of_login: whether credentials in the cache count only for the login that they came from.
        A cache that a caller has set is used as botocore uses it.
    """

    def __init__(
        self, profile: SsoProfile, tokens: TokenSource, cache: Cache, *, of_login: bool = True
    ) -> None:
        self._profile = profile
        self._account_id = str(profile.account_id)
        self._role_name = str(profile.role_name)
        self._tokens = tokens
        self._clock = tokens.clock
        self._cache = cache
        self._of_login = of_login
        self.key = role_key(profile, self._account_id)
        self._reported: str | None = None

    def load(self) -> RoleCredentials | None:
        """Return credentials of the cache that have not expired. Makes no network call."""
        entry = self._cache.get(self.key)
        found = RoleCredentials.from_entry(entry, self._account_id, self._clock)
        if entry and not found:
            self._report(RoleCredentials.fault(entry))
        if entry is None or found is None or self._clock.now() >= found.lifetime.expires_at:
            return None
        if self._of_login and not self._tokens.vouches_for(found.origin, entry.mark[0]):
            return None
        return found

    def _report(self, fault: str | None) -> None:
        """Report a cache file that is not used, once."""
        if fault and fault != self._reported:
            self._reported = fault
            _logger.warning("Ignoring %s, which %s", self._cache.describe(self.key), fault)

    def prepare(self) -> None:
        """Import all that `fetch` and `replace` need. See `refresh.Source`."""
        import encodings.idna  # noqa: F401 - for names of hosts

        from ..portal import outage  # noqa: F401
        from ..storage import locks, unwritable, writing  # noqa: F401
        from . import login_index, token_renewal  # noqa: F401

        _ = self._tokens.portal

    def fetch(self, *, attended: bool = True, minimum: float = 0.0) -> RoleCredentials:
        """Return credentials that are not due for renewal, asking the portal if need be.

        :param attended: whether a person may be asked to log in.
        :param minimum: the seconds that they should live at least; see `Lifetime`.
        :raises LoginRequired: if a person has to log in.
        :raises NoAccess: if the user does not have this role in this account.
        :raises PortalError: if the portal gives no answer, or another one.
        """
        if not attended:
            return self._unattended().fetch(minimum=minimum)
        began = time.time()
        found = self._load_fresh(minimum)
        if found:
            return found
        # A renewal or a login takes its time: nobody is kept at the lock of the role meanwhile.
        self._tokens.fetch()
        with self._cache.locked(self.key):
            return self._load_fresh(minimum) or self._ask_unless_down(began)

    def replace(self, rejected: str) -> RoleCredentials:
        """Return other credentials than those that AWS rejected; asks no person to log in.

        What another process has fetched meanwhile is used. The portal is asked at most once in 5
        minutes, by all processes together.

        :param rejected: the access key that was rejected.
        :raises SsoPluginError: as `fetch` does, also if it is too early to ask.
        """
        if self._tokens.unattended is not self._tokens:
            return self._unattended().replace(rejected)
        found = self._load_other(rejected)
        if found:
            return found
        self._tokens.fetch()
        with self._cache.locked(self.key):
            return self._load_other(rejected) or self._ask_for_other(rejected)

    def _unattended(self) -> RoleSource:
        tokens = self._tokens.unattended
        return RoleSource(self._profile, tokens, self._cache, of_login=self._of_login)

    def _ask_unless_down(self, began: float) -> RoleCredentials:
        failed = self._outage.since(began)
        if failed:
            raise failed
        try:
            return self._ask()
        except TokenLocked:
            # The portal was not asked, so this is no outage.
            raise
        except PortalError as exc:
            self._outage.note(exc)
            raise

    def _ask_for_other(self, rejected: str) -> RoleCredentials:
        own, record = own_cache(), f"replaced-{self.key}"
        last = own.get(record)
        if last is not None and 0 <= time.time() - last.stored_at < _REPLACE_EVERY:
            raise PortalError(
                error_msg=f"{self._profile.subject} gets no other credentials for {self._name}: "
                "they were replaced less than 5 minutes ago. Is the service or region enabled?"
            )
        fetched = self._ask_unless_down(0.0 if self._outage.holds_off() else time.time())
        own.put(record, {"accessKeyId": rejected})
        self._outage.end()
        return fetched

    def _load_other(self, rejected: str) -> RoleCredentials | None:
        found = self.load()
        return found if found and found.access_key != rejected else None

    def _load_fresh(self, minimum: float = 0.0) -> RoleCredentials | None:
        found = self.load()
        if found and self._clock.latest() < found.lifetime.long_enough_until(minimum):
            return found
        return None

    def _ask(self) -> RoleCredentials:
        """Ask the portal; again if another person has logged in meanwhile."""
        for _ in range(_LOGINS):
            token, keys = self._exchange()
            origin = self._tokens.origin_of(token) if self._of_login else None
            if origin is None or self._tokens.vouches_for(origin, 0):
                return self._keep(keys, origin)
            # The login has ended. Without a new one, this raises LoginRequired.
            self._tokens.fetch()
        raise PortalError(
            error_msg=f"{self._profile.subject} got no credentials for {self._name}: there was a "
            f"new login during each of {_LOGINS} requests. Try again",
            retryable=True,
        )

    def _exchange(self) -> tuple[AccessToken, RoleKeys]:
        """Return the keys that the portal gives, and the token that it gave them for."""
        token = self._tokens.fetch()
        try:
            try:
                return token, self._get(token.value)
            except PortalRefusal as exc:
                if exc.code != "UnauthorizedException":
                    raise
                # Revoked, or renewed by a program that does not take our lock.
                token = self._other_than(token)
                return token, self._get(token.value)
        except PortalRefusal as exc:
            explained = self._explained(exc)
            if explained is None:
                raise
            raise explained from exc

    def _other_than(self, rejected: AccessToken) -> AccessToken:
        try:
            return self._tokens.fetch(rejected=rejected.value)
        except PortalError as exc:
            # Others make no attempt to renew it, and raise what the portal said to the token.
            kind = also(type(exc), UnauthorizedSSOTokenError)
            raise kind(**exc.kwargs) from exc.__cause__

    def _keep(self, keys: RoleKeys, origin: Origin | None) -> RoleCredentials:
        now = self._clock.now()
        if self._clock.earliest() >= keys.expires_at:
            raise PortalError(
                error_msg=f"The portal gave credentials for {self._name} that had expired",
                retryable=True,
            )
        fetched = RoleCredentials.granted(keys, self._account_id, now, origin)
        # First: a logout deletes the files that the index names.
        self._tokens.login_index().add(self.key)
        self._cache.put(self.key, fetched.document())
        if origin is not None and not self._tokens.vouches_for(origin, 0):
            # A logout came directly before, and found nothing to delete.
            self._cache.delete(self.key)
        until = format_timestamp(fetched.lifetime.expires_at)
        _logger.debug("Fetched credentials for %s, valid until %s", self._name, until)
        return fetched

    @functools.cached_property
    def _outage(self) -> Outage:
        # On a warm cache, it need not even be imported.
        from ..portal.outage import Outage

        return Outage(own_cache(), self.key, self._profile)

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
        return exc.as_kind(
            NoAccess,
            error_msg=f"{self._profile.subject} asks for {self._name}, which this "
            f"user does not have. {self._alternatives()}",
        )

    def _alternatives(self) -> str:
        from ..portal.listings import Directory

        try:
            roles = Directory(self._tokens, pauses=()).role_names(self._account_id)
        except SsoPluginError as exc:
            _logger.debug("Cannot list the roles in %s: %s", self._account_id, exc)
            return "Check sso_account_id and sso_role_name."
        if not roles:
            return "Set sso_account_id to an account in which the user has a role."
        return f"Set sso_role_name to one of: {', '.join(sorted(roles))}."
