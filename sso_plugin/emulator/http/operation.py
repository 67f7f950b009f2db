"""An operation as a value: its name, its handler, and how it reports an error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from werkzeug import Request, Response

from ..state.emulator_state import State
from ..state.operation_names import UNKNOWN
from ..state.service_errors import ServiceError
from .json_bodies import error_headers, json_response

__all__ = ["UNKNOWN_OPERATION", "ErrorHandler", "Handler", "Operation", "Route"]

Handler = Callable[[State, Request], Response]
ErrorHandler = Callable[[ServiceError], Response]


@dataclass(frozen=True)
class Operation:
    """What a request can ask for.

    `error_response` turns an error into a response. `logged` is False for control requests: they
    are neither logged nor affected by faults.
    """

    name: str
    handle: Handler
    error_response: ErrorHandler
    logged: bool = True


Route = tuple[str, str, Operation]
"""An HTTP method, a path, and the operation they ask for."""


def _handle_unknown(_state: State, request: Request) -> Response:
    raise ServiceError("UnknownOperationException", f"Unknown request: {request.path}", 404)


def _error_response(error: ServiceError) -> Response:
    return json_response({"message": error.message}, error.status, error_headers(error))


UNKNOWN_OPERATION = Operation(UNKNOWN, _handle_unknown, _error_response)
