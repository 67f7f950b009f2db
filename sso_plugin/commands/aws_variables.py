"""The environment variables that choose credentials and region, and how `env` is undone.

`env` notes in `UNDO` what it replaces. So a second call, `env --unset`, `exec` and `console` see
the environment as it was before. The note holds no keys.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    _Note = dict[str, tuple[str | None, str | None]]

__all__ = [
    "IN_THE_WAY",
    "KEYS",
    "REGIONS",
    "UNDO",
    "chosen_profile",
    "hidden_profile",
    "outside",
    "undone",
    "with_note",
]

KEYS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
)
REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")
UNDO = "SSO_PLUGIN_UNDO"
"""For each variable that `env` changed: the value before, and the value that it set."""

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

IN_THE_WAY = (*KEYS, *_OLD_KEYS, *_OTHER_SOURCES)
"""What would make a program use other credentials, or describes them."""

_NOTED = frozenset((*_OTHER_SOURCES, *REGIONS))


def outside(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment as it was before `env`; what was changed since then stays."""
    found = {name: value for name, value in environ.items() if name != UNDO}
    for name, (before, after) in _note(environ).items():
        if environ.get(name) == after:
            found.pop(name, None)
            found.update({} if before is None else {name: before})
    return found


def chosen_profile(environ: Mapping[str, str]) -> str:
    """Return the profile that botocore uses where none is named, as if `env` had not run."""
    found = outside(environ)
    # The first that is set counts, even if it is empty, as in botocore.
    return next((found[name] for name in _PROFILES if name in found), "") or "default"


def hidden_profile(environ: Mapping[str, str]) -> str | None:
    """Return the profile that `env` has unset; None if it has unset none, or one is set now."""
    if UNDO not in environ or any(name in environ for name in _PROFILES):
        return None
    found = outside(environ)
    return chosen_profile(environ) if any(name in found for name in _PROFILES) else None


def with_note(
    variables: Mapping[str, str | None], environ: Mapping[str, str]
) -> dict[str, str | None]:
    """Return the variables that `env` sets and unsets, with the note that undoes them."""
    before = outside(environ)
    note = {
        name: (before.get(name), value)
        for name, value in variables.items()
        if name in _NOTED and before.get(name) != value
    }
    return {**variables, UNDO: json.dumps(note)}


def undone(environ: Mapping[str, str]) -> dict[str, str | None]:
    """Return the variables that undo `env`; none if it has not run in this environment."""
    if UNDO not in environ:
        return {}
    before = outside(environ)
    noted = {name: before.get(name) for name in _note(environ)}
    return {**dict.fromkeys(KEYS), **noted, UNDO: None}


def _note(environ: Mapping[str, str]) -> _Note:
    try:
        document = json.loads(environ.get(UNDO) or "{}")
        note = {name: (before, after) for name, (before, after) in document.items()}
    except (ValueError, TypeError, AttributeError, RecursionError):
        note = {"": (None, None)}
    values = [value for pair in note.values() for value in pair]
    if note.keys() - _NOTED or not all(isinstance(value, str | None) for value in values):
        # The list of commands does not need botocore, which this imports.
        from sso_plugin.errors import ConfigError

        raise ConfigError(
            subject=UNDO, problem="does not hold what `sso-plugin env` wrote", fix=f"Unset {UNDO}."
        )
    return note
