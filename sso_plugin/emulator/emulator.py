"""The class `Emulator`: start it, point clients at it, control it from a test, stop it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from .http.http_server import Server
from .http.origin_check import is_loopback
from .http.request_handler import RequestHandler
from .http.tls import make_certificate
from .sample_profile import profile_text
from .state.authorization_request import query_of
from .state.emulator_clock import Clock
from .state.emulator_state import State
from .state.organization import Organization
from .state.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import Self

    from .state.completed_sign_in import SignIn
    from .state.fault_queue import Faults
    from .state.request_log import RequestLog

__all__ = ["Emulator"]


class Emulator:
    """A local IAM Identity Center with STS, on one loopback port.

    A context manager. `url`, and what depends on it, exist only between `start()` and `stop()`.
    Everything else works without a running server.
    """

    def __init__(
        self,
        organization: Organization | None = None,
        *,
        settings: Settings | None = None,
        clock: Clock | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: bool = False,
    ) -> None:
        if not is_loopback(host):
            raise ValueError(f"The emulator serves loopback addresses only, not {host!r}.")

        self.state = State(
            organization or Organization.example(), settings or Settings(), clock or Clock()
        )
        self._address = (host, port)
        self._server: Server | None = None
        self._tls = tls
        self._ca_bundle: Path | None = None

    def start(self) -> None:
        """Start the server in its own thread."""
        if self._server:
            raise RuntimeError("The emulator is already running.")

        context = None
        if self._tls:
            context, self._ca_bundle = make_certificate()

        try:
            self._server = Server(*self._address, RequestHandler(self.state), context)
        except OSError:
            self._remove_ca_bundle()
            raise

        threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},
            name="sso-emulator",
            daemon=True,
        ).start()

    def stop(self) -> None:
        """Stop the server, if it runs. The state is kept."""
        server, self._server = self._server, None
        if server:
            self.faults.clear()
            server.close()
            self._remove_ca_bundle()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The address of all services."""
        if self._server is None:
            raise RuntimeError("The emulator is not running. Call start(), or use `with`.")

        host, scheme = self._address[0], "https" if self._tls else "http"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self._server.server_port}"

    @property
    def ca_bundle(self) -> Path | None:
        """A file with the certificate authority to trust; None without TLS or after `stop()`."""
        return self._ca_bundle

    def environment(self) -> dict[str, str]:
        """Return the variables that send the requests of SDKs and the AWS CLI to this emulator."""
        services = ("SSO", "SSO_OIDC", "STS")
        variables = {f"AWS_ENDPOINT_URL_{service}": self.url for service in services}
        # The SDKs have no variable for the console. `sso-plugin console` reads this one.
        variables["SSO_PLUGIN_SIGNIN_URL"] = self.url
        return {**variables, "AWS_CA_BUNDLE": str(self.ca_bundle)} if self.ca_bundle else variables

    def profile(
        self,
        name: str = "dev",
        *,
        account_id: str | None = None,
        role_name: str | None = None,
        session_name: str = "corp",
        legacy: bool = False,
    ) -> str:
        """Return a profile for `~/.aws/config`, by default for the first assignment."""
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
        """The clock that decides what has expired."""
        return self.state.clock

    @property
    def settings(self) -> Settings:
        """Lifetimes and limits, which can be changed at any time."""
        return self.state.settings

    @property
    def requests(self) -> RequestLog:
        """The log of all requests."""
        return self.state.requests

    @property
    def faults(self) -> Faults:
        """The faults that future requests meet."""
        return self.state.faults

    def sign_in(self, user: str | None = None) -> SignIn:
        """Sign in a user (by default the first) without a browser."""
        return self.state.sign_in(user)

    def approve(self, user_code: str, user: str | None = None) -> None:
        """Approve a device authorization as a user (by default the first)."""
        self.state.approve(user_code, user)

    def deny(self, user_code: str) -> None:
        """Deny a device authorization."""
        self.state.deny(user_code)

    def authorize(self, url: str, user: str | None = None) -> str:
        """Approve the sign-in that a client opens the browser for, as a user.

        Returns the client's own address, with a code or an error: the browser would go there.
        """
        return self.state.authorize(query_of(url, self.url), user)

    def refuse(self, url: str) -> str:
        """Deny the sign-in that a client opens the browser for. Returns the client's address."""
        return self.state.refuse(query_of(url, self.url))

    def revoke(self, user: str | None = None, *, access_token: str | None = None) -> None:
        """Revoke all sign-ins of a user, or the sign-in of an access token."""
        self.state.revoke(user=user, access_token=access_token)

    def assign(self, user: str, account_id: str, role: str) -> None:
        """Assign a role in an account to a user."""
        self.state.assign(user, account_id, role)

    def unassign(self, user: str, account_id: str, role: str) -> None:
        """Remove the assignment of a role to a user."""
        self.state.unassign(user, account_id, role)

    def reset(self, organization: Organization | None = None) -> None:
        """Reset clock, settings, tokens, assignments, faults and log to the start.

        :param organization: replaces the first organization until the next reset.
        """
        self.state.reset(organization)

    def check(self) -> None:
        """Raise `UnexpectedRequestError` if the emulator got an unknown request."""
        self.state.check()

    def _remove_ca_bundle(self) -> None:
        bundle, self._ca_bundle = self._ca_bundle, None
        if bundle:
            bundle.unlink(missing_ok=True)
