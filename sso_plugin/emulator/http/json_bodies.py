"""JSON in requests and responses, and errors as the SDKs read them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from werkzeug import Request, Response

from ..state.service_errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["error_headers", "json_object", "json_response", "oauth_error", "parse_json"]


def json_response(
    body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a response with a JSON object."""
    return Response(json.dumps(body), status=status, headers=headers, mimetype="application/json")


def json_object(request: Request) -> dict[str, Any]:
    """Return the object in the body of a request. An empty body is an empty object."""
    body = parse_json(request.get_data() or b"{}")
    if not isinstance(body, dict):
        raise ServiceError("InvalidRequestException", "The body must be a JSON object")

    return body


def parse_json(text: bytes | str) -> Any:
    """Return the value of a JSON text. Return None if it is invalid or nested too deeply."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def error_headers(error: ServiceError) -> dict[str, str]:
    """Return the headers of an error: its code, which the SDKs read, and when to retry."""
    headers = {"x-amzn-ErrorType": error.code}
    if error.retry_after is not None:
        headers["Retry-After"] = f"{error.retry_after:g}"

    return headers


def oauth_error(code: str) -> str:
    """Return the OAuth name of an error code: SlowDownException becomes slow_down."""
    words = re.findall("[A-Z][a-z]*", code.removesuffix("Exception"))
    return "_".join(words).lower()
