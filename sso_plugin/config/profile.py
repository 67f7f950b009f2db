"""The SSO settings of a profile: the standard keys as botocore reads them, and our own.

Reads no files: the settings come from ``session.full_config``, where botocore has merged the files.
"""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from . import IDENTITY_KEYS, LOGIN_KEYS, ROLE_KEYS, STORE, has_sso_keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from botocore.session import Session

    from ..errors import ConfigError
    from .store_address import StoreAddress

__all__ = ["DEFAULT_SCOPES", "Options", "SsoProfile", "options_of"]

DEFAULT_SCOPES = ("sso:account:access",)
"""The scopes of a login if the config names none."""

_ROLE_OPTIONS = frozenset({"sso_plugin", "sso_refresh", "sso_cache", "sso_minimum_lifetime"})
"""Own keys that do not apply to a login."""


class Options(NamedTuple):
    """The own keys of a profile, else of its sso-session. Times are in seconds."""

    login: Literal["never", "auto", "browser", "device", "wait"] = "never"
    login_timeout: float = 86400.0
    notify: str = ""
    warn_before: float = 7200.0
    refresh: str = "background"
    cache: str = "file"
    token_cache: str = "file"  # noqa: S105 - where tokens are
    key: str = "keyring"
    minimum_lifetime: float = 0.0
    requests_per_second: float = 20.0
    use_fips_endpoint: bool = False
    store: StoreAddress | None = None


_OWN_KEYS = frozenset(
    ("sso_plugin", "sso_account_name", "sso_store_insecure", "sso_store_ca_bundle")
).union(f"sso_{name}" for name in Options._fields)
"""The keys that only sso-plugin knows. They may differ between a profile and its sso-session."""


class SsoProfile(NamedTuple):
    """The validated SSO settings of one profile.

    ``name`` is None for a login that no profile names: by an sso-session or a start URL.
    ``session_name`` is None in the legacy form, where the profile itself has the start URL.
    ``role_name`` comes with ``account_id`` or ``account_name``; all three are None in a profile
    without a role.
    """

    name: str | None
    start_url: str
    region: str
    session_name: str | None = None
    account_id: str | None = None
    account_name: str | None = None
    role_name: str | None = None
    registration_scopes: tuple[str, ...] = DEFAULT_SCOPES
    options: Options = Options()
    config_file: str = "~/.aws/config"

    @property
    def subject(self) -> str:
        """The subject of messages, such as ``The profile "dev"``."""
        if self.name is not None:
            return f'The profile "{self.name}"'
        if self.session_name is not None:
            return f'The sso-session "{self.session_name}"'
        return f"The start URL {self.start_url}"

    @property
    def login_command(self) -> str:
        """The command that logs in."""
        if self.name is not None:
            return f"sso-plugin login --profile {shlex.quote(self.name)}"
        if self.session_name is not None:
            return f"sso-plugin login --sso-session {shlex.quote(self.session_name)}"
        url = shlex.quote(self.start_url)
        return f"sso-plugin login --start-url {url} --sso-region {self.region}"

    @property
    def doctor_command(self) -> str:
        """The command that finds configuration problems."""
        return self.login_command.replace(" login ", " doctor ", 1)

    @classmethod
    def find(
        cls, full_config: Mapping[str, Any], name: str, config_file: str = "~/.aws/config"
    ) -> SsoProfile | None:
        """Return the settings of a profile; None if it has no SSO keys.

        :param full_config: ``botocore.session.Session.full_config``.
        :param config_file: the path in error messages.
        :raises ConfigError: for a missing, inconsistent or invalid value. It is an
            ``InvalidConfigError``, which botocore's own provider raises.
        """
        section = full_config.get("profiles", {}).get(name, {})
        if not has_sso_keys(section):
            return None
        return _Reader(full_config, section, name, config_file).profile()

    @classmethod
    def of(cls, session: Session, name: str | None = None) -> SsoProfile | None:
        """Return the settings of a profile of a session.

        :param name: the name of the profile; None for the current one.
        """
        # Not Session.profile, after which the current profile cannot change any longer.
        name = name or session.get_config_variable("profile") or "default"
        return cls.find(session.full_config, name, session.get_config_variable("config_file"))

    @classmethod
    def login_of(cls, session: Session, name: str | None = None) -> SsoProfile | None:
        """Return the login of a profile, without its role; None if the profile names no login.

        As in botocore's token provider, the values of the sso-session win, and the account and the
        role are not checked.

        :raises ConfigError: if the sso-session, the start URL or the region is missing.
        """
        name = name or session.get_config_variable("profile") or "default"
        section = session.full_config.get("profiles", {}).get(name, {})
        if not any(key in section for key in IDENTITY_KEYS):
            return None
        file = session.get_config_variable("config_file")
        return _Reader(session.full_config, section, name, file).login()

    @classmethod
    def of_sso_session(cls, session: Session, name: str) -> SsoProfile:
        """Return the login of an sso-session of the config, without account and role.

        :raises ConfigError: if the sso-session does not exist or is not complete.
        """
        file = session.get_config_variable("config_file")
        reader = _Reader(session.full_config, {"sso_session": name}, None, file)
        return reader.login(may_be_empty=False)


