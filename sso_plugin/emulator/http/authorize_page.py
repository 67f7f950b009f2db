"""The page /authorize: a user lets a client sign in with an authorization code.

The form contains the whole request. So the page can be reloaded and needs no state.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from werkzeug import Request, Response

from ..state.authorization_request import UntrustedRequestError
from ..state.service_errors import ServiceError
from .operation import Operation
from .page_layout import alert, decision_fields, error_page, page

if TYPE_CHECKING:
    from ..state.authorization_request import AuthorizationRequest
    from ..state.emulator_state import State
    from .operation import Route

__all__ = ["ROUTES"]

_FORM = """\
{alert}
<p><strong>{name}</strong> on this machine asks to sign in. Approve only if you have just
started it.</p>
<p>Scopes: {scopes}<br>Redirects to: {origin}</p>
<form method="post" action="/authorize">
<input type="hidden" name="request" value="{query}">
{decision}
</form>
"""


def show_form(state: State, request: Request) -> Response:
    """Show the form. A request with a mistake is redirected to the client with an error."""
    query = request.query_string.decode("latin-1")
    authorization = _read(state, query)
    if authorization.error:
        return _redirect(authorization.error_location(authorization.error))

    return _form(state, authorization, query)


def decide(state: State, request: Request) -> Response:
    """Approve or deny, and redirect the browser to the client."""
    query, user = request.form.get("request", ""), request.form.get("user")
    authorization = _read(state, query)
    if request.form.get("decision") != "approve":
        return _redirect(state.refuse(query))

    try:
        return _redirect(state.authorize(query, user))
    except LookupError as exc:
        return _form(state, authorization, query, problem=str(exc))


def _read(state: State, query: str) -> AuthorizationRequest:
    try:
        return state.authorization_codes.read(query)
    except UntrustedRequestError as exc:
        raise ServiceError("InvalidRequestException", str(exc)) from exc


def _form(
    state: State, authorization: AuthorizationRequest, query: str, problem: str = ""
) -> Response:
    parts = urlsplit(authorization.redirect_uri)
    origin = f"{parts.scheme}://{parts.netloc}"
    body = _FORM.format(
        alert=alert(problem),
        name=escape(authorization.client.name),
        scopes=escape(", ".join(authorization.scopes) or "none"),
        origin=escape(origin),
        query=escape(query),
        decision=decision_fields(state.assignments.users),
    )
    # Browsers apply `form-action` also to the redirect after the form.
    return page("Approve a sign-in", body, 400 if problem else 200, redirects_to=origin)


def _redirect(location: str) -> Response:
    headers = {"Location": location, "Cache-Control": "no-store"}
    return Response(status=302, headers=headers)


ROUTES: tuple[Route, ...] = (
    ("GET", "/authorize", Operation("AuthorizePage", show_form, error_page)),
    ("POST", "/authorize", Operation("AuthorizeDecision", decide, error_page)),
)
