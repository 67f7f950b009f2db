"""The login that a call is about: finds it in the config, reports its status, ends it."""

from __future__ import annotations

import logging
import re
import shlex
from typing import TYPE_CHECKING

from ..config.profile import SsoProfile, options_of
from ..credentials import Login, stores_of
from ..credentials.access_token import TokenState
from ..credentials.account_names import AccountNames
from ..credentials.login_notes import LoginNotes
from ..credentials.token_file import TokenFile
from ..errors import ConfigError, PortalError
from ..models import open_session, open_session_for_login
from ..storage.keys import own_key, registration_key, role_key, token_key
from ..web.addresses import parse
from .status import Status
from .vanity import PortalRecord, check_start_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.session import Session
    from typing_extensions import Self

    from ..storage import Stores
    from ..storage.cache import Cache

__all__ = [
    "ConfiguredLogin",
    "Status",
    "check_one_login",
    "login_for_start_url",
    "login_in",
    "read_start_url_and_region",
]

_logger = logging.getLogger(__name__)

_REGION = re.compile(r"[a-z0-9-]{1,63}")


class ConfiguredLogin(Login):
    """A login that a caller named, and the botocore session for its portal."""

    __slots__ = ("session",)
    session: Session

    @classmethod
    def find(
        cls,
        profile_name: str | None = None,
        sso_session: str | None = None,
        start_url: str | None = None,
        sso_region: str | None = None,
    ) -> Self:
        """Find a login by profile, sso-session or start URL; without any, by ``AWS_PROFILE``.

        :param sso_region: the region of the start URL; None for the one in its token file.
        :raises ConfigError: if there is no such login, or it is not complete.
        """
        check_one_login(profile_name, sso_session, start_url, sso_region)
        if start_url:
            return cls.of(open_session_for_login(), login_for_start_url(start_url, sso_region))
        if sso_session:
            session = open_session_for_login()
            return cls.of(session, SsoProfile.of_sso_session(session, sso_session))
        session = open_session(profile_name)
        return cls.of(session, login_in(session))

    @classmethod
    def of(
        cls,
        session: Session,
        profile: SsoProfile,
        stores: Stores | None = None,
        key: str | None = None,
    ) -> Self:
        """Return the login of a profile that has been read."""
        found = super().of(session, profile, stores, key)
        found.session = session
        return found

    def status(self) -> Status:
        """Return the status by the token file. Make no network call, except to a store.

        :raises KeyUnavailable: if the token is encrypted and its key cannot be read.
        """
        self.pull()
        token, now = TokenFile(self).load(), self.clock.earliest()
        if token is None and self.stores.tokens.mark(self.key):
            self.check_key(of_token=True)
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
            token_file=TokenFile(self).path,
            login_command=self.profile.login_command,
            fault=TokenFile(self).problem() if token is None else None,
            not_stored=self.stores.tokens.why_not_stored(self.key),
            store_fault=self.stores.tokens.why_away(self.key),
        )

    def end(self, not_deleted: list[str] | None = None) -> bool:
        """Revoke the token, then delete it, its registration and its role credentials.

        :param not_deleted: gets each file that could not be deleted, with the reason.
        :returns: whether the portal has revoked the token. The files are deleted in any case.
        """
        revoked = self._revoke()
        # First, so that a process that is renewing the token discards the new one.
        quiet, stores = not_deleted is not None, self.stores
        failures = [stores.tokens.end(self.key, quiet=quiet)]
        index = TokenFile(self).index
        keys = index.keys().union(self._keys_of_profiles())
        failures += [stores.roles.end(key, quiet=quiet) for key in keys]
        index.clear()
        LoginNotes(stores.own, self.key).clear()
        AccountNames(self).delete()
        stores.codes.delete(own_key("wait", self.key))
        PortalRecord(self.profile, stores.own).delete()
        failures.append(stores.tokens.delete(registration_key(self.profile), quiet=quiet))
        if not_deleted is not None:
            not_deleted += filter(None, failures)
        return revoked

    def _revoke(self) -> bool:
        self.pull()
        token, tokens = TokenFile(self).load(), self.stores.tokens
        if token is None and (why := tokens.why_unusable(self.key)):
            _logger.warning(
                "The portal has not revoked the token: %s %s", TokenFile(self).path, why
            )
        if token is None or token.state(self.clock.earliest()) is TokenState.EXPIRED:
            return False
        try:
            self.portal.logout(token.value)
        except (PortalError, ConfigError) as exc:
            _logger.warning("The portal has not revoked the token: %s", exc)
            return False
        return True

    def _keys_of_profiles(self) -> Iterator[str]:
        """Yield the role keys of all profiles with this login, including incomplete profiles."""
        login = self.profile
        for section in self.session.full_config.get("profiles", {}).values():
            names = "sso_session", "sso_start_url", "sso_account_id", "sso_role_name"
            session_name, url, account, role = (_stripped(section.get(name)) for name in names)
            same = session_name == login.session_name
            if same and account and role and (session_name or url == login.start_url):
                yield role_key(login._replace(role_name=role), account)