class _Reader:
    """Reads one profile. Each error message names the key, the profile and the file."""

    def __init__(
        self,
        full_config: Mapping[str, Any],
        section: Mapping[str, Any],
        name: str | None,
        file: str,
    ) -> None:
        self._name = name
        self._file = file
        self._section = section
        self._subject = (
            f'sso-session "{section["sso_session"]}"' if name is None else f'profile "{name}"'
        )
        self._where = f"the {self._subject} in {file}"
        self._session = self._find_session(full_config)
        self._merged = {**self._session, **section}

    def profile(self) -> SsoProfile:
        self._check_agreement()
        self._check_complete(self._required())
        return self._settings(
            account_id=self._text("sso_account_id") or None,
            account_name=self._text("sso_account_name") or None,
            role_name=self._text("sso_role_name") or None,
        )

    def login(self, *, may_be_empty: bool = True) -> SsoProfile:
        own = {key: value for key, value in self._section.items() if key in _OWN_KEYS}
        merged = {**self._section, **self._session, **own}
        self._merged = {key: merged[key] for key in merged if key not in _ROLE_OPTIONS}
        if not (may_be_empty and self._merged.keys() >= set(LOGIN_KEYS)):
            self._check_complete(LOGIN_KEYS)
        return self._settings()

    def _settings(self, **role: str | None) -> SsoProfile:
        scopes = [scope.strip() for scope in self._text("sso_registration_scopes").split(",")]
        return SsoProfile(
            name=self._name,
            start_url=self._text("sso_start_url"),
            region=self._text("sso_region"),
            session_name=self._section.get("sso_session"),
            registration_scopes=tuple(filter(None, scopes)) or DEFAULT_SCOPES,
            options=options_of(self._merged, self._where),
            config_file=self._file,
            **role,
        )

    def _find_session(self, full_config: Mapping[str, Any]) -> Mapping[str, Any]:
        name = self._section.get("sso_session")
        if name is None:
            return {}
        sessions: Mapping[str, Mapping[str, Any]] = full_config.get("sso_sessions", {})
        if not isinstance(name, str) or name not in sessions:
            used_by = "" if self._name is None else f", which {self._where} uses"
            file = self._file if self._name is None else "that file"
            raise _error(
                f'The specified sso-session does not exist: "{name}"{used_by}',
                f"Add a section [sso-session {name}] with sso_start_url and sso_region to {file}.",
                sessions,
                str(name),
            )
        return sessions[name]

    def _check_agreement(self) -> None:
        for key, value in self._session.items():
            if key not in _OWN_KEYS and self._section.get(key, value) != value:
                raise _error(
                    f"The value for {key} is inconsistent between profile "
                    f"({self._section[key]}) and sso-session ({value})",
                    f"Remove {key} from {self._where}, or make both the same.",
                )

    def _required(self) -> tuple[str, ...]:
        if not any(key in self._section for key in ROLE_KEYS):
            return LOGIN_KEYS
        account = "sso_account_name" if self._text("sso_account_name") else "sso_account_id"
        return ("sso_role_name", account, *LOGIN_KEYS)

    def _check_complete(self, required: tuple[str, ...]) -> None:
        missing = [key for key in required if not self._text(key)]
        if missing:
            raise _error(
                f"The {self._subject} is configured to use SSO but is missing "
                f"required configuration: {', '.join(missing)}",
                f"Add {'it' if len(missing) == 1 else 'them'} to {self._where}"
                f"{self._session_hint(missing)}.",
            )

    def _session_hint(self, missing: list[str]) -> str:
        name = self._section.get("sso_session")
        belongs_there = name and self._name is not None and set(missing) & set(LOGIN_KEYS)
        return f" (sso_start_url and sso_region: to [sso-session {name}])" if belongs_there else ""

    def _text(self, key: str) -> str:
        value = self._merged.get(key, "")
        if not isinstance(value, str):
            from .options import invalid_value

            raise invalid_value(key, self._where, "a nested section", "one line of text")
        return value.strip()


def options_of(values: Mapping[str, Any], where: str = "") -> Options:
    """Return what the own keys of a section say. The environment may name the store."""
    store = os.environ.get(STORE, "").strip()
    if not store and not _OWN_KEYS & values.keys():
        return Options()
    from .options import read_options

    return Options(**read_options(values, where, store))


def _error(problem: str, fix: str, names: Iterable[str] = (), name: str = "") -> ConfigError:
    # Not at the top: a session with a valid profile does not need it.
    from ..errors import ConfigError, did_you_mean

    return ConfigError(problem=problem, fix=f"{did_you_mean(name, names)} {fix}".lstrip())
