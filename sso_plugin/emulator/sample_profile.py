"""A profile for `~/.aws/config`, for the organization of the emulator."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .state.organization import Organization

__all__ = ["profile_text"]


def profile_text(
    organization: Organization,
    name: str,
    *,
    account_id: str,
    role_name: str,
    session_name: str | None,
) -> str:
    """Return a profile and its sso-session. Without a session name, return a legacy profile."""
    portal = {"sso_start_url": organization.start_url, "sso_region": organization.region}
    role = {"sso_account_id": account_id, "sso_role_name": role_name, "region": organization.region}
    title = name if name == "default" else f"profile {name}"
    if session_name is None:
        return _section(title, {**portal, **role})

    portal["sso_registration_scopes"] = "sso:account:access"
    session = _section(f"sso-session {session_name}", portal)
    return session + "\n" + _section(title, {"sso_session": session_name, **role})


def _section(title: str, values: dict[str, str]) -> str:
    return f"[{title}]\n" + "".join(f"{key} = {value}\n" for key, value in values.items())
