"""Chooses the flow of a login, runs it, and saves the token."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ..credentials.access_token import AccessToken
from ..credentials.token_file import TokenFile
from ..timestamps import format_timestamp
from ..web.browser import open_in_browser, open_without_secret
from ..web.capabilities import Capabilities
from .display import find_display
from .flows import BrowserFlow, DeviceFlow
from .prompt import UserInterface
from .registration import Registrations
from .vanity import PortalRecord, resolve_start_url

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.session import Session

    from ..credentials import Login
    from .flows import FlowResult
    from .prompt import Display

__all__ = ["FlowName", "SignIn", "granted_token"]

FlowName = Literal["auto", "browser", "device"]


def granted_token(login: Login, result: FlowResult) -> AccessToken:
    """Return the token that a flow got, as the document that the AWS CLI and the SDKs read."""
    client = {
        "clientId": result.registration.client_id,
        "clientSecret": result.registration.client_secret,
        "registrationExpiresAt": format_timestamp(result.registration.expires_at),
    }
    return AccessToken.granted(result.grant, login.profile, client, login.clock.now())


@dataclass(frozen=True)
class SignIn:
    """One login of a user, run by `run`.

    :param flow: ``browser`` (PKCE), ``device``, or ``auto``: browser where one can be opened here.
    :param display: shows the prompt to the user.
    :param open_browser: opens a page and returns whether it did; None to leave that to the user.
    """

    session: Session
    login: Login
    reason: str
    flow: FlowName = "auto"
    display: Display = field(default_factory=find_display)
    open_browser: Callable[[str], object] | None = open_in_browser
    sleep: Callable[[float], object] = time.sleep
    capabilities: Capabilities = field(default_factory=lambda: Capabilities.detect())  # noqa: PLW0108 - looked up when called

    def run(self) -> AccessToken:
        """Log in and save the token where the AWS CLI and the SDKs find it.

        :raises LoginFailed: if the login is denied, times out, or the portal refuses it.
        :raises PortalError: if the portal cannot be reached.
        """
        login, profile = self.login, self.login.profile
        start_url = resolve_start_url(self.session, profile, login.portal.authorization_endpoint())
        flow = BrowserFlow if self.chosen_flow == "browser" else DeviceFlow
        registrations, user = Registrations(login), self._user_interface()
        result = flow(login, registrations, user, self.reason, start_url).run()
        PortalRecord(profile).write(start_url)
        return TokenFile(login).begin_login(granted_token(login, result))

    @property
    def chosen_flow(self) -> Literal["browser", "device"]:
        """The flow that was requested; for ``auto``, the one that works here."""
        if self.flow != "auto":
            return self.flow
        can_open = self.capabilities.no_browser is None and self.open_browser is not None
        return "browser" if can_open else "device"

    @property
    def can_prompt(self) -> bool:
        """Whether there is a terminal that shows the prompt, or a browser that can be opened."""
        return self.capabilities.has_terminal or self._opens_browser

    def _user_interface(self) -> UserInterface:
        if not self._opens_browser:
            return UserInterface(self.display, None, self.sleep)
        remote = self.chosen_flow == "device" and self.capabilities.no_browser is not None
        if remote and self.open_browser is open_in_browser:
            # That browser may be unable to reach this machine, so a redirect here cannot be used.
            return UserInterface(self.display, open_without_secret, self.sleep, hides_url=False)
        return UserInterface(self.display, self.open_browser, self.sleep)

    @property
    def _opens_browser(self) -> bool:
        # Over SSH, a device login is approved on another machine: there is nothing to open here.
        wanted = self.flow == "browser" or self.capabilities.can_open_browser
        return wanted and self.open_browser is not None
