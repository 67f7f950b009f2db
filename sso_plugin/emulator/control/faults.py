"""Control over HTTP of what is to go wrong."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from ..http.web import json_response
from ..state.fault import Fault
from .arguments import arguments, check, done, routes

if TYPE_CHECKING:
    from werkzeug import Request, Response

    from ..state.emulator_state import State


# The types of a fault's members, by name.
_KINDS: dict[str, type] = {
    **dict.fromkeys(("operation", "kind", "code", "message"), str),
    **dict.fromkeys(("status", "size", "times", "seed"), int),
    **dict.fromkeys(("latency", "retry_after", "rate", "after", "until"), float),
}


def _faults(state: State, _request: Request) -> Response:
    return json_response({"faults": [asdict(each) for each in state.faults.pending()]})


def _add_fault(state: State, request: Request) -> Response:
    state.faults.add(**arguments(request, **_KINDS, optional=set(_KINDS)))
    return _faults(state, request)


def _schedule(state: State, request: Request) -> Response:
    state.faults.schedule(_entry(each) for each in arguments(request, schedule=list)["schedule"])
    return _faults(state, request)


def _entry(entry: object) -> tuple[float, float, Fault]:
    if not isinstance(entry, list) or len(entry) != len(("start", "end", "fault")):
        raise ValueError("Each entry of a schedule is [start, end, fault].")

    start, end, fault = entry
    check({"start": start, "end": end, "fault": fault}, start=float, end=float, fault=dict)
    check(fault, **_KINDS, optional=set(_KINDS))
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
