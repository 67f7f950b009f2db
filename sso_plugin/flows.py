"""Logging in: a person approves in a browser, and the token file is written.

Knows the device flow (RFC 8628). Talks to the person only through ``show``.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from typing import TYPE_CHECKING

from .cache import token_cache
from .clock import Clock, format_timestamp, parse_timestamp
from .config import SsoProfile
from .errors import ConfigError, LoginFailed, PortalRefusal
from .loader import add_data_path
from .portal import DEVICE_CODE, DeviceAuthorization, Grant, Portal, Registration
from .tokens import AccessToken, TokenSource

if TYPE_CHECKING:
    from collections.abc import Callable

    from .cache import Cache, Document

__all__ = ["DeviceFlow", "login", "show_on_stderr"]

_CLIENT_NAME = "sso-plugin"

_SLOW_DOWN = 5.0
"""Seconds that a client adds to its interval when it is told to slow down (RFC 8628, 3.5)."""

_ENDINGS = {
    "AccessDeniedException": "it was denied in the browser",
    "ExpiredTokenException": "nobody approved it in time",
}


def show_on_stderr(url: str, user_code: str) -> None:
    """Tell the person at the terminal where to go; stdout is for data."""
    print(  # noqa: T201
        f"To log in, open this page in any browser:\n\n  {url}\n\n"
        f"and approve the request with the code {user_code}. Waiting ...",
        file=sys.stderr,
        flush=True,
    )


def login(
    profile_name: str | None = None,
    *,
    show: Callable[[str, str], object] = show_on_stderr,
    sleep: Callable[[float], object] = time.sleep,
) -> None:
    """Log a profile in, so that every program of this user can use it.

    :param profile_name: a profile of the AWS config file; ``AWS_PROFILE`` or ``default`` if None.
    :param show: tells the person where to go: called with a URL and the code its page must show.
    :param sleep: lets time pass between two questions to the portal, in seconds.
    :raises ConfigError: if the profile has no usable SSO configuration.
    :raises LoginFailed: if the request is denied, runs out, or cannot be made.
    :raises PortalError: if the portal cannot be reached.
    """
    from botocore.session import Session

    session = Session(profile=profile_name)
    add_data_path(session.get_component("data_loader"))
    profile = SsoProfile.of(session)
    if profile is None:
        name = session.get_config_variable("profile") or "default"
        raise ConfigError(
            error_msg=f'The profile "{name}" has no SSO configuration in '
            f"{session.get_config_variable('config_file')}: add sso_session to it, and a section "
            "[sso-session NAME] with sso_start_url and sso_region."
        )
    clock = Clock()
    portal = Portal.of(session, profile, clock)
    DeviceFlow(profile, portal, token_cache(), clock, show=show, sleep=sleep).run()


class DeviceFlow:
    """The login of one profile: ask, show, wait, save.

    :param show: called with the URL to open and the code that its page must show.
    :param sleep: lets time pass between two questions, in seconds.
    """

    def __init__(
        self,
        profile: SsoProfile,
        portal: Portal,
        cache: Cache,
        clock: Clock,
        *,
        show: Callable[[str, str], object] = show_on_stderr,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._profile = profile
        self._portal = portal
        self._cache = cache
        self._clock = clock
        self._show = show
        self._sleep = sleep

    def run(self) -> AccessToken:
        """Return the token of the person who approved, saved where the AWS CLI keeps it.

        :raises LoginFailed: if the request is denied, runs out, or cannot be made.
        :raises PortalError: if the portal cannot be reached.
        """
        registration = self._registration()
        authorization = self._begin(registration)
        self._show(authorization.verification_uri_complete, authorization.user_code)
        grant = self._wait(registration, authorization)
        now = self._clock.now()
        token = AccessToken.granted(grant, self._profile, _client_part(registration), now)
        TokenSource(self._profile, self._portal, self._cache, self._clock).save(token)
        return token

    def _begin(self, registration: Registration) -> DeviceAuthorization:
        try:
            return self._portal.start_device_authorization(registration, self._profile.start_url)
        except PortalRefusal as exc:
            # The registration may be at fault, so the next try makes a new one.
            self._cache.delete(self._registration_key())
            raise LoginFailed(
                error_msg=f"{exc}. Check sso_start_url ({self._profile.start_url}) and sso_region "
                f'({self._profile.region}) of the profile "{self._profile.name}"'
            ) from exc

    def _wait(self, registration: Registration, authorization: DeviceAuthorization) -> Grant:
        interval = authorization.interval
        while True:
            self._sleep(interval)
            try:
                return self._portal.create_token(
                    registration.client_id,
                    registration.client_secret,
                    grantType=DEVICE_CODE,
                    deviceCode=authorization.device_code,
                )
            except PortalRefusal as exc:
                if exc.code == "SlowDownException":
                    interval += _SLOW_DOWN
                elif exc.code != "AuthorizationPendingException":
                    ending = _ENDINGS.get(exc.code, str(exc))
                    raise LoginFailed(
                        error_msg=f'The login of the profile "{self._profile.name}" failed: '
                        f"{ending}"
                    ) from exc

    def _registration(self) -> Registration:
        key = self._registration_key()
        entry = self._cache.get(key)
        kept = _read_registration(entry.document) if entry else None
        if kept and self._clock.now() < kept.expires_at - 15 * 60:
            return kept
        made = self._portal.register_client(_CLIENT_NAME, self._profile.registration_scopes)
        self._cache.put(
            key,
            {
                "clientId": made.client_id,
                "clientSecret": made.client_secret,
                "expiresAt": format_timestamp(made.expires_at),
                "scopes": list(self._profile.registration_scopes),
            },
        )
        return made

    def _registration_key(self) -> str:
        """Return the AWS CLI's name for the registration of this start URL, region and session."""
        identity = {
            "tool": "botocore",
            "startUrl": self._profile.start_url,
            "region": self._profile.region,
            "scopes": list(self._profile.registration_scopes),
            "session_name": self._profile.session_name,
        }
        text = json.dumps(identity, sort_keys=True)
        return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def _read_registration(document: Document) -> Registration | None:
    names = ("clientId", "clientSecret", "expiresAt")
    client_id, client_secret, expires = (str(document.get(name, "")) for name in names)
    try:
        return Registration(client_id, client_secret, parse_timestamp(expires))
    except ValueError:
        return None


def _client_part(registration: Registration) -> Document:
    """Return what a token file keeps of the client, in the AWS CLI's names."""
    return {
        "clientId": registration.client_id,
        "clientSecret": registration.client_secret,
        "registrationExpiresAt": format_timestamp(registration.expires_at),
    }
