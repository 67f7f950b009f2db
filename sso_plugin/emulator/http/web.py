"""What the HTTP modules share: the operation as a value, and answers in JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from werkzeug import Request, Response

from ..state.emulator_state import State
from ..state.errors import ServiceError
from ..state.operations import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Mapping

Handler = Callable[[State, Request], Response]
Refusal = Callable[[ServiceError], Response]


@dataclass(frozen=True)
class Operation:
    """Something that can be asked for, and how to say no to it."""

    name: str
    handle: Handler
    refuse: Refusal
    logged: bool = True


Route = tuple[str, str, Operation]


def json_response(
    body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer with a JSON object."""
    return Response(json.dumps(body), status=status, headers=headers, mimetype="application/json")


def json_object(request: Request) -> dict[str, Any]:
    """Return the object in the request's body; an empty body is an empty object."""
    body = parsed(request.get_data() or b"{}")
    if not isinstance(body, dict):
        raise ServiceError("InvalidRequestException", "The body must be a JSON object")

    return body


def parsed(text: bytes | str) -> Any:
    """Return the value of a JSON text; None if it is none, or is nested too deeply."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def error_headers(error: ServiceError) -> dict[str, str]:
    """Return the header by which the SDKs tell errors apart, and when to come back."""
    headers = {"x-amzn-ErrorType": error.code}
    if error.retry_after is not None:
        headers["Retry-After"] = f"{error.retry_after:g}"

    return headers


def oauth_error(code: str) -> str:
    """Turn an exception's name into the error's: SlowDownException becomes slow_down."""
    words = re.findall("[A-Z][a-z]*", code.removesuffix("Exception"))
    return "_".join(words).lower()


def _not_known(_state: State, request: Request) -> Response:
    raise ServiceError("UnknownOperationException", f"Unknown request: {request.path}", 404)


def _refuse_unknown(error: ServiceError) -> Response:
    return json_response({"message": error.message}, error.status, error_headers(error))


NOT_KNOWN = Operation(UNKNOWN, _not_known, _refuse_unknown)
