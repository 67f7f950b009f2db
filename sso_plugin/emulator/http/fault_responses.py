"""What a client gets because of a fault: an error, a proxy's page, part of a response, a reset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from werkzeug import Response

from ..state.injected_fault import CUT, PAGE, RESET, TRUNCATED
from ..state.service_errors import ServiceError
from .http_server import CutResponse, ResetConnection

if TYPE_CHECKING:
    from ..state.injected_fault import Fault
    from .operation import Operation

__all__ = ["damaged_response", "replacement_response"]

_CODES = {
    400: "InvalidRequestException",
    401: "UnauthorizedException",
    403: "ForbiddenException",
    404: "ResourceNotFoundException",
    429: "TooManyRequestsException",
}
"""The error code that the SDKs expect for each status. Any other status is a server error."""

_PROXY_PAGE = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Proxy</title></head>
<body><h1>Proxy</h1><p>Please sign in to the network.</p></body>
</html>
"""


def replacement_response(fault: Fault, operation: Operation) -> Response | None:
    """Return what a client gets instead of the real response; None if it gets the real one."""
    if fault.kind == RESET:
        raise ResetConnection

    if fault.kind == PAGE:
        return Response(_PROXY_PAGE, status=fault.status or 200, mimetype="text/html")

    return operation.error_response(_as_error(fault, fault.status)) if fault.status else None


def damaged_response(fault: Fault, response: Response) -> Response:
    """Return what is left of the real response after a fault."""
    content = response.get_data()
    size = len(content) // 2 if fault.size is None else fault.size
    if fault.kind == TRUNCATED:
        response.set_data(content[:size])

    return CutResponse(response, size) if fault.kind == CUT else response


def _as_error(fault: Fault, status: int) -> ServiceError:
    code = fault.code or _CODES.get(status, "InternalServerException")
    return ServiceError(code, fault.message, status, retry_after=fault.retry_after)
