"""An Identity Center in a simulation. A second use of a refresh token revokes the login."""

from __future__ import annotations

import email.utils
from typing import TYPE_CHECKING, Any

from sso_plugin.errors import PortalRefusal
from sso_plugin.portal.responses import Grant
from sso_plugin.portal.unreachable import PortalEndpointError

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from virtual_time import Process, VirtualTime

    from sso_plugin.clock import Clock

__all__ = ["PortalClient", "VirtualPortal"]


class VirtualPortal:
    """The logins, and what was requested.

    :param lifetime: that of an access token, in seconds.
    """

    def __init__(self, virtual: VirtualTime, rng: random.Random, lifetime: float) -> None:
        self.virtual = virtual
        self.rng = rng
        self.lifetime = lifetime
        self.down_until = 0.0
        self.login = 0
        """The number of the newest login; a negative number if it has ended."""
        self.newest = ""
        """The newest access token of the newest login."""
        self.created: list[tuple[float, int, str]] = []
        """When refresh tokens were used, for which login, and by which process."""
        self.listed: list[float] = []
        self.mistakes: list[str] = []
        self.on_rotation: Callable[[Process], object] = lambda _: None
        self._access: dict[str, tuple[int, float]] = {}
        self._refresh: dict[str, int] = {}
        self._spent: dict[str, str] = {}
        self._revoked: set[int] = set()

    def log_in(self) -> Grant:
        """Begin a new login, and return its first tokens."""
        self.login = abs(self.login) + 1
        return self._grant(self.login)

    def rotate(self, refresh: str, process: Process) -> Grant | str:
        """Return new tokens, or the code of an error."""
        login = self._refresh.get(refresh)
        who = f"{process.name} at {self.virtual.now:.3f}"
        if refresh in self._spent:
            self.mistakes.append(f"{who} sent a refresh token that {self._spent[refresh]} had sent")
            self._revoked.add(login or 0)
        if login is None or login in self._revoked:
            return "InvalidGrantException"
        self._spent[refresh] = who
        self.created.append((self.virtual.now, login, process.name))
        grant = self._grant(login)
        self.on_rotation(process)
        return grant

    def accepts(self, access: str) -> bool:
        """Return whether a request with an access token succeeds."""
        login, expires_at = self._access.get(access, (0, 0.0))
        return login not in self._revoked and self.virtual.now < expires_at

    def log_out(self, access: str) -> None:
        """End the login of an access token."""
        login, _ = self._access.get(access, (0, 0.0))
        self._revoked.add(login)

    def login_of(self, access: str) -> int:
        """Return the login that an access token belongs to; 0 for any other text."""
        return self._access.get(access, (0, 0.0))[0]

    def is_spent(self, refresh: str) -> bool:
        """Return whether a refresh token was used."""
        return refresh in self._spent

    def _grant(self, login: int) -> Grant:
        number = len(self._access)
        access, refresh = f"access-{number}-{login}", f"refresh-{number}-{login}"
        self._access[access] = login, self.virtual.now + self.lifetime
        self._refresh[refresh] = login
        if login == self.login:
            self.newest = access
        return Grant(access, refresh, self.lifetime)


class PortalClient:
    """What a process has in place of `portal.client.Portal`."""

    def __init__(self, portal: VirtualPortal, process: Process, clock: Clock) -> None:
        self._portal = portal
        self._process = process
        self._clock = clock

    def create_token(self, _client_id: str, _client_secret: str, **grant: str) -> Grant:
        """See `Portal.create_token`."""
        assert grant["grantType"] == "refresh_token"
        refresh = grant["refreshToken"]
        found = self._request("CreateToken", lambda: self._portal.rotate(refresh, self._process))
        assert isinstance(found, Grant)
        return found

    def list_accounts(self, access: str) -> None:
        """Send a request with an access token."""

        def serve() -> str | None:
            self._portal.listed.append(self._portal.virtual.now)
            return None if self._portal.accepts(access) else "UnauthorizedException"

        self._request("ListAccounts", serve)

    def logout(self, access: str) -> None:
        """See `Portal.logout`."""
        self._request("Logout", lambda: self._portal.log_out(access))

    def _request(self, operation: str, serve: Callable[[], Any]) -> Any:
        virtual, rng = self._portal.virtual, self._portal.rng
        there, back = rng.uniform(0.02, 0.3), rng.uniform(0.02, 0.3)
        if rng.random() < 0.1:
            back += rng.uniform(0, 5)
        sent, replies = self._clock.request_time(), []
        if virtual.now < self._portal.down_until:
            virtual.sleep(there)
            raise PortalEndpointError(
                subject="The profile", problem="cannot reach the portal", fix="Wait", retryable=True
            )
        # The request arrives also if this machine is paused meanwhile.
        virtual.at(virtual.now + there, lambda: replies.append((serve(), virtual.now)))
        virtual.sleep(there + back)
        [(reply, served)] = replies
        self._clock.observe(email.utils.formatdate(served, usegmt=True), sent)
        if isinstance(reply, str):
            raise PortalRefusal(
                response={"Error": {"Code": reply, "Message": "no"}, "ResponseMetadata": {}},
                operation_name=operation,
                subject="The profile",
                problem=f"was refused {operation}",
                fix="Log in",
                retryable=False,
            )
        return reply
