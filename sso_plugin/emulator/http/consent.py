"""The page a person sees in a browser to let a client sign in with an authorization code.

Stateless: the form carries the whole request, so that the page can be reloaded and left.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from werkzeug import Request, Response

from ..state.authorization_request import UntrustedRequestError
from ..state.errors import ServiceError
from .layout import alert, options, page, refuse
from .web import Operation

if TYPE_CHECKING:
    from ..state.authorization_request import AuthorizationRequest
    from ..state.emulator_state import State
    from .web import Route

_FORM = """\
{alert}
<p><strong>{name}</strong> on this machine asks to sign in. Approve only if you have just
started it.</p>
<p>It asks for: {scopes}.<br>It waits at: {origin}</p>
<form method="post" action="/authorize">
<input type="hidden" name="request" value="{query}">
<label for="user">Sign in as</label>
<select id="user" name="user">{options}</select>
<button name="decision" value="approve">Approve</button>
<button name="decision" value="deny">Deny</button>
</form>
"""


def show_form(state: State, request: Request) -> Response:
    """Ask for consent; a request that cannot be granted goes back to the client at once."""
    query = request.query_string.decode("latin-1")
    asked = _read(state, query)
    if asked.refusal:
        return _redirect(asked.refused(asked.refusal))

    return _form(state, asked, query)


def decide(state: State, request: Request) -> Response:
    """Carry out the decision and send the browser back to the client."""
    query, user = request.form.get("request", ""), request.form.get("user")
    asked = _read(state, query)
    if request.form.get("decision") != "approve":
        return _redirect(state.refuse(query))

    try:
        return _redirect(state.authorize(query, user))
    except LookupError as error:
        return _form(state, asked, query, problem=str(error))


def _read(state: State, query: str) -> AuthorizationRequest:
    try:
        return state.authorizations.read(query)
    except UntrustedRequestError as error:
        raise ServiceError("InvalidRequestException", str(error)) from error


def _form(state: State, asked: AuthorizationRequest, query: str, problem: str = "") -> Response:
    parts = urlsplit(asked.redirect_uri)
    origin = f"{parts.scheme}://{parts.netloc}"
    body = _FORM.format(
        alert=alert(problem),
        name=escape(asked.client.name),
        scopes=escape(", ".join(asked.scopes) or "nothing in particular"),
        origin=escape(origin),
        query=escape(query),
        options=options(state.assignments.users),
    )
    # Browsers apply the form's policy to the redirect that follows it, too.
    return page("Approve a sign-in", body, 400 if problem else 200, leads_to=origin)


def _redirect(location: str) -> Response:
    headers = {"Location": location, "Cache-Control": "no-store"}
    return Response(status=302, headers=headers)


ROUTES: tuple[Route, ...] = (
    ("GET", "/authorize", Operation("AuthorizePage", show_form, refuse)),
    ("POST", "/authorize", Operation("AuthorizeDecision", decide, refuse)),
)
