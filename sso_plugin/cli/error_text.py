"""Error messages: one sentence that says what happened, and how to fix it."""

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

from sso_plugin.commands.local_names import profile_suggestion
from sso_plugin.errors import SsoPluginError

__all__ = ["sentence"]

_NETWORK = "Check the network and its proxies, or run: sso-plugin doctor"

_FIXES = {
    ConnectionError: _NETWORK,
    HTTPClientError: _NETWORK,
    NoCredentialsError: "Choose a profile with credentials: use --profile or AWS_PROFILE.",
    ProfileNotFound: "Choose one with --profile, or add it to the AWS config file.",
}
"""For errors of botocore. Our errors contain a fix."""


def sentence(error: Exception) -> str:
    """Return what happened, and how to fix it."""
    if isinstance(error, OSError) and error.strerror:
        return ": ".join(str(part) for part in (error.filename, error.strerror) if part)
    if isinstance(error, BotoCoreError | ClientError):
        # Some messages of botocore have several lines.
        return " ".join(f"{error}{_fix(error)}".split())
    return f"{type(error).__name__}: unexpected error. Add --debug to see where it happened."


def _fix(error: Exception) -> str:
    if isinstance(error, SsoPluginError):
        return ""
    if isinstance(error, ConfigParseError):
        line = _line(error.kwargs.get("error"))
        return f". Edit {line or 'it'}" + (" of that file." if line else ".")
    fix = next((fix for kind, fix in _FIXES.items() if isinstance(error, kind)), "")
    if isinstance(error, ProfileNotFound):
        fix = profile_suggestion(str(error.kwargs.get("profile"))) or fix
    return f"{'' if str(error).endswith('.') else '.'} {fix}" if fix else ""


def _line(error: object) -> str:
    """Return the number of the line with a syntax error. Its content may be a secret."""
    errors = getattr(error, "errors", None)
    number = errors[0][0] if errors else getattr(error, "lineno", None)
    return f"line {number}" if number else ""
