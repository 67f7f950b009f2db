"""Every login of this user: those of the config, and those that only our index lists.

Other tools store tokens in the same folder. So the folder is not listed: each token file is found
by the name of a login that the config or the index has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..config.profile import Options, SsoProfile, options_of
from ..credentials.login_index import LoginIndex
from ..credentials.token_file import TokenFile
from ..errors import ConfigError, KeyUnavailable
from ..models import open_session_for_login
from ..storage import Stores
from ..storage.keys import token_key
from .configured_login import ConfiguredLogin, read_start_url_and_region

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from botocore.session import Session

    from .status import Status

    NamedLogin = tuple[str, Callable[[], SsoProfile | None] | None]

__all__ = ["EveryLogin"]

_LOGIN_KEYS = (
    "sso_start_url",
    "sso_region",
    "sso_registration_scopes",
    "sso_token_cache",
    "sso_key",
    "sso_store",
    "sso_store_insecure",
    "sso_store_ca_bundle",
)
"""The keys of a legacy profile that describe its login and where it is, without its role."""


class EveryLogin:
    """The logins of the config file and of our index. `end` ends them one by one.

    `statuses` returns their states.
    """

    def __init__(self) -> None:
        self._session = open_session_for_login()
        self._config_errors: list[str] = []
        self._options = options_of({})
        self._stores = Stores(Options())

    def end(self, progress: Callable[[str, bool], object], not_deleted: list[str]) -> None:
        """End all of them. An incomplete section of the config does not stop it.

        :param progress: called with the name of each login that was ended, and whether the portal
            has revoked its token.
        :param not_deleted: gets each file that could not be deleted, with the reason.
        :raises ConfigError: at the end, if there are incomplete sections.
        """
        for name, login in self._logins().items():
            progress(name, login.end(not_deleted))
        if self._config_errors:
            left = "; ".join(not_deleted)
            files = [f"Files could not be deleted: {left}."] if left else []
            raise ConfigError(
                problem="All other logins are ended, but the config file has incomplete sections",
                fix=" ".join([*self._config_errors, *files]),
            )

    def statuses(self) -> tuple[dict[str, Status], list[str]]:
        """Return the status of each login, by its name, and why others cannot be read.

        Make no network call, except to a store.
        """
        statuses = {name: self._status(login) for name, login in self._logins().items()}
        found = {name: each for name, each in statuses.items() if each is not None}
        return found, self._config_errors

    def _status(self, login: ConfiguredLogin) -> Status | None:
        try:
            return login.status()
        except KeyUnavailable as exc:
            self._config_errors.append(str(exc))
            return None

    def _logins(self) -> dict[str, ConfiguredLogin]:
        """Return the logins by name: the sso-session, or else the start URL."""
        found: dict[str, ConfiguredLogin] = {}
        for name, read in _named(self._session):
            login = self._of_config(name, read) if name not in found else None
            if login is not None:
                found[name] = login
        keys = {login.key for login in found.values()}
        for key in sorted(LoginIndex.keys_of_tokens(self._stores.own) - keys):
            login = self._of_index(key)
            if login is not None:
                url = login.profile.start_url
                found[url if url and url not in found else f"{url} ({key}.json)".strip()] = login
        return found

    def _of_config(
        self, name: str, read: Callable[[], SsoProfile | None] | None
    ) -> ConfiguredLogin | None:
        try:
            profile = read() if read else None
        except ConfigError as exc:
            self._config_errors.append(str(exc))
            profile = None
        if profile is not None:
            return ConfiguredLogin.of(self._session, profile)
        # Its token file has this name nevertheless, and says which portal can revoke the token.
        key = token_key(SsoProfile(None, name, ""))
        if self._stores.tokens.mark(key) is None:
            return None
        bare = SsoProfile(None, "", "", session_name=name, options=self._options)
        unknown = ConfiguredLogin.of(self._session, bare)
        return self._of_file(key, name) or unknown

    def _of_index(self, key: str) -> ConfiguredLogin | None:
        """Return a login that sso-plugin made or used, and that is no longer in the config."""
        login = self._of_file(key, None)
        if login is None:
            # The start URL in a token that is encrypted is not known.
            bare = SsoProfile(None, "", "", options=self._options)
            login = ConfiguredLogin.of(self._session, bare, key=key)
        by_start_url = token_key(login.profile) == key
        return login if by_start_url or TokenFile(login).known_login() else None

    def _of_file(self, key: str, name: str | None) -> ConfiguredLogin | None:
        found = read_start_url_and_region(self._stores.tokens, key)
        if found is None:
            return None
        url, region = found
        session_name = None if name in (None, url) else name
        profile = SsoProfile(None, url, region, session_name, options=self._options)
        return ConfiguredLogin.of(self._session, profile, key=key)


def _named(session: Session) -> Iterator[NamedLogin]:
    """Yield each name of a login in the config, and the function that reads its section, if any."""
    config, file = session.full_config, session.get_config_variable("config_file")
    for name in config.get("sso_sessions", {}):
        yield name, _reader_of_session(session, name)
    for name, section in config.get("profiles", {}).items():
        session_name, url = section.get("sso_session"), section.get("sso_start_url")
        if isinstance(session_name, str):
            yield session_name, None
        elif isinstance(url, str) and url.strip():
            yield url.strip(), _reader_of_profile(section, name, file)


def _reader_of_session(session: Session, name: str) -> Callable[[], SsoProfile]:
    return lambda: SsoProfile.of_sso_session(session, name)


def _reader_of_profile(
    section: dict[str, Any], name: str, file: str
) -> Callable[[], SsoProfile | None]:
    """Return a function that reads the login of a legacy profile, without its role."""
    login_keys = {key: section[key] for key in _LOGIN_KEYS if key in section}
    return lambda: SsoProfile.find({"profiles": {name: login_keys}}, name, file)
