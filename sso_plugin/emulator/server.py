"""The emulator as other code uses it: start it, point clients at it, steer it, stop it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from .app import App
from .clock import Clock
from .httpd import Server
from .organization import Organization
from .origin import is_loopback
from .profiles import profile_text
from .settings import Settings
from .state import State

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from .faults import Faults
    from .requestlog import RequestLog
    from .signin import SignIn


class Emulator:
    """A local IAM Identity Center with STS, on one loopback port.

    A context manager; `url` and what depends on it exist between `start()` and `stop()`.
    """

    def __init__(
        self,
        organization: Organization | None = None,
        *,
        settings: Settings | None = None,
        clock: Clock | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        if not is_loopback(host):
            raise ValueError(f"The emulator serves this machine only, so not on {host!r}.")

        self.state = State(
            organization or Organization.example(), settings or Settings(), clock or Clock()
        )
        self._address = (host, port)
        self._server: Server | None = None

    def start(self) -> None:
        """Begin to serve, in a thread of its own."""
        if self._server:
            raise RuntimeError("The emulator is running already.")

        self._server = Server(*self._address, App(self.state))
        threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},
            name="sso-emulator",
            daemon=True,
        ).start()

    def stop(self) -> None:
        """Stop serving; what the emulator knows stays. Stopping twice does no harm."""
        server, self._server = self._server, None
        if server:
            self.faults.clear()
            server.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where all services answer."""
        if self._server is None:
            raise RuntimeError("The emulator is not running; call start() or use `with`.")

        host = self._address[0]
        return f"http://{f'[{host}]' if ':' in host else host}:{self._server.server_port}"

    @property
    def organization(self) -> Organization:
        """The organization as it is after a reset."""
        return self.state.organization

    @property
    def start_url(self) -> str:
        """The `sso_start_url` of profiles."""
        return self.organization.start_url

    @property
    def region(self) -> str:
        """The `sso_region` of profiles."""
        return self.organization.region

    @property
    def clock(self) -> Clock:
        """The clock by which everything expires."""
        return self.state.clock

    @property
    def settings(self) -> Settings:
        """Lifetimes and limits, changeable at any time."""
        return self.state.settings

    @property
    def requests(self) -> RequestLog:
        """The log of all requests."""
        return self.state.requests

    @property
    def faults(self) -> Faults:
        """What is to go wrong."""
        return self.state.faults

    def environment(self) -> dict[str, str]:
        """Return the variables that send the SDKs' and the CLI's requests here."""
        services = ("SSO", "SSO_OIDC", "STS")
        return {f"AWS_ENDPOINT_URL_{service}": self.url for service in services}

    def profile(
        self,
        name: str = "dev",
        *,
        account_id: str | None = None,
        role_name: str | None = None,
        session_name: str = "corp",
        legacy: bool = False,
    ) -> str:
        """Return a profile for `~/.aws/config`; by default, for the first assignment."""
        if account_id is None or role_name is None:
            first = self.organization.first_assignment
            account_id, role_name = account_id or first.account_id, role_name or first.role

        return profile_text(
            self.organization,
            name,
            account_id=account_id,
            role_name=role_name,
            session_name=None if legacy else session_name,
        )

    def sign_in(self, user: str | None = None) -> SignIn:
        """Sign a user (by default the first) in at once, without a browser."""
        return self.state.sign_in(user)

    def approve(self, user_code: str, user: str | None = None) -> None:
        """Approve a device authorization in the name of a user (by default the first)."""
        self.state.approve(user_code, user)

    def deny(self, user_code: str) -> None:
        """Deny a device authorization."""
        self.state.deny(user_code)

    def revoke(self, user: str | None = None, *, access_token: str | None = None) -> None:
        """End all sign-ins of a user, or the one an access token comes from."""
        self.state.revoke(user=user, access_token=access_token)

    def assign(self, user: str, account_id: str, role: str) -> None:
        """Let a user take a role in an account."""
        self.state.assign(user, account_id, role)

    def unassign(self, user: str, account_id: str, role: str) -> None:
        """Take a role away from a user."""
        self.state.unassign(user, account_id, role)

    def reset(self, organization: Organization | None = None) -> None:
        """Put everything back to the start: clock, settings, tokens, assignments, faults, log.

        With an organization, begin with that one instead of the first; until the next reset.
        """
        self.state.reset(organization)

    def check(self) -> None:
        """Raise `UnexpectedRequestError` if a request came that the emulator does not know."""
        self.state.check()
