"""A command with the credentials of a profile, which renew for as long as it runs.

The credentials stay here: the command asks for them at a `CredentialsEndpoint`. SDKs look there
last, so all that would come first is taken out of the command's sight: variables with keys, and
the credentials of the profile ``default``. Other profiles of the two files stay in sight, except
those of the config file that hold a secret.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..aws_variables import IN_THE_WAY, REGIONS, UNDO
from ..container import CredentialsEndpoint
from ..profile_credentials import ProfileCredentials
from .child_process import run_child

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from botocore.session import Session

    from ..regions import Region

__all__ = ["run_with_credentials"]

_CREDENTIAL_KEYS = (
    "aws_access_key_id",
    "aws_account_id",
    "aws_secret_access_key",
    "aws_security_token",
    "aws_session_token",
    "credential_process",
    "credential_source",
    "duration_seconds",
    "external_id",
    "login_session",
    "mfa_serial",
    "role_arn",
    "role_session_name",
    "source_profile",
    "web_identity_token_file",
)
_BOTO_FILES = ("/etc/boto.cfg", "~/.boto")
_LINE_END = re.compile(r"\r\n|[\r\n]")
_SECRET_KEYS = {"aws_secret_access_key", "aws_session_token", "aws_security_token"}

# What one of the SDKs reads as the profile `default`; they differ in spaces, quotes and comments.
_DEFAULT = re.compile(r"""\s*(profile[\s.]\s*)?["']?\s*default\s*["']?\s*(\]|$)""")
_HEADER = re.compile(rb"\s*\[(.*)")


def run_with_credentials(
    words: Sequence[str],
    profile_name: str | None = None,
    environ: Mapping[str, str] = os.environ,
) -> int:
    """Run a command and return its exit code; its credentials are gone when it ends.

    :raises botocore.exceptions.BotoCoreError: if there are no credentials to begin with.
    :raises OSError: if there is no such command.
    """
    keys = ProfileCredentials.of(profile_name, environ)
    # Now rather than when the command asks: here there is somebody to read the error.
    keys.fetch()
    with tempfile.TemporaryDirectory(prefix="sso-plugin-") as folder:
        files = _write_files(Path(folder), keys)
        with CredentialsEndpoint(keys.fetch) as endpoint:
            variables = {**_without_others(environ, keys.region), **endpoint.environment()}
            return run_child(words, {**variables, **files})


def _without_others(environ: Mapping[str, str], region: Region) -> dict[str, str]:
    taken = {*IN_THE_WAY, *REGIONS, UNDO}
    kept = {name: value for name, value in environ.items() if name not in taken}
    # Some SDKs read the region of the config file only when told to.
    return {**kept, **{name: value for name, value in region.variables.items() if value}}


def _write_files(folder: Path, keys: ProfileCredentials) -> dict[str, str]:
    """Write the files that the command sees, and return the variables that lead to them."""
    config = folder / "config"
    config.write_text(_config_text(keys), encoding="utf-8")
    variables = {"AWS_CONFIG_FILE": str(config)}
    text = _read(keys.session.get_config_variable("credentials_file"))
    if (without_default := _without_default(text)) != text:
        credentials = folder / "credentials"
        # Before anything is in it: only this user may read it.
        credentials.touch(mode=0o600)
        credentials.write_bytes(without_default)
        variables["AWS_SHARED_CREDENTIALS_FILE"] = str(credentials)
    if any(map(_boto_has_keys, _BOTO_FILES)):
        # Without this variable, botocore reads them before it asks the endpoint.
        variables["BOTO_CONFIG"] = str(folder / "boto")
    return variables


def _read(path: str) -> bytes:
    """Return what a file holds. One that cannot be read counts as empty, as in botocore."""
    try:
        # Unlike that of pathlib, this does not fail where there is no home folder.
        return Path(os.path.expanduser(os.path.expandvars(path))).read_bytes()  # noqa: PTH111
    except OSError:
        return b""


def _without_default(text: bytes) -> bytes:
    """Return a credentials file without its profile ``default``, and otherwise as it is."""
    kept, wanted = [], True
    for line in text.splitlines(keepends=True):
        header = _HEADER.match(line)
        if header:
            name = header[1].decode("utf-8", "replace")
            wanted = not (_is_default(name) or _is_default(name.rpartition("]")[0]))
        if wanted:
            kept.append(line)
    return b"".join(kept)


def _boto_has_keys(path: str) -> bool:
    """Return whether botocore finds keys in a file of its predecessor, or cannot parse it."""
    from botocore.configloader import raw_config_parse
    from botocore.exceptions import ConfigNotFound, ConfigParseError

    try:
        return "aws_access_key_id" in raw_config_parse(path).get("Credentials", {})
    except ConfigNotFound:
        return False
    except ConfigParseError:
        return True


def _config_text(keys: ProfileCredentials) -> str:
    """Return a config whose profile ``default`` has the settings of ours and no credentials.

    All other sections are there too, except those that hold a secret.
    """
    settings = {
        key: value
        for key, value in keys.session.get_scoped_config().items()
        if key not in (*_CREDENTIAL_KEYS, "region") and not key.startswith("sso_")
    }
    region = keys.region.variables["AWS_REGION"]
    others = {
        name: values
        for name, values in _sections(keys.session, "config_file").items()
        if not _is_default(name) and not _SECRET_KEYS & values.keys()
    }
    sections = {"default": {**({"region": region} if region else {}), **settings}, **others}
    return "\n".join(_section_text(name, values) for name, values in sections.items())


def _sections(session: Session, variable: str) -> dict[str, dict[str, Any]]:
    from botocore.configloader import raw_config_parse
    from botocore.exceptions import ConfigNotFound

    try:
        sections: dict[str, dict[str, Any]] = raw_config_parse(
            session.get_config_variable(variable)
        )
    except ConfigNotFound:
        return {}
    return sections


def _is_default(section: str) -> bool:
    """Tell whether botocore or another SDK takes a section for the profile ``default``."""
    from botocore.configloader import build_profile_map

    of_botocore = build_profile_map({section: {}})["profiles"]
    return "default" in of_botocore or _DEFAULT.match(section) is not None


def _section_text(name: str, values: Mapping[str, Any]) -> str:
    return f"[{name}]\n" + "".join(
        f"{key} = {_value_text(value)}\n" for key, value in values.items()
    )


def _value_text(value: Any) -> str:
    if isinstance(value, dict):
        return "".join(f"\n  {key} = {inner}" for key, inner in value.items())
    # What a reader takes for the end of a line must not begin a line that is not indented.
    return _LINE_END.sub("\n  ", str(value))
