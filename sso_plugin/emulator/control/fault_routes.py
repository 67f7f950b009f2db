"""Control requests for faults."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from ..http.json_bodies import json_response
from ..state.injected_fault import Fault
from .arguments import arguments, check_arguments, done, routes

if TYPE_CHECKING:
    from werkzeug import Request, Response

    from ..state.emulator_state import State

__all__ = ["ROUTES"]


_TYPES: dict[str, type] = {
    **dict.fromkeys(("operation", "kind", "code", "message"), str),
    **dict.fromkeys(("status", "size", "times", "seed"), int),
    **dict.fromkeys(("latency", "retry_after", "rate", "after", "until"), float),
}
"""The type of each argument of a fault."""


def _faults(state: State, _request: Request) -> Response:
    return json_response({"faults": [asdict(each) for each in state.faults.pending()]})


def _add_fault(state: State, request: Request) -> Response:
    state.faults.add(**arguments(request, **_TYPES, optional=set(_TYPES)))
    return _faults(state, request)


def _schedule(state: State, request: Request) -> Response:
    state.faults.schedule(_entry(each) for each in arguments(request, schedule=list)["schedule"])
    return _faults(state, request)


def _entry(entry: object) -> tuple[float, float, Fault]:
    if not isinstance(entry, list) or len(entry) != len(("start", "end", "fault")):
        raise ValueError("Each entry of a schedule is [start, end, fault].")

    start, end, fault = entry
    check_arguments(
        {"start": start, "end": end, "fault": fault}, start=float, end=float, fault=dict
    )
    check_arguments(fault, **_TYPES, optional=set(_TYPES))
    return start, end, Fault(**fault)


def _clear_faults(state: State, _request: Request) -> Response:
    state.faults.clear()
    return done()


ROUTES = routes(
    ("GET", "faults", _faults),
    ("POST", "faults", _add_fault),
    ("DELETE", "faults", _clear_faults),
    ("POST", "schedule", _schedule),
)