def check_one_login(
    profile_name: str | None,
    sso_session: str | None,
    start_url: str | None,
    sso_region: str | None,
    *,
    required: bool = False,
) -> None:
    """Check that the arguments name one login, and a region only with a start URL.

    :param required: whether a login must be named, and a start URL needs its region.
    :raises ConfigError: if they do not.
    """
    given = [name for name in (profile_name, sso_session, start_url) if name]
    incomplete = required and (not given or (start_url and not sso_region))
    if len(given) > 1 or incomplete or (sso_region and not start_url):
        raise ConfigError(
            problem="Exactly one login is required",
            fix="Use a profile, or an sso-session, or a start URL and its region.",
        )


def login_for_start_url(start_url: str, sso_region: str | None) -> SsoProfile:
    """Return a login that is not in the config file.

    :param sso_region: the region of Identity Center; None for the one in the token file.
    :raises ConfigError: if the start URL or the region is not valid, or the region is not known.
    """
    profile = SsoProfile(None, start_url, sso_region or "", options=options_of({}))
    check_start_url(profile)
    if sso_region:
        if not _REGION.fullmatch(sso_region):
            raise ConfigError(
                problem=f'"{sso_region}" is not a valid region',
                fix="Use one such as eu-central-1.",
            )
        return profile
    key, tokens = token_key(profile), stores_of(profile).tokens
    found = read_start_url_and_region(tokens, key)
    if found is None or found[0] != start_url:
        raise ConfigError(
            problem=f"The region of {start_url} is not known: there is no token of this URL in "
            f"{tokens.describe(key)}",
            fix="Add --sso-region REGION (in Python: sso_region).",
        )
    return profile._replace(region=found[1])


def read_start_url_and_region(tokens: Cache, key: str) -> tuple[str, str] | None:
    """Return the start URL and the region in a token file; None unless both are valid."""
    entry = tokens.get(key)
    url, region = (entry.document.get(name) if entry else None for name in ("startUrl", "region"))
    if not isinstance(url, str) or not isinstance(region, str):
        return None
    return (url, region) if parse(url) and _REGION.fullmatch(region) else None


def login_in(session: Session) -> SsoProfile:
    """Return the login of the profile of a session, or else the only one of the config.

    :raises ConfigError: if there is no such login, or it is not complete.
    """
    return SsoProfile.login_of(session) or _only_sso_session(session)


def _only_sso_session(session: Session) -> SsoProfile:
    """Return the only sso-session of the config, for a caller who names no login.

    :raises ConfigError: if a profile is named, or there is not exactly one sso-session.
    """
    named = session.get_config_variable("profile")
    names = list(session.full_config.get("sso_sessions", {}))
    if named is None and len(names) == 1:
        return SsoProfile.of_sso_session(session, names[0])
    file = session.get_config_variable("config_file")
    section = session.full_config.get("profiles", {}).get(named or "default", {})
    if isinstance(source := section.get("source_profile"), str):
        raise ConfigError(
            subject=f'The profile "{named or "default"}" in {file}',
            problem="has no login of its own: it assumes a role",
            fix=f"Use its source profile: --profile {shlex.quote(source)}",
        )
    if named is None and names:
        raise ConfigError(
            problem=f"No login is named, and {file} has {len(names)} sso-sessions",
            fix=f"Add --sso-session (in Python: sso_session), with one of: {', '.join(names)}.",
        )
    choose = f" Or use one of its sso-sessions: {', '.join(names)}." if names else ""
    raise ConfigError(
        subject=f'The profile "{named or "default"}"',
        problem=f"has no SSO configuration in {file}",
        fix="Add sso_session to it, and a section [sso-session NAME] with sso_start_url and "
        f"sso_region.{choose}",
    )


def _stripped(value: object) -> str | None:
    return value.strip() if isinstance(value, str) else None
