"""STS: two operations in the query protocol. Requests must be signed with valid credentials."""

from __future__ import annotations

import uuid
from datetime import datetime, timezone
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from werkzeug import Request, Response

from ..state.operation_names import UNKNOWN
from ..state.service_errors import ServiceError
from .operation import Operation
from .parameters import required_parameter, seconds_parameter
from .parsed_signature import SignedRequest
from .signature_verification import verify

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..state.emulator_state import State
    from ..state.role_sessions import Caller

__all__ = ["find_operation"]

_INVALID = "ValidationError"
"""The error code for an invalid request."""

_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"


def get_caller_identity(state: State, request: Request) -> Response:
    """Return account, ARN and id of the caller."""
    caller = _caller(state, request)
    return _result(
        "GetCallerIdentity",
        {"Arn": caller.arn, "UserId": caller.user_id, "Account": caller.account_id},
    )


def assume_role(state: State, request: Request) -> Response:
    """Return credentials of another role."""
    caller = _caller(state, request)
    credentials = state.role_sessions.assume(
        caller,
        required_parameter(request, "RoleArn", _INVALID),
        required_parameter(request, "RoleSessionName", _INVALID),
        seconds_parameter(request, "DurationSeconds", _INVALID, default=3600),
    )
    assumed = credentials.caller
    expiration = datetime.fromtimestamp(credentials.expires_at, timezone.utc)
    return _result(
        "AssumeRole",
        {
            "AssumedRoleUser": {"Arn": assumed.arn, "AssumedRoleId": assumed.user_id},
            "Credentials": {
                "AccessKeyId": credentials.access_key_id,
                "SecretAccessKey": credentials.secret_access_key,
                "SessionToken": credentials.session_token,
                "Expiration": expiration.strftime("%Y-%m-%dT%H:%M:%SZ"),
            },
        },
    )


def error_response(error: ServiceError) -> Response:
    """Return an error in the format of STS."""
    kind = "Receiver" if error.status >= 500 else "Sender"  # noqa: PLR2004 - HTTP
    body = _xml({"Type": kind, "Code": error.code, "Message": error.message})
    return _document("ErrorResponse", f"<Error>{body}</Error>{_xml(_request_id())}", error.status)


def _handle_unknown(_state: State, request: Request) -> Response:
    action = request.values.get("Action", "")
    raise ServiceError("InvalidAction", f"Could not find operation {action} for version 2011-06-15")


_UNKNOWN_ACTION = Operation(UNKNOWN, _handle_unknown, error_response)

_ACTIONS = {
    "GetCallerIdentity": Operation("GetCallerIdentity", get_caller_identity, error_response),
    "AssumeRole": Operation("AssumeRole", assume_role, error_response),
}


def find_operation(request: Request) -> Operation:
    """Return the operation for the `Action` in the query or the form."""
    return _ACTIONS.get(request.values.get("Action", ""), _UNKNOWN_ACTION)


def _caller(state: State, request: Request) -> Caller:
    signed = SignedRequest(
        method=request.method,
        path=request.path,
        query=request.query_string.decode("latin-1"),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=request.get_data(),
    )
    find, now = state.role_sessions.find, state.clock.now()
    return verify(signed, find, service="sts", now=now).caller


Tree = dict[str, "str | Tree"]


def _result(operation: str, result: Tree) -> Response:
    body = {f"{operation}Result": result, "ResponseMetadata": _request_id()}
    return _document(f"{operation}Response", _xml(body), 200)


def _document(root: str, body: str, status: int) -> Response:
    text = f'<{root} xmlns="{_NAMESPACE}">{body}</{root}>'
    return Response(text, status=status, mimetype="text/xml")


def _xml(tree: Mapping[str, str | Tree]) -> str:
    return "".join(
        f"<{name}>{escape(value) if isinstance(value, str) else _xml(value)}</{name}>"
        for name, value in tree.items()
    )


def _request_id() -> Tree:
    return {"RequestId": str(uuid.uuid4())}
