"""What a fault makes of a request: a refusal, a proxy's page, half an answer, or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from werkzeug import Response

from ..state.errors import ServiceError
from ..state.fault import CUT, PAGE, RESET, TRUNCATED
from .httpd import CutResponse, ResetConnection

if TYPE_CHECKING:
    from ..state.fault import Fault
    from .web import Operation

# Codes the SDKs know for the statuses that faults are usually injected with.
_CODES = {
    400: "InvalidRequestException",
    401: "UnauthorizedException",
    403: "ForbiddenException",
    404: "ResourceNotFoundException",
    429: "TooManyRequestsException",
}

_PROXY_PAGE = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Proxy</title></head>
<body><h1>Proxy</h1><p>Please sign in to the network.</p></body>
</html>
"""


def instead(fault: Fault, operation: Operation) -> Response | None:
    """Return what a client gets instead of the real answer; None if it gets that."""
    if fault.kind == RESET:
        raise ResetConnection

    if fault.kind == PAGE:
        return Response(_PROXY_PAGE, status=fault.status or 200, mimetype="text/html")

    return operation.refuse(_as_error(fault, fault.status)) if fault.status else None


def spoiled(fault: Fault, answer: Response) -> Response:
    """Return what a fault leaves of the real answer."""
    content = answer.get_data()
    size = len(content) // 2 if fault.size is None else fault.size
    if fault.kind == TRUNCATED:
        answer.set_data(content[:size])

    return CutResponse(answer, size) if fault.kind == CUT else answer


def _as_error(fault: Fault, status: int) -> ServiceError:
    code = fault.code or _CODES.get(status, "InternalServerException")
    return ServiceError(code, fault.message, status, retry_after=fault.retry_after)
