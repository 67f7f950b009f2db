"""The page a person sees in a browser to approve or deny a device authorization."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from werkzeug import Request, Response

from ..state.devices import normalized
from .layout import alert, options, page, refuse
from .web import Operation

if TYPE_CHECKING:
    from ..state.emulator_state import State
    from .web import Route

_FORM = """\
{alert}
<p>A program on this machine asks to sign in. Approve only if it shows the same code.</p>
<form method="post" action="/device">
<label for="user_code">Code</label>
<input id="user_code" name="user_code" value="{code}" placeholder="XXXX-XXXX"
 autocomplete="off" autocapitalize="characters" spellcheck="false" required>
<label for="user">Sign in as</label>
<select id="user" name="user">{options}</select>
<button name="decision" value="approve">Approve</button>
<button name="decision" value="deny">Deny</button>
</form>
"""


def show_form(state: State, request: Request) -> Response:
    """Ask for the code and the user; a code in the address is filled in."""
    return _form(state, code=request.args.get("user_code", ""))


def decide(state: State, request: Request) -> Response:
    """Carry out the decision, or ask again if the code is no good."""
    code, user = request.form.get("user_code", ""), request.form.get("user")
    approved = request.form.get("decision") == "approve"
    try:
        if approved:
            state.approve(code, user)
        else:
            state.deny(code)
    except LookupError as error:
        return _form(state, code=code, problem=str(error))

    return _result("Approved" if approved else "Denied", code)


def go_to_form(_state: State, _request: Request) -> Response:
    """Show somebody who opens the bare address where to go."""
    return Response(status=302, headers={"Location": "/device"})


def _form(state: State, *, code: str, problem: str = "") -> Response:
    body = _FORM.format(
        alert=alert(problem), code=escape(code), options=options(state.assignments.users)
    )
    return page("Approve a sign-in", body, 400 if problem else 200)


def _result(outcome: str, code: str) -> Response:
    text = f"{outcome}: {escape(normalized(code))}. You can close this page."
    return page(outcome, f'<p role="status">{text}</p>')


HOME = Operation("HomePage", go_to_form, refuse)

ROUTES: tuple[Route, ...] = (
    ("GET", "/device", Operation("DevicePage", show_form, refuse)),
    ("POST", "/device", Operation("DeviceDecision", decide, refuse)),
)
