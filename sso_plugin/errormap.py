"""Turns botocore's errors into ours, at the one border where they may come in.

What comes out says for whom, what, and how to fix it. The cause is kept, but without its frames,
whose locals hold requests with tokens in them, and without control characters: its text may come
from the network.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotocoreConnectionError
from botocore.parsers import ResponseParserError

from .answers import InvalidAnswerError
from .errors import ConfigError, PortalError, PortalRefusal, PortalUnreachable
from .printable import one_line
from .redact import chain, without_frames

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Caller"]

_UNREADABLE = (AttributeError, LookupError, TypeError, ValueError, ArithmeticError, RecursionError)
_RETRYABLE = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_TIMEOUT)


@dataclass(frozen=True)
class Caller:
    """Who calls which service: what the messages are about."""

    subject: str
    service: str
    region: str
    doctor_command: str

    @contextlib.contextmanager
    def mapped_errors(self) -> Iterator[None]:
        """Raise what botocore raises inside as one of ours."""
        try:
            yield
        except ClientError as exc:
            raise self._refusal(exc) from _as_cause(exc)
        except (BotocoreConnectionError, HTTPClientError) as exc:
            if type(exc) is HTTPClientError:
                # Something that nobody thought of: its text may quote a header, and so a token.
                kind = type(exc.kwargs.get("error")).__name__
                raise self._unreachable(f"the request ended in {kind}") from None
            raise self._unreachable(str(exc)) from _as_cause(exc)
        except ResponseParserError as exc:
            # Its text quotes the body, which may hold secrets.
            raise self._unreachable("its answer cannot be read") from _as_cause(exc)
        except BotoCoreError as exc:
            raise ConfigError(
                error_msg=f"{self.subject} cannot call {self._portal} as it is configured: {exc}. "
                f"{self._mend}"
            ) from _as_cause(exc)

    @contextlib.contextmanager
    def mapped_errors_of_answer(self) -> Iterator[None]:
        """Raise those, and the errors of an answer that cannot be parsed or is not valid."""
        try:
            with self.mapped_errors():
                yield
        except InvalidAnswerError as exc:
            raise self._unreachable(f"its answer is not valid: {exc}") from None
        except _UNREADABLE as exc:
            raise self._unreachable("its answer cannot be read") from _as_cause(exc)

    def _refusal(self, exc: ClientError) -> PortalError:
        response = _cleaned(exc.response)
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        retryable = status in _RETRYABLE or status >= HTTPStatus.INTERNAL_SERVER_ERROR
        refusal = PortalRefusal(error_msg="", response=response, operation_name=exc.operation_name)
        told = (
            f"was refused {exc.operation_name} by {self._portal}: {refusal.explanation}. "
            f"{'Try again later, or run' if retryable else 'Run'}"
        )
        return PortalRefusal(
            error_msg=f"{self.subject} {told}: {self.doctor_command}",
            told=told,
            response=response,
            operation_name=exc.operation_name,
            retryable=retryable,
        )

    def _unreachable(self, reason: str) -> PortalUnreachable:
        told = f"cannot reach {self._portal}: {reason.rstrip('.')}. Run"
        return PortalUnreachable(
            error_msg=f"{self.subject} {told}: {self.doctor_command}", told=told, retryable=True
        )

    @property
    def _portal(self) -> str:
        return f"Identity Center ({self.service} in {self.region})"

    @property
    def _mend(self) -> str:
        return f"Run: {self.doctor_command}"


def _cleaned(value: Any) -> Any:
    if isinstance(value, dict):
        return {_cleaned(key): _cleaned(held) for key, held in value.items()}
    if isinstance(value, list):
        return [_cleaned(held) for held in value]
    return "\n".join(map(one_line, value.splitlines())) if isinstance(value, str) else value


def _as_cause(exc: BaseException) -> BaseException:
    """Return an exception that a traceback can show: its text, and that of what led to it."""
    for link in chain(without_frames(exc)):
        link.args = tuple(one_line(arg) if isinstance(arg, str) else arg for arg in link.args)
    return exc
