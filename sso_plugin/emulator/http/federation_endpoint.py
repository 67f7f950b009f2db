"""The federation endpoint of AWS: a browser signs in to the console with role credentials."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from werkzeug.wrappers import Response

from ..state.operation_names import UNKNOWN
from ..state.service_errors import ServiceError
from .json_bodies import json_response, parse_json
from .operation import Operation
from .page_layout import error_page, page
from .parameters import required_parameter, seconds_parameter

if TYPE_CHECKING:
    from werkzeug import Request

    from ..state.emulator_state import State

__all__ = ["PATHS", "find_operation"]

PATHS = frozenset({"/federation", "/oauth"})

_INVALID = "InvalidRequestException"
"""The error code for an invalid request."""

_SESSION_KEYS = ("sessionId", "sessionKey", "sessionToken")

_SIGNED_IN = """\
<p role="status">Signed in as <strong>{role}</strong> in <strong>{account}</strong>.</p>
<p>The console would now open <a href="{destination}">{destination}</a>.</p>
"""


def get_signin_token(state: State, request: Request) -> Response:
    """Return a sign-in token for role credentials."""
    key, secret, session_token = _session(required_parameter(request, "Session", _INVALID))
    duration = seconds_parameter(request, "SessionDuration", _INVALID, default=43200)
    sign_in = state.console_sign_ins.create(key, secret, session_token, duration)
    return json_response({"SigninToken": sign_in.token})


def login(state: State, request: Request) -> Response:
    """Show who is signed in. The destination is only a link, because it is outside this machine."""
    sign_in = state.console_sign_ins.find(required_parameter(request, "SigninToken", _INVALID))
    required_parameter(request, "Issuer", _INVALID)
    destination = required_parameter(request, "Destination", _INVALID)
    if urlsplit(destination).scheme not in {"http", "https"}:
        raise ServiceError(_INVALID, "Destination must be an http or https URL")

    body = _SIGNED_IN.format(
        role=escape(sign_in.caller.role),
        account=escape(sign_in.caller.account_id),
        destination=escape(destination),
    )
    return page("Signed in to the console", body)


def logout(_state: State, request: Request) -> Response:
    """End the console session of the browser, and go on to a page of this server."""
    target = required_parameter(request, "redirect_uri", _INVALID)
    if not target.startswith(f"{request.host_url}"):
        raise ServiceError(_INVALID, "redirect_uri must be a page of this server")
    return Response(status=302, headers={"Location": target, "Cache-Control": "no-store"})


def _handle_unknown(_state: State, request: Request) -> Response:
    action = request.values.get("Action", "")
    raise ServiceError(_INVALID, f"There is no action {action!r}")


_UNKNOWN_ACTION = Operation(UNKNOWN, _handle_unknown, error_page)

_ACTIONS = {
    "getSigninToken": Operation("GetSigninToken", get_signin_token, error_page),
    "login": Operation("ConsoleLogin", login, error_page),
}
_LOGOUT = Operation("ConsoleLogout", logout, error_page)


def find_operation(request: Request) -> Operation:
    """Return the operation for the path, and the `Action` in the query or the form."""
    if request.path == "/oauth":
        return _LOGOUT if request.values.get("Action") == "logout" else _UNKNOWN_ACTION
    return _ACTIONS.get(request.values.get("Action", ""), _UNKNOWN_ACTION)


def _session(text: str) -> tuple[str, str, str]:
    session = parse_json(text)
    if isinstance(session, dict):
        key, secret, token = (session.get(name) for name in _SESSION_KEYS)
        if isinstance(key, str) and isinstance(secret, str) and isinstance(token, str):
            return key, secret, token

    message = f"Session must be a JSON object with {', '.join(_SESSION_KEYS)}"
    raise ServiceError(_INVALID, message)
