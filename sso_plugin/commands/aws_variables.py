"""The environment variables that select credentials and a region, and how `env` is undone.

`env` records in the variable `UNDO` what it changes. So a second call, `env --unset`, `exec` and
`console` see the environment as it was before. The record contains no keys.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    _Changes = dict[str, tuple[str | None, str | None]]

__all__ = [
    "KEYS",
    "OTHER_CREDENTIALS",
    "REGIONS",
    "UNDO",
    "chosen_profile",
    "environment_before",
    "profile_before_env",
    "undo_variables",
    "with_undo",
]

KEYS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
)
REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")
UNDO = "SSO_PLUGIN_UNDO"
"""The variable in which `env` records, as JSON, what it changed: for each variable the value before
and the new value."""

_OLD_KEYS = ("AWS_ACCESS_KEY", "AWS_SECRET_KEY", "AWS_SECURITY_TOKEN")
_PROFILES = ("AWS_DEFAULT_PROFILE", "AWS_PROFILE")
_OTHER_SOURCES = (
    "AWS_ACCOUNT_ID",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CREDENTIAL_FILE",
    *_PROFILES,
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "BOTO_CONFIG",
)

OTHER_CREDENTIALS = (*KEYS, *_OLD_KEYS, *_OTHER_SOURCES)
"""Variables that select other credentials, or describe them."""

_RECORDED = frozenset((*_OTHER_SOURCES, *REGIONS))


def environment_before(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment as it was before `env`; later changes are kept."""
    found = {name: value for name, value in environ.items() if name != UNDO}
    for name, (before, after) in _changes(environ).items():
        if environ.get(name) == after:
            found.pop(name, None)
            found.update({} if before is None else {name: before})
    return found


def chosen_profile(environ: Mapping[str, str]) -> str:
    """Return the profile that botocore would use by default if `env` had not run."""
    found = environment_before(environ)
    # As in botocore, the first that is set counts, even if it is empty.
    return next((found[name] for name in _PROFILES if name in found), "") or "default"


def profile_before_env(environ: Mapping[str, str]) -> str | None:
    """Return the profile that `env` unset; None if there is none, or a profile is set now."""
    if UNDO not in environ or any(name in environ for name in _PROFILES):
        return None
    found = environment_before(environ)
    return chosen_profile(environ) if any(name in found for name in _PROFILES) else None


def with_undo(
    variables: Mapping[str, str | None], environ: Mapping[str, str]
) -> dict[str, str | None]:
    """Return the variables that `env` sets and unsets, including the record of the changes."""
    before = environment_before(environ)
    changes = {
        name: (before.get(name), value)
        for name, value in variables.items()
        if name in _RECORDED and before.get(name) != value
    }
    return {**variables, UNDO: json.dumps(changes)}


def undo_variables(environ: Mapping[str, str]) -> dict[str, str | None]:
    """Return the variables that undo `env`; empty if it did not run in this environment."""
    if UNDO not in environ:
        return {}
    before = environment_before(environ)
    restored = {name: before.get(name) for name in _changes(environ)}
    return {**dict.fromkeys(KEYS), **restored, UNDO: None}


def _changes(environ: Mapping[str, str]) -> _Changes:
    try:
        document = json.loads(environ.get(UNDO) or "{}")
        changes = {name: (before, after) for name, (before, after) in document.items()}
    except (ValueError, TypeError, AttributeError, RecursionError):
        changes = {"": (None, None)}
    values = [value for pair in changes.values() for value in pair]
    if changes.keys() - _RECORDED or not all(isinstance(value, str | None) for value in values):
        # Imported here because it imports botocore, which the list of commands does not need.
        from sso_plugin.errors import ConfigError

        raise ConfigError(
            subject=UNDO, problem="was not written by `sso-plugin env`", fix=f"Unset {UNDO}."
        )
    return changes
