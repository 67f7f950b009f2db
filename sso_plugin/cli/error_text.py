"""Errors as sentences that say what happened and what mends it."""

from __future__ import annotations

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigParseError,
    ConnectionError,  # noqa: A004 - botocore's name
    HTTPClientError,
    NoCredentialsError,
    ProfileNotFound,
)

from sso_plugin.errors import SsoPluginError

__all__ = ["sentence"]

_NETWORK = "Check the network and its proxies, or run: sso-plugin doctor"

# For errors of botocore; ours say so themselves.
_MENDS = {
    ConnectionError: _NETWORK,
    HTTPClientError: _NETWORK,
    NoCredentialsError: "Name a profile that has some with --profile, or in AWS_PROFILE.",
    ProfileNotFound: "Choose one with --profile, or add it to the AWS config file.",
}


def sentence(error: Exception) -> str:
    """Say what happened, and how to mend it."""
    if isinstance(error, OSError) and error.strerror:
        return ": ".join(str(part) for part in (error.filename, error.strerror) if part)
    if isinstance(error, BotoCoreError | ClientError):
        # Some of botocore's go over several lines.
        return " ".join(f"{error}{_mend(error)}".split())
    return f"{type(error).__name__}: this was not expected. Add --debug to see where it happened."


def _mend(error: Exception) -> str:
    if isinstance(error, SsoPluginError):
        return ""
    if isinstance(error, ConfigParseError):
        line = _line(error.kwargs.get("error"))
        return f". Edit {line or 'it'}" + (" of that file." if line else ".")
    mend = next((mend for kind, mend in _MENDS.items() if isinstance(error, kind)), "")
    return f"{'' if str(error).endswith('.') else '.'} {mend}" if mend else ""


def _line(error: object) -> str:
    """Name the line that a parser complains of; not what is in it, which may be a key."""
    several = getattr(error, "errors", None)
    number = several[0][0] if several else getattr(error, "lineno", None)
    return f"line {number}" if number else ""
