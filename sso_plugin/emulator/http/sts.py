"""STS: two operations in the query protocol, for whoever signs with living credentials."""

from __future__ import annotations

import uuid
from datetime import datetime, timezone
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from werkzeug import Request, Response

from ..state.errors import ServiceError
from ..state.operations import UNKNOWN
from .signature import SignedRequest
from .sigv4 import verify
from .web import Operation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..state.emulator_state import State
    from ..state.role_sessions import Caller

_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"


def get_caller_identity(state: State, request: Request) -> Response:
    """Tell callers who they are."""
    caller = _caller(state, request)
    return _result(
        "GetCallerIdentity",
        {"Arn": caller.arn, "UserId": caller.user_id, "Account": caller.account_id},
    )


def assume_role(state: State, request: Request) -> Response:
    """Give a caller the credentials of another role."""
    caller = _caller(state, request)
    credentials = state.role_sessions.assume(
        caller,
        _required(request, "RoleArn"),
        _required(request, "RoleSessionName"),
        _duration(request),
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


def refuse(error: ServiceError) -> Response:
    """Say no as STS does."""
    kind = "Receiver" if error.status >= 500 else "Sender"  # noqa: PLR2004 - HTTP
    body = _xml({"Type": kind, "Code": error.code, "Message": error.message})
    return _document("ErrorResponse", f"<Error>{body}</Error>{_xml(_request_id())}", error.status)


def _not_known(_state: State, request: Request) -> Response:
    action = request.values.get("Action", "")
    raise ServiceError("InvalidAction", f"Could not find operation {action} for version 2011-06-15")


_NOT_KNOWN = Operation(UNKNOWN, _not_known, refuse)

OPERATIONS = {
    "GetCallerIdentity": Operation("GetCallerIdentity", get_caller_identity, refuse),
    "AssumeRole": Operation("AssumeRole", assume_role, refuse),
}


def find_operation(request: Request) -> Operation:
    """Find the operation a request names in its form or its query."""
    return OPERATIONS.get(request.values.get("Action", ""), _NOT_KNOWN)


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


def _required(request: Request, name: str) -> str:
    value = request.values.get(name)
    if not value:
        raise ServiceError("ValidationError", f"Missing parameter {name}")

    return value


def _duration(request: Request) -> int:
    text = request.values.get("DurationSeconds", "3600")
    if not text.isdecimal():
        raise ServiceError("ValidationError", "DurationSeconds must be a number")

    return int(text)


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
