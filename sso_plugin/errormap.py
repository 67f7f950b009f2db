"""Turns botocore's errors into ours, at the one border where they may come in.

What comes out says for whom, what, and how to mend it. The cause goes along, but without its
frames: their locals hold requests with tokens in them, which some tracebacks show.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotocoreConnectionError
from botocore.parsers import ResponseParserError

from .errors import ConfigError, PortalError, PortalRefusal, PortalUnreachable

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Caller"]

_NONSENSE = (AttributeError, KeyError, TypeError, ValueError, OverflowError)
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
            raise self._refusal(exc) from without_frames(exc)
        except (BotocoreConnectionError, HTTPClientError) as exc:
            if type(exc) is HTTPClientError:
                # Something that nobody thought of: its text may quote a header, and so a token.
                kind = type(exc.kwargs.get("error")).__name__
                raise self._unreachable(f"the request ended in {kind}") from None
            raise self._unreachable(str(exc)) from without_frames(exc)
        except ResponseParserError as exc:
            # Its text quotes the body, which may hold secrets.
            raise self._unreachable("its answer cannot be read") from without_frames(exc)
        except BotoCoreError as exc:
            raise ConfigError(
                error_msg=f"{self.subject} cannot call {self._portal} as it is configured: {exc}. "
                f"{self._mend}"
            ) from without_frames(exc)

    @contextlib.contextmanager
    def mapped_errors_of_answer(self) -> Iterator[None]:
        """Raise those, and what botocore's parser and we stumble over in an answer of nonsense."""
        with self.mapped_errors():
            try:
                yield
            except _NONSENSE as exc:
                raise ResponseParserError from exc

    def _refusal(self, exc: ClientError) -> PortalError:
        status = exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        retryable = status in _RETRYABLE or status >= HTTPStatus.INTERNAL_SERVER_ERROR
        refusal = PortalRefusal(
            error_msg="", response=exc.response, operation_name=exc.operation_name
        )
        told = (
            f"was refused {exc.operation_name} by {self._portal}: {refusal.explanation}. "
            f"{'Try again later, or run' if retryable else 'Run'}"
        )
        return PortalRefusal(
            error_msg=f"{self.subject} {told}: {self.doctor_command}",
            told=told,
            response=exc.response,
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


def without_frames(exc: BaseException) -> BaseException:
    """Return the exception with no frame left in it or in what led to it."""
    link: BaseException | None = exc
    while link is not None:
        link.__traceback__ = None
        link = link.__cause__ or link.__context__
    return exc
