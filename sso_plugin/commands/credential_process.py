"""Role credentials for programs that call a process for them (``credential_process``).

Called often, by programs that wait: while the cache is warm, this imports nothing of botocore and
parses no config. A memo says which role file belongs to a profile. It holds for exactly the config
files, the role file and the token file that it was written for; in any doubt everything is looked
up again.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
"""

# ruff: noqa: PTH111, PTH116, PTH119 - importing pathlib takes longer than all that is done here

from __future__ import annotations

import os
import time

from sso_plugin.storage.keys import process_key
from sso_plugin.storage.reading import UnusableFileError, read_document

TYPE_CHECKING = False  # a plain name: importing typing would cost more than all the rest
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from botocore.session import Session

    from sso_plugin.config.profile import SsoProfile
    from sso_plugin.credentials import Login
    from sso_plugin.credentials.role_credentials import RoleCredentials
    from sso_plugin.credentials.token_source import AskPerson

    _Mark = list[int]
    _Marks = dict[str, _Mark | None]

__all__ = ["process_document"]

_CONFIG_FILES = {
    "AWS_CONFIG_FILE": "~/.aws/config",
    "AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials",
}
_CREDENTIALS = ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration", "AccountId")
_NEEDED = _CREDENTIALS[:4]
_UNUSABLE = (UnusableFileError, OSError, ValueError, KeyError, TypeError)
_HEX = frozenset("0123456789abcdef")
_BEFORE_SSO = {"role_arn", "web_identity_token_file"}
_ASKED = "SSO_PLUGIN_ASKED"
"""The profiles that processes above this one are asking for, one a line."""


def process_document(profile_name: str | None = None) -> dict[str, Any]:
    """Return the document, Version 1, that an SDK expects of a credential process.

    :param profile_name: a profile of the AWS config file; ``AWS_PROFILE`` or ``default`` if None.
    :raises ConfigError: if the profile gives no credentials.
    :raises SsoPluginError: if there are no credentials to be had.
    """
    try:
        return _document(profile_name)
    except KeyboardInterrupt as exc:
        # The frames below hold what was read.
        raise exc.with_traceback(None)  # noqa: B904


def _document(profile_name: str | None) -> dict[str, Any]:
    credentials = _load_warm(profile_name) or _fetch(profile_name)
    return {"Version": 1, **{key: credentials[key] for key in _CREDENTIALS if key in credentials}}


def _load_warm(profile_name: str | None) -> Mapping[str, Any] | None:
    """Return what the role file holds, if a memo says that it is the right one and fresh."""
    try:
        return None if profile_name is None else _find_by_memo(profile_name)
    except _UNUSABLE:
        return None


def _find_by_memo(profile_name: str) -> Mapping[str, Any] | None:
    memo, _ = _read(os.path.expanduser(f"~/.aws/sso-plugin/{process_key(profile_name)}.json"))
    if memo["config"] != _config_marks() or not time.time() < memo["renew_from"]:
        return None
    if _file_mark(_path_in("sso/cache", memo["token_file"])) != memo["token_mark"]:
        return None
    document, mark = _read(_path_in("cli/cache", memo["role_file"]))
    return _credentials_in(document) if mark == memo["role_mark"] else None


def _path_in(folder: str, path: str) -> str:
    """Return the path of a cache file that a memo names. It cannot be outside the cache."""
    name = os.path.basename(path)
    if len(name) != len(".json") + 40 or not name.endswith(".json") or set(name[:40]) - _HEX:
        raise ValueError("not a file of the cache")
    return os.path.expanduser(f"~/.aws/{folder}/{name}")


def _credentials_in(document: dict[str, Any]) -> Mapping[str, Any] | None:
    held = document["Credentials"]
    return held if all(isinstance(held[key], str) for key in _NEEDED) else None


def _read(path: str) -> tuple[dict[str, Any], _Mark]:
    """Read a file, and return its document and its mark.

    :raises UnusableFileError: if it is missing or fails the checks of `filereading`.
    """
    found = read_document(path)
    if found is None:
        raise UnusableFileError("is missing")
    return found[0], _mark(found[1])


def _mark(status: os.stat_result) -> _Mark:
    """Return what changes when a file does."""
    return [status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino]


def _file_mark(path: str) -> _Mark | None:
    try:
        return _mark(os.stat(path))
    except OSError:
        return None


