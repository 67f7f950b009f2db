"""The errors of this package. Each is also the botocore error that callers already catch.

A message is composed here: who it is about (``subject``), what happened (``problem``), how to fix
it (``fix``). ``kwargs`` has texts and codes only, since botocore prints and pickles it, and no
secret. Text from elsewhere may be part of them, so each text is made one clean line.
"""

from __future__ import annotations

import sys
from typing import Any, TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    InvalidConfigError,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)

__all__ = [
    "ConfigError",
    "ConfigValueError",
    "LoginFailed",
    "LoginRequired",
    "NoAccess",
    "PortalError",
    "PortalRefusal",
    "PortalUnreachable",
    "RenewalRefusal",
    "SsoPluginError",
    "TokenLocked",
    "also",
    "plain_kind",
]

E = TypeVar("E", bound="SsoPluginError")
R = TypeVar("R", bound="_Refused")


_LONGEST_REASON = 200
"""Characters. What a service says is shorter; what a proxy says may be anything."""


class SsoPluginError(BotoCoreError):
    """The root of all errors of this package.

    :param subject: who or what the error is about, such as ``The profile "dev"``.
    :param problem: what happened: the rest of that sentence, without the full stop.
    :param fix: what to do about it, such as ``Run: sso-plugin doctor --profile dev``.
    :param error_msg: the whole message, instead of these.
    """

    fmt = "{error_msg}"
    problem_fmt = "{problem}"
    """The problem, in kinds of errors that have one problem for many reasons."""

    def __init__(self, **kwargs: Any) -> None:
        # On a warm cache there is no error, so it need not be imported.
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
        """What happened, without the subject and the fix; empty if it is not known apart."""
        return str(self.kwargs.get("problem", ""))

    @property
    def fix(self) -> str:
        """What to do about it; empty if it is not known apart."""
        return str(self.kwargs.get("fix", ""))

    def __reduce__(self) -> tuple[Any, ...]:
        # Not that of a base of botocore, some of which have positional arguments. The classes of
        # a client cannot be pickled; botocore's own exceptions lose them too.
        kind, *bases = _parts(type(self))
        known = [each for each in bases if hasattr(sys.modules.get(each.__module__), each.__name__)]
        return _restored, (kind, known, self.kwargs)

    def __copy__(self) -> SsoPluginError:
        return type(self)(**self.kwargs)


class ConfigError(SsoPluginError, InvalidConfigError):
    """A profile or sso-session in the config file cannot be used as it is."""


class ConfigValueError(ConfigError, ValueError):
    """A value that botocore itself refuses, such as an endpoint that is not a URL."""


class _NeedsPerson(  # type: ignore[misc]  # the stubs of two bases disagree on kwargs
    SsoPluginError, UnauthorizedSSOTokenError, SSOTokenLoadError, TokenRetrievalError
):
    """An error that only a person can fix.

    :param reason: why, in words that can stand in the middle of a sentence.
    """

    @property
    def reason(self) -> str:
        """Why a login is needed, or has failed."""
        return str(self.kwargs.get("reason", ""))


class LoginRequired(_NeedsPerson):
    """There is no valid access token, and a person has to log in to get one."""

    problem_fmt = "needs a login: {reason}"


class LoginFailed(_NeedsPerson):
    """A login was started and failed: denied, timed out, or refused by the portal.

    :param by_person: whether a person denied it or did not answer, rather than the portal.
    """

    problem_fmt = "was not logged in: {reason}"

    @property
    def by_person(self) -> bool:
        """Whether a person denied it or did not answer, rather than the portal."""
        return bool(self.kwargs.get("by_person", False))


class PortalError(SsoPluginError):
    """A request to Identity Center failed."""

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed later."""
        return bool(self.kwargs.get("retryable", False))


class TokenLocked(PortalError, TokenRetrievalError):
    """Another process holds the lock of the token for too long. The portal was not asked."""


class PortalUnreachable(PortalError):
    """No valid answer came. Each of its kinds is also the error that botocore raises for it."""


class _Refused(SsoPluginError, ClientError):
    """An answer that says no; ``response`` and ``operation_name`` as in a ClientError."""

    def __init__(self, *, response: Any, operation_name: str, **kwargs: Any) -> None:
        super().__init__(response=response, operation_name=operation_name, **kwargs)
        self.response = response
        self.operation_name = operation_name

    def as_kind(self, kind: type[R], **changes: Any) -> R:
        """Return the same refusal as another kind of error, still of the class of its client."""
        message = ("error_msg",) if "problem" in changes else ()
        kwargs = {name: held for name, held in self.kwargs.items() if name not in message}
        return also(kind, *_parts(type(self))[1:])(**{**kwargs, **changes})

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


class RenewalRefusal(PortalRefusal, TokenRetrievalError):
    """Identity Center does not renew an expired token now, but may do so later."""


class NoAccess(_Refused):
    """The user does not have this role in this account."""


def also(kind: type[E], *bases: type[BaseException]) -> type[E]:
    """Return a kind of error of ours that is caught as other classes as well.

    These are classes that a client has made of its model, or those of botocore for an invalid
    setting. There are too many of them for a class here for each.
    """
    known = (BotoCoreError.__init__, ClientError.__init__)
    more = [each for each in bases if not issubclass(kind, each) and each.__init__ in known]
    if not more:
        return kind
    parts = (*_parts(kind), *more)
    names = {"__module__": kind.__module__, "__doc__": kind.__doc__, "_made_of": parts}
    return type(kind.__name__, parts, names)


def plain_kind(exc: SsoPluginError) -> type[SsoPluginError]:
    """Return the class of an error, without what `also` added."""
    return _parts(type(exc))[0]


def _parts(kind: type) -> tuple[type, ...]:
    """Return what `also` made a class of; a class of its own is made of itself."""
    parts: tuple[type, ...] = kind.__dict__.get("_made_of", (kind,))
    return parts


def _restored(kind: type[E], bases: list[type[BaseException]], kwargs: dict[str, Any]) -> E:
    return also(kind, *bases)(**kwargs)


def _message(*, problem: str, subject: str = "", fix: str = "", **_: object) -> str:
    """Compose a message. After a command there is no full stop, so that it can be copied."""
    sentence = f"{subject} {problem}".strip()
    return f"{sentence}{'' if sentence.endswith('.') else '.'} {fix}".strip()


def _in_one_line(said: str) -> str:
    """Return what may stand in a sentence; nothing of a page, which is for browsers."""
    from .printable import one_line

    said = said.strip()
    if not said or said.startswith("<"):
        return ""
    return one_line(said.splitlines()[0].rstrip(), _LONGEST_REASON)
