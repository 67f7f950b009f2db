"""Keeps tokens, secrets and codes out of logs, reprs and tracebacks that show locals.

Two means. `conceal` turns the secret values of a document into strings whose repr shows nothing,
before anybody can print them. `mask_logs` puts a filter on the loggers of botocore, which at DEBUG
level print requests and responses of Identity Center, and the headers of every signed call.
"""

from __future__ import annotations

import functools
import logging
import re
import sys
from typing import TYPE_CHECKING, Any, ParamSpec, SupportsIndex, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "Secret",
    "SecretBytes",
    "chain",
    "conceal",
    "conceal_headers",
    "hide_frames",
    "mask",
    "mask_logs",
    "without_frames",
]

T = TypeVar("T")
P = ParamSpec("P")

# By their words, which programs join as in camelCase, snake_case or kebab-case.
_SECRETS = (
    "access token",
    "authorization code",
    "client secret",
    "code verifier",
    "device code",
    "id token",
    "refresh token",
    "secret access key",
    "secret key",
    "session token",
    "signin token",
    "subject token",
)
_SECRET_NAMES = frozenset(words.replace(" ", "") for words in _SECRETS)
_BEARER_HEADER = "x-amz-sso_bearer_token"
_HEADERS = r"x-amz-sso_bearer_token|x-amz-security-token"
# A name may have something before it, as in aws_session_token, but not be the end of a word.
_NAMES = rf"(?<![a-z0-9])(?:{'|'.join(words.replace(' ', '[-_]?') for words in _SECRETS)})"
_MASK = "***"


class Secret(str):
    """A str whose repr is ``'***'``, also that of a part of it: tracebacks cut long values."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"'{_MASK}'"

    def __getitem__(self, part: SupportsIndex | slice) -> Secret:
        return Secret(super().__getitem__(part))

    def __add__(self, other: str) -> Secret:
        return Secret(super().__add__(other))

    def __radd__(self, other: str) -> Secret:
        return Secret(other + str(self)) if isinstance(other, str) else NotImplemented

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)


class SecretBytes(bytes):
    """Bytes whose repr is ``b'***'``: what botocore makes of a `Secret` in a header."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"b'{_MASK}'"

    def __getitem__(self, part: Any) -> Any:
        found = super().__getitem__(part)
        return SecretBytes(found) if isinstance(found, bytes) else found


def conceal_headers(headers: Any) -> None:
    """Hide the access token in the headers of a request, which tracebacks of a failed call show.

    botocore turns them into bytes before it sends them.
    """
    held = headers.get(_BEARER_HEADER)
    if isinstance(held, str):
        headers[_BEARER_HEADER] = Secret(held)
    elif isinstance(held, bytes):
        headers[_BEARER_HEADER] = SecretBytes(held)


def conceal(value: T) -> T:
    """Return the same document with a `Secret` for each value that has the name of one."""
    hidden: Any = _concealed(value, secret=False)
    return hidden  # type: ignore[no-any-return]


def _concealed(value: Any, *, secret: bool) -> Any:
    if isinstance(value, dict):
        return {key: _concealed(held, secret=_is_secret(key)) for key, held in value.items()}
    if isinstance(value, list):
        return [_concealed(held, secret=secret) for held in value]
    return Secret(value) if secret and isinstance(value, str) else value


def hide_frames(function: Callable[P, T]) -> Callable[P, T]:
    """Make a function drop the frames below it from what it raises, and from a Ctrl-C inside it.

    Their locals hold secrets that cannot be a `Secret`, such as the bytes of a request or a file.
    """

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
        handled = sys.exc_info()[1]
        try:
            return function(*args, **kwargs)
        except BaseException as exc:  # noqa: BLE001 - raised again
            del args, kwargs
            # Not a bare `raise`: before Python 3.11 that restores the frames.
            raise without_frames(exc, handled)  # noqa: B904

    return wrapper


def without_frames(exc: BaseException, handled: BaseException | None = None) -> BaseException:
    """Return the exception with no frame left in it or in what led to it.

    :param handled: the exception that a caller is handling meanwhile, which stays as it is.
    """
    for link in chain(exc, handled):
        link.__traceback__ = None
    return exc


