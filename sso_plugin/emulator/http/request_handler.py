"""From request to response: find the operation, apply faults, handle the request, log."""

from __future__ import annotations

import traceback
import uuid
from typing import TYPE_CHECKING

from werkzeug.http import http_date

from ..state.injected_fault import HANG
from ..state.operation_names import UNKNOWN
from ..state.request_log import LoggedRequest
from ..state.service_errors import ServiceError
from .fault_responses import damaged_response, replacement_response
from .http_server import CLIENT_HAS_GONE, ResetConnection
from .origin_check import is_foreign
from .request_details import details_of
from .routes import find_operation

if TYPE_CHECKING:
    from werkzeug import Request, Response

    from ..state.emulator_state import State
    from ..state.injected_fault import Fault
    from .operation import Operation

__all__ = ["RequestHandler"]

_NO_RESPONSE = 0
"""The logged status of a request whose connection was reset before a response."""


class RequestHandler:
    """Responds to requests from a state. It has no data of its own."""

    def __init__(self, state: State) -> None:
        self._state = state

    def __call__(self, request: Request) -> Response:
        """Return the response to a request.

        :raises ResetConnection: if a fault resets the connection.
        """
        arrived = self._state.clock.now()
        operation = find_operation(self._state.organization, request)
        try:
            response = self._respond(operation, request)
        except ResetConnection:
            self._log(operation, request, _NO_RESPONSE, arrived)
            raise

        self._log(operation, request, response.status_code, arrived)
        now = self._state.clock.now() + self._state.settings.date_offset
        response.headers["Date"] = http_date(now)
        response.headers["x-amzn-RequestId"] = str(uuid.uuid4())
        return response

    def _respond(self, operation: Operation, request: Request) -> Response:
        if is_foreign(request):
            return operation.error_response(
                ServiceError("ForbiddenException", "Only this machine is served")
            )

        if operation.name == UNKNOWN:
            self._state.failures.append(f"Unknown request: {request.method} {request.path}")

        fault = self._apply_fault(operation, request) if operation.logged else None
        if fault is None:
            return self._handle(operation, request)

        replacement = replacement_response(fault, operation)
        return replacement or damaged_response(fault, self._handle(operation, request))

    def _apply_fault(self, operation: Operation, request: Request) -> Fault | None:
        has_gone = request.environ[CLIENT_HAS_GONE]
        fault = self._state.faults.apply_next(operation.name, has_gone)
        if fault and fault.kind == HANG and has_gone():
            raise ResetConnection

        return fault

    def _handle(self, operation: Operation, request: Request) -> Response:
        try:
            with self._state.lock:
                return operation.handle(self._state, request)
        except ServiceError as exc:
            return operation.error_response(exc)
        except Exception:  # noqa: BLE001 - a bug of the emulator must fail the test, and its client needs a response
            self._state.failures.append(f"{operation.name} failed:\n{traceback.format_exc()}")
            return operation.error_response(ServiceError("InternalServerException", "Emulator bug"))

    def _log(self, operation: Operation, request: Request, status: int, arrived: float) -> None:
        if operation.logged:
            name, path = operation.name, request.path
            entry = LoggedRequest(name, request.method, path, status, arrived, *details_of(request))
            self._state.requests.append(entry)
