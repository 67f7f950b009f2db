"""The public functions ``login``, ``logout`` and ``status``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import SsoPluginError
from ..signin.configured_login import ConfiguredLogin
from ..signin.display import CallerDisplay, find_display
from ..signin.every_login import EveryLogin
from ..signin.sign_in import log_in_if_needed
from ..web.browser import open_in_browser

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..signin.configured_login import Status
    from ..signin.prompt import LoginPrompt
    from ..signin.sign_in import FlowName

__all__ = ["login", "logout", "status"]


def login(  # noqa: PLR0913 - each is one choice of the caller
    profile_name: str | None = None,
    *,
    sso_session: str | None = None,
    start_url: str | None = None,
    sso_region: str | None = None,
    flow: FlowName = "auto",
    force: bool = False,
    show: Callable[[LoginPrompt], object] | None = None,
    open_browser: Callable[[str], object] | None = open_in_browser,
) -> Status:
    """Log in if that is needed. All programs of this user then share the login.

    No login is needed while the token is valid or can be renewed. A token that cannot be stored
    works in this process only: ``not_stored`` and a warning give the reason.

    :param profile_name: a profile of the AWS config file; ``AWS_PROFILE`` or ``default`` if None.
    :param sso_session: an sso-session of that file, instead of a profile.
    :param start_url: a start URL, instead of both.
    :param sso_region: the region of that start URL; None for the one in its token file.
    :param flow: ``browser`` for a browser on this machine (PKCE), ``device`` for a browser on any
        machine, ``auto`` for ``browser`` where one can be opened and else ``device``.
    :param force: log in even if the token is usable. New permissions can need this.
    :param show: shows the prompt to the user: called with a `LoginPrompt`. None to show it where
        the user reads: on standard error, or on the terminal if ``flow`` is ``auto`` and standard
        error is something else.
    :param open_browser: opens a URL, and returns False if it could not; None to leave that to the
        user.
    :raises ConfigError: if the profile has no usable SSO configuration.
    :raises LoginFailed: if the login is denied, times out, or cannot be started.
    :raises KeyUnavailable: if the token could not be encrypted. The user is not asked to log in.
    :raises PortalError: if the portal cannot be reached.
    """
    found = ConfiguredLogin.find(profile_name, sso_session, start_url, sso_region)
    display = find_display(flow) if show is None else CallerDisplay(show)
    log_in_if_needed(found, display, flow=flow, force=force, open_browser=open_browser)
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
    """End a login: revoke its token, then delete token, registration and role credentials.

    :param profile_name: a profile of the AWS config file; ``AWS_PROFILE`` or ``default`` if None.
    :param sso_session: an sso-session of that file, instead of a profile.
    :param start_url: a start URL, instead of both.
    :param sso_region: the region of that start URL; None for the one in its token file.
    :param all_sessions: end every login: those in the config file, and those that sso_plugin has
        made or used before.
    :param progress: called with the name of each login that was ended, and whether the portal has
        revoked its token.
    :returns: for each login, by the name of its sso-session or else its start URL, whether the
        portal has revoked its token. False if there was no valid token.
    :raises ConfigError: if the profile has no usable SSO configuration. With ``all_sessions``: if
        an sso-session or a legacy profile is not complete, after all logins were ended.
    :raises SsoPluginError: if a file cannot be deleted, after everything else was done.
    """
    ended: dict[str, bool] = {}
    not_deleted: list[str] = []

    def note(name: str, revoked: bool) -> None:  # noqa: FBT001 - as the caller's
        ended[name] = revoked
        if progress is not None:
            progress(name, revoked)

    if all_sessions:
        EveryLogin().end(note, not_deleted)
    else:
        login = ConfiguredLogin.find(profile_name, sso_session, start_url, sso_region)
        note(login.profile.session_name or login.profile.start_url, login.end(not_deleted))
    _check_deleted(not_deleted)
    return ended


def _check_deleted(not_deleted: list[str]) -> None:
    if not not_deleted:
        return
    reasons = "; ".join(not_deleted)
    if "on other machines" in reasons:
        raise SsoPluginError(
            problem=f"The login was not ended everywhere: {reasons}",
            fix="Log out again when that is fixed.",
        )
    raise SsoPluginError(
        problem=f"Files could not be deleted: {reasons}",
        fix="Make their folder writable, then log out again.",
    )


def status(
    profile_name: str | None = None,
    *,
    sso_session: str | None = None,
    start_url: str | None = None,
    sso_region: str | None = None,
) -> Status:
    """Return whether a login is valid, by its token file.

    Only a store of many machines is asked; no other request is made.

    :param profile_name: a profile of the AWS config file; ``AWS_PROFILE`` or ``default`` if None.
    :param sso_session: an sso-session of that file, instead of a profile.
    :param start_url: a start URL, instead of both.
    :param sso_region: the region of that start URL; None for the one in its token file.
    :raises ConfigError: if the profile has no usable SSO configuration.
    :raises KeyUnavailable: if the token is encrypted and its key cannot be read.
    """
    return ConfiguredLogin.find(profile_name, sso_session, start_url, sso_region).status()