def chain(exc: BaseException, handled: BaseException | None = None) -> Iterator[BaseException]:
    """Yield an exception and those that led to it, each once; none from the handled one on."""
    seen = [] if handled is None else [handled]
    links: list[BaseException | None] = [exc]
    while links:
        link = links.pop()
        if link is not None and not any(link is each for each in seen):
            seen.append(link)
            yield link
            links += [link.__cause__, link.__context__]


def _is_secret(name: object) -> bool:
    return isinstance(name, str) and name.lower() in _SECRET_NAMES


# The quote that opens a value, with the backslashes that it has in JSON inside of a string, and the
# value: up to the next such quote. One with more backslashes is part of the value. Nothing may
# follow this in a pattern: what never has to match anew takes no more time than the line is long.
_QUOTED = r"""b?(?P<slashes>\\*)(?P<quote>["']))"""
_INSIDE = r"""(?:[^"'\\]+|\\*(?!(?P=quote))[^\\]|(?P=slashes)\\+(?P=quote))+"""
# Where a value has no quotes, a backslash may also begin what comes after it, such as \r\n.
_ESCAPED = r"\\+(?:/|u[0-9a-f]{4})"


# What botocore and http libraries print: JSON bodies and reprs of them, dicts and tuples of
# parameters and headers, arguments, canonical requests, XML of STS, query strings and forms.
# The value goes, its name stays.
@functools.lru_cache(maxsize=1)
def _patterns() -> list[re.Pattern[str]]:
    # Compiled when the first line is logged: most programs log none.
    flags = re.IGNORECASE
    return [
        re.compile(rf"""((?:{_NAMES}|{_HEADERS})\\*["']?\s*[:=]\s*{_QUOTED}{_INSIDE}""", flags),
        re.compile(rf"""([(\[]b?\\*["'](?:{_HEADERS})\\*["'],\s*{_QUOTED}{_INSIDE}""", flags),
        re.compile(rf"""((?:{_HEADERS})\s*:\s*)(?!b?\\*["'])(?:[^"'\s,}}\\]|{_ESCAPED})+""", flags),
        re.compile(rf"(<(?:{_NAMES})>)[^<]+", flags),
        re.compile(
            rf"""(["']authorization_code\\*["'].{{0,9}}["']code\\*["']\s*:\s*{_QUOTED}{_INSIDE}"""
        ),
        re.compile(rf"(bearer\s+)(?:[\w.~+/=:%-]|{_ESCAPED}){{16,}}", flags),
        re.compile(
            rf"""((?:{_NAMES}|x-amz-security-token)\s*=(?!=)\s*)"""
            rf"""(?!None\b|b?\\*["'])(?:[^&\s"',;<>)\\]|{_ESCAPED})+""",
            flags,
        ),
        # The token in the repr of botocore's credentials, which is called nothing else.
        re.compile(rf"(secret_key='{re.escape(_MASK)}', token={_QUOTED}{_INSIDE}"),
    ]


def mask(text: str) -> str:
    """Return the text of a log line without the secrets that it names."""
    for pattern in _patterns():
        text = pattern.sub(rf"\g<1>{_MASK}", text)
    return text


class _Masking(logging.Filter):
    """Masks each record of the logger that it is put on."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through, with what it may show."""
        try:
            message = record.getMessage()
        except Exception:  # noqa: BLE001 - whatever it is, the handlers report it their way
            return True
        masked = mask(message)
        if masked != message:
            record.msg, record.args = masked, ()
        return True


_masking = _Masking()


def mask_logs() -> None:
    """Mask what botocore's loggers print from now on; again when it has made new ones."""
    for logger in _botocore_loggers():
        logger.addFilter(_masking)


def _botocore_loggers() -> list[logging.Logger]:
    # A filter works on the logger that a record is made with, so each module's needs its own.
    known = logging.Logger.manager.loggerDict.copy()
    names = [name for name in known if name == "botocore" or name.startswith("botocore.")]
    return [logging.getLogger(name) for name in names]
