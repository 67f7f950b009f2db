"""``sso-plugin credential-process``: role credentials for the setting ``credential_process``.

Programs call it often and wait for it. So with a warm cache it does not import botocore or parse
the config. A memo file says which role file belongs to a profile. It is valid as long as the config
files, the role file and the token file do not change; otherwise everything is looked up again.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
"""

# ruff: noqa: PTH111, PTH116, PTH119 - importing pathlib takes longer than the rest

from __future__ import annotations

import os
import time

from sso_plugin.storage.keys import process_key
from sso_plugin.storage.reading import UnusableFileError, read_document

TYPE_CHECKING = False  # a plain name, because importing typing takes longer than the rest
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from botocore.session import Session

    from sso_plugin.credentials import Login
    from sso_plugin.credentials.role_credentials import RoleCredentials
    from sso_plugin.credentials.token_source import AskPerson

    from .credentials_choice import CredentialsChoice

    _Mark = list[int]
    _Marks = dict[str, _Mark | None]

__all__ = ["document_of", "process_document"]

_CONFIG_FILES = {
    "AWS_CONFIG_FILE": "~/.aws/config",
    "AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials",
}
_CREDENTIALS = ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration", "AccountId")
_NEEDED = _CREDENTIALS[:4]
_UNUSABLE_FILE = (UnusableFileError, OSError, ValueError, KeyError, TypeError)
_TOKEN_FOLDERS = ("sso/cache", "sso-plugin/sealed/tokens")
_HEX = frozenset("0123456789abcdef")
_RECORDS = ("SSO_PLUGIN_EXEC", "SSO_PLUGIN_UNDO")
"""Variables of a shell that may use the config files of `exec` or `serve`."""
_BEFORE_SSO = {"role_arn", "web_identity_token_file"}
"""Keys of a profile whose providers come before SSO in botocore."""
_REQUESTED = "SSO_PLUGIN_ASKED"
"""The profiles for which parent processes run this command, one per line."""


def process_document(profile_name: str | None = None) -> dict[str, Any]:
    """Return the document, Version 1, that SDKs expect from a credential process.

    :param profile_name: a profile in the AWS config file; ``AWS_PROFILE`` or ``default`` if None.
    :raises ConfigError: if the profile has no credentials.
    :raises SsoPluginError: if the credentials are not available.
    """
    if any(name in os.environ for name in _RECORDS):
        from .aws_variables import use_own_files

        use_own_files(os.environ)
    try:
        return _document(profile_name)
    except KeyboardInterrupt as exc:
        # The frames below contain secrets.
        raise exc.with_traceback(None)  # noqa: B904


def document_of(choice: CredentialsChoice) -> dict[str, Any]:
    """Return the same for a role, or for a profile with a given region.

    :raises ConfigError: if there is no such role.
    :raises SsoPluginError: if the credentials are not available.
    """
    from sso_plugin.credentials.role_credentials import members
    from sso_plugin.signin import wait_option

    from .chosen_credentials import ChosenCredentials

    if not (choice.is_role or choice.region):
        return process_document(choice.profile)
    wait_option.set_meaning("never")
    return {"Version": 1, **members(*ChosenCredentials.of(choice).fetch())}


def _document(profile_name: str | None) -> dict[str, Any]:
    credentials = _load_warm(profile_name) or _fetch(profile_name)
    return {"Version": 1, **{key: credentials[key] for key in _CREDENTIALS if key in credentials}}


def _load_warm(profile_name: str | None) -> Mapping[str, Any] | None:
    """Return the credentials in the role file, if a valid memo names the file."""
    try:
        return None if profile_name is None else _find_by_memo(profile_name)
    except _UNUSABLE_FILE:
        return None


def _find_by_memo(profile_name: str) -> Mapping[str, Any] | None:
    memo, _ = _read(os.path.expanduser(f"~/.aws/sso-plugin/{process_key(profile_name)}.json"))
    if memo["config"] != _config_marks() or not time.time() < memo["renew_from"]:
        return None
    if _token_marks(memo["token_file"]) != memo["token_marks"]:
        return None
    document, mark = _read(_path_in("cli/cache", memo["role_file"]))
    return _credentials_in(document) if mark == memo["role_mark"] else None


def _path_in(folder: str, path: str) -> str:
    """Return the path of a cache file that a memo names.

    :raises ValueError: if it is not in the cache.
    """
    name = os.path.basename(path)
    if len(name) != len(".json") + 40 or not name.endswith(".json") or set(name[:40]) - _HEX:
        raise ValueError("not a file of the cache")
    return os.path.expanduser(f"~/.aws/{folder}/{name}")


def _credentials_in(document: dict[str, Any]) -> Mapping[str, Any] | None:
    held = document["Credentials"]
    return held if all(isinstance(held[key], str) for key in _NEEDED) else None


def _read(path: str) -> tuple[dict[str, Any], _Mark]:
    """Read a file, and return its document and its mark.

    :raises UnusableFileError: if it is missing, or fails the checks of `storage.reading`.
    """
    found = read_document(path)
    if found is None:
        raise UnusableFileError("is missing")
    return found[0], _mark(found[1])


