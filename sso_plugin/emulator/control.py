"""Control over HTTP under /_emulator/, for tests whose emulator runs in another process."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from .errors import ServiceError
from .web import Handler, Operation, Route, json_object, json_response

if TYPE_CHECKING:
    from werkzeug import Request, Response

    from .state import State


def _requests(state: State, _request: Request) -> Response:
    return json_response({"requests": [asdict(each) for each in state.requests]})


def _clear_requests(state: State, _request: Request) -> Response:
    state.requests.clear()
    return _done()


def _count(state: State, request: Request) -> Response:
    return json_response({"count": state.requests.count(request.args.get("operation"))})


def _failures(state: State, _request: Request) -> Response:
    return json_response({"failures": state.failures})


def _pending(state: State, _request: Request) -> Response:
    return json_response({"pending": [each.user_code for each in state.devices.pending()]})


def _clock(state: State, _request: Request) -> Response:
    return json_response({"now": state.clock.now()})


def _advance_clock(state: State, request: Request) -> Response:
    return json_response(
        {"now": state.clock.advance(_arguments(request, advance=float)["advance"])}
    )


def _settings(state: State, _request: Request) -> Response:
    return json_response(state.settings.as_dict())


def _change_settings(state: State, request: Request) -> Response:
    state.settings.update(json_object(request))
    return _settings(state, request)


def _approve(state: State, request: Request) -> Response:
    state.approve(**_arguments(request, user_code=str, user=str, optional={"user"}))
    return _done()


def _deny(state: State, request: Request) -> Response:
    state.deny(**_arguments(request, user_code=str))
    return _done()


def _sign_in(state: State, request: Request) -> Response:
    sign_in = state.sign_in(**_arguments(request, user=str, optional={"user"}))
    return json_response({**sign_in.cached(), "expiresIn": sign_in.expires_in})


def _revoke(state: State, request: Request) -> Response:
    names = {"user", "access_token"}
    state.revoke(**_arguments(request, user=str, access_token=str, optional=names))
    return _done()


def _assign(state: State, request: Request) -> Response:
    state.assign(**_arguments(request, user=str, account_id=str, role=str))
    return _done()


def _unassign(state: State, request: Request) -> Response:
    state.unassign(**_arguments(request, user=str, account_id=str, role=str))
    return _done()


def _faults(state: State, _request: Request) -> Response:
    return json_response({"faults": [asdict(each) for each in state.faults.pending()]})


def _add_fault(state: State, request: Request) -> Response:
    kinds: dict[str, Any] = {"operation": str, "code": str, "message": str}
    kinds.update(status=int, latency=float, times=int)
    state.faults.add(**_arguments(request, **kinds, optional=set(kinds)))
    return _faults(state, request)


def _clear_faults(state: State, _request: Request) -> Response:
    state.faults.clear()
    return _done()


def _reset(state: State, _request: Request) -> Response:
    state.reset()
    return _done()


def _done() -> Response:
    return json_response({})


def _arguments(
    request: Request, *, optional: set[str] | frozenset[str] = frozenset(), **kinds: type
) -> dict[str, Any]:
    """Return the arguments in the body, if their names and types are as the handler says."""
    body = json_object(request)
    for name in kinds.keys() - optional - body.keys():
        raise ValueError(f"Argument {name!r} is missing.")

    for name, value in body.items():
        if name not in kinds:
            raise ValueError(f"There is no argument {name!r}; choose from {', '.join(kinds)}.")

        _check_type(name, value, kinds[name])

    return body


def _check_type(name: str, value: object, kind: type) -> None:
    accepted = (int, float) if kind is float else kind
    if isinstance(value, bool) or not isinstance(value, accepted):
        raise ValueError(f"Argument {name!r} must be of type {kind.__name__}.")  # noqa: TRY004 - answered with 400


def _refuse(error: ServiceError) -> Response:
    return json_response({"message": error.message}, error.status)


def _operation(handle: Handler) -> Operation:
    """Make an operation that tells the caller what was wrong with the arguments."""

    def checked(state: State, request: Request) -> Response:
        try:
            return handle(state, request)
        except (LookupError, ValueError) as error:
            raise ServiceError("InvalidRequestException", str(error)) from error

    return Operation(f"_emulator{handle.__name__}", checked, _refuse, logged=False)


_HANDLERS: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "requests", _requests),
    ("DELETE", "requests", _clear_requests),
    ("GET", "count", _count),
    ("GET", "failures", _failures),
    ("GET", "pending", _pending),
    ("GET", "clock", _clock),
    ("POST", "clock", _advance_clock),
    ("GET", "settings", _settings),
    ("PATCH", "settings", _change_settings),
    ("POST", "approve", _approve),
    ("POST", "deny", _deny),
    ("POST", "sign_in", _sign_in),
    ("POST", "revoke", _revoke),
    ("POST", "assign", _assign),
    ("POST", "unassign", _unassign),
    ("GET", "faults", _faults),
    ("POST", "faults", _add_fault),
    ("DELETE", "faults", _clear_faults),
    ("POST", "reset", _reset),
)

ROUTES: tuple[Route, ...] = tuple(
    (method, f"/_emulator/{name}", _operation(handle)) for method, name, handle in _HANDLERS
)