def _config_marks() -> _Marks:
    """Return the marks of the config files, found as botocore finds them; None for no file."""
    paths = [
        os.path.expanduser(os.path.expandvars(os.environ.get(variable, default)))
        for variable, default in _CONFIG_FILES.items()
    ]
    return {path: _file_mark(path) for path in paths}


def _fetch(profile_name: str | None) -> Mapping[str, Any]:
    """Look everything up, and ask the portal if need be: once for all processes."""
    from sso_plugin.config.profile import SsoProfile
    from sso_plugin.credentials import Login
    from sso_plugin.models import open_session
    from sso_plugin.session.providers import make_ask_person

    from .aws_variables import chosen_profile

    marks = _config_marks()
    name = profile_name or chosen_profile(os.environ)
    session = open_session(name)
    section = session.full_config.get("profiles", {}).get(name, {})
    profile = SsoProfile.of(session) if _gives_role_of_sso(section) else None
    if profile is None:
        return _fetch_otherwise(session, name)
    login = Login.of(session, profile)
    token_file = login.store.describe(login.key)
    memo = {"config": marks, "token_file": token_file, "token_mark": _file_mark(token_file)}
    found = _valid_credentials(login, make_ask_person(session, profile))
    if profile_name and profile.options.cache == "file":
        # By the clock of this machine, which is all that a later call looks at.
        ahead = login.clock.now() - time.time()
        until = found.lifetime.long_enough_until(profile.options.minimum_lifetime) - ahead
        _remember(profile_name, profile, found, {**memo, "renew_from": until})
    credentials: dict[str, Any] = found.document()["Credentials"]
    return credentials


def _gives_role_of_sso(section: Mapping[str, Any]) -> bool:
    """Tell whether SSO is the first that botocore finds in a profile."""
    from sso_plugin.config import ROLE_KEYS

    return any(key in section for key in ROLE_KEYS) and not section.keys() & _BEFORE_SSO


def _fetch_otherwise(session: Session, name: str) -> Mapping[str, Any]:
    """Return what botocore gets for another profile, as `env` and `exec` do.

    That may be a credential process, which may be this command.
    """
    from sso_plugin.credentials.role_credentials import members
    from sso_plugin.errors import ConfigError

    from .profile_credentials import ProfileCredentials

    asked = os.environ.get(_ASKED, "").splitlines()
    if name in asked:
        raise ConfigError(
            subject=f'The profile "{name}"',
            problem="gets its credentials from itself: its credential_process leads back to it",
            fix="Name a profile with a role there.",
        )
    os.environ[_ASKED] = "\n".join([*asked, name])
    try:
        profile = ProfileCredentials.find(name)
        if profile is None:
            raise ConfigError(
                subject=f'The profile "{name}"',
                problem=f"names no role in {session.get_config_variable('config_file')}",
                fix="Add sso_session, sso_account_id and sso_role_name to it.",
            )
        return members(*profile.fetch())
    finally:
        os.environ[_ASKED] = "\n".join(asked)


def _valid_credentials(login: Login, ask: AskPerson | None) -> RoleCredentials:
    """Return fresh credentials; if there are none to be had, those that are still valid."""
    from sso_plugin.credentials.role_source import role_source_of
    from sso_plugin.errors import SsoPluginError
    from sso_plugin.storage.cache import MemoryCache
    from sso_plugin.storage.file_cache import role_cache

    options = login.profile.options
    source = role_source_of(login, role_cache() if options.cache == "file" else MemoryCache(), ask)
    try:
        return source.fetch(minimum=options.minimum_lifetime)
    except SsoPluginError:
        found = source.load()
        if found is None:
            raise
        return found


def _remember(
    profile_name: str, profile: SsoProfile, found: RoleCredentials, memo: dict[str, Any]
) -> None:
    """Write the memo, if the role file is really there, and the token has not changed since."""
    from sso_plugin.storage.file_cache import own_cache, role_cache
    from sso_plugin.storage.keys import role_key

    path = role_cache().describe(role_key(profile, found.account_id))
    try:
        document, mark = _read(path)
        held = document["Credentials"]
        _path_in("sso/cache", memo["token_file"])
    except _UNUSABLE:
        return
    as_written = found.document()["Credentials"]
    if any(held.get(key) != as_written[key] for key in ("SessionToken", "Expiration")):
        # Also for an end in another form, which a later call would pass on to an SDK.
        return
    if memo["token_mark"] == _file_mark(memo["token_file"]):
        own_cache().put(process_key(profile_name), {**memo, "role_file": path, "role_mark": mark})
