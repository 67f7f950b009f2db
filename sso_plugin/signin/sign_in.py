"""Chooses the flow of a login, runs it, and saves the token."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from ..credentials.access_token import AccessToken
from ..credentials.token_file import TokenFile
from ..credentials.token_source import TokenSource
from ..errors import LoginFailed, LoginRequired, PortalError
from ..timestamps import format_timestamp
from ..web.browser import open_in_browser, open_without_secret
from ..web.capabilities import Capabilities
from .display import find_display
from .flows import BrowserFlow, DeviceFlow
from .prompt import NoBrowserError, UserInterface, until_text
from .registration import Registrations
from .vanity import PortalRecord, resolve_start_url

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.session import Session

    from ..credentials import Login
    from .configured_login import ConfiguredLogin
    from .flows import FlowResult
    from .prompt import Display, LoginPrompt

__all__ = [
    "FlowName",
    "SignIn",
    "granted_token",
    "log_in_if_needed",
    "login_end_text",
    "show_no_frames",
]

FlowName = Literal["auto", "browser", "device"]


def log_in_if_needed(
    found: ConfiguredLogin,
    display: Display,
    *,
    flow: FlowName,
    force: bool = False,
    open_browser: Callable[[str], object] | None = open_in_browser,
) -> bool:
    """Log in if that is needed. Return whether it was.

    :param force: log in even if the token is usable.
    :raises Exception: as `SignIn.run` does.
    """
    reason = "a new login was requested" if force else TokenSource(found).why_login()
    if reason:
        SignIn(found.session, found, reason, flow, display, open_browser).run()
    return reason is not None


def granted_token(login: Login, result: FlowResult) -> AccessToken:
    """Return the token that a flow got, as the document that the AWS CLI and the SDKs read."""
    client = {
        "clientId": result.registration.client_id,
        "clientSecret": result.registration.client_secret,
        "registrationExpiresAt": format_timestamp(result.registration.expires_at),
    }
    return AccessToken.granted(result.grant, login.profile, client, login.clock.now())


def show_no_frames(exc: KeyboardInterrupt) -> None:
    """Let IPython show the name only: the user knows why the login has ended."""
    exc._render_traceback_ = lambda: ["KeyboardInterrupt"]  # type: ignore[attr-defined]


def login_end_text(login: Login, token: AccessToken) -> str:
    """Return until when a login is valid, as the end of a sentence."""
    renewable = token.can_be_renewed(login.clock.earliest())
    renewable_until = token.registration_expires_at if renewable else None
    return until_text(token.lifetime.expires_at, renewable_until)


@dataclass(frozen=True)
class SignIn:
    """One login of a user, run by `run`.

    :param flow: ``browser`` (PKCE), ``device``, or ``auto``: browser where one can be opened here.
    :param display: shows the prompt to the user; None to show it where the user reads.
    :param open_browser: opens a page and returns whether it did; None to leave that to the user.
    """

    session: Session
    login: Login
    reason: str
    flow: FlowName = "auto"
    display: Display | None = None
    open_browser: Callable[[str], object] | None = open_in_browser
    sleep: Callable[[float], object] = time.sleep
    capabilities: Capabilities = field(default_factory=lambda: Capabilities.detect())  # noqa: PLW0108 - looked up when called

    def run(self) -> AccessToken:
        """Log in and save the token where the AWS CLI and the SDKs find it.

        :raises LoginFailed: if the login is denied, times out, or the portal refuses it.
        :raises KeyUnavailable: if the token could not be encrypted. No person is asked.
        :raises PortalError: if the portal cannot be reached.
        """
        self.login.check_key()
        self._check_browser()
        display = _Prompted(self.display or find_display(self.flow))
        try:
            token = self._log_in(self._user_interface(display))
        except (LoginFailed, PortalError) as exc:
            display.report(f"The login failed: {_reason(exc)}.", is_logged_in=False)
            raise
        except KeyboardInterrupt as exc:
            show_no_frames(exc)
            raise
        display.report(f"Logged in {login_end_text(self.login, token)}.", is_logged_in=True)
        return token

    def _log_in(self, user: UserInterface) -> AccessToken:
        login, profile = self.login, self.login.profile
        endpoint, own = login.portal.authorization_endpoint(), login.stores.own
        start_url = resolve_start_url(self.session, profile, endpoint, own)
        flow = BrowserFlow if self.chosen_flow == "browser" else DeviceFlow
        registrations = Registrations(login)
        try:
            result = flow(login, registrations, user, self.reason, start_url).run()
        except NoBrowserError:
            if self.flow == "browser":
                failed = "The login failed: no browser could be started."
                user.display.report(failed, is_logged_in=False)
                raise self._no_browser("none could be started") from None
            user = replace(user, open_browser=None)
            result = DeviceFlow(login, registrations, user, self.reason, start_url).run()
        PortalRecord(profile, own).write(start_url)
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
        """Whether a person can see the prompt, or the page that is opened."""
        return self.why_no_prompt is None

    def _check_browser(self) -> None:
        """Check that ``browser`` in a notebook opens one: the user may be at another machine.

        :raises LoginRequired: if it does not.
        """
        place = self.capabilities
        wanted = self.flow == "browser" and self.open_browser is open_in_browser
        if wanted and place.has_notebook and not place.can_open_browser:
            raise self._no_browser(str(place.no_browser))

    def _no_browser(self, why: str) -> LoginRequired:
        return LoginRequired(
            subject=self.login.profile.subject,
            reason=self.reason,
            fix=f"No browser can be opened here because {why}. Set sso_login = device in the "
            f"profile, or run: {self.login.profile.login_command} --flow device",
        )

    @property
    def why_no_prompt(self) -> str | None:
        """Why no person can see the prompt here, or None.

        A flow that was requested is shown on any stderr. ``auto`` needs a place where a person
        reads: a terminal, or a browser that can be opened.
        """
        place = self.capabilities
        if place.has_notebook:
            return None
        if not (place.has_stderr or place.has_tty):
            page_is_enough = self.chosen_flow == "browser" and place.can_open_browser
            return None if page_is_enough else "there is no standard error"
        if self.flow != "auto" or self._opens_browser:
            return None
        no_terminal = place.no_terminal
        return no_terminal and f"{no_terminal}, and no browser because {place.no_browser}"

    def _user_interface(self, display: _Prompted) -> UserInterface:
        sleep = display.sleep or self.sleep
        if not self._opens_browser:
            return UserInterface(display, None, sleep)
        remote = self.chosen_flow == "device" and self.capabilities.no_browser is not None
        if remote and self.open_browser is open_in_browser:
            # That browser may be unable to reach this machine, so a redirect here cannot be used.
            return UserInterface(display, open_without_secret, sleep, hides_url=False)
        needed = self.chosen_flow == "browser" and self.capabilities.has_notebook
        return UserInterface(display, self.open_browser, sleep, needs_browser=needed)

    @property
    def _opens_browser(self) -> bool:
        # Over SSH, a device login is approved on another machine: there is nothing to open here.
        wanted = self.flow == "browser" or self.capabilities.can_open_browser
        return wanted and self.open_browser is not None


class _Prompted:
    """A display that shows the end of a login only after its prompt."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self._has_shown = False
        # That of a notebook also ends when the person stops the cell.
        self.sleep: Callable[[float], object] | None = getattr(display, "sleep", None)

    def show(self, prompt: LoginPrompt) -> None:
        self._display.show(prompt)
        self._has_shown = True

    def say(self, text: str) -> None:
        self._display.say(text)

    def report(self, text: str, *, is_logged_in: bool) -> None:
        if self._has_shown:
            self._display.report(text, is_logged_in=is_logged_in)


def _reason(exc: LoginFailed | PortalError) -> str:
    if isinstance(exc, LoginFailed) and exc.reason:
        return exc.reason
    return "the portal cannot be reached, or returns an error"
