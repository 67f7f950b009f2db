"""Turn botocore's errors into ours, where they enter the package.

What a code means for one operation is decided by its caller: `NoAccess` by `role_request`.

Our errors name the profile, the problem and the fix. botocore's error stays their cause, but
without frames, whose local variables hold requests with tokens, and without control characters,
since its text may come from the network.
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

from ..errors import (
    ConfigError,
    ConfigValueError,
    PortalError,
    PortalRefusal,
    PortalUnreachable,
    SsoPluginError,
    also_as,
)
from ..printable import one_line
from ..redact import chain, without_frames
from .responses import InvalidResponseError
from .unreachable import UNREACHABLE, PortalEndpointError, PortalHTTPError, PortalUnreadable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Caller", "kind_of"]

_UNREADABLE = (AttributeError, LookupError, TypeError, ValueError, ArithmeticError, RecursionError)
"""What botocore's parsers and ours raise for a response of the wrong shape."""

_ADDRESSES = ("endpoint_url", "proxy_url")
"""The ``kwargs`` of botocore's errors that ours keep. Others may hold requests."""

_RETRYABLE = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_TIMEOUT)


@dataclass(frozen=True)
class Caller:
    """Who calls which service: what the error messages name."""

    subject: str
    service: str
    region: str
    doctor_command: str
    sent: tuple[str, ...] = field(default=(), repr=False)
    """The secrets of the request. The response may quote them."""
    endpoint: str = ""
    """The address that is called, without secrets; empty if it is an address of AWS."""

    @contextlib.contextmanager
    def mapped_errors(self) -> Iterator[None]:
        """Turn each error of botocore inside this context into one of ours."""
        handled = sys.exc_info()[1]
        try:
            yield
        except ClientError as exc:
            raise self._refusal(exc) from self._as_cause(exc, handled)
        except (BotocoreConnectionError, HTTPClientError) as exc:
            kind = kind_of(exc)
            if kind is PortalHTTPError:
                raise self._unreachable(kind, self._describe(exc)) from None
            cause = self._as_cause(exc, handled)
            raise self._unreachable(kind, self._cleaned(str(exc)), exc.kwargs) from cause
        except ResponseParserError as exc:
            # Its text quotes the response body, which may hold secrets.
            raise self._unreadable() from self._as_cause(exc, handled)
        except BotoCoreError as exc:
            raise self._misconfigured(exc) from self._as_cause(exc, handled)

    @contextlib.contextmanager
    def mapped_errors_of_config(self) -> Iterator[None]:
        """Do the same, also for an invalid setting, such as an endpoint that is not a URL."""
        handled = sys.exc_info()[1]
        try:
            with self.mapped_errors():
                yield
        except SsoPluginError:
            # Some of ours are also a ValueError.
            raise
        except ValueError as exc:
            raise self._misconfigured(exc) from self._as_cause(exc, handled)

    @contextlib.contextmanager
    def mapped_errors_of_response(self) -> Iterator[None]:
        """Do the same, also for a response that cannot be parsed or is not valid."""
        handled = sys.exc_info()[1]
        try:
            with self.mapped_errors():
                yield
        except SsoPluginError:
            raise
        except InvalidResponseError as exc:
            raise self._unreadable(f": {exc}") from None
        except _UNREADABLE as exc:
            raise self._unreadable() from self._as_cause(exc, handled)

    def _refusal(self, exc: ClientError) -> PortalError:
        response = self._cleaned(exc.response)
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        retryable = status in _RETRYABLE or status >= HTTPStatus.INTERNAL_SERVER_ERROR
        kind = also_as(PortalRefusal, type(exc))
        refusal = PortalRefusal(error_msg="", response=response, operation_name=exc.operation_name)
        return kind(
            subject=self.subject,
            problem=f"was refused {exc.operation_name} by {self._portal}: {refusal.explanation}",
            fix=f"{'Try again later, or run' if retryable else 'Run'}: {self.doctor_command}",
            response=response,
            operation_name=exc.operation_name,
            retryable=retryable,
        )

    def _unreachable(
        self, kind: type[PortalUnreachable], reason: str, kwargs: Mapping[str, Any] | None = None
    ) -> PortalUnreachable:
        """Return an error. Of botocore's ``kwargs`` it has only the addresses."""
        addresses = {name: held for name, held in (kwargs or {}).items() if name in _ADDRESSES}
        return kind(
            subject=self.subject,
            problem=f"cannot reach {self._portal}: {reason.rstrip('.')}",
            fix=self._fix,
            retryable=True,
            **self._cleaned(addresses),
        )

    def _describe(self, exc: BotoCoreError) -> str:
        """Describe how a request failed. Do not quote an unknown error: it may hold the token."""
        error = exc.kwargs.get("error")
        if isinstance(error, OSError):
            return f"the request failed: {self._cleaned(str(error))}"
        return f"the request ended in {type(error).__name__}"

    def _unreadable(self, detail: str = "") -> PortalUnreachable:
        return self._unreachable(PortalUnreadable, f"its response cannot be read{detail}")

    def _misconfigured(self, exc: Exception) -> ConfigError:
        kind = ConfigValueError if isinstance(exc, ValueError) else ConfigError
        return also_as(kind, type(exc))(
            subject=self.subject,
            problem=f"cannot call {self._portal} as it is configured: {str(exc).rstrip('.')}",
            fix=self._fix,
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
        """Return an exception that is safe in a traceback: without frames, with clean text."""
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
    def _fix(self) -> str:
        return f"Run: {self.doctor_command}"


def kind_of(exc: BotoCoreError) -> type[PortalUnreachable]:
    """Return our class for an error of botocore, or for its nearest base class."""
    for each in type(exc).__mro__:
        if each.__module__ == BotoCoreError.__module__ and each.__name__ in UNREACHABLE:
            return UNREACHABLE[each.__name__]
    return PortalEndpointError
