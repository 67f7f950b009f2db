"""Getting a person to log in: by which flow, only if needed, and once for all processes."""

from __future__ import annotations

import contextlib
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ..credentials.access_token import AccessToken
from ..credentials.token_source import TokenSource
from ..errors import LoginFailed, LoginRequired
from ..storage.file_cache import own_cache
from ..timestamps import format_timestamp
from ..web.browser import open_in_browser, open_without_secret
from ..web.surroundings import Surroundings
from .flows import BrowserFlow, DeviceFlow, login_failed
from .prompt import LoginPrompt, Person
from .registration import Registrations
from .vanity import PortalRecord, resolve_start_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from botocore.session import Session

    from ..config.profile import SsoProfile
    from ..storage.cache import Document

__all__ = ["AttendedTokenSource", "FlowName", "SignIn", "show_on_stderr"]

FlowName = Literal["auto", "browser", "device"]

_PATIENCE = 660.0
"""Seconds to wait for the login of another process: as long as a login may take, and a bit."""

_REST = 60.0
"""Seconds for which nobody is asked again who has just said no, or nothing."""


def show_on_stderr(prompt: LoginPrompt) -> None:
    """Tell the person at the terminal what to do; stdout is for data."""
    where = "this page" if prompt.user_code is None else "this page in any browser"
    code = "" if prompt.user_code is None else f"and approve the code {prompt.user_code}\n"
    print(  # noqa: T201
        f"{prompt.subject} needs a login: {prompt.reason}.\n"
        f"Open {where}:\n\n  {prompt.url}\n\n{code}Waiting for the approval ...",
        file=sys.stderr,
        flush=True,
    )


@dataclass(frozen=True)
class SignIn:
    """One login of a person, to be run.

    :param flow: ``browser`` (PKCE), ``device``, or ``auto``: browser where one can be opened here.
    :param show: tells the person what to do.
    :param open_browser: opens a page and returns whether it did; None to leave that to the person.
    """

    session: Session
    profile: SsoProfile
    tokens: TokenSource
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
        portal = self.tokens.portal
        start_url = resolve_start_url(self.session, self.profile, portal.authorization_endpoint())
        registrations = Registrations(self.profile, portal, self.tokens.cache, self.tokens.clock)
        kind = BrowserFlow if self.chosen == "browser" else DeviceFlow
        granted = kind(
            self.profile, portal, registrations, self._person(), self.reason, start_url
        ).run()
        client = {
            "clientId": granted.registration.client_id,
            "clientSecret": granted.registration.client_secret,
            "registrationExpiresAt": format_timestamp(granted.registration.expires_at),
        }
        PortalRecord(self.profile).write(start_url)
        now = self.tokens.clock.now()
        token = AccessToken.granted(granted.grant, self.profile, client, now)
        return self.tokens.begin_login(token)

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


class AttendedTokenSource(TokenSource):
    """A token source that has a person log in when nothing else helps (``sso_login``).

    However many threads and processes need it at once, one of them asks; the others wait.
    """

    def __init__(self, session: Session, profile: SsoProfile, plain: TokenSource) -> None:
        super().__init__(profile, lambda: plain.portal, plain.cache, plain.clock)
        self.unattended = plain
        self._session = session
        self._own = own_cache()

    def fetch(self, rejected: str | None = None) -> AccessToken:
        """Return a usable token as `TokenSource.fetch` does, after a login if need be."""
        began = time.time()
        try:
            return super().fetch(rejected)
        except LoginRequired as exc:
            sign_in = self._sign_in(exc)
        with self._own.locked(self._key, _PATIENCE, lambda: self._is_logged_in(rejected)):
            with contextlib.suppress(LoginRequired):
                return super().fetch(rejected)
            with self._told_to_others(began):
                return sign_in.run()

    def _is_logged_in(self, rejected: str | None) -> bool:
        """Tell whether somebody has logged in by another way than the one that is waited for."""
        return self.is_alive(self.load(), rejected)

    @property
    def _key(self) -> str:
        return f"login-{self.key}"

    def _sign_in(self, exc: LoginRequired) -> SignIn:
        wanted = self.profile.options.login
        flow: FlowName = "auto" if wanted == "never" else wanted
        sign_in = SignIn(self._session, self.profile, self, exc.reason, flow)
        if not sign_in.can_reach_somebody:
            raise LoginRequired(
                error_msg=f"{exc} (sso_login = {flow} cannot do it: there is no terminal, and no "
                f"browser because {sign_in.surroundings.no_browser or 'none is asked for'})",
                reason=exc.reason,
            ) from exc
        return sign_in

    @contextlib.contextmanager
    def _told_to_others(self, began: float) -> Iterator[None]:
        """Let a failure count for those who waited, and a person's no for all who come soon."""
        entry, now = self._own.get(self._key), time.time()
        if entry is not None:
            by_person = entry.document.get("byPerson") is True
            since = min(began, now - _REST) if by_person else began
            if since <= entry.stored_at <= now:
                raise self._retold(entry.document, by_person=by_person)
        try:
            yield
        except LoginFailed as exc:
            document = {"error": str(exc), "reason": exc.reason, "byPerson": exc.by_person}
            self._own.put(self._key, document)
            raise

    def _retold(self, document: Document, *, by_person: bool) -> LoginFailed:
        """Tell of another process's failure in the name of this one's profile, if it had one."""
        reason = document.get("reason")
        if reason:
            return login_failed(self.profile, str(reason), by_person=by_person)
        return LoginFailed(error_msg=str(document.get("error")))
