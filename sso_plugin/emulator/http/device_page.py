"""The page /device: a user approves or denies a device authorization."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from werkzeug import Request, Response

from ..state.device_authorizations import normalize_user_code
from .operation import Operation
from .page_layout import alert, decision_fields, error_page, page

if TYPE_CHECKING:
    from ..state.emulator_state import State
    from .operation import Route

__all__ = ["HOME", "ROUTES"]

_FORM = """\
{alert}
<p>A program on this machine asks to sign in. Approve only if it shows the same code.</p>
<form method="post" action="/device">
<label for="user_code">Code</label>
<input id="user_code" name="user_code" value="{code}" placeholder="XXXX-XXXX"
 autocomplete="off" autocapitalize="characters" spellcheck="false" required>
{decision}
</form>
"""


def show_form(state: State, request: Request) -> Response:
    """Show the form. A code in the query is filled in."""
    return _form(state, code=request.args.get("user_code", ""))


def decide(state: State, request: Request) -> Response:
    """Approve or deny. Show the form again if the code is invalid."""
    code, user = request.form.get("user_code", ""), request.form.get("user")
    approved = request.form.get("decision") == "approve"
    try:
        if approved:
            state.approve(code, user)
        else:
            state.deny(code)
    except LookupError as exc:
        return _form(state, code=code, problem=str(exc))

    return _result("Approved" if approved else "Denied", code)


def redirect_to_form(_state: State, _request: Request) -> Response:
    """Redirect a browser from / to the form."""
    return Response(status=302, headers={"Location": "/device"})


def _form(state: State, *, code: str, problem: str = "") -> Response:
    body = _FORM.format(
        alert=alert(problem), code=escape(code), decision=decision_fields(state.assignments.users)
    )
    return page("Approve a sign-in", body, 400 if problem else 200)


def _result(outcome: str, code: str) -> Response:
    text = f"{outcome}: {escape(normalize_user_code(code))}. You can close this page."
    return page(outcome, f'<p role="status">{text}</p>')


HOME = Operation("HomePage", redirect_to_form, error_page)
"""The operation of a browser that opens the emulator without a path."""

ROUTES: tuple[Route, ...] = (
    ("GET", "/device", Operation("DevicePage", show_form, error_page)),
    ("POST", "/device", Operation("DeviceDecision", decide, error_page)),
)
