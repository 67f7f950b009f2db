"""The federation endpoint: a browser signed in to the console with role credentials."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..state.errors import ServiceError
from ..state.operations import UNKNOWN
from .layout import page, refuse
from .web import Operation, json_response, parsed

if TYPE_CHECKING:
    from werkzeug import Request, Response

    from ..state.emulator_state import State

_SESSION = ("sessionId", "sessionKey", "sessionToken")

_SIGNED_IN = """\
<p role="status">Signed in as <strong>{role}</strong> in <strong>{account}</strong>.</p>
<p>The console would now open <a href="{destination}">{destination}</a>.</p>
"""


def get_signin_token(state: State, request: Request) -> Response:
    """Trade role credentials for a token."""
    key, secret, session_token = _session(_required(request, "Session"))
    sign_in = state.console.begin(key, secret, session_token, _duration(request))
    return json_response({"SigninToken": sign_in.token})


def login(state: State, request: Request) -> Response:
    """Show who is signed in now; the destination is a link, for it is not this machine's."""
    sign_in = state.console.find(_required(request, "SigninToken"))
    _required(request, "Issuer")
    destination = _required(request, "Destination")
    if urlsplit(destination).scheme not in {"http", "https"}:
        raise ServiceError("InvalidRequestException", "Destination must be an address of the web")

    body = _SIGNED_IN.format(
        role=escape(sign_in.caller.role),
        account=escape(sign_in.caller.account_id),
        destination=escape(destination),
    )
    return page("Signed in to the console", body)


def _not_known(_state: State, request: Request) -> Response:
    action = request.values.get("Action", "")
    raise ServiceError("InvalidRequestException", f"There is no action {action!r}")


_NOT_KNOWN = Operation(UNKNOWN, _not_known, refuse)

_ACTIONS = {
    "getSigninToken": Operation("GetSigninToken", get_signin_token, refuse),
    "login": Operation("ConsoleLogin", login, refuse),
}


def find_operation(request: Request) -> Operation:
    """Find the operation a request names in its form or its query."""
    return _ACTIONS.get(request.values.get("Action", ""), _NOT_KNOWN)


def _session(text: str) -> tuple[str, str, str]:
    session = parsed(text)
    if isinstance(session, dict):
        key, secret, token = (session.get(name) for name in _SESSION)
        if isinstance(key, str) and isinstance(secret, str) and isinstance(token, str):
            return key, secret, token

    message = f"Session must be a JSON object of {', '.join(_SESSION)}"
    raise ServiceError("InvalidRequestException", message)


def _duration(request: Request) -> int:
    text = request.values.get("SessionDuration", "43200")
    if not text.isdecimal():
        raise ServiceError("InvalidRequestException", "SessionDuration must be a number")

    return int(text)


def _required(request: Request, name: str) -> str:
    value = request.values.get(name)
    if not value:
        raise ServiceError("InvalidRequestException", f"Missing parameter {name}")

    return value
