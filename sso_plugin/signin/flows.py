"""The browser flow and the device flow. Both return a `FlowResult`, which has the access token.

They write no token file, and reach the user only through a `UserInterface`.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from ..errors import LoginFailed, PortalRefusal, PortalUnreachable
from ..portal.client import AUTHORIZATION_CODE, DEVICE_CODE
from ..printable import one_line
from ..redact import Secret
from .callback import Callback
from .prompt import LoginPrompt

if TYPE_CHECKING:
    from ..config.profile import SsoProfile
    from ..credentials import Login
    from ..portal.responses import DeviceAuthorization, Grant, Registration
    from .callback import AuthorizationResponse
    from .polling import Polling
    from .prompt import UserInterface
    from .registration import Registrations

__all__ = ["BrowserFlow", "DeviceFlow", "FlowResult", "StartedLogin", "login_failed"]

_BROWSER_TIMEOUT = 600.0
"""Seconds to wait for the browser. A device login times out when its code expires."""

_TIMED_OUT = "it was not approved in time"
_USER_ERRORS = {
    "access_denied": "it was denied in the browser",
    "AccessDeniedException": "it was denied in the browser",
    "ExpiredTokenException": _TIMED_OUT,
}
"""Error codes for what the user did, or did not do, with the reason to report."""


def login_failed(profile: SsoProfile, reason: str, *, by_person: bool = False) -> LoginFailed:
    """Return the error for a failed login, with the command to try again."""
    return LoginFailed(
        subject=profile.subject,
        reason=reason,
        fix=f"Run: {profile.login_command}",
        by_person=by_person,
    )


@dataclass(frozen=True)
class FlowResult:
    """The tokens that were granted, and the registration that they were granted to."""

    grant: Grant
    registration: Registration


@dataclass(frozen=True)
class StartedLogin:
    """A device login that can be approved until ``expires_at``, in epoch seconds."""

    registration: Registration
    authorization: DeviceAuthorization
    expires_at: float


@dataclass(frozen=True)
class _Flow:
    login: Login
    registrations: Registrations
    user: UserInterface
    reason: str
    start_url: str

    def _failed(self, reason: str, *, by_person: bool = False) -> LoginFailed:
        return login_failed(self.login.profile, reason, by_person=by_person)

    def _failed_by_code(self, code: str, otherwise: str) -> LoginFailed:
        """Return the error for an error code of the portal."""
        return self._failed(_USER_ERRORS.get(code, otherwise), by_person=code in _USER_ERRORS)

    def _prompt(
        self,
        url: str,
        expires_at: float,
        user_code: str | None = None,
        short_url: str | None = None,
    ) -> LoginPrompt:
        return LoginPrompt(
            subject=self.login.profile.subject,
            reason=self.reason,
            url=one_line(url),
            user_code=None if user_code is None else one_line(user_code),
            short_url=None if short_url is None else one_line(short_url),
            expires_at=expires_at,
            login_command=self.login.profile.login_command,
        )

    def _ask(self, prompt: LoginPrompt, page: str, alternative: str) -> None:
        """Show the prompt, and open the page where that is possible."""
        endpoint = self.login.portal.authorization_endpoint()
        own_urls = (self.login.profile.start_url, self.start_url, endpoint)
        self.user.ask(prompt, page, own_urls, alternative)

    def _failed_at_start(self, exc: PortalRefusal) -> LoginFailed | PortalRefusal:
        if exc.retryable:
            return exc
        # The registration may be the cause, so the next login makes a new one.
        self.registrations.delete()
        return self._failed(
            f"{exc.explanation}. Check sso_start_url ({self.login.profile.start_url}) and "
            f"sso_region ({self.login.profile.region})"
        )


class BrowserFlow(_Flow):
    """The authorization code grant with PKCE, in a browser on this machine (RFC 7636, 8252)."""

    def run(self) -> FlowResult:
        """Open the consent page, wait for the response, exchange its code for a token.

        :raises LoginFailed: if the login is denied, times out, or the portal refuses it.
        :raises PortalError: if the portal cannot be reached.
        """
        try:
            registration = self.registrations.for_browser(self.start_url)
        except PortalRefusal as exc:
            raise self._failed_at_start(exc) from exc
        verifier = Secret(secrets.token_urlsafe(48))
        state = Secret(secrets.token_urlsafe(24))
        with Callback(state, self.login.profile.subject) as callback:
            url = self._url(registration, callback.redirect_uri, verifier, state)
            self._ask(
                self._prompt(url, expires_at=time.time() + _BROWSER_TIMEOUT),
                url,
                "Open the page above in a browser on this machine, or run: "
                f"{self.login.profile.login_command} --flow device",
            )
            code = self._code_in(callback.wait(_BROWSER_TIMEOUT))
            redirect_uri = callback.redirect_uri
        return FlowResult(self._exchange(registration, code, redirect_uri, verifier), registration)

    def _url(
        self, registration: Registration, redirect_uri: str, verifier: Secret, state: Secret
    ) -> str:
        digest = hashlib.sha256(verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": registration.client_id,
            "redirect_uri": redirect_uri,
            "state": state,
            "code_challenge_method": "S256",
            "scopes": " ".join(self.login.profile.registration_scopes),
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        }
        return f"{self.login.portal.authorization_endpoint()}?{urlencode(query)}"

    def _code_in(self, response: AuthorizationResponse | None) -> str:
        if response is None:
            raise self._failed(_TIMED_OUT, by_person=True)
        if response.code is None or response.error is not None:
            error = str(response.error)
            if error not in _USER_ERRORS:
                self.registrations.delete()
            raise self._failed_by_code(error, f"the portal returned the error {error!r}")
        return response.code

    def _exchange(
        self, registration: Registration, code: str, redirect_uri: str, verifier: Secret
    ) -> Grant:
        try:
            return self.login.portal.create_token(
                registration.client_id,
                registration.client_secret,
                grantType=AUTHORIZATION_CODE,
                code=code,
                redirectUri=redirect_uri,
                codeVerifier=verifier,
            )
        except PortalRefusal as exc:
            raise self._failed(exc.explanation) from exc


class DeviceFlow(_Flow):
    """The device authorization grant, for a browser anywhere (RFC 8628)."""

    def run(self) -> FlowResult:
        """Get a code, show it, and wait until it was approved. See `start` and `wait`."""
        started = self.start()
        self.show(started)
        return self.wait(started)

    def start(self) -> StartedLogin:
        """Get a code from the portal.

        :raises LoginFailed: if the portal refuses the login.
        :raises PortalError: if the portal cannot be reached.
        """
        try:
            registration = self.registrations.for_device()
            authorization = self.login.portal.start_device_authorization(
                registration, self.start_url
            )
        except PortalRefusal as exc:
            raise self._failed_at_start(exc) from exc
        expires_at = time.time() + authorization.expires_in
        return StartedLogin(registration, authorization, expires_at)

    def show(self, started: StartedLogin) -> None:
        """Show the code, and open the page where that is possible."""
        authorization = started.authorization
        url, page = authorization.verification_uri_complete, authorization.verification_uri
        self._ask(
            self._prompt(url, started.expires_at, authorization.user_code, page),
            url if self.user.hides_url else page,
            "Open the page above in any browser.",
        )

    def wait(self, started: StartedLogin) -> FlowResult:
        """Poll the portal until the code was approved.

        If the portal fails meanwhile, poll again until the code expires.

        :raises LoginFailed: if the login is denied, times out, or the portal refuses it.
        :raises PortalError: if the portal cannot be reached when the code expires.
        """
        registration, authorization = started.registration, started.authorization
        polling = self.user.start_polling(authorization.interval, authorization.expires_in)
        return FlowResult(self._poll(registration, authorization, polling), registration)

    def _poll(
        self, registration: Registration, authorization: DeviceAuthorization, polling: Polling
    ) -> Grant:
        while True:
            polling.wait()
            try:
                return self.login.portal.create_token(
                    registration.client_id,
                    registration.client_secret,
                    grantType=DEVICE_CODE,
                    deviceCode=authorization.device_code,
                )
            except PortalUnreachable as exc:
                if polling.is_over:
                    raise
                polling.back_off(exc)
            except PortalRefusal as exc:
                self._continue_or_fail(exc, polling)

    def _continue_or_fail(self, exc: PortalRefusal, polling: Polling) -> None:
        """Set the pause before the next request; raise an error if there must not be one."""
        pending = exc.code in ("AuthorizationPendingException", "SlowDownException")
        if pending and polling.is_over:
            raise self._failed(_TIMED_OUT, by_person=True) from exc
        if exc.code == "SlowDownException":
            polling.slow_down()
        elif pending:
            polling.reset_pause()
        elif exc.retryable and exc.code not in _USER_ERRORS and not polling.is_over:
            polling.back_off(exc)
        else:
            raise self._failed_by_code(exc.code, exc.explanation) from exc
