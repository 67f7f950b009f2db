"""Getting a person to log in: by which flow, only if needed, and once for all processes."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ..credentials.access_token import AccessToken
from ..credentials.token_file import TokenFile
from ..timestamps import format_timestamp
from ..web.browser import open_in_browser, open_without_secret
from ..web.surroundings import Surroundings
from .flows import BrowserFlow, DeviceFlow
from .prompt import LoginPrompt, Person
from .registration import Registrations
from .vanity import PortalRecord, resolve_start_url

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.session import Session

    from ..credentials import Login


__all__ = ["FlowName", "SignIn", "show_on_stderr"]

FlowName = Literal["auto", "browser", "device"]


def show_on_stderr(prompt: LoginPrompt) -> None:
    """Show the prompt in the terminal; stdout is for data."""
    print(*[text for text, _ in prompt.lines()], sep="\n", file=sys.stderr, flush=True)  # noqa: T201


@dataclass(frozen=True)
class SignIn:
    """One login of a person, to be run.

    :param flow: ``browser`` (PKCE), ``device``, or ``auto``: browser where one can be opened here.
    :param show: tells the person what to do.
    :param open_browser: opens a page and returns whether it did; None to leave that to the person.
    """

    session: Session
    login: Login
    reason: str
    flow: FlowName = "auto"
    show: Callable[[LoginPrompt], object] = show_on_stderr
    open_browser: Callable[[str], object] | None = open_in_browser
    sleep: Callable[[float], object] = time.sleep
    surroundings: Surroundings = field(default_factory=lambda: Surroundings.detect())  # noqa: PLW0108 - looked up when called

    def run(self) -> AccessToken:
        """Log in and save the token where the AWS CLI and the SDKs find it.

        :raises LoginFailed: if the person says no, or nothing, or the portal refuses.
        :raises PortalError: if the portal cannot be reached.
        """
        login, profile = self.login, self.login.profile
        start_url = resolve_start_url(self.session, profile, login.portal.authorization_endpoint())
        kind = BrowserFlow if self.chosen == "browser" else DeviceFlow
        granted = kind(login, Registrations(login), self._person(), self.reason, start_url).run()
        client = {
            "clientId": granted.registration.client_id,
            "clientSecret": granted.registration.client_secret,
            "registrationExpiresAt": format_timestamp(granted.registration.expires_at),
        }
        PortalRecord(profile).write(start_url)
        token = AccessToken.granted(granted.grant, profile, client, login.clock.now())
        return TokenFile(login).begin_login(token)

    @property
    def chosen(self) -> Literal["browser", "device"]:
        """The flow that fits the surroundings, unless one is asked for."""
        if self.flow != "auto":
            return self.flow
        can_open = self.surroundings.no_browser is None and self.open_browser is not None
        return "browser" if can_open else "device"

    @property
    def can_reach_somebody(self) -> bool:
        """Whether there is a terminal to speak to, or a browser to open."""
        return self.surroundings.terminal or self._opens_a_page

    def _person(self) -> Person:
        if not self._opens_a_page:
            return Person(self.show, None, self.sleep)
        elsewhere = self.chosen == "device" and self.surroundings.no_browser is not None
        if elsewhere and self.open_browser is open_in_browser:
            # That browser may be unable to reach this machine, which a hand-over takes.
            return Person(self.show, open_without_secret, self.sleep, opens_secrets=False)
        return Person(self.show, self.open_browser, self.sleep)

    @property
    def _opens_a_page(self) -> bool:
        # A device login beyond an SSH connection is approved elsewhere: nothing to open here.
        wanted = self.flow == "browser" or self.surroundings.can_open
        return wanted and self.open_browser is not None
