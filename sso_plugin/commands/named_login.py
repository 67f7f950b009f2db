"""A login by one name: that of a profile, or else that of an sso-session."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, NamedTuple

from sso_plugin.config import has_sso_keys
from sso_plugin.errors import ConfigError, did_you_mean
from sso_plugin.models import open_session_for_login
from sso_plugin.portal.account_choice import suggestions

if TYPE_CHECKING:
    from botocore.session import Session

__all__ = ["NamedLogin", "find_named_login"]


class NamedLogin(NamedTuple):
    """What a name stands for: one of the first two.

    :param note: a sentence for a person who may mean the other one; empty if there is none.
    """

    profile: str | None
    sso_session: str | None
    note: str = ""


def find_named_login(name: str) -> NamedLogin:
    """Return the profile with this name, or else the sso-session.

    A profile without SSO keys does not count if there is an sso-session with its name.

    :raises ConfigError: if there is neither.
    """
    session = open_session_for_login()
    profiles = session.full_config.get("profiles", {})
    sso_sessions = session.full_config.get("sso_sessions", {})
    if name not in profiles and name not in sso_sessions:
        raise _unknown(session, name, [*profiles, *sso_sessions])
    section = profiles.get(name, {})
    if name in sso_sessions and not has_sso_keys(section):
        return NamedLogin(None, name)
    if name in sso_sessions and section.get("sso_session") != name:
        note = (
            f'"{name}" is a profile and an sso-session with another login. The profile is used. '
            f"For the sso-session, use: --sso-session {shlex.quote(name)}"
        )
        return NamedLogin(name, None, note)
    return NamedLogin(name, None)


def _unknown(session: Session, name: str, names: list[str]) -> ConfigError:
    available = f"Available: {suggestions(names, name)}." if names else "Run: sso-plugin configure"
    return ConfigError(
        problem=f'There is no profile or sso-session "{name}" in '
        f"{session.get_config_variable('config_file')}",
        fix=did_you_mean(name, names) or available,
    )
