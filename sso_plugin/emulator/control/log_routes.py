"""Control requests for the request log and for unknown requests."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ..http.json_bodies import json_response
from .arguments import done, routes

if TYPE_CHECKING:
    from werkzeug import Request, Response

    from ..state.emulator_state import State

__all__ = ["ROUTES"]


def _requests(state: State, _request: Request) -> Response:
    return json_response({"requests": [asdict(each) for each in state.requests]})


def _clear_requests(state: State, _request: Request) -> Response:
    state.requests.clear()
    return done()


def _count(state: State, request: Request) -> Response:
    # Query parameters are text. `status` is the only number that can be counted by.
    wanted: dict[str, Any] = {**request.args}
    if "status" in wanted:
        wanted["status"] = int(wanted["status"])

    return json_response({"count": state.requests.count(**wanted)})


def _failures(state: State, _request: Request) -> Response:
    return json_response({"failures": state.failures})


ROUTES = routes(
    ("GET", "requests", _requests),
    ("DELETE", "requests", _clear_requests),
    ("GET", "count", _count),
    ("GET", "failures", _failures),
)
