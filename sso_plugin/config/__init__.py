"""Which profiles are ours to serve. Every session asks, so this imports next to nothing."""

from __future__ import annotations

TYPE_CHECKING = False  # a plain name: sessions without SSO do not pay for typing
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = ["IDENTITY_KEYS", "ROLE_KEYS", "has_sso_keys", "is_served"]

IDENTITY_KEYS = ("sso_session", "sso_start_url")
ROLE_KEYS = ("sso_account_id", "sso_account_name", "sso_role_name")


def has_sso_keys(section: Mapping[str, Any]) -> bool:
    """Tell whether a profile section has anything to do with Identity Center."""
    return any(key in section for key in IDENTITY_KEYS + ROLE_KEYS)


def is_served(full_config: Mapping[str, Any], name: str) -> bool:
    """Tell whether a profile is ours to serve: it has SSO keys, and does not switch us off."""
    section = full_config.get("profiles", {}).get(name, {})
    name = section.get("sso_session")
    sessions = full_config.get("sso_sessions", {})
    session = sessions.get(name, {}) if isinstance(name, str) else {}
    switch = str(section.get("sso_plugin", session.get("sso_plugin", "on")))
    return has_sso_keys(section) and switch.strip().lower() != "off"
