"""The emulator as other code uses it: start it, point clients at it, steer it, stop it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from .http.app import App
from .http.httpd import Server
from .http.origin import is_loopback
from .http.tls import make as make_tls
from .profiles import profile_text
from .state.authorization_request import query_of
from .state.clock import Clock
from .state.emulator_state import State
from .state.organization import Organization
from .state.settings import Settings
from .steering import Steering

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self


class Emulator(Steering):
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
        tls: bool = False,
    ) -> None:
        if not is_loopback(host):
            raise ValueError(f"The emulator serves this machine only, so not on {host!r}.")

        self.state = State(
            organization or Organization.example(), settings or Settings(), clock or Clock()
        )
        self._address = (host, port)
        self._server: Server | None = None
        self._tls = tls
        self._ca_bundle: Path | None = None

    def start(self) -> None:
        """Begin to serve, in a thread of its own."""
        if self._server:
            raise RuntimeError("The emulator is running already.")

        context = None
        if self._tls:
            context, self._ca_bundle = make_tls()

        try:
            self._server = Server(*self._address, App(self.state), context)
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
        """Stop serving; what the emulator knows stays. Stopping twice does no harm."""
        server, self._server = self._server, None
        if server:
            self.faults.clear()
            server.close()
            self._remove_ca_bundle()

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

        host, scheme = self._address[0], "https" if self._tls else "http"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self._server.server_port}"

    @property
    def ca_bundle(self) -> Path | None:
        """A file with the authority to trust; None without TLS. It is gone after `stop()`."""
        return self._ca_bundle

    def environment(self) -> dict[str, str]:
        """Return the variables that send the SDKs' and the CLI's requests here."""
        services = ("SSO", "SSO_OIDC", "STS")
        variables = {f"AWS_ENDPOINT_URL_{service}": self.url for service in services}
        # Not a service of the SDKs: `sso-plugin console` asks there.
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

    def authorize(self, url: str, user: str | None = None) -> str:
        """Approve what a client opens the browser for, in the name of a user.

        Returns where the browser would go now: the client's own address, with a code or an error.
        """
        return self.state.authorize(query_of(url, self.url), user)

    def refuse(self, url: str) -> str:
        """Deny what a client opens the browser for; returns where the browser would go now."""
        return self.state.refuse(query_of(url, self.url))

    def _remove_ca_bundle(self) -> None:
        bundle, self._ca_bundle = self._ca_bundle, None
        if bundle:
            bundle.unlink(missing_ok=True)
