"""The pages a person sees in a browser: approve or deny a device authorization.

Plain HTML forms without JavaScript. `origin` keeps other sites from submitting them.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from werkzeug import Request, Response

from .devices import normalized
from .web import Operation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .errors import ServiceError
    from .state import State
    from .web import Route

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
    ),
}

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} - local Identity Center</title>
<style>
:root {{ color-scheme: light dark; font: 1.1rem/1.5 system-ui, sans-serif }}
main {{ max-width: 24rem; margin: 12vh auto; padding: 0 1rem }}
label {{ display: block; margin-top: 1rem }}
input, select, button {{ font: inherit; padding: .5rem .75rem }}
input, select {{ width: 100%; box-sizing: border-box }}
input {{ font-family: ui-monospace, monospace; letter-spacing: .1em }}
button {{ margin: 1.5rem .5rem 0 0 }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""

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
        return _form(state, code=code, alert=str(error))

    return _result("Approved" if approved else "Denied", code)


def go_to_form(_state: State, _request: Request) -> Response:
    """Show somebody who opens the bare address where to go."""
    return Response(status=302, headers={"Location": "/device"})


def refuse(error: ServiceError) -> Response:
    """Say no as a page."""
    alert = f'<p role="alert">{escape(error.message)}</p>'
    return _page("Something went wrong", alert, error.status)


def _form(state: State, *, code: str, alert: str = "") -> Response:
    body = _FORM.format(
        alert=f'<p role="alert"><strong>{escape(alert)}</strong></p>' if alert else "",
        code=escape(code),
        options=_options(state.assignments.users),
    )
    return _page("Approve a sign-in", body, 400 if alert else 200)


def _options(names: Iterable[str]) -> str:
    return "".join(f"<option>{escape(name)}</option>" for name in names)


def _result(outcome: str, code: str) -> Response:
    text = f"{outcome}: {escape(normalized(code))}. You can close this page."
    return _page(outcome, f'<p role="status">{text}</p>')


def _page(title: str, body: str, status: int = 200) -> Response:
    text = _PAGE.format(title=title, body=body)
    return Response(text, status=status, headers=_HEADERS, mimetype="text/html")


HOME = Operation("HomePage", go_to_form, refuse)

ROUTES: tuple[Route, ...] = (
    ("GET", "/device", Operation("DevicePage", show_form, refuse)),
    ("POST", "/device", Operation("DeviceDecision", decide, refuse)),
)
