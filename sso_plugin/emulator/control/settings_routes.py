"""Control requests for the clock, the settings and a reset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..http.json_bodies import json_object, json_response
from .arguments import arguments, done, routes

if TYPE_CHECKING:
    from werkzeug import Request, Response

    from ..state.emulator_state import State

__all__ = ["ROUTES"]


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
    ("GET", "clock", _clock),
    ("POST", "clock", _advance_clock),
    ("GET", "settings", _settings),
    ("PATCH", "settings", _change_settings),
    ("POST", "reset", _reset),
)
