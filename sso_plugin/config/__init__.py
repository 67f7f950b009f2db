"""Which profiles sso-plugin serves. Imported by each session, so it imports no other module."""

from __future__ import annotations

TYPE_CHECKING = False  # a plain name: importing typing would slow down sessions without SSO
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

__all__ = [
    "IDENTITY_KEYS",
    "LOGIN_KEYS",
    "ROLE_KEYS",
    "STORE",
    "has_sso_keys",
    "is_served",
    "source_profiles",
]

IDENTITY_KEYS = ("sso_session", "sso_start_url")
"""The keys that name an Identity Center."""

LOGIN_KEYS = ("sso_start_url", "sso_region")
"""The keys that a login needs."""

ROLE_KEYS = ("sso_account_id", "sso_account_name", "sso_role_name")
"""The keys that name an account or a role."""

STORE = "SSO_PLUGIN_STORE"
"""The variable with the address of a store of many machines. It replaces ``sso_store``."""


def has_sso_keys(section: Mapping[str, Any]) -> bool:
    """Return whether a section of a profile has a key that names an Identity Center or a role."""
    return any(key in section for key in IDENTITY_KEYS + ROLE_KEYS)


def is_served(full_config: Mapping[str, Any], name: str) -> bool:
    """Return whether sso-plugin serves a profile: it has SSO keys, and no ``sso_plugin = off``."""
    section = full_config.get("profiles", {}).get(name, {})
    session_name = section.get("sso_session")
    sessions = full_config.get("sso_sessions", {})
    session = sessions.get(session_name, {}) if isinstance(session_name, str) else {}
    switch = str(section.get("sso_plugin", session.get("sso_plugin", "on")))
    return has_sso_keys(section) and switch.strip().lower() != "off"


def source_profiles(profiles: Mapping[str, Any], name: str) -> Iterator[str]:
    """Yield the source profiles in the role chain of a profile."""
    seen = {name}
    while "role_arn" in profiles.get(name, {}):
        name = profiles[name].get("source_profile")
        if name in seen or name not in profiles:
            return
        seen.add(name)
        yield name
