"""From request to response: find the operation, let faults strike, answer, log, date."""

from __future__ import annotations

import traceback
import uuid
from typing import TYPE_CHECKING

from werkzeug.http import http_date

from .errors import ServiceError
from .operations import UNKNOWN
from .origin import is_foreign
from .requestlog import LoggedRequest
from .routes import find

if TYPE_CHECKING:
    from werkzeug import Request, Response

    from .faults import Fault
    from .state import State
    from .web import Operation

# Codes the SDKs know for the statuses that faults are usually injected with.
_FAULT_CODES = {
    400: "InvalidRequestException",
    401: "UnauthorizedException",
    403: "ForbiddenException",
    404: "ResourceNotFoundException",
    429: "TooManyRequestsException",
}


class App:
    """Answers requests out of a state; holds no state of its own."""

    def __init__(self, state: State) -> None:
        self._state = state

    def __call__(self, request: Request) -> Response:
        """Answer a request, whatever it is."""
        arrived = self._state.clock.now()
        operation = find(request)
        response = self._answer(operation, request)
        if operation.logged:
            entry = LoggedRequest(
                operation.name, request.method, request.path, response.status_code, arrived
            )
            self._state.requests.append(entry)

        response.headers["Date"] = http_date(self._state.clock.now())
        response.headers["x-amzn-RequestId"] = str(uuid.uuid4())
        return response

    def _answer(self, operation: Operation, request: Request) -> Response:
        if is_foreign(request):
            return operation.refuse(ServiceError("ForbiddenException", "Only for this machine"))

        if operation.name == UNKNOWN:
            self._state.failures.append(f"Unknown request: {request.method} {request.path}")

        fault = self._state.faults.strike(operation.name) if operation.logged else None
        if fault and fault.status:
            return operation.refuse(_as_error(fault, fault.status))

        return self._handle(operation, request)

    def _handle(self, operation: Operation, request: Request) -> Response:
        try:
            with self._state.lock:
                return operation.handle(self._state, request)
        except ServiceError as error:
            return operation.refuse(error)
        except Exception:  # noqa: BLE001 - a bug of ours must fail the test, not hang its client
            self._state.failures.append(f"{operation.name} failed:\n{traceback.format_exc()}")
            return operation.refuse(ServiceError("InternalServerException", "Emulator bug"))


def _as_error(fault: Fault, status: int) -> ServiceError:
    code = fault.code or _FAULT_CODES.get(status, "InternalServerException")
    return ServiceError(code, fault.message, status)
