"""From request to response: find the operation, let faults strike, answer, log, date."""

from __future__ import annotations

import traceback
import uuid
from typing import TYPE_CHECKING

from werkzeug.http import http_date

from ..state.errors import ServiceError
from ..state.fault import HANG
from ..state.operations import UNKNOWN
from ..state.request_log import LoggedRequest
from .broken import instead, spoiled
from .httpd import GONE, ResetConnection
from .origin import is_foreign
from .routes import find
from .subject import subject_of

if TYPE_CHECKING:
    from werkzeug import Request, Response

    from ..state.emulator_state import State
    from ..state.fault import Fault
    from .web import Operation

# In the log, where the connection was reset before an answer.
_NO_ANSWER = 0


class App:
    """Answers requests out of a state; holds no state of its own."""

    def __init__(self, state: State) -> None:
        self._state = state

    def __call__(self, request: Request) -> Response:
        """Answer a request, whatever it is, unless a fault is to reset the connection."""
        arrived = self._state.clock.now()
        operation = find(self._state.organization, request)
        try:
            response = self._answer(operation, request)
        except ResetConnection:
            self._log(operation, request, _NO_ANSWER, arrived)
            raise

        self._log(operation, request, response.status_code, arrived)
        now = self._state.clock.now() + self._state.settings.date_offset
        response.headers["Date"] = http_date(now)
        response.headers["x-amzn-RequestId"] = str(uuid.uuid4())
        return response

    def _answer(self, operation: Operation, request: Request) -> Response:
        if is_foreign(request):
            return operation.refuse(ServiceError("ForbiddenException", "Only for this machine"))

        if operation.name == UNKNOWN:
            self._state.failures.append(f"Unknown request: {request.method} {request.path}")

        fault = self._strike(operation, request) if operation.logged else None
        if fault is None:
            return self._handle(operation, request)

        return instead(fault, operation) or spoiled(fault, self._handle(operation, request))

    def _strike(self, operation: Operation, request: Request) -> Fault | None:
        gone = request.environ[GONE]
        fault = self._state.faults.strike(operation.name, gone)
        if fault and fault.kind == HANG and gone():
            raise ResetConnection

        return fault

    def _handle(self, operation: Operation, request: Request) -> Response:
        try:
            with self._state.lock:
                return operation.handle(self._state, request)
        except ServiceError as error:
            return operation.refuse(error)
        except Exception:  # noqa: BLE001 - a bug of ours must fail the test, not hang its client
            self._state.failures.append(f"{operation.name} failed:\n{traceback.format_exc()}")
            return operation.refuse(ServiceError("InternalServerException", "Emulator bug"))

    def _log(self, operation: Operation, request: Request, status: int, arrived: float) -> None:
        if operation.logged:
            name, path = operation.name, request.path
            entry = LoggedRequest(name, request.method, path, status, arrived, *subject_of(request))
            self._state.requests.append(entry)
