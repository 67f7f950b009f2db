"""The errors of this package. Each is also the botocore error that callers already catch.

Each message is composed here of a subject, a problem and a fix. ``kwargs`` has only text and codes,
because botocore prints and pickles them, and no secrets. Text from files and servers may be part of
them, so each text is made one printable line.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    InvalidConfigError,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "ConfigError",
    "ConfigValueError",
    "KeyUnavailable",
    "LoginFailed",
    "LoginRequired",
    "NoAccess",
    "PortalError",
    "PortalRefusal",
    "PortalUnreachable",
    "RenewalRefusal",
    "SsoPluginError",
    "StoreUnavailable",
    "TokenLocked",
    "also_as",
    "did_you_mean",
    "plain_kind",
]

E = TypeVar("E", bound="SsoPluginError")
R = TypeVar("R", bound="_ServiceError")


_MAX_REASON = 200
"""Characters. Messages of AWS are shorter; those of a proxy can have any length."""


class SsoPluginError(BotoCoreError):
    """The root of all errors of this package.

    :param subject: what the error is about, such as ``The profile "dev"``.
    :param problem: what happened: the rest of the sentence, without the full stop.
    :param fix: how to fix it, such as ``Run: sso-plugin doctor --profile dev``.
    :param error_msg: the whole message, in place of these three.
    """

    fmt = "{error_msg}"
    problem_fmt = "{problem}"
    """The problem of all errors of a class, which differ in their reason."""

    def __init__(self, **kwargs: Any) -> None:
        # Not at the top: a session with cached credentials does not need it.
        from .printable import one_line

        if "error_msg" not in kwargs:
            if "problem" not in kwargs:
                kwargs["problem"] = self.problem_fmt.format(**kwargs)
            kwargs["error_msg"] = _message(**kwargs)
        super().__init__(
            **{
                name: one_line(value) if isinstance(value, str) else value
                for name, value in kwargs.items()
            }
        )

    @property
    def problem(self) -> str:
        """What happened, without the subject and the fix; empty if only a message was given."""
        return str(self.kwargs.get("problem", ""))

    @property
    def fix(self) -> str:
        """How to fix it; empty if only a message was given."""
        return str(self.kwargs.get("fix", ""))

    def __reduce__(self) -> tuple[Any, ...]:
        # Not the method of a botocore class: some of them have positional arguments. The exception
        # classes of a client cannot be pickled, so they are left out.
        kind, *bases = _parts(type(self))
        known = [each for each in bases if hasattr(sys.modules.get(each.__module__), each.__name__)]
        return _restored, (kind, known, self.kwargs)

    def __copy__(self) -> SsoPluginError:
        return type(self)(**self.kwargs)

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows in place of a traceback: the name and the message."""
        return [f"{type(self).__name__}: {self}"]


class ConfigError(SsoPluginError, InvalidConfigError):
    """The settings of a profile or an sso-session are not valid."""


class ConfigValueError(ConfigError, ValueError):
    """A value that botocore does not accept, such as an endpoint that is not a URL."""


class _NeedsPerson(  # type: ignore[misc]  # the stubs of two bases disagree on kwargs
    SsoPluginError, UnauthorizedSSOTokenError, SSOTokenLoadError, TokenRetrievalError
):
    """An error that only a person can fix.

    :param reason: why, as a part of a sentence.
    """

    @property
    def reason(self) -> str:
        """Why a login is needed, or has failed."""
        return str(self.kwargs.get("reason", ""))


class LoginRequired(_NeedsPerson):
    """There is no valid access token, and a person has to log in."""

    problem_fmt = "needs a login: {reason}"


class KeyUnavailable(_NeedsPerson):
    """Tokens are encrypted, and the key cannot be read: a keyring is locked, or a file is missing.

    A login does not help: its token could not be stored.
    """

    problem_fmt = "cannot use its encrypted token: {reason}"


class LoginFailed(_NeedsPerson):
    """A login was started and failed: it was denied, timed out, or refused by the portal.

    :param by_person: whether a person denied it or did not respond, rather than the portal.
    """

    problem_fmt = "was not logged in: {reason}"

    @property
    def by_person(self) -> bool:
        """Whether a person denied it or did not respond, rather than the portal."""
        return bool(self.kwargs.get("by_person", False))


