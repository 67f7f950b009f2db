"""The two ways in which a person logs a program in, with one result: a grant of an access token.

Neither knows about files; both talk to the person only through `Person`.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
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
    from .prompt import Person
    from .registration import Registrations

__all__ = ["BrowserFlow", "DeviceFlow", "Granted", "login_failed"]

_PATIENCE = 600.0
"""Seconds that a browser login waits for the person; a device login ends when the portal says."""

_OUT_OF_TIME = "nobody approved it in time"
_ENDINGS = {
    "access_denied": "it was denied in the browser",
    "AccessDeniedException": "it was denied in the browser",
    "ExpiredTokenException": _OUT_OF_TIME,
}


def login_failed(profile: SsoProfile, reason: str, *, by_person: bool = False) -> LoginFailed:
    """Return the error that says whose login has failed, why, and how to try again."""
    return LoginFailed(
        subject=profile.subject,
        reason=reason,
        fix=f"Run: {profile.login_command}",
        by_person=by_person,
    )


@dataclass(frozen=True)
class Granted:
    """A grant and the registration it was made to."""

    grant: Grant
    registration: Registration


@dataclass(frozen=True)
class _Flow:
    login: Login
    registrations: Registrations
    person: Person
    reason: str
    start_url: str

    def _failed(self, reason: str, *, by_person: bool = False) -> LoginFailed:
        return login_failed(self.login.profile, reason, by_person=by_person)

    def _ended(self, code: str, otherwise: str) -> LoginFailed:
        """Return the error for how the person or the portal has ended it."""
        return self._failed(_ENDINGS.get(code, otherwise), by_person=code in _ENDINGS)

    def _ask(self, url: str, user_code: str | None, page: str, alternative: str) -> None:
        """Tell the person what to do, and open the page if that can be done."""
        prompt = LoginPrompt(self.login.profile.subject, self.reason, one_line(url), user_code)
        endpoint = self.login.portal.authorization_endpoint()
        own_urls = (self.login.profile.start_url, self.start_url, endpoint)
        self.person.ask(prompt, page, own_urls, alternative)

    def _not_begun(self, exc: PortalRefusal) -> LoginFailed | PortalRefusal:
        if exc.retryable:
            return exc
        # The registration may be at fault, so the next try makes a new one.
        self.registrations.forget()
        return self._failed(
            f"{exc.explanation}. Check sso_start_url ({self.login.profile.start_url}) and "
            f"sso_region ({self.login.profile.region})"
        )


class BrowserFlow(_Flow):
    """The authorization code grant with PKCE, in a browser on this machine (RFC 7636, 8252)."""

    def run(self) -> Granted:
        """Open the consent page, wait for the browser to come back, exchange its code.

        :raises LoginFailed: if the person says no, or nothing, or the portal refuses.
        :raises PortalError: if the portal cannot be reached.
        """
        try:
            registration = self.registrations.for_code(self.start_url)
        except PortalRefusal as exc:
            raise self._not_begun(exc) from exc
        verifier = Secret(secrets.token_urlsafe(48))
        state = Secret(secrets.token_urlsafe(24))
        with Callback(state) as callback:
            url = self._url(registration, callback.redirect_uri, verifier, state)
            self._ask(
                url,
                None,
                url,
                "Open the page above in a browser on this machine, or run: "
                f"{self.login.profile.login_command} --flow device",
            )
            code = self._code(callback.wait(_PATIENCE))
            redirect_uri = callback.redirect_uri
        return Granted(self._exchange(registration, code, redirect_uri, verifier), registration)

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

    def _code(self, answer: AuthorizationResponse | None) -> str:
        if answer is None:
            raise self._failed("nobody approved it in the browser in time", by_person=True)
        if answer.code is None or answer.error is not None:
            error = str(answer.error)
            if error not in _ENDINGS:
                self.registrations.forget()
            raise self._ended(error, f"the portal answered {error!r}")
        return answer.code

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

    def run(self) -> Granted:
        """Show the code, and ask at the portal's pace until it was approved.

        A portal that fails meanwhile is asked again, as long as the code may be approved.

        :raises LoginFailed: if the person says no, or nothing, or the portal refuses.
        :raises PortalError: if the portal cannot be reached, at first or in the end.
        """
        try:
            registration = self.registrations.for_device()
            authorization = self.login.portal.start_device_authorization(
                registration, self.start_url
            )
        except PortalRefusal as exc:
            raise self._not_begun(exc) from exc
        polling = self.person.polling(authorization.interval, authorization.expires_in)
        url, page = authorization.verification_uri_complete, authorization.verification_uri
        self._ask(
            url,
            one_line(authorization.user_code),
            url if self.person.opens_secrets else page,
            "Open the page above in any browser.",
        )
        return Granted(self._wait(registration, authorization, polling), registration)

    def _wait(
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
                if polling.over:
                    raise
                polling.back_off(exc)
            except PortalRefusal as exc:
                self._bear(exc, polling)

    def _bear(self, exc: PortalRefusal, polling: Polling) -> None:
        """Set the pace for the next question; none is left to ask if this raises."""
        waiting = exc.code in ("AuthorizationPendingException", "SlowDownException")
        if waiting and polling.over:
            raise self._failed(_OUT_OF_TIME, by_person=True) from exc
        if exc.code == "SlowDownException":
            polling.slow_down()
        elif waiting:
            polling.go_on()
        elif exc.retryable and exc.code not in _ENDINGS and not polling.over:
            polling.back_off(exc)
        else:
            raise self._ended(exc.code, exc.explanation) from exc
