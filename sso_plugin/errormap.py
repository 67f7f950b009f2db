"""Turns botocore's errors into ours, at the one border where they may come in.

What comes out says for whom, what, and how to fix it. The cause is kept, but without its frames,
whose locals hold requests with tokens in them, and without control characters: its text may come
from the network.
"""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass, field
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
    sent: tuple[str, ...] = field(default=(), repr=False)
    """The secrets of the request, which its answer may quote."""
    endpoint: str = ""
    """The address that is called, as it may be shown; empty if it is one of AWS."""

    @contextlib.contextmanager
    def mapped_errors(self) -> Iterator[None]:
        """Raise what botocore raises inside as one of ours."""
        handled = sys.exc_info()[1]
        try:
            yield
        except ClientError as exc:
            raise self._refusal(exc) from self._as_cause(exc, handled)
        except (BotocoreConnectionError, HTTPClientError) as exc:
            if type(exc) is HTTPClientError:
                # Something that nobody thought of: its text may quote a header, and so a token.
                kind = type(exc.kwargs.get("error")).__name__
                raise self._unreachable(f"the request ended in {kind}") from None
            raise self._unreachable(self._cleaned(str(exc))) from self._as_cause(exc, handled)
        except ResponseParserError as exc:
            # Its text quotes the body, which may hold secrets.
            raise self._unreadable() from self._as_cause(exc, handled)
        except BotoCoreError as exc:
            raise self._misconfigured(exc) from self._as_cause(exc, handled)

    @contextlib.contextmanager
    def mapped_errors_of_config(self) -> Iterator[None]:
        """Raise those, and what a client cannot be made of, such as an endpoint that is no URL."""
        handled = sys.exc_info()[1]
        try:
            with self.mapped_errors():
                yield
        except ValueError as exc:
            raise self._misconfigured(exc) from self._as_cause(exc, handled)

    @contextlib.contextmanager
    def mapped_errors_of_answer(self) -> Iterator[None]:
        """Raise those, and the errors of an answer that cannot be parsed or is not valid."""
        handled = sys.exc_info()[1]
        try:
            with self.mapped_errors():
                yield
        except InvalidAnswerError as exc:
            raise self._unreadable(f": {exc}") from None
        except _UNREADABLE as exc:
            raise self._unreadable() from self._as_cause(exc, handled)

    def _refusal(self, exc: ClientError) -> PortalError:
        response = self._cleaned(exc.response)
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

    def _unreadable(self, why: str = "") -> PortalUnreachable:
        return self._unreachable(f"its answer cannot be read{why}")

    def _misconfigured(self, exc: Exception) -> ConfigError:
        return ConfigError(
            error_msg=f"{self.subject} cannot call {self._portal} as it is configured: {exc}. "
            f"{self._mend}"
        )

    def _cleaned(self, value: Any) -> Any:
        """Return a value without control characters, and without the secrets of the request."""
        if isinstance(value, dict):
            return {self._cleaned(key): self._cleaned(held) for key, held in value.items()}
        if isinstance(value, list):
            return [self._cleaned(held) for held in value]
        if not isinstance(value, str):
            return value
        for secret in self.sent:
            value = value.replace(secret, "***")
        return "\n".join(map(one_line, value.splitlines()))

    def _as_cause(self, exc: BaseException, handled: BaseException | None) -> BaseException:
        """Return an exception that a traceback can show: without frames, its text cleaned."""
        for link in chain(without_frames(exc, handled), handled):
            link.args = tuple(
                one_line(self._cleaned(arg)) if isinstance(arg, str) else arg for arg in link.args
            )
            if isinstance(link, ClientError):
                link.response = self._cleaned(link.response)
        return exc

    @property
    def _portal(self) -> str:
        at = f", at {self.endpoint}" if self.endpoint else ""
        return f"Identity Center ({self.service} in {self.region}{at})"

    @property
    def _mend(self) -> str:
        return f"Run: {self.doctor_command}"
