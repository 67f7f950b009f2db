"""What can go wrong, each also the botocore error that callers already catch.

Every message is one sentence: what happened, for which profile, and the command that mends it.
Only texts and codes are kept in ``kwargs`` (botocore prints and pickles them), never a secret.
Text from elsewhere may be part of them, so each text is made one clean line.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    InvalidConfigError,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)

__all__ = [
    "ConfigError",
    "LoginFailed",
    "LoginRequired",
    "NoAccess",
    "PortalError",
    "PortalRefusal",
    "PortalUnreachable",
    "SsoPluginError",
    "TokenLocked",
]


_LONGEST_REASON = 200
"""Characters. What a service says is shorter; what a proxy says may be anything."""


class SsoPluginError(BotoCoreError):
    """The root of all errors of this package. ``error_msg`` is the whole message."""

    fmt = "{error_msg}"

    def __init__(self, **kwargs: Any) -> None:
        # On a warm cache there is no error, so it need not be imported.
        from .printable import one_line

        super().__init__(
            **{
                name: one_line(value) if isinstance(value, str) else value
                for name, value in kwargs.items()
            }
        )


class ConfigError(SsoPluginError, InvalidConfigError):
    """A profile or sso-session in the config file cannot be used as it is."""


class LoginRequired(  # type: ignore[misc]  # the stubs of two bases disagree on kwargs
    SsoPluginError, UnauthorizedSSOTokenError, SSOTokenLoadError, TokenRetrievalError
):
    """There is no access token, and none can be had without a person."""

    @property
    def reason(self) -> str:
        """Why, in words that stand in the middle of a sentence."""
        return str(self.kwargs.get("reason", "there is no usable token"))


class LoginFailed(SsoPluginError, UnauthorizedSSOTokenError):
    """A login was begun and came to nothing: denied, run out, or refused."""

    @property
    def reason(self) -> str:
        """Why, in words that stand in the middle of a sentence."""
        return str(self.kwargs.get("reason", ""))

    @property
    def by_person(self) -> bool:
        """Whether a person has said no, or nothing, as opposed to the portal."""
        return bool(self.kwargs.get("by_person", False))


class PortalError(SsoPluginError):
    """Identity Center did not give what it was asked for."""

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed later."""
        return bool(self.kwargs.get("retryable", False))

    @property
    def told(self) -> str:
        """The message without whom it is for and the command; empty if it is for everybody."""
        return str(self.kwargs.get("told", ""))


class TokenLocked(PortalError):
    """Another process holds the lock of the token for too long. The portal was not asked."""


class PortalUnreachable(PortalError, EndpointConnectionError):
    """No usable answer came: not resolved, refused, timed out, cut off or garbled."""


class _Refused(SsoPluginError, ClientError):
    """An answer that says no; ``response`` and ``operation_name`` as in a ClientError."""

    def __init__(self, *, response: Any, operation_name: str, **kwargs: Any) -> None:
        super().__init__(response=response, operation_name=operation_name, **kwargs)
        self.response = response
        self.operation_name = operation_name

    @property
    def code(self) -> str:
        """The error code of the service, such as ``UnauthorizedException``."""
        return str(self.response.get("Error", {}).get("Code", ""))

    @property
    def explanation(self) -> str:
        """The code, and what the service, or a proxy before it, said to it: one line."""
        error = self.response.get("Error", {})
        said = error.get("Message") or self.response.get("error_description")
        return f"{self.code}, {_in_one_line(str(said or '')) or 'no reason given'}"


class PortalRefusal(_Refused, PortalError):
    """Identity Center answered with an error."""


class NoAccess(_Refused):
    """The user does not have this role in this account."""


def _in_one_line(said: str) -> str:
    """Return what may stand in a sentence; nothing of a page, which is for browsers."""
    from .printable import one_line

    said = said.strip()
    if not said or said.startswith("<"):
        return ""
    return one_line(said.splitlines()[0].rstrip(), _LONGEST_REASON)
