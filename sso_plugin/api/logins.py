"""The functions of the package: each finds the login it is about, and calls below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..credentials.token_source import TokenSource
from ..errors import SsoPluginError
from ..signin.configured_login import ConfiguredLogin
from ..signin.every_login import EveryLogin
from ..signin.sign_in import SignIn, show_on_stderr
from ..web.browser import open_in_browser

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..signin.configured_login import Status
    from ..signin.prompt import LoginPrompt
    from ..signin.sign_in import FlowName

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
) -> Status:
    """Log in if that is needed, so that every program of this user can use it.

    No login is needed while the token is valid or can be renewed. A token that cannot be stored
    works in this process only; a warning, and ``not_stored``, say so.

    :param profile_name: a profile of the AWS config file; ``AWS_PROFILE`` or ``default`` if None.
    :param sso_session: an sso-session of that file, instead of a profile.
    :param start_url: a start URL, instead of both.
    :param sso_region: the region of that start URL; None for the one that its token file names.
    :param flow: ``browser`` for one on this machine (PKCE), ``device`` for one anywhere, ``auto``
        for what fits the surroundings.
    :param force: log in although there is a usable token: new entitlements need it.
    :param show: tells the person what to do: called with a `LoginPrompt`.
    :param open_browser: opens a URL, and returns False if it could not; None to leave that to the
        person.
    :raises ConfigError: if the profile has no usable SSO configuration.
    :raises LoginFailed: if the login is denied, runs out, or cannot be begun.
    :raises PortalError: if the portal cannot be reached.
    """
    found = ConfiguredLogin.find(profile_name, sso_session, start_url, sso_region)
    reason = "a new one was asked for" if force else TokenSource(found).why_login()
    if reason:
        SignIn(found.session, found, reason, flow, show, open_browser).run()
    return found.status()


def logout(
    profile_name: str | None = None,
    *,
    sso_session: str | None = None,
    start_url: str | None = None,
    sso_region: str | None = None,
    all_sessions: bool = False,
    progress: Callable[[str, bool], object] | None = None,
) -> dict[str, bool]:
    """End a login: revoke it at the portal, then delete token, registration, role credentials.

    :param profile_name: a profile of the AWS config file; ``AWS_PROFILE`` or ``default`` if None.
    :param sso_session: an sso-session of that file, instead of a profile.
    :param start_url: a start URL, instead of both.
    :param sso_region: the region of that start URL; None for the one that its token file names.
    :param all_sessions: end every login instead of one: those that the config file names, and
        those that sso_plugin has made or used before.
    :param progress: called with the name of each login that was ended, and whether the portal has
        revoked its token.
    :returns: for each login, by the name of its sso-session or else its start URL, whether the
        portal has revoked its token. It does not if there is no valid token.
    :raises ConfigError: if the profile has no usable SSO configuration. With ``all_sessions``: if
        an sso-session or a legacy profile is not complete; all logins are ended by then.
    :raises SsoPluginError: if a file cannot be deleted; all else is done by then.
    """
    ended: dict[str, bool] = {}
    left: list[str] = []

    def note(name: str, revoked: bool) -> None:  # noqa: FBT001 - as the caller's
        ended[name] = revoked
        if progress is not None:
            progress(name, revoked)

    if all_sessions:
        EveryLogin().end(note, left)
    else:
        login = ConfiguredLogin.find(profile_name, sso_session, start_url, sso_region)
        note(login.profile.session_name or login.profile.start_url, login.end(left))
    _check_deleted(left)
    return ended


def _check_deleted(left: list[str]) -> None:
    if left:
        raise SsoPluginError(
            problem=f"Files could not be deleted: {'; '.join(left)}",
            fix="Make their folder writable, then log out again.",
        )


def status(
    profile_name: str | None = None,
    *,
    sso_session: str | None = None,
    start_url: str | None = None,
    sso_region: str | None = None,
) -> Status:
    """Tell how things stand with a login, from its file alone.

    :param profile_name: a profile of the AWS config file; ``AWS_PROFILE`` or ``default`` if None.
    :param sso_session: an sso-session of that file, instead of a profile.
    :param start_url: a start URL, instead of both.
    :param sso_region: the region of that start URL; None for the one that its token file names.
    :raises ConfigError: if the profile has no usable SSO configuration.
    """
    return ConfiguredLogin.find(profile_name, sso_session, start_url, sso_region).status()
