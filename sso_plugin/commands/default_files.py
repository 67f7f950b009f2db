"""Config files in which the profile ``default`` has the settings of chosen credentials.

SDKs use an endpoint with credentials only if they find no other ones. So the files hide those of
the profile ``default``. The other profiles of the two files stay visible, except those in the
config file that contain a secret.
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sso_plugin.errors import SsoPluginError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from botocore.session import Session

    from .chosen_credentials import ChosenCredentials

__all__ = ["file_errors", "write_config_files"]

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


def write_config_files(folder: Path, chosen: ChosenCredentials) -> dict[str, str]:
    """Write config files, and return the variables that make SDKs use them.

    :param folder: an empty folder that only this user can read.
    :raises SsoPluginError: if they cannot be written.
    """
    config, credentials = folder / "config", folder / "credentials"
    _write(config, _config_text(chosen).encode())
    variables = {"AWS_CONFIG_FILE": str(config)}
    text = _read(chosen.session.get_config_variable("credentials_file"))
    if (without_default := _without_default(text)) != text:
        _write(credentials, without_default)
        variables["AWS_SHARED_CREDENTIALS_FILE"] = str(credentials)
    if any(map(_boto_has_keys, _BOTO_FILES)):
        # Otherwise botocore uses the keys in these files instead of the endpoint.
        variables["BOTO_CONFIG"] = str(folder / "boto")
    return variables


@contextlib.contextmanager
def file_errors(path: Path) -> Iterator[None]:
    """Report which file or folder cannot be written."""
    try:
        yield
    except OSError as exc:
        raise SsoPluginError(
            subject=str(path), problem=f"cannot be written: {exc.strerror or exc}"
        ) from exc


def _write(path: Path, content: bytes) -> None:
    with file_errors(path):
        # Set the mode before the file has content: only this user may read it.
        path.touch(mode=0o600)
        path.write_bytes(content)


def _read(path: str) -> bytes:
    """Return the content of a file. As in botocore, a file that cannot be read counts as empty."""
    try:
        # Unlike pathlib, this does not fail without a home directory.
        return Path(os.path.expanduser(os.path.expandvars(path))).read_bytes()  # noqa: PTH111
    except OSError:
        return b""


def _without_default(text: bytes) -> bytes:
    """Return the content of a credentials file without its profile ``default``."""
    kept, is_kept = [], True
    for line in text.splitlines(keepends=True):
        header = _HEADER.match(line)
        if header:
            name = header[1].decode("utf-8", "replace")
            is_kept = not (_is_default(name) or _is_default(name.rpartition("]")[0]))
        if is_kept:
            kept.append(line)
    return b"".join(kept)


def _boto_has_keys(path: str) -> bool:
    """Return whether botocore finds keys in a file of boto 2, or cannot parse it."""
    from botocore.configloader import raw_config_parse
    from botocore.exceptions import ConfigNotFound, ConfigParseError

    try:
        return "aws_access_key_id" in raw_config_parse(path).get("Credentials", {})
    except ConfigNotFound:
        return False
    except ConfigParseError:
        return True


def _config_text(chosen: ChosenCredentials) -> str:
    """Return a config in which ``default`` has the settings of the profile, and no credentials.

    It has all other sections too, except those that contain a secret.
    """
    settings = {
        key: value
        for key, value in chosen.session.get_scoped_config().items()
        if key not in (*_CREDENTIAL_KEYS, "region") and not key.startswith("sso_")
    }
    region = chosen.region.variables["AWS_REGION"]
    others = {
        name: values
        for name, values in _sections(chosen.session, "config_file").items()
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
    """Return whether botocore or another SDK reads a section as the profile ``default``."""
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
    # A line break must not start a line that is not indented: it could be a section header.
    return _LINE_END.sub("\n  ", str(value))
