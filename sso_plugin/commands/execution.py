"""A command with the credentials of a profile, which renew for as long as it runs.

The credentials stay here: the command asks for them at a `CredentialsEndpoint`. SDKs look there
last, so all that would come first is taken out of the command's sight: variables with keys, and
the credentials of the profile ``default``.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .childprocess import run_child
from .container import CredentialsEndpoint
from .profilekeys import ProfileKeys

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from botocore.session import Session

__all__ = ["run_with_credentials"]

_IN_THE_WAY = (
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_ACCOUNT_ID",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_CREDENTIAL_FILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_SECURITY_TOKEN",
    "AWS_SESSION_TOKEN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "BOTO_CONFIG",
)

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
_LINE_END = re.compile(r"\r\n|[\r\n]")
_SECRET_KEYS = {"aws_secret_access_key", "aws_session_token", "aws_security_token"}


def run_with_credentials(
    words: Sequence[str],
    profile_name: str | None = None,
    environ: Mapping[str, str] = os.environ,
) -> int:
    """Run a command and return its exit code; its credentials are gone when it ends.

    :raises botocore.exceptions.BotoCoreError: if there are no credentials to begin with.
    :raises OSError: if there is no such command.
    """
    keys = ProfileKeys.of(profile_name)
    # Now rather than when the command asks: here there is somebody to read the error.
    keys.fetch()
    with tempfile.TemporaryDirectory(prefix="sso-plugin-") as folder:
        files = _write_files(Path(folder), keys.session)
        with CredentialsEndpoint(keys.fetch) as endpoint:
            variables = {**_without_others(environ, keys.session), **endpoint.environment()}
            return run_child(words, {**variables, **files})


def _without_others(environ: Mapping[str, str], session: Session) -> dict[str, str]:
    kept = {name: value for name, value in environ.items() if name not in _IN_THE_WAY}
    region = session.get_config_variable("region")
    # Some SDKs read the region of the config file only when told to.
    wanted = {"AWS_REGION": region, "AWS_DEFAULT_REGION": region} if region else {}
    return {**wanted, **kept}


def _write_files(folder: Path, session: Session) -> dict[str, str]:
    """Write the config that the command sees, and return the variables that lead to it.

    Its profile ``default`` has the settings of ours and no credentials of its own. All other
    sections are there too, except those that hold a secret: none is written to a file here.
    """
    config = folder / "config"
    config.write_text(_config_text(session), encoding="utf-8")
    variables = {"AWS_CONFIG_FILE": str(config)}
    if "default" in _sections(session, "credentials_file"):
        empty = folder / "credentials"
        empty.touch()
        variables["AWS_SHARED_CREDENTIALS_FILE"] = str(empty)
    return variables


def _config_text(session: Session) -> str:
    settings = {
        key: value
        for key, value in session.get_scoped_config().items()
        if key not in _CREDENTIAL_KEYS and not key.startswith("sso_")
    }
    others = {
        name: values
        for name, values in _sections(session, "config_file").items()
        if not _is_default(name) and not _SECRET_KEYS & values.keys()
    }
    sections = {"default": settings, **others}
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
    """Tell whether botocore takes a section for the profile ``default``, however it is quoted."""
    from botocore.configloader import build_profile_map

    return "default" in build_profile_map({section: {}})["profiles"]


def _section_text(name: str, values: Mapping[str, Any]) -> str:
    return f"[{name}]\n" + "".join(
        f"{key} = {_value_text(value)}\n" for key, value in values.items()
    )


def _value_text(value: Any) -> str:
    if isinstance(value, dict):
        return "".join(f"\n  {key} = {inner}" for key, inner in value.items())
    # What a reader takes for the end of a line must not begin a line that is not indented.
    return _LINE_END.sub("\n  ", str(value))
