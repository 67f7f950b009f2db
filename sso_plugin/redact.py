"""Keeps tokens, secrets and codes out of logs, reprs and tracebacks that show locals.

Two means. `conceal` turns the secret values of a document into strings whose repr shows nothing,
before anybody can print them. `mask_logs` puts a filter on the loggers of botocore, which at DEBUG
level print requests and responses of Identity Center, and the headers of every signed call.
"""

from __future__ import annotations

import functools
import logging
import re
from typing import Any, TypeVar

__all__ = ["Secret", "conceal", "mask", "mask_logs", "unmask_logs"]

T = TypeVar("T")

_SECRET_NAMES = frozenset(
    {
        "accesstoken",
        "authorizationcode",
        "clientsecret",
        "codeverifier",
        "devicecode",
        "idtoken",
        "refreshtoken",
        "secretaccesskey",
        "sessiontoken",
        "signintoken",
        "subjecttoken",
    }
)
_HEADERS = r"x-amz-sso_bearer_token|x-amz-security-token"
_NAMES = "|".join(sorted(_SECRET_NAMES))
_MASK = "***"


class Secret(str):
    """A string that shows itself only to those who ask for the string itself."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"'{_MASK}'"

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)


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


def _is_secret(name: object) -> bool:
    return isinstance(name, str) and name.lower() in _SECRET_NAMES


# What botocore prints: JSON bodies and reprs of them, dicts of parameters and headers, canonical
# requests, XML of STS, query strings. The value goes, its name stays.
@functools.lru_cache(maxsize=1)
def _patterns() -> list[re.Pattern[str]]:
    # Compiled when the first line is logged: most programs log none.
    return [
        re.compile(rf"""(?i)((?:["']|\b)(?:{_NAMES})\\?["']?\s*[:=]\s*b?\\?["'])[^"'\\]+"""),
        re.compile(rf"""(?i)(["']?(?:{_HEADERS})["']?\s*:\s*b?["']?)[^"'\s,}}\\]+"""),
        re.compile(rf"(?i)(<(?:{_NAMES})>)[^<]+"),
        re.compile(r"""(["']authorization_code["'].{0,9}["']code["']\s*:\s*["'])[^"'\\]+"""),
        re.compile(r"(?i)(bearer\s+)[\w.~+/=-]{16,}"),
        re.compile(rf"(?i)([?&](?:{_NAMES}|x-amz-security-token)=)[^&\s\"'\\]+"),
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
        masked = mask(record.getMessage())
        if masked != record.getMessage():
            record.msg, record.args = masked, ()
        return True


_masking = _Masking()


def mask_logs() -> None:
    """Mask what botocore's loggers print from now on; again when it has made new ones."""
    for logger in _botocore_loggers():
        logger.addFilter(_masking)


def unmask_logs() -> None:
    """Undo `mask_logs`."""
    for logger in _botocore_loggers():
        logger.removeFilter(_masking)


def _botocore_loggers() -> list[logging.Logger]:
    # A filter works on the logger that a record is made with, so each module's needs its own.
    known = logging.Logger.manager.loggerDict.copy()
    names = [name for name in known if name == "botocore" or name.startswith("botocore.")]
    return [logging.getLogger(name) for name in names]