class PortalError(SsoPluginError):
    """A request to Identity Center failed."""

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed later."""
        return bool(self.kwargs.get("retryable", False))


class TokenLocked(PortalError, TokenRetrievalError):
    """Another process holds the lock of the token for too long. No request was sent."""


class StoreUnavailable(PortalError, TokenRetrievalError):
    """The store of ``sso_store``, which may have a valid token, cannot be reached or used."""


class PortalUnreachable(PortalError):
    """There was no valid response. Each subclass is also the botocore error for its cause."""


class _ServiceError(SsoPluginError, ClientError):
    """An error response. ``response`` and ``operation_name`` are those of a ClientError."""

    def __init__(self, *, response: Any, operation_name: str, **kwargs: Any) -> None:
        super().__init__(response=response, operation_name=operation_name, **kwargs)
        self.response = response
        self.operation_name = operation_name

    def as_kind(self, kind: type[R], **changes: Any) -> R:
        """Return the same response as another kind of error. It keeps the classes of its client."""
        message = ("error_msg",) if "problem" in changes else ()
        kwargs = {name: value for name, value in self.kwargs.items() if name not in message}
        return also_as(kind, *_parts(type(self))[1:])(**{**kwargs, **changes})

    @property
    def code(self) -> str:
        """The error code of the service, such as ``UnauthorizedException``."""
        return str(self.response.get("Error", {}).get("Code", ""))

    @property
    def explanation(self) -> str:
        """The code, and the message of the service or of a proxy, as one line."""
        error = self.response.get("Error", {})
        message = error.get("Message") or self.response.get("error_description")
        return f"{self.code}, {_first_line(str(message or '')) or 'no reason given'}"


class PortalRefusal(_ServiceError, PortalError):
    """Identity Center returned an error."""


class RenewalRefusal(PortalRefusal, TokenRetrievalError):
    """Identity Center does not renew an expired token now, but may do so later."""


class NoAccess(_ServiceError):
    """The user does not have this role in this account."""


def also_as(kind: type[E], *bases: type[BaseException]) -> type[E]:
    """Return a kind of our errors that is also caught as other classes.

    These are the exception classes that a client makes of its model, and those of botocore for
    invalid settings: too many for a class of ours for each.
    """
    known = (BotoCoreError.__init__, ClientError.__init__)
    more = [each for each in bases if not issubclass(kind, each) and each.__init__ in known]
    if not more:
        return kind
    parts = (*_parts(kind), *more)
    names = {"__module__": kind.__module__, "__doc__": kind.__doc__, "_made_of": parts}
    return type(kind.__name__, parts, names)


def did_you_mean(text: str, names: Iterable[str]) -> str:
    """Return a question with the names that are similar to a text; empty if there are none."""
    from difflib import get_close_matches

    by_folded = {name.casefold(): name for name in names}
    found = [by_folded[each] for each in get_close_matches(text.casefold(), by_folded)]
    return f"Did you mean: {', '.join(found)}?" if found else ""


def plain_kind(exc: SsoPluginError) -> type[SsoPluginError]:
    """Return the class of an error, without the classes that `also_as` added."""
    return _parts(type(exc))[0]


def _parts(kind: type) -> tuple[type, ...]:
    """Return the classes that `also_as` combined; any other class alone."""
    parts: tuple[type, ...] = kind.__dict__.get("_made_of", (kind,))
    return parts


def _restored(kind: type[E], bases: list[type[BaseException]], kwargs: dict[str, Any]) -> E:
    return also_as(kind, *bases)(**kwargs)


def _message(*, problem: str, subject: str = "", fix: str = "", **_: object) -> str:
    """Compose a message. A command at its end has no full stop, so that it can be copied."""
    sentence = f"{subject} {problem}".strip()
    return f"{sentence}{'' if sentence.endswith('.') else '.'} {fix}".strip()


def _first_line(message: str) -> str:
    """Return the first line of a message; nothing of an HTML page."""
    from .printable import one_line

    message = message.strip()
    if not message or message.startswith("<"):
        return ""
    return one_line(message.splitlines()[0].rstrip(), _MAX_REASON)
