"""One login: its portal, its clock, and where its token is. Made once and passed down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..clock import Clock
from ..storage.file_cache import token_cache
from ..storage.keys import token_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.session import Session
    from typing_extensions import Self

    from ..config.profile import SsoProfile
    from ..errors import LoginRequired
    from ..portal.client import Portal
    from ..storage.cache import Cache
    from .role_credentials import Origin
    from .token_file import TokenFile

__all__ = ["Login"]


class Login:
    """What all parts that act for one login share. Nothing of it changes.

    :param profile: what the config says of the login.
    :param connect: makes the portal when it is first needed: a session whose credentials are
        cached does not even import it.
    :param clock: the time of that portal.
    :param store: where the token is.
    :param key: under which key; None for the name that the AWS CLI gives to it.
    """

    __slots__ = ("_connect", "_portal", "clock", "key", "profile", "store")

    def __init__(
        self,
        profile: SsoProfile,
        connect: Callable[[], Portal],
        clock: Clock,
        store: Cache,
        key: str | None = None,
    ) -> None:
        self.profile = profile
        self.clock = clock
        self.store = store
        self.key = key or token_key(profile)
        self._connect = connect
        self._portal: Portal | None = None

    @classmethod
    def of(
        cls,
        session: Session,
        profile: SsoProfile,
        store: Cache | None = None,
        key: str | None = None,
    ) -> Self:
        """Return the login of a profile, at the portal that a session reaches.

        :param store: where the token is, if not in the usual folder.
        """
        clock = Clock.of(profile)

        def connect() -> Portal:
            from ..portal.client import Portal

            return Portal.of(session, profile, clock)

        return cls(profile, connect, clock, store or token_cache(), key)

    @property
    def portal(self) -> Portal:
        """The two services of its Identity Center."""
        if self._portal is None:
            self._portal = self._connect()
        return self._portal

    @property
    def token_file(self) -> TokenFile:
        """The token on disk."""
        from .token_file import TokenFile

        return TokenFile(self)

    def vouches_for(self, origin: Origin | None, stored_at: int) -> bool:
        """Return whether a document that was derived from a login was derived from this one.

        If the token file has not changed since, that takes one call of ``stat``.

        :param origin: the login it was derived from; None if another program did it.
        :param stored_at: when that was stored, in nanoseconds, by the clock of the token file.
        """
        mark = self.store.mark(self.key)
        if mark is None:
            return False
        if (mark == origin[1]) if origin else (stored_at > mark[0]):
            return True
        known = self.token_file.known_login()
        if known is None:
            return False
        return known.id == origin[0] if origin else stored_at > (known.began_at or mark[0])

    def required(self, reason: str) -> LoginRequired:
        """Return the error that says why a person has to log in, and how."""
        from ..errors import LoginRequired

        return LoginRequired(
            subject=self.profile.subject,
            reason=reason,
            fix=f"Run: {self.profile.login_command}",
        )
