"""What there is on this machine: logins, their profiles, and the next step. Reads files only."""

from __future__ import annotations

import shlex
import time
from typing import TYPE_CHECKING, NamedTuple

from sso_plugin.clock import Clock
from sso_plugin.config.profile import SsoProfile
from sso_plugin.credentials.access_token import AccessToken, TokenState
from sso_plugin.storage import Stores
from sso_plugin.storage.keys import token_key
from sso_plugin.storage.waiting import unattended

from .aws_variables import chosen_profile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .local_names import LocalConfig

__all__ = ["LocalLogin", "local_logins", "next_step"]

_LOGIN_NEEDED = "login needed"
_UNKNOWN = "unknown"
"""The state of a login whose token cannot be read without a question, or a store."""


class LocalLogin(NamedTuple):
    """A login of the config file.

    :param name: the sso-session, or else the start URL.
    :param state: as in `Status`, or ``incomplete``, or ``unknown``.
    :param until: when the login ends at the latest, in epoch seconds; None if that is not known.
    :param profiles: the names of its profiles.
    :param profile: its settings; None if they are not complete.
    """

    name: str
    state: str
    until: float | None
    profiles: tuple[str, ...]
    profile: SsoProfile | None

    @property
    def login_command(self) -> str:
        """The command that logs in."""
        by_name = self.profiles[0] if self.profiles else ""
        if self.profile and self.profile.session_name and self.name not in self.profiles:
            by_name = self.name
        if by_name and not by_name.startswith("-"):
            return f"sso-plugin login {shlex.quote(by_name)}"
        return self.profile.login_command if self.profile else "sso-plugin doctor"


def local_logins(config: LocalConfig) -> Iterator[LocalLogin]:
    """Yield the logins of a config file, each once, with their state by the files of tokens."""
    profiles: dict[str, list[str]] = {name: [] for name in config.sso_sessions}
    for name, section in config.profiles.items():
        login = section.get("sso_session") or section.get("sso_start_url", "").strip()
        if login:
            profiles.setdefault(login, []).append(name)
    for name, names in profiles.items():
        found = _settings(config, name, names)
        state, until = ("incomplete", None) if found is None else _state(found)
        yield LocalLogin(name, state, until, tuple(names), found)


def next_step(logins: list[LocalLogin], environ: Mapping[str, str]) -> str:
    """Return the command that a person most likely needs next."""
    if not logins:
        return "sso-plugin configure"
    profile = chosen_profile(environ)
    login = next((each for each in logins if profile in each.profiles), logins[0])
    if login.state == _LOGIN_NEEDED:
        return login.login_command
    if login.state in ("incomplete", _UNKNOWN):
        return "sso-plugin doctor"
    if not login.profiles:
        return f"sso-plugin configure --sso-session {shlex.quote(login.name)}"
    name = profile if profile in login.profiles else login.profiles[0]
    return f"sso-plugin exec --profile {shlex.quote(name)} -- python your_script.py"


def _settings(config: LocalConfig, name: str, profiles: list[str]) -> SsoProfile | None:
    """Return the settings of a login; None if they are not complete."""
    section = {"sso_session": name}
    if name not in config.sso_sessions:
        keys = config.profiles[profiles[0]]
        if "sso_session" in keys:
            return None
        # Without its role, which may be incomplete.
        role = ("sso_account_id", "sso_account_name", "sso_role_name")
        section = {key: value for key, value in keys.items() if key not in role}
    known = {"profiles": {name: section}, "sso_sessions": config.sso_sessions}
    try:
        return SsoProfile.find(known, name, config.path)
    except Exception:  # noqa: BLE001 - a ConfigError, whose module imports botocore
        return None


def _state(profile: SsoProfile) -> tuple[str, float | None]:
    tokens, key, now = Stores(profile.options).tokens, token_key(profile), time.time()
    with unattended():
        token = AccessToken.from_entry(tokens.get(key), Clock())
    if token is None:
        is_unknown = tokens.mark(key) or profile.options.store
        return (_UNKNOWN if is_unknown else _LOGIN_NEEDED), None
    if token.state(now) is not TokenState.EXPIRED:
        return "usable", token.login_ends_at(now)
    if token.can_be_renewed(now):
        return "renewable", token.login_ends_at(now)
    return _LOGIN_NEEDED, None
