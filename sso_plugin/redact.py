"""Keep tokens, secrets and codes out of logs, reprs and tracebacks that show locals.

`conceal` turns the secret values of a document into strings whose repr is ``'***'``. `mask_logs`
adds a filter to the loggers of botocore and aiobotocore, which at DEBUG level print requests and
responses of Identity Center, and the headers of all signed requests.
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
    "user code",
    "verification uri complete",
)
"""The names of secret values: programs write them in camelCase, snake_case or kebab-case."""

_SECRET_NAMES = frozenset(words.replace(" ", "") for words in _SECRETS)
_BEARER_HEADER = "x-amz-sso_bearer_token"
_HEADERS = r"x-amz-sso_bearer_token|x-amz-security-token"
# A name may follow another one, as in aws_session_token, but not be the end of a longer word.
_NAMES = rf"(?<![a-z0-9])(?:{'|'.join(words.replace(' ', '[-_]?') for words in _SECRETS)})"
_MASK = "***"


class Secret(str):
    """A str whose repr is ``'***'``. So is the repr of a slice: tracebacks cut long values."""

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
    """Bytes whose repr is ``b'***'``. botocore turns a `Secret` in a header into bytes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"b'{_MASK}'"

    def __getitem__(self, part: Any) -> Any:
        found = super().__getitem__(part)
        return SecretBytes(found) if isinstance(found, bytes) else found


def conceal_headers(headers: Any) -> None:
    """Conceal the access token in the headers of a request: tracebacks may show the headers.

    botocore turns header values into bytes before it sends them.
    """
    token = headers.get(_BEARER_HEADER)
    if isinstance(token, str):
        headers[_BEARER_HEADER] = Secret(token)
    elif isinstance(token, bytes):
        headers[_BEARER_HEADER] = SecretBytes(token)


def conceal(value: T) -> T:
    """Return a copy of a document in which each secret value is a `Secret`."""
    concealed: Any = _concealed(value, secret=False)
    return concealed  # type: ignore[no-any-return]


def _concealed(value: Any, *, secret: bool) -> Any:
    if isinstance(value, dict):
        return {key: _concealed(item, secret=_is_secret(key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_concealed(item, secret=secret) for item in value]
    return Secret(value) if secret and isinstance(value, str) else value


def hide_frames(function: Callable[P, T]) -> Callable[P, T]:
    """Remove the frames below a function from each exception it raises, also KeyboardInterrupt.

    Their locals have secrets that cannot be a `Secret`, such as the bytes of a request or a file.
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
    """Return an exception without frames, in itself and in its causes.

    :param handled: the exception that a caller handles meanwhile; it keeps its frames.
    """
    for link in chain(exc, handled):
        link.__traceback__ = None
    return exc


def chain(exc: BaseException, handled: BaseException | None = None) -> Iterator[BaseException]:
    """Yield an exception and its causes, each once, up to the handled one."""
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
# value up to the next such quote. A quote with more backslashes is part of the value. Nothing may
# follow this in a pattern: without backtracking, the time is proportional to the length of a line.
_QUOTED = r"""b?(?P<slashes>\\*)(?P<quote>["']))"""
_INSIDE = r"""(?:[^"'\\]+|\\*(?!(?P=quote))[^\\]|(?P=slashes)\\+(?P=quote))+"""
# After a value without quotes, a backslash may also begin the following text, such as \r\n.
_ESCAPED = r"\\+(?:/|u[0-9a-f]{4})"


@functools.lru_cache(maxsize=1)
def _patterns() -> list[re.Pattern[str]]:
    """Return the patterns of secrets in log lines. Group 1, the name, stays.

    They match what botocore and HTTP libraries print: JSON bodies and their reprs, dicts and tuples
    of parameters and headers, arguments, canonical requests, XML of STS, query strings and forms.
    """
    # Compiled for the first log line: most programs have none.
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
        # The token in the repr of botocore's credentials. Its name is only "token" there.
        re.compile(rf"(secret_key='{re.escape(_MASK)}', token={_QUOTED}{_INSIDE}"),
    ]


def mask(text: str) -> str:
    """Return the text of a log line with its secrets replaced by ``***``."""
    for pattern in _patterns():
        text = pattern.sub(rf"\g<1>{_MASK}", text)
    return text


class _Masking(logging.Filter):
    """Masks each record of a logger."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask the secrets in a record. No record is dropped."""
        try:
            message = record.getMessage()
        except Exception:  # noqa: BLE001 - the handlers report it
            return True
        masked = mask(message)
        if masked != message:
            record.msg, record.args = masked, ()
        return True


_masking = _Masking()


def mask_logs() -> None:
    """Mask the log records of botocore and aiobotocore from now on.

    Call it again for loggers that are created later.
    """
    for logger in _botocore_loggers():
        logger.addFilter(_masking)


def _botocore_loggers() -> list[logging.Logger]:
    # A filter applies to records of its own logger only, so the logger of each module needs one.
    known = logging.Logger.manager.loggerDict.copy()
    names = [name for name in known if name.partition(".")[0] in ("botocore", "aiobotocore")]
    return [logging.getLogger(name) for name in names]
