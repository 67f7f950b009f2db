"""The functions of the package: each finds the login it is about, and calls below."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from .browser import open_in_browser
from .openlogin import OpenLogin, all_logins
from .signin import SignIn, show_on_stderr

if TYPE_CHECKING:
    from collections.abc import Callable

    from .openlogin import Status
    from .person import LoginPrompt
    from .signin import FlowName

__all__ = ["login", "logout", "status"]


def login(  # noqa: PLR0913 - each is one choice of the person who logs in
    profile_name: str | None = None,
    *,
    sso_session: str | None = None,
    start_url: str | None = None,
    sso_region: str | None = None,
    flow: FlowName = "auto",
    force: bool = False,
    show: Callable[[LoginPrompt], object] = show_on_stderr,
    open_browser: Callable[[str], object] | None = open_in_browser,
    sleep: Callable[[float], object] = time.sleep,
) -> Status:
    """Log in if that is needed, so that every program of this user can use it.

    A token that is valid, or that its refresh token can renew, means that nobody is asked.

    :param profile_name: a profile of the AWS config file; ``AWS_PROFILE`` or ``default`` if None.
    :param sso_session: an sso-session of that file, instead of a profile.
    :param start_url: a start URL, instead of both, together with ``sso_region``.
    :param sso_region: the region of Identity Center.
    :param flow: ``browser`` for one on this machine (PKCE), ``device`` for one anywhere, ``auto``
        for what fits the surroundings.
    :param force: log in although there is a usable token: new entitlements need it.
    :param show: tells the person what to do: called with a `LoginPrompt`.
    :param open_browser: opens a URL, and returns False if it could not; None to leave that to the
        person.
    :param sleep: lets time pass between two questions to the portal, in seconds.
    :raises ConfigError: if the profile has no usable SSO configuration.
    :raises LoginFailed: if the login is denied, runs out, or cannot be begun.
    :raises PortalError: if the portal cannot be reached.
    """
    found = OpenLogin.find(profile_name, sso_session, start_url, sso_region)
    reason = "a new one was asked for" if force else found.tokens.why_login()
    if reason:
        SignIn(
            found.session, found.profile, found.tokens, reason, flow, show, open_browser, sleep
        ).run()
    return found.status()


def logout(
    profile_name: str | None = None,
    *,
    sso_session: str | None = None,
    all_sessions: bool = False,
) -> dict[str, bool]:
    """End a login: revoke it at the portal, then delete token, registration, role credentials.

    :param all_sessions: end every login that the config file knows, instead of one.
    :returns: for each login, by the name of its sso-session or else its start URL, whether its
        portal was told.
    :raises ConfigError: if the profile has no usable SSO configuration.
    """
    found = list(all_logins()) if all_sessions else [OpenLogin.find(profile_name, sso_session)]
    return {one.profile.session_name or one.profile.start_url: one.end() for one in found}


def status(profile_name: str | None = None, *, sso_session: str | None = None) -> Status:
    """Tell how things stand with a login, from its file alone.

    :raises ConfigError: if the profile has no usable SSO configuration.
    """
    return OpenLogin.find(profile_name, sso_session).status()
