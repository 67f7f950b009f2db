"""One login: its portal, its clock, and where its token is. Made once and passed down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import LoginRequired
from ..portal.clock import Clock
from ..storage.file_cache import token_cache
from ..storage.keys import token_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.session import Session

    from ..config.profile import SsoProfile
    from ..portal.client import Portal
    from ..storage.cache import Cache

__all__ = ["Login"]


class Login:
    """What all parts that act for one login share. Nothing of it changes.

    :param profile: what the config says of the login.
    :param connect: makes the portal when it is first needed: on a warm cache it is not even
        imported.
    :param clock: the time of that portal.
    :param store: where its token is.
    :param key: under which key; None for the name that the AWS CLI gives to the profile's token.
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
    ) -> Login:
        """Return the login of a profile, at the portal that a session reaches.

        :param store: where the token is, if not in the usual folder.
        """
        clock = Clock()

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

    def required(self, reason: str) -> LoginRequired:
        """Return the error that says why a person has to log in, and how."""
        return LoginRequired(
            error_msg=f"{self.profile.subject} needs a login: {reason}. "
            f"Run: {self.profile.login_command}",
            reason=reason,
        )
