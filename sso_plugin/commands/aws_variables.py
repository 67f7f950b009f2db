"""The environment variables that select credentials and a region, and how a change is undone.

`env` and `serve` record in the variable `UNDO` what they change in a shell, and `exec` records in
`IN_EXEC` what is different for its command. So a second call, `env --unset`, `exec` and `console`
see the environment as it was before. The records contain no keys.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from .credentials_choice import PROFILE_LABEL, ROLE_LABELS, SESSION_LABEL

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    _Changes = dict[str, tuple[str | None, str | None]]

__all__ = [
    "CONFIG_FILES",
    "IN_EXEC",
    "KEYS",
    "LABELS",
    "OTHER_CREDENTIALS",
    "REGIONS",
    "UNDO",
    "chosen_profile",
    "environment_before",
    "login_of_shell",
    "own_environment",
    "profile_before_env",
    "record",
    "switch_variables",
    "undo_variables",
    "use_own_files",
]

KEYS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
)
REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")
LABELS = (PROFILE_LABEL, *ROLE_LABELS, SESSION_LABEL)
CONFIG_FILES = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")
UNDO = "SSO_PLUGIN_UNDO"
"""The variable in which `env` records, as JSON, what it changed: for each variable the value before
and the new value."""

IN_EXEC = "SSO_PLUGIN_EXEC"
"""The same for `exec`: how the environment of its command differs from that of the user."""

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

_RECORDED = frozenset((*_OTHER_SOURCES, *REGIONS, *LABELS, *CONFIG_FILES))

_SPECIAL = re.compile(r'[^\w .:/,"\\\[\]{}+=@-]', re.ASCII)
"""Characters with a meaning in a shell, cmd.exe included. JSON has other ways to write them."""

_WRITTEN_BY = {UNDO: "env", IN_EXEC: "exec"}


def environment_before(environ: Mapping[str, str], of: str = UNDO) -> dict[str, str]:
    """Return the environment as it was before `env` or `exec`; later changes are kept.

    :param of: `UNDO` or `IN_EXEC`.
    """
    found = {name: value for name, value in environ.items() if name != of}
    for name, (before, after) in _changes(environ, of).items():
        if environ.get(name) == after:
            found.pop(name, None)
            found.update({} if before is None else {name: before})
    return found


def own_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment as it was before `env` and `exec`, one inside the other."""
    return environment_before(environment_before(environ), IN_EXEC)


def use_own_files(environ: MutableMapping[str, str]) -> None:
    """Name the config files of the user again, in place of those of `exec` and `serve`.

    The latter are copies, which are deleted at the end. A record that is damaged is left to those
    who need it.
    """
    try:
        own = own_environment(environ)
    except Exception:  # noqa: BLE001 - a ConfigError, whose import would import botocore
        return
    for name in CONFIG_FILES:
        environ.pop(name, None)
        environ.update({name: own[name]} if name in own else {})


def chosen_profile(environ: Mapping[str, str]) -> str:
    """Return the profile that botocore would use by default if `env` and `exec` had not run."""
    found = own_environment(environ)
    # As in botocore, the first that is set counts, even if it is empty.
    return next((found[name] for name in _PROFILES if name in found), "") or "default"


def profile_before_env(environ: Mapping[str, str]) -> str | None:
    """Return the profile that `env` or `exec` unset; None if there is none, or one is set now."""
    if not {UNDO, IN_EXEC} & environ.keys() or any(name in environ for name in _PROFILES):
        return None
    found = own_environment(environ)
    return chosen_profile(environ) if any(name in found for name in _PROFILES) else None


def login_of_shell(
    environ: Mapping[str, str], *, as_profile: bool = False
) -> tuple[str | None, str | None]:
    """Return the profile or the sso-session of the login that a shell uses, for `env` and `exec`.

    It is the login of the credentials that they gave to the shell, otherwise that of the profile
    that they unset. Without them, or if a profile is set now, both are None.

    :param as_profile: prefer the profile of the credentials.
    """
    if not {UNDO, IN_EXEC} & environ.keys() or any(name in environ for name in _PROFILES):
        return None, None
    if as_profile and environ.get(PROFILE_LABEL):
        return environ[PROFILE_LABEL], None
    sso_session = environ.get(SESSION_LABEL)
    return (None, sso_session) if sso_session else (profile_before_env(environ), None)


def switch_variables(
    variables: Mapping[str, str | None], environ: Mapping[str, str]
) -> dict[str, str | None]:
    """Return variables that switch a shell to other credentials, with the record of the change.

    None unsets a variable. What an earlier switch changed, or the `exec` around it, is undone.
    """
    before, own = environment_before(environ), own_environment(environ)
    changed = {*_changes(environ, UNDO), *_changes(environ, IN_EXEC)}
    undone = {name: own.get(name) for name in (*REGIONS, *CONFIG_FILES) if name in changed}
    unset = dict.fromkeys((*OTHER_CREDENTIALS, *(name for name in LABELS if name in environ)))
    # In the order of the first mention, with the value of the last one.
    new = {**dict.fromkeys(variables), **unset, **undone, **variables}
    return {**new, UNDO: record(before, new)}


def undo_variables(environ: Mapping[str, str]) -> dict[str, str | None]:
    """Return the variables that undo `env`; empty if it did not run in this environment."""
    if UNDO not in environ:
        return {}
    before = environment_before(environ)
    restored = {name: before.get(name) for name in _changes(environ, UNDO)}
    return {**dict.fromkeys(KEYS), **restored, UNDO: None}


def record(before: Mapping[str, str], after: Mapping[str, str | None]) -> str:
    """Return a record of how variables differ: those of ``after``, and no keys."""
    changes = {
        name: (before.get(name), value)
        for name, value in after.items()
        if name in _RECORDED and before.get(name) != value
    }
    return _SPECIAL.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(changes))


def _changes(environ: Mapping[str, str], of: str) -> _Changes:
    try:
        document = json.loads(environ.get(of) or "{}")
        changes = {name: (before, after) for name, (before, after) in document.items()}
    except (ValueError, TypeError, AttributeError, RecursionError):
        changes = {"": (None, None)}
    values = [value for pair in changes.values() for value in pair]
    if changes.keys() - _RECORDED or not all(isinstance(value, str | None) for value in values):
        # Imported here because it imports botocore, which the list of commands does not need.
        from sso_plugin.errors import ConfigError

        raise ConfigError(
            subject=of,
            problem=f"was not written by `sso-plugin {_WRITTEN_BY[of]}`",
            fix=f"Unset {of}.",
        )
    return changes
