"""Control over HTTP of clock, settings, log and reset, for emulators in another process."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ..http.web import json_object, json_response
from .arguments import arguments, done, routes

if TYPE_CHECKING:
    from werkzeug import Request, Response

    from ..state.emulator_state import State


def _requests(state: State, _request: Request) -> Response:
    return json_response({"requests": [asdict(each) for each in state.requests]})


def _clear_requests(state: State, _request: Request) -> Response:
    state.requests.clear()
    return done()


def _count(state: State, request: Request) -> Response:
    # In an address everything is text, and status is the one number worth counting by.
    wanted: dict[str, Any] = {**request.args}
    if "status" in wanted:
        wanted["status"] = int(wanted["status"])

    return json_response({"count": state.requests.count(**wanted)})


def _failures(state: State, _request: Request) -> Response:
    return json_response({"failures": state.failures})


def _clock(state: State, _request: Request) -> Response:
    return json_response({"now": state.clock.now()})


def _advance_clock(state: State, request: Request) -> Response:
    return json_response({"now": state.clock.advance(arguments(request, advance=float)["advance"])})


def _settings(state: State, _request: Request) -> Response:
    return json_response(state.settings.as_dict())


def _change_settings(state: State, request: Request) -> Response:
    state.settings.update(json_object(request))
    return _settings(state, request)


def _reset(state: State, _request: Request) -> Response:
    state.reset()
    return done()


ROUTES = routes(
    ("GET", "requests", _requests),
    ("DELETE", "requests", _clear_requests),
    ("GET", "count", _count),
    ("GET", "failures", _failures),
    ("GET", "clock", _clock),
    ("POST", "clock", _advance_clock),
    ("GET", "settings", _settings),
    ("PATCH", "settings", _change_settings),
    ("POST", "reset", _reset),
)