def _mark(status: os.stat_result) -> _Mark:
    """Return numbers that change whenever the file changes."""
    return [status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino]


def _token_marks(name: str) -> list[_Mark | None]:
    """Return the marks of a token file in clear text, and of one that is sealed."""
    return [_file_mark(_path_in(folder, name)) for folder in _TOKEN_FOLDERS]


def _file_mark(path: str) -> _Mark | None:
    try:
        return _mark(os.stat(path))
    except OSError:
        return None


def _config_marks() -> _Marks:
    """Return the marks of the config files of botocore; None for a missing file."""
    paths = [
        os.path.expanduser(os.path.expandvars(os.environ.get(variable, default)))
        for variable, default in _CONFIG_FILES.items()
    ]
    return {path: _file_mark(path) for path in paths}


def _fetch(profile_name: str | None) -> Mapping[str, Any]:
    """Load the credentials, or fetch them from the portal, once for all processes; write a memo."""
    from sso_plugin.config.profile import SsoProfile
    from sso_plugin.credentials import Login
    from sso_plugin.models import open_session
    from sso_plugin.session.providers import make_ask_person
    from sso_plugin.signin import wait_option

    from .aws_variables import chosen_profile

    # The program that runs this command has a timeout.
    wait_option.set_meaning("never")
    marks = _config_marks()
    name = profile_name or chosen_profile(os.environ)
    session = open_session(name)
    section = session.full_config.get("profiles", {}).get(name, {})
    profile = SsoProfile.of(session) if _gives_role_of_sso(section) else None
    if profile is None:
        return _fetch_otherwise(session, name)
    login = Login.of(session, profile)
    token_file = f"{login.key}.json"
    memo = {"config": marks, "token_file": token_file, "token_marks": _token_marks(token_file)}
    found = _valid_credentials(login, make_ask_person(lambda: session, profile))
    if profile_name and profile.options.cache == "file":
        # In the time of this machine, because a later call does not know the time of the portal.
        ahead = login.clock.now() - time.time()
        until = found.lifetime.long_enough_until(profile.options.minimum_lifetime) - ahead
        _write_memo(profile_name, login, found, {**memo, "renew_from": until})
    credentials: dict[str, Any] = found.document()["Credentials"]
    return credentials


def _gives_role_of_sso(section: Mapping[str, Any]) -> bool:
    """Return whether SSO is the first provider of botocore that serves a profile."""
    from sso_plugin.config import ROLE_KEYS

    return any(key in section for key in ROLE_KEYS) and not section.keys() & _BEFORE_SSO


def _fetch_otherwise(session: Session, name: str) -> Mapping[str, Any]:
    """Return the credentials of a profile without SSO, as `env` and `exec` do.

    They may come from a credential process, which may be this command.
    """
    from sso_plugin.credentials.role_credentials import members
    from sso_plugin.errors import ConfigError

    from .chosen_credentials import ChosenCredentials
    from .credentials_choice import CredentialsChoice

    requested = os.environ.get(_REQUESTED, "").splitlines()
    if name in requested:
        raise ConfigError(
            subject=f'The profile "{name}"',
            problem="gets its credentials from itself, through credential_process",
            fix="Use another profile in credential_process.",
        )
    os.environ[_REQUESTED] = "\n".join([*requested, name])
    try:
        profile = ChosenCredentials.find(CredentialsChoice(name))
        if profile is None:
            raise ConfigError(
                subject=f'The profile "{name}"',
                problem=f"has no role in {session.get_config_variable('config_file')}",
                fix="Add sso_session, sso_account_id and sso_role_name to it.",
            )
        return members(*profile.fetch())
    finally:
        os.environ[_REQUESTED] = "\n".join(requested)


def _valid_credentials(login: Login, ask: AskPerson | None) -> RoleCredentials:
    """Return credentials that last long enough; if the portal fails, cached ones that are valid."""
    from sso_plugin.credentials.role_source import role_source_of
    from sso_plugin.errors import SsoPluginError

    source = role_source_of(login, login.stores.roles, ask)
    try:
        return source.fetch(minimum=login.profile.options.minimum_lifetime)
    except SsoPluginError:
        found = source.load()
        if found is None:
            raise
        return found


def _write_memo(
    profile_name: str, login: Login, found: RoleCredentials, memo: dict[str, Any]
) -> None:
    """Write the memo, unless the role file is missing or the token changed in the meantime."""
    from sso_plugin.storage.keys import role_key

    path = login.stores.roles.describe(role_key(login.profile, found.account_id))
    try:
        document, mark = _read(path)
        held = document["Credentials"]
    except _UNUSABLE_FILE:
        return
    as_written = found.document()["Credentials"]
    if any(held.get(key) != as_written[key] for key in ("SessionToken", "Expiration")):
        # Another program wrote the file, possibly with a time in a format that SDKs cannot read.
        return
    if memo["token_marks"] == _token_marks(memo["token_file"]):
        memo = {**memo, "role_file": path, "role_mark": mark}
        login.stores.local.put(process_key(profile_name), memo)
