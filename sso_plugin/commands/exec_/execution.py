"""A command with the credentials of a profile, which are renewed while it runs.

The command gets its credentials from a `CredentialsEndpoint`, which is the last place that SDKs
check. So everything that comes first is hidden from the command: variables with keys, and the
credentials of the profile ``default``. The other profiles of the two files stay visible, except
those in the config file that contain a secret.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sso_plugin.signin import wait_option

from ..aws_variables import OTHER_CREDENTIALS, REGIONS, UNDO
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
    arguments: Sequence[str],
    profile_name: str | None = None,
    environ: Mapping[str, str] = os.environ,
) -> int:
    """Run a command and return its exit code. The endpoint and its files exist only while it runs.

    :raises botocore.exceptions.BotoCoreError: if there are no credentials.
    :raises OSError: if the command does not exist or cannot be run.
    """
    keys = ProfileCredentials.of(profile_name, environ)
    # Fetch before the command starts, so that the user sees the error.
    keys.fetch()
    # The endpoint does not wait for a login: the SDKs that call it have timeouts.
    wait_option.set_meaning("never")
    with tempfile.TemporaryDirectory(prefix="sso-plugin-") as folder:
        files = _write_files(Path(folder), keys)
        with CredentialsEndpoint(keys.fetch) as endpoint:
            variables = {**_without_credentials(environ, keys.region), **endpoint.environment()}
            return run_child(arguments, {**variables, **files})


def _without_credentials(environ: Mapping[str, str], region: Region) -> dict[str, str]:
    hidden = {*OTHER_CREDENTIALS, *REGIONS, UNDO}
    kept = {name: value for name, value in environ.items() if name not in hidden}
    # Some SDKs do not read the region in the config file by default.
    return {**kept, **{name: value for name, value in region.variables.items() if value}}


def _write_files(folder: Path, keys: ProfileCredentials) -> dict[str, str]:
    """Write config files for the command, and return the variables with their paths."""
    config = folder / "config"
    config.write_text(_config_text(keys), encoding="utf-8")
    variables = {"AWS_CONFIG_FILE": str(config)}
    text = _read(keys.session.get_config_variable("credentials_file"))
    if (without_default := _without_default(text)) != text:
        credentials = folder / "credentials"
        # Set the mode before the file has content: only this user may read it.
        credentials.touch(mode=0o600)
        credentials.write_bytes(without_default)
        variables["AWS_SHARED_CREDENTIALS_FILE"] = str(credentials)
    if any(map(_boto_has_keys, _BOTO_FILES)):
        # Otherwise botocore uses the keys in these files instead of the endpoint.
        variables["BOTO_CONFIG"] = str(folder / "boto")
    return variables


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


def _config_text(keys: ProfileCredentials) -> str:
    """Return a config in which ``default`` has the settings of the profile, and no credentials.

    It has all other sections too, except those that contain a secret.
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
