"""Control requests for approvals, sign-ins and assignments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..http.json_bodies import json_response
from ..state.authorization_request import query_of
from .arguments import arguments, done, routes

if TYPE_CHECKING:
    from werkzeug import Request, Response

    from ..state.emulator_state import State

__all__ = ["ROUTES"]


def _pending(state: State, _request: Request) -> Response:
    return json_response({"pending": [each.user_code for each in state.devices.pending()]})


def _approve(state: State, request: Request) -> Response:
    state.approve(**arguments(request, user_code=str, user=str, optional={"user"}))
    return done()


def _deny(state: State, request: Request) -> Response:
    state.deny(**arguments(request, user_code=str))
    return done()


def _authorize(state: State, request: Request) -> Response:
    given = arguments(request, url=str, user=str, optional={"user"})
    query = query_of(given["url"], request.host_url)
    return json_response({"location": state.authorize(query, given.get("user"))})


def _refuse(state: State, request: Request) -> Response:
    query = query_of(arguments(request, url=str)["url"], request.host_url)
    return json_response({"location": state.refuse(query)})


def _sign_in(state: State, request: Request) -> Response:
    sign_in = state.sign_in(**arguments(request, user=str, optional={"user"}))
    return json_response({**sign_in.cached(), "expiresIn": sign_in.expires_in})


def _revoke(state: State, request: Request) -> Response:
    names = {"user", "access_token"}
    state.revoke(**arguments(request, user=str, access_token=str, optional=names))
    return done()


def _assign(state: State, request: Request) -> Response:
    state.assign(**arguments(request, user=str, account_id=str, role=str))
    return done()


def _unassign(state: State, request: Request) -> Response:
    state.unassign(**arguments(request, user=str, account_id=str, role=str))
    return done()


ROUTES = routes(
    ("GET", "pending", _pending),
    ("POST", "approve", _approve),
    ("POST", "deny", _deny),
    ("POST", "authorize", _authorize),
    ("POST", "refuse", _refuse),
    ("POST", "sign_in", _sign_in),
    ("POST", "revoke", _revoke),
    ("POST", "assign", _assign),
    ("POST", "unassign", _unassign),
)
