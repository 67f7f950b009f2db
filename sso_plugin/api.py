"""The functions of the package: each opens a session, finds the login it is about, calls below."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .accountnames import AccountNames
from .config import SsoProfile
from .errors import ConfigError, PortalError
from .filecache import own_cache, role_cache
from .loader import add_data_path
from .registration import registration_key
from .role_credentials import RoleIndex
from .signin import SignIn, open_in_browser, show_on_stderr
from .tokens import TokenSource, TokenState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from botocore.session import Session

    from .flows import LoginPrompt
    from .signin import FlowName

__all__ = ["Status", "login", "logout", "status"]

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Status:
    """How things stand with one login.

    :param subject: what was asked about, such as ``The profile "dev"``.
    :param state: ``usable``; ``renewable``, which costs no login; or ``login needed``.
    :param expires_at: until when the access token is valid, in epoch seconds; None without one.
    :param renewable_until: until when it can be renewed without a person, as far as is known
        here: the portal may end it sooner. None if it cannot.
    :param token_file: where the token is kept.
    """

    subject: str
    start_url: str
    region: str
    session_name: str | None
    state: str
    expires_at: float | None
    renewable_until: float | None
    token_file: str
    login_command: str


@dataclass(frozen=True)
class OpenLogin:
    """A login that was found in the config, and the session that reaches its portal."""

    session: Session
    profile: SsoProfile
    tokens: TokenSource

    @classmethod
    def find(
        cls,
        profile_name: str | None = None,
        sso_session: str | None = None,
        start_url: str | None = None,
        sso_region: str | None = None,
    ) -> OpenLogin:
        """Find the login that is named, in one of three ways; by ``AWS_PROFILE`` if in none.

        :raises ConfigError: if there is none, or it is not complete.
        """
        session = open_session(profile_name)
        check_one_login(profile_name, sso_session, start_url, sso_region)
        if start_url and sso_region:
            profile = SsoProfile(name=None, start_url=start_url, region=sso_region)
            return cls.of(session, profile)
        if sso_session:
            return cls.of(session, SsoProfile.of_sso_session(session, sso_session))
        return cls.of(session, SsoProfile.of(session) or _only_sso_session(session))

    @classmethod
    def of(cls, session: Session, profile: SsoProfile) -> OpenLogin:
        """Take the login of a profile that was found already."""
        return cls(session, profile, TokenSource.of(session, profile))

    def status(self) -> Status:
        """Look at the token file. Goes nowhere."""
        token, now = self.tokens.load(), self.tokens.clock.now()
        renewable = token is not None and token.can_be_renewed(now)
        state = "renewable" if renewable else "login needed"
        if token is not None and token.state(now) is not TokenState.EXPIRED:
            state = "usable"
        return Status(
            subject=self.profile.subject,
            start_url=self.profile.start_url,
            region=self.profile.region,
            session_name=self.profile.session_name,
            state=state,
            expires_at=token.lifetime.expires_at if token else None,
            renewable_until=token.registration_expires_at if token and renewable else None,
            token_file=self.tokens.cache.describe(self.tokens.key),
            login_command=self.profile.login_command,
        )

    def end(self) -> bool:
        """Revoke the token, then delete it, its registration and its role credentials.

        :returns: whether the portal was told; a portal that does not answer keeps nothing alive.
        """
        revoked = self._revoke()
        roles, index = role_cache(), RoleIndex.of(self.tokens.key)
        for key in index.keys() | self._keys_of_profiles():
            roles.delete(key)
        index.clear()
        AccountNames(self.tokens, own_cache()).forget()
        self.tokens.cache.delete(registration_key(self.profile))
        self.tokens.cache.delete(self.tokens.key)
        return revoked

    def _revoke(self) -> bool:
        token = self.tokens.load()
        if token is None or token.state(self.tokens.clock.now()) is TokenState.EXPIRED:
            return False
        try:
            self.tokens.portal.logout(token.value)
        except PortalError as exc:
            _logger.warning("The portal was not told of the logout: %s", exc)
            return False
        return True

    def _keys_of_profiles(self) -> set[str]:
        from .role_credentials import role_key

        return {
            role_key(profile, profile.account_id)
            for profile in _profiles(self.session)
            if profile.account_id and TokenSource.key_of(profile) == self.tokens.key
        }


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
    :param open_browser: opens a URL; None to leave that to the person.
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
    :returns: the start URL of each login, and whether its portal was told.
    :raises ConfigError: if the profile has no usable SSO configuration.
    """
    found = list(_all_logins()) if all_sessions else [OpenLogin.find(profile_name, sso_session)]
    return {one.profile.session_name or one.profile.start_url: one.end() for one in found}


def status(profile_name: str | None = None, *, sso_session: str | None = None) -> Status:
    """Tell how things stand with a login, from its file alone.

    :raises ConfigError: if the profile has no usable SSO configuration.
    """
    return OpenLogin.find(profile_name, sso_session).status()


def check_one_login(
    profile_name: str | None,
    sso_session: str | None,
    start_url: str | None,
    sso_region: str | None,
) -> None:
    """Refuse two ways at once to name a login, and half of one.

    :raises ConfigError: for either.
    """
    given = [name for name in (profile_name, sso_session, start_url) if name]
    if len(given) > 1 or bool(start_url) != bool(sso_region):
        raise ConfigError(
            error_msg="Name one login: give a profile, or an sso-session, or a start URL together "
            "with its region."
        )


def open_session(profile_name: str | None = None) -> Session:
    """Return a botocore session that knows our service models."""
    from botocore.session import Session

    session = Session(profile=profile_name)
    add_data_path(session.get_component("data_loader"))
    return session


def _only_sso_session(session: Session) -> SsoProfile:
    """Return the one sso-session of the config, where the profile names none."""
    named = session.get_config_variable("profile")
    names = list(session.full_config.get("sso_sessions", {}))
    if named is None and len(names) == 1:
        return SsoProfile.of_sso_session(session, names[0])
    file = session.get_config_variable("config_file")
    choose = f" Or choose one of its sso-sessions: {', '.join(names)}." if names else ""
    raise ConfigError(
        error_msg=f'The profile "{named or "default"}" has no SSO configuration in {file}: add '
        "sso_session to it, and a section [sso-session NAME] with sso_start_url and sso_region."
        f"{choose}"
    )


def _profiles(session: Session) -> Iterator[SsoProfile]:
    for name in session.full_config.get("profiles", {}):
        try:
            found = SsoProfile.of(session, name)
        except ConfigError as exc:
            _logger.debug("Passing over a profile: %s", exc)
            continue
        if found is not None:
            yield found


def _all_logins() -> Iterator[OpenLogin]:
    """Find every login of the config: each sso-session, and each start URL of a legacy profile."""
    session = open_session()
    found = {}
    for name in session.full_config.get("sso_sessions", {}):
        profile = SsoProfile.of_sso_session(session, name)
        found[TokenSource.key_of(profile)] = profile
    for profile in _profiles(session):
        found.setdefault(TokenSource.key_of(profile), profile)
    for profile in found.values():
        yield OpenLogin.of(session, profile)
